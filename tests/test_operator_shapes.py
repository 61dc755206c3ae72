"""Output types that no schema tells: ours against those that ONNX Runtime computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper

from costmodel.errors import ModelError, Unknown
from costmodel.operator import REGISTRY
from costmodel.operators.einsum import terms
from costmodel.operators.shapes import joined
from costmodel.tensor import Tensor

F, U8, I8, I32, I64 = np.float32, np.uint8, np.int8, np.int32, np.int64


def zeros(*shape: int, dtype: Any = F) -> np.ndarray[Any, Any]:
    return np.zeros(shape, dtype)


def scale(dtype: Any = F) -> np.ndarray[Any, Any]:
    return np.ones((), dtype)


X = zeros(2, 4, 9, 8)
KERNEL = zeros(6, 4, 3, 3)
QX, QK = zeros(2, 4, 9, 8, dtype=U8), zeros(6, 4, 3, 3, dtype=U8)
POINT = [scale(), scale(U8)]
# A type without its domain, its inputs, its attributes; the runtime tells the outputs.
CASES: list[tuple[str, list[Any], dict[str, Any]]] = [
    ("FusedConv", [X, KERNEL, zeros(6)], {"activation": "Relu", "strides": [2, 2]}),
    ("FusedConv", [X, KERNEL], {"activation": "Relu", "auto_pad": "SAME_UPPER", "strides": [2, 3]}),
    ("FusedConv", [X, KERNEL], {"activation": "Tanh", "pads": [1, 0, 2, 1], "dilations": [2, 1]}),
    ("FusedGemm", [zeros(3, 2), zeros(3, 5), zeros(5)], {"activation": "Relu", "transA": 1}),
    ("FusedMatMul", [zeros(5, 3, 2), zeros(5, 7, 3)], {"transA": 1, "transB": 1}),
    ("FusedMatMul", [zeros(3, 5, 2), zeros(5, 2, 7)], {"transBatchA": 1}),
    ("QLinearConv", [QX, *POINT, QK, *POINT, *POINT], {"pads": [1, 1, 1, 1]}),
    ("QLinearConv", [zeros(2, 9, 8, 4, dtype=U8), *POINT, QK, *POINT, *POINT],
     {"channels_last": 1}),
    ("QLinearAdd", [zeros(3, 1, dtype=U8), *POINT, zeros(4, dtype=U8), *POINT, *POINT], {}),
    ("QLinearMul", [zeros(3, 1, dtype=U8), *POINT, zeros(4, dtype=U8), *POINT, *POINT], {}),
    ("QLinearSigmoid", [zeros(3, 4, dtype=U8), *POINT, *POINT], {}),
    ("QLinearLeakyRelu", [zeros(3, 4, dtype=U8), *POINT, *POINT], {"alpha": 0.1}),
    ("QLinearSoftmax", [zeros(3, 4, dtype=U8), *POINT, *POINT], {"opset": 13}),
    ("QLinearConcat", [*POINT, zeros(3, 4, dtype=U8), *POINT, zeros(3, 5, dtype=U8), *POINT],
     {"axis": 1}),
    ("QLinearAveragePool", [QX, *POINT, *POINT], {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ("QLinearAveragePool", [zeros(2, 9, 8, 4, dtype=U8), *POINT, *POINT],
     {"kernel_shape": [2, 2], "strides": [2, 2], "channels_last": 1, "ceil_mode": 1}),
    ("QLinearGlobalAveragePool", [QX, *POINT, *POINT], {}),
    ("NhwcMaxPool", [zeros(2, 9, 8, 4, dtype=U8)], {"kernel_shape": [3, 3], "strides": [2, 2]}),
    ("QGemm", [zeros(2, 3, dtype=U8), *POINT, zeros(5, 3, dtype=U8), *POINT, None, *POINT],
     {"transB": 1}),
    ("DynamicQuantizeMatMul", [zeros(4, 2, 3), zeros(3, 5, dtype=U8), scale(), scale(U8)], {}),
    ("MatMulIntegerToFloat",
     [zeros(4, 2, 3, dtype=U8), zeros(3, 5, dtype=U8), scale(), scale(), scale(U8), scale(U8)], {}),
    ("MatMulNBits", [zeros(2, 3, 32), zeros(8, 1, 16, dtype=U8), zeros(8)],
     {"K": 32, "N": 8, "bits": 4, "block_size": 32}),
    ("BiasGelu", [zeros(2, 3, 8), zeros(8)], {}),
    ("FastGelu", [zeros(2, 3, 8), zeros(8)], {}),
    ("Gelu", [zeros(2, 3, 8)], {}),
    ("QuickGelu", [zeros(2, 3, 8)], {"alpha": 1.7}),
    ("SkipLayerNormalization", [zeros(2, 3, 8), zeros(2, 3, 8), zeros(8), zeros(8), zeros(8)], {}),
    ("SkipSimplifiedLayerNormalization", [zeros(2, 3, 8), zeros(2, 3, 8), zeros(8)], {}),
    ("EmbedLayerNormalization",
     [zeros(2, 3, dtype=I32), zeros(2, 3, dtype=I32), zeros(9, 8), zeros(9, 8), zeros(9, 8),
      zeros(8), zeros(8)], {}),
    ("Attention", [zeros(2, 3, 8), zeros(8, 24), zeros(24)], {"num_heads": 2}),
    ("Attention", [zeros(2, 3, 8), zeros(8, 20), zeros(20)],
     {"num_heads": 2, "qkv_hidden_sizes": [8, 8, 4]}),
    ("MultiHeadAttention", [zeros(2, 3, 8), zeros(2, 5, 8), zeros(2, 5, 8)], {"num_heads": 2}),
    ("MultiHeadAttention", [zeros(2, 3, 8), zeros(2, 2, 5, 4), zeros(2, 2, 5, 4)],
     {"num_heads": 2}),
    ("GroupQueryAttention",
     [zeros(1, 3, 32), zeros(1, 3, 16), zeros(1, 3, 16), None, None,
      np.full((1,), 2, I32), np.array(3, I32)], {"num_heads": 4, "kv_num_heads": 2}),
    ("GroupQueryAttention",
     [zeros(1, 3, 64), None, None, None, None, np.full((1,), 2, I32), np.array(3, I32)],
     {"num_heads": 4, "kv_num_heads": 2}),
    ("GroupQueryAttention",
     [zeros(1, 1, 32), zeros(1, 1, 16), zeros(1, 1, 16), zeros(1, 2, 6, 8), zeros(1, 2, 6, 8),
      np.full((1,), 6, I32), np.array(7, I32)], {"num_heads": 4, "kv_num_heads": 2}),
    ("RotaryEmbedding", [zeros(2, 3, 16), zeros(2, 3, dtype=I64), zeros(9, 4), zeros(9, 4)],
     {"num_heads": 2}),
    ("GatherBlockQuantized", [zeros(9, 32, dtype=U8), zeros(2, 3, dtype=I64), zeros(9, 2)],
     {"bits": 4, "block_size": 32, "quantize_axis": 1, "gather_axis": 0}),
    ("Inverse", [zeros(2, 4, 4) + np.eye(4, dtype=F)], {}),
    ("CDist", [zeros(3, 4), zeros(5, 4)], {"metric": "euclidean"}),
    ("ExpandDims", [zeros(3, 4), np.array(-1, I32)], {}),
    ("Range", [np.array(1, I64), np.array(10, I64), np.array(3, I64)], {}),
    ("CropAndResize",
     [zeros(1, 3, 8, 8), zeros(2, 4), zeros(2, dtype=I32), np.array([5, 6], I32)], {}),
    ("DequantizeLinear", [zeros(3, 4, dtype=U8), *POINT], {}),
    ("QuantizeLinear", [zeros(3, 4), *POINT], {}),
    ("ConvTransposeWithDynamicPads", [X, zeros(4, 6, 3, 3), np.array([0, 1, 1, 0], I64)],
     {"strides": [2, 2], "output_padding": [1, 0]}),
    ("MaxpoolWithMask", [X, zeros(2, 4, 9, 8, dtype=I32)],
     {"kernel_shape": [2, 2], "pads": [0, 0, 0, 0], "strides": [2, 2]}),
    ("DynamicQuantizeLSTM",
     [zeros(5, 1, 3), zeros(1, 3, 16, dtype=U8), zeros(1, 4, 16, dtype=U8), None, None, None, None,
      None, np.ones(1, F), zeros(1, dtype=U8), np.ones(1, F), zeros(1, dtype=U8)],
     {"hidden_size": 4}),
]  # fmt: skip


def computed(op_type: str, inputs: list[Any], attributes: dict[str, Any]) -> list[Any]:
    """What ONNX Runtime makes of the arrays; the weights are constants, as kernels demand."""
    names = ["" if a is None else f"i{k}" for k, a in enumerate(inputs)]
    outputs = (
        ["y", "y1", "y2"] if op_type in ("GroupQueryAttention", "DynamicQuantizeLSTM") else ["y"]
    )
    if op_type == "EmbedLayerNormalization":
        outputs = ["y", "y1"]
    node = helper.make_node(op_type, names, outputs, domain="com.microsoft", **attributes)
    made = [
        onnx.numpy_helper.from_array(a, n)
        for a, n in zip(inputs[1:], names[1:], strict=True)
        if a is not None
    ]
    first = helper.make_tensor_value_info(
        "i0", helper.np_dtype_to_tensor_dtype(inputs[0].dtype), inputs[0].shape
    )
    graph = helper.make_graph(
        [node], "g", [first], [onnx.ValueInfoProto(name=o) for o in outputs], made
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)],
        ir_version=8,
    )  # fmt: skip
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return list(session.run(None, {"i0": inputs[0]}))


@pytest.mark.parametrize("case", CASES, ids=[f"{case[0]}-{i}" for i, case in enumerate(CASES)])
def test_shapes_are_those_that_onnx_runtime_computes(case):
    op_type, inputs, attributes = case
    registered = REGISTRY[f"com.microsoft::{op_type}"]
    assert registered.shape is not None
    tensors = [None if a is None else Tensor(a.shape, a.dtype.name) for a in inputs]
    ours = registered.shape(tensors, {**registered.options, **attributes}, inputs)
    theirs = computed(op_type, inputs, attributes)
    assert len(ours) >= len(theirs)
    for (dtype, shape), array in zip(ours, theirs, strict=False):
        assert (dtype, shape) == (array.dtype.name, array.shape)


def test_open_extents_stay_open():
    rule = REGISTRY["com.microsoft::FusedConv"].shape
    assert rule is not None
    open_input = Tensor((None, 4, None, 8))
    assert rule([open_input, Tensor((6, 4, 3, 3))], {}, []) == [("float32", (None, 6, None, 6))]
    assert rule([Tensor(None), Tensor((6, 4, 3, 3))], {}, []) == [("float32", None)]


@pytest.mark.parametrize(
    "op_type", sorted(name for name, r in REGISTRY.items() if r.shape is not None)
)
def test_a_rule_never_invents_a_shape(op_type):
    """With nothing known of the inputs, nothing is said of the outputs that depends on them."""
    rule = REGISTRY[op_type].shape
    assert rule is not None
    attributes = {
        "equation": "...ij->...ji", "num_heads": 2, "N": 3, "K": 4, "axis": 0, "hidden_size": 4,
        "kernel_shape": [2, 2], "scales": [1, 1, 2, 2], "q_num_heads": 2, "kv_num_heads": 2,
        "size": 2,
    }  # fmt: skip
    for dtype, shape in rule([Tensor(None)] * 6, attributes, [None] * 6):
        assert dtype
        free = shape is None or op_type in (
            "com.microsoft::IsAllFinite",
            "ai.onnx.ml::LinearRegressor",
        )
        assert free or None in shape or op_type.endswith(("SVMRegressor",)), f"{shape} from nothing"


def test_shapes_that_do_not_broadcast_contradict_each_other():
    with pytest.raises(ModelError, match="expected extents that broadcast, found"):
        joined([(2, 3), (4, 3)])


@pytest.mark.parametrize("equation", ["...a...->a", "a->b", "a,b->ab", "a1->a", "." * 2000])
def test_an_equation_is_bounded_and_strict(equation):
    with pytest.raises((ModelError, Unknown), match=r"expected .*found"):
        terms(equation, [1])


@pytest.mark.parametrize(
    ("equation", "operands"),
    [
        ("ij,jk", [(2, 3), (3, 4)]),
        ("...ij,...jk->...ik", [(5, 1, 2, 3), (4, 3, 7)]),
        ("bhqd,bhkd->bhqk", [(2, 8, 16, 4), (2, 8, 32, 4)]),
        ("ii->i", [(3, 3)]),
        ("ba", [(2, 3)]),
        ("a...->...", [(2, 3, 4)]),
        ("i,i->", [(5,), (5,)]),
        ("ij,j...->i...", [(2, 3), (3, 4, 5)]),
    ],
)
def test_einsum_shapes_are_those_of_numpy(equation, operands):
    rule = REGISTRY["Einsum"].shape
    assert rule is not None
    expected = np.einsum(equation, *(np.zeros(s) for s in operands)).shape
    assert rule([Tensor(s) for s in operands], {"equation": equation}, [])[0][1] == expected
