"""Every operator: one formula for ints, arrays and symbols, and numbers made by hand."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from typing import Any

import numpy as np
import onnx
import pytest
import sympy

import costmodel.operators
from costmodel.cost import Cost
from costmodel.errors import ModelError, Unknown
from costmodel.operator import REGISTRY, UNCOSTABLE, Operator
from costmodel.tensor import Tensor

CLASSES = sorted({r.cls for r in REGISTRY.values()}, key=lambda cls: cls.__name__)
SCHEMAS = {
    (f"{s.domain}::" if s.domain else "") + s.name: s
    for s in sorted(onnx.defs.get_all_schemas_with_history(), key=lambda s: s.since_version)
}

NAMED = {"c_in": 4, "c_out": 6, "groups": 2, "bits": 4, "stored": 8, "elements": 8}
"""Values that must divide each other; every other field takes one of its own."""


def sizes(cls: type[Operator]) -> dict[str, int]:
    """A small int for each field, different ones where nothing must be divisible."""
    return {f.name: NAMED.get(f.name, 2 + i) for i, f in enumerate(fields(cls))}


def test_every_operator_of_the_standard_is_costed_or_said_to_be_uncostable():
    missing = sorted(SCHEMAS.keys() - REGISTRY.keys() - UNCOSTABLE.keys())
    assert not missing, f"neither registered nor in UNCOSTABLE: {missing}"
    assert not REGISTRY.keys() & UNCOSTABLE.keys()
    assert all(3 <= len(reason.split()) <= 12 for reason in UNCOSTABLE.values())


@pytest.mark.parametrize("op_type", sorted(SCHEMAS.keys() & REGISTRY.keys()))
def test_learned_inputs_are_inputs_that_the_schema_has(op_type):
    positions = REGISTRY[op_type].weights
    assert (
        positions is None
        or not SCHEMAS[op_type].inputs
        or (all(p < max(1, SCHEMAS[op_type].max_input) for p in positions))
    )


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_one_formula_serves_ints_arrays_and_symbols(cls):
    values = sizes(cls)
    whole = cls(**values).cost
    swept = cls(**{name: np.full((2, 3), float(v)) for name, v in values.items()}).cost
    symbols = {name: sympy.Symbol(name, positive=True, integer=True) for name in values}
    proved = cls(**symbols).cost
    for name, value in whole.to_dict().items():
        assert type(value) is int, f"{name} of ints is {type(value).__name__}"
        assert np.all(getattr(swept, name) == value), f"{name} of arrays"
        expression = sympy.sympify(getattr(proved, name))
        forbidden = (sympy.floor, sympy.ceiling, sympy.Piecewise, sympy.Max, sympy.Min, sympy.Float)
        assert not expression.has(*forbidden), f"{name} is {expression}"
        known = {s: values[s.name] for s in expression.free_symbols}
        assert expression.subs(known) == value, f"{name} is {expression}"


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_operator_says_its_formula_and_proves_it(cls):
    text = cls.__doc__ or ""
    assert ">>>" in text, "no example"
    said = {line.strip().split(" = ")[0] for line in text.splitlines() if " = " in line}
    cost = cls(**sizes(cls)).cost
    if cost == Cost():
        return
    assert said & {"madds", "ops", "memory access", "params"}, "no formula"
    assert not cost.madds or "madds" in said, "madds without their formula"


def test_operators_import_neither_algebra_nor_graphs_nor_frameworks():
    code = "import sys, costmodel.operators; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    unwanted = {"sympy", "networkx", "onnx", "torch", "matplotlib", "onnxruntime", "click"}
    assert not unwanted & set(done.stdout.split())


def held(*shape: int, dtype: str = "float32") -> Tensor:
    """A constant."""
    return Tensor(shape, dtype, constant=True)


def bound(op_type: str, inputs: list[Any], outputs: Any, attributes: dict[str, Any]) -> Operator:
    """The operator that a node of these shapes becomes."""
    tensors = [Tensor(t) if isinstance(t, tuple) else t for t in inputs]
    shapes = outputs if isinstance(outputs, list) else [outputs]
    made = tuple(Tensor(s) for s in shapes)
    registered = REGISTRY[op_type]
    return registered.cls.bind(
        *tensors, y=made[0], outputs=made, **{**registered.options, **attributes}
    )


X = (2, 4, 8, 8)
# A sentence, the type, inputs, outputs, attributes, and what it costs, by hand.
CASES: list[tuple[str, str, list[Any], Any, dict[str, Any], dict[str, int]]] = [
    # convolution
    ("a convolution multiplies each output by its whole kernel", "Conv",
     [(1, 3, 224, 224), held(64, 3, 7, 7), held(64)], (1, 64, 112, 112), {},
     {"madds": 112 * 112 * 64 * 3 * 49, "params": 64 * 3 * 49 + 64, "ops": 64 * 112 * 112,
      "reads": 3 * 224 * 224, "writes": 64 * 112 * 112, "weight_reads": 9408 + 64}),
    ("groups divide the kernel", "Conv", [X, held(6, 2, 3, 3)], (2, 6, 8, 8), {"group": 2},
     {"madds": 2 * 6 * 64 * 2 * 9, "params": 6 * 2 * 9, "ops": 0}),
    ("a computed kernel is read, not owned", "Conv", [X, (6, 4, 1, 1)], (2, 6, 8, 8), {},
     {"params": 0, "weight_reads": 0, "reads": 2 * 4 * 64 + 6 * 4}),
    ("a 1-D convolution has one extent", "Conv", [(1, 16, 100), held(32, 16, 5)], (1, 32, 100), {},
     {"madds": 100 * 32 * 16 * 5}),
    ("a 3-D convolution has three", "Conv",
     [(1, 4, 8, 8, 8), held(8, 4, 3, 3, 3)], (1, 8, 8, 8, 8), {}, {"madds": 512 * 8 * 4 * 27}),
    ("a transposed convolution counts its input extent", "ConvTranspose",
     [(1, 64, 14, 14), held(64, 32, 2, 2), held(32)], (1, 32, 28, 28), {"strides": [2, 2]},
     {"madds": 64 * 14 * 14 * 32 * 4, "params": 64 * 32 * 4 + 32, "ops": 32 * 28 * 28,
      "writes": 32 * 28 * 28}),
    ("a grouped one has c_out/groups columns", "ConvTranspose",
     [(1, 64, 14, 14), held(64, 8, 4, 4)], (1, 32, 28, 28), {"group": 4},
     {"madds": 64 * 14 * 14 * 8 * 16, "params": 64 * 8 * 16}),
    ("a deformable one samples each tap bilinearly", "DeformConv",
     [(1, 4, 5, 5), held(8, 4, 3, 3), (1, 18, 3, 3), None, (1, 9, 3, 3)], (1, 8, 3, 3), {},
     {"madds": 8 * 9 * 4 * 9, "ops": 9 * 4 * 9 * 9, "reads": 4 * 25 + 18 * 9 + 9 * 9}),
    ("a causal one keeps k - 1 positions", "CausalConvWithState",
     [(2, 6, 10), held(6, 1, 4), held(6), (2, 6, 3)], [(2, 6, 10), (2, 6, 3)],
     {"activation": "silu"},
     {"madds": 2 * 6 * 10 * 4, "params": 6 * 4 + 6, "ops": 120 + 5 * 120,
      "reads": 120 + 36, "writes": 120 + 36}),
    ("a fused one adds a residual and an activation", "com.microsoft::FusedConv",
     [X, held(6, 4, 1, 1), held(6), (2, 6, 8, 8)], (2, 6, 8, 8), {"activation": "Relu"},
     {"ops": 3 * 2 * 6 * 64, "reads": 2 * 4 * 64 + 2 * 6 * 64, "params": 24 + 6}),
    ("channels may stand last", "com.microsoft::NhwcConv",
     [(1, 8, 8, 4), held(6, 4, 3, 3)], (1, 6, 6, 6), {}, {"madds": 36 * 6 * 4 * 9}),
    ("a blocked layout pads the channels", "com.microsoft.nchwc::Conv",
     [(1, 24, 7, 7), held(32, 32, 1, 1)], (1, 32, 7, 7), {}, {"madds": 49 * 32 * 32}),
    ("quantised: the same, and its scales are buffers", "QLinearConv",
     [X, held(), held(dtype="uint8"), held(6, 4, 3, 3, dtype="int8"), held(6),
      held(6, dtype="int8"), held(), held(dtype="uint8"), held(6, dtype="int32")], (2, 6, 6, 6), {},
     {"madds": 2 * 36 * 6 * 4 * 9, "params": 216 + 6, "buffers": 1 + 1 + 6 + 6 + 1 + 1,
      "weight_reads": 222 + 16}),
    ("an integer convolution has no bias", "ConvInteger",
     [X, held(6, 4, 3, 3, dtype="uint8"), held(dtype="uint8")], (2, 6, 6, 6), {},
     {"params": 216, "ops": 0, "buffers": 1}),
    # contraction
    ("a matrix product broadcasts its batch", "MatMul", [(5, 1, 2, 3), (4, 3, 7)], (5, 4, 2, 7), {},
     {"madds": 20 * 2 * 3 * 7, "reads": 5 * 6 + 4 * 21, "writes": 20 * 14, "params": 0}),
    ("a constant side is learned", "MatMul", [(1, 196, 768), held(768, 64)], (1, 196, 64), {},
     {"madds": 196 * 768 * 64, "params": 768 * 64, "reads": 196 * 768}),
    ("a vector is a row or a column", "MatMul", [(3,), (3, 4)], (4,), {}, {"madds": 12}),
    ("two vectors make one number", "MatMul", [(16,), (16,)], (), {}, {"madds": 16, "writes": 1}),
    ("transposed in the product itself", "com.microsoft::FusedMatMul",
     [(5, 3, 2), (5, 7, 3)], (5, 2, 7), {"transA": 1, "transB": 1}, {"madds": 5 * 2 * 3 * 7}),
    ("a fully connected layer", "Gemm", [(2, 1024), held(1000, 1024), held(1000)], (2, 1000),
     {"transB": 1},
     {"madds": 2 * 1024 * 1000, "params": 1024 * 1000 + 1000, "ops": 2 * 1000}),
    ("a computed addend is read", "Gemm", [(2, 3), held(3, 5), (2, 5)], (2, 5), {},
     {"params": 15, "ops": 10, "reads": 6 + 10}),
    ("a scalar addend is added everywhere", "Gemm", [(2, 3), held(3, 5), held(1)], (2, 5), {},
     {"params": 15 + 1, "ops": 10}),
    ("with its activation", "com.microsoft::FusedGemm", [(2, 3), held(3, 5), held(5)], (2, 5),
     {"activation": "LeakyRelu"}, {"ops": (1 + 2) * 10}),
    ("with a GELU that ONNX Runtime fuses", "com.microsoft::GemmFastGelu",
     [(2, 3), held(3, 5), held(5)], (2, 5), {}, {"ops": (1 + 9) * 10, "params": 20, "madds": 30}),
    ("an integer product", "QLinearMatMul",
     [(2, 3), held(), held(), held(3, 5, dtype="int8"), held(), held(), held(), held()], (2, 5), {},
     {"madds": 30, "params": 15, "buffers": 6, "weight_reads": 21}),
    ("quantised on the way in, with a bias", "com.microsoft::DynamicQuantizeMatMul",
     [(2, 3), held(3, 5, dtype="int8"), held(5), held(5, dtype="int8"), held(5)], (2, 5), {},
     {"madds": 30, "params": 15 + 5, "ops": 10, "buffers": 10}),
    ("an integer layer", "com.microsoft::QGemm",
     [(2, 3), held(), held(), held(3, 5, dtype="int8"), held(5), held(5), held(5, dtype="int32")],
     (2, 5), {}, {"madds": 30, "params": 20, "buffers": 12}),
    ("four-bit weights share bytes", "com.microsoft::MatMulNBits",
     [(1, 10, 64), held(32, 2, 16, dtype="uint8"), held(32, 2)], (1, 10, 32),
     {"K": 64, "N": 32, "bits": 4, "block_size": 32},
     {"madds": 10 * 64 * 32, "params": 64 * 32, "weight_reads": 64 * 32 // 2 + 64, "buffers": 64,
      "ops": 2 * 64 * 32}),
    # einsum
    ("einsum: a product that is summed", "Einsum", [(2, 8, 16, 4), (2, 8, 32, 4)], (2, 8, 16, 32),
     {"equation": "bhqd,bhkd->bhqk"}, {"madds": 2 * 8 * 16 * 32 * 4, "ops": 0}),
    ("einsum: a product that is not", "Einsum", [(3,), (4,)], (3, 4), {"equation": "i,j->ij"},
     {"madds": 0, "ops": 12}),
    ("einsum: a transposition computes nothing", "Einsum", [(3, 4)], (4, 3), {"equation": "ij->ji"},
     {"madds": 0, "ops": 0, "writes": 12}),
    ("einsum: a sum", "Einsum", [(3, 4)], (3,), {"equation": "ij->i"}, {"madds": 0, "ops": 12}),
    ("einsum: three operands, from the left", "Einsum", [(2, 3), (3, 4), (4, 5)], (2, 5),
     {"equation": "ij,jk,kl->il"}, {"madds": 2 * 3 * 4 + 2 * 4 * 5}),
    ("einsum: an ellipsis broadcasts", "Einsum", [(5, 1, 2, 3), held(4, 3, 7)], (5, 4, 2, 7),
     {"equation": "...ij, ...jk -> ...ik"}, {"madds": 5 * 4 * 2 * 3 * 7, "params": 84}),
    ("einsum: without an arrow, indices that occur once remain", "Einsum",
     [(2, 3), (3, 4)], (2, 4), {"equation": "ij,jk"}, {"madds": 24}),
    # matrices
    ("a determinant is a triangular decomposition", "Det", [(2, 4, 4)], (2,), {},
     {"madds": 2 * (9 + 4 + 1), "ops": 2 * (3 + 2 + 1 + 4)}),
    ("an inverse is a cube", "com.microsoft::Inverse", [(2, 4, 4)], (2, 4, 4), {},
     {"madds": 2 * 64}),
    ("distances of all pairs", "com.microsoft::CDist", [(2, 4), (3, 4)], (2, 3), {},
     {"madds": 24, "ops": 24 + 6}),
    # attention
    ("attention of four axes", "Attention", [(1, 2, 3, 8), (1, 2, 5, 8), (1, 2, 5, 4)],
     [(1, 2, 3, 4)], {},
     {"madds": 2 * 3 * 5 * 12, "ops": 6 * 2 * 3 * 5, "reads": 48 + 80 + 40, "writes": 24}),
    ("attention with shared keys, a cache and a mask", "Attention",
     [(2, 3, 32), (2, 5, 16), (2, 5, 16), (3, 9), (2, 2, 4, 8), (2, 2, 4, 8)],
     [(2, 3, 32), (2, 2, 9, 8), (2, 2, 9, 8)], {"q_num_heads": 4, "kv_num_heads": 2},
     {"madds": 2 * 4 * 3 * 9 * 16, "ops": 7 * 2 * 4 * 3 * 9,
      "reads": 2 * 3 * 32 + 2 * 2 * 9 * 16 + 27, "writes": 2 * 3 * 32 + 2 * 2 * 9 * 16}),
    ("linear attention updates a state", "LinearAttention",
     [(2, 3, 16), (2, 3, 16), (2, 3, 8), (2, 2, 8, 4)], [(2, 3, 8), (2, 2, 8, 4)],
     {"q_num_heads": 2, "kv_num_heads": 2, "update_rule": "linear"},
     {"madds": 2 * 3 * 2 * (32 + 32), "ops": 2 * 3 * 8, "reads": 96 + 96 + 48 + 128,
      "writes": 48 + 128}),
    ("ONNX Runtime's attention projects first", "com.microsoft::Attention",
     [(2, 3, 8), held(8, 24), held(24)], [(2, 3, 8)], {"num_heads": 2},
     {"madds": 2 * 3 * 8 * 24 + 2 * 2 * 3 * 3 * 8, "params": 8 * 24 + 24,
      "ops": 6 * 2 * 2 * 9 + 2 * 3 * 24, "reads": 48, "writes": 48}),
    ("and its quantised kin", "com.microsoft::QAttention",
     [(2, 3, 8), held(8, 24, dtype="int8"), held(24), held(), held()], [(2, 3, 8)],
     {"num_heads": 2}, {"madds": 2 * 3 * 8 * 24 + 2 * 2 * 9 * 8, "params": 8 * 24 + 24}),
    ("without projections, biased", "com.microsoft::MultiHeadAttention",
     [(2, 3, 8), (2, 5, 8), (2, 5, 8), held(24)], [(2, 3, 8)], {"num_heads": 2},
     {"madds": 2 * 2 * 3 * 5 * 8, "params": 24}),
    ("packed queries, keys and values", "com.microsoft::MultiHeadAttention",
     [(2, 3, 2, 3, 4)], [(2, 3, 8)], {"num_heads": 2}, {"madds": 2 * 2 * 3 * 3 * 8}),
    ("grouped queries decode with a cache", "com.microsoft::GroupQueryAttention",
     [(1, 1, 32), (1, 1, 8), (1, 1, 8), (1, 1, 6, 8), (1, 1, 6, 8), (1,), ()],
     [(1, 1, 32), (1, 1, 7, 8), (1, 1, 7, 8)],
     {"num_heads": 4, "kv_num_heads": 1, "do_rotary": 1},
     {"madds": 4 * 7 * 16, "ops": 6 * 28 + 3 * (4 + 1) * 8, "writes": 32 + 7 * 16}),
    # around attention
    ("a rotation takes three operations", "RotaryEmbedding",
     [(1, 2, 3, 8), held(3, 4), held(3, 4)], [(1, 2, 3, 8)], {},
     {"ops": 3 * 48, "weight_reads": 3 * 8, "reads": 48}),
    ("BERT's first layer owns three tables", "com.microsoft::EmbedLayerNormalization",
     [(1, 4), (1, 4), held(100, 8), held(16, 8), held(2, 8), held(8), held(8)],
     [(1, 4, 8), (1,)], {},
     {"params": 118 * 8 + 16, "ops": 9 * 32, "weight_reads": 3 * 32 + 16, "reads": 8}),
    ("experts: few visited, all owned", "com.microsoft::MoE",
     [(6, 8), (6, 4), held(4, 16, 8), held(4, 16), held(4, 8, 16), held(4, 8)], [(6, 8)],
     {"k": 2}, {"madds": 6 * 2 * 8 * 32, "params": 4 * 8 * 32 + 64 + 32}),
    # recurrent
    ("an LSTM has four gates", "LSTM",
     [(10, 2, 80), held(1, 320, 80), held(1, 320, 80), held(1, 640)], [(10, 1, 2, 80)],
     {"hidden_size": 80},
     {"madds": 10 * 2 * 4 * 80 * 160, "params": 320 * 160 + 640,
      "ops": 10 * 2 * 80 * (18 + 8), "reads": 1600, "writes": 1600}),
    ("a GRU in both directions has three, twice", "GRU",
     [(7, 1, 6), held(2, 12, 6), held(2, 12, 4), None, None, (2, 1, 4)],
     [(7, 2, 1, 4), (2, 1, 4)], {"hidden_size": 4, "direction": "bidirectional"},
     {"madds": 2 * 7 * 12 * 10, "params": 2 * 12 * 10, "ops": 2 * 7 * 4 * 14,
      "reads": 42 + 8, "writes": 56 + 8}),
    ("a plain one has one gate", "RNN", [(7, 1, 6), held(1, 4, 6), held(1, 4, 4)], [(7, 1, 1, 4)],
     {"hidden_size": 4}, {"madds": 7 * 4 * 10, "ops": 7 * 4}),
    ("peepholes look into three gates", "LSTM",
     [(1, 1, 3), held(1, 8, 3), held(1, 8, 2), None, None, None, None, held(1, 6)],
     [(1, 1, 1, 2)], {"hidden_size": 2}, {"params": 8 * 5 + 6, "ops": 2 * (18 + 6)}),
    # normalisation
    ("batch norm folds to a multiply and an addition", "BatchNormalization",
     [X, held(4), held(4), held(4), held(4)], X, {},
     {"ops": 2 * 512, "params": 8, "buffers": 8, "weight_reads": 16, "reads": 512}),
    ("layer norm takes seven operations", "LayerNormalization",
     [(2, 3, 8), held(8), held(8)], (2, 3, 8), {}, {"ops": 7 * 48, "params": 16, "writes": 48}),
    ("RMS norm takes four", "RMSNormalization", [(2, 3, 8), held(8)], (2, 3, 8), {},
     {"ops": 4 * 48, "params": 8}),
    ("a group norm learns a pair a channel", "GroupNormalization", [X, held(4), held(4)], X,
     {"num_groups": 2}, {"ops": 7 * 512, "params": 8}),
    ("a skip is added first and may be returned", "com.microsoft::SkipLayerNormalization",
     [(2, 3, 8), (2, 3, 8), held(8), held(8), held(8)], [(2, 3, 8), None, None, (2, 3, 8)], {},
     {"ops": (7 + 1 + 1) * 48, "params": 24, "reads": 96, "writes": 96}),
    ("local response: the window counts", "LRN", [(1, 96, 55, 55)], (1, 96, 55, 55), {"size": 5},
     {"ops": 10 * 96 * 55 * 55}),
    ("softmax takes five", "Softmax", [(2, 10)], (2, 10), {}, {"ops": 100, "reads": 20}),
    # pooling
    ("a maximum compares its window", "MaxPool", [(1, 64, 112, 112)], (1, 64, 56, 56),
     {"kernel_shape": [3, 3]},
     {"ops": 64 * 56 * 56 * 9, "reads": 64 * 112 * 112, "writes": 64 * 56 * 56}),
    ("positions of the maxima are written too", "MaxPool", [(1, 2, 4, 4)],
     [(1, 2, 2, 2), (1, 2, 2, 2)], {"kernel_shape": [2, 2]}, {"writes": 16}),
    ("a global mean reads the plane", "GlobalAveragePool", [(1, 1024, 7, 7)], (1, 1024, 1, 1), {},
     {"ops": 1024 * 49, "reads": 1024 * 49, "writes": 1024}),
    ("a pooling of integers", "com.microsoft::QLinearAveragePool", [(1, 8, 8, 4), held(), held()],
     (1, 4, 4, 4), {"kernel_shape": [2, 2], "channels_last": 1}, {"ops": 64 * 4, "reads": 256}),
    # element by element
    ("a ReLU reads, compares, writes", "Relu", [(1, 64, 112, 112)], (1, 64, 112, 112), {},
     {"ops": 802816, "reads": 802816, "writes": 802816}),
    ("a constant of one element is read, not learned", "Mul", [X, held()], X, {},
     {"params": 0, "buffers": 1, "weight_reads": 1, "ops": 512}),
    ("a constant vector is learned", "Add", [X, held(4, 1, 1)], X, {},
     {"params": 4, "weight_reads": 4}),
    ("a mask of integers is not", "And", [X, held(8, 8, dtype="bool")], X, {},
     {"params": 0, "buffers": 64}),
    ("broadcasting counts the output", "Add", [(3, 1), (1, 4)], (3, 4), {},
     {"ops": 12, "reads": 7}),
    ("three tensors take two additions", "Sum", [(5,), (5,), (5,)], (5,), {}, {"ops": 10}),
    ("a mean divides as well", "Mean", [(5,), (5,), (5,)], (5,), {}, {"ops": 15}),
    ("a slope is learned even alone", "PRelu", [X, held(1)], X, {}, {"params": 1, "ops": 1024}),
    ("GELU by erf takes five", "Gelu", [(10,)], (10,), {}, {"ops": 50}),
    ("GELU by tanh takes nine", "Gelu", [(10,)], (10,), {"approximate": "tanh"}, {"ops": 90}),
    ("a biased one adds first", "com.microsoft::BiasGelu", [(2, 10), held(10)], (2, 10), {},
     {"ops": 120, "params": 10}),
    ("half of the channels gate the other", "com.microsoft::BiasSplitGelu",
     [(1, 2, 10), held(10)], (1, 2, 5), {}, {"ops": 8 * 10, "params": 10}),
    ("an integer addition", "com.microsoft::QLinearAdd",
     [(5,), held(), held(), (5,), held(), held(), held(), held()], (5,), {},
     {"ops": 5, "reads": 10, "params": 0}),
    # reduction
    ("a mean divides once a result", "ReduceMean", [(2, 8, 7, 7)], (2, 8, 1, 1), {},
     {"ops": 784 + 16, "reads": 784, "writes": 16}),
    ("a norm squares", "ReduceL2", [(2, 8)], (2, 1), {}, {"ops": 2 * 16 + 2}),
    ("a heap of eight has three levels", "TopK", [(1, 1000), (1,)], [(1, 8), (1, 8)], {},
     {"ops": 3000, "writes": 16}),
    ("sorting a thousand takes ten passes", "Unique", [(1000,)], [(90,)], {}, {"ops": 10000}),
    # resize
    ("nearest copies", "Resize", [(1, 4, 8, 8)], (1, 4, 16, 16), {"mode": "nearest"},
     {"ops": 0, "reads": 256, "writes": 1024}),
    ("bilinear mixes four", "Resize", [(1, 4, 8, 8)], (1, 4, 16, 16), {"mode": "linear"},
     {"ops": 2 * 4 * 1024}),
    ("along one axis two", "Upsample", [(1, 4, 8, 8)], (1, 4, 8, 16), {"mode": "linear"},
     {"ops": 2 * 2 * 512}),
    ("bicubic sixteen", "Resize", [(1, 4, 8, 8)], (1, 4, 16, 16), {"mode": "cubic"},
     {"ops": 2 * 16 * 1024}),
    ("shrunk by four with antialias, eight an axis", "Resize", [(1, 1, 16, 16)], (1, 1, 4, 4),
     {"mode": "linear", "antialias": 1}, {"ops": 2 * 64 * 16}),
    ("a grid is sampled", "GridSample", [(1, 3, 16, 16), (1, 8, 8, 2)], (1, 3, 8, 8), {},
     {"ops": 2 * 4 * 192, "reads": 768 + 128}),
    ("an affine grid is a product", "AffineGrid", [(2, 2, 3), (4,)], (2, 8, 8, 2), {},
     {"madds": 128 * 6, "writes": 256}),
    ("a region averages its samples", "RoiAlign", [(1, 3, 8, 8), (2, 4), (2,)], (2, 3, 7, 7),
     {"sampling_ratio": 2}, {"ops": 8 * 4 * 294, "reads": 192 + 8 + 2}),
    # gather and scatter
    ("an embedding owns its table and reads rows", "Gather", [held(30522, 768), (1, 16)],
     (1, 16, 768), {},
     {"params": 30522 * 768, "weight_reads": 16 * 768, "reads": 16, "writes": 16 * 768}),
    ("a gather of activations reads what it picks", "Gather", [X, held(2, dtype="int64")],
     (2, 2, 8, 8), {}, {"params": 0, "reads": 256, "weight_reads": 2}),
    ("a packed table", "com.microsoft::GatherBlockQuantized",
     [held(100, 16, dtype="uint8"), (1, 3), held(100, 1)], (1, 3, 32), {"bits": 4},
     {"params": 100 * 32, "ops": 2 * 96, "weight_reads": 48, "buffers": 100}),
    ("scatter copies and overwrites", "ScatterElements", [(10, 10), (2, 10), (2, 10)], (10, 10),
     {}, {"ops": 0, "reads": 100 + 20 + 20, "writes": 120}),
    ("or adds", "ScatterND", [(10, 10), (2, 1), (2, 10)], (10, 10), {"reduction": "add"},
     {"ops": 20}),
    ("one-hot rows", "OneHot", [(10,), (), (2,)], (10, 257), {}, {"writes": 2570}),
    ("columns add up to an image", "Col2Im", [(1, 9, 5), (2,), (2,)], (1, 1, 5, 5), {},
     {"ops": 45}),
    # movement and views
    ("a transposition reads and writes", "Transpose", [X], (2, 8, 8, 4), {},
     {"ops": 0, "reads": 512, "writes": 512}),
    ("a class token joins as learned", "Concat", [held(1, 1, 8), (1, 4, 8)], (1, 5, 8), {},
     {"params": 8, "weight_reads": 8, "reads": 32, "writes": 40}),
    ("a slice reads what it keeps", "Slice", [X, (1,), (1,)], (2, 2, 8, 8), {},
     {"reads": 256, "writes": 256}),
    ("a split writes all parts", "Split", [X], [(2, 2, 8, 8), (2, 2, 8, 8)], {},
     {"reads": 512, "writes": 512}),
    ("padding writes more", "Pad", [(1, 1, 4, 4)], (1, 1, 6, 6), {"pads": [0, 0, 1, 1] * 2},
     {"reads": 16, "writes": 36}),
    ("a view is free", "Reshape", [X, held(2, dtype="int64")], (2, 256), {}, Cost().to_dict()),
    ("so is a shape", "Shape", [X], (4,), {}, Cost().to_dict()),
    ("and a branch", "If", [()], (3,), {}, Cost().to_dict()),
    # creation, quantisation, signals, boxes, classical
    ("a filled tensor is written", "ConstantOfShape", [(2,)], (3, 4), {},
     {"writes": 12, "reads": 0}),
    ("a window takes a cosine", "HannWindow", [()], (512,), {}, {"ops": 4 * 512}),
    ("quantising takes five", "QuantizeLinear", [(10,), held(), held(dtype="uint8")], (10,), {},
     {"ops": 50, "params": 0, "weight_reads": 2}),
    ("dequantising two", "DequantizeLinear", [(10,), held(), held(dtype="uint8")], (10,), {},
     {"ops": 20}),
    ("simulating both seven", "qonnx.custom_op.general::Quant", [(10,), held(), held(), held()],
     (10,), {}, {"ops": 70, "params": 0}),
    ("a transform is fast", "DFT", [(1, 512, 1)], (1, 512, 2), {"axis": 1},
     {"ops": 5 * 512 * 9, "reads": 512, "writes": 1024}),
    ("half a spectrum tells a whole signal", "DFT", [(3, 257, 2)], (3, 512, 1),
     {"axis": 1, "onesided": 1, "inverse": 1}, {"ops": 3 * 5 * 512 * 9}),
    ("a short-time one weights each frame", "STFT", [(1, 1024, 1), (), (256,), ()],
     (1, 13, 129, 2), {}, {"ops": 13 * (5 * 256 * 8 + 256)}),
    ("boxes are compared with the kept", "NonMaxSuppression", [(1, 100, 4), (1, 2, 100)], (10, 3),
     {}, {"ops": 200 + 13 * 1000, "reads": 400 + 200, "writes": 30}),
    ("a linear classifier keeps attributes", "ai.onnx.ml::LinearClassifier", [(10, 4)],
     [(10,), (10, 3)],
     {"coefficients": [0.0] * 12, "intercepts": [0.0] * 3, "post_transform": "SOFTMAX"},
     {"madds": 120, "params": 15, "ops": 30 * 6, "writes": 40}),
    ("support vectors meet every row", "ai.onnx.ml::SVMRegressor", [(10, 4)], (10, 1),
     {"coefficients": [0.0] * 5, "support_vectors": [0.0] * 20, "kernel_type": "RBF"},
     {"madds": 10 * 5 * 5, "ops": 3 * 50 + 10, "params": 20 + 5 + 1}),
    ("a scaler keeps statistics", "ai.onnx.ml::Scaler", [(10, 4)], (10, 4),
     {"offset": [0.0] * 4, "scale": [1.0] * 4}, {"ops": 80, "buffers": 8, "params": 0}),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_costs_what_it_costs_by_hand(case):
    _, op_type, inputs, outputs, attributes, expected = case
    cost = bound(op_type, inputs, outputs, attributes).cost.to_dict()
    assert {name: cost[name] for name in expected} == expected
    assert all(type(value) is int for value in cost.values())


CONTRADICTIONS: list[tuple[str, str, list[Any], Any, dict[str, Any]]] = [
    ("channels that the kernel does not have", "Conv", [X, held(6, 3, 3, 3)], X, {}),
    ("groups that do not divide", "Conv", [X, held(6, 1, 3, 3)], X, {"group": 4}),
    ("no group at all", "Conv", [X, held(6, 4, 3, 3)], X, {"group": 0}),
    ("a transposed kernel of other channels", "ConvTranspose", [X, held(5, 6, 2, 2)], X, {}),
    ("inner extents of a product", "MatMul", [(2, 3), (4, 5)], (2, 5), {}),
    ("inner extents of a layer", "Gemm", [(2, 3), (5, 4)], (2, 5), {"transB": 1}),
    ("features of packed weights", "com.microsoft::MatMulNBits", [(2, 3), None], (2, 5),
     {"N": 5, "K": 4}),
    ("an index of two extents", "Einsum", [(2, 3), (4, 5)], (2, 5), {"equation": "ij,jk->ik"}),
    ("an equation for other operands", "Einsum", [(2, 3)], (2, 5), {"equation": "ij,jk->ik"}),
    ("a matrix that is not square", "Det", [(2, 3)], (), {}),
    ("queries and keys of other extents", "Attention",
     [(1, 2, 3, 8), (1, 2, 3, 4), (1, 2, 3, 4)], X, {}),
    ("heads that do not divide", "com.microsoft::Attention", [(2, 3, 8), held(8, 24)], X,
     {"num_heads": 3}),
    ("gates of another width", "LSTM", [(7, 1, 6), held(1, 12, 6), held(1, 12, 4)], X,
     {"hidden_size": 4}),
    ("features that the gates do not have", "GRU", [(7, 1, 5), held(1, 12, 6), held(1, 12, 4)], X,
     {"hidden_size": 4}),
    ("a scale for other channels", "BatchNormalization", [X, held(5)], X, {}),
    ("a grid of other axes", "GridSample", [(1, 3, 8, 8), (1, 8, 8, 3)], (1, 3, 8, 8), {}),
    ("an interpolation nobody knows", "Resize", [X], X, {"mode": "magic"}),
    ("scores for other boxes", "NonMaxSuppression", [(1, 9, 4), (1, 2, 10)], (1, 3), {}),
    ("coefficients for other features", "ai.onnx.ml::LinearRegressor", [(1, 4)], (1, 1),
     {"coefficients": [0.0] * 5}),
]  # fmt: skip


@pytest.mark.parametrize("case", CONTRADICTIONS, ids=[case[0] for case in CONTRADICTIONS])
def test_contradictions_say_what_was_expected_and_found(case):
    _, op_type, inputs, outputs, attributes = case
    with pytest.raises(ModelError, match=r"expected .*found") as caught:
        bound(op_type, inputs, outputs, attributes)
    assert "\n" not in str(caught.value)


UNKNOWNS: list[tuple[str, str, list[Any], Any, dict[str, Any]]] = [
    ("an open input", "Conv", [(1, None, 8, 8), held(6, 4, 3, 3)], X, {}),
    ("an open output", "Relu", [X], None, {}),
    ("boxes that the data decide", "NonMaxSuppression", [(1, 9, 4), (1, 2, 9)], (None, 3), {}),
    ("four spatial axes", "Conv", [(1, 4, 2, 2, 2, 2), held(6, 4, 1, 1, 1, 1)], (1, 6, 2, 2, 2, 2),
     {}),
    ("regions that decide their samples", "RoiAlign", [X, (2, 4), (2,)], (2, 4, 7, 7), {}),
    ("an activation without a formula", "com.microsoft::FusedConv", [X, held(6, 4, 1, 1)],
     (2, 6, 8, 8), {"activation": "Magic"}),
    ("two ellipses in one operand", "Einsum", [(2, 3)], (2, 3), {"equation": "...i...->..."}),
    ("an axis that is a value", "DFT", [(3, 8, 4, 1), None, (1,)], (3, 8, 4, 2), {}),
]  # fmt: skip


@pytest.mark.parametrize("case", UNKNOWNS, ids=[case[0] for case in UNKNOWNS])
def test_what_is_not_known_is_not_zero(case):
    _, op_type, inputs, outputs, attributes = case
    with pytest.raises(Unknown):
        bound(op_type, inputs, outputs, attributes)


def test_the_package_offers_what_it_names():
    for name in costmodel.operators.__all__:
        assert getattr(costmodel.operators, name) is not None
