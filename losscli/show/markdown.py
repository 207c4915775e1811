"""A Markdown table, for a comment or a summary: with a baseline the change, with limits what became of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from losscli.report.gates import failures
from losscli.show.lines import (
    caption,
    change_text,
    constant_texts,
    gate_line,
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


def render(report: Report, look: Canvas) -> str:
    several = len({r.pred for r in report.results}) > 1
    sliced = any(r.part or r.slice for r in report.results)
    constants = any(r.constant for r in report.results)
    heads = [
        "loss", *(["pred"] if several else []), *(["of"] if sliced else []), "value",
        *(["constant", "skill"] if constants else []), *(["baseline", "change"] if report.before is not None else []), "rows", "better", "remarks",
    ]  # fmt: skip
    rows = []
    for at, r in enumerate(report.results):
        was = report.before[at] if report.before is not None else None
        changes = [value_text(was), change_text(r.value, was)] if report.before is not None else []
        place = [place_text(r.part, r.slice)] if sliced else []
        rows.append([
            r.loss, *([r.pred] if several else []), *place, value_text(r.value),
            *(constant_texts(r) if constants else []), *changes, str(r.rows), r.better,
            remarks(r),
        ])  # fmt: skip
    lines = [cell(caption(report)), "", *_table(heads, rows)]
    if report.gate is not None:
        lines += ["", f"**{cell(gate_line(report.gate))}**", "", *_verdicts(report.gate)]
    for heading, names, cells in worst_tables(report):
        lines += ["", cell(heading), "", *_table([cell(name) for name in names], cells)]
    return "\n".join(lines) + "\n"


def _verdicts(gate: Mapping[str, Any]) -> list[str]:
    """A line a limit; those that failed come first, the worst on top."""
    several = several_preds(gate)
    rows = [
        [
            verdict_word(limit), limit_name(limit, several=several), limit_text(limit), value_text(limit["value"]),
            value_text(limit["baseline"]) if limit["baseline"] is not None else "", limit["reason"] or "",
        ]
        for limit in [*failures(gate), *(limit for limit in gate["limits"] if limit["passed"])]
    ]  # fmt: skip
    return _table(["verdict", "loss", "limit", "value", "baseline", "reason"], rows)


NUMBERS = ("value", "constant", "skill", "baseline", "change", "rows")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table; a column of remarks that holds nothing is left out."""
    kept = [
        at for at, head in enumerate(heads)
        if head not in ("remarks", "reason", "baseline") or any(row[at] for row in rows)
    ]  # fmt: skip
    marks = ["---:" if heads[at] in NUMBERS else "---" for at in kept]
    lines = [[heads[at] for at in kept], marks, *([cell(row[at]) for at in kept] for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines]


def cell(text: str) -> str:
    """Text that Markdown shows as it is."""
    # Within a word an underscore marks nothing up, and stands as it is for who reads or searches the source.
    return re.sub(r"([\\`*{}\[\]<>#|~$@!&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))", r"\\\1", visible(text))
