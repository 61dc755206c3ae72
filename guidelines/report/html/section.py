"""One network's part of the page: verdict, totals, findings, graph, charts, table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from guidelines.finding import Level
from guidelines.report.html.bounds import bounds
from guidelines.report.html.findings import findings
from guidelines.report.html.formulas import catalogue
from guidelines.report.html.network import Became, Scene, every, first_drawing, operator_name
from guidelines.report.html.panels import panels
from guidelines.report.html.roofline import roofline
from guidelines.report.html.summary import facts, totals, verdict
from guidelines.report.html.table import rows, table
from guidelines.report.html.tags import Markup, join, tag
from guidelines.report.html.weights import MARKS, STEPS, shades
from guidelines.report.report import Model

KINDS = ("added", "removed", "changed")
"""What can have become of a layer, beside nothing."""


def section(model: Model, ident: str, *, became: Mapping[str, Became] | None = None) -> Markup:
    """A network.

    Args:
        model: what was found.
        ident: what the ids of its elements begin with.
        became: what became of its nodes, by name, where it stands beside another network: then
            the graph comes first.
    """
    scene = Scene.of(model, ident, became or {})
    shown, total = rows(scene)
    order = {row.node.name: i for i, row in enumerate(shown) if row.node is not None}
    found = len(model.findings or ())
    title = f"Findings ({found})" if found else "Findings"
    charts = tag("div", roofline(scene), bounds(scene), class_="pair")
    layers = _layers(scene, table(scene, shown), len(shown), total)
    graph = _part(ident, "graph", "Graph", _graph(scene))
    rest = (
        _part(ident, "findings", title, findings(scene)),
        *(() if scene.became else (graph,)),
        _part(ident, "charts", "Charts", charts),
        _part(ident, "layers", "Layers", layers),
    )
    path = tag("h2", model.path, id=f"{ident}-title")
    return tag(
        "section",
        tag("header", path, verdict(model), facts(model), class_="verdict"),
        totals(model),
        *((graph, *rest) if scene.became else rest),
        *panels(scene, order),
        data({
            "boxes": {
                scene.link(box): dict(shades(scene.metrics, scene.blamed, box))
                for box in every(scene.boxes)
            },
            **catalogue([row.node for row in shown if row.node is not None]),
        }),
        id=ident, class_="model", aria_labelledby=f"{ident}-title",
    )  # fmt: skip


def data(value: Any) -> Markup:
    """JSON within a script element, which nothing in it can end."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return tag("script", Markup(text), type="application/json")


def _part(ident: str, name: str, title: str, *content: Markup) -> Markup:
    heading = tag("h3", title, id=f"{ident}-{name}-title")
    return tag(
        "section", heading, *content, id=f"{ident}-{name}", class_=name,
        aria_labelledby=f"{ident}-{name}-title",
    )  # fmt: skip


def _graph(scene: Scene) -> Markup:
    choices = [("change", "change")] if scene.became else []
    choices += [(metric.key, metric.title) for metric in scene.metrics]
    choices.append(("findings", "findings"))
    radios = (
        tag(
            "label",
            tag("input", type="radio", name=f"{scene.ident}-shade", value=key, checked=i == 0),
            title,
        )
        for i, (key, title) in enumerate(choices)
    )
    scale = tag(
        "p", "less ", *(tag("span", class_=f"swatch shade-{step}") for step in range(STEPS + 1)),
        " more", class_="scale", aria_hidden="true",
    )  # fmt: skip
    levels = {found.level for found in scene.model.findings or ()}
    key = [
        tag("span", tag("span", MARKS[level], class_=f"mark {level}"), f" {level}")
        for level in reversed(Level)
        if level in levels
    ]
    if scene.became:
        key += [tag("span", tag("span", class_=f"sample {kind}"), kind) for kind in KINDS]
    return join((
        tag("div", tag("fieldset", tag("legend", "Shade by"), *radios), scale,
            tag("p", *key, class_="key") if key else None, class_="controls"),
        tag("p", "Arrow keys move between boxes, Enter opens one, Escape closes it. ",
            "A stacked box has others inside.", class_="hint", id=f"{scene.ident}-hint"),
        tag("div", first_drawing(scene),
            tag("aside", aria_label="Selected box", class_="panel", hidden=True), class_="stage"),
    ))  # fmt: skip


def _layers(scene: Scene, made: Markup, shown: int, total: int) -> Markup:
    names = sorted({operator_name(node) for node in scene.graph.layers})
    options = (tag("option", name, value=name) for name in names)
    told = f"{shown} layers" if shown == total else f"the dearest {shown} of {total} layers"
    controls = tag(
        "div",
        tag("label", "Search ", tag("input", type="search", placeholder="name, size, finding")),
        tag("label", "Operator ", tag("select", tag("option", "all", value=""), *options)),
        tag("label", tag("input", type="checkbox"), " with findings only"),
        tag("output", told),
        class_="controls", role="search",
    )  # fmt: skip
    region = {"tabindex": "0", "role": "region", "aria_label": "Table of layers"}
    return join((controls, tag("div", made, class_="scroll", **region)))
