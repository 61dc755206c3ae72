"""A traced module as an ONNX model without weights, with the origin of every node."""

from __future__ import annotations

import re
from typing import Any

import torch

from costmodel.assemble import OTHERS
from costmodel.errors import ModelError
from costmodel.frontends.onnx.signature import KEY
from costmodel.frontends.torch.tracing import first_line, quiet

KEPT = 4096
"""Bytes up to which integers are kept, as they may be a shape."""


def write(
    program: torch.export.ExportedProgram, learned: frozenset[str]
) -> tuple[Any, dict[str, str]]:
    """The ``onnx_ir.Model``, and the call in ``program`` that made each node, by its name.

    Args:
        program: the traced module.
        learned: names of its parameters.

    Raises:
        ModelError: ONNX has no form for an operator.
    """
    try:
        with quiet():
            written = torch.onnx.export(program, dynamo=True, verbose=False, optimize=False)
            _simplify(written, learned)
    except ImportError as error:
        raise ModelError(
            f"expected the packages that torch.onnx needs, found {error}; "
            "pip install 'guidelint[torch]'"
        ) from error
    except Exception as error:
        root: BaseException = error
        while root.__cause__ is not None:
            root = root.__cause__
        missing = re.search(r"No ONNX function found for <OpOverload\(op='([\w.]+)'", str(root))
        raise ModelError(
            f"expected operators that torch.onnx can write, found {missing[1]}; write the file "
            "with a custom_translation_table of torch.onnx.export, and read that"
            if missing
            else "expected a network that torch.onnx can write, found "
            f"{type(root).__name__}: {first_line(root)}"
        ) from error
    _tell(written.model, learned)
    return written.model, _calls(written)


def serialised(model: Any) -> bytes:
    """An ``onnx_ir.Model`` as the bytes of a file."""
    import onnx_ir

    data: bytes = onnx_ir.serde.serialize_model(model).SerializeToString()
    return data


def _simplify(written: Any, learned: frozenset[str]) -> None:
    """Leave out what torch.onnx leaves out of a file, and of each weight all but type and shape.

    It folds normalisations into convolutions where it knows their numbers: here it sees none.
    """
    import onnx_ir

    graph = written.model.graph
    held = {
        value: value.const_value
        for value in graph.initializers.values()
        if value.name in learned or not _may_be_a_shape(value.const_value)
    }
    for value in held:
        value.const_value = None
    origins = {out.name: dict(node.metadata_props) for node in graph for out in node.outputs}
    written.optimize()
    for node in graph:
        if not node.metadata_props:  # lost where a sequence of parts became a Split
            name = node.outputs[0].name
            whole = re.sub(r"_split_\d+$", "", name)
            node.metadata_props.update(origins.get(name) or origins.get(whole, {}))
    for value, tensor in held.items():
        value.const_value = onnx_ir.ExternalTensor(
            "nowhere", None, None, tensor.dtype, shape=tensor.shape, name=value.name
        )


def _may_be_a_shape(tensor: Any) -> bool:
    if not tensor.dtype.is_integer() or tensor.nbytes > KEPT:
        return False
    try:
        tensor.numpy()
    except (NotImplementedError, RuntimeError):  # on the meta device, or a fake
        return False
    return True


def _tell(model: Any, learned: frozenset[str]) -> None:
    """Say of every constant whether it is learned; the exporter tells of those it knows."""
    told = [f"_: PARAMETER target='{name}'" for name in sorted(learned)]
    model.graph.metadata_props[KEY] = "\n".join([*told, f"_: CONSTANT_TENSOR target='{OTHERS}'"])


def _calls(written: Any) -> dict[str, str]:
    """The call of the traced program that each ONNX node stems from, by the node's name."""
    origin = {}
    for node in written.exported_program.graph.nodes:
        before = node.meta.get("from_node")
        while before:  # from the last pass back to the first
            origin[node.name] = before[-1].name
            before = before[-1].from_node
    calls = {}
    for node in written.model.graph:
        maker = re.match(r"%(\w+)", node.metadata_props.get("pkg.torch.onnx.fx_node", ""))
        if maker and maker[1] in origin:
            calls[node.name] = origin[maker[1]]
    return calls
