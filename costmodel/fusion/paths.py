"""Which kernel a convolution runs, and what can work on channels in blocks, by its dimensions."""

from __future__ import annotations

from costmodel.fusion.memory import Memory
from costmodel.fusion.partition import Part
from costmodel.fusion.rules import BATCH_NORM, Layout
from costmodel.graph import Node
from costmodel.operators.convolution import Conv

CHANNELS_LAST, CHANNELS_FIRST = [0, 2, 3, 1], [0, 3, 1, 2]
"""The permutations from the order of ONNX to the other, and back."""


def path_of(part: Part, conv: Conv, memory: Memory, layout: Layout) -> str:
    """Layout and kernel of a convolution, see ``lay_out``.

    "" where its channels are symbols or its maps no floats of 32 bits.
    """
    name, block = part.nodes[0].inputs[0], layout.block
    numbers = all(isinstance(d, int) for d in (conv.c_in, conv.c_out, conv.groups))
    if not (numbers and _is_float(name, memory)):
        return ""
    c_in, c_out = conv.c_in // conv.groups, conv.c_out // conv.groups
    blocked = block > 1 and is_map(name, memory)
    blocked &= all(map(memory.constant, part.head.inputs[1:]))
    if conv.groups != 1:
        kind = "depthwise" if c_in == c_out == 1 else "grouped"
        blocked &= conv.c_out % layout.multiple == 0
        blocked &= kind == "depthwise" or c_in % block == c_out % block == 0
    elif blocked and c_in < block:
        kind = "first"
    else:
        blocked &= c_in % layout.multiple == 0
        single = conv.k_d * conv.k_h * conv.k_w == 1 and not _padded(part)
        kind = "pointwise" if single and (blocked or not _strided(part)) else "dense"
    return f"{'nchwc' if blocked else 'nchw'}/{kind}"


def pools(node: Node, memory: Memory, layout: Layout) -> bool:
    """Whether a pooling can work on blocks; one that also returns positions cannot."""
    name = node.inputs[0]
    fit = layout.block > 1 and is_map(name, memory) and fills(name, memory, layout)
    return fit and not any(node.outputs[1:])


def scales(node: Node, memory: Memory) -> bool:
    """Whether a Resize or Upsample is one that blocks allow: by whole numbers, in some modes."""
    before, after = memory.shape(node.inputs[0]), memory.shape(node.outputs[0])
    if before is None or after is None or before[:2] != after[:2]:
        return False
    mode = node.attributes.get("mode", "nearest")
    place = node.attributes.get("coordinate_transformation_mode", "half_pixel")
    rounded = node.attributes.get("nearest_mode", "round_prefer_floor")
    if node.op_type == "Upsample" or len(node.inputs) < 3:
        place, rounded = "asymmetric", "floor"  # before version 11 there was no choice
    if mode == "nearest":
        allowed = place == "asymmetric" and rounded == "floor"
    else:
        allowed = mode == "linear" and place in ("asymmetric", "align_corners", "half_pixel")
    return allowed and all(b % a == 0 for a, b in zip(before, after, strict=True))


def turns(part: Part, order: list[int]) -> bool:
    """Whether it only transposes a map to that order."""
    return part.op == "Transpose" and part.head.attributes.get("perm") == order


def joins(node: Node, memory: Memory, layout: Layout) -> bool:
    """Whether a Concat puts whole blocks behind one another."""
    return node.attributes.get("axis") == 1 and all(
        fills(name, memory, layout) for name in node.inputs
    )


def scales_channels(node: Node, memory: Memory) -> bool:
    """Whether a product is with one constant a channel."""
    _, c, *_ = memory.shape(node.outputs[0]) or (0, 0)
    held = [memory.shape(name) for name in node.inputs if memory.constant(name)]
    return held in ([(c, 1, 1)], [(1, c, 1, 1)])


def gates_hard_swish(part: Part) -> bool:
    """Whether it is the HardSigmoid(x) that times x is HardSwish(x)."""
    given = part.head.attributes
    slope, middle = given.get("alpha", 0.2), given.get("beta", 0.5)
    return part.op == "HardSigmoid" and abs(slope - 1 / 6) < 1e-6 and abs(middle - 0.5) < 1e-6


def is_map(name: str, memory: Memory) -> bool:
    """Whether a tensor has height and width, and floats of 32 bits in memory."""
    return _is_float(name, memory) and len(memory.shape(name) or ()) == 4


def fills(name: str, memory: Memory, layout: Layout) -> bool:
    """Whether the channels of a map fill their blocks."""
    _, channels, *_ = memory.shape(name) or (0, 1)
    return isinstance(channels, int) and channels % layout.block == 0


def has_bias(part: Part) -> bool:
    """Whether a convolution has a bias once what follows is folded in."""
    folded = any(node.op_type in BATCH_NORM | {"Add"} for node in part.nodes)
    return folded or len([name for name in part.head.inputs if name]) > 2


def _is_float(name: str, memory: Memory) -> bool:
    held = memory.tensors.get(memory.root(name))
    return held is not None and held.dtype == "float32"


def _padded(part: Part) -> bool:
    return part.nodes[0] is not part.head or any(part.head.attributes.get("pads", ()))


def _strided(part: Part) -> bool:
    return any(step != 1 for step in part.head.attributes.get("strides", ()))
