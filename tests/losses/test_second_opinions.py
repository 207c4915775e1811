"""Values of losses on the sample files that other tools give too; what was run stands beside each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from losscli.losses.class_scores import categorical_hinge, multiclass_hinge
from losscli.report.evaluate import evaluate

SAMPLES = Path(__file__).parents[2] / "sample_data"


@pytest.mark.parametrize(
    ("files", "options", "loss", "value"),
    [
        # scikit-learn 1.9.1: top_k_accuracy_score(label, p, k=2) and k=3
        (("digits_preds", "digits_labels"), {"pred": "p_*"}, "acc@2", 0.9925925925925926),
        (("digits_preds", "digits_labels"), {"pred": "p_*"}, "top_k_accuracy@3", 0.9962962962962963),
        # NumPy 2.4.6: label.std(ddof=1) / sqrt(mean((label - pred)**2)), as yardstick's `rpd`; and (pred - label).sum()
        (("diabetes_preds", "diabetes_labels"), {"pred": "pred"}, "rpd", 1.4085620121083888),
        (("diabetes_preds", "diabetes_labels"), {"pred": "pred"}, "cfe", -853.845030122819),
        # utilsforecast 0.2.17: pis, and cfe over mae
        (("diabetes_preds", "diabetes_labels"), {"pred": "pred"}, "pis", 8617.759971710555),
        (("diabetes_preds", "diabetes_labels"), {"pred": "pred"}, "tracking_signal", -17.537106026142986),
        # SciPy 1.17.1: spatial.distance.minkowski(label, pred, 3); NumPy 2.4.6: yardstick's iic
        (("diabetes_preds", "diabetes_labels"), {"pred": "pred"}, "minkowski@3", 369.2393052212399),
        (("diabetes_preds", "diabetes_labels"), {"pred": "pred"}, "iic", 0.6644978152800065),
        # NumPy 2.4.6: the formula of segmentation-models-pytorch's MCCLoss, with eps=0
        (("breast_cancer",), {"pred": "prob"}, "soft_mcc", 0.1748453235965396),
    ],
)
def test_a_value_is_that_of_another_tool(files, options, loss, value):
    report = evaluate(*(str(SAMPLES / f"{name}.csv") for name in files), loss=loss, **options)
    assert report.results[0].value == pytest.approx(value, rel=1e-14)


def test_the_hinge_of_keras_differs_where_all_rivals_are_below_zero():
    # Keras 3.15.1, `categorical_hinge`: max(0, 1 + max((1 - y) * s) - sum(y * s)) of each row.
    label, scores = np.array([0, 1, 2]), np.array([[2.0, 1.5, 0.0], [-3.0, -1.0, -2.5], [0.5, -1.0, 0.0]])
    assert categorical_hinge(label, scores).tolist() == [0.5, 2.0, 1.5]
    assert multiclass_hinge(label, scores).tolist() == [0.5, 0.0, 1.5]
