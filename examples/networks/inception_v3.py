"""Inception-v3."""

from __future__ import annotations

from costmodel.frontends.code import Network, Value, Window
from costmodel.graph import Graph
from costmodel.networks.ends import classify

ROW, COLUMN = (1, 7), (7, 1)


def inception_v3(*, resolution: int = 299, classes: int = 1000) -> Graph:
    """Inception-v3: Szegedy et al., arXiv 1512.00567, table 1 and figures 5 to 7 and 10.

    The widths, which the paper leaves out, and the scopes are those of the authors' code
    (TF-slim). Without the auxiliary classifier.

    Args:
        resolution: height and width of the image, in pixels.
        classes: how many the classifier tells apart.
    """
    net = Network()

    def units(x: Value, *steps: tuple[int, Window]) -> Value:
        """Convolutions in a row: channels, kernel."""
        for c, k in steps:
            x = net.conv_bn_relu(x, c, k=k)
        return x

    def halved(x: Value, c: int) -> Value:
        return net.conv_bn_relu(x, c, k=3, stride=2, pad=0)

    def mean(x: Value) -> Value:
        return net.pool(x, "AveragePool", stride=1)

    with net.scope("stem"):
        x = halved(net.input(3, resolution, resolution), 32)
        x = net.conv_bn_relu(x, 32, k=3, pad=0)
        x = net.pool(units(x, (64, 3)), pad=0)
        x = net.conv_bn_relu(units(x, (80, 1)), 192, k=3, pad=0)
        x = net.pool(x, pad=0)
    for name, c in (("5b", 32), ("5c", 64), ("5d", 64)):
        with net.scope(f"mixed{name}"):  # figure 5: two 3x3 for a 5x5
            x = net.concat(
                units(x, (64, 1)),
                units(x, (48, 1), (64, 5)),
                units(x, (64, 1), (96, 3), (96, 3)),
                units(mean(x), (c, 1)),
            )
    with net.scope("mixed6a"):  # figure 10: half the map, by convolutions and a pooling
        x = net.concat(
            halved(x, 384), halved(units(x, (64, 1), (96, 3)), 96), net.pool(x, pad=0)
        )  # fmt: skip
    for name, c in (("6b", 128), ("6c", 160), ("6d", 160), ("6e", 192)):
        with net.scope(f"mixed{name}"):  # figure 6: a 1x7 and a 7x1 for a 7x7
            x = net.concat(
                units(x, (192, 1)),
                units(x, (c, 1), (c, ROW), (192, COLUMN)),
                units(x, (c, 1), (c, COLUMN), (c, ROW), (c, COLUMN), (192, ROW)),
                units(mean(x), (192, 1)),
            )
    with net.scope("mixed7a"):
        x = net.concat(
            halved(units(x, (192, 1)), 320),
            halved(units(x, (192, 1), (192, ROW), (192, COLUMN)), 192),
            net.pool(x, pad=0),
        )
    for name in ("7b", "7c"):
        with net.scope(f"mixed{name}"):  # figure 7: the 1x3 and the 3x1 side by side
            y, z = units(x, (384, 1)), units(x, (448, 1), (384, 3))
            x = net.concat(
                units(x, (320, 1)),
                *(units(wide, (384, k)) for wide in (y, z) for k in ((1, 3), (3, 1))),
                units(mean(x), (192, 1)),
            )
    return classify(net, x, classes)
