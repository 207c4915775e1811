"""All rows: what is found in them needs every one, as an exact median does."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Self

import numpy as np

from losscli.numbers.by_group import PerGroup, added, number_at, regrouped, rows_of
from losscli.numbers.exact import ExactSum, round_fraction
from losscli.numbers.grouped_sums import NotResampled, exact_sum, grouped, sum_of_ones

if TYPE_CHECKING:
    from losscli.numbers.sums import Names
    from losscli.table.block import Floats, Ints


class Piece(NamedTuple):
    """Rows of a block: their columns, weights (None: all weigh 1) and groups (None: there is one)."""

    columns: tuple[Any, ...]
    weight: Floats | None
    codes: Ints | None

    def take(self, rows: Ints | slice, codes: Ints | None) -> Piece:
        weight = None if self.weight is None else self.weight[rows]
        return Piece(tuple(column[rows] for column in self.columns), weight, codes)


@dataclass(frozen=True, eq=False)
class Values:
    """All rows: their columns and weights, as they came.  What is found in them does not depend on their order.

    It grows with the rows, as an exact median needs all of them.
    """

    pieces: tuple[Piece, ...]
    weight: ExactSum
    rows: PerGroup
    columns: int

    @classmethod
    def empty(cls, *, weighted: bool, columns: int = 1) -> Self:
        return cls((), ExactSum.empty(), 0, columns)

    @classmethod
    def of(
        cls, columns: Sequence[Floats | Ints], weight: Floats | None, names: Names = None,
        codes: Ints | None = None, groups: int = 1,
    ) -> Self:  # fmt: skip
        rows = rows_of(len(columns[0]), codes, groups)
        total = sum_of_ones(rows) if weight is None else exact_sum(codes, groups, weight)
        # Copies: what they are part of is larger, and would be held as a whole.
        kept = tuple(np.array(column) for column in columns)
        piece = Piece(kept, None if weight is None else np.array(weight), codes)
        return cls((piece,) if len(columns[0]) else (), total, rows, len(columns))

    def merge(self, other: Self) -> Self:
        weight = self.weight.merge(other.weight)
        return type(self)(self.pieces + other.pieces, weight, added(self.rows, other.rows), self.columns)

    @cached_property
    def _ordered(self) -> Piece:
        """All rows in the order of their groups."""
        codes = np.concatenate([piece.codes for piece in self.pieces if piece.codes is not None])
        columns = zip(*(piece.columns for piece in self.pieces), strict=True)
        weights = [piece.weight for piece in self.pieces if piece.weight is not None]
        whole = Piece(
            tuple(map(np.concatenate, columns)), np.concatenate(weights) if weights else None, codes
        )
        if not (codes[1:] < codes[:-1]).any():
            return whole
        # Codes of 16 bits are sorted by radix, in a time that does not depend on how many there are.
        order = np.argsort(codes.astype(np.uint16) if codes.max() < 1 << 16 else codes, kind="stable")
        return whole.take(order, codes[order])

    def at(self, group: int) -> Self:
        """The state of one group alone."""
        ordered = self._ordered
        assert ordered.codes is not None
        first, last = ordered.codes.searchsorted((group, group + 1)).tolist()
        piece = ordered.take(slice(first, last), None)
        weight = grouped(self.weight).at(group)
        return type(self)((piece,) if last > first else (), weight, number_at(self.rows, group), self.columns)

    def regrouped(self, codes: Ints, places: Ints, groups: int) -> Self:
        """The states of the groups ``codes`` at other places, of ``groups``; those that share a place are merged."""
        moved = np.full(len(self.rows), -1)
        inside = codes < len(moved)
        moved[codes[inside]] = places[inside]
        pieces = []
        for piece in self.pieces:
            at = moved[piece.codes]
            rows = np.flatnonzero(at >= 0)
            pieces.append(piece.take(rows, at[rows]) if len(rows) < len(at) else piece._replace(codes=at))
        weight = grouped(self.weight).regrouped(codes, places, groups)
        return type(self)(tuple(pieces), weight, regrouped(self.rows, codes, places, groups), self.columns)

    def resampled(self, counts: Floats) -> NoReturn:
        """Rows that are kept as they came are not drawn again."""
        raise NotResampled

    def quantile(self, level: Fraction, column: int = 0) -> float:
        """The least value that so much of the weight does not exceed.

        Where every value up to the next one would do as well, it is the middle between the two, as of the
        median of an even number of rows.
        """
        values = np.concatenate([piece.columns[column] for piece in self.pieces])
        target = level * self.weight.fraction
        if any(piece.weight is None for piece in self.pieces):
            values.sort()
            at = max(0, math.ceil(target) - 1)
            tied = target == at + 1
        else:
            order = np.argsort(values, kind="stable")
            values = values[order]
            weights = np.concatenate([piece.weight for piece in self.pieces if piece.weight is not None])[
                order
            ]
            low, high = 0, len(values) - 1
            while low < high:
                middle = (low + high) // 2
                if ExactSum.of(weights[: middle + 1]).fraction >= target:
                    high = middle
                else:
                    low = middle + 1
            at = low
            tied = ExactSum.of(weights[: at + 1]).fraction == target
        if not tied or at + 1 == len(values):
            return float(values[at])
        return round_fraction((Fraction(values[at]) + Fraction(values[at + 1])) / 2)

    def to_json(self) -> dict[str, Any]:
        """The state of one group, for `from_json`."""
        pieces = [
            {
                "columns": [[value.hex() for value in column.tolist()] for column in piece.columns],
                "weight": None if piece.weight is None else [value.hex() for value in piece.weight.tolist()],
            }
            for piece in self.pieces
        ]
        return {"pieces": pieces, "weight": self.weight.to_json(), "rows": self.rows, "columns": self.columns}

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> Self:
        pieces = [
            Piece(
                tuple(_from_hex(column) for column in piece["columns"]),
                None if piece["weight"] is None else _from_hex(piece["weight"]),
                None,
            )
            for piece in held["pieces"]
        ]
        return cls(tuple(pieces), ExactSum.from_json(held["weight"]), held["rows"], held["columns"])


def _from_hex(column: Sequence[str]) -> Floats:
    return np.array([float.fromhex(value) for value in column])
