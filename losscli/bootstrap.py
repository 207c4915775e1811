"""Intervals by the bootstrap: rows are dealt into groups once, and the groups are drawn again and again.

Every row goes into one of GROUPS groups by a hash of its key, where rows are paired by key, else of its number
in PREDS, or of the value of a column, so that a cluster stays together.  Each group keeps states as slices do.
A resample draws as many groups as have rows, with replacement, and merges their states; its value is that of the
loss over the rows so drawn (Efron & Tibshirani 1993, ch. 13: the percentile interval; Field & Welsh 2007,
doi:10.1111/j.1467-9868.2007.00593.x: clusters).

Nothing here depends on the order of rows beyond their key or number, on chunks, threads or formats: sums are exact,
and the draws are the raw words of PCG64, whose stream NumPy promises to keep.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from losscli.block import ClassColumn
from losscli.exact import ExactSum
from losscli.intervals import Estimate, one_side, root, tail_note
from losscli.keys import text_words, words_of_texts
from losscli.state import Bins, Confusion, Extremes, Joined, Moments, Sums

if TYPE_CHECKING:
    from losscli.block import Block, Floats, Ints, Place, Words
    from losscli.intervals import IntervalSpec, Spread
    from losscli.keys import KeyType
    from losscli.pairing.keyplan import KeySlot
    from losscli.sliced import SliceTally

Name: TypeAlias = frozenset[tuple[str, str]]
"""Which part of a measure; empty for the whole."""

Parts: TypeAlias = Mapping[Name, float | None]

GROUPS = 256
"""Groups of rows.  The standard error is known to about one part in the root of twice as many."""

REPLICATES = 1999
"""Resamples: with one more, the ends of the usual levels are whole places among them."""

FEW = 20
"""With fewer groups than these an interval carries a note."""

MOST_SLICES = 4096
"""Slices that are resampled: each keeps the states of all groups."""

AT_ONCE = 100  # resamples merged at a time: what is held stays small

LIMB = 44  # bits: GROUPS times such a number is exact as a double, in whatever order it was summed


# ---------------------------------------------------------------------- which group


@dataclass(frozen=True, slots=True)
class GroupView:
    """The group of each row of a block, from 0 to GROUPS - 1."""

    columns: tuple[Place, ...] = ()  # none: by the number of the row in PREDS
    keys: tuple[tuple[KeySlot, KeyType], ...] = ()  # what the columns are, where they are keys
    size: int = GROUPS

    def read(self, block: Block) -> Ints:
        if not self.columns:
            return _group(mixed(block.row_numbers().astype(np.uint64)))
        columns = [block.column(place) for place in self.columns]
        if not self.keys:
            return _group(hashed([_words_of_values(column) for column in columns]))
        # Imported here: only keys need it.
        from losscli.pairing.keyplan import as_key

        found = []
        for column, (slot, kind) in zip(columns, self.keys, strict=True):
            key, _ = as_key(column, slot, kind)
            found.append(_words_as_text(key.words, kind))
        return _group(hashed(found))


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


def _group(words: Words) -> Ints:
    return (words >> np.uint64(56)).astype(np.int64)


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
        return text_words(texts.view(np.uint8), starts, starts + np.char.str_len(texts))
    if kind == "float":
        return words_of_texts([_number_text(value) for value in words[0].view(np.float64).tolist()])
    return words


def _number_text(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


# ---------------------------------------------------------------------- draws


@lru_cache(maxsize=16)
def draws(groups: int, seed: int) -> Floats:
    """How often each of some groups is in each resample: (REPLICATES, groups).

    The g-th of a resample is the group ⌊⌊word / 2³²⌋ · groups / 2³²⌋, the words being those of PCG64(seed).
    """
    raw = np.random.PCG64(seed).random_raw(REPLICATES * groups)
    places = ((raw >> np.uint64(32)) * np.uint64(groups) >> np.uint64(32)).astype(np.int64)
    first = np.repeat(np.arange(REPLICATES) * groups, groups)
    found = np.bincount(first + places, minlength=REPLICATES * groups).reshape(REPLICATES, groups)
    return found.astype(np.float64)


@lru_cache(maxsize=16)
def turns(groups: int, seed: int) -> Floats:
    """Which groups are turned in each flip, 1 or 0: the upper bits of the words of PCG64((seed, 1))."""
    raw = np.random.PCG64((seed, 1)).random_raw(REPLICATES * groups)
    return (raw >> np.uint64(63)).astype(np.float64).reshape(REPLICATES, groups)


# ---------------------------------------------------------------------- states of resamples


class NotDrawn(Exception):
    """The states of groups are not merged so: a state that has no rule here, or an infinite sum."""


Drawn: TypeAlias = "Callable[[Floats], list[Any]]"
"""From the counts of some resamples, (n, groups), their states."""


def resampled(states: Sequence[Any], counts: Floats) -> Iterator[Any]:
    """The state of every resample; of a group without rows the state is None.

    Merging a state k times is multiplying its exact sums by k, since that is what they are sums of.
    """
    merge = _rule(states)
    for start in range(0, len(counts), AT_ONCE):
        yield from merge(counts[start : start + AT_ONCE])


def _rule(states: Sequence[Any]) -> Drawn:
    kind = type(next(state for state in states if state is not None))
    rule = next((RULES[base] for base in kind.__mro__ if base in RULES), None)
    if rule is None:
        raise NotDrawn
    return rule(states)


def _exact(sums: Sequence[ExactSum | None]) -> Callable[[Floats], list[ExactSum]]:
    """Exact sums with whole factors, by limbs that doubles multiply and add without rounding."""
    held = [total for total in sums if total is not None]
    if not all(total.finite for total in held):
        raise NotDrawn
    factors = held[0].factors if held else 1
    units = [0 if total is None else total.units for total in sums]
    shift = min(((unit & -unit).bit_length() - 1 for unit in units if unit), default=0)
    units = [unit >> shift for unit in units]
    limbs = max(unit.bit_length() for unit in units) // LIMB + 1
    last, mask = limbs - 1, (1 << LIMB) - 1
    table = np.array([
        [float(unit >> LIMB * at if at == last else unit >> LIMB * at & mask) for at in range(limbs)]
        for unit in units
    ])  # fmt: skip

    def drawn(counts: Floats) -> list[ExactSum]:
        return [
            ExactSum(sum(int(part) << LIMB * at for at, part in enumerate(row)) << shift, factors)
            for row in (counts @ table).tolist()
        ]

    return drawn


def _whole(numbers: Sequence[int]) -> Callable[[Floats], list[int]]:
    table = np.array(numbers, dtype=np.float64)
    return lambda counts: [int(total) for total in (counts @ table).tolist()]


def _sums(states: Sequence[Sums | None]) -> Drawn:
    held = [state for state in states if state is not None]
    if any(state.infinite for state in held):
        raise NotDrawn
    totals = [
        _exact([None if state is None else state.totals[at] for state in states])
        for at in range(len(held[0].totals))
    ]
    weight = _exact([None if state is None else state.weight for state in states])
    rows = _whole([0 if state is None else state.rows for state in states])

    def drawn(counts: Floats) -> list[Any]:
        columns = zip(*(total(counts) for total in totals), strict=True)
        return [Sums(*found) for found in zip(columns, weight(counts), rows(counts), strict=True)]

    return drawn


def _moments(states: Sequence[Moments | None]) -> Drawn:
    names = ("weight", "y", "f", "yy", "ff", "yf")
    sums = [_exact([None if state is None else getattr(state, name) for state in states]) for name in names]
    rows = _whole([0 if state is None else state.rows for state in states])
    return lambda counts: [
        Moments(*found) for found in zip(*(total(counts) for total in sums), rows(counts), strict=True)
    ]


def _extremes(states: Sequence[Extremes | None]) -> Drawn:
    width = len(next(state for state in states if state is not None).lows)
    nothing = (math.inf,) * width, (-math.inf,) * width
    lows = np.array([nothing[0] if state is None else state.lows for state in states])
    highs = np.array([nothing[1] if state is None else state.highs for state in states])
    weight = _exact([None if state is None else state.weight for state in states])
    rows = _whole([0 if state is None else state.rows for state in states])

    def drawn(counts: Floats) -> list[Any]:
        there = (counts > 0.0)[:, :, np.newaxis]
        least = np.where(there, lows, math.inf).min(axis=1).tolist()
        most = np.where(there, highs, -math.inf).max(axis=1).tolist()
        return [
            Extremes(tuple(low), tuple(high), w, n)
            for low, high, w, n in zip(least, most, weight(counts), rows(counts), strict=True)
        ]

    return drawn


def _confusion(states: Sequence[Confusion | None]) -> Drawn:
    # Every cell stays, be it empty: a class that a resample lacks is a class all the same.
    pairs = list(dict.fromkeys(pair for state in states if state is not None for pair in state.cells))
    cells = [_exact([None if state is None else state.cells.get(pair) for state in states]) for pair in pairs]
    weight = _exact([None if state is None else state.weight for state in states])
    rows = _whole([0 if state is None else state.rows for state in states])

    def drawn(counts: Floats) -> list[Any]:
        tables = zip(*(cell(counts) for cell in cells), strict=True)
        return [
            Confusion(dict(zip(pairs, found, strict=True)), w, n)
            for found, w, n in zip(tables, weight(counts), rows(counts), strict=True)
        ]

    return drawn


def _bins(states: Sequence[Bins | None]) -> Drawn:
    codes = list(dict.fromkeys(code for state in states if state is not None for code in state.bins))
    held = [_sums([None if state is None else state.bins.get(code) for state in states]) for code in codes]
    weight = _exact([None if state is None else state.weight for state in states])
    rows = _whole([0 if state is None else state.rows for state in states])

    def drawn(counts: Floats) -> list[Any]:
        found = zip(*(one(counts) for one in held), strict=True)
        return [
            Bins({code: sums for code, sums in zip(codes, each, strict=True) if sums.rows}, w, n)
            for each, w, n in zip(found, weight(counts), rows(counts), strict=True)
        ]

    return drawn


def _joined(states: Sequence[Joined | None]) -> Drawn:
    some = next(state for state in states if state is not None)
    rules = [
        _rule([None if state is None else state.states[at] for state in states])
        for at in range(len(some.states))
    ]
    return lambda counts: [type(some)(found) for found in zip(*(rule(counts) for rule in rules), strict=True)]


RULES: Mapping[type, Callable[[Sequence[Any]], Drawn]] = {
    Sums: _sums,
    Moments: _moments,
    Extremes: _extremes,
    Confusion: _confusion,
    Bins: _bins,
    Joined: _joined,
}
"""How the states of groups are merged, by the kind of state; a kind that is not here is not resampled."""


# ---------------------------------------------------------------------- groups of a tally


@dataclass(frozen=True, slots=True)
class Groups:
    """The states by group of some rows: groups without rows are left out."""

    held: SliceTally

    @property
    def places(self) -> list[int]:
        found: list[int] = np.flatnonzero(self.held.used).tolist()
        return found

    def __len__(self) -> int:
        return int(np.count_nonzero(self.held.used))

    def states(self, unit: int) -> list[Any]:
        """The state of a unit in every group; None where none of the group's rows counts for it."""
        sliced = self.held.states.get(unit)
        return [None if sliced is None else sliced.at(place) for place in self.places]


def one_slice(tally: SliceTally, code: int) -> SliceTally:
    """The groups of one slice, from the groups of all slices."""
    from losscli.sliced import SlicedStates, SliceTally

    first = code * GROUPS
    used = tally.used[first : first + GROUPS]
    found = SliceTally(used)
    for unit, sliced in tally.states.items():
        states = {at: sliced.at(first + at) for at in np.flatnonzero(used).tolist()}
        found.states[unit] = SlicedStates({at: state for at, state in states.items() if state is not None})
    return found


# ---------------------------------------------------------------------- intervals


@dataclass(frozen=True, slots=True)
class Replicates:
    """The values of the resamples; one that is not defined counts as beyond both ends."""

    values: list[float]
    lost: int

    @classmethod
    def of(cls, values: Sequence[float | None]) -> Replicates:
        held = sorted(value for value in values if value is not None)
        return cls(held, len(values) - len(held))

    def interval(self, spec: IntervalSpec) -> dict[str, Any] | None:
        """The percentile interval: the k-th least and the k-th greatest, k = (1 - level)/2 of all and one more."""
        at = int((REPLICATES + 1) * one_side(spec.level)) - self.lost
        if at < 1:
            return None
        low, high = self.values[at - 1], self.values[-at]
        return {"low": low, "high": high, "level": spec.level, "method": "bootstrap"}

    @property
    def stderr(self) -> float:
        """The standard deviation of the resamples, n - 1 below."""
        column = np.array(self.values)
        total, squares = ExactSum.of(column), ExactSum.of_products(column, column)
        n = len(self.values)
        return root(max((squares.fraction - total.fraction**2 / n) / (n - 1), Fraction(0)))

    def chance(self, against: Callable[[float], bool]) -> float:
        """The one-sided p-value of what some resamples speak against."""
        return (sum(map(against, self.values)) + self.lost + 1) / (REPLICATES + 1)


def notes(groups: int, lost: int) -> list[str]:
    """What is to be said of an interval."""
    said = []
    if groups < FEW:
        said.append(f"only {groups} groups were resampled")
    if lost:
        said.append(f"not defined in {lost} of {REPLICATES} resamples, which count as beyond both ends")
    return said


UNRULY = "no interval: states of this kind are not resampled"
ONE_GROUP = "no interval: one group of rows tells nothing of the spread"


@dataclass(frozen=True, slots=True)
class Resampled:
    """The values of a measure over all resamples, by part; or why there are none."""

    spec: IntervalSpec
    groups: int
    values: Mapping[Name, Replicates]
    why: str | None = None

    @classmethod
    def of(
        cls, units: Sequence[Sequence[Any]], spec: IntervalSpec, finish: Callable[[Sequence[Any]], Parts]
    ) -> Resampled:
        """``units``: of every unit the states by group; ``finish``: the values of states of the units."""
        groups = len(units[0])
        if groups < 2:
            return cls(spec, groups, {}, ONE_GROUP)
        counts = draws(groups, spec.seed)
        values: dict[Name, list[float | None]] = {}
        try:
            for at, states in enumerate(zip(*(resampled(unit, counts) for unit in units), strict=True)):
                for name, value in finish(states).items():
                    values.setdefault(name, [None] * REPLICATES)[at] = value
        except NotDrawn:
            return cls(spec, groups, {}, UNRULY)
        return cls(spec, groups, {name: Replicates.of(held) for name, held in values.items()})

    def estimate(self, name: Mapping[str, str], state: Any, spread: Spread | None) -> Estimate:
        """The interval of one part; ``state`` and ``spread`` are of the rows themselves."""
        if self.why is not None:
            return Estimate(note=self.why)
        held = self.values[frozenset(name.items())]
        ci = held.interval(self.spec)
        if ci is None:
            return Estimate(note=f"no interval: not defined in {held.lost} of {REPLICATES} resamples")
        said = [note for note in (tail_note(state, spread), *notes(self.groups, held.lost)) if note]
        return Estimate(held.stderr, ci, "; ".join(said) or None)
