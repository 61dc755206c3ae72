"""Formats by name: the files of a package are its formats; only those asked for are imported."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from guidelines.report.view import View

Render = Callable[[Any, View], str]


def names(package: str) -> tuple[str, ...]:
    """The formats of ``guidelines.report.<package>``.

    >>> "json" in names("formats") and "json" in names("costs")
    True
    """
    path = import_module(f"guidelines.report.{package}").__path__
    return tuple(sorted(module.name for module in iter_modules(path)))


def renderer(package: str, name: str) -> Render:
    """The format's function."""
    render: Render = import_module(f"guidelines.report.{package}.{name}").render
    return render
