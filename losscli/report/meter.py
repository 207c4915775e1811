"""Losses of rows that come batch by batch, as in a training loop: what is kept merges, and is saved as `--state-out` does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from losscli.errors import DataError, UsageError
from losscli.measure.call import Measured
from losscli.measure.engines import threads
from losscli.measure.engines.pool import Outcome
from losscli.measure.loss_request import requests_of
from losscli.measure.needs import Knowledge
from losscli.measure.prepass import settled_plan
from losscli.measure.refusals import explained, refuse
from losscli.measure.tally import Tally
from losscli.pairing.keyplan import POSITION
from losscli.reading.memory import MemorySource, open_memory
from losscli.report.evaluate import report_of
from losscli.report.options import EvalOptions, checked
from losscli.report.provenance import inputs_of
from losscli.report.records import Input, Report
from losscli.report.saved_plan import HeldPlan, differing
from losscli.report.saved_tally import merged, moved

if TYPE_CHECKING:
    from losscli.measure.arguments import Label
    from losscli.measure.engines.pool import Sink
    from losscli.measure.options import Average, NanPolicy
    from losscli.measure.plan import Plan
    from losscli.reading.memory import Data
    from losscli.reading.source import Source


class Meter:
    """Losses of batches of rows, summed exactly: any cut into batches gives the bits of one call over all rows.

    loss: what to measure, such as ``["mse", "huber:delta=2"]``; the other options are those of `evaluate`.

    >>> import numpy as np
    >>> meter = Meter(["mse"])
    >>> for batch in range(3):
    ...     meter.update(np.zeros(2), np.array([1.0, batch]))
    >>> meter.compute()
    {'mse': 1.3333333333333333}

    Rows go into the results, not into memory, unless a loss needs every row at once, as `auc` does (`auc:approx=12`
    does not).  A mean of means would weigh a short last batch like a full one; here every row weighs the same.
    """

    def __init__(
        self,
        loss: str | Iterable[str],
        *,
        from_logits: bool = False,
        classes: Iterable[Label] = (),
        pos_label: Label | None = None,
        average: Average | None = None,
        by: str | Sequence[str] = (),
        nan: NanPolicy = "error",
        ci: str | None = None,
    ) -> None:
        options = checked(
            EvalOptions(
                "pred", "label", loss=loss, from_logits=from_logits, classes=classes, pos_label=pos_label,
                average=average, by=by, nan=nan, ci=ci, on=POSITION,
            )
        )  # fmt: skip
        self._begin(options)
        self._requests = requests_of(options.losses)

    def _begin(self, options: EvalOptions) -> None:
        self._options, self._known, self._tally = options, Knowledge(), Tally()
        self._held: HeldPlan | None = None
        self._columns: object = None

    def update(self, label: Data, pred: Data, weight: Data | None = None) -> None:
        """Measure some rows.

        label, pred: arrays (n,) or (n, C), or anything else that `evaluate` takes; columns that ``by`` names are in
        a dict or a frame.  weight: (n,).  Either every batch has weights or none.

        Raises UsageError or DataError, and then the batch counts for nothing.
        """
        sources = _sources(label, pred, weight)
        held = self._plan(sources, "weight" if weight is not None else None)
        outcome = measured_rows(held.plan, sources)
        self._tally.merge(moved(outcome.tally, self._tally.read))
        self._held = held

    def merge(self, other: Meter) -> None:
        """Take in the rows of another meter of the same losses, such as that of another process."""
        if other._held is None:
            return
        self._refuse_other(other._held)
        self._held = self._held or other._held
        self._tally.merge(moved(other._tally, self._tally.read))

    def compute(self) -> dict[str, float | None]:
        """The value of each loss over all rows so far; None where it is not defined."""
        return self.report().metrics

    def report(self) -> Report:
        """All that is known of the rows so far, slices and intervals too; DataError where there are none."""
        held, outcome = self._of_rows(), Outcome(merged([self._tally]))
        refuse(held.plan, outcome, held.sources)
        inputs = inputs_of(Input, held.plan, held.sources, ("preds", "labels"))
        return report_of(held.options, Measured(held.plan, outcome), held.sources, inputs).in_python()

    def save(self, path: str) -> None:
        """Write the state that `load` and `losscli merge` read; UsageError for a loss that needs every row at once."""
        from losscli.report.save_state import StateFile

        held = self._of_rows()
        options = replace(held.options, state_out=path)
        state = StateFile.of(options, list(options.losses), held.plan, held.sources, self._known.answers)
        state.write(Measured(held.plan, Outcome(self._tally)), held.sources)

    @classmethod
    def load(cls, path: str) -> Self:
        """The meter that was saved, to be read or to go on."""
        from losscli.report.saved_state import SavedState

        state = SavedState.read(path)
        held = state.held()
        if not isinstance(held.options, EvalOptions):
            raise DataError("the state is of a comparison, and a meter measures losses", file=path)
        meter = cls.__new__(cls)
        meter._begin(held.options)
        meter._requests = requests_of(held.options.losses)
        meter._held, meter._tally = held, state.tally(held.plan, [0] * len(held.sources))
        return meter

    def _of_rows(self) -> HeldPlan:
        if self._held is None:
            raise DataError("nothing was measured yet", hint="`meter.update(label, pred)` measures rows")
        return self._held

    def _plan(self, sources: Sequence[MemorySource], weight: str | None) -> HeldPlan:
        """The plan for a batch: that of the last one where its columns are of the same kinds."""
        columns = [
            (source.columns, [(h.type, h.rounding, h.lists) for h in source.held]) for source in sources
        ]
        if self._held is not None and self._columns == columns:
            return self._held
        options = replace(self._options, weight=weight)
        plan = settled_plan(sources, self._requests, options, 1, self._known)
        held = HeldPlan(options, plan, sources)
        self._refuse_other(held)
        self._columns = columns
        return held

    def _refuse_other(self, held: HeldPlan) -> None:
        """UsageError where rows were measured by another plan."""
        if self._held is None or self._held.hash == held.hash:
            return
        found = differing(self._held, held)
        raise UsageError(
            f"its {found.what} are not those of the rows before",
            f"it has {found.other}; those before have {found.one}",
            "every batch has the same columns, with the same names, and weights or none",
        )


def _sources(label: Data, pred: Data, weight: Data | None) -> list[MemorySource]:
    preds = open_memory(pred, "pred")
    return [preds if weight is None else preds.beside("weight", weight), open_memory(label, "label")]


def measured_rows(plan: Plan, sources: Sequence[Source], sink: Sink | None = None) -> Outcome:
    """The rows of a batch by a plan; DataError where one cannot be measured."""
    try:
        outcome = threads.measured(
            plan, sources, jobs=1 if sink is not None else threads.default_jobs(sources, plan),
            advance=lambda rows, size: None, memory=None, sink=sink,
        )  # fmt: skip
        # What concerns the rows as a whole is seen to in the end.
        refuse(plan._replace(rows=range(outcome.tally.read)), outcome, sources)
    except DataError as error:
        raise explained(error, plan) from None
    return outcome


# ---------------------------------------------------------------------- one loss of one batch


class _Rows:
    """A sink that keeps what each row gives."""

    def __init__(self) -> None:
        self.tables: list[Any] = []

    def add(self, rows: Any) -> None:
        self.tables.append(rows)

    def restart(self) -> None:
        self.tables.clear()


def value_of(
    loss: str, label: Data, pred: Data, weight: Data | None, options: dict[str, Any]
) -> float | None:
    """A loss of some rows; None where it is not defined."""
    meter = Meter(loss, **options)
    meter.update(label, pred, weight)
    return next(iter(meter.compute().values()))


def of_each_row(
    loss: str, label: Data, pred: Data, options: dict[str, Any], *, slopes: bool
) -> Iterator[tuple[str, Any]]:
    """The losses of the rows as an array (n,), or their slopes by each role of the prediction, (n,) or (n, C)."""
    import numpy as np

    from losscli.loss.gradient import NoGradientError, gradients
    from losscli.measure.observers.file_rows import FileRows
    from losscli.measure.rows import watched

    sources, meter = _sources(label, pred, None), Meter(loss, **options)
    plan = meter._plan(sources, None).plan
    form = plan.measures[0].loss
    if not form.is_mean or form.state != "sums":
        raise UsageError(f"`{form.name}` is made of all rows together: a row has no value of its own")
    if slopes:
        try:
            gradients(form)
        except NoGradientError as error:
            raise UsageError(f"`{form.name}` has no gradient: {error}") from None
    plan = watched(plan, (), (), every=True, worst=0, slopes=slopes, pictures="none")
    kept = _Rows()
    measured_rows(plan, sources, kept)
    (found,) = (observer for observer in plan.observers if isinstance(observer, FileRows))
    first = len(found.facts) + len(found.residuals)

    def column(at: int) -> Any:
        return np.concatenate([table.columns[at].values for table in kept.tables])

    if not slopes:
        yield "", column(first)
        return
    by, at = found.losses[0].slopes, first + len(found.losses)
    for role in dict.fromkeys(role for _, role, _ in by):
        of_role = [place for place, (_, own, _) in enumerate(by) if own == role]
        columns = [column(at + place) for place in of_role]
        single = len(columns) == 1 and by[of_role[0]][2] is None
        yield role, columns[0] if single else np.stack(columns, axis=1)
