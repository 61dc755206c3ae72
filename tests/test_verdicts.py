"""Every network of the literature against the four guidelines, at default settings."""

from __future__ import annotations

import pytest
from verdicts import GUIDELINES, VERDICTS, Verdict, found

from costmodel import networks

EACH = pytest.mark.parametrize(
    ("index", "verdict"), list(enumerate(VERDICTS)), ids=[verdict.title for verdict in VERDICTS]
)


@EACH
def test_the_rules_find_what_the_table_says(index: int, verdict: Verdict) -> None:
    assert {finding.code[:2] for finding in found(index)} == set(verdict.breaks)


@EACH
def test_the_table_says_what_the_paper_says(index: int, verdict: Verdict) -> None:
    """What is charged is found, what is cleared is not, and each guideline is judged once."""
    assert set(verdict.charged) <= set(verdict.breaks)
    assert set(verdict.cleared).isdisjoint(verdict.breaks)
    assert {*verdict.breaks, *verdict.cleared} <= set(GUIDELINES)


def test_every_family_has_a_verdict() -> None:
    judged = {getattr(networks, verdict.network).__module__ for verdict in VERDICTS}
    assert judged == {getattr(networks, name).__module__ for name in networks.__all__}
