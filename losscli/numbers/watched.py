"""Rows that are watched until a time: how likely a row still is, by Kaplan and Meier's estimate."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from losscli.numbers.exact import ExactSum

if TYPE_CHECKING:
    from losscli.numbers.ranks import Ranked

SPARE = 128
"""Binary digits of a chance beyond those of the least that it can be."""


class Watched(NamedTuple):
    """Rows up to a time.

    ``seen`` is what those weigh whose event was seen, and ``mean`` adds up their second values times their share of the
    weight of all rows, each over the chance to be watched until then.  ``left`` is what the rows beyond the time weigh,
    ``chance`` that to be watched until it.
    """

    seen: int
    mean: Fraction
    left: int
    chance: Fraction


def watched(state: Ranked, until: float) -> Watched:
    """The rows of a state up to a time.  Where an event and the end of a watch fall on one time, the event is first.

    A chance is a whole number of parts of ``one``, which is multiplied by the share of the rows that stay and rounded
    down time by time, so that the same rows give the same bits.  It is at least what stays of what all rows weigh.
    """
    whole = left = state.total
    chance = one = 1 << SPARE + left.bit_length()
    total, mean = 0, Fraction(0)
    for part in state.weighed():
        stop = int(part.moments.searchsorted(until, "right"))
        starts = np.flatnonzero(np.diff(part.moments[:stop], prepend=-np.inf))
        if not len(starts):
            break
        seen, every = (np.add.reduceat(side[:stop], starts).tolist() for side in (part.seen, part.every))
        total += sum(seen)
        chances = []
        for events, rows in zip(seen, every, strict=True):
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
    return Watched(total, mean, left, Fraction(chance, one))
