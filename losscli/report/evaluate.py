"""Measure losses of predictions against labels: the function behind `losscli eval`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from losscli.errors import UsageError
from losscli.measure.call import Call, Measured
from losscli.measure.loss_request import requests_of
from losscli.measure.needs import Knowledge
from losscli.reading.inputs import kept
from losscli.report.options import EvalOptions, arguments_of
from losscli.report.outcomes import GROUP_VALUES
from losscli.report.provenance import finish_options, inputs_of, list_text_notes, notes_of, rows_of
from losscli.report.records import Input, Report, Result, noted
from losscli.report.results import results
from losscli.text import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from losscli.advise.compat import Bundle
    from losscli.measure.call import Start
    from losscli.measure.options import MeasureOptions
    from losscli.measure.plan import Plan
    from losscli.measure.tally import Tally
    from losscli.reading.source import Source
    from losscli.report.rowfile import RowFile


@arguments_of(EvalOptions)
def evaluate(options: EvalOptions) -> Report:
    """Measure losses of one pair of inputs, or of one input that holds both columns.

    Without a loss it measures those that `suggest` names first, and a warning of the report says so.  With limits the
    report is judged: its ``gate`` says which of them are kept.  Raises UsageError or DataError.
    """
    options, said = with_losses(options)
    report = evaluated(options)
    return (report if said is None else replace(report, warnings=[said, *report.warnings])).in_python()


def with_losses(options: EvalOptions) -> tuple[EvalOptions, str | None]:
    """The options with a loss: where none is asked for, those that `suggest` names first, and a message that says so."""
    if options.loss or options.max or options.min or options.max_regression or options.gates:
        return options, None
    # Imported here: few calls name no loss.
    from losscli.advise.suggest import first_losses, suggest

    held = {name: kept(data, name) for name, data in options.inputs.items()}
    options = replace(options, **held)  # type: ignore[arg-type]
    found = suggest(options, as_eval=True)
    given = ["--from-logits"] * options.from_logits
    given += [f"--pos-label={options.pos_label}", f"--group={options.group}"]
    asked = first_losses(found, given)
    said = (
        f"no `--loss`: measuring {', '.join(asked)}, which `losscli suggest` names first: {found.first.why}"
    )
    return replace(options, loss=asked), said


def _refuse_part(options: EvalOptions) -> None:
    """UsageError where a part of the rows, or their rest, is asked for with options that need all of them."""
    # Imported here: few calls measure a part.
    if options.resume:
        from losscli.report.resume import refuse_resume

        refuse_resume(options)
    if options.shard is not None:
        from losscli.report.save_state import refuse_shard

        refuse_shard(options)


def evaluated(
    options: EvalOptions,
    start: Start | None = None,
    going_on: Callable[[int], None] | None = None,
    lap: Callable[[str], None] = lambda stop: None,
) -> Report:
    """What the options ask for, measured and judged.

    ``start`` is called with the opened inputs, ``going_on`` with the number of rows that a state has already, ``lap``
    with the name of each stop when it is done.
    """
    _refuse_part(options)
    bundle = bundle_of(options)
    gate, losses = None, list(options.losses if bundle is None else bundle.specs(options.losses))
    if options.judged:
        # Imported here: few reports are judged.
        from losscli.report.gates import Gate

        gate = Gate.of(options) if bundle is None else Gate.of(options).under(bundle)
        losses += gate.losses
        if gate.needs_intervals and options.ci in (None, "none"):
            options = replace(options, ci="normal")
    requests = requests_of(losses, grouped=options.group is not None)
    if options.interval is not None and options.interval.horizon is not None:
        raise UsageError("`horizon` is of a comparison over time", hint="`losscli compare … --time COLUMN`")
    call, known = Call.opened(options), Knowledge()
    lap("open")
    plan = call.plan(requests, known)
    lap("prepass")
    state = None
    if options.state_out is not None:
        # Imported here: few calls save what they keep.
        from losscli.report.save_state import StateFile

        state = StateFile.of(options, losses, plan, call.sources, known.answers)
        if state.shard is not None:
            plan = call.part(plan, state.shard.index, state.shard.count)
    journal = None
    if state is not None and options.resume:
        from losscli.report.resume import StateJournal

        journal = StateJournal(state, plan, call.sources, options)
        plan = journal.plan
        if going_on is not None and journal.before.tally.read:
            going_on(journal.before.tally.read)
    sink = _row_file(options, plan)
    measured = call.measured(plan, start, sink, journal)
    lap("read and fold")
    if state is not None:
        state.write(measured, call.sources)
    inputs = inputs_of(Input, plan, call.sources, ("preds", "labels"))
    if plan.of_part:
        # What depends on all rows is settled when states are merged.
        return Report([], rows_of(measured.outcome), inputs)
    report = report_of(options, measured, call.sources, inputs)
    if bundle is not None:
        report = replace(report, warnings=[*bundle.said(options.losses), *report.warnings])
    report = report if gate is None else gate.judge(report)
    lap("finish")
    return report


def _row_file(options: EvalOptions, plan: Plan) -> RowFile | None:
    """Where single rows are written."""
    if options.rows_out is None:
        return None
    # Imported here: few calls write rows.
    from losscli.measure.observers.file_rows import FileRows
    from losscli.report.rowfile import RowFile

    return RowFile(
        options.rows_out,
        next(observer for observer in plan.observers if isinstance(observer, FileRows)),
        ordered=plan.keys is None,
        for_spreadsheets=options.for_spreadsheets,
    )


def bundle_of(options: MeasureOptions) -> Bundle | None:
    """The conventions of the library that a call names."""
    if options.compat is None:
        return None
    # Imported here: few calls name one.
    from losscli.advise.compat import Bundle

    return Bundle.of(options.compat, options)


def report_of(
    options: MeasureOptions, measured: Measured, sources: Sequence[Source], inputs: Sequence[Input]
) -> Report:
    """The results of what was measured, with notes and warnings about rows and columns."""
    plan, tally = measured.plan, measured.outcome.tally
    of_lists = list_text_notes(plan, tally, sources)
    notes = notes_of(plan, tally, sources)
    found = results(plan, tally, finish_options(options, plan, sources))
    warnings = list(measured.outcome.warnings)
    for result in found.kinds():
        if touched := result.touched.get("sum_not_one"):
            rows = plural(touched, "row has", "rows have")
            warnings.append(f"`{result.loss}`: {rows} probabilities that do not quite sum to 1")

    def told(result: Result) -> Result:
        of_list = of_lists.get((result.loss, result.pred))
        # A slice does not repeat what the whole says of the columns.
        return noted(result, [of_list, *([] if result.slice else notes)])

    return Report(
        found.changed(told),
        rows_of(measured.outcome),
        list(inputs),
        warnings=list(dict.fromkeys([*warnings, *notes])),
        binned=_binned(tally) if options.watches else {},
    )


def _binned(tally: Tally) -> dict[tuple[str, str], Any]:
    """The counts in bins from which pictures are drawn: of rows, and of the values of groups."""
    # Imported here: few calls look at rows.
    from losscli.measure.observers.binned import Histogram
    from losscli.measure.observers.pictures import BinnedCounts

    found: dict[tuple[str, str], Any] = {}
    for (what, _), state in tally.kept.items():
        if isinstance(state, BinnedCounts):
            found |= state.binned
        elif isinstance(what, tuple) and what[0] == GROUP_VALUES:
            counts = Histogram.of(state.values)
            found |= {} if counts is None else {("groups", what[1]): counts}
    return found
