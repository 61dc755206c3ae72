"""JSON that a person can scan and a diff can show: a finding, a node or a total on each line."""

from __future__ import annotations

import json
from typing import Any

DEPTH = 4
"""Levels that are spread over lines: the report, its models, a model, its lists."""


def dumps(value: Any, depth: int = 0) -> str:
    """The value as ASCII, so that no name in it can command a terminal or a CI log.

    >>> print(dumps({"models": [], "é": 1}))
    {
      "models": [],
      "\\u00e9": 1
    }
    """
    if depth == DEPTH or not isinstance(value, dict | list) or not value:
        return line(value)
    inner, outer = "  " * (depth + 1), "  " * depth
    if isinstance(value, dict):
        items = [f"{line(key)}: {dumps(each, depth + 1)}" for key, each in value.items()]
        return "{\n" + ",\n".join(inner + item for item in items) + f"\n{outer}}}"
    return "[\n" + ",\n".join(inner + dumps(each, depth + 1) for each in value) + f"\n{outer}]"


def line(value: Any) -> str:
    r"""The value on one line.

    >>> print(line({"name": "##[error]"}))
    {"name": "#\u0023[error]"}
    """
    return json.dumps(value, allow_nan=False).replace("##[", "#\\u0023[")
