"""The networks of the literature, one family a file, written with ``frontends.code.Network``.

Each follows the paper's table; where authors' code differs, the docstring says which one.
"""

from __future__ import annotations

from costmodel.networks.densenet import densenet_121
from costmodel.networks.googlenet import googlenet
from costmodel.networks.mnasnet import mnasnet_b1
from costmodel.networks.mobilenet_v1 import mobilenet_v1
from costmodel.networks.mobilenet_v2 import mobilenet_v2
from costmodel.networks.mobilenet_v3 import mobilenet_v3_large
from costmodel.networks.nasnet import nasnet_cells
from costmodel.networks.resnet import resnet_50
from costmodel.networks.shufflenet_v1 import shufflenet_v1
from costmodel.networks.shufflenet_v2 import shufflenet_v2
from costmodel.networks.squeezenet import squeezenet
from costmodel.networks.vgg import vgg_16
from costmodel.networks.xception import xception

__all__ = [
    "densenet_121",
    "googlenet",
    "mnasnet_b1",
    "mobilenet_v1",
    "mobilenet_v2",
    "mobilenet_v3_large",
    "nasnet_cells",
    "resnet_50",
    "shufflenet_v1",
    "shufflenet_v2",
    "squeezenet",
    "vgg_16",
    "xception",
]
