"""Element-wise operators: few operations, heavy traffic (the paper's G4).

An addition, a comparison or a function of C's mathematical library (exp, tanh, erf) is one
operation; every other function counts what its definition takes. The sigmoid, for example,
1 / (1 + exp(-x)), takes four.
"""

from __future__ import annotations

from typing import Any, ClassVar

from costmodel.cost import Cost
from costmodel.dims import Dim
from costmodel.operator import Operator, operator
from costmodel.operators import shapes
from costmodel.tensor import Tensor

# fmt: off
OPERATIONS = {
    # one operation
    "Abs": 1, "Neg": 1, "Sign": 1, "Ceil": 1, "Floor": 1, "Round": 1, "Sqrt": 1, "Reciprocal": 1,
    "Exp": 1, "Log": 1, "Erf": 1, "Not": 1, "IsInf": 1, "IsNaN": 1, "BitwiseNot": 1,
    "Sin": 1, "Cos": 1, "Tan": 1, "Asin": 1, "Acos": 1, "Atan": 1,
    "Sinh": 1, "Cosh": 1, "Tanh": 1, "Asinh": 1, "Acosh": 1, "Atanh": 1,
    "Add": 1, "Sub": 1, "Mul": 1, "Div": 1, "Pow": 1, "Mod": 1, "BitShift": 1,
    "And": 1, "Or": 1, "Xor": 1, "BitwiseAnd": 1, "BitwiseOr": 1, "BitwiseXor": 1,
    "Equal": 1, "Less": 1, "LessOrEqual": 1, "Greater": 1, "GreaterOrEqual": 1, "Where": 1,
    "CumSum": 1, "CumProd": 1,
    # activations, by their definitions
    "Relu": 1, "ThresholdedRelu": 1,
    "LeakyRelu": 2,         # compare, multiply
    "Clip": 2,              # two comparisons
    "Shrink": 3,            # two comparisons, add
    "Sigmoid": 4,           # negate, exp, add, divide
    "HardSigmoid": 4,       # multiply, add, two comparisons
    "HardSwish": 5,         # HardSigmoid, multiply
    "Swish": 5,             # Sigmoid, multiply
    "SwiGLU": 6,            # Swish, multiply
    "Softplus": 3,          # exp, add, log
    "Softsign": 3,          # abs, add, divide
    "Mish": 5,              # Softplus, tanh, multiply
    "Elu": 4,               # compare, exp, subtract, multiply
    "Selu": 5,              # Elu, multiply
    "Celu": 7,              # max, divide, exp, subtract, multiply, min, add
    "Gelu": 5,              # divide, erf, add, two multiplies
    "Bernoulli": 2,         # draw, compare
}
"""Operations an output element takes."""

WITHDRAWN = {"Affine": 2, "ImageScaler": 2, "Scale": 1, "ScaledTanh": 3, "ParametricSoftplus": 5}
"""The same for types that the standard dropped and files still hold."""

FUSED = {
    "Gelu": (5, (0,)),
    "QuickGelu": (6, (0,)),     # multiply, Sigmoid, multiply
    "BiasGelu": (6, (0, 1)),    # add, Gelu
    "FastGelu": (9, (0,)),      # the tanh form of Gelu: see GELU_TANH
    "ScaledSiLU": (6, (0,)),
    "BiasDropout": (2, (0,)),   # bias, residual
    "BitmaskBiasDropout": (2, (0,)),
    "BiasAdd": (2, (0,)),       # bias, residual
    "GatedAdd": (2, (0,)),
    "ComplexMul": (3, (0, 1)),  # six operations for two elements
    "ComplexMulConj": (3, (0, 1)),
}
"""ONNX Runtime's own: operations an output element takes, and the inputs that broadcast."""
# fmt: on

GELU_TANH = 9
"""0.5*x*(1 + tanh(c*(x + d*x*x*x))): six multiplies, two additions, tanh."""


class Elementwise(Operator):
    """A function applied element by element, its inputs broadcast to the output.

    ops = operations*elements
    memory access = inputs + held + elements

    Args:
        elements: elements of the output.
        inputs: activation elements read.
        held: constant elements read.
        learned: those of them that are learned; the 2.0 of a multiplication is not.
        operations: operations an element takes.

    >>> Elementwise(elements=802816, inputs=802816).cost.memory_access  # a ReLU on 64x112x112
    1605632
    """

    weights: ClassVar[tuple[int, ...] | None] = None
    learns_scalars: ClassVar[bool] = False

    elements: Dim
    inputs: Dim
    held: Dim = 0
    learned: Dim = 0
    operations: Dim = 1

    @property
    def cost(self) -> Cost:
        return Cost(
            params=self.learned,
            buffers=self.held - self.learned,
            ops=self.operations * self.elements,
            weight_reads=self.held,
            reads=self.inputs,
            writes=self.elements,
        )

    @classmethod
    def bind(
        cls,
        *inputs: Tensor | None,
        y: Tensor,
        operations: int = 1,
        each: int = 0,
        approximate: str = "none",
        **_: Any,
    ) -> Elementwise:
        """``each`` is what every input after the first adds to ``operations``."""
        if not y.known:
            shapes.broadcastable(inputs)
        activations, held, learned = cls.split(inputs)
        extra = sum(t is not None for t in inputs) - 1
        return cls(
            elements=y.elements,
            inputs=activations,
            held=held,
            learned=learned,
            operations=GELU_TANH if approximate == "tanh" else operations + each * extra,
        )


for _op_type, _operations in OPERATIONS.items():
    _legacy = _op_type in ("Affine", "ImageScaler", "Scale", "ScaledTanh", "ParametricSoftplus")
    operator(_op_type, operations=_operations, shape=shapes.like(0) if _legacy else None)(
        Elementwise
    )
for _op_type in ("Max", "Min", "Sum"):
    operator(_op_type, operations=0, each=1)(Elementwise)
operator("Mean", operations=1, each=1)(Elementwise)
for _op_type, (_operations, _operands) in FUSED.items():
    operator(
        f"com.microsoft::{_op_type}",
        operations=_operations,
        each=int(_op_type == "FastGelu"),
        shape=shapes.broadcast(*_operands),
    )(Elementwise)


@operator("PRelu", operations=2)
class PRelu(Elementwise):
    """A ReLU with a learned slope, which is a parameter even if it is one number.

    ops = 2*elements
    memory access = inputs + held + elements

    >>> PRelu(elements=64, inputs=64, held=1, learned=1, operations=2).cost.params
    1
    """

    weights: ClassVar = (1,)
    learns_scalars: ClassVar = True


@operator("com.microsoft::BiasSplitGelu", shape=lambda inputs, attributes, values: _halved(inputs))
class BiasSplitGelu(Elementwise):
    """A bias, then one half of the channels times the Gelu of the other half.

    ops = 8*elements
    memory access = inputs + held + elements

    Two additions, a Gelu of five operations, a multiply.

    >>> BiasSplitGelu(elements=10, inputs=20, held=4, operations=8).cost.ops
    80
    """

    weights: ClassVar = (1,)

    @classmethod
    def bind(cls, *inputs: Tensor | None, y: Tensor, **_: Any) -> Elementwise:
        return super().bind(*inputs, y=y, operations=8)


def _halved(inputs: shapes.Inputs) -> shapes.Shapes:
    x = shapes.given(inputs, 0)
    if x.shape is None:
        return [(x.dtype, None)]
    last = x.shape[-1]
    return [(x.dtype, (*x.shape[:-1], None if last is None else last // 2))]
