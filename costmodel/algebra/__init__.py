"""Operators with symbols in place of their dimensions, and what can be proved with them.

>>> print(text(plain().cost.memory_access))
c_in*h*w + c_out*h*w + c_in*c_out
>>> print(text(bound().bound), "where", text(bound().condition))
2*sqrt(B*h*w) + B/(h*w) where c_in = c_out
"""

from costmodel.algebra.closed import closed_forms
from costmodel.algebra.derivation import B, Derivation, bound, least
from costmodel.algebra.dims import at, plain, symbolic, symbols
from costmodel.algebra.notation import latex, text
from costmodel.algebra.sweep import compiled

__all__ = [
    "B", "Derivation", "at", "bound", "closed_forms", "compiled", "latex", "least", "plain",
    "symbolic", "symbols", "text",
]  # fmt: skip
