"""A Markdown table, for a comment or a summary: with a baseline the change, with limits what became of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from losscli.show.view import Column
from losscli.text import visible

if TYPE_CHECKING:
    from losscli.show.canvas import Canvas
    from losscli.show.verdict import Verdict
    from losscli.show.view import View

LEFT_OUT = ("ends", "notes")
"""The remarks hold them."""


def render(view: View, look: Canvas) -> str:
    columns = [column for column in view.columns() if column.name not in LEFT_OUT]
    lines = [cell(view.caption), "", *_table(columns)]
    if view.gate is not None:
        lines += ["", f"**{cell(view.gate.line)}**", "", *_table(_verdicts(view.gate))]
    for rows in view.worst():
        lines += ["", cell(rows.heading), "", *_table(rows.columns, aligned=False)]
    for note in view.notes():
        lines += ["", cell(note)]
    return "\n".join(lines) + "\n"


def _verdicts(gate: Verdict) -> list[Column]:
    """A line a limit; those that failed come first, the worst on top.  A column that says nothing is left out."""
    limits = [*gate.failed, *(limit for limit in gate.limits if limit.passed)]
    columns = [
        Column("verdict", [limit.word for limit in limits]),
        Column("loss", [limit.name for limit in limits]),
        Column("limit", [limit.bound for limit in limits]),
        Column("value", [limit.value for limit in limits], "number"),
        Column("baseline", [limit.baseline for limit in limits], "number"),
        Column("reason", [limit.reason for limit in limits]),
    ]
    return [column for column in columns if column.name not in ("baseline", "reason") or any(column.cells)]


def _table(columns: Sequence[Column], *, aligned: bool = True) -> list[str]:
    """The lines of a table; numbers stand to the right where that is wanted."""
    heads = [cell(column.head) for column in columns]
    marks = ["---:" if aligned and column.number else "---" for column in columns]
    rows = zip(*([cell(text) for text in column.cells] for column in columns), strict=True)
    return [f"| {' | '.join(line)} |" for line in (heads, marks, *rows)]


def cell(text: str) -> str:
    """Text that Markdown shows as it is."""
    # Within a word an underscore marks nothing up, and stands as it is for who reads or searches the source.
    return re.sub(r"([\\`*{}\[\]<>#|~$@!&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))", r"\\\1", visible(text))
