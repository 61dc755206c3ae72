"""What the chapters on configuration show is what the program prints.

A block after ``<!-- file NAME -->`` is written to that file, one after ``<!-- run -->`` is run,
both in order, in a repository with two models. GUIDELINT_GOLDEN=1 writes what is printed into the
chapters.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from guidelines.cli import guidelint, reading

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"<!-- (?P<what>run|file (?P<file>\S+)) -->\n```\w+\n(?P<body>.*?)```", re.S)
CHAPTERS = ("budgets", "baselines", "configuration")


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_shows_what_is_printed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "models").mkdir()
    for model in ("mobilenet_v2", "shufflenet_v2"):
        shutil.copy(ROOT / f"examples/models/{model}.onnx", tmp_path / "models")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "92")
    monkeypatch.setattr(reading, "today", lambda: date(2026, 11, 1))
    page = ROOT / f"docs/{name}.md"
    text = page.read_text(encoding="utf-8")
    shown = BLOCK.sub(_done, text)
    if os.environ.get("GUIDELINT_GOLDEN"):
        page.write_text(shown, encoding="utf-8")
    assert shown == text
    assert len(BLOCK.findall(text)) > 0


def _done(block: re.Match[str]) -> str:
    """The block as it would be printed."""
    body = block["body"]
    if block["file"]:
        Path(block["file"]).write_text(body, encoding="utf-8")
        return block[0]
    printed = ""
    status = 0
    for line in body.splitlines():
        if not line.startswith("$ "):
            continue
        program, *arguments = shlex.split(line[2:])
        printed += f"{line}\n"
        if program == "guidelint":
            result = CliRunner().invoke(guidelint, arguments)
            printed, status = printed + result.output, result.exit_code
        elif program in ("cat", "tail"):
            lines = Path(arguments[-1]).read_text(encoding="utf-8").splitlines(keepends=True)
            printed += "".join(lines if program == "cat" else lines[-int(arguments[1]) :])
        else:
            assert line == "$ echo $?"
            printed += f"{status}\n"
    return block[0].replace(body, printed)
