"""Losses of one number against another: values by hand, and those of other libraries."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from measuring import measured, value_of
from sklearn import metrics

from losscli.errors import DataError, UsageError
from losscli.losses.regression import bias, half_mse, lq, mse, msle
from losscli.losses.stable import (
    exp_fraction,
    log1p_gap_share,
    log_distance,
    log_fraction,
    log_parts,
)
from losscli.losses.unitless import within_tol

LABEL = [3.0, -0.5, 2.0, 7.0, 4.25]
PRED = [2.5, 0.25, 2.0, 8.0, 3.5]
# Powers of two are added without rounding, so that a weighted sum of scikit-learn is as good as ours.
WEIGHT = [1.0, 2.0, 0.5, 4.0, 1.0]
COUNTS = [1.0, 2.0, 3.0, 1.0, 2.0]

POSITIVE = [1.0, 2.5, 4.0, 8.0, 0.5]
POSITIVE_PRED = [1.5, 2.0, 4.0, 6.0, 1.0]


def value(
    folder: Any, spec: str, label: Any = LABEL, pred: Any = PRED, weight: Any = None, **more: Any
) -> Any:
    return value_of(folder, spec, label, pred, weight, **more)


# The functions of scikit-learn round a few sums of five terms.
near = pytest.approx


# ------------------------------------------------------------------------------------------------
# Other libraries
# ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
def test_losses_of_any_numbers_agree_with_scikit_learn(weight: Any, tmp_path: Any) -> None:
    for spec, theirs in (
        ("mse", metrics.mean_squared_error),
        ("rmse", metrics.root_mean_squared_error),
        ("mae", metrics.mean_absolute_error),
        ("r2", metrics.r2_score),
        ("explained_variance", metrics.explained_variance_score),
        ("d2_tweedie", metrics.d2_tweedie_score),
    ):
        wanted = theirs(LABEL, PRED, sample_weight=weight)
        assert value(tmp_path, spec, weight=weight) == near(wanted, rel=1e-14), spec


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
def test_losses_of_positive_numbers_agree_with_scikit_learn(weight: Any, tmp_path: Any) -> None:
    for spec, theirs, more in (
        ("msle", metrics.mean_squared_log_error, {}),
        ("rmsle", metrics.root_mean_squared_log_error, {}),
        ("d2_tweedie:power=-1", metrics.d2_tweedie_score, {"power": -1}),
        ("d2_tweedie:power=1", metrics.d2_tweedie_score, {"power": 1}),
        ("d2_tweedie:power=1.5", metrics.d2_tweedie_score, {"power": 1.5}),
        ("d2_tweedie:power=2", metrics.d2_tweedie_score, {"power": 2}),
        ("d2_tweedie:power=3", metrics.d2_tweedie_score, {"power": 3}),
    ):
        wanted = theirs(POSITIVE, POSITIVE_PRED, sample_weight=weight, **more)
        assert value(tmp_path, spec, POSITIVE, POSITIVE_PRED, weight) == near(wanted, rel=1e-12), spec


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
def test_correlations_agree_with_numpy(weight: Any, tmp_path: Any) -> None:
    cov = np.cov(LABEL, PRED, aweights=weight, ddof=0)
    wanted = cov[0, 1] / math.sqrt(cov[0, 0] * cov[1, 1])
    assert value(tmp_path, "pearson", weight=weight) == near(wanted, rel=1e-14)
    assert value(tmp_path, "rsq", weight=weight) == near(wanted**2, rel=1e-14)
    apart = np.average(np.subtract(LABEL, PRED), weights=weight)
    ccc = 2 * cov[0, 1] / (cov[0, 0] + cov[1, 1] + apart**2)
    assert value(tmp_path, "ccc", weight=weight) == near(ccc, rel=1e-14)
    error = np.subtract(PRED, LABEL)
    assert value(tmp_path, "error_std", weight=weight) == near(
        math.sqrt(np.cov(error, aweights=weight, ddof=0)), rel=1e-14
    )


def test_whole_weights_are_repeat_counts_where_the_number_of_rows_stands_in_the_definition(
    tmp_path: Any,
) -> None:
    label, pred = np.repeat(LABEL, np.int64(COUNTS)), np.repeat(PRED, np.int64(COUNTS))
    for spec in ("adj_r2:k=2", "error_std:ddof=1", "ccc:ddof=1", "nrmse:norm=l2"):
        assert value(tmp_path, spec, weight=COUNTS) == value(tmp_path, spec, label, pred), spec
    assert value(tmp_path, "error_std:ddof=1", label, pred) == near(np.std(pred - label, ddof=1), rel=1e-14)


# torchmetrics 1.9.0 on LABEL and PRED in float64: functional.regression.
# normalized_root_mean_squared_error(normalization=), pearson_corrcoef, relative_squared_error(squared=),
# r2_score(adjusted=2), explained_variance; functional.image.peak_signal_noise_ratio(data_range=10).
TORCHMETRICS = {
    "nrmse": 0.2187944246363527,
    "nrmse:norm=range": 0.09189365834726813,
    "nrmse:norm=std": 0.27813946774579706,
    "nrmse:norm=l2": 0.07690511613124014,
    "pearson": 0.9650067024733842,
    "rse": 0.0773615635179153,
    "rrse": 0.27813946774579706,
    "adj_r2:k=2": 0.8452768729641693,
    "explained_variance": 0.9242671009771987,
    "psnr:range=10": 23.233063127652063,
}


@pytest.mark.parametrize("spec", TORCHMETRICS)
def test_losses_agree_with_torchmetrics(spec: str, tmp_path: Any) -> None:
    # Its psnr takes logarithms in float32, where 2^-24 of a number near 3 is lost.
    assert value(tmp_path, spec) == near(TORCHMETRICS[spec], rel=1e-7 if "psnr" in spec else 1e-13)


def test_the_concordance_of_torchmetrics_has_spreads_over_n_less_1(tmp_path: Any) -> None:
    # torchmetrics 1.9.0, functional.regression.concordance_corrcoef; Lin's own form differs a little.
    assert value(tmp_path, "ccc:ddof=1") == near(0.9633276476973172, rel=1e-13)
    assert value(tmp_path, "ccc") != near(0.9633276476973172, rel=1e-4)


# ------------------------------------------------------------------------------------------------
# By hand, and where libraries disagree
# ------------------------------------------------------------------------------------------------


def test_bias_is_prediction_minus_truth_unless_asked_otherwise(tmp_path: Any) -> None:
    # errors -0.5, 0.75, 0, 1, -0.75
    assert value(tmp_path, "bias", [0.0, 0.0], [1.0, 2.0]) == 1.5
    assert value(tmp_path, "bias:sign=truth_minus_pred", [0.0, 0.0], [1.0, 2.0]) == -1.5
    assert value(tmp_path, "bias") == 0.1
    assert measured(tmp_path, "bias", {"label": LABEL, "pred": PRED}).better == "zero"


def test_no_bias_has_a_plus_sign() -> None:
    zeros = np.array([0.0, -0.0])
    for sign in ("pred_minus_truth", "truth_minus_pred"):
        assert not np.signbit(bias(zeros, zeros[::-1].copy(), sign=sign)).any()


def test_the_squared_bias_and_the_variance_of_errors_make_up_mse(tmp_path: Any) -> None:
    label, pred = [0.0, 0.0, 0.0, 0.0], [1.0, 2.0, 3.0, 6.0]
    # errors 1, 2, 3, 6: mean 3, variance (4 + 1 + 0 + 9) / 4, mean square 50 / 4
    assert value(tmp_path, "error_std", label, pred) == math.sqrt(3.5)
    assert value(tmp_path, "error_std:ddof=1", label, pred) == math.sqrt(14 / 3)
    assert value(tmp_path, "mse", label, pred) == 3.0**2 + 3.5


def test_half_mse_is_half_of_mse() -> None:
    label, pred = np.array(LABEL), np.array(PRED)
    assert half_mse(label, pred).tolist() == (mse(label, pred) / 2).tolist()


def test_a_power_of_two_is_mse_and_of_one_is_mae(tmp_path: Any) -> None:
    assert value(tmp_path, "lq:power=2") == value(tmp_path, "mse")
    assert value(tmp_path, "lq:power=1") == value(tmp_path, "mae")
    assert value(tmp_path, "lq:power=3", [0.0], [-2.0]) == 8.0


def test_a_high_power_does_not_make_much_of_a_rounded_error() -> None:
    # 1 - 2^-60 rounds to 1; its power 2^61 is exp(-2) all the same
    assert lq(np.array([2.0**-60]), np.array([1.0]), power=2.0**61)[0] == near(math.exp(-2.0), rel=1e-15)


@pytest.mark.parametrize("spec", ["lq", "within_tol", "psnr"])
def test_a_parameter_without_a_default_must_be_given(spec: str, tmp_path: Any) -> None:
    with pytest.raises(UsageError, match=f"`{spec}` needs"):
        value(tmp_path, spec)
    with pytest.raises(UsageError, match="is not in"):
        value(
            tmp_path,
            f"{spec}:{'power' if spec == 'lq' else 'threshold' if spec == 'within_tol' else 'range'}=-1",
        )


def test_msle_takes_values_down_to_minus_one_as_they_are(tmp_path: Any) -> None:
    # log 2 - log 0.5 = 2 log 2, squared: scikit-learn and torchmetrics have 1.9218, keras clips to 0.4805
    assert value(tmp_path, "msle", [1.0], [-0.5]) == near(4 * math.log(2) ** 2, rel=1e-15)
    with pytest.raises(DataError, match="-1 is not in"):
        value(tmp_path, "msle", [1.0], [-1.0])
    with pytest.raises(DataError, match="-2 is not in"):
        value(tmp_path, "rmsle", [1.0, 1.0], [0.0, -2.0])


def test_msle_keeps_its_digits_where_both_are_nearly_equal() -> None:
    label, pred = np.array([1e9]), np.array([1e9 + 2.0**-20])
    assert msle(label, pred)[0] == near((2.0**-20 / (1e9 + 1)) ** 2, rel=1e-14)


def test_one_less_rse_is_r2_also_far_from_zero(tmp_path: Any) -> None:
    label, pred = 1e8 + np.array([1.0, 2.0, 4.0, 7.0]), 1e8 + np.array([1.0, 3.0, 4.0, 5.0])
    # errors 0, 1, 0, -2: 5; spread about 3.5: 6.25 + 2.25 + 0.25 + 12.25 = 21
    assert value(tmp_path, "rse", label, pred) == 5 / 21
    assert value(tmp_path, "r2", label, pred) == 16 / 21
    assert value(tmp_path, "rrse", label, pred) == math.sqrt(5 / 21)
    # the bias -1/4 is no variance: 5 - 4/16
    assert value(tmp_path, "explained_variance", label, pred) == 1 - 4.75 / 21


def test_adjusted_r2_charges_for_predictors(tmp_path: Any) -> None:
    label, pred = [1.0, 2.0, 4.0, 7.0], [1.0, 3.0, 4.0, 5.0]
    assert value(tmp_path, "adj_r2", label, pred) == value(tmp_path, "r2", label, pred)
    assert value(tmp_path, "adj_r2:k=2", label, pred) == 2 / 7
    few = measured(tmp_path, "adj_r2:k=3", {"label": label, "pred": pred})
    assert few.value is None
    assert few.note == "4 rows are too few for 3 predictors"


@pytest.mark.parametrize("spec", ["adj_r2", "error_std:ddof=1", "ccc:ddof=1"])
def test_weights_that_count_rows_must_be_whole(spec: str, tmp_path: Any) -> None:
    with pytest.raises(DataError, match="whole numbers"):
        value(tmp_path, spec, weight=WEIGHT)


def test_weights_may_be_fractions_where_rows_are_not_counted(tmp_path: Any) -> None:
    for spec in ("error_std", "ccc", "r2", "nrmse"):
        assert value(tmp_path, spec, weight=WEIGHT) == value(
            tmp_path, spec, weight=np.multiply(WEIGHT, 0.5)
        ), spec


@pytest.mark.parametrize(
    "spec", ["r2", "adj_r2", "explained_variance", "rse", "rrse", "pearson", "rsq", "d2_tweedie", "nrmse:norm=std",
             "nrmse:norm=range", "d2_tweedie:power=2"]
)  # fmt: skip
@pytest.mark.parametrize("pred", [[1.0, 2.0, 3.0], [3.5, 3.5, 3.5]], ids=["imperfect", "perfect"])
def test_labels_without_spread_leave_nothing_to_explain(spec: str, pred: Any, tmp_path: Any) -> None:
    # scikit-learn, keras and torchmetrics give 0 or 1 here, CatBoost 1 for useless predictions
    found = measured(tmp_path, spec, {"label": [3.5, 3.5, 3.5], "pred": pred})
    assert found.value is None
    assert found.note


def test_concordance_of_two_constants_is_one_number_unless_they_are_equal(tmp_path: Any) -> None:
    assert value(tmp_path, "ccc", [1.0, 1.0], [2.0, 2.0]) == 0.0
    assert value(tmp_path, "ccc", [1.0, 1.0], [1.0, 1.0]) is None


def test_a_line_is_a_correlation_of_exactly_one(tmp_path: Any) -> None:
    label = np.array([0.1, 0.7, 1e9, -3.3])
    assert value(tmp_path, "pearson", label, 4.0 * label) == 1.0
    assert value(tmp_path, "pearson", label, -4.0 * label) == -1.0
    assert value(tmp_path, "rsq", label, -4.0 * label) == 1.0
    assert value(tmp_path, "pearson", label, [1.0, 1.0, 1.0, 1.0]) is None


def test_sizes_of_the_labels_to_divide_by(tmp_path: Any) -> None:
    label, pred = [-4.0, 1.0, 1.0, -2.0], [-3.0, 2.0, 0.0, -3.0]  # errors of size 1; mean -1
    assert value(tmp_path, "nrmse", label, pred) == 1.0
    assert value(tmp_path, "nrmse:norm=mean_abs", label, pred) == 0.5
    assert value(tmp_path, "nrmse:norm=range", label, pred) == 0.2
    assert value(tmp_path, "nrmse:norm=l2", label, pred) == near(1 / math.sqrt(22), rel=1e-15)
    assert value(tmp_path, "nrmse:norm=std", label, pred) == near(1 / math.sqrt(22 / 4 - 1), rel=1e-15)
    assert value(tmp_path, "nrmse", [1.0, -1.0], [1.0, 0.0]) is None
    # a row of weight 0 is no part of the range
    assert value(tmp_path, "nrmse:norm=range", [*label, 1e6], [*pred, 0.0], [1.0] * 4 + [0.0]) == 0.2


def test_an_error_is_held_against_the_tolerance_before_it_is_rounded() -> None:
    # 1 + 2^-60 - 0 rounds to 1, which is the tolerance, but lies beyond it; 1 - 2^-60 does not
    label, pred = np.array([-(2.0**-60), 2.0**-60, 0.0]), np.array([1.0, 1.0, 1.0])
    assert within_tol(label, pred, threshold=1.0).tolist() == [1.0, 0.0, 0.0]


def test_within_tol_is_the_share_of_rows_beyond_the_tolerance(tmp_path: Any) -> None:
    assert value(tmp_path, "within_tol:threshold=0.5") == 3 / 5
    assert value(tmp_path, "within_tol:threshold=0") == 4 / 5
    assert value(tmp_path, "within_tol:threshold=0.5", weight=WEIGHT) == 7 / 8.5


def test_psnr_is_in_decibels_and_has_no_value_for_a_perfect_prediction(tmp_path: Any) -> None:
    # mse 0.01: 10 log10(1 / 0.01), though 0.1 squared is not quite that
    assert value(tmp_path, "psnr:range=1", [0.0, 0.0], [0.1, -0.1]) == near(20.0, rel=1e-15)
    assert value(tmp_path, "psnr:range=255", [0.0], [255.0]) == 0.0
    found = measured(tmp_path, "psnr:range=1", {"label": [1.0], "pred": [1.0]})
    assert (found.value, found.note) == (None, "the prediction is perfect: the ratio is infinite")


def test_skill_is_what_is_saved_of_a_baselines_loss(tmp_path: Any) -> None:
    columns = {"label": [0.0, 0.0, 1.0], "pred": [1.0, 0.0, 1.0], "naive": [2.0, 1.0, 0.0]}
    assert measured(tmp_path, "skill", columns).value == 1 - 1 / 6
    assert measured(tmp_path, "skill:of=mae", columns).value == 1 - 1 / 4
    other = columns | {"theirs": [1.0, 0.0, 1.0]}
    assert measured(tmp_path, "skill:baseline=theirs", other).value == 0.0
    assert measured(tmp_path, "skill:baseline=label", columns).value is None


def test_skill_against_the_mean_label_is_r2(tmp_path: Any) -> None:
    columns = {"label": [1.0, 2.0, 6.0], "pred": [1.5, 2.5, 4.0], "baseline": [3.0, 3.0, 3.0]}
    assert measured(tmp_path, "skill", columns).value == measured(tmp_path, "r2", columns).value


def test_skill_needs_a_column_of_the_baseline(tmp_path: Any) -> None:
    with pytest.raises(UsageError, match="needs"):
        value(tmp_path, "skill")


def test_d2_keeps_its_digits_far_from_zero(tmp_path: Any) -> None:
    # labels 1e6 + d: the gamma deviance of small relative errors is their square, and d2 nearly r2
    label, pred = 1e6 + np.array([-1.0, 0.0, 1.0, 2.0]), 1e6 + np.array([-1.0, 0.5, 1.0, 1.0])
    r2 = value(tmp_path, "r2", label, pred)
    for power in (1, 1.5, 2, 3):
        assert value(tmp_path, f"d2_tweedie:power={power}", label, pred) == near(r2, rel=1e-5)


def test_d2_of_labels_that_hardly_vary_is_no_number_rather_than_noise(tmp_path: Any) -> None:
    columns = {"label": [1e12, 1e12 + 1.0], "pred": [1e12, 1e12]}
    for power in (1, 1.5, 2, 3):
        found = measured(tmp_path, f"d2_tweedie:power={power}", columns)
        assert found.value is None
        assert "see `r2`" in (found.note or "")
    assert measured(tmp_path, "r2", columns).value == -1.0


def test_d2_of_two_powers_by_hand(tmp_path: Any) -> None:
    # poisson: labels 1, 3 with mean 2: the deviance of a perfect prediction is 0, that of the mean all
    assert value(tmp_path, "d2_tweedie:power=1", [1.0, 3.0], [1.0, 3.0]) == 1.0
    assert value(tmp_path, "d2_tweedie:power=1", [1.0, 3.0], [2.0, 2.0]) == near(0.0, abs=1e-15)
    ours = 3 * math.log(3 / 2) - 1
    null = math.log(1 / 2) + 3 * math.log(3 / 2)
    assert value(tmp_path, "d2_tweedie:power=1", [1.0, 3.0], [1.0, 2.0]) == near(1 - ours / null, rel=1e-14)
    with pytest.raises(DataError, match="is not in"):
        value(tmp_path, "d2_tweedie:power=2", [0.0, 1.0], [1.0, 1.0])
    with pytest.raises(UsageError, match="power"):
        value(tmp_path, "d2_tweedie:power=0.5")


# ------------------------------------------------------------------------------------------------
# Several outputs
# ------------------------------------------------------------------------------------------------


def test_outputs_are_averaged_as_scikit_learn_averages_them(tmp_path: Any) -> None:
    rng = np.random.default_rng(3)
    label, pred = rng.normal(size=(40, 3)), rng.normal(size=(40, 3))
    columns = {f"y_{at}": column for at, column in enumerate(label.T)}
    columns |= {f"p_{at}": column for at, column in enumerate(pred.T)}
    options = {"label": "y_*", "pred": "p_*"}
    for spec, theirs in (
        ("rmse", metrics.root_mean_squared_error),
        ("explained_variance", metrics.explained_variance_score),
    ):
        assert measured(tmp_path, spec, columns, **options).value == near(theirs(label, pred), rel=1e-14)
    weighted = measured(tmp_path, "explained_variance", columns, average="weighted", **options)
    wanted = metrics.explained_variance_score(label, pred, multioutput="variance_weighted")
    assert weighted.value == near(wanted, rel=1e-14)
    for spec in ("nrmse", "ccc", "pearson", "error_std", "lq:power=3", "msle", "d2_tweedie"):
        shifted = {name: np.abs(column) + 0.5 for name, column in columns.items()}
        whole = measured(tmp_path, spec, shifted, **options).value
        each = [
            measured(tmp_path, spec, {"label": shifted[f"y_{at}"], "pred": shifted[f"p_{at}"]}).value
            for at in range(3)
        ]
        assert whole == near(sum(each) / 3, rel=1e-14), spec


# ------------------------------------------------------------------------------------------------
# Numerics
# ------------------------------------------------------------------------------------------------


def test_logs_of_fractions_keep_their_digits_near_one() -> None:
    tiny = Fraction(1, 10**15)
    assert float(log_fraction(1 + tiny)) == near(math.log1p(1e-15), rel=1e-15)
    assert float(log_fraction(1 + tiny, base="10")) == near(math.log1p(1e-15) / math.log(10), rel=1e-15)
    assert log_fraction(Fraction(10) ** 900, base="10") == 900
    assert float(exp_fraction(Fraction(-1074), Fraction(0))) == 5e-324
    assert float(exp_fraction(Fraction(0), Fraction(1))) == math.e


def test_a_number_is_a_power_of_two_and_a_small_log() -> None:
    size = np.array([5e-324, 1e-310, 0.7, 0.71, 1.0, 1.5, 1.7976931348623157e308])
    power, log = log_parts(size)
    assert np.abs(log).max() <= 0.35
    assert (power == np.floor(power)).all()
    for k, rest, of in zip(power.tolist(), log.tolist(), size.tolist(), strict=True):
        assert float(exp_fraction(Fraction(k), Fraction(rest))) == near(of, rel=1e-15)


def test_the_share_of_the_gap_of_log1p_meets_at_its_seam_and_begins_at_a_half() -> None:
    u = np.array([0.0, 5e-324, 1e-300, 1e-9, 1.0, 2.0, math.nextafter(2.0, 3.0), 1e9])
    found = log1p_gap_share(u)
    assert found[:3].tolist() == [0.5, 0.5, 0.5]
    assert found[3] == near(0.5 - 1e-9 / 3, rel=1e-15)
    assert found[4] == near(1 - math.log(2), rel=1e-15)
    assert found[5:7] == near((2 - math.log(3)) / 4, rel=4e-16)
    assert found[7] == near((1 - math.log1p(1e9) / 1e9) / 1e9, rel=1e-15)


def test_the_distance_of_logs_is_exact_for_neighbours_and_for_the_ends_of_the_range() -> None:
    one = np.array([1.0, math.nextafter(1.0, 2.0), 5e-324, 1e308, 3.0])
    other = np.array([1.0, 1.0, 1e308, 5e-324, 6.0])
    far = math.log(1e308) - math.log(5e-324)
    wanted = [0.0, 2.0**-52, far, far, math.log(2.0)]
    assert log_distance(one, other).tolist() == near(wanted, rel=1e-15)
