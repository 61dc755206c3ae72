"""Predicted beside measured: network by network, then how near by kind of kernel."""

from __future__ import annotations

from collections.abc import Sequence

from guidelines.measuring.accuracy import accuracy
from guidelines.measuring.study import Study
from guidelines.quantity import duration, percent
from guidelines.report import table
from guidelines.report.names import printable
from guidelines.report.view import View

Pairs = Sequence[tuple[float, float]]


def render(study: Study, view: View) -> str:
    """Where the times come from, the networks, and the accuracy."""
    facts = ", ".join(f"{key} {value}" for key, value in study.origin.items())
    lines = [*view.wrap(facts, indent="  ", first=""), ""] if view.verbosity >= 0 else []
    lines += [*_networks(study, view), "", *_accuracy(study, view)]
    return view.finish("\n".join(lines) + "\n")


def _networks(study: Study, view: View) -> list[str]:
    columns = (
        table.Column(title="network", shrink=True), table.Column(title="measured", right=True),
        table.Column(title="spread", right=True), table.Column(title="predicted", right=True),
        table.Column(title="off", right=True), table.Column(title="interval"),
        table.Column(title="kernels", right=True), table.Column(title="off by layer", right=True),
    )  # fmt: skip
    rows = []
    for each in study.networks:
        taken, told = each.times.seconds, each.prediction
        layers = [(layer.timed.seconds, layer.times.seconds) for layer in each.layers]
        rows.append(
            (
                printable(each.path), duration(taken), percent(each.times.spread),
                duration(told.seconds), f"{told.seconds / taken - 1:+.1%}",
                f"{duration(told.low)} to {duration(told.high)}",
                f"{len(layers)} of {len(told.kernels)}", percent(_mape(layers)),
            )
        )  # fmt: skip
    return table.lines(columns, rows, view)


def _mape(pairs: Pairs) -> float:
    return accuracy(*zip(*pairs, strict=True)).mape if pairs else 0.0


def _accuracy(study: Study, view: View) -> list[str]:
    columns = (
        table.Column(title="of", shrink=True), table.Column(title="count", right=True),
        table.Column(title="of the time", right=True), table.Column(title="MAPE", right=True),
        table.Column(title="±10 %", right=True), table.Column(title="±20 %", right=True),
        table.Column(title="bias", right=True), table.Column(title="Spearman", right=True),
    )  # fmt: skip
    kinds = study.of_layers()
    every = [pair for pairs in kinds.values() for pair in pairs]
    groups: list[tuple[str, Pairs]] = [("networks", study.of_networks()), ("layers", every)]
    for name in study.device.baselines:
        whole, single = study.of_baseline(name)
        groups += [(f"networks, by {name}", whole), (f"layers, by {name}", single)]
    groups += [(f"  {kind}", pairs) for kind, pairs in kinds.items()]
    total = sum(measured for _, measured in every)
    return table.lines(columns, [_cells(*group, total) for group in groups if group[1]], view)


def _cells(name: str, pairs: Pairs, total: float) -> tuple[str, ...]:
    told = accuracy([p for p, _ in pairs], [m for _, m in pairs])
    share = percent(sum(m for _, m in pairs) / total) if name.startswith("  ") else ""
    rank = "" if told.spearman != told.spearman else f"{told.spearman:.3f}"
    return (
        name, str(told.count), share, percent(told.mape), percent(told.within_10),
        percent(told.within_20), f"{told.bias:+.0%}", rank,
    )  # fmt: skip
