"""Second moments of the columns of a row function: what a standard error is made of.

They are the sums of u², w·u and w², where u = w·l is rounded once; the rest is done in fractions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np

from losscli.numbers.exact import ExactSum, round_fraction
from losscli.numbers.fields import LEAST, Nested, PerGroup, Several, State, greatest_of, least_of
from losscli.numbers.grouped_sums import SUM, exact_sum
from losscli.statistics.distributions import normal_quantile

if TYPE_CHECKING:
    from losscli.table.block import Floats, Ints, Mask

HEAVY = 0.05
"""A row that holds no more than this share of the squared deviations makes no tail heavy, in however many rows."""

BY_CHANCE = 0.001
"""How often rows that are squares of normal errors may have a tail that is called heavy."""

Row = tuple[float, float]
"""A row's w·l and w."""


class Ends(NamedTuple):
    """The rows at the ends, as w·l and w in arrays by group: one of them deviates most from any mean.

    An end that is infinite or NaN is infinite after any merge.
    """

    low: Floats  # (2, groups): the least w·l; of equal ones that of the least weight
    high: Floats  # the greatest w·l; of equal ones that of the greatest weight
    most: Floats  # the greatest weight; of equal ones that of the greatest w·l

    @classmethod
    def of(cls, scaled: Floats, weight: Floats | None, codes: Ints | None, groups: int) -> Self:
        """The rows at the ends of each column, by the least and the greatest of ``scaled``."""
        low, high = least_of(scaled, codes, groups), greatest_of(scaled, codes, groups)
        most: PerGroup = 1.0
        lightest = heaviest = most
        outermost = high
        if weight is not None:
            # Of equal ends the one of the least or greatest weight, so that the order of rows cannot show.
            most = greatest_of(weight, codes, groups)
            lightest = _chosen(least_of, weight, scaled, low, codes, groups)
            heaviest = _chosen(greatest_of, weight, scaled, high, codes, groups)
            outermost = _chosen(greatest_of, scaled, weight, most, codes, groups)
        ends = cls(*(np.empty((2, groups)) for _ in range(3)))
        for end, u, w in zip(ends, (low, high, outermost), (lightest, heaviest, most), strict=True):
            end[0], end[1] = u, w
        without = (ends.low[0] == np.inf) & (ends.high[0] == -np.inf)
        ends.most[:, without] = -np.inf
        broken = ~(np.isfinite(ends.low[0]) & np.isfinite(ends.high[0])) & ~without
        ends.low[0, broken], ends.high[0, broken] = -np.inf, np.inf
        return ends

    def merge(self, other: Self) -> Self:
        """Of the rows of both those at the ends."""
        groups = max(self.low.shape[1], other.low.shape[1])
        mine, theirs = self.of_groups(groups), other.of_groups(groups)
        return type(self)(
            np.where(_before(mine.low, theirs.low), mine.low, theirs.low),
            np.where(_before(theirs.high, mine.high), mine.high, theirs.high),
            np.where(_before(theirs.most[::-1], mine.most[::-1]), mine.most, theirs.most),
        )

    def of_groups(self, groups: int) -> Self:
        """The same for more groups, which have no rows."""
        more = (2, max(0, groups - self.low.shape[1]))
        return type(self)(*(
            np.concatenate((end, np.full(more, nothing)), axis=1)
            for end, nothing in zip(self, (np.inf, -np.inf, -np.inf), strict=True)
        ))  # fmt: skip

    def at(self, group: int) -> Self:
        """Those of one group alone."""
        held = self.of_groups(max(group + 1, self.low.shape[1]))
        return type(self)(*(end[:, group : group + 1] for end in held))

    def split(self, groups: int) -> Iterable[Self]:
        """Those of each group alone, for ``groups`` of them."""
        return map(self.at, range(groups))

    def regrouped(self, codes: Ints, places: Ints, groups: int) -> Self:
        """Those of the groups ``codes`` at other places, of ``groups``; those that share a place are merged."""
        held = self.of_groups(int(codes.max(initial=-1)) + 1)
        (low, light), (high, heavy), (outermost, most) = (end[:, codes] for end in held)
        return type(self)(
            _ends(least_of, low, light, places, groups),
            _ends(greatest_of, high, heavy, places, groups),
            _ends(greatest_of, most, outermost, places, groups)[::-1],
        )

    def to_json(self) -> list[Any]:
        """The ends in their order, each as two lists by group, for `from_json`."""
        return [[LEAST.to_json(numbers) for numbers in end] for end in self]

    @classmethod
    def from_json(cls, held: Any, groups: int | None = None) -> Self:
        """What was written; a ValueError where the arrays have other shapes."""
        width = 1 if groups is None else groups
        ends = [np.array([LEAST.from_json(numbers, width) for numbers in end]) for end in held]
        if len(ends) != 3 or any(end.shape[:1] != (2,) or end.ndim != 2 for end in ends):
            raise ValueError("these are not rows at the ends")
        return cls(*ends)

    @property
    def rows(self) -> list[Row]:
        """The rows of one group."""
        return [(u, w) for end in self for u, w in zip(*end.tolist(), strict=True)]

    @property
    def finite(self) -> bool:
        """Whether the rows at both ends are finite, and so all between them."""
        return bool(np.isfinite(self.low).all() and np.isfinite(self.high).all())


def _chosen(
    choose: Callable[..., PerGroup], column: Floats, keyed: Floats, key: PerGroup, codes: Ints | None, groups: int
) -> PerGroup:  # fmt: skip
    """The least or greatest number of the rows whose other column is at its end."""
    rows = np.flatnonzero(keyed == (key if codes is None else key[codes]))
    return choose(column[rows], None if codes is None else codes[rows], groups)


def _ends(choose: Callable[..., PerGroup], first: Floats, second: Floats, codes: Ints, groups: int) -> Floats:
    """Of each group the pair of numbers that is chosen by its first number, and then by its second."""
    chosen = choose(first, codes, groups)
    return np.stack((chosen, _chosen(choose, second, first, chosen, codes, groups)))


def _before(one: Floats, other: Floats) -> Mask:
    """Where a pair of numbers comes first, by its first number and then by its second."""
    found: Mask = (one[0] < other[0]) | ((one[0] == other[0]) & (one[1] <= other[1]))
    return found


@dataclass(frozen=True, slots=True)
class Spread(State):
    """Second moments of the columns of a row function; without weights w is one."""

    products: tuple[ExactSum, ...]  # Σ u_j u_k for j <= k, row by row of the triangle
    crossed: tuple[ExactSum, ...]  # Σ w u_k; none without weights, where it is the column's sum
    squares: ExactSum | None  # Σ w²
    ends: Ends | None  # of a single column
    FIELDS: ClassVar = {
        "products": Several(SUM),
        "crossed": Several(SUM),
        "squares": SUM._replace(always=False),
        "ends": Nested(Ends.from_json),
    }

    @classmethod
    def of(
        cls, columns: Sequence[Floats], weight: Floats | None, codes: Ints | None = None, groups: int = 1
    ) -> Self:
        """The second moments of columns (n,) and of weights, or of each group's rows."""
        with np.errstate(all="ignore"):
            scaled = list(columns) if weight is None else [column * weight for column in columns]
        pairs = [(j, k) for j in range(len(scaled)) for k in range(j, len(scaled))]
        products = tuple(exact_sum(codes, groups, scaled[j], scaled[k]) for j, k in pairs)
        ends = Ends.of(scaled[0], weight, codes, groups) if len(scaled) == 1 else None
        if weight is None:
            return cls(products, (), None, ends)
        crossed = tuple(exact_sum(codes, groups, weight, column) for column in scaled)
        return cls(products, crossed, exact_sum(codes, groups, weight, weight), ends)

    @property
    def finite(self) -> bool:
        """Whether no product was infinite or NaN."""
        held = (*self.products, *self.crossed, *([self.squares] if self.squares is not None else []))
        return all(total.finite for total in held)

    def covariance(self, sums: Sequence[ExactSum], weight: ExactSum) -> list[list[Fraction]]:
        """Of the columns' means: Σ(u_j − m_j w)(u_k − m_k w) / W²."""
        total = weight.fraction
        means = [column.fraction / total for column in sums]
        crossed = [c.fraction for c in self.crossed] or [column.fraction for column in sums]
        squares = total if self.squares is None else self.squares.fraction
        size = len(means)
        found = [[Fraction(0)] * size for _ in range(size)]
        held = iter(self.products)
        for j in range(size):
            for k in range(j, size):
                moment = next(held).fraction - means[j] * crossed[k] - means[k] * crossed[j]
                found[j][k] = found[k][j] = (moment + means[j] * means[k] * squares) / total**2
        return found

    def heavy(self, mean: Fraction, variance: Fraction, weight: ExactSum) -> bool:
        """Whether one row holds far more of the squared deviations than rows of that number would show.

        ``variance`` is that of the mean, Σ(u − mw)² / W².  Rows of other weights are fewer (Kish 1965, § 11.7).
        """
        total = weight.fraction
        ends = () if self.ends is None else self.ends.rows
        most = max(((Fraction(u) - mean * Fraction(w)) ** 2 for u, w in ends), default=Fraction(0))
        count = round_fraction(total if self.squares is None else total**2 / self.squares.fraction)
        return most > Fraction(greatest_share(count)) * variance * total**2


def greatest_share(rows: float) -> float:
    """The share of the squared deviations that the greatest of so many rows may hold without a heavy tail.

    The reference is rows that are squares of normal errors, as those of `mse` are where nothing is wrong: q with mean
    1 and variance 2.  All of n stay below the quantile of 1 − α/n but with a chance of at most α = `BY_CHANCE`
    (Bonferroni, as Cochran 1941, doi:10.1111/j.1469-1809.1941.tb02271.x, bounds the greatest share of a sum of
    squares); there a row deviates by d = q − 1, and the other n − 1 have 2 (n − 1) together.  Simulated, 1 % of samples
    of 15 rows lie above, as their own spread varies, and 0.1 % of 1,000.  Of up to 11 rows none can: no row's share
    exceeds (n − 1)/n.
    """
    rows = min(max(rows, 1.0), 1e6)  # far beyond the rows from which `HEAVY` is the bound
    deviation = (normal_quantile(1.0 - BY_CHANCE / (2.0 * rows)) ** 2 - 1.0) ** 2
    return max(HEAVY, deviation / (deviation + 2.0 * (rows - 1.0)))
