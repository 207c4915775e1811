"""What must be known of values before they are measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from losscli.errors import DataError
from losscli.measure.engines import threads
from losscli.reading.inputs import placed
from losscli.table.block import AnyColumn, ColumnRequest

if TYPE_CHECKING:
    from losscli.measure.lists import ReadColumn
    from losscli.measure.plan import Plan
    from losscli.reading.source import Source


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
