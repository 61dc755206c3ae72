"""Every operator: one formula for ints, arrays and symbols, and numbers made by hand."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import onnx
import pytest
import sympy
from operator_cases import CASES, CONTRADICTIONS, UNKNOWNS, bound

import costmodel.operators
from costmodel.cost import Cost
from costmodel.errors import ModelError, Unknown
from costmodel.operator import REGISTRY, UNCOSTABLE, Operator

CLASSES = sorted({r.cls for r in REGISTRY.values()}, key=lambda cls: cls.__name__)
SCHEMAS = {
    (f"{s.domain}::" if s.domain else "") + s.name: s
    for s in sorted(onnx.defs.get_all_schemas_with_history(), key=lambda s: s.since_version)
}

NAMED = {"c_in": 4, "c_out": 6, "groups": 2, "bits": 4, "stored": 8, "elements": 8}
"""Values that must divide each other; every other field takes one of its own."""


def sizes(cls: type[Operator]) -> dict[str, int]:
    """A small int for each field, different ones where nothing must be divisible."""
    return {name: NAMED.get(name, 2 + i) for i, name in enumerate(cls.defaults)}


def test_every_operator_of_the_standard_is_costed_or_said_to_be_uncostable():
    missing = sorted(SCHEMAS.keys() - REGISTRY.keys() - UNCOSTABLE.keys())
    assert not missing, f"neither registered nor in UNCOSTABLE: {missing}"
    assert not REGISTRY.keys() & UNCOSTABLE.keys()
    assert all(3 <= len(reason.split()) <= 12 for reason in UNCOSTABLE.values())


@pytest.mark.parametrize("op_type", sorted(SCHEMAS.keys() & REGISTRY.keys()))
def test_learned_inputs_are_inputs_that_the_schema_has(op_type):
    positions = REGISTRY[op_type].weights
    assert (
        positions is None
        or not SCHEMAS[op_type].inputs
        or (all(p < max(1, SCHEMAS[op_type].max_input) for p in positions))
    )


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_one_formula_serves_ints_arrays_and_symbols(cls):
    values = sizes(cls)
    whole = cls(**values).cost
    swept = cls(**{name: np.full((2, 3), float(v)) for name, v in values.items()}).cost
    symbols = {name: sympy.Symbol(name, positive=True, integer=True) for name in values}
    proved = cls(**symbols).cost
    for name, value in whole.to_dict().items():
        assert type(value) is int, f"{name} of ints is {type(value).__name__}"
        assert np.all(getattr(swept, name) == value), f"{name} of arrays"
        expression = sympy.sympify(getattr(proved, name))
        forbidden = (sympy.floor, sympy.ceiling, sympy.Piecewise, sympy.Max, sympy.Min, sympy.Float)
        assert not expression.has(*forbidden), f"{name} is {expression}"
        known = {s: values[s.name] for s in expression.free_symbols}
        assert expression.subs(known) == value, f"{name} is {expression}"


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_operator_says_its_formula_and_proves_it(cls):
    text = cls.__doc__ or ""
    assert ">>>" in text, "no example"
    said = {line.strip().split(" = ")[0] for line in text.splitlines() if " = " in line}
    cost = cls(**sizes(cls)).cost
    if cost == Cost():
        return
    assert said & {"madds", "ops", "memory access", "params"}, "no formula"
    assert not cost.madds or "madds" in said, "madds without their formula"


def test_operators_import_neither_algebra_nor_graphs_nor_frameworks():
    code = "import sys, costmodel.operators; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    unwanted = {"sympy", "networkx", "onnx", "torch", "matplotlib", "onnxruntime", "click"}
    assert not unwanted & set(done.stdout.split())


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_costs_what_it_costs_by_hand(case):
    _, op_type, inputs, outputs, attributes, expected = case
    cost = bound(op_type, inputs, outputs, attributes).cost.to_dict()
    assert {name: cost[name] for name in expected} == expected
    assert all(type(value) is int for value in cost.values())


@pytest.mark.parametrize("case", CONTRADICTIONS, ids=[case[0] for case in CONTRADICTIONS])
def test_contradictions_say_what_was_expected_and_found(case):
    _, op_type, inputs, outputs, attributes = case
    with pytest.raises(ModelError, match=r"expected .*found") as caught:
        bound(op_type, inputs, outputs, attributes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("case", UNKNOWNS, ids=[case[0] for case in UNKNOWNS])
def test_what_is_not_known_is_not_zero(case):
    _, op_type, inputs, outputs, attributes = case
    with pytest.raises(Unknown):
        bound(op_type, inputs, outputs, attributes)


def test_the_package_offers_what_it_names():
    for name in costmodel.operators.__all__:
        assert getattr(costmodel.operators, name) is not None
