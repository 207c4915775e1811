"""Integers in their plain form, read from the bytes of texts eight digits at a time."""

from __future__ import annotations

import numpy as np

from losscli.table.block import Ints, Mask, Offsets, Words
from losscli.table.keys import Bytes

_ZEROS, _HIGH = np.uint64(0x3030303030303030), np.uint64(0xF0F0F0F0F0F0F0F0)
_SIX = np.uint64(0x0606060606060606)
# By n, the mask of the last n of eight bytes.
_LAST = np.array([((1 << 64) - 1) ^ ((1 << 8 * (8 - n)) - 1) for n in range(9)], np.uint64)
_IN_FRONT = 24  # bytes in front of the texts, so that the words of the first text begin in the buffer


def text_integers(data: Bytes, starts: Offsets, ends: Offsets) -> tuple[Ints, Mask]:
    """The texts ``data[start:end]`` as integers, and where they are no canonical integers of 64 bits."""
    rows = len(starts)
    if not rows:
        return np.zeros(0, np.int64), np.zeros(0, np.bool_)
    first, last = int(starts.min()), int(ends.max())
    padded = np.zeros(_IN_FRONT + last - first + 8, np.uint8)
    padded[_IN_FRONT : _IN_FRONT + last - first] = data[first:last]
    starts, ends = starts + (_IN_FRONT - first), ends + (_IN_FRONT - first)
    raw = np.ndarray((len(padded) - 7,), "<u8", padded, strides=(1,))
    lead = padded[starts]
    minus = (lead == 45) & (ends > starts)
    if any_minus := bool(minus.any()):
        starts = starts + minus
        lead = padded[starts]
    digits = ends - starts
    bad = (digits < 1) | (digits > 19) | ((lead == 48) & ((digits > 1) | minus))
    total = np.zeros(rows, np.uint64)
    for place in range(min(-(-int(digits.max()) // 8), 3)):
        word = raw[ends - 8 * (place + 1)]
        kept = _LAST[np.clip(digits - 8 * place, 0, 8)]
        word = (word & kept) | (_ZEROS & ~kept)
        bad |= ((word & _HIGH) != _ZEROS) | (((word + _SIX) & _HIGH) != _ZEROS)
        total += _eight_digits(word) * np.uint64(10 ** (8 * place))
    # Nineteen digits fit an unsigned integer of 64 bits.
    bad |= total > np.uint64(2**63 - 1) + minus.astype(np.uint64)
    values = total.view(np.int64)
    return (np.where(minus, -values, values) if any_minus else values), bad


def _eight_digits(word: Words) -> Words:
    """The eight digits in a word, the first in the lowest byte, as one number: joined by pairs, fours and eights."""
    word = ((word & np.uint64(0x0F0F0F0F0F0F0F0F)) * np.uint64(2561)) >> np.uint64(8)
    word = ((word & np.uint64(0x00FF00FF00FF00FF)) * np.uint64(6553601)) >> np.uint64(16)
    return ((word & np.uint64(0x0000FFFF0000FFFF)) * np.uint64(42949672960001)) >> np.uint64(32)
