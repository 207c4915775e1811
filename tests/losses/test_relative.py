"""Losses relative to the label, to a scale or to another forecast: by hand, and of other libraries."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from measuring import measured, value_of
from sklearn import metrics

from losscli.errors import DataError, UsageError
from losscli.loss.declare import MARK
from losscli.losses.forecasts import msse
from losscli.losses.relative import log_ratio, maape, mape, mpe, ratio_of, smape

near = pytest.approx

LABEL = [1.0, 2.5, 4.0, 8.0, 0.5]
PRED = [1.5, 2.0, 4.0, 6.0, 1.0]
BASELINE = [2.0, 2.0, 3.0, 7.0, 1.5]
WEIGHT = [1.0, 2.0, 0.5, 4.0, 1.0]


def value(
    folder: Any, spec: str, label: Any = LABEL, pred: Any = PRED, weight: Any = None, **more: Any
) -> Any:
    return value_of(folder, spec, label, pred, weight, **more)


# ------------------------------------------------------------------------------------------------
# Other libraries
# ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
def test_mape_agrees_with_scikit_learn(weight: Any, tmp_path: Any) -> None:
    wanted = metrics.mean_absolute_percentage_error(LABEL, PRED, sample_weight=weight)
    assert value(tmp_path, "mape", weight=weight) == near(wanted, rel=1e-15)


# sktime 1.2.0, performance_metrics.forecasting, on LABEL and PRED: MeanSquaredPercentageError, the same with
# square_root=True, MeanAbsolutePercentageError(symmetric=True), MeanArctangentAbsolutePercentageError,
# and MeanRelativeAbsoluteError(y_pred_benchmark=BASELINE).
SKTIME = {
    "mspe": 0.2705,
    "rmspe": 0.5200961449578337,
    "smape": 0.31492063492063493,
    "maape": 0.33828399907499984,
    "mrae": 0.8,
}


@pytest.mark.parametrize("spec", SKTIME)
def test_losses_agree_with_sktime(spec: str, tmp_path: Any) -> None:
    assert value(tmp_path, spec, baseline=BASELINE) == near(SKTIME[spec], rel=1e-14)


def test_geometric_means_agree_with_sktime(tmp_path: Any) -> None:
    # sktime 1.2.0: GeometricMeanAbsoluteError, …SquaredError, …RelativeAbsoluteError, …RelativeSquaredError,
    # with 4.5 in place of the perfect prediction, of which that library makes 0 or an epsilon
    pred = [1.5, 2.0, 4.5, 6.0, 1.0]
    for spec, wanted in (
        ("gmae", 0.6597539553864472),
        ("gmse", 0.4352752816480621),
        ("gmrae", 0.7578582832551991),
        ("gmrse", 0.5743491774985175),
    ):
        assert value(tmp_path, spec, pred=pred, baseline=BASELINE) == near(wanted, rel=1e-14), spec


def test_losses_agree_with_utilsforecast(tmp_path: Any) -> None:
    # utilsforecast 0.2.17, one series trained on 1, 3, 2, 5: steps 2, -1, 3, so a mean size of 2 and a mean
    # square of 14/3; smape has the range 0 to 1 there, and nd is a quotient of sums
    scales = {"mase": 2.0, "msse": 14 / 3, "rmsse": 14 / 3}
    for spec, wanted in (
        ("mase", 0.35),
        ("msse", 0.20357142857142854),
        ("rmsse", 0.45118890563867875),
        ("rmae", 0.7777777777777777),
        ("nd", 0.21875),
        ("smape:half=true", 0.15746031746031747),
    ):
        more = {"scale": [scales[spec]] * 5} if spec in scales else {"baseline": BASELINE}
        assert value(tmp_path, spec, **more) == near(wanted, rel=1e-14), spec


# ------------------------------------------------------------------------------------------------
# By hand, and where libraries disagree
# ------------------------------------------------------------------------------------------------


def test_a_zero_label_is_refused_unless_a_convention_is_chosen(tmp_path: Any) -> None:
    label, pred = [0.0, 100.0], [1.0, 90.0]
    for spec in ("mape", "mpe", "mspe", "rmspe"):
        with pytest.raises(DataError, match="0 is not in"):
            value(tmp_path, spec, label, pred)
        skipped = measured(tmp_path, f"{spec}:zero=skip", {"label": label, "pred": pred})
        assert skipped.skipped == {"zero_label": 1}
    assert value(tmp_path, "mape:zero=skip", label, pred) == 0.1
    assert value(tmp_path, "mpe:zero=skip", label, pred) == 0.1
    assert value(tmp_path, "mape:zero=one", label, pred) == near(0.55, rel=1e-15)
    assert value(tmp_path, "mape:zero=eps", label, pred) == near(2.25e15, rel=1e-3)
    assert value(tmp_path, "mape:zero=inf", label, pred) is None


def test_percent_is_a_hundred_times_the_fraction_and_stands_in_the_name(tmp_path: Any) -> None:
    for spec in ("mape", "mpe", "rmspe", "smape"):
        found = measured(tmp_path, f"{spec}:percent=true", {"label": LABEL, "pred": PRED})
        assert found.loss == f"{spec}:percent=true"
        assert found.value == near(100 * value(tmp_path, spec), rel=1e-15), spec


def test_the_root_of_statsmodels_is_ten_times_the_fraction(tmp_path: Any) -> None:
    # (y, f) = (1, 0.5) and (1, 0.75): the mean of 0.25 and 0.0625; statsmodels has sqrt(100 · mean)
    assert value(tmp_path, "rmspe", [1.0, 1.0], [0.5, 0.75]) == near(math.sqrt(0.15625), rel=1e-15)


def test_mpe_is_above_zero_where_predictions_are_too_small() -> None:
    label, pred = np.array([100.0, -50.0, 50.0]), np.array([90.0, -60.0, 60.0])
    assert mpe(label, pred).tolist() == [0.1, -0.2, -0.2]
    assert mpe(label, pred, sign="pred_minus_truth").tolist() == [-0.1, 0.2, 0.2]
    assert not np.signbit(mpe(label, label)).any()


def test_forms_of_smape_have_the_ranges_of_the_libraries(tmp_path: Any) -> None:
    # (100, 90): torchmetrics, GluonTS and sktime 0.10526, utilsforecast 0.05263, CatBoost and yardstick 10.526
    label, pred = [100.0], [90.0]
    assert value(tmp_path, "smape", label, pred) == 20 / 190
    assert value(tmp_path, "smape:half=true", label, pred) == 10 / 190
    assert value(tmp_path, "smape:percent=true", label, pred) == 2000 / 190
    assert value(tmp_path, "smape:half=true,percent=true", label, pred) == 1000 / 190


def test_a_prediction_of_zero_for_zero_costs_nothing_in_smape_and_is_counted(tmp_path: Any) -> None:
    found = measured(tmp_path, "smape", {"label": [0.0, 1.0, 0.0], "pred": [0.0, -3.0, 2.0]})
    assert found.value == 4 / 3
    assert found.touched == {"zero_by_zero": 1}


def test_the_wrong_sign_costs_exactly_2_in_smape() -> None:
    rng = np.random.default_rng(4)
    label, pred = rng.exponential(1.0, 1000), -rng.exponential(1e-3, 1000)
    assert (smape(label, pred) == 2.0).all()


def test_the_greatest_doubles_have_relative_errors_too(tmp_path: Any) -> None:
    label, pred = [1.5e308], [-1.5e308]
    assert value(tmp_path, "mape", label, pred) == 2.0
    assert value(tmp_path, "mpe:sign=pred_minus_truth", label, pred) == -2.0
    assert value(tmp_path, "mspe", label, pred) == 4.0
    assert value(tmp_path, "rmspe", label, pred) == 2.0
    assert value(tmp_path, "smape", label, [1e308]) == near(0.4, rel=1e-15)
    assert value(tmp_path, "maape", label, pred) == near(math.atan(2.0), rel=1e-15)
    assert value(tmp_path, "wape", label, pred) == 2.0
    assert value(tmp_path, "mase", label, pred, scale=[1.5e308]) == 2.0
    assert value(tmp_path, "msse", label, pred, scale=[1.5e308]) is None
    assert value(tmp_path, "rmae", label, pred, baseline=[0.0]) == 2.0
    assert value(tmp_path, "mrae", label, [0.0], baseline=pred) == 0.5
    assert value(tmp_path, "theil_u1", label, pred) == 1.0
    assert value(tmp_path, "gmrae", label, pred, baseline=[0.0]) == 2.0


def test_a_tiny_percentage_keeps_its_digits() -> None:
    # 2^-1074 over 1.5 rounds to 2^-1074, and a hundred times 2/3 of that to 67
    form = getattr(mape, MARK)
    assert ratio_of(np.array([5e-324]), np.array([1.5]), percent=True).tolist() == [67 * 5e-324]
    roles = {"label": np.array([1e308, -1e308]), "pred": np.array([0.0, 1e308])}
    assert form.measure_rows(roles, {"percent": True}).tolist() == [100.0, 200.0]


def test_maape_is_the_angle_of_the_relative_error() -> None:
    label, pred = np.array([1.0, 0.0, 0.0, -2.0]), np.array([2.0, 1e-300, 0.0, -2.0])
    assert maape(label, pred).tolist() == [math.pi / 4, math.pi / 2, 0.0, 0.0]


def test_log_ratio_treats_half_as_twice() -> None:
    label, pred = np.array([1.0, 1.0, 1e-300]), np.array([2.0, 0.5, 1e300])
    assert log_ratio(label, pred, form="absolute").tolist() == near(
        [math.log(2), math.log(2), 600 * math.log(10)], rel=1e-15
    )
    assert log_ratio(label, pred)[0] == near(math.log(2) ** 2, rel=1e-15)


def test_log_ratio_needs_positive_numbers(tmp_path: Any) -> None:
    with pytest.raises(DataError, match="0 is not in"):
        value(tmp_path, "log_ratio", [1.0], [0.0])


def test_wape_is_a_quotient_of_sums_under_weights(tmp_path: Any) -> None:
    # weights 1 and 3: (1·2 + 3·0) / (1·1 + 3·3)
    assert value(tmp_path, "wape", [1.0, 3.0], [3.0, 3.0], [1.0, 3.0]) == 0.2
    found = measured(tmp_path, "wape", {"label": [0.0, 0.0], "pred": [1.0, 1.0]})
    assert (found.value, found.note) == (None, "all labels are 0")


def test_mase_needs_a_column_of_scales(tmp_path: Any) -> None:
    for spec in ("mase", "msse", "rmsse"):
        with pytest.raises(UsageError, match="needs"):
            value(tmp_path, spec)
        with pytest.raises(DataError, match="0 is not in"):
            value(tmp_path, spec, scale=[1.0, 1.0, 0.0, 1.0, 1.0])
    assert value(tmp_path, "mase:scale=s", s=[0.5] * 5) == 2 * value(tmp_path, "mae")


def test_squared_scales_may_be_so_small_that_the_square_vanishes() -> None:
    # (1e-170)² / 1e-320 = 1e-20, on the way through 1e-340
    found = msse(np.array([0.0]), np.array([1e-170]), np.array([2.0**-1063]))
    assert found[0] == near(1e-170 * (1e-170 / 2.0**-1063), rel=1e-15)


def test_rmsse_is_the_root_of_msse(tmp_path: Any) -> None:
    scale = [1.0, 2.0, 0.25, 4.0, 9.0]
    for weight in (None, WEIGHT):
        msse_value = value(tmp_path, "msse", weight=weight, scale=scale)
        assert value(tmp_path, "rmsse", weight=weight, scale=scale) == near(math.sqrt(msse_value), rel=1e-15)


def test_relative_errors_of_totals_and_of_rows_differ(tmp_path: Any) -> None:
    more = {"baseline": [2.0, 1.0]}
    # errors 1 and 1, of the baseline 2 and 1: 2/3, and the mean of 1/2 and 1
    assert value(tmp_path, "rmae", [0.0, 0.0], [1.0, -1.0], **more) == 2 / 3
    assert value(tmp_path, "mrae", [0.0, 0.0], [1.0, -1.0], **more) == 0.75
    assert value(tmp_path, "gmrae", [0.0, 0.0], [1.0, -1.0], **more) == math.sqrt(0.5)
    assert value(tmp_path, "gmrse", [0.0, 0.0], [1.0, -1.0], **more) == 0.5


def test_a_perfect_baseline_has_no_relative_errors(tmp_path: Any) -> None:
    columns = {"label": [0.0, 0.0], "pred": [1.0, -1.0], "baseline": [0.0, 2.0]}
    assert measured(tmp_path, "mrae", columns).value is None
    assert "row 1" in (measured(tmp_path, "mrae", columns).note or "")
    for spec, skipped, wanted in (
        ("mrae", "perfect_baseline", 0.5),
        ("gmrae", "zero_error", 0.5),
        ("gmrse", "zero_error", 0.25),
    ):
        assert measured(tmp_path, spec, columns).value is None
        found = measured(tmp_path, f"{spec}:zero=skip", columns)
        assert (found.value, found.skipped) == (wanted, {skipped: 1})
    found = measured(tmp_path, "rmae", columns | {"baseline": [0.0, 0.0]})
    assert (found.value, found.note) == (None, "the baseline is perfect: its error is 0")


def test_one_error_of_zero_makes_a_geometric_mean_zero_unless_it_is_skipped(tmp_path: Any) -> None:
    label, pred = [0.0, 0.0, 0.0], [4.0, 9.0, 0.0]
    assert value(tmp_path, "gmae", label, pred) == 0.0
    assert value(tmp_path, "gmse", label, pred) == 0.0
    found = measured(tmp_path, "gmae:zero=skip", {"label": label, "pred": pred})
    assert (found.value, found.skipped) == (6.0, {"zero_error": 1})
    assert value(tmp_path, "gmse:zero=skip", label, pred) == 36.0
    # a row of weight 0 is not there
    assert value(tmp_path, "gmae", label, pred, [1.0, 1.0, 0.0]) == 6.0


def test_geometric_means_of_numbers_of_all_sizes_keep_their_digits(tmp_path: Any) -> None:
    sizes = [5e-324, 1e-300, 1e300, 1.7e308, 3.0]
    wanted = math.exp(math.fsum(math.log(size) for size in sizes) / 5)
    # The logarithms that are added here are rounded at 745.
    assert value(tmp_path, "gmae", [0.0] * 5, sizes) == near(wanted, rel=1e-13)
    assert value(tmp_path, "gmae", [0.0] * 2, [2.0**1000, 2.0**-1000]) == 1.0


def test_theil_u1_is_one_for_the_opposite_and_for_zero(tmp_path: Any) -> None:
    assert value(tmp_path, "theil_u1", [3.0, 4.0], [-3.0, -4.0]) == 1.0
    assert value(tmp_path, "theil_u1", [3.0, 4.0], [0.0, 0.0]) == 1.0
    assert value(tmp_path, "theil_u1", [3.0, 4.0], [6.0, 8.0]) == 1 / 3
    assert value(tmp_path, "theil_u1", [0.0], [0.0]) is None


def test_owa_is_the_mean_of_two_quotients(tmp_path: Any) -> None:
    more = {"naive2": [3.0, 1.0], "scale": [2.0, 4.0]}
    # labels 1 and 3: sMAPE 2·1/3 and 0 against 2·2/4 twice; scaled 1/2 and 0 against 2/2 and 2/4
    wanted = ((2 / 3) / 2 + 0.5 / 1.5) / 2
    assert value(tmp_path, "owa", [1.0, 3.0], [2.0, 3.0], **more) == near(wanted, rel=1e-15)
    smapes = value(tmp_path, "smape", baseline=BASELINE) / value(tmp_path, "smape", pred=BASELINE)
    scale = [1.0, 2.0, 0.5, 4.0, 1.0]
    mases = value(tmp_path, "mase", scale=scale) / value(tmp_path, "mase", pred=BASELINE, scale=scale)
    assert value(tmp_path, "owa", baseline=BASELINE, scale=scale) == near((smapes + mases) / 2, rel=1e-15)
    assert value(tmp_path, "owa", baseline=LABEL, scale=scale) is None
    with pytest.raises(UsageError, match="needs"):
        value(tmp_path, "owa", baseline=BASELINE)
