"""Names in a picture: on one line, short enough, in characters that the font has."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from os.path import commonprefix

from matplotlib.font_manager import findfont, get_font

from guidelines.report.names import printable
from guidelines.report.table import shorten

SHORTEST = 5
"""Characters that a part of a name keeps."""


def shown(text: str, width: int) -> str:
    r"""The name as it is drawn; what does not print, or is not in the font, is an escape.

    Of a name that is too long, the longest parts keep their beginnings and ends.

    >>> shown("features.1/conv", 30), shown("denseblock12.denselayer3.conv1", 22)
    ('features.1/conv', 'den…k12.den…er3.conv1')
    >>> print(shown("卷积\n", 20))
    \u5377\u79ef\n
    """
    if len(text) > 8 * width:  # nobody sees the middle of a million characters
        text = text[: 4 * width] + text[-4 * width :]
    known = _characters()
    text = "".join(c if ord(c) in known else _escaped(c) for c in printable(text))
    parts = re.split(r"([./ ])", text)
    most = max(map(len, parts))
    while most > SHORTEST and sum(min(len(part), most) for part in parts) > width:
        most -= 1
    return shorten("".join(shorten(part, most) for part in parts), width)


def column(names: Sequence[str], width: int) -> list[str]:
    """Names below each other, without the modules that all are in where one is too long.

    >>> column(["model.backbone.layer1.conv", "model.backbone.layer2.conv"], 20)
    ['layer1.conv', 'layer2.conv']
    """
    if len(names) > 1 and max(map(len, names)) > width:
        shared = re.match(r".*[./]", commonprefix(names), re.DOTALL)  # noqa: RUF071  by character
        if shared:
            names = [name[shared.end() :] for name in names]
    return [shown(name, width) for name in names]


def _escaped(character: str) -> str:
    return character.encode("ascii", "backslashreplace").decode()


@cache
def _characters() -> frozenset[int]:
    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())
