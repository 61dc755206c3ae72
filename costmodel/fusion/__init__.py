"""Which operators a runtime joins into one kernel, and what such kernels move."""

from costmodel.fusion.kernels import Kernel, fused_memory_access_bytes, kernels
from costmodel.fusion.rules import COMPOSED, COPIES, GENERIC, NONE, Follow, Layout, Rules

__all__ = [
    "COMPOSED",
    "COPIES",
    "GENERIC",
    "NONE",
    "Follow",
    "Kernel",
    "Layout",
    "Rules",
    "fused_memory_access_bytes",
    "kernels",
]
