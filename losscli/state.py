"""What is kept of rows gone by: counts and exact sums.

A state is a value: ``empty`` merges to no effect, and merging is associative and commutative to the
bit, since it is integer addition.  ``of`` takes a block's columns; ``finish`` lies with the loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

from losscli.block import Floats
from losscli.exact import ExactSum, exact_quotient


def earliest(one: int | None, other: int | None) -> int | None:
    """The lower of two row numbers; None stands for no row."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


@dataclass(frozen=True, slots=True)
class Mean:
    """The weighted mean of per-row doubles: Σ w·l and Σ w, exactly; without weights Σ l and n.

    ``first_infinite`` is the first row whose loss is infinite.
    """

    total: ExactSum
    weight: ExactSum
    rows: int
    first_infinite: int | None = None

    @classmethod
    def empty(cls, *, weighted: bool) -> Self:
        return cls(ExactSum.empty(2 if weighted else 1), ExactSum.empty(), 0)

    @classmethod
    def of(cls, losses: Floats, weight: Floats | None) -> Self:
        if weight is None:
            total, count = ExactSum.of(losses), ExactSum.of_int(len(losses))
        else:
            total, count = ExactSum.of_products(weight, losses), ExactSum.of(weight)
        return cls(total, count, len(losses))

    def merge(self, other: Self) -> Self:
        first = earliest(self.first_infinite, other.first_infinite)
        return type(self)(
            self.total.merge(other.total), self.weight.merge(other.weight), self.rows + other.rows, first
        )

    @property
    def value(self) -> float:
        """Σ w·l / Σ w, rounded once; infinite where a row is."""
        return exact_quotient(self.total, self.weight)

    def to_json(self) -> dict[str, Any]:
        return {
            "state": "mean", "total": self.total.to_json(), "weight": self.weight.to_json(),
            "rows": self.rows, "first_infinite": self.first_infinite,
        }  # fmt: skip

    @classmethod
    def from_json(cls, held: dict[str, Any]) -> Self:
        return cls(
            ExactSum.from_json(held["total"]), ExactSum.from_json(held["weight"]),
            held["rows"], held["first_infinite"],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Moments:
    """Exact first and second moments of label y and prediction f, weighted by w.

    Nothing is rounded before the finish, so labels far from zero lose no digit of their spread.
    """

    w: ExactSum
    y: ExactSum
    f: ExactSum
    yy: ExactSum
    ff: ExactSum
    yf: ExactSum
    rows: int

    @classmethod
    def empty(cls, *, weighted: bool) -> Self:
        first, second = (2, 3) if weighted else (1, 2)
        one, two = ExactSum.empty(first), ExactSum.empty(second)
        return cls(ExactSum.empty(), one, one, two, two, two, 0)

    @classmethod
    def of(cls, label: Floats, pred: Floats, weight: Floats | None) -> Self:
        n = len(label)
        if weight is None:
            second = ExactSum.of_products
            return cls(
                ExactSum.of_int(n), ExactSum.of(label), ExactSum.of(pred),
                second(label, label), second(pred, pred), second(label, pred), n,
            )  # fmt: skip
        first, third = ExactSum.of_products, ExactSum.of_triples
        return cls(
            ExactSum.of(weight), first(weight, label), first(weight, pred),
            third(weight, label, label), third(weight, pred, pred), third(weight, label, pred), n,
        )  # fmt: skip

    def merge(self, other: Self) -> Self:
        return type(self)(
            self.w.merge(other.w), self.y.merge(other.y), self.f.merge(other.f),
            self.yy.merge(other.yy), self.ff.merge(other.ff), self.yf.merge(other.yf),
            self.rows + other.rows,
        )  # fmt: skip

    @property
    def squared_error(self) -> Fraction:
        """Σ w (y - f)²."""
        return self.yy.fraction - 2 * self.yf.fraction + self.ff.fraction

    @property
    def label_spread(self) -> Fraction:
        """Σ w (y - ȳ)²."""
        return self.yy.fraction - self.y.fraction**2 / self.w.fraction

    @property
    def label_mean(self) -> Fraction:
        return self.y.fraction / self.w.fraction

    def to_json(self) -> dict[str, Any]:
        sums = {name: getattr(self, name).to_json() for name in ("w", "y", "f", "yy", "ff", "yf")}
        return {"state": "moments", **sums, "rows": self.rows}

    @classmethod
    def from_json(cls, held: dict[str, Any]) -> Self:
        w, y, f, yy, ff, yf = (ExactSum.from_json(held[name]) for name in ("w", "y", "f", "yy", "ff", "yf"))
        return cls(w, y, f, yy, ff, yf, held["rows"])


State = Mean | Moments

STATES: dict[str, type[Mean] | type[Moments]] = {"mean": Mean, "moments": Moments}
