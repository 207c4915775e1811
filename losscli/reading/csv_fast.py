"""The fast reader of CSV: NumPy finds the delimiters, and Arrow reads the cells of a column in place.

Both readers give the same values to the bit. A block with a row of another number of cells, or with quotes within a
quoted cell that is wanted, goes to `csv_reference`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from losscli.loss.domains import surely_below
from losscli.reading.arrow_buffers import texts_of
from losscli.reading.arrow_cells import TRIED, distinct, doubles, in_arrow
from losscli.reading.convert import read_texts
from losscli.reading.csv_rows import LINE_ENDS, QUOTE, LineLayout, Quotes
from losscli.reading.keys import equal_cells, keys_of_text
from losscli.reading.known_texts import TextsOfColumns, known_column
from losscli.reading.read import Read, batch_of
from losscli.table.block import (
    KEY_KINDS,
    Batch,
    Cells,
    ClassColumn,
    ColumnRequest,
    Floats,
    Ints,
    Mask,
    NumberColumn,
)
from losscli.table.cells import EXACT, Unreadable
from losscli.table.text_integers import text_integers

Places: TypeAlias = NDArray[np.int32]
"""Where the cells of each row end: a line for each row, a column for each cell."""

LONGEST_BLOCK = 1 << 31  # bytes, since Arrow takes places in 32 bits
_FEED, _RETURN = LINE_ENDS
_TRIED_BYTES = 1 << 12  # looked at first, to see how the separators of a block lie
_FROM_MINUS = bytes(range(ord("-"), 256))
_SPACES = 16  # around a number, beyond which they are left to the grammar
_SWAPPED = bytes.maketrans(b".,", b",.")


class FastReader:
    """The reader of one file; used by several threads at a time."""

    def __init__(self, layout: LineLayout, texts: TextsOfColumns) -> None:
        self._layout, self._texts = layout, texts
        cells = layout.grammar.cells
        self._integers_are_labels = not any(cells.is_number(null) for null in cells.null)

    def read(self, block: memoryview, quotes: Quotes, wants: Sequence[ColumnRequest]) -> Batch | None:
        """Rows up to the first bad one; None if `csv_reference` must read the block."""
        layout = self._layout
        table = _table_of(block, quotes, layout.width, ord(layout.delimiter))
        if table is None:
            return None
        columns = {want.index: table.column(want.index) for want in wants}
        if None in columns.values():
            return None

        def read(want: ColumnRequest) -> Read:
            cells = columns[want.index]
            assert cells is not None
            return self._column(want, cells)

        reads = [read(want) for want in wants]
        return batch_of(len(table.ends), wants, reads, layout.columns, layout.path)

    def _column(self, want: ColumnRequest, cells: Cells) -> Read:
        grammar = self._layout.grammar
        if want.kind in KEY_KINDS:
            return keys_of_text(*cells, None, want.kind, grammar.nulls)
        if want.kind in ("class", "score") and self._integers_are_labels:
            integers = _integers(cells)
            if integers is not None:
                return Read(ClassColumn(integers))
        if want.kind in ("number", "truth", "score"):
            numbers = self._numbers(cells, score=want.kind == "score")
            if numbers is not None:
                return Read(numbers)
        if want.kind == "text":
            column = known_column(self._texts, in_arrow(cells, pa.binary()), want, grammar, every=2)
            if column is not None:
                return Read(column)
        codes, texts = distinct(cells)
        return read_texts(texts_of(texts), want, grammar).picked(codes)

    def _numbers(self, cells: Cells, *, score: bool) -> NumberColumn | None:
        """Cells that all are numbers or missing; None where the grammar must see some of them."""
        if self._layout.grammar.cells.decimal == ",":
            swapped = cells.data.tobytes().translate(_SWAPPED)
            cells = cells._replace(data=np.frombuffer(swapped, np.uint8))
        values, missing = None, None
        if not self._layout.grammar.nulls and _look_like_numbers(cells):
            values = doubles(cells, None)
        plain = values is not None and surely_below(values, EXACT)
        if values is None or (not plain and np.isnan(values).any()):
            bare = _trimmed(cells)
            missing = self._missing(bare)
            if score and missing.any():
                return None  # `NA` may be missing, or a class of that name
            values = doubles(bare, missing)
            if values is None:
                return None
            values[missing] = 0.0
        # Overflow, what is written as infinite, and integers that may be no doubles.
        if not (plain or (np.abs(values) < EXACT).all()):
            return None
        if score and not self._tell_classes(cells, values):
            return None
        if missing is None or not missing.any():
            return NumberColumn(values, finite=True)
        values[missing] = np.nan
        return NumberColumn(values, missing)

    def _missing(self, cells: Cells) -> Mask:
        """Empty cells, nulls of the dialect, and `NA`, `nan`, `None` …"""
        missing: Mask = cells.starts == cells.ends
        for null in self._layout.grammar.nulls:
            missing |= equal_cells(*cells, null)
        named = ((cells.data.take(cells.starts) | 0x20) == ord("n")) & ~missing
        if named.any() and all(map(self._is_missing, _texts(cells.picked(named)))):
            missing |= named
        return missing

    def _is_missing(self, text: str) -> bool:
        try:
            return self._layout.grammar.number(text) is None
        except Unreadable:
            return False

    def _tell_classes(self, cells: Cells, values: Floats) -> bool:
        """Whether each whole number is in the spelling of a class."""
        whole = cells.picked(values == np.floor(values))
        return all(isinstance(self._layout.grammar.label(text), int) for text in _texts(whole))


def _texts(cells: Cells) -> Sequence[str]:
    """The different texts of cells."""
    return texts_of(distinct(cells)[1]).texts


def _look_like_numbers(cells: Cells) -> bool:
    """Whether no cell is empty, and none of some is missing or has spaces around it: they begin and end like numbers."""
    if (cells.starts == cells.ends).any():
        return False
    data, starts, ends = cells.picked(slice(None, None, max(1, len(cells.starts) // TRIED)))
    first, last = data.take(starts) - np.uint8(ord("-")), data.take(ends - 1) - np.uint8(ord("."))
    return bool(first.max() <= ord("9") - ord("-") and last.max() <= ord("9") - ord("."))


def _integers(cells: Cells) -> Ints | None:
    """Cells that all are integers in their plain form; None where one is not."""
    _, odd = text_integers(*cells.picked(slice(None, None, max(1, len(cells.starts) // TRIED))))
    if odd.any():
        return None
    integers, odd = text_integers(*cells)
    return None if odd.any() else integers


def _trimmed(cells: Cells) -> Cells:
    """Cells without the spaces and tabs around them, if there are not many."""
    data, starts, ends = cells
    for _ in range(_SPACES):
        blank = _is_blank(data[starts]) & (starts < ends)
        if not blank.any():
            break
        starts = starts + blank
    for _ in range(_SPACES):
        blank = _is_blank(data[ends - 1]) & (starts < ends)
        if not blank.any():
            break
        ends = ends - blank
    return Cells(data, starts, ends)


def _is_blank(codes: NDArray[np.uint8]) -> Mask:
    found: Mask = (codes == ord(" ")) | (codes == ord("\t"))
    return found


# ---------------------------------------------------------------------- where the cells are


class _Table(NamedTuple):
    """The places of the cells of a block."""

    data: NDArray[np.uint8]
    ends: Places
    returns: bool  # whether some lines end in a carriage return and a line feed
    quoted: bool  # whether some cells are quoted
    doubled: Ints | Places | None  # the places of quotes, if some are doubled within a cell

    def column(self, index: int) -> Cells | None:
        """The cells of a column, without their quotes; None if one has quotes within."""
        data, ends = self.data, self.ends[:, index].copy()
        starts = np.zeros(len(ends), np.int32)
        if index:
            np.add(self.ends[:, index - 1], 1, out=starts)
        else:
            np.add(self.ends[:-1, -1], 1, out=starts[1:])
        if self.returns and index == self.ends.shape[1] - 1:
            ends -= (data.take(ends - 1) == _RETURN) & (starts < ends)
        if self.quoted:
            quoted = data.take(starts) == QUOTE
            starts += quoted
            ends -= quoted
        if self.doubled is not None:
            first, behind = np.searchsorted(self.doubled, starts), np.searchsorted(self.doubled, ends)
            if (first != behind).any():
                return None
        return Cells(data, starts, ends)


def _table_of(block: memoryview, quotes: Quotes, width: int, delimiter: int) -> _Table | None:
    """Where all cells are; None if a row has too many or too few, or quotes are out of place."""
    data = np.frombuffer(block, np.uint8)
    found, kinds, returns, doubled = _separators(data, delimiter, quotes == "paired")
    rows, rest = divmod(len(found), width)
    if rest or not rows or len(data) >= LONGEST_BLOCK:
        return None
    is_feed = (kinds == _FEED).reshape(rows, width)
    if not is_feed[:, -1].all() or np.count_nonzero(is_feed) != rows:
        return None
    if returns and returns != np.count_nonzero(data.take(found.reshape(rows, width)[:, -1] - 1) == _RETURN):
        return None
    if quotes == "odd" and (data[0] == QUOTE or (data.take(found[:-1] + 1) == QUOTE).any()):
        return None  # else all quotes are literal, in plain cells
    # In 32 bits, as Arrow takes them, what follows costs half.
    return _Table(
        data,
        found.astype(np.int32, copy=False).reshape(rows, width),
        returns > 0,
        quotes == "paired",
        doubled,
    )


def _separators(
    data: NDArray[np.uint8], delimiter: int, quoted: bool
) -> tuple[Ints | Places, NDArray[np.uint8], int, Ints | Places | None]:
    """The places of delimiters and line feeds, what they are, and the number of carriage returns, all outside quotes.

    Fourth, the places of quotes, if some are doubled within a cell.
    """
    places = _places(_marks(data, (delimiter, _FEED, _RETURN, *([QUOTE] if quoted else []))))
    kinds = data.take(places)
    is_quote, is_return = kinds == QUOTE, kinds == _RETURN
    kept, doubled = (kinds == delimiter) | (kinds == _FEED), None
    if quoted:
        quotes = np.flatnonzero(is_quote)
        if (quotes[1::2] - quotes[::2] != 1).any():
            # An odd number of quotes up to a place says that it is inside quotes.
            outside = ~np.bitwise_xor.accumulate(is_quote)
            kept &= outside
            is_return &= outside
        # A quote that opens right after one that closed is one of a doubled pair within a cell.
        if (quotes[2::2] - quotes[1:-1:2] == 1).any():
            doubled = places[quotes]
    if kept.all():
        return places, kinds, 0, doubled
    return places[kept], kinds[kept], int(np.count_nonzero(is_return)), doubled


def _marks(data: NDArray[np.uint8], wanted: Sequence[int]) -> Mask:
    """Where bytes are one of ``wanted``, and maybe some others, with a few bytes of padding."""
    marks = np.empty(-(-len(data) // 4) * 4, np.bool_)
    marks[len(data) :] = False
    inside, most = marks[: len(data)], max(wanted)
    if most < ord("-") and not data[:_TRIED_BYTES].tobytes().translate(None, _FROM_MINUS + bytes(wanted)):
        # Below the characters of plain numbers: one pass finds all, and what else there is is left out by the caller.
        np.less_equal(data, most, out=inside)
        return marks
    np.equal(data, wanted[0], out=inside)
    for one in wanted[1:]:
        inside |= data == one
    return marks


def _places(marks: Mask) -> Ints | Places:
    """Where there are marks.

    Mostly two are far enough apart that no word of 4 bytes holds both: of words there are fewer to go through.
    """
    for some in (marks[:_TRIED_BYTES], marks):
        words = some.view("<u4")
        holding = words != 0
        if np.count_nonzero(holding) != np.count_nonzero(some):
            return np.flatnonzero(marks)
    found = np.flatnonzero(holding)
    # Times this, a one in byte k of a word puts k into its highest byte.
    within = (words.take(found) * np.uint32(0x00010203)) >> np.uint32(24)
    places = found.astype(np.int32)
    places <<= 2
    places += within.view(np.int32)
    return places
