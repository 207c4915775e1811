"""A parameter that is a small CSV file: a number for every pair of a true and a predicted class.

The header names the predicted classes, the first column the true ones; the corner is free.  The file is read
when the plan is made, and a row function is given its numbers in the order of the plan's classes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from losscli.errors import DataError
from losscli.table.labels import class_label
from losscli.text import plural

Class: TypeAlias = int | str
Matrix: TypeAlias = tuple[tuple[float, ...], ...]
"""A parameter of a loss that is such a file: ``matrix[label][pred]``, classes as codes."""


class ClassTable(NamedTuple):
    """The numbers of one file, with the classes of its rows and of its columns."""

    path: str
    true: tuple[Class, ...]
    pred: tuple[Class, ...]
    cells: Matrix

    def arranged(self, true: Sequence[Sequence[Class]], pred: Sequence[Sequence[Class]]) -> Matrix:
        """The numbers for these classes in this order; each class comes with all the names that it may have."""
        rows = [self._place(names, self.true, "row") for names in true]
        columns = [self._place(names, self.pred, "column") for names in pred]
        return tuple(tuple(self.cells[row][column] for column in columns) for row in rows)

    def _place(self, names: Sequence[Class], known: tuple[Class, ...], what: str) -> int:
        for name in names:
            if name in known:
                return known.index(name)
        raise DataError(
            f"no {what} is named for the class `{names[0]}`",
            f"its {what}s are {', '.join(f'`{name}`' for name in known)}",
            "the header names the predicted classes, the first column the true ones",
            file=self.path,
        )


def read_table(path: str) -> ClassTable:
    """The table in the file at ``path``; DataError says what is wrong with it."""
    import csv  # imported here: few losses take a table

    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            lines = [line for line in csv.reader(file) if any(cell.strip() for cell in line)]
    except OSError as error:
        raise DataError(
            f"the file cannot be read: {(error.strerror or str(error)).lower()}", file=path
        ) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"the file is no CSV: {error}", file=path) from None
    if len(lines) < 2 or len(lines[0]) < 2:
        raise DataError(
            "the file holds no table of classes",
            hint="the header names the predicted classes, the first column the true ones",
            file=path,
        )
    header, *body = lines
    cells = []
    for at, line in enumerate(body, start=1):
        if len(line) != len(header):
            raise DataError(
                f"{plural(len(line), 'cell')} where the header has {len(header)}", file=path, row=at
            )
        cells.append(tuple(_number(text, path, header[1 + place], at) for place, text in enumerate(line[1:])))
    true = _classes([line[0] for line in body], path)
    return ClassTable(path, true, _classes(header[1:], path), tuple(cells))


def _classes(names: Sequence[str], path: str) -> tuple[Class, ...]:
    classes = tuple(class_label(name.strip()) for name in names)
    for at, name in enumerate(classes):
        if name in classes[:at]:
            raise DataError(f"the class `{name}` stands twice", file=path)
    return classes


def _number(text: str, path: str, column: str, row: int) -> float:
    try:
        value = math.nan if "_" in text else float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f"`{text}` is no number", file=path, column=column.strip(), row=row)
    return value
