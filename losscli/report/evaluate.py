"""Measure losses of predictions against labels: the function behind `losscli eval`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from losscli.errors import DataError, UsageError
from losscli.loss.domains import number
from losscli.measure.adapt import PAIRING, TOGETHER
from losscli.measure.bind import plan as make_plan
from losscli.measure.call import Call, asked_for
from losscli.measure.class_views import ClassesView, OneClassView
from losscli.measure.engines import threads
from losscli.measure.observers.states import UnitSpread
from losscli.pairing import Paired
from losscli.pairing.keyplan import POSITION
from losscli.reading.inputs import open_inputs, placed, row_name
from losscli.report.outcomes import Options
from losscli.report.records import Input, Report, Result, RowCounts
from losscli.report.results import results
from losscli.table.block import AnyColumn, ColumnRequest, Place
from losscli.table.cells import LIST_HINT, TEXT_FORMATS
from losscli.table.violations import Violation, ViolationKind
from losscli.text import plural

if TYPE_CHECKING:
    from losscli.measure.engines.pool import Advance, Outcome
    from losscli.measure.lists import ReadColumn
    from losscli.measure.observers.pictures import Pictures
    from losscli.measure.plan import NanPolicy, Plan
    from losscli.measure.tally import Tally
    from losscli.pairing.keyplan import Unmatched
    from losscli.reading.source import Dialect, Source
    from losscli.statistics.intervals import IntervalSpec


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
    start: Callable[[Sequence[Source]], Advance] | None = None,
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
    asked = asked_for(loss)
    interval = read_interval(ci)
    if interval is not None and interval.horizon is not None:
        raise UsageError("`horizon` is of a comparison over time", hint="`losscli compare … --time COLUMN`")
    paths = [preds] if labels is None else [preds, labels]
    again = constant or (dialect is not None and dialect.list is not None)
    sources = open_inputs(
        paths, format=input_format, dialect=dialect, by_key=on not in (None, POSITION), again=again
    )
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
    if interval is not None:
        sums = (at for at, unit in enumerate(plan.units) if unit.loss.state == "sums")
        plan = plan.watched_by(map(UnitSpread, sums))
    for source in sources:
        if source.rows == 0:
            raise no_rows(source)
    readings = [*sources, *sources] if constant else sources  # what progress is measured against
    advance = start(readings) if start is not None else (lambda rows, size: None)
    try:
        plan = with_edges(plan, sources, jobs)
        with ExitStack() as stack:
            sink = None
            if rows_out is not None:
                # Imported here: few calls write rows.
                from losscli.measure.observers.file_rows import FileRows
                from losscli.report.rowfile import RowFile

                rows = next(one for one in plan.observers if isinstance(one, FileRows))
                ordered = plan.keys is None
                sink = RowFile(rows_out, rows, ordered=ordered, for_spreadsheets=for_spreadsheets)
                stack.enter_context(sink)
            if constant:
                from losscli.measure.constant_baseline import ConstantSearch

                reading = ConstantSearch.of(plan, min_slice)
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
        raise placed(explained(error, plan), sources) from None


def explained(error: DataError, plan: Plan) -> DataError:
    """The error; where a cell is no number that only an expression needs, with the expression."""
    asked = (
        {place: ("--where ", plan.where.expression) for _, place in plan.where.columns} if plan.where else {}
    )
    for unit in plan.units:
        if unit.loss.words_are_columns:
            expression = unit.loss.expression  # type: ignore[attr-defined]
            asked |= {place: ("expr:", expression) for _, view in unit.views for place in view.places}
    held = [
        (place, slot) for place, slot in plan.places() if (slot.file, slot.name) == (error.file, error.column)
    ]
    roles = [slot for place, slot in held if place not in asked]
    by = next(
        (asked[place] for place, slot in held if place in asked and slot.kind in ("number", "truth")), None
    )
    if roles or by is None or "number" not in error.message or "needs" in (error.detail or ""):
        return error
    option, expression = by
    said = f"`{option}{expression.text}` reads the column as numbers"
    more = error.detail if error.detail != "wanted a number" else None
    hint = error.hint or f"a column of text is compared with text: `{error.column} == '...'`"
    return replace(error, detail="; ".join(part for part in (said, more) if part), hint=hint)


def read_interval(text: str | None) -> IntervalSpec | None:
    """The value of ``--ci``."""
    if text is None:
        return None
    from losscli.statistics.intervals import IntervalSpec

    return IntervalSpec.parse(text)


def no_rows(source: Source) -> DataError:
    return DataError(f"the {'files have' if source.files else 'file has'} no rows", file=source.path)


def column_reader(sources: Sequence[Source], jobs: int) -> ReadColumn:
    """What reads one column of a side before all others."""

    def read(side: int, want: ColumnRequest) -> Iterator[AnyColumn]:
        try:
            yield from threads.column(sources[side], want, jobs=jobs)
        except DataError as error:
            raise placed(error, sources) from None

    return read


def with_edges(plan: Plan, sources: Sequence[Source], jobs: int) -> Plan:
    """The plan with the edges of `bins` and `quantiles`, for which their columns are read once."""
    if not any(key.count for view in plan.slicings for key in view.slicing.keys):
        return plan
    from losscli.measure.slices import Slicing, edges_of

    slicings = []
    for view in plan.slicings:
        keys = []
        for key, place in zip(view.slicing.keys, view.columns, strict=True):
            if key.count:
                slot = plan.slot(place)
                pieces = threads.column(sources[place[0]], ColumnRequest(slot.index, slot.kind), jobs=jobs)
                key = replace(key, edges=edges_of(key, pieces, slot.file))
            keys.append(key)
        slicings.append(replace(view, slicing=Slicing(tuple(keys))))
    return plan._replace(slicings=tuple(slicings))


def _multi_hot(plan: Plan, tally: Tally) -> None:
    """DataError where all lists of a column are 0 and 1: they are no labels, but one indicator for each class."""
    if not tally.seen:
        return
    from losscli.measure.lists import MULTI_HOT, OTHER_LIST
    from losscli.reading.values import INDICATORS

    for place, slot in plan.places():
        if slot.kind != "labels":
            continue
        row = tally.seen.get((place, MULTI_HOT))
        if row is not None and (place, OTHER_LIST) not in tally.seen:
            raise DataError(
                "every list holds 0 and 1", "wanted lists of labels, not one indicator for each class",
                INDICATORS, slot.file, slot.name, row,
            )  # fmt: skip


def list_texts(plan: Plan, tally: Tally, sources: Sequence[Source], places: Iterable[Place]) -> str | None:
    """What is to be said of columns of classes in which a text is written as a list is."""
    if not tally.seen:
        return None
    from losscli.measure.lists import LIST_TEXT

    found = [(place, row) for place in places if (row := tally.seen.get((place, LIST_TEXT))) is not None]
    if not found:
        return None
    where = ", ".join(
        f"`{plan.slot(place).name}` in {row_name(sources[place[0]], row)}" for place, row in found
    )
    text = any(sources[place[0]].format in TEXT_FORMATS for place, _ in found)
    return f"texts that are written as lists are one class each ({where}): {LIST_HINT if text else 'store them as lists'}"


def _with_list_texts(
    found: Sequence[Result], plan: Plan, tally: Tally, sources: Sequence[Source]
) -> list[Result]:
    """The results, with a note on those of classes that are written as lists are."""
    notes: dict[tuple[str, str], str] = {}
    for measure in plan.measures:
        views = [view for part in measure.parts for _, view in plan.units[part.unit].views]
        places = dict.fromkeys(place for view in views for place in view.places)
        if (said := list_texts(plan, tally, sources, places)) is not None:
            notes[measure.loss.canonical(measure.values), measure.pred] = said
    if not notes:
        return list(found)
    return [
        replace(
            one, note="; ".join(said for said in (one.note, notes.get((one.loss, one.pred))) if said) or None
        )
        for one in found
    ]


def refuse(plan: Plan, outcome: Outcome, sources: Sequence[Source]) -> None:
    """Raise the error of the lowest row, if there is any."""
    tally = outcome.tally
    stop = outcome.stop
    if stop is not None and stop.row is None:
        raise stop  # of a whole file: no row comes before it
    told_apart(plan, tally)
    first = tally.faults.first()
    mixed = _mixed(plan, tally, sources)
    row = tally.faults.found[first].row if first is not None else None
    if mixed is not None and (row is None or (mixed.row or 0) < row):
        raise mixed
    if stop is None:
        _multi_hot(plan, tally)
    if first is not None:
        slot = plan.slot(first.column)
        held = plan.sides[first.column[0]]  # what is wrong with a label of lists is told of their column
        read = [s.name for s in held if s.index == slot.index and not s.made]
        column = read[0] if slot.labels and read else slot.name
        error = tally.faults.error(file=slot.file, column=column, kind=first, rows=tally.read)
        if first.check == TOLD_APART:
            error.hint = pairing_hint(sources, [slot.name])
        raise error
    if stop is not None:
        raise stop
    _refuse_two_labels(plan, tally)
    if tally.read == 0:
        raise no_rows(sources[0])
    if tally.used == 0:
        raise DataError(
            "nothing is left to measure",
            f"{'the only row was' if tally.read == 1 else f'all {tally.read} rows were'} left out: "
            + ", ".join(f"{count} {reason}" for reason, count in tally.dropped.items()),
            file=sources[0].path,
        )
    if tally.zero_weight == tally.used:
        weight = next((slot for _, slot in plan.places() if slot.purpose == "weight"), None)
        raise DataError(
            "the weights sum to zero: nothing is left to measure",
            file=weight.file if weight else None,
            column=weight.name if weight else None,
        )


_APART = "as a class, a whole number in another spelling than `1` or `1.0` is text: `1E0`, `01`, `+1`"
TOLD_APART = "told apart"


def told_apart(plan: Plan, tally: Tally) -> None:
    """Columns that say which row is which and differ become a fault, where no note is enough."""
    for at, agreement in tally.agreements.items():
        telling = plan.telling[at]
        first = agreement.first
        if first is None or not telling.strict or agreement.counting(tally.read) is not None:
            continue
        slot = plan.slot(telling.other)
        tally.faults.add(ViolationKind(PAIRING, telling.one, TOLD_APART), Violation(
            first.row, f"the row is {first.one}, and {first.other} in {slot.file}",
            f"by position, `{slot.name}` must be the same in both files", "differ", None, agreement.count,
        ))  # fmt: skip


def pairing_hint(sources: Sequence[Source], names: Sequence[str]) -> str | None:
    """How to pair rows by a key, where there is one."""
    from losscli.pairing.telling import offered

    on = offered(sources, names)
    return None if on is None else f"to pair rows by {'them' if ',' in on else 'it'}, add `{on}`"


def notes_of(plan: Plan, tally: Tally, sources: Sequence[Source]) -> list[str]:
    """What is to be said of the columns: how they were understood, and where they differ."""
    notes = list(plan.notes)
    for at, agreement in tally.agreements.items():
        first, telling = agreement.first, plan.telling[at]
        if first is None:
            continue
        files = [plan.slot(place).file for place in (telling.one, telling.other)]
        counting = agreement.counting(tally.read) if telling.strict else None
        if counting is not None:
            notes.append(
                f"`{telling.name}` counts the rows of {files[counting]}, and holds other values in "
                f"{files[1 - counting]}: it is taken for an index kept from a split, and not compared"
            )
            continue
        hint = pairing_hint(sources, [telling.name])
        notes.append(
            f"`{telling.name}` differs in {agreement.count} of {plural(tally.read, 'row')}, first in "
            f"{row_name(sources[0], first.row)}: {first.one}, and {first.other} in {files[1]}; rows are paired by "
            f"position ({hint or '`--on position` says that this is meant'})"
        )
    return notes


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
                        f"{what} stand in one column",
                        rows,
                        _APART if "text" in marks else None,
                        slot.file,
                        slot.name,
                        max(one, other),
                    )
                )
    return min(found, key=lambda error: error.row or 0, default=None)


def _refuse_two_labels(plan: Plan, tally: Tally) -> None:
    """Two labels that both match one class column are two classes."""
    views = [view for unit in plan.units for _, view in unit.views]
    classes = [view.classes if isinstance(view, OneClassView) else view for view in views]
    for view in classes:
        for labels in view.met(tally.seen).values() if isinstance(view, ClassesView) else ():
            if len(labels) > 1 and isinstance(view, ClassesView):
                slot = plan.slot(view.column)
                one, other, *_ = sorted(labels)
                raise DataError(
                    f"the labels `{one}` and `{other}` both match one {view.holder}",
                    "classes are matched to columns by name, without regard to case where no name is the same",
                    "`--classes a,b,c` names the classes of the columns in their order", slot.file, slot.name,
                )  # fmt: skip


def _report(plan: Plan, outcome: Outcome, sources: Sequence[Source], options: Options) -> Report:
    tally, inputs = outcome.tally, []
    for side, source in enumerate(sources):
        names = dict.fromkeys(
            slot.name for slot in plan.sides[side] if slot.purpose != "key" and not slot.made
        )
        inputs.append(Input("preds" if side == 0 else "labels", source.path, source.format, list(names)))
    rows = rows_of(outcome)
    found = _with_list_texts(results(plan, tally, options), plan, tally, sources)
    warnings = [
        f"`{result.loss}`: {plural(result.touched['sum_not_one'], 'row has', 'rows have')} probabilities that do "
        "not quite sum to 1"
        for result in found
        if result.touched.get("sum_not_one")
    ]
    notes = notes_of(plan, tally, sources)
    found = [with_notes(result, notes) for result in found]
    warnings += notes
    return Report(found, rows, inputs, None, list(dict.fromkeys(warnings)), binned=_binned(plan, tally))


def _binned(plan: Plan, tally: Tally) -> Mapping[tuple[str, str], Any]:
    """The counts in bins, where pictures are asked for."""
    if not plan.observers:
        return {}
    # Imported here: few calls draw pictures.
    from losscli.measure.observers.pictures import BinnedCounts

    states = [state for state in tally.kept.values() if isinstance(state, BinnedCounts)]
    return {what: counts for state in states for what, counts in state.binned.items()}


def with_notes(result: Result, notes: Sequence[str]) -> Result:
    """The result with notes that concern all of them; those of slices do not repeat what the whole says."""
    if not notes or result.slice:
        return result
    return replace(result, note="; ".join([*([result.note] if result.note else []), *notes]))


def rows_of(outcome: Outcome) -> RowCounts:
    tally = outcome.tally
    paired = outcome.paired or Paired((tally.read, tally.read), (0, 0), tally.read)
    return RowCounts(
        *paired.read,
        *paired.only,
        paired.pairs,
        dict(tally.dropped),
        tally.used,
        tally.zero_weight,
        paired.only_head,
    )


def options_of(
    plan: Plan, call: Call, sources: Sequence[Source], min_slice: int, interval: IntervalSpec | None = None
) -> Options:
    return Options(
        call.average, call.positive, _context(plan, call), min_slice, call.class_order,
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
