"""Pairs of rows become blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from losscli.table.block import AnyColumn, Block, Ints, take


@dataclass(frozen=True, slots=True)
class PairedSide:
    """The rows of one file that have a partner, in the order of the pairs.

    ``numbers``: the row in the file, from 0, of each row of ``columns``, or of the first where they follow
    one another.  ``places``: the rows of ``columns`` that are paired; None where all are, in their order.
    """

    columns: tuple[AnyColumn, ...]
    numbers: Ints | int
    places: NDArray[np.signedinteger] | None

    def columns_of(self, start: int, stop: int) -> tuple[AnyColumn, ...]:
        """The columns of pairs ``start`` to ``stop``."""
        if self.places is None:
            return tuple(column.slice(start, stop) for column in self.columns)
        places = self.places[start:stop]
        return tuple(take(column, places) for column in self.columns)

    def numbers_of(self, start: int, stop: int) -> Ints:
        """The row numbers of pairs ``start`` to ``stop``, from 0."""
        if isinstance(self.numbers, int):
            places = np.arange(start, stop) if self.places is None else self.places[start:stop]
            return places.astype(np.int64, copy=False) + self.numbers
        found: Ints = self.numbers[slice(start, stop) if self.places is None else self.places[start:stop]]
        return found


def blocks_of_pairs(sides: Sequence[PairedSide], pairs: int, chunk_rows: int) -> Iterator[Block]:
    """Blocks of at most ``chunk_rows`` pairs."""
    for start in range(0, pairs, chunk_rows):
        stop = min(start + chunk_rows, pairs)
        # Row numbers are worked out only when they are needed, since few calls need them.
        numbers = tuple(partial(side.numbers_of, start, stop) for side in sides)
        yield Block(0, stop - start, tuple(side.columns_of(start, stop) for side in sides), numbers)
