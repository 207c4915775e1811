"""Columns in the names of folders: ``country=de/part-0.parquet``.

Every row of a file has the value of its folders.  The values of a column are text, unless all of them
are integers in their plain form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

import numpy as np

from losscli.errors import DataError
from losscli.reading.convert import read_cells
from losscli.reading.csv_cells import CsvCells
from losscli.reading.read import batch_of
from losscli.table.block import AnyColumn, ColumnRequest, take
from losscli.table.cells import CellReader
from losscli.table.keys import KeyType, is_canonical

MISSING = "__HIVE_DEFAULT_PARTITION__"  # what writers put for a value that is none
_CELLS = CsvCells(CellReader())


@dataclass(frozen=True, slots=True)
class Partition:
    """One such column: its value for each file that has one."""

    name: str
    values: dict[int, str | None]  # by the place of the file; None: missing

    @property
    def key_type(self) -> KeyType:
        """The type of the values in the names of folders: int where all are whole numbers."""
        held = [value for value in self.values.values() if value is not None]
        return "int" if held and all(is_canonical(value) for value in held) else "text"

    def column(self, file: int, path: str, want: ColumnRequest, rows: int) -> AnyColumn:
        """The value of a file, for some rows; DataError where it has none, or none of the kind wanted."""
        if file not in self.values:
            raise DataError(
                f"there is no column `{self.name}`",
                f"the folders of other files are called `{self.name}=…`, and this one's are not",
                file=path,
            )
        cells = [self.values[file] or ""]
        read = read_cells(cells, want, _CELLS)
        batch = batch_of(1, [want._replace(index=0)], [read], [self.name], path)
        if batch.stop is not None:
            raise batch.stop
        return take(batch.columns[0], np.zeros(rows, np.int64))


def partitions(names: Sequence[str]) -> list[Partition]:
    """The columns in the names of some files, in order of appearance."""
    found: dict[str, dict[int, str | None]] = {}
    for file, name in enumerate(names):
        for folder in name.split("/")[:-1]:
            key, equals, value = folder.partition("=")
            if key and equals:
                found.setdefault(unquote(key), {})[file] = (
                    None if value == MISSING else unquote(value) or None
                )
    return [Partition(name, values) for name, values in found.items()]
