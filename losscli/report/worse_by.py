"""How much worse one value is than another, in the direction of its loss, exactly.

Every double counts as its shortest decimal, so that a change from 0.8 to 0.6 is 0.2 and no more.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from losscli.numbers.exact import decimal, round_fraction

BADNESS: dict[str, Callable[[Fraction], Fraction]] = {
    "lower": lambda value: value,
    "higher": lambda value: -value,
    "zero": abs,
}
"""What grows as a value gets worse, by what is better."""

ALIKE = Fraction(1, 1 << 20)
"""How far, relative to itself, an exact difference may lie from that of the decimals to count as it."""


def change(better: str, base: float, head: float) -> Fraction:
    """How much worse a value is than that of the base, in the shortest decimals of both."""
    badness = BADNESS[better]
    return badness(decimal(head)) - badness(decimal(base))


def exact_change(better: str, base: Fraction, head: Fraction) -> Fraction:
    """The same of values that are not rounded: of their difference and that of their decimals the shorter one.

    Means of 0.8 and 0.6 differ by 0.2, where the doubles differ by more; means of 4/3 and 17/6 by 1.5, where their
    decimals differ by more.  Values that agree in nearly all of their digits differ by what decimals do not show.
    """
    badness = BADNESS[better]
    exact = badness(head) - badness(base)
    ends = round_fraction(base), round_fraction(head)
    if not all(math.isfinite(end) for end in ends):
        return exact
    plain = change(better, *ends)
    if abs(plain - exact) > ALIKE * abs(exact):
        return exact
    return min(exact, plain, key=lambda one: len(repr(round_fraction(one))))
