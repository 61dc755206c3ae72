"""The least traffic that a convolution's multiply-adds need, over all widths and groups.

Write a = n*h_in*w_in and b = n*h*w for the elements of one channel going in and out (with
further extents where there are any), and k for the taps of the kernel. The convolution does
B = b*k*c_in*c_out/groups multiply-adds and moves

    a*c_in + b*c_out + B/b elements,

the last term being the weights, k*c_in*c_out/groups. At fixed B the weights are fixed, and by
the inequality of the arithmetic and the geometric mean

    a*c_in + b*c_out >= 2*sqrt(a*b*c_in*c_out),

with equality where as much goes in as comes out, a*c_in = b*c_out: for a convolution that
keeps its extent, at equal widths. As c_in*c_out = groups*B/(b*k), the bound grows with the
groups, and with one group it is the least of all. Without strides (a = b = hw at n = 1), for
a kernel of 1x1, it reads 2*sqrt(hw*B) + B/(hw): the paper's equation 1.

What a convolution moves above the least is a product of two factors:

    access/least = imbalance * grouping.

References:
    Ma et al., ShuffleNet V2, arXiv 1807.11164, section 2, equations 1 and 2, tables 1 and 2.
"""

from __future__ import annotations

from costmodel.dims import Dim
from costmodel.operators.convolution import Conv, ConvTranspose

Convolution = Conv | ConvTranspose
"""The operators that the bound is for."""


def balanced(conv: Convolution, *, groups: Dim = 1) -> Dim:
    """Elements moved at the best widths for the same multiply-adds and weights.

    Args:
        conv: the convolution.
        groups: as the widths, which have c_in*c_out/groups in common with ``conv``: its own
            groups for the bound at its own grouping, 1 for the least of all.

    >>> conv = Conv(c_in=32, c_out=128, h_in=56, w_in=56, h=56, w=56)
    >>> balanced(conv)  # 2*56*56*sqrt(32*128) + 32*128
    405504.0
    """
    maps = _maps_in(conv) * _maps_out(conv) * groups / conv.groups
    return 2 * maps**0.5 + _held(conv)


def imbalance(conv: Convolution) -> Dim:
    """How many times the bound at its own groups a convolution moves: guideline 1.

    >>> rows = [(128, 128), (90, 180), (52, 312), (36, 432)]  # table 1
    >>> convs = [Conv(c_in=a, c_out=b, h_in=56, w_in=56, h=56, w=56) for a, b in rows]
    >>> [round(imbalance(conv), 3) for conv in convs]
    [1.0, 1.059, 1.42, 1.859]
    """
    return conv.cost.memory_access / balanced(conv, groups=conv.groups)


def grouping(conv: Convolution) -> Dim:
    """How many times the least of all a grouped convolution of the best widths moves: guideline 2.

    >>> rows = [(1, 128), (2, 180), (4, 256), (8, 360)]  # table 2
    >>> sizes = {"h_in": 56, "w_in": 56, "h": 56, "w": 56}
    >>> convs = [Conv(c_in=c, c_out=c, groups=g, **sizes) for g, c in rows]
    >>> [round(grouping(conv), 2) for conv in convs]
    [1.0, 1.41, 1.98, 2.79]
    """
    return balanced(conv, groups=conv.groups) / balanced(conv)


def _maps_in(conv: Convolution) -> Dim:
    return conv.n * conv.c_in * conv.d_in * conv.h_in * conv.w_in


def _maps_out(conv: Convolution) -> Dim:
    return conv.n * conv.c_out * conv.d * conv.h * conv.w


def _held(conv: Convolution) -> Dim:
    """What is moved beside the input and the output map: the weights."""
    return conv.cost.memory_access - _maps_in(conv) - _maps_out(conv)
