"""What to read and what to measure, decided before the data; and measuring one block of it.

A plan is a value: paths, columns, losses by name, policies.  It pickles.  Measuring a block gives a
`Tally`, and tallies merge: the fold over any cut of the rows is the fold over the whole, to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, TypeVar

import numpy as np

from losscli.errors import DataError
from losscli.measure.adapt import (
    DOMAIN,
    MISSING,
    PAIRING,
    AdaptedBlock,
    FirstSeen,
    NumberView,
    View,
    as_classes,
    classes_in,
    common_codes,
    is_of_classes,
    mark_classes,
    places_of,
    read,
    texts_of,
)
from losscli.numbers.state import STATES, Squares, Summed, Sums, with_infinite
from losscli.table.block import (
    INTEGER_KINDS,
    AnyColumn,
    Block,
    ColumnKind,
    ColumnRequest,
    Floats,
    Ints,
    KeyColumn,
    Mask,
    NumberColumn,
    Place,
)
from losscli.table.violations import Violation, ViolationKind, Violations

if TYPE_CHECKING:
    from losscli.loss.declare import Loss, ParamValue
    from losscli.loss.expression import Expression
    from losscli.measure.constant_baseline import Constant
    from losscli.measure.rows import BlockRows, RecordedRows, RowRecorder, RowTable
    from losscli.measure.slices import SliceView
    from losscli.numbers.sliced import Missing, SliceTally
    from losscli.pairing.keyplan import KeyPlan
    from losscli.pairing.telling import Agreement, Telling
    from losscli.statistics.bootstrap import Dealing, Groups, GroupView
    from losscli.statistics.intervals import Spread
    from losscli.statistics.paired_difference import ComparedUnits, PairedDifference

Measured: TypeAlias = tuple[Sequence[Floats], Floats | None, Mask | None]
"""The columns of a unit over a block, the weights, and which of the block's rows they are (None: all)."""
K = TypeVar("K")

NanPolicy: TypeAlias = Literal["error", "drop", "propagate"]
Purpose: TypeAlias = Literal["label", "pred", "weight", "other", "key"]


@dataclass(frozen=True, slots=True)
class Slot:
    """A column that the plan reads: which of its file, what it is read as, and what it is for.

    With ``labels`` it is not read, but made of a column of lists: 1 in the rows whose list has the label
    that goes by any of these names, else 0.  With ``item`` it is made too: the number at that place of each
    list.  ``width`` is how many numbers each list of a column of vectors has.
    """

    index: int
    name: str
    file: str
    kind: ColumnKind
    purpose: Purpose
    labels: tuple[int | str, ...] = ()
    item: int | None = None
    width: int = 0

    @property
    def made(self) -> bool:
        """Whether it is made of a column of lists."""
        return bool(self.labels) or self.item is not None


class RowUnit(NamedTuple):
    """What is summed: the columns of one row function over some roles, kept in one state."""

    loss: Loss  # for its row function and its state
    params: tuple[tuple[str, Any], ...]  # those that the row function takes
    views: tuple[tuple[str, View], ...]


class ResultPart(NamedTuple):
    """One output or class of a measure, and the unit that holds its sums; a whole has no kind."""

    unit: int
    kind: str = ""
    name: str = ""
    pred: str = ""  # of an output the prediction column, where it has another name

    @property
    def shown(self) -> str:
        """The name in results, which is that of both columns."""
        return f"{self.pred} for {self.name}" if self.pred else self.name


class Measure(NamedTuple):
    """One loss for one prediction: the form chosen, all its parameters, and its parts."""

    loss: Loss
    params: tuple[tuple[str, ParamValue], ...]
    pred: str  # the column, or columns, as the user named them
    parts: tuple[ResultPart, ...]

    @property
    def values(self) -> dict[str, ParamValue]:
        return dict(self.params)

    @property
    def has_parts(self) -> bool:
        """Whether it is measured by class or by output."""
        return len(self.parts) > 1 or self.loss.per_class


@dataclass(slots=True)
class Tally:
    """What is known of some rows: counts, faults, and the state of every unit that has one."""

    read: int = 0
    used: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    zero_weight: int = 0  # of the used rows, those of weight 0, which enter no state
    faults: Violations = field(default_factory=Violations)
    agreements: dict[int, Agreement] = field(default_factory=dict)  # by the place of what tells rows
    seen: FirstSeen = field(default_factory=dict)
    classes: dict[View, set[int | str]] = field(default_factory=dict)  # met, where a state does not hold them
    weighed: set[int | str] = field(default_factory=set)  # classes of `--class-weight` that were met
    states: dict[int, Any] = field(default_factory=dict)
    memory: int | None = None  # bytes that tables of classes may take
    touched: dict[int, dict[str, int]] = field(default_factory=dict)
    skipped: dict[int, dict[str, int]] = field(default_factory=dict)
    missing: dict[int, Missing] = field(default_factory=dict)  # rows without a value, where they propagate
    slices: dict[int, SliceTally] = field(default_factory=dict)  # by the place of the slicing
    groups: dict[Dealing, SliceTally] = field(default_factory=dict)  # for the bootstrap
    drawn: Groups | None = None  # the same when all is read
    spreads: dict[int, Spread] = field(default_factory=dict)  # of units, where intervals are asked for
    duels: dict[int, PairedDifference] = field(default_factory=dict)  # by the place of the pair of units
    constants: dict[tuple[int, str], Constant] = field(
        default_factory=dict
    )  # by unit and what is elicited, when all is read
    kept: RecordedRows | None = None  # of single rows
    sink: Callable[[RowTable], None] | None = None  # takes the rows for a file, in the order of merging
    noted: dict[int, BlockRows] = field(default_factory=dict)  # of the block at hand

    def _refuse_large_tables(self, limit: int) -> None:
        """A table of classes that exceeds the memory is refused before it fills it."""
        slicings = [*self.slices.values(), *self.groups.values()]
        states = [*self.states.values(), *(held for one in slicings for held in one.states.values())]
        size = sum(getattr(state, "bytes_held", 0) for state in states)
        if size > limit:
            raise DataError(
                "the tables of classes do not fit into memory",
                f"they take about {size} bytes, and {limit} may be held",
                "give more `--memory`; a loss of numbers, such as `mse`, needs no table",
            )

    def merge(self, other: Tally) -> None:
        """Take the other's rows in; the order does not change the outcome."""
        self.read += other.read
        self.used += other.used
        _add(self.dropped, other.dropped)
        self.zero_weight += other.zero_weight
        self.faults.merge(other.faults)
        for at, agreement in other.agreements.items():
            known = self.agreements.get(at)
            self.agreements[at] = agreement if known is None else known.merge(agreement)
        for mark, row in other.seen.items():
            self.seen[mark] = min(self.seen.get(mark, row), row)
        for view, classes in other.classes.items():
            self.classes.setdefault(view, set()).update(classes)
        self.weighed |= other.weighed
        for unit, state in other.states.items():
            self.states[unit] = self.states[unit].merge(state) if unit in self.states else state
        for unit, spread in other.spreads.items():
            self.spreads[unit] = self.spreads[unit].merge(spread) if unit in self.spreads else spread
        for pair, duel in other.duels.items():
            self.duels[pair] = self.duels[pair].merge(duel) if pair in self.duels else duel
        for key, constant in other.constants.items():
            self.constants[key] = self.constants[key].merge(constant) if key in self.constants else constant
        for mine, theirs in ((self.touched, other.touched), (self.skipped, other.skipped)):
            for unit, counts in theirs.items():
                _add(mine.setdefault(unit, {}), counts)
        for unit, missing in other.missing.items():
            self.missing[unit] = self.missing[unit].merge(missing) if unit in self.missing else missing
        _merge_slices(self.slices, other.slices)
        _merge_slices(self.groups, other.groups)
        if self.drawn is not None and other.drawn is not None:
            self.drawn.merge(other.drawn)
        elif other.drawn is not None:
            self.drawn = other.drawn
        if self.memory is not None:
            self._refuse_large_tables(self.memory)
        if other.kept is not None:
            if self.sink is not None:
                for table in other.kept.tables:
                    self.sink(table)
                other.kept.tables = []
            if self.kept is None:
                self.kept = other.kept
            else:
                self.kept.merge(other.kept)


class ClassWeights(NamedTuple):
    """A weight for each class of the label; classes that are not named weigh one."""

    label: Place
    weights: tuple[tuple[int | str, float], ...]

    def read(self, block: Block, met: set[int | str]) -> Floats:
        """The weight of each row; the classes of the block are added to those ``met``."""
        column = as_classes(block.column(self.label))
        table = dict(self.weights)
        met |= classes_in(column) & table.keys()
        if column.values is None:
            weight = np.ones(len(column))
            for value, factor in table.items():
                if isinstance(value, int):
                    weight[column.codes == value] = factor
            return weight
        return np.array([table.get(value, 1.0) for value in column.values] or [1.0])[column.codes]


class Filter(NamedTuple):
    """The rows to keep: those for which an expression over columns is true."""

    expression: Expression
    columns: tuple[tuple[str, Place], ...]

    def read(self, block: Block) -> Mask:
        values: dict[str, Any] = {}
        for name, place in self.columns:
            column = block.column(place)
            values[name] = column.values if isinstance(column, NumberColumn) else texts_of(column)
        return self.expression.holds(values, block.rows)


class Cut(NamedTuple):
    """How a block is cut: the slice of each row by slicing; its group, over the whole and within its slice."""

    codes: Sequence[Ints]
    dealt: Mapping[Dealing, Ints]


class Plan(NamedTuple):
    """Columns to read, units to sum, measures to finish, and what to do with missing values."""

    sides: tuple[tuple[Slot, ...], ...]
    units: tuple[RowUnit, ...]
    measures: tuple[Measure, ...]
    weight: NumberView | None = None
    class_weights: ClassWeights | None = None
    equal: tuple[tuple[Place, Place], ...] = ()  # columns that must hold the same values
    nan: NanPolicy = "error"
    chunk_rows: int = 1 << 17
    slicings: tuple[SliceView, ...] = ()
    where: Filter | None = None
    keys: KeyPlan | None = None  # by which rows are paired; None: by position
    spreads: bool = False  # whether second moments are kept, for intervals
    groups: GroupView | None = None  # into which rows are dealt, for the bootstrap
    pairs: tuple[ComparedUnits, ...] = ()  # units that are compared row by row
    times: SliceView | None = None  # the time of each row, where they are compared over time
    watch: RowRecorder | None = None  # what to keep of single rows
    telling: tuple[Telling, ...] = ()  # columns that say which row is which, by position
    notes: tuple[str, ...] = ()  # what was understood of the columns, and is to be said

    def places(self) -> Iterator[tuple[Place, Slot]]:
        for side, slots in enumerate(self.sides):
            for index, slot in enumerate(slots):
                yield (side, index), slot

    def slot(self, place: Place) -> Slot:
        side, index = place
        return self.sides[side][index]

    def wants(self, side: int) -> list[ColumnRequest]:
        """What is asked of the source of a side: its columns, in the order of the slots."""
        return [
            ColumnRequest(slot.index, slot.kind, slot.width) for slot in self.sides[side] if not slot.made
        ]

    @property
    def weighted(self) -> bool:
        return self.weight is not None or self.class_weights is not None

    def measure(self, block: Block) -> Tally:
        """Check one block and measure it.

        Order of work: what both files hold must agree, missing values, weights, domains, losses.  A
        block with a fault is not measured: its run ends in an error.
        """
        tally = Tally(read=block.rows)
        listed = any(slot.made for _, slot in self.places())
        if listed:
            from losscli.measure.lists import check_labels, laid_out

            block = laid_out(block, self.sides)
        if any(
            slot.kind in ("class", "score") and slot.purpose in ("label", "pred") for _, slot in self.places()
        ):
            from losscli.measure.lists import note_list_texts

            note_list_texts(block, self.sides, tally.seen)
        for one, other in self.equal:
            self._compare(block, one, other, tally.faults)
        for at, telling in enumerate(self.telling):
            tally.agreements[at] = self._agreement(block, telling)
        if self.where is not None and not (kept := self.where.read(block)).all():
            _add(tally.dropped, {"where": int(np.count_nonzero(~kept))})
            block = block.take(kept)
        whole = block
        block = self._without_missing(block, tally)
        if listed:
            check_labels(block, self.sides, tally.faults, tally.seen)
        groups = [(block, list(range(len(self.units))))]
        if self.nan == "propagate" and whole is not block:
            lacks = [self._lacks(unit, whole) for unit in self.units]
            spared = [place for place, mask in enumerate(lacks) if mask is None]
            groups = [(whole, spared), (block, [place for place in groups[0][1] if place not in spared])]
        tally.used = (whole if self.nan == "propagate" else block).rows
        seen: set[View] = set()
        readings = [self._read(rows, units, seen, tally) for rows, units in groups]
        if tally.faults.found:
            return tally
        used = whole if self.nan == "propagate" else block
        cut_up = {id(rows): rows for rows in (used, *(rows for rows, units in groups if units))}
        cuts = {at: self._cut(rows) for at, rows in cut_up.items()}
        if self.slicings or self.groups is not None:
            from losscli.numbers.grouped_sums import added
            from losscli.numbers.sliced import SliceTally

            tally.slices = {
                at: SliceTally(np.bincount(codes)) for at, codes in enumerate(cuts[id(used)].codes)
            }
            tally.groups = {
                dealing: SliceTally(np.bincount(codes))
                for cut in reversed(cuts.values())  # the rows of all others are among the first's
                for dealing, codes in cut.dealt.items()
            }
            if used is not whole:
                # A slice that lost its last row here is still a slice, without a value.
                for at, slicing in enumerate(self.slicings):
                    held = tally.slices[at]
                    held.dropped = added(np.bincount(slicing.read(whole)), -held.used)
        if len(groups) > 1:
            self._propagate(whole, cuts[id(whole)], lacks, tally)
        for (rows, units), reading in zip(groups, readings, strict=True):
            if units:
                self._sum_all(rows, cuts[id(rows)], units, reading, tally)
        if self.watch is not None:
            better = {place: unit.loss.better for place, unit in enumerate(self.units)}
            tally.kept = self.watch.keep(used, tally.noted, better)
            tally.noted = {}
        return tally

    def _cut(self, block: Block) -> Cut:
        codes = [slicing.read(block) for slicing in self.slicings]
        return Cut(codes, {} if self.groups is None else self.groups.deal(block, codes))

    def _read(self, block: Block, units: Sequence[int], seen: set[View], tally: Tally) -> AdaptedBlock:
        """The views of some units over a block, checked; those of ``seen`` were, over these rows and others."""
        reading = AdaptedBlock(tally.faults, tally.seen)
        silent = AdaptedBlock(
            Violations(), {}, reading.touched, reading.classes, reading.names, reading.shared
        )
        views: list[View] = [view for place in units for _, view in self.units[place].views]
        if self.weight is not None and units:
            views.insert(0, self.weight)
        for view in sorted(views, key=lambda view: view not in seen) if seen else views:
            read(view, block, silent if seen and view in seen else reading)
        seen.update(views)
        for place in dict.fromkeys(at for view in views if is_of_classes(view) for at in places_of(view)):
            mark_classes(block, place, reading.seen)
        return reading

    def _sum_all(
        self, block: Block, cut: Cut, units: Sequence[int], reading: AdaptedBlock, tally: Tally
    ) -> None:
        weight = reading.shared[self.weight] if self.weight is not None else None
        if self.class_weights is not None:
            factor = self.class_weights.read(block, tally.weighed)
            weight = factor if weight is None else weight * factor
        counted: Mask | None = None
        if weight is not None and block.rows and weight.min() == 0.0:
            # A row of weight 0 is checked and counted, and enters no state.
            counted = weight > 0.0
            # Of the groups of units the largest holds the rows of all others.
            tally.zero_weight = max(tally.zero_weight, block.rows - int(np.count_nonzero(counted)))
            weight = weight[counted]
        arrays = {view: reading.shared[view] for place in units for _, view in self.units[place].views}
        if counted is not None:
            arrays = {view: array[counted] for view, array in arrays.items()}
        for place in units:
            for _, view in self.units[place].views if self.units[place].loss.state != "confusion" else ():
                if view in reading.classes and view not in tally.classes:
                    tally.classes[view] = classes_in(reading.classes[view], counted)
        summed = Summed()
        rows: dict[int, Measured] = {}
        for place in units:
            rows[place] = self._sum(
                place, self.units[place], block, cut, arrays, weight, counted, reading, summed, tally
            )
        for at, pair in enumerate(self.pairs):
            self._fight(at, pair, rows, cut.codes, block, tally)

    def _fight(
        self,
        at: int,
        pair: ComparedUnits,
        rows: Mapping[int, Measured],
        codes: Sequence[Ints],
        block: Block,
        tally: Tally,
    ) -> None:
        """Keep how two units differ row by row, over the whole and by slice."""
        from losscli.numbers.sliced import SlicedStates
        from losscli.statistics.intervals import rows_by_code
        from losscli.statistics.paired_difference import PairedDifference

        (base, weight, kept), (head, _, other) = rows[pair.base], rows[pair.head]
        if (kept is None) != (other is None) or (
            kept is not None and other is not None and not np.array_equal(kept, other)
        ):
            tally.duels[at] = PairedDifference.unlike()
            for place, all_codes in enumerate(codes):
                unlike = {code: PairedDifference.unlike() for code in np.unique(all_codes).tolist()}
                tally.slices[place].duels[at] = SlicedStates(unlike)
            return
        times = None
        if self.times is not None:
            times = self.times.read(block)
            times = times if kept is None else times[kept]
        tally.duels[at] = PairedDifference.of(base, head, weight, pair.better, times)
        for place, all_codes in enumerate(codes):
            here = all_codes if kept is None else all_codes[kept]
            tally.slices[place].duels[at] = SlicedStates(
                {
                    code: PairedDifference.of(
                        [c[found] for c in base],
                        [c[found] for c in head],
                        None if weight is None else weight[found],
                        pair.better,
                        None if times is None else times[found],
                    )
                    for code, found in rows_by_code(here)
                }
            )

    def _sum(
        self,
        place: int,
        unit: RowUnit,
        block: Block,
        cut: Cut,
        arrays: Mapping[View, Any],
        weight: Floats | None,
        counted: Mask | None,
        reading: AdaptedBlock,
        summed: Summed,
        tally: Tally,
    ) -> Measured:
        loss, params, kept = unit.loss, dict(unit.params), counted
        roles = {name: arrays[view] for name, view in unit.views}
        if (
            loss.keeps is not None
            and (stays := loss.keeps(**roles, **params)) is not None
            and not stays.all()
        ):
            tally.skipped[place] = {loss.skips: int(np.count_nonzero(~stays))}
            for at, codes in enumerate(cut.codes):
                left = (codes if counted is None else codes[counted])[~stays]
                tally.slices[at].skipped[place, loss.skips] = np.bincount(left)
            roles = {name: array[stays] for name, array in roles.items()}
            weight = None if weight is None else weight[stays]
            kept = _both(kept, stays)
        found, roots = loss.rows_and_roots(roles, params)
        columns = found if isinstance(found, tuple) else (found,)
        # What is summed; of squares beyond the range of a double, their roots.
        parts = columns if roots is None else (Squares.of(found, roots),)
        if self.watch is not None:
            noted = self.watch.note(place, loss, params, roles, columns[0], weight, block, kept)
            if noted is not None:
                tally.noted[place] = noted
        names = next((reading.names[view] for _, view in unit.views if view in reading.names), None)
        state = summed.state(STATES[loss.state], parts, weight, names)
        if isinstance(state, Sums) and any(total.nan for total in state.totals):
            self._refuse_nan(unit, columns, block, kept, tally.faults)
        if isinstance(state, Sums) and (roots is not None or not all(total.finite for total in state.totals)):
            infinite = ~np.logical_and.reduce([np.isfinite(column) for column in columns])
            if infinite.any():
                everywhere = infinite if kept is None else _both(kept, infinite)
                _, row = block.first(everywhere)
                state = with_infinite(state, int(np.count_nonzero(infinite)), row)
        tally.states[place] = state
        if self.spreads and isinstance(state, Sums):
            from losscli.statistics.intervals import Spread

            tally.spreads[place] = Spread.of(columns, weight)
        touched: dict[str, Any] = {name: find(**roles, **params) for name, find in loss.touches.items()}
        for _, view in unit.views:
            for name, mask in reading.touched.get(view, {}).items():
                touched[name] = mask if kept is None else mask[kept]
        counts = {name: int(np.count_nonzero(mask)) for name, mask in touched.items() if mask is not None}
        if any(counts.values()):
            tally.touched[place] = {name: count for name, count in counts.items() if count}
        for at, all_codes in enumerate(cut.codes):
            codes = all_codes if kept is None else all_codes[kept]
            self._slice(tally.slices[at], place, loss.state, parts, weight, names, codes, block, kept)
            for name in tally.touched.get(place, {}):
                tally.slices[at].touched[place, name] = np.bincount(codes[touched[name]])
            if self.spreads and isinstance(state, Sums):
                from losscli.numbers.sliced import SlicedStates
                from losscli.statistics.intervals import by_code

                tally.slices[at].spreads[place] = SlicedStates(by_code(columns, weight, codes))
        for dealing, all_codes in cut.dealt.items():
            codes = all_codes if kept is None else all_codes[kept]
            self._slice(tally.groups[dealing], place, loss.state, parts, weight, names, codes, block, kept)
        return columns, weight, kept

    def _refuse_nan(
        self, unit: RowUnit, columns: Sequence[Any], block: Block, kept: Mask | None, faults: Violations
    ) -> None:
        """Only an expression can have no value: the domains of the others see to it."""
        undefined = np.logical_or.reduce([np.isnan(column) for column in columns])
        everywhere = undefined if kept is None else _both(kept, undefined)
        needed = [where for _, view in unit.views for where in places_of(view)]
        # Where a cell is missing, as the text of an expression may be, its column is at fault; else it is the first.
        for where in [*needed, None]:
            missing = None if where is None else block.column(where).missing
            rows = everywhere if where is None else None if missing is None else everywhere & missing
            if rows is None or not rows.any():
                continue
            everywhere = everywhere & ~rows
            faults.add(ViolationKind(DOMAIN, where or needed[0], "value" if where is None else "no value"), Violation(
                block.first(rows)[1], f"`{unit.loss.canonical({})}` has no value here",
                "a loss needs a number for every row", "have none", "`--where` leaves rows out",
                int(np.count_nonzero(rows)),
            ))  # fmt: skip

    def _slice(
        self,
        tally: SliceTally,
        place: int,
        state: str,
        columns: Sequence[Any],
        weight: Floats | None,
        names: Any,
        codes: Ints,
        block: Block,
        kept: Mask | None,
    ) -> None:
        """Keep the same columns by slice."""
        from losscli.numbers.sliced import sliced

        if len(codes):
            numbers = block.row_numbers()
            rows = numbers if kept is None else numbers[kept]
            tally.states[place] = sliced(STATES[state], columns, weight, names, codes, rows)

    def _without_missing(self, block: Block, tally: Tally) -> Block:
        missing: Mask | None = None
        for purpose in ("label", "pred", "weight"):
            here: Mask | None = None
            for place, slot in self.places():
                mask = block.column(place).missing
                if slot.purpose != purpose or mask is None or not mask.any():
                    continue
                here = mask if here is None else here | mask
                if self.nan == "error":
                    tally.faults.add(ViolationKind(MISSING, place, "missing"), Violation(
                        block.first(mask, place[0])[1], "the value is missing",
                        self._need(place, slot), "have none here",
                        "`--nan drop` leaves such rows out, on both sides, and counts them",
                        int(np.count_nonzero(mask)),
                    ))  # fmt: skip
            if here is None:
                continue
            fresh = here if missing is None else here & ~missing
            if self.nan == "drop" and fresh.any():
                _add(tally.dropped, {f"missing_{purpose}": int(np.count_nonzero(fresh))})
            missing = here if missing is None else missing | here
        return block if missing is None else block.take(~missing)

    def _need(self, place: Place, slot: Slot) -> str:
        """What needs a value in every row: the role, or the expression that names the column."""
        for unit in self.units:
            named = (view for name, view in unit.views if name not in ("label", "pred"))
            if unit.loss.words_are_columns and any(place in places_of(view) for view in named):
                return f"`{unit.loss.canonical({})}` needs a value in every row"
        return f"every row needs a {slot.purpose}"

    def _lacks(self, unit: RowUnit, block: Block) -> Mask | None:
        """The rows that lack a value which a unit needs; None where all have it."""
        needed = {where for _, view in unit.views for where in places_of(view)}
        if self.weight is not None:
            needed.add(self.weight.column)
        if self.class_weights is not None:
            needed.add(self.class_weights.label)
        masks = [mask for where in needed if (mask := block.column(where).missing) is not None]
        lacks: Mask | None = np.logical_or.reduce(masks) if masks else None
        return lacks if lacks is not None and lacks.any() else None

    def _propagate(self, block: Block, cut: Cut, lacks: Sequence[Mask | None], tally: Tally) -> None:
        """Note, for every unit and slice, the rows that lack a value it needs."""
        from losscli.numbers.sliced import Missing

        for place, mask in enumerate(lacks):
            if mask is None:
                continue
            tally.missing[place] = Missing(int(np.count_nonzero(mask)), block.first(mask)[1])
            for at, slicing in enumerate(cut.codes):
                for code in np.unique(slicing[mask]).tolist():
                    here = mask & (slicing == code)
                    count = int(np.count_nonzero(here))
                    tally.slices[at].missing[place, code] = Missing(count, block.first(here)[1])

    def _agreement(self, block: Block, telling: Telling) -> Agreement:
        from losscli.pairing.telling import Agreement, Apart, apart_as_moments

        one, other = block.column(telling.one), block.column(telling.other)
        kind, other_kind = self.slot(telling.one).kind, self.slot(telling.other).kind
        apart = _differ(one, other, kind)
        if telling.moments:
            apart = apart_as_moments(one, other, apart)
        first = None
        if apart.any():
            at, row = block.first(apart, telling.one[0])
            first = Apart(row, _cell(one, at, kind), _cell(other, at, other_kind))
        return Agreement.of(one, other, kind, block.first_row, int(np.count_nonzero(apart)), first)

    def _compare(self, block: Block, one: Place, other: Place, faults: Violations) -> None:
        first, second = block.column(one), block.column(other)
        apart = _differ(first, second, self.slot(one).kind)
        if apart.any():
            at, row = block.first(apart, one[0])
            faults.add(ViolationKind(PAIRING, one, "equal"), Violation(
                row,
                f"the value is {_cell(first, at)}, and {_cell(second, at)} in {self.slot(other).file}",
                *_agreeing(self.slot(one)),
                int(np.count_nonzero(apart)),
            ))  # fmt: skip


def _agreeing(slot: Slot) -> tuple[str, str, str]:
    """What was wanted of a column that several files have, what was found, and what to do."""
    if slot.purpose == "label":
        return "models are compared on the same labels", "differ", "give the labels as a file of their own"
    name = slot.name
    return (
        "a column that both files have must agree, or be chosen with `preds.` or `labels.`", "differ",
        f"write `labels.{name}` or `preds.{name}` to choose one side",
    )  # fmt: skip


def _differ(one: AnyColumn, other: AnyColumn, kind: ColumnKind) -> Mask:
    if isinstance(one, NumberColumn) and isinstance(other, NumberColumn):
        apart: Mask = one.values != other.values
        if apart.ndim > 1:
            apart = np.logical_or.reduce(apart & ~(np.isnan(one.values) & np.isnan(other.values)), axis=1)
    elif isinstance(one, KeyColumn) and isinstance(other, KeyColumn):
        from losscli.pairing.text_cells import same_cells
        from losscli.table.keys import differ, differ_as_numbers

        if one.cells is not None and other.cells is not None and same_cells(one.cells, other.cells):
            apart = np.zeros(len(one), np.bool_)
        else:
            apart = differ(one.words, other.words)
        if kind not in INTEGER_KINDS and apart.any():
            apart = differ_as_numbers(one.words, other.words, apart)
    else:
        codes = common_codes(as_classes(one), as_classes(other))
        apart = codes[0] != codes[1]
    if one.missing is not None or other.missing is not None:
        absent = [np.zeros(len(one), bool) if c.missing is None else c.missing for c in (one, other)]
        apart = np.where(absent[0] | absent[1], absent[0] != absent[1], apart)
    return apart


def _cell(column: AnyColumn, at: int, kind: ColumnKind = "text_key") -> str:
    if column.missing is not None and column.missing[at]:
        return "missing"
    if isinstance(column, KeyColumn):
        from losscli.table.keys import shown

        return f"`{shown(column.words[:, at], 'int' if kind in INTEGER_KINDS else 'text')}`"
    if isinstance(column, NumberColumn):
        return f"`{column.values[at].tolist()!r}`"
    code = int(column.codes[at])
    return f"`{code if column.values is None else column.values[code]}`"


def _both(counted: Mask | None, stays: Mask) -> Mask:
    """A mask over all rows from one over the counted rows."""
    if counted is None:
        return stays
    both = counted.copy()
    both[counted] = stays
    return both


def _merge_slices(mine: dict[K, SliceTally], theirs: Mapping[K, SliceTally]) -> None:
    for slicing, tally in theirs.items():
        if slicing in mine:
            mine[slicing].merge(tally)
        else:
            mine[slicing] = tally


def _add(counts: dict[str, int], more: Mapping[str, int]) -> None:
    for name, count in more.items():
        counts[name] = counts.get(name, 0) + count
