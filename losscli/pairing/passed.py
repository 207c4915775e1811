"""Where a reading begins that does not begin at the first row: parts that lie before it are not decoded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from losscli.reading.source import Part
    from losscli.table.block import Batch


class Passed(NamedTuple):
    """The first parts of a side: how many they are, and how many rows they have."""

    parts: int = 0
    rows: int = 0


NOTHING = Passed()


class Begun(NamedTuple):
    """The row, from 0 on, at which a reading begins, and the parts of each side that lie before it."""

    row: int
    passed: tuple[Passed, ...]  # none: their rows are known


class PartRows:
    """How many rows the parts of a side have, as they are decoded, in whatever order."""

    def __init__(self, passed: Passed = NOTHING) -> None:
        self._passed = passed
        self._found: dict[int, int] = {}

    def noted(self, parts: Iterable[Part], first: int = 0) -> Iterator[Part]:
        """The parts behind those that are passed, as are more of them that are known to lie before row ``first``."""
        behind = False
        for at, part in enumerate(parts):
            if at < self._passed.parts:
                continue
            rows = self._passed.rows + (part.rows or 0)
            if part.rows and rows <= first and not behind:
                self._passed = Passed(at + 1, rows)
                continue
            behind = True
            yield part._replace(batches=partial(self._batches, at, part))

    def _batches(self, at: int, part: Part, chunk_rows: int) -> Iterator[Batch]:
        rows = 0
        for batch in part.batches(chunk_rows):
            rows += batch.rows
            yield batch
        self._found[at] = rows

    def before(self, row: int) -> Passed:
        """The first parts that were decoded and lie before a row."""
        parts, rows = self._passed
        while parts in self._found and rows + self._found[parts] <= row:
            rows += self._found[parts]
            parts += 1
        return Passed(parts, rows)

    def from_row(self, first: int, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The rows from ``first`` on, of batches of the parts that were noted."""
        before: int | None = None
        for batch in batches:
            if before is None:
                before = self._passed.rows
            skipped = min(batch.rows, max(first - before, 0))
            before += batch.rows
            if skipped and batch.stop is not None and batch.stop.row is None:
                batch = batch.stopped(batch.stop.with_row(before + 1))
            if skipped < batch.rows or batch.stop is not None:
                yield batch.slice(skipped, batch.rows) if skipped else batch
