"""pyarrow's CSV reader on one block, and its arrays as NumPy's and Python's."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.table.block import Cells, Floats, Mask, NumberColumn

CellType: TypeAlias = Literal["double", "text", "bytes"]
CellTypes: TypeAlias = dict[int, CellType]

# pyarrow takes its block for a part of a stream that it cuts itself, unless the whole is smaller than this.
_WHOLE_BLOCK_BYTES = 1 << 30


class BadShape(Exception):
    """Some row has too many or too few cells."""


class Unconverted(Exception):
    """A column holds a cell that pyarrow cannot read as the type asked for."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index


class ArrowReader:
    """pyarrow's CSV reader, set up for one file."""

    def __init__(self, width: int, delimiter: str, decimal: str, null: Sequence[str]) -> None:
        # Imported here: opening a Parquet file, or no file at all, should not pay for it.
        import pyarrow as pa
        import pyarrow.csv

        # Else its reader takes over the process's signals while it works on the main thread, and one that
        # arrives then may be lost.
        pa.enable_signal_handlers(False)

        self._names = [str(index) for index in range(width)]
        self._delimiter = delimiter
        self._decimal = decimal
        self._null = sorted({*_spellings(("", "NA", "N/A", "NaN", "null", "None")), *null})
        self._pa = pa
        self._csv = pyarrow.csv
        self._types = {
            "double": pa.float64(),
            # Binary, since text would be refused as a whole where one cell is not UTF-8.
            "text": pa.dictionary(pa.int32(), pa.binary()),
            "bytes": pa.binary(),
        }
        self._read_options = self._csv.ReadOptions(
            use_threads=False, block_size=_WHOLE_BLOCK_BYTES, column_names=self._names
        )
        # Skipped where they are an error, so that counting rows shows them.
        self._skips_empty_lines = width > 1
        self._parse_options = {quoted: self._parsing(quoted) for quoted in (False, True)}

    def _parsing(self, quoted: bool) -> Any:
        return self._csv.ParseOptions(
            delimiter=self._delimiter, newlines_in_values=quoted, ignore_empty_lines=self._skips_empty_lines
        )

    def read(self, block: memoryview, quoted: bool, readings: CellTypes) -> tuple[int, dict[int, Any]]:
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
                memory_pool=self._pa.system_memory_pool(),
            )
        except self._pa.ArrowInvalid as error:
            column = re.match(r"In CSV column #(\d+): .*CSV conversion error", str(error), re.DOTALL)
            if column is None or readings.get(int(column[1]), "text") in ("text", "bytes"):
                raise BadShape(str(error)) from None
            raise Unconverted(int(column[1])) from None
        arrays = {index: self._whole(table.column(place)) for place, index in enumerate(asked)}
        return table.num_rows, arrays

    def _whole(self, column: Any) -> Any:
        if column.num_chunks == 1:
            return column.chunk(0)
        if self._pa.types.is_dictionary(column.type):
            column = column.unify_dictionaries()
        return self._pa.concat_arrays(column.chunks)


def _spellings(words: Iterable[str]) -> Iterable[str]:
    """Each word in every mixture of cases."""
    for word in words:
        choices = [sorted({letter.lower(), letter.upper()}) for letter in word]
        yield from ("".join(letters) for letters in itertools.product(*choices))


# Arrow's own ways to NumPy import pandas where it is installed, for twice the cost of all the rest.
def values_of(array: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    count = array.offset + len(array)
    return np.frombuffer(array.buffers()[1], dtype=np.uint8, count=count * dtype.itemsize).view(dtype)[
        array.offset :
    ]


def doubles_of(array: Any) -> NumberColumn:
    """An array of doubles that are finite or missing."""
    values: Floats = values_of(array, np.dtype(np.float64))
    if not array.null_count:
        return NumberColumn(values, finite=True)
    valid = np.frombuffer(array.buffers()[0], dtype=np.uint8)
    bits = np.unpackbits(valid, count=array.offset + len(array), bitorder="little")[array.offset :]
    missing: Mask = bits == 0
    values = values.copy()
    values[missing] = np.nan
    return NumberColumn(values, missing)


def bytes_of(array: Any) -> Cells:
    """The cells of a column, where they lie."""
    if isinstance(array, Cells):
        return array
    _, held, data = array.buffers()
    offsets = np.frombuffer(held, "<i4", len(array) + 1, array.offset * 4).astype(np.int64)
    raw = np.zeros(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)
    return Cells(raw, offsets[:-1], offsets[1:])


def texts_of(array: Any) -> tuple[list[str], dict[int, bytes]]:
    """The texts of a binary array, and by place those that are not UTF-8 (empty among the texts)."""
    import pyarrow as pa

    _, offsets, data = array.buffers()
    try:
        # The same bytes under another type; decoded when they become Python's text.
        return pa.StringArray.from_buffers(len(array), offsets, data, offset=array.offset).to_pylist(), {}
    except UnicodeDecodeError:
        pass
    texts, undecodable = [], dict[int, bytes]()
    for place, cell in enumerate(array.to_pylist()):
        try:
            texts.append(cell.decode())
        except UnicodeDecodeError:
            undecodable[place] = cell
            texts.append("")
    return texts, undecodable
