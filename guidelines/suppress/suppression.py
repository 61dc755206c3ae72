"""A suppression as a value, and as it is written into a model's metadata.

Inside a file it is one entry of the metadata, a line for each reason::

    guidelint.ignore = "G101:features.0*; G4 -- the image has three channels (until 2027-01-31)"

Rules by code, name or beginning; after a colon the layers, all without one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

KEY = "guidelint.ignore"
"""Of the metadata."""

INSIDE = "the model's metadata"
"""The origin of suppressions that are written in the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """Rules that are not to speak of some layers.

    Args:
        rules: selectors: codes, names or beginnings of codes.
        layer: a glob on a node's name, on its module, or ``op:Conv``; ``*`` for the whole network.
        reason: why; one line.
        expires: the last day on which it holds; None for ever.
        model: a glob on the paths of the models that it is about, "" for all.
        origin: where it is written.
    """

    rules: tuple[str, ...]
    layer: str = "*"
    reason: str = ""
    expires: date | None = None
    model: str = ""
    origin: str = ""

    @property
    def label(self) -> str:
        """``G101:features.0*``, as it is written in a model.

        >>> Suppression(rules=("G101", "G2"), layer="features.0*").label
        'G101:features.0*; G2:features.0*'
        """
        where = "" if self.layer == "*" else f":{self.layer}"
        return "; ".join(f"{rule}{where}" for rule in self.rules)

    @property
    def text(self) -> str:
        """The line of a model's metadata."""
        until = f"(until {self.expires})" if self.expires else ""
        why = " ".join(part for part in (self.reason, until) if part)
        return f"{self.label} -- {why}" if why else self.label


_UNTIL = re.compile(r"\s*\(until (?P<date>\d{4}-\d\d-\d\d)\)$")

FORBIDDEN = (";", "\n", "\r", " -- ")
"""What a glob or a reason that is written into a model cannot hold."""


def of_metadata(text: str) -> tuple[Suppression, ...]:
    """The suppressions that a model's metadata hold, one for each rule and layer.

    >>> [(s.rules, s.layer, s.reason) for s in of_metadata("G101:features.0*; G4 -- the stem")]
    [(('G101',), 'features.0*', 'the stem'), (('G4',), '*', 'the stem')]
    """
    found = []
    for line in text.splitlines():
        entries, _, why = line.partition(" -- ")
        until = _UNTIL.search(why)
        for entry in entries.split(";"):
            rule, _, layer = entry.strip().partition(":")
            if rule.strip():
                found.append(
                    Suppression(
                        rules=(rule.strip(),),
                        layer=layer.strip() or "*",
                        reason=_UNTIL.sub("", why).strip(),
                        expires=_date(until["date"]) if until else None,
                        origin=INSIDE,
                    )
                )
    return tuple(found)


def to_metadata(suppressions: Iterable[Suppression]) -> str:
    """The text of a model's metadata: a line for each reason, ``of_metadata`` reads it back."""
    lines: dict[str, list[str]] = {}
    for each in suppressions:
        why = each.text.partition(" -- ")[2]
        lines.setdefault(why, []).append(each.label)
    return "\n".join(
        "; ".join(labels) + (f" -- {why}" if why else "") for why, labels in lines.items()
    )


def _date(text: str) -> date | None:
    """The day; one that no calendar has is long past."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return date.min
