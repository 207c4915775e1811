"""What is in memory is measured as files are: arrays, dicts of arrays, data frames and Arrow's tables."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn import metrics as sk

import losscli

RNG = np.random.default_rng(18)
ROWS = 500
LABEL = RNG.normal(size=ROWS)
PRED = LABEL + 0.1 * RNG.normal(size=ROWS)
WEIGHT = RNG.integers(1, 5, ROWS).astype(float)
COUNTRY = RNG.choice(["de", "fr", "it"], ROWS)
COLUMNS = {"pred": PRED, "label": LABEL, "w": WEIGHT, "country": COUNTRY}

FRAMES = {
    "a dict of arrays": COLUMNS,
    "a data frame of pandas": pd.DataFrame(COLUMNS),
    "a data frame of pandas with types of Arrow": pd.DataFrame(COLUMNS).convert_dtypes(dtype_backend="pyarrow"),
    "a data frame of polars": pl.DataFrame({**COLUMNS, "country": COUNTRY.tolist()}),
    "a table of Arrow": pa.table(COLUMNS),
    "a table of Arrow in chunks": pa.concat_tables([pa.table(COLUMNS).slice(0, 7), pa.table(COLUMNS).slice(7)]),
    "a batch of Arrow": pa.record_batch(COLUMNS),
    "a stream of Arrow": None,
    "an array of records": np.rec.fromarrays(list(COLUMNS.values()), names=list(COLUMNS)),
}  # fmt: skip

COLUMN_MAKERS = {
    "arrays": np.asarray,
    "arrays that are not contiguous": lambda values: np.repeat(values, 2)[::2],
    "arrays of the other byte order": lambda values: values.astype(">f8"),
    "arrays (n, 1)": lambda values: np.asarray(values).reshape(-1, 1),
    "lists": list,
    "lists of Python's objects": lambda values: np.array(values, object),
    "series of pandas": pd.Series,
    "series of pandas with an index of its own": lambda values: pd.Series(values, index=range(ROWS, 0, -1)),
    "series of polars": pl.Series,
    "arrays of Arrow": pa.array,
}


def refused(kind, *data, **options):
    with pytest.raises(kind) as caught:
        losscli.evaluate(*data, loss="mse", **options)
    return str(caught.value)


# ---------------------------------------------------------------------- what is taken


@pytest.mark.parametrize("made", COLUMN_MAKERS)
def test_bare_columns_need_no_names(made):
    make = COLUMN_MAKERS[made]
    report = losscli.evaluate(make(PRED), make(LABEL), loss=["mse", "mae", "r2"])
    errors = [Fraction(p) - Fraction(y) for p, y in zip(PRED.tolist(), LABEL.tolist(), strict=True)]
    assert report.metrics["mse"] == pytest.approx(float(sum(e * e for e in errors) / ROWS), rel=1e-15)
    assert report.metrics["mae"] == pytest.approx(sk.mean_absolute_error(LABEL, PRED), rel=1e-14)
    assert report.metrics["r2"] == pytest.approx(sk.r2_score(LABEL, PRED), rel=1e-13)
    assert [(one.role, one.path, one.format) for one in report.inputs] == [
        ("preds", "preds", "memory"),
        ("labels", "labels", "memory"),
    ]


@pytest.mark.parametrize("made", FRAMES)
def test_columns_of_a_table_have_weights_and_slices_by_their_names(made):
    data = FRAMES[made]
    if data is None:
        table = pa.table(COLUMNS)
        data = pa.RecordBatchReader.from_batches(table.schema, table.to_batches())
    report = losscli.evaluate(data, loss="mse", weight="w", by=["country"])
    whole, *slices = report.results
    assert whole.value == pytest.approx(sk.mean_squared_error(LABEL, PRED, sample_weight=WEIGHT), rel=1e-13)
    assert {one.slice["country"]: one.rows for one in slices} == {
        name: int((name == COUNTRY).sum()) for name in ("de", "fr", "it")
    }


def test_an_array_of_several_columns_plays_one_role():
    label = RNG.integers(0, 3, ROWS)
    pred = RNG.dirichlet(np.ones(3), ROWS)
    found = losscli.evaluate(pred, label, loss=["cross_entropy", "accuracy"]).metrics
    assert found["cross_entropy"] == pytest.approx(sk.log_loss(label, pred), rel=1e-13)
    assert found["accuracy"] == sk.accuracy_score(label, pred.argmax(axis=1))
    outputs = RNG.normal(size=(ROWS, 2))
    found = losscli.evaluate(np.asfortranarray(outputs), outputs + 1.0, loss="mse").metrics
    assert found["mse"] == pytest.approx(1.0, rel=1e-15)


def test_the_bits_are_those_of_a_file(tmp_path):
    paths = [str(tmp_path / name) for name in ("preds.parquet", "labels.npy")]
    pd.DataFrame({"pred": PRED}).to_parquet(paths[0])
    np.save(paths[1], LABEL)
    losses = ["mse", "mae", "pinball:quantile=0.9", "pearson", "medae"]
    assert losscli.evaluate(PRED, LABEL, loss=losses).metrics == losscli.evaluate(*paths, loss=losses).metrics
    assert (
        losscli.evaluate(PRED, paths[1], loss=losses).metrics == losscli.evaluate(*paths, loss=losses).metrics
    )


def test_rows_are_paired_by_key():
    ids, order = np.arange(ROWS), RNG.permutation(ROWS)
    preds = pl.DataFrame({"id": ids, "p": PRED})
    labels = pd.DataFrame({"id": ids[order], "y": LABEL[order]})
    by_key = losscli.evaluate(preds, labels, loss="mse", on="id", worst=1)
    assert by_key.metrics == losscli.evaluate(PRED, LABEL, loss="mse").metrics
    assert by_key.results[0].detail["worst"]["rows"][0]["id"] == int(np.argmax(np.abs(PRED - LABEL)))


def test_a_named_index_of_pandas_is_a_column():
    order = RNG.permutation(ROWS)
    preds = pd.DataFrame({"p": PRED}, index=pd.Index(np.arange(ROWS), name="id"))
    labels = pd.DataFrame({"y": LABEL}, index=pd.Index(np.arange(ROWS), name="id")).iloc[order]
    assert losscli.evaluate(preds, labels, loss="mse", on="id").metrics == (
        losscli.evaluate(PRED, LABEL, loss="mse").metrics
    )


def test_narrow_numbers_equal_their_doubles():
    for dtype in (np.float16, np.float32, np.int8, np.uint64, np.bool_):
        values = np.abs(PRED * 10).astype(dtype)
        assert (
            losscli.evaluate(values, LABEL, loss="mse").metrics
            == losscli.evaluate(values.astype(float), LABEL, loss="mse").metrics
        )


def test_missing_values_are_refused_or_dropped_however_they_are_written():
    pred = PRED.copy()
    pred[3] = np.nan
    written = {
        "nan": pred,
        "masked": np.ma.masked_invalid(pred),
        "none": [None if np.isnan(one) else one for one in pred],
        "polars": pl.Series(pred).fill_nan(None),
        "pandas": pd.Series(pred, dtype="Float64"),
    }
    kept = np.arange(ROWS) != 3
    for data in written.values():
        assert "preds, column `pred`, row 4: the value is missing" in refused(losscli.DataError, data, LABEL)
        report = losscli.evaluate(data, LABEL, loss="mse", nan="drop")
        assert report.metrics == losscli.evaluate(PRED[kept], LABEL[kept], loss="mse").metrics


def test_models_in_memory_are_compared():
    other = LABEL + 0.2 * RNG.normal(size=ROWS)
    compared = losscli.compare(PRED, other, LABEL, loss="mse")
    assert compared.comparisons[0].verdict == "worse"
    assert compared.comparisons[0].base.value == losscli.evaluate(PRED, LABEL, loss="mse").metrics["mse"]
    columns = losscli.compare({"a": PRED, "b": other}, LABEL, loss="mse", pred=["a", "b"])
    assert columns.comparisons[0].worse_by == compared.comparisons[0].worse_by


# ---------------------------------------------------------------------- what is refused


def test_errors_name_the_argument_in_place_of_a_file():
    assert "labels has 500 rows and preds has 5" in refused(losscli.DataError, PRED[:5], LABEL)
    assert refused(losscli.DataError, {"a": PRED, "b": PRED}, LABEL).startswith(
        "preds: which column holds the predictions?\nit has the columns `a`, `b`"
    )
    assert refused(losscli.DataError, ["1", "x"], [1, 2]).startswith(
        "preds, column `pred`, row 2: `x` is not a"
    )
    assert refused(losscli.DataError, np.zeros(0), np.zeros(0)).startswith("preds: it has no rows")
    assert "`a` has 500 rows, and `b` has 3" in refused(losscli.DataError, {"a": PRED, "b": PRED[:3]}, LABEL)
    assert "neither preds nor labels has a column `w`" in refused(losscli.DataError, PRED, LABEL, weight="w")


@pytest.mark.parametrize(
    "data, found",
    [
        (3.0, "`preds` is a single value, `3.0`"),
        ({1.0, 2.0}, "`preds` is a `set`"),
        (np.zeros((2, 2, 2)), "`preds` is an array of 3 dimensions"),
        (np.array([1.0, "x", 2.0], object), "`preds` holds objects that are no column"),
        ({"p": pd.DataFrame({"a": [1], "b": [2]})}, "`preds` holds a table under the name `p`"),
    ],
)
def test_what_holds_no_columns_is_refused(data, found):
    said = refused(losscli.UsageError, data, LABEL)
    assert said.startswith(found)
    assert "wanted a path, an array, a list, a dict of arrays, a data frame or an Arrow table" in said


def test_complex_numbers_are_refused():
    assert "preds, column `pred`: it is of type `complex128`" in refused(losscli.DataError, PRED * 1j, LABEL)


# ---------------------------------------------------------------------- what it costs


def test_a_contiguous_array_of_doubles_is_not_copied():
    from losscli.reading.memory import open_memory
    from losscli.table.block import ColumnRequest

    for data in (PRED, {"p": PRED}, pd.Series(PRED), pa.array(PRED)):
        source = open_memory(data, "preds")
        (part,) = source.parts([ColumnRequest(0, "number")])
        (batch,) = part.batches(ROWS)
        held = data.to_numpy() if isinstance(data, (pd.Series, pa.Array)) else PRED
        assert np.shares_memory(batch.columns[0].values, held)


def test_inputs_are_not_touched():
    pred, label = PRED.copy(), LABEL.copy()
    pred[7] = np.nan
    before = pred.copy(), label.copy()
    for array in (pred, label):
        array.setflags(write=False)
    losscli.evaluate(pred, label, loss=["mse", "medae"], nan="drop")
    assert np.array_equal(pred, before[0], equal_nan=True)
    assert np.array_equal(label, before[1])


def test_small_arrays_start_no_thread_and_import_neither_arrow_nor_pandas():
    code = """
import sys, threading, os
import numpy as np, losscli
forked = []
os.register_at_fork(before=lambda: forked.append(1))
started = []
start = threading.Thread.start
threading.Thread.start = lambda self: (started.append(self), start(self))
assert losscli.evaluate(np.arange(9.0), np.arange(9.0) + 1, loss="mse").metrics == {"mse": 1.0}
assert not started and not forked
assert not {"pyarrow", "pandas", "polars", "rich"} & set(sys.modules), sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", code], check=True)
