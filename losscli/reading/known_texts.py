"""Texts that a column has had before: block after block of a file repeats them, and each is decoded once."""

from __future__ import annotations

from threading import Lock
from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa

from losscli.reading.arrow_buffers import missing_rows, texts_of
from losscli.reading.arrow_cells import encoded
from losscli.reading.arrow_types import Array
from losscli.reading.convert import Grammar, read_texts
from losscli.table.block import ClassColumn, ColumnRequest, Ints

MOST = 1 << 18
"""Texts that are known of a column; where there are more, each block is read on its own."""


class _Known(NamedTuple):
    """Texts, the code of what each of them means, which is -1 where it is missing, and the labels by their codes."""

    texts: Array
    codes: Ints
    labels: tuple[int | str, ...] = ()


class ColumnTexts:
    """What the texts of one column mean; used by several threads at a time.

    Labels keep their codes, so that those of a block are the first ones of a later block.
    """

    def __init__(self, want: ColumnRequest, grammar: Grammar) -> None:
        self._want, self._grammar = want, grammar
        self._known: _Known | None = None
        self._codes: dict[int | str, int] = {}
        self._full = False
        self._growing = Lock()

    def read(self, texts: Array, every: int = 1) -> ClassColumn | None:
        """Every text, or every second, as a column; None where the block must be read on its own."""
        if self._full:
            return None
        known = self._known or _Known(texts[:0], np.zeros(0, np.int64))
        before = len(known.codes)
        # What is known comes first, so it gets its old numbers, and what is new the ones behind.
        places, entries = encoded(pa.concat_arrays([known.texts, texts]))
        if len(entries) > before:
            with self._growing:
                alone = self._known is None or self._known is known
                learned = self._learn(known, entries) if alone else None
            if not alone:
                return self.read(texts, every)  # another thread has met new texts as well
            if learned is None:
                return None
            known = learned
        missing = missing_rows(texts)
        places = places[before:][::every]
        if missing is not None and (missing := missing[::every]).any():
            places = np.where(missing, 0, places)
            codes = np.where(missing, -1, known.codes[places] if len(known.codes) else -1)
        else:
            codes = known.codes.take(places)
        gone = codes < 0
        return ClassColumn(codes, known.labels, gone if gone.any() else None)

    def _learn(self, known: _Known, entries: Array) -> _Known | None:
        """What is known with entries behind those known; None where one cannot be read, or there are too many."""
        before = len(known.codes)
        self._full = len(entries) > MOST
        read = (
            None
            if self._full
            else read_texts(texts_of(entries[before:]), self._want, self._grammar, in_order=False)
        )
        if read is None or read.bad is not None:
            return None
        column = read.column
        assert isinstance(column, ClassColumn)
        own = [self._codes.setdefault(label, len(self._codes)) for label in column.values or ()]
        codes = np.concatenate((known.codes, np.array([*own, -1], np.int64)[column.codes]))
        self._known = _Known(entries, codes, known.labels + tuple(self._codes)[len(known.labels) :])
        return self._known


TextsOfColumns: TypeAlias = dict[ColumnRequest, ColumnTexts]


def known_column(
    known: TextsOfColumns, texts: Array, want: ColumnRequest, grammar: Grammar, every: int = 1
) -> ClassColumn | None:
    """Texts of a column as `ColumnTexts.read` has them; ``known`` is what is known of the columns of their file."""
    return known.setdefault(want, ColumnTexts(want, grammar)).read(texts, every)
