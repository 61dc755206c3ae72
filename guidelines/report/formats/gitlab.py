"""GitLab's code quality report, which is Code Climate's: a list of issues in files."""

from __future__ import annotations

from typing import Any

from guidelines.report.entries import SEVERITY, Entry, entries, identity, sentence
from guidelines.report.json_text import line
from guidelines.report.locations import Location, named, start
from guidelines.report.names import printable
from guidelines.report.report import Failure, Report
from guidelines.report.view import View


def render(report: Report, view: View) -> str:
    """Every finding, and every file that could not be analysed as a critical issue of its own."""
    issues = [_issue(entry) for entry in entries(report)]
    issues += [_failure(failure) for failure in report.errors]
    return "[\n" + ",\n".join(f"  {line(issue)}" for issue in issues) + "\n]\n"


def _issue(entry: Entry) -> dict[str, Any]:
    found = entry.found
    return {
        "description": f"{found.code} {found.name}: {sentence(found)}",
        "check_name": f"guidelint/{found.code}",
        "fingerprint": entry.fingerprint,
        "severity": SEVERITY[found.level],
        "location": _location(entry.location),
    }


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "description": printable(failure.message),
        "check_name": "guidelint/failure",
        "fingerprint": identity("failure", named(failure)),
        "severity": "critical",
        "location": _location(start(failure)),
    }


def _location(location: Location) -> dict[str, Any]:
    return {"path": printable(location.file), "lines": {"begin": location.line}}
