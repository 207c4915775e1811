"""Markdown for a comment or a summary: tables of results, of limits and of the worst rows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from losscli.show.columns import Table, TextColumn
from losscli.text import visible

if TYPE_CHECKING:
    from losscli.show.canvas import Canvas
    from losscli.show.verdict import Verdict
    from losscli.show.view import ViewModel


def render(view: ViewModel, look: Canvas) -> str:
    """The tables in Markdown."""
    lines = [cell(view.caption), "", *_table(view.results(baseline=True))]
    if view.gate is not None:
        lines += ["", f"**{cell(view.gate.line)}**", "", *_table(_verdicts(view.gate))]
    for rows in (*view.matrices(), *view.worst()):
        lines += ["", cell(rows.heading), "", *_table(rows, aligned=False)]
    for note in view.notes():
        lines += ["", cell(note)]
    return "\n".join(lines) + "\n"


def _verdicts(gate: Verdict) -> Table:
    """The limits, failed ones first and the worst on top, without empty columns."""
    limits = [*gate.failed, *(limit for limit in gate.limits if limit.passed)]
    columns = [
        TextColumn("verdict", [limit.word for limit in limits]),
        TextColumn("loss", [limit.name for limit in limits]),
        TextColumn("limit", [limit.bound for limit in limits]),
        TextColumn("value", [limit.value for limit in limits], "number"),
        TextColumn("baseline", [limit.baseline for limit in limits], "number"),
        TextColumn("reason", [limit.reason for limit in limits]),
    ]
    return Table([column for column in columns if any(column.cells)])


def _table(table: Table, *, aligned: bool = True) -> list[str]:
    """The lines of a table; ``aligned`` sets numbers to the right."""
    heads = [cell(column.head) for column in table.columns]
    marks = ["---:" if aligned and column.number else "---" for column in table.columns]
    rows = [map(cell, row) for row in table.rows()]
    return [f"| {' | '.join(line)} |" for line in (heads, marks, *rows)]


def cell(text: str) -> str:
    """The text with an escape for each character that Markdown would interpret."""
    # An underscore within a word has no meaning in Markdown; left as it is, the source can be read and searched.
    return re.sub(r"([\\`*{}\[\]<>#|~$@!&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))", r"\\\1", visible(text))
