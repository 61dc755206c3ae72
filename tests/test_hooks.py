"""The hook, in a scratch repository, by pre-commit itself."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from scratch import (
    BAD,
    GOOD,
    MODELS,
    OFFLINE,
    POINTER,
    ROOT,
    clone,
    git,
    guidelint,
    put,
    repository,
)  # fmt: skip
from scratch import run as run_in

Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def hooked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that uses the hook out of a clone of this checkout."""
    home = tmp_path_factory.mktemp("hooks")
    hooks = clone(home / "guidelint")
    revision = git("rev-parse", "HEAD", cwd=hooks)
    config = (
        f"repos:\n- repo: {hooks.as_uri()}\n  rev: {revision}\n"
        "  hooks:\n  - id: guidelint\n    verbose: true\n"
    )
    return repository(home / "project", **{".pre-commit-config.yaml": config})


def hook(project: Path) -> Done:
    """What pre-commit says of all that is staged."""
    run_in("git", "add", "--all", cwd=project)
    home = str(project.parent / "home")
    return run_in(
        sys.executable, "-m", "pre_commit", "run", cwd=project, PRE_COMMIT_HOME=home, **OFFLINE
    )


@pytest.fixture
def project(hooked: Path) -> Path:
    """The same with nothing but its configuration."""
    for file in hooked.iterdir():
        if file.name not in (".git", ".pre-commit-config.yaml"):
            shutil.rmtree(file) if file.is_dir() else file.unlink()
    return hooked


def test_a_clean_model_passes(project: Path) -> None:
    put(project / "net.onnx", GOOD)
    done = hook(project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "guidelint" in done.stdout and "Passed" in done.stdout


def test_a_model_that_breaks_a_guideline_is_refused(project: Path) -> None:
    put(project / "models" / "net.onnx", BAD)
    put(project / "notes.txt", "not a model\n")
    done = hook(project)
    assert done.returncode == 1
    assert "models/net.onnx" in done.stdout and "G402 depthwise-on-thick-maps" in done.stdout
    assert "exit code: 1" in done.stdout and "notes.txt" not in done.stdout


def test_a_file_that_is_no_model_is_no_business_of_the_hook(project: Path) -> None:
    put(project / "onnx.txt", "not a model\n")
    done = hook(project)
    assert done.returncode == 0 and "no files to check" in done.stdout


def test_what_the_configuration_excludes_is_left_out(project: Path) -> None:
    put(project / "guidelint.toml", 'exclude = ["old"]\n')
    put(project / "old" / "net.onnx", BAD)
    assert hook(project).returncode == 0
    put(project / "guidelint.toml", "")
    assert hook(project).returncode == 1


def test_a_pointer_of_git_lfs_is_called_one(project: Path) -> None:
    put(project / "net.onnx", POINTER)
    done = hook(project)
    assert done.returncode == 1 and "exit code: 2" in done.stdout
    assert "net.onnx: expected an ONNX model, found a Git LFS pointer" in done.stdout


def test_the_manifest_is_one() -> None:
    done = run_in(
        sys.executable, "-m", "pre_commit", "validate-manifest", ".pre-commit-hooks.yaml",
        cwd=ROOT, PYTHONPATH="",
    )  # fmt: skip
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


# -- without pre-commit -----------------------------------------------------------------------


def test_named_files_are_excluded_where_that_is_asked_for(tmp_path: Path) -> None:
    put(tmp_path / "guidelint.toml", 'exclude = ["old"]\n')
    put(tmp_path / "old" / "net.onnx", BAD)
    put(tmp_path / "net.onnx", GOOD)
    both = ["old/net.onnx", "net.onnx", "--show-files"]
    assert guidelint(*both, cwd=tmp_path).stdout == "old/net.onnx\nnet.onnx\n"
    assert guidelint(*both, "--force-exclude", cwd=tmp_path).stdout == "net.onnx\n"
    inside = guidelint("net.onnx", "--force-exclude", "--show-files", cwd=tmp_path / "old")
    assert inside.stdout == "" and inside.returncode == 0


def test_a_model_that_is_excluded_from_a_revision_too(tmp_path: Path) -> None:
    config = 'exclude = ["old"]\n'
    repository(tmp_path, **{"guidelint.toml": config, "old/net.onnx": BAD, "net.onnx": GOOD})
    named = ["git:HEAD:old/net.onnx", "git:HEAD:net.onnx", "--show-files", "--force-exclude"]
    assert guidelint(*named, cwd=tmp_path).stdout == "git:HEAD:net.onnx\n"


def test_the_models_are_what_these_tests_take_them_for() -> None:
    assert guidelint(GOOD, "--isolated", cwd=MODELS).returncode == 0
    assert guidelint(BAD, "--isolated", cwd=MODELS).returncode == 1
