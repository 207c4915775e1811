"""How two models' losses differ from row to row over time: the test of Diebold and Mariano.

What is kept of a row is its time and by how much its losses differ; the rows are put in order at the end.
"""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from losscli.errors import DataError
from losscli.numbers.exact import ExactSum
from losscli.text import plural, read_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from losscli.numbers.values import Values
    from losscli.table.block import Floats, Ints


def in_order(series: Values, ranks: Ints) -> tuple[Floats, int, int]:
    """The differences from the earliest on; how many rows have no time, and how many share one.

    The columns of the series are the number of each row's time, and the difference.
    """
    times, differences = (
        np.concatenate(pieces) for pieces in zip(*(piece.columns for piece in series.pieces), strict=True)
    )
    ranked = ranks[times]
    order = np.argsort(ranked, kind="stable")
    ranked = ranked[order]
    lacking = int(np.count_nonzero(ranked < 0))
    shared = int(np.count_nonzero(ranked[1:] == ranked[:-1]))
    return differences[order], lacking, shared


def ranks_of(codes: Mapping[tuple[str | None, ...], int], file: str, column: str) -> Ints:
    """The place in time of every number of a time, earliest first; -1 for a missing one.

    Times are numbers, or dates and times in the form of ISO 8601: other text has no sure order.
    """
    texts = [text for (text,) in codes if text is not None]
    keys = _keys(texts)
    if isinstance(keys, str):
        raise DataError(
            f"the time `{keys}` is neither a number nor a date that can be put in order",
            "times of one column are all numbers, or all dates of one kind such as `2024-05-31T12:00`",
            file=file,
            column=column,
        )
    found: Ints = np.full(len(codes), -1, dtype=np.int64)
    rank, before = -1, None
    for key, text in sorted(zip(keys, texts, strict=True)):
        # Two spellings of one time are one time.
        rank += key != before
        before = key
        found[codes[(text,)]] = rank
    return found


def _keys(texts: Sequence[str]) -> list[Any] | str:
    """What the times are sorted by, or the first that does not go with the others."""
    numbers = [read_number(text) for text in texts]
    if None not in numbers:
        return numbers
    moments: list[datetime] = []
    for text in texts:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return text
        if moments and (moment.tzinfo is None) != (moments[0].tzinfo is None):
            return text
        moments.append(moment)
    return moments


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
