"""Losses from quantiles of errors and labels: values by hand, and those of other libraries."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from measuring import measured, value_of
from sklearn import metrics

RNG = np.random.default_rng(12)
LABEL = np.round(RNG.normal(3.0, 2.0, 301), 2)
PRED = LABEL + np.round(RNG.standard_t(2, 301), 2)
EIGHTHS = RNG.integers(0, 16, 301) / 8.0
"""Weights whose sums are doubles, so that scikit-learn meets the same ties."""


near = pytest.approx


@pytest.mark.parametrize("rows", [2, 7, 300, 301])
@pytest.mark.parametrize("weighted", [False, True])
def test_medians_are_those_of_scikit_learn(rows: int, weighted: bool, tmp_path: Any) -> None:
    label, pred, weight = LABEL[:rows], PRED[:rows], EIGHTHS[:rows] + 0.125 if weighted else None
    for spec, theirs in {
        "medae": metrics.median_absolute_error,
        "d2_absolute_error": metrics.d2_absolute_error_score,
        "d2_pinball": metrics.d2_pinball_score,
        "d2_pinball:quantile=0.9": lambda *a, **k: metrics.d2_pinball_score(*a, **k, alpha=0.9),
        "d2_pinball:quantile=0.1": lambda *a, **k: metrics.d2_pinball_score(*a, **k, alpha=0.1),
    }.items():
        wanted = theirs(label, pred, sample_weight=weight)
        assert value_of(tmp_path, spec, label, pred, weight) == near(wanted, rel=1e-12), spec


def test_a_row_of_weight_zero_has_no_part_in_a_median(tmp_path: Any) -> None:
    wanted = metrics.median_absolute_error(LABEL, PRED, sample_weight=EIGHTHS)
    assert value_of(tmp_path, "medae", LABEL, PRED, EIGHTHS) == near(wanted, rel=1e-12)


def test_a_weighted_median_does_not_depend_on_the_unit_of_the_weights(tmp_path: Any) -> None:
    # scikit-learn 1.9.1 takes what differs by less than 2.2e-16 for equal, and then averages two errors.
    label, pred, weight = [0.0, 0.0, 0.0], [1.0, 2.0, 4.0], np.array([1.0, 1.0, 1.0])
    assert value_of(tmp_path, "medae", label, pred, weight) == 2.0
    assert value_of(tmp_path, "medae", label, pred, weight * 1e-20) == 2.0
    assert metrics.median_absolute_error(label, pred, sample_weight=weight * 1e-20) == 3.0


def test_several_outputs_are_averaged_or_pooled(tmp_path: Any) -> None:
    labels = np.column_stack([LABEL, LABEL * 3.0])
    preds = np.column_stack([PRED, PRED * 3.0 - 1.0])
    columns = {f"{name}_{k}": c[:, k] for name, c in (("y", labels), ("f", preds)) for k in range(2)}
    both = {"label": "y_*", "pred": "f_*"}
    wanted = metrics.median_absolute_error(labels, preds)
    assert measured(tmp_path, "medae", columns, **both).value == near(wanted, rel=1e-12)
    pooled = measured(tmp_path, "medae", columns, **both, average="micro").value
    assert pooled == near(float(np.median(np.abs(labels - preds))), rel=1e-12)
    wanted = metrics.d2_absolute_error_score(labels, preds)
    assert measured(tmp_path, "d2_absolute_error", columns, **both).value == near(wanted, rel=1e-12)


def test_quantiles_of_errors_by_hand(tmp_path: Any) -> None:
    label, pred = [0.0] * 10, [1.0, -2.0, 3.0, -4.0, 5.0, -6.0, 7.0, -8.0, 9.0, -10.0]
    assert value_of(tmp_path, "medae", label, pred) == 5.5
    assert value_of(tmp_path, "medse", label, pred) == (25.0 + 36.0) / 2.0
    # Nine tenths of ten rows are just nine rows, though the double 0.9 is greater than nine tenths.
    assert value_of(tmp_path, "quantile_ae:quantile=0.9", label, pred) == 9.5
    assert value_of(tmp_path, "quantile_ae:quantile=0.91", label, pred) == 10.0
    assert value_of(tmp_path, "quantile_ae:quantile=1e-300", label, pred) == 1.0
    assert value_of(tmp_path, "median_bias", label, pred) == -0.5
    assert value_of(tmp_path, "median_bias:sign=truth_minus_pred", label, pred) == 0.5
    assert value_of(tmp_path, "medae", label, pred, [0.0] * 9 + [2.5]) == 10.0
    ones = [1.0] * 10
    assert value_of(tmp_path, "mdape", ones, pred) == 5.5
    assert value_of(tmp_path, "mdape:percent=true", ones, pred) == 550.0
    assert value_of(tmp_path, "mdape:zero=skip", [0.0, 0.0, 2.0], [1.0, 1.0, 3.0]) == 0.5
    assert value_of(tmp_path, "mdrae", label[:3], pred[:3], baseline=[2.0, 0.0, 2.0]) == 1.5


def test_a_median_error_next_to_zero_keeps_its_digits(tmp_path: Any) -> None:
    label, pred = [0.1, 0.3], [0.7, -0.3]
    wanted = sum(Fraction(f) - Fraction(y) for y, f in zip(label, pred, strict=True)) / 2
    assert value_of(tmp_path, "median_bias", label, pred) == float(wanted) != 0.0


def test_a_median_is_defined_where_half_of_the_errors_are_not_infinite(tmp_path: Any) -> None:
    huge = 1.7e308
    assert value_of(tmp_path, "medae", [-huge, 0.0, 1.0], [huge, 0.0, 0.0]) == 1.0
    assert value_of(tmp_path, "medse", [-huge, 0.0, 1.0], [huge, 0.0, 0.0]) == 1.0
    for label, pred in (([-huge, -huge], [huge, huge]), ([-huge, 0.0], [huge, 0.0])):
        found = measured(tmp_path, "medae", {"label": label, "pred": pred})
        assert (found.value, found.note) == (None, "the loss at this quantile of the rows is infinite")
    found = measured(tmp_path, "mdrae", {"label": [1.0, 1.0], "pred": [1.0, 2.0], "baseline": [1.0, 1.0]})
    assert (found.value, found.note) == (None, "the loss at this quantile of the rows is infinite")


def test_losses_relative_to_the_labels_by_hand(tmp_path: Any) -> None:
    label, pred = [1.0, 2.0, 6.0, 7.0], [2.0, 2.0, 6.0, 10.0]
    assert value_of(tmp_path, "rae", label, pred) == 4.0 / 10.0
    assert value_of(tmp_path, "rpiq", label, pred) == near((6.5 - 1.5) / math.sqrt(10.0 / 4.0), rel=1e-15)
    assert value_of(tmp_path, "nrmse:norm=iqr", label, pred) == near(math.sqrt(10.0 / 4.0) / 5.0, rel=1e-15)
    assert value_of(tmp_path, "nrmse", label, pred) == near(math.sqrt(10.0 / 4.0) / 4.0, rel=1e-15)
    found = measured(tmp_path, "nrmse:norm=iqr", {"label": [1.0, 3.0, 3.0, 3.0], "pred": [1.0] * 4})
    assert found.note is None
    found = measured(tmp_path, "nrmse:norm=iqr", {"label": [1.0] + [3.0] * 4, "pred": [1.0] * 5})
    assert found.note == "the labels have no size by which to divide: their iqr is 0"
    assert value_of(tmp_path, "rae", label, pred, [1.0, 0.0, 0.0, 2.0]) == near(7.0 / 8.0, rel=1e-15)
    for spec in ("rae", "d2_pinball", "d2_absolute_error"):
        found = measured(tmp_path, spec, {"label": [3.0, 3.0], "pred": [1.0, 2.0]})
        assert found.value is None
        assert found.note is not None
        assert found.note.startswith("all labels are one number")
    found = measured(tmp_path, "rpiq", {"label": [1.0, 2.0], "pred": [1.0, 2.0]})
    assert found.note == "the predictions are perfect: the ratio is infinite"


def test_rows_that_were_put_aside_have_the_same_quantiles(tmp_path: Any) -> None:
    rng = np.random.default_rng(3)
    columns = {"label": rng.normal(size=600_000), "pred": rng.normal(size=600_000), "w": rng.random(600_000)}
    for weight in (None, "w"):
        for spec in ("medae", "quantile_ae:quantile=0.99", "d2_pinball:quantile=0.2", "rae", "median_bias"):
            found = [
                measured(tmp_path, spec, columns, weight=weight, memory=memory).value
                for memory in (1 << 30, 16 << 20)
            ]
            assert found[0] == found[1] is not None, spec
