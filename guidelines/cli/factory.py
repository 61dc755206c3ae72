"""``package.module:factory`` and ``path/file.py:factory``: the user's code, run to get a module."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

from costmodel.errors import ModelError

T = TypeVar("T")

_NAME = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"
FACTORY = re.compile(rf"(?P<place>.+\.py|{_NAME}):(?P<name>{_NAME})")
"""A module or a file, and what to call in it, or the network itself."""

Shapes = Mapping[str, tuple[int, ...]]


def made(
    argument: str,
    shapes: Shapes,
    use: Callable[[Any, Any], T],
    *,
    spare: bool = False,
    allocate: bool = False,
) -> T:
    """What ``use`` makes of the network and its example inputs.

    The network is built on the meta device, which allocates nothing, and once more for real
    where that fails.

    Args:
        argument: as ``FACTORY`` has it; that code runs, with all rights of the user.
        shapes: of inputs by name, "" for the first.
        use: called with the network, a ``torch.nn.Module``, and its inputs.
        spare: whether shapes for names that the network does not have are passed over.
        allocate: whether to build for real at once.

    Raises:
        ModelError: the code fails, gives something else, or ``use`` raises it.
    """
    with redirect_stdout(sys.stderr):  # reports alone go to standard output
        factory = _loaded(argument)
        for device in (None,) if allocate else ("meta", None):
            try:
                module, given = _built(argument, factory, device)
                return use(module, _inputs(module, given, shapes, spare))
            except ModelError:
                if device is None:
                    raise
    raise AssertionError("the last attempt returns or raises")


def _loaded(argument: str) -> Any:
    """What the name stands for, after the code around it has run."""
    match = FACTORY.fullmatch(argument)
    if match is None:
        raise ModelError("expected package.module:factory or path/file.py:factory")
    place, name = match["place"], match["name"]
    try:
        module = _file(Path(place)) if place.endswith(".py") else _package(place)
        return attrgetter(name)(module)
    except ModelError:
        raise
    except AttributeError as error:
        if error.name in name.split("."):
            raise ModelError(f"expected '{name}' in '{place}', found none") from error
        raise ModelError(_failure(f"importing '{place}'", error)) from error
    except (Exception, SystemExit) as error:
        raise ModelError(_failure(f"importing '{place}'", error)) from error


def _package(place: str) -> Any:
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    return importlib.import_module(place)


def _file(path: Path) -> Any:
    if not path.is_file():
        raise ModelError(f"expected a Python file at '{path}', found none")
    folder = str(path.parent.resolve())
    if folder not in sys.path:
        sys.path.insert(0, folder)  # what stands beside it can be imported, as if it were run
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ModelError(f"expected a Python file at '{path}', found one that cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # as pickles and dataclasses expect
    spec.loader.exec_module(module)
    return module


def _built(argument: str, factory: Any, device: str | None) -> tuple[Any, Any]:
    try:
        from costmodel.frontends.torch.inputs import build
    except ImportError as error:
        raise ModelError(
            f"expected PyTorch, found {error}; pip install 'guidelint[torch]'"
        ) from error
    if not callable(factory):
        raise ModelError(f"expected something to call, found {type(factory).__name__}")
    try:
        return build(factory, device=device)
    except ModelError:
        raise
    except (Exception, SystemExit) as error:
        raise ModelError(_failure(f"calling '{argument}' without arguments", error)) from error


def _inputs(module: Any, given: Any, shapes: Shapes, spare: bool) -> Any:
    """The example inputs: the shapes, by name where they have one, else what the factory gave."""
    names = list(inspect.signature(module.forward).parameters)
    wanted = {
        name or (names[0] if names else ""): shape
        for name, shape in shapes.items()
        if not name or name in names or not spare
    }
    if not wanted and given == () and names:
        raise ModelError(
            f"expected a --shape for {type(module).__name__}.forward({', '.join(names)}), found "
            "none; give --shape 1,3,224,224 or NAME=1,3,224,224"
        )
    return wanted or given


def _failure(doing: str, error: BaseException) -> str:
    said = next(iter(str(error).splitlines()), "")
    return f"{doing} raised {type(error).__name__}: {said}".rstrip(": ")
