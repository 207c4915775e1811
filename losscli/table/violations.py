"""Bad values: the first of each kind, and how many there are.

A bad value does not stop the reading, so that the error can say how many rows are bad.  Which row is
shown does not depend on how the rows were cut into blocks, or on the thread that found it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from losscli.errors import DataError
from losscli.text import share

if TYPE_CHECKING:
    from losscli.table.block import Block, Mask, Place


class ViolationKind(NamedTuple):
    """Bad values of one kind have the same stage of the work, column and check."""

    stage: int  # missing values are reported before weights, weights before domains
    column: Place
    check: str


class Violation(NamedTuple):
    """The first bad value of a kind, and how many there are.

    ``plural`` says what is true of all of them: "are outside".
    """

    row: int
    message: str
    wanted: str
    plural: str
    hint: str | None
    count: int  # type: ignore[assignment]  # a tuple has a method of that name, which nobody calls here

    def merge(self, other: Violation) -> Violation:
        """Both as one: the lower row, and the number of both."""
        first = self if self.row <= other.row else other
        return first._replace(count=self.count + other.count)


@dataclass(slots=True)
class Violations:
    """The bad values of some rows, by their kind."""

    found: dict[ViolationKind, Violation] = field(default_factory=dict)

    def add(self, kind: ViolationKind, violation: Violation) -> None:
        """Note rows that are bad in one way."""
        known = self.found.get(kind)
        self.found[kind] = violation if known is None else known.merge(violation)

    def add_rows(
        self, kind: ViolationKind, block: Block, bad: Mask, message: Callable[[int], str],
        wanted: str, plural: str, hint: str | None,
    ) -> None:  # fmt: skip
        """Add the bad rows of a block, if there are any; ``message`` is called with the place of the first."""
        if bad.any():
            at, row = block.first(bad, kind.column[0])
            self.add(kind, Violation(row, message(at), wanted, plural, hint, int(np.count_nonzero(bad))))

    def merge(self, other: Violations) -> None:
        """Take in those of other rows."""
        for kind, violation in other.found.items():
            self.add(kind, violation)

    def error(self, *, file: str, column: str, kind: ViolationKind, rows: int) -> DataError:
        """The error for the violations of one kind among ``rows`` rows."""
        first = self.found[kind]
        many = share(first.count, rows, "row", first.plural)
        wanted = f"{first.wanted}; {many}" if first.wanted else many
        return DataError(first.message, wanted, first.hint, file, column, first.row)

    def first(self) -> ViolationKind | None:
        """The kind whose first row is the lowest, and of several in that row the one of the earliest stage."""
        return min(self.found, key=lambda kind: (self.found[kind].row, kind), default=None)
