"""``guidelint completion``."""

from __future__ import annotations

import sys

import click

from guidelines.cli.destination import show
from guidelines.cli.shell import CLEAN

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> int:
    """Print the script that completes guidelint's commands, options and files in a shell.

    \b
    bash  guidelint completion bash > ~/.local/share/bash-completion/completions/guidelint
    zsh   guidelint completion zsh > a folder of $fpath, named _guidelint
    fish  guidelint completion fish > ~/.config/fish/completions/guidelint.fish
    """
    from click.shell_completion import ShellComplete, get_completion_class

    from guidelines.cli import guidelint

    kind = get_completion_class(shell)
    assert kind is not None
    # Not the class's own method: that of bash first starts one to ask for its version.
    script = ShellComplete.source(kind(guidelint, {}, "guidelint", "_GUIDELINT_COMPLETE"))
    show(script, sys.stdout)
    return CLEAN
