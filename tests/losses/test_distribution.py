"""Losses of counts, amounts and distributions: values by hand, and those of other libraries."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from recorded import recorded
from scipy import stats
from sklearn import metrics

from losscli.errors import DataError, UsageError
from losscli.losses.distribution import (
    bregman,
    dss,
    gamma_deviance,
    gamma_nll,
    gaussian_nll,
    poisson_deviance,
    poisson_nll,
    tweedie_deviance,
    tweedie_nll,
)
from losscli.report.evaluate import evaluate
from losscli.report.records import Result

COUNT = [0.0, 3.0, 1.0, 12.0, 2.0]
RATE = [0.5, 2.0, 1.0, 9.5, 3.25]
AMOUNT = [0.5, 3.0, 1.0, 12.0, 2.0]
WEIGHT = [1.0, 2.0, 0.5, 4.0, 1.0]
ROUNDING = 1e-15  # a few roundings of a double; the library sums rounded rows


def measured(folder: Any, spec: str, columns: dict[str, Any], **options: Any) -> Result:
    path = str(folder / "rows.parquet")
    pq.write_table(pa.table(columns), path)
    return evaluate(path, loss=[spec], **({"label": "label"} | options)).results[0]


def value(folder: Any, spec: str, label: Any = AMOUNT, pred: Any = RATE, weight: Any = None) -> Any:
    columns = {"label": label, "pred": pred} | ({} if weight is None else {"weight": weight})
    more = {} if weight is None else {"weight": "weight"}
    return measured(folder, spec, columns, pred="pred", **more).value


def one(*numbers: float) -> list[Any]:
    """Each number as a column of one row."""
    return [np.array([number]) for number in numbers]


@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_deviances_are_those_of_scikit_learn(weight: Any, tmp_path: Any) -> None:
    poisson = metrics.mean_poisson_deviance(COUNT, RATE, sample_weight=weight)
    assert value(tmp_path, "poisson_deviance", COUNT, weight=weight) == pytest.approx(poisson, rel=ROUNDING)
    gamma = metrics.mean_gamma_deviance(AMOUNT, RATE, sample_weight=weight)
    assert value(tmp_path, "gamma_deviance", weight=weight) == pytest.approx(gamma, rel=4e-15)


@pytest.mark.parametrize("power", [-1.5, 0.0, 1.0, 1.1, 1.5, 1.9, 2.0, 2.5, 3.0])
def test_tweedie_deviance_is_that_of_scikit_learn(power: float, tmp_path: Any) -> None:
    label = COUNT if power < 2.0 else AMOUNT
    wanted = metrics.mean_tweedie_deviance(label, RATE, power=power, sample_weight=WEIGHT)
    found = value(tmp_path, f"tweedie_deviance:power={power}", label, weight=WEIGHT)
    # The library subtracts powers that are up to 1 / |(1 - power) (2 - power)| ≈ 11 times the result.
    assert found == pytest.approx(wanted, rel=1e-13)


def test_tweedie_deviance_of_powers_0_1_2_is_the_loss_of_that_name(tmp_path: Any) -> None:
    for power, name in ((0, "mse"), (1, "poisson_deviance"), (2, "gamma_deviance")):
        assert value(tmp_path, f"tweedie_deviance:power={power}") == value(tmp_path, name)


def test_tweedie_deviance_of_power_three_is_that_of_the_inverse_gaussian() -> None:
    # (y - f)² / (y f²):  (4 - 2)² / (4·4)
    assert tweedie_deviance(*one(4.0, 2.0), power=3.0) == pytest.approx([0.25], rel=4e-15)


def test_tweedie_deviance_is_steady_where_its_powers_cancel() -> None:
    # Near f = y it is f^-p (y - f)², to a relative error of |y - f| / f; the three powers are 1e16 times that.
    for power in (-3.0, 1.5, 1.0 + 2.0**-40, 2.0 - 2.0**-40, 3.0):
        found = tweedie_deviance(*one(1.0 + 2.0**-30, 1.0), power=power)
        assert found == pytest.approx([2.0**-60], rel=1e-8)


def test_the_perfect_forecast_costs_nothing_under_any_power(tmp_path: Any) -> None:
    # utilsforecast up to 0.2.16 gave -5.528 here, at its default power of 1.5.
    for power in (-2.0, 1.5, 2.75):
        assert value(tmp_path, f"tweedie_deviance:power={power}", AMOUNT, AMOUNT) == 0.0


def test_gamma_deviance_is_a_mean_and_not_a_sum(tmp_path: Any) -> None:
    # LightGBM's metric of this name doubles when the rows are repeated.
    assert value(tmp_path, "gamma_deviance") == value(tmp_path, "gamma_deviance", AMOUNT * 2, RATE * 2)


def test_a_power_between_0_and_1_is_refused_and_so_are_labels_that_its_law_does_not_have(
    tmp_path: Any,
) -> None:
    with pytest.raises(UsageError, match=r"`power=0.5`.*without \(0, 1\)"):
        value(tmp_path, "tweedie_deviance:power=0.5")
    with pytest.raises(DataError, match="row 1"):
        value(tmp_path, "tweedie_deviance:power=2", COUNT)
    with pytest.raises(DataError, match="row 1"):
        value(tmp_path, "tweedie_deviance:power=1.5", [-1.0, 1.0], [1.0, 1.0])
    assert value(tmp_path, "tweedie_deviance:power=-1", [-1.0, 1.0], [1.0, 1.0]) is not None
    assert value(tmp_path, "tweedie_deviance:power=0", [-1.0, 1.0], [-2.0, 1.0]) == 0.5


def test_poisson_deviance_at_the_first_order_of_a_small_error() -> None:
    # (y - f)² / f to first order; y log(y / f) - y + f as it stands would be 0 or -2e-16.
    found = poisson_deviance(*one(1.0 + 2.0**-40, 1.0))
    assert found == pytest.approx([2.0**-80], rel=2.0**-40)


def test_the_five_numbers_that_libraries_give_for_one_count_and_rate() -> None:
    label, pred = one(3.0, 2.0)
    # XGBoost's poisson-nloglik and yardstick; torch full=True; LightGBM and CatBoost; torch's default;
    # scikit-learn's deviance.
    assert poisson_nll(label, pred, full="lgamma") == pytest.approx([1.7123], abs=5e-5)
    assert poisson_nll(label, pred, full="stirling") == pytest.approx([1.6846], abs=5e-5)
    assert poisson_nll(label, pred) == pytest.approx([-0.0794], abs=5e-5)
    assert poisson_nll(label, pred, log_input=True) == pytest.approx([1.3891], abs=5e-5)
    assert poisson_deviance(label, pred) == pytest.approx([0.4328], abs=5e-5)


def test_a_rate_of_zero_is_refused_save_where_something_is_added_to_it(tmp_path: Any) -> None:
    with pytest.raises(DataError, match="row 2"):
        value(tmp_path, "poisson_nll", [1.0, 1.0], [1.0, 0.0])
    # torch: eps = 1e-8; keras: 1e-7.
    assert value(tmp_path, "poisson_nll:eps=1e-8", [1.0], [0.0]) == pytest.approx(
        18.420680743952367, rel=ROUNDING
    )
    assert value(tmp_path, "poisson_nll:eps=1e-7", [1.0], [0.0]) == pytest.approx(
        16.11809565095832, rel=ROUNDING
    )


@pytest.mark.parametrize("full", ["none", "stirling"])
@pytest.mark.parametrize("log_input", [False, True])
def test_poisson_nll_is_that_of_torch(full: str, log_input: bool, tmp_path: Any) -> None:
    def theirs(torch: Any) -> Any:
        label, pred = (torch.tensor(column, dtype=torch.float64) for column in (COUNT, RATE))
        return torch.nn.functional.poisson_nll_loss(
            pred, label, log_input=log_input, full=full == "stirling", eps=1e-8
        )

    spec = f"poisson_nll:full={full},log_input={str(log_input).lower()},eps=1e-8"
    wanted = recorded("torch", f"distribution: {spec}", theirs)
    assert value(tmp_path, spec, COUNT) == pytest.approx(wanted, rel=ROUNDING)


def test_poisson_nll_with_its_constant_is_minus_the_log_of_the_probability(tmp_path: Any) -> None:
    wanted = -np.average(stats.poisson.logpmf(COUNT, RATE), weights=WEIGHT)
    assert value(tmp_path, "poisson_nll:full=lgamma", COUNT, weight=WEIGHT) == pytest.approx(
        wanted, rel=ROUNDING
    )


def test_poisson_nll_of_a_great_count_keeps_the_digits_of_its_small_value() -> None:
    # Stirling: log(2 pi y) / 2 at y = f, to 1 / (12 y); the terms are 1e15 times as large.
    found = poisson_nll(*one(1e14, 1e14), full="lgamma")
    assert found == pytest.approx([0.5 * math.log(2.0 * math.pi * 1e14)], rel=ROUNDING)


def test_gamma_nll_is_minus_the_log_density_of_an_exponential_law(tmp_path: Any) -> None:
    wanted = -np.mean(stats.expon.logpdf(AMOUNT, scale=RATE))
    assert value(tmp_path, "gamma_nll") == pytest.approx(wanted, rel=ROUNDING)


def test_gamma_nll_keeps_its_digits_where_it_passes_zero() -> None:
    # pred = exp(-1), rounded by d, and label = pred: 1 + log(pred), which is d / pred.
    pred = math.exp(-1.0)
    lost = float(np.longdouble(pred) - np.exp(np.longdouble(-1.0)))
    found = float(gamma_nll(*one(pred, pred))[0])
    # The long double knows the difference to 11 bits.
    assert found == pytest.approx(lost / pred, rel=2.0**-9)


def test_tweedie_nll_is_half_the_deviance_up_to_what_the_label_decides() -> None:
    label = np.array([0.0, 3.0, 3.0, 7.0])
    pred = np.array([1.0, 2.0, 5.0, 7.0])
    nll, deviance = tweedie_nll(label, pred, power=1.25), tweedie_deviance(label, pred, power=1.25)
    own = label**0.75 / (0.25 * 0.75)
    assert nll - own == pytest.approx(deviance / 2.0, abs=1e-14)  # the terms are up to 50


def test_gaussian_nll_is_that_of_torch(tmp_path: Any) -> None:
    columns = {"label": AMOUNT, "mu": RATE, "v": [0.25, 1.0, 0.0000001, 4.0, 2.0]}
    for full in (False, True):

        def theirs(torch: Any, full: bool = full) -> Any:
            label, mean, var = (torch.tensor(column, dtype=torch.float64) for column in columns.values())
            return torch.nn.functional.gaussian_nll_loss(mean, label, var, full=full)

        spec = f"gaussian_nll:full={str(full).lower()}"
        wanted = recorded("torch", f"distribution: {spec}", theirs)
        found = measured(tmp_path, spec, columns, pred="mean=mu,var=v")
        assert found.value == pytest.approx(wanted, rel=ROUNDING)
        assert found.touched == {"floored": 1}


def test_gaussian_nll_without_a_floor_is_minus_the_log_density(tmp_path: Any) -> None:
    columns = {"label": AMOUNT, "mean": RATE, "var": [0.25, 1.0, 1e-7, 4.0, 2.0], "weight": WEIGHT}
    logs = stats.norm.logpdf(AMOUNT, RATE, np.sqrt(columns["var"]))
    found = measured(tmp_path, "gaussian_nll:full=true,eps=0", columns, weight="weight")
    assert found.value == pytest.approx(-np.average(logs, weights=WEIGHT), rel=ROUNDING)
    assert found.touched == {}


def test_gaussian_nll_says_which_columns_it_needs_and_refuses_a_variance_of_zero(tmp_path: Any) -> None:
    with pytest.raises(UsageError, match="mean"):
        measured(tmp_path, "gaussian_nll", {"label": AMOUNT, "a": RATE, "b": RATE})
    with pytest.raises(DataError, match="row 2") as error:
        measured(tmp_path, "gaussian_nll", {"label": [1.0, 1.0], "mean": [1.0, 1.0], "var": [1.0, 0.0]})
    assert error.value.column == "var"


def test_dss_is_twice_gaussian_nll_of_the_squared_deviation() -> None:
    label, mean, sd = np.array([1.0, 5.0, -2.0]), np.array([1.0, 2.0, 2.0]), np.array([0.5, 4.0, 2.0])
    assert dss(label, mean, sd).tolist() == (2.0 * gaussian_nll(label, mean, sd * sd, eps=0.0)).tolist()


def test_bregman_of_each_function_is_the_loss_that_the_field_knows() -> None:
    label, pred = np.array([0.5, 3.0, 7.0]), np.array([2.0, 3.0, 1.0])
    assert bregman(label, pred).tolist() == ((label - pred) ** 2).tolist()
    assert (2.0 * bregman(label, pred, phi="xlogx")).tolist() == poisson_deviance(label, pred).tolist()
    assert (2.0 * bregman(label, pred, phi="neglog")).tolist() == gamma_deviance(label, pred).tolist()
    growth = np.exp(label) - np.exp(pred) * (1.0 + label - pred)
    assert bregman(label, pred, phi="exp") == pytest.approx(growth, rel=1e-14)


def test_bregman_refuses_what_its_function_does_not_take(tmp_path: Any) -> None:
    assert value(tmp_path, "bregman:phi=xlogx", [0.0], [1.0]) == 1.0
    with pytest.raises(DataError):
        value(tmp_path, "bregman:phi=neglog", [0.0], [1.0])
    assert value(tmp_path, "bregman:phi=exp", [-3.0, 0.0], [-3.0, 0.0]) == 0.0


@pytest.mark.parametrize("name", ["poisson", "gamma", "tweedie", "l2", "Poisson-Loss"])
def test_a_name_of_two_losses_is_refused_with_both(name: str, tmp_path: Any) -> None:
    with pytest.raises(UsageError, match=r"two things: `.*` or `.*`") as error:
        value(tmp_path, name)
    for meaning in error.value.message.split("`")[3::2]:
        value(tmp_path, meaning)
