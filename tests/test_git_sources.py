"""Models in revisions, and models that Git LFS keeps."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import onnx
import pytest
from click.testing import CliRunner, Result
from hostile import conv, value
from repositories import ENVIRONMENT, commit, git, repository

from guidelines.cli import guidelint

NET = conv(value("x", 1, 3, 8, 8), 4, 3, 1, 1)
WIDE = conv(value("x", 1, 3, 8, 8), 16, 3, 1, 1)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(guidelint, arguments)


def params(*arguments: str) -> int:
    """Of the one model that the arguments name."""
    import json

    result = run("cost", *arguments, "--output", "json")
    assert result.exit_code == 0, result.output
    [model] = json.loads(result.stdout)["models"]
    return int(model["totals"]["params"])


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """12 parameters on main, 48 in the working tree."""
    for name, told in ENVIRONMENT.items():
        monkeypatch.setenv(name, told)
    folder = repository(tmp_path / "repo")
    (folder / "models").mkdir()
    (folder / "models" / "net.onnx").write_bytes(NET)
    (folder / "models" / "link.onnx").symlink_to("net.onnx")
    commit(folder)
    (folder / "models" / "net.onnx").write_bytes(WIDE)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("argument", "folder"),
    [
        ("git:main:models/net.onnx", "."), ("git:HEAD:models/net.onnx", "models"),
        ("git:main:./net.onnx", "models"), ("git:HEAD^{/cha}:./models/net.onnx", "."),
        ("git:main:models/link.onnx", "."), ("git::models/net.onnx", "."),
    ],
)  # fmt: skip
def test_a_model_is_read_as_a_revision_has_it(
    repo: Path, monkeypatch: pytest.MonkeyPatch, argument: str, folder: str
) -> None:
    monkeypatch.chdir(repo / folder)
    assert params(argument) == 12
    assert params(str(repo / "models" / "net.onnx")) == 48


def test_what_is_staged_is_read(repo: Path) -> None:
    git(repo, "add", "models/net.onnx")
    assert params("git::models/net.onnx") == 48
    assert params("git:HEAD:models/net.onnx") == 12


def test_a_folder_of_a_revision_is_searched(repo: Path) -> None:
    (repo / "models" / ".old").mkdir()
    (repo / "models" / ".old" / "hidden.onnx").write_bytes(NET)
    (repo / "models" / "read me.txt").write_text("no model")
    commit(repo)
    result = run("git:main:models", "--output", "concise", "--exit-zero", "-q")
    assert result.exit_code == 0 and result.stderr == ""
    told = run("cost", "git:main:models/", "--by", "op", "-q").stdout
    assert told.count("total") == 2


def test_weights_beside_the_file_are_not_needed(repo: Path) -> None:
    model = onnx.load_from_string(NET)
    onnx.external_data_helper.convert_model_to_external_data(model)
    for tensor in model.graph.initializer:
        tensor.raw_data = bytes(4 * 12)
    onnx.save_model(
        model, repo / "split.onnx", save_as_external_data=True, location="weights.bin",
        size_threshold=0,
    )  # fmt: skip
    git(repo, "add", "split.onnx")
    git(repo, "commit", "--quiet", "--message", "without its weights")
    (repo / "split.onnx").unlink()
    assert params("git:main:split.onnx") == 12


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("git:main", "expected git:REVISION:path, such as git:main:models/net.onnx"),
        ("git:nowhere:models/net.onnx", "unknown revision 'nowhere'"),
        ("git:--help:models/net.onnx", "unknown revision '--help'"),
        ("git:main..HEAD:models/net.onnx", "where two parted is $(git merge-base A B)"),
        ("git:main:models/nett.onnx", "no 'models/nett.onnx' at main; did you mean 'models/net.o"),
        ("git::models/nett.onnx", "no 'models/nett.onnx' among what is staged; did you mean"),
        ("git:main:net.onnx", "no 'net.onnx' at main; paths begin at the root of the repository: "
         "did you mean './net.onnx'?"),
        ("git:main:net.py:make", "code is not run out of a revision: git worktree add ../base m"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_said_in_a_line(
    repo: Path, monkeypatch: pytest.MonkeyPatch, argument: str, told: str
) -> None:
    if "'./" in told:
        monkeypatch.chdir(repo / "models")
    result = run(argument)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1 and told in result.stderr
    assert result.stderr.startswith(f"guidelint: {argument}: ")


def test_a_submodule_is_told_from_a_file(repo: Path) -> None:
    head = git(repo, "rev-parse", "HEAD").strip()
    git(repo, "update-index", "--add", "--cacheinfo", f"160000,{head},inner")
    git(repo, "commit", "--quiet", "--message", "submodule")
    assert "expected a file, found a submodule" in run("git:main:inner").stderr


def test_outside_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    result = run("git:main:net.onnx")
    told = f"expected a git repository around {tmp_path}, found none\n"
    assert (result.exit_code, result.stderr) == (2, f"guidelint: git:main:net.onnx: {told}")


def test_without_git(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repo))
    result = run("git:main:models/net.onnx")
    assert result.exit_code == 2
    assert "expected git for git:REVISION:path, found none; install it" in result.stderr


@pytest.mark.parametrize(
    ("revision", "fetch"),
    [("origin/topic", "git fetch origin topic"), ("topic", "git fetch origin topic"),
     ("HEAD~1", "git fetch --unshallow")],
)  # fmt: skip
def test_a_shallow_clone_is_explained(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, revision: str, fetch: str
) -> None:
    commit(repo)
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{repo}", "shallow")
    monkeypatch.chdir(tmp_path / "shallow")
    told = run(f"git:{revision}:models/net.onnx").stderr
    assert f"unknown revision '{revision}' in a shallow clone: `{fetch}`" in told
    assert "fetch-depth: 0" in told


def test_a_file_of_that_name_goes_before_a_revision(repo: Path) -> None:
    (repo / "git:main:net.onnx").write_bytes(WIDE)
    assert params("git:main:net.onnx") == 48


POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    f"oid sha256:{hashlib.sha256(NET).hexdigest()}\nsize {len(NET)}\n"
)


@pytest.fixture
def pointed(repo: Path) -> Path:
    """The model is a pointer, in the working tree and on main."""
    (repo / "models" / "net.onnx").write_text(POINTER)
    commit(repo)
    return repo


def lfs(folder: Path, script: str) -> str:
    """A path on which ``git lfs`` is this script."""
    tool = folder / "bin" / "git-lfs"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    return f"{tool.parent}{os.pathsep}{os.environ['PATH']}"


PLACES = pytest.mark.parametrize("argument", ["models/net.onnx", "git:main:models/net.onnx"])


@PLACES
def test_git_lfs_fetches_what_a_pointer_stands_for(
    pointed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argument: str
) -> None:
    (tmp_path / "stored").write_bytes(NET)
    script = f'[ "$1" = smudge ] && grep -q "^oid sha256" && cat "{tmp_path}/stored"'
    monkeypatch.setenv("PATH", lfs(tmp_path, script))
    assert params(argument) == 12


@PLACES
@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo 'Error downloading object: net.onnx' >&2; exit 2",
         "`git lfs fetch --all` may have it; git lfs: Error downloading object: net.onnx"),
        ("cat", "git lfs gave it back: is GIT_LFS_SKIP_SMUDGE set?"),
    ],
)  # fmt: skip
def test_what_git_lfs_cannot_fetch_is_said(
    pointed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    argument: str, script: str, told: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("PATH", lfs(tmp_path, script))
    result = run(argument)
    assert result.exit_code == 2
    assert result.stderr == (
        f"guidelint: {argument}: expected an ONNX model, found a Git LFS pointer; {told}\n"
    )


@PLACES
def test_a_pointer_without_git_lfs(
    pointed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argument: str
) -> None:
    absent = "echo \"git: 'lfs' is not a git command. See 'git --help'.\" >&2; exit 1"
    monkeypatch.setenv("PATH", lfs(tmp_path, absent))
    assert "found a Git LFS pointer; install git-lfs, then `git lfs pull`" in run(argument).stderr


def test_the_configuration_beside_a_path_serves_its_revisions(repo: Path) -> None:
    (repo / "models" / "guidelint.toml").write_text("no-such-key = 1\n")
    assert "no-such-key: unknown key" in run("git:main:models/net.onnx").stderr
    assert params("git:main:models/net.onnx", "--isolated") == 12
