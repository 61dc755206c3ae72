"""Classical models of ``ai.onnx.ml``, whose learned values are attributes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from costmodel.cost import Cost
from costmodel.dims import Dim, exact
from costmodel.errors import ModelError
from costmodel.operator import Operator, operator
from costmodel.operators import shapes
from costmodel.operators.movement import Concat
from costmodel.tensor import Tensor

ML = "ai.onnx.ml::"
IMPUTED = ("imputed_value_floats", "imputed_value_int64s")
POST = {"NONE": 0, "LOGISTIC": 4, "SOFTMAX": 5, "SOFTMAX_ZERO": 5, "PROBIT": 2}
"""Operations a score takes after the sum."""


def rows_and_columns(tensor: Tensor) -> tuple[Dim, Dim]:
    """(n, features) of a matrix, or of a vector as one row."""
    n, c = tensor.dims if len(tensor.dims) > 1 else (1, *tensor.dims)
    return n, c


def _targets(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
    x = shapes.given(inputs, 0)
    n = None if x.shape is None else x.shape[0] if len(x.shape) > 1 else 1
    return [("float32", (n, attributes.get("targets", 1)))]


def _concatenated(
    inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any
) -> shapes.Shapes:
    """FeatureVectorizer: columns side by side."""
    widths = attributes.get("inputdimensions") or [
        t.shape[1] if t is not None and t.shape and len(t.shape) > 1 else None for t in inputs
    ]
    first = shapes.given(inputs, 0).shape
    return [("float32", (first[0] if first else None, None if None in widths else sum(widths)))]


def _real(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
    return [("float32", shapes.given(inputs, 0).shape)]


@operator(f"{ML}LinearRegressor", shape=_targets)
@operator(f"{ML}LinearClassifier")
class Linear(Operator):
    """A linear model of each row: one score a class or target.

    madds = n*c_in*c_out
    ops = (bias + operations)*n*c_out
    params = c_in*c_out + bias*c_out
    memory access = n*c_in + params + n*c_out + labels

    Args:
        n, c_in, c_out: rows, features, classes or targets.
        bias: 1 with intercepts, 0 without.
        operations: operations that a score takes after the sum: a softmax 5.
        labels: labels written.

    >>> Linear(c_in=4, c_out=3, bias=1).cost.params  # the iris
    15
    """

    packed = True

    n: Dim = 1
    c_in: Dim
    c_out: Dim
    bias: Dim = 0
    operations: Dim = 0
    labels: Dim = 0

    @property
    def cost(self) -> Cost:
        held = self.c_in * self.c_out + self.bias * self.c_out
        return Cost(
            params=held,
            madds=self.n * self.c_in * self.c_out,
            ops=(self.bias + self.operations) * self.n * self.c_out,
            weight_reads=held,
            reads=self.n * self.c_in,
            writes=self.n * self.c_out + self.labels,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, x: Tensor, *, outputs: tuple[Tensor, ...], coefficients: Sequence[float],
        intercepts: Sequence[float] = (), post_transform: str = "NONE", **_: Any,
    ) -> Linear:  # fmt: skip
        n, c_in = rows_and_columns(x)
        if not coefficients or len(coefficients) % c_in:
            raise ModelError(
                f"expected coefficients for {c_in} features, found {len(coefficients)}"
            )
        return cls(
            n=n, c_in=c_in, c_out=len(coefficients) // c_in, bias=int(bool(intercepts)),
            operations=POST.get(post_transform, 0), labels=n * int(len(outputs) > 1),
        )  # fmt: skip


@operator(f"{ML}SVMRegressor", shape=_targets)
@operator(f"{ML}SVMClassifier")
class SupportVectors(Operator):
    """A support vector machine: a kernel of each row with each support vector, then a sum.

    madds = n*vectors*(c_in + scores)
    ops = operations*n*vectors + n*scores
    params = vectors*(c_in + scores) + scores
    memory access = n*c_in + params + n*scores + labels

    Operations of a kernel: linear 0; polynomial 3 (multiply, add, power); radial 3 (scale,
    exp, and the distance counted as multiply-adds); sigmoid 3 (multiply, add, tanh).

    Args:
        n, c_in: rows and features.
        vectors: support vectors.
        scores: sums that each row takes: classes less one, or 1.
        operations: operations that a kernel takes after its product.
        labels: labels written.

    >>> SupportVectors(n=10, c_in=4, vectors=45, scores=2, operations=3).cost.madds  # 10*45*6
    2700
    """

    packed = True

    n: Dim = 1
    c_in: Dim
    vectors: Dim
    scores: Dim = 1
    operations: Dim = 0
    labels: Dim = 0

    @property
    def cost(self) -> Cost:
        held = self.vectors * (self.c_in + self.scores) + self.scores
        return Cost(
            params=held,
            madds=self.n * self.vectors * (self.c_in + self.scores),
            ops=self.operations * self.n * self.vectors + self.n * self.scores,
            weight_reads=held,
            reads=self.n * self.c_in,
            writes=self.n * self.scores + self.labels,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, x: Tensor, *, outputs: tuple[Tensor, ...], coefficients: Sequence[float],
        support_vectors: Sequence[float] = (), kernel_type: str = "LINEAR", **_: Any,
    ) -> SupportVectors:  # fmt: skip
        n, c_in = rows_and_columns(x)
        vectors = exact(len(support_vectors), c_in) or 1
        return cls(
            n=n, c_in=c_in, vectors=vectors, scores=max(1, len(coefficients) // vectors),
            operations=0 if kernel_type == "LINEAR" else 3, labels=n * int(len(outputs) > 1),
        )  # fmt: skip


@operator(f"{ML}Scaler", shape=_real, operations=2, statistics=("offset", "scale"))
@operator(
    f"{ML}Imputer",
    shape=shapes.like(0),
    operations=1,
    statistics=("imputed_value_floats", "imputed_value_int64s"),
)
@operator(f"{ML}Normalizer", shape=_real, operations=3)
@operator(f"{ML}Binarizer", operations=1)
class Preprocessing(Operator):
    """Features rescaled, filled in, normalised or cut off, by statistics kept as attributes.

    ops = operations*elements
    memory access = 2*elements + statistics

    Args:
        elements: elements read and written.
        statistics: numbers kept for the features.
        operations: operations an element takes: a shift and a scale 2; a square, an addition
            and a division for the norm 3; a comparison 1.

    >>> Preprocessing(elements=40, statistics=8, operations=2).cost.ops
    80
    """

    packed = True

    elements: Dim
    statistics: Dim = 0
    operations: Dim = 1

    @property
    def cost(self) -> Cost:
        return Cost(
            buffers=self.statistics,
            ops=self.operations * self.elements,
            weight_reads=self.statistics,
            reads=self.elements,
            writes=self.elements,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, x: Tensor, *, operations: int, statistics: tuple[str, ...] = (), **attributes: Any
    ) -> Preprocessing:
        kept = sum(len(attributes.get(name, ())) for name in statistics)
        return cls(elements=x.elements, statistics=kept, operations=operations)


@operator(f"{ML}ZipMap")
class ZipMap(Operator):
    """Scores copied into a map for each row, keyed by label.

    memory access = 2*elements

    Args:
        elements: scores read and written.

    >>> ZipMap(elements=30).cost.memory_access
    60
    """

    elements: Dim

    @property
    def cost(self) -> Cost:
        return Cost(reads=self.elements, writes=self.elements)

    @classmethod
    def bind(cls, x: Tensor, **_: Any) -> ZipMap:  # type: ignore[override]
        return cls(elements=x.elements)


operator(f"{ML}FeatureVectorizer", shape=_concatenated)(Concat)
