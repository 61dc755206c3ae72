"""Configuration: found beside the model, read strictly, outweighed by the command line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from guidelines.config import Config, find_file, load, overridden, settings
from guidelines.config.keys import KEYS
from guidelines.config.place import ConfigError
from guidelines.finding import Level
from guidelines.rule import Rule
from guidelines.selector import codes, without

RULES = {
    code: Rule(code, name, lambda graph: iter(()), options, Level.WARNING, __name__)
    for code, name, options in (
        ("G101", "unequal-channel-width", {"max_excess": 1.2}),
        ("G201", "excessive-grouping", {"max_excess": 1.5}),
        ("G301", "fragmented-block", {"max_branches": 3, "poolings": True, "style": "a"}),
        ("G401", "element-wise-traffic", {}),
    )
}


def written(folder: Path, text: str, name: str = "guidelint.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


FULL = """
select = ["G1", "excessive-grouping"]
extend-select = ["G401"]
ignore = ["G3"]
min-share = 0.02
fail-on = "error"
exclude = ["old/*"]
strict = true

[dims]
height = 224

[shapes]
"input.1" = [1, 3, 224, 224]

[rules.G101]
max-excess = 2
level = "error"

[rules.fragmented-block]
max_branches = 4
poolings = false
style = "b"

[per-layer-ignores]
"features.0*" = ["G101"]
"op:Conv" = ["ALL"]
"""


@pytest.mark.parametrize("name", [".guidelint.toml", "guidelint.toml", "pyproject.toml"])
def test_every_key_is_read(tmp_path: Path, name: str) -> None:
    text = FULL
    if name == "pyproject.toml":
        text = re.sub(r"^\[", "[tool.guidelint.", f"[tool.guidelint]{FULL}", flags=re.MULTILINE)
        text = text.replace("[tool.guidelint.tool.guidelint]", "[tool.guidelint]")
    config = load(written(tmp_path, text, name), RULES)
    assert config == Config(
        select=("G1", "excessive-grouping"),
        extend_select=("G401",),
        ignore=("G3",),
        min_share=0.02,
        fail_on="error",
        exclude=("old/*",),
        strict=True,
        dims={"height": 224},
        shapes={"input.1": (1, 3, 224, 224)},
        options={
            "G101": {"max_excess": 2.0},
            "G301": {"max_branches": 4, "poolings": False, "style": "b"},
        },
        levels={"G101": Level.ERROR},
        layer_ignores={"features.0*": ("G101",), "op:Conv": ("ALL",)},
        folder=tmp_path,
    )
    assert isinstance(config.options["G101"]["max_excess"], float)  # as the option's default is
    told = settings(config)
    assert told.select == ("G1", "excessive-grouping", "G401")
    assert (told.ignore, told.min_share) == (("G3",), 0.02)


def test_the_documentation_shows_every_key(tmp_path: Path) -> None:
    page = (Path(__file__).parent.parent / "docs/configuration.md").read_text(encoding="utf-8")
    shown = page.partition("```toml\n")[2].partition("```")[0]
    config = load(written(tmp_path, shown), RULES | {"G402": RULES["G401"]})
    assert config.layer_ignores == {"features.0*": ("G101",), "op:ConvTranspose": ("ALL",)}
    assert all(re.search(rf"^{key} =|^\[{key}\]", shown, re.MULTILINE) for key in KEYS)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('selct = ["G1"]', 1, "selct: unknown key; did you mean 'select'?"),
        ("\n\nqqq = 1", 3, "qqq: unknown key; expected one of dims, exclude, extend-select"),
        (
            "# a\n[rules.G101]\n'max-exces' = 2",
            3,
            "rules.G101.max-exces: unknown key; did you mean 'max-excess'?",
        ),
        (
            "[rules]\nG101.max-excess = 'a'",
            2,
            'rules.G101.max-excess: expected a number, found "a"',
        ),
        (
            "[rules.G101]\nmax-excess = true",
            2,
            "rules.G101.max-excess: expected a number, found true",
        ),
        ("[rules.G301]\nmax-branches = 1.5", 2, "expected a whole number, found 1.5"),
        ("[rules.G301]\npoolings = 1", 2, "expected true or false, found 1"),
        ("[rules.G301]\nstyle = 1", 2, "expected a string, found 1"),
        ("[rules.G102]\nlevel = 'note'", 1, "rules.G102: unknown rule 'G102'; did you mean"),
        (
            "[rules.G101]\nlevel = 'fatal'",
            2,
            'expected "note" or "warning" or "error", found "fatal"',
        ),
        ("rules = 1", 1, "rules: expected a table, found 1"),
        ("select = 'G1'", 1, 'select: expected an array of strings, found "G1"'),
        ("min-share = 0.1\nselect = ['G1', 'G9']", 2, "select: unknown rule 'G9'"),
        ("min-share = 2", 1, "min-share: expected a number from 0 to 1, found 2"),
        ("min_share = 0.1\nmin-share = 0.1", 2, "min-share: given twice, with - and with _"),
        ("fail-on = 'all'", 1, 'expected "error" or "warning" or "note" or "never", found "all"'),
        ("[dims]\nheight = 0", 2, "dims.height: expected a whole number of at least 1, found 0"),
        ("[shapes]\nx = 'a'", 2, 'shapes.x: expected an array of whole numbers, found "a"'),
        ("[per-layer-ignores]\n\n'a*' = ['X']", 3, "per-layer-ignores.a*: unknown rule 'X'"),
        ("select = [\n", 1, "expected TOML, found: "),
        ("a = 1\nb == 2", 2, "expected TOML, found: Invalid value"),
        ("strict = 'no'", 1, 'strict: expected true or false, found "no"'),
    ],
)
def test_errors_name_the_line_and_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, line: int, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, text), RULES)
    message = str(caught.value)
    assert message.startswith(f"guidelint.toml:{line}: ")
    assert says in message
    assert "\n" not in message


def test_a_line_in_pyproject_is_that_of_our_table(tmp_path: Path) -> None:
    text = "[tool.ruff]\nselct = 1\n[project]\nselct = 2\n[tool.guidelint]\nselct = 3\n"
    with pytest.raises(ConfigError, match=r":6: selct: unknown key"):
        load(written(tmp_path, text, "pyproject.toml"), RULES)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected a configuration file, found: No such file"):
        load(tmp_path / "none.toml", RULES)
    (tmp_path / "guidelint.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="expected TOML as UTF-8"):
        load(tmp_path / "guidelint.toml", RULES)
    with pytest.raises(ConfigError, match=r"expected a table \[tool.guidelint\], found none"):
        load(written(tmp_path, "[tool.ruff]", "pyproject.toml"), RULES)


def test_the_nearest_file_wins_and_nothing_cascades(tmp_path: Path) -> None:
    top = written(tmp_path, "strict = true")
    deep = tmp_path / "a/b"
    deep.mkdir(parents=True)
    assert find_file(deep) == top
    written(tmp_path / "a", "[tool.ruff]\nname = 'guidelint'", "pyproject.toml")
    assert find_file(deep) == top  # a pyproject.toml without our table is passed over
    near = written(tmp_path / "a", "[tool.guidelint]", "pyproject.toml")
    assert find_file(deep) == near
    assert load(near, RULES).strict is None
    plain = written(tmp_path / "a", "", "guidelint.toml")
    assert find_file(deep) == plain
    dotted = written(tmp_path / "a", "", ".guidelint.toml")
    assert find_file(deep) == dotted


def test_the_search_ends_at_the_root_of_the_repository(tmp_path: Path) -> None:
    written(tmp_path, "")
    (tmp_path / "repository/.git").mkdir(parents=True)
    (tmp_path / "repository/models").mkdir()
    assert find_file(tmp_path / "repository/models") is None
    inside = written(tmp_path / "repository", "")
    assert find_file(tmp_path / "repository/models") == inside


def test_a_broken_pyproject_that_speaks_of_us_is_an_error(tmp_path: Path) -> None:
    written(tmp_path, "[tool.guidelint\n", "pyproject.toml")
    with pytest.raises(ConfigError, match=r"pyproject.toml:1: expected TOML"):
        find_file(tmp_path)
    written(tmp_path, "[tool.ruff\n", "pyproject.toml")
    (tmp_path / ".git").mkdir()
    assert find_file(tmp_path) is None  # not ours to judge


def test_the_command_line_wins() -> None:
    told = Config(
        select=("G1",),
        extend_select=("G2",),
        ignore=("G4",),
        min_share=0.1,
        fail_on="error",
        dims={"h": 1, "w": 2},
        options={"G101": {"max_excess": 2.0}},
        strict=True,
    )
    flags = Config(
        select=("G3",),
        fail_on="note",
        dims={"h": 3},
        options={"G301": {"max_branches": 5}},
    )
    both = overridden(told, flags, RULES)
    assert (both.select, both.extend_select, both.ignore) == (("G3",), (), ("G4",))
    assert (both.min_share, both.fail_on, both.strict) == (0.1, "note", True)
    assert both.dims == {"h": 3, "w": 2}
    assert both.options == {"G101": {"max_excess": 2.0}, "G301": {"max_branches": 5}}
    assert overridden(told, Config(), RULES) == told
    assert overridden(told, Config(extend_select=("G301",)), RULES).extend_select == ("G2", "G301")


@pytest.mark.parametrize(
    ("ignored", "chosen", "left"),
    [
        (("G4",), ("G401",), ()),  # chosen more exactly than ignored
        (("G401",), ("G4",), ("G401",)),
        (("G4",), ("G4",), ()),
        (("element-wise-traffic",), ("G401",), ()),
        (("ALL",), ("G1",), ()),
        (("G1", "G2"), ("ALL",), ("G1", "G2")),
        (("G1",), (), ("G1",)),
    ],
)
def test_choosing_outweighs_ignoring(
    ignored: tuple[str, ...], chosen: tuple[str, ...], left: tuple[str, ...]
) -> None:
    assert without(ignored, chosen, RULES) == left


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("ALL", ("G101", "G201", "G301", "G401")),
        ("G", ("G101", "G201", "G301", "G401")),
        ("G1", ("G101",)),
        ("G101", ("G101",)),
        ("excessive-grouping", ("G201",)),
        ("excessive", ()),
        ("g1", ()),
        ("", ()),
    ],
)
def test_selectors(selector: str, expected: tuple[str, ...]) -> None:
    assert codes(selector, RULES) == expected


@pytest.mark.parametrize(
    ("glob", "path", "expected"),
    [
        ("old", "models/old/a.onnx", True),
        ("old/", "models/old/a.onnx", True),
        ("models/*", "models/old/a.onnx", True),
        ("*.textproto", "a.textproto", True),
        ("a.onnx", "b/a.onnx", True),
        ("old", "models/older/a.onnx", False),
        ("/old", "old/a.onnx", False),
    ],
)
def test_exclude(tmp_path: Path, glob: str, path: str, expected: bool) -> None:
    assert Config(exclude=(glob,), folder=tmp_path).excludes(tmp_path / path) is expected
