"""What a NodeProto says of itself: attributes, bodies, the module that made it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import onnx

from costmodel.errors import ModelError
from costmodel.graph import SourceLine

NAME_SCOPES = "pkg.torch.onnx.name_scopes"
"""What the dynamo exporter calls the modules that a node stands in."""

SNAPSHOT = "guidelint.snapshot"
"""What the metadata of a model without its weights say, and of each node that stands for one."""

STACK_TRACE = "pkg.torch.onnx.stack_trace"
"""Where it says which Python made a node, the outermost call first."""

FRAME = re.compile(r'File "([^"\n]+)", line (\d{1,9}), in (\S+)(?:\n +(?!File ")(.*))?')

MOST_FRAMES = 100
"""Calls inside each other that are kept; no network has as many."""


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    """The attributes that are numbers, strings or lists of them, by name.

    A malformed one is left out: the operator then has its default.
    """
    found: dict[str, Any] = {}
    for a in node.attribute:
        kind = a.type
        if kind == onnx.AttributeProto.INT or (not kind and a.HasField("i")):
            found[a.name] = a.i
        elif kind == onnx.AttributeProto.FLOAT or (not kind and a.HasField("f")):
            found[a.name] = a.f
        elif kind == onnx.AttributeProto.STRING or (not kind and a.HasField("s")):
            found[a.name] = a.s.decode("utf-8", "replace")
        elif kind == onnx.AttributeProto.INTS or (not kind and a.ints):
            found[a.name] = list(a.ints)
        elif kind == onnx.AttributeProto.FLOATS or (not kind and a.floats):
            found[a.name] = list(a.floats)
        elif kind == onnx.AttributeProto.STRINGS or (not kind and a.strings):
            found[a.name] = [s.decode("utf-8", "replace") for s in a.strings]
    return found


def graph_attribute(node: onnx.NodeProto, name: str) -> onnx.GraphProto:
    """The graph that a node holds under ``name``; raises ModelError where it has none."""
    for a in node.attribute:
        if a.name == name and a.HasField("g"):
            graph: onnx.GraphProto = a.g
            return graph
    raise ModelError(f"expected a graph '{name}' in {node.op_type} node '{node.name}', found none")


def module_scope(node: onnx.NodeProto) -> str:
    """Dotted path of the module that made a node, "" where the exporter recorded none.

    The dynamo exporter lists name scopes in the metadata; the TorchScript exporter makes
    them the path of the node's name, in which each part repeats the one before it.
    """
    for entry in node.metadata_props:
        if entry.key == NAME_SCOPES:
            scopes = re.findall(r"'([^']*)'", entry.value)
            return scopes[-2] if len(scopes) > 1 else ""
    if not node.name.startswith("/"):
        return ""
    return join_scopes(node.name.strip("/").split("/")[:-1])


def source_lines(node: onnx.NodeProto) -> tuple[SourceLine, ...]:
    """The lines of Python that made a node, as the dynamo exporter's stack trace has them.

    Those of a module's ``forward`` come first, and of these the innermost: it names the layer,
    where the functions that it calls serve many.

    >>> trace = '''File "/r/net.py", line 26, in forward
    ...     x = self.stem(x)
    ...   File "/r/ops.py", line 3, in conv
    ...     return torch.conv2d(x, w)'''
    >>> node = onnx.NodeProto()
    >>> _ = node.metadata_props.add(key=STACK_TRACE, value=trace)
    >>> for each in source_lines(node):
    ...     print(*each, sep=":")
    /r/net.py:26:x = self.stem(x)
    /r/ops.py:3:return torch.conv2d(x, w)
    """
    for entry in node.metadata_props:
        if entry.key == STACK_TRACE:
            frames = FRAME.findall(entry.value)[-MOST_FRAMES:][::-1]
            frames.sort(key=lambda frame: "forward" not in frame[2])
            return tuple(SourceLine(file, int(at), text.strip()) for file, at, _, text in frames)
    return ()


def left_out(node: onnx.NodeProto) -> onnx.TensorProto | None:
    """The initializer that a Constant of a snapshot stands for, None for any other Constant."""
    if not any(entry.key == SNAPSHOT for entry in node.metadata_props):
        return None
    for a in node.attribute:
        if a.HasField("sparse_tensor") and len(node.output) == 1:
            sparse = a.sparse_tensor
            return onnx.TensorProto(
                dims=sparse.dims, data_type=sparse.values.data_type, name=node.output[0]
            )
    return None


def join_scopes(parts: Iterable[str]) -> str:
    """One dotted path of a chain of scopes, where each may begin with the one before.

    >>> join_scopes(["stage2", "stage2.1", "branch1", "branch1.0"])
    'stage2.1.branch1.0'
    """
    path: list[str] = []
    for part in parts:
        if path and part.startswith(path[-1] + "."):
            path[-1] = part
        else:
            path.append(part)
    return ".".join(path)


def called(node: onnx.NodeProto) -> str:
    """What to call a node in a message: its name, else its first output."""
    return node.name or (node.output[0] if node.output else node.op_type)


def under(outer: str, inner: str) -> str:
    """The dotted path of ``inner`` below ``outer``, where it does not say so itself."""
    if not outer or not inner or inner == outer or inner.startswith(outer + "."):
        return inner or outer
    return f"{outer}.{inner}"


def with_attributes(
    node: onnx.NodeProto, given: Mapping[str, onnx.AttributeProto]
) -> onnx.NodeProto:
    """The node with its references to the function's attributes replaced by their values."""
    if not any(_refers(a) for a in node.attribute):
        return node
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    del copy.attribute[:]
    for a in node.attribute:
        if a.ref_attr_name:
            if a.ref_attr_name in given:
                actual = copy.attribute.add()
                actual.CopyFrom(given[a.ref_attr_name])
                actual.name = a.name
        else:
            actual = copy.attribute.add()
            actual.CopyFrom(a)
            if a.HasField("g"):
                inside = [with_attributes(n, given) for n in a.g.node]
                del actual.g.node[:]
                actual.g.node.extend(inside)
    return copy


def _refers(attribute: onnx.AttributeProto) -> bool:
    if attribute.ref_attr_name:
        return True
    return attribute.HasField("g") and any(
        _refers(a) for n in attribute.g.node for a in n.attribute
    )
