"""Findings that somebody has decided to live with: where, why, and until when."""

from guidelines.suppress.findings import unheeded, unused
from guidelines.suppress.stage import Suppressed, in_force, suppress
from guidelines.suppress.suppression import Suppression, of_metadata

__all__ = [
    "Suppressed",
    "Suppression",
    "in_force",
    "of_metadata",
    "suppress",
    "unheeded",
    "unused",
]
