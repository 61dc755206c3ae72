"""Numbers of channels as linear forms in the widths that are free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Width:
    """A number of channels: free widths, each with a factor, and a constant."""

    terms: Mapping[str, Fraction] = field(default_factory=dict)
    constant: Fraction = Fraction(0)

    def __add__(self, other: Width) -> Width:
        terms = dict(self.terms)
        for name, factor in other.terms.items():
            terms[name] = terms.get(name, Fraction(0)) + factor
        kept = {name: factor for name, factor in terms.items() if factor}
        return Width(kept, self.constant + other.constant)

    def __mul__(self, factor: Fraction | int) -> Width:
        if factor == 1:
            return self
        terms = {name: each * factor for name, each in self.terms.items()}
        return Width(terms, self.constant * factor)

    def at(self, widths: Mapping[str, int]) -> Fraction:
        """Its value where the free widths have these."""
        return self.constant + sum(factor * widths[name] for name, factor in self.terms.items())


Axis = tuple[Width, ...]
"""An extent as the parts that lie side by side in it: more than one behind a concat."""


def fixed(extent: int) -> Axis:
    """An extent that nothing changes."""
    return (Width(constant=Fraction(extent)),)


def total(axis: Axis) -> Width:
    """The whole extent."""
    return axis[0] if len(axis) == 1 else sum(axis, Width())
