"""Predicted beside measured: network by network, then how near by kind of kernel."""

from __future__ import annotations

from costmodel.errors import ModelError
from costmodel.roofs import roofs
from guidelines.measuring.accuracy import accuracy
from guidelines.measuring.study import Study
from guidelines.quantity import count, duration, percent, size
from guidelines.report import table
from guidelines.report.errors import LEGEND, errors
from guidelines.report.names import printable
from guidelines.report.view import View


def render(study: Study, view: View) -> str:
    """Where the times come from, the networks, the accuracy, and what beat the device's roofs."""
    lines: list[str] = []
    if view.verbosity >= 0:
        facts = ", ".join(f"{key} {value}" for key, value in study.origin.items())
        lines += [*view.wrap(facts, indent="  ", first=""), ""]
        lines += [*(view.paint(line, "dim") for line in view.wrap(LEGEND)), ""]
    if study.networks:
        lines += [*_networks(study, view), "", *_accuracy(study, view), "", *_bound(study, view)]
    return view.finish("\n".join(lines).rstrip() + "\n")


def _networks(study: Study, view: View) -> list[str]:
    columns = (
        table.Column(title="network", shrink=True), table.Column(title="measured", right=True),
        table.Column(title="noise", right=True), table.Column(title="predicted", right=True),
        table.Column(title="off", right=True), table.Column(title="interval", spare=1),
        table.Column(title="kernels", right=True, spare=2),
        table.Column(title="off by layer", right=True),
    )  # fmt: skip
    rows = []
    for each in study.networks:
        pair, told = each.pair, each.prediction
        layers = [layer.pair for layer in each.layers]
        rows.append(
            (
                printable(each.path), duration(pair.measured), percent(pair.noise),
                duration(pair.predicted), f"{pair.predicted / pair.measured - 1:+.1%}",
                f"{duration(told.low)} to {duration(told.high)}",
                f"{len(layers)} of {len(told.kernels)}",
                percent(accuracy(layers).mape) if layers else "",
            )
        )  # fmt: skip
    return table.lines(columns, rows, view)


def _accuracy(study: Study, view: View) -> list[str]:
    kinds = study.of_layers()
    whole = {
        "networks": study.of_networks(),
        "layers": [pair for pairs in kinds.values() for pair in pairs],
    }
    for name in study.device.baselines:
        networks, layers = study.of_baseline(name)
        whole |= {f"networks, by {name}": networks, f"layers, by {name}": layers}
    return errors(whole, kinds, view)


def _bound(study: Study, view: View) -> list[str]:
    """Whether anything ran faster than the device's profile says that anything can."""
    try:
        bounds = roofs(study.device)
    except ModelError:
        return []
    every = sum(len(network.layers) for network in study.networks)
    fastest = f"{count(bounds.work.per_second)} madds/s, {size(bounds.traffic.per_second)}/s"
    told = f"of {every:,} kernels beat the device's roofs ({fastest}) by more than their noise"
    beaten = study.beaten(bounds)
    if not beaten:
        return view.wrap(f"None {told}.")
    by_kind = ", ".join(
        f"{kind} ×{len(factors)}, by up to {max(factors) - 1:.0%}"
        for kind, factors in sorted(beaten.items(), key=lambda item: (-len(item[1]), item[0]))
    )
    return view.wrap(f"{sum(map(len, beaten.values())):,} {told}: {by_kind}.")
