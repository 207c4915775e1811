"""Columns of lists: of labels, each a column of 0 and 1 for whoever measures; or of numbers, each a column of its place.

A list travels from its file as one text (`cells.list_text`) or as one row of an array, and is laid out when
its block is measured, so that what waits in between does not grow with the number of labels.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from losscli.errors import DataError, UsageError
from losscli.measure.adapt import DOMAIN
from losscli.table.block import AnyColumn, Block, ClassColumn, ColumnRequest, Ints, Mask, NumberColumn
from losscli.table.cells import in_order, is_list_text, listed
from losscli.table.violations import Violation, ViolationKind, Violations

if TYPE_CHECKING:
    from losscli.measure.adapt import FirstSeen
    from losscli.measure.slots import Slot
    from losscli.reading.select import Chosen
    from losscli.reading.source import Source

MOST_LABELS = 10_000
"""More are no columns to lay out, but most likely a text that was taken for a list."""
CELLS = 1 << 22
"""How many numbers of one side are laid out at a time: the rows of a block are fewer where columns are many."""
LOOKED_AT = 64
"""Rows that are looked at to tell what lists hold."""
MULTI_HOT, OTHER_LIST = "list of 0 and 1", "another list"
"""Marks of what lists of labels were seen in a column."""
LIST_TEXT = "a list as text"
"""Mark of a class that is written as a list is."""

ReadColumn: TypeAlias = "Callable[[int, ColumnRequest], Iterator[AnyColumn]]"
"""One column of a side, from its first row to its last, in pieces."""


# ---------------------------------------------------------------------- before rows are read


class Look(NamedTuple):
    """What the first lists of a column hold."""

    width: int  # numbers, or labels, in the first one
    row: int  # that it stands in, counted from 1; 0 where this is not known
    named: bool  # whether the first one holds texts alone
    text: bool  # whether a text stands in one, that is no number
    fraction: bool  # whether a number stands in one that is not whole
    again: bool  # whether a value stands twice in one
    floats: bool  # whether a number in one is written with a point, or stored as such
    even: bool  # whether all are of one length
    unit: bool  # whether all that stands in them lies between 0 and 1

    @property
    def scores(self) -> bool:
        """Whether they can only be numbers: several in a row that are no set of labels."""
        return self.width > 1 and not self.text and (self.fraction or self.again)


def can_be_looked_at(source: Source, index: int) -> bool:
    """Whether the first lists of a column can be seen before it is measured."""
    return source.can_be_read_again or source.first_list(index) is not None


def look(source: Source, index: int) -> Look | None:
    """A look at the first lists of a column; None where no list stands in its first rows.

    UsageError where the column must be looked at, and can be read only once.
    """
    if not source.can_be_read_again:
        first = source.first_list(index)
        if first is None:
            raise UsageError(
                f"the lists of `{source.columns[index]}` must be looked at before {source.path} is measured, "
                "and it can be read only once",
                hint="save it to a file first",
            )
        return _looked([(0, first)])
    rows, lists = 0, list[tuple[int, Any]]()
    for part in source.parts([ColumnRequest(index, "list")]):
        for batch in part.batches(LOOKED_AT):
            column = batch.columns[0]
            assert isinstance(column, ClassColumn)
            for at, code in enumerate(column.codes.tolist(), start=1):
                if code >= 0:
                    held = json.loads(str((column.values or ())[code]))
                    if isinstance(held, list):
                        lists.append((rows + at, held))
            rows += batch.rows
            if batch.stop is not None and not lists:
                raise batch.stop if batch.stop.row is not None else batch.stop.with_row(rows + 1)
            # Where the first rows are missing, those behind them tell.
            if (lists and rows >= LOOKED_AT) or rows >= LOOKED_AT**2:
                return _looked(lists)
    return _looked(lists)


def _looked(lists: Sequence[tuple[int, list[Any]]]) -> Look | None:
    if not lists:
        return None
    members = [member for _, held in lists for member in held]
    return Look(
        len(lists[0][1]), lists[0][0],
        bool(lists[0][1]) and all(map(_is_name, lists[0][1])),
        any(map(_is_name, members)),
        any(isinstance(member, float) and not member.is_integer() for member in members),
        any(len({repr(member) for member in held}) < len(held) for _, held in lists),
        any(isinstance(member, float) for member in members),
        len({len(held) for _, held in lists}) == 1,
        all(isinstance(member, (int, float)) and 0 <= member <= 1 for member in members),
    )  # fmt: skip


def _is_name(member: Any) -> bool:
    if not isinstance(member, str):
        return False
    try:
        float(member)
    except ValueError:
        return True
    return False


def places_of(column: Chosen, width: int) -> list[Chosen]:
    """The columns for the places of a column of vectors."""
    return [replace(column, name=f"{column.name}[{at}]", item=at, width=width) for at in range(width)]


def labels_of(columns: Iterable[AnyColumn]) -> set[int | str]:
    """All labels that stand in some lists; more than `MOST_LABELS` are not looked for."""
    found: set[int | str] = set()
    for column in columns:
        assert isinstance(column, ClassColumn)
        for text in column.values or ():
            found.update(listed(str(text)))
        if len(found) > MOST_LABELS:
            break
    return found


def in_both(found: set[int | str], file: str, column: str) -> tuple[int | str, ...]:
    """The labels in order; DataError where there are none, or more than can be laid out."""
    if not found:
        raise DataError(
            "no row has a label", hint="`--classes a,b,c` names the classes", file=file, column=column
        )
    if len(found) > MOST_LABELS:
        raise DataError(
            f"its lists have more than {MOST_LABELS} different labels", file=file, column=column,
            hint="of CSV, `--dialect list=…` says what parts the labels of a cell",
        )  # fmt: skip
    return tuple(in_order(found))


# ---------------------------------------------------------------------- while blocks are measured


def laid_out(block: Block, sides: Sequence[Sequence[Slot]]) -> Block:
    """The block with a column for every slot that is made of lists."""
    made = tuple(tuple(_laid_out(slots, held)) for slots, held in zip(sides, block.sides, strict=True))
    return Block(block.first_row, block.rows, made, block.places)


def _laid_out(slots: Sequence[Slot], held: Sequence[AnyColumn]) -> Iterator[AnyColumn]:
    read = iter(held)
    columns = [None if slot.made else next(read) for slot in slots]
    lists: dict[tuple[int, bool], AnyColumn] = {}
    tables: dict[int, Iterator[Mask]] = {}
    for slot, column in zip(slots, columns, strict=True):
        if isinstance(column, ClassColumn) and slot.kind == "labels":
            lists[slot.index, False] = column
            tables[slot.index] = iter(
                _table(column, [s for s in slots if s.labels and s.index == slot.index])
            )
        elif isinstance(column, NumberColumn) and slot.kind == "vector":
            # Turned once, so that the numbers of each place lie one behind the other.
            turned = np.ascontiguousarray(column.values.T)
            lists[slot.index, True] = NumberColumn(turned, column.missing, column.finite)
    for slot, found in zip(slots, columns, strict=True):
        if found is not None:
            yield found
            continue
        column = lists[slot.index, slot.item is not None]
        if isinstance(column, NumberColumn):
            yield _number_at(column, slot.item or 0)
            continue
        assert isinstance(column, ClassColumn)
        # The last entry is that of a missing list, whose code is -1.
        has = next(tables[slot.index])[column.codes]
        if slot.kind in ("number", "truth", "score"):
            values = has.astype(np.float64)
            if column.missing is not None:
                values[column.missing] = np.nan
            yield NumberColumn(values, column.missing)
        else:
            codes: Ints = has.astype(np.int64)
            yield ClassColumn(codes, None, column.missing)


def _number_at(turned: NumberColumn, item: int) -> NumberColumn:
    values = turned.values[item]
    if turned.finite:
        return NumberColumn(values, None, True)
    missing = np.isnan(values)
    return NumberColumn(values, missing if missing.any() else None)


def _table(column: ClassColumn, slots: Sequence[Slot]) -> Mask:
    """For each slot, which of the different lists of a column have its label."""
    places: dict[int | str, list[int]] = {}
    for at, slot in enumerate(slots):
        for label in slot.labels:
            places.setdefault(label, []).append(at)
    values = column.values or ()
    has = np.zeros((len(slots), len(values) + 1), np.bool_)
    for at, text in enumerate(values):
        for label in listed(str(text)):
            has[places.get(label, ()), at] = True
    return has


def check_labels(block: Block, sides: Sequence[Sequence[Slot]], faults: Violations, seen: FirstSeen) -> None:
    """Labels in lists that stand for no class are faults; whether all lists hold 0 and 1 alone is noted."""
    for side, slots in enumerate(sides):
        for place, slot in enumerate(slots):
            if slot.kind != "labels":
                continue
            column = block.column((side, place))
            assert isinstance(column, ClassColumn)
            _note_multi_hot(block, (side, place), column, seen)
            known: Mapping[int | str, str] = {
                label: other.name for other in slots if other.index == slot.index for label in other.labels
            }
            if not known:
                continue  # it is only compared with the same column of another file
            texts = [str(text) for text in column.values or ()]
            strange = np.array(
                [any(label not in known for label in listed(text)) for text in texts] or [False]
            )
            unknown = strange[column.codes]
            if column.missing is not None:
                unknown &= ~column.missing
            if unknown.any():
                at, row = block.first(unknown, side)
                label = next(label for label in listed(texts[column.codes[at]]) if label not in known)
                names = list(dict.fromkeys(known.values()))
                shown = ", ".join(f"`{name}`" for name in names[:8]) + (" …" if len(names) > 8 else "")
                faults.add(ViolationKind(DOMAIN, (side, place), "class"), Violation(
                    row, f"no class is called `{label}`", f"the classes are {shown}",
                    "have labels of unknown classes", "name every class: with `--classes`, or with a column of its own",
                    int(np.count_nonzero(unknown)),
                ))  # fmt: skip


def _note_multi_hot(block: Block, place: tuple[int, int], column: ClassColumn, seen: FirstSeen) -> None:
    """Note the first list of 0 and 1, each once, and the first other one.

    A list that has one of them twice is refused where it is read; so all lists of one length hold both.
    """
    both = np.array([*(listed(str(text)) == (0, 1) for text in column.values or ()), False])[column.codes]
    there = np.ones(len(both), np.bool_) if column.missing is None else ~column.missing
    for mark, rows in ((MULTI_HOT, both & there), (OTHER_LIST, ~both & there)):
        if rows.any():
            _, row = block.first(rows, place[0])
            seen[place, mark] = min(seen.get((place, mark), row), row)


def note_list_texts(block: Block, sides: Sequence[Sequence[Slot]], seen: FirstSeen) -> None:
    """Note the first class of a label or a prediction that is a text written as a list is."""
    for side, slots in enumerate(sides):
        for place, slot in enumerate(slots):
            if slot.kind not in ("class", "score") or slot.purpose not in ("label", "pred") or slot.made:
                continue
            column = block.column((side, place))
            if not isinstance(column, ClassColumn) or column.values is None:
                continue
            like = [isinstance(value, str) and is_list_text(value) for value in column.values]
            if any(like):
                rows = np.array([*like, False])[column.codes]
                if rows.any():
                    _, row = block.first(rows, side)
                    mark = (side, place), LIST_TEXT
                    seen[mark] = min(seen.get(mark, row), row)


def vector_text(values: Sequence[float]) -> str:
    """The numbers of a vector as they are shown."""
    return json.dumps([None if value != value else value for value in values])
