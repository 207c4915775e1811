"""A table for a terminal."""

from __future__ import annotations

import io
from collections.abc import Container, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from losscli.formats.lines import (
    caption,
    change_text,
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
    from losscli.formats import Look
    from losscli.report import Report

LEAST_WIDTH = 40
"""Below it a number would be cut; the lines then run over."""

ARROWS = {"lower": "↓", "higher": "↑"}


def render(report: Report, look: Look) -> str:
    several = len({r.pred for r in report.results}) > 1
    said = [remarks(r) for r in report.results]
    table = Table(box=box.SIMPLE_HEAD if look.unicode else box.ASCII2, pad_edge=False, show_edge=False)
    table.add_column("loss", overflow="fold")
    if several:
        table.add_column("pred", overflow="fold")
    placed = any(r.part or r.slice for r in report.results)
    if placed:
        table.add_column("of", overflow="fold")
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("better")
    if report.before is not None:
        table.add_column("change", justify="right", no_wrap=True)
    if any(said):
        table.add_column("remarks", overflow="fold")
    before = report.before or [None] * len(report.results)
    for r, remark, was in zip(report.results, said, before, strict=True):
        arrow = f"{ARROWS[r.better]} {r.better}" if look.unicode and r.better in ARROWS else r.better
        place = [place_text(r.part, r.slice)] if placed else []
        cells = [r.loss, *([r.pred] if several else []), *place, value_text(r.value), f"{r.rows}", arrow]
        style = "bold" if r.value is not None else "dim"
        table.add_row(
            *(Text(visible(cell), style if cell == value_text(r.value) else "") for cell in cells),
            *([Text(change_text(r.value, was))] if report.before is not None else []),
            *([Text(visible(remark))] if any(said) else []),
        )
    out = io.StringIO()
    console = _console(out, look)
    console.print(Text(visible(caption(report)), "dim"))
    console.print()
    console.print(table)
    if report.gate is not None:
        _print_gate(console, report.gate, look)
    for heading, names, rows in worst_tables(report):
        numbers = {name for at, name in enumerate(names) if all(is_number(row[at]) for row in rows)}
        console.print()
        console.print(Text(visible(heading), "dim"))
        console.print(_table(names, rows, numbers, look))
    return _text(out, look)


def draw(heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: Container[str], look: Look) -> str:
    """A table of cells; the columns whose heads are among ``numbers`` stand to the right."""
    out = io.StringIO()
    _console(out, look).print(_table(heads, rows, numbers, look))
    return _text(out, look)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: Container[str], look: Look) -> Table:
    table = Table(box=box.SIMPLE_HEAD if look.unicode else box.ASCII2, pad_edge=False, show_edge=False)
    for head in heads:
        right = head in numbers
        table.add_column(
            Text(visible(head)), overflow="fold", justify="right" if right else "left", no_wrap=right
        )
    for row in rows:
        table.add_row(*(Text(visible(cell)) for cell in row))
    return table


def _console(out: io.StringIO, look: Look) -> Console:
    return Console(
        file=out, width=max(look.width, LEAST_WIDTH), force_terminal=look.colour, highlight=False, markup=False,
        emoji=False, color_system="standard" if look.colour else None, legacy_windows=False,
    )  # fmt: skip


def _text(out: io.StringIO, look: Look) -> str:
    lines = (line.rstrip() for line in out.getvalue().splitlines())
    text = "\n".join(lines) + "\n"
    return text if look.unicode else text.replace("–", "-").replace("…", "...")


def _print_gate(console: Console, gate: Mapping[str, Any], look: Look) -> None:
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
