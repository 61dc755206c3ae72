"""Dimensions: an int for a layer, a numpy array for a sweep, a sympy expression for a proof.

A formula uses ``+``, ``*`` and :func:`exact` only. ``//`` would bring ``floor`` into the
algebra and ``/`` would turn ints into floats, so neither appears in an Operator's cost.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

Dim: TypeAlias = Any
"""int, numpy array or sympy expression."""


def exact(numerator: Dim, denominator: Dim) -> Dim:
    """Divide where the division leaves no remainder.

    Ints stay ints, integer arrays stay integer arrays, symbols become a fraction.

    Raises:
        ValueError: an integer division that leaves a remainder.

    >>> exact(116 * 58, 2)
    3364
    >>> exact(7, 2)
    Traceback (most recent call last):
    ...
    ValueError: expected a multiple of 2, found 7
    """
    if isinstance(numerator, int) and isinstance(denominator, int):
        quotient, remainder = divmod(numerator, denominator)
        if remainder:
            raise ValueError(f"expected a multiple of {denominator}, found {numerator}")
        return quotient
    if isinstance(numerator, np.ndarray | np.generic) or isinstance(
        denominator, np.ndarray | np.generic
    ):
        top, bottom = np.asarray(numerator), np.asarray(denominator)
        if np.issubdtype(top.dtype, np.integer) and np.issubdtype(bottom.dtype, np.integer):
            if np.any(top % bottom):
                raise ValueError(f"expected multiples of {denominator}, found {numerator}")
            return top // bottom
    return numerator / denominator
