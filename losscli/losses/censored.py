"""Losses of times to an event that was not seen in every row: `--label time=T,event=E`.

A row whose event was not seen was watched until its time.  Their task is `survival`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from typing import Literal

import numpy as np

from losscli.loss.declare import Column, Columns, Finished, Undefined, loss
from losscli.loss.domains import BINARY, NONNEGATIVE, UNIT, Positive, number
from losscli.loss.params import Levels
from losscli.numbers.ranks import Ranked
from losscli.numbers.risk_sets import partial_likelihood
from losscli.numbers.sums import Sums
from losscli.numbers.watched import watched

SAMPLE = "sample_data/survival.csv --label time=time,event=event --pred"
KEPT = {"pickle": "the order of times keeps every row, and is not saved"}

of_times = partial(
    loss,
    task="survival",
    state="ranked",
    label_roles=("time", "event"),
    averages=("macro", "none"),
    exceptions=KEPT,
)
of_survival = partial(
    of_times,
    domains={"time": NONNEGATIVE, "event": BINARY},
    pred=UNIT,
    reference="Graf, Schmoor, Sauerbrei & Schumacher (1999), Statistics in Medicine 18, p. 2529",
)


def columns_of(*columns: Sequence[float]) -> list[Column]:
    """Columns of a few rows, for the examples."""
    return [np.array(column, dtype=np.float64) for column in columns]


def over_watches(state: Ranked, until: Sequence[float], shares: Sequence[Fraction]) -> Finished:
    """The mean of the second column and, in their shares, of the columns for each time, each over its chance."""
    mean, chances = watched(state, until)
    if not chances[-1]:
        return Undefined(
            f"no row was watched beyond {number(until[-1])}, and the longest watch ended without an event"
        )
    beyond = state.kept_in(Sums, lambda *columns: columns[2:-1]).totals
    for total, share, chance in zip(beyond, shares, chances, strict=True):
        mean += total.fraction * share / (chance * state.weight.fraction)
    return mean


def squares_by(time: Column, pred: Column, event: Column, *, horizon: Positive) -> tuple[Column, ...]:
    """The squared error of rows whose event came by the horizon, if it came, and of those watched beyond."""
    over = time > horizon
    return time, np.where(over, 0.0, pred * pred), np.where(over, (1.0 - pred) ** 2, 0.0), event


@of_survival(
    of=squares_by,
    main="horizon",
    aliases=("brier_score_survival", "graf_score", "ipcw_brier"),
    sample=f"{SAMPLE} alive_12 --loss brier_survival@12",
    elicits="the chance that the event comes after the horizon",
)
def brier_survival(state: Ranked, *, horizon: Positive) -> Finished:
    """Squared error of predicted survival beyond a time, with censoring.

        ends = [t for t, f, e, w in rows if e == 0 and w > 0]
        times = [t for at, t in enumerate(ends) if t not in ends[:at]]
        gone = [sum(w for s, f, e, w in rows if s == t and e == 0) for t in times]
        left = [sum(w for s, f, e, w in rows if s > t or (s == t and e == 0)) for t in times]
        logs = [(t, log1p(-g / n)) for t, g, n in zip(times, gone, left)]
        seen = [(t, f, w) for t, f, e, w in rows if e == 1 and t <= horizon]
        over = sum(w * f**2 / exp(sum(g for s, g in logs if s < t)) for t, f, w in seen)
        later = sum(w * (1 - f)**2 for t, f, e, w in rows if t > horizon)
        (over + later / exp(sum(g for s, g in logs if s <= horizon))) / sum(weight)

    For the predicted chance to live beyond ``horizon``, in the unit of the times: 0 is perfect, 0.25 is one
    half for everybody.  A row that was watched for less says nothing; those watched long enough stand
    for it, each over the chance to be watched until its event, or until the horizon, by Kaplan and Meier's
    estimate from the same rows.  ``event`` is 1 where it happened at ``time``, 0 where the row was watched
    until then without it; of one time, events come first.  As scikit-survival's brier_score of the same
    rows, which takes the chance to be watched beyond the event where other watches end with it.

    >>> state = Ranked.of(squares_by(*columns_of([1, 2, 3], [0, 0.5, 0.5], [1, 0, 1]), horizon=2), None)
    >>> brier_survival(state, horizon=2)
    Fraction(1, 6)
    """
    return over_watches(state, (horizon,), (Fraction(1),))


def shares_of(times: Sequence[float]) -> list[Fraction]:
    """The part of the span of all times that lies nearest to each of them."""
    exact = [Fraction(time) for time in times]
    if len(exact) == 1:
        return [Fraction(1)]
    ends = zip([exact[0], *exact[:-1]], [*exact[1:], exact[-1]], strict=True)
    return [(after - before) / (2 * (exact[-1] - exact[0])) for before, after in ends]


def squares_by_all(time: Column, pred: Columns, event: Column, *, levels: Levels) -> tuple[Column, ...]:
    """As `squares_by` for several times: of the first squares the mean in the shares of the times, of others each."""
    before, beyond = np.zeros(len(time)), []
    for until, share, chance in zip(levels, shares_of(levels), pred.T, strict=True):
        _, square, other, _ = squares_by(time, chance, event, horizon=until)
        before += float(share) * square
        beyond.append(other)
    return time, before, *beyond, event


@of_survival(
    of=squares_by_all,
    times=True,
    aliases=("ibs", "integrated_brier_score", "brier_survival_integrated"),
    sample=f"{SAMPLE} 'alive_*'",
    elicits="the chances that the event comes after each of the times",
    ulps=8.0,
    exceptions={**KEPT, "ulps": "the sum over the times rounds once a time"},
)
def integrated_brier(state: Ranked, *, levels: Levels) -> Finished:
    """Mean over a span of times of the Brier score of predicted survival.

        ends = [t for t, f, e, w in rows if e == 0 and w > 0]
        times = [t for at, t in enumerate(ends) if t not in ends[:at]]
        gone = [sum(w for s, f, e, w in rows if s == t and e == 0) for t in times]
        left = [sum(w for s, f, e, w in rows if s > t or (s == t and e == 0)) for t in times]
        logs = [(t, log1p(-g / n)) for t, g, n in zip(times, gone, left)]
        seen = [(t, f, w, exp(sum(g for s, g in logs if s < t))) for t, f, e, w in rows if e == 1]
        over = [sum(w * f[k]**2 / g for t, f, w, g in seen if t <= h) for k, h in enumerate(levels)]
        later = [sum(w * (1 - f[k])**2 for t, f, e, w in rows if t > h) for k, h in enumerate(levels)]
        until = [exp(sum(g for s, g in logs if s <= h)) for h in levels]
        scores = [(a + b / g) / sum(weight) for a, b, g in zip(over, later, until)]
        steps = [(h - l) * (a + b) / 2 for h, l, a, b in zip(levels[1:], levels, scores[1:], scores)]
        sum(steps) / (levels[-1] - levels[0]) if len(levels) > 1 else scores[0]

    `brier_survival` at each of the times for which columns are named (`alive_30,alive_90,alive_365`, the
    predicted chances to live beyond them), between which it is taken as a straight line.  Choose times
    that many rows are still watched at.  As scikit-survival's integrated_brier_score.

    >>> columns = columns_of([1, 3], [1, 1])
    >>> rows = squares_by_all(columns[0], np.full((2, 2), 0.5), columns[1], levels=(1.0, 2.0))
    >>> integrated_brier(Ranked.of(rows, None), levels=(1.0, 2.0))
    Fraction(1, 4)
    """
    return over_watches(state, levels, shares_of(levels))


def from_the_last(time: Column, pred: Column, event: Column) -> tuple[Column, Column, Column]:
    """The columns in the order of their times from the last to the first."""
    return -time, pred, event


@of_times(
    of=from_the_last,
    domains={"event": BINARY},
    best=None,
    counts_only=True,
    aliases=("cox", "cox_nloglik", "cox_partial_likelihood", "cox_ph_loss", "deepsurv_loss"),
    sample=f"{SAMPLE} risk",
    elicits="no constant: all constants cost the same",
    reference="Cox (1975), doi:10.1093/biomet/62.2.269; Efron (1977), doi:10.1080/01621459.1977.10480613",
)
def cox_nll(state: Ranked, *, ties: Literal["breslow", "efron"] = "breslow") -> Finished:
    """Surprise at which row has its event next, in Cox's model, per event.

        seen = [(t, f, w) for t, f, e, w in rows if e == 1 and w > 0]
        risk = [sum(v * exp(g - f) for s, g, d, v in rows if s >= t) for t, f, w in seen]
        tied = [sum(v * exp(g - f) for s, g, v in seen if s == t) for t, f, w in seen]
        many = [sum(v for s, g, v in seen if s == t) if ties == "efron" else 1 for t, f, w in seen]
        logs = [sum(log(r - k * d / m) for k in range(m)) / m for r, d, m in zip(risk, tied, many)]
        sum(w * one for (t, f, w), one in zip(seen, logs)) / sum(w for t, f, w in seen)

    For scores of risk, the log of a hazard up to a constant: the greater, the sooner the event.  Each event
    costs minus the log of the share that its row has in the hazard of all rows that are still watched.
    ``event`` is 1 where it happened at ``time``, 0 where the row was watched until then without it.  Events
    of one time have all the same rows at risk, as in XGBoost's cox-nloglik (whose prediction is the
    exponential of this one); with ``ties=efron`` one leaves after the other, as in R.  A weight repeats its
    row.  It grows with the log of the number of rows: compare models on the same rows only.

    >>> state = Ranked.of(from_the_last(*columns_of([1, 2, 2], [0, 0, 0], [1, 0, 0])), None)
    >>> round(float(cox_nll(state)), 12)
    1.098612288668
    """
    events = state.kept_in(Sums, lambda *columns: (columns[2],)).totals[0].fraction
    if events == 0:
        return Undefined("no event was seen")
    return partial_likelihood(state, share_ties=ties == "efron") / events
