"""A report and a comparison in Python: values by name, frames, text, rich and HTML; and `losscli.suggest`."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import losscli

RNG = np.random.default_rng(181)
LABEL = RNG.normal(size=300)
PRED = LABEL + 0.1 * RNG.normal(size=300)
COLUMNS = {"pred": PRED, "label": LABEL, "<g>": RNG.choice(["a", "b"], 300)}


@pytest.fixture(scope="module")
def report():
    return losscli.evaluate(
        COLUMNS, loss=["rmse", "huber:delta=2"], by=["<g>"], ci="normal", max={"rmse": 1e-3}
    )


@pytest.fixture(scope="module")
def comparison():
    return losscli.compare(PRED, PRED + 0.1, LABEL, loss=["mse", "mae"])


def test_a_value_is_had_by_any_spelling_of_its_loss(report):
    value = np.sqrt(np.mean((PRED - LABEL) ** 2))
    assert report["rmse"] == report["RMSE"] == pytest.approx(value, rel=1e-14)
    assert report["huber:delta=2.0"] == report.metrics["huber:delta=2"]
    with pytest.raises(KeyError, match="mae is not among rmse, huber:delta=2"):
        report["mae"]
    with pytest.raises(losscli.UsageError, match="no loss is called"):
        report["rmsee"]


def test_a_comparison_is_had_by_its_loss(comparison):
    assert comparison["MAE"] is comparison.comparisons[1]
    assert comparison["mse#pred"].verdict == "worse"
    with pytest.raises(KeyError, match="huber is not among mse, mae"):
        comparison["huber"]


def test_a_frame_has_a_row_for_each_result_and_a_column_for_each_slicing(report):
    frame = report.to_pandas()
    assert isinstance(frame, pd.DataFrame)
    assert frame["value"].tolist() == [one.value for one in report.results]
    assert frame["stderr"].tolist() == [one.stderr for one in report.results]
    assert frame["<g>"].fillna("whole").tolist() == ["whole", "whole", "a", "a", "b", "b"]
    assert frame["rows"].tolist() == [one.rows for one in report.results]


def test_a_table_of_arrow_holds_the_same(report, comparison):
    table = report.to_arrow()
    assert table["value"].to_pylist() == [one.value for one in report.results]
    assert str(table.schema.field("rows").type) == "int64"
    assert comparison.to_arrow()["worse_by"].to_pylist() == [one.worse_by for one in comparison.comparisons]
    # A column without any value is one of numbers all the same.
    assert str(comparison.to_arrow().schema.field("p_adjusted").type) == "double"


def test_parts_are_columns_of_their_kind():
    label, pred = RNG.integers(0, 3, 90), RNG.integers(0, 3, 90)
    found = losscli.evaluate(pred, label, loss="f1", average="none").to_pandas()
    assert found["class"].dropna().tolist() == ["0", "1", "2"]


def test_json_is_the_document_of_the_command(report):
    held = report.to_json()
    assert held["schema"] == "losscli.result/1"
    assert json.loads(report.text()) == held


def test_print_shows_the_table_of_the_command(report, comparison):
    assert "rmse" in str(report)
    assert "gate FAILED: 1 of 1 limit" in str(report)
    assert "worse" in str(comparison)


def test_rich_draws_the_table_in_the_width_of_its_console(report, comparison):
    for subject in (report, comparison):
        console = Console(width=120, file=io.StringIO())
        console.print(subject)
        drawn = console.file.getvalue()
        assert max(map(len, drawn.splitlines())) <= 120
        assert str(len(LABEL)) in drawn


def test_a_notebook_is_given_a_table_with_its_names_escaped(report, comparison):
    page = report._repr_html_()
    assert "&lt;g&gt;=a" in page
    assert "<g>" not in page
    assert "gate FAILED" in page
    assert page.count("<tr>") == 1 + len(report.results)
    assert "worse" in comparison._repr_html_()


def test_losses_are_suggested_for_what_is_in_memory():
    found = losscli.suggest(PRED, LABEL)
    assert found.task == "regression"
    assert found.command == "losscli.evaluate(preds, labels, loss=['rmse', 'mae', 'r2'])"
    classes = losscli.suggest(RNG.dirichlet(np.ones(3), 300), RNG.integers(0, 3, 300))
    assert classes.task == "multiclass"
    assert classes.command.startswith("losscli.evaluate(preds, labels, loss=['cross_entropy'")
    scores = losscli.suggest(pd.DataFrame({"s": 3 * PRED, "y": LABEL > 0}), pred="s", label="y")
    assert "pred='s', from_logits=True" in scores.command
    assert losscli.suggest("sample_data/iris.csv").to_json()["schema"] == "losscli.suggestion/1"
