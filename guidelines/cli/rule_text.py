"""Rules as text and as JSON: ``guidelint rule``."""

from __future__ import annotations

from collections.abc import Sequence

from guidelines.report import table
from guidelines.report.json_text import dumps
from guidelines.report.view import View
from guidelines.rule import Rule


def listing(rules: Sequence[Rule], view: View) -> str:
    """A line a rule: code, name, summary."""
    columns = (
        table.Column(title="rule"),
        table.Column(title="name"),
        table.Column(title="summary", shrink=True),
    )
    rows = [(rule.code, rule.name, rule.summary) for rule in rules]
    return "\n".join(table.lines(columns, rows, view)) + "\n"


def explanations(rules: Sequence[Rule]) -> str:
    """Each rule's explanation with its options, as Markdown."""
    return "\n".join(_explained(rule) for rule in rules)


def _explained(rule: Rule) -> str:
    lines = [f"# {rule.code} {rule.name}", "", rule.explanation, "", "**Options**", ""]
    lines += [f"- `{name}` = {value!r}" for name, value in rule.options.items()]
    lines += [f"- `level` = '{rule.level}'"]
    return "\n".join(lines) + "\n"


def as_json(rules: Sequence[Rule]) -> str:
    """The same as JSON."""
    entries = [
        {
            "code": rule.code,
            "name": rule.name,
            "level": str(rule.level),
            "summary": rule.summary,
            "explanation": rule.explanation,
            "options": dict(rule.options),
        }
        for rule in rules
    ]
    return dumps({"schema_version": 1, "rules": entries}) + "\n"
