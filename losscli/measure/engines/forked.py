"""Pieces of the work measured side by side in forked processes, each with an interpreter's lock of its own.

Threads that take turns at one lock wait for it as long as they work, where a block is many short steps.
A child has everything by being forked, takes pieces from a common queue, merges their outcomes, and sends
one outcome at its end.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from losscli.measure.engines.pool import Outcome
from losscli.measure.tally import Tally

if TYPE_CHECKING:
    from losscli.measure.plan import Plan
    from losscli.reading.source import Source

T = TypeVar("T")

TICKET = 4  # bytes of the number of a piece in the queue
QUEUED = 1 << 13  # numbers that a pipe surely holds
LENGTH = 8  # bytes of the length of a message


def possible(plan: Plan, sources: Sequence[Source], jobs: int, tally: Tally) -> bool:
    """Whether the work can be forked: on Linux, where no other thread of Python may hold a lock that a child needs.

    Arrow's and NumPy's own threads see to themselves.  What is kept of every row stays in the process that sorts it,
    and the process of a caller who has arrays is not forked: other libraries may have threads in it.
    """
    if jobs == 1 or tally.sink is not None or plan.keeps_rows or any(source.in_memory for source in sources):
        return False
    return sys.platform == "linux" and threading.active_count() == 1


def measure_pieces(
    work: Callable[[T], Outcome],
    pieces: Sequence[T],
    jobs: int,
    outcome: Outcome,
    done: Callable[[T, int], None],
) -> None:
    """Measure pieces in ``jobs`` processes and add what they give to ``outcome``, up to what stops the reading.

    ``done`` is called with each piece that was measured, and with its rows.
    """
    queue = _Queue(len(pieces))
    children: list[_Child] = []
    refused: dict[int, Outcome] = {}
    try:
        for _ in range(jobs):
            children.append(_Child(partial(_share, work, pieces, queue, outcome.tally.memory)))
        for message in _messages(children):
            if isinstance(message, BaseException):
                raise message
            if isinstance(message, Outcome):
                outcome.take_in(message)
                continue
            at, rows, found = message
            done(pieces[at], rows)
            if found is not None:
                refused[at] = found
                if found.stop is not None:
                    queue.clear()  # those before it have been taken
    finally:
        queue.close()
        for child in children:
            child.end()
    for _, found in sorted(refused.items()):
        outcome.take_in(found)


def _share(
    work: Callable[[T], Outcome],
    pieces: Sequence[T],
    queue: _Queue,
    memory: int | None,
    send: Callable[[Any], None],
) -> None:
    """Measure pieces of the queue while there are any; those that a refusal may come from are sent one by one."""
    outcome = Outcome(Tally(memory=memory))
    for at in queue.taken():
        found = work(pieces[at])
        fine = found.stop is None and not found.tally.faults.found
        send((at, found.tally.read, None if fine else found))
        if fine:
            outcome.take_in(found)
    send(outcome)


class _Queue:
    """The numbers of pieces, which several processes take from one pipe."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._step = -(-count // QUEUED)
        self._out, into = os.pipe()
        firsts = range(0, count, self._step)
        os.write(into, b"".join(first.to_bytes(TICKET, "big") for first in firsts))
        os.close(into)

    def taken(self) -> Iterator[int]:
        """Numbers until none is left."""
        while ticket := os.read(self._out, TICKET):
            first = int.from_bytes(ticket, "big")
            yield from range(first, min(first + self._step, self._count))

    def clear(self) -> None:
        while os.read(self._out, TICKET * QUEUED):
            pass

    def close(self) -> None:
        os.close(self._out)


class _Child:
    """A forked process that does some work, sends messages, and ends."""

    def __init__(self, work: Callable[[Callable[[Any], None]], None]) -> None:
        self.messages, into = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            self._run(work, into)
        os.close(into)

    def _run(self, work: Callable[[Callable[[Any], None]], None], into: int) -> None:
        """In the child: what its parent would tidy up is not the child's."""

        def send(message: Any) -> None:
            text = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
            left = memoryview(len(text).to_bytes(LENGTH, "big") + text)
            while left:
                left = left[os.write(into, left) :]

        try:
            for name in ("SIGINT", "SIGTERM", "SIGHUP"):
                signal.signal(getattr(signal, name), signal.SIG_DFL)
            work(send)
        except BrokenPipeError:
            pass  # the parent has ended
        except BaseException as error:
            with suppress(BaseException):
                send(error)
        finally:
            os._exit(0)

    def receive(self) -> Any:
        """The next message; None where there will be none, or its end is not sent."""
        length = self._read(LENGTH)
        text = None if length is None else self._read(int.from_bytes(length, "big"))
        return None if text is None else pickle.loads(text)

    def _read(self, size: int) -> bytearray | None:
        """So many bytes; None where the child has ended before."""
        found = bytearray(size)
        left = memoryview(found)
        while left:
            if not (count := os.readv(self.messages, [left])):
                return None
            left = left[count:]
        return found

    def end(self) -> None:
        """Stop the child, if it still runs, and wait for its end."""
        os.close(self.messages)
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def _messages(children: Sequence[_Child]) -> Iterator[Any]:
    """What the children send, as it comes; MemoryError where one ends before it has sent its outcome."""
    waiting = {child.messages: child for child in children}
    poll = select.poll()
    for number in waiting:
        poll.register(number, select.POLLIN)
    while waiting:
        for number, _ in poll.poll():
            message = waiting[number].receive()
            if message is None:
                # Nobody but the system ends a child: it does so where memory runs out.
                raise MemoryError
            if isinstance(message, Outcome):
                poll.unregister(number)
                del waiting[number]
            yield message
