"""What a value of JSON means: as a number, a class label, text, a list of labels, a vector.

What a value means is decided by what its column is wanted as, never by the values around it. Texts of Arrow's and
NumPy's files are read as the strings of JSON are.
"""

from __future__ import annotations

import math
from typing import Any, NoReturn

from losscli.reading.lists import fraction, missing_label, twice, unlike
from losscli.table.cells import (
    CellReader,
    Quoted,
    Unreadable,
    is_list_text,
    list_text,
    no_double,
    shown,
    shown_bytes,
)


class JsonValues:
    """The grammar of values of JSON; each method gives None where a value is missing, and else raises Unreadable."""

    def __init__(self, cells: CellReader) -> None:
        self.cells = cells

    def score(self, cell: Any) -> float | None:
        """A number that tells its class as well: of text only in the spelling of a class."""
        return self._text_number(cell, score=True) if isinstance(cell, str) else self._number(cell)

    def number(self, cell: Any) -> float | None:
        """The number of a cell, which may be text; None for null."""
        if type(cell) is float and math.isfinite(cell):
            return cell
        if isinstance(cell, str):
            return self._text_number(cell)
        if cell is None or isinstance(cell, (bool, Infinite)):
            return cell if cell is None else float(cell)
        if isinstance(cell, int):
            return _exact(cell)
        if isinstance(cell, float):
            _overflown()
        raise Unreadable(f"{_kind(cell)} is not a number")

    truth = _number = number

    def _text_number(self, text: str, *, score: bool = False) -> float | None:
        try:
            return self.cells.score(text) if score else self.cells.number(text)
        except Unreadable as error:
            error.hint = "store such texts as lists" if is_list_text(text) else None
            raise

    def vector(self, cell: Any, width: int) -> list[float] | None:
        """The numbers of a list, NaN where one is missing."""
        if cell is None:
            return None
        if not isinstance(cell, list):
            raise Unreadable(_no_list(cell), "wanted a list of numbers, as in the rows before it")
        if len(cell) != width:
            raise unlike(len(cell), width)
        found = map(self._number, cell)
        return [math.nan if number is None else number for number in found]

    def label(self, cell: Any) -> int | str | None:
        """A cell as a class; None where it is missing."""
        if isinstance(cell, str):
            return self.cells.label(_encodable(cell))
        if isinstance(cell, bool):
            return int(cell)
        if isinstance(cell, float):
            return float_label(_finite(cell))
        return cell if cell is None or isinstance(cell, int) else _no_value(cell)

    _label = label

    def labels(self, cell: Any) -> str | None:
        """The labels of a list as one text."""
        if cell is None:
            return None
        if not isinstance(cell, list):
            raise Unreadable(_no_list(cell), "wanted a list of labels, as in the first row")
        found: list[int | str] = []
        for place, member in enumerate(cell, start=1):
            if isinstance(member, float) and not _finite(member).is_integer():
                raise fraction(member)
            label = self._label(member)
            if label is None:
                raise missing_label(place)
            found.append(label)
        if len(set(found)) < len(found):
            raise twice(next(one for one in found if found.count(one) > 1))
        return list_text(found)

    def text(self, cell: Any) -> str | None:
        """A cell as text; None where it is missing."""
        if isinstance(cell, bool):
            return "true" if cell else "false"
        if isinstance(cell, str):
            return Quoted(_encodable(cell)) or None
        if isinstance(cell, float):
            return float_text(_finite(cell))
        return cell if cell is None else str(cell) if isinstance(cell, int) else _no_value(cell)

    def as_json(self, cell: Any) -> str | None:
        """A cell as JSON text, lists too; None where it is missing."""
        return None if cell is None else json_text(cell)

    def undecodable(self, raw: bytes) -> Unreadable:
        """Why bytes are no cell."""
        return Unreadable(f"`{shown_bytes(raw)}` is not UTF-8", "wanted text")


class StoredTexts(JsonValues):
    """The grammar of texts in files that tell text from numbers; an empty one is missing."""

    def text(self, cell: str) -> str | None:
        return cell or None


STORED_TEXTS = StoredTexts(CellReader())


class Infinite(float):
    """Infinity that was written as such; a number too large for a double is a plain one."""


def float_label(value: float) -> int | str:
    """A double as a class: a whole number is that integer."""
    return int(value) if value.is_integer() else repr(float(value))


def float_text(value: float) -> str:
    """A double as text, with the fewest digits that read back as it."""
    # Plus zero, since -0.0 and 0.0 are one value, and must be one text whichever comes first.
    return repr(float(value) + 0.0)


def json_text(value: Any) -> str:
    """What a cell holds as JSON: numbers and text as they are, all else by its name."""
    import json  # here, since few calls have lists

    return json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(member) for member in value]
    if isinstance(value, float) and value != value:
        return None
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _exact(value: int) -> float:
    try:
        number = float(value)
    except OverflowError:
        _overflown()
    if int(number) != value:
        raise no_double(value)
    return number


def _encodable(text: str) -> str:
    """A text, unless it holds half a character, which can be written in JSON and nowhere else."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unreadable(f"`{shown(text)}` holds half of a surrogate pair", "wanted text") from None
    return text


def _finite(value: float) -> float:
    if math.isinf(value) and not isinstance(value, Infinite):
        _overflown()
    return value


def _overflown() -> NoReturn:
    raise Unreadable("a number is beyond the largest double", "wanted at most 1.8e308")


def _no_list(value: Any) -> str:
    return f"{'an object' if isinstance(value, dict) else f'`{shown(json_text(value))}`'} is no list"


def _no_value(value: Any) -> NoReturn:
    raise Unreadable(f"{_kind(value)} is no label", "wanted a number, a text, true or false")


def _kind(value: Any) -> str:
    return "a list" if isinstance(value, list) else "an object"
