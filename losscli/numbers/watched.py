"""Rows that are watched until a time: how likely a row still is, by Kaplan and Meier's estimate."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from losscli.numbers.exact import ExactSum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from losscli.numbers.ranks import Ranked

SPARE = 128
"""Binary digits of a chance beyond those of the least that it can be."""


class Watched(NamedTuple):
    """Rows up to some times.

    ``mean`` adds up the second values of those whose event was seen until the last time, times their share of the weight
    of all rows, each over the chance to be watched until then.  ``chances`` are those to be watched until each of the
    times: 0 where the longest watch ended before without an event.
    """

    mean: Fraction
    chances: tuple[Fraction, ...]


def watched(state: Ranked, until: Sequence[float]) -> Watched:
    """The rows of a state up to some ascending times.  Of one time, events come before the ends of other watches.

    A chance is a whole number of parts of ``one``, which is multiplied by the share of the rows that stay and rounded
    down time by time, so that the same rows give the same bits.  It is at least what stays of what all rows weigh.
    """
    whole = left = state.total
    chance = one = 1 << SPARE + left.bit_length()
    mean, passed = Fraction(0), list[int]()
    for part in state.weighed():
        stop = int(part.moments.searchsorted(until[-1], "right"))
        starts = np.flatnonzero(np.diff(part.moments[:stop], prepend=-np.inf))
        if not len(starts):
            break
        times = part.moments[starts].tolist()
        seen, every = (np.add.reduceat(side[:stop], starts).tolist() for side in (part.seen, part.every))
        chances = []
        for time, events, rows in zip(times, seen, every, strict=True):
            while time > until[len(passed)]:
                passed.append(chance)
            chances.append(chance * whole)
            left -= events
            if rows > events:
                chance = chance * (left - rows + events) // left
                left -= rows - events
        some = np.flatnonzero(part.seen[:stop])
        at = (starts.searchsorted(some, "right") - 1).tolist()
        # A row is among those that stay, so that its share over the chance is at most 1.
        shares = [weight * one / chances[k] for weight, k in zip(part.seen[some].tolist(), at, strict=True)]
        mean += ExactSum.of_products(np.array(shares), part.values[some]).fraction
    passed += [chance] * (len(until) - len(passed))
    return Watched(mean, tuple(Fraction(each, one) for each in passed))
