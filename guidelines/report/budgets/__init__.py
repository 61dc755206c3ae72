"""One file per form of the figures beside their budgets: ``render(sheets, view) -> str``."""
