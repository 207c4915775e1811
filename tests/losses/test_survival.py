"""Losses of times that are known by their bounds, against XGBoost and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from losscli.losses.survival import aft_nll

LOWER = np.array([24.0, 24.0, 6.0, 12.0, 0.0, 5.0, 3.0])
UPPER = np.array([math.inf, math.inf, 12.0, 18.0, 5.0, 5.0, 3.0])
PRED = np.array([27.0, 21.4, 15.6, 9.5, 3.0, 7.0, 3.0])


@pytest.mark.parametrize(
    ("distribution", "sigma", "theirs"),
    [
        ("normal", 1.0, [0.60352544423498045, 0.78887385874299665, 1.4834188313455825, 1.92239309362463184,
                         0.36346449724434388, 2.58498321085227678, 2.01755082187278267]),
        ("normal", 0.5, [0.52236638911094746, 0.89328763811633483, 1.30237538525909935, 1.51607857586379513,
                         0.16661318891027829, 2.06165632593284309, 1.32440364131283772]),
        ("normal", 2.0, [0.64725501192876689, 0.73994408943241741, 2.02948194729556075, 2.54023600184797749,
                         0.50949674385355770, 3.23567531750209447, 2.71069800243272763]),
        ("logistic", 1.0, [0.63598873871893224, 0.75212115753810649, 1.85147867756270879, 2.3391876819135371,
                           0.47000363668351841, 3.0239031417062221, 2.48490664978800035]),
        ("logistic", 0.5, [0.58228453522200219, 0.81436947183973862, 1.41518261858781869, 1.78731816642478281,
                           0.30748471024836022, 2.41372476099872157, 1.79175946922805562]),
        ("logistic", 2.0, [0.66413487093330648, 0.72222370094172084, 2.4713683194611531, 2.9948638855192864,
                           0.57357317283940967, 3.69594697087862345, 3.17805383034794575]),
        ("extreme", 1.0, [0.8888888359979904, 1.12149527304415475, 1.52627835439416404, 2.02191412568352336,
                          0.20933385695024026, 2.66019584823051547, 2.0986122886681]),
        ("extreme", 0.5, [0.79012336276186224, 1.25775164746038293, 1.17404027387945642, 1.74185136320089073,
                          0.06419354691288481, 2.0994392349417641, 1.40546510810816505]),
        ("extreme", 2.0, [0.94280901353242830, 1.05900673890403296, 2.10499708900956994, 2.62352367118892404,
                          0.32157973447251170, 3.31597546193852111, 2.79175946922805496]),
    ],
)  # fmt: skip
def test_the_loss_of_accelerated_failure_is_that_of_xgboost(distribution, sigma, theirs):
    # XGBoost 3.2.0, Booster.eval of one row each with survival:aft and aft-nloglik; its margins have single precision.
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
