"""Snapshots: a file without its weights that is valid, small, and reads to the same report."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hostile
import numpy as np
import onnx
import onnxruntime
import pytest
from click.testing import CliRunner, Result
from onnx import TensorProto, helper, numpy_helper

from costmodel import ModelError, networks, read
from costmodel.frontends.code import Network
from costmodel.frontends.onnx.snapshot import snapshot
from costmodel.frontends.onnx.write import write
from guidelines import cli, lint
from guidelines.report.architecture import lines

ROOT = Path(__file__).parent.parent
DATA = ROOT / "tests" / "data"
EXAMPLES = ROOT / "examples" / "models"
F, I8, I64 = TensorProto.FLOAT, TensorProto.INT8, TensorProto.INT64

node = helper.make_node


def value(name: str, *shape: int | str | None, dtype: int = F) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, dtype, list(shape))


def held(name: str, *shape: int, dtype: Any = np.float32) -> TensorProto:
    """Weights that are no zeros."""
    values = np.random.default_rng(0).integers(1, 100, shape).astype(dtype)
    return numpy_helper.from_array(values, name)


def ints(name: str, *values: int) -> TensorProto:
    return numpy_helper.from_array(np.array(values, np.int64), name)


def model(
    nodes: list[onnx.NodeProto], *constants: TensorProto | onnx.SparseTensorProto,
    opset: int = 17, ir: int = 8, inputs: tuple[onnx.ValueInfoProto, ...] = (), **more: Any,
) -> onnx.ModelProto:  # fmt: skip
    """From x, 1×3×8×8, to y; whatever the nodes make before it is in between."""
    graph = helper.make_graph(
        nodes, "g", [value("x", 1, 3, 8, 8), *inputs], [onnx.ValueInfoProto(name="y")],
        [each for each in constants if isinstance(each, TensorProto)],
        sparse_initializer=[e for e in constants if not isinstance(e, TensorProto)],
    )  # fmt: skip
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("local", 1)]
    made = helper.make_model(graph, opset_imports=imports, ir_version=ir, **more)
    made.graph.output[0].CopyFrom(value("y", *(read(made).tensors["y"].shape or ())))
    return made


def conv(w: str, x: str = "x", y: str = "y", **how: Any) -> onnx.NodeProto:
    return node("Conv", [x, w], [y], pads=[1, 1, 1, 1], **how)


def constant(name: str, tensor: TensorProto) -> onnx.NodeProto:
    return node("Constant", [], [name], f"/{name}/Constant", value=tensor)


def sparse(name: str) -> onnx.SparseTensorProto:
    """Two of the elements of a 3×3 kernel from 3 to 8 channels."""
    values = numpy_helper.from_array(np.ones(2, np.float32), name)
    return onnx.SparseTensorProto(values=values, indices=ints("", 0, 7), dims=[8, 3, 3, 3])


def plain() -> onnx.ModelProto:
    return model(
        [conv("w", y="a"), conv("w", y="b"), node("Add", ["a", "b"], ["c"]),
         node("BatchNormalization", ["c", "s", "s", "m", "m"], ["d"]),
         node("Clip", ["d", "low", "high"], ["e"]), node("Resize", ["e", "", "k"], ["y"])],
        held("w", 8, 3, 3, 3), held("s", 8), held("m", 8), held("low"), held("high"),
        numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "k"),
    )  # fmt: skip


def weights_among_inputs() -> onnx.ModelProto:
    given = (value("w", 8, 3, 3, 3), value("s", 4, dtype=I64))
    nodes = [conv("w", y="a"), node("Reshape", ["a", "s"], ["y"])]
    return model(nodes, held("w", 8, 3, 3, 3), ints("s", 1, 8, 8, 8), inputs=given, ir=3)


def old() -> onnx.ModelProto:
    nodes = [conv("w", y="a"), constant("v", held("", 8, 8, 3, 3)), conv("v", "a")]
    return model(nodes, held("w", 8, 3, 3, 3), opset=9)


def in_constants() -> onnx.ModelProto:
    nodes = [
        constant("w", held("", 8, 3, 3, 3)), conv("w", y="a"),
        node("Constant", [], ["f"], value_floats=[0.5] * 512), node("Constant", [], ["i"],
        value_ints=[1, 8, 8, 8]), node("Constant", [], ["one"], value_float=2.0),
        node("Mul", ["a", "one"], ["b"]), node("Reshape", ["f", "i"], ["g"]),
        node("Constant", [], ["v"], sparse_value=sparse("")), conv("v", y="h"),
        node("Sum", ["b", "g", "h"], ["y"]),
    ]  # fmt: skip
    return model(nodes)


def sparse_already() -> onnx.ModelProto:
    return model([conv("w")], sparse("w"))


def quantised() -> onnx.ModelProto:
    nodes = [
        node("DequantizeLinear", ["q", "scale", "zero"], ["w"], axis=0), conv("w", y="a"),
        node("QuantizeLinear", ["a", "one", "none"], ["b"]),
        node("QLinearConv", ["b", "one", "none", "p", "one", "nil", "one", "none"], ["c"]),
        node("DequantizeLinear", ["c", "one", "none"], ["y"]),
    ]  # fmt: skip
    return model(
        nodes, held("q", 8, 3, 3, 3, dtype=np.int8), held("scale", 8), held("zero", 8,
        dtype=np.int8), held("one"), held("none", dtype=np.uint8),
        held("nil", dtype=np.int8), held("p", 8, 8, 1, 1, dtype=np.int8),
    )  # fmt: skip


def half() -> onnx.ModelProto:
    nodes = [
        node("Cast", ["x"], ["a"], to=TensorProto.BFLOAT16), node("Flatten", ["a"], ["b"]),
        node("MatMul", ["b", "w"], ["c"]), node("Cast", ["c"], ["y"], to=F),
    ]  # fmt: skip
    weight = TensorProto(name="w", data_type=TensorProto.BFLOAT16, dims=[192, 8])
    weight.raw_data = bytes(192 * 8 * 2)
    return model(nodes, weight)


def branches() -> onnx.ModelProto:
    def body(name: str) -> onnx.GraphProto:
        nodes = [conv(f"{name}w", y=f"{name}y"), constant(f"{name}c", held("", 1, 8, 8, 8))]
        nodes += [node("Add", [f"{name}y", f"{name}c"], [f"{name}z"])]
        result = helper.make_tensor_value_info(f"{name}z", F, None)
        return helper.make_graph(nodes, name, [], [result], [held(f"{name}w", 8, 3, 3, 3)])

    nodes = [
        node("ReduceSum", ["x"], ["s"], keepdims=0), node("Cast", ["s"], ["c"], to=9),
        node("If", ["c"], ["y"], then_branch=body("t"), else_branch=body("e")),
    ]  # fmt: skip
    return model(nodes)


def loops() -> onnx.ModelProto:
    nodes = [conv("w", "in", "out"), node("Identity", ["go"], ["go_on"])]
    given = [value("i", dtype=I64), value("go", dtype=9), value("in", 1, 3, 8, 8)]
    results = [value("go_on", dtype=9), value("out", 1, 3, 8, 8)]
    body = helper.make_graph(nodes, "b", given, results, [held("w", 3, 3, 3, 3)])
    return model([node("Loop", ["n", "", "x"], ["y"], body=body)], ints("n", 5))


def functions() -> onnx.ModelProto:
    """One holds its weight, one is told it by an attribute."""
    opset = [helper.make_opsetid("", 17)]
    inside = [constant("w", held("", 8, 3, 3, 3)), conv("w")]
    told = node("Constant", [], ["w"])
    told.attribute.add(name="value", ref_attr_name="weight", type=onnx.AttributeProto.TENSOR)
    return model(
        [node("Holds", ["x"], ["a"], domain="local"),
         node("Told", ["a"], ["y"], domain="local", weight=held("", 4, 8, 3, 3))],
        functions=[
            helper.make_function("local", "Holds", ["x"], ["y"], inside, opset),
            helper.make_function("local", "Told", ["x"], ["y"], [told, conv("w")], opset,
                                 attributes=["weight"]),
        ],
    )  # fmt: skip


def external() -> onnx.ModelProto:
    """Whatever stands elsewhere is unknown, a single number too."""
    made = model(
        [conv("w", y="a"), node("Add", ["a", "one"], ["b"]), node("Flatten", ["b"], ["c"]),
         node("Gather", ["c", "which"], ["y"], axis=1)],
        *(TensorProto(name=name, dims=dims, data_type=kind, data_location=TensorProto.EXTERNAL)
          for name, dims, kind in (("w", [8, 3, 3, 3], F), ("one", [], F), ("which", [2], I64))),
    )  # fmt: skip
    for tensor in made.graph.initializer:
        tensor.external_data.add(key="location", value="weights.bin")
    return made


def list_too_long_to_read() -> onnx.ModelProto:
    nodes = [
        node("Constant", [], ["f"], value_floats=[0.5] * 20_000), node("Flatten", ["x"], ["a"]),
        node("Unsqueeze", ["f", "zero"], ["g"]), node("Concat", ["a", "g"], ["y"], axis=1),
    ]  # fmt: skip
    return model(nodes, ints("zero", 0))


def exported() -> onnx.ModelProto:
    """As the dynamo exporter writes: modules, lines of Python, what is learned."""
    made = model([conv("w", y="a"), node("Mul", ["a", "k"], ["y"])], held("w", 8, 3, 3, 3),
                 held("k", 8, 1, 1), functions=())  # fmt: skip
    first = made.graph.node[0]
    first.metadata_props.add(key="pkg.torch.onnx.name_scopes", value="['', 'stem', 'conv']")
    trace = 'File "/home/me/net.py", line 26, in forward\n    x = self.stem(x)'
    first.metadata_props.add(key="pkg.torch.onnx.stack_trace", value=trace)
    told = "p_w: PARAMETER target='w'\nb_k: BUFFER target='k' persistent=True"
    key = "pkg.torch.export.ExportedProgram.graph_signature"
    made.graph.metadata_props.add(key=key, value=told)
    return made


def free() -> onnx.ModelProto:
    made = plain()
    made.graph.input[0].CopyFrom(value("x", "batch", 3, "height", "2*s"))
    return made


FORMS: dict[str, Callable[[], onnx.ModelProto]] = {
    form.__name__: form
    for form in (
        plain, weights_among_inputs, old, in_constants, sparse_already, quantised, half, branches,
        loops, functions, external, list_too_long_to_read, exported, free,
    )
}  # fmt: skip

SPARSE_INITIALIZERS = {"old", "sparse_already"}
"""Forms whose snapshots onnx's own shape inference does not read: it has no rule for them."""


HOSTILE = {name: data for name, data, _ in hostile.files()}


def report(source: bytes | onnx.ModelProto, **sizes: Any) -> tuple[object, ...]:
    graph = read(source, path="m.onnx", **sizes)
    document = json.dumps(lint(graph).to_dict(nodes=True), sort_keys=True)
    beside = [(n.sources, n.attributes, n.inputs, n.outputs, n.reason) for n in graph.layers]
    return document, beside, dict(graph.tensors), graph.inputs, graph.assumed, list(lines(graph))


def check(made: bytes, *, full: bool) -> str:
    """What onnx's checker finds wrong, without the names of its C++."""
    try:
        onnx.checker.check_model(onnx.ModelProto.FromString(made), full_check=full)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        return str(error)
    return ""


@pytest.mark.parametrize("form", FORMS)
def test_a_snapshot_reads_to_the_same_report(form: str) -> None:
    whole = FORMS[form]().SerializeToString()
    sizes: dict[str, Any] = {"dims": {"height": 16, "s": 5}} if form == "free" else {}
    assert report(snapshot(whole), **sizes) == report(whole, **sizes)


@pytest.mark.parametrize("form", FORMS)
def test_a_snapshot_is_a_valid_model(form: str) -> None:
    made = snapshot(FORMS[form]())
    assert check(made, full=False) == ""
    if form not in SPARSE_INITIALIZERS | {"list_too_long_to_read"}:
        assert check(made, full=True) == ""


@pytest.mark.parametrize(
    "form", sorted(FORMS.keys() - {"functions", "half", "list_too_long_to_read"})
)
def test_onnx_runtime_runs_a_snapshot(form: str) -> None:
    """With zeros for weights; it has no kernel for bfloat16.

    A sparse constant inside of a function crashes it, now and then, in version 1.31.
    """
    made = onnx.ModelProto.FromString(snapshot(FORMS[form]()))
    session = onnxruntime.InferenceSession(
        made.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    assert [each.name for each in session.get_inputs()] == ["x"]
    session.run(None, {"x": np.ones((1, 3, 8, 8), np.float32)})


@pytest.mark.parametrize("form", FORMS)
def test_a_snapshot_of_a_snapshot_is_itself(form: str) -> None:
    whole = FORMS[form]()
    made = snapshot(whole)
    assert snapshot(made) == made == snapshot(whole.SerializeToString())


@pytest.mark.parametrize("form", FORMS)
def test_no_weight_is_left(form: str) -> None:
    """Nothing that the file's own weights were, in any place."""
    made = snapshot(FORMS[form]())
    for weight in (held("", 8, 3, 3, 3), held("", 1, 8, 8, 8), held("", 4, 8, 3, 3),
                   held("", 8, 8, 3, 3), held("q", 8, 3, 3, 3, dtype=np.int8)):  # fmt: skip
        assert weight.raw_data[:64] not in made


def test_the_source_is_not_changed() -> None:
    whole = plain()
    before = whole.SerializeToString()
    snapshot(whole)
    assert whole.SerializeToString() == before


def test_it_says_that_it_has_no_weights() -> None:
    made = onnx.ModelProto.FromString(snapshot(plain()))
    assert [(p.key, p.value) for p in made.metadata_props] == [
        ("guidelint.snapshot", "without weights")
    ]


def test_a_network_of_100_mb_is_kilobytes() -> None:
    whole = write(networks.resnet_50(), weights=True)
    made = snapshot(whole)
    assert whole.ByteSize() > 100_000_000
    assert len(made) < 70_000
    assert read(made).cost == read(whole).cost


with zipfile.ZipFile(DATA / "onnx-1.21.0-operator-tests.zip") as corpus:
    CORPUS = {name: corpus.read(name) for name in sorted(corpus.namelist())}


@pytest.mark.parametrize("initial", sorted({name[5] for name in CORPUS}))
def test_every_operator_reads_the_same_from_a_snapshot(initial: str) -> None:
    for name, data in CORPUS.items():
        if name[5] != initial:
            continue
        given = onnx.ModelProto.FromString(data).graph.input
        shapes = {v.name: tuple(d.dim_value for d in v.type.tensor_type.shape.dim) for v in given}
        shapes = {key: shape for key, shape in shapes.items() if 0 in shape}
        made = snapshot(data)
        whole, again = read(data, shapes=shapes), read(made, shapes=shapes)
        assert list(lines(again)) == list(lines(whole)), name
        assert [(n.name, n.cost, n.bytes) for n in again.layers] == [
            (n.name, n.cost, n.bytes) for n in whole.layers
        ], name
        assert (again.folded, again.weight_bytes) == (whole.folded, whole.weight_bytes), name
        assert snapshot(made) == made, name
        assert check(made, full=False) == check(data, full=False), name


@pytest.mark.parametrize("name", ["shufflenet_v2", "swin"])
def test_real_exports(name: str) -> None:
    data = gzip.decompress((DATA / f"{name}.torchscript.onnx.gz").read_bytes())
    made = snapshot(data)
    assert report(made) == report(data)
    assert check(made, full=False) == ""


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.onnx")), ids=lambda path: path.stem)
def test_the_command_reports_the_same_bytes(path: Path, tmp_path: Path) -> None:
    here, there = tmp_path / "a", tmp_path / "b"
    for folder in (here, there):
        folder.mkdir()
    (here / "m.onnx").write_bytes(path.read_bytes())
    assert run("snapshot", str(here / "m.onnx"), "-o", str(there / "m.onnx")).exit_code == 0
    for command in (["check"], ["check", "-o", "json", "-v"], ["cost", "-o", "json"]):
        told = [
            run(*command, "--isolated", str(folder / "m.onnx")).output.replace(str(folder), "")
            for folder in (here, there)
        ]
        assert told[0] == told[1] != ""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_two_gigabytes_of_weights_are_not_loaded(tmp_path: Path) -> None:
    """A MatMul whose weight's raw_data (field 9) are 2 GB of nothing: a file with a hole."""

    def varint(number: int) -> bytes:
        low = bytes([number & 127 | 128])
        return low + varint(number >> 7) if number > 127 else bytes([number])

    size = 192 * 4 * 2_800_000
    tensor = TensorProto(name="w", data_type=F, dims=[192, size // 4 // 192])
    small = model([node("Flatten", ["x"], ["a"]), node("MatMul", ["a", "w"], ["y"])], tensor)
    weight = tensor.SerializeToString() + b"\x4a" + varint(size)
    del small.graph.initializer[:]
    graph = small.graph.SerializeToString()
    small.ClearField("graph")
    path = tmp_path / "large.onnx"
    with path.open("wb") as file:
        file.write(small.SerializeToString())
        start = b"\x2a" + varint(len(weight) + size) + weight
        file.write(b"\x3a" + varint(len(graph) + len(start) + size) + graph + start)
        file.truncate(file.tell() + size)
    # Not ru_maxrss: that survives exec, so a child of a large process begins with its peak.
    program = (
        "import sys; from pathlib import Path; from guidelines import cli\n"
        "try: cli.guidelint()\n"
        "finally: print(Path('/proc/self/status').read_text(), file=sys.stderr)\n"
    )
    made = tmp_path / "small.onnx"
    ran = subprocess.run(
        [sys.executable, "-c", program, "snapshot", str(path), "-o", str(made)],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    peak = re.search(r"VmHWM:\s*(\d+) kB", ran.stderr)
    assert peak is not None
    assert int(peak[1]) < 250_000
    assert made.stat().st_size < 1000
    assert read(made).cost.params == size // 4


# -- the command -------------------------------------------------------------------------------


def run(*arguments: str, data: bytes | None = None) -> Result:
    return CliRunner().invoke(cli.guidelint, list(arguments), input=data)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "m.onnx"
    path.write_bytes(plain().SerializeToString())
    return path


def test_through_pipes(saved: Path) -> None:
    made = run("snapshot", "-", "-o", "-", data=saved.read_bytes()).stdout_bytes
    assert made == snapshot(saved)
    assert run("snapshot", "--text", "-", data=made).output == "".join(
        f"{line}\n" for line in lines(read(saved))
    )


def test_the_model_is_not_overwritten(saved: Path, tmp_path: Path) -> None:
    before = saved.read_bytes()
    link = tmp_path / "link.onnx"
    link.symlink_to(saved)
    for file in (saved, link):
        ran = run("snapshot", str(saved), "-o", str(file))
        assert ran.exit_code == 2
        assert "expected another file than the model" in ran.output
    assert saved.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["m.onnx"], "--output: expected a FILE"),
        (["absent.onnx", "-o", "a"], "absent.onnx: expected a file"),
        (["folder", "-o", "a"], "expected one ONNX file"),
        (["package.module:factory", "-o", "a"], "expected one ONNX file"),
        (["m.onnx", "-o", "absent/a.onnx"], "cannot write 'absent/a.onnx'"),
        (["m.onnx", "--text", "--dim", "depth=3"], "expected --dim for one of the model's"),
        (["note.onnx", "--text"], "note.onnx: expected an ONNX"),
    ],
)
def test_what_cannot_be_done_is_a_line(
    arguments: list[str], says: str, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(saved.parent)
    Path("folder").mkdir()
    Path("note.onnx").write_text("no model")
    ran = run("snapshot", *arguments)
    assert ran.exit_code == 2
    assert says in ran.output
    assert ran.output.count("\n") == 1
    assert not Path("a").exists()


def test_a_model_that_is_none_has_no_snapshot() -> None:
    made = plain()
    made.graph.initializer[0].dims[0] = -8
    with pytest.raises(ModelError, match="without negative dimensions"):
        snapshot(made)


@pytest.mark.parametrize("name", HOSTILE)
def test_files_that_are_made_to_hurt(name: str) -> None:
    """There is no snapshot of what is no model; of one that cannot be read, it cannot be either."""
    with pytest.raises(ModelError) as whole:
        read(HOSTILE[name])
    try:
        made = snapshot(HOSTILE[name])
    except ModelError:
        return
    with pytest.raises(ModelError) as again:
        read(made)
    assert str(again.value) == str(whole.value)


# -- text --------------------------------------------------------------------------------------


def widened(c: int) -> onnx.ModelProto:
    net = Network()
    x = net.input(3, 8, 8)
    for name, width in (("stem", 8), ("body", c), ("head", 8)):
        with net.scope(name):
            x = net.relu(net.conv(x, width, k=3))
    return write(net.graph(x))


def test_a_change_shows_in_its_own_lines_and_in_the_totals() -> None:
    before, after = (list(lines(read(widened(c)))) for c in (16, 128))
    changed = [a.partition(",")[0] for a, b in zip(before, after, strict=True) if a != b]
    assert changed == [
        "body: Conv 8→16 3×3", "body: Relu", "head: Conv 16→8 3×3",
        *(b.partition(",")[0] for b in before[-8:] if not b.startswith("buffers")),
    ]  # fmt: skip


def test_what_an_operator_is_told_shows() -> None:
    told = "\n".join(lines(read(plain())))
    assert re.search(
        r"^e: Clip, 1×8×8×8 float32, .* B, \[\d+\] \[\d+\], from d$", told, re.MULTILINE
    )
    assert re.search(r"^y: Resize, 1×8×16×16 float32, .* \[1,1,2,2\], from e$", told, re.MULTILINE)


def test_free_sizes_are_assumed_and_said(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(free().SerializeToString())
    told = run("snapshot", "--text", str(path), "--dim", "s=8").output
    assert "assumed batch = 1\nassumed height = 224\n" in told
    assert "input x: 1×3×224×16 float32" in told
    (tmp_path / "guidelint.toml").write_text("[dims]\nheight = 32\ns = 8\nspare = 1\n")
    assert "input x: 1×3×32×16 float32" in run("snapshot", "--text", str(path)).output


def test_names_of_strangers_stay_on_their_line() -> None:
    made = plain()
    made.graph.node[0].name = "a\n::error::\x1b[31m"
    assert "a\\n::error::\\x1b[31m: Conv 3→8 3×3" in "\n".join(lines(read(made)))


def git(folder: Path, *arguments: str, path: Path | None = None) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    ran = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True,
        env={
            **os.environ, "PYTHONPATH": str(ROOT), "GIT_PAGER": "cat",
            "PATH": os.pathsep.join([*([str(path)] if path else []), os.environ["PATH"]]),
        },
    )  # fmt: skip
    return ran.stdout


def test_git_shows_what_changed_in_a_binary_model(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitattributes").write_text("*.onnx diff=guidelint\n")
    command = f"{sys.executable} -m guidelines snapshot --text"
    git(tmp_path, "config", "diff.guidelint.textconv", command)
    path = tmp_path / "net.onnx"
    path.write_bytes(widened(16).SerializeToString())
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    path.write_bytes(widened(32).SerializeToString())
    shown = git(tmp_path, "diff", "-U0")
    assert "-body: Conv 8→16 3×3, 1×16×8×8 float32, params 1,152, madds 73,728" in shown
    assert "+body: Conv 8→32 3×3, 1×32×8×8 float32, params 2,304, madds 147,456" in shown
    assert "stem: Conv" not in shown
    git(tmp_path, "commit", "-q", "-a", "-m", "wider")
    assert "+body: Conv 8→32 3×3" in git(tmp_path, "log", "-p", "-1")


def test_git_finds_the_sizes_in_the_repository(tmp_path: Path) -> None:
    """It hands over a copy from elsewhere."""
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitattributes").write_text("*.onnx diff=guidelint\n")
    (tmp_path / "guidelint.toml").write_text("[dims]\nheight = 32\ns = 8\n")
    command = f"{sys.executable} -m guidelines snapshot --text"
    git(tmp_path, "config", "diff.guidelint.textconv", command)
    (tmp_path / "net.onnx").write_bytes(free().SerializeToString())
    git(tmp_path, "add", ".")
    assert "+input x: 1×3×32×16 float32" in git(tmp_path, "diff", "--cached")


def test_a_reader_that_leaves_is_no_error(saved: Path) -> None:
    first, last = os.pipe()
    os.close(first)
    ran = subprocess.run(
        [sys.executable, "-m", "guidelines", "snapshot", str(saved), "-o", "-"],
        stdout=last, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.close(last)
    assert "Traceback" not in ran.stderr
    assert "Exception ignored" not in ran.stderr


def test_the_documentation_shows_what_git_shows(tmp_path: Path) -> None:
    documented = (ROOT / "docs" / "snapshots.md").read_text(encoding="utf-8")
    commands = dict(re.findall(r'git config (diff\.guidelint\.textconv) "([^"]+)"', documented))
    (attributes,) = re.findall(r"echo '(.+)' >> \.gitattributes", documented)
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "guidelint"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m guidelines "$@"\n')
    program.chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    git(work, "init", "-q")
    (work / ".gitattributes").write_text(f"{attributes}\n")
    ((key, command),) = commands.items()
    git(work, "config", key, command)
    path = work / "net.onnx"
    path.write_bytes(widened(16).SerializeToString())
    git(work, "add", ".")
    path.write_bytes(widened(32).SerializeToString())
    shown = git(work, "diff", "-U1", path=programs)
    changes = [line for line in shown.splitlines()[4:] if not line.startswith("@@")]
    (block,) = re.findall(r"```diff\n(.*?)```", documented, re.DOTALL)
    assert changes == block.splitlines()

    (fallback,) = re.findall(r"textconv '(f\(\).+)'", documented)
    git(work, "config", key, fallback)
    path.write_text("junk")
    assert "+no model" in git(work, "diff", path=programs)


def test_the_documentation_shows_the_text() -> None:
    documented = (ROOT / "docs" / "snapshots.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"shufflenet_v2.onnx \| head -4\n(.*?)```", documented, re.DOTALL)
    told = run("snapshot", "--text", str(EXAMPLES / "shufflenet_v2.onnx")).output
    assert told.splitlines()[:4] == block.splitlines()
