"""The CRPS of predicted laws: values of other libraries, and laws that other losses know."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from recorded import recorded
from scipy import integrate, stats

from losscli.errors import DataError
from losscli.losses.families import find
from losscli.report.evaluate import evaluate

LABEL = [0.3, 2.0, 1.25, 7.5, 0.0]
MEAN = [0.5, 1.0, -1.25, 6.0, 2.0]
SD = [0.25, 2.0, 1.0, 0.5, 3.0]
RATE = [1.5, 0.25, 1.0, 0.125, 2.0]
LOW = [0.0, 3.0, 0.5, 7.0, -1.0]
HIGH = [1.0, 4.0, 1.5, 7.25, 2.0]


def columns(loss: str, **roles: Any) -> list[float]:
    """The loss of each row, by its row function."""
    (form,) = find(loss)
    found = form.measure_rows({name: np.array(values) for name, values in roles.items()}, {})
    return [float(value) for value in found]


def theirs(name: str, *given: Any) -> Any:
    """The values of scoringrules for the same rows."""
    arrays = [np.array(values) for values in given]
    key = f"{name}: {[array.tolist() for array in arrays]}"
    return recorded("scoringrules", key, lambda scoringrules: getattr(scoringrules, name)(*arrays))


@pytest.mark.parametrize("loss", ["crps_logistic", "crps_laplace"])
def test_laws_with_a_location_and_a_scale_are_scored_as_by_scoringrules(loss: str) -> None:
    found = columns(loss, label=LABEL, loc=MEAN, scale=SD)
    assert found == pytest.approx(theirs(loss, LABEL, MEAN, SD), rel=1e-13)


def test_a_normal_law_is_scored_as_by_scoringrules_and_properscoring() -> None:
    found = columns("crps_normal", label=LABEL, mean=MEAN, sd=SD)
    assert found == pytest.approx(theirs("crps_normal", LABEL, MEAN, SD), rel=1e-13)
    arrays = [np.array(values) for values in (LABEL, MEAN, SD)]
    by_other = recorded("properscoring", "crps_gaussian: five rows", lambda ps: ps.crps_gaussian(*arrays))
    assert found == pytest.approx(by_other, rel=1e-13)


def test_a_lognormal_law_is_scored_as_by_scoringrules() -> None:
    label = LABEL[:4]
    found = columns("crps_lognormal", label=label, mean=MEAN[:4], sd=SD[:4])
    assert found == pytest.approx(theirs("crps_lognormal", label, MEAN[:4], SD[:4]), rel=1e-12)


def test_an_exponential_law_is_scored_as_by_scoringrules() -> None:
    found = columns("crps_exponential", label=LABEL, rate=RATE)
    assert found == pytest.approx(theirs("crps_exponential", LABEL, RATE), rel=1e-13)


def test_a_uniform_law_is_scored_as_by_scoringrules() -> None:
    found = columns("crps_uniform", label=LABEL, low=LOW, high=HIGH)
    assert found == pytest.approx(theirs("crps_uniform", LABEL, LOW, HIGH), rel=1e-13)


def test_a_uniform_law_of_no_width_is_a_point() -> None:
    assert columns("crps_uniform", label=[3.0, 1.0], low=[1.0, 1.0], high=[1.0, 1.0]) == [2.0, 0.0]


def test_columns_named_for_their_parameters_are_found(tmp_path: Any) -> None:
    path = str(tmp_path / "rows.parquet")
    pq.write_table(pa.table({"label": LABEL, "mu": MEAN, "sigma": SD}), path)
    found = evaluate(path, loss=["gaussian_crps"], label="label").results[0]
    asked = evaluate(path, loss=["crps_normal"], label="label", pred="mean=mu,sd=sigma").results[0]
    assert (found.loss, found.value) == ("crps_normal", asked.value)


def test_a_scale_of_0_is_out_of_the_domain(tmp_path: Any) -> None:
    path = str(tmp_path / "rows.parquet")
    pq.write_table(pa.table({"label": LABEL, "loc": MEAN, "scale": [0.0, *SD[1:]]}), path)
    with pytest.raises(DataError, match="crps_laplace"):
        evaluate(path, loss=["crps_laplace"], label="label")


SHAPE = [1.5, 0.25, 31.0, 0.5, 4.0]
COUNT = [0.0, 3.0, 1.0, 12.0, 2.0]


def test_a_gamma_law_is_scored_as_by_scoringrules() -> None:
    found = columns("crps_gamma", label=LABEL, shape=SHAPE, rate=RATE)
    assert found == pytest.approx(theirs("crps_gamma", LABEL, SHAPE, RATE), rel=1e-12)


def test_students_t_is_scored_as_by_scoringrules() -> None:
    df = [1.5, 2.0, 31.0, 5.0, 400.0]
    found = columns("crps_t", label=LABEL, df=df, loc=MEAN, scale=SD)
    assert found == pytest.approx(theirs("crps_t", LABEL, df, MEAN, SD), rel=1e-11)


def test_students_t_becomes_the_normal_law_for_many_degrees_of_freedom() -> None:
    normal = columns("crps_normal", label=LABEL, mean=MEAN, sd=SD)
    assert columns("crps_t", label=LABEL, df=[1e8] * 5, loc=MEAN, scale=SD) == pytest.approx(normal, rel=1e-7)


def test_a_poisson_law_is_scored_as_by_scoringrules() -> None:
    found = columns("crps_poisson", label=COUNT, pred=SHAPE)
    assert found == pytest.approx(theirs("crps_poisson", COUNT, SHAPE), rel=1e-12)


@pytest.mark.parametrize("mean", [0.01, 3.0, 40.0, 300.0])
def test_a_poisson_law_is_scored_by_the_sum_over_its_steps(mean: float) -> None:
    counts = np.arange(0.0, mean + 40.0 * np.sqrt(mean) + 40.0)
    for label in (0.0, np.floor(mean), np.ceil(1.3 * mean) + 1.0):
        steps = stats.poisson(mean).cdf(counts) - (counts >= label)
        assert columns("crps_poisson", label=[label], pred=[mean]) == pytest.approx(
            [np.sum(steps**2)], rel=1e-11
        )


@pytest.mark.parametrize("shape", [0.05, 1.0, 24.9, 25.1, 4e3, 3e7])
def test_a_gamma_law_is_scored_by_the_integral_over_its_levels(shape: float) -> None:
    law = stats.gamma(shape)
    for level in (0.01, 0.5, 0.999):
        label = float(law.ppf(level))
        below = integrate.quad(
            lambda x: law.cdf(x) ** 2, max(0.0, shape - 40 * shape**0.5), label, epsrel=1e-11
        )[0]
        above = integrate.quad(
            lambda x: law.sf(x) ** 2, label, shape + 40 * shape**0.5 + 40, epsrel=1e-11, limit=200
        )[0]
        found = columns("crps_gamma", label=[label], shape=[shape], rate=[1.0])
        assert found == pytest.approx([below + above], rel=1e-7)


SHARE = [0.3, 0.0, 0.75, 0.999, 1.0]
SHAPES = [1.5, 0.25, 31.0, 0.5, 4.0], [0.5, 3.0, 12.0, 0.125, 40.0]


def test_a_beta_law_is_scored_as_by_scoringrules() -> None:
    found = columns("crps_beta", label=SHARE, alpha=SHAPES[0], beta=SHAPES[1])
    assert found == pytest.approx(theirs("crps_beta", SHARE, *SHAPES), rel=1e-12)


def test_an_even_law_of_shares_is_a_uniform_law() -> None:
    ones = [1.0] * 5
    uniform = columns("crps_uniform", label=SHARE, low=[0.0] * 5, high=ones)
    assert columns("crps_beta", label=SHARE, alpha=ones, beta=ones) == pytest.approx(uniform, rel=1e-15)


@pytest.mark.parametrize("shapes", [(0.5, 0.05), (9.9, 10.1), (10.1, 40.0), (2e3, 3.0), (4e3, 7e5)])
def test_a_beta_law_is_scored_by_the_integral_over_its_levels(shapes: tuple[float, float]) -> None:
    law = stats.beta(*shapes)
    for level in (0.01, 0.5, 0.999):
        label = float(law.ppf(level))
        points = [float(law.ppf(p)) for p in (1e-6, 0.1, 0.9)] + [float(law.isf(1e-6))]
        below = sum(
            integrate.quad(lambda x: law.cdf(x) ** 2, low, high, epsrel=1e-11)[0]
            for low, high in pairwise(sorted({0.0, label, *(p for p in points if p < label)}))
        )
        above = sum(
            integrate.quad(lambda x: law.sf(x) ** 2, low, high, epsrel=1e-11)[0]
            for low, high in pairwise(sorted({label, 1.0, *(p for p in points if p > label)}))
        )
        found = columns("crps_beta", label=[label], alpha=[shapes[0]], beta=[shapes[1]])
        assert found == pytest.approx([below + above], rel=1e-7)


TRIALS, CHANCE = [3.0, 3.0, 40.0, 25.0, 7.0], [0.25, 0.5, 0.001, 0.9, 0.99]


def test_a_binomial_law_is_scored_as_by_scoringrules() -> None:
    found = columns("crps_binomial", label=COUNT, n=TRIALS, p=CHANCE)
    assert found == pytest.approx(theirs("crps_binomial", COUNT, TRIALS, CHANCE), rel=1e-12)


def test_a_negative_binomial_law_is_scored_as_by_scoringrules() -> None:
    sizes, chance = [1.5, 0.25, 31.0, 0.5, 4.0], [0.25, 0.5, 0.9, 0.75, 0.4]
    found = columns("crps_negative_binomial", label=COUNT, n=sizes, p=chance)
    assert found == pytest.approx(theirs("crps_negbinom", COUNT, sizes, chance), rel=1e-11)


def test_a_count_above_all_trials_costs_its_distance() -> None:
    found = columns(
        "crps_binomial", label=[7.0, 8.0, 5.0, 5.0], n=[7.0, 7.0, 0.0, 2.0], p=[0.5, 0.5, 0.5, 0.0]
    )
    assert found[1] == found[0] + 1.0
    assert found[2:] == [5.0, 5.0]


@pytest.mark.parametrize("n", [1.0, 9.0, 40.0, 3000.0])
@pytest.mark.parametrize("p", [1e-4, 0.03, 0.5, 0.97])
def test_counts_of_trials_are_scored_by_the_sum_over_their_steps(n: float, p: float) -> None:
    for loss, law in (
        ("crps_binomial", stats.binom(n, p)),
        ("crps_negative_binomial", stats.nbinom(n, max(p, 0.03))),
    ):
        counts = np.arange(0.0, 1.3 * law.mean() + law.isf(1e-17) + 10.0)
        for label in (0.0, np.floor(law.mean()), np.ceil(1.3 * law.mean()) + 1.0):
            steps = np.where(counts >= label, law.sf(counts), law.cdf(counts))
            found = columns(loss, label=[label], n=[n], p=[p if loss == "crps_binomial" else max(p, 0.03)])
            assert found == pytest.approx([np.sum(steps**2)], rel=1e-10)


def test_a_negative_binomial_law_becomes_the_poisson_law_for_many_successes() -> None:
    mean, n = np.array([0.25, 3.0, 30.0]), 1e8
    found = columns("crps_negative_binomial", label=[0.0, 2.0, 35.0], n=[n] * 3, p=n / (n + mean))
    assert found == pytest.approx(columns("crps_poisson", label=[0.0, 2.0, 35.0], pred=mean), rel=1e-6)
