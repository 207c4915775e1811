"""What the text of a cell means: as a number, as a class label, as text.

The grammar is decided here, cell by cell, in plain Python. A reader may use anything faster that gives the
same bits, and comes back here for whatever it is not sure of.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

CELL_SHOWN = 60  # characters of a cell in a message

TRUTHS = {"true": 1, "false": 0}

JSON_LISTS = "json"
"""In place of a mark that parts lists: they are written as in JSON."""

_MISSING_NUMBER = frozenset(("", "na", "n/a", "nan", "null", "none"))
# A double reaches to 10³⁰⁸; a larger exponent need not be computed to know what it does.
_EXPONENT_DIGITS = 6


def _number_pattern(decimal: str) -> re.Pattern[str]:
    point = re.escape(decimal)
    digits = rf"(?P<whole>[0-9]*)(?:{point}(?P<part>[0-9]*))?(?:[eE](?P<exponent>[+-]?[0-9]+))?"
    # The look-ahead wants a digit before the exponent: `.` and `e5` are no numbers.
    infinite = r"(?P<infinite>[iI][nN][fF](?:[iI][nN][iI][tT][yY])?)"
    return re.compile(rf"[ \t]*(?P<sign>[+-]?)(?:(?={point}?[0-9]){digits}|{infinite})[ \t]*")


class NotNumber(Exception):
    """A cell that is no number; the message says so."""


class Quoted(str):
    """A text of a file that tells text from numbers: it is none of them, however it reads."""

    __slots__ = ()


@dataclass(frozen=True)
class CellReader:
    """The grammar of cells under one dialect."""

    decimal: str = "."
    null: tuple[str, ...] = ()
    list: str | None = None  # what parts the members of a list in one cell, or `JSON_LISTS`
    _number: re.Pattern[str] = field(init=False, repr=False)
    _null: frozenset[str] = field(init=False, repr=False)
    missing_texts: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_number", _number_pattern(self.decimal))
        object.__setattr__(self, "_null", frozenset(self.null))
        object.__setattr__(self, "missing_texts", frozenset(("", *self.null)))

    def is_number(self, text: str) -> bool:
        """Whether the text is a number by its form, be it one that overflows."""
        return self._number.fullmatch(text) is not None

    def number(self, text: str) -> float | None:
        """The nearest double, or None for a missing value; raises NotNumber."""
        if self._null and (text in self._null or text.strip(" \t") in self._null):
            return None
        match = self._number.fullmatch(text)
        if match is None:
            if text.strip(" \t").lower() in _MISSING_NUMBER:
                return None
            raise NotNumber(f"`{shown(text)}` is not a number")
        value = float(text if self.decimal == "." else text.replace(self.decimal, "."))
        if math.isinf(value) and match["infinite"] is None:
            raise NotNumber(f"`{shown(text)}` is beyond the largest double")
        return value

    def label(self, text: str) -> int | str | None:
        """A class label in canonical form, or None for a missing one.

        A whole number is that integer, of any size that a double reaches; beyond it is text.
        """
        if text in self.missing_texts:
            return None
        match = self._number.fullmatch(text)
        if match is not None:
            if self._null and text.strip(" \t") in self._null:
                return None
            whole = _whole(match)
            return text if whole is None else whole
        if len(text) <= 5:  # lower() of a longer text is a waste
            return TRUTHS.get(text.lower(), text)
        return text

    def parted(self, text: str) -> Sequence[str]:
        """The members of a list in one cell, by the mark that parts them.

        A cell that holds the mark alone is a list without members, as an empty one is missing.  Spaces
        around a member are none of it.
        """
        mark = self.list or ""
        return [] if mark in (text, text.strip(" \t")) else [part.strip(" \t") for part in text.split(mark)]

    def text(self, text: str) -> str | None:
        """The text as it stands, or None for a missing one."""
        return None if text in self.missing_texts else text

    def null_numbers(self) -> tuple[float, ...]:
        """The spellings of a missing value that would be numbers otherwise."""
        plain = CellReader(self.decimal)
        return tuple(
            float(text if self.decimal == "." else text.replace(self.decimal, "."))
            for text in self.null
            if plain.is_number(text)
        )


def _whole(match: re.Match[str]) -> int | None:
    """The exact integer that a number's text stands for, or None."""
    if match["infinite"] is not None:
        return None
    part = match["part"] or ""
    exponent_text = match["exponent"] or "0"
    digits = (match["whole"] + part).lstrip("0")
    if not digits:
        return 0
    # Without its zeros, since Python refuses to read an integer of thousands of digits.
    size = exponent_text.lstrip("+-").lstrip("0") or "0"
    if len(size) > _EXPONENT_DIGITS:
        return None
    shorter = digits.rstrip("0")
    exponent = (
        (-int(size) if exponent_text.startswith("-") else int(size)) - len(part) + len(digits) - len(shorter)
    )
    if exponent < 0 or len(shorter) + exponent > 309:
        return None
    whole: int = int(shorter) * 10**exponent
    try:
        float(whole)
    except OverflowError:
        return None
    return -whole if match["sign"] == "-" else whole


TEXT_FORMATS = ("csv", "tsv", "txt")
"""Formats of which `--dialect` says how cells are read."""
LIST_HINT = "lists in cells are read with `--dialect list=json`"


def is_list_text(text: str) -> bool:
    """Whether a text is written as a list is: `[1, 2]`, `['a', 'b']`."""
    return text[:1] == "[" and text[-1:] == "]"


def in_order(classes: Iterable[int | str]) -> list[int | str]:
    """Classes in the order in which they are shown: numbers by size, then text.

    >>> in_order(["b", 10, "a", 2])
    [2, 10, 'a', 'b']
    """
    return sorted(classes, key=lambda name: (isinstance(name, str), name))


def list_text(labels: Iterable[int | str]) -> str:
    """The labels of a row as one text, which is the same whatever their order.

    >>> list_text(["dog", "cat", 3])
    '[3, "cat", "dog"]'
    """
    import json  # here, since few calls have lists

    return json.dumps(in_order(labels))


@lru_cache(1 << 16)
def listed(text: str) -> tuple[int | str, ...]:
    """The labels of such a text."""
    import json

    return tuple(json.loads(text))


def shown(text: str) -> str:
    """A cell for a message: cut, and nothing in it that a terminal would obey."""
    cut = text if len(text) <= CELL_SHOWN else text[:CELL_SHOWN] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)


def shown_bytes(cell: bytes) -> str:
    """A cell that is not valid UTF-8, the invalid bytes escaped."""
    return shown(cell[: 4 * CELL_SHOWN].decode("utf-8", "backslashreplace"))
