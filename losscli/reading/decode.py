"""A run of whole lines of CSV becomes one batch of columns.

pyarrow's reader does the work for a block that is as plain as most are. It accepts more than the grammar in
`cells`, says less than an error has to say, and takes an empty line for a row: so what it refuses, and what
it might have misread, is read again as text, cell by distinct cell, and gives the same bits or the exact
error. Which way a block went never shows in its values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.errors import DataError
from losscli.loss.domains import surely_below
from losscli.reading import small_csv
from losscli.reading.arrow_csv import (
    ArrowReader,
    BadShape,
    CellType,
    CellTypes,
    Unconverted,
    bytes_of,
    doubles_of,
    texts_of,
    values_of,
)
from losscli.reading.keys import keys_of_text
from losscli.reading.plain_csv import PlainReader
from losscli.reading.small_csv import Coded
from losscli.reading.text import not_utf8
from losscli.table.block import (
    KEY_KINDS,
    AnyColumn,
    Batch,
    Cells,
    ClassColumn,
    ColumnKind,
    ColumnRequest,
    KeyColumn,
    Mask,
    NumberColumn,
)
from losscli.table.cells import (
    EXACT,
    JSON_LISTS,
    LIST_HINT,
    TRUTHS,
    CellReader,
    NotNumber,
    is_list_text,
    list_text,
    shown,
    shown_bytes,
)
from losscli.table.text_integers import text_integers

_Codes: TypeAlias = NDArray[np.int32]
Wrong: TypeAlias = tuple[str] | tuple[str, str | None] | tuple[str, str | None, str | None]
"""What is wrong with a cell, what was wanted, and a hint."""

_TILE_BYTES = 1 << 16
_LINE_FEED, _CARRIAGE_RETURN = ord("\n"), ord("\r")


class LineLayout(NamedTuple):
    """The columns of a file and how they stand in its lines."""

    path: str
    columns: tuple[str, ...]
    named: bool
    delimiter: str
    cells: CellReader

    @property
    def width(self) -> int:
        return len(self.columns)


class BadCell(NamedTuple):
    """The first bad row of a column, counted from 0 within the block."""

    row: int
    error: DataError


def field_source(delimiters: str) -> str:
    """A regular expression of one cell, quoted by RFC 4180 or plain; in a plain one a quote is a quote.

    Its repeats are possessive: a quote that is never closed must not be tried in every other way.
    """
    ends = "".join(f"\\x{ord(c):02x}" for c in delimiters) + "\\r\\n"
    return rf'(?:"[^"]*+(?:""[^"]*+)*+"|[^"{ends}][^{ends}]*+|(?=[{ends}]|\Z))'


LINE_END = r"(?:\r\n|\r|\n)"


class BlockDecoder:
    """Decodes blocks of one file into the columns wanted; used by several threads at a time."""

    def __init__(self, layout: LineLayout, wants: Sequence[ColumnRequest], expected: int = 0) -> None:
        """``expected``: how many bytes there are at least, as far as is known; only the speed depends on it."""
        self._layout = layout
        self._wants = tuple(wants)
        self._passes = _passes(self._wants)
        self._small = expected <= small_csv.SMALL
        self._plain = PlainReader(layout.width, layout.delimiter, layout.cells.decimal, expected)
        self._nulls = tuple(null.encode() for null in layout.cells.null)
        self._null_numbers = np.array(layout.cells.null_numbers(), dtype=np.float64)
        # Columns of classes that have been plain integers so far. Only the speed depends on it.
        self._integral: set[int] = set()
        if not len(self._null_numbers):
            self._integral.update(want.index for want in wants if want.kind in ("class", "score"))
        cell, mark = field_source(layout.delimiter), re.escape(layout.delimiter)
        row = rf"{cell}(?:{mark}{cell}){{{layout.width - 1}}}{LINE_END}"
        # Within a row of several columns an empty line cannot match, since its delimiters are missing.
        self._good_rows = re.compile(rf"(?:{row})*+".encode("latin-1"))
        self._cells_of_row = re.compile(rf"({cell})({mark}|{LINE_END}|\Z)".encode("latin-1"))

    @cached_property
    def _reader(self) -> ArrowReader:
        cells = self._layout.cells
        return ArrowReader(self._layout.width, self._layout.delimiter, cells.decimal, cells.null)

    def decode(self, block: memoryview, quoted: bool) -> Batch:
        """Rows up to the first bad one; ``block`` ends with a line end, its quotes are well placed."""
        if not len(block):
            return self._batch(0, {want: _empty(want) for want in self._wants}, None)
        columns: dict[ColumnRequest, tuple[AnyColumn, BadCell | None]] = {}
        try:
            for wants in self._passes:
                rows, found = self._pass(block, quoted, wants)
                columns.update(found)
        except BadShape as error:
            end = self._end_of_good(block)
            if end == len(block):
                raise DataError(f"cannot be read: {error}", file=self._layout.path) from None
            before = self.decode(block[:end], quoted)
            if before.stop is not None:
                return before
            return before.stopped(self._shape_error(block[end:]))
        bad = min(
            (bad for want, (_, bad) in sorted(columns.items()) if bad is not None),
            key=lambda bad: bad.row,
            default=None,
        )
        return self._batch(rows, {want: column for want, (column, _) in columns.items()}, bad)

    def _end_of_good(self, block: memoryview) -> int:
        """Where the first row begins that has too many or too few cells, or the end."""
        good = self._good_rows.match(block)
        return 0 if good is None else good.end()

    def _batch(self, rows: int, columns: dict[ColumnRequest, AnyColumn], bad: BadCell | None) -> Batch:
        batch = Batch(rows, tuple(columns[want] for want in self._wants))
        return batch if bad is None else batch.slice(0, bad.row).stopped(bad.error)

    def _pass(
        self, block: memoryview, quoted: bool, wants: dict[int, ColumnRequest]
    ) -> tuple[int, dict[ColumnRequest, tuple[AnyColumn, BadCell | None]]]:
        readings = {index: self._reading(want) for index, want in wants.items()}
        if self._small and len(block) <= small_csv.SMALL:
            return self._cell_by_cell(block, wants, readings)
        plain = None if quoted else self._plain.read(block, readings)
        if plain is None:
            rows, arrays = self._read(block, quoted, readings)
            doubtful_lines = self._layout.width > 1 and _may_hold_empty_lines(block, quoted, rows)
            if doubtful_lines and self._end_of_good(block) < len(block):
                raise BadShape("an empty line")
        else:
            rows, arrays = plain
        # What may have been misread, and what cannot be told apart, comes in another way once more.
        again = dict(readings)
        while again := self._again(block, quoted, wants, again, arrays):
            arrays |= self._read(block, quoted, again)[1]
            readings |= again
        found = {}
        for index, want in wants.items():
            found[want] = self._column(want, readings[index], arrays[index])
        return rows, found

    def _cell_by_cell(
        self, block: memoryview, wants: dict[int, ColumnRequest], readings: CellTypes
    ) -> tuple[int, dict[ColumnRequest, tuple[AnyColumn, BadCell | None]]]:
        cells = small_csv.cells_of(block, self._cells_of_row, self._layout.width)
        if cells is None:
            raise BadShape("a line has too many or too few cells")
        found = {}
        for index, want in wants.items():
            as_bytes = want.kind in KEY_KINDS
            column = small_csv.laid(cells[index]) if as_bytes else small_csv.coded(cells[index])
            found[want] = self._column(want, "bytes" if as_bytes else "text", column)
        return len(cells[0]), found

    def _reading(self, want: ColumnRequest) -> CellType:
        if want.kind in KEY_KINDS or (want.kind in ("class", "score") and want.index in self._integral):
            return "bytes"
        return "double" if want.kind in ("number", "truth", "score") else "text"

    def _read(self, block: memoryview, quoted: bool, readings: CellTypes) -> tuple[int, dict[int, Any]]:
        while True:
            try:
                return self._reader.read(block, quoted, readings)
            except Unconverted as error:
                readings[error.index] = "text"

    def _again(
        self,
        block: memoryview,
        quoted: bool,
        wants: dict[int, ColumnRequest],
        readings: CellTypes,
        arrays: dict[int, Any],
    ) -> CellTypes:
        """How columns are to be read once more, which were read as ``readings`` say."""
        found: CellTypes = {}
        told: CellTypes = {}
        for index, reading in readings.items():
            kind, array = wants[index].kind, arrays[index]
            if reading == "double":
                if self._doubtful(kind, array):
                    found[index] = "text"
                elif kind == "score" and self._whole(array).any():
                    told[index] = "bytes"
            elif reading == "bytes" and kind not in KEY_KINDS:
                integers, odd = text_integers(*bytes_of(array))
                if odd.any():
                    self._integral.discard(index)
                    found[index] = "double" if kind == "score" else "text"
                else:
                    arrays[index] = integers
        if told:
            cells = self._read(block, quoted, told)[1]
            found |= {
                index: "text"
                for index in told
                if not self._told(bytes_of(cells[index]), self._whole(arrays[index]))
            }
        return found

    def _doubtful(self, kind: ColumnKind, array: Any) -> bool:
        """Whether a column read as doubles may hold something else."""
        if kind == "score" and array.null_count:
            return True  # `NA` may be missing, or a class of that name
        values = values_of(array, np.dtype(np.float64))
        if len(self._null_numbers) and np.isin(values, self._null_numbers).any():
            return True
        # Overflow, the spellings of NaN that are errors, and integers that may be no doubles; what stands
        # at a null counts as 0.
        return not (surely_below(values, EXACT) or (np.abs(values) < EXACT).all())

    @staticmethod
    def _whole(array: Any) -> Mask:
        values = values_of(array, np.dtype(np.float64))
        whole: Mask = values == np.floor(values)
        return whole

    def _told(self, cells: Cells, rows: Mask) -> bool:
        """Whether whole numbers in some rows tell their class in this spelling."""
        raw = cells.data.tobytes()
        starts, ends = cells.starts[rows].tolist(), cells.ends[rows].tolist()
        texts = {raw[start:end] for start, end in zip(starts, ends, strict=True)}
        return all(isinstance(self._layout.cells.label(text.decode()), int) for text in texts)

    def _column(self, want: ColumnRequest, reading: CellType, array: Any) -> tuple[AnyColumn, BadCell | None]:
        if reading == "double":
            return doubles_of(array), None
        if reading == "bytes":
            return (ClassColumn(array), None) if isinstance(array, np.ndarray) else self._keys(want, array)
        codes, cells, undecodable = array if isinstance(array, Coded) else _coded(array)
        if want.kind == "vector":
            return self._vectors(want, codes, cells, undecodable)
        if want.kind in ("number", "truth") or (
            want.kind == "score" and self._all_numbers(cells, undecodable)
        ):
            return self._numbers(want, codes, cells, undecodable)
        return self._classes(want, codes, cells, undecodable)

    def _keys(self, want: ColumnRequest, array: Any) -> tuple[AnyColumn, BadCell | None]:
        column, bad = keys_of_text(*bytes_of(array), None, want.kind, self._nulls)
        if bad is None:
            return column, None
        path, name = self._layout.path, self._layout.columns[want.index]
        return column, BadCell(bad.row, DataError(bad.message, bad.detail, None, path, name))

    def _numbers(
        self, want: ColumnRequest, codes: _Codes, cells: list[str], undecodable: dict[int, bytes]
    ) -> tuple[AnyColumn, BadCell | None]:
        number, nan = self._layout.cells.number, float("nan")
        values, missing, faults = [], [], dict[int, Wrong]()
        for code, cell in enumerate(cells):
            value: float | None = nan
            if code not in undecodable:
                try:
                    truth = TRUTHS.get(cell.strip().casefold()) if want.kind == "truth" else None
                    value = number(cell) if truth is None else float(truth)
                except NotNumber as error:
                    faults[code] = str(error), error.wanted, error.hint or self._hint(cell)
            missing.append(value is None)
            values.append(nan if value is None else value)
        mask = np.array(missing, dtype=np.bool_)[codes] if any(missing) else None
        column = NumberColumn(np.array(values, dtype=np.float64)[codes], mask)
        return column, self._first_bad(want, codes, len(cells), faults, undecodable)

    def _classes(
        self, want: ColumnRequest, codes: _Codes, cells: list[str], undecodable: dict[int, bytes]
    ) -> tuple[AnyColumn, BadCell | None]:
        grammar, faults = self._layout.cells, dict[int, Wrong]()
        if want.kind == "text" and grammar.missing_texts.isdisjoint(cells):
            bad = self._first_bad(want, codes, len(cells), {}, undecodable)
            return ClassColumn(codes.astype(np.int64), tuple(cells)), bad
        labels: list[int | str | None]
        if want.kind == "labels":
            labels = [self._list(cell, code, faults) for code, cell in enumerate(cells)]
        elif want.kind == "list":
            labels = [self._as_json(cell) for cell in cells]
        else:
            canonical = grammar.text if want.kind == "text" else grammar.label
            labels = [canonical(cell) for cell in cells]
        bad = self._first_bad(want, codes, len(cells), faults, undecodable)
        distinct = tuple(label for label in dict.fromkeys(labels) if label is not None)
        if len(distinct) == len(cells):
            return ClassColumn(codes.astype(np.int64), distinct), bad
        code_of: dict[int | str | None, int] = {label: code for code, label in enumerate(distinct)}
        code_of[None] = -1  # a missing label gets no code of its own
        recoded = np.array([code_of[label] for label in labels], dtype=np.int64)[codes]
        missing = recoded < 0
        return ClassColumn(recoded, distinct, missing if missing.any() else None), bad

    def _vectors(
        self, want: ColumnRequest, codes: _Codes, cells: list[str], undecodable: dict[int, bytes]
    ) -> tuple[AnyColumn, BadCell | None]:
        from losscli.reading.jsonl import Unreadable, vector

        grammar, faults = self._layout.cells, dict[int, Wrong]()
        table = np.full((max(1, len(cells)), want.width), np.nan)
        missing = np.zeros(max(1, len(cells)), np.bool_)
        for code, cell in enumerate(cells):
            try:
                held = self._members(cell) if code not in undecodable else None
                missing[code] = held is None
                if held is not None:
                    held = held if isinstance(held, list) or grammar.list == JSON_LISTS else [held]
                    table[code] = vector(held, want.width, self._number_of)
            except NotNumber as error:
                faults[code] = str(error), "wanted a number"
            except Unreadable as error:
                faults[code] = error.message, error.detail, error.hint
        mask = missing[codes] if missing.any() else None
        return NumberColumn(table[codes], mask), self._first_bad(want, codes, len(cells), faults, undecodable)

    def _number_of(self, member: Any) -> float | None:
        if isinstance(member, str):
            return self._layout.cells.number(member)
        from losscli.reading.jsonl import number_of

        return number_of(member)

    def _label_of(self, member: Any) -> int | str | None:
        if isinstance(member, str):
            return self._layout.cells.label(member)
        from losscli.reading.jsonl import label_of

        return label_of(member)

    def _members(self, cell: str) -> Any:
        """What stands in a cell that may be a list: a list, one value, or None where it is missing."""
        grammar = self._layout.cells
        if cell in grammar.missing_texts:
            return None
        if grammar.list == JSON_LISTS:
            from losscli.reading.jsonl import cell_list

            return cell_list(cell)
        return (
            grammar.parted(cell) if grammar.list is not None and grammar.list in cell else cell.strip(" \t")
        )

    def _list(self, cell: str, code: int, faults: dict[int, Wrong]) -> str | None:
        """The labels of a list in one cell, as one text, or None for a missing cell."""
        from losscli.reading.jsonl import Unreadable, label_list

        try:
            held = self._members(cell)
            if held is None:
                return None
            one = not isinstance(held, list) and self._layout.cells.list != JSON_LISTS
            return label_list([held] if one else held, self._label_of)
        except Unreadable as error:
            faults[code] = error.message, error.detail, error.hint
            return list_text(())

    def _as_json(self, cell: str) -> str | None:
        """What stands in a cell, as JSON: a list, its numbers as such, or else the text."""
        from losscli.reading.jsonl import Unreadable
        from losscli.reading.values import json_text

        try:
            held = self._members(cell)
        except Unreadable:
            held = cell
        if isinstance(held, list):
            held = [self._json_value(member) for member in held]
        return None if held is None else json_text(held)

    def _json_value(self, member: Any) -> Any:
        if not isinstance(member, str):
            return member
        try:
            found = self._layout.cells.number(member)
        except NotNumber:
            return member
        return int(found) if found is not None and found.is_integer() else found

    def _hint(self, cell: str) -> str | None:
        """Where a cell that is no number looks like a list: how to read it."""
        if self._layout.cells.list is None and is_list_text(cell):
            return LIST_HINT
        return None

    def _all_numbers(self, cells: list[str], undecodable: dict[int, bytes]) -> bool:
        """Whether every cell is a number that tells its class as well, or empty."""
        try:
            for cell in cells:
                self._layout.cells.score(cell)
        except NotNumber:
            return False
        return not undecodable

    def _first_bad(
        self,
        want: ColumnRequest,
        codes: _Codes,
        cells: int,
        faults: Mapping[int, Wrong],
        undecodable: dict[int, bytes],
    ) -> BadCell | None:
        if not faults and not undecodable:
            return None
        is_bad = np.zeros(cells, dtype=np.bool_)
        is_bad[[*faults, *undecodable]] = True
        row = int(np.argmax(is_bad[codes]))
        code = int(codes[row])
        column = self._layout.columns[want.index]
        if code in faults:
            return BadCell(row, replace(DataError(*faults[code]), file=self._layout.path, column=column))
        error = not_utf8(self._layout.path)
        error.message = f"`{shown_bytes(undecodable[code])}` is not valid UTF-8"
        error.column = column
        return BadCell(row, error)

    def _shape_error(self, rest: memoryview) -> DataError:
        width, counted_in = self._layout.width, "header" if self._layout.named else "first row"
        first = bytes(rest[:1])
        if first in (b"\n", b"\r"):
            return DataError(
                "the line is empty",
                file=self._layout.path,
                detail=f"{_cells(width)} were expected, as in the {counted_in}",
            )
        found = 0
        for match in self._cells_of_row.finditer(rest):
            found += 1
            if match[2][:1] in (b"\n", b"\r", b""):
                break
        hint = None
        if 1 in (found, width):
            delimiter = shown(self._layout.delimiter)
            hint = f"cells are parted by `{delimiter}`; if that is wrong, add `--dialect delimiter=…`"
        return DataError(
            f"has {_cells(found)}, the {counted_in} has {width}", file=self._layout.path, hint=hint
        )


def _coded(array: Any) -> Coded:
    return Coded(values_of(array.indices, np.dtype(np.int32)), *texts_of(array.dictionary))


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _may_hold_empty_lines(block: memoryview, quoted: bool, rows: int) -> bool:
    """Whether two line ends stand side by side, inside quotes or not; ``rows`` is without empty lines."""
    if not quoted and rows == _lines_of_one_kind(block):
        return False
    last = _LINE_FEED  # an empty line may be the first
    for tile in _tiles(block):
        codes = np.concatenate((np.array([last], dtype=np.uint8), tile))
        is_feed, is_return = codes == _LINE_FEED, codes == _CARRIAGE_RETURN
        if ((is_feed | is_return)[:-1] & is_return[1:] | is_feed[:-1] & is_feed[1:]).any():
            return True
        # A line feed behind a carriage return ends the same line; at the very start it ends an empty one.
        last = int(tile[-1])
    return False


def _lines_of_one_kind(block: memoryview) -> int:
    """The number of lines, empty ones too, where all end in a line feed or all in both; else -1.

    With two kinds of line ends, what one adds to the count an empty line may take away from the rows.
    """
    feeds, returns, pairs = 0, 0, 0
    previous_is_return = False
    for tile in _tiles(block):
        is_feed = tile == _LINE_FEED
        is_return = tile == _CARRIAGE_RETURN
        feeds += int(np.count_nonzero(is_feed))
        if previous_is_return or is_return.any():
            returns += int(np.count_nonzero(is_return))
            pairs += int(np.count_nonzero(is_return[:-1] & is_feed[1:])) + (previous_is_return and is_feed[0])
            previous_is_return = bool(is_return[-1])
    return feeds if returns in (0, feeds) and pairs == returns else -1


def _tiles(block: memoryview) -> Iterator[NDArray[np.uint8]]:
    """The bytes, some at a time: a mask as large as a block costs more in fresh pages than in counting."""
    for start in range(0, len(block), _TILE_BYTES):
        yield np.frombuffer(block[start : start + _TILE_BYTES], dtype=np.uint8)


def _passes(wants: Iterable[ColumnRequest]) -> list[dict[int, ColumnRequest]]:
    """The wants, so that none asks twice for one column: pyarrow reads a column as one type at a time."""
    passes: list[dict[int, ColumnRequest]] = [{}]
    for want in dict.fromkeys(wants):
        free = next((each for each in passes if want.index not in each), None)
        if free is None:
            passes.append(free := {})
        free[want.index] = want
    return passes


def _empty(want: ColumnRequest) -> AnyColumn:
    if want.kind in KEY_KINDS:
        return KeyColumn(np.empty((1, 0), dtype=np.uint64))
    if want.kind == "number":
        return NumberColumn(np.empty(0, dtype=np.float64))
    if want.kind == "vector":
        return NumberColumn(np.empty((0, want.width), dtype=np.float64))
    return ClassColumn(np.empty(0, dtype=np.int64), ())
