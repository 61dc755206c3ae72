"""The command line: ``guidelint PATH…``, ``guidelint cost``, ``guidelint rule``."""

from guidelines.cli.commands import main

__all__ = ["main"]
