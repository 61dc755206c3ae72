"""What other counters count, and where that differs from guidelint: said once, here.

``guidelint verify``, the tests and ``docs/fvcore.md`` use this table. A convention predicts the
other counter's number for a call exactly, so a difference is explained or it is an error.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy

from costmodel.operators.einsum import extents, terms

Witness = Literal["fvcore", "torch"]
WITNESSES: tuple[Witness, ...] = ("fvcore", "torch")
Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a torch operator in a network.

    Args:
        operator: its name; convolutions of every dimension are "conv", as fvcore calls them.
        scope: dotted path of the module that calls it.
        arguments: by position, a shape in place of each tensor.
        result: shape of the first tensor that it returns, () without any.
        torch: multiply-adds by torch's counter.
        madds, ops: by guidelint.
        folded: multiply-adds of constants by constants, which guidelint leaves out, as they run
            once, before the network.
        writes: by guidelint, elements that multiply-adds give, the folded ones too.
    """

    operator: str
    scope: str
    arguments: tuple[Any, ...]
    result: Shape
    torch: int = 0
    madds: int = 0
    ops: int = 0
    folded: int = 0
    writes: int = 0

    def argument(self, position: int) -> Any:
        """None where it is left to its default."""
        return self.arguments[position] if position < len(self.arguments) else None

    @property
    def executed(self) -> int:
        """Multiply-adds of a run that folds nothing, as the other counters see it."""
        return self.madds + self.folded

    @property
    def given(self) -> int:
        """Elements of the first argument."""
        elements: int = math.prod(self.arguments[0])
        return elements


Rule = Callable[[Call], int | None]
"""The other counter's number for a call, None where the convention is not about it."""


@dataclass(frozen=True, slots=True)
class Convention:
    """Where another counter counts a call otherwise, or in the same way.

    Args:
        witness: the other counter.
        operators: the torch operators that it is about; none for all others.
        theirs: what the other counter counts, as a phrase.
        ours: what guidelint counts.
        rule: their number.
    """

    witness: Witness
    operators: tuple[str, ...]
    theirs: str
    ours: str
    rule: Rule


def _madds(call: Call) -> int:
    return call.executed


def _nothing(call: Call) -> int:
    return 0


def _normalised(weight: int) -> Rule:
    """fvcore's estimate for a normalisation whose scale is the argument at ``weight``."""
    return lambda call: (4 if call.argument(weight) is None else 5) * call.given


def _batch_norm(call: Call) -> int:
    if call.argument(5):  # by the statistics of the batch
        return (4 if call.argument(1) is None else 5) * call.given
    return (1 if call.argument(1) is None else 2) * call.given


def _vector(call: Call) -> int | None:
    """A product with a vector, which torch computes apart (``mv``, ``dot``)."""
    return 0 if len(call.arguments[1]) == 1 else None


def _matmul(call: Call) -> int:
    """The share of ours in which the first operand's batch is all of the batch."""
    first, second = call.arguments[:2]
    points = math.prod(call.result) * first[-1]
    return call.executed * call.given * second[-1] // points if points else 0


def _einsum(call: Call) -> int:
    equation = "".join(str(call.arguments[0]).split())
    operands = call.arguments[1]
    if len(operands) == 2 and call.executed:
        if _renamed(equation) in {"abc,abd->acd", "abc,adc->adb"}:
            return call.executed  # fvcore knows these two by heart
        return math.floor(float(f"{2 * call.executed:.3e}") / 2)
    arrays = [numpy.broadcast_to(0.0, shape) for shape in operands]
    said = numpy.einsum_path(equation, *arrays, optimize="optimal")[1]
    return math.floor(float(re.findall(r"Optimized FLOP count: +(\S+)", said)[0]) / 2)


def _summed_before(call: Call) -> int | None:
    """torch sums an index that one of two operands alone has before it multiplies."""
    named, result = terms(call.arguments[0], [len(shape) for shape in call.arguments[1]])
    sizes = extents(named, call.arguments[1])
    if len(named) != 2:
        return None
    alone = set(named[0]).symmetric_difference(named[1]).difference(result)
    points = math.prod(sizes[index] or 0 for index in alone)
    return call.executed // points if points > 1 else None


def _renamed(equation: str) -> str:
    """An equation with its indices called a, b, c in the order of their appearance."""
    letters = dict.fromkeys(c for c in equation if c.isalpha())
    return equation.translate({ord(c): 97 + i for i, c in enumerate(letters)})


CONVENTIONS: tuple[Convention, ...] = (
    Convention(
        "fvcore", ("conv", "linear", "addmm", "mm", "bmm"), "multiply-adds", "multiply-adds",
        _madds,
    ),
    Convention(
        "fvcore", ("matmul",), "nothing: it fails where the second operand is a vector",
        "multiply-adds", _vector,
    ),
    Convention(
        "fvcore", ("matmul",),
        "elements of the first operand times columns of the second, so that a batch which only "
        "the second has is lost", "multiply-adds", _matmul,
    ),
    Convention(
        "fvcore", ("einsum",),
        "multiply-adds in the best order, to four digits; half of a product that is not summed; "
        "a sum without a product",
        "multiply-adds from left to right; a product that is not summed, and a sum without a "
        "product, are ops", _einsum,
    ),
    Convention(
        "fvcore", ("batch_norm",),
        "2 an element, 1 without scale and shift; 5 and 4 by the statistics of the batch",
        "2 ops an element", _batch_norm,
    ),
    Convention(
        "fvcore", ("layer_norm", "group_norm"), "5 an element, 4 without scale and shift",
        "7 ops an element, of a group norm 9: torch.onnx writes its scale and shift apart",
        _normalised(2),
    ),
    Convention(
        "fvcore", ("instance_norm",), "5 an element, 4 without scale and shift",
        "7 ops an element", _normalised(1),
    ),
    Convention(
        "fvcore", ("adaptive_avg_pool2d",), "1 an element read",
        "ops of the windows that torch.onnx writes", lambda call: call.given,
    ),
    Convention(
        "fvcore", ("upsample_nearest2d",), "1 an element written", "nothing: it copies",
        lambda call: math.prod(call.result),
    ),
    Convention(
        "fvcore", ("upsample_bilinear2d", "grid_sampler"), "4 an element written",
        "8 ops an element: four multiplies, four additions",
        lambda call: 4 * math.prod(call.result),
    ),
    Convention("fvcore", (), "nothing", "multiply-adds and ops", _nothing),
    Convention(
        "torch", ("matmul",), "nothing where the second operand is a vector", "multiply-adds",
        _vector,
    ),
    Convention(
        "torch", ("einsum",),
        "no multiply-adds for an index that one of two operands alone has: it is summed before",
        "multiply-adds of all indices", _summed_before,
    ),
    Convention(
        "torch", ("mv", "dot", "addmv", "addr", "addbmm", "bilinear", "linalg_det"), "nothing",
        "multiply-adds", _nothing,
    ),
    Convention("torch", (), "multiply-adds", "multiply-adds", _madds),
)  # fmt: skip
"""In order: the first that is about a call and gives a number decides."""


def convention(witness: Witness, call: Call) -> tuple[Convention, int]:
    """The convention that holds for a call, and the number that it predicts.

    >>> call = Call("linear", "fc", ((1, 1024), (1000, 1024)), (1, 1000), madds=1024000)
    >>> convention("fvcore", call)[1]
    1024000
    """
    for each in CONVENTIONS:
        if each.witness == witness and (not each.operators or call.operator in each.operators):
            number = each.rule(call)
            if number is not None:
                return each, number
    raise AssertionError(f"no convention of {witness} for {call.operator}")


WRITTEN = ("conv", "linear", "addmm", "bmm", "matmul", "einsum")
"""Operators whose outputs fvcore counts as activations."""


def activations(call: Call) -> int:
    """fvcore's activations of a call: what guidelint says that its products write.

    An einsum that sums nothing has none for guidelint; fvcore counts its output all the same.
    """
    if call.operator == "einsum" and not call.executed:
        return math.prod(call.result)
    return call.writes if call.operator in WRITTEN else 0
