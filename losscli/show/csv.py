"""One row for each result, with every digit, and an empty cell where there is no value.

Logs of builds show it, so names from files are escaped as on a terminal; JSON keeps them whole.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from types import NoneType
from typing import TYPE_CHECKING, Any

from losscli.text import visible

if TYPE_CHECKING:
    from losscli.show.canvas import Canvas
    from losscli.show.view import ViewModel


def render(views: Sequence[ViewModel], look: Canvas) -> str:
    """One table; with several views, its first column names the file of each row."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    several = len(views) > 1
    for at, view in enumerate(views):
        columns = view.exact()
        if at == 0:
            table.writerow([*(["result"] if several else []), *(head for head, _ in columns)])
        texts = [_texts(cells) for _, cells in columns]
        where = [[visible(view.saved or "")] * len(texts[0])] if several else []
        table.writerows(zip(*where, *texts, strict=True))
    return text.getvalue()


def _texts(cells: Sequence[Any]) -> Sequence[str]:
    kinds = set(map(type, cells))
    if str not in kinds and NoneType not in kinds:
        return list(map(repr, cells))
    # One look at all texts together tells that none has to be changed.
    if kinds == {str} and "".join(cells).isprintable():
        return cells
    return ["" if cell is None else visible(cell) if isinstance(cell, str) else repr(cell) for cell in cells]
