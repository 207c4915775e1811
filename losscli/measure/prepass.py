"""The prepass: what must be known of values before they are measured.

Bind states its needs, this reads them, and bind makes the plan with the answers.  Where all rows must be folded, a
small plan of its own is folded like any other, and its tally goes into the plan that measures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from losscli.errors import DataError
from losscli.measure import bind
from losscli.measure.engines import threads
from losscli.measure.list_columns import MOST_LABELS
from losscli.measure.needs import Knowledge, Need, Unknown
from losscli.measure.refusals import no_rows
from losscli.measure.tally import Tally
from losscli.pairing.keyplan import KeyTypesDiffer
from losscli.reading.inputs import placed
from losscli.reading.select import looked_for
from losscli.table.block import AnyColumn, ClassColumn, ColumnKind, ColumnRequest
from losscli.table.cells import listed

if TYPE_CHECKING:
    from losscli.loss.matrix import ClassTable
    from losscli.measure.engines.pool import Outcome
    from losscli.measure.first_lists import FirstLists
    from losscli.measure.loss_request import LossRequest
    from losscli.measure.options import MeasureOptions
    from losscli.measure.plan import Plan
    from losscli.measure.training import Scales
    from losscli.reading.source import Source


def settled_plan(
    sources: Sequence[Source],
    requests: Sequence[LossRequest],
    options: MeasureOptions,
    jobs: int,
    known: Knowledge,
) -> Plan:
    """The plan of a call, and what must be read for it.  What is ``known`` is not read again.

    UsageError or DataError where the options do not fit the inputs, or what is read answers no need.
    """
    while True:
        try:
            return looked_for(partial(bind.plan, sources, requests, options, known))
        except KeyTypesDiffer as error:
            raise error.with_hint(sources) from None
        except Unknown as unknown:
            # In a name of its own: bind starts anew, as it keeps nothing but what is known.
            needs = unknown.needs
        for need in needs:
            try:
                known.answers[need] = READERS[need.subject](sources, need, jobs)
            except DataError as error:
                raise placed(error, sources) from None


def with_constants(plan: Plan, min_slice: int, run: Callable[[Plan], Outcome]) -> Plan:
    """The plan with the best constants of its losses as further units; for them ``run`` folds a plan of the labels."""
    # Imported here: few calls look for constants.
    from losscli.measure.constant_baseline import ConstantSearch

    search = ConstantSearch.of(plan)
    tally: Tally | None = Tally()
    if search.sought:
        tally = folded(run(search.made_of))
    return plan if tally is None else search.settled(tally, min_slice)


def folded(outcome: Outcome) -> Tally | None:
    """What a plan of the prepass keeps of all rows; None where a row is refused, which the plan that measures names."""
    if outcome.stop is not None and outcome.stop.row is None:
        raise outcome.stop  # of a whole file: no row comes before it
    return None if outcome.stop is not None or outcome.tally.faults.found else outcome.tally


def _column(sources: Sequence[Source], need: Need, kind: ColumnKind, jobs: int) -> Iterator[AnyColumn]:
    """The column of a need, from its first row to its last, in pieces."""
    ((side, index),) = need.columns
    return threads.column(sources[side], ColumnRequest(index, kind), jobs=jobs)


def _edges(sources: Sequence[Source], need: Need, jobs: int) -> tuple[float, ...]:
    """The edges of `bins` and `quantiles`, from the whole column."""
    from losscli.measure.slices import SliceKey, edges_of

    for source in sources:
        if source.rows == 0:
            raise no_rows(source)
    assert isinstance(need.key, SliceKey)
    pieces = _column(sources, need, "number", jobs)
    return edges_of(need.key, pieces, sources[need.columns[0][0]].path)


def _same_bytes(sources: Sequence[Source], need: Need, jobs: int) -> bool:
    """Whether two columns are stored in the same bytes, which makes their values the same."""
    (side, index), (other, place) = need.columns
    return sources[side].holds_the_same(index, sources[other], place, jobs)


def _labels(sources: Sequence[Source], need: Need, jobs: int) -> set[int | str]:
    """All labels that the lists of a column hold, or more than `MOST_LABELS` of them."""
    found: set[int | str] = set()
    for column in _column(sources, need, "labels", jobs):
        assert isinstance(column, ClassColumn)
        for text in column.values or ():
            found.update(listed(str(text)))
        if len(found) > MOST_LABELS:
            break
    return found


def _first_lists(sources: Sequence[Source], need: Need, jobs: int) -> FirstLists | None:
    """What the first lists of a column hold; None where its first rows hold none."""
    # Imported here: few columns hold lists.
    from losscli.measure.first_lists import first_lists

    ((side, index),) = need.columns
    return first_lists(sources[side], index)


def _costs(sources: Sequence[Source], need: Need, jobs: int) -> ClassTable:
    """The table of costs in a file."""
    from losscli.loss.matrix import read_table

    return read_table(need.path)


def _scales(sources: Sequence[Source], need: Need, jobs: int) -> Scales:
    """The scales of the series of a training file."""
    # Imported here: few losses have one.
    from losscli.measure.training import TrainingFile, read_scales

    assert isinstance(need.key, TrainingFile)
    return read_scales(need.key, jobs)


READERS: dict[str, Callable[[Sequence[Source], Need, int], Any]] = {
    "first lists": _first_lists,
    "labels": _labels,
    "same bytes": _same_bytes,
    "edges": _edges,
    "costs": _costs,
    "scales": _scales,
}
"""What answers each need."""
