"""How two models' losses differ from row to row over time: the test of Diebold and Mariano.

What is kept of a row is its number, its time, and by how much its losses differ; rows are put in order at the end.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from losscli.numbers.cells import distinct
from losscli.numbers.exact import ExactSum
from losscli.table.times import read_times
from losscli.text import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from losscli.numbers.values import Values
    from losscli.table.block import Floats, Ints


class TimedRows(NamedTuple):
    """The times of rows: in pieces the numbers of rows, the code of each one's time, and the text of each code."""

    pieces: tuple[tuple[Ints, Ints, Sequence[str | None]], ...]

    @classmethod
    def of(cls, numbers: Ints, codes: Ints, texts: Sequence[Any]) -> TimedRows:
        """``codes`` are places in ``texts``, or -1 for a row without a time."""
        met, codes = distinct(codes + 1, len(texts) + 1)
        named = (None, *texts)
        return cls(((numbers, codes, [named[place] for place in met.tolist()]),))

    def merge(self, other: TimedRows) -> TimedRows:
        """The rows of both."""
        return TimedRows(self.pieces + other.pieces)

    def ranks(self, file: str, column: str) -> Ints:
        """The place in time of each row, by its number, earliest first; -1 for a row without a time.

        Times are numbers, or dates and times in the form of ISO 8601: other text has no sure order.
        """
        met = dict.fromkeys(text for _, _, texts in self.pieces for text in texts)
        texts = [text for text in met if text is not None]
        ranks: dict[str | None, int] = {None: -1}
        rank, before = -1, None
        for key, text in sorted(zip(read_times(texts, file, column), texts, strict=True)):
            # Two spellings of one time are one time.
            rank += key != before
            before = key
            ranks[text] = rank
        last = max(int(numbers.max(initial=0)) for numbers, _, _ in self.pieces)
        found: Ints = np.full(last + 1, -1, dtype=np.int64)
        for numbers, codes, own in self.pieces:
            found[numbers] = np.array([ranks[text] for text in own], dtype=np.int64)[codes]
        return found


def in_order(series: Values, ranks: Ints) -> tuple[Floats, int, int]:
    """The differences from the earliest on; how many rows have no time, and how many share one.

    The columns of the series are the number of each row, and the difference.
    """
    rows, differences = (
        np.concatenate(pieces) for pieces in zip(*(piece.columns for piece in series.pieces), strict=True)
    )
    ranked = ranks[rows]
    order = np.argsort(ranked, kind="stable")
    ranked = ranked[order]
    lacking = int(np.count_nonzero(ranked < 0))
    shared = int(np.count_nonzero(ranked[1:] == ranked[:-1]))
    return differences[order], lacking, shared


def autocovariance(differences: Floats, lag: int, total: Fraction) -> Fraction:
    """Σ (d_t - m)(d_{t-lag} - m) / n, of n differences whose sum is ``total``, without rounding."""
    n = len(differences)
    later, earlier = differences[lag:], differences[: n - lag]
    mean = total / n
    ends = ExactSum.of(later).fraction + ExactSum.of(earlier).fraction
    products = ExactSum.of_products(np.ascontiguousarray(later), np.ascontiguousarray(earlier)).fraction
    return (products - mean * ends + (n - lag) * mean**2) / n


def squared_error(differences: Floats, horizon: int) -> Fraction | str:
    """The squared standard error of the mean difference by Diebold & Mariano (1995), or why there is none.

    The long-run variance takes in the autocovariances of fewer steps than the horizon, each as it stands
    (doi:10.1080/07350015.1995.10524599); it is divided by the correction of Harvey, Leybourne & Newbold for
    few rows (1997, doi:10.1016/S0169-2070(96)00719-4), with which Student's t of n - 1 is asked.
    """
    n = len(differences)
    if n <= horizon or n < 2:
        return f"{plural(n, 'row is', 'rows are')} too few for a horizon of {horizon}"
    total = ExactSum.of(differences)
    if not total.finite:
        return "a difference of two rows exceeds the largest double"
    covariances = [autocovariance(differences, lag, total.fraction) for lag in range(horizon)]
    variance = covariances[0] + 2 * sum(covariances[1:], Fraction(0))
    factor = Fraction(n + 1 - 2 * horizon) / n + Fraction(horizon * (horizon - 1), n * n)
    if variance < 0 or (variance == 0 and covariances[0] > 0):
        return f"the long-run variance at a horizon of {horizon} is not positive"
    if factor <= 0:
        return f"{plural(n, 'row is', 'rows are')} too few for a horizon of {horizon}"
    return variance / n / factor
