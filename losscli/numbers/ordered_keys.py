"""Doubles as whole numbers without a sign that are in the same order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from losscli.table.block import Floats

SIGN = np.uint64(1 << 63)


def keys_of(values: Floats) -> NDArray[np.uint64]:
    """The key of each value; -0.0 has that of 0.0."""
    bits = np.add(values, 0.0).view(np.uint64)
    found: NDArray[np.uint64] = np.where(bits >= SIGN, ~bits, bits | SIGN)
    return found


def values_of(keys: NDArray[np.uint64]) -> Floats:
    """The value of each key."""
    bits: NDArray[np.uint64] = np.where(keys >= SIGN, keys ^ SIGN, ~keys)
    return bits.view(np.float64)
