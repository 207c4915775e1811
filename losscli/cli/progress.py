"""Progress on standard error: rows, rate and time left; on a terminal only, and only after one second."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from losscli.measure.engines.pool import Advance
from losscli.reading.source import Source

AFTER_SECONDS = 1.0

_on_screen = False


def clear() -> None:
    """Remove the bar from the screen and show the cursor again; called when a signal ends the process."""
    if _on_screen:
        os.write(sys.stderr.fileno(), b"\r\x1b[2K\x1b[?25h")


class Laps:
    """How long each stop of a call took, in their order."""

    def __init__(self, began: float) -> None:
        self.last = began
        self.seconds: dict[str, float] = {}
        self.done("start")

    def done(self, stop: str) -> None:
        """Note that a stop is done, which began when the one before was."""
        now = time.perf_counter()
        self.seconds[stop] = now - self.last
        self.last = now

    def __str__(self) -> str:
        return ", ".join(f"{stop} {seconds:.3f} s" for stop, seconds in self.seconds.items())


class Progress:
    """A bar that appears after one second, and leaves nothing on the screen."""

    def __init__(self, *, wanted: bool) -> None:
        self.wanted = wanted and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self.began = time.monotonic()
        self.rows = self.bytes = 0
        self.total: int | None = None
        self.bar: Any = None
        self.task: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        global _on_screen
        if self.bar is not None:
            self.bar.stop()
            _on_screen = False

    def start(self, sources: Sequence[Source]) -> Advance:
        """Note the size of the sources; the function that is returned is called after each block."""
        sizes = [source.size for source in sources]
        self.total = None if None in sizes else sum(size or 0 for size in sizes)
        return self.advance

    def advance(self, rows: int, size: int) -> None:
        """Count the rows and bytes of a block that was measured."""
        self.rows += rows
        self.bytes += size
        if not self.wanted or time.monotonic() - self.began < AFTER_SECONDS:
            return
        if self.bar is None:
            self._show()
        speed = self.rows / max(time.monotonic() - self.began, 1e-9)
        self.bar.update(self.task, completed=self.bytes, rows=f"{self.rows:,}", speed=f"{speed / 1e6:.1f}")

    def _show(self) -> None:
        global _on_screen
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        console = Console(stderr=True, no_color=bool(os.environ.get("NO_COLOR")))
        self.bar = Bar(
            TextColumn("{task.fields[rows]} rows"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[speed]} million rows a second"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self.task = self.bar.add_task("", total=self.total, rows="0", speed="0")
        _on_screen = True
        self.bar.start()
