"""Workflow commands of GitHub, each of which annotates a line of a file in a pull request."""

from __future__ import annotations

from collections.abc import Mapping

from guidelines.finding import Finding, Level
from guidelines.report.entries import ANNOTATION, Entry, advice, entries, sentence
from guidelines.report.locations import Location, start
from guidelines.report.names import printable
from guidelines.report.report import Report
from guidelines.report.view import View

MOST = 10
"""Annotations of a level that GitHub shows of a step; it drops the others without a word."""


def render(report: Report, view: View) -> str:
    """The worst ten of each level, worst first; then how many more there are.

    What could not be analysed comes before all else.
    """
    failures = [
        _command("error", start(e), "guidelint", printable(e.message)) for e in report.errors
    ]
    ranked = sorted(entries(report), key=lambda entry: _rank(entry.found))
    told = {level: [_annotation(e) for e in ranked if e.found.level is level] for level in Level}
    told[Level.ERROR] = failures + told[Level.ERROR]
    room = dict.fromkeys(Level, MOST)
    if any(len(commands) > MOST for commands in told.values()):
        room[Level.NOTE] -= 1  # for the line that says how many more there are
    lines = [line for level in reversed(Level) for line in told[level][: room[level]]]
    left = sum(map(len, told.values())) - len(lines)
    if left:
        lines.append(_command("notice", None, "guidelint", f"{left} more in the summary"))
    return view.finish("".join(f"{line}\n" for line in lines))


def _rank(found: Finding) -> tuple[bool, float, float]:
    """The worst first: what the whole network breaks, then what costs most time or traffic."""
    return bool(found.nodes), -(found.saving.seconds if found.saving else 0), -found.share


def _annotation(entry: Entry) -> str:
    found = entry.found
    title = f"guidelint {found.code}: {found.name}"
    told = "\n".join((sentence(found), *advice(found)))
    return _command(ANNOTATION[found.level], entry.location, title, told)


def _command(kind: str, location: Location | None, title: str, message: str) -> str:
    """A command; nothing that stands in a name ends a part of it.

    >>> _command("error", Location("a,b.onnx", 3), "G101: x", "100%\\n::error::y")
    '::error file=a%2Cb.onnx,line=3,title=G101%3A x::100%25%0A::error::y'
    """
    properties = {"title": printable(title)}
    if location is not None:
        properties = {"file": printable(location.file), "line": str(location.line), **properties}
    return f"::{kind} {_joined(properties)}::{_data(message)}"


def _joined(properties: Mapping[str, str]) -> str:
    return ",".join(
        f"{name}={_data(value).replace(':', '%3A').replace(',', '%2C')}"
        for name, value in properties.items()
    )


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
