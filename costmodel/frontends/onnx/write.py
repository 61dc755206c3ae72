"""Graphs as ONNX files, with weights or without; those read from files and those built in code."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from costmodel.errors import ModelError
from costmodel.frontends.onnx.flatten import BODIES
from costmodel.frontends.onnx.kinds import CODES
from costmodel.frontends.onnx.nodes import NAME_SCOPES, module_scope
from costmodel.graph import Graph, Node
from costmodel.tensor import Tensor

OPSET = 17
IR_VERSION = 8


def write(
    graph: Graph, *, name: str = "network", weights: bool = False, seed: int = 0
) -> onnx.ModelProto:
    """The network as a model that ONNX Runtime loads, and that reads to the same graph.

    Small constants (a shape, the scales of a resize) are those that the graph has; what it has
    no values of is made up. Constants that a file computes from others are stored each by itself.

    Args:
        graph: with every dimension an int.
        name: of the network.
        weights: True to store random weights; False to have each made by a
            ConstantOfShape node when the model loads, which keeps the file to kilobytes.
        seed: of the random weights.

    Raises:
        ModelError: a dimension is an array or a symbol, or an operator holds a graph.
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
            shape, kind = _sizes(key, tensor), _kind(key, tensor)
            if isinstance(tensor.value, str):
                nodes.append(helper.make_node("Shape", [tensor.value], [key]))
            elif tensor.value is not None:
                value = np.array(tensor.value, kind).reshape(shape)
                initializers.append(numpy_helper.from_array(value, key))
            elif weights:
                made = _made_up(shape, random).astype(kind, copy=False)
                initializers.append(numpy_helper.from_array(made, key))
            else:
                sizes = numpy_helper.from_array(np.array(shape, np.int64), f"{key}.shape")
                initializers.append(sizes)
                fill = helper.make_tensor(
                    "value", CODES[tensor.dtype], [1], np.full(1, 0.01).astype(kind)
                )
                nodes.append(helper.make_node("ConstantOfShape", [sizes.name], [key], value=fill))
        nodes.append(_node(node))
    imports = {"": graph.opset or OPSET}
    imports.update((node.domain, 1) for node in nodes if node.domain)
    return helper.make_model(
        helper.make_graph(
            nodes,
            name,
            [_value(graph, key) for key in graph.inputs],
            [_value(graph, key) for key in graph.outputs if key in graph.tensors],
            initializers,
        ),
        opset_imports=[helper.make_opsetid(domain, imports[domain]) for domain in sorted(imports)],
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
    """The node, its module as the TorchScript exporter writes it, else as the dynamo one does."""
    if node.op_type in BODIES or node.times != 1:
        raise ModelError(
            f"expected operators that run once, by themselves, found {node.op_type} at {node.label}"
        )
    domain, _, op_type = node.op_type.rpartition("::")
    made = helper.make_node(op_type, node.inputs, node.outputs, node.name, domain=domain or None)
    for name, value in sorted(node.attributes.items()):
        empty = onnx.AttributeProto.INTS if value == [] else None
        made.attribute.append(helper.make_attribute(name, value, attr_type=empty))
    if module_scope(made) != node.scope:
        made.name = f"/{node.name}"
    if module_scope(made) != node.scope:
        made.name = node.name
        made.metadata_props.add(key=NAME_SCOPES, value=str(["", node.scope, node.name]))
    return made


def _value(graph: Graph, name: str) -> onnx.ValueInfoProto:
    """An input or output; one that nothing reads has its shape among the graph's inputs."""
    tensor = graph.tensors.get(name) or Tensor(graph.inputs[name])
    shape = _sizes(name, tensor) if tensor.known or name in graph.inputs else None
    return helper.make_tensor_value_info(name, CODES[tensor.dtype], shape)


def _kind(name: str, tensor: Tensor) -> np.dtype[np.generic]:
    if tensor.dtype == "string":
        raise ModelError(f"expected numbers in '{name}', found text")
    return helper.tensor_dtype_to_np_dtype(CODES[tensor.dtype])


def _sizes(name: str, tensor: Tensor) -> list[int]:
    if not tensor.known or not all(isinstance(d, int) for d in tensor.dims):
        raise ModelError(f"expected integer dimensions in '{name}', found {tensor.label}")
    return list(tensor.dims)
