"""What a remedy saves on a device: intervals that are fitted, advice that is shown or left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from costmodel import networks
from costmodel.device import Savings, from_dict, load, names, to_toml
from costmodel.frontends.code import Network
from costmodel.graph import Graph
from costmodel.timing import SURE, predict
from guidelines.analysis import analyse
from guidelines.finding import Saving
from guidelines.measuring.savings import Change, fit, from_csv, to_csv, tried
from guidelines.remedy import Remedy, sites
from guidelines.rule import RULES
from guidelines.runner import Settings, find
from guidelines.saving import saving, together
from guidelines.search import missed

DEVICE = load("amd-epyc-zen3")


def units(width: int) -> Graph:
    """Two units of ShuffleNet V2 at 28×28."""
    net = Network()
    x = net.conv_bn_relu(net.input(24, 28, 28), width, k=3)
    for _ in range(2):
        kept, y = net.split(x, width // 2, width // 2)
        y = net.batch_norm(net.depthwise(net.conv_bn_relu(y, y.c)))
        x = net.shuffle(net.concat(kept, net.conv_bn_relu(y, y.c)), 2)
    return net.graph(net.conv(x, 10))


# -- errors ------------------------------------------------------------------------------------


def test_an_interval_has_a_floor_and_a_share() -> None:
    """√((0.03·100)² + (0.2·20)²) = 5 of 100, 20 saved: 20 ± 1.645·5."""
    device = replace(DEVICE, savings=Savings(floor=0.03, share=0.2, count=9))
    before = after = units(116)
    told = saving(before, after, device)
    takes = predict(before, device).seconds
    assert told.seconds == 0
    assert told.high == pytest.approx(SURE * 0.03 * takes)
    assert device.savings.error(100.0, 20.0) == pytest.approx(5.0)


def test_fit_finds_the_errors_that_made_the_changes() -> None:
    """Floor 2 %, share 30 %, in a normal distribution: two thirds lie within one of them."""
    random = np.random.default_rng(1)
    changes = []
    for number in range(3000):
        saved = float(random.uniform(0, 0.6))
        off = float(random.normal(0, np.hypot(0.02, 0.3 * saved)))
        changes.append(
            Change(
                network=number, code="G101", before=2.0, after=2.0 * (1 - saved - off),
                predicted_before=1.0, predicted_after=1 - saved,
            )
        )  # fmt: skip
    found = fit(changes)
    assert found.count == 3000
    assert found.floor == pytest.approx(0.02, rel=0.15)
    assert found.share == pytest.approx(0.3, rel=0.15)


def test_changes_are_read_back_as_they_were_written() -> None:
    [*changes] = tried(7, units(116), DEVICE, rounds=5)
    assert changes == [] or changes[0].before > 0
    kept = Change(
        network=3, code="G402", before=0.00123, after=0.001, predicted_before=0.002,
        predicted_after=0.0015,
    )  # fmt: skip
    assert from_csv(to_csv([kept])) == [kept]


def test_advice_on_a_random_network_is_run_as_it_is_and_as_advised() -> None:
    """3:1 widths three times over: a finding, whose change is timed."""
    net = Network()
    x = net.conv_bn_relu(net.input(16, 28, 28), 24, k=3)
    for _ in range(2):
        x = net.conv_bn_relu(net.conv_bn_relu(x, 216), 24)
    [change, *_] = tried(5, net.graph(net.conv(x, 16)), DEVICE, rounds=5)
    assert (change.network, change.code) == (5, "G101")
    assert min(change.before, change.after) > 0
    assert change.predicted_after < change.predicted_before


@pytest.mark.parametrize("name", names())
def test_profiles_keep_the_errors_that_their_changes_give(name: str) -> None:
    path = Path(__file__).parents[1] / "costmodel/devices" / f"{name}.savings.csv"
    device = load(name)
    found = fit(from_csv(path.read_text(encoding="utf-8")))
    assert found.count == device.savings.count > 100
    assert found.floor == pytest.approx(device.savings.floor, rel=0.02)
    assert found.share == pytest.approx(device.savings.share, rel=0.02, abs=0.002)


def test_a_profile_is_read_back_as_it_was_written() -> None:
    import tomllib

    told = replace(DEVICE, savings=Savings(floor=0.01, share=0.2, count=12))
    assert from_dict(tomllib.loads(to_toml(told))).savings == told.savings


def test_intervals_of_one_finding_add_up() -> None:
    one = Saving(seconds=3.0, low=1.0, high=5.0, change="this")
    two = Saving(seconds=4.0, low=3.0, high=5.0, change="that")
    told = together([one, two])
    assert (told.seconds, told.low, told.high) == (7.0, 4.0, 10.0)
    assert told.change == "that; the like at 1 other place"


# -- what is shown -----------------------------------------------------------------------------


def test_rules_about_a_device_need_one() -> None:
    graph = units(116)
    assert not [f for f in find(graph) if f.code.startswith("D")]
    assert "D101" in {f.code for f in find(graph, device=DEVICE)}


def test_the_widths_of_the_paper_are_off_the_fast_path() -> None:
    """Branches of 58 channels in stage 2; those of 116 and 232 are multiples of 4."""
    model = analyse(networks.shufflenet_v2(), device=DEVICE)
    (found,) = model.findings or ()
    assert (found.code, found.where) == ("D101", "×4: stage2.0 … stage2.3")
    assert found.saving is not None and "widths 58→" in found.saving.change
    wide = analyse(networks.shufflenet_v2(width=2.0), device=DEVICE)
    assert [f.code for f in wide.findings or ()] == ["D101"]  # 244: branches of 122


def test_a_device_does_not_say_again_what_a_guideline_says() -> None:
    """ShuffleNet V1: its grouped 1×1 convolutions are off the fast path too."""
    graph = networks.shufflenet_v1()
    assert "D102" in {f.code for f in find(graph, device=DEVICE)}
    model = analyse(graph, device=DEVICE)
    told = {f.code for f in (*(model.findings or ()), *model.unsaved)}
    assert "G201" in told and "D102" not in told


def test_a_wider_branch_takes_less_time() -> None:
    """More multiply-adds on the fast path, fewer microseconds: both alternatives are priced."""
    graph = units(116)
    (finding,) = find(graph, Settings(select=("D101",)), DEVICE)
    for site in sites(graph, finding, lambda part: predict(part, DEVICE).seconds):
        assert isinstance(site, Remedy)
        assert predict(site.after, DEVICE).seconds < 0.8 * predict(site.before, DEVICE).seconds


# -- what is missed ----------------------------------------------------------------------------


def test_every_rule_has_options_that_blame_all_that_it_can() -> None:
    for rule in RULES.values():
        assert set(rule.widest) == set(rule.options)


def test_a_search_finds_what_a_threshold_hides() -> None:
    graph = units(116)
    strict = Settings(select=("D101",), options={"D101": {"max_slowdown": 100.0}})
    assert find(graph, strict, DEVICE) == ()
    found = {finding.code: remedies for finding, remedies in missed(graph, (), DEVICE)}
    assert "D101" in found
    shown = find(graph, Settings(select=("D101",)), DEVICE)
    assert "D101" not in {finding.code for finding, _ in missed(graph, shown, DEVICE)}
