"""Logarithmic scores of predicted laws: values of SciPy and scoringrules, and losses that are the same quantity."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from recorded import recorded
from scipy import stats

from losscli.losses.families import find
from losscli.numbers.double_double import gamma_gap, lgamma_drop, lgamma_pair

LABEL = [0.3, 2.0, 1.25, 7.5]
COUNT = [0.0, 3.0, 1.0, 12.0]
SHARE = [0.05, 0.5, 0.25, 0.99]
LOC = [0.5, 1.0, -1.25, 6.0]
SCALE = [0.25, 2.0, 1.0, 0.5]
SHAPE = [1.5, 0.25, 31.0, 4.0]
RATE = [0.5, 0.125, 20.0, 1.0]
CHANCE = [0.25, 0.5, 0.0625, 0.75]
TRIALS = [3.0, 4.0, 1.0, 16.0]


def columns(loss: str, **roles: Any) -> list[float]:
    """The loss of each row, by its row function."""
    (form,) = find(loss)
    found = form.measure_rows({name: np.array(values) for name, values in roles.items()}, {})
    return [float(value) for value in found]


def by_scipy(law: Any, label: Any) -> Any:
    chance = law.logpmf if hasattr(law.dist, "pmf") else law.logpdf
    return pytest.approx((-chance(label)).tolist(), rel=1e-12)


def theirs(name: str, *given: Any) -> Any:
    """The values of scoringrules for the same rows."""
    arrays = [np.array(values) for values in given]
    key = f"{name}: {[array.tolist() for array in arrays]}"
    value = recorded("scoringrules", key, lambda scoringrules: getattr(scoringrules, name)(*arrays))
    return pytest.approx(value, rel=1e-12)


LAWS: list[tuple[str, dict[str, Any], Any]] = [
    ("logs_normal", {"label": LABEL, "mean": LOC, "sd": SCALE}, stats.norm(LOC, SCALE)),
    ("logs_logistic", {"label": LABEL, "loc": LOC, "scale": SCALE}, stats.logistic(LOC, SCALE)),
    ("logs_laplace", {"label": LABEL, "loc": LOC, "scale": SCALE}, stats.laplace(LOC, SCALE)),
    ("logs_t", {"label": LABEL, "df": SHAPE, "loc": LOC, "scale": SCALE}, stats.t(SHAPE, LOC, SCALE)),
    ("logs_exponential", {"label": LABEL, "rate": RATE}, stats.expon(scale=1.0 / np.array(RATE))),
    ("logs_uniform", {"label": SHARE, "low": [-1.0] * 4, "high": SCALE}, stats.uniform([-1.0] * 4, np.array(SCALE) + 1)),
    ("logs_lognormal", {"label": LABEL, "mean": LOC, "sd": SCALE}, stats.lognorm(SCALE, scale=np.exp(LOC))),
    ("logs_gamma", {"label": LABEL, "shape": SHAPE, "rate": RATE}, stats.gamma(SHAPE, scale=1.0 / np.array(RATE))),
    ("logs_beta", {"label": SHARE, "alpha": SHAPE, "beta": RATE}, stats.beta(SHAPE, RATE)),
    ("logs_poisson", {"label": COUNT, "pred": RATE}, stats.poisson(RATE)),
    ("logs_binomial", {"label": COUNT, "n": TRIALS, "p": CHANCE}, stats.binom(TRIALS, CHANCE)),
    ("logs_negative_binomial", {"label": COUNT, "n": SHAPE, "p": CHANCE}, stats.nbinom(SHAPE, CHANCE)),
]  # fmt: skip


@pytest.mark.parametrize("loss, roles, law", LAWS, ids=[loss for loss, _, _ in LAWS])
def test_a_score_is_minus_the_log_density_of_scipy(loss: str, roles: dict[str, Any], law: Any) -> None:
    assert columns(loss, **roles) == by_scipy(law, roles["label"])


@pytest.mark.parametrize(
    "loss",
    ["logs_normal", "logs_logistic", "logs_laplace", "logs_exponential", "logs_lognormal", "logs_gamma",
     "logs_beta", "logs_binomial", "logs_t", "logs_poisson"],
)  # fmt: skip
def test_a_score_is_that_of_scoringrules(loss: str) -> None:
    roles = next(roles for name, roles, _ in LAWS if name == loss)
    assert columns(loss, **roles) == theirs(loss, *roles.values())


def test_the_normal_score_is_the_gaussian_likelihood_with_its_constant() -> None:
    (form,) = find("gaussian_nll")
    roles = {"label": np.array(LABEL), "mean": np.array(LOC), "var": np.square(SCALE)}
    wanted = form.measure_rows(roles, {"full": True, "eps": 0.0}).tolist()
    assert columns("logs_normal", label=LABEL, mean=LOC, sd=SCALE) == pytest.approx(wanted, rel=1e-15)


def test_a_count_above_the_trials_is_infinitely_surprising() -> None:
    assert columns("logs_binomial", label=[3.0, 0.0], n=[2.0, 0.0], p=[0.5, 0.5]) == [math.inf, 0.0]


@pytest.mark.parametrize("x", [1e-5, 0.3, 0.9995, 1.3, 2.0005, 3.0001, 7.3, 15.9, 16.5, 1e4])
def test_log_gamma_has_more_digits_than_a_double(x: float) -> None:
    from definition import MP

    found = lgamma_pair((np.array([x]), np.zeros(1)))
    assert abs(sum(MP.mpf(float(part[0])) for part in found) - MP.loggamma(MP.mpf(x))) < 2e-18
    gap = gamma_gap((np.array([x]), np.zeros(1)))
    wanted = MP.loggamma(MP.mpf(x)) - (x * MP.log(MP.mpf(x)) - MP.mpf(x))
    assert abs(sum(MP.mpf(float(part[0])) for part in gap) - wanted) < 2e-18


@pytest.mark.parametrize("step", [0.0, 1e-300, 1e-9, 9e-5, 0.5, 30.0])
def test_a_small_step_of_log_gamma_keeps_its_digits(step: float) -> None:
    from definition import MP

    for x in (1.0, 4 / 3, 20.0, 1e6):
        (found, lost), (start, move) = (
            lgamma_drop((np.array([x]), np.zeros(1)), np.array([step])),
            map(MP.mpf, (x, step)),
        )
        wanted = MP.loggamma(start) - MP.loggamma(start + move)
        assert (
            abs(MP.mpf(float(found[0])) + float(lost[0]) - wanted) <= MP.mpf(10) ** -14 * abs(wanted) + 2e-18
        )


def test_a_mixture_is_that_of_scoringrules() -> None:
    means, sds, shares = [[0.0, 2.0], [1.0, -3.0]], [[1.0, 0.5], [2.0, 0.1]], [[0.25, 0.75], [0.5, 0.5]]
    by_scoringrules = [2.331033101431761, 5.430232894324563]  # 0.10.0: logs_mixnorm
    found = columns("logs_mixture", label=[0.3, -4.0], mean=means, sd=sds, share=shares)
    assert found == pytest.approx(by_scoringrules, rel=1e-14)
    alone = columns(
        "logs_mixture", label=LABEL, mean=np.c_[LOC, COUNT], sd=np.c_[SCALE, RATE], share=[[1.0, 0.0]] * 4
    )
    assert alone == columns("logs_normal", label=LABEL, mean=LOC, sd=SCALE)
