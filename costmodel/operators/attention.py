"""Attention: queries meet keys, scores are normalised, values are mixed, all in one kernel."""

from __future__ import annotations

from typing import Any, ClassVar

from costmodel.cost import Cost
from costmodel.dims import Dim
from costmodel.errors import ModelError, Unknown
from costmodel.operator import Operator, operator
from costmodel.tensor import Tensor

SOFTMAX, SCALE, MASK, SOFTCAP = 5, 1, 1, 3
"""Operations that a score takes: softmax; multiply; add; divide, tanh, multiply."""


@operator("Attention", "ai.onnx.preview::FlexAttention")
class Attention(Operator):
    """Scaled dot-product attention with grouped key and value heads, and a cache.

    madds = n*heads*s_q*s_kv*(d_qk + d_v)
    ops = operations*n*heads*s_q*s_kv + 3*rotary*n*s_q*(heads + kv_heads)*d_qk + bias*n*s_q
    memory access = reads + writes
    reads = n*heads*s_q*d_qk + n*kv_heads*s_kv*(d_qk + d_v) + mask + bias
    writes = n*heads*s_q*d_v + cached*n*kv_heads*s_kv*(d_qk + d_v) + scores*n*heads*s_q*s_kv

    The scores stay inside the kernel. A causal mask saves nothing here, as in the papers'
    counts: the whole square is computed.

    Args:
        n: batch.
        heads, kv_heads: heads of the queries, and of the keys and values.
        s_q, s_kv: queries; keys, those of the cache included.
        d_qk, d_v: extent of a query or key, and of a value.
        operations: operations that a score takes: a multiply and a softmax of five, 6; the
            addition of a mask, 1; a soft cap, 3.
        mask: elements of the mask or the attention bias that are read.
        bias: elements of a learned bias of the projections that is added here.
        rotary: 1 where queries and keys are rotated here, 0 where not.
        cached: 1 where keys and values are written to a cache, 0 where not.
        scores: 1 where the scores are returned as well, 0 where not.

    >>> Attention(heads=12, kv_heads=12, s_q=197, s_kv=197, d_qk=64, d_v=64).cost.madds
    59610624

    References:
        Vaswani et al., Attention Is All You Need, arXiv 1706.03762, equation 1.
        Ainslie et al., GQA, arXiv 2305.13245, section 2.2.
    """

    weights: ClassVar[tuple[int, ...] | None] = ()

    n: Dim = 1
    heads: Dim
    kv_heads: Dim
    s_q: Dim
    s_kv: Dim
    d_qk: Dim
    d_v: Dim
    operations: Dim = SCALE + SOFTMAX
    mask: Dim = 0
    bias: Dim = 0
    rotary: Dim = 0
    cached: Dim = 0
    scores: Dim = 0

    @property
    def cost(self) -> Cost:
        scores = self.n * self.heads * self.s_q * self.s_kv
        past = self.n * self.kv_heads * self.s_kv * (self.d_qk + self.d_v)
        turned = self.rotary * self.n * self.s_q * (self.heads + self.kv_heads) * self.d_qk
        return Cost(
            params=self.bias,
            madds=scores * (self.d_qk + self.d_v),
            ops=self.operations * scores + 3 * turned + self.n * self.s_q * self.bias,
            weight_reads=self.bias,
            reads=self.n * self.heads * self.s_q * self.d_qk + past + self.mask,
            writes=self.n * self.heads * self.s_q * self.d_v
            + self.cached * past
            + self.scores * scores,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None,
        past_key: Tensor | None = None, *_: Tensor | None, outputs: tuple[Tensor, ...],
        q_num_heads: int = 0, kv_num_heads: int = 0, softcap: float = 0, score_mod: Any = None,
        prob_mod: Any = None, **__: Any,
    ) -> Attention:  # fmt: skip
        if score_mod is not None or prob_mod is not None:
            raise Unknown("the graph that modifies its scores is not counted")
        n, heads, s_q, d_qk = split_heads(q, q_num_heads)
        _, kv_heads, s_kv, d_k = split_heads(k, kv_num_heads)
        d_v = split_heads(v, kv_num_heads)[3]
        if d_qk != d_k or heads % kv_heads:
            raise ModelError(
                f"expected {heads} query heads of {d_qk} to share key heads, "
                f"found {kv_heads} of {d_k}"
            )
        present = [t.shape is not None for t in outputs[1:]] + [False] * 3
        return cls(
            n=n, heads=heads, kv_heads=kv_heads, s_q=s_q, d_qk=d_qk, d_v=d_v,
            s_kv=s_kv + (past_key.dims[2] if past_key is not None else 0),
            operations=score_operations(mask, softcap),
            mask=0 if mask is None else mask.elements,
            cached=int(present[0]), scores=int(present[2]),
        )  # fmt: skip


def score_operations(mask: Tensor | None, softcap: float) -> int:
    """Operations that a score takes with a mask or a bias added to it, and a soft cap.

    >>> score_operations(None, 0.0), score_operations(Tensor((4, 4)), 50.0)
    (6, 10)
    """
    return SCALE + SOFTMAX + (0 if mask is None else MASK) + (SOFTCAP if softcap else 0)


def split_heads(tensor: Tensor, heads: int) -> tuple[Dim, Dim, Dim, Dim]:
    """(n, heads, s, d) of a tensor that has them as four axes, or as (n, s, heads*d).

    >>> split_heads(Tensor((2, 16, 96)), 8)
    (2, 8, 16, 12)
    """
    if len(tensor.dims) == 4:
        n, held, s, d = tensor.dims
        return n, held, s, d
    n, s, width = tensor.dims
    if heads < 1 or width % heads:
        raise ModelError(f"expected heads that divide {width}, found {heads}")
    return n, heads, s, width // heads
