"""A network, or the inside of one of its boxes, as a drawing with its inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from costmodel.graph import Graph, Node
from guidelines.report.heading import shape_text
from guidelines.report.html.drawing import WHAT, Tile, drawing
from guidelines.report.html.outline import Box, links, outline
from guidelines.report.html.tags import Markup
from guidelines.report.html.weights import MARKS, Blamed, Metric, metrics
from guidelines.report.layers import dims_text
from guidelines.report.report import Model

FEW = 3
"""Inputs and outputs that are drawn one by one."""

SHORT = {"BatchNormalization": "BatchNorm", "LayerNormalization": "LayerNorm"}


class Became(NamedTuple):
    """What became of a node from one network to the other.

    Args:
        kind: added, removed, changed or same.
        words: what is different.
    """

    kind: str
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A network on the page.

    Args:
        ident: what the ids of its elements begin with.
        model: the network.
        boxes: of the first drawing.
        metrics: what they can be shaded by; the first is shown.
        blamed: its findings by node.
        trails: by node the boxes that hold it, the outermost first.
        became: what became of its nodes, by name, where it stands beside another network.
    """

    ident: str
    model: Model
    boxes: tuple[Box, ...]
    metrics: tuple[Metric, ...]
    blamed: Blamed
    trails: Mapping[str, tuple[Box, ...]]
    became: Mapping[str, Became] = field(default_factory=dict)

    @property
    def graph(self) -> Graph:
        return self.model.graph

    @classmethod
    def of(cls, model: Model, ident: str, became: Mapping[str, Became]) -> Scene:
        """A network, cut into boxes and weighed."""
        boxes = outline(model.graph)
        trails: dict[str, tuple[Box, ...]] = {}
        for box in every(boxes):
            for node in box.nodes:
                trails[node.name] = (*trails.get(node.name, ()), box)
        return cls(
            ident=ident, model=model, boxes=boxes, metrics=metrics(model, boxes),
            blamed=Blamed.of(model.findings or ()), trails=trails, became=became,
        )  # fmt: skip

    def link(self, box: Box) -> str:
        """The id of a box."""
        return f"{self.ident}-b{box.number}"

    def leaf(self, name: str) -> str:
        """The id of the smallest box that holds a node."""
        return self.link(self.trails[name][-1])

    def around(self, names: Sequence[str]) -> str:
        """The id of the smallest box that holds all the nodes; "" for none."""
        trails = [self.trails.get(name, ()) for name in names]
        met = [boxes[0] for boxes in zip(*trails, strict=False) if len(set(boxes)) == 1]
        return self.link(met[-1]) if met else ""

    def state(self, box: Box) -> str:
        """What became of a box: that of its layers if they agree, else changed; "" for none."""
        kinds = {self.became[node.name].kind for node in box.nodes if node.name in self.became}
        return "changed" if len(kinds) > 1 else kinds.pop() if kinds else ""


def first_drawing(scene: Scene) -> Markup:
    """The whole network."""
    return _drawn(scene, scene.boxes, f"Graph of {scene.model.path}")


def inside(scene: Scene, box: Box) -> Markup | None:
    """What is inside a box; None where nothing is."""
    return _drawn(scene, box.inner, f"Inside {box.title}", box.title) if box.inner else None


def _drawn(scene: Scene, boxes: Sequence[Box], label: str, within: str = "") -> Markup:
    graph = scene.graph
    place = {node.name: i for i, box in enumerate(boxes) for node in box.nodes}
    makers = {name: node.name for node in graph.layers for name in node.outputs} if within else {}
    entering: dict[str, set[int]] = {}
    leaving: dict[str, set[int]] = {}
    for box in boxes:
        for node in box.nodes:
            here = place[node.name]
            for tensor in node.inputs:
                known = graph.tensors.get(tensor)
                constant = not tensor or (known is not None and known.constant)
                if not constant and (
                    tensor in graph.inputs or makers.get(tensor, node.name) not in place
                ):
                    entering.setdefault(tensor, set()).add(here)
            for tensor in node.outputs:
                if tensor in graph.outputs or _read_outside(graph, node, tensor, place):
                    leaving.setdefault(tensor, set()).add(here)
    ins, outs = _ports(graph, entering, "inputs"), _ports(graph, leaving, "outputs")
    tiles = [tile for tile, _ in ins]
    tiles += [_tile(scene, box, within) for box in boxes]
    tiles += [tile for tile, _ in outs]
    first, last = len(ins), len(ins) + len(boxes)
    edges = [(i, first + to) for i, (_, readers) in enumerate(ins) for to in sorted(readers)]
    edges += [(first + a, first + b) for a, b in links(graph, boxes)]
    edges += [(first + of, last + i) for i, (_, all_of) in enumerate(outs) for of in sorted(all_of)]
    return drawing(tiles, edges, label)


def _read_outside(graph: Graph, node: Node, tensor: str, place: Mapping[str, int]) -> bool:
    return any(
        after not in place and tensor in graph.edges[node.name, after]["tensors"]
        for after in graph.succ[node.name]
    )


def _ports(
    graph: Graph, found: Mapping[str, set[int]], many: str
) -> list[tuple[Tile, set[int]]]:  # fmt: skip
    """A tile for each tensor, or one for them all."""
    if len(found) > FEW:
        tile = Tile(name=f"{len(found)} {many}", spoken=", ".join(list(found)[:20]))
        return [(tile, set().union(*found.values()))]
    return [
        (Tile(name=shape_of(graph, name), spoken=f"{name} {shape_of(graph, name)}"), boxes)
        for name, boxes in found.items()
    ]


def shape_of(graph: Graph, tensor: str) -> str:
    """``1×24×56×56``, with ? for what is not known."""
    if tensor in graph.inputs:
        return shape_text(graph.inputs[tensor])
    known = graph.tensors.get(tensor)
    if known is None or known.shape is None:
        return "?"
    return shape_text(tuple("?" if d is None else d for d in known.shape))


def _tile(scene: Scene, box: Box, within: str) -> Tile:
    metric, level, number = (
        scene.metrics[0],
        scene.blamed.level(box),
        len(scene.blamed.numbers(box)),
    )
    share, state = metric.share(box), scene.state(box)
    kind, title = described(scene.graph, box), _inner_title(box.title, within)
    said = [
        f"{box.title}: {kind}", f"{share} of the {metric.title}" if share else "",
        f"{number} finding{'' if number == 1 else 's'}, {level}" if level else "",
        "" if state == "same" else state,
    ]  # fmt: skip
    return Tile(
        link=scene.link(box),
        name=title if box.inner else kind,
        what=_fitting(kind) if box.inner else joined(box) or title,
        spoken=", ".join(filter(None, said)),
        share=share,
        shade=metric.shade(box),
        mark=MARKS[level] if level else "",
        level=level or "",
        stacked=bool(box.inner),
        state=state,
    )


def described(graph: Graph, box: Box) -> str:
    """``8 layers · 1×24×56×56``, or ``Conv 16→96 1×1``."""
    if box.kernel is not None:
        head = graph.node(box.kernel.head)
        return f"{operator_name(head)} {dims_text(head)}".rstrip()
    made = [name for name in box.nodes[-1].outputs if name]
    shape = shape_of(graph, made[0]) if made else ""
    return f"{len(box.nodes)} layers" + (f" · {shape}" if shape else "")


def _fitting(kind: str) -> str:
    """The same as far as it fits a tile: without the first extent, or without the shape."""
    layers, _, shape = kind.partition(" · ")
    rest = f"{layers} · {shape.partition('×')[2]}"
    return rest if shape and len(rest) <= WHAT else layers


def joined(box: Box) -> str:
    """``+ BatchNorm, Relu``: what runs in the head's kernel; "" for a head alone."""
    assert box.kernel is not None
    others = [operator_name(node) for node in box.nodes if node.name != box.kernel.head]
    return f"+ {', '.join(others)}" if others else ""


def operator_name(node: Node) -> str:
    """The operator's type without its domain, shortened where it is usual."""
    name = node.op_type.rpartition("::")[2]
    return SHORT.get(name, name)


def _inner_title(title: str, within: str) -> str:
    """A title without that of the box around it, unless nothing but a number is left."""
    rest = (
        title[len(within) + 1 :]
        if within and title.startswith((f"{within}.", f"{within}/"))
        else ""
    )
    return title if not rest or rest.isdigit() else rest


def every(boxes: Iterable[Box]) -> list[Box]:
    """The boxes with all inside them."""
    return [each for box in boxes for each in box.walk()]
