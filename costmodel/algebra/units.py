"""Building blocks of the literature as graphs, for numbers and for symbols alike.

Each takes c channels at h x w through a bottleneck of m channels and back. The groups g must
divide what they group; with symbols, write c as a multiple of g.

>>> from costmodel.algebra import symbols, text
>>> c, m, h, w, g = symbols("c m h w g")
>>> text(resnet(c, m, h, w).cost.madds)
'2*c*h*m*w + 9*h*m**2*w'

References:
    Zhang et al., ShuffleNet, arXiv 1707.01083, section 3.2: hw(2cm + 9m^2) multiply-adds for
    ResNet's unit, hw(2cm + 9m^2/g) for ResNeXt's, hw(2cm/g + 9m) for ShuffleNet's.
"""

from __future__ import annotations

from costmodel.dims import Dim
from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph


def resnet(c: Dim, m: Dim, h: Dim, w: Dim) -> Graph:
    """1x1 to m channels, 3x3, 1x1 back, and the shortcut.

    >>> resnet(256, 64, 56, 56).cost.madds  # 56*56*(2*256*64 + 9*64*64)
    218365952

    References:
        He et al., arXiv 1512.03385, figure 5, right.
    """
    return resnext(c, m, h, w, 1)


def resnext(c: Dim, m: Dim, h: Dim, w: Dim, g: Dim) -> Graph:
    """ResNet's unit with a 3x3 in g groups.

    >>> from costmodel.algebra import at, symbols, text
    >>> c, m, h, w, g, p = symbols("c m h w g p")
    >>> text(at(resnext(c, g * p, h, w, g).cost.madds, p=m / g))
    '2*c*h*m*w + 9*h*m**2*w/g'

    References:
        Xie et al., arXiv 1611.05431, figure 3c.
    """
    net = Network()
    x = net.input(c, h, w)
    y = net.conv_bn_relu(x, m)
    y = net.conv_bn_relu(y, m, k=3, groups=g)
    return _close(net, x, net.conv_bn_relu(y, c, relu=False))


def shufflenet(c: Dim, m: Dim, h: Dim, w: Dim, g: Dim) -> Graph:
    """1x1 in g groups to m channels, shuffle, depthwise 3x3, 1x1 in g groups back.

    >>> from costmodel.algebra import at, symbols, text
    >>> c, m, h, w, g, p, q = symbols("c m h w g p q")
    >>> text(at(shufflenet(g * p, g * q, h, w, g).cost.madds, p=c / g, q=m / g))
    '2*c*h*m*w/g + 9*h*m*w'

    References:
        Zhang et al., arXiv 1707.01083, figure 2b.
    """
    net = Network()
    x = net.input(c, h, w)
    y = net.shuffle(net.conv_bn_relu(x, m, groups=g), g)
    y = net.batch_norm(net.depthwise(y))
    return _close(net, x, net.conv_bn_relu(y, c, groups=g, relu=False))


def _close(net: Network, x: Value, y: Value) -> Graph:
    return net.graph(net.relu(net.add(x, y)))
