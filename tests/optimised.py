"""What ONNX Runtime makes of a graph: the kernels of the model that it saves, in the graph's names.

Its optimiser keeps the name of a tensor that leaves the layout in blocks and of a node that it
leaves alone. A convolution or a pooling in blocks is called by the tensor that it first made;
the other tensors in blocks have made-up names, and are told by who makes them from what.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import onnx
import onnxruntime

from costmodel.fusion import Kernel, kernels
from costmodel.fusion.memory import Memory
from costmodel.fusion.onnxruntime import Level, onnxruntime_cpu
from costmodel.graph import Graph

LEVELS = {
    "basic": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "extended": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "all": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
}

VIEWS = {"Reshape", "Flatten", "Squeeze", "Unsqueeze"}
"""Operators that move nothing, and so are no kernels of the graph's."""

FUSED = {"FusedConv": "Conv", "FusedGemm": "Gemm"}


class Ran(NamedTuple):
    """One kernel: operator, whether it works on blocks, the map that it makes, those it reads."""

    op: str
    blocked: bool
    made: str
    read: tuple[str, ...]


def optimised(model: onnx.ModelProto, level: Level, folder: Path) -> onnx.ModelProto:
    """What ONNX Runtime makes of a model."""
    saved = folder / "optimised.onnx"
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = LEVELS[level]
    options.optimized_model_filepath = str(saved)
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    given = model.SerializeToString()
    onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"])
    made = onnx.load(saved)
    saved.unlink()
    return made


def predicted(graph: Graph, level: Level, block: int) -> list[Ran]:
    """The kernels that the rules predict, sorted."""
    memory = Memory.of(graph, once=True)
    return sorted(_predicted(memory, kernels(graph, onnxruntime_cpu(level, block=block))))


def _predicted(memory: Memory, found: Iterable[Kernel]) -> Iterator[Ran]:
    for kernel in found:
        if kernel.writes:
            read = tuple(sorted({memory.root(name) for name, _ in kernel.reads}))
            made = memory.root(kernel.writes[0][0])
            yield Ran(kernel.op, kernel.path.startswith("nchwc"), made, read)


def observed(saved: onnx.ModelProto, graph: Graph, level: Level, block: int) -> list[Ran]:
    """The kernels of a saved model, sorted; a map without a name is called as the rules predict.

    That cannot hide a difference: what the rules join and the runtime does not, or the other
    way round, leaves a kernel on one side that the other has not.
    """
    memory = Memory.of(graph, once=True)
    expected = kernels(graph, onnxruntime_cpu(level, block=block))
    made_by = {name: k.writes[0][0] for k in expected if k.writes for name in k.nodes}
    made_from: dict[tuple[str, tuple[str, ...]], str] = {}
    for ran in _predicted(memory, expected):
        made_from.setdefault((ran.op, ran.read), ran.made)
    constants = {tensor.name for tensor in saved.graph.initializer}
    given: dict[str, str] = {}
    found = []
    for node in saved.graph.node:
        op = FUSED.get(node.op_type, node.op_type)
        maps = [n for n in node.input if n and n not in constants]
        read = tuple(sorted({given.get(name) or memory.root(name) for name in maps}))
        out, base = node.output[0], _base(node, graph)
        maker = memory.maker_of(base)
        if out in graph.tensors:
            made = memory.root(out)
        elif op == "ReorderInput" or op in VIEWS:
            made = made_from.get((op, read), read[0])
        elif maker in made_by:
            made = memory.root(made_by[maker])
        elif base in made_by:
            made = memory.root(made_by[base])
        else:
            made = made_from.get((op, read), f"? {node.name} {out}")
        given[out] = made
        if op not in VIEWS:
            unnamed = (n for n in (*maps, out) if n not in graph.tensors)
            made_up = any(n.startswith(("reorder", "reshape")) for n in unnamed)
            blocked = "nchwc" in node.domain or made_up
            found.append(Ran(op, blocked, made, read))
    return sorted(found)


def _base(node: onnx.NodeProto, graph: Graph) -> str:
    """The tensor that a node in blocks is called by, or the name of one that was left alone."""
    name = re.sub(r"_token_\d+$", "", node.name).removeprefix("/")
    endings = ("_nchwc", "_bn_nchwc", "_mul_nchwc", "/MatMulAddFusion")
    bases = (name.removesuffix(ending) for ending in endings)
    return next((base for base in bases if base in graph.tensors or base in graph), name)
