"""What the chapters on reviews show is what the programs print, in a scratch repository.

Of a chapter's blocks, in order, ``<!-- file NAME -->`` is written to that file, ``<!-- do -->``
is run, ``<!-- run -->`` is run and shown; ``<!-- annotations -->`` and ``<!-- summary -->`` are
what the action's job shows for the last commit. GUIDELINT_GOLDEN=1 writes the output into the
chapters.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from scratch import (
    BAD,
    OFFLINE,
    ROOT,
    Job,
    Ran,
    clone,
    environment,
    executable,
    git,
    put,
    repository,
)

BLOCK = re.compile(
    r"<!-- (?P<what>do|run|annotations|summary|file (?P<file>\S+)) -->\n"
    r"(?P<fence>```\w+\n)(?P<body>.*?)```",
    re.S,
)
URL = "https://github.com/OWNER/guidelint"


class Walk:
    """A scratch repository in which a chapter is replayed."""

    def __init__(self, folder: Path, hooks: Path) -> None:
        self.folder = repository(folder / "project")
        self.temporary = folder / "temp"
        executable(self.temporary / "guidelint" / "bin")
        programs = f"{self.temporary / 'guidelint' / 'bin'}:{Path(sys.executable).parent}"
        told = {
            "PATH": f"{programs}:{os.environ['PATH']}", "PRE_COMMIT_HOME": str(folder / "home"),
            "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.{hooks.as_uri()}.insteadOf",
            "GIT_CONFIG_VALUE_0": URL, **OFFLINE,
        }  # fmt: skip
        self.environment = environment(**told)
        self.ran: Ran | None = None

    def block(self, block: re.Match[str]) -> str:
        """The block as it would be printed."""
        what, body = block["what"], block["body"]
        if block["file"]:
            put(self.folder / block["file"], body)
        elif what == "do":
            done = self.bash(body)
            assert done.returncode == 0, done.stdout
        elif what == "run":
            commands = [line for line in body.splitlines() if line.startswith("$ ")]
            body = "".join(f"{line}\n{self.bash(line[2:]).stdout}" for line in commands)
        else:
            body = self.review(what)
        return f"<!-- {what} -->\n{block['fence']}{body}```"

    def bash(self, script: str) -> subprocess.CompletedProcess[str]:
        self.ran = None
        return subprocess.run(
            ["bash", "-e", "-c", script], cwd=self.folder, env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False,
        )  # fmt: skip

    def review(self, what: str) -> str:
        """What the job of the last commit shows."""
        if self.ran is None:
            base = git("rev-parse", "HEAD~1", cwd=self.folder)
            self.ran = Job(self.folder, self.temporary).review(paths="models", base=base)
        if what == "summary":
            told = re.sub(r"git:\w+:", "git:BASE:", self.ran.summary)
            return told.partition("<details>")[0].rstrip() + "\n…\n"
        lines = self.ran.log.splitlines(keepends=True)
        return "".join(line for line in lines if line.startswith("::")) + (
            f"exit code {self.ran.status}\n"
        )


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the chapters' URL stands for."""
    folder = clone(tmp_path_factory.mktemp("hooks") / "guidelint")
    git("tag", "v0.1.0", cwd=folder)
    return folder


@pytest.mark.parametrize("name", ["review", "ci"])
def test_a_chapter_shows_what_is_printed(name: str, hooks: Path, tmp_path: Path) -> None:
    walk = Walk(tmp_path, hooks)
    if name == "ci":
        put(walk.folder / "models" / "net.onnx", BAD)
        walk.environment |= {
            "PYTHONPATH": f"{ROOT}:{OFFLINE['PYTHONPATH']}", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_ADDOPTS": "-p guidelines.pytest_plugin",  # installed or not
        }  # fmt: skip
    page = ROOT / "docs" / f"{name}.md"
    text = page.read_text(encoding="utf-8")
    shown = BLOCK.sub(walk.block, text)
    if os.environ.get("GUIDELINT_GOLDEN"):
        page.write_text(shown, encoding="utf-8")
    assert shown == text
    assert len(BLOCK.findall(text)) > 0


def test_the_chapter_tells_of_a_change_that_is_caught_and_of_one_that_is_not() -> None:
    text = (ROOT / "docs" / "review.md").read_text(encoding="utf-8")
    worse, better = text.split("## A change that fits")
    assert "Failed\n- hook id: guidelint\n- exit code: 1" in worse and "exit code 1\n" in worse
    assert "B003 madds-over-budget  error" in worse and "fails: " in worse
    assert "guidelint" in better and "Passed" in better and "exit code 0\n" in better
