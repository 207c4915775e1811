"""Keys that cannot pair the files: missing, repeated, or without a partner; and the error that names them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from losscli.errors import DataError
from losscli.pairing import Paired
from losscli.table.cells import shown
from losscli.table.keys import key_text
from losscli.text import plural

if TYPE_CHECKING:
    from losscli.pairing.keyplan import KeyPlan
    from losscli.pairing.runs import KeyedRows
    from losscli.table.block import Ints

NAMED = 5  # rows that a message names

RowName: TypeAlias = Callable[[int], str]
"""How a message names a row of one side, counted from 1."""


@dataclass(slots=True)
class BadKeys:
    """The rows of one side whose keys have one fault: how many, and the first few with their keys."""

    count: int = 0
    first: list[tuple[int, str]] = field(default_factory=list)  # row from 1, and the key

    def add(self, rows: KeyedRows, places: Ints, plan: KeyPlan) -> None:
        """Add the rows at some places."""
        if not len(places):
            return
        numbers = rows.numbers[places]
        lowest = np.argpartition(numbers, NAMED)[:NAMED] if len(numbers) > NAMED else range(len(numbers))
        first = [(int(numbers[at]) + 1, _keys_at(rows, int(places[at]), plan)) for at in lowest]
        self.merge(BadKeys(len(places), first))

    def merge(self, other: BadKeys) -> None:
        """Take in those of other rows."""
        self.count += other.count
        self.first = nsmallest(NAMED, self.first + other.first)

    def named(self, row_name: RowName) -> str:
        """The first of them, each with its row, for a message."""
        named = ", ".join(f"{key} in {row_name(row)}" if key else row_name(row) for row, key in self.first)
        return named + (" …" if self.count > len(self.first) else "")


def _keys_at(rows: KeyedRows, place: int, plan: KeyPlan) -> str:
    """The key of one row, for a message."""
    # Doubles that meet text are compared by their texts.
    types = [
        kind if kind != "float" or slot.kind == "number" else "text"
        for kind, slot in zip(plan.types, plan.sides[0], strict=True)
    ]
    return ", ".join(
        f"`{shown(key_text(words[:, place], kind))}`" for words, kind in zip(rows.keys, types, strict=True)
    )


class _Fault(NamedTuple):
    """How an error speaks of one fault of keys, and the rows that have it.

    ``found``: the side, the side that lacks its keys, and the rows.
    """

    message: str
    wanted: str
    what: str
    hint: str | None
    found: list[tuple[int, int, BadKeys]]


@dataclass(slots=True)
class KeyFaults:
    """The bad keys of all sides; ``alone`` by the side and by the side that lacks its keys.

    Of three sides the last one, the labels, is compared with each of the others.
    """

    missing: list[BadKeys]
    repeated: list[BadKeys]
    alone: dict[tuple[int, int], BadKeys]

    @classmethod
    def none(cls, sides: int) -> KeyFaults:
        """Nothing that is wrong, with so many sides."""
        last = sides - 1
        facing = [(side, last) for side in range(last)] + [(last, side) for side in range(last)]
        return cls(
            [BadKeys() for _ in range(sides)], [BadKeys() for _ in range(sides)],
            {sides: BadKeys() for sides in facing},
        )  # fmt: skip

    def merge(self, other: KeyFaults) -> None:
        """Take in what is wrong with other rows."""
        mine, theirs = ([*held.missing, *held.repeated, *held.alone.values()] for held in (self, other))
        for one, more in zip(mine, theirs, strict=True):
            one.merge(more)

    def error(self, plan: KeyPlan, row_names: Sequence[RowName]) -> DataError | None:
        """The refusal of these keys; None where they pair the files.  ``row_names`` name a row of a side."""
        files = [slots[0].file for slots in plan.sides]
        for fault in self._faults(plan):
            found = [(side, files[other], bad) for side, other, bad in fault.found if bad.count]
            if not found:
                continue
            side, other, bad = found[0]
            row, key = bad.first[0]
            many = [
                f"{files[at]} has {plural(rows.count, 'row')} {fault.what.format(other=lacking)} "
                f"({rows.named(row_names[at])})"
                for at, lacking, rows in found
            ]
            return DataError(
                fault.message.format(key=key, other=other), f"{fault.wanted}; {'; '.join(many)}", fault.hint,
                files[side], ",".join(plan.names), row,
            )  # fmt: skip
        return None

    def _faults(self, plan: KeyPlan) -> list[_Fault]:
        """The faults that are errors, in the order in which they are reported."""
        two = len(plan.sides) == 2
        all_files = "both" if two else "all"
        missing, repeated = (
            [(side, side, bad) for side, bad in enumerate(rows)] for rows in (self.missing, self.repeated)
        )
        dropping = f"`--unmatched drop` leaves such rows out, on {all_files} sides, and counts them"
        several = "several columns together may be a key: `--on KEY,KEY`" if len(plan.names) == 1 else None
        twice = _Fault(
            "the key {key} stands in an earlier row as well", "a key must stand once in each file",
            "with a repeated key", several, repeated,
        )  # fmt: skip
        if plan.unmatched == "drop":
            return [twice]
        return [
            _Fault("the key is missing", "every row needs a key", "without a key", dropping, missing),
            twice,
            _Fault(
                "the key {key} is not in {other}", f"every key must stand in {all_files} files",
                "without a partner" if two else "without a partner in {other}", dropping,
                [(*sides, bad) for sides, bad in self.alone.items()],
            ),
        ]  # fmt: skip


@dataclass(slots=True)
class KeyTally:
    """The rows of each side, how many found partners, and the bad keys; those of several shares add up."""

    read: list[int]
    faults: KeyFaults
    pairs: int = 0

    @classmethod
    def none(cls, sides: int) -> KeyTally:
        """No rows, with so many sides."""
        return cls([0] * sides, KeyFaults.none(sides))

    def merge(self, other: KeyTally) -> None:
        """Take in the rows of another share."""
        self.read = [mine + theirs for mine, theirs in zip(self.read, other.read, strict=True)]
        self.faults.merge(other.faults)
        self.pairs += other.pairs

    @property
    def paired(self) -> Paired:
        """How many rows found a partner."""
        read = self.read[0], self.read[-1]
        only_head = self.read[1] - self.pairs if len(self.read) > 2 else 0
        return Paired(read, (read[0] - self.pairs, read[1] - self.pairs), self.pairs, only_head)

    def error(self, plan: KeyPlan, row_names: Sequence[RowName], *, whole: bool) -> DataError | None:
        """Why the keys do not pair the files, if so: of the ``whole`` some row must find a partner."""
        error = self.faults.error(plan, row_names)
        if error is None and self.pairs == 0 and whole:
            files = [slots[0].file for slots in plan.sides]
            rows = " and ".join(
                f"{file} has {plural(count, 'row')}" for file, count in zip(files, self.read, strict=True)
            )
            error = DataError(
                "nothing is left to measure",
                f"no key stands in {'both' if len(files) == 2 else 'all'} files; {rows}",
                file=files[0],
            )
        return error
