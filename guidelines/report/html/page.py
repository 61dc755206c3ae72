"""The document around the sections: one file, that no name in it can turn against its reader."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files

from costmodel import __version__
from guidelines.report.heading import CONVENTIONS
from guidelines.report.html.tags import Markup, join, tag


def page(title: str, body: Sequence[Markup | None], *, ascii: bool = False) -> str:
    """A document of sections.

    Args:
        title: of the window.
        body: the sections, and what stands before them.
        ascii: whether to write character references for what ASCII has not.
    """
    style, script = (_asset(name) for name in ("page.css", "page.js"))
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(style, script)),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("link", rel="icon", href="data:,"),
        tag("style", style),
    )
    top = tag(
        "header",
        tag("a", "Skip to the report", href="#report", class_="skip"),
        tag("p", "guidelint", class_="brand"),
        tag("button", "Theme", type="button", class_="theme", hidden=True),
        class_="top",
    )
    made = f"guidelint {__version__}. {CONVENTIONS[0].upper()}{CONVENTIONS[1:]}."
    without = tag(
        "noscript", tag("p", "Without scripts there is no sorting and no panel; all else is here.")
    )
    written = join((
        Markup("<!DOCTYPE html>\n"),
        tag("html", head, tag("body",
            top, without, tag("main", *body, id="report", tabindex="-1"),
            tag("footer", tag("p", made)), tag("script", script),
        ), lang="en"),
        Markup("\n"),
    ))  # fmt: skip
    return written.encode("ascii", "xmlcharrefreplace").decode() if ascii else str(written)


def _asset(name: str) -> Markup:
    """A file of this package; ASCII, so that character references never stand in it."""
    text = files(__package__).joinpath(name).read_text(encoding="ascii")
    if "</" in text:
        raise ValueError(f"expected no end tag in {name}, found one")
    return Markup(text)


def _policy(style: str, script: str) -> str:
    """Nothing may be loaded, and nothing may run but these two."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
