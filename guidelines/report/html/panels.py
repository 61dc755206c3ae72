"""What opens beside the drawing: a box with its figures, its findings and its inside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from guidelines.finding import Finding
from guidelines.quantity import count, duration, percent, size
from guidelines.report.html.network import Scene, described, inside, joined
from guidelines.report.html.outline import Box
from guidelines.report.html.tags import Markup, join, tag
from guidelines.report.html.weights import MARKS

PLACES = 4
"""Things that a finding says in a panel before the rest is counted."""


def panels(scene: Scene, order: Mapping[str, int]) -> Iterator[Markup]:
    """A template for each box.

    Args:
        scene: the network.
        order: rows of the table of layers by node; a node that has none is not listed.
    """
    pending: list[tuple[Box, ...]] = [(box,) for box in reversed(scene.boxes)]
    while pending:
        trail = pending.pop()
        box = trail[-1]
        rows = sorted(order[node.name] for node in box.nodes if node.name in order)
        yield tag(
            "template", _panel(scene, trail), id=f"{scene.link(box)}-panel",
            data_layers=" ".join(map(str, rows)),
        )  # fmt: skip
        pending += [(*trail, each) for each in reversed(box.inner)]


def _panel(scene: Scene, trail: Sequence[Box]) -> Markup:
    box = trail[-1]
    around = [tag("li", tag("a", each.title, href=f"#{scene.link(each)}")) for each in trail[:-1]]
    path = (
        tag("nav", tag("ol", *around), aria_label="Around it", class_="trail") if around else None
    )
    kind = described(scene.graph, box)
    more = joined(box) if box.kernel is not None else ""
    return join((
        path,
        tag("h3", box.title, tabindex="-1"),
        tag("p", kind, f" {more}" if more else None, class_="kind"),
        _figures(scene, box),
        _findings(scene, box),
        inside(scene, box),
    ))  # fmt: skip


def _figures(scene: Scene, box: Box) -> Markup:
    alone = sum(sum(node.bytes.values()) for node in box.nodes)
    madds = sum(node.cost.madds for node in box.nodes)
    params = sum(node.cost.params for node in box.nodes)
    shares = {metric.key: metric.share(box) for metric in scene.metrics}
    unknown = sum(node.operator is None for node in box.nodes)
    told = [
        ("memory access", size(box.bytes), shares["traffic"]),
        ("… unfused", size(alone), ""),
        ("madds", count(madds), shares["madds"]),
        ("params", count(params), shares["params"]),
        ("madds/B", f"{madds / box.bytes:.2g}" if box.bytes else "–", ""),
    ]
    if scene.model.prediction is not None:
        seconds = next(metric.of(box) for metric in scene.metrics if metric.key == "time")
        told.append(("time", duration(seconds), shares["time"]))
    if unknown:
        told.append(("not costed", f"{unknown} of {len(box.nodes)}", ""))
    entries = (
        tag("div", tag("dt", name), tag("dd", value, tag("small", share) if share else None))
        for name, value, share in told
    )
    return tag("dl", *entries, class_="figures")


def _findings(scene: Scene, box: Box) -> Markup | None:
    parts = scene.blamed.parts([node.name for node in box.nodes])
    if not parts:
        return None
    entries = []
    for number, breaches in parts.items():
        found = scene.blamed.findings[number]
        link = tag("a", found.code, href=f"#{scene.ident}-f{number}")
        head = tag("p", mark(found), " ", link, " ", found.name)
        alike = Counter((breach.message, breach.remedy) for breach in breaches)
        said = [
            tag(
                "li",
                tag("p", message, tag("small", f" ×{times}") if times > 1 else None),
                tag("p", remedy, class_="remedy") if remedy else None,
            )
            for (message, remedy), times in list(alike.items())[:PLACES]
        ]
        rest = len(alike) - len(said)
        more = tag("p", f"and {rest} more like these", class_="more") if rest else None
        entries.append(tag("li", head, tag("ul", *said), more, class_=found.level))
    return tag("ul", *entries, class_="blame", aria_label="Findings here")


def mark(found: Finding) -> Markup:
    """The sign of its level, read out as the level's name."""
    return tag(
        "span", MARKS[found.level], class_=f"mark {found.level}", role="img", aria_label=found.level
    )


def price(found: Finding) -> str:
    """What it costs: time where that is predicted, else traffic; "" where it costs neither."""
    if found.saving is None and not found.excess_bytes:
        return ""
    if found.saving is not None:
        return f"{duration(found.saving.seconds)} ±{duration(found.saving.error)}"
    return f"{percent(found.share)} · {size(found.excess_bytes)}"
