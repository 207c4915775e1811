"""What a cell of CSV means under its dialect, a list in it included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from losscli.reading.json_values import JsonValues
from losscli.reading.text import not_utf8
from losscli.table.cells import JSON_LISTS, LIST_HINT, CellReader, Unreadable, is_list_text, shown_bytes


class CsvCells(JsonValues):
    """The grammar of cells of CSV: `CellReader`, and the lists that `--dialect list=…` lets a cell hold."""

    def __init__(self, cells: CellReader) -> None:
        super().__init__(cells)
        self.nulls = tuple(null.encode() for null in cells.null if null)

    def number(self, cell: str) -> float | None:
        return self._hinting(self.cells.number, cell)

    def truth(self, cell: str) -> float | None:
        return self._hinting(self.cells.truth, cell)

    def _hinting(self, read: Callable[[str], float | None], cell: str) -> float | None:
        """The number in a cell; Unreadable says how to read a cell that looks like a list."""
        try:
            return read(cell)
        except Unreadable as error:
            if error.hint is None and self.cells.list is None and is_list_text(cell):
                error.hint = LIST_HINT
            raise

    def score(self, cell: str) -> float | None:
        return self.cells.score(cell)

    def label(self, cell: str) -> int | str | None:
        return self.cells.label(cell)

    def text(self, cell: str) -> str | None:
        return self.cells.text(cell)

    def vector(self, cell: str, width: int) -> list[float] | None:
        return super().vector(self._list(cell), width)

    def labels(self, cell: str) -> str | None:
        return super().labels(self._list(cell))

    def as_json(self, cell: str) -> str | None:
        try:
            value = self._value(cell)
        except Unreadable:
            value = cell
        return super().as_json([self._member(one) for one in value] if isinstance(value, list) else value)

    def undecodable(self, raw: bytes) -> Unreadable:
        return Unreadable(f"`{shown_bytes(raw)}` is not valid UTF-8", None, not_utf8("").hint)

    def _value(self, cell: str) -> Any:
        """The contents of a cell that may be a list: a list, one value, or None where it is missing."""
        grammar = self.cells
        if cell in grammar.missing_texts:
            return None
        if grammar.list == JSON_LISTS:
            from losscli.reading.json_text import json_in_cell

            return json_in_cell(cell)
        if grammar.list is not None and grammar.list in cell:
            return grammar.parted(cell)
        return cell.strip(" \t")

    def _list(self, cell: str) -> Any:
        """The same where a list is wanted: by a mark, one value alone is a list of one."""
        value = self._value(cell)
        alone = value is not None and not isinstance(value, list) and self.cells.list != JSON_LISTS
        return [value] if alone else value

    def _text_number(self, text: str, *, score: bool = False) -> float | None:
        """A member of a list as a number."""
        try:
            return self.cells.number(text)
        except Unreadable as error:
            raise Unreadable(error.message) from None

    def _member(self, member: Any) -> Any:
        """A member of a list as JSON: its number, if it is one."""
        if not isinstance(member, str):
            return member
        try:
            found = self.cells.number(member)
        except Unreadable:
            return member
        return int(found) if found is not None and found.is_integer() else found
