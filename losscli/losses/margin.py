"""Losses of raw scores with a margin: on which side of zero a score lies, and how far.

A label of two classes comes as 0 and 1, whatever the file's coding, and means -1 and 1.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from losscli.loss.declare import Column, loss
from losscli.loss.domains import BINARY, NonNegative
from losscli.loss.elicits import LIKELIER_SIGN, LOG_ODDS
from losscli.losses.stable import margin_missed
from losscli.numbers.error_free import two_difference

VAPNIK = "Cortes & Vapnik (1995), doi:10.1007/BF00994018"
PAIRS = "sample_data/breast_cancer.csv --pred first=score,second=prob"
LEAD = "how much more probable label 1 is than label -1"

of_scores = partial(loss, label=BINARY, scores=True)


def on_side(label: Column, pred: Column) -> Column:
    """How far each score lies on its label's side of zero: label times score, for labels of -1 and 1."""
    return np.where(label == 1.0, pred, 0.0 - pred)


@of_scores(aliases=("hinge_loss", "hinge_l1"), elicits=LIKELIER_SIGN, reference=VAPNIK)
def hinge(label: Column, pred: Column, *, margin: NonNegative = 1.0) -> Column:
    """What a raw score lacks to a margin from zero on the label's side.

        side = 1 if label == 1 else -1
        max(0, margin - side * pred)

    The loss of support vector machines: rows that are right by the margin cost nothing, all others by
    their distance from it.  It rewards the right side and says nothing of probabilities.  Labels are
    0 and 1, or -1 and 1, over the whole file; scores are taken as they are, and no sigmoid is guessed.

    Gradient by `pred`:

        side = 1 if label == 1 else -1
        -side if margin - side * pred > 0 else 0

    >>> hinge(np.array([0.0, 1.0, 1.0]), np.array([-2.0, 0.5, -1.0]))
    array([0. , 0.5, 2. ])
    """
    return np.maximum(margin - on_side(label, pred), 0.0) + 0.0


@of_scores(aliases=("squared_hinge_loss", "hinge_l2"), elicits=LEAD, reference=VAPNIK)
def squared_hinge(label: Column, pred: Column, *, margin: NonNegative = 1.0) -> Column:
    """Square of what a raw score lacks to a margin on the label's side.

        side = 1 if label == 1 else -1
        max(0, margin - side * pred)**2

    As `hinge`, but far misses are dear and near ones cheap; a few wrong labels can rule it, and
    `modified_huber` bounds their say.

    Gradient by `pred`:

        side = 1 if label == 1 else -1
        -2 * (margin - side * pred) * side if margin - side * pred > 0 else 0

    >>> squared_hinge(np.array([0.0, 1.0, 1.0]), np.array([-2.0, 0.5, -1.0]))
    array([0.  , 0.25, 4.  ])
    """
    missed = np.maximum(margin - on_side(label, pred), 0.0) + 0.0
    return np.multiply(missed, missed, out=missed)


@of_scores(elicits=LEAD, reference="Zhang (2004), doi:10.1145/1015330.1015332")
def modified_huber(label: Column, pred: Column) -> Column:
    """Squared hinge that goes on as a line from 1 on the wrong side on.

        side = 1 if label == 1 else -1
        max(0, 1 - side * pred)**2 if side * pred >= -1 else -4 * side * pred

    As `squared_hinge` where it matters, and no dearer than a line for scores that are wrong by far.

    Gradient by `pred`:

        side = 1 if label == 1 else -1
        (-2 * (1 - side * pred) * side if 1 - side * pred > 0 else 0) if side * pred >= -1 else -4 * side

    >>> modified_huber(np.array([1.0, 1.0, 0.0]), np.array([2.0, 0.5, 3.0]))
    array([ 0.  ,  0.25, 12.  ])
    """
    side = on_side(label, pred)
    near = np.maximum(1.0 - np.maximum(side, -1.0), 0.0)
    return np.where(side >= -1.0, near * near, -4.0 * side)


@of_scores(
    aliases=("perceptron_loss",), elicits=LIKELIER_SIGN, reference="Rosenblatt (1958), doi:10.1037/h0042519"
)
def perceptron(label: Column, pred: Column) -> Column:
    """How far a raw score lies on the wrong side of zero.

        side = 1 if label == 1 else -1
        max(0, -side * pred)

    `hinge` without a margin.  Scores that are all 0 cost nothing, so it is of use only beside another
    loss, such as `zero_one`.

    Gradient by `pred`:

        side = 1 if label == 1 else -1
        -side if -side * pred > 0 else 0

    >>> perceptron(np.array([0.0, 1.0, 1.0]), np.array([-2.0, 0.5, -1.0]))
    array([0., 0., 1.])
    """
    return np.maximum(0.0 - on_side(label, pred), 0.0) + 0.0


@of_scores(
    aliases=("soft_margin_loss", "logistic_loss"),
    elicits=LOG_ODDS,
    reference="Cox (1958), doi:10.1111/j.2517-6161.1958.tb00292.x",
)
def soft_margin(label: Column, pred: Column) -> Column:
    """Logistic loss of a raw score: a hinge without a corner, in nats.

        side = 1 if label == 1 else -1
        log1p(exp(-abs(pred))) + max(-side * pred, 0)

    The same number as `log_loss` of the score as log odds (`--from-logits`): it rewards them, and no
    score is quite far enough from zero to cost nothing.

    Gradient by `pred`:

        side = 1 if label == 1 else -1
        -side * sigmoid(-side * pred)

    >>> soft_margin(np.array([1.0, 0.0]), np.array([0.0, 200.0]))
    array([  0.69314718, 200.        ])
    """
    return np.log1p(np.exp(-np.abs(pred))) + np.maximum(0.0 - on_side(label, pred), 0.0)


@of_scores(
    aliases=("hinge_embedding_loss",),
    best=None,
    elicits="a distance that is low for label 1, and at least the margin for the others",
    reference="PyTorch, torch.nn.HingeEmbeddingLoss",
)
def hinge_embedding(label: Column, pred: Column, *, margin: NonNegative = 1.0) -> Column:
    """A distance where the label is 1, else what it lacks to the margin.

        pred if label == 1 else max(0, margin - pred)

    The prediction is a distance between two things, and the label says whether they are alike: mind
    that here a low number speaks for label 1, unlike in all other losses of this family.

    Gradient by `pred`:

        1 if label == 1 else -1 if margin - pred > 0 else 0

    >>> hinge_embedding(np.array([1.0, 0.0, 0.0]), np.array([0.25, 0.25, 3.0]))
    array([0.25, 0.75, 0.  ])
    """
    return np.where(label == 1.0, pred, np.maximum(margin - pred, 0.0)) + 0.0


@of_scores(
    aliases=("margin_ranking_loss",),
    elicits="scores in the order that the labels say",
    reference="Herbrich, Graepel & Obermayer (2000), Large margin rank boundaries for ordinal regression",
    sample=PAIRS,
)
def margin_ranking(label: Column, first: Column, second: Column, *, margin: NonNegative = 0.0) -> Column:
    """What two scores lack to lie a margin apart in the label's order.

        side = 1 if label == 1 else -1
        max(0, margin - side * (first - second))

    A row is a pair: label 1 says that the first belongs in front, -1 (or 0) the second.  The columns
    are named with `--pred first=A,second=B`.  `pair_logit` is its form without a corner.

    Gradient by `first`:

        side = 1 if label == 1 else -1
        -side if margin - side * (first - second) > 0 else 0

    Gradient by `second`:

        side = 1 if label == 1 else -1
        side if margin - side * (first - second) > 0 else 0

    >>> margin_ranking(np.array([1.0, 0.0]), np.array([3.0, 3.0]), np.array([1.0, 1.0]))
    array([0., 2.])
    """
    front = label == 1.0
    return margin_missed(margin, np.where(front, second, first), np.where(front, first, second))


@loss(
    aliases=("pairwise_logistic", "ranknet", "pair_logit_pairwise"),
    scores=True,
    elicits="the log odds that the first of two belongs in front, as the difference of their scores",
    reference="Burges et al. (2005), doi:10.1145/1102351.1102363",
    sample=PAIRS,
)
def pair_logit(first: Column, second: Column) -> Column:
    """Surprise that the first of two scores belongs in front, in nats.

        behind = second - first
        log1p(exp(-abs(behind))) + max(behind, 0)

    A row is a pair in its right order, and there is no label: the columns are named with
    `--pred first=A,second=B`, the preferred one first.

    Gradient by `first`:

        -sigmoid(second - first)

    Gradient by `second`:

        sigmoid(second - first)

    >>> pair_logit(np.array([1.0, 0.0]), np.array([1.0, 200.0]))
    array([  0.69314718, 200.        ])
    """
    behind, lost = two_difference(second, first)
    lost = np.where(np.isfinite(behind), lost, 0.0)
    tail = np.exp(-np.abs(behind))
    # The part that the difference lost changes the exponential by its share, and the line by itself.
    tail -= np.where(behind >= 0.0, lost, -lost) * tail
    line = np.maximum(behind, 0.0) + np.where(behind > 0.0, lost, 0.0)
    found: Column = np.log1p(tail) + line
    return found
