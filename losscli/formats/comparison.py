"""A comparison of models in every format that has a form of it; RENDERERS is the explicit table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from losscli.errors import UsageError
from losscli.formats import Look, markdown
from losscli.formats.lines import place_text, value_text
from losscli.text import plural, visible

if TYPE_CHECKING:
    from losscli.comparison import Compared, Comparison

NUMBERS = ("base", "head", "worse by", "interval", "p", "wins")


def known(name: str) -> str:
    if name not in RENDERERS:
        names = ", ".join(f"`{format}`" for format in RENDERERS)
        raise UsageError(f"a comparison has no format `{name}`", hint=f"it has {names}")
    return name


def render(name: str, comparison: Comparison, look: Look) -> str:
    return RENDERERS[known(name)](comparison, look)


def _json(comparison: Comparison, look: Look) -> str:
    return json.dumps(comparison.to_json(), indent=2, allow_nan=False) + "\n"


def _csv(comparison: Comparison, look: Look) -> str:
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


def cells_of(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    several = len({(c.base.pred, c.head.pred) for c in comparison.compared}) > 1
    sliced = any(c.slice or c.part for c in comparison.compared)
    heads = [
        "loss", *(["models"] if several else []), *(["of"] if sliced else []), "base", "head", "worse by",
        "interval", "p", "wins", "verdict",
    ]  # fmt: skip
    rows = []
    for c in comparison.compared:
        chance = c.p_value if c.p_adjusted is None else c.p_adjusted
        rows.append([
            c.loss, *([f"{c.base.pred} to {c.head.pred}"] if several else []),
            *([place_text(c.part, c.slice)] if sliced else []), value_text(c.base.value), value_text(c.head.value),
            value_text(c.worse_by), "–" if c.ci is None else f"[{c.ci['low']:.3g}, {c.ci['high']:.3g}]",
            "–" if chance is None else f"{chance:.3g}",
            "–" if c.wins is None else f"{100 * c.wins / max(c.rows, 1):.3g}%", c.verdict,
        ])  # fmt: skip
    return heads, rows


def caption_of(comparison: Comparison) -> str:
    """What is compared with what, over how many rows, and by what rule."""
    names = list(dict.fromkeys(f"{c.head.pred} against {c.base.pred}" for c in comparison.compared))
    paths = " and ".join(found.path for found in comparison.inputs)
    margin = f", margin {comparison.margin:g}" if comparison.margin else ""
    said = (
        f"{', '.join(names)} ({paths}): {plural(comparison.rows.used, 'row')}, "
        f"{100 * comparison.level:.4g}% intervals{margin}{'' if comparison.paired else '; unpaired'}"
    )
    return ", ".join(words for words in (said, comparison.left_out) if words)


def notes_of(comparison: Comparison) -> list[str]:
    """What is to be said of single comparisons, a line each."""
    return [f"{place_name(c)}: {c.note}" for c in comparison.compared if c.note]


def place_name(one: Compared) -> str:
    place = place_text(one.part, one.slice)
    return f"{one.loss} of {one.head.pred}{f', {place}' if place else ''}"


def failure(one: Compared) -> str:
    return f"comparison failed: {place_name(one)}: {one.verdict}"


def _table(comparison: Comparison, look: Look) -> str:
    # Imported here: only a terminal needs it.
    from losscli.formats.table import draw

    heads, rows = cells_of(comparison)
    # No number or verdict is cut: where the terminal is narrower, the lines run over.
    longest = (max(len(line[at]) for line in [heads, *rows]) for at in range(len(heads)))
    look = look._replace(width=max(look.width, sum(longest) + 3 * len(heads)))
    said = "".join(f"\n{visible(note)}\n" for note in notes_of(comparison))
    return f"{visible(caption_of(comparison))}\n\n{draw(heads, rows, NUMBERS, look)}{said}"


def _markdown(comparison: Comparison, look: Look) -> str:
    heads, rows = cells_of(comparison)
    marks = ["---:" if head in NUMBERS else "---" for head in heads]
    lines = [heads, marks, *([markdown.cell(text) for text in row] for row in rows)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    said = "".join(f"\n{markdown.cell(note)}\n" for note in notes_of(comparison))
    return f"{markdown.cell(caption_of(comparison))}\n\n{table}\n{said}"


def _html(comparison: Comparison, look: Look) -> str:
    # Imported here: the page needs packages of its own.
    from losscli.formats.html import render_comparison

    return render_comparison(comparison, look)


RENDERERS: dict[str, Callable[[Comparison, Look], str]] = {
    "table": _table,
    "json": _json,
    "csv": _csv,
    "markdown": _markdown,
    "html": _html,
}
