"""Formats of comparisons: each file has ``render(compared, view)``."""
