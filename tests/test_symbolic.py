"""Whole networks in symbols: every formula against ordinary readings, at sizes of every kind."""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections.abc import Mapping
from math import ceil, floor
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import sympy
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from costmodel import Graph, ModelError, networks, read
from costmodel.algebra import symbols
from costmodel.algebra.closed import closed_forms
from costmodel.algebra.extents import At, canonical, never_negative, readable
from costmodel.algebra.writing import PLAIN, written
from costmodel.frontends.onnx.symbolic import shapes as symbolic_shapes
from costmodel.frontends.onnx.write import write
from guidelines import cli

ROOT = Path(__file__).parent.parent
MODELS = ROOT / "examples" / "models"
TORCHSCRIPT = ROOT / "tests" / "data" / "shufflenet_v2.torchscript.onnx.gz"
F, I64 = TensorProto.FLOAT, TensorProto.INT64
N, H, W = symbols("N H W")

SIZES = [(1, 224, 224), (1, 160, 160), (1, 331, 331), (8, 299, 225), (2, 97, 131)]
"""Of the issue, then such as are odd, or not square."""

node = helper.make_node


def value(name: str, *shape: int | str | None, dtype: int = F) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, dtype, list(shape))


def weight(name: str, *shape: int) -> TensorProto:
    return TensorProto(name=name, data_type=F, dims=shape)


def held(name: str, *numbers: float) -> TensorProto:
    dtype = np.float32 if any(isinstance(n, float) for n in numbers) else np.int64
    return numpy_helper.from_array(np.array(numbers, dtype), name)


def model(
    nodes: list[onnx.NodeProto],
    *tensors: TensorProto,
    x: onnx.ValueInfoProto | None = None,
    more: tuple[onnx.ValueInfoProto, ...] = (),
    outputs: tuple[str, ...] = ("y",),
    opset: int = 17,
    functions: tuple[onnx.FunctionProto, ...] = (),
) -> onnx.ModelProto:
    """A model of one image and perhaps more inputs."""
    image = value("x", 1, 3, 224, 224) if x is None else x
    graph = helper.make_graph(
        nodes, "g", [image, *more], [onnx.ValueInfoProto(name=o) for o in outputs], list(tensors)
    )
    imports = [helper.make_opsetid(d, v) for d, v in (("", opset), ("local", 1), ("nobody", 1))]
    return helper.make_model(graph, opset_imports=imports, functions=functions)


def figures(graph: Graph) -> dict[str, Any]:
    cost = graph.cost
    return {
        **cost.to_dict(), "flops": cost.flops, "memory_access": cost.memory_access,
        "memory_access_bytes": graph.memory_access_bytes,
    }  # fmt: skip


def agrees(
    source: onnx.ModelProto | str, sizes: Mapping[str, int], graph: Graph | None = None
) -> None:
    """The formulas, at these sizes, are what reading the model at them gives."""
    graph = read(source, symbolic=True) if graph is None else graph
    assert graph.unknown == ()
    forms, at = closed_forms(graph), At(sizes)
    shapes = {name: tuple(map(at, shape)) for name, shape in graph.inputs.items()}
    assert {name: at(form) for name, form in forms.exact.items()} == figures(
        read(source, shapes=shapes)
    )
    near = {name: -(-size // k) * k for name, size in sizes.items()
            for k in [forms.multiples.get(name, 1)]}  # fmt: skip
    at = At(near)
    assert {k: at(form) for k, form in forms.exact.items()} == {
        k: at(form) for k, form in forms.divisible.items()
    }


def everywhere(source: onnx.ModelProto | str) -> Graph:
    graph = read(source, symbolic=True)
    for n, h, w in SIZES:
        agrees(source, {"N": n, "H": h, "W": w}, graph)
    return graph


# -- by hand --------------------------------------------------------------------------------


def two_convolutions() -> onnx.ModelProto:
    """3→8 and 8→16, both 3×3 with stride 2 and padding 1."""
    how = {"strides": [2, 2], "pads": [1, 1, 1, 1]}
    nodes = [node("Conv", ["x", "v"], ["c"], **how), node("Conv", ["c", "w"], ["y"], **how)]
    return model(nodes, weight("v", 8, 3, 3, 3), weight("w", 16, 8, 3, 3))


def test_two_layers_by_hand() -> None:
    """The outputs are ⌈H/2⌉ and ⌈⌈H/2⌉/2⌉ = ⌈H/4⌉ high; 3·8·9 = 216 and 8·16·9 = 1152 weights."""
    graph = read(two_convolutions(), symbolic=True)
    half = sympy.ceiling(H / 2) * sympy.ceiling(W / 2)
    quarter = sympy.ceiling(H / 4) * sympy.ceiling(W / 4)
    assert [graph.tensors[t].shape for t in ("x", "c", "y")] == [
        (N, 3, H, W), (N, 8, sympy.ceiling(H / 2), sympy.ceiling(W / 2)),
        (N, 16, sympy.ceiling(H / 4), sympy.ceiling(W / 4)),
    ]  # fmt: skip
    forms = closed_forms(graph)
    assert forms.exact["params"] == 216 + 1152
    assert forms.exact["madds"] == N * (216 * half + 1152 * quarter)
    # read 3HW and 8 quarters, write those and 16 sixteenths, and all weights
    assert forms.exact["memory_access"] == N * (3 * H * W + 16 * half + 16 * quarter) + 1368
    # 216/4 + 1152/16 = 126;  3 + 16/4 + 16/16 = 8
    assert forms.multiples == {"H": 4, "W": 4}
    assert forms.divisible["madds"] == 126 * N * H * W
    assert forms.divisible["memory_access"] == 8 * N * H * W + 1368
    assert forms.divisible["memory_access_bytes"] == 32 * N * H * W + 4 * 1368


# -- networks -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mobilenet_v2", "shufflenet_v2", "googlenet"])
def test_shipped_models(name: str) -> None:
    graph = everywhere(str(MODELS / f"{name}.onnx"))
    assert closed_forms(graph).multiples == {"H": 32, "W": 32}


def test_mobilenet_v2_is_the_papers_300_million() -> None:
    madds = closed_forms(read(MODELS / "mobilenet_v2.onnx", symbolic=True)).divisible["madds"]
    assert madds == N * (sympy.Rational(47751, 8) * H * W + 1_280_000)
    assert At({"N": 1, "H": 224, "W": 224})(madds) == 300_774_272  # 5968.875*50176 + 1.28e6


@pytest.mark.parametrize(
    "build",
    [networks.resnet_18, networks.densenet_121, networks.inception_v3, networks.nasnet_a,
     networks.shufflenet_v1, networks.squeezenet, networks.mobilenet_v3_small],
    ids=lambda build: build.__name__,
)  # fmt: skip
def test_networks_of_the_literature(build: Any) -> None:
    source = write(build())
    graph = read(source, symbolic=True)
    for n, h, w in SIZES[2:4]:
        agrees(source, {"N": n, "H": h, "W": w}, graph)


def test_a_fixed_classifier_leaves_the_batch() -> None:
    """VGG's first dense layer has 25,088 = 512·7·7 inputs, so the image is of one size."""
    source = write(networks.vgg_11())
    with pytest.raises(ModelError, match=r"fixed sizes: .*Gemm_1.* with --dim H=224 --dim W=224$"):
        read(source, symbolic=True)
    graph = read(source, dims={"H": 224, "W": 224}, symbolic=True)
    assert graph.inputs == {"input": (N, 3, 224, 224)}
    assert graph.cost.madds == 7_609_090_048 * N


# -- windows, resampling, pieces ------------------------------------------------------------

KERNEL = weight("w", 4, 3, 3, 3)
CONVS = {
    "stride 3": {"strides": [3, 3], "pads": [1, 1, 1, 1]},
    "dilation 2": {"dilations": [2, 2], "strides": [2, 2]},
    "uneven padding": {"pads": [0, 1, 2, 0], "strides": [2, 1]},
    "same, upper": {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
    "same, lower": {"auto_pad": "SAME_LOWER", "strides": [3, 3]},
    "valid": {"auto_pad": "VALID", "strides": [2, 2]},
}


@pytest.mark.parametrize("how", CONVS.values(), ids=CONVS)
def test_convolutions(how: dict[str, Any]) -> None:
    everywhere(model([node("Conv", ["x", "w"], ["y"], **how)], KERNEL))


POOLS = {
    "rounded up": {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1},
    "rounded up, in the padding": {
        "kernel_shape": [2, 2], "strides": [3, 3], "pads": [1, 1, 1, 1], "ceil_mode": 1,
    },
    "rounded down": {"kernel_shape": [3, 2], "strides": [2, 3], "pads": [1, 0, 1, 0]},
    "same": {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"},
}  # fmt: skip


@pytest.mark.parametrize("op_type", ["MaxPool", "AveragePool", "LpPool"])
@pytest.mark.parametrize("how", POOLS.values(), ids=POOLS)
def test_pools(op_type: str, how: dict[str, Any]) -> None:
    everywhere(model([node(op_type, ["x"], ["y"], **how)], opset=22))


def test_a_window_that_would_start_in_the_padding_is_left_out() -> None:
    """ceil((H + 2 - 2)/3) + 1 places, the last one only if 3 steps on it starts before H + 1."""
    graph = read(
        model([node("MaxPool", ["x"], ["y"], **POOLS["rounded up, in the padding"])], opset=22),
        symbolic=True,
    )
    assert graph.tensors["y"].shape[2] == sympy.floor((H + 3) / sympy.Integer(3))  # type: ignore[index]


def shape_of(name: str, axis: int, to: str) -> list[onnx.NodeProto]:
    """One size of a value, as exporters ask for it."""
    return [
        node("Shape", [name], [f"{to}.shape"]),
        node("Gather", [f"{to}.shape", f"at{axis}"], [f"{to}.size"]),
        node("Unsqueeze", [f"{to}.size", "zero"], [to]),
    ]


AXES = tuple(numpy_helper.from_array(np.array(i, np.int64), f"at{i}") for i in range(4))
TWO = node("Constant", [], ["two"], value_ints=[2])

PIECES: dict[str, tuple[list[onnx.NodeProto], tuple[TensorProto, ...]]] = {
    "a shuffle, all sizes asked for": (
        [*(n for i in (0, 1, 2, 3) for n in shape_of("c", i, f"s{i}")),
         node("Div", ["s1", "two"], ["half"]),
         node("Concat", ["s0", "two", "half", "s2", "s3"], ["apart"], axis=0),
         node("Reshape", ["c", "apart"], ["r"]),
         node("Transpose", ["r"], ["t"], perm=[0, 2, 1, 3, 4]),
         node("Concat", ["s0", "s1", "s2", "s3"], ["together"], axis=0),
         node("Reshape", ["t", "together"], ["y"])],
        (held("two", 2),),
    ),
    "a shuffle that leaves sizes to the runtime": (
        [node("Reshape", ["c", "apart"], ["r"]),
         node("Transpose", ["r"], ["t"], perm=[0, 2, 1, 3]),
         node("Shape", ["c"], ["s"]), node("Reshape", ["t", "s"], ["y"])],
        (held("apart", 0, 2, 2, -1),),
    ),
    "twice the size": (
        [node("Resize", ["c", "", "twice"], ["y"], mode="nearest")],
        (held("twice", 1.0, 1.0, 2.0, 1.5),),
    ),
    "to the size of another": (
        [node("MaxPool", ["c"], ["p"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
         node("Shape", ["c"], ["s"]),
         node("Resize", ["p", "", "", "s"], ["u"], mode="linear"), node("Add", ["u", "c"], ["y"])],
        (),
    ),
    "slices": (
        [node("Slice", ["c", "from", "to", "over", "by"], ["y"])],
        (held("from", 1, -9), held("to", -1, 2**63 - 1), held("over", 2, 3), held("by", 2, 1)),
    ),
    "padding to a multiple of 7": (
        [*(n for i in (2, 3) for n in shape_of("c", i, f"s{i}")),
         *(n for i in (2, 3) for n in (
             node("Mod", [f"s{i}", "seven"], [f"m{i}"]), node("Sub", ["seven", f"m{i}"], [f"d{i}"]),
             node("Mod", [f"d{i}", "seven"], [f"p{i}"]))),
         node("Concat", ["none", "p2", "p3"], ["pads"], axis=0),
         node("Pad", ["c", "pads"], ["y"])],
        (held("seven", 7), held("none", 0, 0, 0, 0, 0, 0)),
    ),
    "halves": (
        [node("Split", ["c"], ["a", "b"], axis=1), node("Concat", ["b", "a"], ["y"], axis=1)],
        (),
    ),
    "squeeze and excite": (
        [node("GlobalAveragePool", ["c"], ["g"]), node("Conv", ["g", "one"], ["e"]),
         node("HardSigmoid", ["e"], ["s"]), node("Mul", ["c", "s"], ["y"])],
        (weight("one", 4, 4, 1, 1),),
    ),
    "normalised": ([node("LRN", ["c"], ["y"], size=3)], ()),
    "pooled by a mean": (
        [node("ReduceMean", ["c"], ["m"], axes=[2, 3], keepdims=0),
         node("Gemm", ["m", "f"], ["y"])],
        (weight("f", 4, 10),),
    ),
    "upsampled by a transposed convolution": (
        [node("ConvTranspose", ["c", "u"], ["y"], strides=[2, 2], output_padding=[1, 1])],
        (weight("u", 4, 2, 3, 3),),
    ),
    "attention over positions": (
        [node("Reshape", ["c", "flat"], ["r"]), node("Transpose", ["r"], ["k"], perm=[0, 2, 1]),
         node("MatMul", ["k", "r"], ["s"]), node("Softmax", ["s"], ["a"]),
         node("MatMul", ["a", "k"], ["y"])],
        (held("flat", 0, 4, -1),),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", PIECES)
def test_pieces_after_a_strided_convolution(kind: str) -> None:
    nodes, tensors = PIECES[kind]
    stem = node("Conv", ["x", "w"], ["c"], strides=[2, 2], pads=[1, 1, 1, 1])
    everywhere(model([stem, *nodes], KERNEL, held("zero", 0), *AXES, *tensors))


def test_old_operator_sets() -> None:
    """Attributes that became inputs, and operators that broadcast only where told to."""
    nodes = [
        node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
        node("Add", ["c", "b"], ["s"], broadcast=1, axis=1),
        node("Squeeze", ["s"], ["y"], axes=[1]),
    ]
    everywhere(model(nodes, weight("w", 1, 3, 3, 3), weight("b", 1), opset=6))
    twice = node("Upsample", ["x"], ["y"], scales=[1.0, 1.0, 2.0, 2.0])
    assert everywhere(model([twice], opset=7)).tensors["y"].shape == (N, 3, 2 * H, 2 * W)


def test_functions_and_bodies() -> None:
    """A function is inlined, a branch of known condition taken, a loop counted."""
    double = helper.make_function(
        "local", "Double", ["a"], ["b"], [node("Add", ["a", "a"], ["b"])],
        [helper.make_opsetid("", 17)],
    )  # fmt: skip
    then = helper.make_graph(
        [node("Relu", ["d"], ["t"])], "then", [], [onnx.ValueInfoProto(name="t")]
    )
    other = helper.make_graph(
        [node("Sigmoid", ["d"], ["e"])], "else", [], [onnx.ValueInfoProto(name="e")]
    )
    state = [value("i", dtype=I64), value("on", dtype=TensorProto.BOOL), value("s")]
    body = helper.make_graph(
        [node("Identity", ["on"], ["go"]), node("Conv", ["s", "w"], ["n"], pads=[1, 1, 1, 1])],
        "body", state, [onnx.ValueInfoProto(name=name) for name in ("go", "n")],
    )  # fmt: skip
    nodes = [
        node("Double", ["x"], ["d"], domain="local"),
        node("If", ["yes"], ["r"], then_branch=then, else_branch=other),
        node("Loop", ["times", "", "r"], ["y"], body=body),
    ]
    yes = numpy_helper.from_array(np.array(True), "yes")
    times = numpy_helper.from_array(np.array(5, np.int64), "times")
    graph = everywhere(model(nodes, weight("w", 3, 3, 3, 3), yes, times, functions=(double,)))
    assert graph.cost.madds == 5 * 81 * N * H * W
    assert [n.op_type for n in graph.layers][:2] == ["Add", "Relu"]


# -- names ----------------------------------------------------------------------------------


def conv_on(*shape: int | str | None) -> onnx.ModelProto:
    return model([node("Conv", ["x", "w"], ["y"])], KERNEL, x=value("x", *shape))


def inputs(source: onnx.ModelProto, **how: Any) -> list[str]:
    return [str(d) for shape in read(source, symbolic=True, **how).inputs.values() for d in shape]


def test_a_name_that_the_file_has_is_kept() -> None:
    assert inputs(conv_on("batch", 3, "height", "width")) == ["batch", "3", "height", "width"]
    assert inputs(conv_on("batch", 3, 64, 64)) == ["batch", "3", "H", "W"]
    assert inputs(conv_on("batch", 3, "2*s", "s + 4")) == ["batch", "3", "2*s", "s + 4"]


def test_what_no_formula_can_call_by_its_name_is_n_h_and_w() -> None:
    free = conv_on("p2o.Dim.0", 3, "p2o.Dim.1", None)
    assert inputs(free) == ["N", "3", "H", "W"]
    assert inputs(free, dims={"p2o.Dim.1": 48}) == ["N", "3", "48", "W"]
    assert inputs(free, dims={"W": 48}) == ["N", "3", "H", "48"]


def test_a_size_that_is_fixed_beside_free_ones_stays() -> None:
    assert inputs(conv_on(None, 3, 48, "width")) == ["N", "3", "48", "width"]


def test_a_name_is_not_given_twice() -> None:
    assert inputs(conv_on("H", 3, 64, 64)) == ["H", "3", "H_", "W"]


def test_channels_may_be_last() -> None:
    nodes = [node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2]), node("Conv", ["t", "w"], ["y"])]
    assert inputs(model(nodes, KERNEL, x=value("x", 1, 64, 64, 3))) == ["N", "H", "W", "3"]


def test_other_inputs_stay_as_they_are() -> None:
    nodes = [node("Conv", ["x", "w"], ["c"]), node("Mul", ["c", "gate"], ["y"])]
    gate = value("gate", 1, 4, 1, 1)
    assert inputs(model(nodes, KERNEL, more=(gate,)))[4:] == ["N", "4", "1", "1"]
    nodes[1] = node("Mul", ["c", "scale"], ["y"])
    assert inputs(model(nodes, KERNEL, more=(value("scale", 1),)))[4:] == ["1"]


def test_sequences_keep_their_names() -> None:
    nodes = [node("MatMul", ["x", "w"], ["y"])]
    graph = read(
        model(nodes, weight("w", 16, 8), x=value("x", "batch", "length", 16)), symbolic=True
    )
    batch, length = symbols("batch length")
    assert graph.cost.madds == 128 * batch * length


def test_given_sizes_are_no_symbols() -> None:
    assert inputs(conv_on(1, 3, 64, 64), dims={"N": 1, "W": 64}) == ["1", "3", "H", "64"]
    whole = {"x": (2, 3, 32, 32)}
    with pytest.raises(ModelError, match="none to put a symbol for"):
        inputs(conv_on(1, 3, 64, 64), shapes=whole)
    with pytest.raises(ModelError, match=r"dimensions \('H', 'N', 'W'\), found 'height'"):
        inputs(conv_on(1, 3, 64, 64), dims={"height": 64})
    assert inputs(conv_on(1, 3, 64, 64), dims={"height": 64}, spare=True)[2] == "H"


# -- what cannot be said of all sizes -------------------------------------------------------


def test_sizes_that_are_fixed_inside_are_named_with_their_node() -> None:
    with pytest.raises(ModelError) as error:
        read(gzip.decompress(TORCHSCRIPT.read_bytes()), symbolic=True)
    assert str(error.value) == (
        "fixed sizes: at N=3, H=288, W=320, Reshape node '/stage2/stage2.0/Reshape': expected "
        "501120 elements as in [3, 116, 36, 40], found [1, 2, 58, 28, 28]; export with dynamic "
        "axes, or keep them fixed with --dim N=1 --dim H=224 --dim W=224"
    )


def test_a_model_without_sizes_to_free() -> None:
    with pytest.raises(ModelError, match="found none to put a symbol for"):
        read(model([node("Relu", ["x"], ["y"])], x=value("x", 1, 8)), symbolic=True)


def test_what_no_rule_tells_is_named_and_not_counted() -> None:
    nodes = [
        node("Conv", ["x", "w"], ["c"]), node("Nothing", ["c"], ["z"], "odd", domain="nobody"),
        node("Resize", ["c", "", "third"], ["r"], "by a third"), node("Relu", ["r"], ["y"], "last"),
    ]  # fmt: skip
    third = held("third", 1.0, 1.0, 0.33, 0.33)
    graph = read(model(nodes, KERNEL, third, outputs=("y", "z")), symbolic=True)
    assert {n.name for n in graph.unknown} == {"odd", "by a third", "last"}
    assert graph.cost.madds == 108 * N * (H - 2) * (W - 2)


def test_a_rank_that_depends_on_a_size_stays_open() -> None:
    """Without axes a Squeeze takes the batch too where it is 1."""
    nodes = [node("GlobalAveragePool", ["x"], ["g"]), node("Squeeze", ["g"], ["s"], "squeezed"),
             node("Relu", ["s"], ["y"], "last")]  # fmt: skip
    graph = read(model(nodes), symbolic=True)
    assert [n.name for n in graph.unknown] == ["last"]


def test_a_branch_that_the_sizes_decide_is_refused() -> None:
    branches = {
        f"{name}_branch": helper.make_graph(
            [node(op, ["x"], [name])], name, [], [onnx.ValueInfoProto(name=name)]
        )
        for name, op in (("then", "Relu"), ("else", "Sigmoid"))
    }
    nodes = [
        node("Shape", ["x"], ["s"], start=2, end=3), node("Greater", ["s", "limit"], ["large"]),
        node("If", ["large"], ["y"], "choice", **branches),
    ]  # fmt: skip
    with pytest.raises(ModelError, match="If node 'choice': the sizes decide which branch runs"):
        read(model(nodes, held("limit", 200)), symbolic=True)
    graph = read(model(nodes, held("limit", 0)), symbolic=True)  # H > 0 at all sizes
    assert [n.op_type for n in graph.layers if n.operator and n.op_type != "If"] == ["Relu"]


def test_a_rule_that_the_readings_contradict_is_not_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = model([node("Pad", ["x", "pads"], ["p"], "pad"), node("Relu", ["p"], ["y"], "last")],
                   held("pads", *[0] * 8))  # fmt: skip
    wrong = {"Pad": lambda x, *_: [("float32", (*x[0].shape[:2], 224, 224))]}
    monkeypatch.setattr(symbolic_shapes, "RULES", wrong)
    graph = read(source, symbolic=True)
    assert [(n.name, n.reason) for n in graph.unknown] == [
        ("pad", "in symbols its shape is [N, 3, 224, 224], at N=4, H=299, W=331 [4, 3, 299, 331]"),
        ("last", "a shape is only known as [...]"),
    ]


def test_a_formula_that_the_readings_contradict_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest = At.__call__
    monkeypatch.setattr(
        At, "__call__", lambda at, e: honest(at, e) + (at.sizes["H"] == 299 and e == 3 * N * H * W)
    )
    with pytest.raises(ModelError, match=r"Relu node 'last': expected ops of .* at N=4, H=299"):
        read(model([node("Relu", ["x"], ["y"], "last")]), symbolic=True)


def test_the_package_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*sys.modules]:
        if name.startswith("costmodel.frontends.onnx.symbolic"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnx_shape_inference", None)
    with pytest.raises(ModelError, match=r"onnx_shape_inference .*'guidelint\[symbolic\]'"):
        read(two_convolutions(), symbolic=True)


# -- the arithmetic -------------------------------------------------------------------------


@st.composite
def extents(draw: st.DrawFn) -> Any:
    """What strides, pads, windows and slices make of H and W."""
    extent = draw(st.sampled_from([H, W, H + W]))
    for _ in range(draw(st.integers(1, 4))):
        start, step = draw(st.integers(-6, 6)), draw(st.integers(1, 5))
        kind = draw(st.sampled_from(["floor", "ceiling", "mod", "less", "max"]))
        if kind == "floor":
            extent = (extent + start) // step
        elif kind == "ceiling":
            extent = sympy.ceiling((extent + start) / sympy.Integer(step))
        elif kind == "mod":
            extent = extent + (-extent) % (step + 1)
        elif kind == "less":
            extent = extent - extent // 2
        else:
            extent = sympy.Max(start, extent) if step > 2 else sympy.Min(20 + start, extent)
    return extent


EVEN = sympy.Min(20, H + (-H) % 2)
"""Of which sympy thinks that five sixths of it are whole once it knows that it is even."""


@settings(deadline=None)
@example(EVEN + (-EVEN) % 6, 1, 1)
@given(extents(), st.integers(1, 400), st.integers(1, 400))
def test_canonical_forms_keep_the_value(extent: Any, h: int, w: int) -> None:
    at = At({"H": h, "W": w})
    expected = at(sympy.sympify(extent))
    assert at(canonical(extent)) == expected
    assert at(readable(canonical(extent))) == expected
    names = {"floor": floor, "ceil": ceil, "H": h, "W": w}
    assert eval(written(canonical(extent), PLAIN), names) == expected  # noqa: S307


@settings(deadline=None)
@given(extents(), st.integers(1, 400), st.integers(1, 400))
def test_what_is_never_negative_is_not(extent: Any, h: int, w: int) -> None:
    if never_negative(extent):
        assert At({"H": h, "W": w})(sympy.sympify(extent)) >= 0


def test_five_strides_collapse() -> None:
    extent = H
    for _ in range(5):
        extent = (extent + 2 - 3) // 2 + 1
    assert readable(canonical(extent)) == sympy.ceiling(H / 32)


def test_hermites_identity() -> None:
    assert canonical(H - H // 2) == canonical(sympy.ceiling(H / 2))
    assert canonical(H // 4 - H // 8) == canonical((H + 4) // 8)


# -- the command ----------------------------------------------------------------------------


def run(*arguments: str) -> Any:
    return CliRunner().invoke(cli.guidelint, ["cost", *arguments, "--symbolic"])


@pytest.fixture
def two(tmp_path: Path) -> str:
    path = tmp_path / "two.onnx"
    path.write_bytes(two_convolutions().SerializeToString())
    return str(path)


def test_text(two: str) -> None:
    assert run(two, "-q").output.splitlines() == [
        "  params         1,368",
        "  madds          N·(216·⌈H/2⌉·⌈W/2⌉ + 1,152·⌈H/4⌉·⌈W/4⌉)",
        "  flops          N·(432·⌈H/2⌉·⌈W/2⌉ + 2,304·⌈H/4⌉·⌈W/4⌉)",
        "  memory access  N·(3·H·W + 16·⌈H/2⌉·⌈W/2⌉ + 16·⌈H/4⌉·⌈W/4⌉) + 1,368",
        "  … in bytes     N·(12·H·W + 64·⌈H/2⌉·⌈W/2⌉ + 64·⌈H/4⌉·⌈W/4⌉) + 5,472",
        "",
        "  where H and W are multiples of 4",
        "  params         1,368",
        "  madds          126·N·H·W",
        "  flops          252·N·H·W",
        "  memory access  8·N·H·W + 1,368",
        "  … in bytes     32·N·H·W + 5,472",
    ]
    assert "input    x N×3×H×W\n  2 of 2 nodes costed\n" in run(two).output
    assert "madds          126·H·W\n" in run(two, "--dim", "N=1").output


def test_latex(two: str) -> None:
    exact, divisible = run(two, "-o", "latex").output.split(r"\end{aligned}")[:2]
    assert (
        r"\mathrm{madds} &= N \bigl(216 \left\lceil \frac{H}{2} \right\rceil "
        r"\left\lceil \frac{W}{2} \right\rceil"
    ) in exact
    assert r"\mathrm{madds} &= 126 N H W \\" in divisible
    assert r"& \text{where } 4 \mid H,\ 4 \mid W" in divisible


def test_json_can_be_evaluated(two: str) -> None:
    [entry] = json.loads(run(two, "-o", "json").output)["models"]
    assert (entry["sizes"], entry["multiples"]) == (["N", "H", "W"], {"H": 4, "W": 4})
    assert entry["inputs"] == {"x": ["N", 3, "H", "W"]}
    names = {"ceil": ceil, "floor": floor, "N": 2, "H": 99, "W": 331}
    found = {k: v if isinstance(v, int) else eval(v, names) for k, v in entry["exact"].items()}  # noqa: S307
    assert found == figures(read(two, shapes={"x": (2, 3, 99, 331)}))
    assert entry["divisible"]["madds"] == "126*N*H*W"


def test_unknown_is_a_lower_bound(tmp_path: Path) -> None:
    path = tmp_path / "odd.onnx"
    nodes = [node("Conv", ["x", "w"], ["c"]), node("Nothing", ["c"], ["y"], domain="nobody")]
    path.write_bytes(model(nodes, KERNEL).SerializeToString())
    assert "1 of 2 nodes costed; unknown: nobody::Nothing" in run(str(path)).output
    assert "madds          ≥ 108·N·(H − 2)·(W − 2)" in run(str(path), "-q").output
    assert run(str(path), "--strict").exit_code == 1
    assert "% without the 1 nodes" in run(str(path), "-o", "latex").output


def test_what_goes_with_it(two: str) -> None:
    for option in (["--by", "op"], ["--sort", "madds"], ["--top", "3"]):
        result = run(two, *option)
        assert result.exit_code == 2
        assert f"{option[0]}: expected without --symbolic" in result.output
    assert "unknown format 'csv'" in run(two, "-o", "csv").output
    failed = run(str(TORCHSCRIPT.with_suffix(".missing")))
    assert failed.exit_code == 2


def test_the_documentation_shows_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "symbolic.md").read_text()
    [screen] = re.findall(r"```console\n\$ guidelint cost (\S+) --symbolic\n(.*?)```", page, re.S)
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "100")
    assert run(screen[0]).output == screen[1]
