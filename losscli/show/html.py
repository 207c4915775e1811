"""A page for a browser: one file without scripts or references, readable in light, in dark and in print.

Jinja fills the template and escapes what comes from files; `svg` draws the pictures.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from losscli.show import package
from losscli.text import grouped, visible

if TYPE_CHECKING:
    from losscli.show.canvas import Canvas
    from losscli.show.pictures import Picture
    from losscli.show.view import ViewModel

MOST_PICTURES = 24
MOST_LINES = 500
"""Nobody reads a longer page; the other formats hold all rows."""

MOST_WORST = 200
MOST_CLASSES = 30
MOST_SPANS = 100
"""Of each loss."""

OPEN_LINES = 24
"""With more results than this, those of slices are folded away."""


def render(view: ViewModel, look: Canvas) -> str:
    """The page of a report or a comparison, with its pictures, in one piece."""
    pictures, table = view.pictures(), view.results(ends=True)
    rows = list(table.rows())
    whole = len(rows) if view.whole_rows is None or len(rows) <= OPEN_LINES else max(view.whole_rows, 1)
    first = min(whole, MOST_LINES)
    slices = rows[first:][:MOST_LINES] if view.whole_rows is not None else []
    return _page(
        view=view,
        subject=view.subject,
        gates=sorted(view.gate.limits, key=lambda limit: limit.passed) if view.gate is not None else [],
        table=table,
        results=rows[:first],
        slices=slices,
        more=len(rows) - first - len(slices),
        drawn=list(_drawn(pictures[:MOST_PICTURES])),
        hidden=max(0, len(pictures) - MOST_PICTURES),
        shares=list(view.shares()),
        worst=[(rows, list(rows.rows())) for rows in view.worst()],
        most_worst=MOST_WORST,
        matrices=list(_matrices(view)),
        spans=list(view.spans(MOST_SPANS)),
        models=list(view.models()),
        groups=list(view.groups()),
        grouped=grouped,
    )


def _page(**context: Any) -> str:
    jinja = package("jinja2", format="html", extra="report")
    folder = os.path.join(os.path.dirname(__file__), "templates")
    environment = jinja.Environment(
        loader=jinja.FileSystemLoader(folder), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja.StrictUndefined, finalize=lambda value: visible(value) if type(value) is str else value,
    )  # fmt: skip
    text: str = environment.get_template("page.html").render(**context)
    return text


def _drawn(pictures: Sequence[Picture]) -> Iterator[tuple[Picture, Any]]:
    """Each picture with its SVG, which the template does not escape."""
    if not pictures:
        return
    markup = package("markupsafe", format="html", extra="report").Markup
    package("matplotlib", format="html", extra="report")
    from losscli.show.svg import svg

    for at, picture in enumerate(pictures):
        yield picture, markup(svg(picture, f"p{at}"))


def _matrices(view: ViewModel) -> Iterator[dict[str, Any]]:
    """The confusion tables, shaded by the share of the row; tables of very many classes are left out."""
    for table in view.confusions():
        if len(table.classes) > MOST_CLASSES:
            continue
        rows = []
        for name, counts, texts in zip(table.classes, table.counts, table.texts(), strict=True):
            # As fractions, since the sum of the weights may exceed the doubles; a weight that does is null.
            sizes = [Fraction(count or 0) for count in counts]
            shades = [float(size / sum(sizes)) if size else 0.0 for size in sizes]
            cells = [{"text": t, "shade": f"{shade:.3f}"} for t, shade in zip(texts, shades, strict=True)]
            rows.append((name, cells))
        yield {"title": table.pred, "classes": table.classes, "rows": rows}
