"""ONNX files and protos as Graphs. The only package that imports ``onnx``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import onnx

from costmodel.errors import ModelError
from costmodel.frontends.onnx.load import check_text, load
from costmodel.frontends.onnx.reading import read_at
from costmodel.graph import Graph


def read(
    source: str | Path | bytes | onnx.ModelProto,
    *,
    dims: Mapping[str, int] | None = None,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    path: str | None = None,
    spare: bool = False,
    symbolic: bool = False,
    assume: int | None = None,
) -> Graph:
    """Read a model; its weights are neither needed nor touched.

    Args:
        source: a file, its bytes, or a ModelProto.
        dims: sizes of the model's named dimensions.
        shapes: whole shapes of inputs by name; they go before what the file says.
        path: what to call it in reports; the file's path by default.
        spare: whether sizes for names that the model does not have are passed over, as where
            one set of sizes serves many models.
        symbolic: True for expressions in the sizes that are not given (N, H and W, or the
            names that the model has for them) in place of numbers. Needs
            ``guidelint[symbolic]``.
        assume: a size for whatever the file leaves free and nobody gives; without it that is
            an error.

    Raises:
        ModelError: what stands there is no model, or has dimensions that need a size, or, in
            symbols, has sizes that are fixed inside it.
    """
    called = path if path is not None else str(source) if isinstance(source, str | Path) else ""
    model = load(source)
    try:
        if symbolic:
            read_in_symbols = _in_symbols()
            return read_in_symbols(model, dims or {}, shapes or {}, spare=spare, path=called)
        reading = read_at(model, dims or {}, shapes or {}, spare=spare, assume=assume)
        return reading.graph(called)
    except (TypeError, AttributeError):
        check_text(model)
        raise


def _in_symbols() -> Callable[..., Graph]:
    try:
        from costmodel.frontends.onnx.symbolic import read_in_symbols
    except ModuleNotFoundError as error:
        raise ModelError(
            f"expected the package {error.name} for a reading in symbols, found none: "
            "pip install 'guidelint[symbolic]'"
        ) from None
    return read_in_symbols
