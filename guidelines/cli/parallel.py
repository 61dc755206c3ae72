"""Many models at once, each in a process of its own that may crash without harm to the others."""

from __future__ import annotations

import os
import pickle
import select
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, NoReturn, TypeVar

T = TypeVar("T")

ENOUGH = 4
"""Models from which on it pays to start processes."""


@dataclass(frozen=True, slots=True)
class Died:
    """A process that ended without an answer, and why."""

    why: str


def workers(asked: int | None, number: int) -> int:
    """How many processes to use.

    Args:
        asked: by the user; None leaves it to us.
        number: of models.
    """
    if not hasattr(os, "fork"):
        return 1
    if asked is None:
        asked = _processors() if number >= ENOUGH else 1
    return max(1, min(asked, number))


def _processors() -> int:
    """Those that this process may use."""
    with suppress(AttributeError):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(slots=True)
class _Child(Generic[T]):
    number: int
    process: int
    chunks: list[bytes] = field(default_factory=list)

    def answer(self) -> T | Died:
        """What it said before it ended."""
        _, status = os.waitpid(self.process, 0)
        data = b"".join(self.chunks)
        if os.WIFSIGNALED(status):
            return Died(f"the process that read it was ended by {_called(os.WTERMSIG(status))}")
        if status:
            return Died("the process that read it ended without an answer")
        told: T | Died = pickle.loads(data)
        return told


def _called(number: int) -> str:
    with suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"


def spread(
    work: Callable[[int], T], number: int, most: int, begun: Callable[[int], None]
) -> Iterator[tuple[int, T | Died]]:
    """``work(0)``, ``work(1)`` … in processes, with their numbers, as each is done.

    What ``work`` needs it has by being a fork of this process; what it gives goes through pickle.

    Args:
        work: raises nothing but KeyboardInterrupt.
        number: how often.
        most: processes at once.
        begun: told each number when its process starts.
    """
    children: dict[int, _Child[T]] = {}
    poll = select.poll()
    waiting = iter(range(number))
    try:
        while True:
            while len(children) < most and (at := next(waiting, None)) is not None:
                begun(at)
                reader, process = _started(work, at)
                children[reader] = _Child(at, process)
                poll.register(reader, select.POLLIN | select.POLLHUP)
            if not children:
                return
            for reader, _ in poll.poll():
                chunk = os.read(reader, 1 << 20)
                if chunk:
                    children[reader].chunks.append(chunk)
                    continue
                poll.unregister(reader)
                os.close(reader)
                done = children.pop(reader)
                yield done.number, done.answer()
    finally:
        for reader, child in children.items():
            os.close(reader)
            with suppress(ProcessLookupError):
                os.kill(child.process, signal.SIGKILL)
            os.waitpid(child.process, 0)


def _started(work: Callable[[int], object], at: int) -> tuple[int, int]:
    """Where a process answers, and its number."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # Other threads (BLAS, the progress) exist; the child uses none of them.
        warnings.simplefilter("ignore", DeprecationWarning)
        process = os.fork()
    if process == 0:
        os.close(reader)
        _answer(work, at, writer)
    os.close(writer)
    return reader, process


def _answer(work: Callable[[int], object], at: int, writer: int) -> NoReturn:
    """The child's whole life; it leaves without any clean-up of the parent's."""
    status = 1
    try:
        answer = work(at)
        try:
            data = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
        except Exception as error:  # noqa: BLE001  the parent cannot see it otherwise
            data = pickle.dumps(Died(f"unexpected {type(error).__name__}: {error}"))
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(data)
        status = 0
    except (KeyboardInterrupt, BrokenPipeError):
        pass
    finally:
        os._exit(status)
