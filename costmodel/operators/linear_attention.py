"""Linear attention: a state that each token updates and reads, instead of all past tokens."""

from __future__ import annotations

from typing import Any

from costmodel.cost import Cost
from costmodel.dims import Dim
from costmodel.errors import ModelError
from costmodel.operator import Operator, operator
from costmodel.operators import shapes
from costmodel.operators.attention import split_heads
from costmodel.tensor import Tensor

RULES = {"linear": (0, 0), "gated": (0, 1), "delta": (1, 0), "gated_delta": (1, 1)}
"""Whether an update subtracts what the state already says, and whether the state decays."""


def _stateful(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
    q, k, v = (shapes.given(inputs, p) for p in range(3))
    if not (q.known and k.known and v.known):
        return [(q.dtype, None)]
    heads, groups = attributes["q_num_heads"], attributes["kv_num_heads"]
    d_qk, d_v = k.dims[2] // groups, v.dims[2] // groups
    return [(q.dtype, (*q.dims[:2], heads * d_v)), (q.dtype, (q.dims[0], groups, d_qk, d_v))]


@operator("LinearAttention")
@operator("com.microsoft::LinearAttention", shape=_stateful)
class LinearAttention(Operator):
    """Attention through a recurrent state of d_qk by d_v for each head.

    madds = n*s*d_qk*d_v*(heads + (1 + delta)*kv_heads)
    ops = n*s*(heads*d_v + kv_heads*(gated*d_qk*d_v + 2*delta*d_v)) + decay
    memory access = n*s*(heads + kv_heads)*(d_qk + d_v) + gates + (1 + resumed)*n*kv_heads*d_qk*d_v

    Each token adds an outer product to the state and reads it with its query. The delta rule
    first reads what the state says to the key; a gate decays the state. Chunks that a runtime
    works on in parallel change this count; they are not looked at.

    Args:
        n, s: batch and tokens.
        heads, kv_heads: heads of the queries, and of the keys and values.
        d_qk, d_v: extent of a query or key, and of a value.
        delta: 1 for a delta rule, 0 without.
        gated: 1 where the state decays, 0 where not.
        decay: elements of the decay, each an exp.
        gates: elements of decay and update rate that are read.
        resumed: 1 where a state is given, 0 where it starts empty.

    >>> LinearAttention(s=1, heads=2, kv_heads=2, d_qk=8, d_v=4, delta=1).cost.madds  # 8*4*(2 + 4)
    192

    References:
        Katharopoulos et al., Transformers are RNNs, arXiv 2006.16236, equations 18 to 20.
        Yang et al., Gated Delta Networks, arXiv 2412.06464, equation 10.
    """

    n: Dim = 1
    s: Dim
    heads: Dim
    kv_heads: Dim
    d_qk: Dim
    d_v: Dim
    delta: Dim = 0
    gated: Dim = 0
    decay: Dim = 0
    gates: Dim = 0
    resumed: Dim = 0

    @property
    def cost(self) -> Cost:
        tokens = self.n * self.s
        matrix = self.d_qk * self.d_v
        state = self.n * self.kv_heads * matrix
        update = self.kv_heads * (self.gated * matrix + 2 * self.delta * self.d_v)
        return Cost(
            madds=tokens * matrix * (self.heads + (1 + self.delta) * self.kv_heads),
            ops=tokens * (self.heads * self.d_v + update) + self.decay,
            reads=tokens * (self.heads * self.d_qk + self.kv_heads * (self.d_qk + self.d_v))
            + self.gates
            + self.resumed * state,
            writes=tokens * self.heads * self.d_v + state,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, q: Tensor, k: Tensor, v: Tensor, *more: Tensor | None, q_num_heads: int,
        kv_num_heads: int, update_rule: str = "gated_delta", **_: Any,
    ) -> LinearAttention:  # fmt: skip
        if update_rule not in RULES:
            raise ModelError(f"expected an update rule of {sorted(RULES)}, found '{update_rule}'")
        past, decay, beta = [*more, None, None, None][:3]
        n, heads, s, d_qk = split_heads(q, q_num_heads)
        _, groups, _, d_k = split_heads(k, kv_num_heads)
        if d_qk != d_k or heads % groups:
            raise ModelError(
                f"expected {heads} query heads of {d_qk} to share key heads, "
                f"found {groups} of {d_k}"
            )
        delta, gated = RULES[update_rule]
        return cls(
            n=n, s=s, heads=heads, kv_heads=groups, d_qk=d_qk,
            d_v=split_heads(v, kv_num_heads)[3], delta=delta, gated=gated,
            decay=0 if decay is None else decay.elements,
            gates=sum(t.elements for t in (decay, beta) if t is not None),
            resumed=int(past is not None),
        )  # fmt: skip
