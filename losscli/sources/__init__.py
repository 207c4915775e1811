"""Input formats, one a file; SOURCES is the explicit table.

A source knows its columns and, where the format says so, its rows; it is cut into parts, in order,
that are decoded apart from each other, each by one thread.  A refusal that concerns the whole file
is raised; one that concerns a row travels as ``Batch.stop``, behind the good rows before it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from losscli.errors import UsageError

if TYPE_CHECKING:
    from losscli.block import Batch, Want


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

    def parts(self, wants: Sequence[Want]) -> Iterator[Part]:
        """The file from its first row to its last, in order.

        Raises DataError for what concerns the whole file, as soon as it is known: a column of a
        type that cannot be read as the kind wanted, a damaged or a truncated file, a file that
        changed while it was read (checked when the last part has been taken).
        """
        ...


COMPRESSIONS = {".gz": "gz", ".bz2": "bz2", ".zst": "zst", ".xz": "xz", ".lz4": "lz4"}

SOURCES = {
    ".csv": "csv", ".tsv": "tsv", ".txt": "txt",
    ".parquet": "parquet", ".pq": "parquet",
    ".arrow": "arrow", ".feather": "arrow", ".ipc": "arrow",
    ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".npy": "npy", ".npz": "npz",
}  # fmt: skip
"""The format of a file by its suffix, in front of a suffix of COMPRESSIONS."""

FORMATS = tuple(dict.fromkeys(SOURCES.values()))


def format_of(path: str) -> str | None:
    """The format that a name says, whatever it is compressed by; None where it says none."""
    stem, suffix = os.path.splitext(path.lower())
    if suffix in COMPRESSIONS:
        suffix = os.path.splitext(stem)[1]
    return SOURCES.get(suffix)


def known_format(path: str, format: str | None) -> str:
    """The format given, else that of the name; UsageError for one that is not known."""
    found = format if format is not None else "csv" if path == "-" else format_of(path)
    if found not in FORMATS:
        raise _unknown_format(path, format)
    return found


def open_source(
    path: str, *, format: str | None = None, dialect: Dialect | None = None, name: str | None = None
) -> Source:
    """Open a file, or ``-`` for standard input, by its suffix or the ``format`` given.

    ``name`` stands for the path where that says nothing: of a copy, the name of what was copied.
    """
    name = name or path
    compression = COMPRESSIONS.get(os.path.splitext(name.lower())[1])
    format = known_format(name, format)
    stream = sys.stdin.buffer if path == "-" else None
    if format in ("csv", "tsv", "txt"):
        from losscli.sources.csv import open_csv

        return open_csv(
            path,
            dialect=dialect or Dialect(),
            format=format,
            compression=compression,
            stream=stream,
        )
    if dialect not in (None, Dialect()):
        raise UsageError(f"`--dialect` is of CSV, and {name} is {format}")
    if format == "jsonl":
        from losscli.sources.jsonl import open_jsonl

        return open_jsonl(path, compression=compression, stream=stream)
    if compression is not None:
        raise UsageError(f"{name}: a {format} file is compressed inside, not by `.{compression}`")
    if format == "parquet":
        from losscli.sources.parquet import open_parquet

        return open_parquet(path)
    if format == "arrow":
        from losscli.sources.ipc import open_ipc

        return open_ipc(path)
    from losscli.sources.numpy import open_npy

    return open_npy(path)


def _unknown_format(path: str, format: str | None) -> UsageError:
    names = ", ".join(f"`{name}`" for name in FORMATS)
    if format is not None:
        return UsageError(f"no input format is called `{format}`", hint=f"the formats are {names}")
    suffixes = " ".join(dict.fromkeys(SOURCES))
    return UsageError(
        f"the format of {path} cannot be told from its name",
        f"known suffixes are {suffixes}, also with {' '.join(COMPRESSIONS)} behind them",
        f"name it with `--input-format`: {names}",
    )
