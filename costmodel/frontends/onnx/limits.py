"""Run a step of analysis where it can be stopped.

Shape inference and parsing are C++ that can loop for minutes, exhaust memory or crash on a
hostile file. They run in a forked child with a limit on CPU time and memory; the child tells
through shared memory where it is, so the parent knows what to leave out of the next attempt.
"""

from __future__ import annotations

import mmap
import os
import pickle
import struct
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

CPU_SECONDS = 2
"""CPU seconds that one step may take before it is stopped."""

WALL_SECONDS = 60
"""Seconds after which a child is stopped whatever it does: it may be waiting for nothing."""

MEGABYTES = 512
"""Memory that the work may take beyond what the process holds."""


class Stopped(Exception):
    """The work was stopped, or crashed, at step ``step``."""

    def __init__(self, step: int) -> None:
        super().__init__(f"stopped at step {step}")
        self.step = step


def stoppable(work: Callable[[Callable[[int], None]], T]) -> T:
    """Run ``work(at)`` in a child process, which calls ``at(step)`` as it goes.

    Returns:
        What ``work`` returned, by way of pickle.

    Raises:
        Stopped: a step took too long, too much memory, or crashed the process.
        Exception: whatever ``work`` raised.
    """
    if not hasattr(os, "fork"):
        return work(lambda step: None)
    progress = mmap.mmap(-1, 8)
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # Other threads (BLAS) exist from import on; the child uses none of them.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _child(work, progress, writer)
    os.close(writer)
    try:
        data = _read(reader, child)
    finally:
        os.close(reader)
        os.waitpid(child, 0)
    if not data:
        raise Stopped(struct.unpack("q", progress[:8])[0])
    succeeded, result = pickle.loads(data)
    if not succeeded:
        raise result
    value: T = result
    return value


def _read(reader: int, child: int) -> bytes:
    """All that the child writes, or nothing if it dies or outlasts the wall-clock limit."""
    import select
    import signal

    chunks: list[bytes] = []
    deadline = time.monotonic() + WALL_SECONDS
    while True:
        ready, _, _ = select.select([reader], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            os.kill(child, signal.SIGKILL)
            return b""
        chunk = os.read(reader, 1 << 20)
        if not chunk:
            data = b"".join(chunks)
            size = struct.unpack("Q", data[:8])[0] if len(data) >= 8 else -1
            return data[8:] if len(data) - 8 == size else b""
        chunks.append(chunk)


def _child(work: Callable[[Callable[[int], None]], Any], progress: mmap.mmap, writer: int) -> None:
    """The child's whole life: limits, work, answer, exit without any clean-up of the parent's."""
    try:
        import faulthandler
        import gc
        import resource

        faulthandler.disable()
        gc.disable()
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _limit_memory(resource)
        renewed = -1

        def at(step: int) -> None:
            nonlocal renewed
            progress[:8] = struct.pack("q", step)
            now = int(time.process_time())
            if now > renewed:
                hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
                resource.setrlimit(resource.RLIMIT_CPU, (now + CPU_SECONDS + 1, hard))
                renewed = now

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
