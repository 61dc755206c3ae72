"""Findings proved: each site as it is and as advised, run in turn, and what the times say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from costmodel.errors import ModelError
from costmodel.graph import Graph
from costmodel.tensor import INTEGERS
from guidelines.finding import Finding, Saving
from guidelines.measuring.clock import Ratio, Run, Times, in_turn, ratio
from guidelines.measuring.counts import agree
from guidelines.remedy import NotBuilt, Price, Remedy, Site, sites

Verdict = Literal["proved", "refuted", "within noise", "not built"]

Standing = Literal["shown", "left out", "searched"]
"""Of a finding: whether check shows it, leaves it out on the device as it predicts no sure saving
there, or no rule reports it, and a search found what would be saved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A site that ran.

    Args:
        remedy: what was changed.
        before, after: times of the two.
        again: of the first, made and run once more.
        predicted: what a device's profile says that it saves.
        counted: whether fvcore counts the same multiply-adds; None where it cannot.
    """

    remedy: Remedy
    before: Times
    after: Times
    again: Times
    predicted: Saving | None = None
    counted: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A finding, its sites that ran, and those for which there was nothing to run.

    Args:
        finding: what was found.
        trials, missing: its sites.
        standing: whether check shows it.
    """

    finding: Finding
    trials: tuple[Trial, ...]
    missing: tuple[NotBuilt, ...]
    standing: Standing = "shown"

    @property
    def verdict(self) -> Verdict:
        """Of all its sites together."""
        return verdict(self.trials)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """A network with its proofs."""

    path: str
    proofs: tuple[Proof, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Some networks with their proofs.

    Args:
        networks: in the order in which they were given.
        origin: where the times come from.
        device: whose profile chose the remedies and predicted; "" without one.
        search: whether remedies were searched that no rule reports.
    """

    networks: tuple[Proved, ...]
    origin: Mapping[str, str]
    device: str = ""
    search: bool = False

    @property
    def all(self) -> tuple[Proof, ...]:
        """Of all networks."""
        return tuple(proof for network in self.networks for proof in network.proofs)

    def standing(self, standing: Standing) -> tuple[Proof, ...]:
        """Those of that standing."""
        return tuple(proof for proof in self.all if proof.standing == standing)

    @property
    def proofs(self) -> tuple[Proof, ...]:
        """Of the findings that check shows."""
        return self.standing("shown")

    @property
    def left_out(self) -> tuple[Proof, ...]:
        """Of those that it leaves out on the device."""
        return self.standing("left out")

    @property
    def searched(self) -> tuple[Proof, ...]:
        """Of what a search found that no rule reports."""
        return self.standing("searched")

    @property
    def failed(self) -> bool:
        """Whether anything that was built did not run."""
        return any(site.failed for proof in self.all for site in proof.missing)

    @property
    def codes(self) -> tuple[str, ...]:
        """The rules that found something."""
        return tuple(sorted({proof.finding.code for proof in self.all}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What proofs need of the world around.

    Args:
        runner: makes a call that runs a network once.
        clock: seconds.
        rounds: how often each network is timed.
        price: chooses between remedies.
        saving: what a device's profile predicts; None without a device.
        count: multiply-adds by other means; None where there are none.
    """

    runner: Callable[[Graph], Run]
    clock: Callable[[], float]
    rounds: int
    price: Price
    saving: Callable[[Graph, Graph], Saving] | None = None
    count: Callable[[Graph], int] | None = None


def prove(
    graph: Graph, findings: Sequence[Finding], bench: Bench, *, standing: Standing = "shown",
    tell: Callable[[str], None] = lambda text: None,
) -> Iterator[Proof]:  # fmt: skip
    """Build, count and time every site of every finding.

    Args:
        graph: the network.
        findings: what was found in it.
        bench: what runs, counts and predicts.
        standing: of these findings.
        tell: called with each site.
    """
    for finding in findings:
        found = sites(graph, finding, bench.price)
        yield proof(graph, finding, found, bench, standing=standing, tell=tell)


def proof(
    graph: Graph, finding: Finding, found: Iterable[Site], bench: Bench, *,
    standing: Standing = "shown", tell: Callable[[str], None] = lambda text: None,
) -> Proof:  # fmt: skip
    """Build, count and time the sites of a finding."""
    trials: list[Trial] = []
    missing: list[NotBuilt] = []
    for site in found:
        tell(f"{finding.code} at {graph.node(site.nodes[0]).label}")
        if isinstance(site, NotBuilt):
            missing.append(site)
        elif reason := unfit(site.before) or unfit(site.after):
            missing.append(NotBuilt(nodes=site.nodes, reason=reason))
        else:
            try:
                trials.append(_tried(site, bench))
            except ModelError as error:
                missing.append(NotBuilt(nodes=site.nodes, reason=str(error), failed=True))
    return Proof(
        finding=finding, trials=tuple(trials), missing=tuple(missing), standing=standing
    )  # fmt: skip


def _tried(site: Remedy, bench: Bench) -> Trial:
    runs = [bench.runner(part) for part in (site.before, site.after, site.before)]
    before, after, again = in_turn(runs, rounds=bench.rounds, clock=bench.clock)
    predicted = bench.saving(site.before, site.after) if bench.saving else None
    return Trial(
        remedy=site, before=before, after=after, again=again, predicted=predicted,
        counted=_counted(site, bench.count) if bench.count else None,
    )  # fmt: skip


def _counted(site: Remedy, count: Callable[[Graph], int]) -> bool | None:
    """Whether another count gives the same multiply-adds.

    Raises:
        ModelError: it gives others.
    """
    for part in (site.before, site.after):
        try:
            found = count(part)
        except ModelError:
            return None
        agree(part, found)
    return True


def unfit(part: Graph) -> str:
    """Why a part of a network cannot be run with made-up weights; "" where it can."""
    for node in part.layers:
        if "::" in node.op_type:
            return f"{node.op_type} at {node.label} is not in the standard"
        if node.times != 1:
            return f"{node.op_type} at {node.label} runs in a loop"
        for name in (*node.inputs, *node.outputs):
            tensor = part.tensors.get(name)
            if tensor is None or tensor.value is not None:
                continue
            if tensor.constant and (tensor.dtype in INTEGERS or node.op_type in RESAMPLING):
                return f"{node.op_type} at {node.label} reads numbers that a graph does not keep"
            if tensor.dtype != "float32":
                return f"{node.op_type} at {node.label} has {tensor.dtype}"
    return ""


RESAMPLING = frozenset({"Resize", "Upsample"})
"""Operators whose scales decide the sizes of what they make."""


def verdict(trials: Sequence[Trial]) -> Verdict:
    """What the intervals say of some sites together.

    They are faster, or slower, if the interval lies beyond 1, beyond the interval of what they
    were against itself, and beyond their multiply-adds over what these were.
    """
    if not trials:
        return "not built"
    found, noise, done = taken(trials), noise_of(trials), work(trials)
    if found.faster(noise, done):
        return "proved"
    if found.slower(noise, done):
        return "refuted"
    return "within noise"


def taken(trials: Sequence[Trial]) -> Ratio:
    """Time after over time before, summed over sites."""
    return ratio([trial.after for trial in trials], [trial.before for trial in trials])


def noise_of(trials: Sequence[Trial]) -> Ratio:
    """What was run as it is once more, over itself."""
    return ratio([trial.again for trial in trials], [trial.before for trial in trials])


def work(trials: Sequence[Trial]) -> float:
    """Multiply-adds after over those before, summed over sites."""
    before = sum(trial.remedy.before.cost.madds for trial in trials)
    return float(sum(trial.remedy.after.cost.madds for trial in trials) / before) if before else 1.0


def seconds(times: Sequence[Times]) -> float:
    """The sum of some times."""
    return sum(each.seconds for each in times)


def tally(proofs: Sequence[Proof]) -> Mapping[Verdict, int]:
    """How many of some findings have each verdict."""
    verdicts = [proof.verdict for proof in proofs]
    order: tuple[Verdict, ...] = ("proved", "refuted", "within noise", "not built")
    return {each: verdicts.count(each) for each in order}


def of_rule(proofs: Sequence[Proof], code: str) -> tuple[Proof, ...]:
    """Those that a rule found."""
    return tuple(proof for proof in proofs if proof.finding.code == code)


def precision(found: Mapping[Verdict, int]) -> float | None:
    """Share of the findings that ran which were proved; None where none ran."""
    ran = found["proved"] + found["refuted"] + found["within noise"]
    return found["proved"] / ran if ran else None


@dataclass(frozen=True, slots=True)
class Recall:
    """Of the changes that the clock proved, those that a shown finding proposes.

    Args:
        proposed, proved: how many sites.
        saved: share of the time that all of them save together.
    """

    proposed: int
    proved: int
    saved: float


def recall(study: Study) -> Recall | None:
    """None where nothing was searched, or nothing proved."""
    found = [
        (each.standing, trial.before.seconds - trial.after.seconds)
        for each in study.all for trial in each.trials if verdict([trial]) == "proved"
    ]  # fmt: skip
    if not study.search or not found:
        return None
    shown = [seconds for standing, seconds in found if standing == "shown"]
    return Recall(len(shown), len(found), sum(shown) / sum(seconds for _, seconds in found))
