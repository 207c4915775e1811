"""Measure losses of predictions against labels: the function behind `losscli eval`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from losscli.errors import UsageError
from losscli.measure.call import Call, Measured
from losscli.measure.loss_request import requests_of
from losscli.measure.needs import Knowledge
from losscli.report.options import EvalOptions, arguments_of
from losscli.report.provenance import finish_options, inputs_of, list_text_notes, notes_of, rows_of
from losscli.report.records import Input, Report, noted
from losscli.report.results import results
from losscli.text import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from losscli.advise.compat import Bundle
    from losscli.measure.call import Start
    from losscli.measure.options import MeasureOptions
    from losscli.measure.tally import Tally
    from losscli.reading.source import Source


@arguments_of(EvalOptions)
def evaluate(options: EvalOptions) -> Report:
    """Measure losses of one pair of inputs, or of one input that holds both columns.

    With limits the report is judged: its ``gate`` says which of them are kept.  Raises UsageError or DataError.
    """
    return evaluated(options)


def evaluated(options: EvalOptions, start: Start | None = None) -> Report:
    """What the options ask for, measured and judged; ``start`` is called with the opened inputs."""
    if options.shard is not None:
        from losscli.report.save_state import refuse_shard

        refuse_shard(options)
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
    plan = call.plan(requests, known)
    state = None
    if options.state_out is not None:
        # Imported here: few calls save what they keep.
        from losscli.report.save_state import StateFile

        state = StateFile.of(options, losses, plan, call.sources, known.answers)
        if state.shard is not None:
            plan = call.part(plan, state.shard.index, state.shard.count)
    sink = None
    if options.rows_out is not None:
        # Imported here: few calls write rows.
        from losscli.measure.observers.file_rows import FileRows
        from losscli.report.rowfile import RowFile

        sink = RowFile(
            options.rows_out,
            next(observer for observer in plan.observers if isinstance(observer, FileRows)),
            ordered=plan.keys is None,
            for_spreadsheets=options.for_spreadsheets,
        )
    measured = call.measured(plan, start, sink)
    if state is not None:
        state.write(measured, call.sources)
    inputs = inputs_of(Input, plan, call.sources, ("preds", "labels"))
    if plan.rows is not None:
        # What depends on all rows is settled when states are merged.
        return Report([], rows_of(measured.outcome), inputs)
    report = report_of(options, measured, call.sources, inputs)
    if bundle is not None:
        report = replace(report, warnings=[*bundle.said(options.losses), *report.warnings])
    return report if gate is None else gate.judge(report)


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
    found, warnings = [], []
    for result in results(plan, tally, finish_options(options, plan, sources)):
        if touched := result.touched.get("sum_not_one"):
            rows = plural(touched, "row has", "rows have")
            warnings.append(f"`{result.loss}`: {rows} probabilities that do not quite sum to 1")
        of_list = of_lists.get((result.loss, result.pred))
        # A slice does not repeat what the whole says of the columns.
        found.append(noted(result, [of_list, *([] if result.slice else notes)]))
    return Report(
        found,
        rows_of(measured.outcome),
        list(inputs),
        warnings=list(dict.fromkeys([*warnings, *notes])),
        binned=_binned(tally) if options.watches else {},
    )


def _binned(tally: Tally) -> dict[tuple[str, str], Any]:
    """The counts in bins from which pictures are drawn."""
    # Imported here: few calls look at rows.
    from losscli.measure.observers.pictures import BinnedCounts

    states = [state for state in tally.kept.values() if isinstance(state, BinnedCounts)]
    return {what: counts for state in states for what, counts in state.binned.items()}
