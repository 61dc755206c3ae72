"""What runtimes fuse, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """What may follow an operator in its kernel, in this order, each where nobody else reads.

    Args:
        folds: operators whose constants go into the weights: batch normalisation, and
            arithmetic with one constant a channel.
        residual: operators that add a second map of the same shape.
        activations: functions of one map, at most one of them.
        after_residual: those of them that also follow a residual.
    """

    folds: frozenset[str] = frozenset()
    residual: frozenset[str] = frozenset()
    activations: frozenset[str] = frozenset()
    after_residual: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rules:
    """What a runtime fuses.

    Args:
        name: of the rules.
        kernels: by the operator that a kernel begins with, what may follow it.
        compounds: operators, sorted by type, that make up a function of one map and are
            replaced by it.
        quantisation: whether QuantizeLinear joins the kernel that makes its input, and
            DequantizeLinear those that read its output.
        copies: operators of which a chain is done in one pass.
    """

    name: str
    kernels: Mapping[str, Follow] = field(default_factory=dict)
    compounds: frozenset[tuple[str, ...]] = frozenset()
    quantisation: bool = False
    copies: frozenset[str] = frozenset()


NONE = Rules(name="none")
"""Every operator its own kernel: the paper's memory access cost."""

_BOUNDED = frozenset({"Relu", "LeakyRelu", "Sigmoid", "Tanh", "HardSigmoid"})
_BATCH_NORM = frozenset({"BatchNormalization"})

GENERIC = Rules(
    name="generic",
    kernels={
        "Conv": Follow(
            folds=_BATCH_NORM | {"Mul", "Add"},
            residual=frozenset({"Add", "Sum"}),
            activations=_BOUNDED | {"Clip"},
            after_residual=frozenset({"Relu", "Sigmoid"}),
        ),
        "ConvTranspose": Follow(folds=_BATCH_NORM | {"Add"}),
        "Gemm": Follow(activations=_BOUNDED),
        "MatMul": Follow(folds=_BATCH_NORM | {"Add"}, activations=_BOUNDED),
        "BatchNormalization": Follow(
            folds=frozenset({"Mul", "Add"}), activations=frozenset({"Relu", "Sigmoid"})
        ),
    },
    compounds=frozenset(
        {
            ("Mul", "Sigmoid"),
            ("Add", "Div", "Erf", "Mul", "Mul"),
            ("Add", "Erf", "Mul", "Mul", "Mul"),
        }
    ),
    quantisation=True,
)
"""What the common runtimes for ONNX files fuse without being asked.

It is what ONNX Runtime's CPU provider does at its default level, found by reading the graphs
that it saves, where TensorRT documents the same or more. ``docs/decisions/0003-rules.md``
says where this errs, and on which side.
"""

COPIES = frozenset(
    {"Concat", "Split", "Slice", "Transpose", "Gather", "DepthToSpace", "SpaceToDepth"}
)
"""Operators that only put elements in other places."""

COMPOSED = replace(GENERIC, name="composed", copies=COPIES)
"""As generic, and a chain of copies is one copy: what an implementation can do at best."""
