"""PyTorch modules as Graphs, through ``torch.onnx.export`` in memory.

Shapes flow and numbers do not: a module may live on the meta device, and no weight is read.
The only package of costmodel that imports ``torch``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from costmodel.errors import ModelError
from costmodel.frontends.onnx import read as read_onnx
from costmodel.frontends.torch.inputs import arguments
from costmodel.frontends.torch.tracing import trace
from costmodel.frontends.torch.writing import serialised, write
from costmodel.graph import Graph


@dataclass(frozen=True)
class Exported:
    """A module as an ONNX model without weights, and where each node came from.

    Args:
        program: torch's own graph, one call an operator of ATen.
        model: the ``onnx_ir.Model`` made of it.
        calls: the call in ``program`` that made an ONNX node, by the node's name.
        learned: names of the parameters.
    """

    program: torch.export.ExportedProgram
    model: Any
    calls: Mapping[str, str]
    learned: frozenset[str]

    def graph(self, path: str = "") -> Graph:
        """The network, in which a parameter is what the module says is one."""
        return read_onnx(serialised(self.model), path=path)

    def unfolded(self) -> Graph:
        """The network with its weights as inputs, so that what they alone decide runs as well."""
        model = self.model.clone()
        held = model.graph.initializers
        for name in [*self.learned, *self.program.graph_signature.buffers]:
            if name in held:
                model.graph.inputs.append(held.pop(name))
        return read_onnx(serialised(model))


def read(module: torch.nn.Module, example_inputs: Any = (), *, path: str = "") -> Graph:
    """Read a module as it infers; neither it nor its weights are changed or copied.

    A module too large for this machine is read too if it is built on the meta device::

        with torch.device("meta"):
            module = Llama()
        costmodel.read(module, torch.zeros(1, 128, dtype=torch.int64))

    Args:
        module: any module that ``torch.export`` can trace.
        example_inputs: a tensor, or the shape of one as a tuple of ints; several in a tuple, or
            in a dict by the names of the parameters of ``forward``. Their values do not count.
        path: what to call it in reports.

    Raises:
        ModelError: the inputs do not fit, or the network cannot be traced or written as ONNX.
    """
    return export(module, example_inputs).graph(path)


def export(module: torch.nn.Module, example_inputs: Any = ()) -> Exported:
    """Trace a module in evaluation mode and write it as ONNX, in memory.

    Raises:
        ModelError: as ``read``.
    """
    args, kwargs = arguments(module, example_inputs)
    projected = [n for n, m in module.named_modules() if getattr(m, "proj_size", 0)]
    if projected:
        raise ModelError(
            f"expected LSTMs without projections, which ONNX lacks, found one in '{projected[0]}'"
        )
    program = trace(module, args, kwargs)
    learned = frozenset(program.graph_signature.parameters)
    model, calls = write(program, learned)
    return Exported(program, model, calls, learned)
