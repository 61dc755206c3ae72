"""Layers and networks in torch, for comparison with other counters."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """A layer and the tensors that it reads."""

    name: str
    module: nn.Module
    inputs: tuple[torch.Tensor, ...]


class Of(nn.Module):
    """A function of modules and tensors as a module."""

    def __init__(self, function: Callable[..., Any], *parts: nn.Module) -> None:
        super().__init__()
        self.function = function
        self.parts = nn.ModuleList(parts)

    def forward(self, *inputs: torch.Tensor) -> Any:
        return self.function(*self.parts, *inputs)


class Grid(nn.Module):
    """Many layers side by side, each on inputs of its own: one export serves them all."""

    def __init__(self, cases: list[Case]) -> None:
        super().__init__()
        self.names = [case.name for case in cases]
        self.reads = [len(case.inputs) for case in cases]
        for case in cases:
            self.add_module(case.name, case.module)
        self.inputs = tuple(tensor for case in cases for tensor in case.inputs)

    def forward(self, *inputs: torch.Tensor) -> list[Any]:
        rest = iter(inputs)
        return [
            getattr(self, name)(*itertools.islice(rest, reads))
            for name, reads in zip(self.names, self.reads, strict=True)
        ]


def case(name: str, module: nn.Module | Callable[..., Any], *inputs: Shape | torch.Tensor) -> Case:
    made = module if isinstance(module, nn.Module) else Of(module)
    return Case(
        name, made, tuple(x if isinstance(x, torch.Tensor) else torch.zeros(x) for x in inputs)
    )


def tokens(*shape: int) -> torch.Tensor:
    return torch.zeros(shape, dtype=torch.int64)


CONVOLUTIONS = {
    (False, 1): nn.Conv1d, (False, 2): nn.Conv2d, (False, 3): nn.Conv3d,
    (True, 1): nn.ConvTranspose1d, (True, 2): nn.ConvTranspose2d, (True, 3): nn.ConvTranspose3d,
}  # fmt: skip


def convolutions() -> Iterator[Case]:
    """Every dimension, both directions, each of stride, padding, dilation, groups and bias."""
    for transposed, axes in CONVOLUTIONS:
        make = CONVOLUTIONS[transposed, axes]
        extent = (9, 8, 7)[:axes]
        for number, how in enumerate([
            {}, {"stride": 2}, {"padding": 1}, {"dilation": 2}, {"groups": 2}, {"bias": False},
            {"stride": 3, "padding": 2, "dilation": 2, "groups": 4, "bias": False},
        ]):  # fmt: skip
            name = f"conv{'_transpose' * transposed}{axes}d_{number}"
            yield case(name, make(4, 8, 3, **how), (2, 4, *extent))
    yield case("conv_depthwise", nn.Conv2d(6, 12, (3, 5), groups=6, padding=(1, 2)), (1, 6, 7, 9))
    yield case("conv_without_batch", nn.Conv2d(4, 6, 3), (4, 9, 9))
    yield case("conv_same", nn.Conv2d(4, 6, 3, padding="same"), (2, 4, 9, 9))
    yield case(
        "conv_reflecting", nn.Conv2d(4, 6, 3, padding=1, padding_mode="reflect"), (2, 4, 9, 9)
    )
    up = nn.ConvTranspose2d(4, 6, 3, stride=2, output_padding=1)
    yield case("conv_transpose_padded_output", up, (2, 4, 5, 5))
    kernel = lambda x, w: F.conv2d(x, w)  # noqa: E731
    yield case("conv_of_a_computed_kernel", kernel, (1, 3, 8, 8), (5, 3, 3, 3))


def products() -> Iterator[Case]:
    yield case("linear_of_a_vector", nn.Linear(8, 4), (8,))
    yield case("linear", nn.Linear(8, 4), (2, 8))
    yield case("linear_of_tokens", nn.Linear(8, 4, bias=False), (2, 3, 8))
    yield case(
        "linear_of_weight_norm", nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)), (2, 4)
    )
    yield case("two_linears_of_one_weight", Tied(), tokens(2, 3))
    yield case("bilinear", nn.Bilinear(3, 4, 5), (2, 3), (2, 4))
    for name, function, *shapes in [
        ("mm", torch.mm, (5, 4), (4, 3)),
        ("bmm", torch.bmm, (5, 3, 2), (5, 2, 4)),
        ("addmm", torch.addmm, (5, 4), (5, 2), (2, 4)),
        ("addmv", torch.addmv, (5,), (5, 4), (4,)),
        ("addbmm", torch.addbmm, (3, 4), (2, 3, 5), (2, 5, 4)),
        ("determinant", torch.linalg.det, (2, 4, 4)),
        ("baddbmm", torch.baddbmm, (5, 3, 4), (5, 3, 2), (5, 2, 4)),
        ("mv", torch.mv, (5, 4), (4,)),
        ("dot", torch.dot, (5,), (5,)),
        ("outer", torch.outer, (5,), (4,)),
        ("inner", torch.inner, (5, 4), (3, 4)),
        ("matmul_of_batches", torch.matmul, (7, 3, 4), (7, 4, 5)),
        ("matmul_spreads_the_first", torch.matmul, (3, 4), (7, 4, 5)),
        ("matmul_spreads_the_second", torch.matmul, (7, 3, 4), (4, 5)),
        ("matmul_spreads_both", torch.matmul, (5, 1, 2, 3), (4, 3, 7)),
        ("matmul_by_a_vector", torch.matmul, (5, 3), (3,)),
        ("matmul_of_a_vector", torch.matmul, (3,), (3, 5)),
    ]:
        yield case(name, function, *shapes)
    for name, equation, *shapes in [
        ("einsum_scores", "bhqd,bhkd->bhqk", (2, 3, 47, 53), (2, 3, 61, 53)),
        ("einsum_known_by_fvcore", "nct,ncp->ntp", (3, 7, 9), (3, 7, 5)),
        ("einsum_of_three", "ij,jk,kl->il", (3, 4), (4, 5), (5, 6)),
        ("einsum_that_sums_first", "ij,jk->k", (3, 4), (4, 5)),
        ("einsum_outer", "i,j->ij", (5,), (4,)),
        ("einsum_sum", "ij->i", (5, 4)),
    ]:
        yield case(name, lambda *x, e=equation: torch.einsum(e, *x), *shapes)


def attentions() -> Iterator[Case]:
    q, kv = (2, 4, 5, 6), (2, 4, 7, 6)
    attend = F.scaled_dot_product_attention
    yield case("attention", attend, q, kv, kv)
    yield case("attention_masked", attend, q, kv, kv, (5, 7))
    yield case("attention_causal", lambda *x: attend(*x, is_causal=True), q, q, q)
    shared = (2, 2, 5, 6)
    yield case("attention_grouped", lambda *x: attend(*x, enable_gqa=True), q, shared, shared)
    heads = nn.MultiheadAttention(16, 4, batch_first=True)
    yield case("heads", Of(lambda m, x: m(x, x, x, need_weights=False)[0], heads), (2, 5, 16))
    heads = nn.MultiheadAttention(16, 4, kdim=6, vdim=10)
    yield case(
        "heads_with_weights", Of(lambda m, *x: m(*x)[0], heads), (5, 2, 16), (7, 2, 6), (7, 2, 10)
    )
    yield case("encoder", nn.TransformerEncoderLayer(16, 4, 32, batch_first=True), (2, 5, 16))
    yield case("decoder", nn.TransformerDecoderLayer(16, 4, 32), (5, 2, 16), (6, 2, 16))


def normalisations() -> Iterator[Case]:
    x = (2, 4, 3, 5)
    yield case("batch_norm", nn.BatchNorm2d(4), x)
    yield case("batch_norm_plain", nn.BatchNorm2d(4, affine=False), x)
    yield case("batch_norm_of_the_batch", nn.BatchNorm2d(4, track_running_stats=False), x)
    yield case("batch_norm_1d", nn.BatchNorm1d(4), (2, 4, 7))
    yield case("batch_norm_3d", nn.BatchNorm3d(4), (2, 4, 3, 3, 3))
    yield case("layer_norm", nn.LayerNorm((3, 5)), x)
    yield case("layer_norm_plain", nn.LayerNorm(5, elementwise_affine=False), x)
    yield case("group_norm", nn.GroupNorm(2, 4), x)
    yield case("group_norm_plain", nn.GroupNorm(2, 4, affine=False), x)
    yield case("instance_norm", nn.InstanceNorm2d(4, affine=True), x)
    yield case("instance_norm_plain", nn.InstanceNorm2d(4), x)
    yield case("rms_norm", nn.RMSNorm(5), x)
    yield case("local_response_norm", nn.LocalResponseNorm(2), x)


def others() -> Iterator[Case]:
    x = (2, 4, 8, 8)
    for name, module in [
        ("max_pool", nn.MaxPool2d(3, 2, 1)), ("avg_pool", nn.AvgPool2d(3, padding=1)),
        ("global_pool", nn.AdaptiveAvgPool2d(1)), ("adaptive_pool", nn.AdaptiveAvgPool2d(4)),
        ("adaptive_max_pool", nn.AdaptiveMaxPool2d(1)),
        ("nearest", nn.Upsample(scale_factor=2)),
        ("bilinear_up", nn.Upsample(scale_factor=2, mode="bilinear")),
        ("bicubic_up", nn.Upsample(scale_factor=2, mode="bicubic")),
        ("pixel_shuffle", nn.PixelShuffle(2)), ("channel_shuffle", nn.ChannelShuffle(2)),
        ("softmax", nn.Softmax(1)), ("prelu", nn.PReLU(4)), ("glu", nn.GLU(1)),
    ]:  # fmt: skip
        yield case(name, module, x)
    for name in ("ReLU", "ReLU6", "GELU", "SiLU", "Hardswish", "Sigmoid", "Tanh", "ELU", "Mish"):
        yield case(name.lower(), getattr(nn, name)(), x)
    yield case("max_pool_1d", nn.MaxPool1d(2), (2, 4, 8))
    yield case("avg_pool_3d", nn.AvgPool3d(2), (2, 4, 6, 6, 6))
    yield case("trilinear_up", nn.Upsample(scale_factor=2, mode="trilinear"), (1, 2, 3, 3, 3))
    yield case("grid_sample", lambda *x: F.grid_sample(*x, align_corners=False), x, (2, 3, 5, 2))
    yield case("embedding", nn.Embedding(10, 4), tokens(2, 3))
    yield case("learned_in_unlearned_places", Oddities(), (2, 3, 4), (1, 3, 8, 8))
    for name, cell, *state in [
        ("lstm", nn.LSTM(8, 6, num_layers=2, bidirectional=True)),
        ("gru", nn.GRU(8, 6, bias=False, batch_first=True)),
        ("rnn", nn.RNN(8, 6)),
        ("rnn_with_a_state", nn.RNN(8, 6, nonlinearity="relu"), (1, 2, 6)),
    ]:
        yield case(name, Of(lambda m, *x: m(*x)[0], cell), (5, 2, 8), *state)
    yield case("gru_cell", nn.GRUCell(8, 6), (2, 8), (2, 6))
    yield case("lstm_cell", Of(lambda m, x: m(x)[0], nn.LSTMCell(8, 6)), (2, 8))


class Tied(nn.Module):
    """An embedding and a classifier that share their weight, and a layer that nobody calls."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(10, 4)
        self.logits = nn.Linear(4, 10, bias=False)
        self.logits.weight = self.words.weight
        self.idle = nn.Linear(3, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.logits(self.words(x))


class Oddities(nn.Module):
    """Parameters where weights rarely are, and a buffer where they always are."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 1, 4))
        self.masked = nn.Parameter(torch.zeros(4))
        self.temperature = nn.Parameter(torch.ones(()))
        self.register_buffer("blur", torch.ones(3, 1, 3, 3))

    def forward(self, x: torch.Tensor, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = torch.where(x > 0, x, self.masked)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1)
        return x * self.temperature, F.conv2d(image, self.blur, groups=3)


def grid() -> list[Case]:
    """A layer of every kind."""
    return [*convolutions(), *products(), *attentions(), *normalisations(), *others()]


# -- networks of the literature -------------------------------------------------------------------


def conv(c: int, c_out: int, k: int = 1, s: int = 1, g: int = 1, *act: nn.Module) -> nn.Sequential:
    convolution = nn.Conv2d(c, c_out, k, s, k // 2, groups=g, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(c_out), *act)


class Bottleneck(nn.Module):
    """He et al., arXiv 1512.03385, figure 5."""

    def __init__(self, c: int, inner: int, s: int) -> None:
        super().__init__()
        self.short = conv(c, 4 * inner, 1, s) if s > 1 or c != 4 * inner else nn.Identity()
        self.long = nn.Sequential(
            conv(c, inner, 1, s, 1, nn.ReLU()), conv(inner, inner, 3, 1, 1, nn.ReLU()),
            conv(inner, 4 * inner),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.long(x) + self.short(x))


class Inverted(nn.Module):
    """Sandler et al., arXiv 1801.04381, table 1."""

    def __init__(self, c: int, c_out: int, t: int, s: int) -> None:
        super().__init__()
        self.residual = s == 1 and c == c_out
        widen = [conv(c, t * c, 1, 1, 1, nn.ReLU6())] if t > 1 else []
        filtered = conv(t * c, t * c, 3, s, t * c, nn.ReLU6())
        self.layers = nn.Sequential(*widen, filtered, conv(t * c, c_out))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.layers(x) if self.residual else self.layers(x)


class Shuffled(nn.Module):
    """Ma et al., arXiv 1807.11164, figure 3c and d."""

    def __init__(self, c: int, c_out: int, s: int) -> None:
        super().__init__()
        self.s, half = s, c_out // 2
        out = half if s == 1 else c_out - c
        self.short = (
            nn.Sequential(conv(c, c, 3, s, c), conv(c, c, 1, 1, 1, nn.ReLU())) if s > 1 else None
        )
        self.long = nn.Sequential(
            conv(half if s == 1 else c, half, 1, 1, 1, nn.ReLU()), conv(half, half, 3, s, half),
            conv(half, out, 1, 1, 1, nn.ReLU()),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept, y = x.chunk(2, 1) if self.short is None else (self.short(x), x)
        return F.channel_shuffle(torch.cat([kept, self.long(y)], 1), 2)


def ended(c: int, *body: nn.Module) -> nn.Sequential:
    return nn.Sequential(*body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, 1000))


def resnet_50() -> nn.Module:
    blocks, c = [], 64
    for stage, n in enumerate((3, 4, 6, 3)):
        for i in range(n):
            blocks.append(Bottleneck(c, 64 << stage, 2 if stage and not i else 1))
            c = 256 << stage
    return ended(c, conv(3, 64, 7, 2, 1, nn.ReLU()), nn.MaxPool2d(3, 2, 1), *blocks)


def mobilenet_v2() -> nn.Module:
    rows = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
            (6, 160, 3, 2), (6, 320, 1, 1)]  # fmt: skip
    blocks, c = [], 32
    for t, c_out, n, s in rows:
        for i in range(n):
            blocks.append(Inverted(c, c_out, t, 1 if i else s))
            c = c_out
    return ended(
        1280, conv(3, 32, 3, 2, 1, nn.ReLU6()), *blocks, conv(c, 1280, 1, 1, 1, nn.ReLU6())
    )


def shufflenet_v2() -> nn.Module:
    blocks, c = [], 24
    for c_out, n in ((116, 4), (232, 8), (464, 4)):
        for i in range(n):
            blocks.append(Shuffled(c, c_out, 1 if i else 2))
            c = c_out
    stem = conv(3, 24, 3, 2, 1, nn.ReLU())
    return ended(1024, stem, nn.MaxPool2d(3, 2, 1), *blocks, conv(c, 1024, 1, 1, 1, nn.ReLU()))
