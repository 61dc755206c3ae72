"""guidelint against fvcore and torch: one network, counted operator by operator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from costmodel.errors import ModelError
from guidelines.witness.conventions import WITNESSES, Call, activations, convention

if TYPE_CHECKING:
    import torch

MOST_PLACES = 3


@dataclass(frozen=True, slots=True)
class Row:
    """What three counters say of one operator, or of the whole network.

    Args:
        name: the operator of torch, or what else is counted.
        ours, fvcore, torch: their numbers; None where a counter does not count such.
        why: what the others count otherwise, and first of all what nothing explains.
        explained: whether the conventions predict the numbers of the others exactly.
    """

    name: str
    ours: int
    fvcore: int
    torch: int | None
    why: tuple[str, ...] = ()
    explained: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """A network in the eyes of three counters.

    Args:
        madds: by operator, the largest first, without those that nobody counts anything for.
        params: learned elements.
        activations: elements that products and convolutions write.
    """

    madds: tuple[Row, ...]
    params: Row
    activations: Row

    @property
    def explained(self) -> bool:
        """Whether every difference is."""
        return all(row.explained for row in (*self.madds, self.params, self.activations))


def verify(module: torch.nn.Module, example_inputs: Any) -> Verdict:
    """Count a network with guidelint, torch and fvcore, and explain where they differ.

    Args:
        module: it is run once or twice, by fvcore.
        example_inputs: as :func:`costmodel.read` takes them.

    Raises:
        ModelError: one of them cannot read the network, or fvcore is not installed.
    """
    try:
        from costmodel.frontends.torch import export
        from guidelines.witness.counters import by_fvcore, calls, unused
    except ImportError as error:
        raise ModelError(
            f"expected PyTorch and fvcore, found {error}; pip install 'guidelint[verify]'"
        ) from error
    exported = export(module, example_inputs)
    graph = exported.graph()
    seen = by_fvcore(module, example_inputs)
    made = list(calls(exported, graph))
    return Verdict(
        madds=tuple(_operators(made, seen.flops)),
        params=_params(graph.cost.params, seen.params, module, unused(module, exported)),
        activations=_activations(made, seen.activations),
    )


def _operators(made: Sequence[Call], flops: Mapping[str, Counter[str]]) -> list[Row]:
    rows = []
    for name in {call.operator for call in made}.union(*flops.values()):
        among = [call for call in made if call.operator == name]
        by_fvcore = _by_scope((path, own[name]) for path, own in flops.items())
        by_torch = _by_scope((call.scope, call.torch) for call in among)
        ours = sum(call.madds for call in among)
        if not (ours or any(by_fvcore.values()) or any(by_torch.values())):
            continue
        open_ = []
        for witness, found in zip(WITNESSES, (by_fvcore, by_torch), strict=True):
            expected = _by_scope((call.scope, convention(witness, call)[1]) for call in among)
            open_ += _unexplained(witness, expected, found)
        why = dict.fromkeys(reason for call in among for reason in _reasons(call))
        rows.append(Row(name, ours, by_fvcore.total(), by_torch.total(), (*open_, *why), not open_))
    return sorted(rows, key=lambda row: (-max(row.ours, row.fvcore), row.name))


def _reasons(call: Call) -> list[str]:
    """Why the others count a call otherwise."""
    said = []
    for witness in WITNESSES:
        rule, number = convention(witness, call)
        if number != call.executed:
            said.append(f"{witness}: {rule.theirs}; guidelint: {rule.ours}")
    if call.folded:
        said.append("products of constants run once, before the network: guidelint leaves them out")
    return said


def _params(ours: int, fvcore: int, module: torch.nn.Module, idle: int) -> Row:
    torch = sum(parameter.numel() for parameter in module.parameters())
    why = (f"no output depends on {idle:,} of them, which guidelint leaves out",) * bool(idle)
    explained = ours + idle == fvcore == torch
    if not explained:
        why = (f"unexplained: guidelint counts {ours:,}, expected {torch - idle:,}", *why)
    return Row("params", ours, fvcore, torch, why, explained)


def _activations(made: Sequence[Call], counts: Mapping[str, Counter[str]]) -> Row:
    ours = _by_scope((call.scope, activations(call)) for call in made)
    theirs = _by_scope((path, own.total()) for path, own in counts.items())
    open_ = _unexplained("fvcore", ours, theirs)
    return Row("activations", ours.total(), theirs.total(), None, tuple(open_), not open_)


def _by_scope(pairs: Iterable[tuple[str, int]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for scope, number in pairs:
        counts[scope] += number
    return counts


def _unexplained(witness: str, expected: Counter[str], found: Counter[str]) -> list[str]:
    """What the conventions do not explain, with the modules where that is; [] if they do."""
    if expected.total() == found.total():
        return []
    places = [s or "the network itself" for s in {**expected, **found} if expected[s] != found[s]]
    more = f" and {len(places) - MOST_PLACES} more" if len(places) > MOST_PLACES else ""
    return [
        f"unexplained: {witness} counts {found.total():,}, expected {expected.total():,}; "
        f"at {', '.join(places[:MOST_PLACES])}{more}"
    ]
