"""How far predictions put the rows in the order of their labels: rank correlations, and shares of pairs of rows.

Every row is compared with every other, in n log n steps.
"""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import Literal

import numpy as np

from losscli.loss.declare import Column, Finished, Undefined, loss
from losscli.loss.domains import BINARY
from losscli.losses.moments import label_and_pred
from losscli.losses.stable import sqrt_fraction
from losscli.numbers.ranks import Ranked

ANY_ORDER = "any number that puts rows in the order of their labels"

of_ranks = partial(
    loss,
    task="regression",
    of=label_and_pred,
    state="ranked",
    averages=("macro", "none"),
    better="higher",
    best=1.0,
    elicits=ANY_ORDER,
    exceptions={"pickle": "ranks keep every row, and are not saved"},
)


def ranked(label: list[float], pred: list[float]) -> Ranked:
    """The state of a few rows, for the examples."""
    return Ranked.of([np.array(label, dtype=np.float64), np.array(pred, dtype=np.float64)], None)


def one_rank(state: Ranked) -> Undefined | None:
    """Why nothing can be in order, where all labels or all predictions are one number."""
    for column, what in enumerate(("labels", "predictions")):
        if state.constant(column):
            return Undefined(f"all {what} are one number: there is no order to compare")
    return None


@of_ranks(
    aliases=(
        "spearman_corrcoef",
        "spearmanr",
        "spearman_rho",
        "spearmans_rank_correlation",
        "rank_correlation",
    ),
    reference="Spearman (1904), doi:10.2307/1412159",
)
def spearman(state: Ranked) -> Finished:
    """Rank correlation: that of the mean ranks of label and prediction.

        half = sum(weight) / 2
        of_label = [sum(w * ((z < y) + (z == y) / 2) for z, g, w in rows) - half for y, f, v in rows]
        of_pred = [sum(w * ((g < f) + (g == f) / 2) for z, g, w in rows) - half for y, f, v in rows]
        both = sum(w * a * b for w, a, b in zip(weight, of_label, of_pred))
        squares = sum(w * a**2 for w, a in zip(weight, of_label))
        both / sqrt(squares * sum(w * b**2 for w, b in zip(weight, of_pred)))

    1 where the predictions put the rows in the order of their labels, whatever the size of the steps, -1
    where they put them in the reverse.  Rows of equal value share the mean of their ranks.  `pearson`
    asks for a straight line, `kendall` counts pairs.

    >>> spearman(ranked([1.0, 2.0, 3.0], [10.0, 30.0, 20.0]))
    Fraction(1, 2)
    """
    if (undefined := one_rank(state)) is not None:
        return undefined
    both, of_label, of_pred = state.correlation()
    root = sqrt_fraction(Fraction(both**2, of_label * of_pred))
    return root if both > 0 else -root


@of_ranks(
    aliases=("kendalltau", "kendall_tau", "kendall_rank_corrcoef"),
    counts_only="variant=a",
    reference="Kendall (1945), doi:10.1093/biomet/33.3.239",
)
def kendall(state: Ranked, *, variant: Literal["a", "b", "c"] = "b") -> Finished:
    """Rank correlation by pairs: those in the right order less the others.

        some = [(y, f, w) for y, f, w in rows if w > 0]
        n = sum(weight)
        pairs = [(v * w, (y > z) - (y < z), (f > g) - (f < g)) for y, f, v in some for z, g, w in some]
        excess = sum(w * a * b for w, a, b in pairs)
        of_label = sum(w * a**2 for w, a, b in pairs)
        of_pred = sum(w * b**2 for w, a, b in pairs)
        labels = len([y for at, (y, f, w) in enumerate(some) if y not in [z for z, g, v in some[:at]]])
        preds = len([f for at, (y, f, w) in enumerate(some) if f not in [g for z, g, v in some[:at]]])
        m = min(labels, preds)
        tau_b = excess / sqrt(of_label * of_pred)
        tau_b if variant == "b" else excess / (n * (n - 1)) if variant == "a" else excess / n**2 * m / (m - 1)

    1 where the predictions put every pair of rows in the order of their labels, -1 where they reverse
    it.  Tied pairs count in neither direction: ``variant=b`` leaves those tied in the label, or in the
    prediction, out of the pairs it divides by, ``a`` divides by all pairs, and ``c`` (Stuart's) allows
    for columns of few different values.  A pair weighs the product of its rows' weights; under
    ``variant=a`` the number of rows counts, and weights must be whole.

    >>> float(kendall(ranked([1.0, 2.0, 3.0], [10.0, 30.0, 20.0])))
    0.3333333333333333
    """
    if (undefined := one_rank(state)) is not None:
        return undefined
    pairs = state.pairs
    if variant == "b":
        root = sqrt_fraction(Fraction(pairs.excess**2, pairs.every * pairs.apart))
        return root if pairs.excess > 0 else -root
    if variant == "a":
        rows = state.weight.fraction
        return Fraction(2 * pairs.excess, state.total**2) * rows / (rows - 1)
    least = min(pairs.values)
    return Fraction(2 * pairs.excess * least, state.total**2 * (least - 1))


@of_ranks(
    aliases=("goodman_gamma", "gamma_rank_correlation"),
    reference="Goodman & Kruskal (1954), doi:10.1080/01621459.1954.10501231",
)
def goodman_kruskal_gamma(state: Ranked) -> Finished:
    """Pairs in the right order less the others, over both: ties are left out.

        pairs = [(v * w, ((y > z) - (y < z)) * ((f > g) - (f < g))) for y, f, v in rows for z, g, w in rows]
        sum(w * c for w, c in pairs) / sum(w * abs(c) for w, c in pairs)

    As `kendall`, but a prediction that gives most rows the same value loses nothing: read it beside how
    many pairs it tells apart.  A pair weighs the product of its rows' weights.

    >>> goodman_kruskal_gamma(ranked([1.0, 2.0, 3.0], [10.0, 30.0, 30.0]))
    Fraction(1, 1)
    """
    pairs = state.pairs
    if pairs.every == pairs.tied:
        return Undefined("every pair of rows is tied in the label or in the prediction")
    return Fraction(pairs.excess, pairs.every - pairs.tied)


@of_ranks(
    aliases=("somersd", "somers_delta"),
    reference="Somers (1962), doi:10.2307/2090408",
)
def somers_d(state: Ranked, *, given: Literal["label", "pred"] = "label") -> Finished:
    """Pairs in the right order less the others, over pairs of unlike labels.

        pairs = [(v * w, (y > z) - (y < z), (f > g) - (f < g)) for y, f, v in rows for z, g, w in rows]
        differ = sum(w * (a if given == "label" else b)**2 for w, a, b in pairs)
        sum(w * a * b for w, a, b in pairs) / differ

    A pair that the prediction ties counts as half right: for labels of 0 and 1 it is twice `auc` less 1.
    ``given=pred`` divides by the pairs of different predictions in place of those of different labels.
    A pair weighs the product of its rows' weights.

    >>> somers_d(ranked([1.0, 2.0, 3.0], [10.0, 30.0, 30.0]))
    Fraction(2, 3)
    """
    if (undefined := one_rank(state)) is not None:
        return undefined
    pairs = state.pairs
    return Fraction(pairs.excess, pairs.every if given == "label" else pairs.apart)


@of_ranks(
    aliases=("gini_coef", "normalized_gini_index", "normalized_gini_coefficient"),
    reference="Frees, Meyers & Cummings (2011), doi:10.1198/jasa.2011.tm10506",
)
def gini_reg(state: Ranked) -> Finished:
    """Gini index of labels ordered by predictions, over that ordered by them.

        half = sum(weight) / 2
        of_label = [sum(w * ((z < y) + (z == y) / 2) for z, g, w in rows) - half for y, f, v in rows]
        of_pred = [sum(w * ((g < f) + (g == f) / 2) for z, g, w in rows) - half for y, f, v in rows]
        sum(v * y * b for (y, f, v), b in zip(rows, of_pred)) / sum(v * y * a for (y, f, v), a in zip(rows, of_label))

    Insurance: how much of what could be won by sorting risks do the predictions win?  As `spearman`,
    but labels count by their size, so the order of the largest claims counts most.  Of labels 0 and 1 it
    is `gini`.  Rows of equal prediction share the mean of their ranks.

    >>> gini_reg(ranked([1.0, 2.0, 6.0], [10.0, 30.0, 20.0]))
    Fraction(1, 5)
    """
    if state.constant(0):
        return Undefined("all labels are one number: there is no order to compare")
    return state.moment(1) / state.moment(0)


def watched(time: Column, pred: Column, event: Column) -> tuple[Column, Column, Column]:
    """The columns as they are."""
    return time, pred, event


@of_ranks(
    task="survival",
    of=watched,
    label_roles=("time", "event"),
    domains={"event": BINARY},
    aliases=(
        "concordance_index",
        "c_index",
        "harrell_c",
        "concordance_survival",
        "concordance_index_censored",
    ),
    elicits="any number that puts rows in the order of their times",
    reference="Harrell, Califf, Pryor, Lee & Rosati (1982), doi:10.1001/jama.1982.03320430047030",
    sample="sample_data/survival.csv --pred pred --label time=time,event=event",
)
def concordance(state: Ranked, *, predicts: Literal["time", "risk"] = "time") -> Finished:
    """Share of comparable pairs of rows that are put in the right order.

        seen = [(t, f, w) for t, f, e, w in rows if e == 1]
        pairs = [(v * w, t < s or (t == s and d == 0), (f < g) - (f > g)) for t, f, v in seen for s, g, d, w in rows]
        right = sum(w * (1 + (c if predicts == "time" else -c)) / 2 for w, known, c in pairs if known)
        right / sum(w for w, known, c in pairs if known)

    Harrell's C, for times to an event that may not have been seen: ``event`` is 1 where it happened at
    ``time``, 0 where the row was watched until then without it.  A pair is comparable where one row is
    known to have its event first.  The prediction is a time, the later the greater, or with
    ``predicts=risk`` a risk, the greater the sooner.  Equal predictions count half; a pair weighs the
    product of its rows' weights.  1 is a perfect order, 0.5 is chance.

    >>> rows = [np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0]), np.array([1.0, 0.0, 1.0])]
    >>> concordance(Ranked.of(rows, None))
    Fraction(1, 1)
    """
    pairs = state.pairs
    if pairs.every == 0:
        return Undefined("no pair is comparable: no event is known to come before that of another row")
    right = pairs.rising if predicts == "time" else pairs.falling
    return Fraction(2 * right + pairs.tied, 2 * pairs.every)
