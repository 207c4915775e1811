"""Losses of several labels a row against scikit-learn, PyTorch and values worked out by hand."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from measuring import of_columns
from recorded import recorded
from sklearn import metrics

from losscli.errors import UsageError
from losscli.losses.multilabel import coverage_error, lrap, multilabel_margin, one_error, ranking_loss
from losscli.report.records import Result

# Both sides sum n = 1500 doubles pairwise or exactly: log2(n) roundings of 2^-53, and C of a row.
SUMMED = 1e-13

ROWS, LABELS = 1500, 5
RNG = np.random.default_rng(17)
TRUE = (RNG.random((ROWS, LABELS)) < 0.35).astype(np.float64)  # some rows have no label, some all
TRUE[0], TRUE[1] = 0.0, 1.0
SCORE = np.round(RNG.normal(0.0, 2.0, (ROWS, LABELS)), 1)  # with ties
CHANCE = RNG.random((ROWS, LABELS))
WEIGHT = RNG.exponential(1.0, ROWS)


def measure(
    folder: Any, pred: Any, *losses: str, label: Any = TRUE, weighted: bool = False, **options: Any
) -> list[Result]:
    weight = WEIGHT if weighted else None
    return of_columns(folder, label, pred, *losses, weight=weight, **options)


def value(folder: Any, pred: Any, spec: str, **options: Any) -> float:
    found = measure(folder, pred, spec, **options)[0].value
    assert found is not None
    return found


def samples(score: Any) -> Any:
    """A scikit-learn score of indicators averaged over the rows, where empty rows count 0."""
    return lambda y, p, sample_weight=None: score(
        y, p > 0.5, average="samples", zero_division=0.0, sample_weight=sample_weight
    )


BY_SKLEARN = {
    "hamming": (CHANCE, lambda y, p, **w: metrics.hamming_loss(y, p > 0.5, **w)),
    "subset_zero_one": (CHANCE, lambda y, p, **w: metrics.zero_one_loss(y, p > 0.5, **w)),
    "coverage_error": (SCORE, metrics.coverage_error),
    "ranking_loss": (SCORE, metrics.label_ranking_loss),
    "lrap": (SCORE, metrics.label_ranking_average_precision_score),
    "samples_f1:zero_division=zero": (CHANCE, samples(metrics.f1_score)),
    "samples_jaccard:zero_division=zero": (CHANCE, samples(metrics.jaccard_score)),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("spec", BY_SKLEARN)
def test_losses_of_indicators_are_those_of_scikit_learn(spec: str, weighted: bool, tmp_path: Any) -> None:
    pred, theirs = BY_SKLEARN[spec]
    wanted = theirs(TRUE, pred, sample_weight=WEIGHT if weighted else None)
    assert value(tmp_path, pred, spec, weighted=weighted) == pytest.approx(float(wanted), rel=SUMMED)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_log_loss_of_labels_is_the_mean_of_scikit_learns_over_the_labels(
    weighted: bool, tmp_path: Any
) -> None:
    weight = WEIGHT if weighted else None
    each = [metrics.log_loss(TRUE[:, c], CHANCE[:, c], sample_weight=weight) for c in range(LABELS)]
    found = value(tmp_path, CHANCE, "multilabel_log_loss", weighted=weighted)
    assert found == pytest.approx(np.mean(each), rel=SUMMED)
    assert found == pytest.approx(value(tmp_path, CHANCE, "log_loss", weighted=weighted), rel=SUMMED)


def test_the_log_loss_of_labels_from_scores_is_torchs_multilabel_soft_margin(tmp_path: Any) -> None:
    def theirs(torch: Any) -> Any:
        return torch.nn.MultiLabelSoftMarginLoss()(torch.tensor(SCORE), torch.tensor(TRUE))

    wanted = recorded("torch", "multilabel: multilabel_log_loss", theirs)
    found = value(tmp_path, SCORE, "multilabel_log_loss", from_logits=True)
    assert found == pytest.approx(wanted, rel=SUMMED)


def test_the_margin_of_labels_is_torchs(tmp_path: Any) -> None:
    # torch wants the places of the true labels, then -1.
    places = np.full((ROWS, LABELS), -1)
    for row, true in enumerate(TRUE):
        there = np.flatnonzero(true)
        places[row, : len(there)] = there

    def theirs(torch: Any) -> Any:
        return torch.nn.MultiLabelMarginLoss()(torch.tensor(SCORE), torch.tensor(places))

    wanted = recorded("torch", "multilabel: multilabel_margin", theirs)
    assert value(tmp_path, SCORE, "multilabel_margin") == pytest.approx(wanted, rel=SUMMED)


def test_scores_may_be_said_to_be_raw_and_stand_beside_losses_of_logits(tmp_path: Any) -> None:
    names = ("coverage_error", "ranking_loss", "lrap", "one_error", "multilabel_margin")
    plain = measure(tmp_path, SCORE, *names)
    both = measure(tmp_path, SCORE, *names, "multilabel_log_loss", from_logits=True)
    assert [result.value for result in both[:-1]] == [result.value for result in plain]
    with pytest.raises(UsageError, match="no form for raw scores"):
        measure(tmp_path, SCORE, "samples_f1", from_logits=True)


def test_ties_are_wrong_pairs_and_count_to_the_depth() -> None:
    # One true label of three, all scores the same: both pairs wrong, depth 3, one true of three above.
    label, pred = np.array([[0.0, 1.0, 0.0]]), np.full((1, 3), 0.5)
    assert ranking_loss(label, pred).tolist() == [1.0]
    assert coverage_error(label, pred).tolist() == [3.0]
    assert lrap(label, pred).tolist() == [1 / 3]


def test_rows_of_all_labels_or_none_have_no_wrong_pair() -> None:
    label, pred = np.array([[1.0, 1.0], [0.0, 0.0]]), np.array([[0.1, 0.9], [0.1, 0.9]])
    assert ranking_loss(label, pred).tolist() == [0.0, 0.0]
    assert lrap(label, pred).tolist() == [1.0, 1.0]
    assert coverage_error(label, pred).tolist() == [2.0, 0.0]
    assert multilabel_margin(label, pred).tolist() == [0.0, 0.0]


def test_the_first_of_equal_scores_is_the_top_label_and_the_row_is_counted_as_tied(tmp_path: Any) -> None:
    label = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 1.0]])
    pred = np.array([[0.5, 0.5], [0.5, 0.5], [0.5, 0.5], [0.2, 0.5]])
    assert one_error(label, pred).tolist() == [0.0, 1.0, 0.0, 0.0]
    # The third row is right whichever of its labels is taken.
    (found,) = measure(tmp_path, pred, "one_error", label=label)
    assert (found.value, found.touched) == (0.25, {"tied": 2})


@pytest.mark.parametrize("name, whole", [("samples_f1", 2 / 3), ("samples_jaccard", 0.5)])
def test_a_row_without_any_label_is_left_out_and_counted_or_is_what_zero_division_says(
    name: str, whole: float, tmp_path: Any
) -> None:
    label, pred = np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[0.9, 0.8], [0.1, 0.2]])
    (found,) = measure(tmp_path, pred, name, label=label)
    assert found.value == pytest.approx(whole, rel=1e-15)
    assert (found.rows, found.skipped) == (1, {"no_label": 1})
    for rule, counts in (("zero", 0.0), ("one", 1.0)):
        (found,) = measure(tmp_path, pred, f"{name}:zero_division={rule}", label=label)
        assert found.value == pytest.approx((whole + counts) / 2, rel=1e-15)
        assert found.skipped == {}
    (found,) = measure(tmp_path, pred[1:], name, label=label[1:])
    assert found.value is None
    assert found.note


def test_hamming_divides_by_the_number_of_labels_and_hamming_count_does_not(tmp_path: Any) -> None:
    # Two wrong cells of six: 1/3 of the cells, and one a row.
    label = np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    pred = np.array([[1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    found = measure(tmp_path, pred, "hamming", "hamming_count", label=label)
    assert [result.value for result in found] == [1 / 3, 1.0]


def test_a_probability_of_one_half_predicts_no_label(tmp_path: Any) -> None:
    label, pred = np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]])
    assert value(tmp_path, pred, "subset_zero_one", label=label) == 1.0
    assert value(tmp_path, pred, "subset_zero_one:threshold=0.4", label=label[:, :1].repeat(2, 1)) == 0.0


def test_a_probability_below_eps_is_clipped_and_its_row_counted_once(tmp_path: Any) -> None:
    label, pred = np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([[0.0, 0.0], [0.5, 0.5]])
    (found,) = measure(tmp_path, pred, "multilabel_log_loss", label=label)
    assert found.touched == {"clipped": 1}
    # scikit-learn floors at the same epsilon: 36.04 for each of the two cells
    assert found.value == pytest.approx((2 * 36.04365338911715 / 2 + np.log(2)) / 2, rel=1e-15)
    (found,) = measure(tmp_path, pred, "multilabel_log_loss:eps=0", label=label)
    assert found.value is None
    assert "infinite" in (found.note or "")


def test_no_loss_warns_on_rows_without_labels(tmp_path: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        measure(
            tmp_path,
            np.zeros((4, 3)),
            *[spec for spec in BY_SKLEARN if "zero" in spec],
            label=np.zeros((4, 3)),
        )
