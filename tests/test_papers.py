"""The papers' own figures: each test is named after a paper, its table and row.

madds are the papers' "FLOPs". A figure with a unit ("569M") is what the paper prints; an exact
one is what its table adds up to, worked out beside it or found in the authors' code. A
convolution with a bias has one parameter a channel beside its weights, a batch normalisation two.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Literal

import pytest

from costmodel import Conv, Cost, Graph, networks
from costmodel.frontends.code import Network

Build = Callable[[], Graph]


def agrees(value: float, printed: str) -> bool:
    """Whether a paper may print the value so: rounded, or cut off after its last digit.

    >>> agrees(568_740_352, "569M"), agrees(300_774_272, "300M"), agrees(300_774_272, "302M")
    (True, True, False)
    """
    number, unit = float(printed[:-1]), {"M": 1e6, "G": 1e9}[printed[-1]]
    step = 10 ** -len(printed[:-1].partition(".")[2])
    return number - step / 2 <= value / unit < number + step


def convolutions(graph: Graph) -> int:
    """Multiply-adds of the convolutions alone; some tables leave the classifier out."""
    return sum(n.cost.madds for n in graph.layers if n.op_type == "Conv")


def normalizations(graph: Graph) -> int:
    """Params of batch normalisation, which folds away; some tables leave it out."""
    return sum(n.cost.params for n in graph.layers if n.op_type == "BatchNormalization")


def part(graph: Graph, scope: str) -> Cost:
    """Cost of the module of that name, with all that is inside."""
    return sum((n.cost for n in graph.layers if f"{n.scope}.".startswith(f"{scope}.")), Cost())


def of_type(graph: Graph, op_type: str) -> Cost:
    """Cost of the operators of that type."""
    return sum((n.cost for n in graph.layers if n.op_type == op_type), Cost())


def given(graph: Graph, scope: str, op_type: str) -> tuple[int, ...]:
    """Channels, height and width that the module's last operator of that type gives."""
    last = [n for n in graph.layers if n.scope == scope and n.op_type == op_type][-1]
    return tuple(graph.tensors[last.outputs[0]].dims[1:])


# -- AlexNet, NIPS 2012 ------------------------------------------------------------------------

DENSE = 9216 * 4096 + 4096 * 4096 + 4096 * 1000  # 58 621 952 weights, each used once


@pytest.mark.parametrize(
    ("row", "extent", "kernel"),
    [
        ("conv1", (96, 55, 55), 11 * 11 * 3),
        ("conv2", (256, 27, 27), 5 * 5 * 48),
        ("conv3", (384, 13, 13), 3 * 3 * 256),
        ("conv4", (384, 13, 13), 3 * 3 * 192),
        ("conv5", (256, 13, 13), 3 * 3 * 192),
    ],
)
def test_alexnet_section_3_5(row: str, extent: tuple[int, int, int], kernel: int) -> None:
    """ "96 kernels of size 11x11x3" and so on; the maps by (227 - 11)/4 + 1 and (55 - 3)/2 + 1."""
    graph = networks.alexnet()
    c, h, w = extent
    assert given(graph, row, "Conv") == extent
    assert part(graph, row).params == c * kernel + c
    assert part(graph, row).madds == h * w * c * kernel


@pytest.mark.parametrize(
    ("towers", "params", "madds"),
    [
        # rows above: 105.415 + 223.949 + 149.520 + 112.140 + 74.760 + 58.622 M
        ("two", 60_965_224, 724_406_816),
        # conv2, conv4 and conv5 once more: + 410 849 280 madds, + 1 413 120 weights
        ("joined", 62_378_344, 1_135_256_096),
        # torchvision: 61 100 840, 0.714 G
        ("one", 61_100_840, 714_188_480),
    ],
)
def test_alexnet_as_a_whole(towers: str, params: int, madds: int) -> None:
    cost = networks.alexnet(towers=towers).cost
    assert (cost.params, cost.madds) == (params, madds)


def test_alexnet_abstract_60_million_parameters() -> None:
    """Cut, not rounded. Of the one-tower network's 61.1 million 96.0 % are the dense layers'."""
    assert networks.alexnet().cost.params // 1_000_000 == 60
    graph = networks.alexnet(towers="one")
    dense = of_type(graph, "Gemm")
    assert (dense.madds, dense.params) == (DENSE, DENSE + 4096 + 4096 + 1000)
    assert dense.params / graph.cost.params == pytest.approx(0.960, abs=5e-4)


# -- VGG, arXiv 1409.1556 ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "layers", "millions"),
    [
        pytest.param(networks.vgg_11, 11, 133, id="A"),
        pytest.param(networks.vgg_13, 13, 133, id="B"),
        pytest.param(lambda: networks.vgg_16(configuration="C"), 16, 134, id="C"),
        pytest.param(networks.vgg_16, 16, 138, id="D"),
        pytest.param(networks.vgg_19, 19, 144, id="E"),
    ],
)
def test_vgg_tables_1_and_2(build: Build, layers: int, millions: int) -> None:
    """ "11 weight layers" and so on, and the parameters in millions."""
    graph = build()
    assert sum(n.op_type in ("Conv", "Gemm") for n in graph.layers) == layers
    assert round(graph.cost.params / 1e6) == millions


@pytest.mark.parametrize(
    ("build", "params", "madds"),
    [
        pytest.param(networks.vgg_16, 138_357_544, 15_470_264_320, id="16"),
        pytest.param(networks.vgg_19, 143_667_240, 19_632_062_464, id="19"),
    ],
)
def test_vgg_as_a_whole(build: Build, params: int, madds: int) -> None:
    """Torchvision's params; ResNet, figure 3, gives VGG-19 19.6e9."""
    assert (build().cost.params, build().cost.madds) == (params, madds)


def test_vgg_16_is_convolutions_and_dense_layers() -> None:
    """15.347 + 0.124 = 15.470 G: the "15.3G" of other papers leaves out the dense layers."""
    graph = networks.vgg_16()
    assert of_type(graph, "Conv").madds == 15_346_630_656
    assert of_type(graph, "Gemm").madds == 7 * 7 * 512 * 4096 + 4096 * 4096 + 4096 * 1000


# -- GoogLeNet, arXiv 1409.4842 ----------------------------------------------------------------

INCEPTION = {
    # c_in, map; the widths, the params in K and the ops in M as table 1 prints them
    "3a": (192, 28, (64, 96, 128, 16, 32, 32), 159, 128),
    "3b": (256, 28, (128, 128, 192, 32, 96, 64), 380, 304),
    "4a": (480, 14, (192, 96, 208, 16, 48, 64), 364, 73),
    "4b": (512, 14, (160, 112, 224, 24, 64, 64), 437, 88),
    "4c": (512, 14, (128, 128, 256, 24, 64, 64), 463, 100),
    "4d": (512, 14, (112, 144, 288, 32, 64, 64), 580, 119),
    "4e": (528, 14, (256, 160, 320, 32, 128, 128), 840, 170),
    "5a": (832, 7, (256, 160, 320, 32, 128, 128), 1072, 54),
    "5b": (832, 7, (384, 192, 384, 48, 128, 128), 1388, 71),
}
K = 1024  # by the row "convolution": 64*64 + 9*64*192 = 114 688 weights are printed as 112K


def inception_weights(row: str) -> int:
    """Weights of one row; for 3a 192*(64 + 96 + 16 + 32) + 9*96*128 + 25*16*32 = 163 328."""
    c_in, _, (one, three_in, three, five_in, five, pooled), *_ = INCEPTION[row]
    return c_in * (one + three_in + five_in + pooled) + 9 * three_in * three + 25 * five_in * five


@pytest.mark.parametrize("row", INCEPTION)
def test_googlenet_table_1_widths(row: str) -> None:
    _, hw, widths, *_ = INCEPTION[row]
    cost = part(networks.googlenet(), f"inception{row}")
    assert cost.params == inception_weights(row) + sum(widths)
    assert cost.madds == inception_weights(row) * hw * hw


@pytest.mark.parametrize("row", [row for row in INCEPTION if row != "5a"])
def test_googlenet_table_1_ops(row: str) -> None:
    """To the last digit printed, rounded or cut."""
    *_, ops = INCEPTION[row]
    assert abs(part(networks.googlenet(), f"inception{row}").madds / 1e6 - ops) < 1


@pytest.mark.parametrize("row", [row for row in INCEPTION if row not in ("4c", "5a")])
def test_googlenet_table_1_params(row: str) -> None:
    """Within 2 %: the column is not what the widths make, and mostly less, so not for biases."""
    *_, params, _ = INCEPTION[row]
    assert inception_weights(row) / K == pytest.approx(params, rel=0.02)


@pytest.mark.parametrize(
    ("row", "by_params", "by_widths"),
    [
        ("4c", 93, 100),  # its ops, 100 M, are those of its widths; its params, 463K, are not
        ("5a", 54, 51),  # its 1072K and 54 M agree with each other, but not with its widths
    ],
)
def test_googlenet_table_1_contradicts_itself(row: str, by_params: int, by_widths: int) -> None:
    """A row's ops are its weights times the places of its map."""
    _, hw, _, params, _ = INCEPTION[row]
    assert round(params * K * hw * hw / 1e6) == by_params
    assert round(inception_weights(row) * hw * hw / 1e6) == by_widths


def test_googlenet_table_1_convolution_and_linear() -> None:
    graph = networks.googlenet()
    conv2 = part(graph, "conv2")
    assert conv2.params == 112 * K + 64 + 192
    assert round(conv2.madds / 1e6) == 360
    assert part(graph, "classifier").params == 1000 * K + 1000
    assert round(part(graph, "classifier").madds / 1e6) == 1


def test_googlenet_table_1_first_row_is_a_separable_convolution() -> None:
    """2.7K and 34M are a depthwise 7x7 with multiplier 8, then a 1x1, and not the usual 7x7."""
    size = {"h_in": 224, "w_in": 224, "h": 112, "w": 112}
    filters = Conv(c_in=3, c_out=24, k_h=7, k_w=7, groups=3, **size).cost
    mixed = Conv(c_in=24, c_out=64, **{**size, "h_in": 112, "w_in": 112}).cost
    assert filters.params + mixed.params == 7 * 7 * 24 + 24 * 64 == 2712
    assert round((filters.params + mixed.params) / K, 1) == 2.6  # printed 2.7: 2712 / 1000
    assert round((filters.madds + mixed.madds) / 1e6) == 34
    usual = part(networks.googlenet(), "conv1")
    assert (usual.params, round(usual.madds / 1e6)) == (7 * 7 * 3 * 64 + 64, 118)


def test_googlenet_section_5_one_and_a_half_billion() -> None:
    """The column of ops sums to 1502 M; with the usual 7x7 and the widths of 5a it is 1583 M."""
    column = 34 + 360 + sum(ops for *_, ops in INCEPTION.values()) + 1
    assert column == 1502
    madds = networks.googlenet().cost.madds
    assert madds == 1_582_671_872
    assert abs(column + (118 - 34) - (54 - 51) - madds / 1e6) < 1


def test_googlenet_as_torchvision_has_it() -> None:
    """6 624 904 parameters and 1.498 G without the auxiliary classifiers."""
    cost = networks.googlenet(normalization="batch", largest_kernel="3x3").cost
    assert (cost.params, cost.madds) == (6_624_904, 1_498_376_192)


# -- Inception-v3, arXiv 1512.00567 ------------------------------------------------------------


def test_inception_v3_as_a_whole() -> None:
    """ "5 billion multiply-adds" (cut) and "less than 25 million parameters"."""
    cost = networks.inception_v3().cost
    assert (cost.params, cost.madds) == (23_834_568, 5_713_216_096)  # torchvision: 5.713 G
    assert cost.madds // 10**9 == 5


def test_inception_v3_auxiliary_head() -> None:
    """Torchvision's 27 161 264 parameters include it, its 5.713 G do not."""
    head = (768 * 128 + 2 * 128) + (5 * 5 * 128 * 768 + 2 * 768) + (768 * 1000 + 1000)
    assert networks.inception_v3().cost.params + head == 27_161_264


@pytest.mark.parametrize(
    ("scope", "extent"),
    [
        # the sizes noted in the authors' code (TF-slim, nets/inception_v3.py)
        ("mixed5b", (256, 35, 35)),
        ("mixed5d", (288, 35, 35)),
        ("mixed6a", (768, 17, 17)),
        ("mixed6e", (768, 17, 17)),
        ("mixed7a", (1280, 8, 8)),
        ("mixed7c", (2048, 8, 8)),
    ],
)
def test_inception_v3_maps(scope: str, extent: tuple[int, int, int]) -> None:
    assert given(networks.inception_v3(), scope, "Concat") == extent


# -- ResNet, arXiv 1512.03385 ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "params", "madds", "billions"),
    [
        pytest.param(networks.resnet_18, 11_689_512, 1_814_073_344, 1.8, id="18"),
        pytest.param(networks.resnet_34, 21_797_672, 3_663_761_408, 3.6, id="34"),
        pytest.param(networks.resnet_50, 25_557_032, 3_857_973_248, 3.8, id="50"),
        pytest.param(networks.resnet_101, 44_549_160, 7_570_194_432, 7.6, id="101"),
        pytest.param(networks.resnet_152, 60_192_808, 11_282_415_616, 11.3, id="152"),
    ],
)
def test_resnet_table_1(build: Build, params: int, madds: int, billions: float) -> None:
    """FLOPs to the last digit printed: rounded, for 34 and 50 cut. Torchvision's params."""
    cost = build().cost
    assert (cost.params, cost.madds) == (params, madds)
    assert 0 <= cost.madds / 1e9 - billions + 0.05 < 0.15


@pytest.mark.parametrize(
    ("build", "billions"),
    [
        pytest.param(networks.resnet_18, 1.8, id="18"),
        pytest.param(networks.resnet_34, 3.6, id="34"),
    ],
)
def test_resnet_table_1_with_shortcuts_that_learn_nothing(build: Build, billions: float) -> None:
    """Section 4.1's option A, zeros for the channels that are new: 1.795 and 3.644, rounded."""
    graph = build()
    projections = sum(part(graph, f"layer{i}.0.shortcut").madds for i in (2, 3, 4))
    assert projections == 3 * 28 * 28 * 64 * 128
    assert round((graph.cost.madds - projections) / 1e9, 1) == billions


@pytest.mark.parametrize(
    ("build", "madds"),
    [
        (networks.resnet_50, 4_089_184_256),
        (networks.resnet_101, 7_801_405_440),
        (networks.resnet_152, 11_513_626_624),
    ],
    ids=["50", "101", "152"],
)
def test_resnet_with_the_stride_in_the_3x3(build: Callable[..., Graph], madds: int) -> None:
    """Torchvision's 4.089, 7.801 and 11.514 G.

    Three 1x1 see four times the places: 3 * 28*28*256*128 more in stage 3, and as many in 4 and 5.
    """
    cost = build(stride_in="3x3").cost
    assert cost.madds == madds == build().cost.madds + 3 * 3 * 28 * 28 * 256 * 128
    assert cost.params == build().cost.params


# -- ResNeXt, arXiv 1611.05431; DenseNet, arXiv 1608.06993 -------------------------------------


def test_resnext_50_32x4d() -> None:
    """Torchvision: 25 028 904, 4.230 G."""
    cost = networks.resnext_50().cost
    assert (cost.params, cost.madds) == (25_028_904, 4_230_479_872)


def test_resnext_50_of_one_group_is_resnet_50() -> None:
    assert networks.resnext_50(groups=1, width=64).cost == networks.resnet_50(stride_in="3x3").cost


def test_resnext_50_is_mostly_pointwise() -> None:
    """ShuffleNet V1, section 3.1: 93.4 % of a unit, 2*256*128 / (2*256*128 + 9*128*128/32)."""
    convs = [
        n.operator
        for n in networks.resnext_50().layers
        if n.scope == "layer1.1" and isinstance(n.operator, Conv)
    ]
    pointwise = sum(conv.cost.madds for conv in convs if conv.k_h == 1)
    assert pointwise / sum(conv.cost.madds for conv in convs) == pytest.approx(0.934, abs=5e-4)


@pytest.mark.parametrize("flat", [False, True])
def test_densenet_121(flat: bool) -> None:
    """Torchvision: 7 978 856, 2.834 G; how the maps are joined is no arithmetic."""
    cost = networks.densenet_121(flat=flat).cost
    assert (cost.params, cost.madds) == (7_978_856, 2_834_161_664)


# -- SqueezeNet, arXiv 1602.07360 --------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "op_type", "extent", "params"),
    [
        ("conv1", "Conv", (96, 111, 111), 14_208),  # 7*7*3*96 + 96
        ("conv1", "MaxPool", (96, 55, 55), 14_208),
        ("fire2", "Concat", (128, 55, 55), 11_920),  # 16*(96 + 64 + 9*64) + 16 + 64 + 64
        ("fire3", "Concat", (128, 55, 55), 12_432),
        ("fire4", "Concat", (256, 55, 55), 45_344),
        ("fire5", "Concat", (256, 27, 27), 49_440),
        ("fire6", "Concat", (384, 27, 27), 104_880),
        ("fire7", "Concat", (384, 27, 27), 111_024),
        ("fire8", "Concat", (512, 27, 27), 188_992),
        ("fire9", "Concat", (512, 13, 13), 197_184),  # the pooling before it prints 13x12x512
        ("conv10", "Conv", (1000, 13, 13), 513_000),
        ("conv10", "GlobalAveragePool", (1000, 1, 1), 513_000),  # the text says max-pooling
    ],
)
def test_squeezenet_table_1(
    row: str, op_type: str, extent: tuple[int, int, int], params: int
) -> None:
    graph = networks.squeezenet()
    assert given(graph, row, op_type) == extent
    assert part(graph, row).params == params


@pytest.mark.parametrize(
    ("options", "params", "madds"),
    [
        ({"resolution": 224}, 1_248_424, 818_924_576),
        ({"resolution": 227}, 1_248_424, 832_667_936),
        ({"resolution": 227, "final_pad": 1}, 1_248_424, 861_339_936),  # + (15*15 - 13*13)*512 000
        ({"version": "1.1", "resolution": 224}, 1_235_496, 349_151_936),
        ({"version": "1.1", "resolution": 227}, 1_235_496, 387_747_520),
    ],
    ids=["1.0 at 224", "1.0 at 227", "1.0 padded", "1.1 at 224", "1.1 at 227"],
)
def test_squeezenet_as_a_whole(options: dict[str, int], params: int, madds: int) -> None:
    """Params by table 1's total and torchvision."""
    cost = networks.squeezenet(**options).cost
    assert (cost.params, cost.madds) == (params, madds)


def test_squeezenet_authors_readme_counts_additions_too() -> None:
    """ "1.72 GFLOPS/image" for 1.0 is 2 * 861 M, of the file that pads its last convolution.

    For 1.1 it says 0.72; twice the madds are 0.70 at 224x224 and 0.78 at 227x227.
    """
    assert round(2 * networks.squeezenet(final_pad=1).cost.madds / 1e9, 2) == 1.72
    later = [networks.squeezenet(version="1.1", resolution=r).cost.madds for r in (224, 227)]
    assert [round(2 * madds / 1e9, 2) for madds in later] == [0.70, 0.78]


def test_squeezenet_table_2_size() -> None:
    """4.8 MB are of 2**20 bytes, AlexNet's 240 of 10**6; 50x in these is 48.8x in parameters."""
    alexnet, squeezenet = networks.alexnet().cost.params, networks.squeezenet().cost.params
    assert round(4 * squeezenet / 2**20, 1) == 4.8
    assert 4 * alexnet // 10**7 == 24
    assert round(alexnet / squeezenet, 1) == 48.8


# -- what later papers say of them -------------------------------------------------------------


@pytest.mark.parametrize(
    ("madds", "printed", "digit"),
    [
        pytest.param(lambda: of_type(networks.vgg_16(), "Conv").madds, 15300, 100, id="VGG-16"),
        pytest.param(lambda: networks.alexnet().cost.madds, 720, 10, id="AlexNet"),
        pytest.param(lambda: networks.squeezenet().cost.madds, 833, 1, id="SqueezeNet"),
    ],
)
def test_shufflenet_v1_table_6(madds: Callable[[], int], printed: int, digit: int) -> None:
    """Of VGG-16 the convolutions alone. GoogLeNet's 1500 is its own paper's, see above."""
    assert round(madds() / 1e6 / digit) * digit == printed


def test_shufflenet_v2_table_6_resnet_50() -> None:
    """3.8G, cut: the paper's ResNet-50, with the stride in the 1x1."""
    assert int(networks.resnet_50().cost.madds / 1e8) / 10 == 3.8


@pytest.mark.parametrize(
    ("params", "printed", "digits"),
    [
        pytest.param(lambda: networks.vgg_16().cost.params, 138, 0, id="VGG-16, table 8"),
        pytest.param(lambda: networks.squeezenet().cost.params, 1.25, 2, id="SqueezeNet, table 9"),
        # the column of GoogLeNet's own table, taken in thousands; its widths make 6.999 million
        pytest.param(
            lambda: 1e3 * (2.7 + 112 + sum(row[3] for row in INCEPTION.values()) + 1000),
            6.8, 1, id="GoogLeNet, table 8",
        ),
    ],
)  # fmt: skip
def test_mobilenet_v1_tables_8_and_9_params(
    params: Callable[[], float], printed: float, digits: int
) -> None:
    """AlexNet's 60 million are cut, see above."""
    assert round(params() / 1e6, digits) == printed


def test_mobilenet_v1_table_8_googlenet_madds() -> None:
    """1550 lies between the column that GoogLeNet's paper prints, 1502, and its network, 1583."""
    assert 1502 < 1550 < networks.googlenet().cost.madds / 1e6


def test_mobilenet_v1_table_9_counts_squeezenet_twice() -> None:
    """1700 million "Mult-Adds" are the authors' 1.72 GFLOPS, in which a multiply-add is two."""
    padded = networks.squeezenet(final_pad=1).cost.madds
    assert round(padded / 1e8) == 9
    assert round(2 * padded / 1e8) == 17


# -- ShuffleNet V2, arXiv 1807.11164 -----------------------------------------------------------

TABLE_1 = {  # c1, c2, accesses of a layer at x1 = 56*56*(c1 + c2) + c1*c2, speed at x1, x2, x4
    "GPU 1:1": (128, 128, 819_200, (1480, 723, 232)),
    "GPU 1:2": (90, 180, 862_920, (1296, 586, 206)),
    "GPU 1:6": (52, 312, 1_157_728, (876, 489, 189)),
    "GPU 1:12": (36, 432, 1_483_200, (748, 392, 163)),
    "ARM 1:1": (32, 32, 201_728, (76.2, 21.7, 5.3)),
    "ARM 1:2": (22, 44, 207_944, (72.9, 20.5, 5.1)),
    "ARM 1:6": (13, 78, 286_390, (69.1, 17.9, 4.6)),
    "ARM 1:12": (9, 108, 367_884, (57.6, 15.1, 4.4)),
}


def ten_blocks(c1: int, c2: int) -> Graph:
    """Two 1x1 convolutions a block, c1→c2 and back, on 56x56."""
    net = Network()
    x = net.input(c1, 56, 56)
    for _ in range(10):
        x = net.chain(x, lambda y: net.conv(y, c2), lambda y: net.conv(y, c1))
    return net.graph(x)


@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize("row", TABLE_1)
def test_shufflenet_v2_table_1(row: str, scale: int) -> None:
    c1, c2, access, _ = TABLE_1[row]
    cost = ten_blocks(c1 * scale, c2 * scale).cost
    assert cost.madds == 20 * 3136 * c1 * c2 * scale**2
    assert cost.memory_access == 20 * (3136 * (c1 + c2) * scale + c1 * c2 * scale**2)
    if scale == 1:
        assert cost.memory_access == 20 * access
    # equation 1, for each layer: 2*sqrt(hw*B) + B/hw, reached at 1:1
    madds, moved = cost.madds // 20, cost.memory_access / 20
    bound = 2 * math.sqrt(3136 * madds) + madds / 3136
    assert moved == pytest.approx(bound) if c1 == c2 else moved > bound


@pytest.mark.parametrize("device", ["GPU", "ARM"])
def test_shufflenet_v2_table_1_caption_fixed_flops(device: str) -> None:
    """Fixed to 5.5 %: whole channels do not multiply out (22*44 = 968 for 32*32 = 1024)."""
    rows = [row for row in TABLE_1 if row.startswith(device)]
    first, *others = (c1 * c2 for c1, c2, *_ in (TABLE_1[row] for row in rows))
    assert all(0.945 <= other / first <= 1 for other in others)


@pytest.mark.parametrize("scale", [0, 1, 2], ids=["x1", "x2", "x4"])
@pytest.mark.parametrize("device", ["GPU", "ARM"])
def test_shufflenet_v2_table_1_more_access_is_slower(device: str, scale: int) -> None:
    """What the table is there to show."""
    rows = [TABLE_1[row] for row in TABLE_1 if row.startswith(device)]
    by_access = sorted(rows, key=lambda row: row[2])
    assert by_access == sorted(rows, key=lambda row: -row[3][scale])


TABLE_2 = {  # groups, c, accesses of a layer at x1 = 56*56*2*c + c*c/g, speed at x1, x2, x4
    "GPU g=1": (1, 128, 819_200, (2451, 1289, 437)),
    "GPU g=2": (2, 180, 1_145_160, (1725, 873, 341)),
    "GPU g=4": (4, 256, 1_622_016, (1026, 644, 338)),
    "GPU g=8": (8, 360, 2_274_120, (634, 445, 230)),
    "ARM g=1": (1, 64, 405_504, (40.0, 10.2, 2.3)),
    "ARM g=2": (2, 90, 568_530, (35.0, 9.5, 2.2)),
    "ARM g=4": (4, 128, 806_912, (32.9, 8.7, 2.1)),
    "ARM g=8": (8, 180, 1_133_010, (27.8, 7.5, 1.8)),
}


def ten_layers(c: int, groups: int) -> Graph:
    """Grouped 1x1 convolutions, c→c, on 56x56."""
    net = Network()
    x = net.input(c, 56, 56)
    for _ in range(10):
        x = net.conv(x, c, groups=groups)
    return net.graph(x)


@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize("row", TABLE_2)
def test_shufflenet_v2_table_2(row: str, scale: int) -> None:
    groups, c, access, _ = TABLE_2[row]
    if c * scale % groups == 0:
        cost = ten_layers(c * scale, groups).cost
    else:  # the formula takes what no network can hold: 8 groups of 22.5 channels
        assert (row, scale) == ("ARM g=8", 1)
        cost = Conv(c_in=c, c_out=c, groups=groups, h_in=56, w_in=56, h=56, w=56).cost
        cost = sum([cost] * 10, Cost())
    assert cost.madds == 10 * 3136 * (c * scale) ** 2 // groups
    assert cost.memory_access == 10 * (3136 * 2 * c * scale + (c * scale) ** 2 // groups)
    if scale == 1:
        assert cost.memory_access == 10 * access
    # equation 2, for each layer: hw*c1 + B*g/c1 + B/hw
    madds = cost.madds / 10
    paper = 3136 * c * scale + madds * groups / (c * scale) + madds / 3136
    assert cost.memory_access / 10 == pytest.approx(paper)


@pytest.mark.parametrize("device", ["GPU", "ARM"])
def test_shufflenet_v2_table_2_caption_fixed_flops(device: str) -> None:
    """Fixed to 1.2 %: 180*180/2 = 16200 for 128*128 = 16384."""
    rows = [TABLE_2[row] for row in TABLE_2 if row.startswith(device)]
    first, *others = (c * c / groups for groups, c, *_ in rows)
    assert all(0.988 <= other / first <= 1 for other in others)


@pytest.mark.parametrize("scale", [0, 1, 2], ids=["x1", "x2", "x4"])
@pytest.mark.parametrize("device", ["GPU", "ARM"])
def test_shufflenet_v2_table_2_more_access_is_slower(device: str, scale: int) -> None:
    rows = [TABLE_2[row] for row in TABLE_2 if row.startswith(device)]
    by_access = sorted(rows, key=lambda row: row[2])
    assert by_access == sorted(rows, key=lambda row: -row[3][scale])


def test_shufflenet_v2_section_2_nasnet_has_13_fragmented_operators() -> None:
    """ "The number of individual convolution or pooling operations in one building block" is 13:
    five separable convolutions, each applied twice, and three poolings.
    """
    cell = [n for n in networks.nasnet_a().layers if n.scope == "cell5"]
    depthwise = [n for n in cell if isinstance(n.operator, Conv) and n.operator.groups > 1]
    assert len(depthwise) + sum(n.op_type == "AveragePool" for n in cell) == 13


TABLE_5 = {
    0.5: ((48, 96, 192, 1024), "40M", "1.4M"),  # printed: 41M
    1.0: ((116, 232, 464, 1024), "146M", "2.3M"),
    1.5: ((176, 352, 704, 1024), "299M", "3.5M"),
    2.0: ((244, 488, 976, 2048), "591M", "7.4M"),
}


@pytest.mark.parametrize("width", TABLE_5)
def test_shufflenet_v2_table_5(width: float) -> None:
    channels, flops, weights = TABLE_5[width]
    graph = networks.shufflenet_v2(width=width)
    assert agrees(graph.cost.madds, flops)
    assert agrees(graph.cost.params, weights)
    maps = {n.scope.partition(".")[0]: graph.tensors[n.outputs[0]].shape for n in graph.layers}
    assert maps["stem"] == (1, 24, 56, 56)
    rows = zip(("stage2", "stage3", "stage4", "conv5"), channels, (28, 14, 7, 7), strict=True)
    for layer, c, extent in rows:
        assert maps[layer] == (1, c, extent, extent)
    repeats = Counter(n.scope[:6] for n in graph.layers if n.op_type == "Split")
    assert repeats == {"stage2": 3, "stage3": 7, "stage4": 3}


@pytest.mark.parametrize(
    ("projection", "width", "madds", "params"),
    [  # the authors' classifier has no bias of 1000
        ("kept", 0.5, 40.476, 1_365_792 + 1000),
        ("kept", 1.0, 145.814, 2_278_760 + 1000),
        ("kept", 1.5, 298.971, 3_506_720 + 1000),
        ("kept", 2.0, 590.783, 7_402_600 + 1000),
        ("half", 0.5, 40.476, 1_366_792),
        ("half", 1.0, 144.908, 2_278_604),
        ("half", 1.5, 295.759, 3_503_624),
        ("half", 2.0, 583.253, 7_393_996),
    ],
)
def test_shufflenet_v2_table_5_as_the_authors_code_and_as_torchvision(
    projection: Literal["kept", "half"], width: float, madds: float, params: int
) -> None:
    """Only the first, where the shortcut keeps its channels, has the table's 146, 299 and 591."""
    cost = networks.shufflenet_v2(width=width, projection=projection).cost
    assert round(cost.madds / 1e6, 3) == madds
    assert cost.params == params


def test_shufflenet_v2_table_6_and_appendix_table_2() -> None:
    v2_50, v2_164 = networks.shufflenet_v2_50(), networks.shufflenet_v2_164()
    assert agrees(v2_50.cost.madds, "2.3G")
    # printed: 12.7G; the rows add up to 12.60
    assert agrees(v2_164.cost.madds, "12.60G")


def test_shufflenet_v2_appendix_figure_2c() -> None:
    """A unit of conv2, 340 channels at 56x56, works on 170: two 1x1, a 3x3, a gate, a residual."""
    unit = [n for n in networks.shufflenet_v2_164().layers if n.scope == "conv2.9"]
    by_hand = 3136 * (2 * 170 * 170 + 9 * 170) + 2 * 170 * 170
    assert sum(n.cost.madds for n in unit) == by_hand
    joins = [n.op_type for n in unit if n.op_type in ("Mul", "Add", "Concat")]
    assert joins == ["Mul", "Add", "Concat"]


TABLE_8 = [
    ("41M", "mobilenet_v1", {"width": 0.25}),
    ("38M", "shufflenet_v1", {"width": 0.5}),
    ("146M", "shufflenet_v2", {}),
    ("149M", "mobilenet_v1", {"width": 0.5}),
    ("156M", "igcv2", {"width": 0.5}),
    ("46M", "igcv2", {"width": 0.25}),
    ("299M", "shufflenet_v2", {"width": 1.5}),
    ("325M", "mobilenet_v1", {"width": 0.75}),
    ("301M", "mobilenet_v2", {}),
    ("292M", "shufflenet_v1", {"width": 1.5}),
    ("591M", "shufflenet_v2", {"width": 2.0}),
    ("569M", "mobilenet_v1", {}),
    ("524M", "shufflenet_v1", {"width": 2.0}),
    ("564M", "nasnet_a", {}),
]


@pytest.mark.parametrize(("flops", "name", "options"), TABLE_8, ids=str)
def test_shufflenet_v2_table_8(flops: str, name: str, options: dict[str, float]) -> None:
    assert agrees(getattr(networks, name)(**options).cost.madds, flops)


def test_shufflenet_v2_table_8_where_it_errs() -> None:
    """It gives V1 1x, g = 3, 140 million; V1's own table 1 has 137, and so has its arithmetic."""
    assert agrees(networks.shufflenet_v1().cost.madds, "137M")


def test_igcv2_1x_is_near() -> None:
    """Printed: 564M; the widths are inferred, and miss it by a third of a percent."""
    assert networks.igcv2().cost.madds == pytest.approx(564e6, rel=0.0034)


# -- ShuffleNet V1, arXiv 1707.01083 -----------------------------------------------------------


@pytest.mark.parametrize(
    ("groups", "complexity", "madds", "params"),
    [
        (1, "143M", 142.503, 1_531_936),
        (2, "140M", 140.037, 1_733_848),
        (3, "137M", 136.501, 1_865_728),
        (4, "133M", 133.252, 1_968_344),
        (8, "137M", 136.830, 2_434_768),
    ],
)
def test_shufflenet_v1_table_1(groups: int, complexity: str, madds: float, params: int) -> None:
    """All five columns leave the classifier out."""
    graph = networks.shufflenet_v1(groups=groups)
    assert round(convolutions(graph) / 1e6, 3) == madds
    assert agrees(convolutions(graph), complexity)
    assert graph.cost.params == params


def test_shufflenet_v1_table_1_caption_first_layer_is_not_grouped() -> None:
    """ "We do not apply group convolution on the first pointwise layer": or g = 8 had 130.5M."""
    graph = networks.shufflenet_v1(groups=8)
    first = next(n.operator for n in graph.layers if n.scope == "stage2.0")
    assert isinstance(first, Conv)
    assert (first.c_in, first.c_out, first.groups) == (24, 96, 1)
    grouped = convolutions(graph) - first.cost.madds * 7 // 8
    assert agrees(grouped, "130.5M")


@pytest.mark.parametrize(
    ("width", "groups", "flops", "params"),
    [
        (2.0, 3, "524M", "5.4M"), (2.0, 8, "522M", "6.5M"),
        (1.5, 3, "292M", "3.4M"), (1.5, 8, "290M", "4.3M"),
        (0.5, 3, "38M", "0.7M"), (0.5, 8, "40M", "1.0M"),
    ],
)  # fmt: skip
def test_shufflenet_v1_readme_of_the_authors_code(
    width: float, groups: int, flops: str, params: str
) -> None:
    """The code's classifier has no bias."""
    cost = networks.shufflenet_v1(width=width, groups=groups).cost
    assert agrees(cost.madds, flops)
    assert agrees(cost.params - 1000, params)


@pytest.mark.parametrize("groups", [1, 3])
def test_shufflenet_v1_table_2_quarter_scale(groups: int) -> None:
    graph = networks.shufflenet_v1(width=0.25, groups=groups)
    assert agrees(convolutions(graph), "13M")


# -- MobileNet V1, arXiv 1704.04861 ------------------------------------------------------------


def test_mobilenet_v1_table_1() -> None:
    """28 layers; the stride of 2 printed for the last depthwise one would leave no 7x7."""
    layers = [n for n in networks.mobilenet_v1().layers if n.op_type in ("Conv", "Gemm")]
    assert len(layers) == 28
    last = layers[-3].operator
    assert isinstance(last, Conv)
    assert (last.groups, last.h_in, last.h) == (1024, 7, 7)


@pytest.mark.parametrize(
    ("kind", "madds", "params"),
    [
        ("1x1", 94.86, 74.59),
        ("depthwise 3x3", 3.06, 1.06),
        ("3x3", 1.91, 0.02),  # printed: 1.19 % of the madds, two digits swapped
        ("fully connected", 0.18, 24.33),
    ],
)
def test_mobilenet_v1_table_2(kind: str, madds: float, params: float) -> None:
    graph = networks.mobilenet_v1()
    kinds: dict[str, list[int]] = {}
    for node in graph.layers:
        conv = node.operator
        if isinstance(conv, Conv):
            depthwise = "depthwise " if conv.groups > 1 else ""
            counted = kinds.setdefault(f"{depthwise}{conv.k_h}x{conv.k_w}", [0, 0])
        elif node.op_type == "Gemm":
            counted = kinds.setdefault("fully connected", [0, 0])
        else:
            continue
        counted[0] += node.cost.madds
        counted[1] += node.cost.params
    kinds["fully connected"][1] -= 1000  # its bias
    for i, printed in enumerate((madds, params)):
        share = kinds[kind][i] / sum(counted[i] for counted in kinds.values())
        assert round(100 * share, 2) == printed


@pytest.mark.parametrize(
    ("separable", "c", "extent", "madds", "params"),
    [
        pytest.param(False, 512, 14, "462M", "2.36M", id="convolution"),  # 14*14*9*512*512
        pytest.param(True, 512, 14, "52.3M", "0.27M", id="separable"),  # 14*14*(9 + 512)*512
        pytest.param(True, 384, 14, "29.6M", "0.15M", id="alpha 0.75"),  # 384 = 0.75*512
        pytest.param(True, 384, 10, "15.1M", "0.15M", id="rho 0.714"),  # 10 = 0.714*14
    ],
)
def test_mobilenet_v1_table_3(
    separable: bool, c: int, extent: int, madds: str, params: str
) -> None:
    net = Network()
    x = net.input(c, extent, extent)
    cost = net.graph(net.conv(net.depthwise(x), c) if separable else net.conv(x, c, k=3)).cost
    assert agrees(cost.madds, madds)
    assert agrees(cost.params, params)


@pytest.mark.parametrize(
    ("options", "madds", "params"),
    [
        pytest.param({}, "569M", "4.2M", id="4: MobileNet"),
        pytest.param({"shallow": True}, "307M", "2.9M", id="5: shallow"),
        pytest.param({"width": 0.75}, "325M", "2.6M", id="5 and 6: 0.75"),
        pytest.param({"width": 0.5}, "149M", "1.3M", id="6: 0.5"),
        pytest.param({"width": 0.25}, "41M", "0.5M", id="6: 0.25"),
        pytest.param({"resolution": 192}, "418M", "4.2M", id="7: 192"),
        pytest.param({"resolution": 160}, "290M", "4.2M", id="7: 160"),
        pytest.param({"resolution": 128}, "186M", "4.2M", id="7: 128"),
        pytest.param({"width": 0.75, "resolution": 192}, "239M", "2.6M", id="10: 0.75-192"),
    ],
)
def test_mobilenet_v1_tables_4_to_10(options: dict[str, float], madds: str, params: str) -> None:
    cost = networks.mobilenet_v1(**options).cost
    assert agrees(cost.madds, madds)
    assert agrees(cost.params, params)


def test_mobilenet_v1_table_4_full_convolutions() -> None:
    """4866 without the classifier's 1.024 million, which the row below it, 569, has."""
    graph = networks.mobilenet_v1(separable=False)
    assert agrees(convolutions(graph), "4866M")
    assert agrees(graph.cost.params, "29.3M")


def test_mobilenet_v1_table_9() -> None:
    """0.50 MobileNet-160; the params without batch normalisation, which folds away."""
    graph = networks.mobilenet_v1(width=0.5, resolution=160)
    assert agrees(graph.cost.madds, "76M")
    assert agrees(graph.cost.params - normalizations(graph), "1.32M")


MOBILENET_V1 = {
    1.0: (4_231_976, (568.740, 418.122, 290.675, 186.401)),
    0.75: (2_585_560, (325.400, 239.273, 166.397, 106.770)),
    0.5: (1_331_592, (149.497, 109.970, 76.525, 49.160)),
    0.25: (470_072, (41.030, 30.213, 21.059, 13.570)),
}


@pytest.mark.parametrize("width", MOBILENET_V1)
def test_mobilenet_v1_figure_4_all_sixteen(width: float) -> None:
    """Widths and resolutions crossed, to a thousandth of a million, and the exact params."""
    params, madds = MOBILENET_V1[width]
    for resolution, millions in zip((224, 192, 160, 128), madds, strict=True):
        cost = networks.mobilenet_v1(width=width, resolution=resolution).cost
        assert round(cost.madds / 1e6, 3) == millions
        assert cost.params == params


# -- MobileNet V2, arXiv 1801.04381 ------------------------------------------------------------

MOBILENET_V2 = {  # millions of madds at 224; then as printed: params, madds at 224 to 96
    1.4: (582.196, 6_108_776, "6.06M", ("582M",)),
    1.3: (509.375, 5_386_792, "5.34M", ("509M",)),
    1.0: (300.774, 3_504_872, "3.47M", ("300M", "221M", "154M", "99M", "56M")),
    0.75: (209.070, 2_636_424, "2.61M", ("209M", "153M", "107M", "69M", "39M")),
    0.5: (97.132, 1_968_680, "1.95M", ("97M", "71M", "50M", "32M", "18M")),
    0.35: (59.286, 1_677_128, "1.66M", ("59M", "43M", "30M", "20M", "11M")),
}


@pytest.mark.parametrize("width", MOBILENET_V2)
def test_mobilenet_v2_readme_of_the_authors_code(width: float) -> None:
    """Its params leave batch normalisation out, which folds away."""
    millions, params, weights, printed = MOBILENET_V2[width]
    graph = networks.mobilenet_v2(width=width)
    assert round(graph.cost.madds / 1e6, 3) == millions
    assert graph.cost.params == params
    assert agrees(params - normalizations(graph), weights)
    for resolution, madds in zip((224, 192, 160, 128, 96), printed, strict=False):
        assert agrees(networks.mobilenet_v2(width=width, resolution=resolution).cost.madds, madds)


def test_mobilenet_v2_table_4() -> None:
    graph = networks.mobilenet_v2()
    assert agrees(graph.cost.madds, "300M")
    assert agrees(graph.cost.params - normalizations(graph), "3.4M")
    wide = networks.mobilenet_v2(width=1.4)
    assert agrees(wide.cost.madds, "582M")  # printed: 585M; the authors' code has 582
    assert agrees(wide.cost.params, "6.1M")  # printed: 6.9M


def test_mobilenet_v2_table_2_has_17_bottlenecks() -> None:
    """The text says 19."""
    scopes = {n.scope for n in networks.mobilenet_v2().layers if n.scope.startswith("features.")}
    assert len(scopes - {"features.18"}) == 17


# -- MobileNet V3, arXiv 1905.02244 ------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "width", "madds", "params"),
    [
        ("mobilenet_v3_large", 1.0, "217M", "5.4M"),  # printed: 219M; the authors' code has 217
        ("mobilenet_v3_large", 0.75, "155M", "4.0M"),
        ("mobilenet_v3_small", 1.0, "57M", "2.9M"),  # printed: 66M; table 2 adds up to 57
        ("mobilenet_v3_small", 0.75, "44M", "2.4M"),
        ("mobilenet_v2", 1.0, "300M", "3.5M"),  # printed: 3.4M, without batch normalisation
        ("mobilenet_v2", 0.35, "59.2M", "1.6M"),
        ("mnasnet_a1", 1.0, "312M", "3.9M"),  # printed: 315M; its own paper has 312
    ],
)
def test_mobilenet_v3_table_3(name: str, width: float, madds: str, params: str) -> None:
    cost = getattr(networks, name)(width=width).cost
    assert agrees(cost.madds, madds)
    assert agrees(cost.params, params)


def test_mobilenet_v3_table_1_as_torchvision_has_it() -> None:
    cost = networks.mobilenet_v3_large().cost
    assert cost.params == 5_483_032
    assert agrees(cost.madds, "0.217G")


def test_mobilenet_v3_table_2_as_torchvision_has_it() -> None:
    """1024 channels before the classifier: another network than the paper's."""
    cost = networks.mobilenet_v3_small(last=1024).cost
    assert cost.params == 2_542_856
    assert agrees(cost.madds, "57M")


# -- MnasNet, Xception, NASNet -----------------------------------------------------------------


def test_mnasnet_table_1_a1() -> None:
    """arXiv 1807.11626."""
    cost = networks.mnasnet_a1().cost
    assert agrees(cost.madds, "312M")
    assert agrees(cost.params, "3.9M")


@pytest.mark.parametrize(
    ("width", "params"),
    [(1.4, "6.1M"), (1.0, "3.9M"), (0.75, "2.9M"), (0.5, "2.1M"), (0.35, "1.7M")],
)
def test_mnasnet_readme_of_the_authors_code_a1(width: float, params: str) -> None:
    """Its madds, 315.2 million for 1.0, are 1 % above those of its layers and of the paper."""
    assert agrees(networks.mnasnet_a1(width=width).cost.params, params)


def test_mnasnet_b1_as_torchvision_has_it() -> None:
    cost = networks.mnasnet_b1().cost
    assert cost.params == 4_383_312
    assert agrees(cost.madds, "0.314G")


def test_xception_table_3() -> None:
    """arXiv 1610.02357; the paper has no FLOPs."""
    cost = networks.xception().cost
    assert cost.params == 22_855_952
    assert agrees(cost.madds, "8.357G")


@pytest.mark.parametrize(("name", "millions"), [("xception", 8403.63), ("mobilenet_v1", 579.80)])
def test_third_party_flops_count_more_than_madds(name: str, millions: float) -> None:
    """The 8.40 GMAC told of Xception are half of the "flops" of imgclsmob: 4 an element for a
    batch normalisation, 1 for a ReLU, each element of a pooling's window, and for a convolution
    2 a multiply-add less 1 for each pair of channels. MobileNet V1 checks the reading.
    """
    flops = 0
    for node in getattr(networks, name)().layers:
        cost, conv = node.cost, node.operator
        flops += 2 * cost.madds
        if isinstance(conv, Conv):
            flops -= conv.c_in * conv.c_out // conv.groups
        elif node.op_type in ("Relu", "MaxPool", "GlobalAveragePool"):
            flops += cost.ops
        elif node.op_type == "BatchNormalization":
            flops += 4 * cost.writes
    assert round(flops / 2 / 1e6, 2) == millions


def test_mobilenet_v2_table_4_nasnet_a() -> None:
    """4 @ 1056, arXiv 1707.07012; the exact params are those of its re-implementations."""
    cost = networks.nasnet_a().cost
    assert cost.params == 5_289_978
    assert agrees(cost.params, "5.3M")
    assert agrees(cost.madds, "564M")
