"""What the two arithmetics of gradients share: operators with numbers of Python, and comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


class Number:
    """A double or a column of doubles, with something about its rounding."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]
    near: Any
    of: Any

    def __radd__(self, other: Any) -> Any:
        return self.of(other) + self

    def __rsub__(self, other: Any) -> Any:
        return self.of(other) - self

    def __rmul__(self, other: Any) -> Any:
        return self.of(other) * self

    def __lt__(self, other: Any) -> Any:
        return self.near < self.of(other).near

    def __le__(self, other: Any) -> Any:
        return self.near <= self.of(other).near

    def __gt__(self, other: Any) -> Any:
        return self.near > self.of(other).near

    def __ge__(self, other: Any) -> Any:
        return self.near >= self.of(other).near

    def __eq__(self, other: Any) -> Any:
        return self.near == self.of(other).near

    def __ne__(self, other: Any) -> Any:
        return self.near != self.of(other).near


def at_places(place: Any, columns: Sequence[Any]) -> Any:
    """In each row, the number at its place: of columns, or of numbers that are the same in all rows."""
    if np.size(columns[0]) == 1:
        return np.ravel(columns)[place]
    rows = np.arange(len(place))
    return np.concatenate(np.broadcast_arrays(*columns))[place * len(rows) + rows]
