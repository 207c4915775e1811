"""Losses of two classes, against scikit-learn, PyTorch, recorded values and numbers worked by hand."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from measuring import measured
from recorded import recorded
from scipy.spatial import distance
from sklearn import metrics

from losscli.errors import DataError, UsageError
from losscli.losses import binary
from losscli.losses.stable import product
from losscli.numbers.error_free import two_product

RNG = np.random.default_rng(20)
LABEL = (RNG.random(400) < 0.3).astype(float)
SCORE = RNG.normal(-0.8, 2.0, 400) + LABEL
PROB = 1.0 / (1.0 + np.exp(-SCORE))
WEIGHT = RNG.integers(0, 5, 400) / 4.0

# scikit-learn and PyTorch round each of a few hundred rows, and their sum: some 1e-15 of the value.
CLOSE = 1e-13


def value(folder: Any, spec: str, *, weighted: bool = False, logits: bool = False) -> float | None:
    columns = {"label": LABEL, "pred": SCORE if logits else PROB, "w": WEIGHT}
    return measured(
        folder, spec, columns, pred="pred", weight="w" if weighted else None, from_logits=logits
    ).value


@pytest.mark.parametrize("weighted", [False, True])
def test_log_loss_brier_and_their_skill_agree_with_scikit_learn(weighted: bool, tmp_path: Any) -> None:
    weight = WEIGHT if weighted else None
    for name, reference in (
        ("log_loss", metrics.log_loss),
        ("brier", metrics.brier_score_loss),
        ("d2_log_loss", metrics.d2_log_loss_score),
        ("d2_brier", metrics.d2_brier_score),
    ):
        wanted = reference(LABEL, PROB, sample_weight=weight)
        assert value(tmp_path, name, weighted=weighted) == pytest.approx(wanted, rel=CLOSE), name


def test_label_smoothing_moves_labels_towards_one_half_as_in_keras(tmp_path: Any) -> None:
    # keras.losses.BinaryCrossentropy: y (1 - a) + a / 2; y = 1, p = 0.8, a = 0.2: 0.9 and 0.1 are the shares.
    wanted = -(0.9 * math.log(0.8) + 0.1 * math.log(0.2))
    columns = {"label": [1.0], "pred": [0.8]}
    assert measured(tmp_path, "log_loss:label_smoothing=0.2", columns, pred="pred").value == pytest.approx(
        wanted, rel=1e-15
    )
    columns = {"label": [1.0], "pred": [math.log(4.0)]}
    asked = measured(tmp_path, "log_loss:label_smoothing=0.2", columns, pred="pred", from_logits=True)
    assert asked.value == pytest.approx(wanted, rel=1e-15)


def test_smoothing_makes_both_outcomes_count_as_clipped(tmp_path: Any) -> None:
    columns = {"label": [1.0, 1.0], "pred": [1.0, 0.5]}
    assert measured(tmp_path, "log_loss", columns, pred="pred").touched == {}
    smoothed = measured(tmp_path, "log_loss:label_smoothing=0.1", columns, pred="pred")
    assert smoothed.touched == {"clipped": 1}


def test_a_row_without_a_chance_costs_what_each_library_says_for_its_floor() -> None:
    # scikit-learn, LightGBM, XGBoost, and infinity without a floor.
    one, zero = np.array([1.0]), np.array([0.0])
    for eps, wanted in ((binary.EPS, 36.0437), (1e-15, 34.5388), (1e-16, 36.8414), (1e-12, 27.6310)):
        assert binary.log_loss(one, zero, eps=eps)[0] == pytest.approx(wanted, abs=5e-5)
    with np.errstate(all="ignore"):
        assert binary.log_loss(one, zero, eps=0.0)[0] == math.inf
    assert binary.log_loss(one, one)[0] == 0.0


@pytest.mark.parametrize("pos_weight", [0.25, 1.0, 3.0])
def test_weighted_log_loss_is_that_of_torch(pos_weight: float, tmp_path: Any) -> None:
    def theirs(torch: Any) -> Any:
        weight = torch.tensor(pos_weight, dtype=torch.float64)
        return torch.nn.functional.binary_cross_entropy_with_logits(
            torch.tensor(SCORE), torch.tensor(LABEL), pos_weight=weight
        )

    spec = f"weighted_log_loss:pos_weight={pos_weight}"
    wanted = recorded("torch", f"binary: {spec}", theirs)
    assert value(tmp_path, spec, logits=True) == pytest.approx(wanted, rel=CLOSE)
    assert value(tmp_path, spec) == pytest.approx(wanted, rel=CLOSE)


def test_pos_weight_is_a_mean_over_rows_and_class_weight_one_over_weights(tmp_path: Any) -> None:
    # Both rows cost log 2; the positive one three times: (3 + 1) / 2 rows, or (3 + 1) / (3 + 1) weights.
    columns = {"label": [1.0, 0.0], "pred": [0.5, 0.5]}
    assert measured(tmp_path, "weighted_log_loss:pos_weight=3", columns, pred="pred").value == pytest.approx(
        2 * math.log(2)
    )
    assert measured(
        tmp_path, "log_loss", columns, pred="pred", class_weight={"1": 3.0}
    ).value == pytest.approx(math.log(2))


def test_kl_binary_is_log_loss_less_the_entropy_of_the_label(tmp_path: Any) -> None:
    label = np.array([0.25, 0.5, 0.9, 0.0, 1.0])
    pred = np.array([0.5, 0.5, 0.2, 0.25, 0.75])
    entropy = np.array(
        [0.0 if y in (0, 1) else -(y * math.log(y) + (1 - y) * math.log(1 - y)) for y in label]
    )
    found = binary.kl_binary(label, pred)
    assert found == pytest.approx(binary.log_loss(label, pred) - entropy, rel=1e-14, abs=1e-16)
    assert found[1] == 0.0


def test_kl_binary_keeps_its_digits_next_to_the_label() -> None:
    # d^2 / (2 y (1 - y)) for a small gap d; the next term is of the size d^3.
    label = np.array([0.3])
    pred = label + 1e-9
    gap = pred[0] - label[0]
    assert binary.kl_binary(label, pred)[0] == pytest.approx(gap**2 / (2 * 0.3 * 0.7), rel=1e-8)


def test_nothing_is_clipped_in_kl_binary(tmp_path: Any) -> None:
    found = measured(tmp_path, "kl_binary", {"label": [1.0, 0.0], "pred": [0.0, 0.0]}, pred="pred")
    assert found.value is None
    assert "infinite, first in row 1" in (found.note or "")


def test_focal_has_the_value_of_the_paper_and_gamma_zero_is_log_loss() -> None:
    # p_t = 0.9, gamma = 2: 0.1^2 * -log 0.9, a hundredth of the log loss.
    label, pred = np.array([1.0, 0.0]), np.array([0.9, 0.1])
    assert binary.focal(label, pred) == pytest.approx([-0.01 * math.log(0.9)] * 2, rel=1e-15)
    assert binary.focal(LABEL, PROB, gamma=0.0).tolist() == binary.log_loss(LABEL, PROB).tolist()


def test_focal_alpha_is_off_and_else_weighs_the_classes_as_in_torchvision() -> None:
    # torchvision 0.21, ops.sigmoid_focal_loss([0.5, 0.5], [1, 0], alpha=0.25, gamma=2), with
    # p = sigmoid(0.5) = 0.62245933120185: 0.25 * (1-p)^2 * -log p and 0.75 * p^2 * -log(1-p).
    p = 0.62245933120185459
    label, score = np.array([1.0, 0.0]), np.array([0.5, 0.5])
    plain = [(1 - p) ** 2 * -math.log(p), p**2 * -math.log(1 - p)]
    assert binary.focal_from_logits(label, score) == pytest.approx(plain, rel=1e-14)
    wanted = [0.25 * plain[0], 0.75 * plain[1]]
    assert binary.focal_from_logits(label, score, alpha=0.25) == pytest.approx(wanted, rel=1e-14)
    assert binary.focal(label, np.array([p, p]), alpha=0.25) == pytest.approx(wanted, rel=1e-14)


def test_alpha_none_is_the_default_that_can_be_written(tmp_path: Any) -> None:
    assert value(tmp_path, "focal:alpha=none") == value(tmp_path, "focal")
    columns = {"label": LABEL, "pred": PROB}
    assert measured(tmp_path, "focal:alpha=None", columns, pred="pred").loss == "focal"
    assert measured(tmp_path, "focal:alpha=0.5", columns, pred="pred").loss == "focal:alpha=0.5"
    with pytest.raises(UsageError, match=r"`alpha=2` in `focal:alpha=2` is not in \[0, 1\] or none"):
        value(tmp_path, "focal:alpha=2")


@pytest.mark.parametrize(
    "spec", ["log_loss", "brier", "focal", "focal:gamma=5,alpha=0.3", "weighted_log_loss:pos_weight=2"]
)
def test_raw_scores_give_what_their_probabilities_give(spec: str, tmp_path: Any) -> None:
    # The probabilities were rounded: 1 - p of a score of 8 has lost 11 bits.
    assert value(tmp_path, spec, logits=True) == pytest.approx(value(tmp_path, spec), rel=1e-12)


def test_large_scores_neither_overflow_nor_lose_their_digits() -> None:
    label, score = np.array([0.0, 1.0, 1.0]), np.array([1000.0, 1000.0, -1000.0])
    with np.errstate(all="ignore"):
        assert binary.log_loss_from_logits(label, score).tolist() == [1000.0, 0.0, 1000.0]
        assert binary.focal_from_logits(label, score).tolist() == [1000.0, 0.0, 1000.0]
        assert binary.brier_from_logits(label, score).tolist() == [1.0, 0.0, 1.0]
        # exp(-740) is subnormal, times 1e300 it is not.
        far = binary.weighted_log_loss_from_logits(np.array([1.0]), np.array([740.0]), pos_weight=1e300)
    assert far[0] == pytest.approx(math.exp(-740.0 + 300 * math.log(10)), rel=1e-12)


def test_exponential_loss_is_e_to_the_minus_margin(tmp_path: Any) -> None:
    columns = {"label": [1, -1], "pred": [math.log(2.0), math.log(4.0)]}
    # exp(-log 2) = 1/2 and exp(log 4) = 4
    assert measured(tmp_path, "exponential_loss", columns, pred="pred").value == pytest.approx(
        2.25, rel=1e-15
    )


def test_skill_against_labels_of_one_class_is_not_defined(tmp_path: Any) -> None:
    columns = {"label": [1.0, 1.0], "pred": [0.5, 0.75]}
    for name in ("d2_log_loss", "d2_brier"):
        found = measured(tmp_path, name, columns, pred="pred")
        assert (found.value, found.note) == (None, "all labels are 1: there is nothing to explain")


def test_the_prior_of_the_skill_keeps_its_digits_where_positives_are_rare(tmp_path: Any) -> None:
    # Predicting the prior itself has no skill: what is left is the rounding of one log in 10^6 rows.
    n = 1 << 16
    columns = {"label": np.arange(n) == 5, "pred": np.full(n, 1.0 / n)}
    assert measured(tmp_path, "d2_log_loss", columns, pred="pred").value == pytest.approx(0.0, abs=1e-15)
    assert measured(tmp_path, "d2_brier", columns, pred="pred").value == 0.0


def test_calibration_excess_is_observed_over_expected_less_one(tmp_path: Any) -> None:
    columns = {"label": [1.0, 0.0, 0.0], "pred": [0.5, 0.25, 0.0], "w": [1.0, 2.0, 7.0]}
    found = measured(tmp_path, "calibration_excess", columns, pred="pred", weight="w")
    assert (found.value, found.better) == (0.0, "zero")  # 1 / (0.5 + 2 * 0.25)
    columns = {"label": [1.0, 0.0], "pred": [0.0, 0.0]}
    assert measured(tmp_path, "calibration_excess", columns, pred="pred").value is None


# ------------------------------------------------------------------------------------------------
# Costs
# ------------------------------------------------------------------------------------------------


@pytest.fixture
def matrix(tmp_path: Any) -> Any:
    def write(*lines: str) -> str:
        (tmp_path / "costs.csv").write_text("".join(f"{line}\n" for line in lines), "utf-8")
        return f"cost:matrix={tmp_path / 'costs.csv'}"

    return write


def test_the_cost_of_a_probability_is_that_of_its_two_outcomes(matrix: Any, tmp_path: Any) -> None:
    spec = matrix("true,0,1", "0,0,1", "1,10,0.5")
    columns = {"label": [1, 0], "pred": [0.5, 0.25]}
    # 10 * 0.5 + 0.5 * 0.5 = 5.25, and 1 * 0.25
    assert measured(tmp_path, spec, columns, pred="pred").value == 2.75
    assert measured(tmp_path, spec, {"label": [1, -1], "pred": [0.5, 0.25]}, pred="pred").value == 2.75
    # Of predicted classes it is the cost of the decisions.
    assert measured(tmp_path, spec, {"label": [1, 0], "pred": [0, 1]}, pred="pred").value == 5.5


def test_the_order_of_the_classes_in_the_file_does_not_matter(matrix: Any, tmp_path: Any) -> None:
    spec = matrix("x,1,0", "1,0.5,10", "0,1,0")
    assert measured(tmp_path, spec, {"label": [1, 0], "pred": [0.5, 0.25]}, pred="pred").value == 2.75


def test_the_cost_of_text_classes_is_looked_up_by_name(matrix: Any, tmp_path: Any) -> None:
    spec = matrix("true,cat,dog,none", "cat,0,2,1", "dog,5,0,1")
    columns = {
        "label": ["cat", "dog", "dog", "cat"],
        "pred": ["dog", "cat", "none", "cat"],
        "w": [1.0, 1.0, 2.0, 4.0],
    }
    # (2 + 5 + 2 * 1 + 4 * 0) / 8
    assert measured(tmp_path, spec, columns, pred="pred", weight="w").value == 9 / 8


def test_the_cost_of_class_columns_is_over_their_probabilities(matrix: Any, tmp_path: Any) -> None:
    spec = matrix("true,dog,cat", "cat,2,0", "dog,0,8")
    columns = {"label": ["cat", "dog"], "p_cat": [0.5, 0.25], "p_dog": [0.5, 0.75]}
    # 0.5 * 2 and 0.25 * 8
    assert measured(tmp_path, spec, columns, pred="p_cat,p_dog").value == 1.5


def test_the_positive_class_of_a_cost_is_the_one_named(matrix: Any, tmp_path: Any) -> None:
    spec = matrix("true,ham,spam", "ham,0,3", "spam,1,0")
    columns = {"label": ["spam", "ham"], "pred": [0.5, 0.5]}
    assert measured(tmp_path, spec, columns, pred="pred", pos_label="spam").value == 1.0


@pytest.mark.parametrize(
    "lines, words",
    [
        (["true,0,1"], "holds no table of classes"),
        (["true,0,1", "0,1"], "2 cells where the header has 3"),
        (["true,0,1", "0,1,x", "1,0,0"], "`x` is no number"),
        (["true,0,1", "0,1,nan", "1,0,0"], "`nan` is no number"),
        (["true,0,0", "0,1,2", "1,0,0"], "the class `0` stands twice"),
        (["true,0,1", "0,1,2"], "no row is named for the class `1`"),
    ],
)
def test_a_matrix_that_cannot_be_used_is_refused_with_its_file(
    lines: list[str], words: str, matrix: Any, tmp_path: Any
) -> None:
    spec = matrix(*lines)
    with pytest.raises(DataError, match=words) as error:
        measured(tmp_path, spec, {"label": [1, 0], "pred": [0.5, 0.25]}, pred="pred")
    assert error.value.file == str(tmp_path / "costs.csv")


def test_a_class_that_the_matrix_lacks_is_refused_with_its_row(matrix: Any, tmp_path: Any) -> None:
    spec = matrix("true,cat,dog", "cat,0,2", "dog,5,0")
    with pytest.raises(DataError, match=r"no row of .*costs.csv stands for the class `cow`") as error:
        measured(tmp_path, spec, {"label": ["cat", "cow"], "pred": ["dog", "cat"]}, pred="pred")
    assert error.value.row == 2
    assert error.value.hint is None


def test_a_cost_needs_a_matrix_that_is_there(tmp_path: Any) -> None:
    columns = {"label": [1, 0], "pred": [0.5, 0.25]}
    with pytest.raises(UsageError, match="`cost` needs `matrix`"):
        measured(tmp_path, "cost", columns, pred="pred")
    with pytest.raises(DataError, match="cannot be read") as error:
        measured(tmp_path, f"cost:matrix={tmp_path / 'absent.csv'}", columns, pred="pred")
    assert error.value.file == str(tmp_path / "absent.csv")


# ------------------------------------------------------------------------------------------------
# Numbers
# ------------------------------------------------------------------------------------------------


def test_a_product_does_not_vanish_or_overflow_on_the_way() -> None:
    one, two, three = (
        np.array([5e-324, 1e300, 0.0, 3.0]),
        np.array([0.5, 1e300, 1e300, -np.inf]),
        np.array([1e300, 1e-300, 1e300, 2.0]),
    )
    assert product(one, two, three).tolist() == [
        5e-324 * 1e300 * 0.5,
        pytest.approx(1e300, rel=1e-15),
        0.0,
        -math.inf,
    ]


def test_a_product_and_what_its_rounding_lost_are_exact_together() -> None:
    one, two = RNG.uniform(-800.0, 800.0, 1000), RNG.uniform(0.0, 16.0, 1000)
    near, lost = two_product(one, two)
    for x, y, n, e in zip(one.tolist(), two.tolist(), near.tolist(), lost.tolist(), strict=True):
        assert Fraction(n) + Fraction(e) == Fraction(x) * Fraction(y)


@pytest.mark.parametrize("weighted", [False, True])
def test_spherical_is_the_cosine_of_the_probabilities_and_the_label_by_scipy(
    weighted: bool, tmp_path: Any
) -> None:
    cosines = [1 - distance.cosine([p, 1 - p], [y, 1 - y]) for y, p in zip(LABEL, PROB, strict=True)]
    wanted = -np.average(cosines, weights=WEIGHT if weighted else None)
    assert value(tmp_path, "spherical", weighted=weighted) == pytest.approx(wanted, rel=CLOSE)
