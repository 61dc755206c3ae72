"""What an operator costs, counted in elements and operations. Costs add up."""

from __future__ import annotations

from dataclasses import dataclass, fields
from importlib import import_module

from costmodel.dims import Dim


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Cost of one operator or of many, each field an int, an array or an expression.

    Args:
        params: learned elements owned.
        buffers: constant elements owned that are not learned (batch-norm statistics, tables).
        madds: multiply-adds; one multiply with its addition is 1. The papers' "FLOPs".
        ops: arithmetic operations outside multiply-adds (a comparison, an addition, an exp: 1).
        weight_reads: constant elements read.
        reads: activation elements read.
        writes: activation elements written.

    >>> a = Cost(madds=100, reads=10, writes=5, weight_reads=20)
    >>> (a + a).madds, (a * 3).reads, a.flops, a.memory_access
    (200, 30, 200, 35)

    References:
        Ma et al., ShuffleNet V2, arXiv 1807.11164, section 2, G1: memory access cost.
    """

    params: Dim = 0
    buffers: Dim = 0
    madds: Dim = 0
    ops: Dim = 0
    weight_reads: Dim = 0
    reads: Dim = 0
    writes: Dim = 0

    @property
    def flops(self) -> Dim:
        """Floating-point operations: two for a multiply-add, one for any other."""
        return 2 * self.madds + self.ops

    @property
    def memory_access(self) -> Dim:
        """Elements moved: weights read, activations read and activations written."""
        return self.weight_reads + self.reads + self.writes

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            params=self.params + other.params,
            buffers=self.buffers + other.buffers,
            madds=self.madds + other.madds,
            ops=self.ops + other.ops,
            weight_reads=self.weight_reads + other.weight_reads,
            reads=self.reads + other.reads,
            writes=self.writes + other.writes,
        )

    def __radd__(self, other: object) -> Cost:
        """Let the built-in sum() start from 0."""
        if other == 0:
            return self
        return NotImplemented

    def __mul__(self, times: Dim) -> Cost:
        """Run ``times`` times: the work and the traffic repeat, the parameters do not."""
        return Cost(
            params=self.params,
            buffers=self.buffers,
            madds=self.madds * times,
            ops=self.ops * times,
            weight_reads=self.weight_reads * times,
            reads=self.reads * times,
            writes=self.writes * times,
        )

    def to_dict(self) -> dict[str, Dim]:
        """The seven fields by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def _repr_html_(self) -> str | None:
        shown: str | None = import_module("costmodel.notebook").cost_table(self)
        return shown

    def _repr_latex_(self) -> str | None:
        shown: str | None = import_module("costmodel.notebook").latex(self)
        return shown
