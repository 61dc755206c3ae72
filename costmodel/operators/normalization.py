"""Normalisation: batch, layer, group, instance, RMS, local response, and softmax."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from costmodel.cost import Cost
from costmodel.dims import Dim, exact
from costmodel.errors import ModelError
from costmodel.operator import Operator, operator
from costmodel.operators import shapes
from costmodel.operators.elementwise import OPERATIONS as ELEMENTWISE
from costmodel.tensor import Tensor

NHWC = "com.ms.internal.nhwc::"


@operator("BatchNormalization")
@operator(f"{NHWC}BatchNormalization", shape=shapes.like(0), channels_last=1)
class BatchNormalization(Operator):
    """A scale and a shift for each channel, with the statistics of training.

    ops = 2*n*c*extent
    memory access = 2*n*c*extent + 4*c

    The four vectors fold to one multiply and one addition an element. Scale and bias are
    learned; mean and variance are buffers.

    Args:
        n, c: batch and channels.
        extent: elements of a channel: d*h*w.
        learned: 1 where the four vectors are constants, 0 where they are computed.

    >>> bn = BatchNormalization(c=58, extent=784).cost  # 2*58*784, 2*58, 2*58
    >>> bn.ops, bn.params, bn.buffers
    (90944, 116, 116)

    References:
        Ioffe and Szegedy, Batch Normalization, arXiv 1502.03167, algorithm 2.
    """

    weights: ClassVar = (1, 2)

    n: Dim = 1
    c: Dim
    extent: Dim
    learned: Dim = 1

    @property
    def cost(self) -> Cost:
        elements = self.n * self.c * self.extent
        held = 4 * self.learned * self.c
        return Cost(
            params=2 * self.learned * self.c,
            buffers=2 * self.learned * self.c,
            ops=2 * elements,
            weight_reads=held,
            reads=elements + 4 * self.c - held,
            writes=elements,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, x: Tensor, scale: Tensor, *_: Tensor | None, channels_last: int = 0, **__: Any
    ) -> BatchNormalization:
        dims = x.dims
        axis = 0 if len(dims) < 2 else len(dims) - 1 if channels_last else 1
        n = dims[0] if len(dims) > 1 else 1
        c = dims[axis] if dims else 1
        if scale.elements != c:
            raise ModelError(f"expected a scale of {c} channels, found {scale.label}")
        extent = exact(math.prod(dims[1:]), c) if len(dims) > 1 and c else 1
        return cls(n=n, c=c, extent=extent, learned=int(scale.constant))


@operator("LayerNormalization", "InstanceNormalization", "GroupNormalization", operations=7)
@operator("com.microsoft::LayerNormalization", shape_like="LayerNormalization", operations=7)
@operator("RMSNormalization", operations=4, weights=(1,))
@operator("SimplifiedLayerNormalization", shape=shapes.like(0), operations=4)
@operator("com.microsoft::SimplifiedLayerNormalization", shape=shapes.like(0), operations=4)
@operator("MeanVarianceNormalization", operations=5, weights=())
@operator("LpNormalization", operations=3, weights=())
@operator(f"{NHWC}InstanceNormalization", shape=shapes.like(0), operations=7)
@operator("com.microsoft::GatedRMSNorm", shape=shapes.like(0), operations=10)
@operator("com.microsoft::GroupNorm", shape=shapes.like(0), operations=7)
class Normalization(Operator):
    """Elements centred and scaled by statistics of the elements themselves.

    ops = operations*elements
    memory access = inputs + held + written*elements

    Operations an element takes: an addition for the mean; a subtraction, a multiply and an
    addition for the variance; a multiply by the inverse deviation; a multiply and an addition
    for scale and shift: 7. Without the mean and the shift (RMS) 4, without scale and shift 5,
    for a norm 3. The few operations on each group's statistics are left out. The input is read
    once: a group stays in cache between the passes.

    Args:
        elements: elements normalised.
        inputs: activation elements read.
        held: constant elements read.
        learned: those of them that are learned: scale and shift.
        operations: operations an element takes.
        written: tensors of that size that are written.

    >>> Normalization(elements=150528, inputs=150528, held=1536, learned=1536).cost.ops  # 7*196*768
    1053696

    References:
        Ba et al., Layer Normalization, arXiv 1607.06450, equation 3.
        Wu and He, Group Normalization, arXiv 1803.08494, equations 1 to 7.
        Zhang and Sennrich, Root Mean Square Layer Normalization, arXiv 1910.07467, equation 4.
    """

    weights: ClassVar[tuple[int, ...] | None] = (1, 2)

    elements: Dim
    inputs: Dim
    held: Dim = 0
    learned: Dim = 0
    operations: Dim = 7
    written: Dim = 1

    @property
    def cost(self) -> Cost:
        return Cost(
            params=self.learned,
            buffers=self.held - self.learned,
            ops=self.operations * self.elements,
            weight_reads=self.held,
            reads=self.inputs,
            writes=self.written * self.elements,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, x: Tensor, *more: Tensor | None, operations: int = 7, activation: int | str = 0,
        **_: Any,
    ) -> Normalization:  # fmt: skip
        """``activation``: 1 for the Swish that ONNX Runtime's GroupNorm may end with."""
        activations, held, learned = cls.split([x, *more])
        swish = ELEMENTWISE["Swish"] if activation == 1 else 0
        return cls(
            elements=x.elements, inputs=activations, held=held, learned=learned,
            operations=operations + swish,
        )  # fmt: skip


@operator("LRN")
@operator(f"{NHWC}LRN", shape=shapes.like(0))
class LRN(Operator):
    """Local response normalisation over ``size`` neighbouring channels.

    ops = (size + 5)*elements
    memory access = 2*elements

    Operations an element takes: a square; ``size`` additions; a multiply by alpha/size; the
    addition of the bias; a power; a division.

    Args:
        elements: elements normalised.
        size: channels in the window.

    >>> LRN(elements=290400, size=5).cost.ops  # AlexNet's first: 96*55*55*(5 + 5)
    2904000

    References:
        Krizhevsky et al., ImageNet Classification with Deep CNNs, section 3.3.
    """

    elements: Dim
    size: Dim

    @property
    def cost(self) -> Cost:
        return Cost(ops=(self.size + 5) * self.elements, reads=self.elements, writes=self.elements)

    @classmethod
    def bind(cls, x: Tensor, *, size: int, **_: Any) -> LRN:  # type: ignore[override]
        return cls(elements=x.elements, size=size)


@operator("Softmax", "LogSoftmax")
@operator("Hardmax", operations=2)
@operator("com.microsoft::BiasSoftmax", shape=shapes.like(0), operations=6, biased=True)
class Softmax(Operator):
    """Exponentials normalised to a sum of one.

    ops = operations*elements
    memory access = elements + addend + elements

    Operations an element takes: a comparison for the maximum, a subtraction, an exp, an
    addition, a division: 5. The hard maximum takes two comparisons.

    Args:
        elements: elements normalised.
        addend: elements of a bias that is added first.
        operations: operations an element takes.

    >>> Softmax(elements=1000).cost.ops
    5000
    """

    elements: Dim
    addend: Dim = 0
    operations: Dim = 5

    @property
    def cost(self) -> Cost:
        return Cost(
            ops=self.operations * self.elements,
            reads=self.elements + self.addend,
            writes=self.elements,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, x: Tensor, *more: Tensor | None, operations: int = 5, biased: bool = False, **_: Any
    ) -> Softmax:
        addends = [t.elements for t in more[:1] if t is not None and biased]
        return cls(elements=x.elements, addend=sum(addends), operations=operations)
