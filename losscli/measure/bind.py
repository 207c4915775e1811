"""The plan of a call, put together from columns, losses and options; no row is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from losscli.errors import UsageError
from losscli.loss.domains import COUNTS, NONNEGATIVE
from losscli.measure.adapt import WEIGHT
from losscli.measure.forms import FittedLosses, refuse_average
from losscli.measure.number_views import NumberView
from losscli.measure.observers.states import UnitSpread
from losscli.measure.options import AVERAGES
from losscli.measure.plan import ClassWeights, Filter, Grouping, Plan, RowUnit
from losscli.measure.roles import CallColumns
from losscli.reading.select import Chosen, is_id, named_in_either, tells_rows
from losscli.table.labels import classes_named

if TYPE_CHECKING:
    from losscli.measure.list_columns import Lists
    from losscli.measure.loss_request import LossRequest
    from losscli.measure.needs import Knowledge
    from losscli.measure.observers.facts import Fact
    from losscli.measure.observers.observer import Observer
    from losscli.measure.options import MeasureOptions
    from losscli.measure.plan import Measure
    from losscli.measure.slices import SliceView
    from losscli.measure.slots import Slot
    from losscli.pairing.shared_ids import SharedId
    from losscli.reading.source import Source
    from losscli.statistics.groups import GroupView
    from losscli.table.block import ColumnKind, Place
    from losscli.table.keys import KeyType


class _Measured(NamedTuple):
    """The losses of a call, and the columns that play a role in them."""

    losses: FittedLosses
    labels: list[Chosen]
    playing: set[tuple[int, int]]
    lists: tuple[Lists, ...]  # what the label is under each loss

    @property
    def counting(self) -> str | None:
        """A loss that needs whole numbers as weights."""
        return next((m.loss.name for m in self.losses.measures if m.loss.takes_counts(m.values)), None)


def plan(
    sources: Sequence[Source], requests: Sequence[LossRequest], options: MeasureOptions, known: Knowledge
) -> Plan:
    """What to read and measure.

    UsageError or DataError where the options do not fit the files; Unknown where something must be known of values
    first.
    """
    _refuse_unknown_average(options.average)
    columns = CallColumns(sources, options, known)
    measured = _measured(columns, requests)
    weight = _weight(columns, measured.counting)
    class_weights = _class_weights(columns, measured)
    slicings = tuple(_slicing(columns, text) for text in dict.fromkeys(options.by))
    grouping, groups_of = _grouping(columns, slicings)
    _refuse_ungrouped(measured.losses.measures, options)
    where = _where(columns)
    shared_ids = _shared_ids(columns) if options.on is None else ()
    shown = _shown(columns, measured.playing) if options.columns else []
    named_by = _named_by(columns)
    dealt = _groups(columns) if options.resampled else None
    over = options.compared_over
    times = None if over is None else columns.of_option("--time", over, "text")
    if options.time is not None and over is None and not any(m.ordered for m in measured.losses.measures):
        columns.notes.setdefault("`--time` changes nothing: none of the losses looks at the order of rows")
    sides = tuple(tuple(slots) for slots in columns.slots)
    made = Plan(
        sides=sides,
        units=measured.losses.units,
        measures=measured.losses.measures,
        weight=weight,
        class_weights=class_weights,
        equal=tuple(columns.equal),
        nan=options.nan,
        chunk_rows=_chunk_rows(options.chunk_rows, sides),
        slicings=(*slicings, *groups_of),
        grouping=grouping,
        where=where,
        keys=columns.keys,
        observers=_observers(measured.losses.units, options, grouping),
        groups=dealt,
        times=times,
        shared_ids=shared_ids,
        notes=tuple(columns.notes),
    )
    if options.watches:
        # Imported here: few calls look at rows.
        from losscli.measure.rows import watched

        made = watched(
            made,
            named_by,
            shown,
            every=options.rows_out is not None,
            worst=options.worst,
            slopes=options.gradient,
            pictures=options.pictures,
        )
    known.settled()
    return made


def _refuse_unknown_average(average: str | None) -> None:
    if average is not None and average not in AVERAGES:
        raise UsageError(f"no average is called `{average}`", hint=f"they are {', '.join(AVERAGES)}")


def _measured(columns: CallColumns, requests: Sequence[LossRequest]) -> _Measured:
    """The losses of the call, in the forms that fit the columns."""
    models = columns.models(requests)
    preds = {(c.side, c.index) for model in models for role in model.roles.values() for c in role}
    labels = columns.labels(requests, preds)
    losses = FittedLosses(columns)
    label_lists: dict[Lists, None] = {}
    for request in requests:
        lists = columns.lists.kinds_of(request, labels, models)
        label_lists[lists[0]] = None
        for model in columns.lists.laid_out(labels, models, lists):
            losses.add(request, model)
    for how in label_lists:
        columns.compare_labels(labels, preds, how)
    others = [c for role, found in columns.label_roles().items() if role != "label" for c in found]
    columns.compare_labels(others, preds, "none")
    if columns.options.average is not None:
        refuse_average(losses.measures)
    playing = columns.busy | preds | {(c.side, c.index) for c in (*labels, *others)}
    return _Measured(losses, labels, playing, tuple(label_lists))


def _chunk_rows(chunk_rows: int, sides: Sequence[Sequence[Slot]]) -> int:
    """How many rows a block has: fewer where many columns are made of lists."""
    if not any(slot.made for slots in sides for slot in slots):
        return chunk_rows
    from losscli.measure.lists import rows_at_a_time

    return rows_at_a_time(chunk_rows, sides)


def _named_by(columns: CallColumns) -> list[Place]:
    """The key columns that name a row, where single rows are looked at."""
    if columns.keys is None or not columns.options.watches:
        return []
    return [columns.slot(Chosen(0, key.index, key.name), "text", "key") for key in columns.keys.sides[0]]


def _weight(columns: CallColumns, counting: str | None) -> NumberView | None:
    """The view of the weights; ``counting`` is a loss that needs whole numbers."""
    if not columns.weights:
        return None
    columns.lists.refuse(columns.weights, "--weight")
    place = columns.shared(columns.weights, "number", "weight")
    return NumberView(place, COUNTS if counting else NONNEGATIVE, counting or "--weight", WEIGHT)


def _class_weights(columns: CallColumns, measured: _Measured) -> ClassWeights | None:
    """The weights of the classes of the label."""
    given = columns.options.class_weight
    if not given:
        return None
    classes = classes_named("--class-weight", given)
    if measured.counting and any(weight not in COUNTS for weight in given.values()):
        raise UsageError(f"`{measured.counting}` counts rows: `--class-weight` must be whole numbers for it")
    if len(measured.labels) != 1 or set(measured.lists) != {"none"}:
        raise UsageError("`--class-weight` needs one label column, with one label a row")
    weights = tuple(zip(classes, given.values(), strict=True))
    return ClassWeights(columns.slot(measured.labels[0], "class", "label"), weights)


def _slicing(columns: CallColumns, text: str) -> SliceView:
    """The slices of one `--by`."""
    # Imported here: many calls have no slices.
    from losscli.measure.slices import USUAL_LIMIT, SliceLimit, SliceView, Slicing, parse_slicing

    slicing = parse_slicing(text, [column for source in columns.sources for column in source.columns])
    places, keys = [], []
    for key in slicing.keys:
        found = columns.named("--by", key.name)
        kind: ColumnKind = "number"
        if key.how == "value":
            kind = "list" if all(columns.lists.holds_lists([c]) for c in found) else "text"
        if kind != "list":
            columns.lists.refuse(found, "--by")
        places.append(columns.shared(found, kind))
        keys.append(replace(key, edges=columns.known.edges(found[0], key)) if key.count else key)
    limit = USUAL_LIMIT
    if columns.options.resampled:
        from losscli.statistics.groups import MOST_SLICES

        limit = SliceLimit(MOST_SLICES, "`--ci bootstrap`")
    return SliceView(Slicing(tuple(keys)), tuple(places), limit)


def _grouping(
    columns: CallColumns, slicings: Sequence[SliceView]
) -> tuple[Grouping | None, tuple[SliceView, ...]]:
    """The groups over which results are means, and the slicings that make them of the whole and of each slice."""
    options = columns.options
    if options.group is None:
        if options.group_weight is not None:
            raise UsageError("`--group-weight` needs groups", hint="name their column: `--group COLUMN`")
        return None, ()
    # Imported here: few calls have groups.
    from losscli.measure.slices import SliceKey, SliceLimit, SliceView, Slicing

    if options.constant:
        raise UsageError(
            "no best constant is worked out over groups", hint="leave `--constant` or `--group` out"
        )
    if options.cluster not in (None, options.group):
        raise UsageError(
            f"over groups of `{options.group}` the clusters of the bootstrap are these groups",
            hint=f"leave `cluster={options.cluster}` out",
        )
    weight = None
    if options.group_weight is not None:
        found = columns.named("--group-weight", options.group_weight)
        columns.lists.refuse(found, "--group-weight")
        weight = NumberView(columns.shared(found, "number", "weight"), NONNEGATIVE, "--group-weight", WEIGHT)
    place, key = columns.of_option("--group", options.group, "text"), SliceKey(options.group)
    views = (
        SliceView(Slicing((*keys, key)), (*places, place), SliceLimit(1 << 62))
        for keys, places in (((), ()), *((view.slicing.keys, view.columns) for view in slicings))
    )
    return Grouping(options.group, len(slicings), place, weight), tuple(views)


def _refuse_ungrouped(measures: Sequence[Measure], options: MeasureOptions) -> None:
    """UsageError where a loss says what becomes of a group without a value, and there are no groups."""
    asked = next((m for m in measures if m.loss.grouped), None)
    if asked is not None and options.group is None:
        raise UsageError(
            f"`undefined` of `{asked.loss.name}` is of groups without a value, and there are no groups",
            hint="name their column: `--group COLUMN`",
        )


def _where(columns: CallColumns) -> Filter | None:
    """The filter; in it every word is a column."""
    if columns.options.where is None:
        return None
    from losscli.loss.expression import parse

    expression = parse(columns.options.where, "--where ")
    return Filter(
        expression,
        tuple(
            (name, columns.of_option("--where", name, "text" if kind == "text" else "truth"))
            for name, kind in expression.columns.items()
        ),
    )


def _groups(columns: CallColumns) -> GroupView:
    """The groups of the bootstrap: by cluster, by key, or by the number of the row."""
    # Imported here: few calls resample.
    from losscli.statistics.groups import GroupView

    cluster, keys = columns.options.cluster, columns.keys
    if cluster is not None:
        return GroupView((columns.of_option("--ci", cluster, "text", "--ci bootstrap:cluster"),))
    if keys is None:
        return GroupView()
    places = [columns.slot(Chosen(0, key.index, key.name), key.kind, "key") for key in keys.sides[0]]
    return GroupView(tuple(places), keys.types)


def _observers(
    units: Sequence[RowUnit], options: MeasureOptions, grouping: Grouping | None
) -> tuple[Observer, ...]:
    """What is kept for intervals, and the weights of groups."""
    if grouping is not None and grouping.weight is not None:
        from losscli.measure.observers.group_weights import GroupWeights

        return (GroupWeights(grouping.weight.column, grouping.first),)
    if not options.spreads:
        return ()
    return tuple(UnitSpread(at) for at, unit in enumerate(units) if unit.loss.state == "sums")


def _shared_ids(columns: CallColumns) -> tuple[SharedId, ...]:
    """Columns that say which row is which, compared where rows are paired by position."""
    found: list[SharedId] = []
    for other in range(1, len(columns.sources)):
        if not any(tells_rows(name) for name in columns.sources[other].columns):
            continue
        from losscli.pairing.shared_ids import SharedId, shared_id_columns

        sides = (0, other)
        pair = [columns.sources[side] for side in sides]
        taken = {
            (at, slot.index)
            for at, side in enumerate(sides) for slot in columns.slots[side] if slot.purpose != "key"
        }  # fmt: skip
        for name, places, kind in shared_id_columns(pair, taken):
            one, two = (Chosen(side, at, name) for side, at in zip(sides, places, strict=True))
            if columns.known.same_bytes(one, two):
                continue
            moments = "moment" in [source.key_type(at) for source, at in zip(pair, places, strict=True)]
            columns.compared.add(columns.pair(one, two))
            slots = (columns.slot(one, kind, "key"), columns.slot(two, kind, "key"))
            again = all(source.can_be_read_again for source in pair) and not columns.options.saves
            found.append(SharedId(name, *slots, is_id(name), moments, again))
    return tuple(found)


def _shown(columns: CallColumns, playing: set[tuple[int, int]]) -> list[Fact]:
    """The columns of `--columns`: as numbers where the file says that they are, else as text.

    ``playing`` are the columns that play a role, which a glob leaves out.
    """
    # Imported here: few calls look at rows.
    from losscli.measure.observers.facts import Fact
    from losscli.table.cells import CellReader

    keys = columns.keys.sides if columns.keys is not None else ()
    keyed = {(side, slot.index) for side, slots in enumerate(keys) for slot in slots}
    dialect = columns.options.dialect
    facts: list[Fact] = []
    for one in named_in_either(columns.sources, columns.options.columns):
        found = [c for c in one.columns if not (one.by_glob and (c.side, c.index) in playing)]
        if not found or ((found[0].side, found[0].index) in keyed and found[0].name == one.name):
            continue  # keys are shown in every row, and are the same in both files
        types = [_type_shown(columns, column) for column in found]
        readings: dict[Any, ColumnKind] = {"float": "number", "decimal": "number", "int": "class"}
        kinds: list[ColumnKind] = [
            "list" if columns.lists.holds_lists([column]) else readings.get(kind, "text")
            for column, kind in zip(found, types, strict=True)
        ]
        first = columns.slot(found[0], kinds[0], "other")
        for column in found[1:]:
            if columns.pair(found[0], column) not in columns.compared:
                columns.shared((found[0], column), kinds[0] if len(set(kinds)) == 1 else "score")
        cells = None
        if types[0] in (None, "wide int"):
            cells = CellReader(dialect.decimal if dialect is not None else ".")
        facts.append(Fact(one.name, first, kinds[0] == "number", kinds[0] == "class", cells))
    return facts


def _type_shown(columns: CallColumns, column: Chosen) -> KeyType | None:
    """The type that a file says its column has."""
    source = columns.sources[column.side]
    found = source.key_type(column.index)
    # Of a folder it is the type in the first file.
    return None if found == "int" and source.files else found
