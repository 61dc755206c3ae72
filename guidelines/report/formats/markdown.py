"""Markdown for a job's summary, or for a comment on a pull request."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from guidelines.quantity import count, duration, size
from guidelines.report.entries import Entry, advice, entries, where
from guidelines.report.formats.full import prices, summary
from guidelines.report.heading import CONVENTIONS
from guidelines.report.locations import Location, named, start
from guidelines.report.markdown_text import code, fitting, prose
from guidelines.report.report import Failure, Model, Report
from guidelines.report.totals import unknown_types
from guidelines.report.view import View

if TYPE_CHECKING:
    from guidelines.budget import Budget

LIMIT = 65_536
"""Bytes of all: GitHub takes comments of as many characters, and summaries of a mebibyte."""

FRAME = 600
"""Bytes kept for what stands around the findings: the convention, tables' heads, what is left."""

SHOWN = 10
"""Findings of a network that are shown before the rest is folded."""

FEW = 20
"""Operator types, and files that could not be analysed, that are named."""

HEAD = ("| price | finding |", "|--:|---|")


def render(report: Report, view: View) -> str:
    """The verdict, then each network with its totals and its findings, dearest first.

    Above stands a comment that a job can find again, to write a new verdict in its place. Of
    several networks those without findings are folded.
    """
    verdict = summary(report, View()).splitlines()[0]
    lines = [_marker(report), f"**guidelint · {verdict}**", *_failures(report.errors)]
    by_model = {key: list(e) for key, e in groupby(entries(report), key=lambda e: id(e.model))}
    alone = len(report.models) == 1
    quiet = [model for model in report.models if not (model.findings or alone)]
    hidden = unlisted = 0
    for model in report.models:
        if not (model.findings or alone):
            continue
        found, head = by_model.get(id(model), []), _heading(model)
        room = LIMIT - FRAME - _bytes(lines)
        if _bytes(head) > room:
            unlisted += 1
            hidden += len(found)
            continue
        rows = [_row(entry) for entry in found]
        rows = rows[: fitting(rows, room - _bytes(head))]
        hidden += len(found) - len(rows)
        lines += [*head, *_table(rows)]
    clean = _clean(quiet)
    shown = fitting(clean, LIMIT - FRAME - _bytes(lines))
    unlisted += len(clean) - shown
    told = f"{len(quiet)} model{'' if len(quiet) == 1 else 's'} without findings"
    lines += _folded(told, clean[:shown]) if shown > 2 else []  # below the head
    left = [f"{n} more {what}" for n, what in ((hidden, "findings"), (unlisted, "models")) if n]
    lines += ["", f"{' and '.join(left)} are left out: comments have a limit."] if left else []
    lines += ["", f"<sub>{prose(CONVENTIONS)}</sub>"] if report.models else []
    return view.finish("\n".join(lines) + "\n")


def _bytes(lines: Sequence[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


def _marker(report: Report) -> str:
    """It names the model, or the folder in which all of them are."""
    paths = [named(told) for told in report.models] + [named(told) for told in report.errors]
    try:
        common = os.path.commonpath(paths)
    except ValueError:  # none at all, or relative and absolute ones
        common = ""
    return f"<!-- guidelint:{Location(common or '.').uri} -->"


def _failures(errors: Sequence[Failure]) -> list[str]:
    lines = [f"- {code(named(e))}: {prose(e.message)}" for e in errors[:FEW]]
    lines = lines[: fitting(lines, LIMIT // 2)]
    left = len(errors) - len(lines)
    return ["", *lines, *([f"- {left} more could not be analysed"] if left else [])] * bool(errors)


def _heading(model: Model) -> list[str]:
    """The network and its totals."""
    lines = ["", code(named(model)), "", *_totals(model)]
    if model.unknown:
        types = list(unknown_types(model.unknown).items())
        told = [f"{code(name)} ×{times}" for name, times in types[:FEW]]
        told += [f"{len(types) - FEW} more types"] if len(types) > FEW else []
        known = len(model.graph) - len(model.unknown)
        costed = f"{known} of {len(model.graph)} nodes costed; unknown: "
        lines += ["", costed + ", ".join(told)]
    held = {"suppressed": len(model.suppressed), "in the baseline": len(model.known)}
    back = ", ".join(f"{number} {what}" for what, number in held.items() if number)
    return [*lines, *(["", f"Held back: {back}."] if back else [])]


def _totals(model: Model) -> list[str]:
    """What the network costs, and below it what it may cost, where budgets say so."""
    limits = {each.subject.quantity.key: each for each in model.budgets if _of_whole(each, model)}
    columns = _columns(model, limits)
    titles, told, texts = zip(*columns, strict=True)
    if not limits:
        return [_cells(titles), f"|{'--:|' * len(columns)}", _cells(told)]
    head = [_cells(["", *titles]), f"|---|{'--:|' * len(columns)}"]
    return [*head, _cells(["now", *told]), _cells(["budget", *texts])]


def _columns(model: Model, limits: Mapping[str, Budget]) -> list[tuple[str, str, str]]:
    """A title, an amount, and what it may be, by the keys of budgets."""
    totals, prediction = model.totals, model.prediction
    amounts: dict[str, tuple[str, Any, Callable[[Any], str]]] = {
        "params": ("params", totals.params, count),
        "weights": ("weights", totals.weight_bytes, size),
        "madds": ("madds", totals.madds, count),
        "flops": ("flops", totals.flops, count),
        "memory-access": ("memory access", totals.memory_access_bytes, size),
        "fused-memory-access": ("when fused", totals.fused_memory_access_bytes, size),
        "peak-activation": ("peak activations", totals.peak_activation_bytes, size),
    }
    if prediction is not None:
        amounts["time"] = (f"time on {prose(prediction.device)}", prediction.seconds, duration)
    columns = []
    for key, (title, amount, shown) in amounts.items():
        if key not in limits and key in ("weights", "flops"):
            continue
        least = "≥ " if model.unknown and key not in ("params", "weights") else ""
        told, limit = least + shown(amount), limits.get(key)
        over = limit is not None and amount > limit.limit
        text = "" if limit is None else prose(limit.text)
        columns.append((title, f"**{told}**" if over else told, text))
    return columns


def _of_whole(budget: Budget, model: Model) -> bool:
    """Whether a budget is about the whole network, and its time about this device."""
    subject, prediction = budget.subject, model.prediction
    here = "" if prediction is None else prediction.device
    return not subject.glob and (subject.device is None or subject.device.name == here)


def _clean(models: Sequence[Model]) -> list[str]:
    """A table of networks without findings, its head first."""
    rows = [(code(named(model)), _columns(model, {})) for model in models]
    if not rows:
        return []
    titles = [title for title, *_ in rows[0][1]]
    head = [_cells(["model", *titles]), f"|---|{'--:|' * len(titles)}"]
    return head + [_cells([name, *(told for _, told, _ in columns)]) for name, columns in rows]


def _table(rows: Sequence[str]) -> list[str]:
    """The first findings, and the others where they open with a click."""
    lines = ["", *HEAD, *rows[:SHOWN]] if rows else []
    rest = rows[SHOWN:]
    told = f"{len(rest)} more finding{'' if len(rest) == 1 else 's'}"
    return lines + (_folded(told, [*HEAD, *rest]) if rest else [])


def _folded(told: str, lines: Sequence[str]) -> list[str]:
    return ["", f"<details><summary>{told}</summary>", "", *lines, "", "</details>"]


def _cells(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _row(entry: Entry) -> str:
    found = entry.found
    place = code(where(found)) if any(found.places) else where(found)
    if entry.location != start(entry.model):
        place += f", {code(str(entry.location))}"
    told = [
        f"**{found.code} {prose(found.name)}** · {found.level} · {place}",
        prose(found.message), *map(prose, advice(found)),
    ]  # fmt: skip
    return _cells(["<br>".join(map(prose, prices(found))), "<br>".join(told)])
