"""What ONNX Runtime's CPU provider does at its three levels of graph optimisation.

Read from the graphs that version 1.31 saves, pattern by pattern and network by network
(``tests/test_onnxruntime_rules.py``), with its sources as a guide to where to look:
``core/optimizer/nchwc_transformer.cc``, ``conv_activation_fusion.cc``,
``conv_add_act_fusion.cc`` and ``gemm_activation_fusion.cc``; which kernel a convolution runs
is from ``core/mlas/lib/snchwc.cpp`` and ``convolve.cpp``.

``GENERIC`` differs on purpose: there a residual joins its convolution in any layout, batch
normalisation takes a scale, a shift and a ReLU along, a bias folds into a transposed
convolution and a constant folds whatever its rank.

Not here: fusions for transformers (attention, layer normalisation with what surrounds it,
matrix products with scales and transposes, x·sigmoid(1.702·x)), the optimiser that moves
transposes until they cancel, a ReLU dropped before a Clip, group normalisation, which runs as
some twenty operators, and the kernels of quantised operators. A file whose weights are also
inputs, so that a caller may replace them, gets neither folds nor blocks.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Literal

from costmodel.fusion.rules import BATCH_NORM, BOUNDED, GELU, SWISH, Follow, Layout, Rules

Level = Literal["basic", "extended", "all"]

BASIC = Rules(
    name="onnxruntime-cpu basic",
    kernels={
        "Conv": Follow(folds=BATCH_NORM | {"Mul", "Add"}, numbers=frozenset({"Mul"})),
        "ConvTranspose": Follow(folds=BATCH_NORM),
        "MatMul": Follow(folds=BATCH_NORM | {"Add"}, numbers=frozenset(), becomes="Gemm"),
    },
    once=True,
    pads=frozenset({"Conv", "MaxPool", "AveragePool"}),
    spelled={"HardSwish": ("HardSigmoid", "Mul"), "Mish": ("Softplus", "Tanh", "Mul")},
    layout=Layout(),
)
"""Constants fold into the weights, paddings into the window that follows."""

EXTENDED = replace(
    BASIC,
    name="onnxruntime-cpu extended",
    kernels={
        **BASIC.kernels,
        "Conv": replace(BASIC.kernels["Conv"], activations=BOUNDED | {"Clip"}),
        "Gemm": Follow(
            activations=BOUNDED | {"Elu", "Selu", "Softplus", "Softsign", "ThresholdedRelu"}
        ),
    },
    compounds={**SWISH, **GELU},
    quantisation=True,
)
"""Activations join what makes their input; x·sigmoid(x) and GELU are one operator."""

_OF_BLOCKS = frozenset({"Relu", "Sigmoid", "Tanh", "HardSigmoid", "HardSwish"})

_ALL = Layout(
    windows=frozenset({"MaxPool", "AveragePool"}),
    planes=frozenset({"GlobalMaxPool", "GlobalAveragePool"}),
    functions=_OF_BLOCKS | {"QuickGelu", "Gelu"},
    blocked=Follow(residual=frozenset({"Add", "Sum"}), activations=_OF_BLOCKS),
    plain=Follow(residual=frozenset({"Add"}), after_residual=BOUNDED | {"Clip"}),
)


@functools.cache
def onnxruntime_cpu(level: Level = "all", *, block: int = 8) -> Rules:
    """The rules at a level.

    Args:
        level: as ``SessionOptions.graph_optimization_level`` names it; ``all`` is its default.
        block: channels in a block of the layout that ``all`` brings: 8 with AVX and AVX2, 16
            with AVX-512, 1 where the processor has none.

    >>> from costmodel.frontends.code import Network
    >>> from costmodel.fusion import kernels
    >>> net = Network()
    >>> x = net.relu(net.conv(net.input(3, 8, 8), 16, k=3))
    >>> graph = net.graph(net.relu(net.add(net.conv(x, 16), x)))
    >>> for kernel in kernels(graph, onnxruntime_cpu()):
    ...     print(kernel.op, kernel.path, *kernel.nodes)
    Conv nchwc/first Conv_1 Relu_1
    Conv nchwc/pointwise Conv_2 Add_1 Relu_2
    ReorderOutput nchwc
    """
    if level == "basic":
        return BASIC
    if level == "extended":
        return EXTENDED
    name = f"onnxruntime-cpu all, block {block}"
    return replace(EXTENDED, name=name, layout=replace(_ALL, block=block))
