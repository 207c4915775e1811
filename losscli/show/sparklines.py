"""Small pictures beside the numbers of a table: the distribution of a loss over rows, and its size by slice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from losscli.measure.observers.binned import Histogram
from losscli.measure.rows import column_of
from losscli.show.lines import several_preds

if TYPE_CHECKING:
    from losscli.report.records import Report, Result
    from losscli.show.canvas import Canvas

STEPS, LONGEST = 10, 10
"""Columns of a histogram, and of the longest bar."""
HEIGHTS, ASCII_HEIGHTS = "▁▂▃▄▅▆▇█", ".:-=+*%#"
EIGHTHS = " ▏▎▍▌▋▊▉"


def spreads(report: Report, look: Canvas) -> list[str]:
    """For each result, a histogram of the losses of its rows, between the least and the greatest.

    It is empty for slices, for which no histogram is kept.
    """
    several = several_preds(report.results)
    return ["" if r.slice else _spread(r, report, look, several=several) for r in report.results]


def _spread(result: Result, report: Report, look: Canvas, *, several: bool) -> str:
    part = next(iter(result.part.values()), None)
    name = column_of(result.loss, result.pred if several else None, part)
    histogram = (report.binned or {}).get(("loss", name))
    if not isinstance(histogram, Histogram):
        return ""
    edges, places = histogram.axis.edges, np.flatnonzero(histogram.counts)
    if len(places) == 1:
        return f"all {edges[places[0]]:.3g}"
    # Each bin falls into a column by its place between the first and the last bin.
    column = (places - places[0]) * STEPS // (places[-1] - places[0] + 1)
    counts = np.bincount(column, histogram.counts[places], STEPS)
    heights = HEIGHTS if look.unicode else ASCII_HEIGHTS
    levels = np.ceil(counts / counts.max() * len(heights)).astype(int)
    drawn = "".join(heights[level - 1] if level else " " for level in levels.tolist())
    return f"{edges[places[0]]:.3g} {drawn} {edges[places[-1]]:.3g}"


def sizes(report: Report, look: Canvas) -> list[str]:
    """For each slice, a bar as long as its value, on one scale for a loss and prediction; empty for other results."""
    most: dict[tuple[str, str, str], float] = {}
    for r in report.results:
        if r.slice and r.value is not None:
            key = _group(r)
            most[key] = max(most.get(key, 0.0), abs(r.value))
    return [
        bar(abs(r.value) / most[_group(r)] * LONGEST, look)
        if r.slice and r.value is not None and most[_group(r)] > 0.0
        else ""
        for r in report.results
    ]


def bar(length: float, look: Canvas) -> str:
    """A bar of so many characters; any length above 0 is visible."""
    if not look.unicode:
        return "#" * max(round(length), 1 if length > 0.0 else 0)
    whole, part = divmod(max(round(8 * length), 1 if length > 0.0 else 0), 8)
    return "█" * whole + EIGHTHS[part].strip()


def _group(result: Result) -> tuple[str, str, str]:
    return result.loss, result.pred, "+".join(result.slice)
