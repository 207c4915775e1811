"""A table for a terminal."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.console import Console, OverflowMethod
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from losscli.show.view import Column
from losscli.text import visible

if TYPE_CHECKING:
    from losscli.show.canvas import Canvas
    from losscli.show.verdict import Verdict
    from losscli.show.view import View

LEAST_WIDTH = 40
"""Below it a number would be cut; the lines then run over."""

LEAST_REMARK = 24
"""Characters of a remark, or of a text in a row, in a line, if it has to run over several."""

BETWEEN = 3
"""Characters between two columns."""

LEFT_OUT, LAST = ("ends", "baseline", "notes"), ("change", "remarks")
"""Columns that the remarks and the change hold, and those that stand last, around the pictures."""

ARROWS = {"lower": "↓ lower", "higher": "↑ higher"}


def render(view: View, look: Canvas) -> str:
    held = [column for column in view.columns() if column.name not in LEFT_OUT]
    if look.unicode:
        held = [_with_arrows(column) if column.kind == "word" else column for column in held]
    said = [column for column in held if column.name == "remarks"]
    first = sorted(
        (column for column in held if column not in said), key=lambda column: column.name == "change"
    )
    if not view.folds:
        look = look._replace(width=max(look.width, _whole_width(held)))
    out = io.StringIO()
    console = _console(out, look)
    console.print(Text(visible(view.caption), "dim" if view.folds else ""), soft_wrap=not view.folds)
    console.print()
    beside = view.beside(look)
    # What is beside the numbers gives way where there is no room for it, the last first.
    short = [replace(column, texts=[text[:LEAST_REMARK] for text in column.cells]) for column in said]
    while beside and _width(_table([*first, *beside, *short], look), console) > console.width:
        beside.pop()
    console.print(_table([*first, *beside, *said], look))
    if view.gate is not None:
        _print_gate(console, view.gate)
    for rows in view.worst():
        console.print()
        console.print(Text(visible(rows.heading), "dim"))
        for at, columns in enumerate(_pieces(rows.columns, console.width)):
            if at:
                console.print()
            console.print(_table(columns, look, cut="fold"))
    for note in view.notes():
        console.print()
        console.print(Text(visible(note)), soft_wrap=True)
    lines = (line.rstrip() for line in out.getvalue().splitlines())
    text = "\n".join(lines) + "\n"
    return text if look.unicode else text.replace("–", "-").replace("…", "...")


def _with_arrows(column: Column) -> Column:
    return replace(column, texts=[ARROWS.get(text, text) for text in column.cells])


def _whole_width(columns: Sequence[Column]) -> int:
    """The width in which nothing is folded or cut."""
    return sum(max(map(len, [column.head, *column.cells])) + BETWEEN for column in columns)


def _width(table: Table, console: Console) -> int:
    """The width in which no cell of a table runs over."""
    return Measurement.get(console, console.options.update(width=sys.maxsize), table).maximum


def _table(columns: Sequence[Column], look: Canvas, *, cut: OverflowMethod = "ellipsis") -> Table:
    """A table of columns; what is too wide and may not be folded is cut."""
    table = Table(box=box.SIMPLE_HEAD if look.unicode else box.ASCII2, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(
            Text(visible(column.head)),
            overflow="fold" if column.kind == "text" else cut,
            justify="right" if column.number else "left",
            no_wrap=column.number or column.kind == "picture",
        )
    main = next((column.cells for column in columns if column.main), None)
    for at, row in enumerate(zip(*(column.cells for column in columns), strict=True)):
        styles = [
            _style(column, text, main[at] if main else None)
            for column, text in zip(columns, row, strict=True)
        ]
        table.add_row(*(Text(visible(text), style) for text, style in zip(row, styles, strict=True)))
    return table


def _style(column: Column, text: str, value: str | None) -> str:
    """What reads as the value looks like it, but for what stands last."""
    if column.kind == "picture":
        return "cyan"
    if text != value or column.name in LAST:
        return ""
    return "dim" if value == "–" else "bold"


def _pieces(columns: Sequence[Column], width: int) -> list[list[Column]]:
    """The columns of rows in pieces below each other where they do not fit: the first column in each."""
    needed = []
    for column in columns:
        cells = column.cells if column.number else [text[:LEAST_REMARK] for text in column.cells]
        head = column.head if column.number else column.head[:LEAST_REMARK]
        needed.append(max(cell_len(visible(text)) for text in (head, *cells)))
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
    """The verdict, and one line a limit: words say it, colour only repeats them."""
    table = Table(box=None, show_header=False, pad_edge=False, show_edge=False)
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
