"""Losses of predicted quantiles and intervals: values by hand, and those of other libraries."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import mean_pinball_loss

from losscli.errors import DataError, UsageError
from losscli.losses.quantile import calib_mae, crps_quantile, interval_score, mean_pinball, pinball, wis
from losscli.report.evaluate import evaluate
from losscli.report.records import Result

LABEL = [10.0, 12.0, 7.5, 3.0]
QUANTILES = {
    "q_0.9": [12.0, 11.0, 9.0, 5.0],
    "q_0.1": [8.0, 7.0, 8.0, 1.0],
    "q_0.5": [10.5, 9.0, 8.5, 3.0],
}
"""Out of order on purpose: the names say which level a column is of."""
WEIGHT = [1.0, 2.0, 0.5, 4.0]
ROUNDING = 4e-16  # a few roundings of a double


def measured(folder: Any, spec: str, columns: dict[str, Any], **options: Any) -> Result:
    path = str(folder / "rows.parquet")
    pq.write_table(pa.table(columns), path)
    return evaluate(path, loss=[spec], **({"label": "label"} | options)).results[0]


def of_levels(folder: Any, spec: str, columns: dict[str, Any] = QUANTILES, **more: Any) -> Any:
    options = {"weight": "weight"} if "weight" in more else {}
    return measured(folder, spec, {"label": LABEL} | columns | more, pred="q_*", **options).value


def of_interval(folder: Any, spec: str, lower: Any, upper: Any, label: Any = LABEL, **more: Any) -> Any:
    columns = {"label": label, "lo": lower, "hi": upper} | more
    options = {"weight": "weight"} if "weight" in more else {}
    return measured(folder, spec, columns, pred="lower=lo,upper=hi", **options).value


def by_scikit_learn(weight: Any = None) -> list[float]:
    return [
        mean_pinball_loss(LABEL, QUANTILES[f"q_{level}"], alpha=level, sample_weight=weight)
        for level in (0.1, 0.5, 0.9)
    ]


@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_pinball_is_that_of_scikit_learn(level: float, weight: Any, tmp_path: Any) -> None:
    columns = {"label": LABEL, "pred": QUANTILES[f"q_{level}"], "weight": WEIGHT}
    options = {"pred": "pred"} | ({"weight": "weight"} if weight else {})
    found = measured(tmp_path, f"pinball:quantile={level}", columns, **options).value
    wanted = mean_pinball_loss(LABEL, QUANTILES[f"q_{level}"], alpha=level, sample_weight=weight)
    assert found == pytest.approx(wanted, rel=ROUNDING)


@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_mean_pinball_is_the_mean_over_the_levels_in_whatever_order_the_columns_stand(
    weight: Any, tmp_path: Any
) -> None:
    more = {"weight": weight} if weight else {}
    assert of_levels(tmp_path, "mean_pinball", **more) == pytest.approx(
        np.mean(by_scikit_learn(weight)), rel=1e-15
    )


def test_factor_two_is_the_convention_of_gluonts() -> None:
    # At the median twice the pinball loss is the absolute error.
    label, pred = np.array([3.0]), np.array([5.5])
    assert pinball(label, pred, factor=2).tolist() == [2.5]
    assert mean_pinball(label, pred[:, None], levels=(0.5,), factor=2).tolist() == [2.5]


def test_wis_and_crps_quantile_are_twice_the_mean_pinball_loss(tmp_path: Any) -> None:
    wanted = 2.0 * float(np.mean(by_scikit_learn()))
    assert of_levels(tmp_path, "wis") == pytest.approx(wanted, rel=1e-15)
    assert of_levels(tmp_path, "crps_quantile") == pytest.approx(wanted, rel=1e-15)


def test_wis_of_a_perfect_median_is_not_zero_but_the_width() -> None:
    # (0.5·0 + (0.2/2)·2) / 1.5; scoringrules 0.10.0 without numba gives 3.4667, by adding the median itself.
    found = wis(np.array([10.0]), np.array([[9.0, 10.0, 11.0]]), levels=(0.1, 0.5, 0.9))
    assert found == pytest.approx([0.2 / 1.5], rel=ROUNDING)


def test_wis_weighs_interval_scores_by_half_of_what_they_leave_out() -> None:
    # y = 14 beyond both intervals, levels 0.8 and 0.5:  IS = 2 + (2/0.2)·3 = 32 and 1 + (2/0.5)·3.5 = 15
    pred = np.array([[9.0, 9.5, 10.0, 10.5, 11.0]])
    found = wis(np.array([14.0]), pred, levels=(0.1, 0.25, 0.5, 0.75, 0.9))
    assert found == pytest.approx([(0.5 * 4.0 + 0.1 * 32.0 + 0.25 * 15.0) / 2.5], rel=ROUNDING)


def test_wis_refuses_levels_without_a_median_or_a_partner(tmp_path: Any) -> None:
    for names in (["q_0.1", "q_0.9"], ["q_0.1", "q_0.5", "q_0.8"], ["q_0.1", "q_0.3", "q_0.9"]):
        columns = dict(zip(names, QUANTILES.values(), strict=False))
        with pytest.raises(UsageError, match="a median, and the other levels in pairs") as error:
            of_levels(tmp_path, "wis", columns)
        assert all(name in str(error.value) for name in names)


def test_wql_divides_by_the_absolute_labels(tmp_path: Any) -> None:
    # Labels of both signs: utilsforecast 0.2.16 divided by their sum, which can be anything.
    columns = {"label": [-10.0, 20.0], "q_0.5": [-9.0, 21.0], "q_0.9": [-9.0, 21.0]}
    found = measured(tmp_path, "wql", columns, pred="q_*").value
    # Twice the pinball losses: 1 + 1 at the median, 0.2 + 0.2 at 0.9; over 30, and over two levels.
    assert found == pytest.approx((2.0 + 0.4) / 30.0 / 2.0, rel=1e-15)


def test_wql_of_zero_labels_is_not_defined(tmp_path: Any) -> None:
    columns = {"label": [0.0, 0.0], "q_0.1": [1.0, 2.0], "q_0.9": [1.0, 2.0]}
    result = measured(tmp_path, "wql", columns, pred="q_*")
    assert (result.value, result.note) == (None, "all labels are 0")


def test_wql_counts_weights(tmp_path: Any) -> None:
    size = np.dot(WEIGHT, LABEL)
    wanted = 2.0 * np.mean(by_scikit_learn(WEIGHT)) * sum(WEIGHT) / size
    assert of_levels(tmp_path, "wql", weight=WEIGHT) == pytest.approx(wanted, rel=1e-15)


def test_interval_score_fines_only_what_lies_outside(tmp_path: Any) -> None:
    label = [4.0, 8.0, 3.0, 9.0]
    # The ends are no misses; one below and one above by 1, each 2 / 0.5.
    assert of_interval(tmp_path, "interval_score:level=0.5", [4.0] * 4, [8.0] * 4, label) == 4.0 + 8.0 / 4.0


def test_an_interval_score_is_the_pinball_losses_of_its_ends() -> None:
    # IS = (2 / a) (pinball of a/2 + pinball of 1 - a/2), by arithmetic; levels that are exact in binary.
    label = np.array([1.0, 6.0, 12.5])
    lower, upper = np.array([2.0, 2.0, 2.0]), np.array([9.0, 9.0, 9.0])
    ends = pinball(label, lower, quantile=0.25) + pinball(label, upper, quantile=0.75)
    assert interval_score(label, lower, upper, level=0.5).tolist() == (4.0 * ends).tolist()


def test_coverage_is_closed_at_both_ends_and_counts_weights(tmp_path: Any) -> None:
    label = [4.0, 8.0, 3.0, 9.0]
    assert of_interval(tmp_path, "coverage", [4.0] * 4, [8.0] * 4, label) == 0.5
    assert of_interval(tmp_path, "coverage", [4.0] * 4, [8.0] * 4, label, weight=[1.0, 2.0, 1.0, 0.0]) == 0.75


def test_interval_width_does_not_look_at_the_label(tmp_path: Any) -> None:
    assert of_interval(tmp_path, "interval_width", [0.0, 1.0], [1.0, 4.0], [50.0, -50.0]) == 2.0


@pytest.mark.parametrize("spec", ["interval_score", "coverage", "interval_width"])
def test_an_upper_end_below_the_lower_is_refused_with_its_row(spec: str, tmp_path: Any) -> None:
    with pytest.raises(DataError, match="lower <= upper in every row; 2 of 4 rows") as error:
        of_interval(tmp_path, spec, [0.0, 0.0, 5.0, 5.0], [1.0, 0.0, 4.0, 3.0])
    assert (error.value.row, error.value.column) == (3, "hi")
    assert "4 is below the lower of the row, 5" in error.value.message


def test_a_role_of_one_column_is_not_given_several(tmp_path: Any) -> None:
    columns = {"label": LABEL, "lo": LABEL, "hi_1": LABEL, "hi_2": LABEL}
    with pytest.raises(UsageError, match="one column for `upper`, not 2"):
        measured(tmp_path, "coverage", columns, pred="lower=lo,upper=hi_*")


def test_scaled_losses_divide_each_row_by_its_scale(tmp_path: Any) -> None:
    scale = [2.0, 4.0, 0.5, 1.0]
    columns = {"label": LABEL, "pred": QUANTILES["q_0.9"], "s": scale}
    found = measured(tmp_path, "scaled_pinball:quantile=0.5,scale=s", columns, pred="pred").value
    # |e| = 2, 1, 1.5, 2, halved and divided: 0.5, 0.125, 1.5, 1
    assert found == 3.125 / 4.0
    level = of_levels(tmp_path, "scaled_pinball:scale=s", s=scale)
    by_level = [
        mean_pinball_loss(LABEL, QUANTILES[f"q_{q}"], alpha=q, sample_weight=1 / np.array(scale))
        for q in (0.1, 0.5, 0.9)
    ]
    assert level == pytest.approx(np.mean(by_level) * np.mean(1 / np.array(scale)), rel=1e-15)


def test_msis_is_the_interval_score_over_the_scale(tmp_path: Any) -> None:
    # (4 + (2/0.5)·1) / 2 and 4 / 4
    found = of_interval(tmp_path, "msis:level=0.5,scale=s", [4.0, 4.0], [8.0, 8.0], [3.0, 5.0], s=[2.0, 4.0])
    assert found == (4.0 + 1.0) / 2.0


def test_calib_mae_is_the_mean_distance_of_coverage_from_its_level(tmp_path: Any) -> None:
    # Labels at most the quantile: 1 of 4 at 0.1, 3 of 4 at 0.5 (one is equal), 3 of 4 at 0.9.
    assert of_levels(tmp_path, "calib_mae") == pytest.approx((0.15 + 0.25 + 0.15) / 3.0, rel=ROUNDING)


def test_nine_labels_in_ten_below_the_ninth_decile_are_exactly_right() -> None:
    assert calib_mae(Fraction(9, 10), levels=(0.9,)) == 0


def test_crossing_rate_goes_by_the_levels_and_lets_ties_pass(tmp_path: Any) -> None:
    columns = {"q_0.9": [3.0, 2.0, 1.0, 3.0], "q_0.1": [1.0, 2.0, 2.0, 1.0], "q_0.5": [2.0, 2.0, 1.5, 4.0]}
    assert of_levels(tmp_path, "crossing_rate", columns) == 0.5
    assert of_levels(tmp_path, "crossing_rate", columns, weight=[1.0, 1.0, 2.0, 0.0]) == 0.5


def test_crps_quantile_of_one_number_at_every_level_is_near_its_absolute_error() -> None:
    levels = tuple((k + 0.5) / 100.0 for k in range(100))
    found = crps_quantile(np.array([3.0]), np.full((1, 100), 5.0), levels=levels)
    # The levels are even around 0.5, so the factors q and 1 - q have the mean 1/2.
    assert found == pytest.approx([2.0], rel=1e-14)


def test_a_level_must_be_in_the_name_of_the_column(tmp_path: Any) -> None:
    with pytest.raises(UsageError, match="does not name a quantile level"):
        measured(tmp_path, "calib_mae", {"label": LABEL, "a": LABEL, "b": LABEL}, pred="a,b")


def test_quantile_is_refused_as_a_name_of_two_losses(tmp_path: Any) -> None:
    with pytest.raises(UsageError, match="`pinball` or `mean_pinball`"):
        of_levels(tmp_path, "quantile")


# ---------------------------------------------------------------------- intervals without an end

UNBOUNDED = ["label,lo,hi,s", "1,-inf,2,1", "5,4,inf,1", "3,-inf,inf,2", "9,1,2,1"]


def unbounded(here, text, *call):
    text("t.csv", UNBOUNDED)
    ran = here("eval", "t.csv", "-p", "lower=lo,upper=hi", *call, "--json")
    assert ran.code == 0, ran.err
    return json.loads(ran.out)["results"]


def test_coverage_takes_intervals_that_reach_without_end(here, text):
    assert [one["value"] for one in unbounded(here, text, "-l", "coverage")] == [0.75]


@pytest.mark.parametrize("loss", ["interval_width", "interval_score:level=0.9", "msis:scale=s"])
def test_a_width_without_end_has_no_mean_and_the_note_says_in_which_rows(here, text, loss):
    (found,) = unbounded(here, text, "-l", loss)
    assert (found["value"], found["note"]) == (None, "the losses of 3 rows are infinite, first in row 1")
    finite = unbounded(here, text, "-l", loss, "--where", "label == 9")
    assert finite[0]["value"] is not None


@pytest.mark.parametrize(("row", "column"), [("1,inf,inf,1", "lo"), ("1,-inf,-inf,1", "hi")])
def test_an_interval_does_not_begin_above_or_end_below_all_numbers(here, text, row, column):
    text("t.csv", [UNBOUNDED[0], row])
    ran = here("eval", "t.csv", "-p", "lower=lo,upper=hi", "-l", "coverage").block()
    assert (ran.code, f"column `{column}`, row 1" in ran.err) == (3, True)


def test_interval_violation_is_the_distance_to_the_nearer_end_by_hand(tmp_path: Any) -> None:
    # As sktime's ConstraintViolation: 10 lies 2 above 8, 12 inside, 7.5 at an end, 3 lies 1.5 below 4.5.
    lower, upper = [6.0, 11.0, 7.5, 4.5], [8.0, 13.0, 9.0, 5.0]
    assert of_interval(tmp_path, "interval_violation", lower, upper) == (2.0 + 1.5) / 4
    weighted = (1.0 * 2.0 + 4.0 * 1.5) / 7.5
    assert of_interval(tmp_path, "interval_violation", lower, upper, weight=WEIGHT) == pytest.approx(
        weighted, rel=ROUNDING
    )
