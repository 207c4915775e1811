"""Losses of several classes: a class against columns of scores, of which the order and the distances matter."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from losscli.loss.declare import Codes, Column, Columns, loss
from losscli.loss.domains import CLASSES, Count, NonNegative, OneOrTwo
from losscli.losses.class_columns import ROUNDS, at_class, mean_missed
from losscli.losses.stable import margin_missed
from losscli.numbers.double_double import DoubleDouble, over, sum_of, times, total
from losscli.numbers.error_free import two_difference
from losscli.table.block import Mask

of_scores = partial(
    loss, task="multiclass", label=CLASSES, scores=True, sample="sample_data/iris.csv --pred 'p_*'"
)


def places_ahead(label: Codes, pred: Columns) -> tuple[Column, Column]:
    """How many classes have a greater score than the label's, and how many more are tied before it."""
    own = at_class(pred, label)
    greater, before = np.zeros(len(label)), np.zeros(len(label))
    for place, score in enumerate(pred.T):
        greater += score > own
        before += (score == own) & (place < label)
    return greater, before


def tied_at(label: Codes, pred: Columns, *, k: int) -> Mask:
    """Rows that are right or wrong only by the order of the columns."""
    own = at_class(pred, label)
    greater, _ = places_ahead(label, pred)
    others = np.count_nonzero(own == pred.T, axis=0) - 1
    tied: Mask = (greater < k) & (greater + others >= k)
    return tied


@of_scores(
    main="k",
    aliases=("top_k_categorical_error", "multi_error@k"),
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
    main="k",
    aliases=(
        "top_k_accuracy_score",
        "top_k_categorical_accuracy",
        "sparse_top_k_categorical_accuracy",
        "accuracy@k",
        "acc@k",
    ),
    better="higher",
    best=1.0,
    elicits="the k most probable classes in front",
    rate=True,
    touches={"tied": tied_at},
    reference="Russakovsky et al. (2015), doi:10.1007/s11263-015-0816-y",
)
def top_k_accuracy(label: Codes, pred: Columns, *, k: Count) -> Column:
    """Share of rows whose class is among the ``k`` greatest scores.

        own = pred[label]
        ahead = sum(1 for c, s in enumerate(pred) if s > own or s == own and c < label)
        1 if ahead < k else 0

    1 less `top_k_error`, as libraries report it: with ``k=1`` it is `accuracy`, and with as many as
    there are classes always 1.  Their default differs, 2 in scikit-learn and 5 in Keras, so ``k`` must be
    said.

    No gradient: it goes in steps: its slope is 0 wherever it has one.

    >>> top_k_accuracy(np.array([0, 2]), np.array([[0.2, 0.5, 0.3], [0.2, 0.5, 0.3]]), k=2)
    array([0., 1.])
    """
    return 1.0 - top_k_error(label, pred, k=k)


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
    missed = margin_missed(1.0, rival, at_class(pred, label))
    return missed * missed if squared else missed


@of_scores(
    aliases=("categorical_hinge_loss",),
    elicits="the class that is more probable than all others together in front, by 1",
    reference="Keras, losses.CategoricalHinge; after Weston & Watkins (1999)",
)
def categorical_hinge(label: Codes, pred: Columns) -> Column:
    """As multiclass_hinge, but no rival counts for less than a score of 0.

        rival = max([0] + [s for c, s in enumerate(pred) if c != label])
        max(0, 1 + (rival - pred[label]))

    Keras's form: its greatest score of a wrong class includes the 0 that stands for the right one.
    Where a rival is above 0 both are the same; else a class must lie 1 above 0, and not only above
    its rivals.

    Gradient by `pred[j]`:

        rival = max(0, max(s for c, s in enumerate(pred) if c != label))
        (1 if j != label and pred[j] == rival else 0) - (1 if j == label else 0) if 1 + (rival
            - pred[label]) > 0 else 0

    >>> categorical_hinge(np.array([0, 0]), np.array([[2.0, 1.5, 0.0], [-1.0, -2.5, -3.0]]))
    array([0.5, 2. ])
    """
    rival = np.zeros(len(label))
    for place, score in enumerate(pred.T):
        np.maximum(rival, np.where(label == place, 0.0, score), out=rival)
    return margin_missed(1.0, rival, at_class(pred, label))


def other_classes(label: Codes, pred: Columns) -> Iterator[tuple[Column, Column, Mask]]:
    """The label's score, and that of each class, in the rows of other classes."""
    own = at_class(pred, label)
    for place, score in enumerate(pred.T):
        yield own, score, label != place


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

        missed = [margin + (s - pred[label]) for s in pred]
        slopes = [power * m**(power - 1) if m > 0 else 0 for m in missed]
        rivals = sum(slope for c, slope in enumerate(slopes) if c != label)
        (slopes[j] if j != label else -rivals) / len(pred)

    >>> multi_margin(np.array([0]), np.array([[2.0, 1.5, 2.0, 0.0]]))
    array([0.375])
    """
    return mean_missed(other_classes, label, pred, margin, power)


def cut_off(pred: Columns, top: Column) -> DoubleDouble:
    """What is taken off the scores, less the greatest one, so that what stays above 0 adds up to 1."""
    zero = np.zeros(len(pred))
    held, found, one = (zero, zero), (zero, zero), (zero + 1.0, zero)
    for count, score in enumerate(np.sort(pred, axis=1).T[::-1], 1):
        gap = below(score, top)
        held, size = sum_of(held, gap), (zero + count, zero)
        beyond = sum_of(held, (-one[0], zero))
        product = times(size, gap)
        counted = total(product[0], -beyond[0], product[1], -beyond[1])[0] > 0.0
        cut = over(beyond, size)
        found = np.where(counted, cut[0], found[0]), np.where(counted, cut[1], found[1])
    return found


def below(score: Column, top: Column) -> DoubleDouble:
    """A score less the greatest one; of scores that lie so far below that they do not count, -4."""
    near, lost = two_difference(score, top)
    counted = near > -4.0
    return np.where(counted, near, -4.0), np.where(counted, lost, 0.0)


@of_scores(
    aliases=("sparsemax", "multiclass_sparsemax_loss"),
    elicits="scores whose nearest probabilities are those of the classes",
    ulps=8.0,
    exceptions=ROUNDS,
    reference="Martins & Astudillo (2016), From softmax to sparsemax, ICML, arXiv:1602.02068",
)
def sparsemax_loss(label: Codes, pred: Columns) -> Column:
    """What scores lack, as probabilities of which most may be exactly 0.

        ranked = sorted([s - pred[label] for s in pred], reverse=True)
        size = max(r for r in range(1, len(pred) + 1) if 1 + r * ranked[r - 1] > sum(ranked[:r]))
        cut = (sum(ranked[:size]) - 1) / size
        sum(s**2 - cut**2 for s in ranked[:size]) / 2 + 1 / 2

    For models that end in sparsemax: the nearest point to the scores among probabilities, as `cross_entropy`
    is for softmax.  0 wherever the class's score lies 1 above every other, as in `multiclass_hinge`, and smooth
    between.

    No gradient: it is the sparsemax less the label, for which the scores of a row must be sorted.

    >>> sparsemax_loss(np.array([0, 1, 0]), np.array([[1.0, 0.0], [1.0, 0.0], [0.5, 0.5]]))
    array([0.  , 1.  , 0.25])
    """
    top, own = pred.max(axis=1), at_class(pred, label)
    cut = cut_off(pred, top)
    # In units in which the label's score is 0: what is cut beyond 1 less, where the label has no share.
    ahead = two_difference(top, own)
    spare = np.maximum(
        total(ahead[0], cut[0], np.where(np.isfinite(ahead[0]), ahead[1], 0.0), cut[1])[0], 0.0
    )
    found = np.zeros(len(pred))
    for place, score in enumerate(pred.T):
        gap = below(score, top)
        share = total(gap[0], -cut[0], gap[1], -cut[1])[0]
        counted = (share > 0.0) & (label != place)
        near, lost = two_difference(score, own)
        missed = total(near, 1.0, np.where(np.isfinite(near), lost, 0.0))[0]
        # No term is negative, so that what is lost by rounding is small beside the sum.
        half = np.where(counted, 0.5 * share, 0.0)
        found += half * np.where(counted, missed, 0.0) + half * np.where(counted, spare, 0.0)
    return found


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
    # The greatest of 0 and -0 may be -0; adding 0 makes it 0.
    behind: Column = pred.max(axis=1) - at_class(pred, label) + 0.0
    return behind
