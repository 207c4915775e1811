"""Rows that are kept, drawn again group by group: the state of each resample, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from losscli.numbers.fields import COUNT
from losscli.numbers.grouped_sums import grouped
from losscli.numbers.pieces import Piece, Rows, joined

if TYPE_CHECKING:
    from losscli.table.block import Floats, Ints


@dataclass(frozen=True, eq=False)
class DrawnRows:
    """The states of resamples: in row r of ``counts`` stands how often it draws each group."""

    state: Any  # `Values`, which make it
    counts: Floats

    @cached_property
    def _rows(self) -> tuple[Piece, Ints]:
        """All rows as those of one group, and the group of each."""
        ascending = self.state.ASCENDING
        pieces = []
        for piece in self.state.pieces:
            codes = np.repeat(piece.codes, np.diff(piece.starts))
            one = replace(
                piece,
                columns=(*(column[:] for column in piece.columns), codes),
                codes=np.where(piece.codes < 0, -1, 0),
            )
            pieces.append(one)
        whole = joined(pieces, ascending=ascending)
        return replace(whole, columns=whole.columns[:-1]), whole.columns[-1]

    def split(self, groups: int) -> Iterator[Any]:
        """The state of each resample."""
        return map(self.at, range(groups))

    def at(self, resample: int) -> Any:
        """The state of one resample."""
        (whole, codes), counts = self._rows, self.counts[resample].astype(np.int64)
        times = counts[codes]
        rows = Rows(whole.columns, whole.weight).take(np.repeat(np.arange(len(codes)), times))
        ends = np.concatenate(([0], times.cumsum()))
        piece = Piece(*rows, whole.codes, whole.kinds, ends[whole.starts])
        one = self.counts[resample : resample + 1]
        weight: Any = grouped(self.state.weight).resampled(one)
        return type(self.state)(
            (piece,), weight.at(0), COUNT.resampled(self.state.rows, one)[0].item(), self.state.columns
        )
