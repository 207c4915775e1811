"""Two or more models on the same rows: the function behind `losscli compare`.

What is told apart is the difference in the bad direction, `worse_by`: HEAD − BASE where lower is better, and
positive where HEAD is worse.  Its interval and its p-value come from the exact second moments of both models'
rows, which see how the two err together; or from the resamples and flips of groups of rows (`bootstrap`); or, over
time, from the autocovariances of the differences (`series`).  The verdict is read off the interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from losscli.errors import DataError, UsageError
from losscli.measure.bind import plan as make_plan
from losscli.measure.call import Call, asked_for
from losscli.measure.engines import threads
from losscli.measure.observers.observer import WHOLE
from losscli.measure.observers.states import UnitDifference
from losscli.numbers.exact import round_fraction
from losscli.pairing.keyplan import POSITION
from losscli.reading.inputs import open_inputs, placed
from losscli.report.comparison import Compared, Comparison, Side
from losscli.report.evaluate import (
    column_reader,
    explained,
    list_texts,
    no_rows,
    notes_of,
    options_of,
    refuse,
    rows_of,
    with_edges,
)
from losscli.report.gates import exact_change
from losscli.report.outcomes import Options
from losscli.report.records import Input, Result
from losscli.report.results import DRAWN, deal_groups, of_measure, slices_of, values_of
from losscli.report.verdicts import POWER, Chances, Draft, Rule, at_odds, by_t, check_rule, corrected
from losscli.statistics.distributions import mcnemar_mid_p, normal_quantile
from losscli.statistics.intervals import (
    HEAVY_TAIL,
    NO_DOUBLE,
    RATES,
    IntervalSpec,
    beyond_doubles,
    one_side,
    quadratic,
    root,
    slopes,
    standard_error,
    too_few,
)
from losscli.text import plural

if TYPE_CHECKING:
    from losscli.measure.engines.pool import Advance
    from losscli.measure.plan import Measure, NanPolicy, Plan
    from losscli.measure.tally import Tally
    from losscli.numbers.sums import Sums
    from losscli.reading.source import Dialect, Source
    from losscli.statistics.bootstrap import Drawings
    from losscli.statistics.paired_difference import PairedDifference
    from losscli.statistics.spread import Spread
    from losscli.table.block import Ints


def compare(
    base: str,
    head: str | None = None,
    labels: str | None = None,
    *,
    loss: Sequence[str],
    pred: Sequence[str] = (),
    label: str | None = None,
    weight: str | None = None,
    from_logits: bool = False,
    classes: Sequence[str] = (),
    pos_label: str | None = None,
    class_weight: Mapping[str, float] | None = None,
    average: str | None = None,
    by: Sequence[str] = (),
    min_slice: int = 0,
    where: str | None = None,
    nan: NanPolicy = "error",
    on: str | None = None,
    key_type: str | None = None,
    unmatched: Literal["error", "drop"] = "error",
    ci: str | None = None,
    time: str | None = None,
    margin: float = 0.0,
    fail_on: Sequence[str] = ("worse",),
    memory: int | None = None,
    input_format: str | None = None,
    dialect: Dialect | None = None,
    jobs: int | None = None,
    chunk_rows: int = 1 << 17,
    start: Callable[[Sequence[Source]], Advance] | None = None,
) -> Comparison:
    """Compare two files of predictions, or several models of one file, whose first is the base.

    With two or more of ``pred`` the paths are PREDS and LABELS.  Raises UsageError or DataError.
    """
    if not loss:
        raise UsageError(
            "no loss is asked for", hint="name one with `--loss`; `losscli losses` lists all of them"
        )
    check_rule(margin, fail_on)
    if nan == "propagate":
        raise UsageError("models are compared on rows that have values", hint="`--nan error` or `--nan drop`")
    if average == "none":
        raise UsageError("`compare` takes no `--average none`", hint="compare slices with `--by`")
    # A comparison needs an interval: `none` turns nothing off.
    interval = IntervalSpec.parse(ci or "normal") or IntervalSpec("normal")
    _refuse_time(time, interval, weighted=weight is not None or bool(class_weight))
    paths, sides, label_side = _inputs(base, head, labels, pred)
    asked = asked_for(loss)
    sources = open_inputs(paths, format=input_format, dialect=dialect, by_key=on not in (None, POSITION))
    jobs = jobs or threads.default_jobs(sources)
    call = Call(
        preds=tuple(pred), label=label, weight=weight, from_logits=from_logits, classes=tuple(classes),
        pos_label=pos_label, class_weight=class_weight or {}, average=average, nan=nan, chunk_rows=chunk_rows,
        by=tuple(by), where=where, on=on, key_type=key_type, unmatched=unmatched, sides=sides,
        label_side=label_side, bootstrap=interval.method == "bootstrap", cluster=interval.cluster, time=time, jobs=jobs,
    )  # fmt: skip
    plan = make_plan(sources, asked, call, column_reader(sources, jobs))
    duels = _duels(plan)
    plan = plan.watched_by(dict.fromkeys(duel.pair for duel in duels if duel.pair is not None))
    for source in sources:
        if source.rows == 0:
            raise no_rows(source)
    advance = start(sources) if start is not None else (lambda rows, size: None)
    try:
        plan = with_edges(plan, sources, jobs)
        outcome = threads.run(plan, sources, jobs=jobs, advance=advance, memory=memory)
        refuse(plan, outcome, sources)
    except DataError as error:
        raise placed(explained(error, plan), sources) from None
    options = options_of(plan, call, sources, min_slice)._replace(whole=outcome.tally)
    compared = _all(plan, outcome.tally, options, duels, _rule(plan, margin, interval))
    notes = notes_of(plan, outcome.tally, sources)
    compared = [one if one.slice else replace(one, note="; ".join(filter(None, [one.note, *notes])) or None)
                for one in compared]  # fmt: skip
    failed = [one for one in compared if one.verdict in fail_on]
    roles = ("base", "head", "labels") if sides else ("preds", "labels")
    inputs = []
    for role, source, slots in zip(roles, sources, plan.sides, strict=False):
        names = dict.fromkeys(slot.name for slot in slots if slot.purpose != "key" and not slot.made)
        inputs.append(Input(role, source.path, source.format, list(names)))
    said = list_texts(plan, outcome.tally, sources, (place for place, _ in plan.places()))
    warnings = [*notes, *([] if said is None else [said])]
    return Comparison(compared, margin, interval.level, failed, rows_of(outcome), inputs, warnings=warnings)


def _inputs(
    base: str, head: str | None, labels: str | None, pred: Sequence[str]
) -> tuple[list[str], tuple[int, ...], int | None]:
    """The paths; the side of each model, where each has a file; and that of the label, where it is not the last."""
    if len(set(pred)) > 1:
        if labels is not None:
            raise UsageError(
                "with several `--pred` the inputs are PREDS and LABELS, and there are three",
                hint="to compare two files, name one column that both have",
            )
        return [base] if head is None else [base, head], (), None
    if head is None:
        raise UsageError(
            "there is one model, and nothing to compare it with",
            hint="give BASE and HEAD, or one file and two of its columns: `--pred A --pred B`",
        )
    if labels is None:
        return [base, head], (0, 1), 0
    return [base, head, labels], (0, 1), None


def _refuse_time(time: str | None, interval: IntervalSpec, *, weighted: bool) -> None:
    """UsageError where a comparison over time is asked for together with what it does not know."""
    if time is None:
        if interval.horizon is not None:
            raise UsageError("`horizon` is of a comparison over time", hint="add `--time COLUMN`")
        return
    if interval.method == "bootstrap":
        raise UsageError(
            "`--ci bootstrap` knows no order of rows, and `--time` names one",
            hint="`--ci bootstrap:cluster=COLUMN` keeps the rows of a day, a week, a series together",
        )
    if weighted:
        raise UsageError("`--time` compares rows that all weigh the same", hint="leave the weights out")


def _rule(plan: Plan, margin: float, interval: IntervalSpec) -> Rule:
    if plan.times is None:
        return Rule(margin, interval)
    from losscli.statistics.series import ranks_of

    slot = plan.slot(plan.times.columns[0])
    return Rule(margin, interval, ranks_of(plan.times.index.codes, slot.file, slot.name))


# ---------------------------------------------------------------------- which are compared


@dataclass(frozen=True, slots=True)
class _Comparer:
    """A measure of the base and the same of another model; without a pair their rows cannot be compared."""

    base: Measure
    head: Measure
    pair: UnitDifference | None


def _duels(plan: Plan) -> list[_Comparer]:
    groups: dict[str, list[Measure]] = {}
    for measure in plan.measures:
        groups.setdefault(measure.loss.canonical(measure.values, defaults=True), []).append(measure)
    found = []
    for name, (base, *heads) in groups.items():
        if not heads:
            raise UsageError(f"`{name}` would compare the same columns, `{base.pred}`, with themselves")
        found += [_Comparer(base, head, _pair(base, head, plan)) for head in heads]
    return found


def _pair(base: Measure, head: Measure, plan: Plan) -> UnitDifference | None:
    if len(base.parts) > 1 or len(head.parts) > 1 or {base.loss.state, head.loss.state} != {"sums"}:
        return None
    # Of a function of means that is better if lower, a lower row is better, as of its mean.
    better = base.loss.better if base.loss.is_mean or base.loss.better == "lower" else None
    return UnitDifference(base.parts[0].unit, head.parts[0].unit, better, plan.times)


def _all(
    plan: Plan, tally: Tally, options: Options, duels: Sequence[_Comparer], rule: Rule
) -> list[Compared]:
    """The whole, then every slice; the slices of one loss and model are one family under Holm's correction."""
    deal_groups(plan, tally)
    found = [_compared(duel, plan, tally, options, {}, rule, "").settled(rule) for duel in duels]
    for place, slicing in enumerate(plan.slicings):
        families: dict[int, list[Draft]] = {}
        for values, part in slices_of(slicing, tally, place, options.min_slice):
            named = dict(zip(slicing.slicing.names, values, strict=True))
            for at, duel in enumerate(duels):
                by = f"|by:{slicing.slicing}"
                families.setdefault(at, []).append(_compared(duel, plan, part, options, named, rule, by))
        for family in families.values():
            found += [draft.settled(rule) for draft in corrected(family)]
    return found


def _compared(
    contest: _Comparer, plan: Plan, tally: Tally, options: Options, named: dict[str, str | None], rule: Rule,
    by: str,
) -> Draft:  # fmt: skip
    (base,) = of_measure(contest.base, plan, tally, options)
    (head,) = of_measure(contest.head, plan, tally, options)
    draft = _drafted(base, head, contest, plan, tally, options, named, rule, by)
    if base.value is None or head.value is None:
        return draft  # its note is of the sides already
    if base.note == head.note:
        sides = [base.note]
    else:
        sides = [f"{name}: {side.note}" for name, side in (("base", base), ("head", head)) if side.note]
    notes = [said for said in (*sides, draft.compared.note) if said]
    return replace(draft, compared=replace(draft.compared, note="; ".join(notes) or None))


def _drafted(
    base: Result, head: Result, contest: _Comparer, plan: Plan, tally: Tally, options: Options,
    named: dict[str, str | None], rule: Rule, by: str,
) -> Draft:  # fmt: skip
    held = tally.state(contest.base.parts[0].unit)
    one = Compared(
        base.loss, base.params, base.better, Side(base.pred, base.value), Side(head.pred, head.value), named,
        base.rows, 0.0 if held is None else held.weight.rounded(), signature=base.signature + by,
    )  # fmt: skip
    if base.value is None or head.value is None:
        return Draft(replace(one, note=_why(base, head)))
    states: list[Any] = [tally.state(m.parts[0].unit) for m in (contest.base, contest.head)]
    exact = contest.pair is not None and contest.base.loss.is_mean
    values = [s.means[0] for s in states] if exact else [Fraction(base.value), Fraction(head.value)]
    worse_by = exact_change(base.better, *values)
    if not math.isfinite(round_fraction(worse_by)):
        return Draft(replace(one, note="the difference exceeds the largest double"))
    one = replace(one, worse_by=round_fraction(worse_by))
    duel: PairedDifference | None = None if contest.pair is None else tally.of(contest.pair)
    if duel is not None and not duel.unlike and duel.counted:
        ties = states[0].rows - duel.wins - duel.losses
        one = replace(one, wins=duel.wins, losses=duel.losses, ties=ties)
    if rule.interval.method == "bootstrap":
        return _resampled(one, contest, plan, tally, options, rule, exact=exact)
    if duel is None or contest.pair is None:
        return Draft(replace(one, note="no interval: the loss is no function of means of rows"))
    return _measured(one, contest, duel, states, worse_by, rule, weighted=plan.weighted)


def _why(base: Result, head: Result) -> str:
    said = [f"{name}: {side.note}" for name, side in (("base", base), ("head", head)) if side.value is None]
    return "; ".join(said)


def _measured(
    one: Compared, contest: _Comparer, duel: PairedDifference, states: Sequence[Sums], worse_by: Fraction, rule: Rule, *,
    weighted: bool,
) -> Draft:  # fmt: skip
    """The comparison with what the rows of both say of its difference."""
    rows = states[0].rows
    if duel.spread is None or duel.unlike:
        return Draft(replace(one, note="no interval: the models do not count the same rows"))
    if rows < 2:
        return Draft(replace(one, note="no interval: one row tells nothing of the spread"))
    if not duel.spread.finite:
        return Draft(replace(one, note="no interval: a weighted row exceeds the largest double"))
    if any(beyond_doubles(state, duel.spread) for state in states):
        return Draft(replace(one, note=NO_DOUBLE))
    if rule.ranks is not None:
        return _over_time(one, contest, duel, worse_by, rule, rule.ranks)
    covariance = duel.spread.covariance([t for state in states for t in state.totals], states[0].weight)
    slope = _slope(one, contest, states, covariance)
    if slope is None:
        return Draft(
            replace(one, note="no interval: a value is at an end of its range, where it has no slope")
        )
    error = standard_error(covariance, slope, rows)
    one = replace(one, note=_tail(contest, duel.spread, states, covariance))
    draft = by_t(one, worse_by, error, rows - 1, rule, "paired t")
    if draft.chances is None or weighted or contest.base.loss.function.__name__ not in RATES:
        return draft
    if not duel.of_rates(states):
        return draft
    p_value = mcnemar_mid_p(duel.wins, duel.losses)
    said = [note for note in (draft.compared.note, *at_odds(draft.compared.ci or {}, p_value)) if note]
    note = "; ".join(said) or None
    one = replace(draft.compared, test="mcnemar mid-p", p_value=p_value, note=note)
    return Draft(one, draft.chances.agreeing(p_value, one.worse_by))


def _tail(
    contest: _Comparer, spread: Spread, states: Sequence[Sums], covariance: list[list[Fraction]]
) -> str | None:
    """What is to be said where one row holds much of the squared deviations of the difference."""
    if not contest.base.loss.is_mean or spread.ends is None or not spread.ends.finite:
        return None
    apart = quadratic(covariance, [Fraction(-1), Fraction(1)])
    return (
        HEAVY_TAIL if spread.heavy(states[1].means[0] - states[0].means[0], apart, states[0].weight) else None
    )


def _over_time(
    one: Compared, contest: _Comparer, duel: PairedDifference, worse_by: Fraction, rule: Rule, ranks: Ints
) -> Draft:
    """The comparison by Diebold & Mariano's test: what the rows say in the order of their time."""
    from losscli.statistics.series import in_order, squared_error

    if duel.series is None or not contest.base.loss.is_mean or one.better == "zero":
        why = "over time only losses are compared that are a mean of rows, the lower or the higher the better"
        return Draft(replace(one, note=f"no interval: {why}"))
    horizon = rule.interval.horizon or 1
    differences, lacking, shared = in_order(duel.series, ranks)
    found: Fraction | str
    if lacking:
        found = f"{plural(lacking, 'row')} without a time"
    elif shared and horizon > 1:
        found = f"{plural(shared, 'row')} of the same time as the row before; compare each series with `--by`"
    else:
        found = squared_error(differences, horizon)
    if isinstance(found, str):
        return Draft(replace(one, note=f"no interval: {found}"))
    return by_t(one, worse_by, root(found), len(differences) - 1, rule, "diebold-mariano")


def _resampled(
    one: Compared, contest: _Comparer, plan: Plan, tally: Tally, options: Options, rule: Rule, *, exact: bool
) -> Draft:  # fmt: skip
    """The comparison by the bootstrap: its interval from resamples of groups, its p-value from their flips.

    A flip gives the rows of about half of the groups to the other model, as they might as well have been
    if there were no difference; the p-value is the share of flips, and what was seen, that differ as much.
    """
    from losscli.numbers.grouped_sums import NotResampled
    from losscli.statistics.bootstrap import (
        ONE_GROUP,
        REPLICATES,
        UNRULY,
        NoInterval,
        Replicates,
        few_groups,
        resamples,
        schemes,
        turns,
    )

    measures = (contest.base, contest.head)
    groups, units = tally.kept[DRAWN, WHOLE].states(
        [part.unit for measure in measures for part in measure.parts]
    )
    width = len(contest.base.parts)
    if groups < 2:
        return Draft(replace(one, note=ONE_GROUP))
    sides = [units[:width], units[width:]]
    finish = [_valued(measure, plan, tally, options, exact=exact) for measure in measures]

    def differences(counts: Sequence[Drawings], units: Sequence[Sequence[Any]]) -> list[float | None]:
        """By how much HEAD is worse, where the states of each side are drawn by counts."""
        drawn = (
            zip(*(resamples(unit, held) for unit in side), strict=True)
            for side, held in zip(units, counts, strict=True)
        )
        found = []
        for states in zip(*drawn, strict=True):
            base, head = (value(side) for value, side in zip(finish, states, strict=True))
            apart = None if base is None or head is None else _badder(one.better, base, head)
            found.append(apart if apart is not None and math.isfinite(apart) else None)
        return found

    drawn, turned = schemes(groups, rule.interval.seed), turns(groups, rule.interval.seed)
    swapped: Drawings = np.hstack((turned, 1 - turned))
    back: Drawings = 1 - swapped
    first = np.arange(groups)
    both = [
        mine.regrouped(first, first, 2 * groups).merge(theirs.regrouped(first, first + groups, 2 * groups))
        for mine, theirs in zip(*sides, strict=True)
    ]
    try:
        held = Replicates.of(differences((drawn, drawn), sides))
        flips = differences((back, swapped), (both, both))
    except NotResampled as why:
        return Draft(replace(one, note=str(why) or UNRULY))
    seen = abs(one.worse_by or 0.0)
    as_much = sum(flip is None or abs(flip) >= seen for flip in flips)
    p_value = (as_much + 1) / (REPLICATES + 1)
    error = held.stderr
    one = replace(one, stderr=error, test="sign flip", p_value=p_value)
    if too_few(groups, rule.level):
        said_few = f"{groups} rows or clusters are too few for a verdict of {100 * rule.level:.4g}%"
        return Draft(
            replace(one, note=f"{said_few}: no p-value of theirs lies below {2.0 ** (1 - groups):.4g}")
        )
    try:
        ci = held.interval(rule.interval)
    except NoInterval as why:
        return Draft(replace(one, note=f"no interval: {why}"))
    detectable = error * (normal_quantile(1.0 - float(one_side(rule.level))) + normal_quantile(POWER))
    margin = rule.margin
    chances = Chances(
        p_value,
        held.chance(lambda value: value <= margin),
        held.chance(lambda value: value >= -margin, above=True),
        max(
            held.chance(lambda value: value > margin, above=True),
            held.chance(lambda value: value < -margin),
        ),
    )
    said = [*few_groups(groups), *held.notes(rule.interval), *at_odds(ci, p_value)]
    note = "; ".join(said) or None
    return Draft(
        replace(one, ci=ci, detectable=detectable, note=note), chances.agreeing(p_value, one.worse_by)
    )


def _valued(
    measure: Measure, plan: Plan, tally: Tally, options: Options, *, exact: bool
) -> Callable[[Sequence[Any]], Fraction | None]:
    """From states of a measure's units its value, not rounded where it is a mean."""
    values = values_of(measure, plan, tally, options)

    def value(states: Sequence[Any]) -> Fraction | None:
        if exact:
            (state,) = states
            mean: Fraction | None = state.means[0] if state.weight.units else None
            return mean
        found = values(states).get(frozenset())
        return None if found is None else Fraction(found)

    return value


def _badder(better: str, base: Fraction, head: Fraction) -> float:
    return round_fraction(exact_change(better, base, head))


def _slope(
    one: Compared, contest: _Comparer, states: Sequence[Sums], covariance: list[list[Fraction]]
) -> list[Fraction] | None:
    """How the difference in the bad direction moves with the means of both."""
    found: list[Fraction] = []
    for measure, state, side, sign in (
        (contest.base, states[0], one.base, -1), (contest.head, states[1], one.head, 1),
    ):  # fmt: skip
        size, first = len(state.totals), len(found)
        block = [row[first : first + size] for row in covariance[first : first + size]]
        slope = slopes(measure.loss, dict(measure.values), state.means, block)
        if slope is None or side.value is None:
            return None
        found += [sign * _turned(one.better, side.value) * part for part in slope]
    return found


def _turned(better: str, value: float) -> int:
    """The slope of what is bad about a value."""
    if better in ("lower", "higher"):
        return 1 if better == "lower" else -1
    return 1 if value >= 0.0 else -1
