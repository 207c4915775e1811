"""Sums and products of two doubles together with what their rounding lost, which is a double as well.

Sums after Knuth (The Art of Computer Programming 2, §4.2.2), products after Dekker (1971), doi:10.1007/BF01397083.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from losscli.table.block import Floats


def two_sum(x: Floats | float, y: Floats | float) -> tuple[Floats, Floats]:
    """``x + y`` rounded, and exactly what the rounding lost, of two numbers or arrays.

    Where the sum is infinite, what was lost is NaN.
    """
    near: Any = x + y
    back = near - x
    return near, (x - (near - back)) + (y - back)


def two_difference(x: Floats | float, y: Floats | float) -> tuple[Floats, Floats]:
    """``x - y`` rounded, and exactly what the rounding lost."""
    return two_sum(x, -y)


def two_product(x: Floats | float, y: Floats | float) -> tuple[Floats, Floats]:
    """``x * y`` rounded, as an array, and exactly what the rounding lost while no term leaves the normal range.

    Where the product is infinite or no number, or a factor is next to the greatest double, nothing counts as lost.
    """
    x, y = (np.ascontiguousarray(factor, dtype=np.float64) for factor in np.broadcast_arrays(x, y))
    with np.errstate(all="ignore"):
        product = x * y
        error, *spare = np.empty((5, *product.shape))
        if not error_of_product(x, y, product, error, spare):
            error[...] = 0.0
        elif not np.isfinite(error.sum()):
            error[~np.isfinite(error)] = 0.0
    return product, error


def error_of_product(x: Floats, y: Floats, product: Floats, error: Floats, spare: list[Floats]) -> bool:
    """Write ``x * y - product`` to ``error``; False, and nothing is written, if all are known to be zero.

    ``spare`` are four arrays to be overwritten.  The error is NaN where a factor is not finite, or so near the
    greatest double that its first half is infinite.
    """
    x_high, x_low = _split(x, spare[0], spare[1])
    y_high, y_low = (x_high, x_low) if y is x else _split(y, spare[2], spare[3])
    if x_low is None and y_low is None:
        return False
    np.multiply(x_high, y_high, out=error)
    error -= product
    if x_low is not None:
        error += np.multiply(x_low, y_high, out=spare[2])
    if y_low is not None:
        error += np.multiply(x_high, y_low, out=spare[0])
    if x_low is not None and y_low is not None:
        error += np.multiply(x_low, y_low, out=spare[1])
    return True


def _split(x: Floats, high: Floats, low: Floats) -> tuple[Floats, Floats | None]:
    """Each value as a sum of two of 26 bits; no second where the first is enough (counts, float32)."""
    bits = x.view(np.int64)
    if not int(np.bitwise_or.reduce(bits, axis=None)) & ((1 << 27) - 1):
        return x, None
    # Rounded as an integer: a pass less than by Veltkamp's multiplication.
    rounded = np.add(bits, 1 << 26, out=high.view(np.int64))
    np.bitwise_and(rounded, -1 << 27, out=rounded)
    return high, np.subtract(x, high, out=low)
