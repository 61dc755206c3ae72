"""Files that are no networks, or are made to hurt: name, bytes, and what the error must say."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import onnx
from onnx import TensorProto, helper

F = TensorProto.FLOAT


def value(name: str, *shape: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, F, list(shape))


def model(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    output: str = "y",
    **more: object,
) -> bytes:
    functions = more.pop("functions", [])
    imports = more.pop(
        "opset_imports", [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    )
    result = onnx.ValueInfoProto(name=output)
    graph = helper.make_graph(nodes, "g", inputs, [result], **more)  # type: ignore[arg-type]
    return helper.make_model(graph, functions=functions, opset_imports=imports).SerializeToString()  # type: ignore[arg-type]


def weight(name: str, *dims: int) -> TensorProto:
    """A tensor with a shape and no data."""
    return TensorProto(name=name, data_type=F, dims=dims)


def function(name: str, nodes: list[onnx.NodeProto]) -> onnx.FunctionProto:
    return helper.make_function(
        "local",
        name,
        ["x"],
        ["y"],
        nodes,
        [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)],
    )


def exploding(levels: int) -> bytes:
    """Functions that each call the next one ten times: ten to the power of ``levels`` nodes."""
    functions = []
    for level in range(levels):
        callee, domain = (f"f{level + 1}", "local") if level < levels - 1 else ("Relu", "")
        names = ["x", *(f"t{i}" for i in range(9)), "y"]
        nodes = [
            helper.make_node(callee, [a], [b], domain=domain) for a, b in itertools.pairwise(names)
        ]
        functions.append(function(f"f{level}", nodes))
    return model(
        [helper.make_node("f0", ["x"], ["y"], domain="local")], [value("x", 1)], functions=functions
    )


def chained(length: int) -> bytes:
    """Functions that each call the next one once."""
    functions = [
        function(f"f{i}", [helper.make_node(f"f{i + 1}", ["x"], ["y"], domain="local")])
        for i in range(length)
    ]
    functions.append(function(f"f{length}", [helper.make_node("Relu", ["x"], ["y"])]))
    return model(
        [helper.make_node("f0", ["x"], ["y"], domain="local")], [value("x", 1)], functions=functions
    )


def nested(depth: int) -> bytes:
    """If inside If inside If, by hand, because the helpers recurse."""

    def field(number: int, body: bytes) -> bytes:
        head = bytearray([number << 3 | 2])
        size = len(body)
        while size > 127:
            head.append(size & 127 | 128)
            size >>= 7
        head.append(size)
        return bytes(head) + body

    graph = field(2, b"g")
    for _ in range(depth):
        attribute = field(1, b"then_branch") + field(6, graph)
        node = field(1, b"c") + field(2, b"y") + field(4, b"If") + field(5, attribute)
        graph = field(1, node) + field(2, b"g")
    return b"\x08\x08" + field(7, graph)


def conv(x: onnx.ValueInfoProto, *dims: int, **attributes: object) -> bytes:
    return model(
        [helper.make_node("Conv", ["x", "w"], ["y"], **attributes)],
        [x],
        initializer=[weight("w", *dims)],
    )


def einsum() -> bytes:
    node = helper.make_node("Einsum", ["x", "x"], ["y"], equation="...a...b,...b->...a")
    return model([node], [value("x", 2, 3, 4, 5)])


def scan() -> bytes:
    """A Scan that claims to have a thousand million inputs."""
    node = helper.make_node("Scan", ["x"], ["z"], num_scan_inputs=10**9)
    node.attribute.append(helper.make_attribute("body", helper.make_graph([], "b", [], [])))
    return model([node, helper.make_node("Relu", ["x"], ["y"])], [value("x", 2, 3)])


def constant_of_shape() -> bytes:
    nodes = [
        helper.make_node("ConstantOfShape", ["s"], ["c"]),
        helper.make_node("Add", ["x", "c"], ["y"]),
    ]
    shape = helper.make_tensor("s", TensorProto.INT64, [1], [2**40])
    return model(nodes, [value("x", 1)], initializer=[shape])


def files() -> Iterator[tuple[str, bytes, str]]:
    """Name, content, and a part of the one line that must come out."""
    good = conv(value("x", 1, 3, 8, 8), 4, 3, 3, 3)
    noise = random.Random(0)
    yield "empty", b"", "empty"
    yield "truncated", good[: len(good) // 2], "truncated"
    yield "random", noise.randbytes(4096), "expected"
    yield "text", b"hello, I am a text file\n" * 20, "expected"
    yield "zeros", bytes(4096), "no ONNX model"
    yield (
        "lfs",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 3\n",
        "git lfs pull",
    )
    yield "html", b"<!DOCTYPE html><html><body>404</body></html>", "HTML"
    yield "zip", b"PK\x03\x04" + bytes(100), "zip"
    yield "pickle", b"\x80\x02}q\x00.", "pickle"
    yield "no_graph", onnx.ModelProto(ir_version=8).SerializeToString(), "without a graph"
    cycle = [helper.make_node("Relu", ["b"], ["y"]), helper.make_node("Relu", ["y"], ["b"])]
    yield "cycle", model(cycle, [value("x", 1)]), "cycle"
    yield (
        "self_cycle",
        model([helper.make_node("Add", ["y", "x"], ["y"])], [value("x", 1)]),
        "cycle",
    )
    yield (
        "missing_input",
        model([helper.make_node("Relu", ["nowhere"], ["y"])], [value("x", 1)]),
        "nowhere",
    )
    yield "missing_output", model([helper.make_node("Relu", ["x"], ["z"])], [value("x", 1)]), "'y'"
    twice = [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Relu", ["x"], ["y"])]
    yield "given_twice", model(twice, [value("x", 1)]), "'y'"
    yield "channels", conv(value("x", 1, 5, 8, 8), 4, 3, 3, 3), "5"
    yield "groups", conv(value("x", 1, 6, 8, 8), 4, 3, 3, 3, group=0), "group"
    matmul = model(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        [value("x", 2, 3)],
        initializer=[weight("w", 4, 5)],
    )
    yield "inner", matmul, "inner"
    add = model(
        [helper.make_node("Add", ["x", "w"], ["y"])],
        [value("x", 2, 3)],
        initializer=[weight("w", 4)],
    )
    yield "broadcast", add, "[2, 3] and [4]"
    shape = helper.make_tensor("s", TensorProto.INT64, [2], [4, 4])
    reshape = helper.make_node("Reshape", ["x", "s"], ["y"])
    yield "reshape", model([reshape], [value("x", 2, 3)], initializer=[shape]), "6 elements"
    concat = helper.make_node("Concat", ["x", "z"], ["y"], axis=1)
    yield "concat", model([concat], [value("x", 2, 3), value("z", 4, 3)]), "[2, 3] and [4, 3]"
    yield "kernel", conv(value("x", 1, 3, 8, 8), 4, 3, 30, 30), "leave something"
    yield "strides", conv(value("x", 1, 3, 8, 8), 4, 3, 3, 3, strides=[0, 1]), "strides"
    biased = helper.make_node("Conv", ["x", "w", "b"], ["y"])
    tensors = [weight("w", 4, 3, 3, 3), weight("b", 7)]
    yield "bias", model([biased], [value("x", 1, 3, 8, 8)], initializer=tensors), "[7]"
    yield "negative", conv(value("x", 1, -7, 8, 8), 4, 3, 3, 3), "-7"
    yield "huge_dim", conv(value("x", 1, 2**62, 8, 8), 4, 3, 3, 3), str(2**62)
    yield "huge_weight", conv(value("x", 1, 3, 8, 8), 2**62, 3, 3, 3), str(2**62)
    yield "negative_weight", conv(value("x", 1, 3, 8, 8), -4, 3, 3, 3), "-4"
    yield "huge_product", conv(value("x", 1, 3, 2**31, 2**31), 4, 3, 3, 3), "size"
    yield (
        "huge_rank",
        model([helper.make_node("Relu", ["x"], ["y"])], [value("x", *[1] * 100_000)]),
        "axes",
    )
    itself = function("f", [helper.make_node("f", ["x"], ["y"], domain="local")])
    call = helper.make_node("f", ["x"], ["y"], domain="local")
    yield "recursive", model([call], [value("x", 1)], functions=[itself]), "itself"
    yield "exploding", exploding(9), "200,000"
    yield "nested", nested(2000), "expected"
    yield "nested_small", nested(90), "expected"
    yield "empty_nodes", b"\x08\x08\x3a" + b"\x80\x89\x7a" + b"\x0a\x00" * 1_000_000, "1,000,000"
    yield "chain", chained(1200), "nested function calls"
    wide = [helper.make_node("Sum", ["x"] * 4000, [f"s{i}"]) for i in range(300)]
    yield "wide", model(wide, [value("x", 1)], "s0"), "found more"
    yield (
        "long_names",
        model([helper.make_node("Relu", ["x"], ["y"], "n" * 5000)], [value("x", 1)]),
        "names",
    )
    yield "no_text", good.replace(b"y", b"\xff"), "UTF-8"
    lines = helper.make_node("Relu", ["a\n::error::b\x1b[31m"], ["y"])
    yield "escapes", model([lines], [value("x", 1)]), "a\\n::error::b\\x1b[31m"
    yield "free", conv(value("x", "N", 3, "height", "width"), 4, 3, 3, 3), "--dim height=SIZE"
