"""Algebra: the papers' equations from the shipped formulas, and formulas as numbers, two ways."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from math import sqrt
from xml.etree import ElementTree

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.mathtext import MathTextParser
from test_operators import CLASSES, sizes

from costmodel import Conv, ConvTranspose, Cost, Elementwise, Gemm
from costmodel.algebra import (
    B,
    at,
    bound,
    compiled,
    latex,
    least,
    plain,
    sweep,
    symbolic,
    symbols,
    text,
    units,
)
from costmodel.algebra.reference import formulas, meanings
from costmodel.bound import balanced
from costmodel.frontends.code import Network
from costmodel.graph import Graph
from costmodel.operators.view import View

h, w, c1, c2, g = symbols("h w c1 c2 g")


def same(a: object, b: object) -> bool:
    """Whether two expressions are equal for all values."""
    return sympy.simplify(sympy.expand(a - b)) == 0


# -- symbols and values ----------------------------------------------------------------------


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_values_put_into_an_operator_of_symbols_give_the_operator_of_values(cls):
    values = sizes(cls)
    assert at(symbolic(cls), **values) == cls(**values)
    used = {s.name for e in symbolic(cls).cost.to_dict().values() for s in sympy.S(e).free_symbols}
    cost = at(symbolic(cls).cost, **{name: values[name] for name in used})
    assert cost == cls(**values).cost
    assert all(type(value) is int for value in cost.to_dict().values())


def test_values_find_symbols_whatever_these_assume():
    assert at(sympy.Symbol("n") + sympy.Symbol("m", positive=True), n=12, m=1) == 13
    assert (symbols("n") + 1).subs({"n": 12}) != 13, "what at() is for"


def test_a_string_is_the_name_of_a_symbol():
    conv = plain(c_in="c1", c_out="c1")
    assert conv.cost.params == c1**2
    assert at(conv.cost.params, c1="c2") == c2**2


def test_input_extents_follow_the_output_unless_given():
    assert plain(h=7, w="s").cost.reads == symbols("c_in") * 7 * symbols("s")
    assert plain(h_in=14).cost.reads == symbols("c_in") * 14 * w


@pytest.mark.parametrize(
    ("what", "values", "message"),
    [
        (plain(), {"c_im": 1}, "expected one of c_in, c_out, h, w, found c_im; did you mean c_in?"),
        (plain().cost, {"q": 1}, "expected one of c_in, c_out, h, w, found q"),
        (c1, {"c1": np.arange(3)}, "expected a number or an expression for c1, found an array"),
        (5, {"c1": 1}, "expected no name, found c1"),
    ],
)
def test_a_value_that_has_no_place_is_said_in_one_line(what, values, message):
    with pytest.raises(TypeError) as caught:
        at(what, **values)
    assert str(caught.value).startswith(message) and "\n" not in str(caught.value)


# -- bounds ----------------------------------------------------------------------------------


def test_shufflenet_v2_equation_1_follows_from_the_shipped_formula():
    derived = bound(Conv, c_in="c1", c_out="c2")
    assert derived.madds == h * w * c1 * c2
    assert same(derived.access, h * w * c1 + B / c1 + B / (h * w))
    assert same(derived.slope, h * w - B / c1**2)
    assert derived.curvature.is_positive
    assert same(derived.least_at, sympy.sqrt(B / (h * w)))
    assert same(derived.bound, 2 * sympy.sqrt(h * w * B) + B / (h * w))
    assert derived.condition == sympy.Eq(c1, c2)


def test_shufflenet_v2_equation_2_follows_from_the_shipped_formula():
    derived = bound(Conv, over="groups", groups="g", c_in="c1", c_out="c2")
    assert derived.madds == h * w * c1 * c2 / g
    assert same(derived.access, h * w * c1 + B * g / c1 + B / (h * w))
    assert derived.slope == B / c1 and derived.slope.is_positive
    assert derived.condition == sympy.Eq(g, 1)


def test_shufflenet_v2_table_2_by_equation_2():
    access = bound(Conv, over="groups", groups="g").access
    rows = [(1, 128, 819200), (2, 180, 1145160), (4, 256, 1622016), (8, 360, 2274120)]
    for groups, c, moved in rows:  # hw*2c + c*c/g
        assert moved == 56 * 56 * 2 * c + c * c // groups
        madds = 56 * 56 * c * c // groups
        assert at(access, B=madds, g=groups, c_in=c, h=56, w=56) == moved


@pytest.mark.parametrize("cls", [Conv, ConvTranspose])
@pytest.mark.parametrize("form", ["1x1", "strided", "kxk", "grouped", "all of it"])
def test_the_derived_bound_is_the_one_that_the_rules_use(cls, form):
    given = {
        "1x1": {},
        "strided": {"h_in": "h_in", "w_in": "w_in"},
        "kxk": {"k_h": "k_h", "k_w": "k_w"},
        "grouped": {"groups": "groups"},
        "all of it": {
            name: name for name in ("n", "d", "d_in", "h_in", "w_in", "k_d", "k_h", "k_w", "groups")
        },
    }[form]
    derived, conv = bound(cls, **given), plain(cls, **given)
    sizes = {"n": 3, "c_in": 12, "c_out": 40, "d": 2, "h": 7, "w": 9, "groups": 4}
    sizes |= {"d_in": 5, "h_in": 14, "w_in": 27, "k_d": 2, "k_h": 3, "k_w": 5}
    used = {s.name for dim in conv.dims.values() for s in sympy.S(dim).free_symbols}
    layer = at(conv, **{name: sizes[name] for name in used})
    known = {s.name: sizes[s.name] for s in derived.bound.free_symbols - {B}}
    least = at(derived.bound, B=layer.cost.madds, **known)
    assert float(least) == pytest.approx(balanced(layer, groups=layer.groups), rel=1e-12)
    assert float(least) < layer.cost.memory_access


@pytest.mark.parametrize(
    ("given", "condition"),
    [
        ({}, "c_in = c_out"),
        ({"h_in": "h_in", "w_in": "w_in"}, "c_in*h_in*w_in = c_out*h*w"),
        ({"k_h": "k", "k_w": "k", "groups": "g"}, "c_in = c_out"),
    ],
)
def test_the_bound_is_reached_where_the_condition_holds_and_only_there(given, condition):
    derived, conv = bound(Conv, **given), plain(Conv, **given)
    assert text(derived.condition) == condition
    (c_out,) = sympy.solve(derived.condition, conv.c_out)
    above = conv.cost.memory_access - derived.bound.subs(B, derived.madds)
    assert same(above.subs(conv.c_out, c_out), 0)
    root_in = sympy.sqrt(conv.c_in * conv.h_in * conv.w_in)
    root_out = sympy.sqrt(conv.c_out * conv.h * conv.w)
    assert same(above, (root_in - root_out) ** 2)  # positive everywhere else


EQUATION_1 = compiled(bound(Conv).bound, "B", "h", "w")


@given(
    widths=st.tuples(st.integers(1, 4096), st.integers(1, 4096)),
    extent=st.integers(1, 512),
)
def test_no_convolution_moves_less_than_the_bound(widths, extent):
    conv = Conv(
        c_in=widths[0], c_out=widths[1], h_in=extent, w_in=extent, h=extent, w=extent
    )  # fmt: skip
    least = 2 * sqrt(extent**2 * conv.cost.madds) + conv.cost.madds / extent**2
    derived = EQUATION_1(conv.cost.madds, extent, extent)
    assert derived == pytest.approx(least, rel=1e-12)
    assert conv.cost.memory_access >= derived * (1 - 1e-12)


def test_the_line_often_written_has_another_bound():
    wrong = least(h * w * (c1 + c2 + c1 * c2), h * w * c1 * c2, c1, c2)
    assert same(wrong.bound, 2 * sympy.sqrt(h * w * B) + B)
    assert not same(wrong.bound, bound(Conv).bound)


def test_without_a_minimum_nothing_is_claimed():
    with pytest.raises(ValueError, match="expected a memory access with one minimum in c1"):
        least(h * c2, h * c1 * c2, c1, c2)  # h*c2 = B/c1 falls for ever
    with pytest.raises(ValueError, match="expected a memory access with one minimum in c1"):
        least(-h * c1 - c2, h * c1 * c2, c1, c2)  # level where it is most
    with pytest.raises(ValueError, match="expected two symbols to vary, found 64 and c_out"):
        bound(Conv, c_in=64)


# -- units -----------------------------------------------------------------------------------


def test_shufflenet_v1_section_3_2_resnet_unit():
    c, m = symbols("c m")
    assert same(units.resnet(c, m, h, w).cost.madds, h * w * (2 * c * m + 9 * m**2))


def test_shufflenet_v1_section_3_2_resnext_unit():
    c, p = symbols("c p")
    m = g * p
    madds = units.resnext(c, m, h, w, g).cost.madds
    assert same(madds, h * w * (2 * c * m + 9 * m**2 / g))


def test_shufflenet_v1_section_3_2_shufflenet_unit():
    p, q = symbols("p q")
    c, m = g * q, g * p
    madds = units.shufflenet(c, m, h, w, g).cost.madds
    assert same(madds, h * w * (2 * c * m / g + 9 * m))


def test_shufflenet_v1_section_3_1_share_of_pointwise_convolutions_in_resnext():
    graph = units.resnext(256, 128, 56, 56, 32)
    pointwise = [n.cost.madds for n in graph.layers if n.op_type == "Conv" and n.operator.k_h == 1]
    assert len(pointwise) == 2
    # 2*256*128 / (2*256*128 + 9*128*128/32) = 65536/70144
    assert f"{sum(pointwise) / graph.cost.madds:.1%}" == "93.4%"


def test_a_unit_of_numbers_costs_what_its_symbols_say():
    c, p, q = symbols("c p q")
    shuffle = at(units.shufflenet(g * q, g * p, h, w, g).cost, g=3, q=80, p=20, h=28, w=14)
    assert shuffle == units.shufflenet(240, 60, 28, 14, 3).cost
    residual = at(units.resnet(c, p, h, w).cost, c=256, p=64, h=56, w=56)
    assert residual == units.resnet(256, 64, 56, 56).cost
    # weights 2*256*64 + 9*64*64 and normalisations 4*(64 + 64 + 256) // 2 learned
    assert residual.params == 69632 + 768


def test_mobilenet_v1_section_3_1_ratio_of_a_separable_convolution():
    n, k = symbols("N D_K")
    names = {"c_in": "M", "h": "D_F", "w": "D_F"}
    window = {"k_h": "D_K", "k_w": "D_K"}
    dense = plain(Conv, **names, **window, c_out="N").cost
    separable = plain(Conv, **names, **window, c_out="M", groups="M").cost
    separable += plain(Conv, **names, c_out="N").cost
    for figure in ("madds", "params"):
        assert same(getattr(separable, figure) / getattr(dense, figure), 1 / n + 1 / k**2)
    layer = at(separable, M=512, N=512, D_K=3, D_F=14)  # table 3: 52.3 M and 0.27 M
    assert (layer.madds, layer.params) == (196 * 512 * (9 + 512), 512 * (9 + 512))


# -- sweeps ----------------------------------------------------------------------------------


def small(c: object, s: object) -> Graph:
    """Two strides, a grouped convolution, a classifier."""
    net = Network()
    x = net.conv_bn_relu(net.input(3, s, s), 4 * c, k=3, stride=2)
    x = net.pool(net.conv_bn_relu(x, 8 * c, groups=c))
    return net.graph(net.fully_connected(net.flatten(net.global_average_pool(x)), 10))


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_a_compiled_cost_is_the_cost(cls):
    values = sizes(cls)
    names = tuple(values)
    cost = compiled(symbolic(cls), *names)(**{n: np.full(3, v) for n, v in values.items()})
    for name, value in cls(**values).cost.to_dict().items():
        assert np.all(getattr(cost, name) == value), name


def test_a_compiled_network_is_the_network_built_for_each_candidate():
    study = compiled(small(*symbols("c s")), "c", "s")
    c, s = np.meshgrid([1, 2, 5, 16], range(7, 41))
    cost = study(c, s)
    for i in np.ndindex(c.shape):
        one = small(int(c[i]), int(s[i])).cost
        assert {n: v if isinstance(v, int) else v[i] for n, v in cost.to_dict().items()} == (
            one.to_dict()
        )


@pytest.mark.parametrize("divisor", [2, 3, 7, 10, 49])
def test_compiled_floors_and_ceilings_do_not_miss_by_a_hair(divisor):
    extent = symbols("s")
    expression = sympy.floor((extent - 1) / divisor) + sympy.ceiling((extent + 2) / divisor)
    nested = sympy.floor((sympy.floor((extent - 1) / divisor) + 2) / divisor)
    values = range(1, 2000)
    assert list(compiled(expression)(np.array(values))) == [
        (s - 1) // divisor + -(-(s + 2) // divisor) for s in values
    ]
    assert list(compiled(nested)(np.array(values))) == [
        ((s - 1) // divisor + 2) // divisor for s in values
    ]


def test_a_naive_compilation_misses_by_a_hair():
    extent = symbols("s")
    naive = sympy.lambdify([extent], sympy.floor((extent - 1) / 49), "numpy")
    assert any(naive(np.float64(s)) != (s - 1) // 49 for s in range(1, 2000))


def test_small_integers_do_not_wrap():
    c = np.array([50_000], dtype=np.int32)
    assert compiled(c1**2 * c2)(c, c) == [1.25e14]
    assert (c * c)[0] < 0, "what they do in numpy"


@pytest.mark.parametrize(
    "shapes",
    [
        ((7,), (7,)),
        ((5, 4), (4,)),
        ((1, 9), (9,)),
        ((6, 1), (1, 3)),
        ((2, 3, 4), (1, 1, 4)),
        ((11,), ()),
        ((0,), (0,)),
        ((2, 0), (1,)),
    ],
)
def test_blocks_cover_whatever_is_broadcast(shapes, monkeypatch):
    monkeypatch.setattr(sweep, "BLOCK", 4)
    a, b = (np.arange(np.prod(shape), dtype=float).reshape(shape) for shape in shapes)
    np.testing.assert_array_equal(compiled(c1 * c2 + c1)(a, b), a * b + a)


def test_a_compiled_function_takes_numbers_and_names():
    madds = compiled(plain(h=7, w=7).cost.madds, "c_out", "c_in")
    assert madds(3, 5) == madds(c_in=5, c_out=3) == 735.0
    assert isinstance(madds(3, 5), float)
    assert compiled(plain(h=7, w=7).cost.params, "h", "c_in", "c_out")(1, 5, 3) == 15.0
    assert compiled(Cost(madds=5))() == Cost(madds=5)
    with pytest.raises(TypeError, match="expected names for c1, c2, found no c2"):
        compiled(c1 * c2, "c1")
    with pytest.raises(TypeError, match="missing a required argument: 'c1'"):
        compiled(c1)()


# -- notation --------------------------------------------------------------------------------


def rows(formula: str) -> list[str]:
    """The lines of an ``aligned`` environment, which matplotlib's mathtext does not know."""
    body = formula.strip("$").removeprefix(r"\begin{aligned}").removesuffix(r"\end{aligned}")
    return [row.replace("&", "").strip() for row in body.split(r"\\" + "\n")]


def typeset(formula: str) -> None:
    """Raises ValueError where it is not well formed."""
    for row in rows(formula):
        typeset_row(row)


@cache
def typeset_row(row: str) -> None:
    MathTextParser("path").parse(f"${row}$")


def test_typesetting_tells_good_from_bad():
    typeset(r"\frac{a}{b}")
    with pytest.raises(ValueError):
        typeset(r"\frac{a}{b")


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_formula_can_be_typeset(cls):
    operator = cls(**sizes(cls))
    shown, formula = operator._repr_latex_(), formulas(cls)
    if not formula:
        assert shown is None and operator.cost == Cost()
        return
    typeset(formula)
    assert rows(shown)[-1].endswith(f"= {operator.cost.memory_access:,}".replace(",", "{,}"))


@pytest.mark.parametrize("derived", [bound(Conv, groups="g", k_h="k_h"), bound(over="groups")])
def test_a_derivation_can_be_typeset(derived):
    typeset(derived._repr_latex_())
    assert len(rows(derived._repr_latex_())) == len(str(derived).splitlines()) >= 7


def test_a_name_from_a_file_cannot_write_latex():
    hostile = sympy.Symbol(r"a}\href{x}{$y")
    assert latex(2 * hostile) == r"2 \cdot \mathrm{a\ href\ x\ y}"
    typeset(latex(2 * hostile))


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_field_of_every_operator_has_a_meaning_and_a_unit(cls):
    said = [name for meaning in meanings(cls) for name in meaning.fields]
    assert sorted(said) == sorted(cls.defaults)
    assert all(meaning.text and meaning.unit for meaning in meanings(cls))


def test_units_are_read_off_the_words():
    found = {name: m.unit for m in meanings(Conv) for name in m.fields}
    assert found["h_in"] == "elements" and found["bias"] == "0 or 1" and found["c_in"] == "number"
    found = {name: m.unit for m in meanings(Elementwise) for name in m.fields}
    assert found["operations"] == "operations" and found["learned"] == "elements"


# -- notebooks -------------------------------------------------------------------------------

HOSTILE = '<script>alert("&")</script>\x00\x1b[31m' + "x" * 3000


def network(name: str = "net") -> Graph:
    net = Network()
    with net.scope(name):
        x = net.conv(net.input(3, 8, 8), 16)
        x = net.add_operator("Mystery", [x], [x.shape])[0]
    return net.graph(x)


def cells(html: str) -> list[list[str]]:
    """The text of a table's rows; raises where it is no well-formed XML."""
    tree = ElementTree.fromstring(html)
    return [["".join(cell.itertext()) for cell in row] for row in tree.iter("tr")]


def test_a_cost_is_a_table_of_its_figures():
    cost = Conv(c_in=58, c_out=116, h_in=28, w_in=28, h=28, w=28).cost
    table = cells(cost._repr_html_())
    assert ["madds", "multiply-adds", "5,274,752"] in table  # 28*28*58*116
    assert ["memory access", "elements", "143,144"] in table  # 784*(58 + 116) + 58*116
    assert len(table) == 1 + 9


def test_a_cost_of_symbols_is_latex_instead():
    cost = plain().cost
    assert cost._repr_html_() is None
    assert cost._repr_latex_().count("&=") == 3


def test_an_operator_shows_its_formula_and_its_value():
    shown = rows(Conv(c_in=58, c_out=116, h_in=28, w_in=28, h=28, w=28)._repr_latex_())
    typeset(" ".join(shown))
    assert shown[1] == (
        r"\mathrm{madds} = c_{\mathrm{in}} \, c_{\mathrm{out}} \, h \, w = 5{,}274{,}752"
    )
    swept = Gemm(n=1, c_in=np.array([1, 2]), c_out=4)._repr_latex_()
    assert r"c_{\mathrm{in}}" in swept and "[" not in swept
    assert View()._repr_latex_() is None


def test_a_graph_is_a_table_of_its_dearest_layers():
    table = cells(network()._repr_html_())
    assert table[0] == ["layer", "operator", "params", "madds", "memory access"]
    assert table[1] == ["net/Conv_1", "Conv", "48", "3,072", "1,264"]  # 64*(3 + 16) + 48
    assert table[2] == ["net/Mystery_1", "Mystery", "0", "unknown", ""]
    assert "madds ≥ 3,072" in network()._repr_html_()


def test_a_graph_of_symbols_is_a_table_of_expressions():
    table = cells(units.resnet(*symbols("c m h w"))._repr_html_())
    assert ["Conv_1", "Conv", "c*m", "c*h*m*w", "c*h*w + c*m + h*m*w"] in table


def test_names_are_escaped_and_cut():
    html = network(HOSTILE)._repr_html_()
    cells(html)
    assert "<script" not in html and "\x00" not in html and "\x1b" not in html
    assert len(html) < 4000


def test_a_graph_is_one_short_line_of_text():
    assert repr(network()) == "<Graph: 2 nodes (1 unknown), params 48, madds 3,072>"
    many = Network()
    x = many.input(*symbols("c h w"))
    for i in range(50):
        x = many.conv(x, symbols(f"c{i}"))
    assert len(repr(many.graph(x))) < 200
    assert repr(Graph()) == "<Graph: 0 nodes, params 0, madds 0>"
    bare = Graph()
    bare.add_node("not a Node")
    assert repr(bare) == "<Graph: 1 nodes, params 0, madds 0>"


def test_tables_need_no_algebra():
    code = """if 1:
        import sys
        from costmodel.frontends.code import Network
        net = Network()
        graph = net.graph(net.relu(net.input(3, 8, 8)))
        graph._repr_html_(), repr(graph), graph.cost._repr_html_()
        print(*sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"sympy", "matplotlib", "torch"} & set(done.stdout.split())
