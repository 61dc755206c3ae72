"""A module as torch's own graph, traced without a sound; what goes wrong said in one line."""

from __future__ import annotations

import inspect
import logging
import os
import traceback
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import torch

from costmodel.errors import ModelError


def trace(
    module: torch.nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> torch.export.ExportedProgram:
    """The operators of ATen that a module calls as it infers.

    Raises:
        ModelError: it cannot be traced on these inputs.
    """
    try:
        with (
            inferring(module),
            quiet(),
            Path(os.devnull).open("w") as nowhere,
            redirect_stderr(nowhere),  # where torch prints the graph that it gave up
        ):
            return torch.export.export(module, args, dict(kwargs), strict=False)
    except Exception as error:  # whatever the network's own code raises
        said = first_line(error)
        if "data-dependent" in said:
            raise ModelError(
                "expected a network whose course does not depend on values, found one that does"
                f"{_place(error)}; use torch.where or torch.cond there"
            ) from error
        raise ModelError(
            "expected a network that torch.export can trace on these inputs, found "
            f"{type(error).__name__}{_place(error)}: {said}"
        ) from error


@contextmanager
def inferring(module: torch.nn.Module) -> Iterator[None]:
    """The module in evaluation mode; afterwards each part is in the mode that it was in."""
    modes = [(each, each.training) for each in module.modules()]
    try:
        for each in module.modules():  # not eval(), in which some modules merge their weights
            each.training = False
        yield
    finally:
        for each, training in modes:
            each.training = training


@contextmanager
def quiet() -> Iterator[None]:
    """Without torch's logs, warnings and progress."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            warnings.catch_warnings(),
            Path(os.devnull).open("w") as nowhere,
            redirect_stdout(nowhere),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


def first_line(error: BaseException) -> str:
    """Of what an error says."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "no reason")


def _place(error: BaseException) -> str:
    """The last line outside of torch, and of what Python wraps around functions."""
    wrapping = Path(inspect.__file__).parent
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        inside = Path(torch.__file__).parent in path.parents or path == Path(__file__)
        if not inside and path.parent != wrapping and path.exists():
            return f" at {path.name}:{frame.lineno}"
    return ""
