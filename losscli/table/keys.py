"""Keys by which rows are paired: each is a few 64-bit words, which are equal only if the keys are.

An integer is one word; an integer beyond 64 bits has the words of its text.  A text is its bytes, a byte of 1 and
zeros, so that different texts have different words, however many zeros follow; a long text is its start, a
digest of 256 bits and its length.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.table.block import (
    AnyColumn,
    Floats,
    Ints,
    KeyColumn,
    Mask,
    NumberColumn,
    Offsets,
    Words,
    picked,
)

KeyType: TypeAlias = Literal["int", "wide int", "text", "float", "bool", "decimal", "moment"]
"""The type of a key column in a file; a "wide int" may lie beyond a signed integer of 64 bits, and is compared as
any other integer."""

Bytes: TypeAlias = NDArray[np.uint8]

LONGEST = 63  # bytes of a text that has no digest
_STARTING_WORDS, _DIGEST_WORDS = 7, 4
_LONG_WORDS = _STARTING_WORDS + _DIGEST_WORDS + 1

_NUMBER = re.compile(r"[+-]?\d{1,40}(\.\d{0,40})?", re.ASCII)
_CANONICAL = re.compile(r"0|-?[1-9][0-9]*", re.ASCII)
_WHOLE = re.compile(r"[ \t]*([+-]?)0*([0-9]{1,4000}?)(?:\.0*)?[ \t]*", re.ASCII)

# By how many bytes of the text are left for a word (from -LONGEST, if it ended before, to LONGEST):
# the bits of the word to keep, and the bits to set behind the end of the text.
_LEFT = range(-LONGEST, LONGEST + 1)
_KEPT = np.array([(1 << 8 * min(max(n, 0), 8)) - 1 for n in _LEFT], np.uint64)
_CLOSED = np.array([1 << 8 * n if 0 <= n < 8 else 0 for n in _LEFT], np.uint64)


# ---------------------------------------------------------------------- text


def text_words(data: Bytes, starts: Offsets, ends: Offsets) -> Words:
    """The words of the texts ``data[start:end]``."""
    starts, ends = starts.astype(np.int64, copy=False), ends.astype(np.int64, copy=False)
    rows = len(starts)
    if not rows:
        return np.zeros((1, 0), np.uint64)
    sizes = ends - starts
    longest = int(sizes.max())
    if longest > LONGEST:
        return _long_words(data, starts, ends)
    width = longest // 8 + 1
    first, last = int(starts[0]), int(ends[-1])
    if int(sizes.min()) == longest and last - first == rows * longest and (starts[1:] == ends[:-1]).all():
        # Texts of one length that lie side by side need not be gathered.
        laid = np.zeros((rows, 8 * width), np.uint8)
        laid[:, :longest] = data[first:last].reshape(rows, longest)
        laid[:, longest] = 1
        return np.ascontiguousarray(laid.view("<u8").T)
    words = np.empty((width, rows), np.uint64)
    raw = _unaligned(data, int(ends.max()))
    for place in range(width):
        if longest == 8 * place:
            words[place] = sizes == longest  # only the byte that closes the longest texts is left
            continue
        left = sizes + (LONGEST - 8 * place)
        here = np.minimum(starts + 8 * place, len(raw) - 1) if place else starts
        np.bitwise_and(raw[here], _KEPT.take(left), out=words[place])
        words[place] |= _CLOSED.take(left)
    return words


def _unaligned(data: Bytes, end: int) -> Words:
    """The eight bytes from each place on, with zeros behind the end."""
    if len(data) < end + 8:
        data = np.concatenate((data[:end], np.zeros(8, np.uint8)))
    data = np.ascontiguousarray(data)
    return np.ndarray((len(data) - 7,), "<u8", data, strides=(1,))


def _long_words(data: Bytes, starts: Offsets, ends: Offsets) -> Words:
    # Imported here: it loads the whole of OpenSSL.
    from hashlib import blake2b

    words = np.zeros((_LONG_WORDS, len(starts)), np.uint64)
    long = ends - starts > LONGEST
    short = ~long
    if short.any():
        found = text_words(data, starts[short], ends[short])
        words[: len(found), short] = found
    raw = data.tobytes()
    for row in np.flatnonzero(long).tolist():
        text = raw[starts[row] : ends[row]]
        digest = blake2b(text, digest_size=8 * _DIGEST_WORDS).digest()
        words[:-1, row] = np.frombuffer(text[: 8 * _STARTING_WORDS] + digest, "<u8")
        words[-1, row] = len(text)
    return words


def words_of_texts(texts: Sequence[str]) -> Words:
    """The words of some texts as keys."""
    raws = [text.encode("utf-8", "surrogatepass") for text in texts]
    ends = np.cumsum([len(raw) for raw in raws], dtype=np.int64)
    starts = ends - [len(raw) for raw in raws]
    return text_words(np.frombuffer(b"".join(raws), np.uint8), starts.astype(np.int64), ends)


def text_of(words: Words) -> str:
    """The text of one key; of a long one its start."""
    raw = words.astype("<u8").tobytes()
    if len(words) == _LONG_WORDS and words[-1]:
        return raw[: 8 * _STARTING_WORDS].decode("utf-8", "replace") + "…"
    return raw.rstrip(b"\0")[:-1].decode("utf-8", "replace")


def not_utf8(data: Bytes, starts: Offsets, ends: Offsets) -> Mask | None:
    """Where the texts are not UTF-8; None where all are."""
    if not len(starts) or not data.size or data.max() < 128:
        return None
    first, last = int(starts.min()), int(ends.max())
    span = data[first:last]
    if not span.size or span.max() < 128:
        return None
    # If all bytes together are text and no cell begins within a character, each cell is text.
    inner = starts[(starts > first) & (starts < last)]
    if not ((data[inner] & 0xC0) == 0x80).any():
        try:
            span.tobytes().decode()
        except UnicodeDecodeError:
            pass
        else:
            return None
    bad = np.zeros(len(starts), np.bool_)
    raw = data.tobytes()
    for row, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        try:
            raw[start:end].decode()
        except UnicodeDecodeError:
            bad[row] = True
    return bad if bad.any() else None


# ---------------------------------------------------------------------- integers


def is_canonical(text: str) -> bool:
    """Whether a text is an integer without leading zeros, plus or point.

    >>> is_canonical("-7"), is_canonical("007"), is_canonical("7.0")
    (True, False, False)
    """
    return _CANONICAL.fullmatch(text) is not None


def whole(text: str) -> str | None:
    """The whole number that a text is, in its plain form; None where it is none.

    >>> whole("007"), whole("1.0"), whole("-0"), whole("1.5")
    ('7', '1', '0', None)
    """
    found = _WHOLE.fullmatch(text)
    if found is None:
        return None
    return f"-{found[2]}" if found[1] == "-" and found[2] != "0" else found[2]


# ---------------------------------------------------------------------- columns


def integer_key(values: Ints, missing: Mask | None = None) -> KeyColumn:
    """Integers (n,) as keys."""
    return KeyColumn(np.ascontiguousarray(values, np.int64).view(np.uint64).reshape(1, -1), missing)


def words_of_integers(texts: Sequence[str]) -> Words:
    """The words of integers of any size, in their plain form."""
    fits = [len(text) < 20 and -(2**63) <= int(text) < 2**63 for text in texts]
    words = integer_key(np.array([int(t) if fit else 0 for t, fit in zip(texts, fits, strict=True)])).words
    if all(fits):
        return words
    # The text of such an integer has more than one word, so it differs from every integer of 64 bits.
    wide = np.flatnonzero(~np.array(fits))
    return replaced(words, wide, words_of_texts([texts[at] for at in wide.tolist()]))


def float_key(values: Floats, missing: Mask | None) -> KeyColumn:
    """Doubles (n,) as keys, which are equal where the numbers are."""
    # Plus zero, since -0.0 and 0.0 are the same key.
    return KeyColumn((values + 0.0).view(np.uint64).reshape(1, -1), missing)


def widened(words: Words, width: int) -> Words:
    """The same keys in more words."""
    if len(words) == width:
        return words
    wide = np.zeros((width, words.shape[1]), np.uint64)
    wide[: len(words)] = words
    return wide


def replaced(words: Words, rows: Ints, others: Words) -> Words:
    """A copy of the keys with others, which may have more words, at some rows."""
    found = np.array(widened(words, max(len(words), len(others))))
    found[:, rows] = widened(others, len(found))
    return found


def joined(pieces: Sequence[Words]) -> Words:
    """The keys of one column joined end to end, as wide as the widest piece."""
    width = max(len(words) for words in pieces)
    return np.concatenate([widened(words, width) for words in pieces], axis=1)


def differ(one: Words, other: Words) -> Mask:
    """The rows in which two columns of keys differ."""
    found: Mask = one[0] != other[0]
    for place in range(1, max(len(one), len(other))):
        found |= (one[place] if place < len(one) else 0) != (other[place] if place < len(other) else 0)
    return found


def differ_as_numbers(one: Words, other: Words, where: Mask) -> Mask:
    """Of the rows where two columns of text differ, those that are not the same number either."""
    found = where.copy()
    # Plain integers that differ as text are different numbers; only the others are read one by one.
    for row in np.flatnonzero(where & (_not_plain(one) | _not_plain(other))).tolist():
        mine, theirs = text_of(one[:, row]), text_of(other[:, row])
        if _NUMBER.fullmatch(mine) and _NUMBER.fullmatch(theirs) and Decimal(mine) == Decimal(theirs):
            found[row] = False
    return found


def differ_as_moments(one: Words, other: Words, where: Mask) -> Mask:
    """Of the rows where two columns of text differ, those that are not the same date or time either."""
    found = where.copy()
    for row in np.flatnonzero(where).tolist():
        mine, theirs = _moment(text_of(one[:, row])), _moment(text_of(other[:, row]))
        found[row] = mine is None or mine != theirs
    return found


def _not_plain(words: Words) -> Mask:
    """Where a text contains a point, or begins with a zero or a plus, perhaps behind a minus."""
    raw = np.ascontiguousarray(words.T).view(np.uint8)
    lead = np.where(raw[:, 0] == 45, raw[:, 1], raw[:, 0])
    found: Mask = (raw == 46).any(axis=1) | (lead == 48) | (lead == 43)
    return found


def key_text(words: Words, kind: KeyType) -> str:
    """One key as text, for a message."""
    if kind == "int" and not words[1:].any():
        return str(int(words[:1].view(np.int64)[0]))
    if kind == "float":
        return repr(float(words[:1].view(np.float64)[0]))
    return text_of(words)


# ---------------------------------------------------------------------- text read as another type


def canonical_text(kind: KeyType) -> Callable[[str], str | None]:
    """The function that turns text of a file without types into a key of a type: one text for each value, or None."""
    return {"float": _number, "bool": _truth, "decimal": _decimal, "moment": _moment}[kind]


def _number(text: str) -> str | None:
    """A number in the form of its double; an integer stays as it is, even if no double is equal to it."""
    integer = whole(text)
    if integer is not None:
        return integer
    try:
        value = float(text) if re.fullmatch(r"[ \t]*[+-]?[0-9.]+([eE][+-]?[0-9]+)?[ \t]*", text) else None
    except ValueError:
        value = None
    if value is None or value in (math.inf, -math.inf):
        return None
    return str(int(value)) if value.is_integer() else repr(value)


def _truth(text: str) -> str | None:
    folded = text.casefold()
    return folded if folded in ("true", "false") else None


def _decimal(text: str) -> str | None:
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text, re.ASCII):
        return None
    return plain_decimal(text)


def plain_decimal(text: str) -> str:
    """A decimal without needless zeros.

    >>> plain_decimal("01.50"), plain_decimal("-0.00")
    ('1.5', '0')
    """
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, _, part = digits.partition(".")
    part = part.rstrip("0")
    plain = (whole.lstrip("0") or "0") + (f".{part}" if part else "")
    return plain if plain == "0" else sign + plain


def _moment(text: str) -> str | None:
    """A date, time or timestamp in the form that those of typed files have."""
    found = re.fullmatch(
        r"(\d{4}-\d\d-\d\d)?(?:(?:(?<=\d)[T ]|^)(\d\d:\d\d(?::\d\d)?(?:\.\d+)?))?(Z|[+-]\d\d(?::?\d\d)?)?",
        text,
        re.ASCII,
    )
    if found is None or not (found[1] or found[2]):
        return None
    day, time, zone = found[1], found[2], found[3]
    if time is not None:
        time = time if time.count(":") == 2 else f"{time}:00"
        time = time.rstrip("0").rstrip(".") if "." in time else time
    if zone is not None and zone.strip("Z+-:0"):
        if day is None or time is None:
            return None
        shifted = _in_utc(day, time, zone)
        if shifted is None:
            return None
        day, time = shifted
    if zone is None and day is not None and time == "00:00:00":
        time = None  # a date equals its midnight
    return "T".join(part for part in (day, time) if part) + ("Z" if zone is not None else "")


def _in_utc(day: str, time: str, zone: str) -> tuple[str, str] | None:
    """A day and a time at an offset, in UTC; None where there is no such time."""
    from datetime import datetime, timedelta  # here, since few keys are times

    clock, point, fraction = time.partition(".")
    digits = zone[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    try:
        local = datetime.fromisoformat(f"{day}T{clock}")
        moment = local + offset if zone[0] == "-" else local - offset
    except (ValueError, OverflowError):
        return None
    day, _, clock = moment.isoformat().partition("T")
    return day, clock + point + fraction


def keys_of(column: AnyColumn, kind: KeyType) -> tuple[KeyColumn, Mask | None]:
    """A column as keys, and the rows whose text is no value of the type, if there are any."""
    if isinstance(column, KeyColumn):
        return column, None
    if isinstance(column, NumberColumn):
        return float_key(np.where(np.isnan(column.values), 0.0, column.values), column.missing), None
    read = canonical_text(kind)
    texts = [read(str(value)) for value in column.values or ()]
    words = picked(words_of_texts([text or "" for text in texts] or [""]), column.codes)
    wrong = np.array([text is None for text in texts] or [False])[column.codes]
    if column.missing is not None:
        wrong &= ~column.missing
    return KeyColumn(words, column.missing), wrong if wrong.any() else None
