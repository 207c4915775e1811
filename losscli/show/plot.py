"""Pictures made of characters, for `--plot`: the same numbers as on the page (`pictures`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from losscli.show.lines import place_text, value_text
from losscli.show.pictures import (
    ConfusionTable,
    Curve,
    Picture,
    SlicedResults,
    confusions,
    pictures,
    slicings,
)
from losscli.show.sparklines import bar
from losscli.text import plural, visible

if TYPE_CHECKING:
    from losscli.report.records import Report
    from losscli.show.canvas import Canvas
    from losscli.table.block import Floats, Ints

BINS, HEIGHT, WIDEST = 16, 17, 72
MOST_BARS = 40
POINTS, ASCII_POINTS = "•×○+△□◇▲■◆", "*xo+#@%&$="
"""The mark of each curve in a picture."""


def plots(report: Report, name: str, look: Canvas) -> str:
    """The pictures of that name, one below the other; empty if the report has none."""
    if name == "by":
        found = [_slices(slicing, look) for slicing in slicings(report)]
    elif name == "confusion":
        found = [_confusion(table) for table in confusions(report)]
    else:
        found = [_picture(p, look) for p in pictures(report) if p.plot == name]
    text = "\n".join(found)
    if not look.unicode:
        text = text.replace("−", "-").replace("–", "-")
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n" if text else ""


def _picture(picture: Picture, look: Canvas) -> str:
    if picture.counts is not None and picture.edges is not None:
        return _histogram(picture, picture.edges, picture.counts, look)
    return _lines(picture, look)


def _histogram(picture: Picture, edges: Floats, counts: Ints, look: Canvas) -> str:
    group = -(-len(counts) // BINS)
    names, heights = [], []
    for at in range(0, len(counts), group):
        high = edges[min(at + group, len(counts))]
        names.append(f"{edges[at]:.5g} to {high:.5g}")
        heights.append(int(counts[at : at + group].sum()))
    said = [str(height) for height in heights]
    note = f"{picture.note}\n" if picture.note else ""
    return f"{visible(picture.title)}\n{_bars(names, said, [float(h) for h in heights], look)}{note}"


def _bars(names: Sequence[str], said: Sequence[str], sizes: Sequence[float], look: Canvas) -> str:
    """A line for each bar, with its name and number; names are cut in a narrow terminal."""
    room = max(8, look.width // 2 - 12)
    names = [visible(name) for name in names]
    names = [name if len(name) <= room else f"{name[: room - 2]}.." for name in names]
    first, second = max(map(len, names)), max(map(len, said))
    width = max(4, min(look.width - first - second - 5, WIDEST))
    most = max(sizes, default=0.0)
    lines = []
    for name, number, size in zip(names, said, sizes, strict=True):
        drawn = bar(size / most * width if most > 0.0 else 0.0, look)
        lines.append(f"  {name:>{first}} {number:>{second}} {drawn}".rstrip())
    return "\n".join(lines) + "\n"


def _lines(picture: Picture, look: Canvas) -> str:
    """Curves from 0 to 1 on both axes; the diagonal, or the level across, is dotted."""
    width = max(12, min(look.width - 8, 2 * HEIGHT + 16))
    points, dot = (POINTS, "·") if look.unicode else (ASCII_POINTS, ".")
    cells = [[" "] * width for _ in range(HEIGHT)]

    def put(x: float, y: float, mark: str) -> None:
        column, row = round(x * (width - 1)), HEIGHT - 1 - round(y * (HEIGHT - 1))
        if 0 <= column < width and 0 <= row < HEIGHT:
            cells[row][column] = mark

    for step in range(0, width, 2):
        x = step / (width - 1)
        if picture.diagonal:
            put(x, x, dot)
        if picture.level is not None:
            put(x, picture.level, dot)
    for line, point in zip(picture.lines, points, strict=False):
        xs, ys = line.x, line.y
        if picture.marks:
            for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
                put(x, y, point)
            continue
        # Points at even distances along the curve leave no gaps.
        way = np.concatenate([[0.0], np.cumsum(abs(np.diff(xs)) + abs(np.diff(ys)))])
        place = np.linspace(0.0, way[-1], 20 * HEIGHT)
        for x, y in zip(np.interp(place, way, xs), np.interp(place, way, ys), strict=True):
            put(float(x), float(y), point)
    labels = {0: "1.0", HEIGHT // 2: "0.5", HEIGHT - 1: "0.0"}
    bar = "│" if look.unicode else "|"
    rows = [f"  {labels.get(at, ''):>3} {bar}{''.join(row)}" for at, row in enumerate(cells)]
    foot = f"      0.0{'':{width - 6}}1.0"
    title = f"{visible(picture.title)}: {picture.y} by {picture.x}"
    told = [picture.note] if picture.note else []
    if len(picture.lines) > 1:
        told += [f"{point} {_said(line)}" for line, point in zip(picture.lines, points, strict=False)]
    return "\n".join([title, *rows, foot, *(f"  {words}" for words in told)]) + "\n"


def _said(line: Curve) -> str:
    return visible(f"{line.of}: {line.said}" if line.said else line.of)


def _slices(slicing: SlicedResults, look: Canvas) -> str:
    """The values of a loss by slice."""
    shown = slicing.results[:MOST_BARS]
    names = [place_text({}, r.slice) for r in shown]
    values = [value_text(r.value) for r in shown]
    sizes = [abs(r.value) if r.value is not None else 0.0 for r in shown]
    left = len(slicing.results) - len(shown)
    more = f"  {plural(left, 'more is', 'more are')} not shown\n" if left else ""
    return f"{visible(slicing.title)}\n{_bars(names, values, sizes, look)}{more}"


def _confusion(table: ConfusionTable) -> str:
    names, cells = [visible(name)[:12] for name in table.classes], table.texts()
    width = max(len(text) for text in [*names, *(cell for row in cells for cell in row)])
    first = max(map(len, [*names, "label"]))
    lines = [f"Confusion: {visible(table.pred)}; a line a label, a column a prediction"]
    lines.append(f"  {'label':>{first}}  " + " ".join(f"{name:>{width}}" for name in names))
    for name, row in zip(names, cells, strict=True):
        lines.append(f"  {name:>{first}}  " + " ".join(f"{cell:>{width}}" for cell in row))
    return "\n".join(lines) + "\n"
