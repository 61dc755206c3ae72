"""Formats of proofs: each file has ``render(study, view)``."""
