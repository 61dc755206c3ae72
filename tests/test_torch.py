"""PyTorch modules: read as they are, whole, without being touched; from code and by name."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from click.testing import CliRunner, Result
from torch import nn
from torch._subclasses import FakeTensorMode
from torch_cases import Oddities, Tied, shufflenet_v2

import costmodel
from costmodel.errors import ModelError
from costmodel.frontends.torch.inputs import arguments
from guidelines.cli import guidelint

ROOT = Path(__file__).parents[1]


class Net(nn.Module):
    """Two inputs, one of them optional, modules in modules."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False), nn.ReLU())
        self.head = nn.Linear(8, 10)

    def forward(self, image: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
        y = self.head(self.stem(image).mean((2, 3)))
        return y if bias is None else y + bias


# -- what is read ---------------------------------------------------------------------------------


def test_a_module_is_read_with_its_scopes_and_without_what_the_exporter_adds() -> None:
    graph = costmodel.read(Net(), torch.zeros(1, 3, 8, 8), path="net.py:Net")
    assert [(n.scope, n.op_type) for n in graph.layers] == [
        ("stem.0", "Conv"), ("stem.1", "Relu"), ("", "ReduceMean"), ("head", "Gemm"),
    ]  # fmt: skip
    assert graph.path == "net.py:Net"
    assert graph.inputs == {"image": (1, 3, 8, 8)}
    assert graph.cost.madds == 4 * 4 * 8 * 3 * 9 + 8 * 10
    assert graph.cost.params == 8 * 3 * 9 + 8 * 10 + 10


@pytest.mark.parametrize(
    "inputs",
    [
        torch.zeros(1, 3, 8, 8),
        (torch.zeros(1, 3, 8, 8),),
        (1, 3, 8, 8),
        [(1, 3, 8, 8)],
        {"image": (1, 3, 8, 8)},
        {"image": torch.zeros(1, 3, 8, 8)},
    ],
    ids=["tensor", "tuple", "shape", "shapes", "shape by name", "tensor by name"],
)
def test_example_inputs_may_be_tensors_or_shapes_by_place_or_name(inputs: object) -> None:
    args, kwargs = arguments(Net(), inputs)
    [given] = [*args, *kwargs.values()]
    assert given.shape == (1, 3, 8, 8)
    assert list(kwargs) in ([], ["image"])


def test_several_inputs() -> None:
    graph = costmodel.read(Net(), {"bias": (10,), "image": (1, 3, 8, 8)})
    assert graph.inputs == {"image": (1, 3, 8, 8), "bias": (10,)}


def test_a_shape_has_the_element_type_of_the_module() -> None:
    [given], _ = arguments(nn.Linear(3, 4, dtype=torch.float16), (2, 3))
    assert given.dtype == torch.float16


def test_parameters_are_what_the_module_says_they_are() -> None:
    tied = costmodel.read(Tied(), torch.zeros(2, 3, dtype=torch.int64)).cost
    assert (tied.params, tied.buffers) == (10 * 4, 0)  # shared: once; idle: not at all
    odd = costmodel.read(Oddities(), ((2, 3, 4), (1, 3, 8, 8))).cost
    assert (odd.params, odd.buffers) == (4 + 4 + 1, 3 * 9)
    plain = costmodel.read(nn.LayerNorm(5, elementwise_affine=False), (2, 5)).cost
    assert plain.params == 0


def test_a_network_is_linted_like_the_one_that_our_own_builder_gives() -> None:
    import guidelines
    from costmodel import networks

    read, built = costmodel.read(shufflenet_v2(), (1, 3, 224, 224)), networks.shufflenet_v2()
    assert read.cost.memory_access == built.cost.memory_access
    assert [f.code for f in guidelines.lint(read).findings] == [
        f.code for f in guidelines.lint(built).findings
    ]


# -- what is not touched --------------------------------------------------------------------------


def test_the_module_stays_as_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout())
    net[1].eval()
    before = {name: (t.data_ptr(), t.clone()) for name, t in net.state_dict().items()}
    graph = costmodel.read(net, (1, 3, 8, 8))
    assert [m.training for m in net.modules()] == [True, True, False, True]
    for name, tensor in net.state_dict().items():
        assert tensor.data_ptr() == before[name][0]
        assert torch.equal(tensor, before[name][1])
    assert [n.op_type for n in graph.layers] == ["Conv", "BatchNormalization"]
    assert capfd.readouterr() == ("", "")


def test_a_module_on_the_meta_device_or_of_fake_tensors_costs_the_same() -> None:
    real = costmodel.read(Net(), (1, 3, 8, 8)).cost
    with torch.device("meta"):
        assert costmodel.read(Net(), torch.zeros(1, 3, 8, 8)).cost == real
        meta = Net()
    assert costmodel.read(meta, torch.zeros(1, 3, 8, 8, device="cpu")).cost == real
    with FakeTensorMode():
        fake = Net()
    assert costmodel.read(fake, (1, 3, 8, 8)).cost == real


# Not ru_maxrss: that survives exec, so a child of a large process begins with its parent's peak.
LARGE = r"""
import re, torch, costmodel
from pathlib import Path
from torch import nn
with torch.device("meta"):
    blocks = [nn.TransformerEncoderLayer(8192, 64, 4 * 8192) for _ in range(8)]
    net = nn.Sequential(nn.Embedding(32000, 8192), *blocks)
cost = costmodel.read(net, torch.zeros(1, 128, dtype=torch.int64)).cost
peak = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
print(cost.params, int(peak[1]) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_seven_billion_parameters_are_read_in_less_than_a_gigabyte() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LARGE], capture_output=True, text=True, check=True, timeout=300
    )
    params, megabytes = map(int, ran.stdout.split())
    d = 8192  # attention 4 d d + 4 d, feed-forward 8 d d + 5 d, two norms 4 d
    assert params == 32000 * d + 8 * (12 * d * d + 13 * d)
    assert params > 6.7e9
    assert megabytes < 1000


def test_files_are_read_without_torch() -> None:
    code = (
        "import sys, costmodel; costmodel.read('examples/models/mobilenet_v2.onnx');"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60).returncode == 0


# -- what cannot be read --------------------------------------------------------------------------


class Branching(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * 2 if x.sum() > 0 else x


class Raising(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise ValueError("of my own\nin two lines")


class Unwritable(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.rrelu(x)


@pytest.mark.parametrize(
    ("module", "inputs", "says"),
    [
        (Net(), (), "expected example inputs that fit Net.forward(image, bias), found missing a "
         "required argument: 'image'"),
        (Net(), {"picture": (1, 3, 8, 8)}, "missing a required argument: 'image'"),
        (Net(), ((1, 3, 8, 8), (10,), (1,)), "found too many positional arguments"),
        (nn.Linear(3, 4), (2, 5), "can trace on these inputs, found RuntimeError: a and b must"),
        (Branching(), (2, 3), "whose course does not depend on values, found one that does at "
         "test_torch.py:"),
        (Raising(), (2, 3), "found ValueError at test_torch.py:"),
        (Unwritable(), (2, 3), "expected operators that torch.onnx can write, found "
         "aten.rrelu_with_noise_functional"),
        (nn.LSTM(3, 4, proj_size=2), (5, 1, 3), "expected LSTMs without projections"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)  # fmt: skip
def test_what_cannot_be_read_says_so_in_one_line(
    module: nn.Module, inputs: object, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ModelError) as caught:
        costmodel.read(module, inputs)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_module_takes_no_sizes_by_name() -> None:
    with pytest.raises(TypeError, match="example_inputs"):
        costmodel.read(Net(), dims={"n": 1})


# -- by name, on the command line -----------------------------------------------------------------

CODE = """
import torch
from torch import nn
print("the file runs")
devices = []

def build():
    devices.append(str(torch.empty(0).device))
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AvgPool2d(30), nn.Flatten())

class Net(nn.Module):
    def forward(self, x, y):
        return x + y

def pair():
    return nn.Embedding(10, 4), torch.zeros(1, 3, dtype=torch.int64)

def values():
    devices.append(str(torch.empty(0).device))
    torch.zeros(2)[0].item()
    return nn.Linear(3, 4)

class Inside:
    net = nn.Linear(3, 4)

text = "text"
def gives_text(): return text
def needs(x): return x
def raises(): raise ValueError("of my own")
def leaves(): raise SystemExit(3)
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "networks_of_mine.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("networks_of_mine", "broken"):
        sys.modules.pop(name, None)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(guidelint, list(arguments))


@pytest.mark.parametrize(
    "place", ["networks_of_mine", "networks_of_mine.py", "./networks_of_mine.py"]
)
def test_a_factory_is_checked_and_costed_by_name(place: str) -> None:
    checked = run(f"{place}:build", "--shape", "1,3,32,32", "-o", "json")
    assert checked.exit_code == 0
    [model] = json.loads(checked.stdout)["models"]
    assert model["path"] == f"{place}:build"
    assert model["totals"]["madds"] == 30 * 30 * 8 * 3 * 9
    assert checked.stderr.startswith("the file runs")
    costed = run("cost", f"{place}:build", "--shape", "input=1,3,32,32", "-o", "csv", "-q")
    assert costed.exit_code == 0
    assert "Conv" in costed.stdout


def test_nothing_is_allocated_unless_the_factory_asks_for_values() -> None:
    import importlib

    assert run("networks_of_mine:build", "--shape", "1,3,32,32").exit_code == 0
    assert run("networks_of_mine:values", "--shape", "2,3").exit_code == 0
    devices = importlib.import_module("networks_of_mine").devices
    assert devices == ["meta", "meta", "cpu"]


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("pair", []),
        ("Inside.net", ["--shape", "2,3"]),
        ("Net", ["--shape", "2,3", "--shape", "y=3"]),
    ],
)
def test_a_name_may_mean_a_module_a_class_or_a_pair_with_inputs(
    name: str, flags: list[str]
) -> None:
    assert run(f"networks_of_mine:{name}", *flags).exit_code == 0


@pytest.mark.parametrize(
    ("name", "flags", "says"),
    [
        ("networks_of_mine:build", [], "expected a --shape for Sequential.forward(input)"),
        ("networks_of_mine:build", ["--dim", "n=1"], "expected --shape for a module, found --dim"),
        ("networks_of_mine:Net", ["--shape", "2,3"], "missing a required argument: 'y'"),
        ("networks_of_mine:nobody", [], "expected 'nobody' in 'networks_of_mine', found none"),
        ("networks_of_mine:text", [], "expected something to call, found str"),
        ("networks_of_mine:gives_text", [], "expected a torch.nn.Module, found str"),
        ("networks_of_mine:needs", [], "without arguments raised TypeError: needs() missing 1"),
        ("networks_of_mine:raises", [], "raised ValueError: of my own"),
        ("networks_of_mine:leaves", [], "raised SystemExit: 3"),
        ("broken.py:build", [], "importing 'broken.py' raised SyntaxError"),
        ("nowhere:build", [], "raised ModuleNotFoundError: No module named 'nowhere'"),
        ("nowhere.py:build", [], "expected a Python file at 'nowhere.py', found none"),
    ],
)
def test_what_a_name_cannot_give_is_said_in_one_line(
    name: str, flags: list[str], says: str, here: Path
) -> None:
    (here / "broken.py").write_text("def build(:")
    result = run(name, *flags)
    assert result.exit_code == 2
    [line] = [each for each in result.stderr.splitlines() if each != "the file runs"]
    assert line.startswith(f"guidelint: {name}: ")
    assert says in line


def test_a_traceback_on_request() -> None:
    assert "in raises" in run("networks_of_mine:raises", "-vv").stderr


def test_a_file_needs_the_name_of_its_input() -> None:
    result = run(str(ROOT / "examples/models/mobilenet_v2.onnx"), "--shape", "1,3,32,32")
    assert result.exit_code == 2
    assert "expected --shape INPUT=1,3,224,224 for a file" in result.stderr


def test_help_says_that_code_runs() -> None:
    for command in ("check", "cost", "verify"):
        assert "that code" in " ".join(run(command, "--help").stdout.split())


def test_verify_counts_three_times_and_explains() -> None:
    result = run("verify", "networks_of_mine:build", "--shape", "1,3,32,32")
    assert result.exit_code == 0
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0] == ["operator", "guidelint", "fvcore", "torch", "why"]
    assert lines[1] == ["conv", *["194,400"] * 3, "equal"]
    assert lines[-1] == ["every", "difference", "is", "explained"]


def test_verify_writes_json() -> None:
    result = run("verify", "networks_of_mine:values", "--shape", "2,3", "-o", "json")
    said = json.loads(result.stdout)
    assert said["explained"] is True
    assert said["model"] == "networks_of_mine:values"
    assert said["madds"] == [
        {"name": "linear", "ours": 24, "fvcore": 24, "torch": 24, "why": [], "explained": True}
    ]
    assert said["params"]["ours"] == 16


def test_verify_without_fvcore_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fvcore", None)
    monkeypatch.delitem(sys.modules, "guidelines.witness.counters", raising=False)
    result = run("verify", "networks_of_mine:build", "--shape", "1,3,32,32")
    assert result.exit_code == 2
    assert "pip install 'guidelint[verify]'" in result.stderr
    assert len(result.stderr.splitlines()) == 2
