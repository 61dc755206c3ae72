"""What is found of suppressions themselves: unused, of no rule, without a reason, expired."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

from guidelines.finding import Breach, Finding
from guidelines.merge import merged
from guidelines.rule import RULES
from guidelines.selector import codes, unknown
from guidelines.suppress.stage import Suppressed, in_force
from guidelines.suppress.suppression import INSIDE, Suppression

UNUSED, UNKNOWN, NO_REASON, EXPIRED = "S001", "S002", "S003", "S004"


def unheeded(suppressions: Iterable[Suppression], today: date | None) -> tuple[Finding, ...]:
    """What is wrong with suppressions whatever they hold back.

    Args:
        suppressions: as they are written.
        today: the day that decides whether one has expired; None where time does not pass.
    """
    found = []
    for each in suppressions:
        if today is not None and each.expires is not None and today > each.expires:
            why = f": {each.reason}" if each.reason else ""
            day = (
                "on a day that no calendar has"
                if each.expires == date.min
                else f"on {each.expires}"
            )
            found.append(_finding(EXPIRED, each, f"expired {day}{why}"))
        elif not each.reason:
            remedy = "say why, so that somebody can tell when it is no longer needed"
            found.append(_finding(NO_REASON, each, "gives no reason", remedy))
        for rule in each.rules:
            if not codes(rule, RULES):
                found.append(_finding(UNKNOWN, each, f"names an {unknown(rule, RULES)}"))
    return tuple(found)


def unused(
    suppressions: Iterable[Suppression], gone: Iterable[Suppressed], today: date | None,
    ran: Collection[str],
) -> tuple[Finding, ...]:  # fmt: skip
    """The suppressions that are in force and hold nothing back.

    Args:
        suppressions: those about the networks that were looked at.
        gone: what they held back there.
        today: as for ``in_force``.
        ran: codes of the rules that were run: of others nothing could be found.
    """
    needed = {each.by for each in gone}
    found = []
    for each in in_force(suppressions, today):
        meant = {code for rule in each.rules for code in codes(rule, RULES)}
        if each not in needed and not meant.isdisjoint(ran):
            found.append(_finding(UNUSED, each, "holds nothing back", "take it out"))
    return tuple(found)


def _finding(code: str, about: Suppression, message: str, remedy: str = "") -> Finding:
    inside = about.origin == INSIDE
    if inside and remedy == "take it out":
        layer = "" if about.layer == "*" else f" --layer '{about.layer}'"
        remedy = f"guidelint suppress MODEL {','.join(about.rules)}{layer} --remove"
    where = f" ({about.origin})" if about.origin else ""
    breach = Breach(
        nodes=(), kind="", value=1.0, bound=0.0, message=f"the suppression{where} {message}",
        remedy=remedy, excess_bytes=0, label=about.label,
    )  # fmt: skip
    rule = RULES[code]
    return merged(code, rule.name, rule.level, [breach])
