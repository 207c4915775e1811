"""Columns of lists, laid out when their block is measured: a label as a column of 0 and 1, a place as one of numbers.

A list travels from its file as one text (`cells.list_text`) or as one row of an array, so that what waits in
between does not grow with the number of labels.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from losscli.measure.adapt import DOMAIN
from losscli.table.block import AnyColumn, Block, ClassColumn, Ints, Mask, NumberColumn
from losscli.table.cells import is_list_text, listed
from losscli.table.violations import Violation, ViolationKind, Violations

if TYPE_CHECKING:
    from losscli.measure.adapt import FirstSeen
    from losscli.measure.slots import Slot

CELLS = 1 << 22
"""How many numbers of one side are laid out at a time: the rows of a block are fewer where columns are many."""
MULTI_HOT, OTHER_LIST = "list of 0 and 1", "another list"
"""Marks of what lists of labels were seen in a column."""
LIST_TEXT = "a list as text"
"""Mark of a class that is written as a list is."""


def rows_at_a_time(chunk_rows: int, sides: Sequence[Sequence[Slot]]) -> int:
    """So many rows a block that what is laid out of them does not exceed `CELLS`."""
    width = max(sum(slot.made for slot in slots) for slots in sides)
    return chunk_rows if width == 0 else max(1, min(chunk_rows, CELLS // width))


def laid_out(block: Block, sides: Sequence[Sequence[Slot]]) -> Block:
    """The block with a column for every slot that is made of lists."""
    made = tuple(tuple(_laid_out(*side)) for side in zip(sides, block.sides, strict=True))
    return Block(block.first_row, block.rows, made, block.places)


def _laid_out(slots: Sequence[Slot], read: Sequence[AnyColumn]) -> Iterator[AnyColumn]:
    """The column of each slot: as it was read, or made of the lists that were read."""
    rest = iter(read)
    columns = [None if slot.made else next(rest) for slot in slots]
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
    """Add a fault for labels in lists that name no class, and note whether all lists hold 0 and 1 alone."""
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
