"""Nodes of operator sets 1 to 6 as the newest schema would have them, so that they infer.

The first schemas have no shape inference. What changed since: attributes that became inputs,
attributes that went, and element-wise operators that broadcast only where told to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from costmodel.frontends.onnx.nodes import attributes

Values = dict[str, "np.ndarray[Any, Any]"]


def modern(node: onnx.NodeProto, schema: Any) -> tuple[onnx.NodeProto, dict[str, onnx.TensorProto]]:
    """The node as ``schema`` wants it, and the values of the inputs that had to be added.

    Args:
        node: of an older operator set.
        schema: the newest ``onnx.defs.OpSchema`` of its operator.
    """
    given = attributes(node)
    made = onnx.NodeProto()
    made.CopyFrom(node)
    del made.attribute[:]
    made.attribute.extend(a for a in node.attribute if a.name in schema.attributes)
    added: dict[str, onnx.TensorProto] = {}
    for name, value in MOVED.get(node.op_type, _nothing)(given).items():
        if len(made.input) == 1:
            made.input.append(f"{node.output[0]}.{name}")
            added[made.input[-1]] = numpy_helper.from_array(value, made.input[-1])
    if node.op_type == "Cast" and isinstance(given.get("to"), str):
        del made.attribute[:]
        made.attribute.append(
            helper.make_attribute("to", onnx.TensorProto.DataType.Value(given["to"].upper()))
        )
    if node.op_type == "Concat" and "axis" not in given:
        made.attribute.append(helper.make_attribute("axis", 1))
    return made, added


def keeps_first_shape(node: onnx.NodeProto) -> bool:
    """Whether an operator broadcasts its second input to its first, as before operator set 7."""
    return node.op_type != "Gemm" and any(a.name == "broadcast" and a.i for a in node.attribute)


def _nothing(given: dict[str, Any]) -> Values:
    return {}


def _upsample(given: dict[str, Any]) -> Values:
    scales = given.get("scales") or [
        1.0,
        1.0,
        given.get("height_scale", 1.0),
        given.get("width_scale", 1.0),
    ]
    return {"scales": np.array(scales, np.float32)}


def _integers(*names: str) -> Callable[[dict[str, Any]], Values]:
    def moved(given: dict[str, Any]) -> Values:
        found = [given[name] for name in names if name in given]
        return {names[0]: np.array(found[0], np.int64)} if found else {}

    return moved


MOVED: dict[str, Callable[[dict[str, Any]], Values]] = {
    "Reshape": _integers("shape"),
    "Pad": _integers("pads", "paddings"),
    "Split": _integers("split"),
    "Squeeze": _integers("axes"),
    "Unsqueeze": _integers("axes"),
    "Upsample": _upsample,
}
"""Attributes that became the second input."""
