"""What became of a layer, in words: 16→24 channels, 3×3→5×5 kernel, reads 32→48 channels."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from guidelines.comparing.layers import SAME, Layer, sized, window
from guidelines.comparing.matching import Matching

GIVEN, MAPS, KERNEL = ("d_in", "h_in", "w_in"), ("d", "h", "w"), ("k_d", "k_h", "k_w")
"""Dimensions of a window: what it reads, what it writes, and how large it is."""

STEPS = {"strides": "stride", "dilations": "dilation"}

TOLD = {"n", "c", "c_in", "c_out", "groups", "bias", "learned", *GIVEN, *MAPS, *KERNEL}
"""Dimensions that have words."""

MOST = 4
"""Dimensions without words that are told of a layer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A layer that both networks have, and what is different.

    Args:
        base, head: the layer in each.
        words: what is different, one thing each.
        own: whether the layer itself was changed; else it only follows what it reads.
    """

    base: Layer
    head: Layer
    words: tuple[str, ...]
    own: bool


def changes(matching: Matching) -> tuple[Change, ...]:
    """The layers that changed, in the order of the head."""
    images = {**matching.inputs, **dict(matching.pairs)}
    met = set(images.values())
    found = []
    for i, j in matching.pairs:
        base, head = matching.base[i], matching.head[j]
        rewired = _rewired(matching, base, head, images, met)
        owned = [node.cost.params for node in (base.node, head.node)]
        tied = base.key == head.key and 2 * abs(owned[1] - owned[0]) > max(owned)
        if base.key == head.key and not tied and not rewired:
            continue
        own, follows = [*_own(base, head)], [*_follows(base, head)]
        if tied:
            own.append("shares its weights" if owned[1] < owned[0] else "has weights of its own")
        words = (*own, *rewired, *follows)
        if not words and type(base.node.operator) is type(head.node.operator):
            words = tuple(_others(sized(base.node), sized(head.node)))
        found.append(
            Change(
                base=base, head=head, words=words or ("does other work",),
                own=bool(own or rewired or not follows),
            )
        )  # fmt: skip
    return tuple(found)


def _own(base: Layer, head: Layer) -> Iterator[str]:
    """What somebody wrote otherwise."""
    one, other = base.node, head.node
    if base.family != head.family:
        yield f"{one.op_type}→{other.op_type}"
    types = [", ".join(sorted(node.bytes)) for node in (one, other)]
    if types[0] != types[1] and all(types):
        yield f"{types[0]}→{types[1]}"
    if one.times != other.times:
        yield f"runs {one.times}→{other.times} times"
    if (one.operator is None) != (other.operator is None):
        yield "its cost is no longer known" if other.operator is None else "its cost is now known"
    if type(one.operator) is not type(other.operator):
        return
    a, b = sized(one), sized(other)
    kernels = [_extent(dims, KERNEL) for dims in (a, b)]
    if kernels[0] != kernels[1] and base.family not in SAME.values():
        yield f"{kernels[0]}→{kernels[1]} kernel"
    if "c_out" in a and a["c_out"] != b["c_out"]:
        yield f"{a['c_out']}→{b['c_out']} channels"
    if "groups" in a and a["groups"] != b["groups"] and not (_depthwise(a) and _depthwise(b)):
        yield f"{a['groups']}→{b['groups']} groups"
    if a.get("bias", 0) != b.get("bias", 0):
        yield "gains a bias" if b["bias"] else "loses its bias"
    steps = [dict(window(node)) for node in (one, other)]
    for name, word in STEPS.items():
        if steps[0].get(name) != steps[1].get(name):
            yield f"{word} {_times(steps[0].get(name))}→{_times(steps[1].get(name))}"
    if one.cost.madds or other.cost.madds:
        yield from _others(a, b)


def _follows(base: Layer, head: Layer) -> Iterator[str]:
    """What comes with the maps that it reads."""
    if base.family != head.family or type(base.node.operator) is not type(head.node.operator):
        return
    a, b = sized(base.node), sized(head.node)
    if not ("w_in" in a or "c_out" in a):
        yield from _shapes(base.shape, head.shape)
        return
    if "c_in" in a and a["c_in"] != b["c_in"] and not (_depthwise(a) and _depthwise(b)):
        yield f"reads {a['c_in']}→{b['c_in']} channels"
    if a["n"] != b["n"]:
        yield f"batch {a['n']}→{b['n']}"
    if "c" in a and a["c"] != b["c"]:
        yield f"{a['c']}→{b['c']} channels"
    maps, given = ([_extent(dims, names) for dims in (a, b)] for names in (MAPS, GIVEN))
    if maps[0] != maps[1]:
        yield f"{maps[0]}→{maps[1]} maps"
    if given[0] != given[1] and given != maps:
        yield f"reads {given[0]}→{given[1]} maps"


def _others(a: Mapping[str, int], b: Mapping[str, int]) -> list[str]:
    """Dimensions that have no words of their own."""
    differ = [name for name in a if name not in TOLD and a[name] != b[name]]
    return [f"{name.replace('_', ' ')} {a[name]}→{b[name]}" for name in differ[:MOST]]


def _shapes(one: Sequence[int | None] | None, other: Sequence[int | None] | None) -> Iterator[str]:
    if one == other:
        return
    if one is None or other is None or len(one) != len(other):
        yield f"{_shape(one)}→{_shape(other)} map"
        return
    differ = [axis for axis, sizes in enumerate(zip(one, other, strict=True)) if len({*sizes}) > 1]
    if 0 in differ or len(one) < 2:
        yield f"{_shape(one)}→{_shape(other)} map"
        return
    if 1 in differ:
        yield f"{one[1]}→{other[1]} channels"
    if differ != [1]:
        yield f"{_shape(one[2:])}→{_shape(other[2:])} maps"


def _rewired(
    matching: Matching, base: Layer, head: Layer, images: Mapping[int, int], met: Collection[int]
) -> tuple[str, ...]:
    """That it reads other layers than before, all of which both networks have."""
    expected = [images.get(i) for i in base.reads]
    if None in expected or any(j not in met for j in head.reads):
        return ()
    before, after = {*expected} - {*head.reads}, {*head.reads} - {*expected}
    if not before and not after:
        return ()
    one, other = (_called(matching, found) for found in (before, after))
    if before and after:
        return (f"reads {other} in place of {one}",)
    return (f"no longer reads {one}",) if before else (f"also reads {other}",)


def _called(matching: Matching, places: Collection[int | None]) -> str:
    return ", ".join(
        matching.head[place].node.label if place >= 0 else f"input {-place}"
        for place in sorted(each for each in places if each is not None)
    )


def _depthwise(dims: Mapping[str, int]) -> bool:
    return dims.get("groups") == dims.get("c_in", 0) > 1


def _extent(dims: Mapping[str, int], names: Sequence[str]) -> str:
    sizes = [dims[name] for name in names if name in dims]
    if len(sizes) == 3 and all(dims.get(name, 1) == 1 for name in ("k_d", "d_in", "d")):
        sizes = sizes[1:]
    return "×".join(map(str, sizes))


def _shape(sizes: Sequence[int | None] | None) -> str:
    if sizes is None:
        return "?"
    return "×".join("?" if size is None else str(size) for size in sizes) or "scalar"


def _times(steps: Sequence[int] | None) -> str:
    return "×".join(map(str, steps if len({*steps}) > 1 else steps[:1])) if steps else "1"
