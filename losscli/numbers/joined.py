"""States that join several states of the same rows."""

from __future__ import annotations

from losscli.numbers.extremes import Extremes
from losscli.numbers.states import Joined
from losscli.numbers.sums import Moments, Sums


class Sized(Joined):
    """Moments of label and prediction; the sum of the sizes of the label, its least and greatest value."""

    LAYOUT = ((Moments, (0, 1)), (Sums, (2,)), (Extremes, (0,)))
    __slots__ = ()


class Rivals(Joined):
    """Moments of the label with each of two predictions, and sums of further columns."""

    LAYOUT = ((Moments, (0, 1)), (Moments, (0, 2)), (Sums, (3, 4, 5, 6)))
    __slots__ = ()


class Deviances(Joined):
    """Moments of label and prediction, and sums of three further columns."""

    LAYOUT = ((Moments, (0, 1)), (Sums, (2, 3, 4)))
    __slots__ = ()
