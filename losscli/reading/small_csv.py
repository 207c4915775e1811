"""Blocks of small files of CSV, cell by cell: for these the import of a faster reader takes longer than the reading.

What a cell means is the business of `decode`, which gets the text of every one.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from losscli.table.block import Cells

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

SMALL = 1 << 16
"""Bytes of a file up to which it is read so."""


class Coded(NamedTuple):
    """A column of cells: the place of each row's text among the different ones, and those that are not UTF-8."""

    codes: NDArray[np.int32]
    texts: list[str]
    undecodable: dict[int, bytes]


def cells_of(block: memoryview, cell: re.Pattern[bytes], width: int) -> list[list[bytes]] | None:
    """The cells of each column, quotes taken off; None where a line has too many or too few.

    ``cell`` matches one, and behind it what parts it from the next.
    """
    found: list[tuple[bytes, bytes]] = cell.findall(block)
    if not found[-1][1]:
        found.pop()  # nothing, behind the last line
    rows, rest = divmod(len(found), width)
    ends = [mark in (b"\n", b"\r", b"\r\n") for _, mark in found]
    if rest or sum(ends) != rows or not all(ends[width - 1 :: width]):
        return None
    cells = [text[1:-1].replace(b'""', b'"') if text.startswith(b'"') else text for text, _ in found]
    return [cells[place::width] for place in range(width)]


def coded(cells: Iterable[bytes]) -> Coded:
    """A column for whoever looks at different texts once."""
    places: dict[bytes, int] = {}
    codes = [places.setdefault(cell, len(places)) for cell in cells]
    texts, undecodable = [], dict[int, bytes]()
    for cell, place in places.items():
        try:
            texts.append(cell.decode())
        except UnicodeDecodeError:
            undecodable[place] = cell
            texts.append("")
    return Coded(np.array(codes, dtype=np.int32), texts, undecodable)


def laid(cells: Sequence[bytes]) -> Cells:
    """A column for whoever looks at bytes."""
    ends = np.fromiter(accumulate(map(len, cells)), np.int64, len(cells))
    raw: NDArray[Any] = np.frombuffer(b"".join(cells), np.uint8)
    return Cells(raw, ends - np.fromiter(map(len, cells), np.int64, len(cells)), ends)
