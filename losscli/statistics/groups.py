"""Rows are dealt into groups once, which the bootstrap draws again and again.

A row is known by a hash of its key, where rows are paired by key, else of its number in PREDS, or of the value of a
column, so that a cluster stays together.  Up to MOST_OWN rows, or clusters, are a group each; of more, the first
bits of the hash say into which of GROUPS groups each goes.

The groups do not depend on the order of rows beyond their key or number, on chunks, threads or formats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from losscli.numbers.cells import distinct
from losscli.numbers.fields import COUNT, STATE
from losscli.table.block import ClassColumn
from losscli.table.hashes import hashed, hashed_values, mixed
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

    parts: tuple[GroupPart, ...]

    def merge(self, other: Groups) -> Groups:
        """The groups of both."""
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
    """How rows are cut: into the groups of the whole, or into those of each slice of a slicing."""

    slicing: int | None  # its place among slicings; None: the whole


@dataclass(frozen=True, slots=True)
class DealtGroups:
    """The groups that have rows, by their codes: those of the whole, and those of each slice.

    A group of a slice is a pair, the number MOST_OWN · code of the slice + code of the group.
    """

    own: bool = True  # whether each row or cluster is a group; else the names are first bits of hashes
    names: Words = field(default_factory=lambda: np.zeros(0, dtype=np.uint64))  # hashes, ascending
    pairs: Mapping[int, Ints] = field(default_factory=dict)  # of each slicing, ascending

    def empty(self) -> DealtGroups:
        """No groups."""
        return DealtGroups()

    def merge(self, other: DealtGroups, slices: Mapping[int, Ints]) -> Merged:
        """The groups of both, and the new codes of those of each; ``slices`` has the new codes of the other's slices.

        Where there are too many groups, those with the same first bits of the hash become one.
        """
        found = self._joined(other, slices, own=True) if self.own and other.own else None
        if found is None:
            found = self._joined(other, slices, own=False)
            assert found is not None
        return found

    def _joined(self, other: DealtGroups, slices: Mapping[int, Ints], *, own: bool) -> Merged | None:
        """The same as `merge`; None where each is to be its ``own`` group, and there are too many."""
        both = (self, other)
        names, groups = _union(*(one.names if one.own == own else one.names >> HASH_SHIFT for one in both))
        if own and len(names) > MOST_OWN:
            return None
        pairs: dict[int, Ints] = {}
        ours, theirs = ({Dealing(None): codes} for codes in groups)
        for at, more in other.pairs.items():
            known = self.pairs.get(at, np.zeros(0, dtype=np.int64))
            pairs[at], codes = _union(
                known - known % MOST_OWN + groups[0][known % MOST_OWN],
                slices[at][more // MOST_OWN] * MOST_OWN + groups[1][more % MOST_OWN],
            )
            if own and len(pairs[at]) > MOST_PAIRS:
                return None
            ours[Dealing(at)], theirs[Dealing(at)] = codes
        return DealtGroups(own, names, pairs), ours, theirs

    def settled(
        self, dealt: Mapping[Dealing, tuple[Ints, Mapping[int, Any]]]
    ) -> dict[int | None, dict[int, Groups]]:
        """When all is read: the groups of every slice by its code, those of the whole under 0.

        ``dealt`` holds the number of rows of each group, and the states of the groups by unit.
        """
        found: dict[int | None, dict[int, Groups]] = {}
        for dealing, (used, states) in dealt.items():
            codes = np.flatnonzero(used)
            pairs = codes if dealing.slicing is None else self.pairs[dealing.slicing][codes]
            names = self.names[pairs % MOST_OWN]
            met, starts = np.unique(pairs // MOST_OWN, return_index=True)
            cuts = [*starts[1:].tolist(), len(codes)]
            found[dealing.slicing] = {
                code: Groups((GroupPart(states, codes[start:end], names[start:end]),))
                for code, start, end in zip(met.tolist(), starts.tolist(), cuts, strict=True)
            }
        return found


Merged: TypeAlias = tuple[DealtGroups, dict[Dealing, "Ints"], dict[Dealing, "Ints"]]
"""The groups of two blocks, and the new codes of those of each."""


def _union(one: Any, other: Any) -> tuple[Any, list[Ints]]:
    """All numbers of two arrays, ascending, and the places of the numbers of each among them."""
    both, places = np.unique(np.concatenate((one, other)), return_inverse=True)
    return both, np.split(places, [len(one)])


@dataclass(frozen=True, slots=True)
class GroupView:
    """The group of each row of a block."""

    columns: tuple[Place, ...] = ()  # none: by the number of the row in PREDS
    keys: tuple[KeyType, ...] = ()  # what the columns are compared as, where they are keys

    def deal(
        self, block: Block, slices: Sequence[tuple[Ints, int]]
    ) -> tuple[DealtGroups, dict[Dealing, tuple[Ints, int]]]:
        """The groups of the rows, and by each dealing their codes and how many there are.

        ``slices`` are the codes of the slices of each slicing, and how many there are.
        """
        own, names, codes = self._read(block)
        pairs: dict[int, Ints] = {}
        dealt = {Dealing(None): (codes, len(names))}
        for at, (sliced, count) in enumerate(slices):
            met, within = distinct(sliced * len(names) + codes, count * len(names))
            pairs[at] = met // len(names) * MOST_OWN + met % len(names)
            dealt[Dealing(at)] = within, len(met)
        return DealtGroups(own, names, pairs), dealt

    def _read(self, block: Block) -> tuple[bool, Words, Ints]:
        """Whether each row or cluster is a group of its own, the names of the groups, and the group of each row."""
        words, codes = self._hashes(block)
        if codes is not None or len(set(words[: MOST_OWN + 1].tolist())) <= MOST_OWN:
            words, places = np.unique(words, return_inverse=True)
            met, codes = distinct(places if codes is None else places[codes], len(words))
            words = words[met]
        if codes is not None and len(words) <= MOST_OWN:
            return True, words, codes
        by_hash = (words >> HASH_SHIFT).astype(np.int64)
        met, codes = distinct(by_hash if codes is None else by_hash[codes], GROUPS)
        return False, met.astype(np.uint64), codes

    def _hashes(self, block: Block) -> tuple[Words, Ints | None]:
        """The hashes by which rows are known, and which one each row has; None: one after the other."""
        if not self.columns:
            return mixed(block.row_numbers().astype(np.uint64)), None
        columns = [block.column(place) for place in self.columns]
        if self.keys:
            keys = (
                # What was read as text has the words of text, whatever it is compared as.
                _words_as_text(
                    keys_of(column, kind)[0].words, "text" if isinstance(column, ClassColumn) else kind
                )
                for column, kind in zip(columns, self.keys, strict=True)
            )
            return hashed(list(keys)), None
        (cluster,) = columns
        assert isinstance(cluster, ClassColumn)
        return hashed_values(cluster)


def dealt_values(values: Sequence[str | None]) -> tuple[Ints, int]:
    """The group of each value of a column, as rows that have it are dealt, and how many groups there are."""
    words = words_of_texts(["" if value is None else value for value in values] or [""])
    words[:, [at for at, value in enumerate(values) if value is None]] = (
        0  # a missing value has those of no text
    )
    names = hashed([words[:, : len(values)]])
    if len(np.unique(names)) > MOST_OWN:
        names = names >> HASH_SHIFT
    met, codes = np.unique(names, return_inverse=True)
    return codes, len(met)


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
