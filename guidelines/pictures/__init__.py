"""Pictures of what networks cost: functions that return a matplotlib Figure.

A Figure of a module of its own state: nothing is shown, no display is needed.

>>> from guidelines.pictures import group_count, rendered
>>> rendered(group_count(), "svg")[:5]
b'<?xml'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from guidelines.pictures.class_shares import classes as classes
    from guidelines.pictures.device_roofs import roofline as roofline
    from guidelines.pictures.group_number import group_count as group_count
    from guidelines.pictures.intensity_by_layer import intensity as intensity
    from guidelines.pictures.layer_costs import layers as layers
    from guidelines.pictures.least_access import against_bound as against_bound
    from guidelines.pictures.predicted_times import times as times
    from guidelines.pictures.side_by_side import compare as compare
    from guidelines.pictures.style import rendered as rendered
    from guidelines.pictures.width_ratio import channel_ratio as channel_ratio

_HOMES = {
    "against_bound": "least_access",
    "channel_ratio": "width_ratio",
    "classes": "class_shares",
    "compare": "side_by_side",
    "group_count": "group_number",
    "intensity": "intensity_by_layer",
    "layers": "layer_costs",
    "rendered": "style",
    "roofline": "device_roofs",
    "times": "predicted_times",
}


def __getattr__(name: str) -> Any:
    """Import a picture's module when it is first asked for: help must not import matplotlib."""
    if name not in _HOMES:
        raise AttributeError(f"module 'guidelines.pictures' has no attribute {name!r}")
    return getattr(import_module(f"guidelines.pictures.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(_HOMES)
