"""Losses of two classes: a label of 0 or 1 against a probability or a raw score."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import Annotated, Literal, TypeAlias

import numpy as np

from losscli.loss.declare import Codes, Column, Columns, Finished, Undefined, loss
from losscli.loss.domains import (
    BINARY,
    CLASSES,
    SIMPLEX,
    SOFT_BINARY,
    UNIT,
    BelowOne,
    Interval,
    Positive,
    Unit,
)
from losscli.loss.elicits import HALF_LOG_ODDS, LOG_ODDS, PROBABILITY
from losscli.loss.matrix import Matrix
from losscli.losses.moments import label_and_pred
from losscli.losses.stable import entropy, entropy_gap, product
from losscli.numbers.error_free import two_product
from losscli.numbers.sums import Moments
from losscli.table.block import Mask

EPS = 2.220446049250313e-16  # the gap between 1 and the next double
GOOD = "Good (1952), doi:10.1111/j.2517-6161.1952.tb00104.x"
GOOD_SCORES = "Gneiting & Raftery (2007), doi:10.1198/016214506000001437"
BRIER = "Brier (1950), doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2"
LIN = "Lin, Goyal, Girshick, He & Dollár (2017), doi:10.1109/ICCV.2017.324"
KING = "King & Zeng (2001), doi:10.1093/oxfordjournals.pan.a004868"
KULLBACK = "Kullback & Leibler (1951), doi:10.1214/aoms/1177729694"
ELKAN = "Elkan (2001), The foundations of cost-sensitive learning, IJCAI 2001"

Focus: TypeAlias = Annotated[float, Interval(0.0, 16.0)]
Half: TypeAlias = Literal["auto", "always", "never"]

of_probability = partial(loss, label=SOFT_BINARY, pred=UNIT, elicits=PROBABILITY)
of_log_odds = partial(loss, logits=True, label=SOFT_BINARY, elicits=LOG_ODDS)
skill = partial(of_probability, averages=("macro", "none"), better="higher", best=1.0)
expected_cost = partial(loss, best=None, elicits="the class with the least expected cost", reference=ELKAN)


def floored(
    label: Column, pred: Column, *, eps: float, label_smoothing: float = 0.0, **_: object
) -> Mask | None:
    """Rows that give what happened, or with smoothing either outcome, a probability below ``eps``."""
    # The smallest and the greatest prediction nearly always show that there are none.
    if eps == 0.0 or (pred.min(initial=1.0) >= eps and 1.0 - pred.max(initial=0.0) >= eps):
        return None
    hit, miss = pred < eps, 1.0 - pred < eps
    low: Mask = hit | miss if label_smoothing else ((label > 0.0) & hit) | ((label < 1.0) & miss)
    return low


def surprise(happened: Mask, pred: Column, eps: float) -> Column:
    """Minus the log of ``pred`` where the event happened, and of 1 - ``pred`` where it did not."""
    # Less 0 or 1 chooses exactly; a mask without a pattern takes ten times as long.
    miss = (~happened).astype(np.float64)
    signed = pred - miss
    # For a small pred, 1 - pred is rounded, and its log is then mostly rounding error.  The error,
    # 1 - (1 - pred) - pred exactly, is added back times the slope of the log; it is 0 from 0.5 on.
    lost = np.add(signed, miss, out=miss)
    lost -= pred
    chance = np.abs(signed, out=signed)
    if eps > 0.5:
        lost[chance < eps] = 0.0
    np.maximum(chance, eps, out=chance)
    lost /= chance if eps else np.maximum(chance, 0.5)  # 0 stays 0
    found = np.log(chance, out=chance)
    found += lost
    return np.subtract(0.0, found, out=found)


def log_of_miss(pred: Column, eps: float) -> Column:
    """The log of 1 - pred, or of ``eps`` where that is greater."""
    return np.maximum(np.log1p(-pred), np.log(eps) if eps else -np.inf)


def surprise_at(label: Column, pred: Column, eps: float, pos_weight: float = 1.0) -> Column:
    """Minus the log of the probability of the label, or its mean by a soft label; hits weigh ``pos_weight``."""
    happened = label == 1.0
    found = surprise(happened, pred, eps)
    soft = ~happened & (label != 0.0)
    if soft.any():
        share, hits = label[soft], np.log(np.maximum(pred[soft], eps))
        hits = share * hits if pos_weight == 1.0 else product(share, hits, pos_weight)
        found[soft] = 0.0 - (hits + (1.0 - share) * log_of_miss(pred[soft], eps))
    if pos_weight != 1.0:
        found[happened] *= pos_weight
    return found


@of_probability(
    aliases=(
        "binary_cross_entropy",
        "binary_crossentropy",
        "bce",
        "logloss",
        "binary_logloss",
        "xentropy",
        "bce_loss",
        "bce_with_logits_loss",
    ),
    touches={"clipped": floored},
    reference=GOOD,
)
def log_loss(label: Column, pred: Column, *, eps: BelowOne = EPS, label_smoothing: Unit = 0.0) -> Column:
    """Surprise at the label, in nats: minus the log of its probability.

        y = label * (1 - label_smoothing) + label_smoothing / 2
        hit = y * log(max(pred, eps)) if y > 0 else 0
        miss = (1 - y) * log(max(1 - pred, eps)) if y < 1 else 0
        -(hit + miss)

    The loss for probabilities: it is least for the true ones, and a confident mistake is dear.  A
    probability of what happened below ``eps`` is raised to it and the row is counted as clipped;
    ``eps=0`` gives the honest infinity.  A label between 0 and 1 is a soft label; ``label_smoothing``
    moves every label that far towards one half, as Keras does.

    Gradient by `pred`:

        y = label * (1 - label_smoothing) + label_smoothing / 2
        low = pred <= eps
        high = 1 - pred <= eps
        hit = -y / pred if not low else 0
        miss = (1 - y) / (1 - pred) if not high else 0
        (pred - y) / (pred * (1 - pred)) if not low and not high else hit + miss

    >>> log_loss(np.array([1.0, 0.0]), np.array([1.0, 0.5]))
    array([0.        , 0.69314718])
    """
    if label_smoothing:
        # Twice the shares of the outcomes, halved at the end: half of the smallest double is 0.
        hit, miss = (2.0 * y * (1.0 - label_smoothing) + label_smoothing for y in (label, 1.0 - label))
        terms = hit * np.log(np.maximum(pred, eps)) + miss * log_of_miss(pred, eps)
        return 0.0 - 0.5 * terms
    return surprise_at(label, pred, eps)


@of_log_odds(name="log_loss", reference=GOOD)
def log_loss_from_logits(label: Column, pred: Column, *, label_smoothing: Unit = 0.0) -> Column:
    """Surprise at the label, in nats, from a raw score (log odds).

        y = label * (1 - label_smoothing) + label_smoothing / 2
        log1p(exp(-abs(pred))) + (max(pred, 0) - pred * y)

    Nothing is clipped: a score far on the wrong side costs its distance from zero.

    Gradient by `pred`:

        y = label * (1 - label_smoothing) + label_smoothing / 2
        (1 - y) * sigmoid(pred) - y * sigmoid(-pred)

    >>> log_loss_from_logits(np.array([1.0, 0.0]), np.array([0.0, 200.0]))
    array([  0.69314718, 200.        ])
    """
    # max(pred, 0) - pred * y would cancel; taken side by side, both terms are positive.
    if label_smoothing:
        against = np.where(pred > 0.0, 1.0 - label, label)
        # Twice the share times half the score: half of the smallest double is 0.
        line = (2.0 * against * (1.0 - label_smoothing) + label_smoothing) * (0.5 * np.abs(pred))
    else:
        line = np.where(pred > 0.0, (1.0 - label) * pred, -label * pred)
    return np.log1p(np.exp(-np.abs(pred))) + line


@of_probability(
    elicits="the probability of label 1, its odds multiplied by pos_weight",
    touches={"clipped": floored},
    reference=KING,
)
def weighted_log_loss(
    label: Column, pred: Column, *, pos_weight: Positive = 1.0, eps: BelowOne = EPS
) -> Column:
    """Surprise at the label, in nats, positives weighing ``pos_weight``.

        hit = pos_weight * label * log(max(pred, eps)) if label > 0 else 0
        miss = (1 - label) * log(max(1 - pred, eps)) if label < 1 else 0
        -(hit + miss)

    For rare positives.  The mean is over rows, as in PyTorch's ``pos_weight``, not over the weights:
    ``--class-weight 1=5`` divides by their sum.  It no longer rewards honest probabilities: those
    that it is least for are shifted towards 1.

    Gradient by `pred`:

        (-pos_weight * label / pred if label > 0 and pred > eps
            else 0) + ((1 - label) / (1 - pred) if label < 1 and 1 - pred > eps else 0)

    >>> weighted_log_loss(np.array([1.0, 0.0]), np.array([0.5, 0.5]), pos_weight=2.0)
    array([1.38629436, 0.69314718])
    """
    return surprise_at(label, pred, eps, pos_weight)


@of_log_odds(
    name="weighted_log_loss",
    elicits="the log odds of label 1, plus the log of pos_weight",
    ulps=6.0,
    exceptions={"ulps": "exp, log1p and two products round once each"},
    reference=KING,
)
def weighted_log_loss_from_logits(label: Column, pred: Column, *, pos_weight: Positive = 1.0) -> Column:
    """Surprise at the label, in nats, from a raw score, positives weighted.

        rest = log1p(exp(-abs(pred)))
        hit = pos_weight * label * (rest + max(-pred, 0))
        hit + (1 - label) * (rest + max(pred, 0))

    Gradient by `pred`:

        (1 - label) * sigmoid(pred) - pos_weight * label * sigmoid(-pred)

    >>> weighted_log_loss_from_logits(np.array([1.0, 0.0]), np.array([0.0, 0.0]), pos_weight=2.0)
    array([1.38629436, 0.69314718])
    """
    return _times_softplus(-pred, label, pos_weight) + _times_softplus(pred, 1.0 - label, 1.0)


def _times_softplus(score: Column, share: Column, factor: float) -> Column:
    """``share * factor * log(1 + exp(score))``, also where exp alone would underflow and ``factor`` is large."""
    root = np.exp(0.5 * np.minimum(score, -40.0))
    above = np.maximum(score, 0.0) + np.log1p(np.exp(-np.abs(score)))
    far = score < -40.0
    return product(np.where(far, root, above), np.where(far, root, 1.0), share, factor)


@of_probability(
    aliases=("binary_kl", "kullback_leibler_binary"),
    reference=KULLBACK,
)
def kl_binary(label: Column, pred: Column) -> Column:
    """Divergence from a soft label to the predicted probability, in nats.

        hit = label * log(label / pred) if label > 0 and pred > 0 else inf if label > 0 else 0
        miss = (1 - label) * log((1 - label) / (1 - pred)) if label < 1 and pred < 1 else inf if label < 1 else 0
        hit + miss

    `log_loss` less what no prediction could save, the entropy of the label: 0 where the two agree.
    For labels of 0 and 1 the two are the same.  Nothing is clipped: a probability of 0 for what has
    a share of the label is infinitely bad, and `log_loss` has the floor.

    Gradient by `pred`:

        (pred - label) / (pred * (1 - pred)) if 0 < pred < 1 else 1 if pred == 0 else -1

    >>> kl_binary(np.array([1.0, 0.5]), np.array([0.5, 0.5]))
    array([0.69314718, 0.        ])
    """
    rest = entropy_gap(1.0 - label, 1.0 - pred, pred - label)
    return entropy_gap(label, pred) + rest


@of_probability(
    aliases=("brier_score", "brier_score_loss", "quadratic_score", "brier_class"), reference=BRIER
)
def brier(label: Column, pred: Column, *, half: Half = "auto") -> Column:
    """Squared error of a probability.

        (2 if half == "never" else 1) * (pred - label)**2

    Bounded, and so calmer than `log_loss` about a confident mistake; it too is least for the true
    probabilities.  Over two classes the sum of squares is twice this: ``half=never`` gives that sum.

    Gradient by `pred`:

        2 * (2 if half == "never" else 1) * (pred - label)

    >>> brier(np.array([1.0, 0.0]), np.array([0.9, 0.5]))
    array([0.01, 0.25])
    """
    error = pred - label
    np.multiply(error, error, out=error)
    return error * 2.0 if half == "never" else error


@of_probability(label=BINARY, aliases=("spherical_score", "spherical_loss"), best=-1.0, reference=GOOD_SCORES)
def spherical(label: Column, pred: Column) -> Column:
    """Minus the label's probability over the length of the two probabilities.

        -(pred if label == 1 else 1 - pred) / sqrt(pred**2 + (1 - pred)**2)

    From -1, certain and right, to 0.  As `brier` it is bounded and least for the true probabilities;
    it minds a small probability of what happens more.

    Gradient by `pred`:

        square = pred**2 + (1 - pred)**2
        (pred - 1 if label == 1 else pred) / (square * sqrt(square))

    >>> spherical(np.array([1.0, 0.0]), np.array([1.0, 0.5]))
    array([-1.        , -0.70710678])
    """
    chance = np.where(label == 1.0, pred, 1.0 - pred)
    return 0.0 - chance / np.hypot(pred, 1.0 - pred)  # no -0


@of_log_odds(
    name="brier",
    label=BINARY,
    ulps=6.0,
    exceptions={"ulps": "exp rounds twice and the square once more"},
    reference=BRIER,
)
def brier_from_logits(label: Column, pred: Column, *, half: Half = "auto") -> Column:
    """Squared error of the probability that a raw score (log odds) stands for.

        odds = exp(pred if label == 1 else -pred)
        (2 if half == "never" else 1) / (1 + odds)**2

    Gradient by `pred`:

        side = 1 if label == 1 else -1
        -side * (4 if half == "never" else 2) * sigmoid(side * pred) * sigmoid(-side * pred)**2

    >>> brier_from_logits(np.array([1.0, 0.0]), np.array([0.0, 0.0]))
    array([0.25, 0.25])
    """
    score = np.where(label == 1.0, pred, -pred)
    small = np.exp(-np.abs(score))
    whole = 1.0 + small
    lost = small - (whole - 1.0)
    top = np.where(score > 0.0, np.exp(-2.0 * np.abs(score)), 1.0)
    error = top / (whole * whole) * (1.0 - 2.0 * lost / whole)
    return error * 2.0 if half == "never" else error


@of_probability(
    label=BINARY,
    aliases=("binary_focal", "focal_loss", "binary_focal_crossentropy", "sigmoid_focal_loss"),
    elicits="a probability on the right side of one half, drawn towards it",
    touches={"clipped": floored},
    reference=LIN,
)
def focal(
    label: Column, pred: Column, *, gamma: Focus = 2.0, alpha: Unit | None = None, eps: BelowOne = EPS
) -> Column:
    """Surprise at the label, in nats, damped where it is small.

        chance = pred if label == 1 else 1 - pred
        factor = 1 if alpha == None else alpha if label == 1 else 1 - alpha
        factor * (1 - chance)**gamma * -log(max(chance, eps)) if factor > 0 else 0

    ``gamma=0`` is `log_loss`; the greater it is, the less the easy rows count.  ``alpha`` multiplies
    positives by alpha and negatives by 1 - alpha; it is off by default, as in Keras and Optax
    (torchvision has 0.25).  Not for judging probabilities: it is least for ones that are too timid.

    Gradient by `pred`:

        chance = pred if label == 1 else 1 - pred
        factor = 1 if alpha == None else alpha if label == 1 else 1 - alpha
        ((-1 if label == 1 else 1) * factor * (1 - chance)**gamma / chance if chance > eps
            else 0) - factor * gamma * (1 - chance)**(gamma - 1) * (-1 if label == 1
            else 1) * log(max(chance, eps)) if factor > 0 else 0

    >>> focal(np.array([1.0, 0.0]), np.array([0.5, 0.5]))
    array([0.1732868, 0.1732868])
    """
    happened = label == 1.0
    missed = 1.0 - pred
    lost = (1.0 - missed) - pred  # 1 - pred is missed + lost
    base = np.where(happened, missed, pred) + 0.0  # no -0
    power = base**gamma
    power *= 1.0 + gamma * np.where(happened, lost / np.maximum(missed, 0.25), 0.0)
    return _balanced(power * surprise(happened, pred, eps), happened, alpha)


def _balanced(found: Column, happened: Column, alpha: float | None) -> Column:
    if alpha is None:
        return found
    factor = np.where(happened, alpha, 1.0 - alpha)
    return np.where(factor > 0.0, found, 0.0) * factor


@of_log_odds(
    name="focal",
    label=BINARY,
    elicits="a score on the right side of zero, drawn towards it",
    ulps=16.0,
    exceptions={"ulps": "the power gamma, up to 16, multiplies the rounding of exp by half of it"},
    reference=LIN,
)
def focal_from_logits(
    label: Column, pred: Column, *, gamma: Focus = 2.0, alpha: Unit | None = None
) -> Column:
    """Focal loss from a raw score (log odds), in nats; nothing is clipped.

        score = pred if label == 1 else -pred
        factor = 1 if alpha == None else alpha if label == 1 else 1 - alpha
        factor * (1 + exp(score))**-gamma * (log1p(exp(-abs(score))) + max(-score, 0))

    Gradient by `pred`:

        side = 1 if label == 1 else -1
        factor = 1 if alpha == None else alpha if label == 1 else 1 - alpha
        chance = sigmoid(side * pred)
        miss = sigmoid(-side * pred)
        -side * factor * miss**gamma * (gamma * chance * softplus(-side * pred) + miss)

    >>> focal_from_logits(np.array([1.0, 0.0]), np.array([0.0, 0.0]))
    array([0.1732868, 0.1732868])
    """
    happened = label == 1.0
    score = np.where(happened, pred, -pred)
    small = np.exp(-np.abs(score))
    whole = 1.0 + small
    lost = small - (whole - 1.0)
    power = whole**-gamma * (1.0 - gamma * lost / whole)
    # For a large score, exp(-score)**gamma needs its exponent to more digits than a double has.
    near, left = two_product(np.clip(score, 0.0, 800.0), gamma)
    power *= np.exp(-near) * (1.0 - left)
    above = np.maximum(-score, 0.0) + np.log1p(small)
    return _balanced(power * above, happened, alpha)


@loss(
    label=BINARY,
    aliases=("exp_loss", "adaboost_loss"),
    elicits=HALF_LOG_ODDS,
    sample="sample_data/breast_cancer.csv --pred score",
    reference="Friedman, Hastie & Tibshirani (2000), doi:10.1214/aos/1016218223",
)
def exponential_loss(label: Column, pred: Column) -> Column:
    """Exponential of minus the margin of a raw score, as in AdaBoost.

        exp(-pred if label == 1 else pred)

    The score is positive for label 1.  One confident mistake can outweigh all other rows: compare
    `log_loss` with ``--from-logits``, which grows in a line there.

    Gradient by `pred`:

        (-1 if label == 1 else 1) * exp(-pred if label == 1 else pred)

    >>> exponential_loss(np.array([1.0, 0.0]), np.array([0.0, 0.0]))
    array([1., 1.])
    """
    return np.exp(np.where(label == 1.0, -pred, pred))


def surprise_and_label(label: Column, pred: Column, *, eps: BelowOne = EPS) -> tuple[Column, Column]:
    """The log loss and the label of each row."""
    return log_loss(label, pred, eps=eps), label


@skill(
    of=surprise_and_label,
    aliases=("d2_log_loss_score", "log_loss_skill"),
    touches={"clipped": floored},
    ulps=64.0,
    exceptions={"ulps": "where the loss is near that of the prior, the rounding of the rows shows"},
    reference="McFadden (1974), Conditional logit analysis of qualitative choice behavior",
)
def d2_log_loss(surprised: Fraction, positive: Fraction) -> Finished:
    """Share of the label's entropy that the predictions explain.

        prior = sum(w * y for y, f, w in rows) / sum(weight)
        hits = sum(w * y * log(max(f, eps)) for y, f, w in rows if y > 0)
        misses = sum(w * (1 - y) * log(max(1 - f, eps)) for y, f, w in rows if y < 1)
        1 - (hits + misses) / sum(weight) / (prior * log(prior) + (1 - prior) * log(1 - prior))

    1 is perfect, 0 is as good as predicting the share of positives in this file for every row, below
    0 is worse than that.  `log_loss` on a scale that allows a rough look across tasks; the prior is
    that of the rows measured, so a gate on it moves with them.

    >>> d2_log_loss(Fraction(0), Fraction(1, 2))
    Fraction(1, 1)
    """
    if positive in (0, 1):
        return Undefined(f"all labels are {positive}: there is nothing to explain")
    number, by = positive.numerator, positive.denominator
    return 1 - surprised / entropy((number, by - number))


@skill(
    of=label_and_pred,
    state="moments",
    aliases=("d2_brier_score", "brier_skill_score", "bss"),
    reference="Murphy (1973), doi:10.1175/1520-0450(1973)012<0595:ANVPOT>2.0.CO;2",
)
def d2_brier(moments: Moments) -> Finished:
    """Share of the prior's Brier score that the predictions save.

        prior = sum(w * y for y, f, w in rows) / sum(weight)
        1 - sum(w * (f - y)**2 for y, f, w in rows) / sum(w * (prior - y)**2 for y, f, w in rows)

    1 is perfect, 0 is as good as predicting the share of positives in this file for every row, below
    0 is worse than that.  It is `r2` of the probabilities.

    >>> d2_brier(Moments.of([np.array([0.0, 1.0]), np.array([0.5, 1.0])], None))
    Fraction(1, 2)
    """
    if moments.label_spread == 0:
        return Undefined(f"all labels are {float(moments.label_mean):g}: there is nothing to explain")
    return 1 - moments.squared_error / moments.label_spread


@of_probability(
    of=label_and_pred,
    averages=("macro", "none"),
    better="zero",
    best=None,
    elicits="any predictions with the right mean",
    reference="Steyerberg (2019), Clinical Prediction Models, ch. 15, doi:10.1007/978-3-030-16399-0",
)
def calibration_excess(observed: Fraction, expected: Fraction) -> Finished:
    """Observed positives beyond the expected ones, as a share of those.

        sum(w * y for y, f, w in rows) / sum(w * f for y, f, w in rows) - 1

    The ratio of observed to expected positives (CatBoost's CtrFactor), less one: 0 where the mean is
    right, above it where the probabilities are too low in all, below it where they are too high.  It
    sees the mean only: a constant can reach 0.  `ece` looks at each level of probability.

    >>> calibration_excess(Fraction(1, 4), Fraction(1, 2))
    Fraction(-1, 2)
    """
    if expected == 0:
        return Undefined("all predictions are 0: no positives are expected")
    return observed / expected - 1


@expected_cost(
    label=BINARY, pred=UNIT, aliases=("expected_cost", "classification_cost", "cost_sensitive_loss")
)
def cost(label: Column, pred: Column, *, matrix: Matrix) -> Column:
    """Expected cost of a probability, in the unit of the cost matrix.

        row = matrix[1] if label == 1 else matrix[0]
        row[0] * (1 - pred) + row[1] * pred

    ``matrix`` is a small CSV file: its header names the predicted classes, its first column the true
    ones, a cell is what it costs to predict the one where the other is true.  Costs may be negative,
    a gain.  A column of predicted classes gives the cost of the decisions made.

    Gradient by `pred`:

        row = matrix[1] if label == 1 else matrix[0]
        row[1] - row[0]

    >>> cost(np.array([1.0, 0.0]), np.array([0.0, 0.5]), matrix=((0.0, 1.0), (5.0, 0.0)))
    array([5. , 0.5])
    """
    (quiet, alarm), (missed, found) = matrix
    happened = label == 1.0
    return np.where(happened, missed, quiet) * (1.0 - pred) + np.where(happened, found, alarm) * pred


@expected_cost(task="multiclass", name="cost", label=CLASSES, pred=SIMPLEX)
def cost_of_chances(label: Codes, pred: Columns, *, matrix: Matrix) -> Column:
    """Expected cost of class probabilities, in the unit of the cost matrix.

        sum(c * p for c, p in zip(matrix[label], pred))

    Gradient by `pred[j]`:

        matrix[label][j]

    >>> cost_of_chances(np.array([0]), np.array([[0.5, 0.5]]), matrix=((0.0, 3.0), (1.0, 0.0)))
    array([1.5])
    """
    costs = np.array(matrix)
    total = np.zeros(len(label))
    for place, chance in enumerate(pred.T):
        total += costs[label, place] * chance
    return total


@expected_cost(task="multiclass", name="cost", label=CLASSES, pred=CLASSES)
def cost_of_classes(label: Codes, pred: Codes, *, matrix: Matrix) -> Column:
    """Cost of the predicted classes, in the unit of the cost matrix.

        matrix[label][pred]

    >>> cost_of_classes(np.array([0, 1]), np.array([1, 1]), matrix=((0.0, 3.0), (1.0, 0.0)))
    array([3., 0.])
    """
    return np.asarray(matrix, dtype=np.float64)[label, pred]
