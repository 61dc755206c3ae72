"""Calls and tensors in, a Graph out: what every front end ends with.

Here constants fold, dead branches fall away, each call is bound to its Operator, and each
parameter finds the one node that owns it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import costmodel.operators  # noqa: F401  fills the registry
from costmodel.cost import Cost
from costmodel.errors import MALFORMED, ModelError, Unknown
from costmodel.graph import Graph, Node, SourceLine
from costmodel.operator import REGISTRY, UNCOSTABLE, Operator
from costmodel.tensor import INTEGERS, Tensor, bytes_of

OTHERS = "*"
"""In place of the name of a constant: all that are not named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One operator before it is bound: names in, names out, attributes.

    Args:
        name: unique in the network.
        op_type: as in the registry.
        inputs, outputs: tensor names, "" where omitted.
        attributes: by their ONNX names.
        scope: dotted path of the module that made it.
        times: how often it runs.
        branches: the If nodes and the branches that it stands in, where not known to be taken.
        reason: why its shapes stay open, where they do.
        sources: lines of Python that built it, likeliest first.
    """

    name: str
    op_type: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    scope: str = ""
    times: int = 1
    branches: tuple[tuple[str, int], ...] = ()
    reason: str = ""
    sources: tuple[SourceLine, ...] = ()


def assemble(
    calls: Sequence[Call], tensors: Mapping[str, Tensor], outputs: Iterable[str],
    *, learned: Mapping[str, bool] | None = None, **about: Any,
) -> Graph:  # fmt: skip
    """Bind the calls and make the Graph.

    Args:
        calls: in order of execution.
        tensors: every value by name; those that are ``constant`` fold.
        outputs: names of what the network returns; without any, whatever nobody reads.
        learned: whether a constant is, by name, ``OTHERS`` for all that are not named; of those
            of which it says nothing it is told from the operators that use them.
        about: attributes of the Graph (path, opset, inputs, assumed).

    Raises:
        ModelError: shapes that contradict each other.
    """
    outputs = tuple(outputs)
    folded = {call.name: call for call in calls if _folds(call, tensors)}
    live = _live([call for call in calls if call.name not in folded], outputs)
    untaken = _untaken(live, tensors)
    constants = _Constants(folded.values(), tensors, learned or {})
    nodes: list[Node] = []
    aside: dict[str, Cost] = {}
    used: dict[str, Tensor] = {}
    bound = [
        (call, bind(call, tensors) if untaken.isdisjoint(call.branches) else (None, ""))
        for call in live
    ]
    owned = constants.claim([(call, operator) for call, (operator, _) in bound])
    for call, (operator, reason) in bound:
        params, buffers = owned[call.name]
        skipped = next((name for name, branch in call.branches if (name, branch) in untaken), None)
        if skipped is not None:
            aside[skipped] = aside.get(skipped, Cost()) + Cost(params=params, buffers=buffers)
            continue
        formula = Cost() if operator is None else operator.cost * call.times
        nodes.append(
            Node(
                name=call.name,
                op_type=call.op_type,
                operator=operator,
                inputs=call.inputs,
                outputs=call.outputs,
                scope=call.scope,
                times=call.times,
                attributes=call.attributes,
                reason=reason,
                sources=call.sources,
                cost=replace(formula, params=params, buffers=buffers)
                + aside.get(call.name, Cost()),
                bytes=_bytes(call, formula, tensors, constants),
            )
        )
        used.update(
            (name, tensors[name]) for name in (*call.inputs, *call.outputs) if name in tensors
        )
    return Graph.of(
        nodes, tensors=used, outputs=outputs, folded=len(folded),
        weight_bytes=constants.bytes, **about,
    )  # fmt: skip


def bind(call: Call, tensors: Mapping[str, Tensor]) -> tuple[Operator | None, str]:
    """The call's Operator, or None and the reason why it has none.

    Raises:
        ModelError: its shapes contradict each other; the message names the node.
    """
    registered = REGISTRY.get(call.op_type)
    if registered is None:
        return None, UNCOSTABLE.get(call.op_type, "no formula for this operator")
    given = [tensors.get(name) if name else None for name in call.inputs]
    results = tuple(tensors.get(name, Tensor(None)) for name in call.outputs)
    try:
        operator = registered.cls.bind(
            *given, y=results[0] if results else Tensor(None), outputs=results,
            **{**registered.options, **call.attributes},
        )  # fmt: skip
        operator.cost  # noqa: B018  a division that leaves a remainder shows here
    except Unknown as error:
        return None, call.reason or str(error)
    except ModelError as error:
        raise ModelError(f"{call.op_type} node '{call.name}': {error}") from None
    except MALFORMED as error:
        said = str(error).partition("\n")[0]
        return None, call.reason or f"its inputs or attributes do not fit {call.op_type}: {said}"
    return operator, ""


def _folds(call: Call, tensors: Mapping[str, Tensor]) -> bool:
    """Whether all that the call gives is constant, so that it runs once, before the network."""
    given = [tensors[name] for name in call.outputs if name in tensors]
    return bool(given) and all(t.constant for t in given)


def _live(running: list[Call], outputs: tuple[str, ...]) -> list[Call]:
    """Of the calls that do not fold those that an output depends on."""
    if not outputs:
        return running
    needed = set(outputs)
    kept = []
    for call in reversed(running):
        if needed.intersection(call.outputs):
            needed.update(call.inputs)
            needed.discard("")
            kept.append(call)
    return kept[::-1]


def _untaken(calls: Sequence[Call], tensors: Mapping[str, Tensor]) -> set[tuple[str, int]]:
    """Of each If whose condition is not known, the branch that costs less."""
    weights: dict[str, list[tuple[int, int]]] = {}
    for call in calls:
        for name, branch in call.branches:
            held = weights.setdefault(name, [(0, 0), (0, 0)])
            try:
                operator, _ = bind(call, tensors)
            except ModelError:  # made for other sizes than these: it is never taken
                held[branch] = (-(2**62), 0)
                continue
            if operator is not None:
                cost = operator.cost * call.times
                held[branch] = (held[branch][0] + cost.madds, held[branch][1] + cost.memory_access)
    return {(name, 0 if held[1] >= held[0] else 1) for name, held in weights.items()}


class _Constants:
    """Who owns which constant, and whether it is learned."""

    def __init__(
        self, folded: Iterable[Call], tensors: Mapping[str, Tensor], learned: Mapping[str, bool]
    ) -> None:
        self.tensors = tensors
        self.learned = learned
        self.makers = {out: call for call in folded for out in call.outputs}
        self.owned: set[str] = set()
        self.visited: set[tuple[str, bool, bool]] = set()
        self.origins: dict[str, Tensor] = {}
        self.bytes = 0

    def claim(self, calls: Sequence[tuple[Call, Operator | None]]) -> dict[str, tuple[int, int]]:
        """Params and buffers that each call is the first to use, by the call's name.

        Whatever is learned anywhere is a parameter, so learned paths are followed first.
        """
        totals: dict[str, list[int]] = {call.name: [0, 0] for call, _ in calls}
        for learned in (True, False):
            for call, _ in calls:
                registered = REGISTRY.get(call.op_type)
                reader = registered.cls if registered else None
                for position, name in enumerate(call.inputs):
                    carried = _carries(call, position)
                    if carried or not learned:
                        self.take(name, carried, reader, totals[call.name], learned)
        for call, operator in calls:
            if operator is not None and operator.packed:
                inside = not any(self.constant(name) for name in call.inputs)
                if inside or any(totals[call.name]):
                    totals[call.name] = [operator.cost.params, operator.cost.buffers]
        return {name: (params, buffers) for name, (params, buffers) in totals.items()}

    def constant(self, name: str) -> bool:
        """Whether a value is fixed before the network runs."""
        return name in self.tensors and self.tensors[name].constant

    def take(
        self, name: str, learned: bool, reader: type[Operator] | None, totals: list[int], only: bool
    ) -> None:
        """Follow a constant back to what the file stores, and claim that.

        Args:
            only: whether to follow learned paths alone.
        """
        pending = [(name, learned, reader)]
        while pending:
            name, learned, reader = pending.pop()
            if name in self.owned or not self.constant(name) or (only and not learned):
                continue
            if (name, learned, only) in self.visited:
                continue
            self.visited.add((name, learned, only))
            maker = self.makers.get(name)
            if maker is not None and maker.op_type not in SOURCES:
                if maker.op_type in EXTENTS:
                    continue
                cls = REGISTRY[maker.op_type].cls if maker.op_type in REGISTRY else None
                if cls is not None and (cls.quantised or not cls.learns_scalars):
                    reader = cls
                for position, source in enumerate(maker.inputs):
                    if source:
                        carried = (
                            learned and maker.op_type not in MASKS and _carries(maker, position)
                        )
                        pending.append((source, carried, reader))
                continue
            self.owned.add(name)
            tensor = self.tensors[name]
            told = self.learned.get(name, self.learned.get(OTHERS))
            if not tensor.known or (not told and _is_argument(tensor, reader)):
                continue
            param = (learned and _learnable(tensor, reader)) if told is None else told
            totals[0 if param else 1] += tensor.elements
            self.bytes += tensor.bytes

    def stored(self, name: str) -> Tensor:
        """The constant as it is stored: before a cast, a transpose or a dequantisation."""
        passed = [name]
        while passed[-1] not in self.origins:
            name, tensor = passed[-1], self.tensors[passed[-1]]
            maker = self.makers.get(name)
            before = None
            if maker is not None and maker.op_type not in SOURCES and maker.inputs:
                before = self.tensors.get(maker.inputs[0])
            if (
                before is None
                or not (before.known and tensor.known)
                or before.elements != tensor.elements
                or len(passed) > len(self.makers)
            ):
                self.origins[name] = tensor
            else:
                passed.append(maker.inputs[0])  # type: ignore[union-attr]
        self.origins.update(dict.fromkeys(passed, self.origins[passed[-1]]))
        return self.origins[passed[-1]]


SOURCES = {"Constant", "ConstantOfShape"}
"""Operators that make a constant out of nothing but its shape."""

EXTENTS = {"Shape", "Size"}
"""Operators that look at a tensor's shape and not at what it holds."""

MASKS = {"Where", "ScatterND", "ScatterElements", "Trilu", "OneHot"}
"""Operators that make masks: what they are made of is not learned."""

ARGUMENTS = 16
"""Integers up to which a constant is taken for a shape, axes or indices, not for a buffer."""


def _carries(call: Call, position: int) -> bool:
    """Whether that input carries learned values."""
    registered = REGISTRY.get(call.op_type)
    if registered is None:
        return True
    return registered.weights is None or position in registered.weights


def _learnable(tensor: Tensor, reader: type[Operator] | None) -> bool:
    """Whether a constant is a parameter by its type and size: indices and 2.0 are not."""
    if reader is None:
        return tensor.dtype not in INTEGERS
    if tensor.dtype in INTEGERS and not reader.quantised:
        return False
    return reader.learns_scalars or tensor.elements != 1


def _is_argument(tensor: Tensor, reader: type[Operator] | None) -> bool:
    """Whether a constant only tells an operator what to do: axes, a shape, an index, a bound."""
    if tensor.dtype in INTEGERS and (reader is None or not reader.quantised):
        return bool(tensor.elements <= ARGUMENTS)
    return bool(tensor.elements == 1) and reader is not None and not reader.learns_scalars


def _bytes(
    call: Call, cost: Cost, tensors: Mapping[str, Tensor], constants: _Constants
) -> dict[str, int]:
    """Bytes moved, by element type: exact where every input is read once and in full."""
    held = [constants.stored(n) for n in call.inputs if n in tensors and tensors[n].constant]
    read = [tensors[n] for n in call.inputs if n in tensors and not tensors[n].constant]
    made = [tensors[n] for n in call.outputs if n in tensors]
    moved: dict[str, int] = {}
    for elements, among in (
        (cost.weight_reads, held), (cost.reads, read), (cost.writes, made),
    ):  # fmt: skip
        if not elements:
            continue
        if all(t.known for t in among) and sum(t.elements for t in among) * call.times == elements:
            for t in among:
                moved[t.dtype] = moved.get(t.dtype, 0) + t.bytes * call.times
        else:
            dtype = _largest(among).dtype
            moved[dtype] = moved.get(dtype, 0) + bytes_of(elements, dtype)
    return moved


def _largest(tensors: Sequence[Tensor]) -> Tensor:
    """The one of most elements; of symbols the first that no other is known to exceed."""
    largest = tensors[0] if tensors else Tensor(())
    for t in tensors[1:]:
        if t.known and (not largest.known or (t.elements > largest.elements) == True):  # noqa: E712
            largest = t
    return largest
