"""The models that are compared: the options that name them, and the pairs of their losses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY
from typing import TYPE_CHECKING, ClassVar

from losscli.errors import UsageError
from losscli.measure.arguments import DEFAULT, record
from losscli.measure.observers.differences import RowTimes, UnitDifference
from losscli.measure.options import MeasureOptions
from losscli.report.by_rows import ModelPair
from losscli.report.options import RowsCommand, VerdictOptions

if TYPE_CHECKING:
    from losscli.measure.arguments import Column
    from losscli.measure.plan import Measure, Plan
    from losscli.reading.memory import Data
    from losscli.statistics.intervals import IntervalSpec


@record()
class CompareOptions(VerdictOptions, MeasureOptions):
    """The options of `compare`.

    base: the predictions of the base, as a path or in memory (see ``preds`` of `evaluate`); with two or more of
        ``pred``, the predictions of all models.
    head: the predictions of the other model; with two or more of ``pred``, the labels.
    labels: the labels; None: ``base`` holds them.
    group: query, series or image of each row, a column or values (n,): means over these groups are compared.
    group_weight: weights of the groups, a column or values (n,), with one value a group.
    """

    base: Data
    head: Data | None = None
    labels: Data | None = None
    _: KW_ONLY
    group: Column = DEFAULT
    group_weight: Column = DEFAULT
    command: ClassVar[RowsCommand] = "compare"

    @property
    def judged(self) -> bool:
        """Whether something is said of what fails."""
        return self.rules

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


def comparing(plan: Plan) -> Plan:
    """The plan that also keeps how the rows of each model differ from those of the base."""
    differences = dict.fromkeys(pair.units for pair in pairs_of(plan) if pair.units is not None)
    times = [RowTimes(plan.times)] if plan.times is not None and differences else []
    return plan.watched_by([*differences, *times])


def pairs_of(plan: Plan) -> list[ModelPair]:
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
