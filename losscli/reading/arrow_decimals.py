"""Decimals of Arrow as the nearest doubles, and as labels that keep every digit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from losscli.numbers.error_free import two_product
from losscli.reading.arrow_buffers import missing_rows, plain
from losscli.reading.arrow_types import Array
from losscli.reading.read import Read, coded, without
from losscli.reading.stored import numbers_of, spelled
from losscli.table.block import ColumnKind, Floats, Ints, Mask
from losscli.table.cells import EXACT, Unreadable, shown

WIDE = 2**62  # what decimals are divided without Python's integers
_POWERS = [float(10**n) for n in range(23)]  # those that are doubles exactly


def read_decimals(array: Array, kind: ColumnKind) -> Read:
    """A column of Arrow's decimals; numbers are the nearest doubles, and labels their digits."""
    if kind in ("number", "truth", "score"):
        read = _numbers(array)
        if kind != "score" or read.bad is None:
            return read
    return _labels(array, kind)


def _words(array: Array) -> tuple[Ints, Mask]:
    """The unscaled integers of decimals in 64 bits, and where 64 bits hold them."""
    bits = array.type.bit_width
    if bits == 32:
        return plain(array, "<i4").astype(np.int64), np.ones(len(array), np.bool_)
    words = plain(array, "<i8", bits // 64).reshape(len(array), bits // 64)
    low = words[:, 0]
    sign = low >> 63
    fits = np.ones(len(array), np.bool_)
    for place in range(1, bits // 64):
        fits &= words[:, place] == sign
    return low, fits


def _unscaled(array: Array) -> Callable[[int], int]:
    """Of decimals: the whole integer at a row, whatever its width."""
    size = array.type.bit_width // 8
    raw = plain(array, "<u1", size).tobytes()
    return lambda row: int.from_bytes(raw[row * size : (row + 1) * size], "little", signed=True)


def _numbers(array: Array) -> Read:
    scale = array.type.scale
    low, fits = _words(array)
    missing = missing_rows(array)
    exact = fits & (low >= -EXACT) & (low <= EXACT)
    # Both operands are doubles exactly, so the one division or product rounds once: to the nearest.
    if 0 <= scale < len(_POWERS):
        values = low / _POWERS[scale]
        wide = fits & ~exact & (low > -WIDE) & (low < WIDE)
        if wide.any():
            values[wide], sure = _quotients(low[wide], _POWERS[scale])
            exact[wide] = sure
    elif 0 < -scale < len(_POWERS):
        values = low * _POWERS[-scale]
    else:
        values = low.astype(np.float64)
        exact &= low == 0
    bad = None
    rest = ~exact if missing is None else ~(exact | missing)
    if rest.any():
        unscaled = _unscaled(array)
        bad = np.zeros(len(array), np.bool_)
        for row in np.flatnonzero(rest).tolist():
            try:
                # Division of two Python integers is rounded correctly.
                values[row] = unscaled(row) / 10**scale if scale >= 0 else float(unscaled(row) * 10**-scale)
            except OverflowError:
                bad[row] = True

    def why(row: int) -> Unreadable:
        text = shown(_decimal_text(_unscaled(array)(row), scale))
        return Unreadable(f"`{text}` is too large for a double", "wanted at most 1.8e308")

    return numbers_of(values, missing, None if bad is None else without(bad, missing), why)


def _quotients(wide: Ints, power: float) -> tuple[Floats, Mask]:
    """Integers of up to 62 bits over a power of ten, and where the result is surely the nearest double.

    The quotient of the leading 53 bits is corrected by what it leaves over, which is exact.  The sum of
    both is the nearest double unless it lies within a billionth of a tie, as one in a billion does.
    """
    head = wide.astype(np.float64)
    tail = (wide - head.astype(np.int64)).astype(np.float64)
    quotient = head / power
    product, error = two_product(quotient, power)
    correction = (((head - product) - error) + tail) / power
    values = quotient + correction
    lost = np.abs(correction - (values - quotient))
    half = 0.5 * np.spacing(np.abs(values))
    # Below a power of two, doubles are twice as dense: there the tie is at half the distance.
    near = half * 2.0**-30
    return values, (np.abs(lost - half) > near) & (np.abs(lost - 0.5 * half) > near)


def _labels(array: Array, kind: ColumnKind) -> Read:
    scale = array.type.scale
    missing = missing_rows(array)
    low, fits = _words(array)
    if fits.all() or (missing is not None and (fits | missing).all()):
        return spelled(
            low, missing, lambda distinct: [_decimal_label(n, scale, kind) for n in distinct.tolist()]
        )
    unscaled = _unscaled(array)
    rows = range(len(array))
    labels = [
        None if missing is not None and missing[row] else _decimal_label(unscaled(row), scale, kind)
        for row in rows
    ]
    return Read(coded(labels))


def _decimal_label(unscaled: int, scale: int, kind: ColumnKind) -> int | str:
    if kind != "text":
        if scale <= 0:
            return unscaled * int(10**-scale)
        whole, rest = divmod(unscaled, int(10**scale))
        if rest == 0:
            return whole
    return _decimal_text(unscaled, scale)


def _decimal_text(unscaled: int, scale: int) -> str:
    if scale <= 0:
        return str(unscaled * 10**-scale)
    digits = str(abs(unscaled)).rjust(scale + 1, "0")
    return f"{'-' if unscaled < 0 else ''}{digits[:-scale]}.{digits[-scale:]}"
