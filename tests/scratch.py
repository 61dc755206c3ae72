"""Scratch repositories, with two of the models that ship: one that breaks guidelines, one clean."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
MODELS = ROOT / "examples" / "models"
BAD, GOOD = MODELS / "mobilenet_v2.onnx", MODELS / "shufflenet_v2.onnx"
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 14000000\n"

GIT = {
    "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b.c", "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b.c", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_DATE": "2026-11-02T10:00:00Z", "GIT_COMMITTER_DATE": "2026-11-02T10:00:00Z",
}  # fmt: skip
"""What git needs of a person, and nothing of this machine's."""

OFFLINE = {
    "PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0",
    "PIP_IGNORE_INSTALLED": "1",
    "PYTHONPATH": os.pathsep.join(each for each in sys.path if each.endswith("site-packages")),
}  # fmt: skip
"""So that an environment of its own takes from this one what guidelint depends on."""


def environment(**more: str) -> dict[str, str]:
    """This process's, without what a git or CI that runs the tests has put there."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GIT_", "GITHUB_", "CI", "PRE_COMMIT", "INPUT_", "RUNNER_"))
    }
    return {**kept, **GIT, "COLUMNS": "92", **more}


def run(*command: str | Path, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """What a command says; ``PYTHONPATH`` is the checkout's unless told otherwise."""
    return subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment(**{"PYTHONPATH": str(ROOT), **more}),
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def guidelint(*arguments: str | Path, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", "guidelines", *arguments, cwd=cwd, **more)


def git(*arguments: str | Path, cwd: Path) -> str:
    """What git says; it must succeed."""
    done = run("git", *arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def repository(folder: Path, **files: Path | str) -> Path:
    """A repository with one commit of these files: copied from a path, or of a text."""
    folder.mkdir(parents=True, exist_ok=True)
    git("init", "--quiet", "--initial-branch=main", ".", cwd=folder)
    for name, content in files.items():
        put(folder / name, content)
    commit(folder)
    return folder


def put(file: Path, content: Path | str) -> None:
    """Write a file: what another one holds, or a text."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, Path):
        shutil.copy(content, file)
    else:
        file.write_text(content, encoding="utf-8")


def commit(folder: Path) -> str:
    """Everything, as the next commit; its name."""
    git("add", "--all", cwd=folder)
    git("commit", "--quiet", "--no-verify", "--allow-empty", "--message=.", cwd=folder)
    return git("rev-parse", "HEAD", cwd=folder)


def executable(folder: Path) -> Path:
    """A folder with a ``guidelint`` that is this checkout's, for the path of a shell."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "guidelint"
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH="{ROOT}:$PYTHONPATH" exec "{sys.executable}" -m guidelines "$@"\n'
    )
    program.chmod(0o755)
    return folder


SHIPPED = ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
FOLDERS = ("costmodel", "guidelines", "examples/networks")
"""What guidelint is installed from."""


def clone(folder: Path) -> Path:
    """A repository with guidelint as it stands here, for pre-commit to take its hook from."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in SHIPPED:
        shutil.copy(ROOT / name, folder)
    return repository(folder)


ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


@dataclass
class Ran:
    """What a job shows and keeps."""

    status: int
    log: str
    errors: str
    summary: str
    outputs: dict[str, str]


@dataclass
class Job:
    """A job of a runner, in a repository that it has checked out."""

    workspace: Path
    temporary: Path

    def run(self, step: dict[str, Any], **inputs: str) -> Ran:
        """A step, with the action's own defaults for what it is not told."""
        summary, outputs = self.temporary / "summary.md", self.temporary / "outputs"
        for file in (summary, outputs):
            file.write_text("")
        defaults = {name: each["default"] for name, each in ACTION["inputs"].items()}
        given = {**defaults, "base": "", **{key.replace("_", "-"): v for key, v in inputs.items()}}
        variables = {
            name: re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda found: given[found[1]], value)
            for name, value in step.get("env", {}).items()
        }
        script = self.temporary / "script.sh"
        script.write_text(step["run"])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script], cwd=self.workspace,
            env=environment(**{
                "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(self.workspace),
                "GITHUB_ACTION_PATH": str(ROOT), "RUNNER_TEMP": str(self.temporary),
                "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(outputs),
                "PYTHONPATH": str(ROOT), **variables, **step.get("test", {}),
            }),
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        told = dict(line.split("=", 1) for line in outputs.read_text().splitlines())
        return Ran(done.returncode, done.stdout, done.stderr, summary.read_text(), told)

    def review(self, **inputs: str) -> Ran:
        return self.run(ACTION["runs"]["steps"][-1], **inputs)
