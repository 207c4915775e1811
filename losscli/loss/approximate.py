"""How a loss that keeps every row is had, approximately, of counts that merge: with ``approx=N``.

Values are rounded to N significant binary digits, and only what the rows weigh at each rounded value is kept
(`losscli.numbers.counted`).  The value of the loss is what its function makes of these, and the exact value lies between
the least and the greatest that rows so rounded could have.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple


class Approximate(NamedTuple):
    """The approximate form of a loss, declared beside its exact one."""

    state: str
    """The kind of state, whose `middle` and `extremes` are given to the function of the loss."""
    ends: Callable[[Any], Sequence[Any]] | None = None
    """The least and the greatest value, from the `middle`; None: the function of the `extremes` gives them."""
    function: Callable[..., Any] | None = None
    """What is given the state in place of the function of the loss."""
    rounding: float = 0.0
    """By what share of themselves these values may be wrong, where the function rounds on its way."""
