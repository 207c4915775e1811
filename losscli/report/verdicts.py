"""Verdicts from a difference and its standard error, for one comparison or for a family of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from losscli.errors import UsageError
from losscli.numbers.exact import round_fraction
from losscli.report.comparison import Compared, Test
from losscli.report.options import VERDICTS
from losscli.report.records import in_doubles
from losscli.statistics.distributions import t_quantile, t_upper
from losscli.statistics.holm import holm
from losscli.statistics.intervals import IntervalSpec, one_side

if TYPE_CHECKING:
    from losscli.report.options import VerdictWord
    from losscli.table.block import Ints

POWER = 0.8
"""The probability with which the least detectable difference would be found."""


def check_rule(margin: float, fail_on: Sequence[str]) -> None:
    """Raise UsageError for a margin below 0 or an unknown verdict."""
    if not (margin >= 0.0 and math.isfinite(margin)):
        raise UsageError(f"`--margin {margin:g}` is not a number from 0 on")
    for word in fail_on:
        if word not in VERDICTS:
            raise UsageError(f"no verdict is called `{word}`", hint=f"they are {', '.join(VERDICTS)}")


@dataclass(frozen=True, slots=True)
class Rule:
    """What decides a verdict; ``ranks`` orders rows, by their number, where they are compared over time."""

    margin: float
    interval: IntervalSpec
    ranks: Ints | None = None

    @property
    def level(self) -> float:
        """The level of the intervals."""
        return self.interval.level


@dataclass(frozen=True, slots=True)
class Chances:
    """P-values of four hypotheses: no difference, not worse and not better by more than the margin, not the same."""

    different: float
    worse: float
    better: float
    same: float

    @classmethod
    def of(cls, difference: float, error: float, freedom: float, margin: float) -> Chances:
        """The chances of a difference as far from the margin, by Student's t with ``freedom`` degrees."""

        def beyond(gap: float, *, ends: bool = False) -> float:
            if error == 0.0:
                return 0.0 if gap > 0.0 or (ends and gap == 0.0) else 1.0
            return t_upper(gap / error, freedom)

        different = 1.0 if difference == 0.0 else min(1.0, 2.0 * beyond(abs(difference)))
        same = max(beyond(margin - difference, ends=True), beyond(margin + difference, ends=True))
        return cls(different, beyond(difference - margin), beyond(-difference - margin), same)

    def agreeing(self, p_value: float, difference: float | None) -> Chances:
        """With the two-sided p-value of another test, than which no verdict is more certain of a difference."""
        side = p_value / 2.0
        worse = max(self.worse, side) if (difference or 0.0) > 0.0 else self.worse
        better = max(self.better, side) if (difference or 0.0) < 0.0 else self.better
        return replace(self, different=p_value, worse=worse, better=better)


MAY_OVERFLOW = {
    "weight": "the sum of the weights",
    "stderr": "the standard error",
    "ci": "an end of the interval",
    "detectable": "the detectable difference",
}
"""The fields of a comparison that may overflow, and their names in its note."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A comparison before its verdict."""

    compared: Compared
    chances: Chances | None = None

    def settled(self, rule: Rule) -> Compared:
        """The comparison with its verdict; without a correction, it is the one that the interval gives."""
        return in_doubles(self._settled(rule), MAY_OVERFLOW)

    def _settled(self, rule: Rule) -> Compared:
        if self.chances is None:
            return self.compared
        side = float(one_side(rule.level))
        verdict: VerdictWord = "inconclusive"
        if self.chances.worse <= side:
            verdict = "worse"
        elif self.chances.better <= side:
            verdict = "better"
        elif self.chances.same <= side:
            verdict = "same"
        return replace(self.compared, verdict=verdict)


def at_odds(ci: Mapping[str, Any], p_value: float) -> list[str]:
    """A note where an interval and the p-value of another test do not agree on a difference."""
    apart = ci["low"] > 0.0 or ci["high"] < 0.0
    if apart == (p_value <= 1.0 - ci["level"]):
        return []
    one, other = ("the interval", "the p-value") if apart else ("the p-value", "the interval")
    return [f"{one} shows a difference, and {other} does not"]


def by_t(one: Compared, worse_by: Fraction, error: float, freedom: float, rule: Rule, test: Test) -> Draft:
    """The comparison with an interval and p-values by Student's t."""
    difference = round_fraction(worse_by)
    half = t_quantile(1.0 - float(one_side(rule.level)), freedom) * error
    if not math.isfinite(abs(difference) + half):
        return Draft(replace(one, note="no interval: its ends exceed the largest double"))
    ci = {"low": difference - half, "high": difference + half, "level": rule.level, "method": test}
    chances = Chances.of(difference, error, freedom, rule.margin)
    detectable = half + t_quantile(POWER, freedom) * error
    p_value = chances.different
    return Draft(
        replace(one, stderr=error, ci=ci, test=test, p_value=p_value, detectable=detectable), chances
    )


def corrected(family: Sequence[Draft]) -> list[Draft]:
    """The drafts of one family with their p-values adjusted by Holm's step-down."""
    chances = [astuple(draft.chances) for draft in family if draft.chances is not None]
    adjusted = zip(*map(holm, zip(*chances, strict=True)), strict=True)
    found = []
    for draft in family:
        if draft.chances is not None:
            corrected_chances = Chances(*next(adjusted))
            compared = replace(draft.compared, p_adjusted=corrected_chances.different)
            draft = Draft(compared, corrected_chances)
        found.append(draft)
    return found
