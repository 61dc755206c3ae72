"""In a pipeline: many models at once, the same bytes everywhere, closed pipes, checkouts that
cannot be written to, shallow clones, and words completed in a shell."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from hostile import conv, value
from scratch import BAD, GOOD, POINTER, ROOT, commit, environment, git, guidelint, put, repository

from guidelines import analysis, cli
from guidelines.cli import parallel
from guidelines.report.registry import names

FORMS = {command: names(package) for command, package in (
    ("check", "formats"), ("cost", "costs"), ("diff", "comparison"), ("budget", "budgets"),
)}  # fmt: skip


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Six models, two of which are none, and a configuration."""
    for at, content in enumerate((BAD, GOOD, "", BAD, POINTER, GOOD)):
        put(tmp_path / f"{at}.onnx", content)
    put(tmp_path / "guidelint.toml", 'budget.madds = "300 M"\nmin-share = 0.05\n')
    (tmp_path / ".git").mkdir()
    return tmp_path


# -- many models at once ----------------------------------------------------------------------


@pytest.mark.parametrize("command", ["check", "cost"])
def test_several_processes_say_what_one_says(many: Path, command: str) -> None:
    flags = ["-o", "json:{}.json", "-o", "full", "--device", "amd-epyc-zen3", "-v"]
    one, three = (
        guidelint(command, ".", "-j", jobs, *(f.format(jobs) for f in flags), cwd=many)
        for jobs in ("1", "3")
    )
    assert (one.returncode, one.stdout, one.stderr) == (2, three.stdout, three.stderr)
    last = three.stdout.splitlines()[-1]
    assert last.endswith("2 could not be analysed") if command == "check" else "total" in last
    assert (many / "1.json").read_bytes() == (many / "3.json").read_bytes()
    assert three.stderr.splitlines()[0].startswith("guidelint: 2.onnx: expected an ONNX model")
    assert three.stderr.splitlines()[1].startswith("guidelint: 4.onnx: expected an ONNX model")


def test_formulas_too(tmp_path: Path) -> None:
    for name, width in (("a", 8), ("b", 16)):
        image = value("x", 1, 3, "height", "width")
        (tmp_path / f"{name}.onnx").write_bytes(conv(image, width, 3, 3, 3))
    one, two = (guidelint("cost", ".", "--symbolic", "-j", n, cwd=tmp_path) for n in "12")
    assert one.stdout == two.stdout and "height" in one.stdout
    assert (one.returncode, one.stderr) == (0, "")


def test_a_reader_that_crashes_is_named_and_stops_no_other(
    many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = analysis.find

    def crashing(graph: object, *rest: object) -> object:
        if "3.onnx" in str(graph.path):  # type: ignore[attr-defined]
            os.kill(os.getpid(), signal.SIGKILL)
        return real(graph, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(analysis, "find", crashing)
    monkeypatch.chdir(many)
    result = CliRunner().invoke(cli.guidelint, [".", "-j", "2", "-o", "concise"])
    assert result.exit_code == 2
    assert "guidelint: 3.onnx: the process that read it was ended by SIGKILL\n" in result.stderr
    assert "0.onnx:features.2: G402" in result.stdout and "3.onnx:" not in result.stdout


def test_what_cannot_be_told_is_said() -> None:
    told = dict(parallel.spread(lambda at: (lambda: at) if at else "whole", 2, 2, lambda at: None))
    assert told[0] == "whole"
    assert isinstance(told[1], parallel.Died) and "pickle" in told[1].why


def test_answers_come_as_they_are_ready_and_no_process_is_left() -> None:
    def work(at: int) -> bytes:
        if at != 1:
            signal.pause()
        return b"x" * (1 << 20)

    begun: list[int] = []
    answers = parallel.spread(work, 5, 2, begun.append)
    assert next(answers) == (1, b"x" * (1 << 20))
    assert begun == [0, 1]
    answers.close()  # type: ignore[attr-defined]
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.parametrize(
    ("asked", "number", "expected"),
    [(None, 3, 1), (None, 4, 4), (None, 100, 8), (1, 9, 1), (2, 9, 2), (16, 3, 3)],
)
def test_how_many_processes(
    asked: int | None, number: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "_processors", lambda: 8)
    assert parallel.workers(asked, number) == expected


def test_one_process_where_there_is_no_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    assert parallel.workers(8, 9) == 1


def test_rules_go_through_pickle() -> None:
    rules = cli.reading.known_rules()
    assert pickle.loads(pickle.dumps(dict(rules))) == rules


SLOW = """
import sys, time
from guidelines import analysis
def find(*rest):
    print("begun", file=sys.stderr, flush=True)
    time.sleep(60)
analysis.find = find
from guidelines.cli import main
main()
"""


def test_an_interrupt_ends_all_of_them_quietly(many: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SLOW, ".", "-j", "2"], cwd=many, stderr=subprocess.PIPE, text=True,
        env=environment(PYTHONPATH=str(ROOT)), start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        assert [process.stderr.readline() for _ in range(2)] == ["begun\n"] * 2
        os.killpg(process.pid, signal.SIGINT)
        # Standard error ends when the last process that holds it has ended.
        assert process.stderr.read() == "\nguidelint: interrupted\n"
        assert process.wait() == 130


# -- the same everywhere ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose model changed since the last commit."""
    folder = repository(tmp_path_factory.mktemp("changed") / "a", **{"models/net.onnx": GOOD})
    put(folder / "guidelint.toml", 'budget.madds = "300 M"\n')
    put(folder / "models/net.onnx", BAD)
    return folder


def everything() -> Iterator[tuple[str, ...]]:
    """Every command that reports, in every format that it has."""
    for command, forms in FORMS.items():
        paths = ["git:HEAD:models", "models"] if command == "diff" else ["models"]
        for form in forms:
            yield (command, *paths, "--output", form)
    yield ("snapshot", "models/net.onnx", "--text")
    yield ("rule", "--all")
    yield ("config", "--schema")
    yield ("models", "--show-settings")
    yield ("completion", "bash")


ALL = """
import io, sys, contextlib
from click.testing import CliRunner
from guidelines.cli import guidelint
for line in sys.stdin:
    result = CliRunner().invoke(guidelint, line.split())
    print(line, result.exit_code, result.output)
"""


def said(folder: Path, **how: str) -> str:
    lines = "\n".join(" ".join(arguments) for arguments in everything())
    done = subprocess.run(
        [sys.executable, "-c", ALL], input=lines, cwd=folder, capture_output=True, text=True,
        env=environment(PYTHONPATH=str(ROOT), PYTHONIOENCODING="utf-8", **how), check=True,
    )  # fmt: skip
    return done.stdout


def test_the_same_bytes_in_every_format(changed: Path, tmp_path: Path) -> None:
    text = said(changed, PYTHONHASHSEED="0")
    assert text == said(changed, PYTHONHASHSEED="4711", LANG="C", TZ="Asia/Tokyo")
    elsewhere = tmp_path / "some" / "other place"
    elsewhere.parent.mkdir()
    git("clone", "--quiet", changed, elsewhere, cwd=tmp_path)
    put(elsewhere / "guidelint.toml", changed / "guidelint.toml")
    put(elsewhere / "models/net.onnx", BAD)
    assert text == said(elsewhere, PYTHONHASHSEED="1")
    assert str(changed) not in text
    statuses = {
        line.split(" ", 2)[1] for line in text.splitlines() if line[:3] in (" 0 ", " 1 ", " 2 ")
    }
    assert statuses == {"0", "1"}


@pytest.mark.parametrize("arguments", [
    ("check", "models"), ("cost", "models"), ("diff", "git:HEAD:models", "models"),
    ("budget", "models"), ("rule", "--all"), ("config", "--schema"), ("completion", "zsh"),
    ("models", "--show-files"), ("network", "resnet_50"), ("snapshot", "models/net.onnx", "--text"),
    ("suppress", "models/net.onnx"), ("baseline", "show"), ("--help",), ("check", "--help"),
])  # fmt: skip
def test_a_closed_pipe_is_silent(changed: Path, arguments: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "guidelines", *arguments], cwd=changed, stdout=writer, text=True,
        stderr=subprocess.PIPE, env=environment(PYTHONPATH=str(ROOT)), check=False,
    )  # fmt: skip
    os.close(writer)
    assert "Traceback" not in done.stderr and "Broken" not in done.stderr
    assert done.stderr == "" or arguments == ("baseline", "show")


def test_nothing_is_written_that_was_not_asked_for(changed: Path, tmp_path: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in changed.rglob("*")}
    said(changed, HOME=str(tmp_path), XDG_CACHE_HOME=str(tmp_path), PYTHONDONTWRITEBYTECODE="1")
    assert {file: file.stat().st_mtime_ns for file in changed.rglob("*")} == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_checkout_that_cannot_be_written_to(tmp_path: Path) -> None:
    folder = repository(tmp_path / "work", **{"net.onnx": GOOD})
    folder.chmod(0o555)
    try:
        assert guidelint("net.onnx", cwd=folder).returncode == 0
    finally:
        folder.chmod(0o755)


def test_paths_are_those_of_the_repository_from_any_folder(changed: Path) -> None:
    inside = changed / "models"
    for form in ("sarif", "github", "gitlab", "junit", "markdown"):
        below = guidelint("net.onnx", "-o", form, cwd=inside).stdout
        above = guidelint("models/net.onnx", "-o", form, cwd=changed).stdout
        assert "models/net.onnx" in below, form
        assert below == above, form


def test_a_shallow_clone_is_explained(changed: Path, tmp_path: Path) -> None:
    git("commit", "--quiet", "--allow-empty", "--message=.", cwd=changed)
    git("clone", "--quiet", "--depth=1", changed.as_uri(), "shallow", cwd=tmp_path)
    for what in ("models", "models/net.onnx"):
        done = guidelint("diff", f"git:HEAD~1:{what}", what, cwd=tmp_path / "shallow")
        assert done.returncode == 2
        assert done.stderr == (
            f"guidelint: git:HEAD~1:{what}: unknown revision 'HEAD~1' in a shallow clone: "
            "`git fetch --unshallow`, or actions/checkout with fetch-depth: 0\n"
        )


def test_a_folder_against_nothing_is_said_to_be_nothing(tmp_path: Path) -> None:
    put(tmp_path / "models/net.onnx", GOOD)
    commit(repository(tmp_path))
    done = guidelint("diff", "git:HEAD:models", "modles", cwd=tmp_path)
    assert done.stderr == "guidelint: modles: expected a file, a folder or a glob, found nothing\n"
    done = guidelint("diff", "models", "models/net.onnx", cwd=tmp_path)
    assert "expected two models or two folders, found one of each" in done.stderr


# -- completion -------------------------------------------------------------------------------


def offered(line: str) -> list[str]:
    """What a shell is told for the last word of a line."""
    words = line.split(" ")
    result = CliRunner().invoke(
        cli.guidelint, [], prog_name="guidelint",
        env={"_GUIDELINT_COMPLETE": "bash_complete", "COMP_WORDS": line,
             "COMP_CWORD": str(len(words) - 1)},
    )  # fmt: skip
    assert result.stderr == ""
    return result.stdout.split()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("guidelint com", ["file,com", "plain,completion"]),
        ("guidelint m.onnx --sel", ["plain,--select"]),
        ("guidelint --sel", ["plain,--select"]),
        ("guidelint --vers", ["plain,--version"]),
        ("guidelint cost m.onnx --sor", ["plain,--sort"]),
        ("guidelint chek --sel", ["plain,--select"]),
        ("guidelint check models/", ["file,models/"]),
        ("guidelint diff a.onnx b", ["file,b"]),
        ("guidelint m.onnx --config ", ["file,"]),
        ("guidelint m.onnx --device amd", ["plain,amd-epyc-zen3"]),
        ("guidelint m.onnx --select G1,g4", ["plain,G1,G401", "plain,G1,G402"]),
        ("guidelint m.onnx -o js", ["plain,json", "plain,jsonl"]),
        ("guidelint completion ", ["plain,bash", "plain,zsh", "plain,fish"]),
    ],
)
def test_words_are_completed(line: str, expected: list[str]) -> None:
    assert offered(line) == expected


def test_the_first_word_is_a_command_or_a_file() -> None:
    told = offered("guidelint ")
    assert told[0] == "file," and {"plain,check", "plain,diff", "plain,rule"} <= set(told)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell(shell: str) -> None:
    script = CliRunner().invoke(cli.guidelint, ["completion", shell]).output
    assert "_GUIDELINT_COMPLETE" in script and f"{shell}_complete" in script


def test_bash_completes(tmp_path: Path) -> None:
    from scratch import executable

    script = tmp_path / "completion.bash"
    script.write_text(guidelint("completion", "bash", cwd=tmp_path).stdout)
    ask = (
        f'source "{script}"; COMP_WORDS=(guidelint m.onnx --fail); COMP_CWORD=2; '
        '_guidelint_completion guidelint; echo "${COMPREPLY[@]}"'
    )
    path = f"{executable(tmp_path / 'bin')}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", ask], capture_output=True, text=True, check=False,
        env=environment(PATH=path, PYTHONPATH=str(ROOT)),
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("--fail-on\n", "")
