"""What a configuration says, and what the command line makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from guidelines.finding import Level
from guidelines.selector import without

if TYPE_CHECKING:
    from datetime import date

    from guidelines.budget import Budget
    from guidelines.rule import Option, Rule
    from guidelines.runner import Settings
    from guidelines.suppress import Suppression

FAIL_ON = ("error", "warning", "note", "never")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a file or the command line says; None where it says nothing.

    Args:
        select, extend_select, ignore: codes, names or prefixes.
        min_share: findings below this share of the fused memory access stay quiet.
        fail_on: the least level that makes the exit status 1, or ``never``.
        exclude: globs of files that a search of folders leaves out, relative to ``folder``.
        dims, shapes: sizes for what models leave free.
        options, levels: by rule code.
        layer_ignores: glob on a node's name, scope or ``op:Conv`` to selectors.
        strict: whether a node without a cost is a failure.
        budgets: what models may cost.
        suppressions: findings that somebody decided to live with.
        baseline: the file of the findings that are known, relative to ``folder``.
        baseline_tolerance: share by which a value may exceed the baseline's.
        folder: where the file stands; None without one.
        path: the file; None without one.
        file: what errors call it.
        origins: where each key stands, or that it was an option, by key.
    """

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] | None = None
    min_share: float | None = None
    fail_on: str | None = None
    exclude: tuple[str, ...] = ()
    dims: Mapping[str, int] = field(default_factory=dict)
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, Option]] = field(default_factory=dict)
    levels: Mapping[str, Level] = field(default_factory=dict)
    layer_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    strict: bool | None = None
    budgets: tuple[Budget, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    baseline: str | None = None
    baseline_tolerance: float | None = None
    folder: Path | None = None
    path: Path | None = field(default=None, compare=False)
    file: str = field(default="", compare=False)
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def failing(self) -> Level | None:
        """The least level that fails the run; None for none."""
        return None if self.fail_on == "never" else Level(self.fail_on or "warning")

    def excludes(self, path: Path) -> bool:
        """Whether a search of folders is to leave the file out."""
        return self.folder is not None and any(self.means(glob, path) for glob in self.exclude)

    def means(self, glob: str, path: Path) -> bool:
        """Whether a glob of the file matches a path, from ``folder`` on, or one of its parts."""
        from fnmatch import fnmatchcase

        told = self.relative(path)
        return any(fnmatchcase(each, glob.rstrip("/")) for each in (told, *Path(told).parts))

    def relative(self, path: Path) -> str:
        """What the file calls a path: from ``folder`` on, where it lies inside."""
        if self.folder is None:
            return path.as_posix()
        resolved = path.resolve()
        try:
            return resolved.relative_to(self.folder.resolve()).as_posix()
        except ValueError:
            return resolved.as_posix()


def overridden(config: Config, flags: Config, rules: Mapping[str, Rule]) -> Config:
    """The configuration with what the command line says in its place.

    ``--select`` replaces ``select`` and ``extend-select``, and brings back what the file ignores
    no more exactly; tables are joined entry by entry.
    """
    chosen = (*(flags.select or ()), *flags.extend_select)
    ignore = without(config.ignore or (), chosen, rules) if flags.ignore is None else flags.ignore
    kept = {
        f.name: getattr(flags, f.name) for f in fields(flags) if getattr(flags, f.name) is not None
    }
    options = {code: {**config.options.get(code, {}), **flags.options.get(code, {})}
               for code in {**config.options, **flags.options}}  # fmt: skip
    extended = (
        flags.extend_select
        if flags.select is not None
        else (*config.extend_select, *flags.extend_select)
    )
    return replace(
        config,
        **{
            **kept, "ignore": ignore, "options": options, "extend_select": extended,
            "exclude": config.exclude, "budgets": config.budgets,
            "suppressions": config.suppressions, "folder": config.folder, "path": config.path,
            "file": config.file,
            "origins": {**config.origins, **flags.origins},
            "dims": {**config.dims, **flags.dims}, "shapes": {**config.shapes, **flags.shapes},
            "levels": {**config.levels, **flags.levels},
            "layer_ignores": {**config.layer_ignores, **flags.layer_ignores},
        },
    )  # fmt: skip


def settings(
    config: Config, path: str | None = None, *, today: date | None = None, audit: bool = False
) -> Settings:
    """The Settings for the runner.

    Args:
        config: under the command line.
        path: of the model; without one what is decided about models, budgets and suppressions,
            is left out, also what the model itself says.
        today: the day on which suppressions may have expired.
        audit: whether no suppression is to hold anything back.
    """
    from guidelines.runner import MIN_SHARE, Settings

    told = Settings(
        select=(*(("ALL",) if config.select is None else config.select), *config.extend_select),
        ignore=config.ignore or (),
        options=config.options,
        levels=config.levels,
        min_share=MIN_SHARE if config.min_share is None else config.min_share,
        layer_ignores=config.layer_ignores,
        audit=audit or path is None,
    )
    if path is None:
        return told
    from guidelines.budget import applying

    def about(glob: str) -> bool:
        return config.means(glob, Path(path))

    return replace(
        told,
        budgets=applying(config.budgets, about),
        suppressions=tuple(s for s in config.suppressions if not s.model or about(s.model)),
        today=today,
    )
