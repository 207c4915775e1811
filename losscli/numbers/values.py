"""Rows that are kept, for what needs all of them at once: quantiles here, orders in `order`, lists in rankings."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

import numpy as np

from losscli.numbers.exact import ExactSum, round_fraction
from losscli.numbers.fields import COUNT, PerGroup, rows_of
from losscli.numbers.grouped_sums import NotResampled, exact_sum, grouped, sum_of_ones
from losscli.numbers.ordered_keys import keys_of, values_of
from losscli.numbers.pieces import Piece, Rows, joined, piece_of, together
from losscli.numbers.sums import Sums

if TYPE_CHECKING:
    from losscli.numbers.drawn_rows import DrawnRows
    from losscli.numbers.sums import Names
    from losscli.table.block import Floats, Ints
    from losscli.table.spill import Spill

S = TypeVar("S", bound=Any)

DIGIT = 16
"""Bits of a value that one pass over rows that were put aside counts."""
MOST_DRAWN = 1 << 20
"""Rows that resamples draw again, one at a time: of more it would take too long."""
AT_A_TIME = 1 << 18
"""Rows that are read again at a time."""
FEW_ROWS = 1 << 16
"""Of more rows in memory a sample tells which are near a quantile, so that the others need not be put in order."""
SAMPLE, MARGIN = 1 << 12, 32
"""Rows of the sample, about, and which part of them is taken on either side of the quantile's place in it."""


@dataclass(frozen=True, eq=False)
class Values:
    """All rows: their columns and weights.  What is found in them does not depend on their order.

    It grows with the rows, as an exact median needs all of them; `put_aside` moves them to a file.
    """

    pieces: tuple[Piece, ...]
    weight: ExactSum
    rows: PerGroup
    columns: int
    bytes_held: int = 0
    """In memory."""

    ASCENDING: ClassVar = False
    """Whether the first column ascends in each stretch of a piece."""
    TIMES: ClassVar = 4
    """How many times as much memory as the rows is taken, about, while they are worked out: sorting takes three times."""

    @classmethod
    def empty(cls, *, weighted: bool, columns: int = 1) -> Self:
        """The state of no rows."""
        return cls((), ExactSum.empty(), 0, columns)

    @classmethod
    def of(
        cls, columns: Sequence[Floats | Ints], weight: Floats | None, names: Names = None,
        codes: Ints | None = None, groups: int = 1,
    ) -> Self:  # fmt: skip
        """The rows of columns (n,), copied, one piece for each group."""
        # Copies: what they are part of is larger, and would be held as a whole.
        rows = Rows(
            tuple(np.array(column) for column in columns), None if weight is None else np.array(weight)
        )
        return cls._of(rows, None, codes, groups)

    @classmethod
    def _of(cls, rows: Rows, kinds: Ints | None, codes: Ints | None, groups: int) -> Self:
        count = rows_of(len(rows.columns[0]), codes, groups)
        total = sum_of_ones(count) if rows.weight is None else exact_sum(codes, groups, rows.weight)
        pieces = (piece_of(rows, codes, kinds, ascending=cls.ASCENDING),) if len(rows.columns[0]) else ()
        return cls(pieces, total, count, len(rows.columns), sum(piece.bytes_held for piece in pieces))

    def merge(self, other: Self) -> Self:
        """The rows of both, as pieces that are put into order when they are read."""
        return replace(
            self,
            pieces=self.pieces + other.pieces,
            weight=self.weight.merge(other.weight),
            rows=COUNT.merge(self.rows, other.rows),
            bytes_held=self.bytes_held + other.bytes_held,
        )

    # ------------------------------------------------------------------ groups

    @cached_property
    def _stretches(self) -> tuple[Ints, Ints, Ints]:
        """The group, the piece and the place in it of every stretch, in the order of groups, pieces and places."""
        codes = [piece.codes for piece in self.pieces]
        pieces = np.repeat(np.arange(len(codes)), [len(each) for each in codes])
        places = np.concatenate([np.arange(len(each)) for each in codes] or [pieces])
        groups = np.concatenate(codes or [pieces])
        order = np.argsort(groups, kind="stable")
        return groups[order], pieces[order], places[order]

    def at(self, group: int) -> Self:
        """The state of one group alone."""
        if len(self.rows) == 1 and all(not piece.codes.any() for piece in self.pieces):
            return replace(self, weight=grouped(self.weight).at(group), rows=COUNT.at(self.rows, group))
        groups, pieces, places = self._stretches
        first, last = groups.searchsorted((group, group + 1)).tolist()
        found = zip(pieces[first:last].tolist(), places[first:last].tolist(), strict=True)
        own = tuple(self.pieces[piece].part(place) for piece, place in found)
        weight, rows = grouped(self.weight).at(group), COUNT.at(self.rows, group)
        return type(self)(own, weight, rows, self.columns, sum(piece.bytes_held for piece in own))

    def each(self, codes: Ints) -> Iterable[Self]:
        """The state of each of some groups alone."""
        return map(self.at, codes.tolist())

    def split(self, groups: int) -> Iterator[Self]:
        """The state of each group alone, for ``groups`` of them."""
        return map(self.at, range(groups))

    def regrouped(self, codes: Ints, places: Ints, groups: int) -> Self:
        """The states of the groups ``codes`` at other places, of ``groups``; those that share a place are merged."""
        moved = np.full(int(codes.max(initial=-1)) + 2, -1)  # the last is of groups that are left behind
        moved[codes] = places
        return replace(
            self,
            pieces=tuple(
                replace(piece, codes=moved[np.where(piece.codes < len(moved) - 1, piece.codes, -1)])
                for piece in self.pieces
            ),
            weight=grouped(self.weight).regrouped(codes, places, groups),
            rows=COUNT.regrouped(self.rows, codes, places, groups),
        )

    def resampled(self, counts: Floats) -> DrawnRows:
        """The states of resamples; in row r of ``counts`` stands how often it draws each group."""
        # Imported here: few calls draw rows again.
        from losscli.numbers.drawn_rows import DrawnRows

        if (rows := int(np.sum(self.rows))) > MOST_DRAWN:
            raise NotResampled(
                f"no interval: the order of {rows} rows counts, and of more than {MOST_DRAWN} they are not drawn again"
            )
        return DrawnRows(self, counts)

    def by_group(self, groups: int) -> tuple[Rows, Ints]:
        """All rows in the order of their groups, and where each of ``groups`` groups begins and ends."""
        piece = joined(self.pieces, ascending=self.ASCENDING)
        return Rows(piece.columns, piece.weight), piece.starts[
            piece.codes.searchsorted(np.arange(groups + 1))
        ]

    # ------------------------------------------------------------------ memory

    def put_aside(self, spill: Spill) -> Self:
        """The same state, its rows in the spill file."""
        stored = [piece for piece in self.pieces if not piece.in_memory]
        held = [piece for piece in self.pieces if piece.in_memory]
        if held:
            stored.append(joined(held, ascending=self.ASCENDING).put_aside(spill))
        return replace(self, pieces=tuple(stored), bytes_held=0)

    # ------------------------------------------------------------------ quantiles

    def quantile(self, level: Fraction, column: int = 0) -> float:
        """The middle of the two `ends` of a quantile, as of the median of an even number of rows."""
        return middle(*self.ends(level, column))

    def ends(self, level: Fraction, column: int = 0) -> tuple[float, float]:
        """The least value that so much of the weight does not exceed, and the greatest that would do as well.

        That is the next value where the weight up to the first is just so much, and else the first itself.
        """
        target, weight = level * self.weight.fraction, self.weight.fraction
        inside = sum(int(piece.starts[-1]) for piece in self.pieces)
        # Rows that were put aside are counted by the upper bits of their values until the others fit.
        fit = max((inside if piece.in_memory else int(piece.starts[-1]) for piece in self.pieces), default=0)
        digits = 0, 64
        while inside > fit and digits[1]:
            digits, inside, below, weight = self._narrowed(column, digits, target)
            target -= below
        if not digits[1]:
            value, following, tied = (
                float(values_of(np.array([digits[0]], np.uint64))[0]),
                None,
                target == weight,
            )
        elif digits[1] == 64:
            rows, below = self._around(column, target)
            value, following, tied = _reaching(rows, target - below)
        else:
            value, following, tied = _reaching(self._beginning_with(column, digits), target)
        if tied and following is None:
            following = self._least_above(column, value)
        return value, following if tied and following is not None else value

    # ------------------------------------------------------------------ sums

    def kept_in(self, kind: type[S], rows: Callable[..., tuple[Floats, ...]]) -> S:
        """A state of another kind, of columns that ``rows`` makes of those that are kept."""
        state: S = kind.empty(weighted=True)
        for part in self._read(*range(self.columns)):
            of_part = kind.of(rows(*part.columns), part.weight)
            state = of_part if state.rows == 0 else state.merge(of_part)
        return state

    def up_to(self, bound: float) -> tuple[Fraction, Fraction]:
        """What the rows weigh whose first value is at most ``bound``, and the sum of these values times the weights."""

        def chosen(values: Floats, *_: Floats) -> tuple[Floats, Floats]:
            below = values <= bound
            return below.astype(np.float64), np.where(below, values, 0.0)

        weight, total = self.kept_in(Sums, chosen).totals
        return weight.fraction, total.fraction

    # ------------------------------------------------------------------ rows in parts

    def _read(self, *columns: int) -> Iterator[Rows]:
        """Columns and their weights, in parts that fit."""
        for piece in self.pieces:
            rows = int(piece.starts[-1])
            step = rows if piece.in_memory else AT_A_TIME
            for start in range(0, rows, step):
                here = slice(start, start + step)
                weight = None if piece.weight is None else piece.weight[here]
                yield Rows(tuple(piece.columns[column][here] for column in columns), weight)

    def _narrowed(
        self, column: int, digits: tuple[int, int], target: Fraction
    ) -> tuple[tuple[int, int], int, Fraction, Fraction]:
        """The bits of the value that reaches ``target``, one digit more of them; the rows that share them, what weighs
        less than they, and what they weigh."""
        known, bits = digits[0] << DIGIT, digits[1] - DIGIT
        counts = np.zeros(1 << DIGIT, np.int64)
        weights: Any = sum_of_ones(np.zeros_like(counts))
        for rows in self._read(column):
            keys = keys_of(rows.columns[0]) >> np.uint64(bits)
            here = np.flatnonzero(keys >> np.uint64(DIGIT) == np.uint64(digits[0]))
            last = (keys[here] & np.uint64((1 << DIGIT) - 1)).astype(np.int64)
            found = np.bincount(last, minlength=1 << DIGIT)
            counts += found
            weight = rows.weight
            weights = weights.merge(
                sum_of_ones(found) if weight is None else exact_sum(last, 1 << DIGIT, weight[here])
            )
        units, exponent = weights.units(1 << DIGIT)
        scale = Fraction(2) ** exponent
        ends = list(accumulate(units))
        digit = bisect_left(ends, target / scale) if target > 0 else bisect_right(ends, 0)
        below = (ends[digit] - units[digit]) * scale
        return (known | digit, bits), int(counts[digit]), below, units[digit] * scale

    def _beginning_with(self, column: int, digits: tuple[int, int]) -> Rows:
        """The rows whose values begin with these bits."""
        return together([
            rows.take(np.flatnonzero(keys_of(rows.columns[0]) >> np.uint64(digits[1]) == np.uint64(digits[0])))
            for rows in self._read(column)
        ])  # fmt: skip

    def _around(self, column: int, target: Fraction) -> tuple[Rows, Fraction]:
        """Some of the rows, all in memory, among which the weights reach ``target``, and what weighs less than they."""
        parts = list(self._read(column))
        rows = sum(len(part.columns[0]) for part in parts)
        if rows > FEW_ROWS:
            low, high = _bounds(parts, rows // SAMPLE, float(target / self.weight.fraction))
            below, inside = Fraction(0), []
            for part in parts:
                values = part.columns[0]
                below += part.weight_of(values < low)
                inside.append(part.take(np.flatnonzero((values >= low) & (values <= high))))
            if below < target <= below + sum(part.weight_of() for part in inside):
                return together(inside), below
        return together(parts), Fraction(0)

    def _least_above(self, column: int, value: float) -> float | None:
        """The least value above another; None where there is none."""
        found = [held[held > value] for rows in self._read(column) for held in rows.columns]
        return min((float(above.min()) for above in found if len(above)), default=None)


def middle(low: float, high: float) -> float:
    """The middle of two numbers, rounded once."""
    if low == high or math.isinf(high):
        return high
    return round_fraction((Fraction(low) + Fraction(high)) / 2)


def _bounds(parts: Sequence[Rows], step: int, share: float) -> tuple[float, float]:
    """Two values between which, as every so-many-th row tells, lies the one up to which is this share of the weight."""
    sample = together([Rows((rows.columns[0][::step],), None if rows.weight is None else rows.weight[::step])
                        for rows in parts])  # fmt: skip
    values, weight = sample.columns[0], sample.weight
    order = np.argsort(values)
    place = int(share * len(order))
    if weight is not None:
        upto = (weight[order] / weight.max()).cumsum()
        place = int(upto.searchsorted(share * upto[-1]))
    first, last = place - len(order) // MARGIN, place + len(order) // MARGIN
    return (
        float(values[order[first]]) if first >= 0 else -math.inf,
        float(values[order[last]]) if last < len(order) else math.inf,
    )


def _reaching(rows: Rows, target: Fraction) -> tuple[float, float | None, bool]:
    """The least value with which the weights reach ``target``, the next one in order, and whether they just reach it."""
    values = rows.columns[0]
    if rows.weight is None:
        at = max(0, math.ceil(target) - 1)
        more = at + 1 < len(values)
        values.partition([at, at + 1] if more else at)
        return float(values[at]), float(values[at + 1]) if more else None, target == at + 1
    order = np.argsort(values, kind="stable")
    weights = rows.weight[order]
    low, high = 0, len(values) - 1
    while low < high:
        middle = (low + high) // 2
        if ExactSum.of(weights[: middle + 1]).fraction >= target:
            high = middle
        else:
            low = middle + 1
    tied = ExactSum.of(weights[: low + 1]).fraction == target
    following = float(values[order[low + 1]]) if low + 1 < len(values) else None
    return float(values[order[low]]), following, tied
