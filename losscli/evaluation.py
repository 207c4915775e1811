"""Measure losses of predictions against labels: the function behind `losscli eval`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from losscli.block import Column, Want
from losscli.domain import number
from losscli.engines import threads
from losscli.errors import DataError, UsageError
from losscli.labels import class_label
from losscli.pairing import Paired
from losscli.planning import Asked, Call
from losscli.planning import plan as make_plan
from losscli.report import Input, Report, Rows
from losscli.results import Options, results
from losscli.sources.inputs import open_inputs, placed, row_name
from losscli.views import TOGETHER

if TYPE_CHECKING:
    from losscli.intervals import IntervalSpec
    from losscli.lists import ReadColumn
    from losscli.pairing.keyplan import Unmatched
    from losscli.plan import NanPolicy, Plan, Tally
    from losscli.rows import Pictures
    from losscli.sources import Dialect, Source


def evaluate(
    preds: str,
    labels: str | None = None,
    *,
    loss: Sequence[str],
    pred: str | Sequence[str] | None = None,
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
    unmatched: Unmatched = "error",
    ci: str | None = None,
    memory: int | None = None,
    input_format: str | None = None,
    dialect: Dialect | None = None,
    jobs: int | None = None,
    chunk_rows: int = 1 << 17,
    rows_out: str | None = None,
    gradient: bool = False,
    for_spreadsheets: bool = False,
    worst: int = 0,
    columns: Sequence[str] = (),
    constant: bool = False,
    pictures: Pictures = "none",
    start: Callable[[Sequence[Source]], threads.Advance] | None = None,
) -> Report:
    """Measure losses of one pair of inputs, or of one input that holds both columns.

    ``preds`` and ``labels`` are paths; ``loss`` specs such as ``"mse"`` or ``"huber:delta=2"``; ``pred``
    the columns of one model, or of several; the other arguments are the options of `losscli eval`.  ``start`` is called with the opened sources
    and returns what is told of progress.  Raises UsageError or DataError.
    """
    if not loss:
        raise UsageError(
            "no loss is asked for", hint="name one with `--loss`; `losscli losses` lists all of them"
        )
    asked = [Asked.of(text) for text in loss]
    interval = read_interval(ci)
    if interval is not None and interval.horizon is not None:
        raise UsageError("`horizon` is of a comparison over time", hint="`losscli compare … --time COLUMN`")
    paths = [preds] if labels is None else [preds, labels]
    again = constant or (dialect is not None and dialect.list is not None and not classes)
    sources = open_inputs(paths, format=input_format, dialect=dialect, by_key=on is not None, again=again)
    jobs = jobs or threads.default_jobs(sources)
    call = Call(
        () if pred is None else (pred,) if isinstance(pred, str) else tuple(pred),
        label,
        weight,
        from_logits,
        tuple(classes),
        pos_label,
        class_weight or {},
        average,
        nan,
        chunk_rows,
        tuple(by),
        where,
        on,
        key_type,
        unmatched,
        rows_out=rows_out is not None,
        worst=worst,
        columns=tuple(columns),
        gradient=gradient,
        pictures=pictures,
        bootstrap=interval is not None and interval.method == "bootstrap",
        cluster=interval.cluster if interval is not None else None,
        decimal=dialect.decimal if dialect is not None else ".",
        jobs=jobs,
    )
    plan = make_plan(sources, asked, call, column_reader(sources, jobs))
    plan = plan._replace(spreads=interval is not None)
    for source in sources:
        if source.rows == 0:
            raise no_rows(source)
    readings = [*sources, *sources] if constant else sources  # what progress is measured against
    advance = start(readings) if start is not None else (lambda rows, size: None)
    try:
        plan = with_edges(plan, sources, jobs)
        with ExitStack() as stack:
            sink = None
            if rows_out is not None and plan.watch is not None:
                # Imported here: few calls write rows.
                from losscli.rowfile import RowFile

                ordered = plan.keys is None
                sink = RowFile(rows_out, plan.watch, ordered=ordered, for_spreadsheets=for_spreadsheets)
                stack.enter_context(sink)
            if constant:
                from losscli.constant import Reading

                reading = Reading.of(plan, min_slice)
                plan, advance = reading.plan, reading.guarded(advance, memory)
            outcome = threads.run(plan, sources, jobs=jobs, advance=advance, memory=memory, sink=sink)
            refuse(plan, outcome, sources)
            if constant:
                again_plan = reading.second(outcome.tally)
                second = threads.run(again_plan, sources, jobs=jobs, advance=advance, memory=memory)
                refuse(again_plan, second, sources)
                reading.attach(outcome.tally, second.tally)
            return _report(plan, outcome, sources, options_of(plan, call, sources, min_slice, interval))
    except DataError as error:
        raise placed(error, sources) from None


def read_interval(text: str | None) -> IntervalSpec | None:
    """The value of ``--ci``."""
    if text is None:
        return None
    from losscli.intervals import IntervalSpec

    return IntervalSpec.parse(text)


def no_rows(source: Source) -> DataError:
    return DataError(
        f"the {'files have' if hasattr(source, 'files') else 'file has'} no rows", file=source.path
    )


def column_reader(sources: Sequence[Source], jobs: int) -> ReadColumn:
    """What reads one column of a side before all others."""

    def read(side: int, want: Want) -> Iterator[Column]:
        try:
            yield from threads.column(sources[side], want, jobs=jobs)
        except DataError as error:
            raise placed(error, sources) from None

    return read


def with_edges(plan: Plan, sources: Sequence[Source], jobs: int) -> Plan:
    """The plan with the edges of `bins` and `quantiles`, for which their columns are read once."""
    if not any(key.count for view in plan.slicings for key in view.slicing.keys):
        return plan
    from losscli.slices import Slicing, edges_of

    slicings = []
    for view in plan.slicings:
        keys = []
        for key, place in zip(view.slicing.keys, view.columns, strict=True):
            if key.count:
                slot = plan.slot(place)
                pieces = threads.column(sources[place[0]], Want(slot.index, slot.kind), jobs=jobs)
                key = replace(key, edges=edges_of(key, pieces, slot.file))
            keys.append(key)
        slicings.append(replace(view, slicing=Slicing(tuple(keys))))
    return plan._replace(slicings=tuple(slicings))


def refuse(plan: Plan, outcome: threads.Outcome, sources: Sequence[Source]) -> None:
    """Raise the error of the lowest row, if there is any."""
    tally = outcome.tally
    stop = outcome.stop
    if stop is not None and stop.row is None:
        raise stop  # of a whole file: no row comes before it
    first = tally.faults.first()
    mixed = _mixed(plan, tally, sources)
    row = tally.faults.found[first].row if first is not None else None
    if mixed is not None and (row is None or (mixed.row or 0) < row):
        raise mixed
    if first is not None:
        slot = plan.slot(first.column)
        held = plan.sides[first.column[0]]  # what is wrong with a label of lists is told of their column
        column = next((s.name for s in held if s.index == slot.index and not s.labels), slot.name)
        raise tally.faults.error(file=slot.file, column=column, kind=first, rows=tally.read)
    if stop is not None:
        raise stop
    if tally.read == 0:
        raise no_rows(sources[0])
    if tally.used == 0:
        raise DataError(
            "nothing is left to measure",
            f"all {tally.read} rows were left out: "
            + ", ".join(f"{count} {reason}" for reason, count in tally.dropped.items()),
            file=sources[0].path,
        )


def _mixed(plan: Plan, tally: Tally, sources: Sequence[Source]) -> DataError | None:
    """Two things in one column that are each allowed, but not beside each other."""
    found = []
    for place, slot in plan.places():
        for marks, what in TOGETHER.items():
            one, other = (tally.seen.get((place, mark)) for mark in marks)
            if one is not None and other is not None:
                first, second = (row_name(sources[place[0]], row) for row in (one, other))
                rows = f"first in {first} and in {second}; one column holds one or the other"
                found.append(
                    DataError(
                        f"{what} stand in one column", rows, None, slot.file, slot.name, max(one, other)
                    )
                )
    return min(found, key=lambda error: error.row or 0, default=None)


def _report(plan: Plan, outcome: threads.Outcome, sources: Sequence[Source], options: Options) -> Report:
    tally, inputs = outcome.tally, []
    for side, source in enumerate(sources):
        names = dict.fromkeys(
            slot.name for slot in plan.sides[side] if slot.purpose != "key" and not slot.labels
        )
        inputs.append(Input("preds" if side == 0 else "labels", source.path, source.format, list(names)))
    rows = rows_of(outcome)
    found = results(plan, tally, options)
    warnings = [
        f"`{result.loss}`: {result.touched['sum_not_one']} rows have probabilities that do not quite sum to 1"
        for result in found
        if result.touched.get("sum_not_one")
    ]
    binned = tally.kept.binned if tally.kept is not None else None
    return Report(found, rows, inputs, None, list(dict.fromkeys(warnings)), binned=binned)


def rows_of(outcome: threads.Outcome) -> Rows:
    tally = outcome.tally
    paired = outcome.paired or Paired((tally.read, tally.read), (0, 0), tally.read)
    return Rows(*paired.read, *paired.only, paired.pairs, dict(tally.dropped), tally.used)


def options_of(
    plan: Plan, call: Call, sources: Sequence[Source], min_slice: int, interval: IntervalSpec | None = None
) -> Options:
    order = tuple(class_label(name) for name in call.classes)
    return Options(
        call.average, call.positive, _context(plan, call), min_slice, order,
        row_name=lambda row: row_name(sources[0], row), interval=interval,
    )  # fmt: skip


def _context(plan: Plan, call: Call) -> str:
    """What of the signature does not belong to the loss: all that changes what a number means."""
    said = [f"w:{call.weight or 'none'}", f"pair:{plan.keys or 'position'}", f"nan:{call.nan}"]
    if call.where is not None:
        said.append(f"where:{call.where}")
    if call.from_logits:
        said.append("logits:yes")
    listed = dict.fromkeys(str(slot.labels[0]) for _, slot in plan.places() if slot.labels)
    if classes := call.classes or tuple(listed):
        said.append(f"classes:{','.join(classes)}")
    if call.pos_label is not None:
        said.append(f"pos_label:{call.pos_label}")
    if call.class_weight:
        weights = ",".join(f"{name}={number(weight)}" for name, weight in sorted(call.class_weight.items()))
        said.append(f"class_weight:{weights}")
    return "|".join(said)
