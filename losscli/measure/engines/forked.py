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
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

from losscli.measure.engines.pool import Outcome
from losscli.measure.tally import Tally

if TYPE_CHECKING:
    from losscli.measure.plan import Plan
    from losscli.reading.source import Source

T = TypeVar("T")
R = TypeVar("R")

Send: TypeAlias = Callable[[Any], None]
"""Sends a message to the parent."""

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
    refused: dict[int, Outcome] = {}
    queue = _Queue(len(pieces))
    with _children(partial(_share, work, pieces, outcome.tally.memory), queue, jobs) as messages:
        for message in messages:
            if isinstance(message, _Last):
                outcome.take_in(message.value)
                continue
            at, rows, found = message
            done(pieces[at], rows)
            if found is not None:
                refused[at] = found
                if found.stop is not None:
                    queue.clear()  # those before it have been taken
    for _, found in sorted(refused.items()):
        outcome.take_in(found)


def spread(jobs: int, work: Callable[[T], R], pieces: Sequence[T]) -> Iterator[R]:
    """What ``work`` gives of each piece, in their order; ``jobs`` processes have begun when this returns."""
    if len(pieces) < 2:
        return map(work, pieces)
    results = _results(jobs, work, pieces)
    next(results)
    return results


def _results(jobs: int, work: Callable[[T], R], pieces: Sequence[T]) -> Iterator[Any]:
    queue = _Queue(len(pieces))
    with _children(partial(_each, work, pieces), queue, min(jobs, len(pieces))) as messages:
        yield None
        found = dict(pair for message in messages for pair in message.value)
    yield from map(found.__getitem__, range(len(pieces)))


def _each(work: Callable[[T], R], pieces: Sequence[T], queue: _Queue, send: Send) -> None:
    send(_Last([(at, work(pieces[at])) for at in queue.taken()]))


def _share(
    work: Callable[[T], Outcome], pieces: Sequence[T], memory: int | None, queue: _Queue, send: Send
) -> None:
    """Measure pieces of the queue while there are any; those that a refusal may come from are sent one by one."""
    outcome = Outcome(Tally(memory=memory))
    for at in queue.taken():
        found = work(pieces[at])
        fine = found.stop is None and not found.tally.faults.found
        send((at, found.tally.read, None if fine else found))
        if fine:
            outcome.take_in(found)
    send(_Last(outcome))


class _Last(NamedTuple):
    """The last message of a child."""

    value: Any


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

    def __init__(self, work: Callable[[Send], None]) -> None:
        self.messages, into = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            self._run(work, into)
        os.close(into)

    def _run(self, work: Callable[[Send], None], into: int) -> None:
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


@contextmanager
def _children(work: Callable[[_Queue, Send], None], queue: _Queue, jobs: int) -> Iterator[Iterator[Any]]:
    """The messages of ``jobs`` forked processes that work on a queue; they have ended behind the block."""
    children: list[_Child] = []
    try:
        for _ in range(jobs):
            children.append(_Child(partial(work, queue)))
        yield _messages(children)
    finally:
        queue.close()
        for child in children:
            child.end()


def _messages(children: Sequence[_Child]) -> Iterator[Any]:
    """What the children send, as it comes; what one raises, and MemoryError where one ends before its last message."""
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
            if isinstance(message, BaseException):
                raise message
            if isinstance(message, _Last):
                poll.unregister(number)
                del waiting[number]
            yield message
