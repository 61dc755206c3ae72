"""``python -m guidelines`` is ``guidelint``."""

from guidelines.cli import main

main()
