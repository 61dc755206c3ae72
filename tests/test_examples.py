"""The chapters run, and print what they printed when they were last read.

``GUIDELINT_GOLDEN=1 pytest tests/test_examples.py -n0`` writes what they print now.
"""

from __future__ import annotations

import os
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CHAPTERS = sorted(path for path in (ROOT / "examples").glob("*.py") if "# %%" in path.read_text())


def test_there_are_chapters() -> None:
    assert [path.stem for path in CHAPTERS] == [
        "compare_networks", "derive_g1", "redesign_a_block", "sweep_groups",
    ]  # fmt: skip


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(path), run_name="__main__")
    golden = ROOT / "tests" / "data" / "golden" / "examples" / f"{path.stem}.txt"
    printed = capsys.readouterr().out
    if os.environ.get("GUIDELINT_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(printed, encoding="utf-8")
    assert printed == golden.read_text(encoding="utf-8")
