"""Draw the pictures of ``docs/pictures.md``; no options."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from costmodel import networks
from costmodel.device import load
from guidelines.pictures import (
    against_bound,
    channel_ratio,
    classes,
    compare,
    group_count,
    intensity,
    layers,
    rendered,
    roofline,
    times,
)

HERE = Path(__file__).parent

DEVICE = "amd-epyc-zen3"


def shares() -> Figure:
    """The networks whose verdicts the ShuffleNet V2 paper gives."""
    return classes(
        networks.shufflenet_v1(),
        networks.shufflenet_v2(),
        networks.mobilenet_v1(),
        networks.mobilenet_v2(),
        titles=("ShuffleNet V1", "ShuffleNet V2", "MobileNet V1", "MobileNet V2"),
    )


def against() -> Figure:
    """The two networks that the paper compares most."""
    return compare(
        networks.mobilenet_v2(),
        networks.shufflenet_v2(),
        titles=("MobileNet V2", "ShuffleNet V2"),
    )


PICTURES: dict[str, Callable[[], Figure]] = {
    "channel-ratio": channel_ratio,
    "group-count": group_count,
    "layers": lambda: layers(networks.mobilenet_v2(), title="MobileNet V2"),
    "bound": lambda: against_bound(networks.squeezenet(), title="SqueezeNet 1.0"),
    "intensity": lambda: intensity(networks.shufflenet_v2(), title="ShuffleNet V2"),
    "classes": shares,
    "time": lambda: times(networks.shufflenet_v2(), load(DEVICE), title="ShuffleNet V2"),
    "roofline": lambda: roofline(networks.shufflenet_v2(), load(DEVICE), title="ShuffleNet V2"),
    "compare": against,
}
"""Each picture by the name of its file."""


def main() -> None:
    """Write them all, as SVG."""
    for name, draw in PICTURES.items():
        (HERE / f"{name}.svg").write_bytes(rendered(draw(), "svg"))


if __name__ == "__main__":
    main()
