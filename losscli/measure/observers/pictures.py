"""Counts in bins, from which pictures are drawn: of the losses of rows, of labels and of predictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np

from losscli.measure.observers.binned import Binned, Coverage, Grid, Histogram, Scores
from losscli.measure.observers.observer import Observer

if TYPE_CHECKING:
    from typing import Any

    from losscli.measure.observers.observer import CutKey, MeasuredBlock, UnitRows

PictureKind: TypeAlias = Literal["residuals", "scores", "coverage"]


class BinnedCounts(NamedTuple):
    """Counts in bins by what is drawn, and of what."""

    binned: Mapping[tuple[str, str], Any]

    def merge(self, other: BinnedCounts) -> BinnedCounts:
        """The counts of both, by what they are of."""
        binned = dict(self.binned)
        for key, counts in other.binned.items():
            binned[key] = binned[key].merge(counts) if key in binned else counts
        return BinnedCounts(binned)


@dataclass(frozen=True, slots=True)
class PicturedLoss(Observer):
    """A histogram of the losses of a unit."""

    unit: int
    name: str
    by_slice = False

    def observe(self, block: MeasuredBlock, cut: CutKey) -> BinnedCounts | None:
        counts = Histogram.of(block.units[self.unit].columns[0])
        return None if counts is None else BinnedCounts({("loss", self.name): counts})


@dataclass(frozen=True, slots=True)
class PicturedColumns(Observer):
    """Counts of a label and a prediction for pictures; the unit reads both."""

    unit: int
    name: str
    kind: PictureKind
    by_slice = False

    def observe(self, block: MeasuredBlock, cut: CutKey) -> BinnedCounts:
        return BinnedCounts(
            {(what, self.name): counts for what, counts in self._binned(block.units[self.unit])}
        )

    def _binned(self, rows: UnitRows) -> Iterator[tuple[str, Binned]]:
        label, pred = rows.roles["label"], rows.roles["pred"]
        if self.kind == "coverage":
            yield "coverage", Coverage.of(label, pred, rows.params["levels"])
        elif self.kind == "scores":
            yield "scores", Scores.of(label, pred)
        else:
            with np.errstate(all="ignore"):
                residual = label - pred
            found = (
                ("residual", Histogram.of(residual)),
                ("residual_by_pred", Grid.of(pred, residual)),
                ("label_by_pred", Grid.of(pred, label)),
            )
            yield from ((what, counts) for what, counts in found if counts is not None)
