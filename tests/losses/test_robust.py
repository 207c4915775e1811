"""Losses that bound the say of wild rows, and losses that take sides: by hand, and of other libraries."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.special
from recorded import recorded

from losscli.errors import UsageError
from losscli.loss.declare import MARK
from losscli.losses.robust import (
    asymmetric,
    barron,
    cauchy,
    charbonnier,
    eps_insensitive,
    expectile,
    fair,
    geman_mcclure,
    huber,
    linex,
    log_cosh,
    pseudo_huber,
    smooth_l1,
    squared_eps_insensitive,
    tukey,
    welsch,
)
from losscli.report.evaluate import evaluate

near = pytest.approx
RNG = np.random.default_rng(11)
LABEL = RNG.normal(0.0, 2.0, 200)
PRED = LABEL + RNG.standard_t(2, 200)
WEIGHT = RNG.exponential(1.0, 200)

POSITIVE = np.array([1.0, 2.5, 4.0, 8.0, 0.5])
POSITIVE_PRED = np.array([1.5, 2.0, 4.0, 6.0, 1.0])


def one(function: Callable[..., Any], error: float, **params: Any) -> float:
    """The loss of one row with this error, as a plan measures it."""
    roles = {"label": np.array([0.0]), "pred": np.array([error])}
    return float(getattr(function, MARK).measure_rows(roles, params)[0])


def value(folder: Any, spec: str, weight: Any = None) -> Any:
    columns = {"label": LABEL, "pred": PRED} | ({} if weight is None else {"weight": weight})
    path = str(folder / "rows.parquet")
    pq.write_table(pa.table(columns), path)
    options: dict[str, Any] = {} if weight is None else {"weight": "weight"}
    return evaluate(path, loss=[spec], label="label", pred="pred", **options).results[0].value


# ------------------------------------------------------------------------------------------------
# Other libraries
# ------------------------------------------------------------------------------------------------


def by_torch(spec: str, name: str, **params: float) -> Any:
    def theirs(torch: Any) -> Any:
        return getattr(torch.nn.functional, name)(torch.tensor(PRED), torch.tensor(LABEL), **params)

    return recorded("torch", f"robust: {spec}", theirs)


@pytest.mark.parametrize("size", [0.1, 1.0, 2.5])
def test_huber_and_smooth_l1_agree_with_torch(size: float, tmp_path: Any) -> None:
    for spec, name, param in (
        (f"huber:delta={size}", "huber_loss", "delta"),
        (f"smooth_l1:beta={size}", "smooth_l1_loss", "beta"),
    ):
        wanted = by_torch(spec, name, **{param: size})
        assert value(tmp_path, spec) == near(wanted, rel=1e-14)


def test_smooth_l1_without_a_threshold_is_mae_as_in_torch(tmp_path: Any) -> None:
    wanted = by_torch("smooth_l1:beta=0", "smooth_l1_loss", beta=0.0)
    assert value(tmp_path, "smooth_l1:beta=0") == near(wanted, rel=1e-14)
    assert value(tmp_path, "smooth_l1:beta=0") == value(tmp_path, "mae")


@pytest.mark.parametrize("delta", [0.1, 1.0, 2.5])
def test_huber_and_pseudo_huber_agree_with_scipy_under_weights(delta: float, tmp_path: Any) -> None:
    for spec, theirs in (("huber", scipy.special.huber), ("pseudo_huber", scipy.special.pseudo_huber)):
        wanted = np.average(theirs(delta, PRED - LABEL), weights=WEIGHT)
        assert value(tmp_path, f"{spec}:delta={delta}", WEIGHT) == near(wanted, rel=1e-12)


def test_linex_and_asymmetric_agree_with_sktime() -> None:
    # sktime 1.2.0, performance_metrics.forecasting.mean_linex_error(POSITIVE, POSITIVE_PRED, a=0.7, b=2.0),
    # and mean_asymmetric_error with its defaults and with asymmetric_threshold=0.25, "absolute", "squared",
    # and penalties 2.0 and 0.5.
    assert linex(POSITIVE, POSITIVE_PRED, shape=0.7, scale=2.0).mean() == near(0.7334574779501434, rel=1e-14)
    assert asymmetric(POSITIVE, POSITIVE_PRED).mean() == near(0.6, rel=1e-15)
    other = {"left": "absolute", "right": "squared", "left_penalty": 2.0, "right_penalty": 0.5}
    assert asymmetric(POSITIVE, POSITIVE_PRED, threshold=0.25, **other).mean() == near(0.825, rel=1e-15)


def test_linex_without_a_scale_agrees_with_utilsforecast() -> None:
    # utilsforecast 0.2.17, losses.linex(a=0.7) on POSITIVE and POSITIVE_PRED
    assert linex(POSITIVE, POSITIVE_PRED, shape=0.7).mean() == near(0.3667287389750717, rel=1e-14)


def test_log_cosh_agrees_with_torchmetrics() -> None:
    # torchmetrics 1.9.0, functional.regression.log_cosh_error, float64
    label, pred = np.array([3.0, -0.5, 2.0, 7.0, 4.25]), np.array([2.5, 0.25, 2.0, 8.0, 3.0])
    assert log_cosh(label, pred).mean() == near(0.2895807977193432, rel=1e-14)


# ------------------------------------------------------------------------------------------------
# By hand
# ------------------------------------------------------------------------------------------------


def test_error_3_with_threshold_2_tells_the_huber_losses_apart() -> None:
    # 2·(3 − ½·2), that over 2, and 4·(√(1 + 9/4) − 1)
    assert one(huber, 3.0, delta=2.0) == 4.0
    assert one(smooth_l1, 3.0, beta=2.0) == 2.0
    assert one(pseudo_huber, 3.0, delta=2.0) == near(4 * (math.sqrt(3.25) - 1), rel=1e-15)
    assert one(pseudo_huber, 3.0, delta=2.0) == near(3.2111, abs=5e-5)


def test_charbonnier_of_a_perfect_row_is_its_eps() -> None:
    assert one(charbonnier, 0.0) == 0.001
    assert one(charbonnier, 3.0, eps=4.0) == 5.0
    assert one(charbonnier, -3.0, eps=0.0) == 3.0


def test_log_cosh_neither_overflows_nor_vanishes() -> None:
    # torchmetrics overflows from an error of 710 on; a + log1p(exp(−2a)) − log 2 is 0 or worse near 0
    assert one(log_cosh, 1000.0) == near(1000 - math.log(2), rel=1e-15)
    assert one(log_cosh, 1e-8) == near(0.5e-16, rel=1e-15)
    assert one(log_cosh, 1e-160) == near(0.5e-320, rel=1e-3)


def test_fair_is_half_the_squared_error_near_zero_and_a_line_less_a_log_far_out() -> None:
    assert one(fair, 1e-8, scale=3.0) == near(0.5e-16, rel=1e-8)
    assert one(fair, 1.0) == near(1 - math.log(2), rel=1e-15)
    assert one(fair, 6.0, scale=2.0) == near(4 * (3 - math.log(4)), rel=1e-15)
    assert one(fair, 2.0, scale=1e200) == 2.0


def test_cauchy_keeps_growing_where_its_square_is_out_of_range() -> None:
    assert one(cauchy, 2.0) == near(math.log(3), rel=1e-15)
    assert one(cauchy, 6.0, scale=2.0) == near(math.log(5.5), rel=1e-15)
    assert one(cauchy, 1e200) == near(400 * math.log(10) - math.log(2), rel=1e-15)
    assert one(cauchy, 1e300, scale=1e-300) == near(1200 * math.log(10) - math.log(2), rel=1e-15)


def test_bounded_losses_end_where_they_should() -> None:
    assert one(geman_mcclure, 2.0) == 1.0
    assert one(geman_mcclure, 3.0, scale=0.5) == near(72 / 40, rel=1e-15)
    assert one(geman_mcclure, 1e308, scale=1e-3) == 2.0
    assert one(welsch, 2.0) == near(1 - math.exp(-2), rel=1e-15)
    assert one(welsch, 1e308) == 1.0
    assert one(tukey, 6.0, scale=6.0) == 6.0
    assert one(tukey, 3.0, scale=6.0) == 6 * (1 - 0.75**3)
    assert one(tukey, 7.0) == near(4.685**2 / 6, rel=1e-15)


@pytest.mark.parametrize("error", [0.0, 1e-9, 0.3, 2.0, 17.0, 1e6])
@pytest.mark.parametrize("scale", [0.25, 1.0, 3.0])
def test_barron_holds_the_others_as_members_of_its_family(error: float, scale: float) -> None:
    for alpha, same in (
        (2.0, 0.5 * (error / scale) ** 2),
        (1.0, one(pseudo_huber, error / scale)),
        (0.0, one(cauchy, error, scale=scale)),
        (-2.0, one(geman_mcclure, error, scale=scale)),
        (-1e300, one(welsch, error, scale=scale)),
        (1e-300, one(cauchy, error, scale=scale)),
    ):
        assert one(barron, error, alpha=alpha, scale=scale) == near(same, rel=1e-14, abs=0.0), alpha


def test_barron_of_a_power_between_by_hand() -> None:
    # b = 0.5, α = 1.5, z = 4: (0.5/1.5)·(9^0.75 − 1)
    assert one(barron, 2.0, alpha=1.5) == near((9**0.75 - 1) / 3, rel=1e-15)


def test_barron_beyond_2_is_refused(tmp_path: Any) -> None:
    with pytest.raises(UsageError, match=r"alpha=2.5.*is not in \(-inf, 2\]"):
        value(tmp_path, "barron:alpha=2.5")


def test_errors_within_eps_cost_exactly_nothing_and_those_next_to_it_what_is_beyond() -> None:
    assert one(eps_insensitive, 0.1) == 0.0
    assert one(eps_insensitive, -0.35, eps=0.25) == near(0.1, rel=1e-15)
    assert one(squared_eps_insensitive, -2.0, eps=0.5) == 2.25
    # 1 − 2⁻⁶⁰ rounds to 1; 2⁻⁶⁰ more than the tolerance is still 2⁻⁶⁰
    tiny = np.array([-(2.0**-60), 2.0**-60])
    assert eps_insensitive(tiny, np.array([1.0, 1.0]), eps=1.0).tolist() == [2.0**-60, 0.0]


def test_linex_is_exponential_where_predictions_are_too_low() -> None:
    assert one(linex, -2.0) == near(math.exp(2) - 3, rel=1e-15)
    assert one(linex, 2.0) == near(math.exp(-2) + 1, rel=1e-15)
    assert one(linex, 2.0, shape=-1.0) == near(math.exp(2) - 3, rel=1e-15)
    assert one(linex, 1e-9) == near(0.5e-18, rel=1e-9)
    assert one(linex, 1e300, shape=-1e-299, scale=1e-3) == near(1e-3 * (math.exp(10) - 11), rel=1e-14)
    # e^710 alone exceeds the greatest double
    assert one(linex, -710.0, scale=1e-5) == near(math.exp(710 + math.log(1e-5)), rel=1e-12)


def test_a_slope_of_zero_is_no_linex(tmp_path: Any) -> None:
    with pytest.raises(UsageError, match="shape=0"):
        value(tmp_path, "linex:shape=0")


def test_asymmetric_is_squared_for_predictions_too_high_and_absolute_for_others() -> None:
    assert one(asymmetric, 3.0) == 9.0
    assert one(asymmetric, -3.0) == 3.0
    assert one(asymmetric, -3.0, right="squared", right_penalty=0.5) == 4.5
    # d = 1 - 2⁻⁶⁰ rounds to the threshold, but lies below it
    below = asymmetric(np.array([1.0]), np.array([2.0**-60]), threshold=1.0, left_penalty=2.0)
    assert below.tolist() == [2.0]


def test_expectile_weighs_the_sides_and_is_half_the_squared_error_in_the_middle(tmp_path: Any) -> None:
    assert one(expectile, -2.0, level=0.75) == 3.0
    assert one(expectile, 2.0, level=0.75) == 1.0
    assert value(tmp_path, "expectile") == value(tmp_path, "half_mse")


def test_the_mean_of_an_expectile_at_level_one_half_is_best(tmp_path: Any) -> None:
    at = LABEL.mean()
    costs = [expectile(LABEL, np.full_like(LABEL, f)).sum() for f in (at - 0.01, at, at + 0.01)]
    assert costs[1] == min(costs)


@pytest.mark.parametrize(
    "function", [huber, smooth_l1, pseudo_huber, fair, cauchy, geman_mcclure, welsch, tukey, barron, log_cosh],
    ids=lambda f: f.__name__,
)  # fmt: skip
def test_robust_losses_are_even_start_at_zero_and_never_fall(function: Callable[..., Any]) -> None:
    error = np.concatenate(([0.0], np.logspace(-160, 150, 4000)))
    zeros = np.zeros_like(error)
    with np.errstate(all="ignore"):
        found = function(zeros, error)
        assert found.tolist() == function(error, zeros).tolist()
    assert found[0] == 0.0
    # Each row is right to a few ulp, and so is the order of rows.
    assert (np.diff(found) >= -4 * np.spacing(found[1:])).all()
