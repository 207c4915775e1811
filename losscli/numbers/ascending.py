"""Rows in the order of a column, which is worked out range by range of its values.

Each block is sorted where it is folded, and rows that were put aside are a sorted run each.  A range takes little
memory, so that what is worked out is the same whether rows were put aside or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, NamedTuple, TypeVar

import numpy as np

from losscli.numbers.pieces import Stretch, joined
from losscli.numbers.values import Values
from losscli.numbers.whole_weights import WeightUnit
from losscli.table.workers import bounded, workers

if TYPE_CHECKING:
    from losscli.table.block import Floats

R = TypeVar("R")

AT_A_TIME = 1 << 18
"""Rows of a range of values, about."""
MOST_STRETCHES = 1 << 12
"""Where rows in memory are in more stretches, they are sorted anew."""


class Run(NamedTuple):
    """Rows of one kind whose first column ascends."""

    kind: int
    rows: Stretch

    @property
    def least(self) -> float:
        """The value of its first row."""
        return self.rows.value(self.rows.start)

    @property
    def greatest(self) -> float:
        """The value of its last row."""
        return self.rows.value(self.rows.stop - 1)


@dataclass(frozen=True, eq=False)
class Ascending(Values):
    """Rows whose first column ascends in each stretch of a piece."""

    jobs: int = 1
    """Ranges that are worked out side by side."""

    ASCENDING: ClassVar = True

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """The rows, each stretch a run."""
        held = [piece for piece in self.pieces if piece.in_memory]
        if sum(len(piece.codes) for piece in held) > MOST_STRETCHES:
            held = [joined(held, ascending=True)]
        pieces = (*held, *(piece for piece in self.pieces if not piece.in_memory))
        return tuple(Run(kind, rows) for piece in pieces for kind, rows in piece.stretches())

    @cached_property
    def unit(self) -> WeightUnit:
        """In which all weights are whole numbers."""
        weights = [piece.weight for piece in self.pieces if piece.weight is not None]
        parts = (held[at : at + AT_A_TIME] for held in weights for at in range(0, len(held), AT_A_TIME))
        return WeightUnit.of(parts, self.weight)

    def of_ranges(self, work: Callable[[Sequence[Run]], R], runs: Sequence[Run]) -> Iterator[R]:
        """What some work makes of each range of values of some runs, in order."""
        cuts = list(ranges(runs))
        jobs = min(self.jobs, len(cuts)) or 1
        _ = self.unit  # is worked out once, before threads ask for it
        with workers(jobs) as pool:
            yield from bounded(pool, work, cuts, ahead=jobs + 1)

    def weight_of(self, rows: Stretch) -> int:
        """What the rows of a stretch weigh, in the unit of all weights."""
        if rows.piece.weight is None:
            return len(rows)
        parts = (rows.piece.weight[part.start : part.stop] for part in in_parts(rows))
        return sum(int(self.unit.multiples(part).sum()) for part in parts)


def in_parts(rows: Stretch) -> Iterator[Stretch]:
    """A stretch in parts that fit."""
    for at in range(rows.start, rows.stop, AT_A_TIME):
        yield Stretch(rows.piece, at, min(at + AT_A_TIME, rows.stop))


def ranges(runs: Sequence[Run]) -> Iterator[list[Run]]:
    """What is of one range of values after the other, of each run that has any; only of one value it may not fit."""
    bounds = (*_bounds(runs), np.inf)
    places = [(run.rows.start, *run.rows.places(bounds).tolist()) for run in runs]
    for at in range(len(bounds)):
        cut = [
            Run(run.kind, Stretch(run.rows.piece, *ends[at : at + 2]))
            for run, ends in zip(runs, places, strict=True)
            if ends[at] < ends[at + 1]
        ]
        if cut:
            yield cut


def one_value(runs: Sequence[Run]) -> bool:
    """Whether all rows of some runs have one value."""
    value = runs[0].least
    return all(run.least == value == run.greatest for run in runs)


def _bounds(runs: Sequence[Run]) -> tuple[float, ...]:
    """Values that cut the rows into ranges that fit.  What is so frequent that it fills a range has one alone."""
    if sum(len(run.rows) for run in runs) <= AT_A_TIME:
        return ()
    step = max(1, AT_A_TIME // (2 * len(runs)))
    samples = np.sort(np.concatenate([_sampled(run.rows, step) for run in runs]))
    chosen = samples[AT_A_TIME // step :: AT_A_TIME // step]
    again = chosen[1:][chosen[1:] == chosen[:-1]]
    return tuple(np.unique(np.concatenate([chosen, np.nextafter(again, -np.inf)])).tolist())


def _sampled(rows: Stretch, step: int) -> Floats:
    """Every so-many-th value of a stretch."""
    places = range(rows.start + step - 1, rows.stop, step)
    if rows.piece.in_memory:
        found: Floats = rows.piece.columns[0][places.start : places.stop : step]
        return found
    return np.array([rows.value(place) for place in places])
