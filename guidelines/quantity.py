"""Numbers as people read them: 3.50 M, 300.8 M, 27.4 MB, 12.1%."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from costmodel.dims import Dim


def count(value: Dim) -> str:
    """A number of things, in thousands (k), millions (M) and so on.

    >>> [count(v) for v in (0, 999, 1000, 3_504_872, 300_774_272, 999_960)]
    ['0', '999', '1.00 k', '3.50 M', '300.8 M', '1.00 M']
    """
    return _scaled(value, ("", "k", "M", "G", "T", "P"))


def size(value: Dim) -> str:
    """A number of bytes; 1 MB is 10**6 bytes.

    >>> [size(v) for v in (12, 1_048_576, 27_412_345)]
    ['12 B', '1.05 MB', '27.4 MB']
    """
    return _scaled(value, ("B", "kB", "MB", "GB", "TB", "PB"))


def percent(share: float) -> str:
    """A share of the whole.

    >>> percent(0.1214), percent(1), percent(0.0004)
    ('12.1%', '100%', '<0.1%')
    """
    if 0 < share < 0.0005:
        return "<0.1%"
    return f"{share:.1%}" if share < 0.9995 else f"{share:.0%}"


def duration(seconds: float) -> str:
    """A time, in microseconds, milliseconds or seconds.

    >>> duration(0.0000123), duration(0.00981), duration(1.25)
    ('12.3 µs', '9.81 ms', '1.25 s')
    """
    for unit, factor in (("µs", 1e6), ("ms", 1e3)):
        if abs(seconds) * factor < 999.5:
            value = seconds * factor
            return f"{value:.2f} {unit}" if abs(value) < 9.995 else f"{value:.1f} {unit}"
    return f"{seconds:.2f} s"


def _scaled(value: Dim, units: tuple[str, ...]) -> str:
    if not isinstance(value, int | float):  # an expression, of a network built of symbols
        return f"{value} {units[0]}".rstrip()
    scaled, step = abs(value), 0
    while step < len(units) - 1 and (scaled >= 999.95 if step else scaled >= 1000):
        scaled, step = scaled / 1000, step + 1
    sign = "-" if value < 0 else ""
    digits = f"{scaled}" if step == 0 else f"{scaled:.2f}" if scaled < 9.995 else f"{scaled:,.1f}"
    return f"{sign}{digits} {units[step]}".rstrip()
