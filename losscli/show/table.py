"""A table for a terminal."""

from __future__ import annotations

import io
import sys
from collections.abc import Container, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from losscli.show.lines import (
    caption,
    change_text,
    constant_texts,
    gate_line,
    is_number,
    limit_name,
    limit_text,
    place_text,
    remarks,
    several_preds,
    value_text,
    verdict_word,
    worst_tables,
)
from losscli.text import visible

if TYPE_CHECKING:
    from losscli.report.records import Report
    from losscli.show import Canvas

LEAST_WIDTH = 40
"""Below it a number would be cut; the lines then run over."""

LEAST_REMARK = 24
"""Characters of a remark, or of a text in a row, in a line, if it has to run over several."""

BETWEEN = 3
"""Characters between two columns."""

ARROWS = {"lower": "↓", "higher": "↑"}


def render(report: Report, look: Canvas) -> str:
    out = io.StringIO()
    console = _console(out, look)
    console.print(Text(visible(caption(report)), "dim"))
    console.print()
    beside = _beside(report, look)
    # What is beside the numbers gives way where there is no room for it, the last first.
    while beside and _width(report, look, beside, console) > console.width:
        beside.popitem()
    console.print(_results(report, look, beside))
    if report.gate is not None:
        _print_gate(console, report.gate, look)
    for heading, names, rows in worst_tables(report):
        numbers = {name for at, name in enumerate(names) if all(is_number(row[at]) for row in rows)}
        console.print()
        console.print(Text(visible(heading), "dim"))
        for at, places in enumerate(_pieces(names, rows, numbers, console.width)):
            if at:
                console.print()
            console.print(_some(names, rows, numbers, look, places))
    return _text(out, look)


def _pieces(
    names: Sequence[str], rows: Sequence[Sequence[str]], numbers: Container[str], width: int
) -> list[list[int]]:
    """The columns of a table of rows, in pieces below each other where they do not fit: the first column in each."""
    needed = []
    for at, name in enumerate(names):
        cells = [name, *(row[at] for row in rows)]
        needed.append(max(cell_len(visible(c if name in numbers else c[:LEAST_REMARK])) for c in cells))
    pieces, left = [[0]], width - needed[0]
    for at in range(1, len(names)):
        taken = needed[at] + BETWEEN
        if taken > left and len(pieces[-1]) > 1:
            pieces.append([0])
            left = width - needed[0]
        pieces[-1].append(at)
        left -= taken
    return pieces


def _some(
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    numbers: Container[str],
    look: Canvas,
    places: Sequence[int],
) -> Table:
    return _table([names[at] for at in places], [[row[at] for at in places] for row in rows], numbers, look)


def _beside(report: Report, look: Canvas) -> dict[str, list[str]]:
    """Columns of small pictures by their heads, where there is anything to draw."""
    if not look.pictures:
        return {}
    from losscli.show.sparklines import sizes, spreads

    found = {"by slice": sizes(report, look), "loss of each row": spreads(report, look)}
    return {head: cells for head, cells in found.items() if any(cells)}


def _width(report: Report, look: Canvas, beside: Mapping[str, Sequence[str]], console: Console) -> int:
    """The width in which no cell runs over, but for remarks, which may."""
    table = _results(report, look, beside, most_said=LEAST_REMARK)
    return Measurement.get(console, console.options.update(width=sys.maxsize), table).maximum


def _results(
    report: Report, look: Canvas, beside: Mapping[str, Sequence[str]], most_said: int | None = None
) -> Table:
    several = len({r.pred for r in report.results}) > 1
    said = [remarks(r)[:most_said] for r in report.results]
    table = Table(box=box.SIMPLE_HEAD if look.unicode else box.ASCII2, pad_edge=False, show_edge=False)
    table.add_column("loss", overflow="fold")
    if several:
        table.add_column("pred", overflow="fold")
    placed = any(r.part or r.slice for r in report.results)
    if placed:
        table.add_column("of", overflow="fold")
    table.add_column("value", justify="right", no_wrap=True)
    constants = any(r.constant for r in report.results)
    if constants:
        table.add_column("constant", justify="right", no_wrap=True)
        table.add_column("skill", justify="right", no_wrap=True)
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("better")
    if report.before is not None:
        table.add_column("change", justify="right", no_wrap=True)
    for head in beside:
        table.add_column(head, no_wrap=True)
    if any(said):
        table.add_column("remarks", overflow="fold")
    before = report.before or [None] * len(report.results)
    for at, (r, remark, was) in enumerate(zip(report.results, said, before, strict=True)):
        arrow = f"{ARROWS[r.better]} {r.better}" if look.unicode and r.better in ARROWS else r.better
        place = [place_text(r.part, r.slice)] if placed else []
        beaten = constant_texts(r) if constants else []
        cells = [
            r.loss,
            *([r.pred] if several else []),
            *place,
            value_text(r.value),
            *beaten,
            f"{r.rows}",
            arrow,
        ]
        style = "bold" if r.value is not None else "dim"
        table.add_row(
            *(Text(visible(cell), style if cell == value_text(r.value) else "") for cell in cells),
            *([Text(change_text(r.value, was))] if report.before is not None else []),
            *(Text(drawn[at], "cyan") for drawn in beside.values()),
            *([Text(visible(remark))] if any(said) else []),
        )
    return table


def draw(heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: Container[str], look: Canvas) -> str:
    """A table of cells; the columns whose heads are among ``numbers`` stand to the right."""
    out = io.StringIO()
    _console(out, look).print(_table(heads, rows, numbers, look))
    return _text(out, look)


def _table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: Container[str], look: Canvas
) -> Table:
    table = Table(box=box.SIMPLE_HEAD if look.unicode else box.ASCII2, pad_edge=False, show_edge=False)
    for head in heads:
        right = head in numbers
        table.add_column(
            Text(visible(head)), overflow="fold", justify="right" if right else "left", no_wrap=right
        )
    for row in rows:
        table.add_row(*(Text(visible(cell)) for cell in row))
    return table


def _console(out: io.StringIO, look: Canvas) -> Console:
    return Console(
        file=out, width=max(look.width, LEAST_WIDTH), force_terminal=look.colour, highlight=False, markup=False,
        emoji=False, color_system="standard" if look.colour else None, legacy_windows=False,
    )  # fmt: skip


def _text(out: io.StringIO, look: Canvas) -> str:
    lines = (line.rstrip() for line in out.getvalue().splitlines())
    text = "\n".join(lines) + "\n"
    return text if look.unicode else text.replace("–", "-").replace("…", "...")


def _print_gate(console: Console, gate: Mapping[str, Any], look: Canvas) -> None:
    """The verdict, and one line a limit: words say it, colour only repeats them."""
    several = several_preds(gate)
    table = Table(box=None, show_header=False, pad_edge=False, show_edge=False)
    for _ in range(4):
        table.add_column(overflow="fold")
    for limit in gate["limits"]:
        style = "green" if limit["passed"] else "bold red"
        value = limit["reason"] or value_text(limit["value"])
        if limit["reason"] is None and limit["baseline"] is not None:
            value += f", {value_text(limit['baseline'])} in the baseline"
        table.add_row(
            Text(f"  {verdict_word(limit)}", style),
            *(Text(visible(cell)) for cell in (limit_name(limit, several=several), limit_text(limit), value)),
        )
    console.print()
    console.print(Text(gate_line(gate), "green" if gate["passed"] else "bold red"))
    console.print(table)
