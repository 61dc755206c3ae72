"""One file per form of the table of costs: ``render(tables, view) -> str``."""
