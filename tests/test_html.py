"""The page of a report: what it says, and what no name in it can do."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import subprocess
import sys
from base64 import b64encode
from collections import Counter
from html.parser import HTMLParser
from math import sqrt
from pathlib import Path
from typing import Any

import pytest
import reported
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import CRUEL, EXAMPLE, PAGES, ROOT, Elements, cruel_graph, large

import guidelines
from costmodel import networks, read
from costmodel.algebra.mathml import figures, least
from costmodel.bound import balanced
from costmodel.graph import Graph
from costmodel.operators import Conv, ConvTranspose
from guidelines.finding import Finding, Level
from guidelines.report import Model, Report
from guidelines.report.html import outline, table
from guidelines.report.html.document import document
from guidelines.report.html.layout import place
from guidelines.report.html.outline import links
from guidelines.report.html.section import data
from guidelines.report.html.tags import Markup, tag
from guidelines.report.registry import renderer
from guidelines.report.view import View


@pytest.mark.parametrize("name", PAGES)
def test_ids_are_unique_and_links_lead_somewhere(name: str) -> None:
    found = Elements(PAGES[name]())
    ids = Counter(found.values("id"))
    assert [each for each, times in ids.items() if times > 1] == []
    hrefs = [href for href in found.values("href") if href != "data:,"]
    assert hrefs
    assert [href for href in hrefs if not href.startswith("#")] == []
    missing = {href[1:] for href in hrefs} - set(ids)
    assert {f"{each}-panel" for each in missing} <= set(ids)
    for reference in found.values("aria-labelledby"):
        assert reference in ids


@pytest.mark.parametrize("name", PAGES)
def test_elements_are_closed_in_order(name: str) -> None:
    open_: list[str] = []

    class Nesting(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in {"meta", "link", "input", "br"}:
                open_.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_.pop() == tag

    Nesting().feed(PAGES[name]())
    assert open_ == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_loaded_and_nothing_foreign_runs(name: str) -> None:
    page = PAGES[name]()
    found = Elements(page)
    assert not found.values("src")
    assert not [key for _, given in found.tags for key in given if key.startswith("on")]
    assert not found.values("style")
    assert Counter(tag for tag, _ in found.tags)["style"] == 1
    scripts = [given for tag, given in found.tags if tag == "script"]
    assert [given for given in scripts if given.get("type") != "application/json"] == [{}]
    policy = next(given["content"] for _, given in found.tags if "http-equiv" in given) or ""
    assert policy.startswith("default-src 'none'; ")
    for tag_name in ("style", "script"):
        text = re.findall(rf"<{tag_name}>(.*?)</{tag_name}>", page, re.S)[-1]
        digest = b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag_name}-src 'sha256-{digest}'" in policy
    assert set(re.findall(r"https?://[\w./]+", page)) <= {"http://www.w3.org/1998/Math/MathML"}


def test_names_are_text() -> None:
    """A page with hostile names has the elements that one with harmless names has."""
    graph = cruel_graph()
    page = document(guidelines.lint(graph))
    tame = document(guidelines.lint(_renamed(graph)))
    assert Counter(t for t, _ in Elements(page).tags) == Counter(t for t, _ in Elements(tame).tags)
    assert any(CRUEL in text for text in Elements(page).text)


def _renamed(graph: Graph) -> Graph:
    """The same network with harmless names of the same length."""
    letters = "".join("x" if not c.isalnum() else c for c in CRUEL)

    def calm(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace(CRUEL, letters)
        if isinstance(value, tuple):
            return tuple(map(calm, value))
        return {calm(k): v for k, v in value.items()} if isinstance(value, dict) else value

    fields = ("name", "op_type", "scope", "inputs", "outputs", "reason")
    nodes = [
        dataclasses.replace(node, **{name: calm(getattr(node, name)) for name in fields})
        for node in graph.layers
    ]
    return Graph.of(
        nodes, tensors=calm(dict(graph.tensors)), outputs=calm(graph.outputs),
        inputs=calm(dict(graph.inputs)), assumed=calm(dict(graph.assumed)), path=calm(graph.path),
    )  # fmt: skip


def test_no_control_characters() -> None:
    page = document(reported.hostile())
    assert not [c for c in page if c != "\n" and not c.isprintable()]
    assert "a\\x1b[31m" in page


def test_tags_escape_what_is_not_markup() -> None:
    assert tag("p", "<b>&\"'", title='"><x') == (
        '<p title="&quot;&gt;&lt;x">&lt;b&gt;&amp;&quot;&#x27;</p>'
    )
    assert tag("p", Markup("<b></b>"), None, 3) == "<p><b></b>3</p>"


def test_json_cannot_end_its_script() -> None:
    held = data({"name": CRUEL})
    inside = held.removeprefix('<script type="application/json">').removesuffix("</script>")
    assert not set("<>&") & set(inside)
    assert json.loads(inside) == {"name": CRUEL}


def test_ascii_is_the_same_page() -> None:
    report = guidelines.lint(read(EXAMPLE))
    plain = renderer("formats", "html")(report, View(ascii=True))
    assert plain.isascii()
    whole = Elements(renderer("formats", "html")(report, View()))
    assert Elements(plain).tags == whole.tags
    assert "".join(Elements(plain).text) == "".join(whole.text)


def test_bytes_repeat_whatever_the_hash_seed(tmp_path: Path) -> None:
    pages = []
    for seed in ("0", "1"):
        target = tmp_path / f"{seed}.html"
        command = ["-m", "guidelines", str(EXAMPLE), "--exit-zero", "-o", f"html:{target}"]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, *command], check=True, cwd=ROOT, env=environment)
        pages.append(target.read_bytes())
    assert pages[0] == pages[1]
    assert b"20" + b"26-" not in pages[0]


def test_a_finding_of_the_whole_network_and_one_held_back() -> None:
    whole = Finding(
        code="B001", name="madds-over-budget", level=Level.ERROR, nodes=(), places=(), value=2.0,
        bound=1.0, message="2 M madds, 1 M over the budget", remedy="", excess_bytes=0, share=0.0,
    )  # fmt: skip
    first = reported.model()
    page = document(Report(models=(dataclasses.replace(first, findings=(whole,), known=(whole,)),)))
    text = " ".join(Elements(page).text)
    assert "1 error" in text
    assert "the whole network" in text
    assert "0.0%" not in text.partition("Graph")[0]
    assert "1 held back" in text
    assert "in the baseline" in text


def test_of_too_many_rows_the_dearest_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MOST", 10)
    page = document(guidelines.lint(read(EXAMPLE)))
    assert "the dearest 10 of 152 layers" in page
    assert sum(name == "tr" for name, _ in Elements(page).tags) == 11


def test_what_is_not_known_is_not_drawn_as_nothing() -> None:
    made = Elements(document(Report(models=(reported.model(),))))
    spoken = [label for label in made.values("aria-label") if "NoSuchOperator" in label]
    assert spoken
    assert all("? of the fused memory access" in label for label in spoken)


def test_without_rules_and_without_findings() -> None:
    costed = Model.costed(read(EXAMPLE))
    assert "no rule was run" in document(Report(models=(costed,)))
    clean = guidelines.lint(read(ROOT / "examples/models/shufflenet_v2.onnx"))
    assert "No findings." in document(clean)


# ---- layout -----------------------------------------------------------------------------------


@st.composite
def dags(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    count = draw(st.integers(1, 24))
    pairs = [(a, b) for b in range(count) for a in range(b)]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=60)) if pairs else []
    return count, sorted(chosen)


@given(dags(), st.integers(1, 12))
def test_layout(graph: tuple[int, list[tuple[int, int]]], tall: int) -> None:
    count, edges = graph
    made = place(count, edges, tall=tall)
    assert place(count, edges, tall=tall) == made
    assert all(made.rows[a] < made.rows[b] for a, b in edges)
    cells = set(zip(made.rows, made.lanes, strict=True))
    assert len(cells) == count
    assert [(r.start, r.end) for r in made.routes] == edges
    for route in made.routes:
        between = range(made.rows[route.start] + 1, made.rows[route.end])
        if route.track:
            assert route.track <= made.tracks[route.lane]
        else:
            assert not any((row, route.lane) in cells for row in between)
    rows = [row for first, last in made.columns for row in range(first, last + 1)]
    assert rows == list(range(max(made.rows) + 1))
    for first, _ in made.columns[1:]:
        assert sum(made.rows[a] < first <= made.rows[b] for a, b in edges) <= 1


def test_tracks_that_overlap_are_not_one() -> None:
    """An outer skip and an inner one: two tracks, the inner one nearer."""
    made = place(6, [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (0, 5), (1, 4)])
    assert {(r.start, r.end): r.track for r in made.routes if r.track} == {(0, 5): 2, (1, 4): 1}


def test_an_edge_that_goes_backwards_is_refused() -> None:
    with pytest.raises(ValueError, match="from a lower to a higher number, found 1 to 0"):
        place(2, [(1, 0)])


CUT = {name: getattr(networks, name) for name in networks.__all__} | {
    "large": large,
    "alike": lambda: read(EXAMPLE),
}


@pytest.mark.parametrize("name", CUT)
def test_boxes_hold_every_node_once(name: str) -> None:
    graph = CUT[name]()
    boxes = outline.outline(graph)
    assert 1 < len(boxes) <= outline.MOST
    pending = [boxes]
    while pending:
        inner = pending.pop()
        assert len(inner) <= outline.MOST
        place(len(inner), links(graph, inner))
        for box in inner:
            held = [node.name for node in box.nodes]
            if box.inner:
                assert held == [node.name for each in box.inner for node in each.nodes]
                assert box.bytes == sum(each.bytes for each in box.inner)
                pending.append(box.inner)
            else:
                assert box.kernel is not None
                assert held == list(box.kernel.nodes)
    names = [node.name for box in boxes for node in box.nodes]
    assert sorted(names) == sorted(graph)


def test_resnet_152_is_cut_into_its_blocks() -> None:
    titles = [box.title for box in outline.outline(networks.resnet_152())]
    assert len(titles) == 54
    assert titles[2:5] == ["layer1.0", "layer1.1", "layer1.2"]


# ---- formulas ---------------------------------------------------------------------------------


def evaluated(tree: Any, dims: dict[str, Any]) -> float:
    """A formula's tree with numbers for its symbols, by Python's own arithmetic."""

    def text(each: Any) -> str:
        if isinstance(each, str):
            return {"·": "*", "−": "-"}.get(each, each)
        name, *children = each
        if name == "symbol":
            return f"({dims[children[0]]})"
        inside = [text(child) for child in children]
        form = {
            "mfrac": "(({0})/({1}))", "msup": "(({0})**({1}))", "msqrt": "sqrt({0})",
        }.get(name)  # fmt: skip
        return (
            form.format(*inside)
            if form
            else f"({''.join(inside)})"
            if name == "mrow"
            else "".join(inside)
        )

    return float(eval(text(tree), {"__builtins__": {}, "sqrt": sqrt}))  # noqa: S307


@pytest.mark.parametrize("name", ["mobilenet_v2", "shufflenet_v1", "inception_v3", "nasnet_a"])
def test_formulas_give_their_values(name: str) -> None:
    operators = {node.operator for node in getattr(networks, name)().layers} - {None}
    compared = 0
    for operator in operators:
        assert operator is not None
        for figure, tree in figures(operator).items():
            value = getattr(operator.cost, figure)
            assert evaluated(tree, operator.dims) == pytest.approx(value, rel=1e-12)
            compared += 1
    assert compared > 30


sizes = st.integers(1, 64)


@settings(deadline=None)
@given(
    kind=st.sampled_from([Conv, ConvTranspose]),
    c=st.tuples(sizes, sizes),
    groups=st.sampled_from([1, 2, 8]),
    maps=st.tuples(sizes, sizes, sizes, sizes),
    k=st.tuples(st.sampled_from([1, 3]), st.sampled_from([1, 5])),
    n=st.sampled_from([1, 2]),
    bias=st.sampled_from([0, 1]),
)  # fmt: skip
def test_the_bound_is_the_bound(
    kind: type[Conv], c: tuple[int, int], groups: int, maps: tuple[int, ...], k: tuple[int, int],
    n: int, bias: int,
) -> None:  # fmt: skip
    conv = kind(
        n=n, c_in=8 * c[0], c_out=8 * c[1], groups=groups, h_in=maps[0], w_in=maps[1], h=maps[2],
        w=maps[3], k_h=k[0], k_w=k[1], bias=bias,
    )  # fmt: skip
    found = evaluated(least(conv), {**conv.dims, "B": conv.cost.madds})
    assert found == pytest.approx(balanced(conv, groups=groups), rel=1e-9)


def test_a_convolution_of_the_paper_has_the_papers_bound() -> None:
    conv = Conv(c_in=16, c_out=96, h_in=112, w_in=112, h=112, w=112)
    text = json.dumps(least(conv))
    assert [name for name in ("h_in", "w_in", "groups", "k_h", "bias") if f'"{name}"' in text] == []
    assert '"msqrt"' in text
