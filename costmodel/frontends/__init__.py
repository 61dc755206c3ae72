"""Front ends: each turns one notation of a network into the same Graph."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import onnx
    import torch

    from costmodel.graph import Graph


def read(
    source: str | Path | bytes | onnx.ModelProto | torch.nn.Module,
    example_inputs: Any = (),
    *,
    dims: Mapping[str, int] | None = None,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    path: str | None = None,
    spare: bool = False,
    symbolic: bool = False,
) -> Graph:
    """Read a model; its weights are neither needed nor touched.

    Args:
        source: an ONNX file, its bytes, a ModelProto, or a PyTorch module.
        example_inputs: of a module alone: a tensor, or the shape of one as a tuple of ints;
            several in a tuple, or in a dict by the names of the parameters of ``forward``.
        dims: sizes of the model's named dimensions.
        shapes: whole shapes of inputs by name; they go before what the file says.
        path: what to call it in reports; the file's path by default.
        spare: whether sizes for names that the model does not have are passed over, as where
            one set of sizes serves many models.
        symbolic: True for expressions in the sizes that are not given (N, H and W, or the
            names that the model has for them) in place of numbers. Needs
            ``guidelint[symbolic]``.

    Raises:
        ModelError: what stands there is no model, or has dimensions that need a size, or, in
            symbols, has sizes that are fixed inside it; a module cannot be traced, or written
            as ONNX.
    """
    torch = sys.modules.get("torch")  # who has a module has imported it
    if torch is not None and isinstance(source, torch.nn.Module):
        if dims or shapes or symbolic:
            raise TypeError("a module takes example_inputs, not dims, shapes or symbolic")
        from costmodel.frontends.torch import read as read_module

        return read_module(source, example_inputs, path=path or "")
    from costmodel.frontends.onnx import read as read_onnx

    return read_onnx(source, dims=dims, shapes=shapes, path=path, spare=spare, symbolic=symbolic)
