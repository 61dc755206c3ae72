"""A graph in, its report out: costs summed, rules run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from costmodel.graph import Graph
from guidelines.baseline.stage import Known, compare, stale
from guidelines.budget import over
from guidelines.report.report import Model, Report
from guidelines.report.totals import Totals
from guidelines.runner import Settings, find, governed, selected
from guidelines.suppress import in_force, of_metadata, suppress, unheeded, unused
from guidelines.suppress.suppression import KEY

if TYPE_CHECKING:
    from costmodel.device import Device
    from guidelines.suppress import Suppression


def analyse(
    graph: Graph, settings: Settings = Settings(), device: Device | None = None,  # noqa: B008
    known: Known | None = None,
) -> Model:  # fmt: skip
    """One network with its totals and its findings: found, counted against the budgets, held
    back where somebody decided so or the baseline knows them, and priced on the device.

    Args:
        graph: the network.
        settings: which rules, with which options, budgets and suppressions.
        device: whose times to predict.
        known: what the baseline knows of the network; None without one.
    """
    rules = tuple(
        rule
        for rule in selected(settings.select, settings.ignore)
        if device is not None or not rule.on_device
    )
    ran = {rule.code for rule in rules}
    written = () if settings.audit else of_metadata(graph.metadata.get(KEY, ""))
    told = () if settings.audit else (*settings.suppressions, *written)

    findings = (
        *governed(over(graph, settings.budgets), settings),
        *find(graph, settings, device),
    )
    findings, suppressed = suppress(graph, findings, in_force(told, settings.today))
    compared = compare(graph, findings, known or Known(), ran)
    notes = governed(
        (
            *unheeded(written, settings.today),
            *unused(written, suppressed, settings.today, ran),
            *stale(compared.stale),
        ),
        settings,
    )
    # What is held back may be most of a finding: what is left is ordered anew, budgets first.
    left = sorted(compared.left, key=lambda found: (found.code[0] != "B", -found.excess_bytes))
    model = Model(
        graph=graph, totals=Totals.of(graph), findings=(*left, *notes), rules=rules,
        suppressed=suppressed, known=compared.known, budgets=settings.budgets,
    )  # fmt: skip
    return model if device is None else _timed(model, device)


def accounted(done: Iterable[tuple[Settings, Model]]) -> tuple[Model, ...]:
    """The networks with what is found of the configuration's suppressions themselves.

    One that serves several networks is unused if none of them needs it; what is found of it
    stands with the first.

    Args:
        done: each network with what it was analysed under.
    """
    told = list(done)
    models = [model for _, model in told]
    about: dict[Suppression, list[int]] = {}
    for at, (settings, _) in enumerate(told):
        for each in () if settings.audit else settings.suppressions:
            about.setdefault(each, []).append(at)
    for each, where in about.items():
        settings, first = told[where[0]][0], models[where[0]]
        gone = [held for at in where for held in models[at].suppressed]
        ran = {rule.code for at in where for rule in models[at].rules}
        notes = governed(
            (*unheeded([each], settings.today), *unused([each], gone, settings.today, ran)),
            settings,
        )
        models[where[0]] = replace(first, findings=(*(first.findings or ()), *notes))
    return tuple(models)


def _timed(model: Model, device: Device) -> Model:
    """The network with its time, and of what rules found that whose remedy is sure to save."""
    from costmodel.timing import predict
    from guidelines.saving import priced

    findings = model.findings or ()
    priceless = tuple(each for each in findings if each.code[0] not in PRICED)
    told = priced(model.graph, [each for each in findings if each not in priceless], device)
    sure = tuple(each for each in told if each.saving is not None and each.saving.low > 0)
    budgets = tuple(each for each in priceless if each.code[0] == "B")
    return replace(
        model, findings=(*budgets, *sure, *(each for each in priceless if each not in budgets)),
        prediction=predict(model.graph, device),
        unsaved=tuple(each for each in told if each not in sure),
    )  # fmt: skip


PRICED = "GD"
"""Letters of the rules whose findings have remedies that may save time."""


def lint(
    graph: Graph | Iterable[Graph],
    settings: Settings = Settings(),  # noqa: B008  frozen
    device: Device | None = None,
) -> Report:
    """Run the rules on one network, or on several.

    Args:
        graph: as ``costmodel.read`` gives it, or built in code.
        settings: which rules, with which options.
        device: whose times to predict; findings whose remedy is not sure to save any there are
            left out.
    """
    # A Graph is iterable itself (over its nodes' names), so ask for it first.
    graphs = (graph,) if isinstance(graph, Graph) else tuple(graph)
    return Report(models=accounted((settings, analyse(each, settings, device)) for each in graphs))
