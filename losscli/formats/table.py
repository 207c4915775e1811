"""A table for a terminal."""

from __future__ import annotations

import io

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from losscli.formats import Look
from losscli.formats.lines import caption, remarks, value_text
from losscli.report import Report
from losscli.text import visible

ARROWS = {"lower": "↓", "higher": "↑", "zero": "→ 0"}


def render(report: Report, look: Look) -> str:
    several = len({r.pred for r in report.results}) > 1
    said = [remarks(r) for r in report.results]
    table = Table(box=box.SIMPLE_HEAD if look.unicode else box.ASCII2, pad_edge=False, show_edge=False)
    table.add_column("loss", overflow="fold")
    if several:
        table.add_column("pred", overflow="fold")
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("better")
    if any(said):
        table.add_column("remarks", overflow="fold")
    for r, remark in zip(report.results, said, strict=True):
        arrow = f"{ARROWS[r.better]} {r.better}" if look.unicode and r.better != "zero" else r.better
        cells = [r.loss, *([r.pred] if several else []), value_text(r.value), f"{r.rows}", arrow]
        style = "bold" if r.value is not None else "dim"
        table.add_row(
            *(Text(visible(cell), style if cell == value_text(r.value) else "") for cell in cells),
            *([Text(visible(remark))] if any(said) else []),
        )
    out = io.StringIO()
    console = Console(
        file=out, width=max(look.width, 20), force_terminal=look.colour, highlight=False, markup=False,
        emoji=False, color_system="standard" if look.colour else None, legacy_windows=False,
    )  # fmt: skip
    console.print(Text(visible(caption(report)), "dim"))
    console.print()
    console.print(table)
    lines = (line.rstrip() for line in out.getvalue().splitlines())
    text = "\n".join(lines) + "\n"
    return text if look.unicode else text.replace("–", "-").replace("…", "...")
