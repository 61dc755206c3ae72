"""A device as it was measured: what each kind of kernel takes, by rates fitted to the clock.

A profile is a TOML file, shipped under ``costmodel/devices`` or made by ``guidelint calibrate``.
Nothing in it is taken from a data sheet.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import hypot
from pathlib import Path
from typing import Any

from costmodel.errors import ModelError
from costmodel.fusion.onnxruntime import onnxruntime_cpu
from costmodel.fusion.rules import Rules

SHIPPED = Path(__file__).parent / "devices"
"""Where the profiles are that come with the package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What one kind of kernel takes.

    Args:
        microseconds: for one of each of its terms, see ``costmodel.timing.terms``.
        spread: standard deviation of the logarithm of measured over predicted.
        count: how many kernels it was fitted to.
    """

    microseconds: Mapping[str, float]
    spread: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Savings:
    """How far predicted savings are off, as standard deviations.

    Two predictions are wrong in the same way where they are of much the same, so that what a
    change saves is known better than what either takes.

    Args:
        floor: over what the part of the network takes that changes.
        share: over what the change saves.
        count: how many changes they were fitted to.
    """

    floor: float
    share: float
    count: int

    def error(self, before: float, saved: float) -> float:
        """Standard deviation of a saving, in the unit of both.

        >>> round(Savings(floor=0.03, share=0.2, count=9).error(100.0, 20.0), 6)  # √(3² + 4²)
        5.0
        """
        return hypot(self.floor * before, self.share * saved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A machine and a runtime on it.

    Args:
        name: what it is called on the command line.
        block: channels of a block of the runtime's layout.
        cache: bytes of the cache that a core has for itself.
        rates: by kind of kernel.
        spread: standard deviation of the logarithm of measured over predicted, of networks.
        origin: processor, versions, threads, date.
        baselines: what simpler models were fitted to; they predict nothing but a comparison.
        savings: how far predicted savings are off.
    """

    name: str
    block: int
    cache: int
    rates: Mapping[str, Rates]
    spread: float
    origin: Mapping[str, str] = field(default_factory=dict)
    baselines: Mapping[str, Rates] = field(default_factory=dict)
    savings: Savings = Savings(floor=0.0, share=0.0, count=0)

    @property
    def rules(self) -> Rules:
        """What its runtime fuses, and which layout it brings."""
        return onnxruntime_cpu("all", block=self.block)


def names() -> tuple[str, ...]:
    """The profiles that come with the package."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.toml")))


def load(name: str | Path) -> Device:
    """A profile by its name, or from a file.

    Raises:
        ModelError: there is none of that name, or what the file holds is no profile.
    """
    path = Path(name) if str(name).endswith(".toml") else SHIPPED / f"{name}.toml"
    if not path.exists():
        known = ", ".join(names()) or "none"
        raise ModelError(f"expected a device ({known}) or a .toml file, found '{name}'")
    try:
        return from_dict(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ModelError(f"{path}: expected a device as TOML, found: {error}") from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ModelError(
            f"{path}: expected a device as `guidelint calibrate` writes it, found no {error}"
        ) from None


def from_dict(held: Mapping[str, Any]) -> Device:
    """A device from the tables of its file."""
    return Device(
        name=str(held["name"]),
        block=int(held["block"]),
        cache=int(held["cache"]),
        rates=_rates(held["rates"]),
        baselines=_rates(held.get("baselines", {})),
        spread=float(held["spread"]),
        savings=_savings(held["savings"]),
        origin={key: str(value) for key, value in held["origin"].items()},
    )


def _savings(held: Mapping[str, Any]) -> Savings:
    return Savings(
        floor=float(held["floor"]), share=float(held["share"]), count=int(held["count"])
    )  # fmt: skip


def _rates(tables: Mapping[str, Any]) -> dict[str, Rates]:
    return {
        kind: Rates(
            microseconds={term: float(value) for term, value in table["microseconds"].items()},
            spread=float(table["spread"]),
            count=int(table["count"]),
        )
        for kind, table in tables.items()
    }


def to_toml(device: Device) -> str:
    """The file of a device; ``load`` reads it back."""
    lines = [f"{key} = {_value(getattr(device, key))}" for key in ("name", "block", "cache")]
    lines += [f"spread = {device.spread:.4g}", "", "[origin]"]
    lines += [f"{key} = {_value(value)}" for key, value in device.origin.items()]
    savings = device.savings
    lines += ["", "[savings]", f"count = {savings.count}"]
    lines += [f"floor = {savings.floor:.4g}", f"share = {savings.share:.4g}"]
    for table in ("rates", "baselines"):
        for kind, rates in getattr(device, table).items():
            lines += ["", f"[{table}.{_value(kind)}]"]
            lines += [f"count = {rates.count}", f"spread = {rates.spread:.4g}"]
            told = ", ".join(f"{term} = {rate:.5g}" for term, rate in rates.microseconds.items())
            lines += [f"microseconds = {{ {told} }}"]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    if isinstance(value, int):
        return str(value)
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
