"""Thresholds at all different scores, and what rows weigh that each calls positive: of losses in `curves`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from losscli.loss.declare import Column, Undefined
from losscli.numbers.whole_weights import Whole

if TYPE_CHECKING:
    from losscli.numbers.order import Steps
    from losscli.table.block import Floats

MOST_POINTS = 200
"""Of a curve in the detail of a result."""


def both_classes(order: Scored) -> Undefined | None:
    """Why a loss of positives against negatives has no value, where one of them is lacking."""
    negative, positive = order.totals_of(2)
    if negative and positive:
        return None
    return Undefined(
        f"every label is {'positive' if positive else 'negative'}: it takes rows of both classes", absent=True
    )


def some_positive(order: Scored) -> Undefined | None:
    """Why a loss of the positives has no value, where there is none."""
    return None if order.totals_of(2)[1] else Undefined("every label is negative", absent=True)


class Scored(Protocol):
    """Rows of two kinds, negatives and positives, in the order of their scores: all of them, or of bins what they weigh."""

    def totals_of(self, kinds: int) -> tuple[int, ...]:
        """What the rows of each of so many kinds weigh, in the unit of all weights."""

    def steps(self, kinds: int) -> Iterator[Steps]:
        """All different scores, ascending, with the weights of so many kinds."""

    def marks(self, most: int) -> Floats:
        """Different scores, ascending, at most so many."""

    def totals_up_to(self, values: Floats, kinds: int) -> tuple[list[int], ...]:
        """By kind, what the rows weigh that are not above each of some ascending scores."""


class Cuts(NamedTuple):
    """Thresholds at different scores, ascending, and what rows weigh in the unit of all weights.

    ``up`` and ``down`` are the positives and the negatives with each score; ``true`` and ``false`` those that the
    threshold calls positive, at the score or above it.
    """

    up: Whole
    down: Whole
    true: Whole
    false: Whole

    def where(self, chosen: Column) -> Cuts:
        """Some of the thresholds."""
        return Cuts(*(column[chosen] for column in self))


def cuts(order: Scored) -> Iterator[Cuts]:
    """The thresholds at all different scores, a range of them at a time."""
    false, true = order.totals_of(2)
    for _, (down, up) in order.steps(2):
        found = Cuts(up, down, true - (up.cumsum() - up), false - (down.cumsum() - down))
        yield found
        true, false = int(found.true[-1] - up[-1]), int(found.false[-1] - down[-1])


def first(order: Scored, test: Callable[[Cuts], Any]) -> tuple[int, ...]:
    """The lowest threshold that passes a test, which the highest passes."""
    for at in cuts(order):
        passed = test(at)
        if passed.any():
            return tuple(int(column[passed.argmax()]) for column in at)
    raise ValueError("no threshold passes")


def quotients(part: Whole, whole: Whole) -> Column:
    """``part / whole``, each rounded once where both are below 2**53 or are Python's integers."""
    found: Column = np.true_divide(part, whole).astype(np.float64)
    return found


def precisions(at: Cuts) -> Column:
    """Which share is positive of what each threshold calls so."""
    return quotients(at.true, at.true + at.false)


def precisions_above(at: Cuts) -> Column:
    """The precision of the next higher threshold, and 1 where it calls nothing positive."""
    true, called = at.true - at.up, at.true + at.false - at.up - at.down
    return np.where(called > 0, quotients(true, np.maximum(called, 1)), 1.0)


def points(order: Scored) -> tuple[list[float | None], list[int], list[int]]:
    """Some thresholds, descending to none, and what weighs above each of them: the negatives and the positives."""
    negative, positive = order.totals_of(2)
    marks = order.marks(MOST_POINTS - 1)
    below = order.totals_up_to(marks, 2)
    false, true = (
        [total - weight for weight in reversed(weights)] + [total]
        for total, weights in zip((negative, positive), below, strict=True)
    )
    return [*reversed(marks.tolist()), None], false, true


def roc_curve(order: Scored) -> dict[str, Any] | None:
    """The ROC curve for pictures: what each threshold calls positive is above it."""
    negative, positive = order.totals_of(2)
    if not (negative and positive):
        return None
    above, false, true = points(order)
    return {
        "roc": {"above": above, "fpr": [w / negative for w in false], "tpr": [w / positive for w in true]}
    }


def precision_recall_curve(order: Scored) -> dict[str, Any] | None:
    """The precision-recall curve for pictures, from the highest threshold above which there are rows."""
    _, positive = order.totals_of(2)
    if not positive:
        return None
    found = [point for point in zip(*points(order), strict=True) if point[1] or point[2]]
    return {
        "pr": {
            "above": [threshold for threshold, _, _ in found],
            "recall": [true / positive for _, _, true in found],
            "precision": [true / (true + false) for _, false, true in found],
        }
    }
