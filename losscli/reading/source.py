"""What every input format is to its readers: a source of columns, cut into parts that are decoded apart.

A refusal that concerns the whole file is raised; one that concerns a row travels as ``Batch.stop``, behind the
good rows before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from losscli.table.block import Batch, ColumnRequest


class Dialect(NamedTuple):
    """How CSV text is to be read; None: found from the header."""

    delimiter: str | None = None  # one character
    decimal: str = "."
    header: bool = True
    encoding: str = "utf-8"
    null: tuple[str, ...] = ()  # further spellings of a missing value, in every role
    list: str | None = (
        None  # what parts the members of a list in one cell, or `json`; None: cells are no lists
    )

    @property
    def text(self) -> str:
        """The dialect as `--dialect` takes it."""
        marks = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "space", ".": "point"}
        said = {
            "delimiter": self.delimiter and marks.get(self.delimiter, self.delimiter),
            "decimal": "comma" if self.decimal == "," else None,
            "header": None if self.header else "no",
            "encoding": None if self.encoding == "utf-8" else self.encoding,
            "null": self.null[0] if self.null else None,
            "list": self.list and marks.get(self.list, self.list),
        }
        return ",".join(f"{key}={value}" for key, value in said.items() if value is not None)


class Part(Protocol):
    """A run of rows of one file that is decoded apart from the others.

    Creating a part reads at most its bytes; ``batches`` does the work.
    """

    rows: int | None  # None: not known before it is decoded
    size: int  # bytes of the file that it stands for, for progress

    def batches(self, chunk_rows: int) -> Iterator[Batch]:
        """The rows in order, at most ``chunk_rows`` at a time where the format can do so."""
        ...


class Source(Protocol):
    """One file, opened: its header or schema is read, its rows are not."""

    path: str  # as the user wrote it
    format: str  # csv, tsv, parquet …
    columns: tuple[str, ...]  # in file order; repeated names are kept
    named: bool  # False: the file has no names, and columns are called 1, 2, …
    rows: int | None  # None: not known before the end
    size: int | None  # bytes on disk

    def parts(self, wants: Sequence[ColumnRequest]) -> Iterator[Part]:
        """The file from its first row to its last, in order.

        Raises DataError for what concerns the whole file, as soon as it is known: a column of a
        type that cannot be read as the kind wanted, a damaged or a truncated file, a file that
        changed while it was read (checked when the last part has been taken).
        """
        ...
