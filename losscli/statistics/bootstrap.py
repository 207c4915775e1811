"""Intervals by the bootstrap: rows are dealt into groups once, and the groups are drawn again and again.

A row is known by a hash of its key, where rows are paired by key, else of its number in PREDS, or of the value of a
column, so that a cluster stays together.  Up to MOST_OWN rows, or clusters, are a group each; of more, the first
bits of the hash say into which of GROUPS groups each goes.  Each group keeps states as slices do.
A resample draws as many groups as have rows, with replacement, and merges their states; its value is that of the
loss over the rows so drawn (Field & Welsh 2007, doi:10.1111/j.1467-9868.2007.00593.x: clusters).

The interval is BCa (Efron 1987, doi:10.1080/01621459.1987.10478410; Efron & Tibshirani 1993, ch. 14): its ends are
resamples, chosen so that neither a bias of the resamples nor the skewness of the value shifts it.  The bias is read
off the share of resamples below the value; the skewness off the values without one group each (the jackknife).

Nothing here depends on the order of rows beyond their key or number, on chunks, threads or formats: sums are exact,
and the draws are the raw words of PCG64, whose stream NumPy promises to keep.
"""

from __future__ import annotations

import math
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.numbers.exact import ExactSum
from losscli.numbers.grouped_sums import GroupedSums
from losscli.numbers.state import (
    MOST_CELLS,
    Bins,
    Confusion,
    Extremes,
    Joined,
    Moments,
    Sums,
    joined_classes,
    moved_cells,
)
from losscli.statistics.distributions import normal_quantile, normal_upper
from losscli.statistics.intervals import Estimate, one_side, root, tail_note
from losscli.table.block import ClassColumn
from losscli.table.keys import keys_of, text_words, widened, words_of_texts

if TYPE_CHECKING:
    from losscli.numbers.sliced import SliceTally
    from losscli.statistics.intervals import IntervalSpec, Spread
    from losscli.table.block import Block, Floats, Ints, Place, Words
    from losscli.table.keys import KeyType

Name: TypeAlias = frozenset[tuple[str, str]]
"""Which part of a measure; empty for the whole."""

PartValues: TypeAlias = Mapping[Name, float | None]

MOST_OWN = 4096
"""Rows, or clusters, up to which each is a group of its own."""

MOST_PAIRS = 1 << 20
"""Of a slicing, the pairs of a slice and a group up to which this is so."""

GROUPS = 256
"""Groups of more rows.  The standard error is known to about one part in the root of twice as many."""

REPLICATES = 1999
"""Resamples: with one more, the ends of the usual levels are whole places among them."""

ONE_SIDED = Fraction(1, 40)
"""With a smaller share of the resamples on one side of the value, and than the interval leaves out there, they
lie beside it, and there is no interval."""

SLACK = 1e-9
"""Of a place among the resamples: what the normal distribution and its inverse may be off by, and far more."""

FEW = 20
"""With fewer groups than these an interval carries a note."""

MOST_SLICES = 4096
"""Slices that are resampled: each keeps the states of all groups."""

HASH_SHIFT = np.uint64(56)  # what is left of a hash is a number below GROUPS

AT_ONCE = 100  # resamples merged at a time: what is held stays small

LIMB = 41  # bits: MOST_OWN times such a number is exact as a double, in whatever order it was summed


# ---------------------------------------------------------------------- which group


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

    def settled(self, tallies: Mapping[Dealing, SliceTally]) -> dict[int | None, dict[int, Groups]]:
        """When all is read: the groups of every slice by its number, those of the whole under 0."""
        index, found = self.index, dict[int | None, dict[int, Groups]]()
        words = list(index.codes)
        for dealing, tally in tallies.items():
            slices = found.setdefault(dealing.place, {})
            pairs = [] if dealing.place is None else list(index.pairs.get(dealing.place, ()))
            for code in np.flatnonzero(tally.used).tolist():
                if dealing.own:
                    at, group = divmod(pairs[code], MOST_OWN) if dealing.place is not None else (0, code)
                    name = words[group] >> int(HASH_SHIFT) if index.full else words[group]
                else:
                    at, name = divmod(code, GROUPS)
                groups = slices.setdefault(at, Groups())
                for unit, sliced in tally.states.items():
                    if (state := sliced.at(code)) is not None:
                        groups.take(name, unit, state)
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


# ---------------------------------------------------------------------- draws


def draws(groups: int, seed: int) -> Drawings:
    """How often each of some groups is in each resample: (REPLICATES, groups).

    The g-th of a resample is the group ⌊⌊word / 2³²⌋ · groups / 2³²⌋, the words being those of PCG64(seed).
    """
    stream, found = np.random.PCG64(seed), np.empty((REPLICATES, groups), np.int16)
    for start in range(0, REPLICATES, AT_ONCE):
        rows = min(AT_ONCE, REPLICATES - start)
        raw = stream.random_raw(rows * groups)
        places = ((raw >> np.uint64(32)) * np.uint64(groups) >> np.uint64(32)).astype(np.int64)
        first = np.repeat(np.arange(rows) * groups, groups)
        counts = np.bincount(first + places, minlength=rows * groups)
        found[start : start + rows] = counts.reshape(rows, groups)
    return found


@lru_cache(maxsize=2)  # the losses of one slice come one after the other
def schemes(groups: int, seed: int) -> Drawings:
    """The counts of the resamples, of all groups as they are, and of all without one each, in this order."""
    every = np.ones((1, groups), np.int16)
    found: Drawings = np.concatenate((draws(groups, seed), every, every - np.eye(groups, dtype=np.int16)))
    return found


@lru_cache(maxsize=2)
def turns(groups: int, seed: int) -> Drawings:
    """Which groups are turned in each flip, 1 or 0: the upper bits of the words of PCG64((seed, 1))."""
    raw = np.random.PCG64((seed, 1)).random_raw(REPLICATES * groups)
    return (raw >> np.uint64(63)).astype(np.int16).reshape(REPLICATES, groups)


# ---------------------------------------------------------------------- states of resamples


class NotDrawn(Exception):
    """The states of groups are not merged so: a state that has no rule here, or an infinite sum."""


Drawings: TypeAlias = NDArray[Any]
"""Whole numbers of groups, a row for each resample."""

Drawn: TypeAlias = "Callable[[Floats], list[Any]]"
"""From the counts of some resamples, (n, groups), their states."""


def resampled(states: Sequence[Any], counts: Drawings) -> Iterator[Any]:
    """The state of every resample; of a group without rows the state is None.

    Merging a state k times is multiplying its exact sums by k, since that is what they are sums of.
    """
    merge = _rule(states)
    for start in range(0, len(counts), AT_ONCE):
        yield from merge(counts[start : start + AT_ONCE].astype(np.float64))


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
    factors = max((total.factors for total in held), default=1)
    units = [0 if total is None else total.scaled(factors).units for total in sums]
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
    if not all(total.finite for state in held for total in state.totals):
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
    names: tuple[int | str, ...] = ()
    found: list[Ints] = []
    for state in states:
        if state is not None:
            names, moved = joined_classes(names, state.names)
            found.append(moved_cells(state.places, moved))
    cells, at = np.unique(np.concatenate(found), return_inverse=True)
    if len(cells) > MOST_CELLS:
        raise NotDrawn(f"no interval: a table of more than {MOST_CELLS} cells is not resampled")
    groups = np.repeat(
        np.flatnonzero([state is not None for state in states]), [len(places) for places in found]
    )
    lanes: dict[int | None, Floats] = {}  # of every cell of every group; None: rows weigh one
    start = 0
    for state in states:
        if state is None:
            continue
        held: Mapping[int | None, Ints]
        if isinstance(state.sums, GroupedSums):
            if state.sums.others:
                raise NotDrawn
            held = dict(state.sums.carried.limbs.items())
        else:
            held = {None: state.sums}
        for place, lane in held.items():
            lanes.setdefault(place, np.zeros(len(at)))[start : start + len(state.places)] = lane
        start += len(state.places)
    weight = _exact([None if state is None else state.weight for state in states])
    rows = _whole([0 if state is None else state.rows for state in states])

    def table(counts: Floats) -> Ints | GroupedSums:
        # Doubles that are whole and below 2^53 add without rounding.
        drawn = {
            place: np.bincount(at, lane * counts[groups], minlength=len(cells)).astype(np.int64)
            for place, lane in lanes.items()
        }
        return (
            drawn[None]
            if None in drawn
            else GroupedSums(1, {k: v for k, v in drawn.items() if k is not None})
        )

    def drawn(counts: Floats) -> list[Any]:
        return [
            Confusion(names, cells, table(one), w, n)
            for one, w, n in zip(counts, weight(counts), rows(counts), strict=True)
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


@dataclass(slots=True)
class Groups:
    """The states by group of some rows: by unit and by what the group is known by."""

    held: dict[int, dict[int, Any]] = field(default_factory=dict)

    def take(self, name: int, unit: int, state: Any) -> None:
        states = self.held.setdefault(unit, {})
        states[name] = states[name].merge(state) if name in states else state

    def merge(self, other: Groups) -> None:
        for unit, states in other.held.items():
            for name, state in states.items():
                self.take(name, unit, state)

    def states(self, units: Sequence[int]) -> list[list[Any]]:
        """Of each unit the state in every group that has rows which count for one of them, else None."""
        held = [self.held.get(unit, {}) for unit in units]
        names = sorted(set().union(*held))
        return [[states.get(name) for name in names] for states in held]


# ---------------------------------------------------------------------- intervals


class NoInterval(Exception):
    """Why the resamples give no interval."""


@dataclass(frozen=True, slots=True)
class Replicates:
    """The values of the resamples; one that is not defined counts as beyond both ends.

    ``bias`` and ``acceleration`` are z₀ and a of Efron's: how many standard deviations the value is above the
    median of the resamples, and how fast the standard deviation grows with the value.
    """

    values: list[float]  # from the least to the greatest
    lost: int
    below: Fraction  # the share of the resamples below the value, a tie or a lost one as half
    acceleration: float

    @classmethod
    def of(cls, values: Sequence[float | None]) -> Replicates:
        """From the values under `schemes`: of the resamples, of the whole, and of all groups but one each."""
        drawn, whole, without = values[:REPLICATES], values[REPLICATES], values[REPLICATES + 1 :]
        held = sorted(value for value in drawn if value is not None)
        below = Fraction(1, 2)
        if whole is not None:
            less, more = bisect_left(held, whole), len(held) - bisect_right(held, whole)
            below += Fraction(less - more, 2 * REPLICATES)
        return cls(held, len(drawn) - len(held), below, acceleration(without))

    @property
    def bias(self) -> float:
        """Exactly opposite where all values are."""
        if self.below <= Fraction(1, 2):
            return normal_quantile(float(self.below)) if self.below else -math.inf
        return -normal_quantile(float(1 - self.below)) if self.below < 1 else math.inf

    def interval(self, spec: IntervalSpec) -> dict[str, Any]:
        """The k-th least and the k-th greatest, k being the share that is to lie beyond, of all and one more.

        An end that lies beyond all resamples is the outermost of them.
        """
        side = one_side(spec.level)
        few = min(self.below, 1 - self.below)
        if few < min(side, ONE_SIDED):
            where = "above" if self.below < Fraction(1, 2) else "below"
            raise NoInterval(
                f"{100 * float(1 - few):.4g}% of the resamples lie {where} the value: they are biased"
            )
        z = normal_quantile(float(side))
        least = self._place(z, self.bias, self.acceleration)
        greatest = self._place(z, -self.bias, -self.acceleration)
        if self.lost and min(least, greatest) < 1:
            raise NoInterval(f"not defined in {self.lost} of {REPLICATES} resamples")
        most = len(self.values)
        low = self.values[min(max(least, 1), most) - 1]
        high = self.values[-min(max(greatest, 1), most)]
        return {"low": low, "high": high, "level": spec.level, "method": "bootstrap"}

    def _place(self, z: float, bias: float, acceleration: float) -> int:
        """The place of an end among the defined resamples, from its own side; 0 or less is beyond them."""
        share = normal_upper(-pushed(z, bias, acceleration))
        return math.floor((REPLICATES + 1) * share + SLACK) - self.lost

    def notes(self, spec: IntervalSpec) -> list[str]:
        """What is to be said of the interval."""
        said = []
        if self.lost:
            said.append(
                f"not defined in {self.lost} of {REPLICATES} resamples, which "
                f"{'counts' if self.lost == 1 else 'count'} as beyond both ends"
            )
        z = normal_quantile(float(one_side(spec.level)))
        ends = ((self.bias, self.acceleration), (-self.bias, -self.acceleration))
        if any(not 1 <= self._place(z, *end) <= len(self.values) for end in ends):
            said.append("an end lies beyond all resamples, of which the outermost is shown")
        return said

    @property
    def stderr(self) -> float:
        """The standard deviation of the resamples, n - 1 below."""
        column = np.array(self.values)
        total, squares = ExactSum.of(column), ExactSum.of_products(column, column)
        n = len(self.values)
        return root(max((squares.fraction - total.fraction**2 / n) / (n - 1), Fraction(0)))

    def chance(self, against: Callable[[float], bool], *, above: bool = False) -> float:
        """The one-sided p-value of what the least resamples speak against, or, ``above``, the greatest.

        It is the least share beyond an end with which the interval's end on that side leaves them out.
        """
        place = sum(map(against, self.values)) + self.lost + 1
        if place == 1:
            return 1 / (REPLICATES + 1)  # not even the outermost speaks against it
        if place > REPLICATES:
            return 1.0
        sign = -1.0 if above else 1.0
        u = normal_quantile((place - SLACK) / (REPLICATES + 1))
        z = pulled(u, sign * self.bias, sign * self.acceleration)
        return max(normal_upper(-z), 1 / (REPLICATES + 1))


def acceleration(values: Sequence[float | None]) -> float:
    """A sixth of the skewness of the values without one group each, turned round; 0 where they do not vary.

    It is worked out in integers, so that it is the same for all orders and exactly opposite for opposite values.
    A value that is not defined is left out.
    """
    ratios = [value.as_integer_ratio() for value in values if value is not None]
    unit = max((below for _, below in ratios), default=1)
    units = [above * (unit // below) for above, below in ratios]
    total = sum(units)
    apart = [len(units) * one - total for one in units]
    squares, cubes = sum(one**2 for one in apart), sum(one**3 for one in apart)
    if not squares:
        return 0.0
    skewness = root(Fraction(cubes**2, squares**3))
    return (skewness if cubes < 0 else -skewness) / 6.0


def pushed(z: float, bias: float, acceleration: float) -> float:
    """Where the end at ``z`` of a normal value lies among the resamples (Efron 1987, eq. 3.8)."""
    moved = bias + z
    scale = 1.0 - acceleration * moved
    return bias + (moved / scale if scale > 0.0 else math.copysign(math.inf, moved))


def pulled(u: float, bias: float, acceleration: float) -> float:
    """The inverse of `pushed`."""
    moved = u - bias
    scale = 1.0 + acceleration * moved
    return (moved / scale if scale > 0.0 else math.copysign(math.inf, moved)) - bias


def few_groups(groups: int) -> list[str]:
    """What is to be said where there are few groups."""
    return [f"only {groups} groups were resampled"] if groups < FEW else []


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
        cls, units: Sequence[Sequence[Any]], spec: IntervalSpec, finish: Callable[[Sequence[Any]], PartValues]
    ) -> Resampled:
        """``units``: of every unit the states by group; ``finish``: the values of states of the units."""
        groups = len(units[0])
        if groups < 2:
            return cls(spec, groups, {}, ONE_GROUP)
        counts = schemes(groups, spec.seed)
        values: dict[Name, list[float | None]] = {}
        try:
            for at, states in enumerate(zip(*(resampled(unit, counts) for unit in units), strict=True)):
                for name, value in finish(states).items():
                    values.setdefault(name, [None] * len(counts))[at] = value
        except NotDrawn as why:
            return cls(spec, groups, {}, str(why) or UNRULY)
        return cls(spec, groups, {name: Replicates.of(held) for name, held in values.items()})

    def estimate(self, name: Mapping[str, str], state: Any, spread: Spread | None) -> Estimate:
        """The interval of one part; ``state`` and ``spread`` are of the rows themselves."""
        if self.why is not None:
            return Estimate(note=self.why)
        held = self.values[frozenset(name.items())]
        try:
            ci = held.interval(self.spec)
        except NoInterval as why:
            return Estimate(note=f"no interval: {why}")
        said = [tail_note(state, spread), *few_groups(self.groups), *held.notes(self.spec)]
        return Estimate(held.stderr, ci, "; ".join(note for note in said if note) or None)
