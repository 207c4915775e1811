"""Where rows begin in a CSV file, found without decoding it, so that its rows can be read in any order."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from losscli.reading.csv_rows import LINE_ENDS, PART_BYTES, QUOTE, RowsEnd, end_of_filled
from losscli.reading.source import Part
from losscli.reading.text import TextInput, Window, changed
from losscli.table.block import Batch, Mask

Decode = Callable[[memoryview, RowsEnd, int], Iterator[Batch]]
"""What reads a block of whole rows, at most so many rows at a time."""

TILE_BYTES = 1 << 18
"""Bytes looked through at a time, while the cache holds them."""

_FEED, _RETURN = LINE_ENDS


class Lines(NamedTuple):
    """The rows of a file, from ``start`` to ``end``, and how many line feeds come before each of its tiles."""

    start: int
    end: int
    rows: int
    feeds: list[int]

    @classmethod
    def of(cls, window: Window, first_row: int) -> Lines | None:
        """The lines from the place of the first row on; None where a line may be no row."""
        window.skip(first_row)
        place, end, rows, feeds, half = first_row, first_row, 0, [0], False
        while data := window.peek(TILE_BYTES):
            is_feed = np.frombuffer(data, np.uint8) == _FEED
            # Quotes may hold line ends; ``half`` of one is a carriage return as the last byte.
            if QUOTE in data or (half and not is_feed[0]) or _returns_alone(data, is_feed):
                return None
            half = data[-1] == _RETURN
            found, filled = int(np.count_nonzero(is_feed)), end_of_filled(data, len(data))
            if filled:
                end, rows = (
                    place + filled,
                    feeds[-1] + found - data.count(b"\n", filled) + (data[filled - 1] != _FEED),
                )
            if len(data) < TILE_BYTES:
                break
            if not (filled and found):
                return None
            feeds.append(feeds[-1] + found)
            place += TILE_BYTES
            window.skip(TILE_BYTES)
        if half or not rows or window.fault is not None:
            return None
        return cls(first_row, end, rows, feeds)

    def part(self, text: TextInput, rows: range, decode: Decode) -> Part:
        """Some rows of the file as one part."""
        size = (self.end - self.start) * len(rows) // self.rows
        return Part(size, partial(self._batches, text, rows, decode), len(rows))

    def _batches(self, text: TextInput, rows: range, decode: Decode, chunk_rows: int) -> Iterator[Batch]:
        start, end = self._place(text, rows.start), self._place(text, rows.stop)
        step = -(-(end - start) // -(-(end - start) // PART_BYTES))  # blocks of about one size
        window = text.open()
        try:
            window.skip(start)
            count = step
            while start < end:
                asked = min(count, end - start)
                data = window.peek(asked)
                if len(data) < asked:
                    raise changed(text.path)
                if start + asked < end and (asked := data.rfind(b"\n") + 1) == 0:
                    count *= 2  # a row is longer
                    continue
                # Only the last line of the file may end without a line end.
                whole = data[asked - 1] in LINE_ENDS
                block = memoryview(data)[:asked] if whole else memoryview(data + b"\n")
                yield from decode(block, RowsEnd(len(block), "none"), chunk_rows)
                window.skip(asked)
                start, count = start + asked, step
            window.check()
        finally:
            window.abandon()

    def _place(self, text: TextInput, row: int) -> int:
        """Where a row begins, or the last one ends."""
        if row in (0, self.rows):
            return self.end if row else self.start
        tile = bisect_left(self.feeds, row) - 1
        begin = self.start + tile * TILE_BYTES
        window = text.open()
        try:
            window.skip(begin)
            ends = np.flatnonzero(np.frombuffer(window.peek(TILE_BYTES), np.uint8) == _FEED)
        finally:
            window.abandon()
        at = row - self.feeds[tile] - 1
        if at >= len(ends):
            raise changed(text.path)
        return begin + int(ends[at]) + 1


def _returns_alone(data: bytes, is_feed: Mask) -> bool:
    """Whether a carriage return, which is not the last byte, has no line feed behind it."""
    if _RETURN not in data:
        return False
    returns = np.flatnonzero(np.frombuffer(data[:-1], np.uint8) == _RETURN)
    return not is_feed[returns + 1].all()
