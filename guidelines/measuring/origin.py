"""Where a measurement comes from: processor, versions, threads, date. Never a path or a name."""

from __future__ import annotations

import datetime
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("onnxruntime", "torch", "numpy")


def origin(*, threads: int = 1, device: str = "") -> dict[str, str]:
    """Facts that a reader needs to judge a measurement, in a fixed order.

    Args:
        threads: how many the runtime used.
        device: an accelerator, where one ran it; the processor otherwise.
    """
    facts = {
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "processor": device or processor(),
        "threads": str(threads),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
    for package in PACKAGES:
        try:
            facts[package] = version(package)
        except PackageNotFoundError:
            continue
    return facts


def processor() -> str:
    """The processor as its maker calls it, with the vector instructions that kernels choose by."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = {}
    for line in lines:
        key, _, value = line.partition(":")
        facts[key.strip()] = value.strip()
    vector = [name for name in ("avx512f", "avx2") if name in facts.get("flags", "").split()]
    family = "family {cpu family} model {model}".format_map(facts) if "cpu family" in facts else ""
    return ", ".join(part for part in (facts.get("model name", ""), family, *vector[:1]) if part)
