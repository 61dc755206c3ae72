"""Reports: what each format says, byte for byte, and what no name in it can do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest
import reported

import guidelines
from guidelines.report import Report
from guidelines.report.document import node_entry, plain
from guidelines.report.layers import SORTS, tabulate
from guidelines.report.names import printable
from guidelines.report.notebook import table
from guidelines.report.registry import names, renderer
from guidelines.report.view import View

ROOT = Path(__file__).parent.parent
GOLDEN = ROOT / "tests/data/golden"
SCHEMA = json.loads((Path(guidelines.__file__).parent / "report/schema.json").read_text())


def shown(form: str, **view: object) -> Callable[[Report], str]:
    return lambda report: renderer("formats", form)(report, View(**view))  # type: ignore[arg-type]


def costs(
    form: str, by: str = "layer", sort: str | None = None, top: int | None = None, **view: object
) -> Callable[[Report], str]:
    def render(report: Report) -> str:
        tables = [
            tabulate(replace(model, findings=None), by=by, sort=sort, top=top)
            for model in report.models[:1]
        ]
        return renderer("costs", form)(tables, View(**view))  # type: ignore[arg-type]

    return render


SCREENS = {
    "full.txt": shown("full"),
    "full-60-columns.txt": shown("full", width=60),
    "full-ascii.txt": shown("full", ascii=True),
    "full-colour.txt": shown("full", width=80, colour=True),
    "full-quiet.txt": shown("full", verbosity=-1),
    "full-verbose.txt": shown("full", verbosity=1, statistics=True),
    "concise.txt": shown("concise"),
    "report.json": shown("json"),
    "report-nodes.json": shown("json", verbosity=1),
    "cost-layer.txt": costs("full"),
    "cost-layer-80-columns.txt": costs("full", width=80, top=5, sort="bytes"),
    "cost-op.txt": costs("full", by="op"),
    "cost-scope.txt": costs("full", by="scope"),
    "cost-op.json": costs("json", by="op"),
    "cost-layer.csv": costs("csv"),
    "notebook.html": table,
}


@pytest.mark.parametrize("name", SCREENS)
def test_screen(name: str) -> None:
    """GUIDELINT_GOLDEN=1 writes the files anew; read the difference before committing it."""
    text = SCREENS[name](reported.report()).replace(
        f'"guidelint": "{guidelines.__version__}"', '"guidelint": "VERSION"'
    )
    if os.environ.get("GUIDELINT_GOLDEN"):
        (GOLDEN / name).write_text(text, encoding="utf-8", newline="\n")
    assert text == (GOLDEN / name).read_bytes().decode()


def test_totals_are_those_of_the_network() -> None:
    totals = reported.model().totals
    # Stem 3*3*3*32, twice (32*8 + 3*3*8*8 + 8*32), batch norm scale and shift 2*(32 + 2*(8+8+32)),
    # classifier 32*10 + 10: 864 + 2*1088 + 256 + 330.
    assert totals.params == 3626
    assert totals.buffers == 256  # as many means and variances as scales and shifts
    # At 16x16: the stem's 864 and the blocks' 2*1088 weights, each used 256 times; 320 once.
    assert totals.madds == 256 * (864 + 2 * 1088) + 320
    assert totals.flops == 2 * totals.madds + totals.ops
    assert totals.weight_bytes == 4 * (3626 + 256)
    assert 0 < totals.fused_memory_access_bytes < totals.memory_access_bytes
    assert totals.memory_access_bytes == 4 * totals.memory_access


@pytest.mark.parametrize("made", [reported.report, reported.hostile])
@pytest.mark.parametrize("nodes", [False, True])
def test_json_follows_its_schema(made: Callable[[], Report], nodes: bool) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    document = json.loads(json.dumps(made().to_dict(nodes=nodes), allow_nan=False))
    jsonschema.validate(document, SCHEMA)
    assert ("nodes" in document["models"][0]) is nodes


@pytest.mark.parametrize("by", ["layer", "op", "scope"])
def test_costs_as_json_follow_the_schema(by: str) -> None:
    document = json.loads(costs("json", by=by)(reported.report()))
    jsonschema.validate(document, SCHEMA)
    assert (
        "findings" not in document["models"][0]
    )  # no rule was run, which is not the same as none found
    nodes = document["models"][0]["nodes"]
    assert sum(node["madds"] or 0 for node in nodes) == document["models"][0]["totals"]["madds"]


def test_the_schema_refuses_what_it_should() -> None:
    document = reported.report().to_dict()
    del document["models"][0]["totals"]["flops"]
    with pytest.raises(jsonschema.ValidationError, match="'flops' is a required property"):
        jsonschema.validate(document, SCHEMA)


def test_bytes_are_listed_by_type_in_one_order() -> None:
    node = replace(next(iter(reported.graph().layers)), bytes={"int8": 3, "float32": 8})
    entry = node_entry(node)
    assert list(entry["bytes"].items()) == [("float32", 8), ("int8", 3)]
    assert entry["memory_access_bytes"] == 11


def test_a_path_that_is_no_text_is_text_in_json() -> None:
    json.dumps(reported.hostile().to_dict(), ensure_ascii=False).encode()  # no half of a pair left


def test_infinity_is_null_in_json() -> None:
    assert plain(float("inf")) is None
    assert plain((1, 2.5, True)) == [1, 2.5, True]


@pytest.mark.parametrize("form", sorted({*names("formats")} - {"github"}))  # which is commands
@pytest.mark.parametrize("verbosity", [0, 1])
def test_no_name_commands_a_terminal_or_a_ci_log(form: str, verbosity: int) -> None:
    check_inert(shown(form, verbosity=verbosity, statistics=True)(reported.hostile()))


@pytest.mark.parametrize("form", names("costs"))
@pytest.mark.parametrize("by", ["layer", "op", "scope"])
def test_no_name_in_a_table_does(form: str, by: str) -> None:
    check_inert(costs(form, by=by)(reported.hostile()))


def check_inert(text: str) -> None:
    for line in text.splitlines():
        assert not line.lstrip().startswith("::")
        if '"' not in line:  # inside JSON only control characters matter
            assert "##[" not in line
    left = {c for c in text if not c.isprintable()} - {"\n"}
    assert left <= {"\x7f"} if text.startswith("{") else not left


def test_markup_in_names_is_shown_as_text() -> None:
    page = reported.hostile()._repr_html_()
    tags: set[str] = set()
    styles: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.add(tag)
            styles.extend(name for name, _ in attrs)

    Reader().feed(page)
    assert tags <= {"div", "p", "b", "br", "table", "thead", "tbody", "tr", "th", "td"}
    assert set(styles) <= {"style"}
    assert page.count("<b>") == 2  # the model's path and the failed file's, none of the names'
    assert "&lt;b&gt;" in page and "\x1b" not in page


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("##[command]x", r"\x23#[command]x"),
        ("x ::warning::y", r"x \x3a:warning::y"),
        ("a\u200bb\ud800", r"a\u200bb\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("Größe 大", "Größe 大"),
    ],
)
def test_printable(name: str, expected: str) -> None:
    assert printable(name) == expected


def test_names_are_whole_off_a_terminal_and_shortened_on_one() -> None:
    long = "features." * 20 + "conv"
    report = Report(models=(reported.model(long),))
    assert f"{long}.0" in costs("full")(report)
    narrow = costs("full", width=80)(report)
    rows = narrow[narrow.index("\nlayer ") :].splitlines()
    assert max(map(len, rows)) <= 80
    assert "…" in narrow
    assert long in shown("full")(report)


def test_a_table_fits_every_terminal() -> None:
    for width in range(40, 150, 7):
        text = costs("full", width=width)(reported.report())
        rows = text[text.index("\nlayer ") :].splitlines()
        assert max(map(len, rows)) <= max(width, 60), width


@pytest.mark.parametrize("sort", SORTS)
def test_every_sort_orders(sort: str) -> None:
    one = tabulate(reported.model(), sort=sort)
    keys = [SORTS[sort](row) for row in one.rows]
    assert keys == sorted(keys) and len(keys) == len(one.model.graph)


def test_modules_contain_what_lies_inside_them() -> None:
    rows = {row.name: row for row in tabulate(reported.model(), by="scope").rows}
    inner = [rows["layer1.0"].cost.madds, rows["layer1.1"].cost.madds]
    assert inner == [256 * 1088] * 2  # 16*16 positions, 32*8 + 3*3*8*8 + 8*32 weights
    assert rows["layer1"].cost.madds == sum(inner)
    assert rows[""].unknown == 2


def test_deep_modules_stay_bounded() -> None:
    model = reported.model(".".join("m" * 5000))
    assert len(tabulate(model, by="scope").rows) <= 13


def test_text_and_html_are_what_a_notebook_asks_for() -> None:
    report = reported.report()
    assert str(report) == repr(report) == shown("full")(report).rstrip("\n")
    assert report._repr_html_().startswith("<div>")


def test_bytes_do_not_depend_on_the_hash_seed() -> None:
    code = (
        "import sys, reported\n"
        "from guidelines.report.registry import renderer\n"
        "from guidelines.report.view import View\n"
        "for form in ('full', 'concise', 'json'):\n"
        "    view = View(verbosity=1, statistics=True)\n"
        "    sys.stdout.write(renderer('formats', form)(reported.report(), view))\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parent,
            check=True,
            capture_output=True,
            env={
                **os.environ,
                "PYTHONHASHSEED": seed,
                "PYTHONIOENCODING": "utf-8",
                "PYTHONPATH": str(ROOT),
            },
        ).stdout
        for seed in ("0", "1", "4711")
    }
    assert len(outputs) == 1
