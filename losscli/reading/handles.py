"""Open files, one for each part that is being decoded: two threads may not read from the same."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Handles(Generic[Key]):
    """Handles to one file, kept by what they were opened for; a new one is opened when none is idle."""

    def __init__(self, opened: Callable[[Key], Any]) -> None:
        self._opened = opened
        self._idle: dict[Key, list[Any]] = {}
        # A signal may be handled while the lock is held, and close the handles.
        self._lock = threading.RLock()

    @contextmanager
    def borrowed(self, key: Key) -> Iterator[Any]:
        """A handle for one reader alone; kept for the next one when no error is raised."""
        with self._lock:
            idle = self._idle.get(key)
            handle = idle.pop() if idle else None
        if handle is None:
            handle = self._opened(key)
        try:
            yield handle
        except GeneratorExit:  # a reader that stopped half-way
            self.keep(key, handle)
            raise
        except BaseException:
            handle.close()
            raise
        self.keep(key, handle)

    def keep(self, key: Key, handle: Any) -> None:
        """Keep an open handle for whoever borrows next."""
        with self._lock:
            self._idle.setdefault(key, []).append(handle)

    def close(self) -> None:
        """Close the idle handles."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for handles in idle.values():
            for handle in handles:
                handle.close()
