"""Every operator, one family a file. Importing this package fills the registry."""

from costmodel.operators import (
    attention,
    classical,
    contraction,
    control,
    convolution,
    creation,
    detection,
    einsum,
    elementwise,
    embedding,
    experts,
    fused,
    gather,
    linear_attention,
    matrix,
    movement,
    normalization,
    packed,
    pooling,
    quantize,
    recurrent,
    reduction,
    resize,
    signal,
    transformer,
    uncostable,
    view,
)
from costmodel.operators.attention import Attention
from costmodel.operators.contraction import Gemm, MatMul
from costmodel.operators.convolution import Conv, ConvTranspose, DeformConv
from costmodel.operators.einsum import Einsum
from costmodel.operators.elementwise import Elementwise
from costmodel.operators.fused import FusedConv
from costmodel.operators.gather import Gather, Scatter
from costmodel.operators.movement import Concat, Movement, Slice, Split
from costmodel.operators.normalization import BatchNormalization, Normalization, Softmax
from costmodel.operators.pooling import GlobalPool, Pool
from costmodel.operators.recurrent import Recurrent
from costmodel.operators.reduction import Reduction
from costmodel.operators.resize import Resize
from costmodel.operators.view import View

FAMILIES = (
    convolution, contraction, einsum, matrix, attention, linear_attention, recurrent,
    normalization, pooling, elementwise, reduction, resize, gather, embedding, movement, view,
    control, creation, quantize, packed, fused, transformer, experts, signal, detection,
    classical, uncostable,
)  # fmt: skip
"""The modules of this package in the order of the documentation."""

__all__ = [
    "FAMILIES",
    "Attention",
    "BatchNormalization",
    "Concat",
    "Conv",
    "ConvTranspose",
    "DeformConv",
    "Einsum",
    "Elementwise",
    "FusedConv",
    "Gather",
    "Gemm",
    "GlobalPool",
    "MatMul",
    "Movement",
    "Normalization",
    "Pool",
    "Recurrent",
    "Reduction",
    "Resize",
    "Scatter",
    "Slice",
    "Softmax",
    "Split",
    "View",
]
