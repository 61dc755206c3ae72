"""Proofs as a page: what share of the advice the clock supports, by rule, by finding, by site."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from guidelines.measuring.proof import (
    Proof,
    Proved,
    Study,
    noise_of,
    of_rule,
    precision,
    seconds,
    taken,
    tally,
    verdict,
)
from guidelines.quantity import percent
from guidelines.report.names import printable
from guidelines.report.proofs.full import LEGEND, STANDING, micros, saved, summary
from guidelines.report.view import View


def render(study: Study, view: View) -> str:
    """A table by rule, one by finding, and the sites under their findings."""
    facts = ", ".join(f"{key} {value}" for key, value in study.origin.items())
    device = f" Remedies chosen by the profile of {study.device}." if study.device else ""
    lines = [
        "# What the advice is worth", "", f"{summary(study, View())}.{device}", "",
        f"Measured: {facts}.", "", LEGEND, "",
        "## By rule", "", *_rules(study), "",
        "## By finding", "", *_findings(study), "",
        "## By site", "", *_sites(study),
    ]  # fmt: skip
    return view.finish("\n".join(lines) + "\n")


def _rules(study: Study) -> Iterator[str]:
    yield from _head(
        "rule", "findings", "proved", "refuted", "within noise", "not built", "precision",
        "saved, of all that ran", "left out", "of them proved", "by search", "of them proved",
    )  # fmt: skip
    for code in (*study.codes, ""):
        proofs, left, more = (
            of_rule(each, code) if code else each
            for each in (study.proofs, study.left_out, study.searched)
        )
        counts = tally(proofs)
        share = precision(counts)
        yield _row(
            code or "all", len(proofs), *counts.values(), "" if share is None else percent(share),
            _saved(proofs), len(left), tally(left)["proved"], len(more), tally(more)["proved"],
        )  # fmt: skip


def _findings(study: Study) -> Iterator[str]:
    yield from _head("network", "finding", "verdict", "sites", "µs", "saved", "noise")
    for network in study.networks:
        for proof in network.proofs:
            ran = proof.trials
            told = f"{proof.verdict}{STANDING[proof.standing]}"
            yield _row(
                _called(network), f"{proof.finding.code} {printable(proof.finding.where)}",
                told, f"{len(ran)} of {len(ran) + len(proof.missing)}",
                micros(seconds([trial.before for trial in ran])) if ran else "", _saved([proof]),
                saved(noise_of(ran)) if ran else "",
            )  # fmt: skip


def _sites(study: Study) -> Iterator[str]:
    yield from _head("network", "rule", "first layer", "remedy", "madds", "µs", "saved", "verdict")
    for network in study.networks:
        for proof in network.proofs:
            for trial in proof.trials:
                remedy = trial.remedy
                yield _row(
                    _called(network), proof.finding.code,
                    printable(remedy.before.node(remedy.nodes[0]).label), printable(remedy.text),
                    f"{remedy.work - 1:+.1%}", micros(trial.before.seconds),
                    saved(taken([trial])), verdict([trial]),
                )  # fmt: skip
            for site in proof.missing:
                yield _row(
                    _called(network), proof.finding.code, printable(site.nodes[0]),
                    printable(site.reason), "", "", "", "not built",
                )  # fmt: skip


def _called(network: Proved) -> str:
    """The network, wherever its file is."""
    return printable(Path(network.path).name)


def _saved(proofs: Sequence[Proof]) -> str:
    trials = [trial for proof in proofs for trial in proof.trials]
    return saved(taken(trials)) if trials else ""


def _head(*titles: str) -> Iterator[str]:
    yield _row(*titles)
    yield _row(*("---" for _ in titles))


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
