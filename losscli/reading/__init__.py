"""Input formats, one a file; `suffixes.SOURCES` is the explicit table."""

from __future__ import annotations

import os
import sys

from losscli.errors import UsageError
from losscli.reading.source import Dialect, Source
from losscli.reading.suffixes import COMPRESSIONS, known_format


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
        from losscli.reading.csv import open_csv

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
        from losscli.reading.jsonl import open_jsonl

        return open_jsonl(path, compression=compression, stream=stream)
    if compression is not None:
        raise UsageError(f"{name}: a {format} file is compressed inside, not by `.{compression}`")
    if format == "parquet":
        from losscli.reading.parquet import open_parquet

        return open_parquet(path)
    if format == "arrow":
        from losscli.reading.ipc import open_ipc

        return open_ipc(path)
    from losscli.reading.numpy import open_npy

    return open_npy(path)
