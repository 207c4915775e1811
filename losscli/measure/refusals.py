"""What a finished reading is refused for: the error of the lowest row, or of the rows as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from losscli.errors import DataError
from losscli.measure.adapt import PAIRING, SUGGEST, TOGETHER, WEIGHT
from losscli.measure.engines.threads import column
from losscli.reading.inputs import row_name
from losscli.table.block import ColumnRequest
from losscli.table.violations import Violation, ViolationKind

if TYPE_CHECKING:
    from losscli.measure.engines.pool import Outcome
    from losscli.measure.plan import Plan
    from losscli.measure.tally import Tally
    from losscli.pairing.shared_ids import Agreement, Numbering, SharedId
    from losscli.reading.source import Source
    from losscli.table.block import Place


def no_rows(source: Source) -> DataError:
    """The refusal of an input without rows."""
    return DataError(
        f"{'the files have' if source.files else f'{source.noun} has'} no rows", file=source.path
    )


def refuse(plan: Plan, outcome: Outcome, sources: Sequence[Source]) -> None:
    """Raise the error of the lowest row, if there is any; or that of the rows as a whole, unless they are a part."""
    tally = outcome.tally
    stop = outcome.stop
    if stop is not None and stop.row is None:
        raise stop  # of a whole file: no row comes before it
    if not plan.of_part:
        _add_differences(plan, tally, sources)
        _add_stray_weights(plan, tally)
    first = tally.faults.first()
    mixed = _mixed(plan, tally, sources)
    row = tally.faults.found[first].row if first is not None else None
    if mixed is not None and (row is None or (mixed.row or 0) < row):
        raise mixed
    if stop is None and not plan.of_part:
        _multi_hot(plan, tally)
    if first is not None:
        slot = plan.slot(first.column)
        # What is wrong with a label of lists is wrong with their column.
        read = [s.name for s in plan.sides[first.column[0]] if s.index == slot.index and not s.made]
        column = read[0] if slot.labels and read else slot.name
        error = tally.faults.error(file=slot.file, column=column, kind=first, rows=tally.read)
        if first.check == DIFFERENT_ROWS:
            error.hint = pairing_hint(sources, [slot.name])
        raise error
    if stop is not None:
        raise stop
    if not plan.of_part:
        _refuse_whole(plan, tally, sources)


def _refuse_whole(plan: Plan, tally: Tally, sources: Sequence[Source]) -> None:
    """DataError where classes do not fit, or nothing is left to measure."""
    _refuse_two_labels(plan, tally)
    if tally.read == 0 and plan.keys is not None:
        raise DataError("nothing is left to measure", "no key stands in both inputs", file=sources[0].path)
    if tally.read == 0:
        raise no_rows(sources[0])
    if tally.used == 0:
        raise DataError(
            "nothing is left to measure",
            f"{'the only row was' if tally.read == 1 else f'all {tally.read} rows were'} left out: "
            + ", ".join(f"{count} {reason}" for reason, count in tally.dropped.items()),
            file=sources[0].path,
        )
    if tally.zero_weight == tally.used:
        weight = next((slot for _, slot in plan.places() if slot.purpose == "weight"), None)
        raise DataError(
            "the weights sum to zero: nothing is left to measure",
            file=weight.file if weight else None,
            column=weight.name if weight else None,
        )


def explained(error: DataError, plan: Plan) -> DataError:
    """The error, which says what else the cell could be.

    It names an expression where nothing else needs the cell to be a number, and the option that makes two classes of
    text.
    """
    readers = (
        {place: ("--where ", plan.where.expression) for _, place in plan.where.columns} if plan.where else {}
    )
    for unit in plan.units:
        if unit.loss.words_are_columns:
            expression = unit.loss.expression  # type: ignore[attr-defined]
            readers |= {place: ("expr:", expression) for _, view in unit.views for place in view.places}
    slots = {
        place: slot for place, slot in plan.places() if (slot.file, slot.name) == (error.file, error.column)
    }
    labels = any(slot.kind == "truth" and slot.purpose == "label" for slot in slots.values())
    if labels and error.hint is None and error.message.endswith("is not a number"):
        return replace(
            error,
            detail="labels of two classes are 0 and 1, unless the positive class is named",
            hint="`--pos-label CLASS` names it",
        )
    plain = error.hint is None and error.detail == "wanted a number" and not slots.keys() & readers.keys()
    if plain and any(slot.purpose == "label" for slot in slots.values()):
        said = "the losses asked for measure numbers; for classes there are others, such as `zero_one`"
        return replace(error, detail=said, hint=SUGGEST)
    found = [
        readers[place] for place in slots if place in readers and slots[place].kind in ("number", "truth")
    ]
    if not slots.keys() <= readers.keys() or not found:
        return error
    if "number" not in error.message or "needs" in (error.detail or ""):
        return error
    option, expression = found[0]
    said = f"`{option}{expression.text}` reads the column as numbers"
    more = error.detail if error.detail != "wanted a number" else None
    hint = error.hint or f"a column of text is compared with text: `{error.column} == '...'`"
    return replace(error, detail="; ".join(part for part in (said, more) if part), hint=hint)


def _multi_hot(plan: Plan, tally: Tally) -> None:
    """DataError where all lists of a column are 0 and 1: they are no labels, but one indicator for each class."""
    if not tally.seen:
        return
    from losscli.measure.lists import MULTI_HOT, OTHER_LIST
    from losscli.reading.lists import INDICATORS

    for place, slot in plan.places():
        if slot.kind != "labels":
            continue
        row = tally.seen.get((place, MULTI_HOT))
        if row is not None and (place, OTHER_LIST) not in tally.seen:
            raise DataError(
                "every list holds 0 and 1", "wanted lists of labels, not one indicator for each class",
                INDICATORS, slot.file, slot.name, row,
            )  # fmt: skip


SPELLINGS = "as a class, a whole number in another spelling than `1` or `1.0` is text: `1E0`, `01`, `+1`"
DIFFERENT_ROWS = "different rows"


def _add_differences(plan: Plan, tally: Tally, sources: Sequence[Source]) -> None:
    """Add a fault for each pair of columns that say which row is which and differ, where a note is not enough."""
    for at, agreement in tally.agreements.items():
        shared = plan.shared_ids[at]
        first = agreement.first
        if first is None or not shared.strict:
            continue
        if agreement.unread:
            agreement = tally.agreements[at] = _with_numberings(agreement, plan, shared, sources)
        if agreement.counting(tally.read) is not None:
            continue
        slot = plan.slot(shared.other)
        tally.faults.add(ViolationKind(PAIRING, shared.one, DIFFERENT_ROWS), Violation(
            first.row, f"the row is {first.one}, and {first.other} in {slot.file}",
            f"by position, `{slot.name}` must be the same in both files", "differ", None, agreement.count,
        ))  # fmt: skip


def _with_numberings(
    agreement: Agreement, plan: Plan, shared: SharedId, sources: Sequence[Source]
) -> Agreement:
    """An agreement with the numberings of all rows, which are read for it."""
    from losscli.pairing.shared_ids import Numbering

    def numbering(place: Place) -> Numbering:
        slot = plan.slot(place)
        found, row, want = Numbering(), 0, ColumnRequest(slot.index, slot.kind)
        # What is wrong behind the rows that were compared is not said of them.
        with suppress(DataError):
            for piece in column(sources[place[0]], want, jobs=1):
                found = found.merge(Numbering.of(piece, want.kind, row))
                row += len(piece)
        return found

    return agreement._replace(sides=(numbering(shared.one), numbering(shared.other)), unread=False)


def _add_stray_weights(plan: Plan, tally: Tally) -> None:
    """Add a fault where the rows of a group give it several weights."""
    if plan.grouping is None or plan.grouping.weight is None:
        return
    from losscli.measure.observers.group_weights import GroupWeights

    place = plan.grouping.weight.column
    weights = tally.of(GroupWeights(place, plan.grouping.first), plan.grouping.first)
    if weights is None or weights.found is None:
        return
    stray, groups = weights.found
    tally.faults.add(ViolationKind(WEIGHT, place, "one weight"), Violation(
        stray.row, f"the weight is `{stray.value!r}`, and `{stray.of_group!r}` in the first row of the group",
        f"a group of `{plan.grouping.column}` has one weight",
        "are the first of their group with another weight", "`--weight` takes weights of rows", groups,
    ))  # fmt: skip


def pairing_hint(sources: Sequence[Source], names: Sequence[str]) -> str | None:
    """How to pair rows by a key, where there is one."""
    from losscli.pairing.key_hint import key_option

    on = key_option(sources, names)
    return None if on is None else f"to pair rows by {'them' if ',' in on else 'it'}, add `{on}`"


def _mixed(plan: Plan, tally: Tally, sources: Sequence[Source]) -> DataError | None:
    """The first error of a column that holds two things which are allowed, but not together."""
    found = []
    for place, slot in plan.places():
        for marks, what in TOGETHER.items():
            one, other = (tally.seen.get((place, mark)) for mark in marks)
            if one is not None and other is not None:
                first, second = (row_name(sources[place[0]], row) for row in (one, other))
                rows = f"first in {first} and in {second}; one column holds one or the other"
                found.append(DataError(
                    f"{what} stand in one column", rows, SPELLINGS if "text" in marks else None, slot.file,
                    slot.name, max(one, other),
                ))  # fmt: skip
    return min(found, key=lambda error: error.row or 0, default=None)


def _refuse_two_labels(plan: Plan, tally: Tally) -> None:
    """DataError where two labels match one class column: they are two classes."""
    views = [view for unit in plan.units for _, view in unit.views if view.of_classes]
    if not views:
        return
    # Imported here: many losses take no classes.
    from losscli.measure.class_views import ClassesView, OneClassView

    for view in views:
        classes = view.classes if isinstance(view, OneClassView) else view
        if not isinstance(classes, ClassesView):
            continue
        for labels in classes.met(tally.seen).values():
            if len(labels) > 1:
                slot = plan.slot(classes.column)
                one, other, *_ = sorted(labels)
                raise DataError(
                    f"the labels `{one}` and `{other}` both match one {classes.holder}",
                    "classes are matched to columns by name, without regard to case where no name is the same",
                    "`--classes a,b,c` names the classes of the columns in their order", slot.file, slot.name,
                )  # fmt: skip
