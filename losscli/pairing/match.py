"""Which rows of two runs of keys belong together: a hash table of one side, asked by the other.

Keys are some 64-bit words each.  A hash only says where to look; what counts is that all words are equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.table.block import Ints, Mask, Words, picked
from losscli.table.keys import widened

Keys: TypeAlias = Sequence[Words]
"""The words of every key column."""

RowPlaces: TypeAlias = NDArray[np.signedinteger]

_TILE = 1 << 14  # keys hashed at a time, while the cache holds them
_HALF = np.uint64(32)


def rows_of(keys: Keys) -> int:
    return int(keys[0].shape[1])


def hashed(keys: Keys) -> Words:
    """64 bits for each key, the upper ones the best; zero words at the end of a column change nothing."""
    rows = rows_of(keys)
    total = np.zeros(rows, np.uint64)
    mixed = np.empty(min(rows, _TILE), np.uint64)
    factors = [[_odd(column, place) for place in range(len(words))] for column, words in enumerate(keys)]
    for start in range(0, rows, _TILE):
        into = total[start : start + _TILE]
        here = mixed[: len(into)]
        for words, odd in zip(keys, factors, strict=True):
            for word, factor in zip(words, odd, strict=True):
                piece = word[start : start + _TILE]
                # The upper half is folded into the lower: a product carries upwards only.
                np.right_shift(piece, _HALF, out=here)
                np.bitwise_xor(here, piece, out=here)
                np.multiply(here, factor, out=here)
                np.add(into, here, out=into)
    return total


def _odd(column: int, place: int) -> np.uint64:
    """An odd number of 64 bits for each word of each column (the steps of SplitMix)."""
    word = (0x9E3779B97F4A7C15 * (column * 1024 + place + 1)) % 2**64
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) % 2**64
    return np.uint64(word ^ (word >> 31) | 1)


def joined(pieces: Sequence[Words]) -> Words:
    """The keys of one column one behind the other, as wide as the widest piece."""
    width = max(len(words) for words in pieces)
    return np.concatenate([widened(words, width) for words in pieces], axis=1)


@dataclass(frozen=True, slots=True)
class Matched:
    """For each key of the second side the place of its like on the first, or -1; and repeated keys."""

    places: Ints
    first_repeats: Ints  # places on the first side whose key came before
    second_repeats: Ints
    only_first: Ints


def match(first: Keys, second: Keys, bits: int = 0) -> Matched:
    """Pair two sides; of keys that come twice the first one counts.

    ``bits``: so many upper bits of the hash are the same for all keys, since they chose the part.
    """
    table = _Table(first, bits)
    places = table.find(second)
    there = places >= 0
    if there.all():
        asking, held = np.arange(len(places)), places
    else:
        asking = np.flatnonzero(there)
        held = places[asking]
    # The lowest of the second side's rows for each of the first's: written last, from behind.
    taken = np.full(rows_of(first), -1, np.int64)
    taken[held[::-1]] = asking[::-1]
    missed = taken < 0
    missed[table.repeats] = False
    again = np.zeros(0, np.int64)
    if len(held) > len(taken) - np.count_nonzero(taken < 0):
        again = asking[taken[held] != asking]
    if len(asking) < len(places):
        alone = np.flatnonzero(~there)
        twice = _Table([picked(words, alone) for words in second], bits).repeats
        again = np.sort(np.concatenate((again, alone[twice])))
    return Matched(places, table.repeats, again, np.flatnonzero(missed))


def repeats(keys: Keys, bits: int = 0) -> Ints:
    """The places of keys that came before."""
    return _Table(keys, bits).repeats


class _Table:
    """Open addressing, all keys a step at a time."""

    def __init__(self, keys: Keys, bits: int) -> None:
        rows = rows_of(keys)
        self._keys = keys
        self._above = np.uint64(bits)
        size = max(4, rows.bit_length() + 1)
        self._below = np.uint64(64 - size)
        self._last = (1 << size) - 1
        self._slots: NDArray[np.int32] = np.full(self._last + 1, -1, np.int32)
        active = np.arange(rows, dtype=np.int32)
        slots = self._first_slots(keys)
        # Of several for one free slot the first row gets it: it is written last.
        self._slots[slots[::-1]] = active[::-1]
        found = []
        while True:
            holder = self._slots.take(slots)
            lost = np.flatnonzero(holder != active)
            if not len(lost):
                break
            active, slots, holder = active[lost], slots[lost], holder[lost]
            same = _same(keys, active, keys, holder)
            if same.any():
                found.append(active[same])
                active, slots = active[~same], slots[~same]
            slots = (slots + 1) & self._last
            free = self._slots.take(slots) < 0
            self._slots[slots[free][::-1]] = active[free][::-1]
        self.repeats: Ints = (
            np.sort(np.concatenate(found)).astype(np.int64) if found else np.zeros(0, np.int64)
        )

    def _first_slots(self, keys: Keys) -> Ints:
        slots = hashed(keys)
        slots <<= self._above
        slots >>= self._below
        return slots.view(np.int64)

    def find(self, keys: Keys) -> Ints:
        """The place of each key, or -1."""
        slots = self._first_slots(keys)
        holder = self._slots.take(slots)
        found = holder.astype(np.int64)
        active = np.flatnonzero((holder >= 0) & ~_same_at(keys, self._keys, holder))
        slots = slots[active]
        while len(active):
            slots = (slots + 1) & self._last
            holder = self._slots.take(slots)
            found[active] = holder
            wrong = (holder >= 0) & ~_same(keys, active, self._keys, holder)
            active, slots = active[wrong], slots[wrong]
        return found


def _same(one: Keys, rows: RowPlaces, other: Keys, places: RowPlaces) -> Mask:
    return _same_at([words.take(rows, axis=1) for words in one], other, places)


def _same_at(keys: Keys, other: Keys, places: RowPlaces) -> Mask:
    """Where each key is equal to the other side's key at a place; what holds at places below 0 is not said."""
    same: Mask | None = None
    for mine, theirs in zip(keys, other, strict=True):
        for at in range(max(len(mine), len(theirs))):
            left = mine[at] if at < len(mine) else np.uint64(0)
            right = theirs[at].take(places, mode="wrap") if at < len(theirs) else np.uint64(0)
            equal = np.broadcast_to(left == right, places.shape)
            same = equal if same is None else same & equal
    assert same is not None
    return same
