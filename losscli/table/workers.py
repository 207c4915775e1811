"""Work on several pieces at a time, with its results in order.

NumPy and Arrow release the interpreter's lock while they work, so threads share the memory and copy nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

from losscli.errors import DataError

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

T = TypeVar("T")
R = TypeVar("R")


class Spread(Protocol):
    """A way to work on pieces; the results come in their order.  In the simplest, `map`, one follows the other."""

    def __call__(self, work: Callable[[T], R], pieces: Sequence[T], /) -> Iterable[R]:
        """Begin to work on all pieces."""


def bounded(
    pool: ThreadPoolExecutor | None, work: Callable[[T], R], items: Iterable[T], *, ahead: int
) -> Iterator[R]:
    """The results in order, with at most ``ahead`` items in work at a time.

    An error in taking the next item is raised after the results of the items before it.
    """
    source = iter(items)
    if pool is None:
        for item in source:
            yield work(item)
        return
    # Executor.map would take all items first, and so hold the file.
    waiting: deque[Future[R]] = deque()
    stop: BaseException | None = None
    try:
        while True:
            while stop is None and len(waiting) < ahead:
                try:
                    waiting.append(pool.submit(work, next(source)))
                except StopIteration as end:
                    stop = end
                except DataError as error:
                    stop = error
            if not waiting:
                break
            yield waiting.popleft().result()
        if isinstance(stop, DataError):
            raise stop
    finally:
        for future in waiting:
            future.cancel()


@contextmanager
def workers(jobs: int, *, at_least: bool = False) -> Iterator[ThreadPoolExecutor | None]:
    """A pool of ``jobs`` threads; None for one job, which the caller does itself, unless ``at_least`` one is needed."""
    if jobs == 1 and not at_least:
        yield None
        return
    # Imported here: small files are measured without threads.
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(jobs, thread_name_prefix="losscli")
    try:
        yield pool
    except BaseException:
        # On an interrupt, running work ends with the process: nobody waits for it.
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    # A process is forked while no other thread runs.
    pool.shutdown(cancel_futures=True)
