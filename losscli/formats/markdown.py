"""A Markdown table, for a comment or a summary."""

from __future__ import annotations

import re

from losscli.formats import Look
from losscli.formats.lines import caption, remarks, value_text
from losscli.report import Report
from losscli.text import visible


def render(report: Report, look: Look) -> str:
    rows = [
        [r.loss, value_text(r.value), str(r.rows), r.better, remarks(r)]
        for r in report.results
    ]  # fmt: skip
    heads = ["loss", "value", "rows", "better", "remarks"]
    if not any(row[-1] for row in rows):
        heads, rows = heads[:-1], [row[:-1] for row in rows]
    marks = ["---", "---:", "---:", "---", "---"][: len(heads)]
    lines = [heads, marks, *([cell(text) for text in row] for row in rows)]
    return "\n".join([cell(caption(report)), "", *(f"| {' | '.join(line)} |" for line in lines)]) + "\n"


def cell(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]<>#|~$@!&])", r"\\\1", visible(text))
