"""Losses that ask whether probabilities come true: bins of probability against what happened.

The bins are equally wide and closed on the right: [0, 1/15], (1/15, 2/15] …  An edge is the double
nearest to k / bins.  The detail of the result lists the bins.
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from functools import partial
from typing import Any, Literal

import numpy as np

from losscli.loss.declare import Codes, Column, Columns, Finished, loss
from losscli.loss.domains import BINARY, CLASSES, SIMPLEX, UNIT, Count
from losscli.loss.elicits import PROBABILITY
from losscli.losses.stable import sqrt_fraction
from losscli.numbers.bins import Bins
from losscli.numbers.exact import round_fraction
from losscli.table.block import Ints

GUO = "Guo, Pleiss, Sun & Weinberger (2017), On calibration of modern neural networks, ICML 2017"
NAEINI = "Naeini, Cooper & Hauskrecht (2015), Obtaining well calibrated probabilities using Bayesian binning"
KUMAR = "Kumar, Liang & Ma (2019), Verified uncertainty calibration, NeurIPS 2019"
KULL = "Kull et al. (2019), Beyond temperature scaling, NeurIPS 2019"
MURPHY = "Murphy (1973), doi:10.1175/1520-0450(1973)012<0595:ANVPOT>2.0.CO;2"


def bin_of(chance: Column, bins: int) -> Ints:
    """The bin of each probability, from 0 on."""
    upper = np.clip(np.ceil(chance * bins), 1.0, bins)
    # The product is rounded, so a neighbour of an edge may be on the wrong side of it.
    upper -= (upper > 1.0) & (chance <= (upper - 1.0) / bins)
    upper += (upper < bins) & (chance > upper / bins)
    return upper.astype(np.int64) - 1


def binned(label: Column, pred: Column, *, bins: Count = 15) -> tuple[Ints, Column, Column]:
    """The bin of each row's probability, the probability, and what happened."""
    return bin_of(pred, bins), pred, label


def binned_top(label: Codes, pred: Columns, *, bins: Count = 15) -> tuple[Ints, Column, Column]:
    """The bin of each row's greatest probability, that probability, and whether its class is the label."""
    columns = pred.T
    top = columns.max(axis=0, initial=0.0)
    return bin_of(top, bins), top, (columns.argmax(axis=0) == label).astype(np.float64)


def parts_of(state: Bins, *, bins: Count) -> dict[str, Any] | None:
    """The bins that have rows, and Murphy's parts of the Brier score of what they predict."""
    if not state.bins:
        return None
    total, spread = state.weight.fraction, Fraction(0)
    overall = sum((held.totals[1].fraction for held in state.bins.values()), Fraction(0)) / total
    found, reliability = [], Fraction(0)
    for code, held in sorted(state.bins.items()):
        pred, label = held.means
        share = held.weight.fraction / total
        reliability += share * (pred - label) ** 2
        spread += share * (label - overall) ** 2
        found.append({
            "low": code / bins, "high": (code + 1) / bins, "rows": held.rows,
            "weight": held.weight.rounded(), "mean_pred": round_fraction(pred), "mean_label": round_fraction(label),
        })  # fmt: skip
    return {
        "bins": found,
        "reliability": round_fraction(reliability),
        "resolution": round_fraction(spread),
        "uncertainty": round_fraction(overall * (1 - overall)),
    }


of_probability = partial(
    loss,
    task="binary",
    of=binned,
    state="bins",
    detail=parts_of,
    averages=("macro", "none"),
    label=BINARY,
    pred=UNIT,
    elicits="any probabilities that come true as often as they say",
)
of_confidence = partial(
    loss,
    task="multiclass",
    of=binned_top,
    state="bins",
    detail=parts_of,
    label=CLASSES,
    pred=SIMPLEX,
    elicits="a greatest probability that comes true as often as it says",
)


def gaps(state: Bins) -> list[tuple[Fraction, Fraction]]:
    """The share of the rows in each bin, and its mean label less its mean prediction."""
    whole = state.weight.fraction
    found = []
    for held in state.bins.values():
        pred, label = held.means
        found.append((held.weight.fraction / whole, label - pred))
    return found


def tally(pred: list[float], label: list[float], bins: int = 15) -> Bins:
    """The bins of a few rows, for examples."""
    return Bins.of(binned(np.array(label), np.array(pred), bins=bins), None)


@of_probability(
    aliases=("expected_calibration_error", "binary_calibration_error", "calibration_error"), reference=NAEINI
)
def ece(state: Bins) -> Finished:
    """Mean gap between probability and frequency, over bins of probability.

        at = [max(1, -floor(-f * bins)) for f in pred]
        gaps = [sum(w * (y - f) for b, (y, f, w) in zip(at, rows) if b == k + 1) for k in range(bins)]
        sum(abs(g) for g in gaps) / sum(weight)

    Of the rows given 0.7, do 7 in 10 happen?  It says nothing of how well rows are told apart: the
    constant base rate reaches 0, so read it beside `log_loss` or `brier`.  The number moves with the
    bins and is above 0 by chance alone in small files: compare at equal rows and bins only.

    >>> ece(tally([0.5, 0.5], [0.0, 0.0]))
    Fraction(1, 2)
    """
    return sum((share * abs(gap) for share, gap in gaps(state)), Fraction(0))


@of_confidence(name="ece", reference=GUO)
def ece_of_classes(state: Bins) -> Finished:
    """Mean gap between confidence and accuracy, as `top_label_ece`.

        tops = [max(f) for f in pred]
        firsts = [min(c for c, p in enumerate(f) if p == max(f)) for f in pred]
        at = [max(1, -floor(-t * bins)) for t in tops]
        right = [1 if c == y else 0 for c, y in zip(firsts, label)]
        parts = [(b, w * (r - t)) for b, w, r, t in zip(at, weight, right, tops)]
        sum(abs(sum(g for b, g in parts if b == k + 1)) for k in range(bins)) / sum(weight)

    >>> float(ece_of_classes(tally([0.75, 0.75], [1.0, 0.0])))
    0.25
    """
    return ece(state)


@of_probability(aliases=("maximum_calibration_error",), reference=NAEINI)
def mce(state: Bins) -> Finished:
    """Greatest gap between probability and frequency of any bin.

        at = [max(1, -floor(-f * bins)) for f in pred]
        sums = [[(w, w * (y - f)) for b, (y, f, w) in zip(at, rows) if b == k + 1] for k in range(bins)]
        max(abs(sum(g for w, g in s)) / sum(w for w, g in s) for s in sums if sum(w for w, g in s) > 0)

    The worst bin, however few rows it has: a bin of one row is nearly always far off.  `ece` weighs
    the bins by their rows.

    >>> mce(tally([0.25, 0.5], [0.0, 0.0]))
    Fraction(1, 2)
    """
    return max(abs(gap) for _, gap in gaps(state))


@of_confidence(name="mce", reference=GUO)
def mce_of_classes(state: Bins) -> Finished:
    """Greatest gap between confidence and accuracy of any bin.

        tops = [max(f) for f in pred]
        firsts = [min(c for c, p in enumerate(f) if p == max(f)) for f in pred]
        at = [max(1, -floor(-t * bins)) for t in tops]
        right = [1 if c == y else 0 for c, y in zip(firsts, label)]
        parts = [(b, w, w * (r - t)) for b, w, r, t in zip(at, weight, right, tops) if w > 0]
        sums = [[(w, g) for b, w, g in parts if b == k + 1] for k in range(bins)]
        max(abs(sum(g for w, g in s)) / sum(w for w, g in s) for s in sums if len(s) > 0)

    >>> float(mce_of_classes(tally([0.75, 0.75], [1.0, 0.0])))
    0.25
    """
    return mce(state)


@of_probability(aliases=("root_mean_square_calibration_error",), reference=KUMAR)
def rmsce(state: Bins) -> Finished:
    """Root of the mean squared gap between probability and frequency.

        at = [max(1, -floor(-f * bins)) for f in pred]
        sums = [[(w, w * (y - f)) for b, (y, f, w) in zip(at, rows) if b == k + 1] for k in range(bins)]
        sizes = [(sum(w for w, g in s), sum(g for w, g in s)) for s in sums]
        sqrt(sum(g**2 / w for w, g in sizes if w > 0) / sum(weight))

    Between `ece` and `mce`: large gaps count more.  Its square is the reliability that `brier_decomp`
    takes out of the Brier score.

    >>> rmsce(tally([0.5, 0.5], [0.0, 0.0]))
    Fraction(1, 2)
    """
    return sqrt_fraction(sum((share * gap**2 for share, gap in gaps(state)), Fraction(0)))


@of_confidence(name="rmsce", reference=KUMAR)
def rmsce_of_classes(state: Bins) -> Finished:
    """Root of the mean squared gap between confidence and accuracy.

        tops = [max(f) for f in pred]
        firsts = [min(c for c, p in enumerate(f) if p == max(f)) for f in pred]
        at = [max(1, -floor(-t * bins)) for t in tops]
        right = [1 if c == y else 0 for c, y in zip(firsts, label)]
        parts = [(b, w, w * (r - t)) for b, w, r, t in zip(at, weight, right, tops) if w > 0]
        sums = [[(w, g) for b, w, g in parts if b == k + 1] for k in range(bins)]
        sqrt(sum(sum(g for w, g in s)**2 / sum(w for w, g in s) for s in sums if len(s) > 0) / sum(weight))

    >>> float(rmsce_of_classes(tally([0.75, 0.75], [1.0, 0.0])))
    0.25
    """
    return rmsce(state)


@of_confidence(aliases=("confidence_calibration_error", "multiclass_calibration_error"), reference=GUO)
def top_label_ece(state: Bins) -> Finished:
    """Mean gap between confidence and accuracy, over bins of confidence.

        tops = [max(f) for f in pred]
        firsts = [min(c for c, p in enumerate(f) if p == max(f)) for f in pred]
        at = [max(1, -floor(-t * bins)) for t in tops]
        right = [1 if c == y else 0 for c, y in zip(firsts, label)]
        parts = [(b, w * (r - t)) for b, w, r, t in zip(at, weight, right, tops)]
        sum(abs(sum(g for b, g in parts if b == k + 1)) for k in range(bins)) / sum(weight)

    When the model is 90% sure, is it right in 9 of 10 rows?  Of tied classes the first counts.  It
    looks at the class on top only: `classwise_ece` looks at every column.

    >>> float(top_label_ece(tally([0.75, 0.75], [1.0, 0.0])))
    0.25
    """
    return ece(state)


@of_probability(
    task="multiclass",
    aliases=("marginal_calibration_error", "static_calibration_error"),
    per_class=True,
    elicits="for each class, probabilities that come true as often as they say",
    sample="sample_data/iris.csv --pred 'p_*'",
    reference=KULL,
)
def classwise_ece(state: Bins) -> Finished:
    """Mean over the classes of each column's calibration error.

        at = [max(1, -floor(-f * bins)) for f in pred]
        gaps = [sum(w * (y - f) for b, (y, f, w) in zip(at, rows) if b == k + 1) for k in range(bins)]
        sum(abs(g) for g in gaps) / sum(weight)

    Each class against the rest is an `ece`.  Where there are many classes most probabilities are near
    0, and so is the mean; ``--average none`` shows the classes.

    >>> classwise_ece(tally([0.5, 0.5], [0.0, 0.0]))
    Fraction(1, 2)
    """
    return ece(state)


@of_probability(
    aliases=("murphy_decomposition", "brier_decomposition"), elicits=PROBABILITY, reference=MURPHY
)
def brier_decomp(state: Bins) -> Finished:
    """Brier score of the bins: reliability less resolution plus uncertainty.

        at = [max(1, -floor(-f * bins)) for f in pred]
        sums = [[(w, w * y, w * f) for b, (y, f, w) in zip(at, rows) if b == k + 1] for k in range(bins)]
        total = [(sum(w for w, y, f in s), sum(y for w, y, f in s), sum(f for w, y, f in s)) for s in sums]
        parts = [((f - y)**2 / w + y * (w - y) / w) for w, y, f in total if w > 0]
        sum(parts) / sum(weight)

    The value is the sum of the three, which the detail holds.  Reliability is the squared gap
    between probability and frequency, best at 0; resolution how far the bins' frequencies lie from
    the base rate, best when great; uncertainty the base rate's own variance, which is nobody's fault.
    It is the `brier` of predictions moved to the mean of their bin: more bins bring the two together.

    >>> brier_decomp(tally([0.5, 0.5], [0.0, 0.0]))
    Fraction(1, 4)
    """
    whole, total = state.weight.fraction, Fraction(0)
    for held in state.bins.values():
        pred, label = held.means
        total += held.weight.fraction * ((pred - label) ** 2 + label * (1 - label))
    return total / whole


def binned_rank(pred: Column, *, bins: Count = 15) -> tuple[Ints, Column, Column]:
    """The bin of each row's value, the value, and its square."""
    return bin_of(pred, bins), pred, pred * pred


def histogram(state: Bins, *, bins: Count) -> dict[str, Any] | None:
    """The bins that have rows, and the mean and the variance of the values, 1/2 and 1/12 where they are uniform."""
    if not state.bins:
        return None
    total = state.weight.fraction
    mean, square = (
        sum((held.totals[at].fraction for held in state.bins.values()), Fraction(0)) / total for at in (0, 1)
    )
    found = [
        {"low": code / bins, "high": (code + 1) / bins, "rows": held.rows, "weight": held.weight.rounded()}
        for code, held in sorted(state.bins.items())
    ]
    return {"bins": found, "mean": round_fraction(mean), "variance": round_fraction(square - mean * mean)}


@loss(
    task="distribution",
    of=binned_rank,
    state="bins",
    detail=histogram,
    averages=(),
    pred=UNIT,
    best=None,
    aliases=("pit_histogram", "probability_integral_transform"),
    elicits="laws of which each tenth holds a tenth of the labels, however little each row says",
    reference="Dawid (1984), doi:10.2307/2981683; Gneiting, Balabdaoui & Raftery (2007), "
    "doi:10.1111/j.1467-9868.2007.00587.x",
    sample="sample_data/breast_cancer.csv --pred prob",
)
def pit(state: Bins, *, distance: Literal["chi2", "ks"] = "chi2", bins: Count = 15) -> Finished:
    """Distance of the laws' chances of at most the label from uniform.

        at = [max(1, -floor(-f * bins)) for f in pred]
        shares = [sum(w for b, w in zip(at, weight) if b == k + 1) / sum(weight) for k in range(bins)]
        ks = max(abs(sum(shares[:k + 1]) - (k + 1) / bins) for k in range(bins))
        chi2 = bins * sum((s - 1 / bins)**2 for s in shares)
        chi2 if distance == "chi2" else ks

    The prediction is the value of each row's distribution function at its label (the probability
    integral transform), and no label is needed: over many rows it should be spread evenly.  ``chi2`` is
    Pearson's statistic over the number of rows, ``ks`` the greatest distance of the shares added up.  The
    bins are equally wide and closed on the right, ``[0, 1/15]``, ``(1/15, 2/15]`` …, as those of `ece`; the
    detail holds the histogram, with the mean (above 1/2: labels are higher than predicted) and the
    variance (above 1/12: laws are too narrow).

    >>> pit(Bins.of(binned_rank(np.array([0.25, 0.5, 0.75, 1.0]), bins=2), None), bins=2)
    Fraction(0, 1)
    """
    whole = state.weight.fraction
    held = {code: sums.weight.fraction / whole for code, sums in state.bins.items()}
    shares = [held.get(code, Fraction(0)) for code in range(bins)]
    if distance == "chi2":
        return bins * sum(((share - Fraction(1, bins)) ** 2 for share in shares), Fraction(0))
    reached = itertools.accumulate(shares)
    return max(abs(share - Fraction(code + 1, bins)) for code, share in enumerate(reached))
