"""Losses of times that are known by their bounds, against XGBoost and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from recorded import recorded

from losscli.losses.survival import aft_nll

LOWER = np.array([24.0, 24.0, 6.0, 12.0, 0.0, 5.0, 3.0])
UPPER = np.array([math.inf, math.inf, 12.0, 18.0, 5.0, 5.0, 3.0])
PRED = np.array([27.0, 21.4, 15.6, 9.5, 3.0, 7.0, 3.0])


@pytest.mark.parametrize("distribution", ["normal", "logistic", "extreme"])
@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.0])
def test_the_loss_of_accelerated_failure_is_that_of_xgboost(distribution, sigma):
    asked = {
        "objective": "survival:aft", "eval_metric": "aft-nloglik",
        "aft_loss_distribution": distribution, "aft_loss_distribution_scale": sigma,
    }  # fmt: skip

    def of_xgboost(library):
        found = []
        for low, high, pred in zip(LOWER, UPPER, PRED, strict=True):
            bounds = {"label_lower_bound": [low], "label_upper_bound": [high]}
            row = library.DMatrix(np.zeros((1, 1)), base_margin=[math.log(pred)], **bounds)
            said = library.Booster(asked, [row]).eval(row)
            found.append(float(said.rpartition(":")[2]))
        return found

    theirs = recorded("xgboost", f"aft-nloglik: {distribution}, sigma={sigma}", of_xgboost)
    # Its margins have single precision.
    found = aft_nll(LOWER, UPPER, PRED, distribution=distribution, sigma=sigma)
    assert found.tolist() == pytest.approx(theirs, rel=2e-6)


@pytest.mark.parametrize("distribution", ["normal", "logistic", "extreme"])
def test_a_chance_below_that_of_xgboost_s_floor_is_told_from_another(distribution):
    lower = np.array([math.exp(40.0), math.exp(50.0)])
    near, far = aft_nll(lower, lower * 2.0, np.ones(2), distribution=distribution)
    assert -math.log(1e-12) < near < far < math.inf


@pytest.mark.parametrize("distribution", ["normal", "logistic", "extreme"])
def test_a_narrow_interval_is_the_density_at_its_middle_times_its_width(distribution):
    lower, pred = np.array([0.02, 3.0, 80.0]), np.array([2.0, 3.0, 4.0])
    upper = lower * (1.0 + 2.0**-20)
    by_density = aft_nll(lower, lower, pred, distribution=distribution) - np.log(upper - lower)
    found = aft_nll(lower, upper, pred, distribution=distribution)
    assert found.tolist() == pytest.approx(by_density.tolist(), rel=1e-5)


def test_an_interval_that_holds_every_time_surprises_nobody():
    everything = np.array([0.0]), np.array([math.inf]), np.array([7.0])
    for distribution in ("normal", "logistic", "extreme"):
        assert aft_nll(*everything, distribution=distribution).tolist() == [0.0]
