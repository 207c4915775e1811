"""Bad values found in rows, gathered over blocks: how many, and the first of each kind.

A fault does not stop the reading, so that the error can say how many rows are bad; which one is
shown does not depend on how the rows were cut or who found them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from losscli.errors import DataError
from losscli.text import share

if TYPE_CHECKING:
    from losscli.table.block import Place


class ViolationKind(NamedTuple):
    """What makes two bad values the same kind: the stage of the work, the column and the check."""

    stage: int  # missing values come before weights, weights before domains
    column: Place
    check: str


@dataclass(frozen=True, slots=True)
class Violation:
    """The first bad value of a kind, and how many there are.

    ``plural`` says what is true of all of them: "are outside".
    """

    row: int
    message: str
    wanted: str
    plural: str
    hint: str | None
    count: int

    def merge(self, other: Violation) -> Violation:
        first = self if self.row <= other.row else other
        return replace(first, count=self.count + other.count)


@dataclass(slots=True)
class Violations:
    """All faults of some rows."""

    found: dict[ViolationKind, Violation] = field(default_factory=dict)

    def add(self, kind: ViolationKind, fault: Violation) -> None:
        known = self.found.get(kind)
        self.found[kind] = fault if known is None else known.merge(fault)

    def merge(self, other: Violations) -> None:
        for kind, fault in other.found.items():
            self.add(kind, fault)

    def error(self, *, file: str, column: str, kind: ViolationKind, rows: int) -> DataError:
        """The error for one kind of fault, ``rows`` having been read."""
        fault = self.found[kind]
        many = share(fault.count, rows, "row", fault.plural)
        return DataError(
            fault.message,
            f"{fault.wanted}; {many}" if fault.wanted else many,
            fault.hint,
            file,
            column,
            fault.row,
        )

    def first(self) -> ViolationKind | None:
        """The kind whose first row is the lowest; in the same row, the one met first in the work."""
        return min(self.found, key=lambda kind: (self.found[kind].row, kind), default=None)
