"""Configuration: found beside the model, read strictly, outweighed by the command line."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

import guidelines.config
from guidelines.budget import budgets
from guidelines.cli import guidelint
from guidelines.cli.reading import known_rules
from guidelines.config import Config, find_file, load, overridden, settings
from guidelines.config.keys import KEYS
from guidelines.config.place import ConfigError
from guidelines.config.schema import schema, text
from guidelines.config.shown import effective, quoted, toml
from guidelines.finding import Level
from guidelines.rule import Rule
from guidelines.selector import codes, without
from guidelines.suppress import Suppression

RULES = {
    code: Rule(code, name, lambda graph: iter(()), options, Level.WARNING, __name__, {})
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

[budget]
madds = "300 MMAdd"

[budget."file:a*"."features.*"]
params = "2 M"
"""

SUPPRESSED = """
[[suppress]]
rules = ["G1"]
layer = "features.0*"
reason = "three   channels"
expires = 2027-01-31

[[suppress]]
rules = ["G401"]
model = "a*"
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
        budgets=budgets({"madds": "300 MMAdd", "file:a*": {"features.*": {"params": "2 M"}}}),
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
    assert all(re.search(rf"^{key} =|^\[+{key}[\].]", shown, re.MULTILINE) for key in KEYS)
    assert [budget.text for budget in config.budgets] == ["320 MMAdd", "12 ms", "2.5 M"]
    assert config.suppressions[0].expires == date(2027, 1, 31)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('selct = ["G1"]', 1, "selct: unknown key; did you mean 'select'?"),
        (
            "\n\nqqq = 1",
            3,
            "qqq: unknown key; expected one of baseline, baseline-tolerance, budget",
        ),
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
        ("baseline = ''", 1, 'baseline: expected the path of a file, found ""'),
        ("baseline-tolerance = 5", 1, "baseline-tolerance: expected a number from 0 to 1, found 5"),
        ("suppress = 1", 1, "suppress: expected tables [[suppress]], found 1"),
        ("[suppress]\nlayer = 'a'", 1, "suppress: expected tables [[suppress]], found a table"),
        (
            "[[suppress]]\nrules = ['G1']\n\n[[suppress]]\nlayer = 'a'",
            4,
            'suppress: expected rules, such as ["G101"], found none',
        ),
        ("[[suppress]]\nrules = ['G7']", 2, "suppress.rules: unknown rule 'G7'"),
        (
            "[[suppress]]\nrules = ['G1']\n[[suppress]]\nrules = ['G1']\nlayr = 'a'",
            5,
            "suppress.layr: unknown key; did you mean 'layer'?",
        ),
        (
            "[[suppress]]\nrules = ['G1']\nreason = 1",
            3,
            "suppress.reason: expected a string, found 1",
        ),
        (
            "[[suppress]]\nrules = ['G1']\nexpires = 'soon'",
            3,
            'suppress.expires: expected a day such as 2027-01-31, found "soon"',
        ),
        (
            "[[suppress]]\nrules = ['G1']\nexpires = 2027-01-31T10:00:00",
            3,
            "suppress.expires: expected a day such as 2027-01-31, found 2027-01-31 10:00:00",
        ),
        ("budget = 1", 1, "budget: expected a table, found 1"),
        ("[budget]\nmads = 1", 2, "budget.mads: unknown quantity; did you mean 'madds'?"),
        (
            "[budget]\n\n[budget.'a.*']\nmadds = '1 MB'",
            4,
            'budget.a.*.madds: expected multiply-adds such as "300 MMAdd", found "1 MB"',
        ),
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


def test_suppressions_are_read_with_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = load(written(tmp_path, SUPPRESSED), RULES)
    assert config.suppressions == (
        Suppression(
            rules=("G1",), layer="features.0*", reason="three channels",
            expires=date(2027, 1, 31), origin="guidelint.toml:2",
        ),
        Suppression(rules=("G401",), model="a*", origin="guidelint.toml:8"),
    )  # fmt: skip
    assert [s.rules for s in settings(config, "b.onnx").suppressions] == [("G1",)]
    assert [s.rules for s in settings(config, "a.onnx").suppressions] == [("G1",), ("G401",)]
    assert settings(config).suppressions == ()


def test_budgets_for_a_file_go_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = load(written(tmp_path, FULL), RULES)
    assert [b.text for b in settings(config, "b.onnx").budgets] == ["300 MMAdd"]
    assert [b.text for b in settings(config, "x/a.onnx").budgets] == ["300 MMAdd", "2 M"]
    assert settings(config).budgets == ()


# -- the schema --------------------------------------------------------------------------------

SHIPPED = Path(guidelines.config.__file__).parent / "schema.json"


def test_the_schema_that_ships_is_that_of_the_keys() -> None:
    """guidelint config --schema > guidelines/config/schema.json writes it anew."""
    assert SHIPPED.read_text(encoding="utf-8") == text(known_rules())
    held = json.loads(SHIPPED.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(held)
    spelled = {key.replace("-", "_") for key in KEYS}
    assert set(held["properties"]) == {*KEYS, *spelled}
    for name, key in KEYS.items():
        told = held["properties"][name]
        assert told["description"] == key.text
        default = tomllib.loads(f"it = {key.default}")["it"] if key.default else None
        assert told.get("default") == default


def valid(document: Any) -> bool:
    validator = jsonschema.Draft202012Validator(schema(known_rules()))
    return bool(validator.is_valid(json.loads(json.dumps(document, default=str))))


@pytest.mark.parametrize("key", KEYS)
def test_examples_are_right_in_the_schema_and_in_the_file(tmp_path: Path, key: str) -> None:
    example = KEYS[key].example
    config = load(written(tmp_path, example), known_rules())
    assert config.origins.keys() == {key}
    assert valid(tomllib.loads(example))


@pytest.mark.parametrize(
    "told",
    [
        "selct = ['G1']",
        "select = ['G7']",
        "select = 'G1'",
        "min-share = 2",
        "min_share = -1",
        "fail-on = 'all'",
        "strict = 1",
        "exclude = [1]",
        "baseline = ''",
        "baseline-tolerance = 2",
        "[dims]\nheight = 0",
        "[shapes]\nx = 'a'",
        "[rules.G9]\nlevel = 'note'",
        "[rules.G101]\nlevel = 'fatal'",
        "[rules.G101]\nmax-excess = 'a'",
        "[rules.unequal-channel-width]\nmax-exces = 1.0",
        "[per-layer-ignores]\na = ['X']",
        "[[suppress]]\nlayer = 'a'",
        "[[suppress]]\nrules = ['G1']\nlayr = 'a'",
        "[budget]\nweights = 14",
        "[budget]\ntime = '8 ms'",
        "[budget.a]\nweights = '14 MB'",
        "[budget.a.b]\nmadds = 1",
    ],
)
def test_the_schema_and_the_reader_refuse_alike(tmp_path: Path, told: str) -> None:
    assert not valid(tomllib.loads(told))
    with pytest.raises(ConfigError):
        load(written(tmp_path, told), known_rules())


# -- what is in effect -------------------------------------------------------------------------


def test_what_is_shown_can_be_read_back(tmp_path: Path) -> None:
    config = load(written(tmp_path, FULL + SUPPRESSED), RULES)
    again = load(written(tmp_path, effective(config)), RULES)
    assert [replaced(s) for s in again.suppressions] == [replaced(s) for s in config.suppressions]
    for field in ("select", "options", "levels", "budgets", "layer_ignores", "dims", "shapes"):
        assert getattr(again, field) == getattr(config, field)
    assert (again.min_share, again.fail_on, again.strict) == (0.02, "error", True)


def replaced(each: Suppression) -> tuple[object, ...]:
    return each.rules, each.layer, each.reason, each.expires, each.model


@pytest.mark.parametrize("value", ['a\x1b[31m\n"b\\', "\u202e", "\x7f", "é×"])
def test_values_are_shown_so_that_they_do_no_harm(value: str) -> None:
    line = f"{quoted(value)} = {toml([value, True, 1.5])}"
    assert line.isprintable()
    assert tomllib.loads(line) == {value: [value, True, 1.5]}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    for name in ("a", "deep/b", "deep/c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.onnx").write_bytes(b"never read")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(guidelint, list(arguments))


def test_settings_are_shown_with_where_they_come_from(here: Path) -> None:
    written(here / "deep", 'min-share = 0.05\nfail_on = "error"\n[dims]\nN = 1\n')
    result = run(
        ".", "--show-settings", "--fail-on", "note", "-x", "G101.max_excess=2", "--dim", "H=2"
    )
    assert (result.exit_code, result.stderr) == (0, "")
    first, second = result.stdout.split("\n\n# ")
    assert first.startswith("# a.onnx\n# configuration: none\n")
    assert second.startswith("deep/b.onnx\n# deep/c.onnx\n# configuration: deep/guidelint.toml\n")
    lines = second.splitlines()
    assert "min-share = 0.05  # deep/guidelint.toml:1" in lines
    assert 'fail-on = "note"  # --fail-on' in lines
    assert 'select = ["ALL"]  # default' in lines
    assert lines[-2:] == ["[rules.G101]  # --option", "max-excess = 2.0"]
    assert tomllib.loads(second.partition("\n")[2])["dims"] == {"N": 1, "H": 2}


def test_files_are_shown_one_a_line(here: Path) -> None:
    written(here, 'exclude = ["c.onnx"]\n')
    result = run(".", "--show-files")
    assert (result.exit_code, result.stdout) == (0, "a.onnx\ndeep/b.onnx\n")


def test_keys_are_listed_and_explained() -> None:
    listing = run("config").stdout
    assert [line.split()[0] for line in listing.splitlines()[1:]] == list(KEYS)
    assert run("config", "min_share").stdout == (
        "# Findings below this share of the fused memory access stay quiet.\n"
        "# number from 0 to 1; by default 0.01\nmin-share = 0.02\n"
    )
    assert json.loads(run("config", "--schema").stdout) == schema(known_rules())
    result = run("config", "min-shar")
    assert result.exit_code == 2
    assert result.stderr.startswith("guidelint: unknown key 'min-shar'; did you mean 'min-share'?")
