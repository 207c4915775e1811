"""The line of a key in a TOML document, which Python's reader does not tell."""

from __future__ import annotations

import re
from typing import TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
"""The way to a value: keys of tables, and places in arrays, from 0."""

HEADER = re.compile(r"\s*\[(\[)?\s*([^\]\[]+?)\s*\](\])?\s*(#.*)?$")
ASSIGNMENT = re.compile(
    r"\s*((?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'))*)\s*="
)


def line_of(text: str, keys: KeyPath) -> int | None:
    """The line, from 1, of a key in a TOML document, or else of the nearest table around it.

    >>> line_of('a = 1' + chr(10) + '[[gates]]' + chr(10) + 'max = 2', ("gates", 0, "max"))
    3
    """
    best, depth = None, 0
    arrays: dict[KeyPath, int] = {}
    table: KeyPath = ()
    inside = ""  # the quotes of an open text of several lines
    for number, line in enumerate(text.splitlines(), 1):
        started, inside = inside, _open_text(line, inside)
        if started:
            continue
        path: KeyPath | None = None
        if header := HEADER.match(line):
            path = table = _table_path(_parts(header[2]), arrays, starts_one=bool(header[1]))
        elif assigned := ASSIGNMENT.match(line):
            path = (*table, *_parts(assigned[1]))
        if path is not None and len(path) > depth and keys[: len(path)] == path:
            best, depth = number, len(path)
    return best


def _parts(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.\s]+", dotted)]


def _table_path(names: list[str], arrays: dict[KeyPath, int], *, starts_one: bool) -> KeyPath:
    """The path of a table, with its place in each array of tables on the way; ``arrays`` keeps the places."""
    path: KeyPath = ()
    for at, name in enumerate(names, 1):
        path = (*path, name)
        if at == len(names) and starts_one:
            arrays[path] = arrays.get(path, -1) + 1
        if path in arrays:
            path = (*path, arrays[path])
    return path


def _open_text(line: str, inside: str) -> str:
    """The quotes of a text of several lines that is open at the end of this line."""
    for mark in re.findall(r'"""|\'\'\'', line):
        if not inside:
            inside = mark
        elif inside == mark:
            inside = ""
    return inside
