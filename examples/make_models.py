"""Write the networks that ship under ``examples/models``: architectures without weights.

Run ``python examples/make_models.py`` after a change to ``examples/networks``; with
``--check`` it writes nothing and exits 1 where a file is not what it would write.
"""

from __future__ import annotations

import sys
from pathlib import Path

import onnx

from costmodel import networks
from costmodel.frontends.onnx.write import write

FOLDER = Path(__file__).parent / "models"

SHIPPED = {
    "googlenet": networks.googlenet,
    "mobilenet_v2": networks.mobilenet_v2,
    "shufflenet_v2": networks.shufflenet_v2,
}


def stale() -> list[str]:
    """Names of the files that differ from what would be written."""
    return [
        name
        for name, build in SHIPPED.items()
        if not (path := FOLDER / f"{name}.onnx").exists()
        or onnx.load(path) != write(build(), name=name)
    ]


def main() -> None:
    """Write the files, or with ``--check`` say which are stale."""
    if "--check" in sys.argv:
        names = stale()
        if names:
            sys.exit(
                f"stale under {FOLDER}: {', '.join(names)}; run python examples/make_models.py"
            )
        return
    for name, build in SHIPPED.items():
        onnx.save(write(build(), name=name), FOLDER / f"{name}.onnx")


if __name__ == "__main__":
    main()
