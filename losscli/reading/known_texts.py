"""Texts that a column has had before: block after block of a file repeats them, and each is decoded once."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock
from typing import NamedTuple, TypeAlias

import numpy as np

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

    @property
    def repeated(self) -> bool:
        """Whether some text means nothing, or the same as another, so that its number is not its code."""
        return len(self.labels) < len(self.codes)


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
        """Every text, or every second where nulls are between, as a column; None where the block must be read on its own."""
        if self._full:
            return None
        known = self._known or _Known(texts[:0], np.zeros(0, np.int64))
        # What is known comes first, so it keeps its numbers, and what is new gets those behind.
        places, entries = encoded(*([known.texts] if len(known.codes) else []), texts)
        if len(entries) > len(known.codes):
            with self._growing:
                alone = self._known is None or self._known is known
                learned = self._learn(known, entries) if alone else None
            if not alone:
                return self.read(texts, every)  # another thread has met new texts as well
            if learned is None:
                return None
            known = learned
        codes: Ints = places[::every].astype(np.int64)
        missing = missing_rows(texts) if every == 1 else None
        if missing is not None:
            codes[missing] = 0
        if known.repeated:
            codes = known.codes.take(codes)
        if missing is not None:
            codes[missing] = -1
        gone = codes < 0 if known.repeated or missing is not None else None
        return ClassColumn(codes, known.labels, gone if gone is not None and gone.any() else None)

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
        labels = column.values or ()
        if self._codes.keys().isdisjoint(labels):
            own: Iterable[int] = range(len(self._codes), len(self._codes) + len(labels))
            self._codes.update(zip(labels, own, strict=True))
        else:
            own = [self._codes.setdefault(label, len(self._codes)) for label in labels]
        codes = np.concatenate((known.codes, np.array([*own, -1], np.int64)[column.codes]))
        self._known = _Known(entries, codes, tuple(self._codes))
        return self._known


TextsOfColumns: TypeAlias = dict[ColumnRequest, ColumnTexts]


def known_column(
    known: TextsOfColumns, texts: Array, want: ColumnRequest, grammar: Grammar, every: int = 1
) -> ClassColumn | None:
    """Texts of a column as `ColumnTexts.read` has them; ``known`` is what is known of the columns of their file."""
    return known.setdefault(want, ColumnTexts(want, grammar)).read(texts, every)
