"""The networks of the literature as files: they load, they run, they read as they were built."""

from __future__ import annotations

import doctest
import inspect
import pkgutil
from importlib import import_module
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
import onnxruntime
import pytest

from costmodel import Graph, ModelError, networks, read
from costmodel.frontends.onnx.write import write

ELSEWHERE = {
    ("classes", int): 10, ("final_pad", int): 1, ("groups", int): 8, ("last", int): 1024,
    ("width", float): 0.5, ("width", int): 8,
}  # fmt: skip
"""Values other than the defaults, of the options whose type does not tell them."""

MORE: list[tuple[str, dict[str, Any]]] = [
    ("mobilenet_v1", {"width": 0.25, "resolution": 128}),
    ("mobilenet_v2", {"width": 1.4}),
    ("mobilenet_v2", {"width": 0.35}),
    ("mobilenet_v3_large", {"width": 0.75}),
    ("mobilenet_v3_small", {"width": 0.75}),
    ("shufflenet_v1", {"groups": 1}),
    ("shufflenet_v1", {"width": 0.25}),
    ("shufflenet_v2", {"width": 2.0}),
]
"""Variants that the papers have, beyond the defaults and all options changed at once."""


def options(name: str) -> dict[str, Any]:
    """Another value for each of a network's options, as the command line may set them."""
    function = getattr(networks, name)
    changed: dict[str, Any] = {}
    for option, kind in get_type_hints(function).items():
        default = inspect.signature(function).parameters.get(option)
        if default is None:
            assert (option, kind) == ("return", Graph)
        elif get_origin(kind) is Literal:
            changed[option] = next(c for c in get_args(kind) if c != default.default)
        elif kind is bool:
            changed[option] = not default.default
        elif option == "resolution":
            changed[option] = default.default - 32
        else:
            changed[option] = ELSEWHERE[option, kind]
    return changed


CASES = [
    *((name, {}) for name in networks.__all__),
    *((name, options(name)) for name in networks.__all__),
    *MORE,
]


def session(model: bytes) -> onnxruntime.InferenceSession:
    """The model as written: optimising it would only take time."""
    settings = onnxruntime.SessionOptions()
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize(("name", "changed"), CASES, ids=str)
def test_a_file_loads_and_reads_as_the_graph_that_made_it(
    name: str, changed: dict[str, Any]
) -> None:
    built = getattr(networks, name)(**changed)
    model = write(built)
    (given,), (returned,) = session(model.SerializeToString()).get_inputs(), built.outputs
    assert tuple(given.shape) == built.inputs["input"]
    assert built.tensors[returned].shape == (1, changed.get("classes", 1000))
    assert not built.unknown
    found = read(model)
    assert [(n.op_type, n.scope, n.operator, n.cost, n.bytes) for n in found.layers] == [
        (n.op_type, n.scope, n.operator, n.cost, n.bytes) for n in built.layers
    ]
    assert found.cost == built.cost


@pytest.mark.parametrize("name", ["shufflenet_v2", "nasnet_a", "igcv2", "mobilenet_v3_small"])
def test_a_file_runs(name: str) -> None:
    """On 64x64; the file holds no weights, so that each is 0.01."""
    model = write(getattr(networks, name)(resolution=64))
    (out,) = session(model.SerializeToString()).run(
        None, {"input": np.ones((1, 3, 64, 64), np.float32)}
    )
    assert out.shape == (1, 1000)
    assert np.isfinite(out).all()


@pytest.mark.parametrize("name", networks.__all__)
def test_a_network_says_what_it_is_and_what_its_options_are(name: str) -> None:
    """The paper and its table in the first line, each option in the list below."""
    function = getattr(networks, name)
    text = inspect.getdoc(function)
    assert "arXiv" in text.splitlines()[0] or "NIPS" in text.splitlines()[0]
    given = inspect.signature(function).parameters.values()
    assert all(p.kind is p.KEYWORD_ONLY and p.default is not p.empty for p in given)
    assert all(f"\n    {p.name}: " in text for p in given)
    assert {"resolution", "classes"} <= {p.name for p in given}


@pytest.mark.parametrize(
    ("name", "changed", "message"),
    [
        ("shufflenet_v2", {"width": 0.75}, "expected width of 0.5, 1.0, 1.5, 2.0, found 0.75"),
        ("shufflenet_v1", {"width": 3.0}, "expected width of 0.25, 0.5, 1.0, 1.5, 2.0, found 3.0"),
        ("shufflenet_v1", {"groups": 5}, "expected groups of 1, 2, 3, 4, 8, found 5"),
        ("shufflenet_v1", {"groups": 4, "width": 0.5}, "makes 272 a multiple of 16"),
    ],
)
def test_what_no_paper_has_is_refused(name: str, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        getattr(networks, name)(**changed)


def test_the_examples_in_their_docstrings() -> None:
    modules = [f"{networks.__name__}.{m.name}" for m in pkgutil.iter_modules(networks.__path__)]
    results = [doctest.testmod(import_module(name)) for name in modules]
    assert sum(r.attempted for r in results) > 0
    assert sum(r.failed for r in results) == 0
