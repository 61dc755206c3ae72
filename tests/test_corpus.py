"""The 1,678 operator tests of the onnx 1.21.0 wheel: each is read, none unknown but the listed."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import onnx
import pytest

from costmodel import read
from costmodel.operator import UNCOSTABLE

CORPUS = Path(__file__).parent / "data" / "onnx-1.21.0-operator-tests.zip"

with zipfile.ZipFile(CORPUS) as corpus:
    MODELS = {name.removesuffix(".onnx"): corpus.read(name) for name in sorted(corpus.namelist())}

# Their shapes depend on the value of an input (the size of an affine grid, the length of a
# window, the axes of a reduction, the slice that a loop takes), which no file tells.
BY_VALUE = re.compile(
    r"test_(affine_grid_[23]d(_align_corners)?_expanded"
    r"|(blackman|hamming|hann)window(_symmetric)?_expanded"
    r"|center_crop_pad_\w+_expanded"
    r"|reduce_(l1|l2|log_sum|log_sum_exp|sum_square)_\w+_expanded"
    r"|range_\w+_expanded"
    r"|loop1[136]\w*|sequence_map_\w+)"
)


def zeros(model: onnx.ModelProto) -> dict[str, tuple[int, ...]]:
    """Inputs that really have no elements: in a file, 0 mostly means an axis that is free."""
    shapes = {
        value.name: tuple(d.dim_value for d in value.type.tensor_type.shape.dim)
        for value in model.graph.input
    }
    return {name: shape for name, shape in shapes.items() if 0 in shape}


def test_the_corpus_is_whole() -> None:
    assert len(MODELS) == 1678


@pytest.mark.parametrize("initial", sorted({name[5] for name in MODELS}))
def test_each_is_read_and_costed(initial: str) -> None:
    for name, data in MODELS.items():
        if name[5] != initial:
            continue
        model = onnx.ModelProto.FromString(data)
        graph = read(model, shapes=zeros(model))
        unknown = [n for n in graph.unknown if n.op_type not in UNCOSTABLE]
        if BY_VALUE.fullmatch(name):
            unknown = [n for n in unknown if not n.reason.startswith("a shape is only known as")]
        assert unknown == [], name
