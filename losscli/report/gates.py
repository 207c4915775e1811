"""Gates: which limits the results of a report keep, and why not.

A limit is compared with the unrounded value, its ends included; every double counts as its shortest decimal,
which puts doubles in the same order.  A limit that cannot be evaluated fails, and says why: nothing passes
because it is not there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from losscli.errors import DataError
from losscli.loss.domains import number
from losscli.measure.loss_request import LossRequest, names_of
from losscli.numbers.exact import decimal
from losscli.report.baseline import Baseline, unlike
from losscli.report.limits import Limit, limits_of
from losscli.report.records import LimitVerdict, Report, Result
from losscli.report.slice_pattern import matches, slice_text, split_pattern
from losscli.report.worse_by import change
from losscli.statistics.holm import holm
from losscli.text import plural

if TYPE_CHECKING:
    from losscli.advise.compat import Bundle
    from losscli.report.options import GateOptions


@dataclass(frozen=True, slots=True)
class Gate:
    """All limits of a call."""

    limits: tuple[Limit, ...]
    baseline: Baseline | None

    @classmethod
    def of(cls, options: GateOptions) -> Gate:
        """The limits of a call, and the saved result that they compare with."""
        limits = limits_of(options)
        return cls(limits, Baseline.read(options.baseline) if options.baseline is not None else None)

    @property
    def losses(self) -> list[str]:
        """The losses that must be measured for it."""
        return list(dict.fromkeys(limit.loss for limit in self.limits))

    def under(self, bundle: Bundle) -> Gate:
        """The gate of losses with the parameters of a library."""
        return replace(self, limits=tuple(replace(one, loss=bundle.spec(one.loss)) for one in self.limits))

    @property
    def needs_intervals(self) -> bool:
        """Whether a limit looks at the interval of a value."""
        return any(limit.inconclusive is not None for limit in self.limits)

    def judge(self, report: Report) -> Report:
        """The report with its verdicts, and with the baseline's value beside each result."""
        if not self.limits and self.baseline is None:
            return report
        before, warnings = None, list(report.warnings)
        if self.baseline is not None:
            if self.baseline.report is None and not self.limits:
                raise DataError(self.baseline.why or "")
            found = [self.baseline.of(result) for result in report.results]
            before = [one.value if isinstance(one, Result) else None for one in found]
            if self.baseline.report is not None:
                warnings += unlike(self.baseline.report, report)
        verdicts = [v for limit in self.limits for v in _judge(limit, report.results, self.baseline)]
        gate = None
        if self.limits:
            passed = all(verdict.passed for verdict in verdicts)
            gate = {"passed": passed, "limits": [verdict.to_json() for verdict in verdicts]}
        return replace(report, gate=gate, before=before, warnings=warnings)


def failures(gate: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The failed limits of a judged report, worst first: what could not be evaluated, then by excess."""
    failed = [limit for limit in gate["limits"] if not limit["passed"]]
    return sorted(failed, key=lambda limit: -excess(limit))


# ---------------------------------------------------------------------- one limit


def _judge(limit: Limit, results: Sequence[Result], baseline: Baseline | None) -> list[LimitVerdict]:
    """A verdict for every result that the limit bounds; a failed one where there is none."""
    cases = [_Case(limit, result, baseline) for result in _bounded(limit, results)]
    vanished = _vanished(limit, results, baseline)
    if not cases and not vanished:
        slices = split_pattern(limit.slice) if limit.slice is not None else {}
        why = _absent(limit, results)
        names = names_of(limit.loss)
        name = min(names) if len(names) == 1 else str(LossRequest.of(limit.loss).spec)
        return [LimitVerdict(name, None, {}, slices, limit.kind, limit.text, None, None, False, why)]
    if limit.correction == "holm":
        _correct(cases)
    return [case.verdict() for case in cases] + vanished


def _bounded(limit: Limit, results: Sequence[Result]) -> list[Result]:
    """The whole of every prediction, or every part where there is no whole; or the slices named."""
    names = names_of(limit.loss)
    bounded = [r for r in results if r.loss in names]
    if limit.slice is None:
        bounded = [r for r in bounded if not r.slice]
    else:
        bounded = [r for r in bounded if r.slice and matches(limit.slice, r.slice)]
    whole = {(r.pred, _frozen(r.slice)) for r in bounded if not r.part}
    return [r for r in bounded if not r.part or (r.pred, _frozen(r.slice)) not in whole]


def _absent(limit: Limit, results: Sequence[Result]) -> str:
    """Why there is no result that the limit bounds."""
    names = names_of(limit.loss)
    of_loss = [r for r in results if r.loss in names]
    if not of_loss:
        there = ", ".join(dict.fromkeys(f"`{r.loss}`" for r in results))
        return f"there is no result of it; there are {there}" if there else "there is no result at all"
    slices = list(dict.fromkeys(slice_text(r.slice) for r in of_loss if r.slice))
    if limit.slice is None:
        return "there are results of slices only"
    if not slices:
        return f"there is no slice {limit.slice}: the rows were not cut into slices (`--by`)"
    return (
        f"there is no slice {limit.slice}: there are {', '.join(slices[:8])}{' …' if len(slices) > 8 else ''}"
    )


def _vanished(limit: Limit, results: Sequence[Result], baseline: Baseline | None) -> list[LimitVerdict]:
    """Slices and parts of the baseline that a limit bounds and that are there no more."""
    if limit.kind != "max_regression" or baseline is None or baseline.report is None:
        return []
    now = _bounded(limit, results)
    if limit.slice is None and not any(r.part for r in now):
        return []
    here = {(_frozen(r.part), _frozen(r.slice)) for r in now}
    then = _bounded(limit, baseline.report.results)
    return [
        LimitVerdict(
            r.loss, r.pred, r.part, r.slice, limit.kind, limit.text, None, r.value, False,
            f"the baseline has this {'slice' if r.slice else 'part'}, and it is there no more",
        )
        for r in then
        if (_frozen(r.part), _frozen(r.slice)) not in here
    ]  # fmt: skip


@dataclass(slots=True)
class _Case:
    """One limit against one result."""

    limit: Limit
    result: Result
    baseline: Baseline | None
    # Of Holm's correction: how sure it is that the value lies beyond the limit, and within.
    adjusted: tuple[float, float] | None = field(init=False, default=None)
    before: Result | None = field(init=False, default=None)
    why: str | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.why = self._why_not()

    def _why_not(self) -> str | None:
        """Why the limit cannot be evaluated; None where it can."""
        if self.limit.kind == "max_regression":
            if self.baseline is None:
                return "no baseline was given (`--baseline FILE`)"
            found = self.baseline.of(self.result)
            if isinstance(found, str):
                return found
            self.before = found
        if self.result.value is None:
            return f"the value is not defined: {self.result.note or 'no reason was saved'}"
        if self.result.rows < self.limit.min_rows:
            return f"{plural(self.result.rows, 'row')}, and at least {plural(self.limit.min_rows, 'is', 'are')} asked for"
        if self.before is not None and self.before.value is None:
            return f"the baseline's value is not defined: {self.before.note or 'no reason was saved'}"
        if self.limit.inconclusive is not None and self.result.ci is None:
            return "the limit looks at the interval, and there is none" + (
                f": {self.result.note}" if self.result.note else ""
            )
        return None

    def excess(self, value: float) -> Fraction:
        """How far a value lies beyond the limit, exactly; zero is on it, and within."""
        if self.limit.kind == "max":
            return decimal(value) - self.limit.size
        if self.limit.kind == "min":
            return self.limit.size - decimal(value)
        return self.worse(value) - self.allowed

    def worse(self, value: float) -> Fraction:
        """How much worse a value is than the baseline's, in the loss's own direction."""
        assert self.before is not None
        assert self.before.value is not None
        return change(self.result.better, self.before.value, value)

    @property
    def allowed(self) -> Fraction:
        """By how much a value may be worse."""
        if not self.limit.percent:
            return self.limit.size
        assert self.before is not None
        return self.limit.size * abs(decimal(self.before.value or 0.0))

    def verdict(self) -> LimitVerdict:
        """What becomes of the limit."""
        passed, reason = (False, self.why) if self.why is not None else self._compare()
        result, limit = self.result, self.limit
        return LimitVerdict(
            result.loss, result.pred, result.part, result.slice, limit.kind, limit.text, result.value,
            self.before.value if self.before is not None else None, passed, reason,
        )  # fmt: skip

    def _compare(self) -> tuple[bool, str | None]:
        value = self.result.value
        assert value is not None
        if self.limit.inconclusive is None:
            passed = self.excess(value) <= 0
            return passed, None if passed else self._beyond(value)
        why = f"the limit lies within the interval {self._interval}"
        if self._too_few():
            counted = plural(self.result.observations, "row" if self.result.groups is None else "group")
            why = f"{counted} are too few for the interval {self._interval}"
        else:
            within, beyond = self._sure()
            if within:
                return True, None
            if beyond:
                return False, f"{self._beyond(value)}; surely so, by the interval {self._interval}"
        passed = self.limit.inconclusive == "pass"
        ruling = "which is allowed" if passed else "which counts as a failure"
        return passed, f"not conclusive: {why}, {ruling}"

    def _too_few(self) -> bool:
        """Whether the interval is of resamples, and of fewer rows than can tell anything at its level."""
        from losscli.statistics.intervals import too_few

        ci = self.result.ci or {}
        return ci["method"] == "bootstrap" and too_few(self.result.observations, ci["level"])

    def _sure(self) -> tuple[bool, bool]:
        """Whether the value surely lies within the limit, or surely beyond."""
        if self.adjusted is not None:
            beyond, within = self.adjusted
            side = (1.0 - (self.result.ci or {})["level"]) / 2.0
            return within <= side, beyond <= side
        least, most = self._ends()
        return most <= 0, least > 0

    def _ends(self) -> tuple[Fraction, Fraction]:
        """The least and the greatest excess of the values in the interval."""
        ci = self.result.ci
        assert ci is not None
        ends = [ci["low"], ci["high"]]
        excesses = [self.excess(end) for end in ends]
        if self.limit.kind == "max_regression" and self.result.better == "zero" and ends[0] < 0.0 < ends[1]:
            excesses.append(self.excess(0.0))  # the best value lies in the middle
        return min(excesses), max(excesses)

    @property
    def _interval(self) -> str:
        ci = self.result.ci or {}
        corrected = " before Holm's correction" if self.adjusted is not None else ""
        return f"[{ci['low']:.6g}, {ci['high']:.6g}] of {100 * ci['level']:.4g}%{corrected}"

    def chances(self) -> tuple[float, float]:
        """One-sided p-values: of no excess, and of no shortfall.

        They are those of Student's t, where the interval is (else of a normal law), that has the interval's own
        end on the side of the limit, so that the interval, of whatever kind, and the p-values say the same where
        nothing is corrected.
        """
        from losscli.statistics.distributions import normal_quantile, normal_upper, t_quantile, t_upper

        value, ci = self.result.value, self.result.ci
        assert value is not None
        assert ci is not None
        excess = self.excess(value)
        least, most = self._ends()
        reach = excess - least if excess > 0 else most - excess
        if reach <= 0:
            return (0.0, 1.0) if excess > 0 else (1.0, 0.0)
        inner, freedom = (1.0 + ci["level"]) / 2.0, max(self.result.observations - 1, 1)
        by_t = ci["method"] == "normal"
        quantile = t_quantile(inner, freedom) if by_t else normal_quantile(inner)
        # The quotient itself may be no double; so far out the chances are 0 and 1, but for a few rows.
        errors = excess * Fraction(quantile) / reach
        z = float(min(max(errors, Fraction(-(10**100))), Fraction(10**100)))
        upper, lower = (t_upper(end, freedom) if by_t else normal_upper(end) for end in (z, -z))
        return upper, lower

    def _beyond(self, value: float) -> str:
        """In what way the value lies beyond the limit."""
        if self.limit.kind != "max_regression":
            word = "above" if self.limit.kind == "max" else "below"
            return f"{number(value)} is {word} {number(float(self.limit.size))}"
        assert self.before is not None
        assert self.before.value is not None
        worse, size = self.worse(value), self.limit.text
        text = _figures(worse, self.allowed)
        if self.limit.percent and self.before.value:
            text = f"{_figures(100 * worse / abs(decimal(self.before.value)), 100 * self.limit.size)}%"
        most = size if isinstance(size, str) else number(size)
        return (
            f"{number(value)} is worse than {number(self.before.value)} by {text}; at most {most} is allowed"
        )


def _correct(cases: Iterable[_Case]) -> None:
    """Adjust the chances of the cases that can be evaluated, as one family, by Holm's step-down."""
    family = [case for case in cases if case.why is None]
    if not family:
        return
    chances = [case.chances() for case in family]
    beyond, within = (holm([chance[side] for chance in chances]) for side in (0, 1))
    for case, *adjusted in zip(family, beyond, within, strict=True):
        case.adjusted = (adjusted[0], adjusted[1])


def _frozen(place: Mapping[str, str | None] | Mapping[str, str]) -> frozenset[tuple[str, str | None]]:
    return frozenset(place.items())


def _figures(value: Fraction, limit: Fraction) -> str:
    """A number for eyes, with as many digits as it takes to tell it from the limit."""
    try:
        shown = [f"{float(value):.{digits}g}" for digits in (3, 6, 9, 12, 17)]
    except OverflowError:
        return "more than the largest double"
    return next((text for text in shown if Fraction(text) != limit), shown[-1])


def excess(limit: Mapping[str, Any]) -> float:
    """How far beyond, as a share of the limit: infinite where that is not known."""
    value: float | None = limit["value"]
    bound: float | None = limit["baseline"] if limit["kind"] == "max_regression" else limit["limit"]
    if value is None or bound is None:
        return math.inf
    return abs(value - bound) / (abs(bound) or 5e-324)
