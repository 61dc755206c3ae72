"""Which findings are known: a step between finding and reporting."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

from costmodel.graph import Graph
from guidelines.baseline.entry import Entry, entries
from guidelines.finding import Breach, Finding
from guidelines.merge import merged, remade, split
from guidelines.quantity import percent
from guidelines.rule import RULES

STALE = "S005"

TOLERANCE = 0.01
"""Share by which a value may grow before the finding is reported again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a baseline knows of one model.

    Args:
        entries: of this model.
        model: what the baseline calls it.
        tolerance: share by which a value may grow.
    """

    entries: tuple[Entry, ...] = ()
    model: str = ""
    tolerance: float = TOLERANCE

    def most(self, entry: Entry) -> float:
        """The largest value that is no worse than an entry's."""
        return entry.value + abs(entry.value) * self.tolerance


@dataclass(frozen=True, slots=True)
class Compared:
    """Findings beside a baseline.

    Args:
        left: those that are new, or worse than the baseline says.
        known: those that it holds back.
        stale: entries that nothing was found for.
    """

    left: tuple[Finding, ...]
    known: tuple[Finding, ...]
    stale: tuple[Entry, ...]


def compare(
    graph: Graph, findings: Iterable[Finding], known: Known, ran: Collection[str]
) -> Compared:
    """Hold back what the baseline knows, place by place.

    An entry is for a place of the same rule, name and dimensions, else of the same name, else of
    the same dimensions, so that new names alone report nothing. A value may be as large as the
    entry's, and by the tolerance larger.

    Args:
        graph: the network.
        findings: what was found in it.
        known: what the baseline knows of it.
        ran: codes of the rules that were run: of others nothing could be found.
    """
    listed = list(findings)
    today = entries(graph, listed, known.model)
    pairs = _pairs(today, known)
    left, held, at = [], [], 0
    for found in listed:
        own = range(at, at := at + len(found.parts))
        told = remade(
            found,
            [
                _worse(breach, known.entries[pairs[i].entry])
                if i in pairs and not pairs[i].known
                else breach
                for i, breach in zip(own, found.parts, strict=True)
            ],
        )
        rest, taken = split(told, {n for n, i in enumerate(own) if i in pairs and pairs[i].known})
        left += [rest] if rest is not None else []
        held += [taken] if taken is not None else []
    answered = {pair.entry for pair in pairs.values()}
    stale = tuple(
        entry for at, entry in enumerate(known.entries) if at not in answered and entry.rule in ran
    )
    return Compared(tuple(left), tuple(held), stale)


@dataclass(frozen=True, slots=True)
class _Pair:
    """The position of the entry that a place has, and whether it is no worse."""

    entry: int
    known: bool


def _pairs(today: Sequence[Entry], known: Known) -> dict[int, _Pair]:
    """By position, what each place has in the baseline.

    Of several places of one name the worst takes the worst entry, if that suffices for it.
    """
    found: dict[int, _Pair] = {}
    for key in _KEYS:
        kept = {pair.entry for pair in found.values()}
        places = _grouped(today, key, without=found)
        listed = _grouped(known.entries, key, without=kept)
        for name, here in places.items():
            there = listed.get(name, [])
            for i in list(here):
                if there and today[i].value <= known.most(known.entries[there[0]]):
                    found[i] = _Pair(there.pop(0), known=True)
                    here.remove(i)
            found |= {i: _Pair(j, known=False) for i, j in zip(here, there, strict=False)}
    return found


_KEYS: tuple[Callable[[Entry], Hashable], ...] = (
    lambda entry: (entry.rule, entry.layer, entry.what),
    lambda entry: (entry.rule, entry.layer),
    lambda entry: (entry.rule, entry.what) if entry.what else None,
)
"""What places and entries have in common, the closest first; None for nothing."""


def _grouped(
    listed: Sequence[Entry], key: Callable[[Entry], Hashable], without: Collection[int]
) -> dict[Hashable, list[int]]:
    """Positions by key, the largest values first."""
    groups: dict[Hashable, list[int]] = {}
    for at in sorted(range(len(listed)), key=lambda at: -listed[at].value):
        if at not in without and key(listed[at]) is not None:
            groups.setdefault(key(listed[at]), []).append(at)
    return groups


def _worse(breach: Breach, was: Entry) -> Breach:
    """The breach, which says that it was less."""
    far = f"{percent(breach.value / was.value - 1)} " if was.value > 0 else ""
    return replace(breach, message=f"{breach.message}; {far}more than in the baseline")


def stale(entries: Sequence[Entry]) -> tuple[Finding, ...]:
    """One finding of the entries that nothing was found for; none without any."""
    if not entries:
        return ()
    number = "an entry" if len(entries) == 1 else f"{len(entries)} entries"
    breaches = [
        Breach(
            nodes=(), kind="", value=1.0, bound=0.0, excess_bytes=0,
            message=f"{number} of the baseline stand for what is no longer found",
            remedy="guidelint baseline prune", label=f"{entry.rule} {entry.layer}".rstrip(),
        )
        for entry in entries
    ]  # fmt: skip
    rule = RULES[STALE]
    return (merged(STALE, rule.name, rule.level, breaches),)
