"""Input formats, one a file; `suffixes.SOURCES` is their table."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

from losscli.errors import UsageError
from losscli.reading.source import Dialect, Source
from losscli.reading.suffixes import COMPRESSIONS, input_format, known_format


def open_source(path: str, *, format: str | None, dialect: Dialect | None, name: str | None = None) -> Source:
    """Open a file, or ``-`` for standard input, by its suffix or the ``format`` given.

    ``name`` replaces the path in messages and gives the suffix: for a copy, the name of the original file.
    """
    name = name or path
    compression = COMPRESSIONS.get(os.path.splitext(name.lower())[1])
    format = known_format(name, format)
    found = input_format(format)
    assert found is not None
    options: dict[str, Any] = {}
    if found.dialect:
        options |= {"dialect": dialect or Dialect(), "format": format}
    elif dialect not in (None, Dialect()):
        raise UsageError(f"`--dialect` is of CSV, and {name} is {format}")
    if found.streamed:
        options |= {"compression": compression, "stream": sys.stdin.buffer if path == "-" else None}
    elif compression is not None:
        raise UsageError(f"{name}: a {format} file is compressed inside, not by `.{compression}`")
    # Only the module of the format is imported.
    source: Source = getattr(import_module(found.module), found.opener)(path, **options)
    return source
