"""One network as ``guidelint check`` judges it, from Python: under its configuration, with its
budgets, baseline and suppressions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import guidelines.rules  # noqa: F401  every module in it registers a rule
from costmodel.frontends import read
from costmodel.graph import Graph
from guidelines import config as configuration
from guidelines.analysis import accounted, analyse
from guidelines.baseline import file as baselines
from guidelines.baseline.stage import TOLERANCE, Known
from guidelines.budget import budgets
from guidelines.config import Config
from guidelines.finding import Finding, Level
from guidelines.report.names import printable
from guidelines.report.report import Report
from guidelines.rule import RULES

if TYPE_CHECKING:
    from costmodel.device import Device
    from guidelines.runner import Settings


@dataclass(frozen=True, kw_only=True, eq=False)
class Verdict:
    """What a check says of a network. It is true if nothing fails; ``print`` shows all of it.

    Args:
        report: whatever was found, also what does not fail.
        level: the least level of a finding that fails; None for none.
        strict: whether a node of unknown cost fails.
    """

    report: Report
    level: Level | None
    strict: bool = False

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Whatever was found, budgets first, then the dearest."""
        return self.report.findings

    @property
    def failing(self) -> tuple[Finding, ...]:
        """The findings at the level or above it."""
        if self.level is None:
            return ()
        return tuple(found for found in self.findings if found.level.rank >= self.level.rank)

    @property
    def unknown(self) -> int:
        """Nodes of unknown cost, where these fail."""
        fails = self.strict and self.level is not None
        return sum(len(model.unknown) for model in self.report.models) if fails else 0

    def __bool__(self) -> bool:
        return not self.failing and not self.unknown

    def __str__(self) -> str:
        return str(self.report)

    def __repr__(self) -> str:
        """One line with the worst of it: a failed test shows it twice."""
        told = [f"{found.code} {found.message}" for found in self.failing]
        told += [f"the cost of {self.unknown} nodes is unknown"] if self.unknown else []
        more = f"; {len(told) - 1} more" if len(told) > 1 else ""
        where = ", ".join(model.path for model in self.report.models)
        return f"<{printable(where)}: {printable(told[0]) if told else 'nothing fails'}{more}>"

    def _repr_html_(self) -> str:
        return self.report._repr_html_()


def check(
    model: Any,
    example_inputs: Any = (),
    *,
    budget: Mapping[str, Any] | None = None,
    baseline: str | Path | None = None,
    select: str | Iterable[str] | None = None,
    ignore: str | Iterable[str] | None = None,
    fail_on: str | None = None,
    device: str | Device | None = None,
    dims: Mapping[str, int] | None = None,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    config: str | Path | None = None,
    isolated: bool = False,
) -> Verdict:
    """Judge one network as ``guidelint check`` does; what is given outweighs its configuration.

    Args:
        model: a file, or what ``costmodel.read`` takes or gives.
        example_inputs: of a module, as for ``costmodel.read``.
        budget: as the table ``[budget]`` of a configuration has it.
        baseline: the file of the findings that are known; by default the one that the command
            line would use.
        select, ignore: rules, by codes, names or beginnings; several in a list or with commas.
        fail_on: least level of a finding that makes the verdict false: note, warning, error, never.
        device: whose times to predict, by its name, its profile's file, or itself.
        dims, shapes: sizes of what the model leaves free.
        config: a configuration in place of the nearest to the file, or to this folder for what
            is no file.
        isolated: whether to use none.

    Raises:
        ModelError: the model cannot be read.
        ConfigError, BudgetError, SettingsError: what it is to be judged by cannot be followed.

    >>> import guidelines
    >>> verdict = guidelines.check("examples/models/mobilenet_v2.onnx", budget={"madds": "300 M"})
    >>> bool(verdict), [found.code for found in verdict.findings]
    (False, ['B003', 'G402', 'G101', 'G101'])
    >>> bool(guidelines.check("examples/models/shufflenet_v2.onnx"))
    True
    """
    chosen = _words(select)
    flags = Config(
        select=chosen, ignore=_words(ignore), fail_on=fail_on, dims=dims or {},
        shapes=shapes or {}, extend_select=() if budget is None else ("B",),
    )  # fmt: skip
    told = _configured(model, config, isolated, flags)
    graph = model if isinstance(model, Graph) else _read(model, example_inputs, told, flags)
    settings = configuration.settings(told, graph.path, today=datetime.now(UTC).date())
    if budget is not None:
        settings = _with(settings, budget)
    if isinstance(device, str):
        from costmodel.device import load

        device = load(device)
    known = _known(told, baseline, graph.path)
    models = accounted([(settings, analyse(graph, settings, device, known))])
    return Verdict(report=Report(models=models), level=told.failing, strict=bool(told.strict))


def _words(given: str | Iterable[str] | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    words = given.split(",") if isinstance(given, str) else given
    return tuple(word.strip() for word in words)


def _configured(model: Any, named: str | Path | None, isolated: bool, flags: Config) -> Config:
    """What applies to a model, as the command line has it."""
    path = model if isinstance(model, str | Path) else getattr(model, "path", "")
    folder = Path(path if isinstance(path, str | Path) else "").parent
    file = Path(named) if named else None if isolated else configuration.find_file(folder)
    found = Config() if file is None else configuration.load(file, RULES)
    return configuration.overridden(found, flags, RULES)


def _read(model: Any, example_inputs: Any, told: Config, flags: Config) -> Graph:
    """The network; sizes of a configuration may be for others too."""
    if not isinstance(model, str | Path) and not hasattr(model, "SerializeToString"):
        return read(model, example_inputs)
    spare = (told.dims, told.shapes) != (flags.dims, flags.shapes)
    return read(model, dims=told.dims, shapes=told.shapes, spare=spare)


def _with(settings: Settings, budget: Mapping[str, Any]) -> Settings:
    """The settings with more budgets; of two for the same the one given here counts."""
    told = {each.subject.key: each for each in (*settings.budgets, *budgets(budget))}
    return replace(settings, budgets=tuple(told.values()))


def _known(told: Config, named: str | Path | None, path: str) -> Known | None:
    """What the baseline knows of the model; None without one."""
    folder = told.folder or Path()
    file = Path(named) if named else folder / (told.baseline or baselines.NAME)
    if not named and not told.baseline and not file.exists():
        return None
    tolerance = told.baseline_tolerance
    return baselines.read(file).known(
        baselines.called(path, file), TOLERANCE if tolerance is None else tolerance
    )
