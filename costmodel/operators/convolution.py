"""Convolutions: forward, transposed, deformable, and as runtimes fuse them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from costmodel.cost import Cost
from costmodel.dims import Dim, exact
from costmodel.errors import ModelError, Unknown
from costmodel.operator import Operator, operator
from costmodel.operators import shapes
from costmodel.tensor import Tensor


def spatial(dims: tuple[Dim, ...]) -> tuple[Dim, Dim, Dim]:
    """The spatial extents as (d, h, w), the absent ones 1.

    >>> spatial((56, 28)), spatial((16000,))
    ((1, 56, 28), (1, 1, 16000))
    """
    if len(dims) > 3:
        raise Unknown(f"expected at most 3 spatial axes, found {len(dims)}")
    d, h, w = (1,) * (3 - len(dims)) + tuple(dims)
    return d, h, w


def channels_first(dims: tuple[Dim, ...], channels_last: int) -> tuple[Dim, ...]:
    """The shape with its channels on axis 1.

    >>> channels_first((1, 28, 28, 116), 1)
    (1, 116, 28, 28)
    """
    return (dims[0], dims[-1], *dims[1:-1]) if channels_last else dims


def check_window(y: Tensor, attributes: Mapping[str, Any]) -> None:
    """Raise ModelError where a window cannot move, or leaves nothing of its input.

    >>> check_window(Tensor((1, 4, 0, 0)), {"strides": [1, 1]})
    Traceback (most recent call last):
    ...
    costmodel.errors.ModelError: expected a window that fits, found an output of [1, 4, 0, 0]
    """
    for name in ("strides", "dilations"):
        steps = attributes.get(name)
        if isinstance(steps, list) and any(step < 1 for step in steps):
            raise ModelError(f"expected {name} of at least 1, found {steps}")
    if y.known and y.dims[0] and 0 in y.dims[1:]:
        raise ModelError(f"expected a window that fits, found an output of {y.label}")


def check_groups(group: Dim, c_out: Dim) -> None:
    """Raise ModelError where the groups cannot divide the output channels; symbols may."""
    if isinstance(group, int) and isinstance(c_out, int) and (group < 1 or c_out % group):
        raise ModelError(f"expected groups that divide {c_out} output channels, found {group}")


def unpadded(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
    """A transposed convolution whose pads are an input."""
    x, w = shapes.given(inputs, 0), shapes.given(inputs, 1)
    pads = values[2] if len(values) > 2 else None
    if x.shape is None or not w.known or pads is None:
        return [(x.dtype, None)]
    rank = len(x.shape) - 2
    stride = attributes.get("strides") or [1] * rank
    dilation = attributes.get("dilations") or [1] * rank
    extra = attributes.get("output_padding") or [0] * rank
    moved = [
        None
        if size is None
        else stride[i] * (size - 1) + extra[i] + dilation[i] * (w.dims[2 + i] - 1) + 1
        - int(pads[i]) - int(pads[i + rank])
        for i, size in enumerate(x.shape[2:])
    ]  # fmt: skip
    return [(x.dtype, (x.shape[0], w.dims[1] * attributes.get("group", 1), *moved))]


@operator("Conv")
@operator("com.microsoft::NhwcConv", shape=shapes.conv(channels_last=True), channels_last=1)
class Conv(Operator):
    """Grouped convolution of 1, 2 or 3 dimensions; ``groups == c_in`` makes it depthwise.

    madds = n*c_out*d*h*w * c_in/groups*k_d*k_h*k_w
    memory access = n*c_in*d_in*h_in*w_in + n*c_out*d*h*w + params
    params = c_out*c_in/groups*k_d*k_h*k_w + bias*c_out

    Padding, stride and dilation enter through the extents alone: a multiply with a padded
    zero counts, as in the papers.

    Args:
        n: batch.
        c_in, c_out: channels in and out.
        d_in, h_in, w_in: input extent, in elements.
        d, h, w: output extent, in elements.
        k_d, k_h, k_w: kernel, in elements.
        groups: channel groups; divides c_in and c_out.
        bias: 1 with a bias, 0 without.
        learned: 1 where the kernel is a constant, 0 where it is computed.

    >>> Conv(c_in=116, c_out=116, h_in=28, w_in=28, h=28, w=28).cost.madds  # 28*28*116*116
    10549504
    >>> Conv(c_in=58, c_out=58, h_in=28, w_in=28, h=28, w=28, k_h=3, k_w=3, groups=58).cost.params
    522

    References:
        Ma et al., ShuffleNet V2, arXiv 1807.11164, section 2, equations 1 and 2.
    """

    weights: ClassVar[tuple[int, ...] | None] = (1, 2)

    n: Dim = 1
    c_in: Dim
    c_out: Dim
    d_in: Dim = 1
    h_in: Dim = 1
    w_in: Dim
    d: Dim = 1
    h: Dim = 1
    w: Dim
    k_d: Dim = 1
    k_h: Dim = 1
    k_w: Dim = 1
    groups: Dim = 1
    bias: Dim = 0
    learned: Dim = 1

    @property
    def cost(self) -> Cost:
        kernel = exact(self.c_out * self.c_in, self.groups) * self.k_d * self.k_h * self.k_w
        held = kernel + self.bias * self.c_out
        out = self.d * self.h * self.w
        return Cost(
            params=self.learned * held,
            madds=self.n * out * kernel,
            ops=self.bias * self.n * self.c_out * out,
            weight_reads=self.learned * held,
            reads=self.n * self.c_in * self.d_in * self.h_in * self.w_in
            + held
            - self.learned * held,
            writes=self.n * self.c_out * out,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, x: Tensor, w: Tensor, b: Tensor | None = None, *_: Tensor | None, y: Tensor,
        group: int = 1, channels_last: int = 0, blocked: bool = False, **more: Any,
    ) -> Conv:  # fmt: skip
        """``blocked``: a layout that pads the channels, so that the kernel tells them."""
        check_window(y, more)
        n, c_in, *extent_in = channels_first(x.dims, channels_last)
        c_out, c_group, *kernel = w.dims
        check_groups(group, c_out)
        if blocked:
            c_in = c_group * group
        if shapes.differ(c_group * group, c_in):
            raise ModelError(
                f"expected {c_group} channels x {group} groups = {c_group * group} "
                f"input channels, found {c_in}"
            )
        if b is not None and b.known and b.elements != c_out and not blocked:
            raise ModelError(f"expected a bias of {c_out} elements, found {b.label}")
        d_in, h_in, w_in = spatial(tuple(extent_in))
        d, h, w_out = spatial(channels_first(y.dims, channels_last)[2:])
        k_d, k_h, k_w = spatial(tuple(kernel))
        return cls(
            n=n, c_in=c_in, c_out=c_out, groups=group, bias=int(b is not None),
            d_in=d_in, h_in=h_in, w_in=w_in, d=d, h=h, w=w_out, k_d=k_d, k_h=k_h, k_w=k_w,
            learned=int(w.constant),
        )  # fmt: skip


@operator("ConvTranspose")
@operator("com.microsoft::ConvTransposeWithDynamicPads", shape=unpadded, bias_at=3, weights=(1, 3))
class ConvTranspose(Operator):
    """Transposed convolution: every input element meets the whole kernel.

    madds = n*c_in*d_in*h_in*w_in * c_out/groups*k_d*k_h*k_w
    memory access = n*c_in*d_in*h_in*w_in + n*c_out*d*h*w + params
    params = c_in*c_out/groups*k_d*k_h*k_w + bias*c_out

    The *input* extent counts: the output extent would count stride^2 times too much.

    Args:
        n: batch.
        c_in, c_out: channels in and out.
        d_in, h_in, w_in: input extent, in elements.
        d, h, w: output extent, in elements.
        k_d, k_h, k_w: kernel, in elements.
        groups: channel groups; divides c_in and c_out.
        bias: 1 with a bias, 0 without.
        learned: 1 where the kernel is a constant, 0 where it is computed.

    >>> up = ConvTranspose(c_in=64, c_out=32, h_in=14, w_in=14, h=28, w=28, k_h=2, k_w=2)
    >>> up.cost.madds  # 64*14*14 * 32*2*2
    1605632

    References:
        Dumoulin and Visin, A guide to convolution arithmetic, arXiv 1603.07285, section 4.
    """

    weights: ClassVar[tuple[int, ...] | None] = (1, 2)

    n: Dim = 1
    c_in: Dim
    c_out: Dim
    d_in: Dim = 1
    h_in: Dim = 1
    w_in: Dim
    d: Dim = 1
    h: Dim = 1
    w: Dim
    k_d: Dim = 1
    k_h: Dim = 1
    k_w: Dim = 1
    groups: Dim = 1
    bias: Dim = 0
    learned: Dim = 1

    @property
    def cost(self) -> Cost:
        kernel = exact(self.c_out * self.c_in, self.groups) * self.k_d * self.k_h * self.k_w
        held = kernel + self.bias * self.c_out
        inside = self.d_in * self.h_in * self.w_in
        out = self.n * self.c_out * self.d * self.h * self.w
        return Cost(
            params=self.learned * held,
            madds=self.n * inside * kernel,
            ops=self.bias * out,
            weight_reads=self.learned * held,
            reads=self.n * self.c_in * inside + held - self.learned * held,
            writes=out,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, x: Tensor, w: Tensor, *more: Tensor | None, y: Tensor, group: int = 1,
        channels_last: int = 0, bias_at: int = 2, **window: Any,
    ) -> ConvTranspose:  # fmt: skip
        check_window(y, window)
        n, c_in, *extent_in = channels_first(x.dims, channels_last)
        rows, c_group, *kernel = w.dims
        check_groups(group, c_in)
        if rows != c_in:
            raise ModelError(f"expected a kernel of {c_in} input channels, found {rows}")
        d_in, h_in, w_in = spatial(tuple(extent_in))
        d, h, w_out = spatial(channels_first(y.dims, channels_last)[2:])
        k_d, k_h, k_w = spatial(tuple(kernel))
        biased = len(more) > bias_at - 2 and more[bias_at - 2] is not None
        return cls(
            n=n, c_in=c_in, c_out=c_group * group, groups=group, bias=int(biased),
            d_in=d_in, h_in=h_in, w_in=w_in, d=d, h=h, w=w_out, k_d=k_d, k_h=k_h, k_w=k_w,
            learned=int(w.constant),
        )  # fmt: skip


@operator("DeformConv")
class DeformConv(Conv):
    """Deformable convolution: each tap reads between pixels, where an offset says.

    madds = n*c_out*d*h*w * c_in/groups*k_d*k_h*k_w
    ops = (8 + masked)*n*c_in*h*w*k_h*k_w + bias*n*c_out*h*w
    memory access = that of the convolution + (2 + masked)*n*offset_groups*h*w*k_h*k_w

    A bilinear sample is four multiplies and four additions; the mask multiplies it.

    Args:
        offset_groups: channel groups that share their offsets.
        masked: 1 with a mask, 0 without.

    >>> DeformConv(c_in=4, c_out=8, h_in=5, w_in=5, h=5, w=5, k_h=3, k_w=3).cost.ops  # 8*4*25*9
    7200

    References:
        Dai et al., Deformable Convolutional Networks, arXiv 1703.06211, equations 2 to 4.
        Zhu et al., Deformable ConvNets v2, arXiv 1811.11168, equation 1: the mask.
    """

    weights: ClassVar = (1, 3)

    offset_groups: Dim = 1
    masked: Dim = 0

    @property
    def cost(self) -> Cost:
        taps = self.n * self.d * self.h * self.w * self.k_d * self.k_h * self.k_w
        return super().cost + Cost(
            ops=(8 + self.masked) * self.c_in * taps,
            reads=(2 + self.masked) * self.offset_groups * taps,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, x: Tensor, w: Tensor, offset: Tensor, b: Tensor | None = None,
        mask: Tensor | None = None, *, offset_group: int = 1, **more: Any,
    ) -> DeformConv:  # fmt: skip
        conv = Conv.bind(x, w, b, **more)
        return cls(**conv.dims, offset_groups=offset_group, masked=int(mask is not None))
