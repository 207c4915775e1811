"""Exact sums of a column by group: many sums side by side, as arrays of integers.

A double is cut into limbs of 44 bits at fixed powers of two, and each limb is added, as an integer, to
the limb of its row's group.  Limbs that no value reaches are not kept.  Rows that cannot be cut so
(infinite, NaN, next to the ends of the range) go to an `ExactSum` of their group.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from losscli.numbers.error_free import two_product
from losscli.numbers.exact import ExactSum
from losscli.numbers.fields import COUNT, Nested, PerGroup
from losscli.numbers.tiles import LOWEST, TILE, Bounds, bounds_of, scratch

if TYPE_CHECKING:
    from losscli.table.block import Floats, Ints, Mask

LIMB = 44
HALF = LIMB // 2
ROOM = 1 << 18  # numbers of up to LIMB + 1 bits that a limb takes in before it carries
SAFE_HIGH, SAFE_LOW = 960, -990  # between these powers of two no constant overflows or is subnormal


class NotResampled(Exception):
    """Why states of groups are not drawn again; empty where their kind never is."""


@dataclass(frozen=True, slots=True)
class GroupedSums:
    """Σ of products of ``factors`` columns for each group: ``limbs[k][g]`` counts units of 2**(LIMB * k)."""

    factors: int = 1
    limbs: Mapping[int, Ints] = field(default_factory=dict)
    others: Mapping[int, ExactSum] = field(default_factory=dict)
    terms: int = 0  # added since the limbs last carried

    @classmethod
    def of_counts(cls, counts: Ints) -> Self:
        """Of ones, as many as are counted in each group."""
        return cls(1, {0: counts}, {}, 1)

    @classmethod
    def of(cls, column: Floats, codes: Ints, groups: int) -> Self:
        """The sums of a column by the code of each row."""
        sums = cls()
        for start in range(0, len(column), TILE):
            tile = slice(start, start + TILE)
            sums = sums.merge(cls._of_tile(column[tile], codes[tile], groups))
        return sums

    @classmethod
    def _of_tile(cls, column: Floats, codes: Ints, groups: int) -> Self:
        others = {}
        with np.errstate(all="ignore"):
            bounds = bounds_of(column, scratch.buffers[0, : len(column)])
            if bounds is None or bounds.high > SAFE_HIGH or bounds.low - 53 < SAFE_LOW:
                size = np.abs(column)
                far = ~((size < 2.0**SAFE_HIGH) & ((size >= 2.0 ** (SAFE_LOW + 53)) | (size == 0.0)))
                for code in np.unique(codes[far]).tolist():
                    others[code] = ExactSum.of(column[far & (codes == code)])
                column = np.where(far, 0.0, column)
                bounds = bounds_of(column, scratch.buffers[0, : len(column)])
            assert bounds is not None
            limbs = _cut(column, codes, groups, bounds)
        return cls(1, limbs, others, 1)

    @classmethod
    def of_products(cls, x: Floats, y: Floats, codes: Ints, groups: int) -> Self:
        """The sums of x*y by code, the products not rounded."""
        rounded, error, exact = _products(x, y)
        sums = cls.of(np.where(exact, rounded, 0.0), codes, groups)
        sums = sums.merge(cls.of(np.where(exact, error, 0.0), codes, groups))._as(2)
        return sums if exact.all() else sums.merge(cls._one_by_one((x, y), ~exact, codes))

    @classmethod
    def of_triples(cls, w: Floats, x: Floats, y: Floats, codes: Ints, groups: int) -> Self:
        """The sums of w*x*y by code, the products not rounded."""
        near, lost, exact = _products(w, x)
        parts = []
        for part in (near, lost):
            rounded, error, fits = _products(part, y)
            exact &= fits
            parts += [rounded, error]
        sums = cls(3)
        for part in parts:
            sums = sums.merge(cls.of(np.where(exact, part, 0.0), codes, groups)._as(3))
        return sums if exact.all() else sums.merge(cls._one_by_one((w, x, y), ~exact, codes))

    @classmethod
    def _one_by_one(cls, factors: Sequence[Floats], far: Mask, codes: Ints) -> Self:
        """The sums over the rows whose products are out of range."""
        of = ExactSum.of_products if len(factors) == 2 else ExactSum.of_triples
        return cls(len(factors), {}, {
            code: of(*(factor[here] for factor in factors))
            for code in np.unique(codes[far]).tolist()
            for here in [far & (codes == code)]
        })  # fmt: skip

    def _as(self, factors: int) -> Self:
        others = {c: held.scaled(factors) for c, held in self.others.items()}
        return type(self)(factors, self.limbs, others, self.terms)

    def merge(self, other: Self) -> Self:
        """The sums of both, group by group; the one that ends earlier has no rows behind."""
        if self.factors != other.factors:
            factors = max(self.factors, other.factors)
            self, other = self._as(factors), other._as(factors)
        limbs = dict(self.limbs)
        for place, limb in other.limbs.items():
            limbs[place] = COUNT.merge(limbs[place], limb) if place in limbs else limb
        others = dict(self.others)
        for code, held in other.others.items():
            others[code] = others[code].merge(held) if code in others else held
        terms = self.terms + other.terms
        if terms > ROOM:
            return type(self)(self.factors, carried(limbs), others, 1)
        return type(self)(self.factors, limbs, others, terms)

    def at(self, group: int) -> ExactSum:
        """The exact sum of one group."""
        units = 0
        for place, limb in self.limbs.items():
            if group < len(limb):
                shift = LIMB * place - LOWEST * self.factors
                # Below the smallest unit there are only zeros.
                units += int(limb[group]) << shift if shift >= 0 else int(limb[group]) >> -shift
        held = ExactSum(units, self.factors)
        return held.merge(self.others[group]) if group in self.others else held

    def split(self, groups: int) -> list[ExactSum]:
        """The exact sum of each group, for ``groups`` of them."""
        units, exponent = self.units(groups)
        # Below the smallest unit there are only zeros.
        shift = exponent - LOWEST * self.factors
        if shift < 0:
            sums = [ExactSum(number >> -shift, self.factors) for number in units]
        else:
            sums = [ExactSum(number << shift, self.factors) for number in units]
        for code, held in self.others.items():
            sums[code] = sums[code]._replace(positive=held.positive, negative=held.negative, nan=held.nan)
        return sums

    def regrouped(self, codes: Ints, places: Ints, groups: int) -> Self:
        """The sums of some groups at other places; those that share a place are added up."""
        if len(codes) > ROOM:
            first, rest = (
                self.regrouped(codes[cut], places[cut], groups) for cut in (slice(ROOM), slice(ROOM, None))
            )
            return first.merge(rest)
        limbs, terms = self.limbs, self.terms * int(np.bincount(places, minlength=1).max())
        if terms > ROOM:
            limbs, terms = carried(limbs), terms // max(self.terms, 1)
        others: dict[int, ExactSum] = {}
        for code, held in self.others.items():
            for place in places[codes == code].tolist():
                others[place] = others[place].merge(held) if place in others else held
        limbs = {limb: COUNT.regrouped(numbers, codes, places, groups) for limb, numbers in limbs.items()}
        return type(self)(self.factors, limbs, others, terms)

    def resampled(self, counts: Floats) -> Self:
        """For each row of ``counts`` the sum in which each group counts as often as its column says."""
        return self.mapped(counts.__matmul__, counts.shape[1])

    def mapped(self, linear: Callable[[Floats], Floats], groups: int) -> Self:
        """The sums under a linear map of columns that multiplies by whole numbers, at most 2^18 together."""
        limbs = self._with_others(groups)
        # Halves of limbs, as doubles that such a map adds up without rounding in whatever order.
        halves = {
            (place, shift): half
            for place, limb in limbs.items()
            for shift, half in ((HALF, limb >> HALF), (0, limb & ((1 << HALF) - 1)))
            if half.any()
        }
        if not halves:
            return type(self)(self.factors)
        found = linear(np.stack(list(halves.values()), axis=1).astype(np.float64)).astype(np.int64)
        drawn: dict[int, Ints] = {}
        for (place, shift), column in zip(halves, found.T, strict=True):
            drawn[place] = (column << shift) + drawn.get(place, 0)
        return type(self)(self.factors, carried(drawn), {}, 1)

    def _with_others(self, groups: int) -> dict[int, Ints]:
        """Carried limbs, each with a number for every group; they include the finite sums of `others`."""
        if not self.finite:
            raise NotResampled
        limbs = {
            place: np.concatenate((limb, np.zeros(groups - len(limb), dtype=np.int64)))
            for place, limb in carried(self.limbs).items()
        }
        least = LOWEST * self.factors // LIMB
        for code, held in self.others.items():
            units, place = held.units << (LOWEST * self.factors - LIMB * least), least
            while units not in (0, -1):
                if digit := units & ((1 << LIMB) - 1):
                    limbs.setdefault(place, np.zeros(groups, dtype=np.int64))[code] += digit
                units, place = units >> LIMB, place + 1
            if units:
                limbs.setdefault(place, np.zeros(groups, dtype=np.int64))[code] -= 1
        return limbs

    def units(self, groups: int) -> tuple[list[int], int]:
        """The finite parts of the sums of all groups, in units of 2 to an exponent, and that exponent."""
        exponent = LIMB * min(self.limbs, default=0)
        if self.others:
            exponent = min(exponent, LOWEST * self.factors)
        found = [0] * groups
        for place, limb in self.limbs.items():
            shift = LIMB * place - exponent
            if limb.any():
                numbers = zip(found, limb.tolist(), strict=False)
                found[: len(limb)] = [unit + (number << shift) for unit, number in numbers]
        for code, held in self.others.items():
            found[code] += held.units << LOWEST * self.factors - exponent
        return found, exponent

    def to_json(self) -> dict[str, Any]:
        """The limbs by their place, each a list of numbers by group; and the sums of `others` by group."""
        return {
            "factors": self.factors,
            "limbs": {str(place): limb.tolist() for place, limb in carried(self.limbs).items() if limb.any()},
            "others": {str(code): held.to_json() for code, held in self.others.items()},
        }

    @classmethod
    def from_json(cls, state: Mapping[str, Any], groups: int) -> Self:
        """The sums that `to_json` wrote; a ValueError for what it cannot have written."""
        factors, found = state["factors"], {int(place): limb for place, limb in state["limbs"].items()}
        limbs = {place: COUNT.from_json(limb, groups) for place, limb in found.items()}
        others = {int(code): ExactSum.from_json(held) for code, held in state["others"].items()}
        if not (
            state.keys() == {"factors", "limbs", "others"}
            and factors in (1, 2, 3)
            and all(abs(LIMB * place) <= 1 - LOWEST * factors + LIMB + 64 for place in limbs)
            and all((abs(limb) <= 1 << LIMB).all() for limb in limbs.values())
            and all(0 <= code < groups and held.factors == factors for code, held in others.items())
        ):
            raise ValueError("these are not exact sums")
        return cls(factors, limbs, others, 1)

    @property
    def finite(self) -> bool:
        """Whether no group has a term that was infinite or NaN."""
        return all(held.finite for held in self.others.values())

    @property
    def nan(self) -> int:
        """How many terms were NaN, over all groups."""
        return sum(held.nan for held in self.others.values())


def _from_json(held: Mapping[str, Any], groups: int | None) -> Any:
    """The exact sum of one group, or those of many."""
    return ExactSum.from_json(held) if groups is None else GroupedSums.from_json(held, groups)


SUM = Nested(_from_json, always=True)
"""The field of a state that is an exact sum."""


def exact_sum(codes: Ints | None, groups: int, *factors: Floats) -> ExactSum:
    """The sum of the products of one to three columns: of all rows, or by the code of each.

    The sums by code are a `GroupedSums`, which takes the place of an `ExactSum` in a state of many groups.
    """
    if codes is None:
        return ONE_GROUP[len(factors) - 1](*factors)
    found: ExactSum = MANY_GROUPS[len(factors) - 1](*factors, codes, groups)
    return found


ONE_GROUP: tuple[Callable[..., ExactSum], ...] = (ExactSum.of, ExactSum.of_products, ExactSum.of_triples)
MANY_GROUPS: tuple[Callable[..., Any], ...] = (
    GroupedSums.of,
    GroupedSums.of_products,
    GroupedSums.of_triples,
)


def side_by_side(sums: Sequence[ExactSum]) -> Any:
    """Exact sums, one for each group."""
    return GroupedSums(max((held.factors for held in sums), default=1), {}, dict(enumerate(sums)))


def sum_of_ones(rows: PerGroup) -> ExactSum:
    """The sum of the weights of so many rows that all weigh 1, of one group or of each."""
    found: Any = GroupedSums.of_counts(rows) if isinstance(rows, np.ndarray) else ExactSum.of_int(rows)
    return found  # type: ignore[no-any-return]


def grouped(total: ExactSum) -> Any:
    """A sum in a state of many groups, as the `GroupedSums` that it is."""
    return total


def _products(x: Floats, y: Floats) -> tuple[Floats, Floats, Mask]:
    """x*y rounded, what the rounding lost, and where both are exact."""
    rounded, error = two_product(x, y)
    with np.errstate(all="ignore"):
        size = np.abs(rounded)
        # Where the product or its last bit leaves the range, or a factor would overflow when split.
        exact: Mask = (size < 2.0**900) & ((size > 2.0**-900) | (x == 0.0) | (y == 0.0))
        exact &= (np.abs(x) < 2.0**900) & (np.abs(y) < 2.0**900)
    return rounded, error, exact


def _cut(column: Floats, codes: Ints, groups: int, bounds: Bounds) -> dict[int, Ints]:
    """The limbs of a tile, carried."""
    shifted, spare = scratch.buffers[:2, : len(column)]
    rows = np.bincount(codes, minlength=groups)
    limbs: dict[int, Ints] = {}
    rest = column
    highest, lowest = -(-bounds.high // LIMB) - 1, (bounds.low - 53) // LIMB
    for place in range(highest, lowest - 1, -1):
        # Adding 1.5 * 2^52 units rounds a value to a multiple of the unit, which then stands in the last
        # bits; the bits of the constant are taken off once a group, and int64 wraps to the right number.
        constant = math.ldexp(1.5, 52 + LIMB * place)
        np.add(rest, constant, out=shifted)
        limb = rows * -int(np.float64(constant).view(np.int64))
        np.add.at(limb, codes, shifted.view(np.int64))
        limbs[place] = limb
        if place > lowest:
            shifted -= constant
            rest = np.subtract(rest, shifted, out=spare)
    return carried(limbs)


def carried(limbs: Mapping[int, Ints]) -> dict[int, Ints]:
    """The same sums, with every limb but the highest between 0 and 2**LIMB."""
    if not limbs:
        return {}
    carried: dict[int, Ints] = {}
    carry: Ints = np.zeros(0, dtype=np.int64)
    for place in range(min(limbs), max(limbs) + 1):
        limb = COUNT.merge(limbs.get(place, np.zeros(0, dtype=np.int64)), carry)
        carry = limb >> LIMB
        carried[place] = limb & ((1 << LIMB) - 1)
    carried[max(limbs) + 1] = carry
    return carried
