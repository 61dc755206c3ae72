"""Calibrate and measure: what they print of a clock that is made up, and the files they leave."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable, Iterator
from math import nan
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from costmodel import ModelError, networks
from costmodel.device import Device, Rates, load, names, to_toml
from costmodel.frontends.code import Network
from costmodel.fusion import kernels
from costmodel.fusion.onnxruntime import onnxruntime_cpu
from costmodel.graph import Graph
from costmodel.roofs import Roof, Roofs, roofs
from costmodel.timing import predict
from guidelines.cli import guidelint
from guidelines.cli.destination import append
from guidelines.measuring.accuracy import Pair, accuracy, total
from guidelines.measuring.clock import Times
from guidelines.measuring.kernel_samples import from_csv, measured, to_csv, whole
from guidelines.measuring.onnx_runtime import Profiled
from guidelines.measuring.savings import Change
from guidelines.measuring.study import Layer, Measured, Study
from guidelines.report.errors import errors
from guidelines.report.measured.full import render
from guidelines.report.view import View

ROOT = Path(__file__).parents[1]

BLOCK = 8


def steady(seconds: float, rounds: int = 4) -> Times:
    return Times(np.full(rounds, seconds))


def ran(graph: Graph, *, rounds: int, slow: float = 1.0, turned: bool = False) -> list[Profiled]:
    """A profile: each kernel takes 5 microseconds and its bytes' and multiply-adds' time."""
    found = []
    for kernel in kernels(graph, onnxruntime_cpu(block=BLOCK)):
        madds = graph.node(kernel.head).cost.madds if kernel.head else 0
        seconds = 5e-6 + 4e-11 * kernel.bytes + 2e-11 * madds
        name = kernel.head or "reorder"
        times = steady(slow * float(seconds), rounds)
        found.append(Profiled(name, kernel.op, int(kernel.write_bytes), times))
    for node in graph.layers:
        if node.operator is not None and node.operator.view:
            found.append(Profiled(node.name, node.op_type, 0, steady(1e-6, rounds)))
    return found[::-1] if turned else found


# -- noise -------------------------------------------------------------------------------------


def test_drift_is_from_the_first_half_to_the_second() -> None:
    early, late = Times(np.array([1.0, 1.0, 1.0])), Times(np.array([1.2, 1.2, 9.0]))
    both = early.then(late)
    assert both.repeats.tolist() == [1.0, 1.0, 1.0, 1.2, 1.2, 9.0]
    assert both.seconds == 1.0
    assert both.drift == pytest.approx(0.2)
    assert early.drift == 0


def test_the_noise_is_what_a_perfect_prediction_is_off_by() -> None:
    """Of measurements that scatter about a known truth, predicted by the truth."""
    random = np.random.default_rng(0)
    pairs = []
    for _ in range(400):
        times = Times(random.lognormal(0.0, 0.1, 400))
        truth = float(np.exp(-0.6745 * 0.1))  # the lower quartile
        pairs.append(Pair(truth, times.seconds, times.drift))
    told = accuracy(pairs)
    assert told.noise == pytest.approx(told.mape, rel=0.15)


def test_drifts_of_kernels_cancel_in_their_sum() -> None:
    pairs = [Pair(1.0, 2.0, 0.1), Pair(1.0, 1.0, -0.2)]
    assert total(pairs) == Pair(2.0, 3.0, 0.0)
    assert np.isnan(total([*pairs, Pair(1.0, 1.0)]).noise)


def test_a_table_stands_once_with_the_same_blanks() -> None:
    lines = errors(
        {"networks": [Pair(1.1, 1.0, 0.04), Pair(1.0, 1.0, 0.0)], "nothing": []},
        {"Conv": [Pair(2.0, 1.0, nan)] * 3, "Gemm": [Pair(3.0, 3.0, 0.2)]},
        View(),
    )
    assert [line.split("  ")[0] for line in lines[:2]] == ["of", "networks"]
    assert [line.split() for line in lines[1:]] == [
        ["networks", "2", "5.0%", "1.0%", "100%", "100%", "+5%"],
        ["Conv", "3", "50.0%", "100%", "0.0%", "0.0%", "+100%"],
        ["Gemm", "1", "50.0%", "0.0%", "10.0%", "100%", "100%", "+0%"],
    ]


# -- samples -----------------------------------------------------------------------------------


def shuffled() -> Graph:
    """Two branches, which a runtime runs in either order."""
    net = Network()
    x = net.conv(net.input(8, 8, 8), 16)
    return net.graph(net.concat(net.conv(x, 16), net.conv(x, 32)))


def test_a_kernel_is_the_same_in_whatever_order_a_runtime_runs_it() -> None:
    graph = shuffled()
    profiles = [ran(graph, rounds=3), ran(graph, rounds=2, slow=1.1, turned=True)]
    found = list(measured(7, graph, profiles, onnxruntime_cpu(block=BLOCK)))
    assert len(found) == len(kernels(graph, onnxruntime_cpu(block=BLOCK)))
    assert {sample.network for sample in found} == {7}
    assert [sample.drift for sample in found] == pytest.approx([0.1] * len(found), rel=1e-6)


def test_what_one_profile_lacks_is_no_sample() -> None:
    graph = shuffled()
    first, second = ran(graph, rounds=2), ran(graph, rounds=2)
    missing = next(each for each in second if each.op_type == "Conv")
    found = list(
        measured(0, graph, [first, [e for e in second if e is not missing]], onnxruntime_cpu())
    )
    assert len(found) == len(first) - 1


def test_the_samples_that_ship_survive_their_file() -> None:
    for name in names():
        text = (ROOT / "costmodel" / "devices" / f"{name}.csv").read_text(encoding="utf-8")
        again = to_csv(from_csv(text))
        assert [line.removesuffix(",") for line in again.splitlines()[1:]] == [
            line.removesuffix(",") for line in text.splitlines()[1:]
        ]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ""),
        ("network,op", ""),
        ("network,op\n", "network,op\n"),
        ("network,op\n0,Conv\n1,Conv\n", "network,op\n0,Conv\n1,Conv\n"),
        ("network,op\n0,Conv\n1,Conv\n1,Co", "network,op\n0,Conv\n"),
        ("network,op\n0,Conv\n1,Conv\n1,Relu\n2", "network,op\n0,Conv\n"),
        ("network,op\n0,Conv", ""),
    ],
)
def test_what_was_torn_off_is_left_out(text: str, kept: str) -> None:
    assert whole(text) == kept


def test_what_cannot_be_appended_whole_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "grows.csv"
    append(str(file), b"one\n")
    append(str(file), b"two\n")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (12, hard))
    try:
        with pytest.raises(OSError, match=r"grows\.csv"):
            append(str(file), b"three, which does not fit\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert file.read_bytes() == b"one\ntwo\n"


# -- calibrate ---------------------------------------------------------------------------------


class Clock:
    """Stands in for the runtime, and stops it when it has run so many networks."""

    def __init__(self) -> None:
        self.runs = 0
        self.most: float = float("inf")

    def profile(self, graph: Graph, *, rounds: int) -> list[Profiled]:
        if self.runs >= self.most:
            raise KeyboardInterrupt
        self.runs += 1
        return ran(graph, rounds=rounds, slow=1.0 + 0.1 * (rounds == 7))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Clock]:
    made = Clock()
    monkeypatch.setattr("guidelines.measuring.onnx_runtime.profile", made.profile)
    monkeypatch.setattr("guidelines.measuring.machine.block", lambda: BLOCK)
    monkeypatch.setattr("guidelines.measuring.savings.tried", lambda *_, **__: iter(()))
    monkeypatch.chdir(tmp_path)
    yield made


def run(*arguments: str) -> Result:
    return CliRunner().invoke(guidelint, arguments)


def calibrate(networks: int = 20, *more: str) -> Result:
    return run("calibrate", "-o", "mine.toml", "--networks", str(networks), *more)


def test_calibrate_prints_its_error_beside_the_noise(clock: Clock) -> None:
    result = calibrate()
    assert result.exit_code == 0, result.output
    assert clock.runs == 40  # each network twice
    table = result.stdout.splitlines()
    (title,) = (line for line in table if line.startswith("of "))
    assert title.split()[:3] == ["of", "count", "of"]
    assert "noise" in title
    (sums,) = (line for line in table if line.startswith("networks, as sums"))
    assert sums.split()[3:6] == ["20", sums.split()[4], "5.0%"]  # 10 % slower the second time
    assert load("mine.toml").rates.keys() >= {"Conv nchwc/pointwise", "other", "view"}


def test_calibrate_goes_on_where_it_stopped_and_writes_nothing_twice(clock: Clock) -> None:
    table = Path("mine.csv")
    assert calibrate().exit_code == 0
    whole_run, clock.runs = table.read_bytes(), 0
    table.unlink()
    clock.most = 30  # 12 networks twice, then some once
    assert calibrate().exit_code != 0
    stopped = table.read_bytes()
    assert whole_run.startswith(stopped)
    assert {row.network for row in from_csv(stopped.decode())} == set(range(12))
    inode, clock.most, clock.runs = table.stat().st_ino, float("inf"), 0
    assert calibrate().exit_code == 0
    assert table.stat().st_ino == inode  # it grew: it is not another file
    assert table.read_bytes() == whole_run
    assert clock.runs == 16
    assert calibrate().exit_code == 0
    assert clock.runs == 16


def test_calibrate_measures_again_what_was_torn_off(clock: Clock) -> None:
    table = Path("mine.csv")
    assert calibrate().exit_code == 0
    done, clock.runs = table.read_bytes(), 0
    table.write_bytes(done[:-20])
    assert calibrate().exit_code == 0
    assert clock.runs == 2
    assert table.read_bytes() == done


def test_calibrate_goes_on_with_a_file_that_has_no_drifts(clock: Clock) -> None:
    table = Path("mine.csv")
    assert calibrate().exit_code == 0
    lines = [line.rpartition(",")[0] for line in table.read_text().splitlines()]
    table.write_text("\n".join(lines) + "\n")
    result = calibrate(24)
    assert result.exit_code == 0
    found = from_csv(table.read_text())
    assert {sample.network for sample in found} == set(range(24))
    assert np.isnan([sample.drift for sample in found if sample.network < 20]).all()
    assert not np.isnan([sample.drift for sample in found if sample.network >= 20]).any()


def test_advice_is_tried_again_where_its_file_was_torn(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def changes(number: int, *_: object, **__: object) -> Iterator[Change]:
        tried.append(number)
        seconds = dict.fromkeys(("before", "predicted_before"), 3e-3)
        for code in ("G101", "G401"):
            yield Change(network=number, code=code, after=2e-3, predicted_after=2.1e-3, **seconds)

    monkeypatch.setattr("guidelines.measuring.savings.tried", changes)
    table = Path("mine.savings.csv")
    assert calibrate().exit_code == 0
    done = table.read_bytes()
    table.write_bytes(done[:-5])
    tried.clear()
    assert calibrate().exit_code == 0
    assert tried == [19]
    assert table.read_bytes() == done


def test_a_refit_without_samples_is_an_error(clock: Clock) -> None:
    result = calibrate(20, "--refit")
    assert (result.exit_code, clock.runs) == (2, 0)
    assert "--refit: expected samples in 'mine.csv', found none" in result.stderr


# -- measure -----------------------------------------------------------------------------------


def device(**changes: float) -> Device:
    """10 G madds/s with the loads, 20 GB/s: 50 and 50/32 of a madd, (30 + 70)/2 of a byte."""
    convolution = {"gigamadds": 50_000.0, "gigaloads": 50_000.0 * 32, **changes}
    rates = {
        "Conv nchwc/pointwise": convolution,
        "Concat nchwc": {"read": 30.0, "written": 70.0},
        "other": {"calls": 5.0},
        "view": {"calls": 0.0},
    }
    return Device(
        name="made-up", block=BLOCK, cache=10**6, spread=0.1,
        rates={k: Rates(microseconds=r, spread=0.1, count=9) for k, r in rates.items()},
        baselines={"roofline": Rates(microseconds={"calls": 1.0}, spread=0.1, count=9)},
    )  # fmt: skip


def test_roofs_are_the_fastest_of_any_kind() -> None:
    found = roofs(device())
    assert found.work == Roof(per_second=pytest.approx(1e10), kind="Conv nchwc/pointwise")
    assert found.traffic == Roof(per_second=pytest.approx(2e10), kind="Concat nchwc")


def test_the_rest_of_a_set_may_be_the_faster() -> None:
    """Of three blocks of 8, for 24 outputs of which inputs are loaded once: 20 + 1600/24."""
    found = roofs(device(gigamadds_rest=20_000.0))
    assert found.work.per_second == pytest.approx(1e15 / (20_000 + 50_000 * 32 / 24))


def test_a_rate_that_others_stand_in_for_is_no_roof() -> None:
    with pytest.raises(ModelError, match="expected rates of convolutions and of copies in 'made"):
        roofs(device(gigamadds=0.0))


def test_a_kernel_takes_the_longer_of_work_and_traffic() -> None:
    net = Network()
    graph = net.graph(net.conv(net.conv(net.input(8, 8, 8), 16), 16))
    *_, timed = (t for t in predict(graph, device()).kernels if t.kernel.op == "Conv")
    work, traffic = Roof(per_second=1e9, kind=""), Roof(per_second=1e9, kind="")
    madds, moved = 16 * 16 * 64, 4 * (16 * 64 * 2 + 16 * 16)
    assert Roofs(work=work, traffic=traffic).least(timed, graph) == pytest.approx(madds / 1e9)
    slow = Roof(per_second=1e8, kind="")
    assert Roofs(work=work, traffic=slow).least(timed, graph) == pytest.approx(moved / 1e8)


def study(times: Callable[[float], Times]) -> Study:
    """A network whose layers take these times, given the least that they take."""
    graph = shuffled()
    told = predict(graph, device())
    bounds = roofs(device())
    layers = [Layer(timed=t, times=times(bounds.least(t, graph))) for t in told.kernels]
    network = Measured(
        path="net|work\x1b", graph=graph, times=steady(1e-4), layers=tuple(layers), strange=0.0,
        prediction=told,
    )  # fmt: skip
    return Study(networks=(network,), device=device(), origin={"processor": "made up"})


def test_measure_says_whether_a_kernel_beat_the_roofs() -> None:
    count = len(study(steady).networks[0].layers)
    told = render(study(lambda least: steady(least * 1.01)), View())
    assert f"None of {count} kernels beat the device's roofs (10.0 G madds/s, 20.0 GB/s)" in told
    told = render(study(lambda least: steady(least / 1.25)), View())
    assert f"{count} of {count} kernels beat the device's roofs" in told
    assert "Conv nchwc/pointwise ×3, by up to 25%" in told.replace("\n", " ")
    assert "\x1b" not in told


def test_what_lies_within_noise_beats_nothing() -> None:
    def times(least: float) -> Times:
        return Times(np.array([1.0, 1.0, 1.5, 1.5]) * least / 1.2)

    assert "None of" in render(study(times), View())


def test_measure_as_json_has_noise_and_bounds() -> None:
    from guidelines.report.measured.json import render as as_json

    whole_study = json.loads(as_json(study(lambda least: steady(least * 2)), View()))
    (network,) = whole_study["networks"]
    assert network["noise"] == 0
    assert all(k["measured"] == pytest.approx(2 * k["least"]) for k in network["kernels"])


def test_a_study_of_nothing_is_its_origin() -> None:
    empty = Study(networks=(), device=device(), origin={"processor": "made up"})
    assert render(empty, View()).startswith("processor made up\n")


def test_networks_are_measured_twice_with_others_between(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    order = []

    def profile(graph: Graph, *, rounds: int) -> list[Profiled]:
        order.append((graph.path, rounds))
        if graph.path == "squeezenet" and len(order) > 3:
            raise RuntimeError("it broke\nin several lines")
        return ran(graph, rounds=rounds)

    monkeypatch.setattr("guidelines.measuring.study.profile", profile)
    monkeypatch.setattr("guidelines.measuring.study.runner", lambda graph: lambda: None)
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text(to_toml(device()))
    given = [f"network:{name}" for name in ("alexnet", "squeezenet", "mobilenet_v1")]
    result = run("measure", *given, "--device", "mine.toml", "--rounds", "9", "-o", "json")
    assert order == [
        (name, n) for n in (5, 4) for name in ("alexnet", "squeezenet", "mobilenet_v1")
    ]
    assert result.exit_code == 2
    assert (
        result.stderr
        == "guidelint: squeezenet: unexpected RuntimeError: it broke; -vv shows where\n"
    )
    told = json.loads(result.stdout)
    assert [network["path"] for network in told["networks"]] == ["alexnet", "mobilenet_v1"]
    assert told["origin"]["rounds"] == "9"


def test_measure_runs_a_network() -> None:
    result = run("measure", "network:mobilenet_v3_small", "--device", names()[0], "--rounds", "5")
    assert result.exit_code == 0, result.output
    assert "mobilenet_v3_small" in result.stdout
    kernels_of = len(predict(networks.mobilenet_v3_small(), load(names()[0])).kernels)
    assert f" of {kernels_of} " in result.stdout
