"""What proves remedies: ONNX Runtime runs them, fvcore counts them, a device prices them."""

from __future__ import annotations

import time
import warnings
from dataclasses import replace
from functools import partial
from importlib.util import find_spec

from costmodel.device import Device
from costmodel.errors import ModelError
from costmodel.fusion import fused_memory_access_bytes
from costmodel.graph import Graph, Node
from costmodel.operators.elementwise import Elementwise
from costmodel.operators.normalization import LRN
from costmodel.operators.view import View
from costmodel.timing import predict
from guidelines.measuring.clock import Run
from guidelines.measuring.onnx_runtime import runner as run_model
from guidelines.measuring.proof import Bench
from guidelines.saving import saving

MULTIPLYING = ("conv", "linear", "addmm", "matmul")
"""Operators whose multiply-adds fvcore counts as we do; it has a norm's otherwise."""


def bench(*, rounds: int, threads: int = 1, device: Device | None = None) -> Bench:
    """ONNX Runtime, fvcore where it is installed, and the profile of a device if there is one."""
    counts = counted if find_spec("fvcore") and find_spec("torch") else None
    made = Bench(
        runner=partial(runner, threads=threads), rounds=rounds, price=fused_memory_access_bytes,
        clock=time.thread_time if threads == 1 else time.perf_counter, count=counts,
    )  # fmt: skip
    if device is None:
        return made
    return replace(
        made,
        price=lambda part: predict(part, device).seconds,
        saving=lambda before, after: saving(before, after, device),
    )


def runner(part: Graph, *, threads: int = 1) -> Run:
    """A call that runs it once.

    Raises:
        ModelError: ONNX Runtime does not take it.
    """
    try:
        run = run_model(part, threads=threads)
        run()
    except Exception as error:  # ONNX Runtime's errors have no class in common
        said = str(error).partition("\n")[0]
        raise ModelError(f"expected a network that ONNX Runtime runs, found {said}") from error
    return run


def counted(part: Graph) -> int:
    """Multiply-adds as ``fvcore.nn.FlopCountAnalysis`` counts them.

    Raises:
        ModelError: there is an operator that nothing here runs in torch.

    >>> from costmodel.frontends.code import Network
    >>> net = Network()
    >>> x = net.activation(net.conv(net.input(3, 8, 8), 4, k=3), "Clip")
    >>> counted(net.graph(net.batch_norm(x)))  # 8*8 * 4*3*3*3
    6912
    """
    import torch

    from guidelines.measuring.torch_runtime import STEPS, Interpreted

    def runs(node: Node) -> Node:
        """The node, or one that is run in torch and multiplies as little."""
        if node.op_type in STEPS:
            return node
        maps = tuple(name for name in node.inputs if name and not part.tensors[name].constant)
        if isinstance(node.operator, Elementwise | LRN | View) and len(maps) in (1, 2):
            return replace(node, op_type="Relu" if len(maps) == 1 else "Add", inputs=maps)
        return node

    nodes = [runs(node) for node in part.layers]
    plain = Graph.of(nodes, tensors=part.tensors, outputs=part.outputs, inputs=part.inputs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is written against an older torch
        from fvcore.nn import FlopCountAnalysis

        inputs = tuple(torch.zeros(shape) for shape in part.inputs.values())
        found = FlopCountAnalysis(Interpreted(plain), inputs).unsupported_ops_warnings(False)
        try:
            by_operator = found.by_operator()
        except RuntimeError as error:  # a file may pad or transpose as nothing here does
            said = str(error).partition("\n")[0]
            raise ModelError(f"expected a network that torch runs, found {said}") from None
    return int(sum(by_operator[name] for name in MULTIPLYING))
