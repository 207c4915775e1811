"""Cells become columns: the one converter of every input format.

A format hands over cells, which are texts or values of JSON, and a grammar that says what one of them means. Arrays
that a file stores as such are read by `stored`, and lists in them by `lists`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from losscli.reading.keys import keys_of_labels
from losscli.reading.read import Read, coded, never
from losscli.table.block import KEY_KINDS, ColumnKind, ColumnRequest, Mask, NumberColumn
from losscli.table.cells import Unreadable


class Grammar(Protocol):
    """What a cell of a format means: None where it is missing, Unreadable where it is not what is wanted."""

    def number(self, cell: Any) -> float | None:
        """A cell as a number; None where it is missing."""

    def truth(self, cell: Any) -> float | None:
        """A cell as a number, or as 1 or 0 where it is true or false."""

    def score(self, cell: Any) -> float | None:
        """A cell as a number that tells its class as well."""

    def vector(self, cell: Any, width: int) -> list[float] | None:
        """A cell as a list of ``width`` numbers, NaN where one is missing."""

    def label(self, cell: Any) -> int | str | None:
        """A cell as a class; None where it is missing."""

    def labels(self, cell: Any) -> str | None:
        """A cell as the text of a list of classes."""

    def text(self, cell: Any) -> str | None:
        """A cell as text; None where it is missing."""

    def as_json(self, cell: Any) -> str | None:
        """A cell as JSON text, lists too."""

    def undecodable(self, raw: bytes) -> Unreadable:
        """Why bytes are no cell."""


class Texts(NamedTuple):
    """Texts of a file, and by their places those that are not UTF-8, which are empty among the texts."""

    texts: Sequence[str]
    undecodable: Mapping[int, bytes]


def decoded(raws: Sequence[bytes]) -> Texts:
    """The texts of some bytes, all at once unless one of them is not UTF-8."""
    try:
        return Texts([raw.decode() for raw in raws], {})
    except UnicodeDecodeError:
        pass
    texts, undecodable = [], dict[int, bytes]()
    for place, raw in enumerate(raws):
        try:
            texts.append(raw.decode())
        except UnicodeDecodeError:
            undecodable[place] = raw
            texts.append("")
    return Texts(texts, undecodable)


def read_texts(found: Texts, want: ColumnRequest, grammar: Grammar, *, in_order: bool = True) -> Read:
    """Texts as a column; `read_cells` says the rest."""
    if found.undecodable and want.kind == "score":
        want = want._replace(kind="class")
    read = read_cells(found.texts, want, grammar, in_order=in_order)
    if not found.undecodable:
        return read
    bad = np.zeros(len(found.texts), np.bool_) if read.bad is None else read.bad
    bad[list(found.undecodable)] = True

    def why(row: int) -> Unreadable:
        raw = found.undecodable.get(row)
        return read.why(row) if raw is None else grammar.undecodable(raw)

    return Read(read.column, bad, why)


def read_cells(cells: Sequence[Any], want: ColumnRequest, grammar: Grammar, *, in_order: bool = True) -> Read:
    """Cells as a column; ``in_order``: they are in the order of rows, so that none after the first bad one matters."""
    kind = want.kind
    if kind in KEY_KINDS:
        return _keys(cells, want.kind, grammar, in_order)
    if kind in ("number", "truth", "score", "vector"):
        read = _numbers(cells, want, grammar, in_order)
        if kind != "score" or read.bad is None:
            return read
    meanings: dict[ColumnKind, Callable[[Any], int | str | None]] = {
        "class": grammar.label,
        "score": grammar.label,
        "text": grammar.text,
        "labels": grammar.labels,
        "list": grammar.as_json,
    }
    labels, reasons = _each(cells, meanings[kind], in_order)
    return Read(coded(labels), *_bad(reasons, len(cells)))


def _numbers(cells: Sequence[Any], want: ColumnRequest, grammar: Grammar, in_order: bool) -> Read:
    if want.kind == "vector":
        rows, reasons = _each(cells, lambda cell: grammar.vector(cell, want.width), in_order)
        gone = [np.nan] * want.width
        values = np.array([gone if row is None else row for row in rows], np.float64)
        values = values.reshape(len(cells), want.width)
        missing = np.array([row is None for row in rows], np.bool_)
    else:
        meanings = {"number": grammar.number, "truth": grammar.truth, "score": grammar.score}
        numbers, reasons = _each(cells, meanings[want.kind], in_order)
        values = np.array(numbers, np.float64)  # of None it makes NaN, which no cell means
        missing = np.isnan(values)
    column = NumberColumn(values, missing if missing.any() else None)
    return Read(column, *_bad(reasons, len(cells)))


def _keys(cells: Sequence[Any], kind: ColumnKind, grammar: Grammar, in_order: bool) -> Read:
    texts, reasons = _each(cells, grammar.text, in_order)
    return keys_of_labels(Read(coded(texts), *_bad(reasons, len(cells))), kind)


def _each(
    cells: Sequence[Any], meaning: Callable[[Any], Any], in_order: bool
) -> tuple[list[Any], dict[int, Unreadable]]:
    """What each cell means, and what is wrong with some."""
    try:
        return list(map(meaning, cells)), {}
    except Unreadable:
        pass
    found, reasons = [], dict[int, Unreadable]()
    for place, cell in enumerate(cells):
        try:
            found.append(meaning(cell))
        except Unreadable as error:
            reasons[place] = error.with_traceback(None)
            found.append(None)
            if in_order:
                break
    return found + [None] * (len(cells) - len(found)), reasons


def _bad(reasons: Mapping[int, Unreadable], rows: int) -> tuple[Mask | None, Callable[[int], Unreadable]]:
    if not reasons:
        return None, never
    bad = np.zeros(rows, np.bool_)
    bad[list(reasons)] = True
    return bad, reasons.__getitem__
