"""Formulas for what a convolutional network costs, and the graph of a real one.

>>> from costmodel import Conv
>>> Conv(c_in=116, c_out=116, h_in=28, w_in=28, h=28, w=28).cost.madds
10549504
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from costmodel.cost import Cost as Cost
    from costmodel.errors import ModelError as ModelError
    from costmodel.errors import Unknown as Unknown
    from costmodel.frontends import read as read
    from costmodel.graph import Graph as Graph
    from costmodel.graph import Node as Node
    from costmodel.operator import Operator as Operator
    from costmodel.operators import *  # noqa: F403
    from costmodel.tensor import Tensor as Tensor

__version__ = "0.1.0"

# A wheel has costmodel.networks inside; a checkout has it among the examples.
if not (Path(__file__).parent / "networks").exists():
    __path__.append(  # noqa: F405
        str(Path(__file__).parent.parent / "examples")
    )

_HOMES = {
    "Cost": "costmodel.cost", "ModelError": "costmodel.errors", "Unknown": "costmodel.errors",
    "Graph": "costmodel.graph", "Node": "costmodel.graph", "Operator": "costmodel.operator",
    "Tensor": "costmodel.tensor", "read": "costmodel.frontends",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a name's module when it is first asked for: a formula needs no ``onnx``."""
    if name.startswith("_"):
        raise AttributeError(f"module 'costmodel' has no attribute {name!r}")
    home = import_module(_HOMES.get(name, "costmodel.operators"))
    if not hasattr(home, name):
        raise AttributeError(f"module 'costmodel' has no attribute {name!r}")
    return getattr(home, name)


def __dir__() -> list[str]:
    operators = import_module("costmodel.operators")
    return sorted({*_HOMES, *operators.__all__, "__version__"})
