"""Proofs as text: each finding with its verdict, each site with its times, a sum in a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from guidelines.finding import Saving
from guidelines.measuring.clock import Ratio
from guidelines.measuring.proof import (
    Proof,
    Proved,
    Standing,
    Study,
    Trial,
    Verdict,
    noise_of,
    recall,
    seconds,
    taken,
    tally,
    verdict,
)
from guidelines.quantity import percent
from guidelines.report import table
from guidelines.report.names import printable
from guidelines.report.view import View

COLOURS: Mapping[Verdict, str] = {
    "proved": "green", "refuted": "red", "within noise": "yellow", "not built": "dim",
}  # fmt: skip

STANDING: Mapping[Standing, str] = {
    "shown": "", "left out": ", left out on the device", "searched": ", found by search",
}  # fmt: skip

LEGEND = (
    "Each site runs as it is and as advised, in turn, at equal madds (for D101 and D102 also at "
    "more); saved: of the time that it "
    "took as it is, with a 95 % interval. noise: the same of the site made and run once more. "
    "A finding is proved, or refuted, if all its sites together are faster, or slower, beyond "
    "the noise and beyond their madds."
)


def render(study: Study, view: View) -> str:
    """Where the times come from, each network's findings and their sites, and the sum."""
    lines: list[str] = []
    if view.verbosity >= 0:
        told = ", ".join(f"{key} {value}" for key, value in study.origin.items())
        lines += [*view.wrap(told, indent="  ", first=""), ""]
        lines += [*(view.paint(line, "dim") for line in view.wrap(LEGEND)), ""]
    for network in study.networks:
        lines += [*_network(network, view), ""]
    lines.append(summary(study, view))
    return view.finish("\n".join(lines) + "\n")


def summary(study: Study, view: View) -> str:
    """``9 findings: 7 proved, 1 refuted, 1 within noise``, and what a device leaves out.

    >>> summary(Study(networks=(), origin={}), View())
    'no findings'
    """
    told = _counted(study.proofs, "finding", view)
    if study.left_out:
        told += f"; left out on {study.device} {_counted(study.left_out, 'other', view)}"
    if study.search:
        told += f"; by search {_counted(study.searched, 'more', view)}"
    if (found := recall(study)) is not None:
        told += (
            f"; recall: of {found.proved} sites that are faster {found.proposed} were proposed, "
            f"{percent(found.saved)} of what they save"
        )
    return told


def _counted(proofs: Sequence[Proof], thing: str, view: View) -> str:
    if not proofs:
        return "no more" if thing == "more" else f"no {thing}s"
    counts = [
        view.paint(f"{count} {each}", COLOURS[each])
        for each, count in tally(proofs).items() if count
    ]  # fmt: skip
    things = thing if len(proofs) == 1 or thing == "more" else f"{thing}s"
    return f"{len(proofs)} {things}: {', '.join(counts)}"


def saved(found: Ratio) -> str:
    """Of the time before, what a change saves, with its interval.

    >>> saved(Ratio(0.78, 0.71, 0.88))
    '22.0 % (12.0 to 29.0)'
    """
    value, low, high = (100 * (1 - each) for each in (found.value, found.high, found.low))
    return f"{value:.1f} % ({low:.1f} to {high:.1f})"


def micros(value: float) -> str:
    """Microseconds, to a digit that tells.

    >>> micros(0.0000123), micros(0.00123)
    ('12.3', '1230')
    """
    told = value * 1e6
    return f"{told:.1f}" if abs(told) < 100 else f"{told:.0f}"


def predicted(found: Saving, before: float) -> str:
    """The predicted saving as a share of what the site took.

    >>> predicted(Saving(seconds=0.1, low=0.05, high=0.15), 1.0)
    '10.0 % (5.0 to 15.0)'
    """
    value, low, high = (100 * each / before for each in (found.seconds, found.low, found.high))
    return f"{value:.1f} % ({low:.1f} to {high:.1f})"


def _network(network: Proved, view: View) -> Iterator[str]:
    yield view.paint(printable(network.path), "bold")
    if not network.proofs:
        yield "  no findings"
    for proof in network.proofs:
        finding = proof.finding
        told = view.paint(proof.verdict, COLOURS[proof.verdict])
        told += STANDING[proof.standing]
        if proof.trials:
            before, found = seconds([t.before for t in proof.trials]), taken(proof.trials)
            told += f", saves {saved(found)} of {micros(before)} µs"
            told += f"; noise {saved(noise_of(proof.trials))}"
        yield f"{finding.code} {finding.name} {printable(finding.where)}: {told}"
        if proof.trials:
            yield from (f"  {line}".rstrip() for line in _sites(proof.trials, view))
        for reason, count in _reasons(proof).items():
            sites = f"{count} site{'' if count == 1 else 's'}"
            yield from view.wrap(
                f"{sites} not built: {printable(reason)}", indent="    ", first="  "
            )


def _reasons(proof: Proof) -> Mapping[str, int]:
    reasons = [site.reason for site in proof.missing]
    return {reason: reasons.count(reason) for reason in dict.fromkeys(reasons)}


def _sites(trials: Sequence[Trial], view: View) -> list[str]:
    foretold = any(trial.predicted for trial in trials)
    columns = [
        table.Column(title="site", shrink=True),
        table.Column(title="remedy", shrink=True),
        table.Column(title="madds", right=True, spare=1),
        table.Column(title="µs", right=True),
        *([table.Column(title="predicted", spare=2)] if foretold else []),
        table.Column(title="saved"),
        table.Column(title="verdict"),
    ]
    rows = []
    for trial in trials:
        before, found = trial.before.seconds, taken([trial])
        told = [predicted(trial.predicted, before) if trial.predicted else ""] if foretold else []
        rows.append(
            (
                printable(_place(trial)), printable(trial.remedy.text),
                f"{trial.remedy.work - 1:+.1%}", micros(before), *told, saved(found),
                verdict([trial]),
            )
        )  # fmt: skip
    return table.lines(columns, rows, view)


def _place(trial: Trial) -> str:
    """The first and the last layer that the remedy answers."""
    nodes, before = trial.remedy.nodes, trial.remedy.before
    first, last = before.node(nodes[0]).label, before.node(nodes[-1]).label
    return first if first == last else f"{first} … {last}"
