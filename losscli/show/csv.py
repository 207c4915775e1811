"""One row for each result, with every digit, and an empty cell where there is no value.

Logs of builds show it, so names from files are escaped as on a terminal; JSON keeps them whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import NoneType
from typing import TYPE_CHECKING, Any

from losscli.text import visible

if TYPE_CHECKING:
    from losscli.show.canvas import Canvas
    from losscli.show.view import ViewModel

_SPECIAL = re.compile('[,"\r\n]')
"""What is within quotes, as RFC 4180 has it."""


def render(views: Sequence[ViewModel], look: Canvas) -> str:
    """One table; with several views, its first column names the file of each row."""
    tables: list[str] = []
    several = len(views) > 1
    for at, view in enumerate(views):
        columns = view.exact()
        if several:
            columns = [("result", [view.saved or ""] * len(columns[0][1])), *columns]
        if at == 0:
            tables.append(_table([[head] for head, _ in columns]))
        tables.append(_table([_texts(cells) for _, cells in columns]))
    return "".join(tables)


def _table(columns: Sequence[Sequence[str]]) -> str:
    """Rows of cells, which are quoted where they have to be."""
    rows = len(columns[0])
    table = "\n".join([*map(",".join, zip(*columns, strict=True)), ""])
    # One look at all of it tells that there is no comma and no line end but those between cells.
    plain = table.count(",") == rows * (len(columns) - 1) and table.count("\n") == rows
    if plain and '"' not in table and "\r" not in table:
        return table
    return "".join(",".join(map(_quoted, row)) + "\n" for row in zip(*columns, strict=True))


def _texts(cells: Sequence[Any]) -> Sequence[str]:
    if cells and isinstance(cells[0], str) and cells.count(cells[0]) == len(cells):
        return [visible(cells[0])] * len(cells)
    kinds = set(map(type, cells))
    if str not in kinds and NoneType not in kinds:
        return list(map(repr, cells))
    # One look at all texts together tells that none has to be changed.
    if kinds == {str} and "".join(cells).isprintable():
        return cells
    return ["" if cell is None else visible(cell) if isinstance(cell, str) else repr(cell) for cell in cells]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _SPECIAL.search(text) else text
