"""The findings as a list that links to boxes, and what the rules behind them say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from guidelines.finding import Finding
from guidelines.report.html.network import Scene
from guidelines.report.html.panels import mark, price
from guidelines.report.html.tags import Markup, join, tag
from guidelines.rule import RULES

PLACES = 6
"""Places that are named before the rest is folded."""


def findings(scene: Scene) -> Markup:
    """The list, in the order of the report."""
    found = scene.model.findings
    if found is None:
        return tag("p", "No rule was run.", class_="quiet")
    entries = [_finding(scene, each, number) for number, each in enumerate(found)]
    if not found:
        entries = [tag("li", "No rule found anything.")]
    left = ", ".join(dict.fromkeys(each.code for each in scene.model.unsaved))
    told = f"Left out, as no remedy is sure to save time on this device: {left}." if left else None
    return join((
        tag("ol", *entries, class_="findings"),
        tag("p", told, class_="quiet") if told else None,
        _held_back(scene),
    ))  # fmt: skip


def _held_back(scene: Scene) -> Markup | None:
    """What a baseline or a suppression keeps out of the list, and why."""
    held = [(found, "in the baseline") for found in scene.model.known]
    held += [
        (each.finding, f"suppressed: {each.by.reason or 'without a reason'}")
        for each in scene.model.suppressed
    ]
    if not held:
        return None
    entries = (
        tag(
            "li",
            tag("span", found.code, class_="code"),
            f" {found.where if found.places else 'the whole network'}, {why}",
        )
        for found, why in held
    )
    return tag(
        "details", tag("summary", f"{len(held)} held back"), tag("ul", *entries), class_="quiet"
    )


def _finding(scene: Scene, found: Finding, number: int) -> Markup:
    advices = (found.remedy, found.saving.change if found.saving else "")
    known = found.code in RULES
    code = tag("a", found.code, href=f"#rule-{found.code}") if known else tag("span", found.code)
    what = "saved by the remedies" if found.saving is not None else "of the fused memory access"
    head = tag(
        "h4", mark(found), " ", tag("span", code, class_="code"), " ", found.name,
        tag("span", price(found), tag("small", what), class_="price") if price(found) else None,
    )  # fmt: skip
    return tag(
        "li", head,
        tag("p", found.message),
        *(tag("p", advice, class_="remedy") for advice in advices if advice),
        _places(scene, found),
        id=f"{scene.ident}-f{number}", class_=found.level,
    )  # fmt: skip


def _places(scene: Scene, found: Finding) -> Markup:
    """Each place, with a link to what is drawn of it and the line of Python that built it."""
    told: dict[tuple[str, str, str], int] = {}
    for part in found.parts:
        line = next((scene.model.lines[n] for n in part.nodes if n in scene.model.lines), "")
        # What is spread over the network has no box of its own: its first node stands for it.
        at = scene.around(part.nodes) or scene.around(part.nodes[:1])
        key = (part.label or "the whole network", at, str(line))
        told[key] = told.get(key, 0) + 1
    entries = [
        tag(
            "li",
            tag("a", label, href=f"#{at}") if at else label,
            tag("small", f" ×{times}") if times > 1 else None,
            tag("code", line) if line else None,
        )
        for (label, at, line), times in told.items()
    ]
    shown = tag("ul", *entries[:PLACES], class_="places", aria_label="Places")
    if len(entries) <= PLACES:
        return shown
    rest = tag("summary", f"{len(entries) - PLACES} more places")
    return join((shown, tag("details", rest, tag("ul", *entries[PLACES:], class_="places"))))


def rules(found: Iterable[Finding]) -> Markup | None:
    """What the rules that found something say of themselves; None where none did."""
    codes = sorted({each.code for each in found if each.code in RULES})
    if not codes:
        return None
    entries = (
        tag(
            "details",
            tag(
                "summary",
                tag("span", code, class_="code"),
                f" {RULES[code].name}: {RULES[code].summary}",
            ),
            *_explained(RULES[code].explanation.partition("\n")[2]),
            id=f"rule-{code}",
        )
        for code in codes
    )
    return tag("section", tag("h2", "Rules"), *entries, id="rules", class_="rules")


def _explained(text: str) -> Iterator[Markup]:
    """Paragraphs; indented ones are formulas, ``**Why**`` is a heading."""
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        lines = block.splitlines()
        if block.startswith("**"):
            yield tag("h3", block.strip("*"))
        elif all(line.startswith("    ") for line in lines):
            yield tag("p", " ".join(map(str.strip, lines)), class_="formula")
        else:
            words = re.split(r"``(.+?)``", " ".join(map(str.strip, lines)))
            yield tag("p", *(tag("code", w) if i % 2 else w for i, w in enumerate(words)))
