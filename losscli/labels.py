"""What a text is as a class label, and which class each of several columns stands for."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import takewhile

from losscli.sources.cells import CellReader, NotNumber

_CELLS = CellReader()


def class_label(text: str) -> int | str:
    """The class that a text of an option, a header or a table names, read as a cell would be.

    A text that reads as a whole number is that integer, true and false are 1 and 0; else it is the text.

    >>> class_label("1.0"), class_label("True"), class_label("0.5"), class_label("NA")
    (1, 1, '0.5', 'NA')
    """
    label = _CELLS.label(text)
    return text if label is None else label


def label_number(label: int | str) -> float:
    """A class label as a number, or NaN where it is none."""
    if isinstance(label, int):
        return float(label)
    if not _CELLS.is_number(label):
        return math.nan
    try:
        number = _CELLS.number(label)
    except NotNumber:
        return math.nan
    return number if number is not None and math.isfinite(number) else math.nan


def class_names(columns: Sequence[str], *, named: bool) -> dict[int | str, int]:
    """The place of each class among columns that are named for classes.

    A class matches the whole name of a column first, then the name without the prefix that all of
    them share, cut behind its last separator or in front of the digits.  Columns of a file without
    names stand for the classes 0, 1, 2, …

    >>> class_names(["p_cat", "p_cow"], named=True)
    {'cat': 0, 'cow': 1, 'p_cat': 0, 'p_cow': 1}
    """
    if not named:
        return {place: place for place in range(len(columns))}
    cut = len(shared_prefix(columns))
    short: dict[int | str, int] = {class_label(name[cut:]): place for place, name in enumerate(columns)}
    return short | {class_label(name): place for place, name in enumerate(columns)}


def shared_prefix(columns: Sequence[str]) -> str:
    """What all names begin with, cut so that no class loses a letter or a digit of its own."""
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*columns, strict=False))
    prefix = "".join(letters[0] for letters in alike) if len(columns) > 1 else ""
    at_separator = re.match(r".*[_\-. :/]", prefix)
    if at_separator:
        return at_separator[0]
    letters = re.match(r"\D*", prefix)
    stem = letters[0] if letters else ""
    return stem if all(name[len(stem) :].isdigit() for name in columns) else ""


LEVEL = re.compile(r"(?:^|\D)(0?\.\d+)$", re.ASCII)


def quantile_level(name: str) -> float | None:
    """The quantile level that a column is named for: what stands at its end, between 0 and 1.

    >>> quantile_level("q_0.1"), quantile_level("0.95"), quantile_level("p90")
    (0.1, 0.95, None)
    """
    found = LEVEL.search(name)
    level = float(found[1]) if found else 0.0
    return level if 0.0 < level < 1.0 else None
