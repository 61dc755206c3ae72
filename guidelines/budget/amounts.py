"""Amounts as people write them in a budget: "300 MMAdd", "3.5 M", "14 MB", "8 ms"."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from guidelines.quantity import count, duration, size

PREFIXES = {"": 0, "k": 3, "K": 3, "M": 6, "G": 9, "T": 12}
"""Powers of ten."""

BINARY = {"KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4}


@dataclass(frozen=True, slots=True)
class Kind:
    """What is counted, and how it is written.

    Args:
        units: words that may follow a number, with what each stands for.
        word: what a prefix is put before, where budgets are written.
        example: of an amount, for errors.
        bare: whether a number may stand alone.
        shown: an amount as reports write it.
        hints: units that people confuse with ours, and what to write instead.
    """

    units: Mapping[str, Decimal]
    word: str
    example: str
    bare: bool
    shown: Callable[[float], str]
    hints: Mapping[str, str]

    def read(self, given: object) -> float:
        """The amount; whole where the kind counts things.

        Raises:
            ValueError: it is no amount of this kind; the message is what was expected.

        >>> MADDS.read("300 MMAdd"), MADDS.read("0.3G"), BYTES.read("14 MB"), SECONDS.read("8 ms")
        (300000000, 300000000, 14000000, 0.008)
        >>> MADDS.read("600 MFLOPs")
        Traceback (most recent call last):
        ...
        ValueError: multiply-adds such as "300 MMAdd" (for FLOPs the key is flops)
        """
        number, unit = self._parts(given)
        factor = self.units.get(unit)
        if number is None or factor is None or (not unit and not self.bare):
            hint = next((self.hints[word] for word in self.hints if unit.endswith(word)), "")
            raise ValueError(self.example + hint)
        amount = number * factor
        return float(amount) if self is SECONDS else int(amount)

    def written(self, amount: float) -> str:
        """An amount, or a little more, as a budget: four digits, rounded up.

        >>> MADDS.written(315_812_986), BYTES.written(9_633_792), SECONDS.written(0.0107635)
        ('315.9 MMAdd', '9.634 MB', '10.77 ms')
        """
        scales = [f"{prefix}{self.word}" for prefix in (*PREFIXES, "m", "u") if prefix != "K"]
        units = {unit: factor for unit in scales if (factor := self.units.get(unit)) is not None}
        exact = Decimal(str(amount))
        fitting = [unit for unit, factor in units.items() if factor <= exact]
        unit = max(fitting, key=units.__getitem__) if fitting else min(units, key=units.__getitem__)
        scaled = exact / units[unit]
        # Nothing has half a parameter, but a time half a second.
        whole = (units[unit] == 1 and self is not SECONDS) or not scaled
        digits = 0 if whole else max(0, 3 - scaled.adjusted())
        rounded = scaled.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_CEILING)
        return f"{rounded.normalize():f} {unit}".rstrip()

    def _parts(self, given: object) -> tuple[Decimal | None, str]:
        if isinstance(given, bool) or not isinstance(given, int | float | str):
            return None, ""
        match = _AMOUNT.fullmatch(str(given).strip())
        return (
            (Decimal(match["number"].replace("_", "")), "".join(match["unit"].split()))
            if match
            else (None, "")
        )


_AMOUNT = re.compile(r"(?P<number>\d[\d_]{0,20}(?:\.\d{1,20})?)(?P<unit>(?:[^\W\d_]|\s)*)")


def _scaled(*words: str) -> dict[str, Decimal]:
    return {
        prefix + word: Decimal(10) ** power for prefix, power in PREFIXES.items() for word in words
    }


MADDS = Kind(
    units=_scaled("", "MAdd", "MAdds", "madd", "madds", "MAC", "MACs"),
    word="MAdd", example='multiply-adds such as "300 MMAdd"', bare=True, shown=count,
    hints={"FLOPs": " (for FLOPs the key is flops)", "FLOPS": " (for FLOPs the key is flops)"},
)  # fmt: skip
FLOPS = Kind(
    units=_scaled("", "FLOP", "FLOPs", "FLOPS", "flops"), word="FLOPs",
    example='flops such as "600 MFLOPs"',
    bare=True, shown=count, hints={"MAdd": " (for multiply-adds the key is madds)"},
)  # fmt: skip
ELEMENTS = Kind(
    units=_scaled("", "params", "parameters"), word="",
    example='a number such as "3.5 M"', bare=True, shown=count,
    hints={"B": " (for bytes the key is weights)"},
)  # fmt: skip
BYTES = Kind(
    units=_scaled("B") | {unit: Decimal(factor) for unit, factor in BINARY.items()},
    word="B", example='a size such as "14 MB"', bare=False, shown=size, hints={},
)  # fmt: skip
SECONDS = Kind(
    units={
        "s": Decimal(1), "ms": Decimal("1e-3"), "us": Decimal("1e-6"), "µs": Decimal("1e-6"),
        "μs": Decimal("1e-6"),
    },
    word="s", example='a time such as "8 ms"', bare=False, shown=duration, hints={},
)  # fmt: skip
