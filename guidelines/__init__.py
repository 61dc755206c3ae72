"""The four ShuffleNet V2 guidelines as a linter for convolutional networks.

>>> import costmodel, guidelines
>>> report = guidelines.lint(costmodel.read("model.onnx"))  # doctest: +SKIP
>>> report.findings[0].code  # doctest: +SKIP
'G101'
>>> assert guidelines.check("model.onnx", budget={"madds": "300 M"})  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from costmodel import __version__ as __version__
    from guidelines.analysis import lint as lint
    from guidelines.finding import Finding as Finding
    from guidelines.report import Report as Report
    from guidelines.runner import Settings as Settings
    from guidelines.verdict import Verdict as Verdict
    from guidelines.verdict import check as check

_HOMES = {
    "Finding": "guidelines.finding",
    "Report": "guidelines.report",
    "Settings": "guidelines.runner",
    "Verdict": "guidelines.verdict",
    "__version__": "costmodel",
    "check": "guidelines.verdict",
    "lint": "guidelines.analysis",
}


def __getattr__(name: str) -> Any:
    """Import a name's module when it is first asked for: ``--help`` needs no ``onnx``."""
    if name not in _HOMES:
        raise AttributeError(f"module 'guidelines' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(_HOMES)
