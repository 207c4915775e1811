"""What the text of a cell means: as a number, as a class label, as text.

This is the grammar, cell by cell, in plain Python. A reader may use anything faster that gives the same bits, and
uses this for every cell that it is not sure of.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

CELL_SHOWN = 60  # characters of a cell in a message

TRUTHS = {"true": 1, "false": 0}

EXACT = 2**53
"""Up to here every integer is a double."""
JSON_LISTS = "json"
"""In place of a separator of lists: they are written in JSON."""

_MISSING_NUMBER = frozenset(("", "na", "n/a", "nan", "null", "none"))
# Python reads no longer text as an integer.
_LONGEST_INTEGER = 4000


def _number_pattern(decimal: str) -> re.Pattern[str]:
    point = re.escape(decimal)
    digits = rf"(?P<whole>[0-9]*)(?:{point}(?P<part>[0-9]*))?(?:[eE](?P<exponent>[+-]?[0-9]+))?"
    # The look-ahead wants a digit before the exponent: `.` and `e5` are no numbers.
    infinite = r"(?P<infinite>[iI][nN][fF](?:[iI][nN][iI][tT][yY])?)"
    return re.compile(rf"[ \t]*(?P<sign>[+-]?)(?:(?={point}?[0-9]){digits}|{infinite})[ \t]*")


class Unreadable(Exception):
    """A cell that cannot be read as wanted: what it is, what was wanted, and a hint."""

    def __init__(self, message: str, detail: str | None = "wanted a number", hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.hint = hint


class Quoted(str):
    """A text of a file that distinguishes text from numbers: it is no number, however it reads."""

    __slots__ = ()


@dataclass(frozen=True)
class CellReader:
    """The grammar of cells under one dialect."""

    decimal: str = "."
    null: tuple[str, ...] = ()
    list: str | None = None  # the separator of lists in one cell, or `JSON_LISTS`
    _number: re.Pattern[str] = field(init=False, repr=False)
    _integer: re.Pattern[str] = field(init=False, repr=False)
    _null: frozenset[str] = field(init=False, repr=False)
    missing_texts: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_number", _number_pattern(self.decimal))
        integer = re.compile(rf"(-?(?:0|[1-9][0-9]*))(?:{re.escape(self.decimal)}0+)?")
        object.__setattr__(self, "_integer", integer)
        object.__setattr__(self, "_null", frozenset(self.null))
        object.__setattr__(self, "missing_texts", frozenset(("", *self.null)))

    def is_number(self, text: str) -> bool:
        """Whether the text is a number by its form, be it one that overflows."""
        return self._number.fullmatch(text) is not None

    def number(self, text: str) -> float | None:
        """The nearest double, or None for a missing value; Unreadable for anything else, and for an integer that is no double."""
        if self._null and (text in self._null or text.strip(" \t") in self._null):
            return None
        match = self._number.fullmatch(text)
        if match is None:
            if text.strip(" \t").lower() in _MISSING_NUMBER:
                return None
            raise Unreadable(f"`{shown(text)}` is not a number", hint=self._other_decimal(text))
        value = float(text if self.decimal == "." else text.replace(self.decimal, "."))
        if math.isinf(value):
            if match["infinite"] is None:
                raise Unreadable(f"`{shown(text)}` is beyond the largest double")
        elif abs(value) >= EXACT and match["part"] is None and match["exponent"] is None:
            # Without zeros in front there are at most 309 digits.
            whole = int(match["whole"].lstrip("0"))
            if whole != abs(int(value)):
                detail = no_double(-whole if match["sign"] == "-" else whole).detail
                raise Unreadable(f"`{shown(text)}` is no double", detail)
        return value

    def _other_decimal(self, text: str) -> str | None:
        """The hint where a cell is a number with the other sign of decimals."""
        other, name = (",", "comma") if self.decimal == "." else (".", "point")
        if other in text and _number_pattern(other).fullmatch(text):
            return f"if numbers are written with a decimal {name}, add `--dialect decimal={name}`"
        return None

    def label(self, text: str) -> int | str | None:
        """A class label in canonical form, or None for a missing one.

        A plain whole number is that integer, of any size; in another spelling (`01`, `+1`, `1E2`) it is text.
        """
        if text in self.missing_texts:
            return None
        if self._null and text.strip(" \t") in self._null and self.is_number(text):
            return None
        match = self._integer.fullmatch(text)
        if match is not None:
            return int(match[1]) if len(match[1]) <= _LONGEST_INTEGER else match[1]
        if len(text) <= 5:  # lower() of a longer text is a waste
            return TRUTHS.get(text.lower(), text)
        return text

    def truth(self, text: str) -> float | None:
        """A number, or true and false as 1 and 0."""
        found = TRUTHS.get(text.strip().casefold())
        return self.number(text) if found is None else float(found)

    def score(self, text: str) -> float | None:
        """A number that tells its class as well, or None for an empty cell.

        Unreadable for a whole number in a spelling that is a class of its own, and for `NA`.
        """
        value = self.number(text)
        if value is None:
            told = self.text(text) is None
        else:
            told = not value.is_integer() or isinstance(self.label(text), int)
        if not told:
            raise Unreadable(f"`{shown(text)}` is a class of its own")
        return value

    def parted(self, text: str) -> Sequence[str]:
        """The members of a list in one cell, without the spaces around them.

        A cell that holds only the separator is a list without members, since an empty cell is missing.
        """
        mark = self.list or ""
        return [] if mark in (text, text.strip(" \t")) else [part.strip(" \t") for part in text.split(mark)]

    def text(self, text: str) -> str | None:
        """The text unchanged, or None for a missing one."""
        return None if text in self.missing_texts else text


def no_double(found: int) -> Unreadable:
    """What is wrong with an integer that is no double."""
    nearest = shown(str(int(float(found))))
    wanted = f"wanted an integer that is one; the nearest is {nearest}"
    return Unreadable(f"`{shown(str(found))}` is no double", wanted)


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
    """The labels of a row as one text, the same for every order of them.

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
    """A cell for a message: cut, and with everything escaped that a terminal would obey."""
    cut = text if len(text) <= CELL_SHOWN else text[:CELL_SHOWN] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)


def shown_bytes(cell: bytes) -> str:
    """A cell that is not valid UTF-8, the invalid bytes escaped."""
    return shown(cell[: 4 * CELL_SHOWN].decode("utf-8", "backslashreplace"))
