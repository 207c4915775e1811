"""Merge saved states and finish them: the function behind `losscli merge`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import KW_ONLY, replace
from typing import TYPE_CHECKING, TypeAlias

from losscli._version import __version__
from losscli.errors import DataError, UsageError
from losscli.measure.arguments import record
from losscli.measure.call import Measured
from losscli.measure.engines.pool import Outcome
from losscli.measure.refusals import refuse
from losscli.numbers.arithmetic import arithmetic
from losscli.pairing import Paired
from losscli.reading.inputs import placed
from losscli.report.alike import Results
from losscli.report.compare import comparison_of
from losscli.report.comparison import Compared, ComparedInput, Comparison
from losscli.report.evaluate import report_of
from losscli.report.gates import Gate
from losscli.report.models import CompareOptions
from losscli.report.options import GateOptions, RowsCommand, VerdictOptions, arguments_of
from losscli.report.records import Input, Report, noted
from losscli.report.saved_plan import HeldPlan, HeldSource, differing
from losscli.report.saved_state import SavedState, numbers_of
from losscli.report.saved_tally import merged
from losscli.report.state_document import InputRecord
from losscli.report.verdicts import check_rule
from losscli.text import plural

if TYPE_CHECKING:
    from losscli.measure.arguments import Files


@record()
class MergeOptions(GateOptions, VerdictOptions):
    """The options of `merge`.

    states: paths of saved states, or one.
    partial: whether parts of a whole may be absent.
    """

    states: Files
    _: KW_ONLY
    partial: bool = False


@arguments_of(MergeOptions)
def merge(options: MergeOptions) -> Report | Comparison:
    """Merge saved states of equal plans, exactly, and finish: the results are those of one call over all rows.

    States of `compare` become a comparison.  Raises DataError where a file is no state, where the states are of
    different plans, or where rows are there twice.
    """
    return merged_report(options).in_python()


def merged_report(options: MergeOptions) -> Report | Comparison:
    """The report of all states, judged."""
    check_rule(options.margin, options.fail_on)
    gate = Gate.of(options) if options.judged else None
    if not options.states:
        raise UsageError("there is no state to merge", hint="name the files that `--state-out` wrote")
    states = [SavedState.read(path) for path in options.states]
    _refuse_unfinished(states)
    _refuse_other_plans(states)
    _refuse_other_rules(options, states[0].document.call.command)
    wholes = _wholes(states)
    absent = [said for whole in wholes if (said := _absent(whole)) is not None]
    if absent and not options.partial:
        raise DataError(absent[0], hint="`--partial` merges what there is", file=options.states[0])
    notes = [f"not of all rows: {said}" for said in absent]
    warnings = [*_differences(states), *notes]
    made_with = " and ".join(dict.fromkeys(state.document.arithmetic for state in states))
    held, measured, inputs = _merged(wholes)
    if isinstance(held.options, CompareOptions):
        rule = replace(held.options, margin=options.margin, fail_on=options.fail_on)
        with _finishing(held):
            found = comparison_of(rule, measured, held.sources, [ComparedInput(*one) for one in inputs])
        return replace(
            found,
            comparisons=_noted(found.comparisons, notes),
            failed=_noted(found.failed, notes),
            warnings=[*warnings, *found.warnings],
            arithmetic=made_with,
        )
    with _finishing(held):
        report = report_of(held.options, measured, held.sources, [Input(*one) for one in inputs])
    report = replace(
        report,
        results=Results.of(report.results).changed(
            lambda result: result if result.slice else noted(result, notes)
        ),
        warnings=[*warnings, *report.warnings],
        arithmetic=made_with,
    )
    return report if gate is None else gate.judge(report)


def _refuse_other_rules(options: MergeOptions, command: RowsCommand) -> None:
    """UsageError for what judges the results of another command than that of the states."""
    if command == "eval" and options.rules:
        raise UsageError(
            "the states are of `losscli eval`, and `--margin` and `--fail-on` are of comparisons"
        )
    if command == "compare" and options.judged:
        raise UsageError(
            "the states are of `losscli compare`, which has verdicts and no limits",
            hint="`--margin` and `--fail-on` say what fails",
        )


def _noted(results: Sequence[Compared], notes: Sequence[str]) -> list[Compared]:
    """The results with notes about all rows, which a slice does not repeat."""
    return [noted(result, [] if result.slice else notes) for result in results]


Whole: TypeAlias = "list[SavedState]"
"""The states of the same inputs: one of all their rows, or parts."""


def _refuse_unfinished(states: Sequence[SavedState]) -> None:
    """DataError where a state is of a run that has not reached its last row."""
    for state in states:
        reached = state.document.reached
        if reached is not None:
            where = f"row {reached.row}" if reached.part is None else f"part {reached.part}"
            raise DataError(
                f"the run that writes it has reached {where}, and not the last one",
                hint="the same call again, with `--resume`, goes on from there",
                file=state.path,
            )


def _refuse_other_plans(states: Sequence[SavedState]) -> None:
    """DataError where a state is of another plan than the first one; it says in what they differ."""
    first = states[0]
    for state in states[1:]:
        if state.document.plan == first.document.plan:
            continue
        apart = differing(state.held(), first.held())
        edged = (
            apart.what == "slices"
            and [str(edge) for edge in first.document.call.by] == state.document.call.by
        )
        raise DataError(
            f"its {apart.what} are not those of {first.path}",
            f"it has {apart.one}; {first.path} has {apart.other}",
            "give the edges themselves, the same in every call: `--by COLUMN:edges=0/18/65`"
            if edged
            else "only states of the same losses, columns and options are merged",
            state.path,
        )


def _wholes(states: Sequence[SavedState]) -> list[Whole]:
    """The states by their inputs, in the order given; DataError where a row is in two of them."""
    wholes: dict[object, Whole] = {}
    for state in states:
        files = [file for side in state.document.inputs for file in side.files]
        # What is no file cannot be known again.
        key = tuple((file.bytes, file.ends) for file in files)
        wholes.setdefault(key if None not in {file.ends for file in files} else state.path, []).append(state)
    for whole in wholes.values():
        for at, state in enumerate(whole):
            for other in whole[:at]:
                _refuse_both(other, state)
    return list(wholes.values())


def _refuse_both(one: SavedState, other: SavedState) -> None:
    """DataError where two states of the same inputs are not two parts of one cut."""
    parts = one.document.shard, other.document.shard
    inputs = " and ".join(record.path for record in one.document.inputs)
    if None in parts or parts[0] == parts[1]:
        part = "" if other.document.shard is None else f"part {other.document.shard} of "
        raise DataError(f"holds rows that {one.path} holds too: {part}{inputs}", file=other.path)
    first, second = parts
    assert first is not None
    assert second is not None
    if (first.count, first.by) != (second.count, second.by):
        raise DataError(
            f"is part {second} by {second.by} of {inputs}, and {one.path} is part {first} by {first.by}",
            file=other.path,
        )


def _absent(whole: Whole) -> str | None:
    """Which parts of some inputs are not there; None where all are."""
    shards = [state.document.shard for state in whole if state.document.shard is not None]
    if not shards or len(shards) == shards[0].count:
        return None
    absent = sorted(set(range(1, shards[0].count + 1)) - {shard.index for shard in shards})
    inputs = " and ".join(record.path for record in whole[0].document.inputs)
    first = ", ".join(map(str, absent[:5])) + (f" and {len(absent) - 5} more" if len(absent) > 5 else "")
    verb = "is" if len(absent) == 1 else "are"
    return f"of the {shards[0].count} parts of {inputs}, {first} {verb} absent"


def _merged(wholes: Sequence[Whole]) -> tuple[HeldPlan, Measured, Iterable[tuple[str, str, str, list[str]]]]:
    """What was measured of all rows, as by one call over the inputs of the states, one behind the other.

    With its plan, and each input: its role, path, format and columns.
    """
    first = wholes[0][0]
    sides = range(len(first.document.inputs))
    before = [[0 for _ in sides]]
    for whole in wholes:
        before.append([start + _rows(whole, side) for side, start in enumerate(before[-1])])
    held = first.held([_behind_each_other(wholes, side, [one[side] for one in before]) for side in sides])
    groups = held.plan.groups
    if groups is not None and not groups.columns and len(wholes) > 1:
        raise DataError(
            "the bootstrap knows these rows by their number, which those of other inputs have too",
            hint="pair rows by a key (`--on KEY`), or name a column: `--ci bootstrap:cluster=COLUMN`",
            file=wholes[1][0].path,
        )
    states = [(state, at) for whole, at in zip(wholes, before, strict=False) for state in whole]
    tallies = [state.tally(held.plan, at) for state, at in states]
    one = first.path if len(states) == 1 else None
    with numbers_of(one):
        tally = merged(tallies)
    outcome = Outcome(tally, None, _paired([state for whole in wholes for state in whole]))
    with _finishing(held):
        refuse(held.plan, outcome, held.sources)
    inputs = {
        (record.role, record.path): (record.role, record.path, record.format, record.used)
        for side in sides
        for whole in wholes
        for record in (whole[0].document.inputs[side],)
    }
    return held, Measured(held.plan, outcome), inputs.values()


@contextmanager
def _finishing(held: HeldPlan) -> Iterator[None]:
    """Finish what was merged; a DataError names a row by its input."""
    try:
        yield
    except DataError as error:
        raise placed(error, held.sources) from None


def _rows(whole: Whole, side: int) -> int:
    """How many rows the inputs of some states have on a side, as far as it is known."""
    return whole[0].document.inputs[side].rows or sum(state.read_rows[side] for state in whole)


def _behind_each_other(wholes: Sequence[Whole], side: int, before: Sequence[int]) -> HeldSource:
    """One side of all inputs, as one source."""
    records = [whole[0].document.inputs[side] for whole in wholes]
    paths = list(dict.fromkeys(record.path for record in records))
    if len(records) == 1 and len(records[0].files) == 1:
        return HeldSource(records[0], paths[0])
    starts = [one for record, start in zip(records, before, strict=False) for one in _starts(record, start)]
    more = f" and {plural(len(paths) - 1, 'more input')}" if len(paths) > 1 else ""
    return HeldSource(records[0], paths[0] + more, starts)


def _starts(record: InputRecord, start: int) -> list[tuple[int, str]]:
    """The files of an input by the rows that come before each; the input alone where they were not counted."""
    if record.rows is None:
        return [(start, record.path)]
    found = []
    for file in record.files:
        found.append((start, file.path))
        start += file.rows or 0
    return found


def _paired(states: Sequence[SavedState]) -> Paired:
    """How many rows of all states were read and paired."""
    rows = [state.document.rows for state in states]
    return Paired(
        (sum(one.read_preds for one in rows), sum(one.read_labels for one in rows)),
        (sum(one.only_preds for one in rows), sum(one.only_labels for one in rows)),
        sum(one.paired for one in rows),
        sum(one.only_head for one in rows),
    )


def _differences(states: Sequence[SavedState]) -> list[str]:
    """What is to be said of states that were made elsewhere: sums are exact, rows made with exp or log may differ."""
    documents = [state.document for state in states]
    made = {
        "arithmetic": dict.fromkeys([*(one.arithmetic for one in documents), arithmetic()]),
        "losscli": dict.fromkeys([*(one.losscli for one in documents), __version__]),
    }
    return [
        f"`{name}` differs among the states and this call: {', '.join(found)}"
        for name, found in made.items()
        if len(found) > 1
    ]
