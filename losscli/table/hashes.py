"""Hashes by which keys, row numbers and values are known: the same on every machine, in every version of Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from losscli.table.keys import words_of_texts

if TYPE_CHECKING:
    from losscli.table.block import ClassColumn, Ints, Mask, Words


def hashed(keys: Sequence[Words]) -> Words:
    """64 bits for each row from the words of its columns; words of zero at the end change nothing."""
    total = np.zeros(keys[0].shape[1], np.uint64)
    for column, words in enumerate(keys):
        for place, word in enumerate(words):
            total += mixed(word) * np.uint64(2 * (64 * column + place) + 1)
    return mixed(total)


def mixed(words: Words) -> Words:
    """Every bit of a word spread over all of it (the last steps of SplitMix64); zero stays zero."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed_words: Words = words ^ (words >> np.uint64(31))
    return mixed_words


def hashed_values(column: ClassColumn) -> tuple[Words, Ints]:
    """The hash of each value of a column of text, and the place of that of each row; the last one is of no text, for
    a missing value."""
    values = words_of_texts([str(value) for value in column.values or ()] or [""])
    words = hashed([np.pad(values, ((0, 0), (0, 1)))])
    missing = column.missing
    return words, column.codes if missing is None else np.where(missing, len(words) - 1, column.codes)


class HashShare(NamedTuple):
    """One of several shares of all rows, by a hash of their key or group."""

    place: int  # from 0 on
    shares: int

    @property
    def first(self) -> bool:
        """Whether what belongs to no share alone is counted in this one."""
        return self.place == 0

    def cut(self, count: int) -> Iterator[HashShare]:
        """The share in so many smaller ones."""
        for at in range(count):
            yield HashShare(self.place + self.shares * at, self.shares * count)

    def holds(self, hashes: Words) -> Mask:
        """Which rows with these hashes belong to the share."""
        found: Mask = hashes % np.uint64(self.shares) == np.uint64(self.place)
        return found
