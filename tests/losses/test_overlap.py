"""Losses of overlap: values by hand, and those of other libraries for predicted classes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from measuring import results, value_of
from sklearn import metrics

from losscli.errors import UsageError
from losscli.loss.declare import Undefined
from losscli.losses.overlap import dice, focal_tversky, generalised_dice, jaccard_loss, tversky

MASK = [1, 1, 0, 0, 1, 0, 0, 1]
HARD = [1, 0, 0, 1, 1, 0, 0, 1]
SOFT = [0.75, 0.5, 0.25, 0.0, 1.0, 0.125, 0.0, 0.5]
WEIGHT = [1.0, 2.0, 0.5, 4.0, 1.0, 1.0, 0.25, 1.0]
CLASSES = ["cat", "dog", "cat", "cow", "cow", "dog"]
ROUNDING = 4e-16

SOFT_LOSSES = ["dice", "jaccard_loss", "tversky", "focal_tversky"]


def value(folder: Any, spec: str, label: Any = MASK, pred: Any = SOFT, weight: Any = None) -> Any:
    return value_of(folder, spec, label, pred, weight)


def of_classes(folder: Any, spec: str, chances: dict[str, Any], label: Any = CLASSES, **options: Any) -> Any:
    found = results(folder, spec, {"label": label} | chances, pred="p_*", **options)
    return {r.part["class"]: r.value for r in found} if len(found) > 1 else found[0].value


@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_of_predicted_masks_dice_is_one_minus_f1_and_jaccard_one_minus_its_index(
    weight: Any, tmp_path: Any
) -> None:
    f1 = metrics.f1_score(MASK, HARD, sample_weight=weight)
    iou = metrics.jaccard_score(MASK, HARD, sample_weight=weight)
    assert value(tmp_path, "dice", pred=HARD, weight=weight) == pytest.approx(1.0 - f1, rel=ROUNDING)
    assert value(tmp_path, "jaccard_loss", pred=HARD, weight=weight) == pytest.approx(1.0 - iou, rel=ROUNDING)


def test_the_soft_forms_by_hand(tmp_path: Any) -> None:
    # I = 2.75, P = 3.125, Y = 4: 1 - 5.5 / 7.125, and 1 - 2.75 / 4.375
    assert value(tmp_path, "dice") == pytest.approx(1.0 - 5.5 / 7.125, rel=ROUNDING)
    assert value(tmp_path, "jaccard_loss") == pytest.approx(1.0 - 2.75 / 4.375, rel=ROUNDING)


def test_alpha_weighs_false_alarms_and_beta_misses(tmp_path: Any) -> None:
    # FP = 0.375, FN = 1.25
    found = value(tmp_path, "tversky:alpha=2,beta=0")
    assert found == pytest.approx(1.0 - 2.75 / (2.75 + 2.0 * 0.375), rel=ROUNDING)
    found = value(tmp_path, "tversky:alpha=0,beta=2")
    assert found == pytest.approx(1.0 - 2.75 / (2.75 + 2.0 * 1.25), rel=ROUNDING)


def test_tversky_of_halves_is_dice_and_of_ones_the_jaccard_loss(tmp_path: Any) -> None:
    assert value(tmp_path, "tversky") == value(tmp_path, "dice")
    assert value(tmp_path, "tversky:alpha=1,beta=1") == value(tmp_path, "jaccard_loss")


def test_focal_tversky_is_a_power_of_tversky(tmp_path: Any) -> None:
    assert value(tmp_path, "focal_tversky:gamma=1") == value(tmp_path, "tversky")
    assert value(tmp_path, "focal_tversky:gamma=2") == pytest.approx(
        value(tmp_path, "tversky") ** 2, rel=ROUNDING
    )
    assert value(tmp_path, "focal_tversky") == pytest.approx(value(tmp_path, "tversky") ** 0.75, rel=ROUNDING)


def test_smooth_is_in_units_of_the_mean_area_of_a_row() -> None:
    third = Fraction(1, 3)
    assert dice(third, third, third, smooth=1.0) == 0
    assert dice(Fraction(0), Fraction(1, 2), Fraction(1, 2), smooth=1.0) == Fraction(1, 2)
    assert jaccard_loss(Fraction(0), Fraction(1, 2), Fraction(1, 2), smooth=1.0) == Fraction(1, 2)


@pytest.mark.parametrize("name", SOFT_LOSSES)
def test_an_empty_prediction_of_an_empty_mask_is_perfect_unless_asked_otherwise(
    name: str, tmp_path: Any
) -> None:
    empty = [0, 0, 0]
    assert value(tmp_path, name, empty, empty) == 0.0  # as optax and MONAI
    assert value(tmp_path, f"{name}:empty=one", empty, empty) == 1.0  # as keras
    assert value(tmp_path, f"{name}:empty=skip", empty, empty) is None
    # Something predicted where nothing is true is all wrong, not empty.
    assert value(tmp_path, name, empty, [0.0, 0.5, 0.0]) == 1.0


def test_a_class_without_any_area_is_left_out_of_the_mean(tmp_path: Any) -> None:
    chances = {
        "p_cat": [1.0, 0.0, 1.0, 0.0, 0.0, 0.0],
        "p_cow": [0.0, 0.0, 0.0, 1.0, 0.0, 0.0],
        "p_dog": [0.0, 1.0, 0.0, 0.0, 1.0, 1.0],
        "p_emu": [0.0] * 6,
    }
    # cat 0, cow 1 - 2/3, dog 1 - 4/5
    mean = (0.0 + 1.0 / 3.0 + 0.2) / 3.0
    assert of_classes(tmp_path, "dice", chances) == pytest.approx(mean, rel=ROUNDING)
    assert of_classes(tmp_path, "dice:empty=skip", chances) == pytest.approx(mean, rel=ROUNDING)
    assert of_classes(tmp_path, "dice:empty=one", chances) == pytest.approx(
        (3.0 * mean + 1.0) / 4.0, rel=ROUNDING
    )
    each = of_classes(tmp_path, "dice", chances, average="none")
    assert each == pytest.approx({"cat": 0.0, "cow": 1.0 / 3.0, "dog": 0.2, "emu": 0.0}, rel=ROUNDING)
    assert of_classes(tmp_path, "dice:empty=skip", chances, average="none")["emu"] is None


def test_micro_adds_the_areas_of_all_classes(tmp_path: Any) -> None:
    chances = {"p_cat": [0.5] * 6, "p_cow": [0.25] * 6, "p_dog": [0.25] * 6}
    # I = 2·½ + 2·¼ + 2·¼, P = Y = 6
    assert of_classes(tmp_path, "dice", chances, average="micro") == pytest.approx(
        1.0 - 4.0 / 12.0, rel=ROUNDING
    )
    with pytest.raises(UsageError, match="no weighted average"):
        of_classes(tmp_path, "dice", chances, average="weighted")


def test_weights_that_count_no_area_leave_nothing_to_divide_by() -> None:
    found = tversky(Fraction(0), Fraction(1, 2), Fraction(0), alpha=0.0)
    assert found == Undefined("no area counts under these weights")
    assert focal_tversky(Fraction(0), Fraction(1, 2), Fraction(0), alpha=0.0) == found


def test_generalised_dice_weighs_a_class_by_the_inverse_square_of_its_area(tmp_path: Any) -> None:
    chances = {
        "p_cat": [0.5, 0.0, 0.75, 0.5, 0.0, 0.0],
        "p_cow": [0.25, 0.5, 0.25, 0.5, 1.0, 0.25],
        "p_dog": [0.25, 0.5, 0.0, 0.0, 0.0, 0.75],
    }
    label = ["cat", "cow", "cat", "cow", "cow", "dog"]
    true = np.array([[name == c for c in ("cat", "cow", "dog")] for name in label], dtype=float)
    pred = np.array(list(chances.values())).T
    factor = 1.0 / true.sum(axis=0) ** 2
    wanted = (
        1.0 - 2.0 * (factor * (true * pred).sum(axis=0)).sum() / (factor * (true + pred).sum(axis=0)).sum()
    )
    assert of_classes(tmp_path, "generalised_dice", chances, label) == pytest.approx(wanted, rel=1e-15)
    # The same as several masks side by side.
    masks = {f"y_{c}": true[:, at] for at, c in enumerate(("cat", "cow", "dog"))} | chances
    found = results(tmp_path, "generalised_dice", masks, pred="p_*", label="y_*")[0].value
    assert found == pytest.approx(wanted, rel=1e-15)


def test_generalised_dice_gives_no_weight_to_a_class_that_is_not_there() -> None:
    half, none = Fraction(1, 2), Fraction(0)
    assert generalised_dice(half, half, half, none, Fraction(1, 8), none) == 0
    assert isinstance(generalised_dice(none, half, none), Undefined)
