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
    lines: list[str] = []
    several = len(views) > 1
    for at, view in enumerate(views):
        columns = view.exact()
        if several:
            columns = [("result", [view.saved or ""] * len(columns[0][1])), *columns]
        if at == 0:
            lines.append(",".join(_quoted([head for head, _ in columns])))
        lines += map(",".join, zip(*(_quoted(_texts(cells)) for _, cells in columns), strict=True))
    return "\n".join([*lines, ""])


def _texts(cells: Sequence[Any]) -> Sequence[str]:
    kinds = set(map(type, cells))
    if str not in kinds and NoneType not in kinds:
        return list(map(repr, cells))
    # One look at all texts together tells that none has to be changed; so it does below.
    if kinds == {str} and "".join(cells).isprintable():
        return cells
    return ["" if cell is None else visible(cell) if isinstance(cell, str) else repr(cell) for cell in cells]


def _quoted(texts: Sequence[str]) -> Sequence[str]:
    if not _SPECIAL.search("".join(texts)):
        return texts
    return ['"' + text.replace('"', '""') + '"' if _SPECIAL.search(text) else text for text in texts]
