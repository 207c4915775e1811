"""A comparison of models in every format that has a form of it; RENDERERS is the explicit table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from losscli.errors import UsageError
from losscli.show import Canvas, markdown
from losscli.show.comparison_lines import NUMBERS, caption_of, cells_of, notes_of
from losscli.show.lines import place_text
from losscli.text import visible

if TYPE_CHECKING:
    from losscli.report.comparison import Comparison


def known(name: str) -> str:
    if name not in RENDERERS:
        names = ", ".join(f"`{format}`" for format in RENDERERS)
        raise UsageError(f"a comparison has no format `{name}`", hint=f"it has {names}")
    return name


def render(name: str, comparison: Comparison, look: Canvas) -> str:
    return RENDERERS[known(name)](comparison, look)


def _json(comparison: Comparison, look: Canvas) -> str:
    return json.dumps(comparison.to_json(), indent=2, allow_nan=False) + "\n"


def _csv(comparison: Comparison, look: Canvas) -> str:
    """One row a comparison, every digit, an empty cell where there is no value."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([
        "loss", "base_pred", "head_pred", "slice", "base", "head", "worse_by", "low", "high", "stderr", "p_value",
        "p_adjusted", "test", "wins", "ties", "losses", "detectable", "verdict", "rows", "note",
    ])  # fmt: skip
    for c in comparison.compared:
        ends = [c.ci["low"], c.ci["high"]] if c.ci is not None else [None, None]
        cells = [
            c.loss, c.base.pred, c.head.pred, place_text(c.part, c.slice), c.base.value, c.head.value, c.worse_by,
            *ends, c.stderr, c.p_value, c.p_adjusted, c.test, c.wins, c.ties, c.losses, c.detectable, c.verdict,
            c.rows, c.note,
        ]  # fmt: skip
        table.writerow([
            "" if cell is None else visible(cell) if isinstance(cell, str) else repr(cell) for cell in cells
        ])  # fmt: skip
    return text.getvalue()


def _table(comparison: Comparison, look: Canvas) -> str:
    # Imported here: only a terminal needs it.
    from losscli.show.table import draw

    heads, rows = cells_of(comparison)
    # No number or verdict is cut: where the terminal is narrower, the lines run over.
    longest = (max(len(line[at]) for line in [heads, *rows]) for at in range(len(heads)))
    look = look._replace(width=max(look.width, sum(longest) + 3 * len(heads)))
    said = "".join(f"\n{visible(note)}\n" for note in notes_of(comparison))
    return f"{visible(caption_of(comparison))}\n\n{draw(heads, rows, NUMBERS, look)}{said}"


def _markdown(comparison: Comparison, look: Canvas) -> str:
    heads, rows = cells_of(comparison)
    marks = ["---:" if head in NUMBERS else "---" for head in heads]
    lines = [heads, marks, *([markdown.cell(text) for text in row] for row in rows)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    said = "".join(f"\n{markdown.cell(note)}\n" for note in notes_of(comparison))
    return f"{markdown.cell(caption_of(comparison))}\n\n{table}\n{said}"


def _html(comparison: Comparison, look: Canvas) -> str:
    # Imported here: the page needs packages of its own.
    from losscli.show.html import render_comparison

    return render_comparison(comparison, look)


RENDERERS: dict[str, Callable[[Comparison, Canvas], str]] = {
    "table": _table,
    "json": _json,
    "csv": _csv,
    "markdown": _markdown,
    "html": _html,
}
