"""Formats of measured experiments: each file has ``render(trials, view)``."""
