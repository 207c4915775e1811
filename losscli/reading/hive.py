"""Columns that stand in the names of folders: ``country=de/part-0.parquet``.

Every row of a file has the value of its folders.  The values of a column are text, unless all of them
are integers in their plain form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

import numpy as np

from losscli.errors import DataError
from losscli.reading.keys import integer_of, no_integer
from losscli.table.block import (
    INTEGER_KINDS,
    KEY_KINDS,
    AnyColumn,
    ClassColumn,
    ColumnKind,
    KeyColumn,
    NumberColumn,
)
from losscli.table.cells import CellReader, NotNumber
from losscli.table.keys import KeyType, is_canonical, words_of_integers, words_of_texts

MISSING = "__HIVE_DEFAULT_PARTITION__"  # what writers put for a value that is none
_CELLS = CellReader()


@dataclass(frozen=True, slots=True)
class Partition:
    """One such column: its value for each file that has one."""

    name: str
    values: dict[int, str | None]  # by the place of the file; None: missing

    @property
    def key_type(self) -> KeyType:
        held = [value for value in self.values.values() if value is not None]
        return "int" if held and all(is_canonical(value) for value in held) else "text"

    def column(self, file: int, path: str, kind: ColumnKind, rows: int) -> AnyColumn:
        """The value of a file, for some rows; DataError where it has none, or none of that kind."""
        if file not in self.values:
            raise DataError(
                f"there is no column `{self.name}`",
                f"the folders of other files are called `{self.name}=…`, and this one's are not",
                file=path,
            )
        value = self.values[file] or None
        missing = np.ones(rows, np.bool_) if value is None else None
        if kind in KEY_KINDS:
            return self._key(value, path, kind, rows)
        if kind in ("number", "truth", "score"):
            if kind == "truth" and value is not None and value.lower() in ("true", "false"):
                value = str(int(value.lower() == "true"))
            try:
                read = _CELLS.score if kind == "score" else _CELLS.number
                number = None if value is None else read(value)
            except NotNumber as error:
                if kind != "score":
                    raise DataError(str(error), error.wanted, file=path, column=self.name) from None
            else:
                if number is None and missing is None:
                    missing = np.ones(rows, np.bool_)
                return NumberColumn(np.full(rows, np.nan if number is None else number), missing)
        if value is None:
            return ClassColumn(np.full(rows, -1, np.int64), ("",), missing)
        label = value if kind == "text" else _CELLS.label(value)
        return ClassColumn(np.zeros(rows, np.int64), (label if label is not None else "",))

    def _key(self, value: str | None, path: str, kind: ColumnKind, rows: int) -> KeyColumn:
        missing = np.ones(rows, np.bool_) if value is None else None
        if kind not in INTEGER_KINDS:
            return KeyColumn(np.repeat(words_of_texts([value or ""]), rows, axis=1), missing)
        integer = "0" if value is None else integer_of(value, kind)
        if integer is None:
            message, detail = no_integer(value or "", kind)
            raise DataError(message, detail, file=path, column=self.name)
        return KeyColumn(np.repeat(words_of_integers([integer]), rows, axis=1), missing)


def partitions(names: Sequence[str]) -> list[Partition]:
    """The columns in the names of some files, in the order in which they are met."""
    found: dict[str, dict[int, str | None]] = {}
    for file, name in enumerate(names):
        for folder in name.split("/")[:-1]:
            key, equals, value = folder.partition("=")
            if key and equals:
                found.setdefault(unquote(key), {})[file] = (
                    None if value == MISSING else unquote(value) or None
                )
    return [Partition(name, values) for name, values in found.items()]
