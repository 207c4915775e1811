"""What to read and what to measure, decided before the data; and measuring one block of it.

A plan is a value: paths, columns, losses by name, policies.  It pickles.  Measuring a block gives a
`Tally`, and tallies merge: the fold over any cut of the rows is the fold over the whole, to the bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from losscli.block import Block, ClassColumn, Floats, Kind, Mask, NumberColumn, Place
from losscli.faults import Fault, Faults
from losscli.faults import Kind as FaultKind
from losscli.loss import Loss, ParamValue
from losscli.state import STATES, Mean, Moments, State
from losscli.views import MISSING, PAIRING, NumberView, Reading, Seen, View, as_classes, common_codes, read

NanPolicy: TypeAlias = Literal["error", "drop"]
Purpose: TypeAlias = Literal["label", "pred", "weight", "other"]


@dataclass(frozen=True, slots=True)
class Slot:
    """A column that the plan reads: which of its file, what it is read as, and what it is for."""

    index: int
    name: str
    file: str
    kind: Kind
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Measure:
    """One loss for one prediction: the form chosen, its parameters, and the view of each role."""

    loss: Loss
    params: tuple[tuple[str, ParamValue], ...]
    views: tuple[tuple[str, View], ...]
    pred: str  # the column, or columns, as the user named them

    @property
    def values(self) -> dict[str, ParamValue]:
        return dict(self.params)

    @property
    def key(self) -> tuple[Any, ...]:
        """Measures with the same key share one state: `mse` and `rmse`."""
        rows = {name: value for name, value in self.params if name in self.loss.row_params}
        function = self.loss.state if self.loss.state != "mean" else self.loss.rows
        return (function, tuple(sorted(rows.items())), self.views)


@dataclass(slots=True)
class Tally:
    """What is known of some rows: counts, faults and the states of every measure, by key."""

    read: int = 0
    used: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    seen: Seen = field(default_factory=dict)
    states: dict[tuple[Any, ...], State] = field(default_factory=dict)
    touched: dict[tuple[Any, ...], dict[str, int]] = field(default_factory=dict)
    skipped: dict[tuple[Any, ...], dict[str, int]] = field(default_factory=dict)

    def merge(self, other: Tally) -> None:
        """Take the other's rows in; the order does not change the outcome."""
        self.read += other.read
        self.used += other.used
        _add(self.dropped, other.dropped)
        self.faults.merge(other.faults)
        for mark, row in other.seen.items():
            self.seen[mark] = min(self.seen.get(mark, row), row)
        for key, state in other.states.items():
            known = self.states.get(key)
            self.states[key] = state if known is None else known.merge(state)  # type: ignore[arg-type]
        for mine, theirs in ((self.touched, other.touched), (self.skipped, other.skipped)):
            for key, counts in theirs.items():
                _add(mine.setdefault(key, {}), counts)


@dataclass(frozen=True, slots=True)
class Plan:
    """Columns to read, measures to take, and what to do with missing values."""

    sides: tuple[tuple[Slot, ...], ...]
    measures: tuple[Measure, ...]
    weight: NumberView | None = None
    equal: tuple[tuple[Place, Place], ...] = ()  # columns that must hold the same values
    nan: NanPolicy = "error"
    chunk_rows: int = 1 << 16

    def places(self) -> Iterator[tuple[Place, Slot]]:
        for side, slots in enumerate(self.sides):
            for index, slot in enumerate(slots):
                yield (side, index), slot

    def slot(self, place: Place) -> Slot:
        side, index = place
        return self.sides[side][index]

    @property
    def weighted(self) -> bool:
        return self.weight is not None

    def empty(self) -> Tally:
        """The tally of no rows."""
        states = {m.key: STATES[m.loss.state].empty(weighted=self.weighted) for m in self.measures}
        return Tally(states=states)

    def measure(self, block: Block) -> Tally:
        """Check one block and measure it.

        Order of work: what both files hold must agree, missing values, weights, domains, losses.  A
        block with a fault is not measured: its run ends in an error.
        """
        tally = Tally(read=block.rows)
        reading = Reading(tally.faults, tally.seen, {}, {})
        for one, other in self.equal:
            self._compare(block, one, other, tally.faults)
        block = self._without_missing(block, tally)
        weight = read(self.weight, block, reading) if self.weight is not None else None
        roles = {view: read(view, block, reading) for m in self.measures for _, view in m.views}
        tally.used = block.rows
        if tally.faults.found:
            return tally
        counted: Mask | None = None
        if weight is not None and block.rows and weight.min() == 0.0:
            # A row of weight 0 is checked and counted, and enters no state.
            counted = weight > 0.0
            weight = weight[counted]
        for measure in self.measures:
            key = measure.key
            if key not in tally.states:
                self._measure_one(measure, block, roles, weight, counted, reading, tally)
        return tally

    def _measure_one(
        self,
        measure: Measure,
        block: Block,
        views: Mapping[View, Any],
        weight: Floats | None,
        counted: Mask | None,
        reading: Reading,
        tally: Tally,
    ) -> None:
        loss, key = measure.loss, measure.key
        kept = counted
        roles = {name: views[view] for name, view in measure.views}
        params = {name: value for name, value in measure.params if name in loss.row_params}
        if counted is not None:
            roles = {name: array[counted] for name, array in roles.items()}
        if (
            loss.keeps is not None
            and (stays := loss.keeps(**roles, **params)) is not None
            and not stays.all()
        ):
            tally.skipped[key] = {loss.skips: int(np.count_nonzero(~stays))}
            roles = {name: array[stays] for name, array in roles.items()}
            weight = None if weight is None else weight[stays]
            kept = _both(kept, stays)
        if loss.state == "moments":
            tally.states[key] = Moments.of(roles["label"], roles["pred"], weight)
        else:
            column = loss.measure_rows(roles, params)
            state = Mean.of(column, weight)
            if not state.total.finite:
                state = _with_first_infinite(state, column, block, kept)
            tally.states[key] = state
        touched = {name: count(**roles, **params) for name, count in loss.touches.items()}
        for _, view in measure.views:
            for name, mask in reading.touched.get(view, {}).items():
                touched[name] = int(np.count_nonzero(mask if kept is None else mask[kept]))
        if any(touched.values()):
            tally.touched[key] = {name: count for name, count in touched.items() if count}

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
                    tally.faults.add(FaultKind(MISSING, place, "missing"), Fault(
                        block.row(int(np.argmax(mask))), "the value is missing",
                        f"every row needs a {slot.purpose}", "have none here",
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

    def _compare(self, block: Block, one: Place, other: Place, faults: Faults) -> None:
        first, second = block.column(one), block.column(other)
        differ = _differ(first, second)
        if differ.any():
            at = int(np.argmax(differ))
            faults.add(FaultKind(PAIRING, one, "equal"), Fault(
                block.row(at),
                f"the value is {_cell(first, at)}, and {_cell(second, at)} in {self.slot(other).file}",
                "a column that both files have must agree, or be chosen with `preds.` or `labels.`", "differ",
                f"write `labels.{self.slot(one).name}` or `preds.{self.slot(one).name}` to choose one side",
                int(np.count_nonzero(differ)),
            ))  # fmt: skip


def _differ(one: NumberColumn | ClassColumn, other: NumberColumn | ClassColumn) -> Mask:
    if isinstance(one, NumberColumn) and isinstance(other, NumberColumn):
        differ: Mask = one.values != other.values
    else:
        codes = common_codes(as_classes(one, None), as_classes(other, None))
        differ = codes[0] != codes[1]
    if one.missing is not None or other.missing is not None:
        absent = [np.zeros(len(one), bool) if c.missing is None else c.missing for c in (one, other)]
        differ = np.where(absent[0] | absent[1], absent[0] != absent[1], differ)
    return differ


def _cell(column: NumberColumn | ClassColumn, at: int) -> str:
    if column.missing is not None and column.missing[at]:
        return "missing"
    if isinstance(column, NumberColumn):
        return f"`{float(column.values[at])!r}`"
    code = int(column.codes[at])
    return f"`{code if column.values is None else column.values[code]}`"


def _with_first_infinite(state: Mean, column: Floats, block: Block, kept: Mask | None) -> Mean:
    at = int(np.argmax(~np.isfinite(column)))
    index = at if kept is None else int(np.flatnonzero(kept)[at])
    return replace(state, first_infinite=block.row(index))


def _both(counted: Mask | None, stays: Mask) -> Mask:
    """A mask over all rows from one over the counted rows."""
    if counted is None:
        return stays
    both = counted.copy()
    both[counted] = stays
    return both


def _add(counts: dict[str, int], more: Mapping[str, int]) -> None:
    for name, count in more.items():
        counts[name] = counts.get(name, 0) + count
