"""One file per form of a network's formulas: ``render(networks, view) -> str``."""
