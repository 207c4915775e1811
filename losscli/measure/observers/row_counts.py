"""How many rows were used, lost, skipped or touched, and how many lack a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from losscli.measure.observers.observer import Observer, UnitObserver
from losscli.numbers.fields import COUNT, rows_of
from losscli.numbers.row_count import RowCount

if TYPE_CHECKING:
    from losscli.measure.observers.observer import Cut, CutKey, MeasuredBlock
    from losscli.numbers.fields import PerGroup
    from losscli.table.block import Ints, Mask


class ReasonCounts(NamedTuple):
    """Numbers of rows by what is said of them."""

    rows: Mapping[str, PerGroup]

    @classmethod
    def of(cls, masks: Mapping[str, Mask], cut: Cut) -> ReasonCounts | None:
        """Of the rows that each mask names; None where it is none."""
        rows = {}
        for name, mask in masks.items():
            codes = None if cut.codes is None else cut.codes[mask]
            rows[name] = rows_of(int(np.count_nonzero(mask)), codes, cut.groups)
        return cls(rows) if rows else None

    def merge(self, other: ReasonCounts) -> ReasonCounts:
        """The counts of both, by what is said of the rows."""
        rows = dict(self.rows)
        for name, more in other.rows.items():
            rows[name] = COUNT.merge(rows[name], more) if name in rows else more
        return ReasonCounts(rows)

    def regrouped(self, codes: Ints, places: Ints, groups: int) -> ReasonCounts:
        """Those of the groups ``codes`` at other places, of ``groups``; those that share a place are added up."""
        return ReasonCounts(
            {name: COUNT.regrouped(rows, codes, places, groups) for name, rows in self.rows.items()}
        )

    def at(self, group: int) -> ReasonCounts:
        """Those of one group alone."""
        return ReasonCounts(
            {name: found for name, rows in self.rows.items() if (found := COUNT.at(rows, group))}
        )

    def each(self, codes: Ints) -> Iterable[ReasonCounts]:
        """Those of each of some groups alone."""
        held = self.regrouped(codes, np.arange(len(codes)), len(codes))
        counts = zip(*(COUNT.split(rows, len(codes)) for rows in held.rows.values()), strict=True)
        for found in counts if held.rows else [()] * len(codes):
            yield ReasonCounts({name: count for name, count in zip(held.rows, found, strict=True) if count})

    def to_json(self) -> dict[str, Any]:
        """By what is said of the rows, for `from_json`."""
        return {name: COUNT.to_json(rows) for name, rows in self.rows.items()}

    @classmethod
    def from_json(cls, held: Mapping[str, Any], groups: int | None = None) -> ReasonCounts:
        """What `to_json` wrote."""
        return cls({name: COUNT.from_json(rows, groups) for name, rows in held.items()})


@dataclass(frozen=True, slots=True)
class SeenRows(Observer):
    """The rows that are `used`, and those that were `lost` for a missing value: a slice of lost rows is a slice."""

    by_group = True

    def observe(self, block: MeasuredBlock, cut: CutKey) -> ReasonCounts:
        used = rows_of(block.used.block.rows, *block.used.cuts[cut])
        return ReasonCounts(
            {"used": used} | ({"lost": rows_of(0, *block.lost[cut])} if cut in block.lost else {})
        )


class LackingRows(UnitObserver):
    """The rows that lack a value which a unit needs, where they are not left out."""

    __slots__ = ()

    def observe(self, block: MeasuredBlock, cut: CutKey) -> RowCount | None:
        if self.unit not in block.lacks:
            return None
        mask = block.lacks[self.unit]
        return RowCount.of(block.used.block.row_numbers()[mask], *block.used.cuts[cut].take(mask))


class SkippedRows(UnitObserver):
    """The rows that the loss of a unit leaves out, by why."""

    __slots__ = ()

    def observe(self, block: MeasuredBlock, cut: CutKey) -> ReasonCounts | None:
        rows = block.units[self.unit]
        return ReasonCounts.of(rows.skipped, rows.rows.cuts[cut])


class TouchedRows(UnitObserver):
    """The rows whose values a convention of the loss of a unit changes, by the convention."""

    __slots__ = ()

    def observe(self, block: MeasuredBlock, cut: CutKey) -> ReasonCounts | None:
        rows = block.units[self.unit]
        return ReasonCounts.of(rows.touched, rows.cut(cut))
