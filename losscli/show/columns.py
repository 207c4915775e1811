"""Tables for eyes: columns of texts, and what the texts are, by which a format sets them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

NUMBERS = ("value", "number", "count", "change")


class TextColumn(NamedTuple):
    """One column for eyes: its head, a text for each row, and what the texts are."""

    head: str
    cells: Sequence[str]
    kind: Literal["text", "word", "value", "number", "count", "change", "picture", "remarks", "bar"] = "text"
    title: str = ""  # the head in full, where it is short for something

    @property
    def number(self) -> bool:
        """Whether the cells are set to the right and never broken."""
        return self.kind in NUMBERS


class Table(NamedTuple):
    """Columns of one length, a heading where the table is not the only one, and how many rows are left out."""

    columns: list[TextColumn]
    heading: str = ""
    more: int = 0

    def rows(self) -> Iterable[tuple[str, ...]]:
        """The cells, row by row."""
        return zip(*(column.cells for column in self.columns), strict=True)
