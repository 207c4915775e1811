"""A run of whole lines of CSV becomes one batch of columns.

pyarrow's reader does the work for a block that is as plain as most are. It accepts more than the grammar in
`cells`, says less than an error has to say, and takes an empty line for a row: so what it refuses, and what
it might have misread, is read again as text, cell by distinct cell, and gives the same bits or the exact
error. Which way a block went never shows in its values.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.block import Batch, ClassColumn, Column, Floats, Mask, NumberColumn, Want
from losscli.errors import DataError
from losscli.sources.cells import CellReader, NotNumber, shown, shown_bytes
from losscli.sources.text import not_utf8

_Reading: TypeAlias = Literal["double", "integer", "text"]
_Readings: TypeAlias = dict[int, _Reading]
_Codes: TypeAlias = NDArray[np.int32]

# pyarrow takes its block for a part of a stream that it cuts itself, unless the whole is smaller than this.
_WHOLE_BLOCK_BYTES = 1 << 30
_LINE_FEED, _CARRIAGE_RETURN = ord("\n"), ord("\r")


@dataclass(frozen=True)
class Layout:
    """The columns of a file and how they stand in its lines."""

    path: str
    columns: tuple[str, ...]
    named: bool
    delimiter: str
    cells: CellReader

    @property
    def width(self) -> int:
        return len(self.columns)


@dataclass(frozen=True)
class Bad:
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

    def __init__(self, layout: Layout, wants: Sequence[Want]) -> None:
        self._layout = layout
        self._wants = tuple(wants)
        self._passes = _passes(self._wants)
        self._reader = _Reader(layout)
        self._null_numbers = np.array(layout.cells.null_numbers(), dtype=np.float64)
        # Columns of classes that have been integers so far. Only the speed depends on it.
        self._integral: set[int] = set()
        if not len(self._null_numbers):
            self._integral.update(want.index for want in wants if want.kind == "class")
        cell, mark = field_source(layout.delimiter), re.escape(layout.delimiter)
        row = rf"{cell}(?:{mark}{cell}){{{layout.width - 1}}}{LINE_END}"
        # Within a row of several columns an empty line cannot match, since its delimiters are missing.
        self._good_rows = re.compile(rf"(?:{row})*+".encode("latin-1"))
        self._cells_of_row = re.compile(rf"({cell})({mark}|{LINE_END}|\Z)".encode("latin-1"))

    def decode(self, block: memoryview, quoted: bool) -> Batch:
        """Rows up to the first bad one; ``block`` ends with a line end, its quotes are well placed."""
        if not len(block):
            return self._batch(0, {want: _empty(want) for want in self._wants}, None)
        columns: dict[Want, tuple[Column, Bad | None]] = {}
        try:
            for wants in self._passes:
                rows, found = self._pass(block, quoted, wants)
                columns.update(found)
        except _BadShape as error:
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

    def _batch(self, rows: int, columns: dict[Want, Column], bad: Bad | None) -> Batch:
        batch = Batch(rows, tuple(columns[want] for want in self._wants))
        return batch if bad is None else batch.slice(0, bad.row).stopped(bad.error)

    def _pass(
        self, block: memoryview, quoted: bool, wants: dict[int, Want]
    ) -> tuple[int, dict[Want, tuple[Column, Bad | None]]]:
        readings = {index: self._reading(want) for index, want in wants.items()}
        rows, arrays = self._read(block, quoted, readings)
        doubtful_lines = self._layout.width > 1 and _may_hold_empty_lines(block, quoted, rows)
        if doubtful_lines and self._end_of_good(block) < len(block):
            raise _BadShape("an empty line")
        # What pyarrow may have misread, and what it cannot tell apart, comes as text a second time.
        doubtful: _Readings = {
            index: "text"
            for index, reading in readings.items()
            if self._doubtful(reading, arrays[index], block)
        }
        if doubtful:
            arrays |= self._read(block, quoted, doubtful)[1]
        found = {}
        for index, want in wants.items():
            reading = "text" if index in doubtful else readings[index]
            found[want] = self._column(want, reading, arrays[index])
        return rows, found

    def _reading(self, want: Want) -> _Reading:
        if want.kind == "number":
            return "double"
        return "integer" if want.kind == "class" and want.index in self._integral else "text"

    def _read(self, block: memoryview, quoted: bool, readings: _Readings) -> tuple[int, dict[int, Any]]:
        while True:
            try:
                return self._reader.read(block, quoted, readings)
            except _Unconverted as error:
                readings[error.index] = "text"
                self._integral.discard(error.index)

    def _doubtful(self, reading: _Reading, array: Any, block: memoryview) -> bool:
        if reading == "double":
            values = _values(array, np.dtype(np.float64))
            if len(self._null_numbers) and np.isin(values, self._null_numbers).any():
                return True
            # Overflow and the spellings of NaN that are errors; what stands at a null counts as finite.
            return not np.isfinite(values).all()
        if reading == "integer":
            # A null may be an empty cell, or the class `NA`; and pyarrow reads `0x10` as 16.
            return bool(array.null_count) or _holds_hexadecimal(block)
        return False

    def _column(self, want: Want, reading: _Reading, array: Any) -> tuple[Column, Bad | None]:
        if reading == "double":
            return _doubles(array), None
        if reading == "integer":
            return ClassColumn(_values(array, np.dtype(np.int64))), None
        codes = _values(array.indices, np.dtype(np.int32))
        cells, undecodable = _texts(array.dictionary)
        if want.kind == "number":
            return self._numbers(want, codes, cells, undecodable)
        return self._classes(want, codes, cells, undecodable)

    def _numbers(
        self, want: Want, codes: _Codes, cells: list[str], undecodable: dict[int, bytes]
    ) -> tuple[Column, Bad | None]:
        number, nan = self._layout.cells.number, float("nan")
        values, missing, faults = [], [], dict[int, str]()
        for code, cell in enumerate(cells):
            value: float | None = nan
            if code not in undecodable:
                try:
                    value = number(cell)
                except NotNumber as error:
                    faults[code] = str(error)
            missing.append(value is None)
            values.append(nan if value is None else value)
        mask = np.array(missing, dtype=np.bool_)[codes] if any(missing) else None
        column = NumberColumn(np.array(values, dtype=np.float64)[codes], mask)
        return column, self._first_bad(want, codes, len(cells), faults, undecodable)

    def _classes(
        self, want: Want, codes: _Codes, cells: list[str], undecodable: dict[int, bytes]
    ) -> tuple[Column, Bad | None]:
        grammar = self._layout.cells
        canonical: Callable[[str], int | str | None] = grammar.label if want.kind == "class" else grammar.text
        code_of: dict[int | str, int] = {}
        labels = [canonical(cell) for cell in cells]
        # A missing label gets no code of its own.
        new = [-1 if label is None else code_of.setdefault(label, len(code_of)) for label in labels]
        if len(code_of) == len(cells):
            column = ClassColumn(codes.astype(np.int64), tuple(code_of))
        else:
            recoded = np.array(new, dtype=np.int64)[codes]
            missing = recoded < 0
            column = ClassColumn(recoded, tuple(code_of), missing if missing.any() else None)
        return column, self._first_bad(want, codes, len(cells), {}, undecodable)

    def _first_bad(
        self,
        want: Want,
        codes: _Codes,
        cells: int,
        faults: dict[int, str],
        undecodable: dict[int, bytes],
    ) -> Bad | None:
        if not faults and not undecodable:
            return None
        is_bad = np.zeros(cells, dtype=np.bool_)
        is_bad[[*faults, *undecodable]] = True
        row = int(np.argmax(is_bad[codes]))
        code = int(codes[row])
        column = self._layout.columns[want.index]
        if code in faults:
            return Bad(row, DataError(faults[code], file=self._layout.path, column=column))
        error = not_utf8(self._layout.path)
        error.message = f"`{shown_bytes(undecodable[code])}` is not valid UTF-8"
        error.column = column
        return Bad(row, error)

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


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


class _BadShape(Exception):
    """Some row has too many or too few cells."""


class _Unconverted(Exception):
    """A column holds a cell that pyarrow cannot read as the type asked for."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index


class _Reader:
    """pyarrow's CSV reader, set up for one file."""

    def __init__(self, layout: Layout) -> None:
        # Imported here: opening a Parquet file, or no file at all, should not pay for it.
        import pyarrow as pa
        import pyarrow.csv

        self._width = layout.width
        self._names = [str(index) for index in range(layout.width)]
        self._delimiter = layout.delimiter
        self._decimal = layout.cells.decimal
        self._null = sorted({*_spellings(("", "NA", "N/A", "NaN", "null", "None")), *layout.cells.null})
        self._pa = pa
        self._csv = pyarrow.csv
        self._types = {
            "double": pa.float64(),
            "integer": pa.int64(),
            # Binary, since text would be refused as a whole where one cell is not UTF-8.
            "text": pa.dictionary(pa.int32(), pa.binary()),
        }
        self._read_options = self._csv.ReadOptions(
            use_threads=False, block_size=_WHOLE_BLOCK_BYTES, column_names=self._names
        )
        # Skipped where they are an error, so that counting rows shows them.
        self._skips_empty_lines = layout.width > 1
        self._parse_options = {quoted: self._parsing(quoted) for quoted in (False, True)}

    def _parsing(self, quoted: bool) -> Any:
        return self._csv.ParseOptions(
            delimiter=self._delimiter, newlines_in_values=quoted, ignore_empty_lines=self._skips_empty_lines
        )

    def read(self, block: memoryview, quoted: bool, readings: _Readings) -> tuple[int, dict[int, Any]]:
        """The number of rows, and an Arrow array for each column asked for."""
        asked = readings or {0: "text"}  # no column at all would mean every column
        options = self._csv.ConvertOptions(
            column_types={self._names[index]: self._types[reading] for index, reading in asked.items()},
            include_columns=[self._names[index] for index in asked],
            null_values=self._null,
            strings_can_be_null=False,
            decimal_point=self._decimal,
        )
        try:
            table = self._csv.read_csv(
                self._pa.BufferReader(block),
                read_options=self._read_options,
                parse_options=self._parse_options[quoted],
                convert_options=options,
            )
        except self._pa.ArrowInvalid as error:
            column = re.match(r"In CSV column #(\d+): .*CSV conversion error", str(error), re.DOTALL)
            if column is None or readings.get(int(column[1]), "text") == "text":
                raise _BadShape(str(error)) from None
            raise _Unconverted(int(column[1])) from None
        arrays = {index: self._whole(table.column(place)) for place, index in enumerate(asked)}
        return table.num_rows, arrays

    def _whole(self, column: Any) -> Any:
        if column.num_chunks == 1:
            return column.chunk(0)
        return self._pa.concat_arrays(column.unify_dictionaries().chunks)


def _may_hold_empty_lines(block: memoryview, quoted: bool, rows: int) -> bool:
    """Whether two line ends stand side by side, inside quotes or not; ``rows`` is without empty lines."""
    if not quoted and rows == _lines_of_one_kind(_bytes(block)):
        return False
    text = bytes(block)
    return text[:1] in (b"\n", b"\r") or b"\n\n" in text or b"\n\r" in text or b"\r\r" in text


def _lines_of_one_kind(codes: NDArray[np.uint8]) -> int:
    """The number of lines, empty ones too, where all end in a line feed or all in both; else -1.

    With two kinds of line ends, what one adds to the count an empty line may take away from the rows.
    """
    feeds = codes == _LINE_FEED
    lines = int(np.count_nonzero(feeds))
    returns = codes == _CARRIAGE_RETURN
    if returns.any() and (
        np.count_nonzero(returns) != lines or np.count_nonzero(returns[:-1] & feeds[1:]) != lines
    ):
        return -1
    return lines


def _holds_hexadecimal(block: memoryview) -> bool:
    return bool(((_bytes(block) | 0x20) == ord("x")).any())


def _bytes(block: memoryview) -> NDArray[np.uint8]:
    return np.frombuffer(block, dtype=np.uint8)


def _spellings(words: Iterable[str]) -> Iterable[str]:
    """Each word in every mixture of cases."""
    for word in words:
        choices = [sorted({letter.lower(), letter.upper()}) for letter in word]
        yield from ("".join(letters) for letters in itertools.product(*choices))


def _passes(wants: Iterable[Want]) -> list[dict[int, Want]]:
    """The wants, so that none asks twice for one column: pyarrow reads a column as one type at a time."""
    passes: list[dict[int, Want]] = [{}]
    for want in dict.fromkeys(wants):
        free = next((each for each in passes if want.index not in each), None)
        if free is None:
            passes.append(free := {})
        free[want.index] = want
    return passes


def _empty(want: Want) -> Column:
    if want.kind == "number":
        return NumberColumn(np.empty(0, dtype=np.float64))
    return ClassColumn(np.empty(0, dtype=np.int64), ())


# Arrow's own ways to NumPy import pandas where it is installed, for twice the cost of all the rest.
def _values(array: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    count = array.offset + len(array)
    return np.frombuffer(array.buffers()[1], dtype=np.uint8, count=count * dtype.itemsize).view(dtype)[
        array.offset :
    ]


def _doubles(array: Any) -> NumberColumn:
    values: Floats = _values(array, np.dtype(np.float64))
    if not array.null_count:
        return NumberColumn(values)
    valid = np.frombuffer(array.buffers()[0], dtype=np.uint8)
    bits = np.unpackbits(valid, count=array.offset + len(array), bitorder="little")[array.offset :]
    missing: Mask = bits == 0
    values = values.copy()
    values[missing] = np.nan
    return NumberColumn(values, missing)


def _texts(array: Any) -> tuple[list[str], dict[int, bytes]]:
    """The texts of a binary array, and by place those that are not UTF-8 (empty among the texts)."""
    _, offset_buffer, data_buffer = array.buffers()
    data = b"" if data_buffer is None else data_buffer.to_pybytes()
    first, last = array.offset, array.offset + len(array)
    offsets = np.frombuffer(offset_buffer, dtype=np.int32)[first : last + 1].tolist()
    places = itertools.pairwise(offsets)
    if data.isascii():
        text = data.decode("ascii")
        return [text[start:stop] for start, stop in places], {}
    texts, undecodable = [], dict[int, bytes]()
    for place, (start, stop) in enumerate(places):
        try:
            texts.append(data[start:stop].decode())
        except UnicodeDecodeError:
            undecodable[place] = data[start:stop]
            texts.append("")
    return texts, undecodable
