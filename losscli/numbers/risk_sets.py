"""Rows at risk: for each time the exponentials of the scores of all rows that are watched until then or longer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from losscli.numbers.error_free import two_difference, two_sum
from losscli.numbers.exact import ExactSum

if TYPE_CHECKING:
    from losscli.numbers.ranks import Ranked
    from losscli.table.block import Floats, Ints

REACH = 300.0
"""How far scores may lie above that from which exponentials are measured."""
LEAST = 1e-150
"""An exponential of which the rest of a sum is a multiple that can be formed."""
AT_A_TIME = 1 << 18


def partial_likelihood(state: Ranked, *, share_ties: bool) -> Fraction:
    """Minus the log of Cox's partial likelihood, of rows in the order of their times from the last to the first.

    Each weighs as many rows as its weight says.  Events of one time have the same rows at risk; with ``share_ties`` one
    after the other leaves them, a share of each event at a time (Efron).
    """
    risk, total = _Risk(), Fraction(0)
    unit = Fraction(2) ** state.unit.exponent
    for part in state.weighed():
        starts = np.flatnonzero(np.diff(part.moments, prepend=-np.inf))
        ends = np.append(starts[1:], len(part.moments))
        seen, every = (side.astype(np.float64) * float(unit) for side in (part.seen, part.every))
        total -= ExactSum.of_products(seen, part.values).fraction
        for first, last in risk.stretches(part.values, ends):
            rows = slice(starts[first], ends[last - 1])
            total += risk.add(
                part.values[rows], seen[rows], every[rows], starts[first:last] - starts[first], share_ties
            )
    return total


@dataclass(slots=True)
class _Risk:
    """The exponentials of the scores of the rows so far, over that of ``base``: their sum, and what its rounding lost."""

    base: float = -np.inf
    sum: float = 0.0
    lost: float = 0.0

    def stretches(self, scores: Floats, ends: Ints) -> Iterator[tuple[int, int]]:
        """From which to which time scores are not far above the base; before each stretch the base is raised to fit.

        ``ends``: where the rows of each time end, of which the last has the greatest score.
        """
        tops = np.maximum.accumulate(scores[ends - 1])
        first = 0
        while first < len(ends):
            if tops[first] > self.base + REACH:
                with np.errstate(all="ignore"):
                    self.sum = float((self.sum + self.lost) * np.exp(self.base - tops[first]))
                self.base, self.lost = float(tops[first]), 0.0
            last = int(tops.searchsorted(self.base + REACH, "right"))
            yield first, last
            first = last

    def add(self, scores: Floats, seen: Floats, every: Floats, starts: Ints, share_ties: bool) -> Fraction:
        """Take in the rows of some times, and return the sum of the logs for their events."""
        ends = np.append(starts[1:], len(scores)) - 1
        with np.errstate(all="ignore"):
            off, rounding = two_difference(scores, self.base)
            sizes = np.where(off > -800.0, np.exp(off) * (1.0 + rounding), 0.0)
        terms = sizes * every
        # Added one after the other, with what each rounding loses.
        upto = np.cumsum(np.append(self.sum, terms))
        lost = np.cumsum(np.append(self.lost, two_sum(upto[:-1], terms)[1]))
        self.sum, self.lost = float(upto[-1]), float(lost[-1])
        upto += lost
        events, tied, others = (
            np.add.reduceat(x, starts) for x in (seen, sizes * seen, sizes * (every - seen))
        )
        some = np.flatnonzero(events)
        starts, ends, events = starts[some], ends[some], events[some]
        # Sums are measured by the greatest exponential of their time, where the rest is no more than a multiple of it.
        own = sizes[ends]
        near = own > LEAST
        by = np.where(near, own, 1.0)
        rest = (upto[ends] + (every[ends] - 1.0) * own) / by
        logs = np.where(near, np.log1p(rest), np.log(rest + own))
        total = ExactSum.of_products(events, np.where(near, scores[ends], self.base)).fraction
        if not share_ties:
            return total + ExactSum.of_products(events, logs).fraction
        total += ExactSum.of(logs).fraction
        tied, others = tied[some] / by, (upto[starts] + others[some]) / by
        for at, gone in _after_the_first(events):
            left = (events[at] - gone) / events[at]
            total += ExactSum.of(np.log(others[at] + left * tied[at])).fraction
        return total


def _after_the_first(events: Floats) -> Iterator[tuple[Ints, Ints]]:
    """For each event of a time but the first its time and how many are gone, in parts that fit."""
    upto = (events - 1.0).cumsum().astype(np.int64)
    for start in range(0, int(upto[-1]) if len(upto) else 0, AT_A_TIME):
        places = np.arange(start, min(start + AT_A_TIME, upto[-1]))
        at = upto.searchsorted(places, "right")
        yield at, places - upto[at] + events[at].astype(np.int64)
