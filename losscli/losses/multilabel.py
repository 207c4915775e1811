"""Losses of several labels a row, each of them true or not."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Literal, TypeAlias

import numpy as np

from losscli.loss.declare import Codes, Column, Columns, loss
from losscli.loss.domains import CLASSES, INDICATOR, UNIT, BelowOne, Unit
from losscli.loss.elicits import LABEL_LOG_ODDS, LABEL_PROBABILITIES, LIKELY_LABELS, MODE
from losscli.losses.binary import EPS, GOOD
from losscli.losses.class_columns import (
    floored_anywhere,
    mean_log_loss,
    mean_log_loss_from_logits,
    mean_missed,
)
from losscli.table.block import Mask

HAMMING = "Hamming (1950), doi:10.1002/j.1538-7305.1950.tb00463.x"
TSOUMAKAS = "Tsoumakas, Katakis & Vlahavas (2010), doi:10.1007/978-0-387-09823-4_34"
BOOSTEXTER = "Schapire & Singer (2000), doi:10.1023/A:1007649029923"
GODBOLE = "Godbole & Sarawagi (2004), doi:10.1007/978-3-540-24775-3_5"
ROUNDS = {"ulps": "the sum over the labels rounds once a label"}

NoLabel: TypeAlias = Literal["skip", "zero", "one"]

CHANCES = "sample_data/digits_facts.csv --pred 'p_*' --label 'y_*'"

of_labels = partial(loss, label=INDICATOR, pred=UNIT)
of_one_class = partial(loss, label=CLASSES, pred=CLASSES, elicits=MODE, reference=HAMMING)
of_scores = partial(
    loss,
    label=INDICATOR,
    scores=True,
    elicits="labels in the order of their probabilities",
    reference=TSOUMAKAS,
    sample=CHANCES,
)


@of_labels(aliases=("hamming_loss", "hamming_distance", "汉明损失"), elicits=LIKELY_LABELS, reference=HAMMING)
def hamming(label: Columns, pred: Columns, *, threshold: Unit = 0.5) -> Column:
    """Share of wrong cells: of all labels of all rows, those predicted wrong.

        sum(1 for y, p in zip(label, pred) if (p > threshold) != (y == 1)) / len(label)

    Counts every label alike, so where few are true a prediction of none looks good.  Predictions may
    be 0 and 1, or probabilities, which predict a label where they are greater than ``threshold``.
    `hamming_count` does not divide.

    No gradient: it goes in steps: its slope is 0 wherever it has one.

    >>> hamming(np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[1.0, 1.0], [0.0, 0.0]]))
    array([0.5, 0. ])
    """
    wrong = _wrong(label, pred, threshold)
    return np.divide(wrong, label.shape[1], out=wrong)


@of_one_class(name="hamming", rate=True)
def hamming_of_classes(label: Codes, pred: Codes, *, threshold: Unit = 0.5) -> Column:
    """Share of wrong rows, where a row has one class: then it is `zero_one`.

        1 if pred != label else 0

    >>> hamming_of_classes(np.array([1, 0, 2]), np.array([1, 1, 2]))
    array([0., 1., 0.])
    """
    return np.not_equal(label, pred).astype(np.float64)


@of_labels(elicits=LIKELY_LABELS, reference=HAMMING)
def hamming_count(label: Columns, pred: Columns, *, threshold: Unit = 0.5) -> Column:
    """Wrong cells a row: the number of labels whose prediction is wrong.

        sum(1 for y, p in zip(label, pred) if (p > threshold) != (y == 1))

    The form that textbooks print; `hamming` is this divided by the number of labels.

    No gradient: it goes in steps: its slope is 0 wherever it has one.

    >>> hamming_count(np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[1.0, 1.0], [0.0, 0.0]]))
    array([1., 0.])
    """
    return _wrong(label, pred, threshold)


@of_one_class(name="hamming_count")
def hamming_count_of_classes(label: Codes, pred: Codes, *, threshold: Unit = 0.5) -> Column:
    """Wrong cells a row, where a row has one class: a wrong row has two.

        2 if pred != label else 0

    As one-hot columns the two classes are two wrong cells.

    >>> hamming_count_of_classes(np.array([1, 0, 2]), np.array([1, 1, 2]))
    array([0., 2., 0.])
    """
    return np.not_equal(label, pred) * 2.0


def _wrong(label: Columns, pred: Columns, threshold: float) -> Column:
    wrong = np.zeros(len(label))
    for truth, chance in zip(label.T, pred.T, strict=True):
        wrong += (chance > threshold) != (truth == 1.0)
    return wrong


@of_labels(
    aliases=("exact_match_error", "subset_zero_one_loss", "subset_error"),
    elicits="the most probable set of labels",
    rate=True,
    reference=TSOUMAKAS,
)
def subset_zero_one(label: Columns, pred: Columns, *, threshold: Unit = 0.5) -> Column:
    """Share of rows with any wrong label: one minus the exact match ratio.

        1 if any((p > threshold) != (y == 1) for y, p in zip(label, pred)) else 0

    The strictest: one wrong label of twenty makes the row wrong.  `hamming` counts the labels one by
    one.  Predictions may be 0 and 1, or probabilities, as in `hamming`.

    No gradient: it goes in steps: its slope is 0 wherever it has one.

    >>> subset_zero_one(np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[1.0, 1.0], [0.0, 0.0]]))
    array([1., 0.])
    """
    return (_wrong(label, pred, threshold) > 0.0).astype(np.float64)


@of_labels(
    aliases=("multilabel_binary_cross_entropy", "multi_cross_entropy"),
    elicits=LABEL_PROBABILITIES,
    touches={"clipped": floored_anywhere},
    ulps=8.0,
    exceptions=ROUNDS,
    sample=CHANCES,
    reference=GOOD,
)
def multilabel_log_loss(label: Columns, pred: Columns, *, eps: BelowOne = EPS) -> Column:
    """Mean over the labels of the log loss of each, in nats.

        chances = [p if y == 1 else 1 - p for y, p in zip(label, pred)]
        sum(-log(max(q, eps)) for q in chances) / len(pred)

    The loss for probabilities of several labels: each is a yes-or-no question of its own.  `log_loss`
    over the same columns is the same number, and with `--average none` one for each label.

    Gradient by `pred[j]`:

        ((-1 / pred[j] if pred[j] > eps else 0) if label[j] == 1
            else 1 / (1 - pred[j]) if 1 - pred[j] > eps else 0) / len(pred)

    >>> multilabel_log_loss(np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]]))
    array([0.69314718])
    """
    return mean_log_loss(label, pred, eps)


@loss(
    name="multilabel_log_loss",
    logits=True,
    label=INDICATOR,
    aliases=("multilabel_soft_margin", "multilabel_soft_margin_loss"),
    elicits=LABEL_LOG_ODDS,
    ulps=8.0,
    exceptions=ROUNDS,
    reference=GOOD,
)
def multilabel_log_loss_from_logits(label: Columns, pred: Columns) -> Column:
    """Mean over the labels of the log loss of each, from raw scores.

        signed = [-s if y == 1 else s for y, s in zip(label, pred)]
        sum(log1p(exp(-abs(s))) + max(s, 0) for s in signed) / len(pred)

    Gradient by `pred[j]`:

        (-1 / (1 + exp(pred[j])) if label[j] == 1 else 1 / (1 + exp(-pred[j]))) / len(pred)

    >>> multilabel_log_loss_from_logits(np.array([[1.0, 0.0]]), np.array([[0.0, 0.0]]))
    array([0.69314718])
    """
    return mean_log_loss_from_logits(label, pred)


def other_labels(label: Columns, pred: Columns) -> Iterator[tuple[Column, Column, Mask]]:
    """The scores of each two labels, in the rows where the one is true and the other is not."""
    for true, own in zip(label.T, pred.T, strict=True):
        if not true.any():
            continue
        for other, rival in zip(label.T, pred.T, strict=True):
            yield own, rival, (true == 1.0) & (other != 1.0)


@of_scores(
    aliases=("multilabel_margin_loss",),
    elicits="true labels above all others, by 1",
    ulps=8.0,
    exceptions={"ulps": "the sum over the pairs of labels rounds once a pair"},
    reference="PyTorch, torch.nn.MultiLabelMarginLoss",
)
def multilabel_margin(label: Columns, pred: Columns) -> Column:
    """What true labels lack to lie 1 above the others, over all such pairs.

        true = [s for y, s in zip(label, pred) if y == 1]
        rest = [s for y, s in zip(label, pred) if y != 1]
        sum(max(0, 1 + (r - t)) for t in true for r in rest) / len(pred)

    Every pair of a true and another label that is not 1 apart counts; the sum is divided by the number
    of labels, as PyTorch does, not by that of pairs.  `ranking_loss` counts the wrong pairs.

    Gradient by `pred[j]`:

        ((-sum(1 for y2, s3 in zip(label, pred) if y2 != 1 and 1 + (s3 - pred[j]) > 0) if label[j] == 1 else 0)
            + (sum(1 for y, s in zip(label, pred) if y == 1 and 1 + (pred[j] - s) > 0) if label[j] != 1 else 0))
            / len(pred)

    >>> multilabel_margin(np.array([[1.0, 0.0]]), np.array([[0.5, 0.0]]))
    array([0.25])
    """
    return mean_missed(other_labels, label, pred)


@of_scores(aliases=("multilabel_coverage_error",), best=None)
def coverage_error(label: Columns, pred: Columns) -> Column:
    """How many labels, from the best score on, hold all true ones.

        true = [s for y, s in zip(label, pred) if y == 1]
        sum(1 for s in pred if s >= min(true)) if len(true) > 0 else 0

    The best value is the number of true labels, which differs from row to row; a row without any is 0.
    Labels tied with the last true one count, as in scikit-learn.

    No gradient: it goes in steps: its slope is 0 wherever it has one.

    >>> coverage_error(np.array([[1.0, 0.0, 0.0]]), np.array([[0.75, 0.5, 1.0]]))
    array([2.])
    """
    last = np.full(len(label), np.inf)
    for truth, score in zip(label.T, pred.T, strict=True):
        np.minimum(last, np.where(truth == 1.0, score, np.inf), out=last)
    depth = np.zeros(len(label))
    for score in pred.T:
        depth += score >= last
    return depth


@of_scores(aliases=("label_ranking_loss", "multilabel_ranking_loss"))
def ranking_loss(label: Columns, pred: Columns) -> Column:
    """Share of pairs of a true and another label that are in the wrong order.

        true = [s for y, s in zip(label, pred) if y == 1]
        rest = [s for y, s in zip(label, pred) if y != 1]
        wrong = sum(1 for t in true for r in rest if r >= t)
        wrong / (len(true) * len(rest)) if len(true) * len(rest) > 0 else 0

    A tie is wrong, as in scikit-learn: scores that are all the same cost 1.  A row in which all labels
    are true, or none is, has no such pair and costs nothing.

    No gradient: it goes in steps: its slope is 0 wherever it has one.

    >>> ranking_loss(np.array([[1.0, 0.0, 0.0]]), np.array([[0.5, 0.5, 0.25]]))
    array([0.5])
    """
    wrong, true = np.zeros(len(label)), np.zeros(len(label))
    for truth, own in zip(label.T, pred.T, strict=True):
        true += truth
        for other, rival in zip(label.T, pred.T, strict=True):
            wrong += (truth == 1.0) & (other != 1.0) & (rival >= own)
    wrong /= np.maximum(true * (label.shape[1] - true), 1.0)
    return wrong


@of_scores(
    better="higher",
    best=1.0,
    aliases=(
        "label_ranking_average_precision",
        "label_ranking_average_precision_score",
        "multilabel_ranking_average_precision",
    ),
    ulps=8.0,
    exceptions=ROUNDS,
)
def lrap(label: Columns, pred: Columns) -> Column:
    """Label ranking average precision: how true is what stands above a label.

        true = [s for y, s in zip(label, pred) if y == 1]
        above = [sum(1 for s in true if s >= t) / sum(1 for s in pred if s >= t) for t in true]
        sum(above) / len(true) if 0 < len(true) and len(true) < len(pred) else 1

    1 where all true labels stand above all others.  Ties count as above, so scores that are all the
    same give the share of true labels.  A row in which all labels are true, or none is, is perfect, as
    in scikit-learn.

    No gradient: it goes in steps: its slope is 0 wherever it has one.

    >>> lrap(np.array([[1.0, 0.0, 0.0]]), np.array([[0.75, 0.5, 1.0]]))
    array([0.5])
    """
    total, true = np.zeros(len(label)), np.zeros(len(label))
    for truth, own in zip(label.T, pred.T, strict=True):
        true += truth
        rank, among = np.zeros(len(label)), np.zeros(len(label))
        for other, rival in zip(label.T, pred.T, strict=True):
            ahead = rival >= own
            rank += ahead
            among += ahead & (other == 1.0)
        total += np.where(truth == 1.0, among / rank, 0.0)
    return np.where((true > 0.0) & (true < label.shape[1]), total / np.maximum(true, 1.0), 1.0)


def tied_top(label: Columns, pred: Columns) -> Mask:
    """Rows that are right or wrong only by the order of the columns."""
    top = pred == pred.max(axis=1, keepdims=True)
    true = label == 1.0
    tied: Mask = np.any(top & true, axis=1) & np.any(top & ~true, axis=1)
    return tied


@of_scores(
    best=None, elicits="the most probable label in front", touches={"tied": tied_top}, reference=BOOSTEXTER
)
def one_error(label: Columns, pred: Columns) -> Column:
    """Share of rows whose label with the best score is not true.

        top = [c for c, s in enumerate(pred) if s == max(pred)]
        0 if label[top[0]] == 1 else 1

    It looks at one label a row and no further; of equal scores the first column is taken, and rows
    where that decides are counted as tied.  A row without a true label is wrong whatever is predicted.

    No gradient: it goes in steps: its slope is 0 wherever it has one.

    >>> one_error(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([[0.75, 0.5], [0.25, 0.5]]))
    array([0., 1.])
    """
    top = pred.argmax(axis=1)
    return np.not_equal(np.take_along_axis(label, top[:, None], axis=1)[:, 0], 1.0).astype(np.float64)


def overlaps(label: Columns, pred: Columns, threshold: float) -> tuple[Column, Column, Column]:
    """How many labels of each row are both true and predicted, are true, and are predicted."""
    both, true, called = np.zeros(len(label)), np.zeros(len(label)), np.zeros(len(label))
    for truth, chance in zip(label.T, pred.T, strict=True):
        said = chance > threshold
        both += said & (truth == 1.0)
        true += truth
        called += said
    return both, true, called


def rows_with_labels(label: Columns, pred: Columns, *, threshold: float, zero_division: str) -> Mask | None:
    """Rows that count: under ``zero_division=skip`` those with a label, true or predicted; else all (None)."""
    if zero_division != "skip":
        return None
    some: Mask = np.any((label == 1.0) | (pred > threshold), axis=1)
    return some


def _share(part: Column, whole: Column, zero_division: str) -> Column:
    """Each row's share; where there is nothing to take a share of, what ``zero_division`` says."""
    none = 1.0 if zero_division == "one" else 0.0
    return np.where(whole == 0.0, none, part / np.maximum(whole, 1.0))


of_sets = partial(
    of_labels,
    better="higher",
    best=1.0,
    elicits="sets of labels that overlap the true ones as far as can be expected",
    keeps=rows_with_labels,
    skips="no_label",
    reference=GODBOLE,
)


@of_sets(aliases=("f1_samples", "example_based_f1"))
def samples_f1(
    label: Columns, pred: Columns, *, threshold: Unit = 0.5, zero_division: NoLabel = "skip"
) -> Column:
    """Mean over the rows of the F1 of predicted against true labels.

        both = sum(1 for y, p in zip(label, pred) if y == 1 and p > threshold)
        size = sum(label) + sum(1 for p in pred if p > threshold)
        2 * both / size if size > 0 else 1 if zero_division == "one" else 0

    Twice the labels that are both true and predicted, over the true and the predicted ones: F1 looked
    at by row, where `f1` with `--average macro` looks at it by label.  A row without a label on either
    side has no F1: it is left out and counted, or is what ``zero_division`` says (scikit-learn: zero).

    No gradient: it goes in steps: its slope is 0 wherever it has one.

    >>> samples_f1(np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([[1.0, 1.0], [1.0, 1.0]]))
    array([0.66666667, 1.        ])
    """
    both, true, called = overlaps(label, pred, threshold)
    return _share(2.0 * both, true + called, zero_division)


@of_sets(aliases=("jaccard_samples", "multilabel_accuracy", "example_based_accuracy"))
def samples_jaccard(
    label: Columns, pred: Columns, *, threshold: Unit = 0.5, zero_division: NoLabel = "skip"
) -> Column:
    """Mean over the rows of the Jaccard index of predicted and true labels.

        both = sum(1 for y, p in zip(label, pred) if y == 1 and p > threshold)
        either = sum(1 for y, p in zip(label, pred) if y == 1 or p > threshold)
        both / either if either > 0 else 1 if zero_division == "one" else 0

    The labels that are both true and predicted, over those that are either.  It is never above
    `samples_f1`, whose words on rows without a label hold here too.

    No gradient: it goes in steps: its slope is 0 wherever it has one.

    >>> samples_jaccard(np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([[1.0, 1.0], [1.0, 1.0]]))
    array([0.5, 1. ])
    """
    both, true, called = overlaps(label, pred, threshold)
    return _share(both, true + called - both, zero_division)
