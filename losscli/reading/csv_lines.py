"""Where rows begin in a CSV file, found without decoding it, so that its rows can be read in any order."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from losscli.reading.csv_rows import LINE_ENDS, QUOTE, RowsEnd, end_of_filled
from losscli.reading.source import Part
from losscli.reading.text import TextInput, changed
from losscli.table.block import Batch, Mask

Decode = Callable[[memoryview, RowsEnd, int], Iterator[Batch]]
"""What reads a block of whole rows, at most so many rows at a time."""

BLOCK_BYTES = 1 << 22
"""Of rows that are decoded at a time: of short ones all that are asked for."""
TILE_BYTES = 1 << 18
"""Bytes looked through at a time, while the cache holds them."""
TILES = 16
"""In a stretch, which one process looks through while others look through others."""

_FEED, _RETURN = LINE_ENDS


class Lines(NamedTuple):
    """The rows of a file, from ``start`` to ``end``, and how many line feeds come before each of its tiles."""

    start: int
    end: int
    rows: int
    feeds: list[int]

    @classmethod
    def of(cls, text: TextInput, start: int, counted: Iterable[list[int] | None]) -> Lines | None:
        """The lines from the place of the first row on, of what `counted` found; None where a line may be no row."""
        feeds = [0]
        for found in counted:
            if found is None:
                return None
            feeds += found
        feeds = list(accumulate(feeds))
        # Behind the last row there may be empty lines, which are none.
        for tile in reversed(range(len(feeds) - 1)[-2:]):
            place = start + tile * TILE_BYTES
            data = _tile(text, place)
            if filled := end_of_filled(data, len(data)):
                rows = feeds[tile + 1] - data.count(b"\n", filled) + (data[filled - 1] != _FEED)
                return cls(start, place + filled, rows, feeds[:-1])
        return None

    def part(self, text: TextInput, rows: range, decode: Decode) -> Part:
        """Some rows of the file as one part."""
        size = (self.end - self.start) * len(rows) // self.rows
        return Part(size, partial(self._batches, text, rows, decode), len(rows))

    def _batches(self, text: TextInput, rows: range, decode: Decode, chunk_rows: int) -> Iterator[Batch]:
        start, end = self._place(text, rows.start), self._place(text, rows.stop)
        step = -(-(end - start) // -(-(end - start) // BLOCK_BYTES))  # blocks of about one size
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
        ends = np.flatnonzero(np.frombuffer(_tile(text, begin), np.uint8) == _FEED)
        at = row - self.feeds[tile] - 1
        if at >= len(ends):
            raise changed(text.path)
        return begin + int(ends[at]) + 1


def stretches(text: TextInput, start: int) -> Sequence[int]:
    """Where the stretches of a file begin in which `counted` counts."""
    return range(start, text.size or 0, TILE_BYTES * TILES)


def counted(text: TextInput, start: int) -> list[int] | None:
    """How many line feeds each tile of a stretch holds; None where a line may be no row, or fills a tile."""
    window = text.open()
    feeds: list[int] = []
    try:
        window.skip(start)
        # One byte more is seen, as a carriage return may be half of a line end.
        while len(feeds) < TILES and (data := window.peek(TILE_BYTES + 1)):
            is_feed = np.frombuffer(data, np.uint8) == _FEED
            if QUOTE in data or _returns_alone(data, is_feed):
                return None
            found = int(np.count_nonzero(is_feed[:TILE_BYTES]))
            if len(data) > TILE_BYTES and not (found and end_of_filled(data, TILE_BYTES)):
                return None
            feeds.append(found)
            window.skip(min(TILE_BYTES, len(data)))
        return feeds
    finally:
        window.abandon()


def _tile(text: TextInput, start: int) -> bytes:
    window = text.open()
    try:
        window.skip(start)
        return window.peek(TILE_BYTES)
    finally:
        window.abandon()


def _returns_alone(data: bytes, is_feed: Mask) -> bool:
    """Whether a carriage return of a tile has no line feed behind it."""
    if _RETURN not in data:
        return False
    behind = np.flatnonzero(np.frombuffer(data, np.uint8)[:TILE_BYTES] == _RETURN) + 1
    return not (behind < len(data)).all() or not is_feed[behind].all()
