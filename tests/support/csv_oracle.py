"""CSV read one byte after the other, as plainly as it can be said: what the reader is compared with."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from fractions import Fraction

NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)


@dataclass
class Table:
    """The good rows, as bytes, and the number of the row (from 1) that is not good."""

    header: list[bytes]
    rows: list[list[bytes]] = field(default_factory=list)
    bad_row: int | None = None
    reason: str = ""


def read_table(data: bytes, delimiter: str) -> Table:
    # Empty lines at the end are no rows; inside quotes that are never closed they do not matter.
    text = data.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n") + b"\n"
    lines, reason = split(text, delimiter.encode())
    table = Table(lines[0] if lines else [])
    for row in lines[1:]:
        if len(row) != len(table.header):
            table.bad_row, table.reason = len(table.rows) + 1, "width"
            return table
        table.rows.append(row)
    if reason:
        table.bad_row, table.reason = len(table.rows) + 1, reason
    return table


def split(data: bytes, delimiter: bytes) -> tuple[list[list[bytes]], str]:
    """All complete lines as cells, and what is wrong with the first that is not well formed."""
    lines: list[list[bytes]] = []
    row: list[bytes] = []
    place = 0
    while place < len(data):
        if data[place : place + 1] == b'"':
            cell, place = b"", place + 1
            while True:
                if place >= len(data):
                    return lines, "unclosed"
                if data[place : place + 2] == b'""':
                    cell, place = cell + b'"', place + 2
                elif data[place : place + 1] == b'"':
                    place += 1
                    break
                else:
                    cell, place = cell + data[place : place + 1], place + 1
            if data[place : place + 1] not in (delimiter, b"\r", b"\n", b""):
                return lines, "text behind a quote"
        else:
            start = place
            while place < len(data) and data[place : place + 1] not in (delimiter, b"\r", b"\n"):
                place += 1
            cell = data[start:place]
        row.append(cell)
        if data[place : place + 1] == delimiter:
            place += 1
            if place == len(data):
                row.append(b"")
            else:
                continue
        elif data[place : place + 2] == b"\r\n":
            place += 2
        else:
            place += 1
        lines.append(row)
        row = []
    return lines, ""


def number(cell: bytes) -> float | str | None:
    """A double, None for missing, or a word for what is wrong."""
    try:
        text = cell.decode()
    except UnicodeDecodeError:
        return "not valid UTF-8"
    text = text.strip(" \t")
    if text.lower() in ("", "na", "n/a", "nan", "null", "none"):
        return None
    if INFINITE.fullmatch(text):
        return -math.inf if text.startswith("-") else math.inf
    if not NUMBER.fullmatch(text):
        return "is not a number"
    value = float(text)
    if re.fullmatch(r"[+-]?[0-9]+", text) and not math.isinf(value) and int(text) != int(value):
        return "is no double"
    return "beyond the largest double" if math.isinf(value) else value


def label(cell: bytes) -> int | str | UnicodeDecodeError | None:
    try:
        text = cell.decode()
    except UnicodeDecodeError as error:
        return error
    if not text:
        return None
    if re.fullmatch(r"-?(0|[1-9][0-9]*)(\.0+)?", text, re.ASCII):
        return int(Fraction(text))
    return {"true": 1, "false": 0}.get(text.lower(), text)
