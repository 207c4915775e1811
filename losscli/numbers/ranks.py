"""Rows that are compared with each other in pairs: ties, order and ranks, counted exactly in n log n steps.

A pair weighs the product of its rows' weights, which are whole multiples of a power of two.  Rows are taken by ranges
of their first column, and then by ranges of their second.  Pairs of one range are counted in it, those of two ranges
by what the rows of each weigh.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from losscli.numbers.ascending import Ascending, Run, in_parts, one_value, ranges
from losscli.numbers.exact import ExactSum
from losscli.numbers.inversions import inversions
from losscli.numbers.pieces import Rows, Stretch, piece_of, together

if TYPE_CHECKING:
    from losscli.numbers.whole_weights import Whole
    from losscli.table.block import Floats, Ints, Mask

EXACT = 53
"""Bits of a whole number that a double holds."""
BITS = 31
"""Of a product that are added up together."""


class Pairs(NamedTuple):
    """What the pairs weigh of which the first column puts one row first: all, those tied in the second, those that fall.

    A pair falls where its first row has the greater second value.  ``apart`` is what all pairs of different second
    values weigh, ``values`` how many values there are of each column.
    """

    every: int
    tied: int
    falling: int
    apart: int
    values: tuple[int, int]

    @property
    def rising(self) -> int:
        """What the pairs weigh whose first row has the lesser second value."""
        return self.every - self.tied - self.falling

    @property
    def excess(self) -> int:
        """What rising pairs weigh more than falling ones."""
        return self.rising - self.falling


class Weighed(NamedTuple):
    """Different pairs of a moment and a second value, ascending, and what the rows of each weigh in the unit of all weights.

    ``seen`` are the rows whose event was seen, ``every`` are all.
    """

    moments: Floats
    values: Floats
    seen: Whole
    every: Whole


class _Sides(NamedTuple):
    """What rows weigh as the first of a pair, and as the second; None: 1 each."""

    first: Whole | None
    second: Whole | None

    def take(self, rows: Ints) -> _Sides:
        return _Sides(*(None if side is None else side[rows] for side in self))

    def totals(self, rows: int) -> tuple[int, int]:
        """What so many rows weigh together as either."""
        first, second = (rows if side is None else int(side.sum()) for side in self)
        return first, second


class _Compared(NamedTuple):
    """What pairs weigh whose first row is at an earlier moment: those tied in a column, and those that fall in it.

    ``squares`` adds up the squares of what the rows of each value of the column weigh, ``values`` is how many there are.
    """

    tied: int = 0
    falling: int = 0
    squares: int = 0
    values: int = 0

    def plus(self, *more: int) -> _Compared:
        return _Compared(*(one + other for one, other in zip(self, more, strict=True)))


@dataclass(frozen=True, eq=False)
class Ranked(Ascending):
    """Rows that are ranked by their first two columns.

    The moment of a row is its first value.  The last of three columns or more says whether an event was seen then: where
    it was not, it comes later, so that the row's moment is behind that of all other rows of the value, and it is first in
    no pair.
    """

    @property
    def total(self) -> int:
        """What all rows weigh, in the unit of all weights."""
        return int(self.weight.fraction / Fraction(2) ** self.unit.exponent)

    def constant(self, column: int) -> bool:
        """Whether all rows have one value in a column."""
        parts = (rows.columns[0] for rows in self._read(column))
        return len({float(end) for values in parts for end in (values.min(), values.max())}) == 1

    # ------------------------------------------------------------------ pairs

    @cached_property
    def pairs(self) -> Pairs:
        """What pairs of rows weigh by how their first two columns order them."""
        cuts = list(ranges(self.runs))
        firsts, seconds = [0] * (2 * len(cuts)), [0] * (2 * len(cuts))
        every, moments, inside, runs = 0, 0, _Compared(), list[Run]()
        for group, rows, own in self._by_moment(cuts):
            sides = self._sides(rows)
            first, second = sides.totals(len(rows.columns[0]))
            moments += own is None and not seconds[group]
            firsts[group] += first
            seconds[group] += second
            if own is not None:
                ends = _ends(own[1:] != own[:-1])
                every += _behind(ends, ends[-1:], sides)
                moments += len(ends)
                inside = inside.plus(*_compared(own, rows.columns[1], sides))
            if own is None or len(cuts) > 1:
                runs.append(self._run(group, rows.columns[1:], rows))
        every += _ahead(firsts, seconds)
        found = inside
        if runs:
            found = self._across(sorted(runs, key=lambda run: run.kind), len(firsts))
            found = found.plus(inside.tied, inside.falling, 0, 0)
        apart = (self.total**2 - found.squares) // 2
        return Pairs(every, found.tied, found.falling, apart, (moments, found.values))

    def _by_moment(self, cuts: Sequence[Sequence[Run]]) -> Iterator[tuple[int, Rows, Ints | None]]:
        """Rows by groups, which are numbered by their moments; the moment of each row, or None where there is one."""
        for at, cut in enumerate(cuts):
            if not one_value(cut):
                yield 2 * at, *self._in_order(together([run.rows.rows() for run in cut]))
                continue
            for part in (part for run in cut for part in in_parts(run.rows)):
                rows = part.rows()
                seen = self._seen(rows)
                if seen is None:
                    yield 2 * at, rows, None
                    continue
                for group, chosen in ((2 * at, seen), (2 * at + 1, ~seen)):
                    if chosen.any():
                        yield group, rows.take(np.flatnonzero(chosen)), None

    def _across(self, runs: Sequence[Run], groups: int) -> _Compared:
        """What pairs of rows of different groups weigh, of runs in the order of these."""
        found, below = _Compared(), [0] * groups
        for cut in ranges(runs):
            firsts, seconds = [0] * groups, [0] * groups
            parts: list[tuple[Ints, Rows]] = []
            of_one = one_value(cut)
            for kind, part in ((run.kind, part) for run in cut for part in in_parts(run.rows)):
                rows = part.rows()
                first, second = self._sides(rows).totals(len(part))
                firsts[kind] += first
                seconds[kind] += second
                if not of_one:
                    parts.append((np.full(len(part), kind), rows))
            # The rows of lower ranges have lesser values: where they come later, the pair falls.
            found = found.plus(0, _ahead(firsts, below), 0, 0)
            if of_one:
                found = found.plus(_ahead(firsts, seconds), 0, sum(seconds) ** 2, 1)
            else:
                rows = together([rows for _, rows in parts])
                moments = np.concatenate([moments for moments, _ in parts])
                found = found.plus(*_compared(moments, rows.columns[0], self._sides(rows)))
            below = [one + other for one, other in zip(below, seconds, strict=True)]
        return found

    def _in_order(self, rows: Rows) -> tuple[Rows, Ints]:
        """Some rows in the order of their moments, and these as whole numbers."""
        seen = self._seen(rows)
        order = np.argsort(rows.columns[0]) if seen is None else np.lexsort((~seen, rows.columns[0]))
        rows, seen = rows.take(order), None if seen is None else seen[order]
        new = rows.columns[0][1:] != rows.columns[0][:-1]
        if seen is not None:
            new |= seen[1:] != seen[:-1]
        return rows, np.concatenate(([0], new.cumsum()))

    def _seen(self, rows: Rows) -> Mask | None:
        """Of which of some rows the event was seen; None where the rows have none."""
        return rows.columns[-1] == 1.0 if self.columns >= 3 else None

    def _sides(self, rows: Rows) -> _Sides:
        """What each of some rows weighs in pairs."""
        weight, seen = None if rows.weight is None else self.unit.multiples(rows.weight), self._seen(rows)
        if seen is None:
            return _Sides(weight, weight)
        second = np.ones(len(seen), np.int64) if weight is None else weight
        return _Sides(np.where(seen, second, second * 0), second)

    def _run(self, kind: int, columns: Sequence[Any], rows: Rows) -> Run:
        """Columns of some rows with their weights as a run, in memory where all rows of the state are."""
        weight = None if rows.weight is None else np.array(rows.weight)
        piece = piece_of(Rows(tuple(map(np.array, columns)), weight), None, None, ascending=True)
        spill = next((own.columns[0].spill for own in self.pieces if not own.in_memory), None)
        piece = piece if spill is None else piece.put_aside(spill)
        return Run(kind, Stretch(piece, 0, len(rows.columns[0])))

    def weighed(self) -> Iterator[Weighed]:
        """The different pairs of the first two values in order, in parts that hold all rows of a moment."""
        for cut in ranges(self.runs):
            rows = together([run.rows.rows() for run in cut])
            rows = rows.take(np.lexsort(rows.columns[1::-1]))
            moments, values = rows.columns[:2]
            ends = _ends((moments[1:] != moments[:-1]) | (values[1:] != values[:-1]))
            seen, every = (np.diff(_upto(ends, side), prepend=0) for side in self._sides(rows))
            yield Weighed(moments[ends], values[ends], seen, every)

    # ------------------------------------------------------------------ ranks

    def correlation(self) -> tuple[int, int, int]:
        """The sums of products and of squares of mid-ranks about their mean, for the first two columns."""
        both, squares, other, runs = 0, 0, 0, list[Run]()
        for rows, ranks in self._midranked(self.runs):
            squares += weighted_sum(ranks * ranks, self._sides(rows).first)
            runs.append(self._run(0, (rows.columns[1], *self._limbs(ranks)), rows))
        for rows, ranks in self._midranked(runs):
            weight = self._sides(rows).first
            both += weighted_sum(_joined(rows.columns[1:]) * ranks, weight)
            other += weighted_sum(ranks * ranks, weight)
        return both, squares, other

    def moment(self, column: int) -> Fraction:
        """The exact sum of the first column times twice the mid-ranks by one of the first two, about their mean."""
        runs: Sequence[Run] = self.runs
        if column:
            runs = [self._run(0, rows.columns, rows) for rows in self._read(column, 0)]
        total = Fraction(0)
        for rows, ranks in self._midranked(runs):
            # The first column is where the two have changed places, too: column 1 of two, or 0.
            first = rows.columns[column]
            for place, limb in enumerate(self._limbs(ranks)):
                part = limb.astype(np.float64)
                found = (
                    ExactSum.of_products(first, part)
                    if rows.weight is None
                    else ExactSum.of_triples(rows.weight, first, part)
                )
                total += found.fraction * (1 << EXACT * place)
        return total

    def _midranked(self, runs: Sequence[Run]) -> Iterator[tuple[Rows, Whole]]:
        """Rows of some runs, and twice the mean rank that those of each value have by it, less that of all."""
        below, total = 0, self.total
        for cut in ranges(runs):
            if one_value(cut):
                own = sum(self.weight_of(run.rows) for run in cut)
                for part in (part for run in cut for part in in_parts(run.rows)):
                    yield part.rows(), np.full(len(part), 2 * below + own - total, self.unit.dtype)
                below += own
                continue
            rows = together([run.rows.rows() for run in cut])
            rows = rows.take(np.argsort(rows.columns[0]))
            ends = _ends(rows.columns[0][1:] != rows.columns[0][:-1])
            weight = None if rows.weight is None else self.unit.multiples(rows.weight)
            upto = _upto(ends, weight).astype(self.unit.dtype) + below
            before = np.concatenate([self.unit.whole([below]), upto[:-1]])
            yield rows, np.repeat(before + upto - total, np.diff(ends, prepend=-1))
            below = int(upto[-1])

    def _limbs(self, numbers: Whole) -> list[Ints]:
        """Whole numbers of the size of ranks in digits of so many bits as a double holds, the lowest first."""
        count = 1 if self.unit.dtype is np.int64 else self.total.bit_length() // EXACT + 1
        digits = [numbers >> EXACT * place for place in range(count)]
        return [
            (digit & ((1 << EXACT) - 1) if digit is not digits[-1] else digit).astype(np.int64)
            for digit in digits
        ]


def _ends(new: Mask) -> Ints:
    """Where the runs of equal rows end; ``new`` tells of each row but the first whether it is unlike the one before."""
    return np.append(np.flatnonzero(new), len(new))


def _upto(ends: Ints, weight: Whole | None) -> Whole:
    """What the rows weigh up to some places."""
    return ends + 1 if weight is None else weight.cumsum()[ends]


def _behind(ends: Ints, last: Ints, sides: _Sides) -> int:
    """What pairs of rows weigh whose second is in a later run; runs end at ``ends``, and pairs do not reach past ``last``."""
    first = np.diff(_upto(ends, sides.first), prepend=0)
    upto = _upto(ends, sides.second)
    rest = upto[ends.searchsorted(last)][last.searchsorted(ends)] - upto
    return int((first * rest).sum())


def _ahead(firsts: Sequence[int], seconds: Sequence[int]) -> int:
    """What pairs of rows weigh of which the first is of an earlier group; ``firsts`` and ``seconds`` are by group."""
    found, earlier = 0, 0
    for first, second in zip(firsts, seconds, strict=True):
        found += earlier * second
        earlier += first
    return found


def _compared(moments: Ints, column: Any, sides: _Sides) -> _Compared:
    """What pairs of rows weigh, whose moments ascend, by the values of a column."""
    order = np.argsort(column, kind="stable")
    values, moments, sides = column[order], moments[order], sides.take(order)
    new = values[1:] != values[:-1]
    ends = _ends(new)
    weights = np.diff(_upto(ends, sides.second), prepend=0)
    return _Compared(
        _behind(_ends(new | (moments[1:] != moments[:-1])), ends, sides),
        inversions(moments, sides.second, sides.first),
        int((weights * weights).sum()),
        len(ends),
    )


def _joined(limbs: Sequence[Ints]) -> Whole:
    """Whole numbers of their digits."""
    if len(limbs) == 1:
        return limbs[0]
    return sum(limb.astype(object) << EXACT * place for place, limb in enumerate(limbs))


def weighted_sum(numbers: Whole, weight: Whole | None) -> int:
    """The sum of numbers times weights; of int64 none exceeds 2^62, nor do the weights together exceed 2^31."""
    # In two halves: neither's sum leaves 63 bits.
    high, low = numbers >> BITS, numbers & ((1 << BITS) - 1)
    if weight is not None:
        high, low = high * weight, low * weight
    return (int(high.sum()) << BITS) + int(low.sum())
