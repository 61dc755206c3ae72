"""Graphs built in code as ONNX files, with weights or without."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from costmodel.errors import ModelError
from costmodel.frontends.onnx.kinds import CODES
from costmodel.graph import Graph, Node
from costmodel.tensor import Tensor

OPSET = 17
IR_VERSION = 8


def write(
    graph: Graph, *, name: str = "network", weights: bool = False, seed: int = 0
) -> onnx.ModelProto:
    """The network as a model that ONNX Runtime loads, and that reads to the same graph.

    Args:
        graph: built in code, with every dimension an int.
        name: of the network.
        weights: True to store random weights; False to have each made by a
            ConstantOfShape node when the model loads, which keeps the file to kilobytes.
        seed: of the random weights.

    Raises:
        ModelError: a dimension is an array or a symbol.
    """
    random = np.random.default_rng(seed)
    initializers: list[onnx.TensorProto] = []
    nodes: list[onnx.NodeProto] = []
    written: set[str] = set()
    for node in graph.layers:
        for key in node.inputs:
            tensor = graph.tensors.get(key)
            if tensor is None or not tensor.constant or key in written:
                continue
            written.add(key)
            shape = _sizes(key, tensor)
            if isinstance(tensor.value, str):
                nodes.append(helper.make_node("Shape", [tensor.value], [key]))
            elif tensor.value is not None:
                initializers.append(numpy_helper.from_array(np.array(tensor.value, np.int64), key))
            elif weights:
                initializers.append(numpy_helper.from_array(_made_up(shape, random), key))
            else:
                sizes = numpy_helper.from_array(np.array(shape, np.int64), f"{key}.shape")
                initializers.append(sizes)
                fill = helper.make_tensor("value", onnx.TensorProto.FLOAT, [1], [0.01])
                nodes.append(helper.make_node("ConstantOfShape", [sizes.name], [key], value=fill))
        nodes.append(_node(node))
    given = [_value(graph, key) for key in graph.inputs]
    returned = [_value(graph, key) for key in graph.outputs]
    return helper.make_model(
        helper.make_graph(nodes, name, given, returned, initializers),
        opset_imports=[helper.make_opsetid("", graph.opset or OPSET)],
        ir_version=IR_VERSION,
        producer_name="guidelint",
    )


def _made_up(shape: list[int], random: np.random.Generator) -> npt.NDArray[np.float32]:
    """Weights that keep activations of the size of the input; scales and variances around 1."""
    if len(shape) < 2:
        return random.uniform(0.5, 1.5, shape).astype(np.float32)
    deviation = math.prod(shape[1:]) ** -0.5
    return random.normal(0, deviation, shape).astype(np.float32)


def _node(node: Node) -> onnx.NodeProto:
    """The node, its module scopes as the TorchScript exporter writes them."""
    called = f"/{node.name}" if "/" in node.name else node.name
    return helper.make_node(node.op_type, node.inputs, node.outputs, called, **node.attributes)


def _value(graph: Graph, name: str) -> onnx.ValueInfoProto:
    tensor = graph.tensors[name]
    return helper.make_tensor_value_info(name, CODES[tensor.dtype], _sizes(name, tensor))


def _sizes(name: str, tensor: Tensor) -> list[int]:
    if not all(isinstance(d, int) for d in tensor.dims):
        raise ModelError(f"expected integer dimensions in '{name}', found {tensor.label}")
    return list(tensor.dims)
