"""Gaps of rates between groups are those of fairlearn, whatever the groups are called."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from draws import write

from losscli.errors import DataError, UsageError
from losscli.report.evaluate import evaluate

LABELS = list(map(int, "100100111100100000101010000011"))
PREDICTED = list(map(int, "100101111100100000101001011111"))
GROUPS = list("bbacbaabcaabcbbbbccacbaacbbbba")
WEIGHTS = list(map(float, "213132122231331131132232222131"))
NAMES = ["demographic_parity", "equal_opportunity", "predictive_equality", "equalised_odds"]
BY_FAIRLEARN = {  # 0.15.0: its four differences, the third by MetricFrame(false_positive_rate)
    None: [0.28571428571428575, 0.25, 0.4, 0.4],
    "w": [0.35, 0.4285714285714286, 0.3076923076923077, 0.4285714285714286],
}


def rows_file(folder: Any, **columns: Any) -> str:
    path = os.path.join(folder, "rows.parquet")
    write(path, {"label": LABELS, "pred": PREDICTED, "g": GROUPS, "w": WEIGHTS} | columns)
    return path


def gaps(path: str, **options: Any) -> list[float | None]:
    results = evaluate(path, loss=[f"{name}:group=g" for name in NAMES], **options).results
    return [result.value for result in results if not result.slice]


@pytest.mark.parametrize("weight", [None, "w"])
@pytest.mark.parametrize("chunk_rows", [1, 7, 1 << 16])
def test_gaps_are_those_of_fairlearn(chunk_rows: int, weight: str | None, tmp_path: Any) -> None:
    found = gaps(rows_file(tmp_path), weight=weight, chunk_rows=chunk_rows)
    assert found == pytest.approx(BY_FAIRLEARN[weight], rel=1e-15)


@pytest.mark.parametrize("groups", [[0, 1, 2], [-7, 3, 10**15], ["0", "tp", "3"], ["x", 2, 1]])
def test_what_the_groups_are_called_does_not_matter(groups: list[Any], tmp_path: Any) -> None:
    named = [groups["abc".index(group)] for group in GROUPS]
    path = os.path.join(tmp_path, "rows.csv")
    lines = [",".join(map(str, row)) for row in zip(LABELS, PREDICTED, named, strict=True)]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(["label,pred,g", *lines]) + "\n")
    assert gaps(path, chunk_rows=4) == pytest.approx(BY_FAIRLEARN[None], rel=1e-15)


def test_labels_may_be_text_and_predictions_chances(tmp_path: Any) -> None:
    labels = np.array(["no", "yes"])[LABELS]
    chances = np.where(np.array(PREDICTED) == 1, 0.61, 0.6)
    path = rows_file(tmp_path, label=labels, pred=chances)
    asked = [f"{name}:group=g,threshold=0.6" for name in NAMES]
    found = evaluate(path, loss=asked, pos_label="yes").results
    assert [result.value for result in found] == pytest.approx(BY_FAIRLEARN[None], rel=1e-15)


def test_the_detail_has_the_outcomes_of_each_group(tmp_path: Any) -> None:
    path = rows_file(tmp_path, label=[1, 1, 0, 0], pred=[1, 0, 1, 0], g=["a", "a", "b", "b"], w=[1.0] * 4)
    found = evaluate(path, loss=["demographic_parity:group=g"]).results[0]
    none = dict.fromkeys(("tn", "fp", "fn", "tp"), 0.0)
    assert found.value == 0.0
    assert found.detail == {
        "by_group": {"a": none | {"tp": 1.0, "fn": 1.0}, "b": none | {"fp": 1.0, "tn": 1.0}}
    }


def test_a_gap_needs_two_groups_and_the_rows_that_its_rate_is_of(tmp_path: Any) -> None:
    path = rows_file(tmp_path)
    asked = [f"{name}:group=g" for name in NAMES]
    one = evaluate(path, loss=asked, where="g == 'a'").results
    assert {result.note for result in one} == {"all rows are of one group, and a gap is between two"}
    some = evaluate(path, loss=asked, where="label == 1 or g != 'b'").results
    assert [result.value is None for result in some] == [False, False, True, True]
    assert some[2].note == some[3].note == "group `b` has no row whose label is negative"


def test_the_column_of_the_groups_must_be_named_and_full(tmp_path: Any) -> None:
    with pytest.raises(UsageError) as caught:
        evaluate(rows_file(tmp_path), loss=["equal_opportunity"])
    assert caught.value.hint == "name a column: `equal_opportunity:group=COLUMN`"
    path = rows_file(tmp_path, g=[None, *GROUPS[1:]])
    with pytest.raises(DataError, match="missing"):
        evaluate(path, loss=["equal_opportunity:group=g"])
    found = evaluate(path, loss=["equal_opportunity:group=g"], nan="drop")
    assert found.results[0].rows == len(GROUPS) - 1
