"""Values and their intervals side by side, placed on one scale: slices, and differences of models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from losscli.show.lines import value_text


class Span(NamedTuple):
    """One value, the ends of its interval if it has one, and what is said beside it."""

    name: str
    value: float | None
    ci: Mapping[str, Any] | None
    said: str = ""

    @property
    def value_text(self) -> str:
        """The value with the digits of a table."""
        return value_text(self.value)

    @property
    def interval(self) -> str:
        """The interval with the digits of a table, or a dash."""
        return "–" if self.ci is None else f"{value_text(self.ci['low'])} to {value_text(self.ci['high'])}"

    @property
    def numbers(self) -> list[float]:
        """The value and the ends of the interval."""
        held = [self.value, *([self.ci["low"], self.ci["high"]] if self.ci is not None else [])]
        return [number for number in held if number is not None]


class Place(NamedTuple):
    """Where a value and its interval are drawn, in hundredths of the width; None is not drawn."""

    dot: str | None
    left: str | None
    width: str | None


class Spans(NamedTuple):
    """Values on one scale from ``low`` to ``high``, with a line across it at ``level``."""

    title: str
    spans: Sequence[Span]
    low: float
    high: float
    level: float | None  # of all rows, or of no difference
    level_name: str
    more: int = 0  # left out

    @property
    def level_at(self) -> str | None:
        """The place of the value of the whole, as CSS takes it; None without one."""
        return None if self.level is None else self._at(self.level)

    @property
    def has_intervals(self) -> bool:
        """Whether any of them has an interval."""
        return any(span.ci is not None for span in self.spans)

    @property
    def said(self) -> str:
        """The scale, and what the line is."""
        line = "" if self.level is None else f"; the line is {self.level_name}"
        return f"From {value_text(self.low)} to {value_text(self.high)}{line}."

    def places(self) -> list[tuple[Span, Place]]:
        """Each with its place in the picture."""
        return [(span, self._place(span)) for span in self.spans]

    def _place(self, span: Span) -> Place:
        dot = None if span.value is None else self._at(span.value)
        if span.ci is None or span.ci["low"] is None or span.ci["high"] is None:
            return Place(dot, None, None)
        left, right = self._at(span.ci["low"]), self._at(span.ci["high"])
        return Place(dot, left, f"{max(float(right) - float(left), 0.5):.2f}")

    def _at(self, value: float) -> str:
        if self.high == self.low:
            return "50.00"
        # As fractions, since the distance of two doubles may exceed the greatest one.
        low = Fraction(self.low)
        return f"{float(100 * (Fraction(value) - low) / (Fraction(self.high) - low)):.2f}"


def spans_of(
    title: str, spans: Sequence[Span], level: float | None, level_name: str, *, most: int
) -> Spans | None:
    """The first ``most`` values on a scale that holds them and the level; None where there is no value."""
    numbers = [number for span in spans[:most] for number in span.numbers]
    if not numbers:
        return None
    numbers += [level] if level is not None else []
    low, high = min(numbers), max(numbers)
    return Spans(title, spans[:most], low, high, level, level_name, max(0, len(spans) - most))
