"""What a run found, and the forms in which it is written.

``formats`` holds one file per form of a report, ``costs`` one per form of the table of layers;
each has a pure ``render``. A file added there is a format: nothing lists them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from guidelines.report.report import Failure as Failure
    from guidelines.report.report import Model as Model
    from guidelines.report.report import Report as Report

_NAMES = ("Failure", "Model", "Report")


def __getattr__(name: str) -> Any:
    """Import the values when first asked for: the names of the formats need no ``networkx``."""
    if name not in _NAMES:
        raise AttributeError(f"module 'guidelines.report' has no attribute {name!r}")
    return getattr(import_module("guidelines.report.report"), name)


def __dir__() -> list[str]:
    return list(_NAMES)
