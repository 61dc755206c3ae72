"""What a module is read with: the module itself, from a factory, and its example inputs."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from contextlib import nullcontext
from itertools import chain
from typing import Any

import torch

from costmodel.errors import ModelError

META = torch.device("meta")


def build(factory: Any, *, device: str | None = None) -> tuple[torch.nn.Module, Any]:
    """The module that a factory gives, and the example inputs if it gives them too, else ().

    Args:
        factory: a module, or what gives one when it is called: a function, a class. It may give
            a pair of the module and its example inputs.
        device: where tensors are made that name no place; "meta" allocates nothing.

    Raises:
        ModelError: it gives something else.
    """
    with torch.device(device) if device else nullcontext():
        made = factory if isinstance(factory, torch.nn.Module) else factory()
    module, inputs = made if isinstance(made, tuple) and len(made) == 2 else (made, ())
    if not isinstance(module, torch.nn.Module):
        raise ModelError(f"expected a torch.nn.Module, found {type(made).__name__}")
    return module, inputs


def arguments(
    module: torch.nn.Module, example_inputs: Any
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The inputs as ``forward`` takes them: by position and by name, shapes made into tensors.

    Raises:
        ModelError: they do not fit its signature.

    >>> args, _ = arguments(torch.nn.Linear(3, 4), (2, 3))
    >>> args[0].shape
    torch.Size([2, 3])
    """
    first = next(chain(module.parameters(), module.buffers()), torch.empty(0))
    dtype = next((p.dtype for p in module.parameters() if p.is_floating_point()), None)

    def made(given: Any) -> Any:
        if isinstance(given, torch.Tensor):
            return given.to(META) if first.device == META else given
        if _is_shape(given):
            return torch.empty(tuple(given), dtype=dtype, device=first.device)
        if isinstance(given, Mapping):
            return {name: made(each) for name, each in given.items()}
        return tuple(map(made, given)) if isinstance(given, tuple | list) else given

    several = isinstance(example_inputs, tuple | list) and not _is_shape(example_inputs)
    by_name = isinstance(example_inputs, Mapping)
    args = () if by_name else tuple(map(made, example_inputs if several else [example_inputs]))
    kwargs = made(dict(example_inputs)) if by_name else {}
    signature = inspect.signature(module.forward)
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        raise ModelError(
            f"expected example inputs that fit {type(module).__name__}.forward"
            f"({', '.join(signature.parameters)}), found {error}"
        ) from None
    return args, kwargs


def _is_shape(given: Any) -> bool:
    return isinstance(given, tuple | list) and bool(given) and all(type(d) is int for d in given)
