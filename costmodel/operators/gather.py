"""Gather and scatter: elements read or written where an index says; embeddings."""

from __future__ import annotations

from typing import Any, ClassVar

from costmodel.cost import Cost
from costmodel.dims import Dim
from costmodel.errors import ModelError
from costmodel.operator import Operator, operator
from costmodel.operators import shapes
from costmodel.operators.movement import Movement
from costmodel.tensor import Tensor


def _embedded(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
    """Rows of a table, for each index."""
    table, indices = shapes.given(inputs, 0), shapes.given(inputs, 1)
    if table.shape is None or indices.shape is None:
        return [(table.dtype, None)]
    return [(table.dtype, (*indices.shape, *table.shape[1:]))]


def _biased(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
    """RelativePositionBias: one value for each head, query and key."""
    table = shapes.given(inputs, 0)
    heads = None if table.shape is None else table.shape[1]
    sizes = [None if v is None else int(v) for v in values[1:3]]
    return [(table.dtype, (1, heads, *sizes))]


@operator("Gather", "GatherElements", "GatherND")
@operator("com.microsoft::GatherND", shape_like="GatherND")
@operator("com.microsoft::TorchEmbedding", shape=_embedded)
@operator("com.microsoft::RelativePositionBias", shape=_biased)
@operator("ai.onnx.ml::ArrayFeatureExtractor")
class Gather(Movement):
    """Elements picked by index: an embedding owns its table and reads a few rows of it.

    params = learned
    memory access = inputs + held + elements

    Args:
        elements: elements picked, and written.
        inputs: activation elements read: the indices, and what is picked from activations.
        held: constant elements read: what is picked from a constant table, constant indices.
        learned: elements of the table, where it is learned.

    >>> row = Gather(elements=16 * 768, inputs=16, held=16 * 768, learned=30522 * 768).cost
    >>> row.params, row.weight_reads, row.memory_access  # 16 words of BERT's vocabulary
    (23440896, 12288, 24592)
    """

    @classmethod
    def bind(  # type: ignore[override]
        cls, table: Tensor, indices: Tensor, *_: Tensor | None, y: Tensor, **__: Any
    ) -> Gather:
        picked = [Tensor(y.dims, table.dtype, table.constant), indices]
        activations, held, _learned = cls.split(picked)
        learned = cls.split([table])[2]
        return cls(elements=y.elements, inputs=activations, held=held, learned=learned)


@operator("Scatter", "ScatterElements", "ScatterND")
@operator("TensorScatter", updates_at=1, indices_at=2)
class Scatter(Operator):
    """A copy of the data with updates written where an index says.

    ops = reducing*updates
    memory access = 2*data + 2*updates + indices

    The data are copied, though a runtime may write in place.

    Args:
        data: elements of the data, read and written.
        updates: elements read and written into them.
        indices: elements of the indices.
        reducing: 1 where an update is combined with what stands there, 0 where it replaces it.

    >>> Scatter(data=100, updates=10, indices=10).cost.memory_access  # 2*100 + 2*10 + 10
    230
    """

    weights: ClassVar = (0,)

    data: Dim
    updates: Dim
    indices: Dim = 0
    reducing: Dim = 0

    @property
    def cost(self) -> Cost:
        return Cost(
            ops=self.reducing * self.updates,
            reads=self.data + self.updates + self.indices,
            writes=self.data + self.updates,
        )

    @classmethod
    def bind(
        cls, *inputs: Tensor | None, updates_at: int = 2, indices_at: int = 1,
        reduction: str = "none", **_: Any,
    ) -> Scatter:  # fmt: skip
        data, updates = inputs[0], inputs[updates_at]
        indices = inputs[indices_at] if len(inputs) > indices_at else None
        if data is None or updates is None:
            raise ModelError("expected data and updates, found one of them omitted")
        return cls(
            data=data.elements,
            updates=updates.elements,
            indices=0 if indices is None else indices.elements,
            reducing=int(reduction != "none"),
        )


@operator("OneHot")
@operator("ai.onnx.ml::OneHotEncoder")
class OneHot(Operator):
    """Each index as a row that is zero but for one place.

    memory access = indices + elements

    Args:
        indices: elements read.
        elements: elements written.

    >>> OneHot(indices=10, elements=10 * 257).cost.memory_access
    2580
    """

    indices: Dim
    elements: Dim

    @property
    def cost(self) -> Cost:
        return Cost(reads=self.indices, writes=self.elements)

    @classmethod
    def bind(cls, indices: Tensor, *_: Tensor | None, y: Tensor, **__: Any) -> OneHot:  # type: ignore[override]
        return cls(indices=indices.elements, elements=y.elements)


@operator("Col2Im")
class Col2Im(Operator):
    """Overlapping columns added up to an image.

    ops = columns
    memory access = columns + elements

    Args:
        columns: elements read, each added once.
        elements: elements written.

    >>> Col2Im(columns=45, elements=25).cost.ops
    45
    """

    columns: Dim
    elements: Dim

    @property
    def cost(self) -> Cost:
        return Cost(ops=self.columns, reads=self.columns, writes=self.elements)

    @classmethod
    def bind(cls, x: Tensor, *_: Tensor | None, y: Tensor, **__: Any) -> Col2Im:  # type: ignore[override]
        return cls(columns=x.elements, elements=y.elements)
