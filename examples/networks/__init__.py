"""The networks of the literature, one family a file, written with ``frontends.code.Network``.

Each follows the paper's table; where authors' code differs, the docstring says which one.
"""

from __future__ import annotations

from costmodel.networks.alexnet import alexnet
from costmodel.networks.densenet import densenet_121
from costmodel.networks.googlenet import googlenet
from costmodel.networks.igcv2 import igcv2
from costmodel.networks.inception_v3 import inception_v3
from costmodel.networks.mnasnet import mnasnet_a1, mnasnet_b1
from costmodel.networks.mobilenet_v1 import mobilenet_v1
from costmodel.networks.mobilenet_v2 import mobilenet_v2
from costmodel.networks.mobilenet_v3 import mobilenet_v3_large, mobilenet_v3_small
from costmodel.networks.nasnet import nasnet_a
from costmodel.networks.resnet import resnet_18, resnet_34, resnet_50, resnet_101, resnet_152
from costmodel.networks.resnext import resnext_50
from costmodel.networks.shufflenet_v1 import shufflenet_v1
from costmodel.networks.shufflenet_v2 import shufflenet_v2, shufflenet_v2_50, shufflenet_v2_164
from costmodel.networks.squeezenet import squeezenet
from costmodel.networks.vgg import vgg_11, vgg_13, vgg_16, vgg_19
from costmodel.networks.xception import xception

__all__ = [
    "alexnet",
    "densenet_121",
    "googlenet",
    "igcv2",
    "inception_v3",
    "mnasnet_a1",
    "mnasnet_b1",
    "mobilenet_v1",
    "mobilenet_v2",
    "mobilenet_v3_large",
    "mobilenet_v3_small",
    "nasnet_a",
    "resnet_18",
    "resnet_34",
    "resnet_50",
    "resnet_101",
    "resnet_152",
    "resnext_50",
    "shufflenet_v1",
    "shufflenet_v2",
    "shufflenet_v2_50",
    "shufflenet_v2_164",
    "squeezenet",
    "vgg_11",
    "vgg_13",
    "vgg_16",
    "vgg_19",
    "xception",
]
