"""What every format for machines tells of a finding: its identity, its place, its words."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from guidelines.finding import Finding, Level
from guidelines.report.locations import Location, location, named
from guidelines.report.names import printable
from guidelines.report.report import Model, Report

if TYPE_CHECKING:
    from guidelines.rule import Rule
    from guidelines.suppress import Suppression

ANNOTATION = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}
"""What GitHub calls a level."""

SEVERITY = {Level.ERROR: "major", Level.WARNING: "minor", Level.NOTE: "info"}
"""What Code Climate, and GitLab after it, call a level; SARIF has our own words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A finding in its report.

    Args:
        model: in which it was found.
        found: the finding.
        location: the line that it points at.
        identity: the same from run to run, of 16 hexadecimal digits; no other finding of the
            report has the same identity and number.
        number: counts findings of one identity, from 1.
        suppression: what holds it back, if anything does.
        known: whether the baseline holds it back.
    """

    model: Model
    found: Finding
    location: Location
    identity: str
    number: int
    suppression: Suppression | None = None
    known: bool = False

    @property
    def fingerprint(self) -> str:
        """What no other finding of the report has."""
        return self.identity if self.number == 1 else f"{self.identity}-{self.number}"


def identity(*parts: str) -> str:
    """16 hexadecimal digits that stand for these words."""
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def entries(report: Report, *, held: bool = False) -> Iterator[Entry]:
    """The findings of every network, dearest first within each.

    Args:
        report: what a run found.
        held: whether to tell of those that are held back too, after the others.
    """
    seen: Counter[str] = Counter()
    for model in report.models:
        for found, suppression, known in _told(model, held):
            called = identity(named(model), found.fingerprint)
            seen[called] += 1
            yield Entry(
                model=model, found=found, location=location(model, found), identity=called,
                number=seen[called], suppression=suppression, known=known,
            )  # fmt: skip


def _told(model: Model, held: bool) -> Iterator[tuple[Finding, Suppression | None, bool]]:
    yield from ((found, None, False) for found in model.findings or ())
    if held:
        yield from ((each.finding, each.by, False) for each in model.suppressed)
        yield from ((found, None, True) for found in model.known)


def where(found: Finding) -> str:
    """The places of a finding, in a few words."""
    return printable(found.where) if any(found.places) else "the whole network"


def sentence(found: Finding) -> str:
    """Where and what is wrong, on one line."""
    return f"{where(found)}: {printable(found.message)}"


def advice(found: Finding) -> tuple[str, ...]:
    """What to do about it: the remedy, and what it comes to on the device."""
    change = found.saving.change if found.saving else ""
    return tuple(f"→ {printable(each)}" for each in (found.remedy, change) if each)


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What a report says of a rule.

    Args:
        code, name: of the rule.
        level: of its findings, unless they are told another.
        summary: one sentence.
        explanation: Markdown, which begins with the summary.
    """

    code: str
    name: str
    level: Level
    summary: str
    explanation: str


def described(report: Report) -> tuple[Described, ...]:
    """The rules that were run on any network, and whatever else made a finding, by code.

    Budgets and the like, which are declared and not run, are told of where they made one.
    """
    told: dict[str, Described] = {}
    for model in report.models:
        found = {each.code: each for each, *_ in _told(model, held=True)}
        for rule in model.rules:
            if rule.code in found or not rule.sentence:
                told.setdefault(rule.code, _of_rule(rule))
        for code, each in found.items():
            told.setdefault(code, _of_finding(each))
    return tuple(told[code] for code in sorted(told))


def _of_rule(rule: Rule) -> Described:
    return Described(
        code=rule.code, name=rule.name, level=rule.level, summary=rule.summary,
        explanation=rule.explanation,
    )  # fmt: skip


def _of_finding(found: Finding) -> Described:
    """Of a finding without its rule, as a report built by hand may have it."""
    summary = f"{found.name.replace('-', ' ').capitalize()}."
    return Described(
        code=found.code, name=found.name, level=found.level, summary=summary, explanation=summary
    )
