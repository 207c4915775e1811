"""The values of groups, one a query, series or image: their exact mean, its interval, and the worst of them."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from fractions import Fraction
from heapq import nsmallest
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from losscli.loss.declare import Finished
from losscli.numbers.exact import round_fraction
from losscli.numbers.sums import Sums
from losscli.report.finish import rounded
from losscli.report.within import Within

if TYPE_CHECKING:
    from losscli.loss.spec import Better
    from losscli.measure.slices import Value
    from losscli.statistics.intervals import Estimate, IntervalSpec
    from losscli.table.block import Floats, Ints

WORST = 10
"""The worst groups that a result names."""

PartName: TypeAlias = frozenset[tuple[str, str]]
"""Which part of a measure; empty for the whole."""


class GroupValues(NamedTuple):
    """The groups that have a value, in the order of meeting, and how many have none."""

    labels: Sequence[Value]
    values: Floats
    weights: Floats | None
    rows: Ints
    skipped: Mapping[str, int]  # groups without a value that are left out, by why
    without: int  # groups without a value that are not left out
    bounds: Floats | None = None  # how far each value may be from the exact one; None: they are exact

    @property
    def mean(self) -> Finished | Within:
        """The mean of the values."""
        mean = Sums.of((self.values,), self.weights).means[0]
        if self.bounds is None:
            return mean
        bound = Sums.of((np.minimum(self.bounds, sys.float_info.max),), self.weights).means[0]
        return Within(mean, lambda: (mean - bound, mean + bound))

    def estimate(self, value: float, interval: IntervalSpec) -> Estimate:
        """The standard error and the interval of the mean: the groups are what varies."""
        from losscli.statistics.spread import Spread

        state, spread = Sums.of((self.values,), self.weights), Spread.of((self.values,), self.weights)
        if interval.method != "bootstrap":
            from losscli.statistics.intervals import estimate_mean

            return estimate_mean(value, state, spread, interval)
        from losscli.statistics.bootstrap import Resampled
        from losscli.statistics.groups import dealt_values

        codes, groups = dealt_values(self.labels)
        drawn = Sums.of((self.values,), self.weights, None, codes, groups)
        resampled = Resampled.of(groups, [drawn], interval, _mean_of_drawn)
        return resampled.estimate({}, state, spread)

    def detail(self, better: Better, more: Mapping[str, Any] | None) -> dict[str, Any]:
        """How many groups there are, and the worst of them; beside what else is known of the rows."""
        detail = dict(more or {})
        worst = [
            {"group": self.labels[at], "value": float(self.values[at]), "rows": int(self.rows[at])}
            for at in self._worst(better)
        ]
        detail["groups"] = len(self.values) + self.without
        detail["worst"] = {**detail.get("worst", {}), "groups": worst}
        if len(self.values):
            least, most = float(self.values.min()), float(self.values.max())
            best = {"lower": least, "higher": most, "zero": float(abs(self.values).min())}[better]
            detail |= {"best": best, "median": _median(self.values)}
        return detail

    def _worst(self, better: Better) -> list[int]:
        """The places of the worst groups, the worst first, and of equal ones the first in the order of labels."""
        ranks = {"lower": -self.values, "higher": self.values, "zero": -abs(self.values)}[better]
        found = np.arange(len(ranks))
        if len(found) > WORST:
            found = np.flatnonzero(ranks <= np.partition(ranks, WORST - 1)[WORST - 1])
        places = found.tolist()
        keys = zip(ranks[found].tolist(), label_keys([self.labels[at] for at in places]), places, strict=True)
        return [at for _, _, at in nsmallest(WORST, keys)]


def _median(values: Floats) -> float:
    """The middle value, or the middle between the two."""
    middle = (len(values) - 1) // 2, len(values) // 2
    low, high = np.partition(values, middle)[list(middle)].tolist()
    return round_fraction((Fraction(low) + Fraction(high)) / 2)


def _mean_of_drawn(states: Sequence[Any]) -> dict[PartName, float | None]:
    """The mean over the groups that a resample draws."""
    return {frozenset(): rounded(states[0].means[0])[0]} if states[0].weight.units else {}


def label_keys(labels: Sequence[Value]) -> list[tuple[bool, float, str]]:
    """What labels are ordered by: numbers by size where all are numbers, else text; a missing one is the last."""
    try:
        numbers = [math.inf if label is None else float(label) for label in labels]
    except ValueError:
        numbers = []
    if not numbers or any(map(math.isnan, numbers)):
        numbers = [0.0] * len(labels)
    return [(label is None, number, label or "") for label, number in zip(labels, numbers, strict=True)]
