"""A table for a terminal."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.cells import cell_len
from rich.console import Console, OverflowMethod
from rich.measure import Measurement
from rich.table import Table as RichTable
from rich.text import Text

from losscli.show.columns import Table, TextColumn
from losscli.text import visible

if TYPE_CHECKING:
    from losscli.show.canvas import Canvas
    from losscli.show.verdict import Verdict
    from losscli.show.view import ViewModel

LEAST_WIDTH = 40
"""A narrower terminal would cut numbers, so lines run over instead."""

LEAST_REMARK = 24
"""Remarks, and text in a row, are folded into lines of at least this many characters."""

BETWEEN = 3
"""Characters between two columns."""

GAPS: dict[int, dict[str, Any]] = {3: {}, 2: {"collapse_padding": True}, 1: {"padding": 0}}
"""How rich draws so many characters between two columns; a table that folds nothing has the most that fit."""

PLACES = {"change": 1, "picture": 2, "remarks": 3}
"""Kinds of columns that come after the others, in this order."""

ARROWS = {"lower": "↓ lower", "higher": "↑ higher"}


def render(view: ViewModel, look: Canvas) -> str:
    """The table for a terminal, in columns that fit its width."""
    columns = view.results().columns
    if look.unicode:
        columns = [_with_arrows(column) if column.kind == "word" else column for column in columns]
    gap = BETWEEN
    if not view.folds:
        gap = next((gap for gap in GAPS if _whole_width(columns, gap) <= look.width), BETWEEN)
        look = look._replace(width=max(look.width, _whole_width(columns, gap)))
    out = io.StringIO()
    console = _console(out, look)
    console.print(Text(visible(view.caption), "dim" if view.folds else ""), soft_wrap=not view.folds)
    console.print()
    beside = view.beside(look)
    short = [_shortened(column) if column.kind == "remarks" else column for column in columns]
    while beside and _width(_table([*short, *beside], look), console) > console.width:
        beside.pop()
    console.print(_table([*columns, *beside], look, gap=gap))
    if view.gate is not None:
        _print_gate(console, view.gate)
    for rows in (*view.matrices(), *view.worst()):
        console.print()
        console.print(Text(visible(rows.heading), "dim"))
        for at, piece in enumerate(_pieces(rows.columns, console.width)):
            if at:
                console.print()
            console.print(_table(piece, look, cut="fold"))
    for note in view.notes():
        console.print()
        console.print(Text(visible(note)), soft_wrap=True)
    lines = (line.rstrip() for line in out.getvalue().splitlines())
    text = "\n".join(lines) + "\n"
    return text if look.unicode else text.replace("–", "-").replace("…", "...")


def _with_arrows(column: TextColumn) -> TextColumn:
    return column._replace(cells=[ARROWS.get(text, text) for text in column.cells])


def _shortened(column: TextColumn) -> TextColumn:
    """The column at its least width."""
    return column._replace(cells=[text[:LEAST_REMARK] for text in column.cells])


def _whole_width(columns: Sequence[TextColumn], gap: int) -> int:
    """The width at which nothing is folded or cut."""
    texts = (map(visible, [column.head, *column.cells]) for column in columns)
    return sum(max(map(cell_len, cells)) + gap for cells in texts) - gap


def _width(table: RichTable, console: Console) -> int:
    """The width at which no cell of a table is folded or cut."""
    return Measurement.get(console, console.options.update(width=sys.maxsize), table).maximum


def _table(
    columns: Sequence[TextColumn], look: Canvas, *, cut: OverflowMethod = "ellipsis", gap: int = BETWEEN
) -> RichTable:
    """A table of columns; ``cut`` says what becomes of words that are too wide."""
    drawn = RichTable(
        box=box.SIMPLE_HEAD if look.unicode else box.ASCII2, pad_edge=False, show_edge=False, **GAPS[gap]
    )
    columns = sorted(columns, key=lambda column: PLACES.get(column.kind, 0))
    for column in columns:
        drawn.add_column(
            Text(visible(column.head)),
            overflow="fold" if column.kind in ("text", "remarks") else cut,
            justify="right" if column.number else "left",
            no_wrap=column.number or column.kind == "picture",
        )
    values = next((column.cells for column in columns if column.kind == "value"), None)
    for at, row in enumerate(Table(columns).rows()):
        value = values[at] if values is not None else None
        cells = zip(columns, row, strict=True)
        drawn.add_row(*(Text(visible(text), _style(column, text, value)) for column, text in cells))
    return drawn


def _style(column: TextColumn, text: str, value: str | None) -> str:
    """The style of a cell: a value is bold, a dash dim, and so are cells with the same text."""
    if column.kind == "picture":
        return "cyan"
    if text != value or column.kind in PLACES:
        return ""
    return "dim" if value == "–" else "bold"


def _pieces(columns: Sequence[TextColumn], width: int) -> list[list[TextColumn]]:
    """The columns in pieces that fit the width; each piece begins with the first column."""
    needed = []
    for column in columns:
        texts = [column.head, *column.cells]
        most = None if column.number else LEAST_REMARK
        needed.append(max(cell_len(visible(text[:most])) for text in texts))
    pieces, left = [[columns[0]]], width - needed[0]
    for column, taken in zip(columns[1:], needed[1:], strict=True):
        if taken + BETWEEN > left and len(pieces[-1]) > 1:
            pieces.append([columns[0]])
            left = width - needed[0]
        pieces[-1].append(column)
        left -= taken + BETWEEN
    return pieces


def _console(out: io.StringIO, look: Canvas) -> Console:
    return Console(
        file=out, width=max(look.width, LEAST_WIDTH), force_terminal=look.colour, highlight=False, markup=False,
        emoji=False, color_system="standard" if look.colour else None, legacy_windows=False,
    )  # fmt: skip


def _print_gate(console: Console, gate: Verdict) -> None:
    """The verdict, and a line for each limit; colour only repeats what the words say."""
    table = RichTable(box=None, show_header=False, pad_edge=False, show_edge=False)
    for _ in range(4):
        table.add_column(overflow="fold")
    for limit in gate.limits:
        value = limit.reason or limit.value
        if not limit.reason and limit.baseline:
            value += f", {limit.baseline} in the baseline"
        table.add_row(
            Text(f"  {limit.word}", "green" if limit.passed else "bold red"),
            *(Text(visible(cell)) for cell in (limit.name, limit.bound, value)),
        )
    console.print()
    console.print(Text(gate.line, "green" if gate.passed else "bold red"))
    console.print(table)
