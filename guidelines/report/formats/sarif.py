"""SARIF 2.1.0 (OASIS, errata 1), within what GitHub's code scanning takes of it."""

from __future__ import annotations

import re
from typing import Any

from costmodel import __version__
from guidelines.report.document import plain, text
from guidelines.report.entries import Described, Entry, advice, described, entries, sentence
from guidelines.report.json_text import dumps
from guidelines.report.locations import Location, lines_of, named, start
from guidelines.report.names import printable
from guidelines.report.report import Failure, Model, Report
from guidelines.report.totals import unknown_types
from guidelines.report.view import View
from guidelines.suppress.suppression import INSIDE

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

ROOT = "%SRCROOT%"
"""What paths are relative to; where that is, the reader knows."""

OWN_LINK = re.compile(r"\[([^\]]*)\]\((?!https?:)[^)]*\)")
"""A link between the pages of the documentation, which lead nowhere from a report."""

LINK = re.compile(r"\[[^\]]*\]\(")
"""What makes a link of a message, which a name could hold."""


def render(report: Report, view: View) -> str:
    """One run, with every rule that was run on any model.

    What is held back is there with ``-v`` only: GitHub would show it as if it were not.
    """
    rules = described(report)
    index = {rule.code: position for position, rule in enumerate(rules)}
    places = _Places()
    told = tuple(entries(report, held=view.verbosity > 0))
    results = [_result(entry, index, places) for entry in told]
    if any(entry.known for entry in told):
        for entry, result in zip(told, results, strict=True):
            result["baselineState"] = "unchanged" if entry.known else "new"
    run = {
        "tool": {
            "driver": {
                "name": "guidelint",
                "semanticVersion": __version__,
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "originalUriBaseIds": {ROOT: {"description": _message("The root of the repository.")}},
        "invocations": [
            {
                "executionSuccessful": not report.errors,
                "toolExecutionNotifications": [
                    *(_failure(failure) for failure in report.errors),
                    *(_unknown(model) for model in report.models if model.unknown),
                ],
            }
        ],
        "logicalLocations": places.told,
        "results": results,
    }
    return dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n"


def _rule(rule: Described) -> dict[str, Any]:
    explained = _braces(OWN_LINK.sub(r"\1", rule.explanation))
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": _message(rule.summary),
        "fullDescription": _message(rule.summary),
        "help": {"text": explained, "markdown": explained},
        "defaultConfiguration": {"level": str(rule.level)},
        "properties": {
            "tags": ["architecture", "performance"],
            "problem.severity": "recommendation" if rule.level == "note" else str(rule.level),
        },
    }


def _result(entry: Entry, index: dict[str, int], places: _Places) -> dict[str, Any]:
    found = entry.found
    others = [line for line in lines_of(entry.model, found) if line != entry.location]
    result: dict[str, Any] = {
        "ruleId": found.code,
        "ruleIndex": index[found.code],
        "level": str(found.level),
        "message": _message("\n".join((sentence(found), *advice(found)))),
        "locations": [
            {
                "physicalLocation": _physical(entry.location),
                "logicalLocations": [places.of(entry.model, name) for name in found.nodes]
                or [places.model(entry.model)],
            }
        ],
        "partialFingerprints": {
            "primaryLocationLineHash": f"{entry.identity}:{entry.number}",
            "guidelintPlaces/v1": entry.identity,
        },
        "rank": round(100 * min(max(found.share, 0.0), 1.0), 2),
        "properties": {
            name: plain(getattr(found, name)) for name in ("value", "bound", "excess_bytes")
        },
    }
    if others:
        result["relatedLocations"] = [
            {"id": number, "physicalLocation": _physical(line)}
            for number, line in enumerate(others[:MOST], 1)
        ]
    if entry.suppression is not None:
        inside = entry.suppression.origin == INSIDE
        reason = _escaped(printable(entry.suppression.reason))
        result["suppressions"] = [
            {"kind": "inSource" if inside else "external", "justification": reason}
        ]
    return result


MOST = 999
"""Further locations of a result: GitHub takes a thousand in all."""


class _Places:
    """The logical locations of a run: models, in them modules, in these nodes; each once."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.known: dict[tuple[str, ...], int] = {}

    def model(self, model: Model) -> dict[str, Any]:
        """A reference to a network."""
        return self._place((named(model),), "module", None)

    def of(self, model: Model, name: str) -> dict[str, Any]:
        """A reference to one of its nodes."""
        parent, path = self.model(model), [named(model)]
        if name not in model.graph:
            return self._place((*path, name), "member", parent)
        node = model.graph.node(name)
        if node.scope:
            path.append(node.scope)
            parent = self._place(tuple(path), "module", parent)
        return self._place((*path, name), "member", parent, opType=text(node.op_type))

    def _place(
        self, path: tuple[str, ...], kind: str, parent: dict[str, Any] | None, **about: str
    ) -> dict[str, Any]:
        full = text("/".join(path))
        key = (kind, *path)
        if key not in self.known:
            self.known[key] = len(self.told)
            told: dict[str, Any] = {"name": text(path[-1]), "fullyQualifiedName": full}
            told |= {"kind": kind} | ({"parentIndex": parent["index"]} if parent else {})
            self.told.append(told | ({"properties": about} if about else {}))
        return {"index": self.known[key], "fullyQualifiedName": full}


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "level": "error",
        "message": _message(printable(failure.message)),
        "locations": [{"physicalLocation": _physical(start(failure))}],
    }


def _unknown(model: Model) -> dict[str, Any]:
    types = unknown_types(model.unknown)
    told = ", ".join(f"{printable(name)} ×{times}" for name, times in types.items())
    number = f"{len(model.unknown)} node{'' if len(model.unknown) == 1 else 's'}"
    return {
        "level": "warning",
        "message": _message(f"the cost of {number} is unknown: {told}"),
        "locations": [{"physicalLocation": _physical(start(model))}],
    }


def _physical(location: Location) -> dict[str, Any]:
    """A line, all of it; of a model's file, which has none, what GitHub asks for."""
    uri = location.uri
    region = {"startLine": location.line}
    if not location.file.endswith(".py"):
        region |= {"startColumn": 1, "endLine": 1, "endColumn": 2}
    base = {} if uri.startswith("file:") else {"uriBaseId": ROOT}
    return {"artifactLocation": {"uri": uri, **base}, "region": region}


def _message(told: str) -> dict[str, str]:
    return {"text": _escaped(told)}


def _escaped(told: str) -> str:
    r"""The text where braces stand for arguments and brackets make links.

    >>> _escaped("{0} [here](https://example.org) [1, 3]")
    '{{0}} \\[here](https://example.org) [1, 3]'
    """
    return LINK.sub(lambda found: "\\" + found.group(), _braces(told))


def _braces(told: str) -> str:
    return told.replace("{", "{{").replace("}", "}}")
