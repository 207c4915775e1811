"""Losses of predicted classes, against scikit-learn, recorded values and tables counted by hand."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from measuring import results
from sklearn import metrics

from losscli.errors import UsageError
from losscli.losses import confusion
from losscli.numbers.confusion import Confusion, Counts

RNG = np.random.default_rng(21)
TRUE = RNG.integers(0, 4, 300)
PRED = np.where(RNG.random(300) < 0.6, TRUE, RNG.integers(0, 4, 300))
WEIGHT = RNG.integers(1, 9, 300) / 4.0
TWO, TWO_PRED = (TRUE > 1).astype(int), (PRED > 1).astype(int)

# scikit-learn sums a few hundred rows in doubles.
CLOSE = 1e-13

# 3 true positives, 1 false, 2 missed, 4 true negatives.
COUNTS = Counts(Fraction(3), Fraction(1), Fraction(2), Fraction(4))


def value(folder: Any, spec: str, label: Any, pred: Any, weight: Any = None, **options: Any) -> float | None:
    columns = {"label": label, "pred": pred} | ({} if weight is None else {"w": weight})
    return results(folder, spec, columns, weight=None if weight is None else "w", **options)[0].value


TWO_CLASS = {
    "precision": lambda y, f, **w: metrics.precision_score(y, f, **w),
    "recall": lambda y, f, **w: metrics.recall_score(y, f, **w),
    "specificity": lambda y, f, **w: metrics.recall_score(y, f, pos_label=0, **w),
    "npv": lambda y, f, **w: metrics.precision_score(y, f, pos_label=0, **w),
    "miss_rate": lambda y, f, **w: 1 - metrics.recall_score(y, f, **w),
    "fall_out": lambda y, f, **w: 1 - metrics.recall_score(y, f, pos_label=0, **w),
    "false_discovery": lambda y, f, **w: 1 - metrics.precision_score(y, f, **w),
    "false_omission": lambda y, f, **w: 1 - metrics.precision_score(y, f, pos_label=0, **w),
    "f1": lambda y, f, **w: metrics.f1_score(y, f, **w),
    "fbeta:beta=2": lambda y, f, **w: metrics.fbeta_score(y, f, beta=2, **w),
    "fbeta:beta=0.5": lambda y, f, **w: metrics.fbeta_score(y, f, beta=0.5, **w),
    "jaccard": lambda y, f, **w: metrics.jaccard_score(y, f, **w),
    "informedness": lambda y, f, **w: metrics.balanced_accuracy_score(y, f, adjusted=True, **w),
    "lr_plus": lambda y, f, **w: metrics.class_likelihood_ratios(y, f, **w)[0],
    "lr_minus": lambda y, f, **w: metrics.class_likelihood_ratios(y, f, **w)[1],
}


@pytest.mark.parametrize("name", TWO_CLASS)
@pytest.mark.parametrize("weighted", [False, True])
def test_losses_of_one_class_agree_with_scikit_learn(name: str, weighted: bool, tmp_path: Any) -> None:
    weight = WEIGHT if weighted else None
    wanted = TWO_CLASS[name](TWO, TWO_PRED, sample_weight=weight)
    assert value(tmp_path, name, TWO, TWO_PRED, weight) == pytest.approx(wanted, rel=CLOSE)


@pytest.mark.parametrize("average", ["macro", "micro", "weighted", "none"])
@pytest.mark.parametrize("name", ["precision", "recall", "f1", "jaccard"])
def test_averages_over_classes_are_those_of_scikit_learn(name: str, average: str, tmp_path: Any) -> None:
    reference = getattr(metrics, f"{name}_score")
    wanted = np.atleast_1d(
        reference(TRUE, PRED, average=None if average == "none" else average, sample_weight=WEIGHT)
    )
    columns = {"label": TRUE, "pred": PRED, "w": WEIGHT}
    found = results(tmp_path, name, columns, weight="w", average=average)
    assert [r.value for r in found] == pytest.approx(wanted.tolist(), rel=CLOSE)
    if average == "none":
        assert [r.part for r in found] == [{"class": str(c)} for c in range(4)]


@pytest.mark.parametrize("average", ["macro", "micro", "none"])
def test_labels_of_several_columns_are_each_one_class(average: str, tmp_path: Any) -> None:
    truth, guess = RNG.integers(0, 2, (80, 3)), RNG.integers(0, 2, (80, 3))
    columns = {f"y_{k}": truth[:, k] for k in range(3)} | {f"p_{k}": guess[:, k] for k in range(3)}
    wanted = metrics.f1_score(truth, guess, average=None if average == "none" else average)
    found = results(tmp_path, "f1", columns, label="y_0,y_1,y_2", pred="p_0,p_1,p_2", average=average)
    assert [r.value for r in found] == pytest.approx(np.atleast_1d(wanted).tolist(), rel=CLOSE)


TABLES = {
    "accuracy": lambda y, f, **w: metrics.accuracy_score(y, f, **w),
    "balanced_accuracy": lambda y, f, **w: metrics.balanced_accuracy_score(y, f, **w),
    "balanced_accuracy:adjusted=true": lambda y, f, **w: metrics.balanced_accuracy_score(y, f, adjusted=True, **w),
    "balanced_error": lambda y, f, **w: 1 - metrics.balanced_accuracy_score(y, f, **w),
    "mcc": lambda y, f, **w: metrics.matthews_corrcoef(y, f, **w),
    "kappa": lambda y, f, **w: metrics.cohen_kappa_score(y, f, **w),
    "kappa:weights=linear": lambda y, f, **w: metrics.cohen_kappa_score(y, f, weights="linear", **w),
    "kappa:weights=quadratic": lambda y, f, **w: metrics.cohen_kappa_score(y, f, weights="quadratic", **w),
    "ordinal_mae": lambda y, f, **w: metrics.mean_absolute_error(y, f, **w),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("classes", [2, 4])
def test_losses_of_the_table_agree_with_scikit_learn(
    name: str, weighted: bool, classes: int, tmp_path: Any
) -> None:
    label, pred = (TRUE, PRED) if classes == 4 else (TWO, TWO_PRED)
    weight = WEIGHT if weighted else None
    wanted = TABLES[name](label, pred, sample_weight=weight)
    assert value(tmp_path, name, label, pred, weight) == pytest.approx(wanted, rel=1e-12)


def test_the_detail_is_the_table_of_label_against_prediction(tmp_path: Any) -> None:
    columns = {"label": ["cat", "dog", "dog"], "pred": ["cat", "cat", "dog"], "w": [0.5, 2.0, 1.0]}
    for name in ("mcc", "accuracy", "kappa"):
        detail = results(tmp_path, name, columns, weight="w")[0].detail
        assert detail == {"classes": ["cat", "dog"], "confusion": [[0.5, 0.0], [2.0, 1.0]]}


def test_rates_of_a_table_counted_by_hand() -> None:
    # recall 3/5, specificity 4/5, precision 3/4, npv 4/6
    assert confusion.informedness(COUNTS) == Fraction(3, 5) + Fraction(4, 5) - 1
    assert confusion.markedness(COUNTS) == Fraction(3, 4) + Fraction(4, 6) - 1
    assert confusion.lr_plus(COUNTS) == Fraction(3, 5) / Fraction(1, 5)
    assert confusion.lr_minus(COUNTS) == Fraction(2, 5) / Fraction(4, 5)
    assert confusion.prevalence(COUNTS) == Fraction(1, 2)
    # log F - log H - log(1-F) + log(1-H) over the sum of the four logs, H = 0.6, F = 0.2
    logs = math.log(0.2), math.log(0.6), math.log(0.8), math.log(0.4)
    wanted = (logs[0] - logs[1] - logs[2] + logs[3]) / sum(logs)
    assert float(confusion.sedi(COUNTS)) == pytest.approx(wanted, rel=1e-14)


def test_mcc_of_two_classes_is_the_geometric_mean_of_informedness_and_markedness(tmp_path: Any) -> None:
    found = [value(tmp_path, name, TWO, TWO_PRED, WEIGHT) for name in ("mcc", "informedness", "markedness")]
    assert found[0] == pytest.approx(math.sqrt(found[1] * found[2]), rel=1e-14)  # type: ignore[operator]


def test_g_mean_is_the_geometric_mean_of_the_recalls(tmp_path: Any) -> None:
    # imblearn.metrics.geometric_mean_score: the C-th root of the product of the classes' recalls.
    for label, pred in ((TWO, TWO_PRED), (TRUE, PRED)):
        recalls = metrics.recall_score(label, pred, average=None)
        wanted = float(np.prod(recalls) ** (1 / len(recalls)))
        assert value(tmp_path, "g_mean", label, pred) == pytest.approx(wanted, rel=CLOSE)
    assert value(tmp_path, "g_mean", [0, 1, 2], [0, 1, 1]) == 0.0
    assert value(tmp_path, "g_mean", [0, 1, 2, 2], [0, 1, 2, 2]) == 1.0


# ------------------------------------------------------------------------------------------------
# Conventions
# ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["precision", "npv", "f1", "fbeta:beta=2,", "jaccard", "recall", "fall_out"])
def test_a_share_of_nothing_is_not_defined_unless_a_convention_is_named(name: str, tmp_path: Any) -> None:
    nothing = {"precision": (0, 1, 0), "npv": (1, 0, 1), "recall": (1, 0, 0), "fall_out": (0, 1, 1)}
    one = nothing.get(name, (0, 0, 0))
    label, pred = ([one[1], one[2]], [one[0], one[0]]) if name in nothing else ([0, 0], [0, 0])
    if name in ("recall", "fall_out"):
        label, pred = [one[1], one[1]], [one[0], one[2]]
    glue = "" if name.endswith(",") else ":"
    plain = value(tmp_path, name.rstrip(","), label, pred)
    assert plain is None
    assert value(tmp_path, f"{name}{glue}zero_division=zero", label, pred) == 0.0
    assert value(tmp_path, f"{name}{glue}zero_division=one", label, pred) == 1.0


def test_f1_without_a_true_positive_is_zero_where_there_is_a_false_one(tmp_path: Any) -> None:
    assert value(tmp_path, "f1", [1, 0], [0, 0]) == 0.0 == metrics.f1_score([1, 0], [0, 0])


def test_mcc_and_kappa_of_one_class_are_not_defined_where_libraries_say_zero(tmp_path: Any) -> None:
    # scikit-learn and CatBoost 0.0 for MCC, TorchMetrics 0.4082; kappa NaN.
    assert value(tmp_path, "mcc", [1, 1, 0], [1, 1, 1]) is None
    assert value(tmp_path, "mcc:zero_division=zero", [1, 1, 0], [1, 1, 1]) == 0.0
    assert value(tmp_path, "kappa", [1, 1, 1], [1, 1, 1]) is None
    assert value(tmp_path, "kappa:zero_division=one", [1, 1, 1], [1, 1, 1]) == 1.0


def test_likelihood_ratios_are_not_made_up_where_they_are_infinite(tmp_path: Any) -> None:
    found = results(tmp_path, "lr_plus", {"label": [1, 0], "pred": [1, 0]})[0]
    assert (found.value, found.note) == (None, "there is no false alarm: the ratio is infinite")


def test_balanced_accuracy_leaves_out_classes_that_no_row_is_of(tmp_path: Any) -> None:
    # scikit-learn warns: `y_pred contains classes not in y_true`
    assert value(tmp_path, "balanced_accuracy", [0, 0, 1], [0, 2, 1]) == 0.75


def test_a_macro_average_leaves_out_a_class_that_is_in_neither_column(tmp_path: Any) -> None:
    # Three class columns, two classes seen: the third has nothing to measure.
    columns = {"label": ["a", "b"], "p_a": [0.9, 0.2], "p_b": [0.1, 0.7], "p_c": [0.0, 0.1]}
    assert results(tmp_path, "recall", columns, pred="p_a,p_b,p_c")[0].value == 1.0


def test_the_positive_class_is_one_or_the_one_named(tmp_path: Any) -> None:
    columns = {"label": ["spam", "ham", "ham"], "pred": ["spam", "spam", "ham"]}
    assert results(tmp_path, "precision", columns, pos_label="spam")[0].value == 0.5
    assert results(tmp_path, "precision", columns, pos_label="ham")[0].value == 1.0
    assert results(tmp_path, "precision", columns)[0].value == 0.75  # macro
    assert value(tmp_path, "precision", [1, -1, -1], [1, 1, -1]) == 0.5


def test_a_probability_predicts_class_one_above_the_threshold(tmp_path: Any) -> None:
    label, pred = [1, 1, 0, 0], [0.9, 0.5, 0.25, 0.75]
    assert value(tmp_path, "recall", label, pred) == 0.5  # 0.5 is not greater than 0.5
    assert value(tmp_path, "recall:threshold=0.4", label, pred) == 1.0


# ------------------------------------------------------------------------------------------------
# The order of classes
# ------------------------------------------------------------------------------------------------

GRADES = {"label": ["low", "mid", "high", "high"], "pred": ["mid", "mid", "low", "high"]}


def test_text_has_an_order_only_where_it_is_told(tmp_path: Any) -> None:
    for spec in ("ordinal_mae", "kappa:weights=linear"):
        found = results(tmp_path, spec, GRADES)[0]
        assert found.value is None
        assert "--classes" in (found.note or "")
    order = ["low", "mid", "high"]
    assert results(tmp_path, "ordinal_mae", GRADES, classes=order)[0].value == 0.75  # (1 + 0 + 2 + 0) / 4
    places = [[order.index(grade) for grade in column] for column in GRADES.values()]
    wanted = metrics.cohen_kappa_score(*places, weights="quadratic")
    found = results(tmp_path, "kappa:weights=quadratic", GRADES, classes=order)[0]
    assert found.value == pytest.approx(wanted, rel=CLOSE)
    assert results(tmp_path, "kappa", GRADES)[0].value is not None


def test_a_class_outside_the_order_is_named(tmp_path: Any) -> None:
    found = results(tmp_path, "ordinal_mae", GRADES, classes=["low", "mid"])[0]
    assert (found.value, "`high`" in (found.note or "")) == (None, True)


def test_distances_are_places_among_the_classes_there_are_or_that_are_named(tmp_path: Any) -> None:
    label, pred = [1, 5, 5], [5, 5, 1]
    assert value(tmp_path, "ordinal_mae", label, pred) == pytest.approx(2 / 3)
    classes = ["1", "2", "3", "4", "5"]
    assert value(tmp_path, "ordinal_mae", label, pred, classes=classes) == pytest.approx(8 / 3)
    # Between two classes all weights are one: the distance cancels from kappa.
    assert value(tmp_path, "kappa:weights=linear", label, pred, classes=classes) == value(
        tmp_path, "kappa", label, pred
    )


def test_an_average_that_a_table_has_not_is_refused(tmp_path: Any) -> None:
    columns = {"y_0": [0, 1], "y_1": [1, 1], "p_0": [0, 1], "p_1": [1, 0]}
    asked = {"label": "y_0,y_1", "pred": "p_0,p_1"}
    assert results(tmp_path, "accuracy", columns, **asked)[0].value == 0.75
    with pytest.raises(UsageError, match="has no micro average"):
        results(tmp_path, "accuracy", columns, average="micro", **asked)


# ------------------------------------------------------------------------------------------------
# The table
# ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("classes", [2, 40, 100_000])
def test_a_table_holds_the_exact_weight_of_every_pair(classes: int) -> None:
    rng = np.random.default_rng(classes)
    label, pred = rng.integers(-3, classes - 3, 2000), rng.integers(-3, classes - 3, 2000)
    weight = rng.exponential(1.0, 2000) * 10.0 ** rng.integers(-300, 300, 2000)
    wanted: dict[tuple[int, int], Fraction] = {}
    for a, b, w in zip(label.tolist(), pred.tolist(), weight.tolist(), strict=True):
        wanted[a, b] = wanted.get((a, b), Fraction(0)) + Fraction(w)
    found = Confusion.of([label, pred], weight)
    assert {pair: held.fraction for pair, held in found.cells.items()} == wanted


@pytest.mark.parametrize("weighted", [False, True])
def test_roc_distance_is_that_of_yardstick_of_rates_of_scikit_learn(weighted: bool, tmp_path: Any) -> None:
    """yardstick's roc_dist is sqrt((1 - sensitivity)^2 + (1 - specificity)^2)."""
    weight = WEIGHT if weighted else None
    rates = [metrics.recall_score(TWO, TWO_PRED, pos_label=side, sample_weight=weight) for side in (1, 0)]
    wanted = math.hypot(1 - rates[0], 1 - rates[1])
    assert value(tmp_path, "roc_distance", TWO, TWO_PRED, weight) == pytest.approx(wanted, rel=CLOSE)
