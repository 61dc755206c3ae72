"""The command line as a whole: the default command, and one line for whatever goes wrong."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, NoReturn

import click

from costmodel.errors import ModelError
from guidelines.cli import commands
from guidelines.config.place import ConfigError
from guidelines.report.names import printable

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

CLEAN, FINDINGS, FAILED = 0, 1, 2
"""Exit status: nothing at the fail-on level, something, could not run."""


def complain(message: str) -> None:
    """One line on standard error."""
    click.echo(f"guidelint: {printable(message)}", err=True)


def verbosity(arguments: Sequence[str]) -> int:
    """How often the command line says -v, whether or not the rest of it can be understood.

    >>> verbosity(["m.onnx", "-vv"]), verbosity(["-v", "--verbose"]), verbosity(["-q"])
    (2, 2, 0)
    """
    short = sum(each.count("v") for each in arguments if re.fullmatch("-[qv]+", each))
    return short + list(arguments).count("--verbose")


def unexpected(error: BaseException, *, trace: bool) -> str:
    """An error nobody foresaw, in a line; its traceback goes to standard error if wanted."""
    if trace:
        click.echo("".join(traceback.format_exception(error)), err=True)
    what = f"{type(error).__name__}: {error}".partition("\n")[0]
    return f"unexpected {what}" + ("" if trace else "; -vv shows where")


class Commands(click.Group):
    """The group of commands, of which ``check`` need not be named.

    A command is a file of ``guidelines.cli.commands``, imported when it runs.
    """

    default = "check"

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(module.name for module in iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        found: click.Command = import_module(f"{commands.__name__}.{cmd_name}").command
        return found

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        completing = ctx.resilient_parsing
        if not args and not completing:
            click.echo(ctx.get_help(), err=True)
            ctx.exit(FAILED)
        if args and args[0] not in {*self.list_commands(ctx), "--help", "-h", "--version"}:
            if not completing:
                self._guess(ctx, args[0])
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands, and the files or options of the one that need not be named."""
        from click.shell_completion import CompletionItem

        found = super().shell_complete(ctx, incomplete)
        default = self.get_command(ctx, self.default)
        assert default is not None
        if not incomplete.startswith("-"):
            # First, since bash takes files only where nothing else is offered.
            return [CompletionItem(incomplete, type="file"), *found]
        with default.make_context(self.default, [], parent=ctx, resilient_parsing=True) as inner:
            return [*found, *default.shell_complete(inner, incomplete)]

    def _guess(self, ctx: click.Context, word: str) -> None:
        """Tell a mistyped command from a path."""
        close = get_close_matches(word, self.list_commands(ctx), n=1, cutoff=0.7)
        if close and word.isidentifier() and not Path(word).exists():
            ctx.fail(f"no file and no command is called '{word}'; did you mean '{close[0]}'?")

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        """Run, and leave with 0, 1 or 2; whatever goes wrong is one line and 2."""
        arguments = list(sys.argv[1:] if args is None else args)
        extra["standalone_mode"] = False
        try:
            status = super().main(arguments, prog_name or "guidelint", **extra)
        except click.UsageError as error:
            about = f"; see '{error.ctx.command_path} --help'" if error.ctx else ""
            complain(f"{error.format_message().rstrip('.')}{about}")
            status = FAILED
        except click.ClickException as error:
            complain(error.format_message())
            status = FAILED
        except click.Abort:
            complain("interrupted")
            status = 130
        except (ConfigError, ModelError) as error:
            complain(str(error))
            status = FAILED
        except BrokenPipeError:
            status = FAILED
        except Exception as error:  # noqa: BLE001  the last resort
            complain(unexpected(error, trace=verbosity(arguments) > 1))
            status = FAILED
        sys.exit(status or CLEAN)
