"""Losses of raw scores against PyTorch, scikit-learn and values worked out by hand."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from draws import write
from recorded import recorded
from sklearn import metrics

from losscli.errors import DataError, UsageError
from losscli.losses.margin import hinge, margin_ranking, modified_huber, pair_logit, perceptron, soft_margin
from losscli.losses.stable import margin_missed
from losscli.report.evaluate import evaluate
from losscli.report.records import Result

# Both sides sum n = 2000 doubles pairwise or exactly: log2(n) roundings of 2^-53.
SUMMED = 1e-14

ROWS = 2000
RNG = np.random.default_rng(18)
SIGN = RNG.choice([-1.0, 1.0], ROWS)
SCORE = RNG.normal(0.0, 2.0, ROWS)
OTHER = RNG.normal(0.0, 2.0, ROWS)
WEIGHT = RNG.exponential(1.0, ROWS)


def measure(folder: Any, columns: dict[str, Any], *losses: str, **options: Any) -> list[Result]:
    path = str(folder / "rows.parquet")
    write(path, columns)
    return evaluate(path, loss=list(losses), **options).results


def value(folder: Any, columns: dict[str, Any], spec: str, **options: Any) -> float:
    found = measure(folder, columns, spec, **options)[0].value
    assert found is not None
    return found


BY_TORCH = {
    "soft_margin": lambda nn: nn.SoftMarginLoss(),
    "hinge_embedding": lambda nn: nn.HingeEmbeddingLoss(),
    "hinge_embedding:margin=2.5": lambda nn: nn.HingeEmbeddingLoss(2.5),
}


@pytest.mark.parametrize("spec", BY_TORCH)
def test_losses_of_a_score_are_those_of_torch(spec: str, tmp_path: Any) -> None:
    def theirs(torch: Any) -> Any:
        return BY_TORCH[spec](torch.nn)(torch.tensor(SCORE), torch.tensor(SIGN))

    found = value(tmp_path, {"label": SIGN, "score": SCORE}, spec, pred="score")
    assert found == pytest.approx(recorded("torch", f"margin: {spec}", theirs), rel=SUMMED)


@pytest.mark.parametrize("margin", [0.0, 0.75])
def test_margin_ranking_is_that_of_torch(margin: float, tmp_path: Any) -> None:
    def theirs(torch: Any) -> Any:
        return torch.nn.MarginRankingLoss(margin)(*map(torch.tensor, (SCORE, OTHER, SIGN)))

    wanted = recorded("torch", f"margin: margin_ranking:margin={margin}", theirs)
    columns = {"label": SIGN, "a": SCORE, "b": OTHER}
    found = value(tmp_path, columns, f"margin_ranking:margin={margin}", pred="first=a,second=b")
    assert found == pytest.approx(wanted, rel=SUMMED)


@pytest.mark.parametrize("weighted", [False, True])
def test_hinge_is_that_of_scikit_learn(weighted: bool, tmp_path: Any) -> None:
    weight = WEIGHT if weighted else None
    wanted = metrics.hinge_loss(SIGN, SCORE, sample_weight=weight)
    columns = {"label": SIGN, "score": SCORE, "weight": WEIGHT}
    found = value(tmp_path, columns, "hinge", pred="score", weight="weight" if weighted else None)
    assert found == pytest.approx(wanted, rel=SUMMED)


@pytest.mark.parametrize("name", ["hinge", "squared_hinge", "modified_huber", "perceptron", "soft_margin"])
@pytest.mark.parametrize("chunk_rows", [1, 7, 65536])
def test_labels_of_0_and_1_are_those_of_minus_1_and_1_over_the_whole_file(
    name: str, chunk_rows: int, tmp_path: Any
) -> None:
    # Sorted: whole blocks hold one label only, which must not change how the label is read.
    order = np.argsort(SIGN)
    signs = measure(
        tmp_path, {"label": SIGN[order], "score": SCORE[order]}, name, pred="score", chunk_rows=chunk_rows
    )
    zeros = measure(tmp_path, {"label": (SIGN + 1) / 2, "score": SCORE}, name, pred="score")
    assert signs[0].value == zeros[0].value


def test_labels_of_0_and_of_minus_1_in_one_file_are_refused(tmp_path: Any) -> None:
    with pytest.raises(DataError, match="labels of -1 and labels of 0"):
        measure(tmp_path, {"label": [1.0, 0.0, -1.0], "score": [1.0, 1.0, 1.0]}, "hinge", pred="score")


def test_a_file_of_label_1_only_is_read_as_positive(tmp_path: Any) -> None:
    # (1 - 0.2, 1 - 0.2): scikit-learn without `labels` takes the only class for the negative one, 1.2.
    found = value(tmp_path, {"label": [1.0, 1.0], "score": [0.2, 0.2]}, "hinge", pred="score")
    assert found == pytest.approx(0.8, rel=1e-15)


def test_a_score_outside_0_and_1_changes_no_other_row(tmp_path: Any) -> None:
    # By hand: 1 + 0.3, 1 - 0.8, 1 + 0.5.  Torchmetrics 1.9.0 takes the sigmoid of all three: 0.8356.
    found = value(tmp_path, {"label": [0, 1, 1], "score": [0.3, 0.8, -0.5]}, "hinge", pred="score")
    assert found == pytest.approx(1.0, rel=1e-15)


def test_from_logits_says_nothing_new_of_scores_and_can_stand_beside_log_loss(tmp_path: Any) -> None:
    columns = {"label": SIGN, "score": SCORE}
    plain = measure(tmp_path, columns, "hinge", "perceptron", "soft_margin", pred="score")
    both = measure(
        tmp_path, columns, "hinge", "perceptron", "soft_margin", "log_loss", pred="score", from_logits=True
    )
    assert [result.value for result in both[:3]] == [result.value for result in plain]
    assert both[3].value == pytest.approx(both[2].value, rel=1e-15)
    with pytest.raises(UsageError, match="no form for raw scores"):
        measure(tmp_path, columns, "mse", pred="score", from_logits=True)


def test_the_kernels_by_hand() -> None:
    label, pred = np.array([1.0, 1.0, 1.0, 0.0]), np.array([2.0, 0.5, -3.0, -3.0])
    assert hinge(label, pred).tolist() == [0.0, 0.5, 4.0, 0.0]
    assert hinge(label, pred, margin=2.5).tolist() == [0.5, 2.0, 5.5, 0.0]
    assert perceptron(label, pred).tolist() == [0.0, 0.0, 3.0, 0.0]
    # -4·(-3) = 12 on the line; the parabola would give (1 + 3)² = 16
    assert modified_huber(label, pred).tolist() == [0.0, 0.25, 12.0, 0.0]
    assert modified_huber(np.array([1.0]), np.array([-1.0])).tolist() == [4.0]


def test_modified_huber_is_what_scikit_learn_minimises() -> None:
    label, pred = SIGN[:60], SCORE[:60]

    def theirs(_: Any) -> Any:
        # Not of its public names, so another version may have none like it.
        from sklearn.linear_model._sgd_fast import ModifiedHuber

        return [ModifiedHuber().py_loss(p, y) for y, p in zip(label, pred, strict=True)]

    wanted = recorded("sklearn", "margin: modified_huber, 60 rows", theirs)
    assert modified_huber((label + 1) / 2, pred) == pytest.approx(np.array(wanted), rel=1e-15)


def test_a_loss_of_pairs_in_their_order_needs_no_label(tmp_path: Any) -> None:
    # (log(1 + e^-1) + log(1 + e^2)) / 2
    columns = {"liked": [2.0, 0.0], "other": [1.0, 2.0]}
    found = value(tmp_path, columns, "pair_logit", pred="first=liked,second=other")
    assert found == pytest.approx((math.log1p(math.exp(-1)) + math.log1p(math.exp(2))) / 2, rel=1e-15)
    named = {"first": [2.0, 0.0], "second": [1.0, 2.0]}
    assert value(tmp_path, named, "pair_logit") == found
    with pytest.raises(DataError, match="which column holds the labels"):
        measure(tmp_path, columns, "margin_ranking", pred="first=liked,second=other")


def test_differences_of_pairs_keep_what_their_rounding_loses() -> None:
    first, second = np.array([1e16, 1.0]), np.array([1.0, 1e16 + 2])
    # Correct: 1e16 - 1 is no double, and its exponential is 0 anyway.
    assert pair_logit(first, second).tolist() == [0.0, 1e16]
    # 1 + (1e16 + 2 - 1e16) - exact, though 1e16 + 3 is no double.
    found = margin_ranking(np.array([0.0]), np.array([1e16 + 2]), np.array([1e16]), margin=1.0)
    assert found.tolist() == [3.0]


def test_the_margin_is_missed_by_what_is_left_of_three_numbers_that_cancel() -> None:
    ends = np.array([0.0, 5e-324, 1e-300, 2.0**-54, 0.1, 1.0, 1.0 + 2.0**-52, 1e16, 1.7976931348623157e308])
    for margin in (0.0, 1e-300, 0.1, 1.0, 1e16):
        for rival in (*ends, *-ends):
            for own in (*ends, *-ends):
                with np.errstate(all="ignore"):
                    (found,) = margin_missed(margin, np.array([rival]), np.array([own]))
                wanted = sum_exactly(margin, rival, -own)
                assert abs(found - wanted) <= math.ulp(wanted) if math.isfinite(wanted) else found == wanted


def sum_exactly(*numbers: float) -> float:
    total = max(Fraction(0), sum(Fraction(float(number)) for number in numbers))
    try:
        return total.numerator / total.denominator
    except OverflowError:
        return math.inf


def test_scores_far_from_zero_neither_overflow_nor_lose_themselves() -> None:
    far = np.array([-1e308, 1e308])
    assert soft_margin(np.array([1.0, 1.0]), far).tolist() == [1e308, 0.0]
    with np.errstate(all="ignore"):
        assert pair_logit(far, -far).tolist() == [math.inf, 0.0]
