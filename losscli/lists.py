"""Columns of lists of labels: each label of them is a column of 0 and 1 for whoever measures.

A list travels from its file as one text (`cells.list_text`), and is laid out when its block is measured,
so that what waits in between does not grow with the number of labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from losscli.block import Block, ClassColumn, Column, Ints, Mask, NumberColumn
from losscli.errors import DataError
from losscli.faults import Fault, Faults, Kind
from losscli.sources.cells import in_order, listed
from losscli.views import DOMAIN

if TYPE_CHECKING:
    from losscli.block import Want
    from losscli.plan import Slot

MOST_LABELS = 10_000
"""More are no columns to lay out, but most likely a text that was taken for a list."""
CELLS = 1 << 22
"""How many 0 and 1 of one side are laid out at a time: the rows of a block are fewer where labels are many."""

ReadColumn: TypeAlias = "Callable[[int, Want], Iterator[Column]]"
"""One column of a side, from its first row to its last, in pieces."""


def labels_of(columns: Iterable[Column]) -> set[int | str]:
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


def with_labels(block: Block, sides: Sequence[Sequence[Slot]]) -> Block:
    """The block with a column for every label among the slots."""
    made = tuple(tuple(_laid_out(slots, held)) for slots, held in zip(sides, block.sides, strict=True))
    return Block(block.first_row, block.rows, made, block.places)


def _laid_out(slots: Sequence[Slot], held: Sequence[Column]) -> Iterator[Column]:
    read = iter(held)
    columns = [None if slot.labels else next(read) for slot in slots]
    lists = {s.index: c for s, c in zip(slots, columns, strict=True) if c is not None and s.kind == "labels"}
    tables: dict[int, Iterator[Mask]] = {}
    for index, column in lists.items():
        assert isinstance(column, ClassColumn)
        tables[index] = iter(_table(column, [slot for slot in slots if slot.labels and slot.index == index]))
    for slot, found in zip(slots, columns, strict=True):
        if found is not None:
            yield found
            continue
        column = lists[slot.index]
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


def find_unknown(block: Block, sides: Sequence[Sequence[Slot]], faults: Faults) -> None:
    """Labels in lists that stand for no class are faults."""
    for side, slots in enumerate(sides):
        for place, slot in enumerate(slots):
            if slot.kind != "labels":
                continue
            known: Mapping[int | str, str] = {
                label: other.name for other in slots if other.index == slot.index for label in other.labels
            }
            if not known:
                continue  # it is only compared with the same column of another file
            column = block.column((side, place))
            assert isinstance(column, ClassColumn)
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
                faults.add(Kind(DOMAIN, (side, place), "class"), Fault(
                    row, f"no class is called `{label}`", f"the classes are {shown}",
                    "have labels of unknown classes", "name every class: with `--classes`, or with a column of its own",
                    int(np.count_nonzero(unknown)),
                ))  # fmt: skip
