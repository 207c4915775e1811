"""Two or more models on the same rows: the function behind `losscli compare`.

The difference is reported in the bad direction, `worse_by`: HEAD − BASE where lower is better, and positive where
HEAD is worse.  Its interval and its p-value come from the rows of both models, or from the values of their groups
(`by_rows`), or from resamples (`by_bootstrap`); the verdict is read off the interval (`verdicts`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from losscli.errors import UsageError
from losscli.measure.call import Call
from losscli.measure.loss_request import requests_of
from losscli.measure.observers.differences import RowTimes, UnitDifference
from losscli.measure.options import MeasureOptions
from losscli.numbers.exact import round_fraction
from losscli.report.by_rows import Evidence, ModelPair, by_rows
from losscli.report.comparison import Compared, ComparedInput, Comparison, Side
from losscli.report.evaluate import bundle_of
from losscli.report.options import arguments_of
from losscli.report.provenance import finish_options, inputs_of, list_texts, notes_of, rows_of
from losscli.report.records import noted
from losscli.report.results import keep_all_groups, of_measure, slices_of
from losscli.report.verdicts import Draft, Rule, check_rule, corrected
from losscli.report.worse_by import exact_change

if TYPE_CHECKING:
    from losscli.measure.call import Start
    from losscli.measure.plan import Measure, Plan
    from losscli.measure.tally import Tally
    from losscli.reading.memory import Data
    from losscli.statistics.intervals import IntervalSpec
    from losscli.table.block import Ints


@dataclass(frozen=True, eq=False, repr=False)
class CompareOptions(MeasureOptions):
    """The options of `compare`.

    base: the predictions of the base, as a path or in memory (see ``preds`` of `evaluate`); with two or more of
        ``pred``, the predictions of all models.
    head: the predictions of the other model; with two or more of ``pred``, the labels.
    labels: the labels; None: ``base`` holds them.
    group: column of the query, series or image of each row: means over these groups are compared, group by group.
    group_weight: column of the weights of the groups, one value a group.
    margin: differences up to this do not matter, in the unit of the loss.
    fail_on: verdicts that fail: ``"better"``, ``"same"``, ``"worse"``, ``"inconclusive"``.
    """

    base: Data
    head: Data | None = None
    labels: Data | None = None
    _: KW_ONLY
    group: str | None = None
    group_weight: str | None = None
    margin: float = 0.0
    fail_on: Sequence[str] = ("worse",)

    @property
    def compared_over(self) -> str | None:
        """The column of the times over which models are compared; over groups, time only orders their rows."""
        return self.time if self.group is None else None

    @property
    def inputs(self) -> Mapping[str, Data]:
        """The inputs by the names of their arguments.  UsageError where they are not those of two models."""
        given: dict[str, Data] = {"base": self.base}
        if len(set(self.models)) > 1:
            if self.labels is not None:
                raise UsageError(
                    "with several `--pred` the inputs are PREDS and LABELS, and there are three",
                    hint="to compare two files, name one column that both have",
                )
            return given if self.head is None else given | {"head": self.head}
        if self.head is None:
            raise UsageError(
                "there is one model, and nothing to compare it with",
                hint="give BASE and HEAD, or one file and two of its columns: `--pred A --pred B`",
            )
        given["head"] = self.head
        return given if self.labels is None else given | {"labels": self.labels}

    @property
    def model_sides(self) -> tuple[int, ...]:
        """The side of each model, where each has a file of its own."""
        return () if len(set(self.models)) > 1 else (0, 1)

    @property
    def label_side(self) -> int:
        """The side that holds the label."""
        return 0 if self.model_sides and self.labels is None else len(self.inputs) - 1

    @property
    def interval(self) -> IntervalSpec:
        """The interval of the differences, which a comparison cannot do without."""
        from losscli.statistics.intervals import IntervalSpec

        return IntervalSpec.parse(self.ci or "normal") or IntervalSpec("normal")

    @property
    def spreads(self) -> bool:
        """Second moments are kept for each pair of losses instead."""
        return False


@arguments_of(CompareOptions)
def compare(options: CompareOptions) -> Comparison:
    """Compare two files of predictions, or several models of one file, whose first is the base.

    With two or more of ``pred`` the paths are those of predictions and labels.  The comparison has ``passed``
    where no verdict is one of ``fail_on``; those are under ``failed``.  Raises UsageError or DataError.
    """
    return compared(options)


def compared(options: CompareOptions, start: Start | None = None) -> Comparison:
    """The comparison that the options ask for; ``start`` is called with the opened inputs."""
    bundle = bundle_of(options)
    losses = options.losses if bundle is None else bundle.specs(options.losses)
    requests = requests_of(losses, grouped=options.group is not None)
    _refuse(options)
    call = Call.opened(options)
    plan = call.plan(requests)
    pairs = _pairs(plan)
    differences = dict.fromkeys(pair.units for pair in pairs if pair.units is not None)
    times = [RowTimes(plan.times)] if plan.times is not None and differences else []
    plan = plan.watched_by([*differences, *times])
    plan, outcome = call.measured(plan, start)
    tally, sources = outcome.tally, call.sources
    finish = finish_options(options, plan, sources)._replace(whole=tally)
    rule = Rule(options.margin, options.interval, _ranks(plan, tally))
    notes = notes_of(plan, tally, sources)
    found = _found([Evidence(pair, plan, tally, finish, rule) for pair in pairs], plan, tally)
    found = [one if one.slice else noted(one, notes) for one in found]
    roles = ("base", "head", "labels") if options.model_sides else ("preds", "labels")
    said = list_texts(plan, tally, sources, (place for place, _ in plan.places()))
    return Comparison(
        found,
        options.margin,
        rule.level,
        [one for one in found if one.verdict in options.fail_on],
        rows_of(outcome),
        inputs_of(ComparedInput, plan, sources, roles),
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


def _pairs(plan: Plan) -> list[ModelPair]:
    """Each loss of each model with that of the base.  UsageError where there is one model."""
    measures: dict[str, list[Measure]] = {}
    for measure in plan.measures:
        measures.setdefault(measure.loss.canonical(measure.values, defaults=True), []).append(measure)
    found = []
    for name, (base, *heads) in measures.items():
        if not heads:
            raise UsageError(f"`{name}` would compare the same columns, `{base.pred}`, with themselves")
        found += [ModelPair(base, head, _units(base, head, plan)) for head in heads]
    return found


def _units(base: Measure, head: Measure, plan: Plan) -> UnitDifference | None:
    """The units whose rows are compared; None where the losses are not made of rows one by one, or groups are compared."""
    if plan.grouping is not None:
        return None
    if len(base.parts) > 1 or len(head.parts) > 1 or {base.loss.state, head.loss.state} != {"sums"}:
        return None
    # Of a function of means that is better if lower, a lower row is better, as of its mean.
    better = base.loss.better if base.loss.is_mean or base.loss.better == "lower" else None
    return UnitDifference(base.parts[0].unit, head.parts[0].unit, better, plan.times is not None)


def _found(whole: Sequence[Evidence], plan: Plan, tally: Tally) -> list[Compared]:
    """The whole, then every slice; the slices of one loss and model are one family under Holm's correction."""
    keep_all_groups(plan, tally)
    found = [_drafted(evidence, {}, "").settled(evidence.rule) for evidence in whole]
    for place, slicing in enumerate(plan.shown_slicings):
        min_slice = whole[0].options.min_slice
        slices = slices_of(slicing, tally, place, min_slice)
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
