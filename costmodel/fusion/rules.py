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
        numbers: those of ``folds`` whose constant may also be one number (of rank 0) for all
            channels; None for all of them, and for a number of any rank.
        residual: operators that add a second map of the same shape.
        activations: functions of one map, at most one of them.
        after_residual: those that follow a residual.
        becomes: type of operator that it runs as once something folded, and whose activations
            follow then if the map is a matrix.
    """

    folds: frozenset[str] = frozenset()
    numbers: frozenset[str] | None = None
    residual: frozenset[str] = frozenset()
    activations: frozenset[str] = frozenset()
    after_residual: frozenset[str] = frozenset()
    becomes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where a runtime keeps the channels of a map in blocks (NCHWc), and what a reorder costs.

    A convolution or a pooling whose channels fit begins to work on blocks, and whatever else
    can work on them does while all that it reads is in blocks. Where the two layouts meet,
    a kernel of its own moves the map from one to the other.

    Args:
        block: channels in a block; 1 where the runtime has no such layout.
        multiple: what divides the channels of a convolution that reads blocks, or that is
            depthwise. Its output may have any number: the last block is padded.
        windows: pooling that begins to work on blocks.
        planes: pooling that only goes on.
        functions: functions of one map that go on.
        blocked: what joins the kernel of a convolution on blocks.
        plain: what joins the kernel of any other, if it has a bias.
    """

    block: int = 1
    multiple: int = 4
    windows: frozenset[str] = frozenset()
    planes: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    blocked: Follow = Follow()
    plain: Follow = Follow()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rules:
    """What a runtime fuses.

    Args:
        name: of the rules.
        kernels: by the operator that a kernel begins with, what may follow it.
        compounds: operators that make up a function of one map and are replaced by it, those
            before the last sorted by type, with the function's name.
        quantisation: whether QuantizeLinear joins the kernel that makes its input, and
            DequantizeLinear those that read its output.
        copies: operators of which a chain is done in one pass.
        once: whether an operator that occurs again with the same inputs is done once.
        pads: operators that do a padding with zeros before them on their way.
        spelled: operators that the runtime has no kernel for, with those that it runs in their
            place: functions one of the other, the last of which reads the input again.
        layout: in which order maps lie in memory; None for as the file says, and then kernels
            have no path.
    """

    name: str
    kernels: Mapping[str, Follow] = field(default_factory=dict)
    compounds: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    quantisation: bool = False
    copies: frozenset[str] = frozenset()
    once: bool = False
    pads: frozenset[str] = frozenset()
    spelled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    layout: Layout | None = None


NONE = Rules(name="none")
"""Every operator its own kernel: the paper's memory access cost."""

BOUNDED = frozenset({"Relu", "LeakyRelu", "Sigmoid", "Tanh", "HardSigmoid"})
"""Activations that the common runtimes join to a convolution or a matrix product."""

BATCH_NORM = frozenset({"BatchNormalization"})

SWISH: Mapping[tuple[str, ...], str] = {("Sigmoid", "Mul"): "QuickGelu"}
"""x·sigmoid(x), and the name that it has with factors of 1."""

GELU: Mapping[tuple[str, ...], str] = {("Add", "Div", "Erf", "Mul", "Mul"): "Gelu"}
"""x/2·(1 + erf(x/√2))."""

GENERIC = Rules(
    name="generic",
    kernels={
        "Conv": Follow(
            folds=BATCH_NORM | {"Mul", "Add"},
            residual=frozenset({"Add", "Sum"}),
            activations=BOUNDED | {"Clip"},
            after_residual=frozenset({"Relu", "Sigmoid"}),
        ),
        "ConvTranspose": Follow(folds=BATCH_NORM | {"Add"}),
        "Gemm": Follow(activations=BOUNDED),
        "MatMul": Follow(folds=BATCH_NORM | {"Add"}, activations=BOUNDED),
        "BatchNormalization": Follow(
            folds=frozenset({"Mul", "Add"}), activations=frozenset({"Relu", "Sigmoid"})
        ),
    },
    compounds={**SWISH, **GELU, ("Add", "Erf", "Mul", "Mul", "Mul"): "Gelu"},
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
