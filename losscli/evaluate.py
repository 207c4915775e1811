"""Measure losses of predictions against labels: the function behind `losscli eval`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from losscli.block import Kind, Place
from losscli.columns import Chosen, choose, find_in_either
from losscli.domain import NONNEGATIVE, REAL, AnyClass, Binary, Interval, Simplex
from losscli.engines import threads
from losscli.errors import DataError, UsageError
from losscli.exact import round_fraction
from losscli.labels import class_names, shared_prefix
from losscli.loss import Loss, Undefined
from losscli.losses import find
from losscli.plan import Measure, NanPolicy, Plan, Purpose, Slot, Tally
from losscli.report import Input, Report, Result, Rows
from losscli.sources import Dialect, Source, open_source
from losscli.spec import Spec, parse
from losscli.state import Mean
from losscli.views import (
    WEIGHT,
    BinaryView,
    ClassesView,
    CodedView,
    ColumnsView,
    GreatestView,
    NumberView,
    View,
)


def evaluate(
    preds: str,
    labels: str | None = None,
    *,
    loss: Sequence[str],
    pred: str | None = None,
    label: str | None = None,
    weight: str | None = None,
    from_logits: bool = False,
    nan: NanPolicy = "error",
    input_format: str | None = None,
    dialect: Dialect | None = None,
    jobs: int | None = None,
    chunk_rows: int = 1 << 16,
    start: Callable[[Sequence[Source]], threads.Advance] | None = None,
) -> Report:
    """Measure losses of one pair of inputs, or of one input that holds both columns.

    ``preds`` and ``labels`` are paths; ``loss`` specs such as ``"mse"`` or ``"huber:delta=2"``; the
    other arguments are the options of `losscli eval`.  ``start`` is called with the opened sources
    and returns what is told of progress.  Raises UsageError or DataError.
    """
    if not loss:
        raise UsageError(
            "no loss is asked for", hint="name one with `--loss`; `losscli losses` lists all of them"
        )
    paths = [preds] if labels is None else [preds, labels]
    if paths.count("-") > 1:
        raise UsageError("only one of PREDS and LABELS can be standard input")
    asked = [Asked.of(text) for text in loss]
    sources = [open_source(path, format=input_format, dialect=dialect) for path in paths]
    plan = _Planner(sources, from_logits).plan(asked, pred, label, weight, nan, chunk_rows)
    for source in sources:
        if source.rows == 0:
            raise DataError("the file has no rows", file=source.path)
    advance = start(sources) if start is not None else (lambda rows, size: None)
    outcome = threads.run(plan, sources, jobs=jobs or threads.default_jobs(), advance=advance)
    _refuse(plan, outcome, sources)
    return _report(plan, outcome.tally, sources, from_logits)


@dataclass(frozen=True, slots=True)
class Asked:
    """A loss as asked for: its spec, and the forms among which the columns choose."""

    spec: Spec
    forms: tuple[Loss, ...]

    @classmethod
    def of(cls, text: str) -> Asked:
        """UsageError for an unknown loss, or for parameters that no form of it takes."""
        spec = parse(text)
        asked = cls(spec, find(spec.name))
        refusals = []
        for form in asked.forms:
            try:
                form.read_params(spec)
            except UsageError as error:
                refusals.append(error)
        if len(refusals) == len(asked.forms):
            raise refusals[0]
        return asked


class _Planner:
    """Columns and forms chosen for one call; slots are shared by the views that read the same."""

    def __init__(self, sources: Sequence[Source], from_logits: bool) -> None:
        self.sources = sources
        self.from_logits = from_logits
        self.slots: list[list[Slot]] = [[] for _ in sources]

    def plan(
        self,
        asked: Sequence[Asked],
        pred: str | None,
        label: str | None,
        weight: str | None,
        nan: NanPolicy,
        chunk_rows: int,
    ) -> Plan:
        last = len(self.sources) - 1
        weights = find_in_either(self.sources, weight) if weight is not None else []
        taken = {(w.side, w.index) for w in weights}
        preds = self._choose(0, "pred", pred, taken, label if last == 0 else None)
        labels = self._choose(last, "label", label, taken | {(p.side, p.index) for p in preds}, None)
        if shared := {(p.side, p.index) for p in preds} & {(c.side, c.index) for c in labels}:
            name = self.sources[0].columns[next(iter(shared))[1]]
            raise UsageError(f"column `{name}` would be label and prediction at once")
        shown = pred if pred is not None else ",".join(p.name for p in preds)
        measures: dict[tuple[Any, ...], Measure] = {}
        for one in asked:
            measure = self._measure(one, labels, preds, shown)
            spec = measure.loss.canonical(measure.values, defaults=True)
            measures.setdefault((spec, measure.views), measure)
        weight_view, equal = None, []
        if weights:
            places = [self._slot(w, "number", "weight") for w in weights]
            weight_view = NumberView(places[0], NONNEGATIVE, "--weight", WEIGHT)
            equal = [(places[0], other) for other in places[1:]]
        sides = tuple(tuple(slots) for slots in self.slots)
        return Plan(sides, tuple(measures.values()), weight_view, tuple(equal), nan, chunk_rows)

    def _choose(
        self, side: int, role: str, asked: str | None, taken: set[tuple[int, int]], other: str | None
    ) -> list[Chosen]:
        source = self.sources[side]
        busy = {index for at, index in taken if at == side}
        if other is not None and other in source.columns:
            busy.add(source.columns.index(other))
        return choose(source, side, role, asked, busy)

    def _slot(self, column: Chosen, kind: Kind, purpose: Purpose) -> Place:
        slots = self.slots[column.side]
        slot = Slot(column.index, column.name, self.sources[column.side].path, kind, purpose)
        if slot not in slots:
            slots.append(slot)
        return column.side, slots.index(slot)

    def _measure(self, asked: Asked, labels: list[Chosen], preds: list[Chosen], shown: str) -> Measure:
        form = self._form(asked.forms, labels, preds)
        params = form.read_params(asked.spec)
        views: list[tuple[str, View]] = []
        pred = form.role("pred")
        if pred.shape == "Codes":
            views = self._coded(form, params, labels, preds)
        else:
            domain = form.domain(pred, params)
            columns = [self._slot(p, "number", "pred") for p in preds]
            pred_view: View
            if pred.shape == "Columns":
                assert isinstance(domain, (Interval, Simplex))
                pred_view = ColumnsView(tuple(columns), domain, form.name)
            else:
                assert isinstance(domain, Interval)
                pred_view = NumberView(columns[0], domain, form.name)
            views = [("label", self._label(form, params, labels, preds)), ("pred", pred_view)]
        return Measure(form, tuple(params.items()), tuple(views), shown)

    def _label(self, form: Loss, params: dict[str, Any], labels: list[Chosen], preds: list[Chosen]) -> View:
        role = form.role("label")
        domain = form.domain(role, params)
        if isinstance(domain, Binary):
            return BinaryView(self._slot(labels[0], "score", "label"), domain, form.name)
        if role.shape == "Columns":
            assert isinstance(domain, (Interval, Simplex))
            ordered = self._matched(labels, preds)
            return ColumnsView(tuple(self._slot(c, "number", "label") for c in ordered), domain, form.name)
        if isinstance(domain, AnyClass):
            return ClassesView(self._slot(labels[0], "class", "label"), self._classes(preds), form.name)
        assert isinstance(domain, Interval)
        return NumberView(self._slot(labels[0], "number", "label"), domain, form.name)

    def _coded(
        self, form: Loss, params: dict[str, Any], labels: list[Chosen], preds: list[Chosen]
    ) -> list[tuple[str, View]]:
        if len(preds) > 1:
            slots = tuple(self._slot(p, "number", "pred") for p in preds)
            label = ClassesView(self._slot(labels[0], "class", "label"), self._classes(preds), form.name)
            return [("label", label), ("pred", GreatestView(ColumnsView(slots, REAL, form.name)))]
        places = self._slot(labels[0], "score", "label"), self._slot(preds[0], "score", "pred")
        threshold = float(params["threshold"])
        return [
            (role, CodedView(*places, at, threshold, self.from_logits, form.name))
            for at, role in enumerate(("label", "pred"))
        ]

    def _classes(self, preds: list[Chosen]) -> tuple[tuple[int | str, int], ...]:
        names = [p.name for p in preds]
        return tuple(class_names(names, named=self.sources[0].named).items())

    def _matched(self, labels: list[Chosen], preds: list[Chosen]) -> list[Chosen]:
        """The label columns in the order of the prediction columns that are named for the same class."""
        if not (self.sources[0].named and self.sources[-1].named):
            return labels
        cut = [len(shared_prefix([c.name for c in columns])) for columns in (labels, preds)]
        short = {c.name[cut[0] :]: c for c in labels}
        wanted = [p.name[cut[1] :] for p in preds]
        if set(wanted) == set(short):
            return [short[name] for name in wanted]
        whole = {c.name: c for c in labels}
        if {p.name for p in preds} == set(whole):
            return [whole[p.name] for p in preds]
        raise DataError(
            "the label columns and the prediction columns are not named for the same classes",
            f"labels: {_names(short)}; predictions: {_names(wanted)}",
            "name both for their classes, with a prefix each: `y_cat,y_dog` and `p_cat,p_dog`",
            file=self.sources[-1].path,
        )

    def _form(self, forms: Sequence[Loss], labels: list[Chosen], preds: list[Chosen]) -> Loss:
        """The form whose roles the columns fill."""

        def fits(form: Loss) -> bool:
            label, pred = form.role("label").shape, form.role("pred").shape
            if label == "Columns" or pred == "Columns":
                wide = len(labels) == len(preds) if label == "Columns" else len(labels) == 1
                return wide and len(preds) > 1
            return len(labels) == 1 and (len(preds) == 1 or pred == "Codes")

        name = forms[0].name
        shaped = [form for form in forms if fits(form)]
        if not shaped:
            raise UsageError(
                f"`{name}` cannot compare {_count(preds, 'prediction')} with {_count(labels, 'label')}",
                f"predictions: {_names(p.name for p in preds)}; labels: {_names(c.name for c in labels)}",
                "choose columns with `--pred` and `--label`",
            )
        for form in shaped:
            if form.logits == self.from_logits or form.role("pred").shape == "Codes":
                return form
        if self.from_logits:
            raise UsageError(f"`{name}` has no form for raw scores", hint="leave `--from-logits` out")
        raise UsageError(f"`{name}` is measured from raw scores here", hint="add `--from-logits`")


def _refuse(plan: Plan, outcome: threads.Outcome, sources: Sequence[Source]) -> None:
    """Raise the error of the lowest row, if there is any."""
    tally = outcome.tally
    stop = outcome.stop
    if stop is not None and stop.row is None:
        raise stop  # of a whole file: no row comes before it
    first = tally.faults.first()
    mixed = _mixed_coding(plan, tally)
    row = tally.faults.found[first].row if first is not None else None
    if mixed is not None and (row is None or (mixed.row or 0) < row):
        raise mixed
    if first is not None:
        slot = plan.slot(first.column)
        raise tally.faults.error(file=slot.file, column=slot.name, kind=first, rows=tally.read)
    if stop is not None:
        raise stop
    if tally.read == 0:
        raise DataError("the file has no rows", file=sources[0].path)
    if tally.used == 0:
        raise DataError(
            "nothing is left to measure",
            f"all {tally.read} rows were left out: "
            + ", ".join(f"{count} {reason}" for reason, count in tally.dropped.items()),
            file=sources[0].path,
        )


def _mixed_coding(plan: Plan, tally: Tally) -> DataError | None:
    """Labels of -1 in a file that also holds 0, or a number between 0 and 1."""
    for place, slot in plan.places():
        minus, below = (tally.seen.get((place, mark)) for mark in ("-1", "below 1"))
        if minus is not None and below is not None:
            return DataError(
                "labels of -1 and labels of 0 (or between 0 and 1) stand in one column",
                f"the first -1 is in row {minus}, the first other in row {below}; "
                "two classes are 0 and 1, or -1 and 1, in the whole file",
                file=slot.file, column=slot.name, row=max(minus, below),
            )  # fmt: skip
    return None


def _report(plan: Plan, tally: Tally, sources: Sequence[Source], from_logits: bool) -> Report:
    inputs = []
    for side, source in enumerate(sources):
        names = dict.fromkeys(slot.name for slot in plan.sides[side])
        inputs.append(Input("preds" if side == 0 else "labels", source.path, source.format, list(names)))
    rows = Rows(tally.read, tally.read, 0, 0, tally.read, dict(tally.dropped), tally.used)
    weight = next((slot.name for _, slot in plan.places() if slot.purpose == "weight"), None)
    context = f"w:{weight or 'none'}|pair:position|nan:{plan.nan}" + ("|logits:yes" if from_logits else "")
    results = [_result(measure, plan, tally, context) for measure in plan.measures]
    warnings = [
        f"`{result.loss}`: {result.touched['sum_not_one']} rows have probabilities that do not quite sum to 1"
        for result in results
        if result.touched.get("sum_not_one")
    ]
    return Report(results, rows, inputs, None, list(dict.fromkeys(warnings)))


def _result(measure: Measure, plan: Plan, tally: Tally, context: str) -> Result:
    loss, params, key = measure.loss, measure.values, measure.key
    state = tally.states[key]
    skipped = tally.skipped.get(key, {})
    value, note = _finish(loss, params, state)
    weight = state.weight if isinstance(state, Mean) else state.w
    total = weight.rounded()
    if tally.used and total == 0.0 and not skipped:
        raise DataError(
            "the weights sum to zero: nothing is left to measure",
            file=next(s.file for _, s in plan.places() if s.purpose == "weight"),
            column=next(s.name for _, s in plan.places() if s.purpose == "weight"),
        )
    whole = state.total.rounded() if isinstance(state, Mean) and loss.of is None else None
    return Result(
        loss=loss.canonical(params),
        params=params,
        pred=measure.pred,
        better=loss.better,
        value=value,
        sum=whole if whole is not None and math.isfinite(whole) else None,
        rows=tally.used - sum(skipped.values()),
        weight=total,
        skipped=skipped,
        touched=tally.touched.get(key, {}),
        note=note,
        signature=f"{loss.canonical(params, defaults=True)}|{context}",
    )


def _finish(loss: Loss, params: dict[str, Any], state: Any) -> tuple[float | None, str | None]:
    """The value, or None and why there is none."""
    if isinstance(state, Mean):
        if state.weight.units == 0:
            return None, "no row counts"
        found = state.value
        if not math.isfinite(found):
            count = state.total.positive + state.total.negative + state.total.nan
            rows = "1 row is" if count == 1 else f"{count} rows are"
            return None, f"the loss of {rows} infinite, first in row {state.first_infinite}"
        if loss.of is None:
            return found, None
        extra = {name: value for name, value in params.items() if name not in loss.row_params}
        finished = loss.function(found, **extra)
    else:
        finished = loss.function(state, **params)
    if isinstance(finished, Undefined):
        return None, finished.why
    number = round_fraction(finished) if isinstance(finished, Fraction) else float(finished)
    if not math.isfinite(number):
        return None, "the value exceeds the largest double"
    return number, None


def _count(columns: Sequence[Chosen], what: str) -> str:
    return f"1 {what} column" if len(columns) == 1 else f"{len(columns)} {what} columns"


def _names(names: Iterable[str]) -> str:
    shown = [f"`{name}`" for name in names]
    return ", ".join(shown[:12]) + (" …" if len(shown) > 12 else "")
