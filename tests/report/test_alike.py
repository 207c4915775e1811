"""Results that are columns are those of each slice alone, in whatever way they are looked at."""

from __future__ import annotations

import csv
import io
import json
from fractions import Fraction

import numpy as np
import pytest

from losscli import evaluate
from losscli.report.alike import Results
from losscli.show import render


@pytest.fixture
def table():
    rng = np.random.default_rng(5)
    slices = rng.integers(0, 40, 600)
    label = rng.normal(size=600).round(3)
    pred = label + rng.normal(size=600)
    pred[slices == 7] = 1e200  # whose squares are beyond the doubles
    weight = rng.integers(0, 3, 600).astype(float)
    weight[slices == 9] = 0.0
    return {"label": label, "pred": pred, "w": weight, "g": slices.astype(str)}


def alone(table, losses, **more):
    """What is measured of the rows of each slice alone, the slices in the order of their numbers."""
    for g in sorted({*table["g"]} - ({"9"} if more else set()), key=int):
        rows = {name: column[table["g"] == g] for name, column in table.items()}
        yield from ((g, r) for r in evaluate(rows, loss=losses, pred="pred", label="label", **more).results)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("losses", ["mse", ["mae", "mse", "r2", "bias"]])
def test_every_result_is_that_of_its_rows_alone(table, losses, weighted):
    more = {"weight": "w"} if weighted else {}
    found = evaluate(table, loss=losses, pred="pred", label="label", by="g", **more).results
    sliced = [r for r in found if r.slice and not (weighted and r.slice["g"] == "9")]
    wanted = list(alone(table, losses, **more))
    told = ("loss", "value", "sum", "rows", "weight")
    assert [(r.slice["g"], *(getattr(r, name) for name in told)) for r in sliced] == [
        (g, *(getattr(r, name) for name in told)) for g, r in wanted
    ]
    assert [r.note is None for r in sliced] == [r.note is None for _, r in wanted]
    assert {r.value for r in found if r.slice.get("g") == "9"} == {None} or not weighted


def test_means_and_sums_are_the_exact_ones_rounded_once(table):
    found = evaluate(table, loss="mae", pred="pred", label="label", by="g").results
    for result in found[1:]:
        here = table["g"] == result.slice["g"]
        exact = sum(Fraction(x) for x in np.abs(table["pred"] - table["label"])[here].tolist())
        assert (result.sum, result.value) == (float(exact), float(exact / result.rows))


def test_a_column_is_the_field_of_each_result(table):
    found = evaluate(table, loss=["mse", "mae"], pred="pred", label="label", by="g").results
    for name in ("loss", "value", "sum", "rows", "weight", "slice", "note", "signature"):
        assert found.column(name) == [getattr(result, name) for result in found]


def test_results_are_a_sequence_like_any_other(table):
    found = evaluate(table, loss="mse", pred="pred", label="label", by="g").results
    listed = list(found)
    assert len(found) == len(listed) == 41
    assert found == listed == Results(listed)
    assert (found[0], found[-1], found[3:7]) == (listed[0], listed[-1], listed[3:7])
    with pytest.raises(IndexError):
        found[41]


def test_slices_under_the_least_size_are_behind_the_others(table):
    found = evaluate(table, loss=["mse", "bias"], pred="pred", label="label", by="g", min_slice=15).results
    *kept, one, other = (r for r in found if r.slice)
    assert {one.slice["g"], other.slice["g"]} == {"other"}
    assert [r.loss for r in found[:4]] == ["mse", "bias"] * 2
    assert min(r.rows for r in kept) >= 15
    assert sum(r.rows for r in [*kept, one, other]) == 2 * len(table["g"])


def test_formats_show_columns_as_they_show_results(table):
    report = evaluate(table, loss=["mse", "mae"], pred="pred", label="label", by="g")
    rows = list(csv.DictReader(io.StringIO(render("csv", [report]))))
    assert [row["slice"] for row in rows[2:]] == [f"g={r.slice['g']}" for r in report.results[2:]]
    assert [row["value"] for row in rows] == [
        "" if r.value is None else repr(r.value) for r in report.results
    ]
    written = json.loads(render("json", [report]))["results"]
    assert [one["value"] for one in written] == [r.value for r in report.results]
