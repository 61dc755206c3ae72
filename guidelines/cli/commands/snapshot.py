"""``guidelint snapshot``."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from costmodel.errors import ModelError
from guidelines.cli import reading
from guidelines.cli.completing import FILE
from guidelines.cli.destination import STDOUT, ascii_only, save, show
from guidelines.cli.flags import dims, refuse, shapes
from guidelines.cli.options import reads_model
from guidelines.cli.shell import CLEAN
from guidelines.cli.sources import STDIN, Source, opened, sources
from guidelines.config import Config, find_file
from guidelines.report.view import View

ASSUMED = 224
"""Size of what a file leaves free where nobody gives one: text must do without asking."""


@click.command("snapshot")
@click.option(
    "-o",
    "--output",
    "file",
    type=FILE,
    metavar="FILE",
    help="Where to write it, - for standard output, where text goes without.",
)
@click.option("--text", is_flag=True, help="Write lines for diff in place of an ONNX file.")
@reads_model
def command(path: str, file: str | None, text: bool, **given: Any) -> int:
    """Write a model's architecture without its weights, as a small ONNX file or as text.

    The file opens wherever ONNX does and reads to the same report. As text a layer is a line, so
    that git shows what changed in a model: git config diff.guidelint.textconv "guidelint snapshot
    --text", and *.onnx diff=guidelint in .gitattributes.

    Sizes matter to the text alone. It takes 224 for those that nobody gives, and says so.
    """
    if file is None and not text:
        refuse("--output", "expected a FILE for the snapshot, or - for standard output")
    if file not in (None, STDOUT) and _same(path, file):
        refuse("--output", f"expected another file than the model, found '{file}'")
    try:
        data = _text(path, given).encode() if text else _binary(path)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None
    if file not in (None, STDOUT):
        with reading.writing():
            save({file: data})
    elif text:
        show(View(ascii=ascii_only(sys.stdout)).finish(data.decode()), sys.stdout)
    elif sys.stdout.isatty():
        refuse("--output", "expected a file or a pipe for an ONNX file, found a terminal")
    else:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    return CLEAN


def _binary(path: str) -> bytes:
    from costmodel.frontends.onnx.snapshot import snapshot
    from guidelines.cli.running import piped

    source = _one(sources((path,)), path)
    with opened(source) as file:
        return snapshot(piped() if file == STDIN else file)


def _text(path: str, given: Mapping[str, Any]) -> str:
    from costmodel.frontends.onnx import read
    from guidelines.cli.running import jobs, piped
    from guidelines.report.architecture import lines

    flags = Config(dims=dims(given["dim"]), shapes=shapes(given["shape"]))
    configured = given["config"] or (None if given["isolated"] else _nearest(path))
    found = jobs((path,), flags, reading.known_rules(), file=configured, isolated=given["isolated"])
    source = _one([job.source for job in found], path)
    with opened(source) as file:
        graph = read(
            piped() if file == STDIN else file, dims=found[0].config.dims,
            shapes=found[0].config.shapes, path=path, spare=found[0].spare, assume=ASSUMED,
        )  # fmt: skip
    return "".join(f"{line}\n" for line in lines(graph))


def _one(found: Sequence[Source], path: str) -> Source:
    """The one model that a path names."""
    if len(found) != 1 or found[0].code or Path(path).is_dir():
        raise ModelError("expected one ONNX file, found something else")
    if found[0].problem:
        raise ModelError(found[0].problem)
    return found[0]


def _nearest(path: str) -> str | None:
    """The configuration of the working folder, for a file without: git's copies lie elsewhere."""
    if find_file(Path(path).parent) is not None:
        return None
    found = find_file(Path.cwd())
    return None if found is None else str(found)


def _same(path: str, file: str) -> bool:
    try:
        return Path(path).samefile(file)
    except OSError:
        return False
