"""The rows of two sides that have equal keys, found by a hash table of one side.

A key is a few 64-bit words.  Its hash only tells where to look: keys are equal if all their words are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.table.block import Ints, Mask, Words, picked

KeyWords: TypeAlias = Sequence[Words]
"""The words of every key column."""

RowPlaces: TypeAlias = NDArray[np.signedinteger]

_TILE = 1 << 14  # keys hashed at a time, few enough for the cache
_HALF = np.uint64(32)


def rows_of(keys: KeyWords) -> int:
    """How many rows some keys have."""
    return int(keys[0].shape[1]) if keys else 0


def hashed(keys: KeyWords) -> Words:
    """64 bits for each key, best mixed in the upper ones; zero words behind those of a key change nothing."""
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
                # The upper half is mixed into the lower, since a product carries upwards only.
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


class Matched(NamedTuple):
    """Which rows of two sides have equal keys; of rows with one key the first is paired.

    Each field has one array for each side: ``partners`` the row of the other side for each row, or -1, as for
    some rows with a repeated key; ``repeats`` the rows whose key an earlier row has; ``alone`` the others
    whose key the other side lacks.
    """

    partners: tuple[Ints, Ints]
    repeats: tuple[Ints, Ints]
    alone: tuple[Ints, Ints]

    def turned(self) -> Matched:
        """The same with the sides exchanged."""
        return Matched(*(sides[::-1] for sides in self))


def match(first: KeyWords, second: KeyWords, bits: int = 0) -> Matched:
    """Pair the keys of two sides; the one with fewer rows is hashed.

    ``bits``: how many upper bits of the hash are the same for all keys, since they chose the part.
    """
    rows, others = rows_of(first), rows_of(second)
    if rows > others:
        return match(second, first, bits).turned()
    if not rows:
        nobody, again = np.zeros(0, np.int64), _KeyTable(second, bits).repeats
        alone = np.delete(np.arange(others), again)
        return Matched((nobody, np.full(others, -1)), (nobody, again), (nobody, alone))
    table = _KeyTable(first, bits)
    places = table.find(second)
    there = places >= 0
    if there.all():
        asking, met = np.arange(len(places)), places
    else:
        asking = np.flatnonzero(there)
        met = places[asking]
    # The lowest of the second side's rows for each of the first's: written last, from behind.
    partners = np.full(rows, -1, np.int64)
    partners[met[::-1]] = asking[::-1]
    missed = partners < 0
    taken = len(partners) - np.count_nonzero(missed)
    missed[table.repeats] = False
    again = np.zeros(0, np.int64)
    if len(met) > taken:
        again = asking[partners[met] != asking]
    alone = np.flatnonzero(~there)
    if len(alone):
        twice = _KeyTable([picked(words, alone) for words in second], bits).repeats
        again = np.sort(np.concatenate((again, alone[twice])))
        alone = np.delete(alone, twice)
    return Matched((partners, places), (table.repeats, again), (np.flatnonzero(missed), alone))


class _KeyTable:
    """A hash table with open addressing, in which all keys go one step at a time.

    ``repeats``: the rows whose key an earlier row has.
    """

    def __init__(self, keys: KeyWords, bits: int) -> None:
        rows = rows_of(keys)
        self._keys = keys
        self._above = np.uint64(bits)
        size = max(4, rows.bit_length() + 1)
        self._below = np.uint64(64 - size)
        self._last = (1 << size) - 1
        self._slots: NDArray[np.int32] = np.full(self._last + 1, -1, np.int32)
        active = np.arange(rows, dtype=np.int32)
        slots = self._first_slots(keys)
        # Of several rows for one free slot the first gets it, since it is written last.
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

    def _first_slots(self, keys: KeyWords) -> Ints:
        slots = hashed(keys)
        slots <<= self._above
        slots >>= self._below
        return slots.view(np.int64)

    def find(self, keys: KeyWords) -> Ints:
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


def _same(one: KeyWords, rows: RowPlaces, other: KeyWords, places: RowPlaces) -> Mask:
    return _same_at([words.take(rows, axis=1) for words in one], other, places)


def _same_at(keys: KeyWords, other: KeyWords, places: RowPlaces) -> Mask:
    """Where each key is equal to the other side's key at a place; undefined at places below 0."""
    same: Mask | None = None
    for mine, theirs in zip(keys, other, strict=True):
        for at in range(max(len(mine), len(theirs))):
            left = mine[at] if at < len(mine) else np.uint64(0)
            right = theirs[at].take(places, mode="wrap") if at < len(theirs) else np.uint64(0)
            equal = np.broadcast_to(left == right, places.shape)
            same = equal if same is None else same & equal
    assert same is not None
    return same
