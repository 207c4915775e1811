"""Sums by bin, for losses that compare what was predicted with what happened, bin by bin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from losscli.numbers.cells import (
    BELOW,
    cells_at,
    distinct,
    drawn,
    keys_from_json,
    keys_of,
    keys_of_all,
    moved,
    union,
)
from losscli.numbers.exact import ExactSum
from losscli.numbers.fields import COUNT, PerGroup, rows_of
from losscli.numbers.grouped_sums import SUM, exact_sum, grouped, sum_of_ones
from losscli.numbers.sums import Sums

if TYPE_CHECKING:
    from losscli.numbers.sums import Names
    from losscli.table.block import Floats, Ints


@dataclass(frozen=True, eq=False)
class Bins:
    """Exact sums of the columns of a row function by bin: its first column is the bin of each row."""

    keys: Ints  # of the bins that hold rows (`cells`)
    sums: Sums  # of each of them
    weight: ExactSum
    rows: PerGroup

    @classmethod
    def empty(cls, *, weighted: bool, columns: int = 3) -> Self:
        """The state of no rows."""
        nothing = np.zeros(0, dtype=np.int64)
        return cls.of((nothing, *(np.zeros(0),) * (columns - 1)), np.zeros(0) if weighted else None)

    @classmethod
    def of(
        cls, columns: Sequence[Any], weight: Floats | None, names: Names = None,
        codes: Ints | None = None, groups: int = 1,
    ) -> Self:  # fmt: skip
        """The state of rows whose first column is their bin, and whose others are summed by it."""
        bins, *values = columns
        most = int(bins.max(initial=0)) + 1
        keys, at = distinct(bins, most) if codes is None else keys_of(bins, most, codes, groups)
        sums = Sums.of(values, weight, None, at, len(keys))
        rows = rows_of(len(bins), codes, groups)
        return cls(
            keys, sums, sum_of_ones(rows) if weight is None else exact_sum(codes, groups, weight), rows
        )

    def merge(self, other: Self) -> Self:
        """The state of the rows of both, to the bit that of all rows at once."""
        keys, ours, theirs = union(self.keys, other.keys)
        mine, more = (
            held.sums.regrouped(np.arange(len(held.keys)), at, len(keys))
            for held, at in ((self, ours), (other, theirs))
        )
        return type(self)(
            keys, mine.merge(more), self.weight.merge(other.weight), COUNT.merge(self.rows, other.rows)
        )

    def at(self, group: int) -> Self:
        """The state of one group alone."""
        cells = cells_at(self.keys, group)
        sums = self.sums.regrouped(cells, np.arange(len(cells)), len(cells))
        weight, rows = grouped(self.weight).at(group), COUNT.at(self.rows, group)
        return type(self)(self.keys[cells] & BELOW, sums, weight, rows)

    def each(self, codes: Ints) -> Iterable[Self]:
        """The state of each of some groups alone."""
        return map(self.at, codes.tolist())

    def split(self, groups: int) -> Iterable[Self]:
        """The state of each group alone, for ``groups`` of them."""
        return map(self.at, range(groups))

    def regrouped(self, codes: Ints, places: Ints, groups: int) -> Self:
        """The states of the groups ``codes`` at other places, of ``groups``; those that share a place are merged."""
        cells, keys, at = moved(self.keys, codes, places)
        return type(self)(
            keys,
            self.sums.regrouped(cells, at, len(keys)),
            grouped(self.weight).regrouped(codes, places, groups),
            COUNT.regrouped(self.rows, codes, places, groups),
        )

    def resampled(self, counts: Floats) -> Self:
        """The state of each resample: in row r of ``counts`` stands how often it draws each group."""
        bins, at = np.unique(self.keys & BELOW, return_inverse=True)
        return type(self)(
            keys_of_all(len(counts), bins),
            self.sums.mapped(
                lambda amounts: drawn(counts, amounts, self.keys, at, len(bins)), len(self.keys)
            ),
            grouped(self.weight).resampled(counts),
            COUNT.resampled(self.rows, counts),
        )

    @cached_property
    def bins(self) -> Mapping[int, Sums]:
        """The sums of each bin that has rows."""
        found = ((code, self.sums.at(at)) for at, code in enumerate(self.keys.tolist()))
        return {code: sums for code, sums in found if sums.rows}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Bins):
            return NotImplemented
        return (self.bins, self.weight, self.rows) == (other.bins, other.weight, other.rows)

    __hash__ = None  # type: ignore[assignment]

    def to_json(self) -> dict[str, Any]:
        """The state of one group or of many, for `from_json`."""
        return {
            "keys": self.keys.tolist(),
            "sums": self.sums.to_json(),
            "weight": self.weight.to_json(),
            "rows": COUNT.to_json(self.rows),
        }

    @classmethod
    def from_json(cls, held: Mapping[str, Any], groups: int | None = None) -> Self:
        """What `to_json` wrote; a ValueError where bins and sums do not go together."""
        keys = keys_from_json(held["keys"], groups)
        sums = Sums.from_json(held["sums"], len(keys))
        if len(keys) != len(sums.rows):
            raise ValueError("these are not sums by bin")
        return cls(keys, sums, SUM.from_json(held["weight"], groups), COUNT.from_json(held["rows"], groups))
