"""Losses of series: scales from a training file, and the naive forecast within the file that is measured."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import pytest

from losscli.errors import DataError, UsageError
from losscli.reading import jsonl
from losscli.report.evaluate import evaluate
from losscli.report.records import Result

TRAIN = {"a": [10.0, 12.0, 11.0, 15.0, 13.0], "b": [100.0, 130.0, 120.0, 90.0]}
TEST = {"a": [(14.0, 13.0), (15.0, 13.5)], "b": [(140.0, 120.0), (150.0, 155.0), (110.0, 130.0)]}


def write(path: Any, header: str, rows: Sequence[Sequence[Any]]) -> str:
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return str(path)


@pytest.fixture
def train(tmp_path: Any) -> str:
    """The rows of the series mixed, and not in the order of time."""
    rows = [
        (name, f"2024-01-{day + 1:02}", value)
        for name, held in TRAIN.items()
        for day, value in enumerate(held)
    ]
    return write(tmp_path / "train.csv", "store,day,sales", sorted(rows, key=lambda row: (row[2] * 7) % 11))


@pytest.fixture
def test(tmp_path: Any) -> str:
    rows = [
        (name, f"2024-02-{day + 1:02}", *pair) for name, held in TEST.items() for day, pair in enumerate(held)
    ]
    return write(tmp_path / "test.csv", "store,day,sales,forecast", rows[::-1])


def measured(path: str, spec: str, **more: Any) -> Result:
    options = {"label": "sales", "pred": "forecast", "group": "store", "time": "day"} | more
    return evaluate(path, loss=[spec], **options).results[0]


def scale(values: Sequence[float], season: int, power: int) -> float:
    """The mean of the naive errors, by hand."""
    errors = [abs(b - a) ** power for a, b in zip(values, values[season:], strict=False)]
    return sum(errors) / len(errors)


@pytest.mark.parametrize("season", [1, 2, 3])
def test_a_scaled_loss_is_the_mean_over_series_of_each_in_units_of_its_own_training(
    train: str, test: str, season: int
) -> None:
    by_hand = {"mase": [], "msse": [], "rmsse": []}  # type: dict[str, list[float]]
    for name, rows in TEST.items():
        absolute = sum(abs(f - y) for y, f in rows) / len(rows)
        squared = sum((f - y) ** 2 for y, f in rows) / len(rows)
        by_hand["mase"].append(absolute / scale(TRAIN[name], season, 1))
        by_hand["msse"].append(squared / scale(TRAIN[name], season, 2))
        by_hand["rmsse"].append(math.sqrt(by_hand["msse"][-1]))
    for loss, values in by_hand.items():
        found = measured(test, f"{loss}:train={train},season={season}")
        assert found.value == pytest.approx(sum(values) / len(values), rel=1e-14)


def test_without_time_the_rows_of_a_training_file_are_in_order(tmp_path: Any, test: str) -> None:
    rows = [(name, value) for name, held in TRAIN.items() for value in held]
    path = write(tmp_path / "ordered.csv", "store,sales", rows)
    found = measured(test, f"mase:train={path}", time=None)
    wanted = [
        sum(abs(f - y) for y, f in rows) / len(rows) / scale(TRAIN[name], 1, 1) for name, rows in TEST.items()
    ]
    assert found.value == pytest.approx(sum(wanted) / 2, rel=1e-14)


def test_a_column_of_a_training_file_may_begin_after_its_head(
    tmp_path: Any, test: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonl, "PART_BYTES", 16)
    rows = [{"sales": value, "store": name} for name, held in TRAIN.items() for value in held]
    path = tmp_path / "train.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in [{"sales": 1.0}, *rows]))
    # The column is found: the row of the head, which lacks it, is a series by itself.
    assert "series `` is too short" in refused(DataError, test, f"mase:train={path}", time=None)


def test_a_training_file_of_one_series_needs_no_group(tmp_path: Any) -> None:
    train = write(tmp_path / "one.csv", "y", [(value,) for value in TRAIN["a"]])
    test = write(tmp_path / "test.csv", "y,pred", TEST["a"])
    found = evaluate(test, loss=[f"mase:train={train},season=2"]).results[0]
    assert found.value == pytest.approx((1.0 + 1.5) / 2 / scale(TRAIN["a"], 2, 1), rel=1e-14)


def test_theil_u2_compares_with_the_value_of_a_season_before(test: str) -> None:
    wanted = []
    for rows in TEST.values():
        labels = [y for y, _ in rows]
        mine = sum((f - y) ** 2 for y, f in rows) / len(rows)
        wanted.append(math.sqrt(mine / scale(labels, 1, 2)))
    assert measured(test, "theil_u2").value == pytest.approx(sum(wanted) / 2, rel=1e-14)


def test_times_that_are_numbers_are_in_the_order_of_numbers(tmp_path: Any) -> None:
    rows = [(10, 5.0, 4.0), (9, 3.0, 3.0), (100, 2.0, 4.0)]
    path = write(tmp_path / "rows.csv", "at,label,pred", rows)
    found = evaluate(path, loss=["theil_u2"], pred="pred", time="at").results[0]
    assert found.value == pytest.approx(math.sqrt(((1 + 0 + 4) / 3) / ((2**2 + 3**2) / 2)), rel=1e-15)


def test_a_time_that_no_loss_looks_at_is_noted(tmp_path: Any) -> None:
    path = write(tmp_path / "rows.csv", "at,label,pred", [(1, 5.0, 4.0), (2, 3.0, 3.0), (3, 2.0, 4.0)])
    note = "`time` changes nothing: none of the losses looks at the order of rows"
    assert evaluate(path, loss=["mae"], pred="pred", time="at").warnings == [note]
    assert evaluate(path, loss=["mae", "theil_u2"], pred="pred", time="at").warnings == []
    training = f"mase:train={path}"
    assert evaluate(path, loss=[training], pred="pred", time="at").warnings == []


def refused(kind: Any, path: str, spec: str, **more: Any) -> str:
    with pytest.raises(kind) as error:
        measured(path, spec, **more)
    return "\n".join(str(part) for part in (error.value, error.value.detail, error.value.hint) if part)


def test_what_is_wrong_with_a_training_file_is_said(tmp_path: Any, train: str, test: str) -> None:
    flat = write(
        tmp_path / "flat.csv", "store,day,sales", [("a", 1, 5), ("a", 2, 5), ("b", 1, 5), ("b", 2, 6)]
    )
    few = write(tmp_path / "few.csv", "store,day,sales", [("a", 1, 5), ("a", 2, 6), ("b", 1, 5)])
    other = write(tmp_path / "other.csv", "store,day,sales", [("a", 1, 5), ("a", 2, 6)])
    gap = write(tmp_path / "gap.csv", "store,day,sales", [("a", 1, 5), ("a", 2, ""), ("b", 1, 5)])
    assert "series `a` is never wrong" in refused(DataError, test, f"mase:train={flat}")
    assert "series `b` is too short for a season of 1" in refused(DataError, test, f"mase:train={few}")
    assert f"series `b` is not in {other}" in refused(DataError, test, f"mase:train={other}")
    assert "a value of a series is missing" in refused(DataError, test, f"mase:train={gap}")
    assert "`season=0` of `mase`" in refused(UsageError, test, f"mase:train={train},season=0")
    assert "`season` of `mase` is that of a training file" in refused(UsageError, test, "mase:season=2")
    assert "not from both" in refused(UsageError, test, f"mase:scale=sales,train={train}")


def test_what_is_wrong_with_times_is_said(tmp_path: Any, test: str) -> None:
    twice = measured(test, "theil_u2", group=None)
    assert twice.value is None
    assert "two rows have the same time" in str(twice.note)
    assert "needs the order of the rows" in refused(UsageError, test, "theil_u2", time=None)
    assert "the time `b` is neither a number nor a date" in refused(DataError, test, "theil_u2", time="store")
    mixed = write(
        tmp_path / "mixed.csv", "store,day,sales,forecast", [("a", "2024-01-01", 1, 2), ("a", 7, 2, 3)]
    )
    assert "numbers and dates stand in one column" in refused(DataError, mixed, "theil_u2")
    lacking = write(tmp_path / "lacking.csv", "store,day,sales,forecast", [("a", "", 1, 2), ("a", 7, 2, 3)])
    assert "the value is missing" in refused(DataError, lacking, "theil_u2")
