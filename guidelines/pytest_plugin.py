"""A pytest fixture: ``def test_budget(guidelint): assert guidelint.check("model.onnx")``.

pytest imports this module in every run in which guidelint is installed, so it imports no more
than it has to before a test asks for the fixture.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from guidelines.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Guidelint:
    """What the fixture gives.

    Args:
        test: that asked for it.
    """

    test: pytest.Item

    def check(self, model: Any, example_inputs: Any = (), **how: Any) -> Verdict:
        """``guidelines.check``; if the test fails, pytest prints what was found.

        Args:
            model: as there; a relative path that is not found from the current folder is one from
                pytest's root folder.
            example_inputs: as there.
            how: budget, baseline, select and all that ``guidelines.check`` takes.
        """
        __tracebackhide__ = True
        import guidelines
        from costmodel.errors import ModelError
        from guidelines.config import ConfigError

        if isinstance(model, str | Path) and not Path(model).exists():
            below = self.test.config.rootpath / model
            model = str(below) if below.exists() else model
        try:
            verdict = guidelines.check(model, example_inputs, **how)
        except (ModelError, ConfigError, ValueError) as error:
            told = f"{model}: {error}" if isinstance(error, ModelError) else str(error)
            raise pytest.fail.Exception(told) from None
        if not verdict:
            self.test.add_report_section("call", "guidelint", str(verdict))
        return verdict

    def __repr__(self) -> str:
        return "guidelint"


@pytest.fixture
def guidelint(request: pytest.FixtureRequest) -> Guidelint:
    """Checks a network against its guidelines and budgets."""
    return Guidelint(request.node)
