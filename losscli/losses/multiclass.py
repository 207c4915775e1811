"""Losses of several classes: a class, or soft labels, against probabilities, scores or a class."""

from __future__ import annotations

from functools import partial
from typing import Annotated, TypeAlias

import numpy as np

from losscli.loss.declare import Codes, Column, Columns, loss
from losscli.loss.domains import CLASSES, SIMPLEX, UNIT, BelowOne, Count, Interval, NonNegative, Unit
from losscli.loss.elicits import (
    CLASS_LOG_ODDS,
    CLASS_LOG_PROBABILITIES,
    CLASS_LOGITS,
    CLASS_PROBABILITIES,
    MODE,
)
from losscli.losses.binary import BRIER, EPS, GOOD, LIN, Focus, Half, log_loss, log_loss_from_logits
from losscli.losses.stable import excess, margin_missed, mixing
from losscli.numbers.error_free import two_difference, two_sum
from losscli.table.block import Mask

UpToOne: TypeAlias = Annotated[float, Interval(0.0, 1.0, open_low=True)]
FromMinusOne: TypeAlias = Annotated[float, Interval(low=-1.0)]
OneOrTwo: TypeAlias = Annotated[int, Interval(1.0, 2.0, whole=True)]

RIFKIN = "Rifkin & Klautau (2004), In defense of one-vs-all classification, JMLR 5, 101-141"
ZHANG = "Zhang & Sabuncu (2018), Generalized cross entropy loss, NeurIPS 31, arXiv:1805.07836"
LESS_SURE = "classes in the order of their probabilities, which come out less sure than they are"
BY_POWER = "the most probable class for sure (power 1), the probabilities (power near 0)"
ROUNDS = {"ulps": "the sum over the classes rounds once a class"}

SHARES = "sample_data/iris.csv sample_data/iris.parquet --pred 'p_*' --label 'p_*'"

of_classes = partial(
    loss, label=CLASSES, pred=SIMPLEX, elicits=CLASS_PROBABILITIES, ulps=8.0, exceptions=ROUNDS
)
of_shares = partial(of_classes, label=SIMPLEX)
divergence = partial(of_shares, elicits="the label's own shares", sample=SHARES)
from_logits = partial(
    loss, logits=True, label=CLASSES, elicits=CLASS_LOGITS, ulps=16.0, reference=GOOD, exceptions=ROUNDS
)
of_scores = partial(loss, label=CLASSES, scores=True, sample="sample_data/iris.csv --pred 'p_*'")

CROSS_ENTROPY_ALIASES = (
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
    "categorical_cross_entropy",
    "ce",
    "mlogloss",
    "multi_logloss",
    "交叉熵损失",
)


def of_class(columns: Columns, label: Codes) -> Column:
    """Each row's entry in the column of its class."""
    n = len(label)
    # One take from the columns laid end to end is three times as fast as indexing by two arrays.
    return np.take(columns.T.reshape(-1), label * n + np.arange(n))


def floored(
    label: Codes, pred: Columns, *, eps: float, label_smoothing: float = 0.0, **_: object
) -> Mask | None:
    """Which rows give the class that happened, or any with a share, a probability below ``eps``."""
    if not eps:
        return None
    low: Mask = of_class(pred, label) < eps if label_smoothing == 0.0 else np.any(pred < eps, axis=1)
    return low


def floored_soft(label: Columns, pred: Columns, *, eps: float, label_smoothing: float = 0.0) -> Mask:
    """Which rows give a class with a share of the label a probability below ``eps``."""
    low: Mask = np.any(((label > 0.0) | (label_smoothing > 0.0)) & (pred < eps), axis=1)
    return low


def shares_of(label: Columns, label_smoothing: float) -> tuple[Columns, float]:
    """The classes' shares of the label after smoothing, and what they add up to.

    Not divided by the number of classes: a share of the least double would be none.
    """
    if label_smoothing == 0.0:
        return label, 1.0
    return label * ((1.0 - label_smoothing) * label.shape[1]) + label_smoothing, float(label.shape[1])


@of_classes(
    aliases=CROSS_ENTROPY_ALIASES,
    touches={"clipped": floored},
    exceptions={"ulps": "with `label_smoothing` the sum over the classes rounds once a class"},
    reference=GOOD,
)
def cross_entropy(
    label: Codes, pred: Columns, *, eps: BelowOne = EPS, label_smoothing: BelowOne = 0.0
) -> Column:
    """Surprise at the class, in nats: minus the log of its probability.

        hit = -log(max(pred[label], eps))
        rest = sum(-log(max(p, eps)) for p in pred) / len(pred)
        hit if label_smoothing == 0 else (1 - label_smoothing) * hit + label_smoothing * rest

    The loss for class probabilities: it looks at the column of the class that happened, and is least
    for the true probabilities.  Columns are matched to labels by name.  A probability below ``eps``
    is raised to it and the row is counted as clipped; ``eps=0`` gives the honest infinity.
    ``label_smoothing`` is the share of each label that is spread evenly over all classes.

    Gradient by `pred[j]`:

        (-1 / pred[label] if pred[label] > eps and j == label else 0) if label_smoothing == 0
            else ((label_smoothing - 1) / pred[label] if pred[label] > eps and j == label
            else 0) + (-label_smoothing / (pred[j] * len(pred)) if pred[j] > eps else 0)

    >>> cross_entropy(np.array([1, 0]), np.array([[0.5, 0.5], [1.0, 0.0]]))
    array([0.69314718, 0.        ])
    """
    chance = of_class(pred, label)
    np.maximum(chance, eps, out=chance)
    surprise = np.log(chance, out=chance)
    np.subtract(0.0, surprise, out=surprise)
    if label_smoothing == 0.0:
        return surprise
    rest = np.zeros(len(label))
    for chances in pred.T:
        rest -= np.log(np.maximum(chances, eps))
    rest /= pred.shape[1]
    return np.add((1.0 - label_smoothing) * surprise, label_smoothing * rest)


@of_shares(name="cross_entropy", best=None, touches={"clipped": floored_soft}, reference=GOOD)
def cross_entropy_soft(
    label: Columns, pred: Columns, *, eps: BelowOne = EPS, label_smoothing: BelowOne = 0.0
) -> Column:
    """Expected surprise, in nats, of soft or one-hot labels.

        shares = [(1 - label_smoothing) * y + label_smoothing / len(label) for y in label]
        -sum(y * log(max(p, eps)) for y, p in zip(shares, pred) if y > 0)

    Gradient by `pred[j]`:

        shares = [(1 - label_smoothing) * y + label_smoothing / len(label) for y in label]
        -shares[j] / pred[j] if shares[j] > 0 and pred[j] > eps else 0

    >>> cross_entropy_soft(np.array([[0.5, 0.5]]), np.array([[0.5, 0.5]]))
    array([0.69314718])
    """
    shares, whole = shares_of(label, label_smoothing)
    surprise = np.zeros(len(label))
    for share, chance in zip(shares.T, pred.T, strict=True):
        # A class without a share of the label costs nothing, also where its log is infinite.
        surprise -= np.where(share > 0.0, share * np.log(np.maximum(chance, eps)), 0.0)
    return surprise / whole


def log_sum_exp_above(pred: Columns) -> tuple[Column, Column]:
    """The greatest score of each row, and how far the log of the summed exponentials lies above it.

    The greatest score's own exponential, 1, is left out of the sum and comes back in log1p: the
    distance keeps its digits where one class is nearly certain.
    """
    columns = pred.T
    first = columns.argmax(axis=0)
    greatest = of_class(pred, first)
    rest = np.zeros(len(pred))
    for place, scores in enumerate(columns):
        below, lost = two_difference(scores, greatest)
        # Nothing of a score that lies farther below than the greatest double, where `lost` is no number.
        none = (first == place) | (below == -np.inf)
        rest += np.where(none, 0.0, np.exp(below) * (1.0 + lost))
    return greatest, np.log1p(rest)


def expected_surprise(label: Columns, pred: Columns, label_smoothing: float) -> Column:
    """The surprise at each class from raw scores, by the shares of the label."""
    shares, whole = shares_of(label, label_smoothing)
    greatest, above = log_sum_exp_above(pred)
    total = np.zeros(len(pred))
    for share, score in zip(shares.T, pred.T, strict=True):
        total += np.where(share > 0.0, share * (above + (greatest - score)), 0.0)
    total /= whole
    far = ~np.isfinite(total)
    if far.any():
        # A distance of scores may exceed the greatest double where its share does not: all scaled down,
        # and beside such distances `above` is nothing.
        small, top, part = pred[far] * 2.0**-40, greatest[far] * 2.0**-40, np.zeros(np.count_nonzero(far))
        for share, score in zip(shares[far].T, small.T, strict=True):
            part += share * (top - score)
        total[far] = part / whole * 2.0**40
    return total


@from_logits(name="cross_entropy")
def cross_entropy_from_logits(label: Codes, pred: Columns, *, label_smoothing: BelowOne = 0.0) -> Column:
    """Surprise at the class, in nats, from raw scores; nothing is clipped.

        top = max(pred)
        above = log(sum(exp(s - top) for s in pred))
        hit = above + (top - pred[label])
        rest = sum(above + (top - s) for s in pred) / len(pred)
        hit if label_smoothing == 0 else (1 - label_smoothing) * hit + label_smoothing * rest

    Gradient by `pred[j]`:

        top = max(pred)
        exp(pred[j] - top) / sum(exp(s - top) for s in pred) - (1 if j == label
            else 0) if label_smoothing == 0 else (1 - label_smoothing) * (exp(pred[j] - top) / sum(exp(s
            - top) for s in pred) - (1 if j == label else 0)) + label_smoothing * (exp(pred[j] - top)
            / sum(exp(s - top) for s in pred) - 1 / len(pred))

    >>> cross_entropy_from_logits(np.array([1]), np.array([[2.0, 2.0]]))
    array([0.69314718])
    """
    greatest, above = log_sum_exp_above(pred)
    if label_smoothing == 0.0:
        return above + (greatest - of_class(pred, label))
    one_hot = (label[:, None] == np.arange(pred.shape[1])).astype(np.float64)
    return expected_surprise(one_hot, pred, label_smoothing)


@from_logits(name="cross_entropy", label=SIMPLEX, best=None)
def cross_entropy_soft_from_logits(
    label: Columns, pred: Columns, *, label_smoothing: BelowOne = 0.0
) -> Column:
    """Expected surprise, in nats, of soft or one-hot labels, from raw scores.

        top = max(pred)
        above = log(sum(exp(s - top) for s in pred))
        shares = [(1 - label_smoothing) * y + label_smoothing / len(label) for y in label]
        sum(y * (above + (top - s)) for y, s in zip(shares, pred))

    Gradient by `pred[j]`:

        top = max(pred)
        shares = [(1 - label_smoothing) * y + label_smoothing / len(label) for y in label]
        exp(pred[j] - top) * sum(shares) / sum(exp(s - top) for s in pred) - shares[j]

    >>> cross_entropy_soft_from_logits(np.array([[0.0, 1.0]]), np.array([[2.0, 2.0]]))
    array([0.69314718])
    """
    return expected_surprise(label, pred, label_smoothing)


@loss(
    label=CLASSES,
    pred=Interval(high=0.0),
    aliases=("nll_loss", "negative_log_likelihood"),
    elicits=CLASS_LOG_PROBABILITIES,
    sample="sample_data/iris.csv --pred 'logp_*'",
    reference=GOOD,
)
def nll(label: Codes, pred: Columns) -> Column:
    """Surprise at the class, in nats, from columns of log-probabilities.

        -pred[label]

    What `cross_entropy` is of probabilities and, with `--from-logits`, of raw scores.  A log-probability
    is at most 0, which is checked; that those of a row belong to probabilities that sum to 1 is not.

    Gradient by `pred[j]`:

        -1 if j == label else 0

    >>> nll(np.array([1, 0]), np.array([[-0.5, -1.0], [0.0, -9.0]]))
    array([1., 0.])
    """
    return np.subtract(0.0, of_class(pred, label))


def floored_each(label: Codes, pred: Columns, *, eps: float) -> Mask:
    """Which rows give any class a probability of what happened to it that is below ``eps``."""
    happened = label[:, None] == np.arange(pred.shape[1])
    low: Mask = np.any(np.where(happened, pred, 1.0 - pred) < eps, axis=1)
    return low


@of_classes(
    pred=UNIT,
    aliases=("multi_class_one_vs_all", "one_vs_all_log_loss"),
    touches={"clipped": floored_each},
    reference=RIFKIN,
)
def ova_log_loss(label: Codes, pred: Columns, *, eps: BelowOne = EPS) -> Column:
    """Mean over the classes of the log loss of each against the rest, in nats.

        chances = [p if c == label else 1 - p for c, p in enumerate(pred)]
        sum(-log(max(q, eps)) for q in chances) / len(pred)

    For models that answer one yes-or-no question a class: the probabilities of a row need not sum to
    1.  Unlike `cross_entropy` it also looks at how the classes that did not happen were rated.

    Gradient by `pred[j]`:

        ((-1 / pred[j] if pred[j] > eps else 0) if j == label else 1 / (1 - pred[j]) if 1 - pred[j] > eps
            else 0) / len(pred)

    >>> ova_log_loss(np.array([0]), np.array([[0.5, 0.5]]))
    array([0.69314718])
    """
    total = np.zeros(len(label))
    for place, chance in enumerate(pred.T):
        total += log_loss((label == place).astype(np.float64), chance, eps=eps)
    return np.divide(total, pred.shape[1], out=total)


@loss(
    name="ova_log_loss",
    logits=True,
    label=CLASSES,
    elicits=CLASS_LOG_ODDS,
    ulps=8.0,
    exceptions=ROUNDS,
    reference=RIFKIN,
)
def ova_log_loss_from_logits(label: Codes, pred: Columns) -> Column:
    """Mean log loss of each class against the rest, from raw scores.

        signed = [-s if c == label else s for c, s in enumerate(pred)]
        sum(log1p(exp(-abs(s))) + max(s, 0) for s in signed) / len(pred)

    Gradient by `pred[j]`:

        (-1 / (1 + exp(pred[j])) if j == label else 1 / (1 + exp(-pred[j]))) / len(pred)

    >>> ova_log_loss_from_logits(np.array([0]), np.array([[0.0, 0.0]]))
    array([0.69314718])
    """
    total = np.zeros(len(label))
    for place, score in enumerate(pred.T):
        # Divided one by one: the sum of the scores may exceed the greatest double where the mean does not.
        total += log_loss_from_logits((label == place).astype(np.float64), score) / pred.shape[1]
    return total


@loss(
    label=CLASSES,
    pred=SIMPLEX,
    aliases=("categorical_focal_crossentropy", "focal_loss"),
    elicits=LESS_SURE,
    touches={"clipped": floored},
    reference=LIN,
)
def focal(
    label: Codes, pred: Columns, *, gamma: Focus = 2.0, alpha: Unit | None = None, eps: BelowOne = EPS
) -> Column:
    """Cross-entropy in which rows that are already right count less.

        p = pred[label]
        (1 if alpha == None else alpha) * (1 - p)**gamma * -log(max(p, eps))

    ``gamma=0`` is `cross_entropy`; the greater it is, the less the sure and right rows count.  The
    probabilities that it rewards are not the true ones.  ``alpha`` is a factor for all classes, off by
    default; keras has 0.25, which makes every loss a quarter.

    Gradient by `pred[j]`:

        p = pred[label]
        (gamma * (1 - p)**(gamma - 1) * (1 if alpha == None else alpha) * log(max(p, eps)) if j == label
            else 0) + (-(1 if alpha == None else alpha) * (1 - p)**gamma / p if p > eps and j == label
            else 0)

    >>> focal(np.array([1, 0]), np.array([[0.5, 0.5], [1.0, 0.0]]))
    array([0.1732868, 0.       ])
    """
    chance = of_class(pred, label)
    missed, lost = two_difference(1.0, chance)
    # What the rounding of 1 - chance lost comes back through the slope of the power.
    lost = gamma * lost / np.where(missed == 0.0, 1.0, missed)
    factor = missed**gamma
    factor += factor * lost
    surprise = np.subtract(0.0, np.log(np.maximum(chance, eps)))
    return _balanced(factor * surprise, alpha)


@loss(
    name="focal",
    logits=True,
    label=CLASSES,
    elicits=LESS_SURE,
    ulps=64.0,
    exceptions={"ulps": "the power multiplies the rounding of a probability by `gamma`"},
    reference=LIN,
)
def focal_from_logits(
    label: Codes, pred: Columns, *, gamma: Focus = 2.0, alpha: Unit | None = None
) -> Column:
    """Cross-entropy where right rows count less, from raw scores.

        top = max(pred)
        surprise = log(sum(exp(s - top) for s in pred)) + (top - pred[label])
        (1 if alpha == None else alpha) * (1 - exp(-surprise))**gamma * surprise

    Gradient by `pred[j]`:

        top = max(pred)
        surprise = log(sum(exp(s - top) for s in pred)) + (top - pred[label])
        (1 if alpha == None else alpha) * gamma * (1 - exp(-surprise))**(gamma - 1) * exp(-surprise)
            * (exp(pred[j] - top) / sum(exp(s - top) for s in pred) - (1 if j == label
            else 0)) * surprise + (1 if alpha == None else alpha) * (1 - exp(-surprise))**gamma
            * (exp(pred[j] - top) / sum(exp(s - top) for s in pred) - (1 if j == label else 0))

    >>> focal_from_logits(np.array([1]), np.array([[2.0, 2.0]]))
    array([0.1732868])
    """
    greatest, above = log_sum_exp_above(pred)
    own = of_class(pred, label)
    # Halved, since the distance of two scores may exceed the greatest double where `alpha` times it fits.
    half = 0.5 * above + (0.5 * greatest - 0.5 * own)
    surprise = above + (greatest - own)
    found = (0.0 - np.expm1(-surprise)) ** gamma * np.where(np.isfinite(surprise), surprise, half)
    return np.where(np.isfinite(surprise), 1.0, 2.0) * _balanced(found, alpha)


def _balanced(found: Column, alpha: float | None) -> Column:
    return found if alpha is None else alpha * found


@loss(
    label=CLASSES,
    pred=SIMPLEX,
    aliases=("generalized_cross_entropy", "categorical_generalized_cross_entropy"),
    elicits=BY_POWER,
    reference=ZHANG,
)
def gce(label: Codes, pred: Columns, *, power: UpToOne = 0.5) -> Column:
    """Generalised cross-entropy: between surprise and chance of a miss.

        (1 - pred[label]**power) / power

    For labels some of which are wrong: no row costs more than ``1 / power``.  With ``power`` near 0 it
    is `cross_entropy`, at 1 it is the probability that the label was not given.

    Gradient by `pred[j]`:

        -pred[label]**(power - 1) if j == label else 0

    >>> gce(np.array([1, 0]), np.array([[0.75, 0.25], [1.0, 0.0]]))
    array([1., 0.])
    """
    return _bounded(np.subtract(0.0, np.log(of_class(pred, label))), power)


@from_logits(
    name="gce",
    elicits=BY_POWER,
    reference=ZHANG,
)
def gce_from_logits(label: Codes, pred: Columns, *, power: UpToOne = 0.5) -> Column:
    """Generalised cross-entropy, from raw scores.

        top = max(pred)
        surprise = log(sum(exp(s - top) for s in pred)) + (top - pred[label])
        -expm1(-power * surprise) / power

    Gradient by `pred[j]`:

        top = max(pred)
        surprise = log(sum(exp(s - top) for s in pred)) + (top - pred[label])
        exp(-power * surprise) * (exp(pred[j] - top) / sum(exp(s - top) for s in pred) - (1 if j == label
            else 0))

    >>> gce_from_logits(np.array([1]), np.array([[2.0, 2.0]]), power=1.0)
    array([0.5])
    """
    greatest, above = log_sum_exp_above(pred)
    return _bounded(above + (greatest - of_class(pred, label)), power)


def _bounded(surprise: Column, power: float) -> Column:
    """(1 - exp(-power·surprise)) / power."""
    scaled = power * surprise
    # Far below 1 the two sides are one, and the product would lose its digits below the normal doubles.
    return np.where(scaled < 1e-20, surprise, np.subtract(0.0, np.expm1(-scaled)) / power)


@loss(
    label=CLASSES,
    pred=SIMPLEX,
    aliases=("poly_loss", "poly_loss_cross_entropy"),
    elicits="probabilities that come out surer than they are (eps above 0)",
    ulps=8.0,
    exceptions={"ulps": "the surprise and the chance of a miss are rounded one by one"},
    reference="Leng et al. (2022), PolyLoss, ICLR, arXiv:2204.12511",
)
def poly1(label: Codes, pred: Columns, *, eps: FromMinusOne = 2.0) -> Column:
    """Cross-entropy plus ``eps`` times the probability of the other classes.

        -log(pred[label]) + eps * (1 - pred[label])

    Changes the first term of the series of the log only; ``eps=0`` is `cross_entropy`.  Nothing is
    clipped: a class that happened at probability 0 makes it infinite.

    Gradient by `pred[j]`:

        -1 / pred[label] - eps if j == label else 0

    >>> poly1(np.array([0, 0]), np.array([[0.5, 0.5], [1.0, 0.0]]))
    array([1.69314718, 0.        ])
    """
    chance = of_class(pred, label)
    # Split so that both terms are positive, also where `eps` is below 0.
    return excess(np.ones(1), chance) + (1.0 + eps) * (1.0 - chance)


def _halved(half: str, classes: int) -> bool:
    return half == "always" or (half == "auto" and classes == 2)


@of_classes(name="brier", reference=BRIER)
def brier_of_classes(label: Codes, pred: Columns, *, half: Half = "auto") -> Column:
    """Squared distance between the probabilities and the class that happened.

        total = sum((p - (1 if c == label else 0))**2 for c, p in enumerate(pred))
        total / 2 if half == "always" or half == "auto" and len(pred) == 2 else total

    From 0 to 2, or to 1 where it is halved: by default for two classes only, as scikit-learn does.

    Gradient by `pred[j]`:

        pred[j] - (1 if j == label else 0) if half == "always" or (half == "auto" and len(pred) == 2)
            else 2 * (pred[j] - (1 if j == label else 0))

    >>> brier_of_classes(np.array([0]), np.array([[0.5, 0.25, 0.25]]))
    array([0.375])
    """
    total = np.zeros(len(label))
    for place, chance in enumerate(pred.T):
        error = chance - (label == place)
        total += error * error
    return total * 0.5 if _halved(half, pred.shape[1]) else total


@of_shares(name="brier", reference=BRIER)
def brier_of_shares(label: Columns, pred: Columns, *, half: Half = "auto") -> Column:
    """Squared distance between the probabilities and soft or one-hot labels.

        total = sum((p - y)**2 for y, p in zip(label, pred))
        total / 2 if half == "always" or half == "auto" and len(pred) == 2 else total

    Gradient by `pred[j]`:

        pred[j] - label[j] if half == "always" or (half == "auto" and len(pred) == 2)
            else 2 * (pred[j] - label[j])

    >>> brier_of_shares(np.array([[1.0, 0.0, 0.0]]), np.array([[0.5, 0.25, 0.25]]))
    array([0.375])
    """
    total = np.zeros(len(label))
    for share, chance in zip(label.T, pred.T, strict=True):
        error = chance - share
        total += error * error
    return total * 0.5 if _halved(half, pred.shape[1]) else total


@loss(
    label=CLASSES,
    pred=CLASSES,
    aliases=("zero_one_loss", "error_rate", "misclassification", "merror", "multi_error", "binary_error"),
    of_rows="scikit-learn's `zero_one_loss` counts the rows with any wrong label: `subset_zero_one`",
    elicits=MODE,
    rate=True,
    reference="Duda, Hart & Stork (2001), Pattern Classification, §2.3",
)
def zero_one(label: Codes, pred: Codes, *, threshold: Unit = 0.5) -> Column:
    """Share of rows whose predicted class is not the label.

        1 if pred != label else 0

    One minus the accuracy.  A probability predicts class 1 where it is greater than ``threshold``, a
    raw score where it is greater than 0; of several class columns the first greatest one counts, and
    ties are reported.  It cannot tell a near miss from a bad one: `log_loss` and `brier` can.

    >>> zero_one(np.array([1, 0, 2]), np.array([1, 1, 2]))
    array([0., 1., 0.])
    """
    return np.not_equal(label, pred).astype(np.float64)


def steps_apart(label: Codes | Columns, pred: Columns) -> list[Column]:
    """For each class but the last: how far the probability of it or a lower one is from the label's.

    Summed with what the rounding lost, since the sums of a good forecast nearly cancel.
    """
    near, lost, steps = np.zeros(len(pred)), np.zeros(len(pred)), []
    for place, chance in enumerate(pred.T[:-1]):
        share = np.asarray(label == place if label.ndim == 1 else label[:, place], dtype=np.float64)
        apart, first = two_difference(chance, share)
        near, second = two_sum(near, apart)
        lost = lost + (first + second)
        steps.append(near + lost)
    return steps


EPSTEIN = "Epstein (1969), doi:10.1175/1520-0450(1969)008<0985:ASSFPF>2.0.CO;2"


@of_classes(aliases=("ranked_probability_score", "ranked_prob_score"), reference=EPSTEIN)
def rps(label: Codes, pred: Columns, *, normalize: bool = True) -> Column:
    """Ranked probability score of ordered classes: squared, of running sums.

        steps = range(len(pred) - 1)
        total = sum((sum(pred[: k + 1]) - (1 if label <= k else 0))**2 for k in steps)
        total / (len(pred) - 1) if normalize else total

    For classes with an order, which is the order of the columns: a probability two classes away from
    the label costs more than one next to it.  It is least for the true probabilities.  From 0 to 1;
    ``normalize=false`` does not divide by the number of classes less 1.

    Gradient by `pred[j]`:

        steps = range(len(pred) - 1)
        2 * sum(sum(pred[:k + 1]) - (1 if label <= k else 0) for k in steps if j < k + 1) / (len(pred)
            - 1) if normalize else 2 * sum(sum(pred[:k + 1]) - (1 if label <= k
            else 0) for k in steps if j < k + 1)

    >>> rps(np.array([0, 0]), np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
    array([0.5, 1. ])
    """
    return _ranked(steps_apart(label, pred), normalize)


@of_shares(name="rps", sample=SHARES, reference=EPSTEIN)
def rps_of_shares(label: Columns, pred: Columns, *, normalize: bool = True) -> Column:
    """Ranked probability score of ordered classes, of soft labels.

        steps = range(len(pred) - 1)
        total = sum((sum(pred[: k + 1]) - sum(label[: k + 1]))**2 for k in steps)
        total / (len(pred) - 1) if normalize else total

    Gradient by `pred[j]`:

        steps = range(len(pred) - 1)
        2 * sum(sum(pred[:k + 1]) - sum(label[:k + 1]) for k in steps if j < k + 1) / (len(pred)
            - 1) if normalize else 2 * sum(sum(pred[:k + 1]) - sum(label[:k + 1]) for k in steps if j < k
            + 1)

    >>> rps_of_shares(np.array([[1.0, 0.0, 0.0]]), np.array([[0.0, 1.0, 0.0]]))
    array([0.5])
    """
    return _ranked(steps_apart(label, pred), normalize)


def _ranked(steps: list[Column], normalize: bool) -> Column:
    total = np.zeros(len(steps[0]))
    for step in steps:
        total += step * step
    return total / len(steps) if normalize else total


RUBNER = "Rubner, Tomasi & Guibas (2000), doi:10.1023/A:1026543900054"


@of_classes(
    aliases=("earth_mover_distance", "wasserstein_1"), elicits="the median class for sure", reference=RUBNER
)
def emd(label: Codes, pred: Columns) -> Column:
    """Earth mover's distance of ordered classes, in steps of one class.

        sum(abs(sum(pred[: k + 1]) - (1 if label <= k else 0)) for k in range(len(pred) - 1))

    How far the probabilities must be carried to lie all on the label: against a single class it is
    the expected distance from it.  The order of the columns is the order of the classes, a step
    apart each.  `rps` squares the same steps and rewards the true probabilities; this does not.

    Gradient by `pred[j]`:

        sum(sign(sum(pred[:k + 1]) - (1 if label <= k else 0)) for k in range(len(pred) - 1) if j < k + 1)

    >>> emd(np.array([0]), np.array([[0.5, 0.25, 0.25]]))
    array([0.75])
    """
    return _carried(steps_apart(label, pred))


@divergence(name="emd", reference=RUBNER)
def emd_of_shares(label: Columns, pred: Columns) -> Column:
    """Earth mover's distance of ordered classes, of soft labels, in steps.

        sum(abs(sum(pred[: k + 1]) - sum(label[: k + 1])) for k in range(len(pred) - 1))

    Gradient by `pred[j]`:

        sum(sign(sum(pred[:k + 1]) - sum(label[:k + 1])) for k in range(len(pred) - 1) if j < k + 1)

    >>> emd_of_shares(np.array([[0.5, 0.5, 0.0]]), np.array([[0.0, 0.5, 0.5]]))
    array([1.])
    """
    return _carried(steps_apart(label, pred))


def _carried(steps: list[Column]) -> Column:
    total = np.zeros(len(steps[0]))
    for step in steps:
        total += np.abs(step)
    return total


@divergence(
    aliases=("kl_divergence", "kullback_leibler_divergence", "kl_div"),
    ulps=16.0,
    exceptions={
        **ROUNDS,
        "best": "where the two sides sum to 1 with different rounding, a row can come out just below 0",
    },
    reference="Kullback & Leibler (1951), doi:10.1214/aoms/1177729694",
)
def kl(label: Columns, pred: Columns, *, reverse: bool = False) -> Column:
    """Kullback-Leibler divergence of prediction from soft labels, in nats.

        pairs = zip(pred, label) if reverse else zip(label, pred)
        sum(y * log(y / p) if p > 0 else inf for y, p in pairs if y > 0)

    What soft labels cost beyond the surprise that is in them: `cross_entropy` less the entropy of the
    label, and 0 for a prediction that equals it.  Nothing is clipped: a class with a share of the
    label and probability 0 makes it infinite.  ``reverse`` changes the two sides.

    Gradient by `pred[j]`:

        (log(pred[j] / label[j]) + 1 if pred[j] > 0 and label[j] > 0 else 0) if reverse
            else -label[j] / pred[j] if label[j] > 0 and pred[j] > 0 else 0

    >>> kl(np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([[0.5, 0.5], [0.5, 0.5]]))
    array([0.69314718, 0.        ])
    """
    first, second = (pred, label) if reverse else (label, pred)
    total, near, lost = np.zeros(len(label)), np.zeros(len(label)), np.zeros(len(label))
    for one, other in zip(first.T, second.T, strict=True):
        # Terms of both signs would cancel: each is taken with one - other off it, which makes it
        # positive, and these differences, whose sum is all but 0, are summed with what rounding lost.
        total += excess(one, other)
        apart, left = two_difference(one, other)
        near, more = two_sum(near, apart)
        lost += left + more
    return total + (near + lost)


@divergence(
    aliases=("jensen_shannon", "jensen_shannon_divergence", "js_divergence"),
    ulps=16.0,
    reference="Lin (1991), doi:10.1109/18.61115",
)
def js(label: Columns, pred: Columns) -> Column:
    """Jensen-Shannon divergence of prediction and soft labels, in nats.

        to_middle = [x * log(2 * x / (y + p)) for y, p in zip(label, pred) for x in (y, p) if x > 0]
        sum(to_middle) / 2

    The mean `kl` of both sides from the middle between them: never infinite, at most log 2, and the
    same when the sides change places.  Its root is a distance; this is not the root.

    Gradient by `pred[j]`:

        ((-label[j] / (label[j] + pred[j]) if label[j] > 0 else 0) + (log(2 * pred[j] / (label[j]
            + pred[j])) + 1 - pred[j] / (label[j] + pred[j]) if pred[j] > 0 else 0)) / 2

    >>> js(np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([[0.0, 1.0], [0.5, 0.5]]))
    array([0.69314718, 0.        ])
    """
    total = np.zeros(len(label))
    for share, chance in zip(label.T, pred.T, strict=True):
        total += mixing(share, chance)
    return total * 0.5


@divergence(aliases=("hellinger_distance",), reference="Hellinger (1909), doi:10.1515/crll.1909.136.210")
def hellinger(label: Columns, pred: Columns) -> Column:
    """Hellinger distance of prediction and soft labels, from 0 to 1.

        sqrt(sum((sqrt(y) - sqrt(p))**2 for y, p in zip(label, pred)) / 2)

    Never infinite; it minds small probabilities more than `tv` does and less than `kl`.  The value of
    a file is the mean of the rows' distances, not of their squares.

    Gradient by `pred[j]`:

        (1 - sqrt(label[j]) / sqrt(pred[j])) / (4 * sqrt(sum((sqrt(y)
            - sqrt(p))**2 for y, p in zip(label, pred)) / 2))

    >>> hellinger(np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([[0.0, 1.0], [0.5, 0.5]]))
    array([1., 0.])
    """
    total = np.zeros(len(label))
    for share, chance in zip(label.T, pred.T, strict=True):
        roots = np.sqrt(share) + np.sqrt(chance)
        # A power of two, so that the square of the root of 5e-324 keeps its digits.
        apart = (share - chance) / np.where(roots == 0.0, 1.0, roots) * 2.0**500
        total += apart * apart
    return np.sqrt(total * 0.5) * 2.0**-500


@divergence(
    aliases=("total_variation", "total_variation_distance"),
    reference="Gibbs & Su (2002), doi:10.1111/j.1751-5823.2002.tb00178.x",
)
def tv(label: Columns, pred: Columns) -> Column:
    """Total variation distance: the probability that lies on wrong classes.

        sum(abs(p - y) for y, p in zip(label, pred)) / 2

    From 0 to 1, in plain probability: the greatest error that the prediction makes about any set of
    classes.  Of one certain class it is the probability that was given to the others.

    Gradient by `pred[j]`:

        sign(pred[j] - label[j]) / 2

    >>> tv(np.array([[1.0, 0.0, 0.0]]), np.array([[0.5, 0.25, 0.25]]))
    array([0.5])
    """
    total = np.zeros(len(label))
    for share, chance in zip(label.T, pred.T, strict=True):
        total += np.abs(chance - share)
    return total * 0.5


def places_ahead(label: Codes, pred: Columns) -> tuple[Column, Column]:
    """How many classes have a greater score than the label's, and how many more are tied before it."""
    own = of_class(pred, label)
    greater, before = np.zeros(len(label)), np.zeros(len(label))
    for place, score in enumerate(pred.T):
        greater += score > own
        before += (score == own) & (place < label)
    return greater, before


def tied_at(label: Codes, pred: Columns, *, k: int) -> Mask:
    """Which rows are right or wrong only by the order of the columns."""
    own = of_class(pred, label)
    greater, _ = places_ahead(label, pred)
    others = np.count_nonzero(own == pred.T, axis=0) - 1
    tied: Mask = (greater < k) & (greater + others >= k)
    return tied


@of_scores(
    aliases=("top_k_categorical_error",),
    elicits="the k most probable classes in front",
    rate=True,
    touches={"tied": tied_at},
    reference="Russakovsky et al. (2015), doi:10.1007/s11263-015-0816-y",
)
def top_k_error(label: Codes, pred: Columns, *, k: Count) -> Column:
    """Share of rows whose class is not among the ``k`` greatest scores.

        own = pred[label]
        ahead = sum(1 for c, s in enumerate(pred) if s > own or s == own and c < label)
        1 if ahead >= k else 0

    One minus the top-k accuracy.  Probabilities or raw scores, only their order matters; of equal
    ones the first column is taken, and rows where that decides are counted as tied.  ``k=1`` is
    `zero_one`.

    No gradient: it goes in steps: its slope is 0 wherever it has one.

    >>> top_k_error(np.array([0, 2]), np.array([[0.2, 0.5, 0.3], [0.2, 0.5, 0.3]]), k=2)
    array([1., 0.])
    """
    greater, before = places_ahead(label, pred)
    return (greater + before >= k).astype(np.float64)


@of_scores(
    aliases=("crammer_singer", "multiclass_hinge_loss"),
    elicits="the class that is more probable than all others together in front, by 1",
    reference="Crammer & Singer (2001), JMLR 2, 265-292",
)
def multiclass_hinge(label: Codes, pred: Columns, *, squared: bool = False) -> Column:
    """What a class's score lacks to lie 1 above that of every other class.

        rival = max(s for c, s in enumerate(pred) if c != label)
        max(0, 1 + (rival - pred[label]))**(2 if squared else 1)

    Crammer and Singer's hinge, of raw scores as they are.  `multi_margin` counts all rivals, this the
    strongest; `perceptron` asks for no distance.

    Gradient by `pred[j]`:

        rival = max(s for c, s in enumerate(pred) if c != label)
        (2 if squared else 1) * (1 + rival - pred[label])**(1 if squared
            else 0) * ((1 if j != label and pred[j] == rival else 0) - (1 if j == label
            else 0)) if 1 + (rival - pred[label]) > 0 else 0

    >>> multiclass_hinge(np.array([0, 0]), np.array([[2.0, 1.5, 0.0], [3.0, 1.0, 0.0]]))
    array([0.5, 0. ])
    """
    rival = np.full(len(label), -np.inf)
    for place, score in enumerate(pred.T):
        np.maximum(rival, np.where(label == place, -np.inf, score), out=rival)
    missed = margin_missed(1.0, rival, of_class(pred, label))
    return missed * missed if squared else missed


@of_scores(
    aliases=("multi_margin_loss",),
    elicits="the most probable class in front, where it is more probable than not",
    ulps=8.0,
    exceptions=ROUNDS,
    reference="Weston & Watkins (1999), Support vector machines for multi-class pattern recognition, ESANN",
)
def multi_margin(label: Codes, pred: Columns, *, power: OneOrTwo = 1, margin: NonNegative = 1.0) -> Column:
    """What a class's score lacks to lie a margin above each other one's.

        missed = [max(0, margin + (s - pred[label])) for c, s in enumerate(pred) if c != label]
        sum(m**power for m in missed) / len(pred)

    Every rival that comes too near counts, where `multiclass_hinge` minds the strongest only; the sum
    is divided by the number of classes, as PyTorch does.

    Gradient by `pred[j]`:

        ((power * (margin + pred[j] - pred[label])**(power - 1) if j != label and margin + (pred[j]
            - pred[label]) > 0 else 0) + (-power * sum((margin + s - pred[label])**(power
            - 1) for c, s in enumerate(pred) if c != label and margin + (s
            - pred[label]) > 0) if j == label else 0)) / len(pred)

    >>> multi_margin(np.array([0]), np.array([[2.0, 1.5, 2.0, 0.0]]))
    array([0.375])
    """
    mean = _missed(label, pred, power, margin)
    mean /= pred.shape[1]
    far = ~np.isfinite(mean)
    if far.any():
        # The sum exceeds the greatest double where the mean may not: the same, all inputs scaled down.
        scaled = _missed(label[far], pred[far] * 2.0**-600, power, margin * 2.0**-600) / pred.shape[1]
        for _ in range(power):
            scaled *= 2.0**600
        mean[far] = scaled
    return mean


def _missed(label: Codes, pred: Columns, power: int, margin: float) -> Column:
    own, total = of_class(pred, label), np.zeros(len(label))
    for place, score in enumerate(pred.T):
        missed = margin_missed(margin, score, own)
        total += np.where(label == place, 0.0, missed * missed if power == 2 else missed)
    return total


@of_scores(
    name="perceptron",
    elicits="the most probable class in front",
    reference="Crammer & Singer (2003), Ultraconservative online algorithms, JMLR 3, 951-991",
)
def perceptron_of_classes(label: Codes, pred: Columns) -> Column:
    """What a class's score lacks to be the greatest.

        max(pred) - pred[label]

    0 wherever the class is in front, by however little; `multiclass_hinge` asks for a distance.  Equal
    scores for all classes cost nothing: it is of use only beside `zero_one`.

    Gradient by `pred[j]`:

        (1 if pred[j] == max(pred) else 0) - (1 if j == label else 0)

    >>> perceptron_of_classes(np.array([0, 1]), np.array([[2.0, 1.5], [2.0, 1.5]]))
    array([0. , 0.5])
    """
    # Adding 0 makes -0 a zero, which the greatest of 0 and -0 may be.
    behind: Column = pred.max(axis=1) - of_class(pred, label) + 0.0
    return behind
