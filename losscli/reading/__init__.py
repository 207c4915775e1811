"""Input formats, one a file; `suffixes.SOURCES` is their table."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from losscli.errors import UsageError
from losscli.reading.source import Dialect, Source
from losscli.reading.suffixes import COMPRESSIONS, input_format, known_format

if TYPE_CHECKING:
    from losscli.reading.text import Streamed


def open_source(
    path: str, *, format: str | None, dialect: Dialect | None, name: str | None = None,
    remote: Streamed | None = None,
) -> Source:  # fmt: skip
    """Open a file, or ``-`` for standard input, by its suffix or the ``format`` given.

    ``name`` replaces the path in messages and gives the suffix: for a copy, the name of the original file.
    ``remote``: its bytes come from there, in a format that can be streamed or read by ranges.
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
        options |= {"remote": remote}
    elif compression is not None:
        raise UsageError(f"{name}: a {format} file is compressed inside, not by `.{compression}`")
    # Only the module of the format is imported.
    if remote is not None and found.ranged:
        package, _, module = found.module.rpartition(".")
        source: Source = getattr(import_module(f"{package}.ranged_{module}"), found.ranged)(remote)
    else:
        source = getattr(import_module(found.module), found.opener)(path, **options)
    return source
