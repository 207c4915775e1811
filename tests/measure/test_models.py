"""Several models in one call: one result each, over the same rows."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import log_loss, mean_absolute_error, mean_squared_error

import losscli
from losscli import DataError, UsageError, evaluate

LABEL = np.array([3.0, -0.5, 2.0, 7.0])
MODELS = {"a": np.array([2.5, 0.0, 2.0, 8.0]), "b": np.array([3.0, 0.0, 1.0, 7.5])}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "m.parquet"
    extra = {"lo": LABEL - 1, "hi": LABEL + 1, "lower": LABEL - 2, "upper": LABEL + 1}
    pq.write_table(pa.table({"label": LABEL, **MODELS, **extra}), path)
    return str(path)


@pytest.fixture
def holed(text):
    return text("m.csv", ["label,a,b", "1,1,3", "2,,2", "3,4,", ",5,5", "5,5,7"])


def test_each_model_has_the_losses_that_scikit_learn_gives_it(file):
    report = evaluate(file, loss=["mse", "mae"], pred=["a", "b"])
    wanted = {}
    for name, pred in MODELS.items():
        wanted[f"mse#{name}"] = mean_squared_error(LABEL, pred)
        wanted[f"mae#{name}"] = mean_absolute_error(LABEL, pred)
    assert report.metrics == pytest.approx(wanted, rel=1e-15)


def test_a_repeated_pred_on_the_command_line_is_a_model_of_its_own(here, file):
    done = here("eval", file, "-p", "a", "-p", "b", "-l", "mse", "--json")
    found = json.loads(done.out)
    assert done.code == 0
    assert found["metrics"] == {"mse#a": 0.375, "mse#b": 0.375}
    assert [(r["loss"], r["pred"]) for r in found["results"]] == [("mse", "a"), ("mse", "b")]
    assert {r["signature"] for r in found["results"]} == {"mse|w:none|pair:position|nan:error"}


def test_several_models_have_the_bits_of_one_call_for_each(file):
    together = evaluate(file, loss=["mse", "r2", "huber"], pred=["a", "b"]).metrics
    for name in MODELS:
        alone = evaluate(file, loss=["mse", "r2", "huber"], pred=name).metrics
        assert {f"{loss}#{name}": value for loss, value in alone.items()}.items() <= together.items()


def test_a_model_named_twice_is_measured_once(file):
    report = evaluate(file, loss=["mse"], pred=["a", "a"])
    assert report.metrics == {"mse": 0.375}


def test_one_model_as_a_sequence_is_one_model(file):
    assert (
        evaluate(file, loss=["mse"], pred=["a"]).to_json() == evaluate(file, loss=["mse"], pred="a").to_json()
    )


def test_a_row_that_one_model_lacks_is_dropped_for_all(holed, here):
    found = json.loads(here("eval", holed, "-p", "a", "-p", "b", "-l", "mse", "--nan", "drop", "--json").out)
    # Rows 1 and 5 are whole: a is right in both, b is 2 off in both.
    assert found["metrics"] == {"mse#a": 0.0, "mse#b": 4.0}
    assert found["rows"]["dropped"] == {"missing_label": 1, "missing_pred": 2}
    assert {r["rows"] for r in found["results"]} == {found["rows"]["used"]} == {2}


def test_a_missing_value_of_any_model_is_refused_by_default(holed, here):
    done = here("eval", holed, "-p", "b", "-p", "a", "-l", "mse").block()
    assert done.code == 3
    assert "m.csv, column `a`, row 2" in done.err


@pytest.mark.parametrize("chunk_rows", [1, 2, 65536])
def test_a_missing_value_that_propagates_reaches_its_own_model_only(text, tmp_path, chunk_rows):
    text("n.csv", ["label,a,b,w,g", "1,1,3,1,x", "2,,2,2,x", "5,5,6,1,y"])
    report = evaluate(
        str(tmp_path / "n.csv"), loss=["mse"], pred=["a", "b"], nan="propagate", weight="w", by=["g"],
        chunk_rows=chunk_rows,
    )  # fmt: skip
    # Σ w (label - b)² / Σ w = (4 + 0 + 1) / 4
    assert report.metrics == {"mse#a": None, "mse#b": 1.25}
    assert [(r.rows, r.weight) for r in report.results if r.pred == "b"] == [(3, 4.0), (2, 3.0), (1, 1.0)]
    assert [r.note for r in report.results if r.pred == "a"] == [
        "1 row without a value, first in row 2", "1 row without a value, first in row 2", None
    ]  # fmt: skip


@pytest.mark.parametrize("chunk_rows", [1, 3, 65536])
def test_a_bad_value_beside_a_missing_one_is_counted_once(text, tmp_path, chunk_rows):
    text("n.csv", ["label,a,b", "-1,1,3", "2,,2", "-5,5,6"])
    with pytest.raises(DataError) as refused:
        evaluate(
            str(tmp_path / "n.csv"), loss=["msle"], pred=["a", "b"], nan="propagate", chunk_rows=chunk_rows
        )
    assert (refused.value.column, refused.value.row) == ("label", 1)
    assert "2 of 3 rows" in (refused.value.detail or "")


def test_the_label_is_found_among_the_columns_that_no_model_takes(text, here):
    text("three.csv", ["one,two,right", "1,2,1", "1,2,2"])
    assert here("eval", "three.csv", "-p", "one", "-p", "two", "-l", "mae", "-f", "csv").out.splitlines()[
        1:
    ] == [
        "mae,one,0.5,2,2.0,lower,",
        "mae,two,0.5,2,2.0,lower,",
    ]


def test_a_column_cannot_be_the_label_and_one_of_the_models(file, here):
    done = here("eval", file, "-p", "a", "-p", "b", "-y", "b", "-l", "mse").block()
    assert (done.code, "`b`" in done.err) == (2, True)


def test_a_model_may_have_several_roles(file):
    report = evaluate(file, loss=["interval_width"], pred=["lower=lo,upper=hi", "lower=lower,upper=upper"])
    assert report.metrics == {
        "interval_width#lower=lo,upper=hi": 2.0,
        "interval_width#lower=lower,upper=upper": 3.0,
    }


def test_a_model_that_a_loss_does_not_fit_is_named(file):
    with pytest.raises(UsageError) as refused:
        evaluate(file, loss=["mse"], pred=["a", "lower=lo,upper=hi"])
    assert "lower=lo,upper=hi" in str(refused.value)


def test_losses_of_one_model_keep_their_plain_names_whatever_columns_they_take(file):
    report = evaluate(file, loss=["mse", "interval_width"], pred="a")
    assert report.metrics == {"mse": 0.375, "interval_width": 3.0}
    assert [r.pred for r in report.results] == ["a", "lower,upper"]


def test_models_of_class_columns_are_globs(text, tmp_path):
    rng = np.random.default_rng(7)
    labels = rng.integers(0, 3, 50)
    probabilities = {name: rng.dirichlet(np.ones(3), 50) for name in ("m", "n")}
    columns = {f"{name}_{at}": p[:, at] for name, p in probabilities.items() for at in range(3)}
    path = tmp_path / "c.parquet"
    pq.write_table(pa.table({"label": labels, **columns}), path)
    report = evaluate(str(path), loss=["cross_entropy"], pred=["m_*", "n_*"])
    wanted = {f"cross_entropy#{name}_*": log_loss(labels, p) for name, p in probabilities.items()}
    assert report.metrics == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("format", ["table", "markdown", "csv"])
def test_every_format_for_eyes_names_the_models(here, file, format):
    lines = here("eval", file, "-p", "a", "-p", "b", "-l", "mae", "-f", format).out.splitlines()
    rows = [line for line in lines if "mae" in line]
    assert ["a" in line.replace("mae", "") for line in rows] == [True, False]
    assert ["b" in line for line in rows if "better" not in line][1]


def test_the_bare_value_of_two_models_is_refused(here, file):
    assert here("eval", file, "-p", "a", "-p", "b", "-l", "mse", "-f", "value").block().code == 2


def test_several_models_are_cut_by_the_same_slices(text, tmp_path):
    text("s.csv", ["label,a,b,g", "1,1,2,x", "1,2,2,y", "1,3,2,y"])
    report = evaluate(str(tmp_path / "s.csv"), loss=["mae"], pred=["a", "b"], label="label", by=["g"])
    found = {(r.pred, r.slice["g"]): r.value for r in report.results if r.slice}
    assert found == {("a", "x"): 0.0, ("a", "y"): 1.5, ("b", "x"): 1.0, ("b", "y"): 1.0}
    assert losscli.evaluate is evaluate
