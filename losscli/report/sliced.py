"""The slices of a report in their order, and the means of many slices at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from losscli.measure.observers.row_counts import LackingRows, SeenRows, SkippedRows, TouchedRows
from losscli.measure.observers.states import UnitState
from losscli.measure.slices import order_of
from losscli.measure.tally import Tally
from losscli.numbers.fields import COUNT
from losscli.numbers.grouped_sums import GroupedSums, grouped
from losscli.numbers.quotients import quotients
from losscli.numbers.sums import Sums

if TYPE_CHECKING:
    from losscli.measure.constant_views import RowGroup
    from losscli.measure.slices import SliceView, Value
    from losscli.report.outcomes import Finisher
    from losscli.table.block import Ints, Mask

OTHER = "other"

COUNTED = (SkippedRows, TouchedRows, LackingRows)
"""What is said beside a mean of the rows of some slices."""


class Slice(NamedTuple):
    """The values that name a slice, what is known of its rows, and whose constant it has."""

    values: tuple[str | None, ...]
    tally: Tally
    group: RowGroup


def _chosen(values: Sequence[Value], places: Ints) -> Sequence[Value]:
    """The values at some places."""
    return list(map(values.__getitem__, places.tolist()))


class ShownSlices(NamedTuple):
    """The slices that have rows, or lost them for a missing value, in their order; those that are folded are one."""

    tally: Tally
    place: int
    columns: Sequence[Sequence[Value]]  # the values of those that are kept, by column of the slicing
    kept: Ints  # their codes
    folded: Ints

    @classmethod
    def of(cls, view: SliceView, tally: Tally, place: int, min_slice: int) -> ShownSlices:
        """The slices of one slicing that have results; those of fewer than ``min_slice`` rows are one."""
        labels, rows = tally.labels[place], tally.kept[SeenRows(), place].rows
        used = COUNT.chosen(rows["used"], np.arange(len(labels)))
        either = used + COUNT.chosen(rows["lost"], np.arange(len(labels))) if "lost" in rows else used
        codes = np.flatnonzero(either)
        columns = [_chosen(values, codes) for values in labels.columns]
        codes = codes[order_of(columns)]
        large = used[codes] >= min_slice
        kept = codes[large]
        return cls(tally, place, [_chosen(values, kept) for values in labels.columns], kept, codes[~large])

    def each(self, chosen: Mask | None = None) -> Iterator[Slice]:
        """Those of the kept slices that are chosen, and what is folded."""
        codes, columns = self.kept, self.columns
        if chosen is not None:
            codes = codes[chosen]
            columns = [_chosen(values, np.flatnonzero(chosen)) for values in columns]
        parts = self.tally.slices(self.place, codes.tolist())
        for values, part in zip(zip(*columns, strict=True), parts, strict=True):
            yield Slice(values, part, values)
        if len(self.folded):
            rest = Tally()
            for part in self.tally.slices(self.place, self.folded.tolist()):
                rest.merge(part)
            yield Slice((OTHER,) * len(columns), rest, None)

    def means(self, finisher: Finisher) -> SliceMeans | None:
        """The means of a measure in the kept slices; None where its results are more than numbers."""
        loss, parts = finisher.loss, finisher.measure.parts
        held = {what: state for (what, cut), state in self.tally.kept.items() if cut == self.place}
        units = (SeenRows, UnitState, *COUNTED)
        if not (loss.is_mean and loss.state == "sums" and loss.detail is None and len(parts) == 1):
            return None
        if not all(isinstance(what, units) for what in held):
            return None
        state, groups = held.get(UnitState(parts[0].unit)), len(self.tally.labels[self.place])
        if not isinstance(state, Sums):
            return None
        total, weight = grouped(state.totals[0]), grouped(state.weight)
        ones = GroupedSums.of_counts(np.ones(groups, np.int64))
        pairs = ((total, weight), (total, ones), (weight, ones))
        value, summed, weighed = (quotients(over, under, groups)[self.kept] for over, under in pairs)
        single = COUNT.chosen(state.rows, self.kept) == 0
        for numbers in (value, summed, weighed):
            single |= ~np.isfinite(numbers)
        for what, counted in held.items():
            if isinstance(what, COUNTED) and what.unit == parts[0].unit:
                for rows in [counted.rows] if isinstance(what, LackingRows) else counted.rows.values():
                    single |= COUNT.chosen(rows, self.kept) != 0
        if single.all():
            return None
        first = int(np.argmin(single))
        single[first] = True
        rows = COUNT.chosen(held[SeenRows()].rows["used"], self.kept)
        columns: dict[str, Any] = {"value": value, "sum": summed, "rows": rows, "weight": weighed}
        return SliceMeans(single, first, {name: numbers.tolist() for name, numbers in columns.items()})


class SliceMeans(NamedTuple):
    """Fields of the results of many slices; of ``single`` ones more is to be said, or is said for the others."""

    single: Mask
    first: int  # the one that says it for all others
    columns: dict[str, list[Any]]
