"""Losses of several classes: how far columns of probabilities are from a class or from soft labels."""

from __future__ import annotations

from functools import partial

import numpy as np

from losscli.loss.declare import Codes, Column, Columns, loss
from losscli.loss.domains import CLASSES, Unit
from losscli.loss.elicits import MODE
from losscli.losses.binary import BRIER, GOOD_SCORES, KULLBACK, Half
from losscli.losses.class_columns import ROUNDS, Labels, at_class, by_class, of_probabilities, of_soft_labels
from losscli.losses.stable import entropy_gap, mixing
from losscli.numbers.error_free import two_difference, two_sum

EPSTEIN = "Epstein (1969), doi:10.1175/1520-0450(1969)008<0985:ASSFPF>2.0.CO;2"
RUBNER = "Rubner, Tomasi & Guibas (2000), doi:10.1023/A:1026543900054"
SHARES = "sample_data/iris.csv sample_data/iris.parquet --pred 'p_*' --label 'p_*'"

divergence = partial(of_soft_labels, elicits="the label's own shares", sample=SHARES)


def squared_distance(label: Labels, pred: Columns, half: Half) -> Column:
    """The sum over the classes of squared differences from the label's shares, or half of it."""
    total = np.zeros(len(label))
    for share, chance in by_class(label, pred):
        error = chance - share
        total += error * error
    halved = half == "always" or (half == "auto" and pred.shape[1] == 2)
    return total * 0.5 if halved else total


@of_probabilities(name="brier", reference=BRIER)
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
    return squared_distance(label, pred, half)


@of_probabilities(name="spherical", best=-1.0, reference=GOOD_SCORES)
def spherical_of_classes(label: Codes, pred: Columns) -> Column:
    """Minus the class's probability over the length of the vector of them.

        -pred[label] / sqrt(sum(p**2 for p in pred))

    From -1, certain and right, to 0.

    Gradient by `pred[j]`:

        square = sum(p**2 for p in pred)
        others = sum(p**2 for c, p in enumerate(pred) if c != label)
        (pred[label] * pred[j] if j != label else -others) / (square * sqrt(square))

    >>> spherical_of_classes(np.array([0]), np.array([[0.75, 0.0, 1.0]]))
    array([-0.6])
    """
    square = np.zeros(len(label))
    for chance in pred.T:
        square += chance * chance
    return 0.0 - at_class(pred, label) / np.sqrt(square)  # no -0


@of_soft_labels(name="brier", reference=BRIER)
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
    return squared_distance(label, pred, half)


@loss(
    task="multiclass",
    label=CLASSES,
    pred=CLASSES,
    main="threshold",
    aliases=(
        "zero_one_loss",
        "error_rate",
        "misclassification",
        "merror",
        "multi_error",
        "binary_error",
        "error",
        "misclassification_rate",
    ),
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


def steps_apart(label: Labels, pred: Columns) -> list[Column]:
    """For each class but the last: the probability of it or a lower one, less the label's share of those.

    Rounding errors are summed too, since the sums of a good forecast nearly cancel.
    """
    near, lost, steps = np.zeros(len(pred)), np.zeros(len(pred)), []
    for share, chance in by_class(label, pred[:, :-1]):
        apart, first = two_difference(chance, share)
        near, second = two_sum(near, apart)
        lost = lost + (first + second)
        steps.append(near + lost)
    return steps


@of_probabilities(aliases=("ranked_probability_score", "ranked_prob_score"), reference=EPSTEIN)
def rps(label: Codes, pred: Columns, *, normalize: bool = True) -> Column:
    """Ranked probability score of ordered classes: squared, of running sums.

        steps = range(len(pred) - 1)
        total = sum((sum(pred[: k + 1]) - (1 if label <= k else 0))**2 for k in steps)
        total / (len(pred) - 1) if normalize else total

    For classes with an order, which is the order of the columns: a probability two classes away from
    the label costs more than one next to it.  It is least for the true probabilities.  From 0 to 1;
    ``normalize=false`` does not divide by the number of classes less 1.

    Gradient by `pred[j]`:

        steps = [sum(pred[:k + 1]) - (1 if label <= k else 0) for k in range(len(pred) - 1)]
        2 * sum(steps[j:]) / (len(pred) - 1 if normalize else 1)

    >>> rps(np.array([0, 0]), np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
    array([0.5, 1. ])
    """
    return _ranked(steps_apart(label, pred), normalize)


@of_soft_labels(name="rps", sample=SHARES, reference=EPSTEIN)
def rps_of_shares(label: Columns, pred: Columns, *, normalize: bool = True) -> Column:
    """Ranked probability score of ordered classes, of soft labels.

        steps = range(len(pred) - 1)
        total = sum((sum(pred[: k + 1]) - sum(label[: k + 1]))**2 for k in steps)
        total / (len(pred) - 1) if normalize else total

    Gradient by `pred[j]`:

        steps = [sum(pred[:k + 1]) - sum(label[:k + 1]) for k in range(len(pred) - 1)]
        2 * sum(steps[j:]) / (len(pred) - 1 if normalize else 1)

    >>> rps_of_shares(np.array([[1.0, 0.0, 0.0]]), np.array([[0.0, 1.0, 0.0]]))
    array([0.5])
    """
    return _ranked(steps_apart(label, pred), normalize)


def _ranked(steps: list[Column], normalize: bool) -> Column:
    total = np.zeros(len(steps[0]))
    for step in steps:
        total += step * step
    return total / len(steps) if normalize else total


@of_probabilities(
    aliases=("earth_mover_distance", "wasserstein_1"), elicits="the median class for sure", reference=RUBNER
)
def emd(label: Codes, pred: Columns) -> Column:
    """Earth mover's distance of ordered classes, in steps of one class.

        sum(abs(sum(pred[: k + 1]) - (1 if label <= k else 0)) for k in range(len(pred) - 1))

    How far the probabilities must be carried to lie all on the label: against a single class it is
    the expected distance from it.  The order of the columns is the order of the classes, a step
    apart each.  `rps` squares the same steps and rewards the true probabilities; this does not.

    Gradient by `pred[j]`:

        steps = [sum(pred[:k + 1]) - (1 if label <= k else 0) for k in range(len(pred) - 1)]
        sum(sign(step) for step in steps[j:])

    >>> emd(np.array([0]), np.array([[0.5, 0.25, 0.25]]))
    array([0.75])
    """
    return _carried(steps_apart(label, pred))


@divergence(name="emd", reference=RUBNER)
def emd_of_shares(label: Columns, pred: Columns) -> Column:
    """Earth mover's distance of ordered classes, of soft labels, in steps.

        sum(abs(sum(pred[: k + 1]) - sum(label[: k + 1])) for k in range(len(pred) - 1))

    Gradient by `pred[j]`:

        steps = [sum(pred[:k + 1]) - sum(label[:k + 1]) for k in range(len(pred) - 1)]
        sum(sign(step) for step in steps[j:])

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
    aliases=("kl_divergence", "kullback_leibler_divergence", "kl_div", "kl_div_loss"),
    ulps=16.0,
    exceptions={
        **ROUNDS,
        "best": "where the two sides sum to 1 with different rounding, a row can come out just below 0",
    },
    reference=KULLBACK,
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
        # Terms of both signs would cancel.  Less one - other, each is positive; these differences, whose
        # sum is nearly 0, are summed apart, with their rounding errors.
        total += entropy_gap(one, other)
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

        (log1p((pred[j] - label[j]) / (label[j] + pred[j])) if 3 * pred[j] > label[j]
            else log(2 * pred[j] / (label[j] + pred[j]))) / 2 if pred[j] > 0 else 0

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

        gaps = [sqrt(p) - sqrt(y) for y, p in zip(label, pred)]
        distance = sqrt(sum(gap**2 for gap in gaps) / 2)
        gaps[j] / (4 * sqrt(pred[j]) * distance)

    >>> hellinger(np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([[0.0, 1.0], [0.5, 0.5]]))
    array([1., 0.])
    """
    total = np.zeros(len(label))
    for share, chance in zip(label.T, pred.T, strict=True):
        roots = np.sqrt(share) + np.sqrt(chance)
        # Scaled by a power of two, so that the square of the root of 5e-324 keeps its digits.
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
