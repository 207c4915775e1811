"""The mean area over pairs of classes is that of LightGBM, and does not depend on the cut."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from draws import write

from losscli.report.evaluate import evaluate

SCORES = [
    [0.875, 0.75, 0.0], [0.75, 0.625, 0.5], [0.625, 0.25, 1.125], [0.25, 0.25, 0.375], [0.5, 0.625, 0.125],
    [0.0, 0.0, 0.25], [0.375, 0.875, 0.125], [0.625, 1.0, 0.125], [0.25, 0.375, 0.5], [1.125, 0.125, 0.875],
    [0.75, 1.0, 0.0], [0.375, 0.625, 0.625],
]  # fmt: skip
LABELS = [0, 1, 2] * 4
BY_LIGHTGBM = 0.8854166666666666  # 4.7.0: the metric auc_mu of these raw scores


def scores_file(folder: Any, label: Any, scores: Any, **more: Any) -> str:
    path = os.path.join(folder, "rows.parquet")
    write(path, {"y": label, **{f"p_{c}": column for c, column in enumerate(np.array(scores).T)}, **more})
    return path


@pytest.mark.parametrize("chunk_rows", [1, 5, 1 << 16])
def test_the_area_over_differences_of_scores_is_that_of_lightgbm(chunk_rows: int, tmp_path: Any) -> None:
    path = scores_file(tmp_path, LABELS, SCORES)
    found = evaluate(path, loss=["auc_mu"], pred="p_*", label="y", chunk_rows=chunk_rows).results[0]
    assert found.value == BY_LIGHTGBM
    assert (found.rows, found.better) == (12, "higher")


def test_of_two_classes_it_is_the_area_under_the_curve_of_the_difference(tmp_path: Any) -> None:
    rng = np.random.default_rng(3)
    label, scores = rng.integers(0, 2, 80), rng.integers(0, 9, (80, 2)) / 8
    weight = rng.integers(1, 4, 80).astype(np.float64)
    path = scores_file(tmp_path, label, scores, w=weight, gap=scores[:, 1] - scores[:, 0])
    found = evaluate(path, loss=["auc_mu"], pred="p_*", label="y", weight="w").results[0]
    assert found.value == evaluate(path, loss=["auc"], pred="gap", label="y", weight="w").results[0].value


def test_a_class_without_rows_leaves_pairs_undefined(tmp_path: Any) -> None:
    path = scores_file(tmp_path, LABELS, SCORES)
    found = evaluate(path, loss=["auc_mu"], pred="p_*", label="y", where="y != 2").results[0]
    assert found.value is None
    assert found.note == "1 of 3 class has no row, and it takes every pair of classes"
