"""Rows of two files, or of three, paired by key: each key stands once on each side, or the run ends in an error.

Rows are parted by the hash of their keys; a part of one side can only match the same part of the other, so
parts are matched and measured side by side.  Parts lie in memory up to a limit, and are put aside beyond it.
Nothing here depends on the order of rows, on how batches were cut, or on who finished first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from heapq import nsmallest
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from losscli.errors import DataError
from losscli.pairing import Paired
from losscli.pairing.keyplan import KeyPlan, as_key
from losscli.pairing.match import Keys, match, repeats
from losscli.pairing.runs import KeyedRows, PutAside, Run, gathered, run_of
from losscli.table.block import Batch, Block, Ints, Mask, picked, take
from losscli.table.cells import shown as cut
from losscli.table.keys import shown
from losscli.text import plural

if TYPE_CHECKING:
    from losscli.pairing.spill import Spill
    from losscli.reading.source import Source

NAMED = 5  # rows that a message names of those with one trouble


# ---------------------------------------------------------------------- what is wrong with keys

RowName: TypeAlias = Callable[[int], str]
"""How a message names a row of one side, counted from 1."""


@dataclass(slots=True)
class Trouble:
    """Rows of one side with one thing wrong with their key: how many, and the first few."""

    count: int = 0
    first: list[tuple[int, str]] = field(default_factory=list)  # row from 1, and the key

    def add(self, numbers: Ints, keys: Keys, places: Ints, plan: KeyPlan) -> None:
        """Take in the rows at some places; ``numbers`` are those of all rows, from 0."""
        if not len(places):
            return
        here = numbers[places]
        lowest = np.argsort(here)[:NAMED] if len(here) <= NAMED else np.argpartition(here, NAMED)[:NAMED]
        found = [(int(here[at]) + 1, _shown(keys, int(places[at]), plan)) for at in lowest.tolist()]
        self.merge(Trouble(len(places), found))

    def merge(self, other: Trouble) -> None:
        self.count += other.count
        self.first = nsmallest(NAMED, self.first + other.first)

    def named(self, row_name: RowName) -> str:
        named = ", ".join(f"{key} in {row_name(row)}" if key else row_name(row) for row, key in self.first)
        return named + (" …" if self.count > len(self.first) else "")


def _shown(keys: Keys, place: int, plan: KeyPlan) -> str:
    # Doubles that meet text are compared by their texts.
    kinds = [
        kind if kind != "float" or slot.kind == "number" else "text"
        for kind, slot in zip(plan.types, plan.sides[0], strict=True)
    ]
    return ", ".join(
        f"`{cut(shown(words[:, place], kind))}`" for words, kind in zip(keys, kinds, strict=True)
    )


@dataclass(slots=True)
class Troubles:
    """What is wrong with the keys of each side; who is alone, by the side and by that which lacks its keys.

    Of three sides the last one, the labels, has every key that counts: the others are held against it.
    """

    missing: list[Trouble]
    repeated: list[Trouble]
    alone: dict[tuple[int, int], Trouble]

    @classmethod
    def none(cls, sides: int) -> Troubles:
        last = sides - 1
        facing = [(side, last) for side in range(last)] + [(last, side) for side in range(last)]
        return cls(
            [Trouble() for _ in range(sides)], [Trouble() for _ in range(sides)],
            {sides: Trouble() for sides in facing},
        )  # fmt: skip

    def merge(self, other: Troubles) -> None:
        pairs = [
            *zip(self.missing, other.missing, strict=True),
            *zip(self.repeated, other.repeated, strict=True),
        ]
        for one, more in [*pairs, *((self.alone[sides], other.alone[sides]) for sides in self.alone)]:
            one.merge(more)

    def error(self, plan: KeyPlan, row_names: Sequence[RowName]) -> DataError | None:
        """The refusal of these keys; None where they pair the files.  ``row_names`` name a row of a side."""
        files = [slots[0].file for slots in plan.sides]
        several = "several columns together may be a key: `--on KEY,KEY`" if len(plan.names) == 1 else None
        two = len(files) == 2
        dropping = (
            f"`--unmatched drop` leaves such rows out, on {'both' if two else 'all'} sides, and counts them"
        )
        said = [
            ("the key {key} stands in an earlier row as well", "a key must stand once in each file",
             "with a repeated key", several, [(side, side, trouble) for side, trouble in enumerate(self.repeated)]),
        ]  # fmt: skip
        if plan.unmatched == "error":
            said.insert(0, (
                "the key is missing", "every row needs a key", "without a key", dropping,
                [(side, side, trouble) for side, trouble in enumerate(self.missing)],
            ))  # fmt: skip
            said.append((
                "the key {key} is not in {other}", f"every key must stand in {'both' if two else 'all'} files",
                "without a partner" if two else "without a partner in {other}", dropping,
                [(*sides, trouble) for sides, trouble in self.alone.items()],
            ))  # fmt: skip
        for message, wanted, what, hint, found in said:
            troubles = [(side, files[other], trouble) for side, other, trouble in found if trouble.count]
            if not troubles:
                continue
            side, other, trouble = troubles[0]
            row, key = trouble.first[0]
            many = [
                f"{files[at]} has {plural(held.count, 'row')} {what.format(other=lacking)} "
                f"({held.named(row_names[at])})"
                for at, lacking, held in troubles
            ]
            return DataError(
                message.format(key=key, other=other), f"{wanted}; {'; '.join(many)}", hint, files[side],
                ",".join(plan.names), row,
            )  # fmt: skip
        return None


# ---------------------------------------------------------------------- reading


@dataclass(slots=True)
class KeyedBatch:
    """What one batch gave: its rows that have a key, those that have none, and what stopped the reading."""

    rows: int
    run: Run
    missing: Ints  # places of rows without a key
    stop: DataError | None = None


def parted(batch: Batch, plan: KeyPlan, side: int, bits: int) -> KeyedBatch:
    """The rows of a batch by their part.  The columns of the keys come behind those of the plan."""
    slots = plan.sides[side]
    count = len(batch.columns) - len(slots)
    stop = batch.stop
    keys, missing, worst = [], None, None
    for slot, kind, column in zip(slots, plan.types, batch.columns[count:], strict=True):
        key, bad = as_key(column, kind)
        keys.append(key.words)
        if key.missing is not None:
            missing = key.missing if missing is None else missing | key.missing
        if bad is not None and (worst is None or bad.row < worst[0].row):
            worst = bad, slot
    if worst is not None:
        bad, slot = worst
        stop = DataError(bad.message, bad.detail, None, slot.file, slot.name)
        return KeyedBatch(
            bad.row, Run(KeyedRows((), np.zeros(0, np.int32), ()), [0]), np.zeros(0, np.int64), stop
        )
    numbers = np.arange(batch.rows)
    columns = batch.columns[:count]
    lacking = np.zeros(0, np.int64)
    if missing is not None and missing.any():
        lacking = np.flatnonzero(missing)
        there = ~missing
        keys, numbers = [picked(words, there) for words in keys], numbers[there]
        columns = tuple(take(column, there) for column in columns)
    return KeyedBatch(batch.rows, run_of(keys, numbers, columns, bits), lacking, stop)


class KeyedParts:
    """All rows of all sides, by part; put aside from the moment on when they take more than ``limit`` bytes."""

    def __init__(self, plan: KeyPlan, spill: Spill, bits: int, limit: int) -> None:
        self.plan = plan
        self.bits = bits
        self.read = [0] * len(plan.sides)
        self.troubles = Troubles.none(len(plan.sides))
        self._runs: list[list[Run | PutAside]] = [[] for _ in plan.sides]
        self._spill = spill
        self._limit = limit
        self._held = 0

    def add(self, side: int, found: KeyedBatch) -> None:
        """Take in the next batch of a side, in the order of the file."""
        before = self.read[side]
        self.read[side] += found.rows
        if found.stop is not None:
            raise found.stop if found.stop.row is not None else found.stop.with_row(self.read[side] + 1)
        if len(found.missing):
            first = [(before + int(row) + 1, "") for row in found.missing[:NAMED]]
            self.troubles.missing[side].merge(Trouble(len(found.missing), first))
        run = found.run
        run.first_row = before
        self._held += run.rows.nbytes
        self._runs[side].append(run)
        if self._held > self._limit:
            self._put_aside()

    def _put_aside(self) -> None:
        for runs in self._runs:
            for at, run in enumerate(runs):
                if isinstance(run, Run):
                    runs[at] = run.put_aside(self._spill)
        self._held = 0

    def outcome(self, paired: int, row_names: Sequence[RowName]) -> tuple[DataError | None, Paired]:
        """Why the keys do not pair the files, if so; and how many rows found a partner."""
        read = self.read[0], self.read[-1]
        found = Paired(read, (read[0] - paired, read[1] - paired), paired)
        if len(self.read) > 2:
            found = found._replace(only_head=self.read[1] - paired)
        error = self.troubles.error(self.plan, row_names)
        if error is None and paired == 0:
            files = [slots[0].file for slots in self.plan.sides]
            rows = " and ".join(
                f"{file} has {plural(count, 'row')}" for file, count in zip(files, self.read, strict=True)
            )
            error = DataError(
                "nothing is left to measure",
                f"no key stands in {'both' if len(files) == 2 else 'all'} files; {rows}",
                file=files[0],
            )
        return error, found

    def __len__(self) -> int:
        return 1 << self.bits

    def matched(self, part: int, chunk_rows: int) -> tuple[Troubles, Iterator[Block]]:
        """What is wrong with the keys of a part, and its rows in pairs."""
        rows = [gathered(runs, part) if runs else _NONE for runs in self._runs]
        if len(rows) > 2:
            return matched_all(rows, self.plan, self.bits, chunk_rows)
        first, second = rows
        return matched(first, second, self.plan, self.bits, chunk_rows)


_NONE = KeyedRows((), np.zeros(0, np.int64), ())


def matched(
    first: KeyedRows, second: KeyedRows, plan: KeyPlan, bits: int, chunk_rows: int
) -> tuple[Troubles, Iterator[Block]]:
    """Rows of both sides in pairs, in blocks; the smaller side is hashed, the other one asks."""
    troubles = Troubles.none(2)
    turned = len(first) > len(second)
    small, large = (second, first) if turned else (first, second)
    if not len(small):
        found: Ints = np.full(len(large), -1, np.int64)
        repeated = repeats(large.keys, bits) if len(large) else np.zeros(0, np.int64)
        sides = [np.zeros(0, np.int64), repeated], [np.zeros(0, np.int64), np.arange(len(large))]
    else:
        pairs = match(small.keys, large.keys, bits)
        found = pairs.places
        sides = [pairs.first_repeats, pairs.second_repeats], [pairs.only_first, np.flatnonzero(found < 0)]
    for side, rows in enumerate((small, large)):
        at = 1 - side if turned else side
        troubles.repeated[at].add(rows.numbers, rows.keys, sides[0][side], plan)
        troubles.alone[at, 1 - at].add(rows.numbers, rows.keys, sides[1][side], plan)
    return troubles, _blocks(small, large, found, turned, chunk_rows)


def matched_all(
    rows: Sequence[KeyedRows], plan: KeyPlan, bits: int, chunk_rows: int
) -> tuple[Troubles, Iterator[Block]]:
    """Rows of three sides, in blocks: each of the others is held against the last one, and asks it."""
    *others, held = rows
    last = len(others)
    troubles = Troubles.none(len(rows))
    partners: list[Ints] = []
    nobody = np.zeros(0, np.int64)
    repeated = repeats(held.keys, bits) if len(held) else nobody
    troubles.repeated[last].add(held.numbers, held.keys, repeated, plan)
    for side, asking in enumerate(others):
        found, again, only = np.full(len(asking), -1, np.int64), nobody, np.arange(len(held))
        if len(held) and len(asking):
            pairs = match(held.keys, asking.keys, bits)
            found, again, only = pairs.places, pairs.second_repeats, pairs.only_first
        elif len(asking):
            again = repeats(asking.keys, bits)
        troubles.repeated[side].add(asking.numbers, asking.keys, again, plan)
        troubles.alone[side, last].add(asking.numbers, asking.keys, np.flatnonzero(found < 0), plan)
        troubles.alone[last, side].add(held.numbers, held.keys, only, plan)
        there = np.flatnonzero(found >= 0)
        partner = np.full(len(held), -1, np.int64)
        partner[found[there]] = there
        partners.append(partner)
    whole = np.flatnonzero(np.logical_and.reduce([partner >= 0 for partner in partners]))
    return troubles, _blocks_of_all(rows, [*(partner[whole] for partner in partners), whole], chunk_rows)


def _blocks_of_all(rows: Sequence[KeyedRows], places: Sequence[Ints], chunk_rows: int) -> Iterator[Block]:
    for start in range(0, len(places[0]), chunk_rows):
        here = [side[start : start + chunk_rows] for side in places]
        sides = tuple(
            tuple(take(column, at) for column in held.columns) for held, at in zip(rows, here, strict=True)
        )
        numbers = tuple(held.numbers[at] for held, at in zip(rows, here, strict=True))
        yield Block(0, len(here[0]), sides, numbers)


def _at(numbers: Any, rows: Ints | slice) -> Ints:
    """The numbers of some rows."""
    found: Ints = numbers[rows]
    return found


def _blocks(
    small: KeyedRows, large: KeyedRows, found: Ints, turned: bool, chunk_rows: int
) -> Iterator[Block]:
    there: Mask = found >= 0
    whole = bool(there.all())
    asking = None if whole else np.flatnonzero(there)
    count = len(found) if asking is None else len(asking)
    for start in range(0, count, chunk_rows):
        stop = min(start + chunk_rows, count)
        if asking is None:
            mine = tuple(column.slice(start, stop) for column in large.columns)
            rows: Ints | slice = slice(start, stop)
        else:
            rows = asking[start:stop]
            mine = tuple(take(column, rows) for column in large.columns)
        places = found[rows]
        theirs = tuple(take(column, places) for column in small.columns)
        # Few calls ask for the numbers of rows: they are not gathered before.
        numbers = partial(_at, small.numbers, places), partial(_at, large.numbers, rows)
        sides = theirs, mine
        if turned:
            numbers, sides = numbers[::-1], sides[::-1]
        yield Block(0, stop - start, sides, numbers)


# ---------------------------------------------------------------------- how many parts


PART_BYTES = 1 << 21  # what a cache holds of both sides
MOST_BITS = 10


def part_bits(sources: Sequence[Source], columns: int, limit: int, jobs: int) -> int:
    """How many bits of the hash choose the part: a part of both sides should fit a cache, and must fit memory."""
    expected = sum(_expected_bytes(source, columns) for source in sources)
    wanted = min(PART_BYTES * 4, max(1 << 16, limit // (8 * jobs)))
    if expected <= PART_BYTES:
        return 0
    return min(MOST_BITS, max(4, (expected // wanted).bit_length()))


def _expected_bytes(source: Source, columns: int) -> int:
    """About what the rows of a file take in memory."""
    if source.rows is not None:
        return source.rows * (16 + 9 * columns)
    if source.size is None:
        return 1 << 32
    return source.size * (1 if source.path.endswith(("csv", "tsv", "txt", "arrow", "ipc")) else 6)
