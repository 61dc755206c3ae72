"""Experts: layers of which each token visits a few."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from costmodel.cost import Cost
from costmodel.dims import Dim
from costmodel.errors import ModelError
from costmodel.operator import Operator, operator
from costmodel.operators import shapes
from costmodel.operators.fused import activation_operations
from costmodel.tensor import Tensor

FUSED = {"relu": "Relu", "gelu": "Gelu", "silu": "Swish", "swiglu": "SwiGLU", "identity": ""}
"""ONNX Runtime's names of the activations."""


@operator("com.microsoft::MoE", shape=shapes.like(0), places=(2, 4, 6))
class MixtureOfExperts(Operator):
    """Two or three fully connected layers for each token, of the few experts chosen for it.

    madds = tokens*chosen*c_in*(first + second + third)
    params = experts*c_in*(first + second + third) + bias
    memory access = 2*tokens*c_in + tokens*experts + params

    Which experts are read depends on the tokens; all count as read.

    Args:
        tokens, c_in: tokens, and their width.
        experts, chosen: experts in all, and experts a token visits.
        first, second, third: inner width of each layer; 0 without a third.
        bias: elements of the biases.
        operations: operations that the activation takes an inner element.

    >>> moe = MixtureOfExperts(tokens=1, c_in=8, experts=4, chosen=2, first=16, second=16)
    >>> moe.cost.madds, moe.cost.params  # 2*8*32, 4*8*32
    (512, 1024)

    References:
        Fedus et al., Switch Transformers, arXiv 2101.03961, section 2.1.
    """

    weights: ClassVar = (2, 3, 4, 5, 6, 7)

    tokens: Dim
    c_in: Dim
    experts: Dim
    chosen: Dim = 1
    first: Dim
    second: Dim
    third: Dim = 0
    bias: Dim = 0
    operations: Dim = 1

    @property
    def cost(self) -> Cost:
        widths = self.first + self.second + self.third
        held = self.experts * self.c_in * widths + self.bias
        return Cost(
            params=held,
            madds=self.tokens * self.chosen * self.c_in * widths,
            ops=self.tokens * self.chosen * self.second * self.operations,
            weight_reads=held,
            reads=self.tokens * (self.c_in + self.experts),
            writes=self.tokens * self.c_in,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, x: Tensor, router: Tensor, *more: Tensor | None, places: tuple[int, int, int],
        k: int = 1, activation_type: str = "relu", **_: Any,
    ) -> MixtureOfExperts:  # fmt: skip
        inputs = (x, router, *more, *(None,) * 8)
        layers = [t for t in (inputs[p] for p in places) if t is not None]
        experts, c_in = layers[0].dims[0], x.dims[-1]
        if any(t.dims[0] != experts or c_in not in t.dims[1:] for t in layers):
            raise ModelError(f"expected layers of {experts} experts for {c_in} features")
        widths = [t.elements // (experts * c_in) for t in layers] + [0]
        biases = [inputs[p + 1] for p in places]
        return cls(
            tokens=math.prod(x.dims[:-1]), c_in=c_in, experts=experts, chosen=k,
            first=widths[0], second=widths[1], third=widths[2],
            bias=sum(t.elements for t in biases if t is not None),
            operations=activation_operations(FUSED.get(activation_type, activation_type)),
        )  # fmt: skip
