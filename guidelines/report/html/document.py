"""A report as a page: a section for each network, before them what they are at a glance."""

from __future__ import annotations

from guidelines.quantity import count, size
from guidelines.report.html.findings import rules
from guidelines.report.html.page import page
from guidelines.report.html.section import section
from guidelines.report.html.summary import counted
from guidelines.report.html.tags import Markup, tag
from guidelines.report.report import Model, Report


def document(report: Report, *, ascii: bool = False) -> str:
    """The page of a report."""
    models = {f"m{number}": model for number, model in enumerate(report.models)}
    one = len(models) == 1
    return page(
        f"{report.models[0].path} · guidelint" if one else f"guidelint · {len(models)} models",
        [
            tag("h1", "Report", class_="unseen") if one else _contents(models),
            _failures(report),
            *(section(model, ident) for ident, model in models.items()),
            rules(report.findings),
        ],
        ascii=ascii,
    )


def _contents(models: dict[str, Model]) -> Markup:
    """A row for each network."""
    titles = ("Model", "Findings", "Params", "Madds", "Memory access, fused")
    head = (
        tag("th", t, scope="col", class_="number" if i > 1 else None) for i, t in enumerate(titles)
    )
    body = (
        tag(
            "tr",
            tag("th", tag("a", model.path, href=f"#{ident}"), scope="row"),
            tag("td", counted(model.findings or ()) or "none"),
            tag("td", count(model.totals.params), class_="number"),
            tag("td", count(model.totals.madds), class_="number"),
            tag("td", size(model.totals.fused_memory_access_bytes), class_="number"),
        )
        for ident, model in models.items()
    )
    table = tag("table", tag("thead", tag("tr", *head)), tag("tbody", *body))
    name = f"{len(models)} models" if models else "No models"
    return tag(
        "nav", tag("h1", name), tag("div", table, class_="scroll") if models else None,
        class_="contents", aria_label="Models",
    )  # fmt: skip


def _failures(report: Report) -> Markup | None:
    """Files that could not be analysed."""
    if not report.errors:
        return None
    entries = (tag("li", tag("strong", e.path), ": ", e.message) for e in report.errors)
    return tag(
        "section", tag("h2", "Could not be analysed"), tag("ul", *entries), class_="failures"
    )
