"""One file per form of a report: ``render(report, view) -> str``."""
