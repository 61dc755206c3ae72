"""Networks written in code as ONNX files, with weights or without."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import helper, numpy_helper

from costmodel.errors import ModelError
from costmodel.frontends.code import Network, Value
from costmodel.frontends.onnx.kinds import CODES

OPSET = 17
IR_VERSION = 8


def write(
    network: Network,
    outputs: Sequence[Value],
    *,
    name: str = "network",
    weights: bool = False,
    seed: int = 0,
) -> onnx.ModelProto:
    """The network as a model that ONNX Runtime loads.

    Args:
        network: with every dimension an int.
        outputs: what it returns.
        name: of the graph.
        weights: True to store small random weights; False to have each made by a
            ConstantOfShape node when the model loads, which keeps the file to kilobytes.
        seed: of the random weights.

    Raises:
        ModelError: a dimension is an array or a symbol.
    """
    tensors, values = network.tensors, network.values
    random = np.random.default_rng(seed)
    initializers: list[onnx.TensorProto] = []
    nodes: list[onnx.NodeProto] = []
    for key, tensor in tensors.items():
        if not tensor.constant:
            continue
        shape = [_size(key, d) for d in tensor.dims]
        if key in values:
            initializers.append(numpy_helper.from_array(np.array(values[key], np.int64), key))
        elif weights:
            data = random.uniform(0.01, 0.1, shape).astype(np.float32)
            initializers.append(numpy_helper.from_array(data, key))
        else:
            initializers.append(numpy_helper.from_array(np.array(shape, np.int64), f"{key}.shape"))
            fill = helper.make_tensor("value", onnx.TensorProto.FLOAT, [1], [0.01])
            nodes.append(helper.make_node("ConstantOfShape", [f"{key}.shape"], [key], value=fill))
    for call in network.calls:
        name_ = f"/{call.name}" if "/" in call.name else call.name
        nodes.append(
            helper.make_node(call.op_type, call.inputs, call.outputs, name=name_, **call.attributes)
        )
    graph = helper.make_graph(
        nodes,
        name,
        [
            helper.make_tensor_value_info(
                key, onnx.TensorProto.FLOAT, [_size(key, d) for d in shape]
            )
            for key, shape in network.inputs.items()
        ],
        [
            helper.make_tensor_value_info(
                v.name, CODES[tensors[v.name].dtype], [_size(v.name, d) for d in v.shape]
            )
            for v in outputs
        ],
        initializers,
    )
    return helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="guidelint",
    )


def _size(name: str, dim: object) -> int:
    if not isinstance(dim, int):
        raise ModelError(f"expected integer dimensions in '{name}' to write a file, found {dim}")
    return dim
