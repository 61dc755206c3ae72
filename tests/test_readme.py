"""What the README shows is what the program prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from guidelines.cli import guidelint

ROOT = Path(__file__).parents[1]
SCREENS = re.findall(
    r"```console\n\$ guidelint (.*?)\n(.*?)```", (ROOT / "README.md").read_text(), re.S
)


def test_the_readme_has_screens() -> None:
    assert len(SCREENS) == 2


@pytest.mark.parametrize(("arguments", "screen"), SCREENS, ids=[a for a, _ in SCREENS])
def test_a_screen_of_the_readme_is_real(
    arguments: str, screen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "92")
    assert CliRunner().invoke(guidelint, arguments.split()).output == screen
