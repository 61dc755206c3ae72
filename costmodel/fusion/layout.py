"""Which kernels work on channels in blocks, by which path, and where maps are reordered.

What can work on blocks, and finds all that it reads in blocks, does; a convolution or a pooling
that begins has its input reordered. A map in blocks that somebody needs as the file has it is
reordered once, for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from costmodel.fusion.memory import Memory
from costmodel.fusion.partition import Part
from costmodel.fusion.paths import (
    CHANNELS_FIRST,
    CHANNELS_LAST,
    gates_hard_swish,
    has_bias,
    is_map,
    joins,
    path_of,
    pools,
    scales,
    scales_channels,
    turns,
)
from costmodel.fusion.rules import BATCH_NORM, Layout, Rules
from costmodel.operators.convolution import Conv

NOTHING, FUNCTION, SUM = range(3)
"""What the maker of a map still takes along: a function, or a sum and then a function."""


@dataclass(frozen=True, slots=True)
class Reorder:
    """A map put from one layout into the other."""

    op: str
    name: str


def lay_out(
    parts: list[Part], memory: Memory, rules: Rules, layout: Layout
) -> list[Part | Reorder]:
    """The parts with their paths, and reorders among them, in order of execution.

    A path is a layout, and for a convolution also which kernel it runs. In blocks that is
    ``nchwc/first`` (fewer input channels than a block, read as the file has them),
    ``nchwc/pointwise`` (1x1, no padding), ``nchwc/depthwise``, ``nchwc/grouped`` or
    ``nchwc/dense``. Elsewhere it is ``nchw/pointwise`` (one matrix product; of stride 1 only),
    ``nchw/depthwise``, ``nchw/grouped`` or ``nchw/dense`` (im2col and a matrix product, group
    by group). What else works on blocks has the path ``nchwc``.
    """
    plan = _Plan(parts, memory, rules, layout)
    for part in parts:
        plan.place(part)
    for part in parts:
        plan.add_outside(part)
    return list(plan.with_reorders())


class _Plan:
    """The layout under construction.

    Attributes:
        parts: by the name of their head; ``at`` is when each runs.
        part_of: by node, the part that it went to.
        uses: by map, who reads it and whether under its own shape; "" is the network's caller.
        blocked: maps in blocks, and what their makers still take along.
        inside: maps and the nodes that read them in blocks.
        entering: by part, the map that is reordered for it.
    """

    def __init__(self, parts: list[Part], memory: Memory, rules: Rules, layout: Layout) -> None:
        self.memory, self.rules, self.layout = memory, rules, layout
        self.parts = {part.head.name: part for part in parts}
        self.at = {name: step for step, name in enumerate(self.parts)}
        self.part_of = {node.name: part for part in parts for node in part.nodes}
        self.uses: dict[str, list[tuple[str, bool]]] = {
            root: [("", True)] for root in memory.outputs
        }
        for part in parts:
            for reader, root, same in self._reads(part):
                self.uses.setdefault(root, []).append((reader, same))
        self.blocked: dict[str, int] = {}
        self.inside: set[tuple[str, str]] = set()
        self.entering: dict[str, str] = {}

    # -- in blocks -----------------------------------------------------------------------------

    def place(self, part: Part) -> None:
        """Decide how a part runs, those before it being decided."""
        maps = self._maps(part)
        if part.op == "Conv" and isinstance(part.head.operator, Conv):
            part.path = path_of(part, part.head.operator, self.memory, self.layout)
            if part.path.startswith("nchwc"):
                self._begin(part, SUM if self._is_bare(part) else NOTHING)
        elif part.op in self.layout.windows or self._is_given(part, maps):
            if pools(part.head, self.memory, self.layout):
                self._begin(part)
        elif maps and all(same and root in self.blocked for root, same in maps):
            self._go_on(part, [root for root, _ in maps])

    def _is_given(self, part: Part, maps: Sequence[tuple[str, bool]]) -> bool:
        """Whether it pools the planes of what the network is given: that counts as in blocks."""
        return part.op in self.layout.planes and maps[0][0] not in self.memory.makers

    def _begin(self, part: Part, takes: int = NOTHING) -> None:
        """Have a part work on blocks, whatever layout its input has."""
        if part.path == "nchwc/first":
            self.blocked[self._made(part)] = takes
            return
        ((root, same),) = self._maps(part)
        if root not in self.blocked or not same:
            maker = self.part_of.get(self.memory.makers.get(root, ""))
            if maker is not None and turns(maker, CHANNELS_FIRST) and self._is_alone(root):
                maker.op, maker.path = "ReorderInput", "nchwc"
            else:
                self.entering[part.head.name] = root if same else part.nodes[0].inputs[0]
        self._keep(part, takes)

    def _keep(self, part: Part, takes: int = NOTHING) -> None:
        """Have a part read and write blocks."""
        part.path = part.path or "nchwc"
        self._read_inside(part)
        self.blocked[self._made(part)] = takes

    def _read_inside(self, part: Part) -> None:
        self.inside.update((root, reader) for reader, root, _ in self._reads(part))

    def _go_on(self, part: Part, roots: Sequence[str]) -> None:
        """Have a part work on the blocks that it finds, if it can."""
        head, op = part.head, part.op
        with_constants = len(roots) < len(head.inputs)
        if op in self.layout.functions:
            self._apply(part, roots[0])
        elif op in BATCH_NORM or (
            op == "Mul" and with_constants and scales_channels(head, self.memory)
        ):
            part.op, part.path = "Conv", "nchwc/depthwise"
            self._keep(part, SUM)
        elif op in self.layout.planes:
            if pools(head, self.memory, self.layout):
                self._keep(part)
        elif op in ("Resize", "Upsample"):
            if scales(head, self.memory):
                part.op = "Upsample"
                self._keep(part)
        elif turns(part, CHANNELS_LAST):
            part.op, part.path = "ReorderOutput", "nchwc"
            self._read_inside(part)
        elif with_constants:
            return
        elif op in self.layout.blocked.residual:
            self._sum(part, roots)
        elif op == "Mul":
            self._multiply(part, roots)
        elif op == "Concat" and joins(head, self.memory, self.layout):
            self._keep(part)

    def _apply(self, part: Part, root: str) -> None:
        """A function of one map: of a convolution's, in its kernel."""
        taken = part.op in self.layout.blocked.activations and self.blocked[root] != NOTHING
        if part.op in self.rules.spelled and self.memory.returned(self._made(part)):
            taken = False
        if taken and self._is_alone(root):
            self._take(root, part)
        else:
            self._keep(part)

    def _sum(self, part: Part, roots: Sequence[str]) -> None:
        """A sum: of two maps that differ in nothing, in the kernel of a convolution."""
        shapes = {self.memory.shape(root) for root in roots}
        if len({shape[1] for shape in shapes if shape}) > 1:
            return
        takers = [r for r in roots if self.blocked[r] == SUM and self._is_alone(r)]
        if len(shapes) == 1 and len(roots) == 2 and takers:
            self._take(takers[0], part, FUNCTION)
        else:
            self._keep(part)

    def _multiply(self, part: Part, roots: Sequence[str]) -> None:
        """A product of maps: of x and HardSigmoid(x), in the kernel that makes x."""
        if len({self.memory.shape(root) for root in roots}) != 1:
            return
        for x, gate in (roots, roots[::-1]):
            if self._is_hard_swish(part, x, gate):
                self._take(x, self._maker(gate))
                self._take(gate, part)
                return
        self._keep(part)

    def _is_hard_swish(self, part: Part, x: str, gate: str) -> bool:
        """Whether nobody else reads x, which a convolution makes, or its HardSigmoid."""
        maker = self._maker(gate)
        return (
            gates_hard_swish(maker) and self._is_alone(gate) and self.blocked[x] != NOTHING
            and {reader for reader, _ in self.uses[x]} == {maker.head.name, part.head.name}
            and not self.memory.returned(self._made(part))
        )  # fmt: skip

    def _take(self, root: str, part: Part, takes: int = NOTHING) -> None:
        """Have the convolution that makes a map in blocks take one that reads it along."""
        self._read_inside(part)
        self._join(root, part)
        self.blocked[self._made(part)] = takes

    # -- outside -------------------------------------------------------------------------------

    def add_outside(self, part: Part) -> None:
        """Have a convolution on the file's layout take a sum along, and a function after it."""
        plain, maps, made = self.layout.plain, self._maps(part), self._made(part)
        if part.op not in plain.residual or made in self.blocked or len(maps) != 2:
            return
        takers = [root for root, same in maps if same and self._takes_outside(root)]
        if takers and len(set(map(self.memory.shape, part.head.inputs))) == 1:
            self._join(min(takers, key=lambda root: self.at[self._maker(root).head.name]), part)
            after = self.part_of.get(self.uses[made][0][0]) if made in self.uses else None
            if after is not None and after.op in plain.after_residual and self._is_alone(made):
                self._join(made, after)

    def _takes_outside(self, root: str) -> bool:
        maker = self.part_of.get(self.memory.makers.get(root, ""))
        return (
            maker is not None and maker.path.startswith("nchw/") and self._is_alone(root)
            and is_map(root, self.memory) and self._is_bare(maker) and has_bias(maker)
        )  # fmt: skip

    # -- both ----------------------------------------------------------------------------------

    def with_reorders(self) -> Iterator[Part | Reorder]:
        """The parts in order of execution, and a reorder wherever the layouts meet."""
        entered = set()
        for name in sorted(self.parts, key=self.at.__getitem__):
            part = self.parts[name]
            needed = self.entering.get(name, "")
            view = self.memory.root(needed), self.memory.shape(needed)
            if needed and view not in entered:
                entered.add(view)
                yield Reorder("ReorderInput", needed)
            yield part
            made = self._made(part)
            readers = self.uses.get(made, ()) if made in self.blocked else ()
            if not all(same and (made, reader) in self.inside for reader, same in readers):
                yield Reorder("ReorderOutput", made)

    def _join(self, root: str, part: Part) -> None:
        """Have the part that makes a map take one that reads it along, and run in its place."""
        into = self._maker(root)
        into.nodes += part.nodes
        self.part_of.update((node.name, into) for node in part.nodes)
        self.at[into.head.name] = self.at[part.head.name]
        del self.parts[part.head.name]

    def _reads(self, part: Part) -> Iterator[tuple[str, str, bool]]:
        """Reader, map, and whether it is read under its own shape, for all but constants."""
        memory = self.memory
        for node in part.nodes:
            for name in node.inputs:
                if not memory.constant(name) and node.name in memory.readers_of(name):
                    root = memory.root(name)
                    yield node.name, root, name == root or memory.shape(name) == memory.shape(root)

    def _maps(self, part: Part) -> list[tuple[str, bool]]:
        """What a part reads that it does not make."""
        inside = {node.name for node in part.nodes}
        makers = self.memory.makers
        return [(r, same) for _, r, same in self._reads(part) if makers.get(r) not in inside]

    def _made(self, part: Part) -> str:
        """The map that a part makes, "" for a view of what the network is given."""
        nodes = [node for node in part.nodes if node.name not in self.memory.aliases]
        return nodes[-1].outputs[0] if nodes and nodes[-1].outputs else ""

    def _maker(self, root: str) -> Part:
        return self.part_of[self.memory.makers[root]]

    def _is_alone(self, root: str) -> bool:
        """Whether one node reads it, under its own shape, and the network does not return it."""
        readers = self.uses.get(root, [])
        return len(readers) == 1 and readers[0][0] != "" and readers[0][1]

    def _is_bare(self, part: Part) -> bool:
        """Whether a convolution has taken neither a sum nor a function along."""
        own = [node for node in part.nodes if node.name not in self.memory.aliases]
        folds = self.rules.kernels["Conv"].folds
        return all(node.op_type in folds for node in own[own.index(part.head) + 1 :])
