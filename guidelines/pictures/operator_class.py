"""How pictures fill the classes of operators."""

from __future__ import annotations

from guidelines.operator_class import (
    COPY,
    DEPTHWISE,
    ELEMENTWISE,
    GROUPED,
    MATRIX,
    NORMALISATION,
    OTHER,
    POINTWISE,
    POOLING,
    WIDE,
    operator_class,
)
from guidelines.pictures.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
    Fill,
)  # fmt: skip

__all__ = ["FILLS", "MARKERS", "operator_class"]

FILLS = {
    WIDE: Fill(BLUE), POINTWISE: Fill(SKY), GROUPED: Fill(GREEN, "xxxx"),
    DEPTHWISE: Fill(YELLOW), MATRIX: Fill(BLACK), POOLING: Fill(PURPLE, "\\\\\\\\"),
    NORMALISATION: Fill(VERMILION, "---"), ELEMENTWISE: Fill(ORANGE, "|||"),
    COPY: Fill("#FFFFFF", "////"), OTHER: Fill(GREY, "+++"),
}  # fmt: skip
"""Every class, in the order in which bars are stacked."""

MARKERS = {
    WIDE: "s", POINTWISE: "o", GROUPED: "P", DEPTHWISE: "^", MATRIX: "D", OTHER: "X",
}  # fmt: skip
"""The shape of a point, for the classes that multiply."""
