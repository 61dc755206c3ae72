"""Run a step of analysis where it can be stopped.

Shape inference and parsing are C++ that can loop for minutes, exhaust memory or crash on a
hostile file. They run in a forked child with limits on CPU time and memory; the child tells
through shared memory where it is, so the parent knows what to leave out of the next attempt.
Where a platform cannot fork, they run in the same process, without these limits.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import pickle
import select
import signal
import struct
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")

STEP_SECONDS = 2
"""CPU seconds that one step may take before it is stopped."""

TOTAL_SECONDS = 4.0
"""CPU seconds that all steps together may take, unless the caller allows more."""

MEGABYTES = 512
"""Memory that the work may take beyond what the process holds."""


class Stopped(Exception):
    """The work was stopped, or crashed, at step ``step``."""

    def __init__(self, step: int) -> None:
        super().__init__(f"stopped at step {step}")
        self.step = step


def stoppable(work: Callable[[Callable[[int], None]], T], seconds: float = TOTAL_SECONDS) -> T:
    """Run ``work(at)`` in a child process, which calls ``at(step)`` as it goes.

    Args:
        work: what to run; its result goes through pickle.
        seconds: CPU time that it may take in all.

    Raises:
        Stopped: a step took too long, too much memory, or crashed the process.
        Exception: whatever ``work`` raised.
    """
    if not hasattr(os, "fork"):
        return work(lambda step: None)
    with mmap.mmap(-1, 8) as progress:
        reader, writer = os.pipe()
        try:
            child = _fork()
        except OSError:
            os.close(writer)
            os.close(reader)
            raise
        if child == 0:
            _child(work, progress, writer, seconds)
        os.close(writer)
        try:
            data = _read(reader, 4 * seconds + 20)
        finally:
            os.close(reader)
            # It has answered or it never will; a host that ignores SIGCHLD reaps it itself.
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
        if not data:
            raise Stopped(struct.unpack("q", progress[:8])[0])
    succeeded, result = pickle.loads(data)
    if not succeeded:
        raise result
    value: T = result
    return value


def _fork() -> int:
    with warnings.catch_warnings():
        # Other threads (BLAS) exist from import on; the child uses none of them.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _read(reader: int, seconds: float) -> bytes:
    """All that the child writes, or nothing if it dies or outlasts the wall-clock limit."""
    chunks: list[bytes] = []
    poll = select.poll()
    poll.register(reader, select.POLLIN | select.POLLHUP)
    deadline = time.monotonic() + seconds
    while poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        chunk = os.read(reader, 1 << 20)
        if not chunk:
            data = b"".join(chunks)
            size = struct.unpack("Q", data[:8])[0] if len(data) >= 8 else -1
            return data[8:] if len(data) - 8 == size else b""
        chunks.append(chunk)
    return b""


def _child(
    work: Callable[[Callable[[int], None]], Any], progress: mmap.mmap, writer: int, seconds: float
) -> NoReturn:
    """The child's whole life: limits, work, answer, exit without any clean-up of the parent's."""
    try:
        import faulthandler
        import gc
        import resource

        faulthandler.disable()
        gc.disable()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _limit_memory(resource)
        last = time.process_time() + seconds
        renewed = -1

        def at(step: int) -> None:
            nonlocal renewed
            progress[:8] = struct.pack("q", step)
            now = time.process_time()
            if now > last:
                os._exit(1)
            if int(now) > renewed:
                renewed = int(now)
                hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
                resource.setrlimit(resource.RLIMIT_CPU, (renewed + STEP_SECONDS + 1, hard))

        at(0)
        try:
            answer = pickle.dumps((True, work(at)), pickle.HIGHEST_PROTOCOL)
        except MemoryError:
            os._exit(1)
        except Exception as error:  # noqa: BLE001  it goes on in the parent
            answer = pickle.dumps((False, error))
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(struct.pack("Q", len(answer)))
            pipe.write(answer)
    finally:
        os._exit(0)


def _limit_memory(resource: Any) -> None:
    """Cap the address space, where the platform says how much is in use."""
    try:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return
    limit = used + MEGABYTES * 1024 * 1024
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard < 0 else min(limit, hard), hard))
