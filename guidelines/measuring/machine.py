"""What a profile needs to know of a machine before anything is timed."""

from __future__ import annotations

import re
from pathlib import Path

from costmodel.frontends.code import Network
from guidelines.measuring.onnx_runtime import optimised

CACHE = 512 * 1024
"""Bytes of a core's own cache where the system does not tell."""


def cache_bytes(folder: Path = Path("/sys/devices/system/cpu/cpu0/cache")) -> int:
    """Bytes of the largest cache that one core has for itself."""
    found = [0]
    for index in folder.glob("index*"):
        level, kind, size = (
            (index / name).read_text(encoding="utf-8").strip() for name in ("level", "type", "size")
        )
        told = re.fullmatch(r"(\d+)([KM]?)", size)
        if level == "2" and kind != "Instruction" and told:
            found.append(int(told[1]) * {"": 1, "K": 1024, "M": 1024**2}[told[2]])
    return max(found) or CACHE


def block() -> int:
    """Channels of a block of ONNX Runtime's layout: the fewest that a pooling takes in blocks.

    It is read off the graphs that the runtime makes: 8, 16, or 1 where it has no such layout.
    """
    for channels in (8, 16):
        net = Network()
        x = net.pool(net.conv(net.input(3, 16, 16), channels, k=3))
        nodes = optimised(net.graph(x)).graph.node
        if any(node.op_type == "MaxPool" and node.domain.endswith("nchwc") for node in nodes):
            return channels
    return 1
