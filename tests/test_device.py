"""From cost to time: terms by hand, fits that find what made them, profiles that ship."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import onnx.parser
import pytest
from click.testing import CliRunner

from costmodel import ModelError, networks, read
from costmodel.device import Device, Rates, load, names, to_toml
from costmodel.frontends.code import Network
from costmodel.fusion import Kernel, kernels
from costmodel.graph import Graph
from costmodel.timing import predict, terms
from guidelines.analysis import analyse
from guidelines.cli import guidelint
from guidelines.measuring.calibration import checked, estimate, fit
from guidelines.measuring.clock import Times
from guidelines.measuring.kernel_samples import Sample, from_csv, to_csv
from guidelines.measuring.matched import match
from guidelines.measuring.onnx_runtime import Profiled
from guidelines.measuring.samples import samples

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "guidelines/report/schema.json").read_text())

DEVICE = load("amd-epyc-zen3")


def only(graph: Graph, rules: Device) -> Kernel:
    (kernel,) = (k for k in kernels(graph, rules.rules) if k.op == "Conv")
    return kernel


def flat(**rates: float) -> Device:
    """A device that takes so many microseconds for a call of each kind."""
    calls = {kind.replace("__", "/").replace("_", " "): rate for kind, rate in rates.items()}
    return Device(
        name="flat", block=8, cache=512 * 1024, spread=0.1,
        rates={
            kind: Rates(microseconds={"calls": rate}, spread=0.1, count=9)
            for kind, rate in {"other": 1.0, "view": 0.0, **calls}.items()
        },
    )  # fmt: skip


# -- terms -------------------------------------------------------------------------------------


def test_terms_of_a_pointwise_convolution_in_blocks() -> None:
    """20→44 on 10×10, blocks of 8: inputs to 24, outputs to 48 = 6 blocks, a set of 4 and 2."""
    net = Network()
    x = net.conv(net.input(8, 10, 10), 20)
    graph = net.graph(net.conv(x, 44))
    *_, kernel = (k for k in kernels(graph, flat().rules) if k.op == "Conv")
    operator = graph.node(kernel.head).operator
    kind, counts = terms(kernel, operator, block=8, cache=20_000)
    assert (kernel.path, kind) == ("nchwc/pointwise", "Conv nchwc/pointwise")
    assert counts["gigamadds"] == pytest.approx(32 * 24 * 100 * 1e-9)
    assert counts["gigamadds_rest"] == pytest.approx(16 * 24 * 100 * 1e-9)
    assert counts["gigaloads"] == pytest.approx(2 * 24 * 100 * 1e-9)  # inputs, once a set
    assert counts["read"] == pytest.approx(4 * 20 * 100 * 1e-6)
    assert counts["written"] == pytest.approx(4 * 44 * 100 * 1e-6)
    assert counts["weights"] == pytest.approx(4 * 20 * 44 * 1e-6)
    assert counts["spilled"] == pytest.approx((8000 + 17_600 + 3520 - 20_000) * 1e-6)
    assert counts["rewritten"] == 0


def test_terms_of_a_depthwise_convolution_in_blocks() -> None:
    """20 channels to 24, 3×3, 8 rows of 8."""
    net = Network()
    graph = net.graph(net.depthwise(net.conv(net.input(8, 8, 8), 20), k=3))
    *_, kernel = (k for k in kernels(graph, flat().rules) if k.op == "Conv")
    kind, counts = terms(kernel, graph.node(kernel.head).operator, block=8, cache=10**6)
    assert kind == "Conv nchwc/depthwise"
    assert counts["gigamadds"] == pytest.approx(24 * 9 * 64 * 1e-9)
    assert counts["megarows"] == pytest.approx(24 * 8 * 1e-6)


def test_terms_of_a_matrix_product_of_windows() -> None:
    """6 input channels are no multiple of 4: 3×3 on 8×8, so 6*9*64 elements are copied."""
    net = Network()
    graph = net.graph(net.conv(net.pool(net.input(9, 8, 8), stride=1), 6, k=3))
    kernel = only(graph, flat())
    kind, counts = terms(kernel, graph.node(kernel.head).operator, block=8, cache=10**6)
    assert kind == "Conv nchw/dense"
    assert counts["gigamadds"] == pytest.approx(9 * 6 * 9 * 64 * 1e-9)
    assert counts["copied"] == pytest.approx(4 * 9 * 9 * 64 * 1e-6)


# -- predictions -------------------------------------------------------------------------------


def test_a_prediction_is_the_sum_of_its_kernels() -> None:
    """A first convolution with its ReLU 3 µs, a pooling 2, the map put back 1; views 0.5."""
    net = Network()
    x = net.pool(net.relu(net.conv(net.input(3, 8, 8), 8, k=3)))
    graph = net.graph(net.flatten(x))
    device = flat(Conv_nchwc__first=3.0, MaxPool_nchwc=2.0, ReorderOutput_nchwc=1.0, view=0.5)
    told = predict(graph, device)
    assert [each.kernel.op for each in told.kernels] == ["Conv", "MaxPool", "ReorderOutput"]
    assert told.seconds == pytest.approx(6.5e-6)
    assert told.low < told.seconds < told.high
    # the reorder counts for the pooling, whose map it puts back
    assert told.of_node == pytest.approx({"Conv_1": 3e-6, "MaxPool_1": 3.5e-6})


def test_a_kernel_that_was_not_fitted_counts_as_others_do() -> None:
    net = Network()
    graph = net.graph(net.activation(net.input(3, 8, 8), "Erf"))
    (timed,) = predict(graph, flat()).kernels
    assert (timed.kind, timed.seconds) == ("other", pytest.approx(1e-6))


def test_a_kernel_in_a_loop_takes_as_many_times_as_long() -> None:
    """A Relu on 3·64·64 floats, once and in a loop of five."""
    model = onnx.parser.parse_model(
        """
        <ir_version: 8, opset_import: ["" : 17]>
        looped (float[1,3,64,64] x) => (float[1,3,64,64] y)
        <int64 five = {5}, bool go = {1}> {
          y = Loop (five, go, x) <body = once (int64 i, bool c, float[1,3,64,64] a)
            => (bool d, float[1,3,64,64] b) { d = Identity(c)  b = Relu(a) }>
        }
        """
    )
    (many,) = (
        t for t in predict(read(model.SerializeToString()), DEVICE).kernels if t.kernel.op == "Relu"
    )
    net = Network()
    (one,) = predict(net.graph(net.relu(net.input(3, 64, 64))), DEVICE).kernels
    assert many.seconds == pytest.approx(5 * one.seconds)


# -- calibration -------------------------------------------------------------------------------


def taken(graph: Graph, device: Device, number: int, noise: float = 0.0) -> list[Sample]:
    """Samples that a device itself would give."""
    random = np.random.default_rng(number)
    found = []
    for timed in predict(graph, device).kernels:
        kernel = timed.kernel
        operator = graph.node(kernel.head).operator if kernel.head else None
        seconds = timed.seconds * float(np.exp(random.normal(0, noise)))
        found.append(
            Sample(
                network=number, op=kernel.op, path=kernel.path, operator=operator,
                read=int(kernel.read_bytes), written=int(kernel.write_bytes),
                weights=int(kernel.weight_bytes), seconds=seconds, spread=0.02,
            )
        )  # fmt: skip
    view = Sample(
        network=number, op="view", path="", operator=None, read=0, written=0, weights=0,
        seconds=1e-6, spread=0.1,
    )  # fmt: skip
    return [*found, *[view] * 10]


@pytest.fixture(scope="module")
def made() -> tuple[Device, list[Sample]]:
    """A device of round rates, and what it would measure of 12 random networks."""
    rates = {"calls": 5.0, "gigamadds": 20_000.0, "read": 30.0, "written": 40.0, "weights": 60.0}
    kinds = [
        "Conv nchwc/pointwise", "Conv nchwc/dense", "Conv nchwc/depthwise", "Conv nchwc/first",
        "Gemm", "ReorderInput nchwc", "ReorderOutput nchwc", "other",
    ]  # fmt: skip
    device = replace(
        flat(),
        rates={
            "view": Rates(microseconds={"calls": 1.0}, spread=0.1, count=9),
            **{kind: Rates(microseconds=rates, spread=0.1, count=9) for kind in kinds},
        },
    )
    graphs = enumerate(samples(12, seed=1))
    return device, [s for number, graph in graphs for s in taken(graph, device, number)]


def test_a_fit_finds_the_rates_that_made_the_samples(made: tuple[Device, list[Sample]]) -> None:
    device, held = made
    found = fit("again", held, block=8, cache=device.cache, origin={})
    for kind in ("Conv nchwc/pointwise", "Conv nchwc/dense"):
        assert found.rates[kind].microseconds["gigamadds"] == pytest.approx(20_000, rel=0.02)
        assert found.rates[kind].microseconds["calls"] == pytest.approx(5.0, rel=0.02)
    for sample in held:
        micros = estimate(sample, found)[1]
        if sample.path in ("nchwc/pointwise", "nchwc/dense"):
            assert micros == pytest.approx(sample.seconds * 1e6, rel=0.1)


def test_what_was_left_out_is_predicted_by_the_others(made: tuple[Device, list[Sample]]) -> None:
    """A kernel that took ten times as long in one network shows as an error, not as a rate."""
    device, held = made
    wrong = [
        replace(s, seconds=s.seconds * 10) if s.network == 3 and s.op == "Conv" else s for s in held
    ]
    found = checked("again", wrong, block=8, cache=device.cache, origin={})
    predicted, measured, _ = found.networks[[*dict.fromkeys(s.network for s in held)].index(3) - 0]
    worst = max(found.networks, key=lambda pair: abs(np.log(pair[1] / pair[0])))
    assert worst[1] / worst[0] > 3
    assert found.device.rates["Conv nchwc/dense"].microseconds["gigamadds"] < 40_000
    assert predicted > 0 and measured > 0


def test_samples_and_devices_survive_their_files(
    made: tuple[Device, list[Sample]], tmp_path: Path
) -> None:
    device, held = made
    again = from_csv(to_csv(held))
    assert [s.operator for s in again] == [s.operator for s in held]
    assert [s.read for s in again] == [s.read for s in held]
    fitted = fit("mine", held, block=8, cache=device.cache, origin={"processor": 'a "b" \\ c'})
    (tmp_path / "mine.toml").write_text(to_toml(fitted))
    back = load(tmp_path / "mine.toml")
    assert (back.name, back.block, back.origin) == ("mine", 8, {"processor": 'a "b" \\ c'})
    for kind, rates in fitted.rates.items():
        assert back.rates[kind].microseconds == pytest.approx(rates.microseconds, rel=1e-3)


def test_nodes_that_ran_find_their_kernels() -> None:
    """By the runtime's names: of the output, of the node, of nothing but the size."""
    net = Network()
    x = net.relu(net.conv(net.input(3, 8, 8), 8, k=3))
    graph = net.graph(net.fully_connected(net.flatten(x), 4))
    times = Times(np.ones(3))
    ran = [
        Profiled("Relu_1:0_nchwc", "Conv", 2048, times),
        Profiled("ReorderOutput", "ReorderOutput", 2048, times),
        Profiled("Flatten_1", "Flatten", 2048, times),
        Profiled("Gemm_1", "Gemm", 16, times),
        Profiled("stranger", "Cast", 16, times),
    ]
    found = match(graph, ran, flat().rules)
    assert [each.kernel.op for each in found.kernels] == ["Conv", "ReorderOutput", "Gemm"]
    assert [each.name for each in found.views] == ["Flatten_1"]
    assert [each.name for each in found.strangers] == ["stranger"]


# -- the profiles that ship --------------------------------------------------------------------


@pytest.mark.parametrize("name", names())
def test_a_shipped_profile_is_what_its_samples_give(name: str) -> None:
    device = load(name)
    table = ROOT / "costmodel" / "devices" / f"{name}.csv"
    held = from_csv(table.read_text(encoding="utf-8"))
    about = {"block": device.block, "cache": device.cache, "origin": device.origin}
    again = fit(name, held, **about)  # type: ignore[arg-type]
    assert set(again.rates) == set(device.rates)
    for kind, rates in again.rates.items():
        assert device.rates[kind].microseconds == pytest.approx(
            rates.microseconds, rel=0.02, abs=1e-2
        )
    assert device.origin["processor"]


def test_a_shipped_profile_orders_networks_as_their_work_does() -> None:
    times = {
        name: predict(getattr(networks, name)(), load(names()[0])).seconds
        for name in ("shufflenet_v2", "mobilenet_v2", "resnet_18", "resnet_50", "vgg_16")
    }
    assert sorted(times, key=times.__getitem__) == list(times)


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ("name = 3 3", "expected a device as TOML"),
        ("name = 'x'", "expected a device as `guidelint calibrate` writes it, found no 'block'"),
    ],
)
def test_a_file_that_is_no_profile(held: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "d.toml").write_text(held)
    with pytest.raises(ModelError, match=said):
        load(tmp_path / "d.toml")


def test_a_device_that_nobody_measured() -> None:
    with pytest.raises(ModelError, match=r"expected a device \(.*\) or a .toml file, found 'gpu'"):
        load("gpu")


# -- on the command line -----------------------------------------------------------------------

MODEL = "examples/models/mobilenet_v2.onnx"


def run(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(guidelint, arguments)
    assert result.exit_code == status, result.output
    return result.output


def test_costs_have_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    device = names()[0]
    told = run("cost", MODEL, "--device", device, "--sort", "time", "--top", "3")
    assert f"predicted on {device}, one thread" in told
    whole = json.loads(run("cost", MODEL, "--device", device, "-o", "json"))
    jsonschema.validate(whole, SCHEMA)
    (model,) = whole["models"]
    layers = sum(node["predicted_seconds"] for node in model["nodes"])
    assert layers == pytest.approx(model["prediction"]["seconds"])
    assert "--sort: expected --device" in run("cost", MODEL, "--sort", "time", status=2)


def test_findings_have_savings_or_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    whole = json.loads(run("check", MODEL, "--device", names()[0], "-o", "json", "--exit-zero"))
    jsonschema.validate(whole, SCHEMA)
    (model,) = whole["models"]
    assert len(model["findings"]) + len(model["unsaved"]) == 3
    assert all(found["saving"]["low"] > 0 for found in model["findings"])


def test_a_device_changes_no_finding_but_which_are_sure() -> None:
    graph = networks.mobilenet_v2()
    bare, timed = analyse(graph), analyse(graph, device=load(names()[0]))
    both = [*(timed.findings or ()), *timed.unsaved]
    assert {f.fingerprint for f in bare.findings or ()} == {f.fingerprint for f in both}
