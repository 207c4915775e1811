"""Losses of several classes: how surprising a class, or soft labels, are under probabilities or raw scores."""

from __future__ import annotations

from functools import partial
from typing import Annotated, TypeAlias

import numpy as np

from losscli.loss.declare import Codes, Column, Columns, loss
from losscli.loss.domains import CLASSES, SIMPLEX, UNIT, BelowOne, Interval, Unit
from losscli.loss.elicits import CLASS_LOG_ODDS, CLASS_LOG_PROBABILITIES, CLASS_LOGITS
from losscli.losses.binary import EPS, GOOD, LIN, Focus
from losscli.losses.class_columns import (
    ROUNDS,
    at_class,
    floored_anywhere,
    mean_log_loss,
    mean_log_loss_from_logits,
    of_probabilities,
    of_soft_labels,
)
from losscli.losses.stable import entropy_gap
from losscli.numbers.error_free import two_difference
from losscli.table.block import Mask

UpToOne: TypeAlias = Annotated[float, Interval(0.0, 1.0, open_low=True)]
FromMinusOne: TypeAlias = Annotated[float, Interval(low=-1.0)]

RIFKIN = "Rifkin & Klautau (2004), In defense of one-vs-all classification, JMLR 5, 101-141"
ZHANG = "Zhang & Sabuncu (2018), Generalized cross entropy loss, NeurIPS 31, arXiv:1805.07836"
LESS_SURE = "classes in the order of their probabilities, which come out less sure than they are"
BY_POWER = "the most probable class for sure (power 1), the probabilities (power near 0)"

from_logits = partial(
    loss, logits=True, label=CLASSES, elicits=CLASS_LOGITS, ulps=16.0, reference=GOOD, exceptions=ROUNDS
)

CROSS_ENTROPY_ALIASES = (
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
    "categorical_cross_entropy",
    "ce",
    "mlogloss",
    "multi_class",
    "cross_entropy_loss",
    "mn_log_loss",
    "multiclass_loss",
    "softmax_cross_entropy",
    "交叉熵损失",
)


def floored(
    label: Codes, pred: Columns, *, eps: float, label_smoothing: float = 0.0, **_: object
) -> Mask | None:
    """Rows that give the label's class, or with smoothing any class, a probability below ``eps``."""
    if not eps:
        return None
    low: Mask = at_class(pred, label) < eps if label_smoothing == 0.0 else np.any(pred < eps, axis=1)
    return low


def floored_soft(label: Columns, pred: Columns, *, eps: float, label_smoothing: float = 0.0) -> Mask:
    """Rows that give a class with a share of the label a probability below ``eps``."""
    low: Mask = np.any(((label > 0.0) | (label_smoothing > 0.0)) & (pred < eps), axis=1)
    return low


def shares_of(label: Columns, label_smoothing: float) -> tuple[Columns, float]:
    """The classes' shares of the label after smoothing, and their sum.

    They are not divided by the number of classes, which would make a share of the smallest double 0.
    """
    if label_smoothing == 0.0:
        return label, 1.0
    return label * ((1.0 - label_smoothing) * label.shape[1]) + label_smoothing, float(label.shape[1])


@of_probabilities(
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
    chance = at_class(pred, label)
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


@of_soft_labels(name="cross_entropy", best=None, touches={"clipped": floored_soft}, reference=GOOD)
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
    greatest = at_class(pred, first)
    rest = np.zeros(len(pred))
    for place, scores in enumerate(columns):
        below, lost = two_difference(scores, greatest)
        # A score farther below than the greatest double adds nothing; `lost` is NaN there.
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
        # A distance of scores may exceed the greatest double where its share does not: all scores are
        # scaled down, and `above` is negligible.
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

        chance = softmax(pred)
        miss = sum(p for c, p in enumerate(chance) if c != label)
        (chance[j] if j != label else -miss) if label_smoothing == 0 else (1 - label_smoothing)
            * (chance[j] if j != label else -miss) + label_smoothing * (chance[j] - 1 / len(pred))

    >>> cross_entropy_from_logits(np.array([1]), np.array([[2.0, 2.0]]))
    array([0.69314718])
    """
    greatest, above = log_sum_exp_above(pred)
    if label_smoothing == 0.0:
        return above + (greatest - at_class(pred, label))
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

        shares = [(1 - label_smoothing) * y + label_smoothing / len(label) for y in label]
        chance = softmax(pred)
        sum(shares) * chance[j] - shares[j]

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
    return np.subtract(0.0, at_class(pred, label))


@of_probabilities(
    pred=UNIT,
    aliases=("multi_class_one_vs_all", "one_vs_all_log_loss"),
    touches={"clipped": floored_anywhere},
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
    return mean_log_loss(label, pred, eps)


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
    return mean_log_loss_from_logits(label, pred)


@loss(
    label=CLASSES,
    pred=SIMPLEX,
    aliases=("categorical_focal", "categorical_focal_crossentropy", "focal_loss"),
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
    chance = at_class(pred, label)
    missed, lost = two_difference(1.0, chance)
    # The rounding error of 1 - chance is added back times the slope of the power.
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

        chance = softmax(pred)
        miss = sum(p for c, p in enumerate(chance) if c != label)
        surprise = log(sum(exp(s - max(pred)) for s in pred)) + (max(pred) - pred[label])
        slope = gamma * chance[label] * surprise + miss
        (1 if alpha == None else alpha) * miss**(gamma - 1) * slope * (chance[j] if j != label else -miss)

    >>> focal_from_logits(np.array([1]), np.array([[2.0, 2.0]]))
    array([0.1732868])
    """
    greatest, above = log_sum_exp_above(pred)
    own = at_class(pred, label)
    # Halved, since the distance of two scores may exceed the greatest double where `alpha` times it does not.
    half = 0.5 * above + (0.5 * greatest - 0.5 * own)
    surprise = above + (greatest - own)
    found = (0.0 - np.expm1(-surprise)) ** gamma * np.where(np.isfinite(surprise), surprise, half)
    return np.where(np.isfinite(surprise), 1.0, 2.0) * _balanced(found, alpha)


def _balanced(found: Column, alpha: float | None) -> Column:
    return found if alpha is None else alpha * found


@loss(
    label=CLASSES,
    pred=SIMPLEX,
    aliases=(
        "generalised_cross_entropy",
        "generalized_cross_entropy",
        "categorical_generalized_cross_entropy",
    ),
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
    return _bounded(np.subtract(0.0, np.log(at_class(pred, label))), power)


@from_logits(name="gce", elicits=BY_POWER, reference=ZHANG)
def gce_from_logits(label: Codes, pred: Columns, *, power: UpToOne = 0.5) -> Column:
    """Generalised cross-entropy, from raw scores.

        top = max(pred)
        surprise = log(sum(exp(s - top) for s in pred)) + (top - pred[label])
        -expm1(-power * surprise) / power

    Gradient by `pred[j]`:

        chance = softmax(pred)
        miss = sum(p for c, p in enumerate(chance) if c != label)
        chance[label]**power * (chance[j] if j != label else -miss)

    >>> gce_from_logits(np.array([1]), np.array([[2.0, 2.0]]), power=1.0)
    array([0.5])
    """
    greatest, above = log_sum_exp_above(pred)
    return _bounded(above + (greatest - at_class(pred, label)), power)


def _bounded(surprise: Column, power: float) -> Column:
    """(1 - exp(-power·surprise)) / power."""
    scaled = power * surprise
    # Far below 1 the result is the surprise itself, and the product would be subnormal.
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
    chance = at_class(pred, label)
    # Split so that both terms are positive, also where `eps` is below 0.
    return entropy_gap(np.ones_like(chance), chance) + (1.0 + eps) * (1.0 - chance)
