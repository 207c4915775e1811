"""What a report says of the rows, the inputs and the columns that it was measured from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from losscli.loss.domains import number
from losscli.measure.refusals import pairing_hint
from losscli.pairing import Paired
from losscli.reading.inputs import row_name
from losscli.reading.suffixes import has_dialect
from losscli.report.outcomes import FinishOptions
from losscli.report.records import Input, RowCounts
from losscli.table.cells import LIST_HINT
from losscli.text import plural

if TYPE_CHECKING:
    from losscli.measure.engines.pool import Outcome
    from losscli.measure.options import MeasureOptions
    from losscli.measure.plan import Plan
    from losscli.measure.tally import Tally
    from losscli.reading.source import Source
    from losscli.table.block import Place

AnyInput = TypeVar("AnyInput", bound=Input)


def list_texts(plan: Plan, tally: Tally, sources: Sequence[Source], places: Iterable[Place]) -> str | None:
    """A warning about columns of classes in which texts are written like lists."""
    if not tally.seen:
        return None
    from losscli.measure.lists import LIST_TEXT

    found = [(place, row) for place in places if (row := tally.seen.get((place, LIST_TEXT))) is not None]
    if not found:
        return None
    where = ", ".join(
        f"`{plan.slot(place).name}` in {row_name(sources[place[0]], row)}" for place, row in found
    )
    text = any(has_dialect(sources[place[0]].format) for place, _ in found)
    return f"texts that are written as lists are one class each ({where}): {LIST_HINT if text else 'store them as lists'}"


def list_text_notes(plan: Plan, tally: Tally, sources: Sequence[Source]) -> dict[tuple[str, str], str]:
    """The same warning for each loss and prediction whose columns it concerns."""
    notes = {}
    for measure in plan.measures:
        views = [view for part in measure.parts for _, view in plan.units[part.unit].views]
        places = dict.fromkeys(place for view in views for place in view.places)
        if (said := list_texts(plan, tally, sources, places)) is not None:
            notes[measure.loss.canonical(measure.values), measure.pred] = said
    return notes


def notes_of(plan: Plan, tally: Tally, sources: Sequence[Source]) -> list[str]:
    """Notes about the columns: how they were understood, and where they differ."""
    notes = list(plan.notes)
    for at, agreement in tally.agreements.items():
        first, shared = agreement.first, plan.shared_ids[at]
        if first is None:
            continue
        files = [plan.slot(place).file for place in (shared.one, shared.other)]
        counting = agreement.counting(tally.read) if shared.strict else None
        if counting is not None:
            notes.append(
                f"`{shared.name}` counts the rows of {files[counting]}, and holds other values in "
                f"{files[1 - counting]}: it is taken for an index kept from a split, and not compared"
            )
            continue
        hint = pairing_hint(sources, [shared.name])
        notes.append(
            f"`{shared.name}` differs in {agreement.count} of {plural(tally.read, 'row')}, first in "
            f"{row_name(sources[0], first.row)}: {first.one}, and {first.other} in {files[1]}; rows are paired by "
            f"position ({hint or '`--on position` says that this is meant'})"
        )
    return notes


def rows_of(outcome: Outcome) -> RowCounts:
    """How many rows were read, paired, left out and used."""
    tally = outcome.tally
    paired = outcome.paired or Paired((tally.read, tally.read), (0, 0), tally.read)
    return RowCounts(
        *paired.read,
        *paired.only,
        paired.pairs,
        dict(tally.dropped),
        tally.used,
        tally.zero_weight,
        paired.only_head,
    )


def inputs_of(
    kind: type[AnyInput], plan: Plan, sources: Sequence[Source], roles: Sequence[str]
) -> list[AnyInput]:
    """The inputs by their roles, with the columns that were read, as records of a kind."""
    inputs = []
    for role, source, slots in zip(roles, sources, plan.sides, strict=False):
        names = dict.fromkeys(slot.name for slot in slots if slot.purpose != "key" and not slot.made)
        inputs.append(kind(role, source.path, source.format, list(names)))
    return inputs


def finish_options(options: MeasureOptions, plan: Plan, sources: Sequence[Source]) -> FinishOptions:
    """How the states of a call are finished."""
    return FinishOptions(
        options.average, options.positive, context_of(plan, options), options.min_slice, options.class_order,
        lambda row: row_name(sources[0], row),
        options.interval if options.spreads or options.group is not None else None,
    )  # fmt: skip


def context_of(plan: Plan, options: MeasureOptions) -> str:
    """What of the signature does not belong to the loss: all that changes what a number means."""
    said = [f"w:{options.weight or 'none'}", f"pair:{plan.keys or 'position'}", f"nan:{options.nan}"]
    if options.where is not None:
        said.append(f"where:{options.where}")
    if options.group is not None:
        said.append(f"group:{options.group}")
    if options.group_weight is not None:
        said.append(f"group_weight:{options.group_weight}")
    if options.from_logits:
        said.append("logits:yes")
    listed = dict.fromkeys(str(slot.labels[0]) for _, slot in plan.places() if slot.labels)
    if classes := options.classes or tuple(listed):
        said.append(f"classes:{','.join(classes)}")
    if options.pos_label is not None:
        said.append(f"pos_label:{options.pos_label}")
    if options.class_weight:
        weights = ",".join(
            f"{name}={number(weight)}" for name, weight in sorted(options.class_weight.items())
        )
        said.append(f"class_weight:{weights}")
    return "|".join(said)
