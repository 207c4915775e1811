"""A report or a comparison for who works in Python: as a table of Arrow, as text, in rich, and as HTML of a notebook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from rich.text import Text

from losscli.show import render, view_of
from losscli.show.canvas import Canvas
from losscli.text import visible

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions

    from losscli.report.comparison import Comparison
    from losscli.report.records import Report
    from losscli.show.columns import Table

STYLE = (
    "<style>.losscli td,.losscli th{text-align:left}.losscli .n{text-align:right;font-variant-numeric:tabular-nums}"
    ".losscli caption{caption-side:top;text-align:left}</style>"
)


def table(subject: Report | Comparison) -> Any:
    """The exact columns, with one for each column of a slicing."""
    import pyarrow as pa

    columns: dict[str, Any] = {}
    for name, cells in view_of(subject).exact():
        for head, own in _placed(name, cells, subject):
            known = any(cell is not None for cell in own)
            columns[head] = pa.array(own, None if known else pa.float64())
    return pa.table(columns)


def _placed(
    name: str, cells: Sequence[Any], subject: Report | Comparison
) -> Iterator[tuple[str, Sequence[Any]]]:
    """A column; of parts and slices one for each name in them, unless rows were added for pairs of classes."""
    records: Sequence[Any] = subject.rows_shown
    if name not in ("part", "slice") or len(records) != len(cells):
        yield name, cells
        return
    places = [getattr(record, name) for record in records]
    for head in dict.fromkeys(head for place in places for head in place):
        yield head, [place.get(head) for place in places]


def text(subject: Report | Comparison, look: Canvas | None = None) -> str:
    """The table of the terminal, without a line's end."""
    return render("table", [subject], look).rstrip("\n")


class Drawn:
    """The table of the terminal as rich draws it, in the width and colours of its console."""

    def __init__(self, subject: Report | Comparison) -> None:
        self.subject = subject

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        look = Canvas(options.max_width, console.color_system is not None, not options.ascii_only)
        yield Text.from_ansi(text(self.subject, look))


def html(subject: Report | Comparison) -> str:
    """The table, the verdict and the notes, in the colours of the notebook."""
    view = view_of(subject)
    pieces = [STYLE, _table(view.results(ends=True), view.caption)]
    if view.verdict is not None:
        pieces.append(f"<p><strong>{_escaped(view.verdict.line)}</strong></p>")
    pieces += [f"<p>{_escaped(note)}</p>" for note in view.notes()]
    return f'<div class="losscli">{"".join(pieces)}</div>'


def _table(found: Table, caption: str) -> str:
    kinds = [' class="n"' if column.number else "" for column in found.columns]
    heads = "".join(
        f'<th scope="col"{kind}>{_escaped(column.head)}</th>'
        for kind, column in zip(kinds, found.columns, strict=True)
    )
    rows = "".join(
        f"<tr>{''.join(f'<td{kind}>{_escaped(cell)}</td>' for kind, cell in zip(kinds, row, strict=True))}</tr>"
        for row in found.rows()
    )
    return f"<table><caption>{_escaped(caption)}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _escaped(words: str) -> str:
    return escape(visible(words))
