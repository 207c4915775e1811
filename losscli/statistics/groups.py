"""Rows are dealt into groups once, which the bootstrap draws again and again.

A row is known by a hash of its key, where rows are paired by key, else of its number in PREDS, or of the value of a
column, so that a cluster stays together.  Up to MOST_OWN rows, or clusters, are a group each; of more, the first
bits of the hash say into which of GROUPS groups each goes.

The groups do not depend on the order of rows beyond their key or number, on chunks, threads or formats.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from losscli.numbers.fields import COUNT, STATE
from losscli.table.block import ClassColumn
from losscli.table.keys import keys_of, text_words, widened, words_of_texts

if TYPE_CHECKING:
    from losscli.table.block import Block, Ints, Place, Words
    from losscli.table.keys import KeyType

MOST_OWN = 4096
"""Rows, or clusters, up to which each is a group of its own."""

MOST_PAIRS = 1 << 20
"""Of a slicing, the pairs of a slice and a group up to which this is so."""

GROUPS = 256
"""Groups of more rows.  The standard error is known to about one part in the root of twice as many."""

MOST_SLICES = 4096
"""Slices that are resampled: each keeps the states of all groups."""

HASH_SHIFT = np.uint64(56)  # what is left of a hash is a number below GROUPS


class GroupPart(NamedTuple):
    """Some groups: the states of many by unit, which of them these are, and the name of each."""

    states: Mapping[int, Any]
    codes: Ints
    names: Words


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of some rows."""

    parts: tuple[GroupPart, ...] = ()

    def merge(self, other: Groups) -> Groups:
        return Groups(self.parts + other.parts)

    def states(self, units: Sequence[int]) -> tuple[int, list[Any]]:
        """How many groups have rows that count for one of the units, and the states of each unit over them."""
        counted = []
        for part in self.parts:
            held = [part.states[unit] for unit in units if unit in part.states]
            rows = sum((COUNT.chosen(state.rows, part.codes) for state in held), np.zeros_like(part.codes))
            counted.append(part._replace(codes=part.codes[rows > 0], names=part.names[rows > 0]))
        names = np.unique(np.concatenate([part.names for part in counted]))
        states: list[Any] = [None] * len(units)
        for part in counted:
            places = names.searchsorted(part.names)
            for at, unit in enumerate(units):
                if unit in part.states:
                    own = part.states[unit].regrouped(part.codes, places, len(names))
                    states[at] = STATE.merge(states[at], own)
        return len(names), states


class Dealing(NamedTuple):
    """Groups of the whole, or of the slices of one slicing; whether they are numbered in the index or by hash."""

    place: int | None  # of the slicing among slicings; None: the whole
    own: bool


@dataclass(slots=True)
class GroupIndex:
    """The number of every group met so far, while each row is its own; threads share it."""

    codes: dict[int, int] = field(default_factory=dict)  # by the hash
    pairs: dict[int, dict[int, int]] = field(default_factory=dict)  # of slicings, by MOST_OWN · slice + group
    full: bool = False  # there are too many, and those that were numbered go by their hash as well
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __reduce__(self) -> Any:
        # The lock is of one process.
        return GroupIndex, (dict(self.codes), {at: dict(of) for at, of in self.pairs.items()}, self.full)

    def number(self, codes: dict[int, int], names: Words | Ints, most: int) -> Ints | None:
        """The numbers of some names; None where there are too many."""
        if self.full:
            return None
        met, places = np.unique(names, return_inverse=True)
        with self.lock:
            if not self.full and len(met) <= most:
                found = [codes.setdefault(name, len(codes)) for name in met.tolist()]
                self.full = len(codes) > most
                if not self.full:
                    return np.array(found, dtype=np.int64)[places]
            self.full = True
            return None


@dataclass(frozen=True, slots=True)
class GroupView:
    """The group of each row of a block."""

    columns: tuple[Place, ...] = ()  # none: by the number of the row in PREDS
    keys: tuple[KeyType, ...] = ()  # what the columns are compared as, where they are keys
    index: GroupIndex = field(default_factory=GroupIndex, compare=False)

    def deal(self, block: Block, slicings: Sequence[Ints]) -> dict[Dealing, Ints]:
        """The group of each row, over the whole and within its slices."""
        words, index = self.read(block), self.index
        if (own := index.number(index.codes, words, MOST_OWN)) is not None:
            dealt = {Dealing(None, True): own}
            for at, slices in enumerate(slicings):
                pairs = index.number(index.pairs.setdefault(at, {}), slices * MOST_OWN + own, MOST_PAIRS)
                if pairs is not None:
                    dealt[Dealing(at, True)] = pairs
            if len(dealt) == 1 + len(slicings):
                return dealt
        by_hash = (words >> HASH_SHIFT).astype(np.int64)
        return {
            Dealing(None, False): by_hash,
            **{Dealing(at, False): slices * GROUPS + by_hash for at, slices in enumerate(slicings)},
        }

    def settled(
        self, dealt: Mapping[Dealing, tuple[Ints, Mapping[int, Any]]]
    ) -> dict[int | None, dict[int, Groups]]:
        """When all is read: the groups of every slice by its number, those of the whole under 0.

        ``dealt`` holds the number of rows of each group, and the states of the groups by unit.
        """
        index, found = self.index, dict[int | None, dict[int, Groups]]()
        words = np.array(list(index.codes), dtype=np.uint64)
        if index.full:
            words >>= HASH_SHIFT
        for dealing, (used, states) in dealt.items():
            codes = np.flatnonzero(used)
            if not dealing.own:
                at, names = codes // GROUPS, (codes % GROUPS).astype(np.uint64)
            elif dealing.place is None:
                at, names = np.zeros_like(codes), words[codes]
            else:
                at, group = np.divmod(
                    np.array(list(index.pairs[dealing.place]), dtype=np.int64)[codes], MOST_OWN
                )
                names = words[group]
            slices = found.setdefault(dealing.place, {})
            order = np.argsort(at, kind="stable")
            met, starts = np.unique(at[order], return_index=True)
            for code, rows in zip(met.tolist(), np.split(order, starts[1:]), strict=True):
                part = GroupPart(states, codes[rows], names[rows])
                slices[code] = Groups((*slices.get(code, Groups()).parts, part))
        return found

    def read(self, block: Block) -> Words:
        """What each row is known by."""
        if not self.columns:
            return mixed(block.row_numbers().astype(np.uint64))
        columns = [block.column(place) for place in self.columns]
        if not self.keys:
            return hashed([_words_of_values(column) for column in columns])
        return hashed(
            [
                _words_as_text(keys_of(column, kind)[0].words, kind)
                for column, kind in zip(columns, self.keys, strict=True)
            ]
        )


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


def dealt_values(values: Sequence[str | None]) -> tuple[Ints, int]:
    """The group of each value of a column, as rows that have it are dealt, and how many groups there are."""
    missing = np.array([value is None for value in values], np.bool_)
    texts = tuple("" if value is None else value for value in values)
    names = hashed([_words_of_values(ClassColumn(np.arange(len(values)), texts, missing))])
    if len(np.unique(names)) > MOST_OWN:
        names = names >> HASH_SHIFT
    met, codes = np.unique(names, return_inverse=True)
    return codes, len(met)


def _words_of_values(column: Any) -> Words:
    """The words of a column of text; a missing value has the words of no text."""
    assert isinstance(column, ClassColumn)
    words = words_of_texts([str(value) for value in column.values or ()] or [""]).take(column.codes, axis=1)
    if column.missing is not None:
        words[:, column.missing] = 0
    return words


def _words_as_text(words: Words, kind: KeyType) -> Words:
    """The words of keys as those of their text, so that a key is the same whatever type a file gives it."""
    if kind == "int":
        texts = words[0].view(np.int64).astype("S20")
        starts = np.arange(len(texts), dtype=np.int64) * 20
        narrow = text_words(texts.view(np.uint8), starts, starts + np.char.str_len(texts))
        wide = words[1:].any(axis=0)
        if not wide.any():
            return narrow
        # Beyond 64 bits they are the words of their text already.
        width = max(len(narrow), len(words))
        return np.where(wide, widened(words, width), widened(narrow, width))
    if kind == "float":
        return words_of_texts([_number_text(value) for value in words[0].view(np.float64).tolist()])
    return words


def _number_text(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)
