"""What is known of the rows measured so far: counts, violations, and the state of every unit.

Tallies merge: the fold over any cut of the rows is the fold over the whole, to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from losscli.errors import DataError
from losscli.measure.adapt import FirstSeen, View
from losscli.numbers.by_group import added
from losscli.numbers.row_count import RowCount
from losscli.table.violations import Violations

if TYPE_CHECKING:
    from losscli.measure.row_recorder import BlockRows, RecordedRows, RowTable
    from losscli.pairing.shared_ids import Agreement
    from losscli.statistics.groups import Dealing, Groups
    from losscli.statistics.paired_difference import PairedDifference
    from losscli.statistics.spread import Spread
    from losscli.table.block import Ints

K = TypeVar("K")


@dataclass(slots=True)
class Constant:
    """The best constant of a unit, and the state of the unit's rows with it; or why there is none."""

    best: Any = None  # as it is shown
    state: Any = None
    why: str | None = None

    def merge(self, other: Constant) -> Constant:
        """Of rows with the same constant."""
        if self.why is not None or other.why is not None:
            return Constant(why=self.why or other.why)
        return Constant(self.best, self.state.merge(other.state))


@dataclass(slots=True)
class SliceTally:
    """What is known of the rows of every slice of one slicing: states of many groups."""

    used: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    dropped: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))  # for a missing value
    states: dict[int, Any] = field(default_factory=dict)
    touched: dict[tuple[int, str], Ints] = field(default_factory=dict)
    skipped: dict[tuple[int, str], Ints] = field(default_factory=dict)
    missing: dict[int, RowCount] = field(default_factory=dict)  # by unit
    spreads: dict[int, Spread] = field(default_factory=dict)  # where intervals are asked for
    duels: dict[int, PairedDifference] = field(default_factory=dict)  # by the place of the pair of units
    constants: dict[tuple[int, Hashable], Mapping[int, Any]] = field(default_factory=dict)  # each by slice

    def merge(self, other: SliceTally) -> None:
        self.used = added(self.used, other.used)
        self.dropped = added(self.dropped, other.dropped)
        pairs: list[tuple[dict[int, Any], Mapping[int, Any]]] = [
            (self.states, other.states), (self.spreads, other.spreads), (self.duels, other.duels),
            (self.missing, other.missing),
        ]  # fmt: skip
        for held, more in pairs:
            for at, one in more.items():
                held[at] = held[at].merge(one) if at in held else one
        for mine, theirs in ((self.touched, other.touched), (self.skipped, other.skipped)):
            for key, counts in theirs.items():
                mine[key] = added(mine[key], counts) if key in mine else counts


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
    missing: dict[int, RowCount] = field(default_factory=dict)  # rows without a value, where they propagate
    slices: dict[int, SliceTally] = field(default_factory=dict)  # by the place of the slicing
    groups: dict[Dealing, SliceTally] = field(default_factory=dict)  # for the bootstrap
    drawn: Groups | None = None  # the same when all is read
    spreads: dict[int, Spread] = field(default_factory=dict)  # of units, where intervals are asked for
    duels: dict[int, PairedDifference] = field(default_factory=dict)  # by the place of the pair of units
    constants: dict[tuple[int, Hashable], Constant] = field(
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
        add_counts(self.dropped, other.dropped)
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
                add_counts(mine.setdefault(unit, {}), counts)
        for unit, missing in other.missing.items():
            self.missing[unit] = self.missing[unit].merge(missing) if unit in self.missing else missing
        _merge_slices(self.slices, other.slices)
        _merge_slices(self.groups, other.groups)
        if other.drawn is not None:
            self.drawn = other.drawn if self.drawn is None else self.drawn.merge(other.drawn)
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


def _merge_slices(mine: dict[K, SliceTally], theirs: Mapping[K, SliceTally]) -> None:
    for slicing, tally in theirs.items():
        if slicing in mine:
            mine[slicing].merge(tally)
        else:
            mine[slicing] = tally


def add_counts(counts: dict[str, int], more: Mapping[str, int]) -> None:
    """Add to counts by name."""
    for name, count in more.items():
        counts[name] = counts.get(name, 0) + count
