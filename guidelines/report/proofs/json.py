"""Proofs as JSON, every repeat included, so that intervals can be computed anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from costmodel import __version__
from guidelines.measuring.clock import Ratio, Times
from guidelines.measuring.proof import (
    Proof,
    Proved,
    Study,
    Trial,
    noise_of,
    of_rule,
    precision,
    recall,
    seconds,
    taken,
    tally,
    verdict,
    work,
)
from guidelines.report.document import finding_entry, text
from guidelines.report.json_text import dumps
from guidelines.report.view import View

SCHEMA_VERSION = 1


def render(study: Study, view: View) -> str:
    """The sum of it all, then every network with its findings and their sites."""
    found = recall(study)
    whole = {
        "schema_version": SCHEMA_VERSION,
        "guidelint": __version__,
        "origin": dict(study.origin),
        "device": study.device,
        "summary": _summaries(study, study.proofs),
        "left_out": _summaries(study, study.left_out),
        "searched": _summaries(study, study.searched),
        "recall": None
        if found is None
        else {
            "proposed": found.proposed,
            "proved": found.proved,
            "share_of_saving": round(found.saved, 4),
        },
        "networks": [_network(network) for network in study.networks],
    }
    return view.finish(dumps(whole) + "\n")


def _summaries(study: Study, proofs: Sequence[Proof]) -> dict[str, Any]:
    found = {code: of_rule(proofs, code) for code in study.codes}
    return {name: _summary(each) for name, each in {"all": proofs, **found}.items()}


def _summary(proofs: Sequence[Proof]) -> dict[str, Any]:
    counts = tally(proofs)
    share = precision(counts)
    return {
        "findings": len(proofs),
        **{each.replace(" ", "_"): count for each, count in counts.items()},
        "precision": None if share is None else round(share, 4),
    }


def _network(network: Proved) -> dict[str, Any]:
    return {"path": text(network.path), "findings": [_proof(proof) for proof in network.proofs]}


def _proof(proof: Proof) -> dict[str, Any]:
    return {
        "finding": finding_entry(proof.finding),
        "standing": proof.standing,
        "verdict": proof.verdict,
        **(_measured(proof.trials) if proof.trials else {}),
        "sites": [_site(trial) for trial in proof.trials],
        "not_built": [
            {"nodes": [text(n) for n in site.nodes], "reason": text(site.reason)}
            for site in proof.missing
        ],
    }


def _measured(trials: Sequence[Trial]) -> dict[str, Any]:
    return {
        "seconds_before": round(seconds([trial.before for trial in trials]), 9),
        "seconds_after": round(seconds([trial.after for trial in trials]), 9),
        "times_before": _ratio(taken(trials)),
        "noise": _ratio(noise_of(trials)),
        "madds_after": round(work(trials), 4),
    }


def _site(trial: Trial) -> dict[str, Any]:
    remedy, found = trial.remedy, trial.predicted
    return {
        "nodes": [text(name) for name in remedy.nodes],
        "remedy": text(remedy.text),
        "verdict": verdict([trial]),
        "madds": [int(remedy.before.cost.madds), int(remedy.after.cost.madds)],
        "fvcore_agrees": trial.counted,
        **_measured([trial]),
        "predicted_saving": None
        if found is None
        else {key: round(getattr(found, key), 9) for key in ("seconds", "low", "high")},
        "microseconds": {
            "before": _repeats(trial.before),
            "after": _repeats(trial.after),
            "again": _repeats(trial.again),
        },
    }


def _ratio(found: Ratio) -> dict[str, float]:
    return {key: round(getattr(found, key), 4) for key in ("value", "low", "high")}


def _repeats(times: Times) -> list[float]:
    return [round(seconds * 1e6, 1) for seconds in times.repeats.tolist()]
