"""Proofs: verdicts on made-up times, and the command with a clock of its own.

No test asserts a time: what runs here is priced, not run.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from costmodel import ModelError
from costmodel.device import Device, Rates
from costmodel.frontends.code import Network
from costmodel.frontends.onnx.write import write
from costmodel.fusion import fused_memory_access_bytes
from costmodel.graph import Graph
from guidelines import cli
from guidelines.finding import Finding, Saving
from guidelines.measuring import bench as real
from guidelines.measuring.bench import counted, runner
from guidelines.measuring.clock import Run, Times
from guidelines.measuring.proof import (
    Bench,
    Proof,
    Proved,
    Study,
    Trial,
    precision,
    prove,
    taken,
    tally,
    unfit,
    verdict,
    work,
)
from guidelines.remedy import NotBuilt, Remedy
from guidelines.report.proofs.full import render as full
from guidelines.report.proofs.markdown import render as markdown
from guidelines.report.view import View
from guidelines.runner import find


def conv(c: int) -> Graph:
    """16 pixels of c² multiply-adds."""
    net = Network()
    return net.graph(net.conv(net.input(c, 4, 4), c))


def trial(
    before: float, after: float, again: float = 0.0, *, spread: float = 0.0,
    widths: tuple[int, int] = (8, 8),
) -> Trial:  # fmt: skip
    """Twenty rounds of each, which vary by a share of them, before and after each their own way."""

    def times(seconds: float, way: int = 1) -> Times:
        return Times(seconds * (1 + spread * np.linspace(-1, 1, 20)[::way]))

    old, new = map(conv, widths)
    remedy = Remedy(nodes=("Conv_1",), before=old, after=new, text="other widths")
    once_more = times(again or before)
    return Trial(remedy=remedy, before=times(before), after=times(after, -1), again=once_more)


def finding(code: str = "G101") -> Finding:
    from guidelines.finding import Level

    return Finding(
        code=code, name="name", level=Level.WARNING, nodes=("Conv_1",), places=("layer",),
        value=2.0, bound=1.2, message="", remedy="", excess_bytes=1, share=0.1,
    )  # fmt: skip


# -- verdicts ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "again", "spread", "expected"),
    [
        (0.8, 1.0, 0.0, "proved"),
        (1.2, 1.0, 0.0, "refuted"),
        (1.0, 1.0, 0.0, "within noise"),
        (0.9, 0.85, 0.0, "within noise"),  # the site itself once took less
        (1.1, 1.15, 0.0, "within noise"),
        (0.97, 1.0, 0.3, "within noise"),  # the interval reaches over 1
        (0.5, 1.0, 0.1, "proved"),
    ],
)
def test_a_verdict(after: float, again: float, spread: float, expected: str) -> None:
    assert verdict([trial(1.0, after, again, spread=spread)]) == expected


def test_less_work_is_no_proof() -> None:
    """8² against 7²: 0.77 of the madds take no more than 0.77 of the time."""
    assert verdict([trial(1.0, 0.9, widths=(8, 7))]) == "within noise"
    assert verdict([trial(1.0, 0.7, widths=(8, 7))]) == "proved"
    assert verdict([trial(1.0, 1.2, widths=(7, 8))]) == "within noise"  # 1.31 of the madds
    assert verdict([trial(1.0, 1.4, widths=(7, 8))]) == "refuted"


def test_sites_together_are_summed() -> None:
    both = [trial(3.0, 2.0, 3.0), trial(1.0, 1.5, 1.0)]
    assert taken(both).value == pytest.approx(3.5 / 4)
    assert [verdict([each]) for each in both] == ["proved", "refuted"]
    assert verdict(both) == "proved"


def test_work_is_summed_over_sites() -> None:
    both = [trial(1.0, 1.0, widths=(8, 4)), trial(1.0, 1.0, widths=(4, 8))]
    assert work(both) == 1  # 64 + 16 and 16 + 64


def test_without_a_site_there_is_nothing_to_say() -> None:
    assert verdict([]) == "not built"


def proof(*trials: Trial, code: str = "G101") -> Proof:
    missing = () if trials else (NotBuilt(nodes=("Conv_1",), reason="its widths are fixed"),)
    return Proof(finding=finding(code), trials=trials, missing=missing)


def test_precision_is_of_what_ran() -> None:
    proofs = [proof(trial(1.0, 0.8))] * 3 + [proof(trial(1.0, 1.2)), proof()]
    found = tally(proofs)
    assert found == {"proved": 3, "refuted": 1, "within noise": 0, "not built": 1}
    assert precision(found) == 0.75
    assert precision(tally([proof()])) is None


# -- what runs ---------------------------------------------------------------------------------


def test_a_part_runs_and_is_counted() -> None:
    net = Network()
    x = net.activation(net.batch_norm(net.conv(net.input(8, 4, 4), 8)), "HardSwish")
    x = net.local_response_norm(net.mul(x, net.activation(x, "HardSigmoid")))
    graph = net.graph(net.depthwise(x))
    assert counted(graph) == graph.cost.madds == 16 * (8 * 8 + 8 * 9)
    [made] = runner(graph)()  # type: ignore[misc]
    assert made.shape == (1, 8, 4, 4)


def test_what_does_not_run_is_an_error_of_the_model() -> None:
    net = Network()
    x = net.add_operator("NoSuchOperator", [net.input(8, 4, 4)], [(1, 8, 4, 4)])[0]
    with pytest.raises(ModelError, match="expected a network that ONNX Runtime runs, found"):
        runner(net.graph(x))


@pytest.mark.parametrize(
    ("op_type", "weights", "reason"),
    [
        ("Upsample", [(4,)], "Upsample at Upsample_1 reads numbers that a graph does not keep"),
        ("com.microsoft::Gelu", [], "com.microsoft::Gelu at com.microsoft::Gelu_1 is not in"),
        ("Relu", [], ""),
    ],
)
def test_what_cannot_be_made_up(op_type: str, weights: list[Any], reason: str) -> None:
    net = Network()
    x = net.add_operator(op_type, [net.input(8, 4, 4)], [(1, 8, 4, 4)], weights)[0]
    said = unfit(net.graph(x))
    assert said.startswith(reason) and bool(said) == bool(reason)


class Pretended:
    """A machine on which a network takes what a price says, in whole seconds."""

    def __init__(self, price: Callable[[Graph], int]) -> None:
        self.now, self.price = 0, price

    def runner(self, part: Graph) -> Run:
        taken = self.price(part)

        def run() -> None:
            self.now += taken

        return run

    def bench(self, **_: Any) -> Bench:
        return Bench(
            runner=self.runner, clock=lambda: self.now, rounds=5,
            price=fused_memory_access_bytes, count=lambda part: int(part.cost.madds),
        )  # fmt: skip


def inverted() -> Graph:
    net = Network()
    x = net.conv(net.input(3, 28, 28), 16, k=3)
    y = net.depthwise(net.relu(net.conv(x, 96)))
    return net.graph(net.conv(net.add(x, net.conv(y, 16)), 10, k=3))


def test_where_time_is_traffic_the_advice_is_proved() -> None:
    graph = inverted()
    told: list[str] = []
    machine = Pretended(fused_memory_access_bytes)
    proofs = list(prove(graph, find(graph), machine.bench(), tell=told.append))
    assert [each.verdict for each in proofs] == ["proved"] * len(proofs)
    assert {each.finding.code for each in proofs} == {"G101", "G402"}
    assert all(trial.counted for each in proofs for trial in each.trials)
    assert told[0].endswith("at Conv_3")


def test_where_time_is_madds_it_is_not() -> None:
    graph = inverted()
    machine = Pretended(lambda part: int(part.cost.madds))
    proofs = list(prove(graph, find(graph), machine.bench()))
    assert {each.verdict for each in proofs} <= {"within noise"}


def test_another_count_of_madds_stops_the_proof() -> None:
    graph = inverted()
    machine = Pretended(fused_memory_access_bytes)

    def bench() -> Bench:
        made = machine.bench()
        return Bench(runner=made.runner, clock=made.clock, rounds=5, price=made.price,
                     count=lambda part: 7)  # fmt: skip

    [*proofs] = prove(graph, find(graph), bench())
    study = Study(networks=(Proved(path="net", proofs=tuple(proofs)),), origin={})
    assert study.failed
    assert "madds, found 7 by fvcore" in proofs[0].missing[0].reason


# -- reports -----------------------------------------------------------------------------------


def study(*proofs: Proof, device: str = "") -> Study:
    networks = (Proved(path="folder/net.onnx", proofs=proofs),)
    return Study(networks=networks, origin={"date": "2026-01-01"}, device=device)


def test_the_text_has_a_line_for_each_finding_and_site_and_a_sum() -> None:
    told = full(study(proof(trial(1e-3, 0.8e-3)), proof(code="G301")), View())
    assert "G101 name layer: proved, saves 20.0 % (20.0 to 20.0) of 1000 µs" in told
    assert "other widths" in told
    assert "G301 name layer: not built" in told
    assert "1 site not built: its widths are fixed" in told
    assert told.endswith("2 findings: 1 proved, 1 not built\n")


def test_a_predicted_saving_stands_beside_the_measured_one() -> None:
    site = trial(1e-3, 0.8e-3)
    foretold = Trial(
        remedy=site.remedy, before=site.before, after=site.after, again=site.again,
        predicted=Saving(seconds=1.5e-4, low=1e-4, high=2e-4),
    )  # fmt: skip
    assert "15.0 % (10.0 to 20.0)" in full(study(proof(foretold)), View())
    assert "predicted" not in full(study(proof(site)), View())


def test_the_page_has_the_precision_of_each_rule() -> None:
    told = markdown(
        study(
            proof(trial(1.0, 0.8)), proof(trial(1.0, 1.3)), proof(trial(1.0, 0.5), code="G201"),
            replace(proof(trial(1.0, 0.4), code="G201"), standing="left out"), device="machine",
        ),
        View(),
    )  # fmt: skip
    assert "| G101 | 2 | 1 | 1 | 0 | 0 | 50.0% | -5.0 % (-5.0 to -5.0) | 0 | 0 |" in told
    assert "| G201 | 1 | 1 | 0 | 0 | 0 | 100% | 50.0 % (50.0 to 50.0) | 1 | 1 |" in told
    assert "by the profile of machine" in told
    assert "folder" not in told  # the page is to be published


# -- the command -------------------------------------------------------------------------------


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Pretended:
    pretended = Pretended(fused_memory_access_bytes)
    monkeypatch.setattr(real, "bench", pretended.bench)
    return pretended


def guidelint(*arguments: str) -> Result:
    return CliRunner().invoke(cli.guidelint, ["prove", *arguments])


def test_a_network_of_the_literature(machine: Pretended) -> None:
    ran = guidelint("network:squeezenet", "--rounds", "5")
    assert ran.exit_code == 0
    assert ran.stdout.splitlines()[-1].startswith("2 findings: ")
    assert "rounds 5" in " ".join(ran.stdout.split())


def test_a_file(machine: Pretended, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(write(inverted()).SerializeToString())
    ran = guidelint(str(path), "--select", "G4", "-o", f"json:{tmp_path}/net.json", "-o", "full")
    assert ran.exit_code == 0
    assert ran.stdout.endswith("1 finding: 1 proved\n")
    told = json.loads((tmp_path / "net.json").read_text())
    assert told["summary"]["all"] == {
        "findings": 1, "proved": 1, "refuted": 0, "within_noise": 0, "not_built": 0,
        "precision": 1.0,
    }  # fmt: skip
    [found] = told["networks"][0]["findings"]
    assert found["finding"]["code"] == "G402"
    site = found["sites"][0]
    assert site["fvcore_agrees"] is True
    assert abs(site["madds"][1] / site["madds"][0] - 1) < 0.06
    assert len(site["microseconds"]["after"]) == 5
    times = {key: np.quantile(site["microseconds"][key], 0.25) for key in ("before", "after")}
    assert site["times_before"]["value"] == pytest.approx(
        times["after"] / times["before"], abs=0.02
    )


def test_a_file_that_cannot_be_read_fails(machine: Pretended, tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"nothing")
    ran = guidelint(str(tmp_path / "net.onnx"))
    assert ran.exit_code == 2
    assert "net.onnx" in ran.stderr


def test_a_network_that_nobody_knows() -> None:
    ran = guidelint("network:mobilenet_v9")
    assert ran.exit_code == 2
    assert "no network is called 'mobilenet_v9'" in ran.stderr


def test_the_bench_of_a_device_predicts() -> None:
    rates = Rates(
        microseconds={"read": 1000.0, "written": 1000.0, "calls": 0.0}, spread=0.1, count=9
    )
    device = Device(
        name="traffic", block=8, cache=1 << 20, spread=0.1, rates={"other": rates, "view": rates}
    )
    made = real.bench(rounds=5, device=device)
    # 1 ns a byte of maps: 16 pixels of 8 channels in and out, which are put in blocks and back
    assert made.price(conv(8)) == pytest.approx(3 * 1e-9 * 4 * 16 * (8 + 8))
    assert made.saving is not None
    assert made.saving(conv(8), conv(4)).seconds > 0
