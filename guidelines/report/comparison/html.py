"""A page that shows both networks beside each other: one file, without requests to anywhere."""

from __future__ import annotations

from guidelines.comparing.comparison import Compared
from guidelines.report.html.beside import document
from guidelines.report.view import View


def render(compared: Compared, view: View) -> str:
    """Every pair of networks, with a table of contents where there are several."""
    return document(compared, ascii=view.ascii)
