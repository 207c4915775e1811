"""Losses of times to an event that was not seen in every row: `--label time=T,event=E`.

A row whose event was not seen was watched until its time.  Their task is `survival`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

import numpy as np

from losscli.loss.declare import Column, Finished, Undefined, loss
from losscli.loss.domains import BINARY, NONNEGATIVE, UNIT, Positive, number
from losscli.numbers.ranks import Ranked
from losscli.numbers.risk_sets import partial_likelihood
from losscli.numbers.sums import Sums
from losscli.numbers.watched import watched

of_times = partial(
    loss,
    task="survival",
    state="ranked",
    label_roles=("time", "event"),
    averages=("macro", "none"),
    exceptions={"pickle": "the order of times keeps every row, and is not saved"},
    sample="",
)


def columns_of(*columns: Sequence[float]) -> list[Column]:
    """Columns of a few rows, for the examples."""
    return [np.array(column, dtype=np.float64) for column in columns]


def squares_by(time: Column, pred: Column, event: Column, *, horizon: Positive) -> tuple[Column, ...]:
    """The squared error of rows whose event came by the horizon, if it came, and of those watched beyond."""
    over = time > horizon
    return time, np.where(over, 0.0, pred * pred), np.where(over, (1.0 - pred) ** 2, 0.0), event


@of_times(
    of=squares_by,
    main="horizon",
    domains={"time": NONNEGATIVE, "event": BINARY},
    pred=UNIT,
    aliases=("brier_score_survival", "graf_score", "ipcw_brier"),
    elicits="the chance that the event comes after the horizon",
    reference="Graf, Schmoor, Sauerbrei & Schumacher (1999), "
    "doi:10.1002/(SICI)1097-0258(19990915/30)18:17/18<2529::AID-SIM274>3.0.CO;2-5",
)
def brier_survival(state: Ranked, *, horizon: Positive) -> Finished:
    """Squared error of predicted survival beyond a time, with censoring.

        ends = [t for t, f, e, w in rows if e == 0 and w > 0]
        times = [t for at, t in enumerate(ends) if t not in ends[:at]]
        gone = [sum(w for s, f, e, w in rows if s == t and e == 0) for t in times]
        left = [sum(w for s, f, e, w in rows if s > t or (s == t and e == 0)) for t in times]
        logs = [(t, log1p(-g / n)) for t, g, n in zip(times, gone, left) if g < n]
        seen = [(t, f, w) for t, f, e, w in rows if e == 1 and t <= horizon]
        later = [(f, w) for t, f, e, w in rows if t > horizon]
        over = sum(w * f**2 / exp(sum(g for s, g in logs if s < t)) for t, f, w in seen)
        beyond = sum(w * (1 - f)**2 for f, w in later) / exp(sum(g for s, g in logs if s <= horizon))
        (over + beyond) / sum(weight) if sum(w for t, f, w in seen) + sum(w for f, w in later) > 0 else inf

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
    found = watched(state, horizon)
    if found.left == found.seen == 0:
        return Undefined(
            f"no event was seen by {number(horizon)}, and no row was watched beyond: nothing is known of it"
        )
    beyond = state.kept_in(Sums, lambda *columns: (columns[2],)).totals[0].fraction
    return found.mean + (beyond / found.chance / state.weight.fraction if beyond else 0)


def from_the_last(time: Column, pred: Column, event: Column) -> tuple[Column, Column, Column]:
    """The columns in the order of their times from the last to the first."""
    return -time, pred, event


@of_times(
    of=from_the_last,
    domains={"event": BINARY},
    best=None,
    counts_only=True,
    aliases=("cox", "cox_nloglik", "cox_partial_likelihood", "cox_ph_loss", "deepsurv_loss"),
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
    >>> cox_nll(state) == np.log(3.0)
    True
    """
    events = state.kept_in(Sums, lambda *columns: (columns[2],)).totals[0].fraction
    if events == 0:
        return Undefined("no event was seen")
    return partial_likelihood(state, share_ties=ties == "efron") / events
