"""A comparison as a page: the verdict, what changed, and both networks beside each other."""

from __future__ import annotations

from guidelines.comparing.comparison import Compared, Comparison
from guidelines.comparing.findings import Judged, Status
from guidelines.report.difference import (
    amount,
    change,
    inputs_told,
    layers_told,
    more,
    place,
    title,
    verdict,
    worse,
)
from guidelines.report.html.findings import rules
from guidelines.report.html.network import Became
from guidelines.report.html.page import page
from guidelines.report.html.panels import mark
from guidelines.report.html.section import section
from guidelines.report.html.tags import Child, Markup, tag
from guidelines.report.layer_rows import rows

LONGEST = 500
"""Rows of layers that changed."""

SPOKEN = {"~": "changed", "+": "added", "-": "removed"}


def document(compared: Compared, *, ascii: bool = False) -> str:
    """The page of a comparison, or of several."""
    several = len(compared.comparisons) > 1
    pairs = {f"d{number}": each for number, each in enumerate(compared.comparisons)}
    failed = (tag("li", tag("strong", e.path), ": ", e.message) for e in compared.errors)
    found = [j.finding for each in pairs.values() for j in each.findings]
    return page(
        f"{compared.about} · guidelint diff",
        [
            _contents(pairs) if several else tag("h1", "Comparison", class_="unseen"),
            tag(
                "section", tag("h2", "Could not be analysed"), tag("ul", *failed), class_="failures"
            )
            if compared.errors
            else None,
            *(_comparison(each, ident) for ident, each in pairs.items()),
            rules(found),
        ],
        ascii=ascii,
    )


def _contents(pairs: dict[str, Comparison]) -> Markup:
    entries = (
        tag("li", tag("a", each.path, href=f"#{ident}"), ": ", verdict(each))
        for ident, each in pairs.items()
    )
    return tag(
        "nav", tag("h1", f"{len(pairs)} models"), tag("ul", *entries), class_="contents",
        aria_label="Models",
    )  # fmt: skip


def _comparison(comparison: Comparison, ident: str) -> Markup:
    base, head = comparison.base, comparison.head
    paths = " → ".join("none" if model is None else model.path for model in (base, head))
    sign, level = ("◆", "error") if comparison.fails else ("✓", "clean")
    told, inputs = verdict(comparison), inputs_told(comparison)
    parts: list[Markup | None] = [
        tag(
            "header",
            tag("h2", paths, id=f"{ident}-title"),
            tag("p", tag("span", sign, class_=f"mark {level}", aria_hidden="true"), " ",
                f"{told[0].upper()}{told[1:]}.", class_=f"sentence {level}"),
            tag("p", f"input {inputs}", class_="facts") if inputs else None,
            class_="verdict",
        )
    ]  # fmt: skip
    if not comparison.same:
        parts += [_totals(comparison), _findings(comparison), _layers(comparison)]
        became = _became(comparison)
        both = base is not None and head is not None
        sides = (
            section(model, f"{ident}{letter}", became=told if both else None)
            for model, letter, told in ((base, "a", became[0]), (head, "b", became[1]))
            if model is not None
        )
        parts.append(tag("div", *sides, class_="beside" if both else None))
    return tag("section", *parts, id=ident, class_="comparison", aria_labelledby=f"{ident}-title")


def _became(comparison: Comparison) -> tuple[dict[str, Became], dict[str, Became]]:
    """What became of each layer of the base, and of the head."""
    matching = comparison.matching
    kept = {node: Became("same") for node in (layer.node.name for layer in matching.base)}
    new = {node: Became("same") for node in (layer.node.name for layer in matching.head)}
    kept |= {matching.base[i].node.name: Became("removed") for i in matching.removed}
    new |= {matching.head[j].node.name: Became("added") for j in matching.added}
    for each in comparison.changes:
        told = Became("changed", "; ".join(each.words))
        kept[each.base.node.name] = new[each.head.node.name] = told
    return kept, new


def _totals(comparison: Comparison) -> Markup:
    totals = list(comparison.totals.values())
    limited = any(total.limit for total in totals)
    heads = ["", "Before", "After", "Change", *(["Limit"] if limited else [])]
    head = (tag("th", name, scope="col", class_="number" if name else None) for name in heads)
    body = []
    for total in totals:
        figures = [amount(total, total.base), amount(total, total.head)]
        over = total.exceeded
        cells = [tag("td", figure, class_="number") for figure in figures]
        cells.append(
            tag(
                "td",
                "◆ " if over else None,
                change(total),
                class_="number worse" if over else "number",
            )
        )
        if limited:
            cells.append(tag("td", total.limit.text if total.limit else "", class_="number"))
        body.append(tag("tr", tag("th", title(total.quantity.key), scope="row"), *cells))
    made = tag("table", tag("thead", tag("tr", *head)), tag("tbody", *body))
    return tag("section", tag("h3", "Totals"), tag("div", made, class_="scroll narrow"))


def _findings(comparison: Comparison) -> Markup | None:
    loud = [each for each in comparison.findings if each.status is not Status.UNCHANGED]
    kept = len(comparison.findings) - len(loud)
    if not loud and not kept:
        return None
    told = f"{kept} finding{' is' if kept == 1 else 's are'} unchanged." if kept else None
    return tag(
        "section", tag("h3", "Findings"),
        tag("ol", *map(_finding, loud), class_="findings") if loud else None,
        tag("p", told, class_="quiet") if told else None,
    )  # fmt: skip


def _finding(judged: Judged) -> Markup:
    found, status = judged.finding, judged.status
    moved = worse(judged)
    head: list[Child] = [
        mark(found), tag("span", status, class_="status"), tag("span", found.code, class_="code"),
        found.name, tag("span", moved, class_="price") if moved else None,
    ]  # fmt: skip
    speaks = status in (Status.NEW, Status.WORSENED)
    return tag(
        "li", tag("h4", *head), tag("p", place(judged), class_="places"),
        tag("p", judged.message) if speaks else None,
        tag("p", judged.remedy, class_="remedy") if speaks and judged.remedy else None,
        class_=found.level if speaks else None,
    )  # fmt: skip


def _layers(comparison: Comparison) -> Markup | None:
    if comparison.base is None or comparison.head is None:
        return None
    found = rows(comparison)
    heads = ("", "Layer", "Operator", "Change", "Madds", "Memory access")
    head = (
        tag("th", name or tag("span", "what became of it", class_="unseen"), scope="col",
            class_="number" if i > 3 else None)
        for i, name in enumerate(heads)
    )  # fmt: skip
    body = (
        tag(
            "tr",
            tag(
                "td", tag("span", row.sign, role="img", aria_label=SPOKEN[row.sign], class_="sign")
            ),
            tag("th", row.where, scope="row"),
            tag("td", row.what),
            tag("td", row.words, class_="words"),
            tag("td", more("madds", row.madds), class_="number"),
            tag("td", more("memory-access", row.moved), class_="number"),
        )
        for row in found[:LONGEST]
    )
    left = len(found) - LONGEST
    made = tag("table", tag("thead", tag("tr", *head)), tag("tbody", *body))
    return tag(
        "section", tag("h3", "Layers"), tag("p", f"{layers_told(comparison)}.", class_="quiet"),
        tag("div", made, class_="scroll") if found else None,
        tag("p", f"and {left} more rows", class_="quiet") if left > 0 else None,
    )  # fmt: skip
