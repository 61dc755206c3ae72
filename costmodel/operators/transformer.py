"""ONNX Runtime's attention: with its projections, or packed after them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from costmodel.cost import Cost
from costmodel.dims import Dim, exact
from costmodel.errors import ModelError
from costmodel.operator import operator
from costmodel.operators import shapes
from costmodel.operators.attention import Attention, score_operations
from costmodel.tensor import Tensor

MICROSOFT = "com.microsoft::"


def projected(past_at: int) -> shapes.ShapeRule:
    """Attention that projects its input: the values' width, and the cache."""

    def rule(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
        x, w = shapes.given(inputs, 0), shapes.given(inputs, 1)
        if x.shape is None or w.shape is None or w.shape[1] is None:
            return [(x.dtype, None)]
        sizes = attributes.get("qkv_hidden_sizes")
        width = sizes[2] if sizes else w.shape[1] // 3
        dtype = "float32" if "int" in x.dtype else x.dtype
        results: shapes.Shapes = [(dtype, (*x.shape[:-1], width))]
        if len(x.shape) == 3:
            heads = attributes["num_heads"]
            kept = length(inputs, past_at, 3, x.shape[1])
            results.append((dtype, (2, x.shape[0], heads, kept, width // heads)))
        return results

    return rule


def length(inputs: shapes.Inputs, past_at: int, axis: int, new: Dim | None) -> Dim | None:
    """Keys in the cache after the call: those of the past and the new ones."""
    if past_at >= len(inputs) or inputs[past_at] is None:
        return new
    past = shapes.given(inputs, past_at).shape
    before = None if past is None else past[axis]
    return None if before is None or new is None else before + new


PROJECTED = {
    "Attention": (2, 4, 5),
    "QAttention": (2, 8, 99),
    "DecoderMaskedSelfAttention": (2, 4, 5),
    "PackedAttention": (2, 99, 5),
}
"""Positions of the bias, the cache and the addend of the scores."""


class ProjectedAttention(Attention):
    """Attention with the projections to queries, keys and values in the same kernel.

    madds = n*s_q*c_in*(heads*d_qk + kv_heads*(d_qk + d_v)) + n*heads*s_q*s_kv*(d_qk + d_v)
    params = c_in*(heads*d_qk + kv_heads*(d_qk + d_v)) + bias
    memory access = n*s_q*c_in + params + n*kv_heads*past*(d_qk + d_v) + mask + n*heads*s_q*d_v

    Sequences that are packed without padding count at their full length.

    Args:
        c_in: width of the input.
        past: keys that come from the cache.

    >>> sizes = {"heads": 12, "kv_heads": 12, "s_q": 128, "s_kv": 128, "d_qk": 64, "d_v": 64}
    >>> ProjectedAttention(c_in=768, **sizes).cost.madds  # 128*768*2304 + 12*128*128*128
    251658240
    """

    weights: ClassVar[tuple[int, ...] | None] = (1, 2)
    quantised: ClassVar[bool] = True

    c_in: Dim
    past: Dim = 0

    @property
    def cost(self) -> Cost:
        inner = super().cost
        keys = self.kv_heads * (self.d_qk + self.d_v)
        matrix = self.c_in * (self.heads * self.d_qk + keys)
        rows = self.n * self.s_q
        return Cost(
            params=matrix + self.bias,
            madds=rows * matrix + inner.madds,
            ops=inner.ops,
            weight_reads=matrix + self.bias,
            reads=rows * self.c_in + self.n * self.past * keys + self.mask,
            writes=inner.writes,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, x: Tensor, w: Tensor, *more: Tensor | None, outputs: tuple[Tensor, ...],
        places: tuple[int, int, int], num_heads: int, qkv_hidden_sizes: Sequence[int] = (),
        do_rotary: int = 0, **_: Any,
    ) -> ProjectedAttention:  # fmt: skip
        inputs = (x, w, *more, *(None,) * 100)
        bias, past, addend = (inputs[p] for p in places)
        packed = len(x.dims) == 2
        n, s_q = inputs[3].dims if packed and inputs[3] is not None else x.dims[:2]
        c_in, columns = w.dims
        if x.dims[-1] != c_in:
            raise ModelError(f"expected weights for {x.dims[-1]} features, found {c_in}")
        width, _keys, values = qkv_hidden_sizes or (columns // 3,) * 3
        if num_heads < 1 or width % num_heads:
            raise ModelError(f"expected heads that divide {width}, found {num_heads}")
        kept = 0 if past is None else past.dims[3]
        return cls(
            n=n, c_in=c_in, heads=num_heads, kv_heads=num_heads, s_q=s_q, s_kv=s_q + kept,
            past=kept, d_qk=width // num_heads, d_v=values // num_heads,
            operations=score_operations(addend, 0),
            mask=0 if addend is None else addend.elements,
            bias=0 if bias is None else bias.elements, rotary=do_rotary,
            cached=sum(t.shape is not None for t in outputs[1:2]),
        )  # fmt: skip


for _op_type, _places in PROJECTED.items():
    _rule = projected(_places[1])
    operator(f"{MICROSOFT}{_op_type}", shape=_rule, places=_places)(ProjectedAttention)


def mixed(past_at: int) -> shapes.ShapeRule:
    """Attention without projections: queries' length by values' width, and the cache."""

    def rule(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
        q, k, v = (shapes.given(inputs, p) for p in range(3))
        heads = attributes["num_heads"]
        groups = attributes.get("kv_num_heads", heads)
        if q.shape is None or None in q.shape[2:]:
            return [(q.dtype, None)]
        if len(q.shape) == 5:
            return [(q.dtype, (*q.shape[:2], heads * q.shape[4]))]
        if len(inputs) < 2 or inputs[1] is None:
            d_qk = d_v = exact(q.shape[2], heads + 2 * groups)
            new = q.shape[1]
        elif k.shape is not None and len(k.shape) == 5 and k.shape[4] is not None:
            d_qk, d_v, new = exact(q.shape[2], heads), k.shape[4], k.shape[1]
        elif k.shape is not None and len(k.shape) == 3 and v.shape is not None and v.shape[2]:
            d_qk, d_v, new = exact(q.shape[2], heads), exact(v.shape[2], groups), k.shape[1]
        else:
            return [(q.dtype, q.shape)]
        kept = length(inputs, past_at, 2, new)
        n = q.shape[0]
        return [
            (q.dtype, (*q.shape[:2], heads * d_v)),
            (q.dtype, (n, groups, kept, d_qk)),
            (q.dtype, (n, groups, kept, d_v)),
        ]

    return rule


@operator(f"{MICROSOFT}MultiHeadAttention", shape=mixed(6), places=(3, 5, 6), weights=(3,))
@operator(
    f"{MICROSOFT}DecoderMaskedMultiHeadAttention", shape=mixed(5), places=(10, 4, 5), weights=(10,)
)
@operator(f"{MICROSOFT}GroupQueryAttention", shape=mixed(3), places=(99, 10, 3), weights=(14, 15))
class MultiHeadAttention(Attention):
    """ONNX Runtime's attention after the projections, packed or not, with their bias.

    madds = n*heads*s_q*s_kv*(d_qk + d_v)

    >>> MultiHeadAttention(heads=32, kv_heads=8, s_q=1, s_kv=1024, d_qk=128, d_v=128).cost.madds
    8388608
    """

    @classmethod
    def bind(  # type: ignore[override]
        cls, q: Tensor, k: Tensor | None = None, v: Tensor | None = None, *more: Tensor | None,
        outputs: tuple[Tensor, ...], places: tuple[int, int, int], num_heads: int,
        kv_num_heads: int = 0, do_rotary: int = 0, softcap: float = 0, **_: Any,
    ) -> MultiHeadAttention:  # fmt: skip
        groups = kv_num_heads or num_heads
        inputs = (q, k, v, *more, *(None,) * 100)
        bias, addend, past = (inputs[p] for p in places)
        n, s_q = q.dims[:2]
        if len(q.dims) == 5:
            s_new, d_qk, d_v = s_q, q.dims[4], q.dims[4]
        elif k is None:
            d_qk = d_v = exact(q.dims[2], num_heads + 2 * groups)
            s_new = s_q
        else:
            d_qk = exact(q.dims[2], num_heads)
            s_new = k.dims[2] if len(k.dims) == 4 else k.dims[1]
            d_v = d_qk if v is None else v.dims[3] if len(v.dims) == 4 else exact(v.dims[2], groups)
        present = [t for t in outputs[1:] if t.shape is not None]
        kept = 0 if past is None else past.dims[2]
        s_kv = present[0].dims[2] if present and present[0].known else kept + s_new
        return cls(
            n=n, heads=num_heads, kv_heads=groups, s_q=s_q, s_kv=s_kv, d_qk=d_qk, d_v=d_v,
            operations=score_operations(addend, softcap),
            mask=0 if addend is None else addend.elements,
            bias=0 if bias is None else bias.elements, rotary=do_rotary,
            cached=int(bool(present)), scores=int(len(present) > 2),
        )  # fmt: skip
