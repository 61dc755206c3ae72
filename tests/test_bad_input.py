"""Bad input: one line that says what was expected, within bounds, and nothing left behind."""

from __future__ import annotations

import os
import time
from pathlib import Path

import hostile
import pytest

from costmodel import ModelError, read
from costmodel.frontends.onnx import limits as stops
from costmodel.frontends.onnx.limits import Stopped, stoppable

FILES = {name: (data, says) for name, data, says in hostile.files()}


@pytest.mark.parametrize("name", FILES)
def test_one_line_says_what_was_expected(name: str, tmp_path: Path) -> None:
    data, says = FILES[name]
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    start = time.process_time()
    with pytest.raises(ModelError) as caught:
        read(path)
    message = str(caught.value)
    assert says in message
    assert "\n" not in message and len(message) < 400
    assert time.process_time() - start < 10  # the bound that is promised, not a benchmark
    assert list(tmp_path.iterdir()) == [path]


def test_an_einsum_on_which_onnx_hangs_is_named() -> None:
    graph = read(hostile.einsum())
    assert [node.op_type for node in graph.unknown] == ["Einsum"]


def test_a_shape_of_2_to_the_40_is_never_allocated() -> None:
    graph = read(hostile.constant_of_shape())
    assert [node.op_type for node in graph.layers] == ["Add"]
    assert graph.cost.writes == 2**40


def test_a_count_that_claims_to_be_huge_is_not_believed() -> None:
    assert [node.op_type for node in read(hostile.scan()).layers] == ["Relu"]


def test_a_device_is_no_model() -> None:
    with pytest.raises(ModelError, match="regular file"):
        read("/dev/zero")


def test_a_directory_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="directory"):
        read(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No such file"):
        read(tmp_path / "absent.onnx")


def test_external_paths_are_not_followed(tmp_path: Path) -> None:
    """A weight that claims to stand in a device or above the folder is only a shape."""
    import onnx

    for location in ("/dev/zero", "../../../etc/passwd"):
        model = onnx.ModelProto.FromString(FILES_GOOD)
        tensor = model.graph.initializer[0]
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=location)
        path = tmp_path / "model.onnx"
        path.write_bytes(model.SerializeToString())
        assert read(path).cost.params == 4 * 3 * 3 * 3


FILES_GOOD = hostile.conv(hostile.value("x", 1, 3, 8, 8), 4, 3, 3, 3)


# -- work that does not end -----------------------------------------------------------------


def test_work_that_does_not_end_is_stopped_and_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stops, "STEP_SECONDS", 0)

    def work(at: object) -> None:
        at(7)  # type: ignore[operator]
        while True:
            pass

    with pytest.raises(Stopped) as caught:
        stoppable(work)
    assert caught.value.step == 7


def test_work_that_takes_all_memory_is_stopped() -> None:
    with pytest.raises(Stopped):
        stoppable(lambda at: bytearray(2 * stops.MEGABYTES * 1024 * 1024))


def test_work_that_crashes_is_stopped() -> None:
    with pytest.raises(Stopped):
        stoppable(lambda at: os.abort())


def test_work_that_raises_raises_here() -> None:
    def work(at: object) -> None:
        raise ModelError("expected this")

    with pytest.raises(ModelError, match="expected this"):
        stoppable(work)


def test_results_come_back_whole() -> None:
    assert stoppable(lambda at: b"x" * 5_000_000) == b"x" * 5_000_000


def test_a_step_that_crashes_is_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The node that crashes shape inference is unknown; the others are costed."""
    from costmodel.frontends.onnx import shapes

    def crash(self: object, step: object) -> None:
        if step.op_type == "Conv":  # type: ignore[attr-defined]
            os.abort()
        original(self, step)  # type: ignore[arg-type]

    original = shapes.plain
    monkeypatch.setattr(shapes, "plain", crash)
    (node,) = read(FILES_GOOD).unknown
    assert (node.op_type, node.reason) == ("Conv", "its shape inference did not end")
