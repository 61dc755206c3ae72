"""What transformers put around attention: embeddings, rotations, biases of the scores."""

from __future__ import annotations

from typing import Any, ClassVar

from costmodel.cost import Cost
from costmodel.dims import Dim, exact
from costmodel.operator import Operator, operator
from costmodel.operators import shapes
from costmodel.tensor import Tensor

MICROSOFT = "com.microsoft::"


@operator("RotaryEmbedding", positions_at=3)
@operator(f"{MICROSOFT}RotaryEmbedding", shape=shapes.like(0), positions_at=1)
@operator(f"{MICROSOFT}GemmaRotaryEmbedding", shape=shapes.like(1, 3), positions_at=99)
class RotaryEmbedding(Operator):
    """Pairs of features rotated by an angle that depends on the position.

    ops = 3*rotated
    memory access = 2*elements + angles + positions

    An element takes a multiply by the cosine, one by the sine, and an addition.

    Args:
        elements: elements read and written.
        rotated: those of them that are rotated.
        angles: cosines and sines read: one each for a pair at a position.
        positions: positions read.

    >>> RotaryEmbedding(elements=4096, rotated=4096, angles=128).cost.ops
    12288

    References:
        Su et al., RoFormer, arXiv 2104.09864, equation 34.
    """

    elements: Dim
    rotated: Dim
    angles: Dim = 0
    positions: Dim = 0

    @property
    def cost(self) -> Cost:
        return Cost(
            ops=3 * self.rotated,
            weight_reads=self.angles,
            reads=self.elements + self.positions,
            writes=self.elements,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, x: Tensor, *more: Tensor | None, outputs: tuple[Tensor, ...], positions_at: int,
        num_heads: int = 0, rotary_embedding_dim: int = 0, **_: Any,
    ) -> RotaryEmbedding:  # fmt: skip
        if positions_at > len(more) + 1:  # queries and keys at once, by computed angles
            both = sum(t.elements for t in outputs)
            return cls(elements=both, rotated=both)
        positions = more[positions_at - 1] if len(more) >= positions_at else None
        four = len(x.dims) == 4
        head = x.dims[3] if four else exact(x.dims[-1], num_heads or 1)
        turned = rotary_embedding_dim or head
        rows = x.dims[0] * (x.dims[2] if four else x.dims[1])
        return cls(
            elements=x.elements,
            rotated=x.elements // head * turned,
            angles=rows * turned,
            positions=0 if positions is None else positions.elements,
        )


def _embedded(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
    """The normalised sum, the lengths, the sum."""
    words, table = shapes.given(inputs, 0), shapes.given(inputs, 2)
    if words.shape is None or table.shape is None:
        return [("float32", None)]
    dtype = table.dtype if "float" in table.dtype else "float32"
    rows = (*words.shape, table.shape[-1])
    return [(dtype, rows), ("int32", words.shape[:1]), (dtype, rows)]


@operator(f"{MICROSOFT}EmbedLayerNormalization", shape=_embedded)
@operator(f"{MICROSOFT}QEmbedLayerNormalization", shape=_embedded)
class EmbedLayerNormalization(Operator):
    """Word, position and segment embeddings added and normalised: the start of BERT.

    ops = (tables - 1 + 7)*tokens*hidden
    params = rows*hidden + 2*hidden
    memory access = indices + tables*tokens*hidden + 2*hidden + written*tokens*hidden

    Args:
        tokens: tokens of the batch.
        hidden: width of an embedding.
        tables: tables that are read: 3, or 2 without segments.
        rows: rows of the tables together.
        indices: indices read.
        written: tensors of tokens*hidden that are written.

    >>> bert = EmbedLayerNormalization(tokens=128, hidden=768, rows=30522 + 512 + 2)
    >>> bert.cost.params  # 31036*768 + 2*768
    23837184

    References:
        Devlin et al., BERT, arXiv 1810.04805, figure 2.
    """

    weights: ClassVar = (2, 3, 4, 5, 6)
    quantised: ClassVar = True

    tokens: Dim
    hidden: Dim
    tables: Dim = 3
    rows: Dim = 0
    indices: Dim = 0
    written: Dim = 1

    @property
    def cost(self) -> Cost:
        embedded = self.tokens * self.hidden
        return Cost(
            params=self.rows * self.hidden + 2 * self.hidden,
            ops=(self.tables + 6) * embedded,
            weight_reads=self.tables * embedded + 2 * self.hidden,
            reads=self.indices,
            writes=self.written * embedded,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, words: Tensor, segments: Tensor | None, *more: Tensor | None,
        outputs: tuple[Tensor, ...], **_: Any,
    ) -> EmbedLayerNormalization:  # fmt: skip
        tables = [t for t in more[:3] if t is not None]
        return cls(
            tokens=words.elements,
            hidden=tables[0].dims[-1],
            tables=len(tables),
            rows=sum(t.dims[0] for t in tables),
            indices=words.elements + (0 if segments is None else segments.elements),
            written=1 + sum(t.shape is not None for t in outputs[2:3]),
        )


def _gated(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
    query, relative = shapes.given(inputs, 0), shapes.given(inputs, 2)
    if query.shape is None or len(query.shape) != 3 or relative.shape is None:
        return [(query.dtype, None)]
    return [(query.dtype, (query.shape[0], *relative.shape[1:]))]


@operator(f"{MICROSOFT}GatedRelativePositionBias", shape=_gated)
class GatedRelativePositionBias(Operator):
    """A bias of the scores by relative position, gated by the queries.

    madds = n*heads*s*d*gates
    ops = n*heads*s*(d + gates + 11) + n*heads*s*s
    memory access = n*s*heads*d + heads*s*s + learned + n*heads*s*s

    Args:
        n, heads, s, d: batch, heads, positions, extent of a head.
        gates: columns of the gating matrix.

    >>> GatedRelativePositionBias(heads=2, s=4, d=8, gates=6).cost.madds  # 2*4*8*6
    384
    """

    weights: ClassVar = (1, 3, 4, 5)

    n: Dim = 1
    heads: Dim
    s: Dim
    d: Dim
    gates: Dim

    @property
    def cost(self) -> Cost:
        rows = self.n * self.heads * self.s
        held = self.heads * self.d + self.d * self.gates + self.gates + self.heads
        return Cost(
            params=held,
            madds=rows * self.d * self.gates,
            ops=rows * (self.d + self.gates + 11) + rows * self.s,
            weight_reads=held,
            reads=rows * self.d + self.heads * self.s * self.s,
            writes=rows * self.s,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, query: Tensor, bias: Tensor, relative: Tensor, weight: Tensor, *_: Tensor | None,
        y: Tensor, **__: Any,
    ) -> GatedRelativePositionBias:  # fmt: skip
        n, heads, s, _s = y.dims
        d, gates = weight.dims
        return cls(n=n, heads=heads, s=s, d=d, gates=gates)
