"""The values of groups, one a query, series or image: their exact mean, its interval, and the worst of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from losscli.loss.declare import Finished
from losscli.numbers.sums import Sums
from losscli.report.finish import rounded

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
    without: int = 0  # groups without a value that are not left out

    @property
    def mean(self) -> Finished:
        """The mean of the values."""
        return Sums.of((self.values,), self.weights).means[0]

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
            for at in self._worst(better).tolist()
        ]
        detail["groups"] = len(self.values) + self.without
        detail["worst"] = {**detail.get("worst", {}), "groups": worst}
        if len(self.values):
            least, most = float(self.values.min()), float(self.values.max())
            best = {"lower": least, "higher": most, "zero": float(abs(self.values).min())}[better]
            detail |= {"best": best, "median": float(np.median(self.values))}
        return detail

    def _worst(self, better: Better) -> Ints:
        """The places of the worst groups, the worst first, and of equal ones the first in the order of labels."""
        ranks = {"lower": -self.values, "higher": self.values, "zero": -abs(self.values)}[better]
        found = np.arange(len(ranks))
        if len(found) > WORST:
            found = np.flatnonzero(ranks <= np.partition(ranks, WORST - 1)[WORST - 1])
        order = ranked([self.labels[at] for at in found.tolist()])
        worst: Ints = found[np.lexsort((order, ranks[found]))][:WORST]
        return worst


def _mean_of_drawn(states: Sequence[Any]) -> dict[PartName, float | None]:
    """The mean over the groups that a resample draws."""
    return {frozenset(): rounded(states[0].means[0])[0]} if states[0].weight.units else {}


def ranked(labels: Sequence[Value]) -> Ints:
    """The rank of each label: numbers by size where all are numbers, else as text; a missing one is the last."""
    texts = np.array(["" if label is None else label for label in labels], dtype=np.str_)
    missing = np.array([label is None for label in labels], dtype=np.bool_)
    numbers = np.zeros(len(texts))
    try:
        numbers[~missing] = texts[~missing].astype(np.float64)
    except ValueError:
        numbers[:] = 0.0
    ranks = np.empty(len(texts), np.int64)
    ranks[np.lexsort((texts, numbers, missing))] = np.arange(len(texts))
    return ranks
