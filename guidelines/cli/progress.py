"""Says on a terminal what takes long, and leaves no trace."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from types import TracebackType

from guidelines.report.names import printable
from guidelines.report.table import shorten

AFTER = 1.0
"""Seconds of silence."""


class Progress:
    """One line on standard error that shows the current file, if that is a terminal.

    >>> with Progress(2) as progress:
    ...     progress.at(1, "model.onnx")
    """

    def __init__(self, total: int, *, quiet: bool = False) -> None:
        self._total = total
        self._now = ""
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        if not quiet and sys.stderr.isatty():
            self._thread = threading.Thread(target=self._show, daemon=True)

    def at(self, number: int, path: str) -> None:
        """What is being read now."""
        self._now = f"reading {shorten(printable(path), 60)} ({number} of {self._total})"

    def _show(self) -> None:
        wait = AFTER
        while not self._done.wait(wait):
            wait = 0.2
            self._write(f"\r\x1b[K{self._now}")
        if wait != AFTER:
            self._write("\r\x1b[K")

    @staticmethod
    def _write(text: str) -> None:
        """Past Python's buffer, whose lock a forked reader would inherit."""
        with suppress(OSError):
            os.write(sys.stderr.fileno(), text.encode(sys.stderr.encoding, "replace"))

    def __enter__(self) -> Progress:
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join()
