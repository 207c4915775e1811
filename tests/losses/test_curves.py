"""Areas under curves and points on them: as scikit-learn and SciPy have them, and by hand where libraries differ."""

from __future__ import annotations

import math
import os
from functools import partial
from typing import Any

import numpy as np
import pytest
from draws import write
from scipy import stats
from sklearn import metrics

from losscli.loss.declare import Undefined
from losscli.losses.curves import (
    auc,
    average_precision,
    eer,
    gini,
    ks,
    lift,
    log_auc,
    ordered,
    partial_auc,
    pr_auc,
    pr_auc_interpolated,
    precision_at_recall,
    recall_at_precision,
    sensitivity_at_specificity,
    specificity_at_sensitivity,
)
from losscli.report.evaluate import evaluate

near = partial(pytest.approx, rel=1e-12)


def drawn(ties: bool, weighted: str) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(11)
    label = (rng.random(400) < 0.3).astype(np.int64)
    pred = rng.normal(size=400) + label
    if ties:
        pred = np.round(pred * 2) / 2
    weight = {
        "none": np.ones(400),
        "whole": rng.integers(1, 5, 400).astype(np.float64),
        "fractions": rng.random(400) + 0.01,
    }[weighted]
    return label, pred, weight


@pytest.fixture(params=[(t, w) for t in (False, True) for w in ("none", "whole", "fractions")], ids=str)
def rows(request: pytest.FixtureRequest) -> tuple[Any, Any, Any]:
    return drawn(*request.param)


def test_areas_are_those_of_scikit_learn(rows: tuple[Any, Any, Any]) -> None:
    label, pred, weight = rows
    order = ordered(*rows)
    area = partial(metrics.roc_auc_score, label, pred, sample_weight=weight)
    assert float(auc(order)) == near(area())
    assert float(gini(order)) == near(2 * area() - 1)
    for most in (0.001, 0.05, 0.3, 1.0):
        assert float(partial_auc(order, max_fpr=most)) == near(area(max_fpr=most))
    precision, recall, _ = metrics.precision_recall_curve(label, pred, sample_weight=weight)
    assert float(average_precision(order)) == near(
        metrics.average_precision_score(label, pred, sample_weight=weight)
    )
    assert float(pr_auc(order)) == near(metrics.auc(recall, precision))


def test_points_are_those_of_the_curves_of_scikit_learn(rows: tuple[Any, Any, Any]) -> None:
    label, pred, weight = rows
    order = ordered(*rows)
    fpr, tpr, _ = metrics.roc_curve(label, pred, sample_weight=weight, drop_intermediate=False)
    precision, recall, _ = metrics.precision_recall_curve(label, pred, sample_weight=weight)
    precision, recall = precision[:-1], recall[:-1]
    assert float(ks(order)) == near(abs(tpr - fpr).max())
    rate = float(eer(order))
    assert np.interp(rate, fpr, tpr) == near(1 - rate) or rate in fpr
    for level in (0.03, 0.5, 0.77):
        assert precision_at_recall(order, recall=level) == near(precision[recall >= level].max())
        assert recall_at_precision(order, precision=level) == near(
            recall[precision >= level].max(initial=0.0)
        )
        assert sensitivity_at_specificity(order, specificity=level) == near(tpr[1 - fpr >= level].max())
        assert specificity_at_sensitivity(order, sensitivity=level) == near((1 - fpr)[tpr >= level].max())


def test_the_area_over_the_logarithm_is_that_of_the_curve_in_fine_steps(rows: tuple[Any, Any, Any]) -> None:
    label, pred, weight = rows
    fpr, tpr, _ = metrics.roc_curve(label, pred, sample_weight=weight, drop_intermediate=False)
    for low, high in ((0.001, 0.1), (0.02, 1.0)):
        logs = np.linspace(math.log(low), math.log(high), 400_001)
        heights = np.interp(np.exp(logs), fpr, tpr)
        fine = np.trapezoid(heights, logs) / math.log(high / low)
        assert float(log_auc(ordered(*rows), min_fpr=low, max_fpr=high)) == pytest.approx(fine, abs=1e-4)


def test_lift_is_the_share_of_positives_among_the_first_rows() -> None:
    label, pred, _ = drawn(False, "none")
    first = label[np.argsort(-pred)]
    assert float(lift(ordered(label, pred), share=0.1)) == near(first[:40].mean() / label.mean())
    # Of 400 tied rows any 40 have, on average, what all have.
    assert lift(ordered(label, np.ones(400)), share=0.1) == 1


def test_the_greatest_gap_is_the_statistic_of_scipy() -> None:
    label, pred, _ = drawn(True, "none")
    assert float(ks(ordered(label, -pred))) == near(
        stats.ks_2samp(pred[label == 1], pred[label == 0]).statistic
    )


def test_interpolated_precision_is_the_mean_over_random_orders_of_ties() -> None:
    # One score for all: precision is the share of positives wherever the curve is.
    assert float(pr_auc_interpolated(ordered([1, 0, 0, 0], [2.0] * 4))) == 0.25
    # 1 positive, then 1 positive and 2 negatives that tie: ∫ t / (3 t - 2) dt from 1 to 2, over 2 positives.
    wanted = (1 + 1 / 3 + 2 / 9 * math.log(4)) / 2
    assert float(pr_auc_interpolated(ordered([1, 1, 0, 0], [2.0, 1.0, 1.0, 1.0]))) == near(wanted)


@pytest.mark.parametrize("ties, weighted, wanted", [
    (False, "none", 0.59439274297014788), (False, "whole", 0.58383270632903495), (True, "none", 0.58499168587867345),
])  # fmt: skip
def test_interpolated_precision_is_what_xgboost_calls_aucpr(ties: bool, weighted: str, wanted: float) -> None:
    # Of xgboost 3.2.0, which rounds scores to single precision: that ties none of these.
    assert float(pr_auc_interpolated(ordered(*drawn(ties, weighted)))) == near(wanted)


def test_an_equal_error_rate_lies_on_the_line_between_two_points() -> None:
    # From (0, 1/3) to (1/2, 2/3): the rates are equal at (2/5, 3/5).
    assert float(eer(ordered([1, 1, 0, 1, 0], [4.0, 3.0, 3.0, 2.0, 1.0]))) == near(0.4)


def test_a_level_is_met_by_a_share_that_is_written_alike() -> None:
    # 9 of 10 is a recall of 0.9, although the double 0.9 is greater than nine tenths.
    order = ordered([1] * 10 + [0], [*range(10, 1, -1), 0.0, 1.0])
    assert precision_at_recall(order, recall=0.9) == 1.0
    assert sensitivity_at_specificity(ordered([0] * 10 + [1], [2.0, *[0.0] * 9, 1.0]), specificity=0.9) == 1.0


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_alone_has_no_curve(label: int) -> None:
    order = ordered([label, label], [0.1, 0.2])
    pairs = [auc, gini, partial(partial_auc, max_fpr=0.1), log_auc, ks, eer]
    pairs += [
        partial(sensitivity_at_specificity, specificity=0.5),
        partial(specificity_at_sensitivity, sensitivity=0.5),
    ]
    found = [average_precision, pr_auc, pr_auc_interpolated, lift, partial(precision_at_recall, recall=0.5)]
    found.append(partial(recall_at_precision, precision=0.5))
    for function in pairs:
        assert isinstance(function(order), Undefined)
    for function in found:
        assert isinstance(function(order), Undefined) if label == 0 else float(function(order)) == 1.0


def classes(folder: Any) -> tuple[str, Any, Any, Any]:
    rng = np.random.default_rng(5)
    label = rng.choice(3, 500, p=[0.6, 0.3, 0.1])
    scores = np.exp(np.round(rng.normal(size=(500, 3)) + 1.5 * np.eye(3)[label], 1))
    scores /= scores.sum(axis=1, keepdims=True)
    weight = rng.integers(1, 4, 500).astype(np.float64)
    path = os.path.join(folder, "rows.parquet")
    write(path, {"y": label, **{f"p_{c}": scores[:, c] for c in range(3)}, "w": weight})
    return path, label, scores, weight


@pytest.mark.parametrize("average", ["macro", "weighted"])
@pytest.mark.parametrize("weighted", [False, True])
def test_averages_over_classes_are_those_of_scikit_learn(average: str, weighted: bool, tmp_path: Any) -> None:
    path, label, scores, weight = classes(tmp_path)
    used = weight if weighted else None
    asked = evaluate(
        path, loss=["auc", "average_precision"], pred="p_*", label="y", average=average,
        weight="w" if weighted else None,
    )  # fmt: skip
    area = metrics.roc_auc_score(label, scores, multi_class="ovr", average=average, sample_weight=used)
    held = np.eye(3)[label]
    precision = metrics.average_precision_score(held, scores, average=average, sample_weight=used)
    assert [result.value for result in asked.results] == [near(area), near(precision)]


def on_curve(xs: Any, ys: Any, found: dict[str, list[float]], x: str, y: str) -> bool:
    """Whether each point found is a point of the curve."""
    known = set(zip(np.round(xs, 12).tolist(), np.round(ys, 12).tolist(), strict=True))
    points = zip(np.round(found[x], 12).tolist(), np.round(found[y], 12).tolist(), strict=True)
    return set(points) <= known


@pytest.mark.parametrize("rows", [60, 300_000])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_detail_holds_points_of_the_curve(rows: int, weighted: bool, tmp_path: Any) -> None:
    rng = np.random.default_rng(3)
    label = (rng.random(rows) < 0.02).astype(np.int64)
    label[:3] = 1
    pred = np.round(rng.normal(size=rows) + 2.0 * label, 3)
    weight = rng.integers(1, 4, rows).astype(np.float64)
    path = os.path.join(tmp_path, "rows.parquet")
    write(path, {"label": label, "pred": pred, "w": weight})
    report = evaluate(path, loss=["auc", "average_precision"], weight="w" if weighted else None)
    used = weight if weighted else None
    roc, pr = ((r.detail or {})[kind] for r, kind in zip(report.results, ("roc", "pr"), strict=True))
    fpr, tpr, _ = metrics.roc_curve(label, pred, sample_weight=used, drop_intermediate=False)
    precision, recall, _ = metrics.precision_recall_curve(label, pred, sample_weight=used)
    assert on_curve(fpr, tpr, roc, "fpr", "tpr")
    assert on_curve(recall, precision, pr, "recall", "precision")
    # The threshold of a point is the value above which rows are called positive.
    at = len(roc["above"]) // 2
    called = (pred > roc["above"][at]) & (label == 1)
    assert roc["tpr"][at] == near(
        np.average(called[label == 1], weights=weight[label == 1] if weighted else None)
    )
    assert (roc["fpr"][0], roc["tpr"][0], roc["above"][-1], roc["tpr"][-1]) == (0.0, 0.0, None, 1.0)
    if rows == 60:
        assert len(roc["above"]) == len(fpr)
        assert len(pr["above"]) == len(recall) - 1
    else:
        assert 100 < len(roc["above"]) <= 200
        # No two points are farther apart than about a hundredth of the rows of a class.
        assert max(np.diff(roc["fpr"]).max(), np.diff(roc["tpr"]).max()) < 0.03


@pytest.mark.parametrize("chunk_rows", [7, 1 << 16])
def test_the_area_over_pairs_of_classes_is_that_of_scikit_learn(chunk_rows: int, tmp_path: Any) -> None:
    path, label, scores, weight = classes(tmp_path)
    asked = evaluate(path, loss=["auc_ovo"], pred="p_*", label="y", chunk_rows=chunk_rows)
    assert asked.results[0].value == near(metrics.roc_auc_score(label, scores, multi_class="ovo"))
    repeated = np.repeat(np.arange(500), weight.astype(int))
    wanted = metrics.roc_auc_score(label[repeated], scores[repeated], multi_class="ovo")
    found = evaluate(path, loss=["auc_ovo"], pred="p_*", label="y", weight="w", memory=1 << 10).results[0]
    assert found.value == near(wanted)
    assert (found.rows, found.weight) == (500, weight.sum())


def test_a_class_without_rows_leaves_pairs_undefined(tmp_path: Any) -> None:
    path, *_ = classes(tmp_path)
    found = evaluate(path, loss=["auc_ovo"], pred="p_*", label="y", where="y != 2").results[0]
    assert found.value is None
    assert found.note == "1 of 3 class has no row, and it takes every pair of classes"
