"""The table of layers: a row each, which the page sorts and filters."""

from __future__ import annotations

from collections.abc import Sequence

from guidelines.quantity import count, duration, percent, size
from guidelines.report.html.network import Became, Scene, operator_name
from guidelines.report.html.tags import Markup, tag
from guidelines.report.html.weights import MARKS
from guidelines.report.layers import Row, tabulate
from guidelines.report.table import shorten

MOST = 5000
"""Rows that a page shows without getting slow: of more the dearest, in order of execution."""

WIDEST = 44
"""Characters of a name that the table shows."""


def rows(scene: Scene) -> tuple[list[Row], int]:
    """The rows shown, and how many there are."""
    found = list(tabulate(scene.model).rows)
    if len(found) <= MOST:
        return found, len(found)
    dearest = sorted(range(len(found)), key=lambda i: (-found[i].bytes, i))[:MOST]
    return [found[i] for i in sorted(dearest)], len(found)


def table(scene: Scene, shown: Sequence[Row]) -> Markup:
    """The table, under its columns' buttons.

    Args:
        scene: the network.
        shown: its rows.
    """
    timed = scene.model.prediction is not None
    columns = ["Layer", "Operator", "Dimensions", "Output"]
    numbers = ["Params", "Madds", "% madds", "Memory access", "% memory", "Madds/B"]
    numbers += ["Time"] if timed else []
    states = ["Change"] if scene.became else []
    head = [_title(name, "") for name in columns]
    head += [_title(name, "number") for name in numbers]
    head += [_title(name, "") for name in ("Findings", *states)]
    sums = scene.model.totals.madds, scene.model.totals.memory_access_bytes
    body = (_row(scene, row, number, sums, timed) for number, row in enumerate(shown))
    return tag(
        "table",
        tag("caption", f"Layers of {scene.model.path}, in order of execution", class_="unseen"),
        tag("thead", tag("tr", *head)),
        tag("tbody", *body),
        class_="layers",
    )


def _title(name: str, kind: str) -> Markup:
    return tag("th", tag("button", name, type="button"), scope="col", class_=kind or None)


def _row(
    scene: Scene, row: Row, number: int, totals: tuple[int, int],
    timed: bool,
) -> Markup:  # fmt: skip
    node = row.node
    assert node is not None
    found = sorted({f for f, _ in scene.blamed.by_node.get(node.name, ())})
    cells = [
        tag(
            "th",
            tag("a", shorten(row.name, WIDEST), href=f"#{scene.leaf(node.name)}"),
            scope="row",
            title=node.name,
        ),
        tag("td", operator_name(node)),
        tag("td", row.dims),
        tag("td", row.shape),
    ]
    if row.unknown:
        cells[2] = tag("td", "cost not known", class_="unknown", title=node.reason)
        cells += [tag("td", "–", class_="number", data_v=-1) for _ in range(7 if timed else 6)]
    else:
        work, moved = row.cost.madds, row.bytes
        cells += [
            _number(row.cost.params, count(row.cost.params)),
            _number(work, count(work)),
            _number(work, percent(work / totals[0]) if work and totals[0] else "0"),
            _number(moved, size(moved)),
            _number(moved, percent(moved / totals[1]) if moved and totals[1] else "0"),
            _number(row.intensity, f"{row.intensity:.1f}" if work else "0"),
        ]
        if timed:
            cells.append(_number(row.seconds or 0.0, duration(row.seconds or 0.0)))
    marks = (
        tag(
            "a", f"{MARKS[scene.blamed.findings[f].level]} {scene.blamed.findings[f].code}",
            href=f"#{scene.ident}-f{f}", class_=scene.blamed.findings[f].level,
        )
        for f in found
    )  # fmt: skip
    cells.append(tag("td", *marks, data_v=len(found)))
    if scene.became:
        kind, words = scene.became.get(node.name, Became(""))
        cells.append(tag("td", "" if kind == "same" else words or kind, class_="words"))
    names = [row.name] * (len(row.name) > WIDEST) + [node.name] * (node.name != row.name)
    return tag(
        "tr", *cells, id=f"{scene.ident}-l{number}", data_name=" ".join(names) or None
    )  # fmt: skip


def _number(value: float, text: str) -> Markup:
    return tag(
        "td", text, class_="number", data_v=f"{value:.6g}" if isinstance(value, float) else value
    )
