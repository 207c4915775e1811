"""The outcome of a run, and batches that are decoded ahead on threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Protocol

from losscli.errors import DataError
from losscli.measure.memory import half_of_free
from losscli.measure.tally import Tally
from losscli.numbers.states import GROWING
from losscli.reading.inputs import row_name
from losscli.table.block import Batch
from losscli.table.workers import bounded, workers

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from losscli.measure.observers.file_rows import RowTable
    from losscli.measure.plan import Plan
    from losscli.pairing import Paired
    from losscli.pairing.bad_keys import KeyTally
    from losscli.reading.source import Part, Source

BATCH_ROWS = 1 << 16

Advance = Callable[[int, int], None]
"""Called with the rows measured and the bytes read since the last call."""


@dataclass(slots=True, eq=False, repr=False)
class Outcome:
    """The tally of the rows that could be read, and what stopped the reading, if anything did."""

    tally: Tally
    stop: DataError | None = None
    paired: Paired | None = None  # by key
    warnings: list[str] = field(default_factory=list)  # what is to be said of how the work was done
    keys: KeyTally | None = None  # by key, from which `settled` finds what is wrong with them
    file_rows: Sequence[Sequence[int]] = ()  # of each side's files, where another process has counted them

    def take_in(self, other: Outcome) -> None:
        """Add the rows that come behind these."""
        if self.stop is not None:  # what lies behind an error is not asked for
            return
        self.tally.merge(other.tally)
        self.stop = other.stop
        self.file_rows = self.file_rows or other.file_rows
        if self.keys is None:
            self.keys = other.keys
        elif other.keys is not None:
            self.keys.merge(other.keys)


def settled(outcome: Outcome, plan: Plan, sources: Sequence[Source], jobs: int) -> Outcome:
    """The outcome of all rows, with what is wrong with their keys; states of the whole are worked out."""
    if outcome.keys is not None and outcome.stop is None:
        outcome.stop, outcome.paired = key_error(outcome.keys, plan, sources), outcome.keys.paired
        if outcome.stop is not None:
            # What is wrong with keys goes before what is wrong with the values beside them.
            outcome.tally = Tally()
    outcome.tally.add_up()
    outcome.tally.finish_with(jobs)
    return outcome


def key_error(keys: KeyTally, plan: Plan, sources: Sequence[Source]) -> DataError | None:
    """Why the keys of a plan do not pair the rows, if so."""
    assert plan.keys is not None
    return keys.error(plan.keys, [partial(row_name, source) for source in sources], whole=not plan.of_part)


class Sink(Protocol):
    """Takes single rows: in their order by position, in any order by key."""

    def add(self, rows: RowTable) -> None:
        """Take the rows of a block."""

    def restart(self) -> None:
        """Forget all rows: they will come again, paired in another way."""


class Journal(Protocol):
    """Keeps what a run has measured, so that it goes on from there where it was cut short."""

    before: Outcome  # of the rows that were measured before
    complete: bool  # whether these are all
    parts: int  # by key, in so many shares of the keys

    def keep(self, outcome: Outcome, reached: int) -> None:
        """Called with the outcome of all rows before a row; by key, of so many of the parts."""


def empty_tally(plan: Plan, sink: Sink | None, memory: int | None) -> Tally:
    """An empty tally that sends single rows to ``sink`` and holds no more than ``memory`` bytes of states.

    None: half of what is free, which is asked only where states grow.
    """
    growing = any(unit.loss.state in GROWING for unit in plan.units)
    limit = (memory or half_of_free()) if growing else None
    if sink is None:
        return Tally(memory=limit)
    sink.restart()
    return Tally(sink=sink.add, memory=limit)


def decoded_batches(
    source: Source,
    parts: Iterable[Part],
    chunk_rows: int,
    pool: ThreadPoolExecutor | None,
    jobs: int,
    stack: ExitStack,
) -> Iterator[Batch]:
    """One side's batches in order, decoded ahead of the measuring where there are threads for it."""
    if pool is None:
        return batches_of(parts, chunk_rows)
    if source.rows is None:  # small parts, cut from text: decoded side by side
        ready = bounded(
            pool, lambda part: list(part.batches(max(chunk_rows, BATCH_ROWS))), parts, ahead=jobs + 1
        )
        return (batch for batches in ready for batch in batches)
    # Parts of any size: one thread of their own runs through them, a few batches ahead.
    reader = stack.enter_context(workers(1, at_least=True))
    batches = batches_of(parts, chunk_rows)
    return _until_none(bounded(reader, lambda _: next(batches, None), count(), ahead=2 * jobs))


def _until_none(batches: Iterator[Batch | None]) -> Iterator[Batch]:
    for batch in batches:
        if batch is None:
            return
        yield batch


def batches_of(parts: Iterable[Part], chunk_rows: int) -> Iterator[Batch]:
    """The batches of some parts, one behind the other."""
    for part in parts:
        yield from part.batches(chunk_rows)
