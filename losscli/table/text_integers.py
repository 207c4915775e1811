"""Integers in their plain form, read from the bytes of texts eight digits at a time."""

from __future__ import annotations

import numpy as np

from losscli.table.block import Ints, Mask, Offsets, Words
from losscli.table.keys import Bytes

_ZEROS, _HIGH = np.uint64(0x3030303030303030), np.uint64(0xF0F0F0F0F0F0F0F0)
_SIX = np.uint64(0x0606060606060606)
# Of eight bytes of which the last n are digits: which they are.
_LAST = np.array([((1 << 64) - 1) ^ ((1 << 8 * (8 - n)) - 1) for n in range(9)], np.uint64)
_IN_FRONT = 24  # bytes in front of the texts, so that the words of the first one lie in the buffer


def text_integers(data: Bytes, starts: Offsets, ends: Offsets) -> tuple[Ints, Mask]:
    """The integers that texts stand for, and where the text is no canonical integer of 64 bits."""
    rows = len(starts)
    if not rows:
        return np.zeros(0, np.int64), np.zeros(0, np.bool_)
    first, last = int(starts.min()), int(ends.max())
    held = np.zeros(_IN_FRONT + last - first + 8, np.uint8)
    held[_IN_FRONT : _IN_FRONT + last - first] = data[first:last]
    starts, ends = starts + (_IN_FRONT - first), ends + (_IN_FRONT - first)
    raw = np.ndarray((len(held) - 7,), "<u8", held, strides=(1,))
    lead = held[starts]
    minus = (lead == 45) & (ends > starts)
    if any_minus := bool(minus.any()):
        starts = starts + minus
        lead = held[starts]
    digits = ends - starts
    bad = (digits < 1) | (digits > 19) | ((lead == 48) & ((digits > 1) | minus))
    total = np.zeros(rows, np.uint64)
    for place in range(min(-(-int(digits.max()) // 8), 3)):
        word = raw[ends - 8 * (place + 1)]
        kept = _LAST[np.clip(digits - 8 * place, 0, 8)]
        word = (word & kept) | (_ZEROS & ~kept)
        bad |= ((word & _HIGH) != _ZEROS) | (((word + _SIX) & _HIGH) != _ZEROS)
        total += _eight_digits(word) * np.uint64(10 ** (8 * place))
    # Nineteen digits fit 64 bits without a sign.
    bad |= total > np.uint64(2**63 - 1) + minus.astype(np.uint64)
    values = total.view(np.int64)
    return (np.where(minus, -values, values) if any_minus else values), bad


def _eight_digits(word: Words) -> Words:
    """Digits side by side in a word, the first one lowest, as one number: by pairs, fours and eights."""
    word = ((word & np.uint64(0x0F0F0F0F0F0F0F0F)) * np.uint64(2561)) >> np.uint64(8)
    word = ((word & np.uint64(0x00FF00FF00FF00FF)) * np.uint64(6553601)) >> np.uint64(16)
    return ((word & np.uint64(0x0000FFFF0000FFFF)) * np.uint64(42949672960001)) >> np.uint64(32)
