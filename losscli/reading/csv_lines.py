"""Where rows begin in a CSV file, found without decoding it, so that its rows can be read in any order."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from losscli.reading.csv_rows import LINE_ENDS, PART_BYTES, QUOTE, RowsEnd, count_lines, end_of_filled
from losscli.reading.source import Part
from losscli.reading.text import TextInput, Window
from losscli.table.block import Batch

Decode = Callable[[memoryview, RowsEnd, int], Iterator[Batch]]
"""What reads a block of whole rows, at most so many rows at a time."""


class Lines(NamedTuple):
    """The runs of whole lines that a file is cut into: where each begins, and how many lines come before it."""

    starts: list[int]
    firsts: list[int]  # both with the end of the last row behind them

    @classmethod
    def of(cls, window: Window, first_row: int) -> Lines | None:
        """The lines from the place of the first row on; None where a line may be no row."""
        window.skip(first_row)
        start, first, starts, firsts = first_row, 0, [first_row], [0]
        while data := window.peek(PART_BYTES):
            at_end = len(data) < PART_BYTES
            end = len(data) if at_end else data.rfind(b"\n") + 1
            filled = end_of_filled(data, end) if at_end else end
            # Quotes may hold line ends.
            lines = None
            if filled and QUOTE not in data:
                lines = count_lines(memoryview(data)[:filled])
            if lines is None:
                return None
            first += lines
            start += filled
            starts.append(start)
            firsts.append(first)
            if at_end:
                return cls(starts, firsts)
            window.skip(end)
        return cls(starts, firsts) if len(starts) > 1 and window.fault is None else None

    @property
    def rows(self) -> int:
        """How many rows begin in these lines."""
        return self.firsts[-1]

    def part(self, text: TextInput, rows: range, decode: Decode) -> Part:
        """Some rows of the file as one part."""
        run, last = (bisect_right(self.firsts, row) - 1 for row in (rows.start, rows.stop - 1))
        size = (
            (self.starts[last + 1] - self.starts[run])
            * len(rows)
            // (self.firsts[last + 1] - self.firsts[run])
        )
        return Part(size, partial(self._batches, text, rows, decode), len(rows))

    def _batches(self, text: TextInput, rows: range, decode: Decode, chunk_rows: int) -> Iterator[Batch]:
        window = text.open()
        try:
            run = bisect_right(self.firsts, rows.start) - 1
            window.skip(self.starts[run])
            while self.firsts[run] < rows.stop:
                size = self.starts[run + 1] - self.starts[run]
                data = window.peek(size)
                window.skip(size)
                if data[-1] not in LINE_ENDS:
                    data += b"\n"
                start, end = 0, len(data)
                if rows.start > self.firsts[run] or rows.stop < self.firsts[run + 1]:
                    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == LINE_ENDS[0])
                    if rows.start > self.firsts[run]:
                        start = int(ends[rows.start - self.firsts[run] - 1]) + 1
                    if rows.stop < self.firsts[run + 1]:
                        end = int(ends[rows.stop - self.firsts[run] - 1]) + 1
                yield from decode(memoryview(data)[start:end], RowsEnd(end - start, "none"), chunk_rows)
                run += 1
            window.check()
        finally:
            window.abandon()
