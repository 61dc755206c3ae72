"""Detection: choosing boxes."""

from __future__ import annotations

from typing import Any

from costmodel.cost import Cost
from costmodel.dims import Dim
from costmodel.errors import ModelError
from costmodel.operator import Operator, operator
from costmodel.tensor import Tensor


@operator("NonMaxSuppression")
class NonMaxSuppression(Operator):
    """Boxes kept one by one, and with each those dropped that overlap it.

    ops = n*classes*boxes + 13*kept*boxes
    memory access = 4*n*boxes + n*classes*boxes + 3*kept

    Every score is compared with the threshold, every kept box with every box: two corners
    (four comparisons, two subtractions, two comparisons with zero), a product, a union (two
    operations), a division and a comparison. How many are kept depends on the data, so the
    cost is known only where that is.

    Args:
        n: images.
        classes: classes that are scored.
        boxes: boxes of an image.
        kept: boxes kept in all.

    >>> NonMaxSuppression(classes=1, boxes=100, kept=10).cost.ops  # 100 + 13*10*100
    13100
    """

    n: Dim = 1
    classes: Dim
    boxes: Dim
    kept: Dim

    @property
    def cost(self) -> Cost:
        scores = self.n * self.classes * self.boxes
        return Cost(
            ops=scores + 13 * self.kept * self.boxes,
            reads=4 * self.n * self.boxes + scores,
            writes=3 * self.kept,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, boxes: Tensor, scores: Tensor, *_: Tensor | None, y: Tensor, **__: Any
    ) -> NonMaxSuppression:
        n, classes, count = scores.dims
        if boxes.dims[:2] != (n, count):
            raise ModelError(f"expected {n} images of {count} boxes, found {boxes.label}")
        return cls(n=n, classes=classes, boxes=count, kept=y.dims[0])
