"""Two or more models on the same rows: the function behind `losscli compare`.

The difference is reported in the bad direction, `worse_by`: HEAD − BASE where lower is better, and positive where
HEAD is worse.  Its interval and its p-value come from the rows of both models, or from the values of their groups
(`by_rows`), or from resamples (`by_bootstrap`); the verdict is read off the interval (`verdicts`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from losscli.errors import UsageError
from losscli.measure.call import Call
from losscli.measure.loss_request import requests_of
from losscli.measure.needs import Knowledge
from losscli.measure.observers.differences import RowTimes
from losscli.numbers.exact import round_fraction
from losscli.report.by_rows import Evidence, by_rows
from losscli.report.comparison import Compared, ComparedInput, Comparison, Side
from losscli.report.evaluate import bundle_of
from losscli.report.models import CompareOptions, comparing, pairs_of
from losscli.report.options import arguments_of
from losscli.report.provenance import finish_options, inputs_of, list_texts, notes_of, rows_of
from losscli.report.records import noted
from losscli.report.results import keep_all_groups, of_measure
from losscli.report.verdicts import Draft, Rule, check_rule, corrected
from losscli.report.worse_by import exact_change

if TYPE_CHECKING:
    from losscli.measure.call import Measured, Start
    from losscli.measure.plan import Plan
    from losscli.measure.tally import Tally
    from losscli.reading.source import Source
    from losscli.table.block import Ints


@arguments_of(CompareOptions)
def compare(options: CompareOptions) -> Comparison:
    """Compare two files of predictions, or several models of one file, whose first is the base.

    With two or more of ``pred`` the paths are those of predictions and labels.  The comparison has ``passed``
    where no verdict is one of ``fail_on``; those are under ``failed``.  Raises UsageError or DataError.
    """
    return compared(options).in_python()


def compared(options: CompareOptions, start: Start | None = None) -> Comparison:
    """The comparison that the options ask for; ``start`` is called with the opened inputs."""
    bundle = bundle_of(options)
    losses = options.losses if bundle is None else bundle.specs(options.losses)
    requests = requests_of(losses, grouped=options.group is not None)
    _refuse(options)
    call, known = Call.opened(options), Knowledge()
    plan, state = comparing(call.plan(requests, known)), None
    if options.state_out is not None:
        # Imported here: few calls save what they keep.
        from losscli.report.save_state import StateFile

        state = StateFile.of(options, losses, plan, call.sources, known.answers)
        if state.shard is not None:
            plan = call.part(plan, state.shard.index, state.shard.count)
    measured = call.measured(plan, start)
    if state is not None:
        state.write(measured, call.sources)
    inputs = inputs_of(ComparedInput, plan, call.sources, options.roles)
    if plan.of_part:
        # What depends on all rows is settled when states are merged.
        rows = rows_of(measured.outcome)
        return Comparison([], options.margin, options.interval.level, [], rows, inputs, warnings=[])
    return comparison_of(options, measured, call.sources, inputs)


def comparison_of(
    options: CompareOptions, measured: Measured, sources: Sequence[Source], inputs: Sequence[ComparedInput]
) -> Comparison:
    """The verdicts of what was measured, with notes and warnings about rows and columns."""
    plan, outcome = measured
    tally, bundle = outcome.tally, bundle_of(options)
    finish = finish_options(options, plan, sources)._replace(whole=tally)
    rule = Rule(options.margin, options.interval, _ranks(plan, tally))
    notes = notes_of(plan, tally, sources)
    found = _found([Evidence(pair, plan, tally, finish, rule) for pair in pairs_of(plan)], plan, tally)
    found = [one if one.slice else noted(one, notes) for one in found]
    said = list_texts(plan, tally, sources, (place for place, _ in plan.places()))
    return Comparison(
        found,
        options.margin,
        rule.level,
        [one for one in found if one.verdict in options.fail_on],
        rows_of(outcome),
        list(inputs),
        warnings=[
            *(bundle.said(options.losses) if bundle is not None else []),
            *outcome.warnings,
            *notes,
            *([] if said is None else [said]),
        ],
    )


def _refuse(options: CompareOptions) -> None:
    """UsageError for options that do not go together, before anything is opened."""
    check_rule(options.margin, options.fail_on)
    if options.shard is not None:
        from losscli.report.save_state import refuse_shard

        refuse_shard(options)
    if options.nan == "propagate":
        raise UsageError("models are compared on rows that have values", hint="`--nan error` or `--nan drop`")
    if options.average == "none":
        raise UsageError("`compare` takes no `--average none`", hint="compare slices with `--by`")
    interval = options.interval
    if options.compared_over is None:
        if interval.horizon is not None:
            hint = "add `--time COLUMN`" if options.time is None else "leave `--group` out"
            raise UsageError("`horizon` is of a comparison over time", hint=hint)
        return
    if interval.method == "bootstrap":
        raise UsageError(
            "`--ci bootstrap` knows no order of rows, and `--time` names one",
            hint="`--ci bootstrap:cluster=COLUMN` keeps the rows of a day, a week, a series together",
        )
    if options.weight is not None or options.class_weight:
        raise UsageError("`--time` compares rows that all weigh the same", hint="leave the weights out")


def _ranks(plan: Plan, tally: Tally) -> Ints | None:
    """The place in time of each row, by its number; None where rows are not compared over time."""
    if plan.times is None:
        return None
    slot, timed = plan.slot(plan.times), tally.of(RowTimes(plan.times))
    return None if timed is None else timed.ranks(slot.file, slot.name)


def _found(whole: Sequence[Evidence], plan: Plan, tally: Tally) -> list[Compared]:
    """The whole, then every slice; the slices of one loss and model are one family under Holm's correction."""
    keep_all_groups(plan, tally)
    found = [_drafted(evidence, {}, "").settled(evidence.rule) for evidence in whole]
    for place, slicing in enumerate(plan.shown_slicings):
        # Imported here: few comparisons are by slice.
        from losscli.report.sliced import ShownSlices

        min_slice = whole[0].options.min_slice
        slices = list(ShownSlices.of(slicing, tally, place, min_slice).each())
        for evidence in whole:
            family = []
            for values, part, _ in slices:
                named = dict(zip(slicing.slicing.names, values, strict=True))
                family.append(_drafted(replace(evidence, tally=part), named, f"|by:{slicing.slicing}"))
            found += [draft.settled(evidence.rule) for draft in corrected(family)]
    return found


def _drafted(evidence: Evidence, named: dict[str, str | None], by: str) -> Draft:
    """One comparison over the rows of the whole or of a slice, before its verdict."""
    (base, own), (head, other) = (
        of_measure(measure, evidence.plan, evidence.tally, evidence.options)
        for measure in (evidence.pair.base, evidence.pair.head)
    )
    if own is not None and other is not None:
        evidence = replace(evidence, groups=(own, other))
    state = evidence.tally.state(evidence.pair.base.parts[0].unit)
    one = Compared(
        base.loss, base.params, base.better, Side(base.pred, base.value), Side(head.pred, head.value), named,
        base.rows, 0.0 if state is None else state.weight.rounded(), signature=base.signature + by,
    )  # fmt: skip
    sides = (("base", base), ("head", head))
    if base.value is None or head.value is None:
        return Draft(noted(one, [f"{name}: {side.note}" for name, side in sides if side.value is None]))
    draft = _measured(evidence, one, base.value, head.value)
    said = [f"{name}: {side.note}" for name, side in sides if side.note]
    if base.note == head.note:
        said = [base.note] if base.note else []
    return replace(
        draft,
        compared=replace(draft.compared, note="; ".join(filter(None, [*said, draft.compared.note])) or None),
    )


def _measured(evidence: Evidence, one: Compared, base: float, head: float) -> Draft:
    """The comparison with the difference of two values, and how sure it is."""
    values = evidence.means if evidence.of_means else [Fraction(base), Fraction(head)]
    worse_by = exact_change(one.better, *values)
    if not math.isfinite(round_fraction(worse_by)):
        return Draft(replace(one, note="the difference exceeds the largest double"))
    one = replace(one, worse_by=round_fraction(worse_by))
    if (counts := evidence.group_counts(one.better)) is not None:
        one = replace(one, wins=counts.wins, losses=counts.losses, ties=counts.ties)
    difference = evidence.difference
    if difference is not None and not difference.unlike and difference.counted:
        ties = evidence.states[0].rows - difference.wins - difference.losses
        one = replace(one, wins=difference.wins, losses=difference.losses, ties=ties)
    if evidence.rule.interval.method != "bootstrap":
        return by_rows(evidence, one, worse_by)
    # Imported here: few comparisons resample.
    from losscli.report.by_bootstrap import by_bootstrap

    return by_bootstrap(evidence, one)
