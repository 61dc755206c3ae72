"""Break each term of each formula in turn: some number made by hand must go red."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator

import pytest
from operator_cases import CASES, bound

from costmodel.operator import REGISTRY, Operator

BROKEN: dict[type[ast.operator], ast.operator] = {
    ast.Mult: ast.Add(),
    ast.Add: ast.Sub(),
    ast.Sub: ast.Add(),
}
FORMULAS = sorted(
    {
        cls
        for registered in REGISTRY.values()
        for cls in registered.cls.__mro__
        if "cost" in vars(cls) and cls is not Operator
    },
    key=lambda cls: cls.__name__,
)


def agrees(cases: list[tuple]) -> bool:
    """Whether every case still costs what it costs by hand."""
    for _, op_type, inputs, outputs, attributes, expected in cases:
        try:
            cost = bound(op_type, inputs, outputs, attributes).cost.to_dict()
        except (ValueError, TypeError):
            return False
        if any(cost[name] != value for name, value in expected.items()):
            return False
    return True


def broken(cls: type[Operator]) -> Iterator[tuple[str, property]]:
    """The formula with one operation exchanged, once for each of its operations."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(vars(cls)["cost"].fget)))
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    function.decorator_list = []
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and type(node.op) in BROKEN:
            term, whole = ast.unparse(node), node.op
            node.op = BROKEN[type(whole)]
            scope = {**vars(sys.modules[cls.__module__]), "_cls": cls}
            code = ast.unparse(tree).replace("super()", "super(_cls, self)")
            exec("from __future__ import annotations\n" + code, scope)  # noqa: S102
            node.op = whole
            yield term, property(scope["cost"])


@pytest.mark.parametrize("cls", FORMULAS, ids=lambda cls: cls.__name__)
def test_every_term_is_held_by_a_number_made_by_hand(cls, monkeypatch):
    cases = [case for case in CASES if issubclass(REGISTRY[case[1]].cls, cls)]
    assert cases and agrees(cases)
    for term, formula in broken(cls):
        with monkeypatch.context() as patch:
            patch.setattr(cls, "cost", formula)
            assert not agrees(cases), f"no case notices when {term} is broken"
