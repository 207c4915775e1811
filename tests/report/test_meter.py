"""Batches are measured as one call measures all rows; losses are functions of arrays, with values, rows and slopes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

import losscli
from losscli import losses

RNG = np.random.default_rng(1802)
LABEL = RNG.normal(size=400)
PRED = LABEL + 0.1 * RNG.normal(size=400)
WEIGHT = RNG.integers(0, 4, 400).astype(float)
LOSSES = ["mse", "rmse", "r2", "huber:delta=0.1", "pearson"]
BATCHES = [slice(at, at + 64) for at in range(0, 400, 64)]


def metered(batches=BATCHES, *, loss=LOSSES, weight=None, **options):
    meter = losscli.Meter(loss, **options)
    for rows in batches:
        meter.update(LABEL[rows], PRED[rows], None if weight is None else weight[rows])
    return meter


def whole(loss=LOSSES, **options):
    return losscli.evaluate(
        {"pred": PRED, "weight": WEIGHT}, {"label": LABEL}, loss=loss, pred="pred", **options
    )


# ---------------------------------------------------------------------- meters


@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_batches_give_the_bits_of_one_call(weight):
    name = None if weight is None else "weight"
    expected = whole(weight=name).metrics
    assert metered(weight=weight).compute() == expected
    assert metered(reversed(BATCHES), weight=weight).compute() == expected


def test_losses_that_need_every_row_are_measured_too():
    found = metered(loss=["medae", "spearman"]).compute()
    assert found == whole(["medae", "spearman"]).metrics
    assert found["medae"] == sk.median_absolute_error(LABEL, PRED)


def test_a_meter_is_read_at_any_time_and_goes_on():
    meter = metered(BATCHES[:3])
    first = meter.compute()
    assert first["mse"] == pytest.approx(sk.mean_squared_error(LABEL[:192], PRED[:192]), rel=1e-14)
    for rows in BATCHES[3:]:
        meter.update(LABEL[rows], PRED[rows])
    assert meter.compute() == whole().metrics
    assert meter.report().rows.used == 400


def test_meters_of_two_processes_merge():
    one, other, none = metered(BATCHES[:2]), metered(BATCHES[2:]), losscli.Meter(LOSSES)
    none.merge(one)
    none.merge(other)
    none.merge(losscli.Meter(LOSSES))
    assert none.compute() == whole().metrics
    assert one.report().rows.used == 128


def test_a_saved_meter_is_loaded_merged_and_goes_on(tmp_path):
    paths = [str(tmp_path / name) for name in ("a.json", "b.json")]
    metered(BATCHES[:2]).save(paths[0])
    metered(BATCHES[2:]).save(paths[1])
    assert losscli.merge(paths).metrics == whole().metrics
    meter = losscli.Meter.load(paths[0])
    assert meter.compute() == metered(BATCHES[:2]).compute()
    for rows in BATCHES[2:]:
        meter.update(LABEL[rows], PRED[rows])
    assert meter.compute() == whole().metrics
    with pytest.raises(losscli.UsageError, match="needs every row at once"):
        metered(loss="medae").save(paths[0])


def test_slices_and_intervals_are_of_all_batches():
    country = RNG.choice(["de", "fr"], 400)
    meter = losscli.Meter("mse", by=["country"], ci="normal")
    for rows in BATCHES:
        meter.update(LABEL[rows], pd.DataFrame({"pred": PRED[rows], "country": country[rows]}))
    expected = losscli.evaluate(
        {"pred": PRED, "country": country}, LABEL, loss="mse", by=["country"], ci="normal"
    )
    assert [(r.slice, r.value, r.ci) for r in meter.report().results] == [
        (r.slice, r.value, r.ci) for r in expected.results
    ]


def test_a_batch_that_is_refused_counts_for_nothing():
    meter = metered(BATCHES[:1])
    before = meter.compute()
    with pytest.raises(losscli.DataError, match="pred, column `pred`, row 3: the value is missing"):
        meter.update(LABEL[:4], [1.0, 2.0, None, 4.0])
    with pytest.raises(losscli.UsageError, match="its columns are not those of the rows before"):
        meter.update(LABEL[:4], PRED[:4], WEIGHT[:4])
    assert meter.compute() == before


def test_rows_are_counted_over_all_batches():
    meter = losscli.Meter("log_loss:eps=0")
    meter.update([0, 1], [0.1, 0.9])
    meter.update([1, 1], [0.5, 0.0])
    assert "first in row 4" in (meter.report().results[0].note or "")


def test_a_batch_without_a_row_that_counts_is_no_error():
    meter = losscli.Meter("mse", nan="drop")
    meter.update([1.0, 2.0], [np.nan, np.nan])
    with pytest.raises(losscli.DataError, match="nothing is left to measure"):
        meter.compute()
    meter.update([1.0], [3.0])
    assert meter.compute() == {"mse": 4.0}


def test_a_meter_without_rows_says_so():
    with pytest.raises(losscli.DataError, match="nothing was measured yet"):
        losscli.Meter("mse").compute()
    with pytest.raises(losscli.UsageError, match="no loss is called"):
        losscli.Meter("msee")


# ---------------------------------------------------------------------- functions


def test_losses_are_functions():
    assert losses.mse(LABEL, PRED) == whole("mse").metrics["mse"]
    assert losses.mse(LABEL, PRED, weight=WEIGHT) == whole("mse", weight="weight").metrics["mse"]
    assert losses.r2(LABEL, PRED) == pytest.approx(sk.r2_score(LABEL, PRED), rel=1e-13)
    assert losses.huber(LABEL, PRED, delta=0.1) == whole("huber:delta=0.1").metrics["huber:delta=0.1"]
    score = 1 / (1 + np.exp(-PRED))
    assert losses.auc(LABEL > 0, score) == pytest.approx(sk.roc_auc_score(LABEL > 0, score), rel=1e-14)
    words = np.where(LABEL > 0, "yes", "no")
    assert losses.log_loss(words, PRED, pos_label="yes", from_logits=True) == pytest.approx(
        sk.log_loss(LABEL > 0, score), rel=1e-13
    )


def test_rows_and_slopes_have_the_shapes_of_their_columns():
    assert np.array_equal(losses.mse.rows(LABEL, PRED), (PRED - LABEL) ** 2)
    assert np.array_equal(losses.mse.gradient(LABEL, PRED), 2 * (PRED - LABEL))
    label, pred = RNG.integers(0, 3, 50), RNG.dirichlet(np.ones(3), 50)
    slopes = losses.cross_entropy.gradient(label, pred)
    expected = np.zeros((50, 3))
    expected[np.arange(50), label] = -1 / pred[np.arange(50), label]
    assert slopes == pytest.approx(expected, rel=1e-15)
    roles = losses.crps_normal.gradient(LABEL, {"mean": PRED, "sd": np.ones(400)})
    assert roles["mean"].shape == roles["sd"].shape == (400,)


def test_what_a_function_cannot_give_is_refused():
    with pytest.raises(losscli.UsageError, match="made of all rows together"):
        losses.r2.rows(LABEL, PRED)
    with pytest.raises(losscli.UsageError, match="`r2` is made of all rows together"):
        losses.r2.gradient(LABEL, PRED)
    with pytest.raises(losscli.UsageError, match="`mse` has no parameter `delta`"):
        losses.mse(LABEL, PRED, delta=1)
    with pytest.raises(losscli.DataError, match=r"pred, column `pred`, row 1: 1.5 is not in"):
        losses.log_loss([1, 0], [1.5, 0.5])
    with pytest.raises(AttributeError, match=r"no loss is called `msee`[\s\S]*did you mean `mse`"):
        _ = losses.msee


def test_gradient_descent_finds_the_line():
    x, y = np.array([0.0, 1.0, 2.0]), np.array([3.0, 5.0, 7.0])
    slope = start = 0.0
    for _ in range(300):
        gradient = losses.mse.gradient(y, slope * x + start)
        slope, start = slope - 0.2 * np.mean(gradient * x), start - 0.2 * np.mean(gradient)
    assert (slope, start) == pytest.approx((2.0, 3.0), abs=1e-9)
