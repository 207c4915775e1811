"""Options of `eval` that choose rows, slices, classes and averages, as a user writes them."""

from __future__ import annotations

import csv
import io
import json

import pytest


@pytest.fixture
def table(text):
    return text("t.csv", ["pred,label,country,age", "1,2,de,20", "2,2,fr,30", "5,3,de,40", "5,4,,50"])


def values(ran):
    assert ran.code == 0, ran.err
    return [(one["slice"], one["value"]) for one in json.loads(ran.out)["results"]]


def test_by_cuts_the_rows_and_keeps_the_whole(here, table):
    found = values(here("eval", table, "-l", "mae", "--by", "country", "--json"))
    assert found == [({}, 1.0), ({"country": "de"}, 1.5), ({"country": "fr"}, 0.0), ({"country": None}, 1.0)]


def test_by_takes_bins_and_crossings_and_may_stand_several_times(here, table):
    found = values(
        here("eval", table, "-l", "mae", "--by", "age:edges=35", "--by", "country+age:bins=1", "--json")
    )
    assert [one for one, _ in found] == [
        {}, {"age": "(-inf, 35)"}, {"age": "[35, inf)"}, {"country": "de", "age": "[20, 50]"},
        {"country": "fr", "age": "[20, 50]"}, {"country": None, "age": "[20, 50]"},
    ]  # fmt: skip


def test_small_slices_are_folded(here, table):
    found = values(here("eval", table, "-l", "mae", "--by", "country", "--min-slice", "2", "--json"))
    assert found == [({}, 1.0), ({"country": "de"}, 1.5), ({"country": "other"}, 0.5)]


def test_a_slicing_is_part_of_the_signature(here, table):
    ran = here("eval", table, "-l", "mae", "--by", "age:bins=2", "--json")
    whole, *slices = (one["signature"] for one in json.loads(ran.out)["results"])
    assert set(slices) == {f"{whole}|by:age:bins=2"}


def test_a_csv_of_slices_and_parts_says_of_what_a_row_is(here, table):
    ran = here("eval", table, "-l", "mae", "--by", "country+age:edges=35")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert [row["slice"] for row in rows] == [
        "", "country=de+age=(-inf, 35)", "country=de+age=[35, inf)", "country=fr+age=(-inf, 35)", "country=+age=[35, inf)",
    ]  # fmt: skip


def test_where_keeps_rows_and_counts_the_others(here, table):
    ran = here("eval", table, "-l", "mae", "--where", "country == 'de' and age >= 30", "--json")
    assert values(ran) == [({}, 2.0)]
    assert json.loads(ran.out)["rows"]["dropped"] == {"where": 3}


def test_classes_and_their_weights_and_the_positive_one(here, text):
    both = text("c.csv", ["x,y,label", "0.75,0.25,a", "0.25,0.75,a", "0.25,0.75,b"])
    ran = here("eval", both, "--pred", "x,y", "--classes", "a,b", "-l", "zero_one", "-f", "value")
    assert (ran.code, ran.out) == (0, f"{1 / 3!r}\n")
    ran = here(
        "eval",
        both,
        "--pred",
        "x,y",
        "--classes",
        "a,b",
        "-l",
        "zero_one",
        "--class-weight",
        "a=1,b=2",
        "-f",
        "value",
    )
    assert (ran.code, ran.out) == (0, "0.25\n")  # one wrong of weights 1, 1 and 2
    one = text("p.csv", ["prob,label", "0.5,yes", "0.5,no"])
    ran = here("eval", one, "-l", "brier", "--pos-label", "yes", "-f", "value")
    assert (ran.code, ran.out) == (0, "0.25\n")


@pytest.mark.parametrize("weights", ["a", "a=", "=1", "a=-1", "a=x", "a=nan", "a=1,a=2", "", "a=1,"])
def test_a_class_weight_is_a_class_and_a_number(here, table, weights):
    ran = here("eval", table, "-l", "mae", "--class-weight", weights).block()
    assert (ran.code, ran.out) == (2, "")
    assert "--class-weight" in ran.err


def test_an_unknown_average_is_exit_2_with_those_there_are(here, table):
    ran = here("eval", table, "-l", "mae", "--average", "mean").block()
    assert ran.code == 2
    assert "macro, micro, weighted, none" in ran.err


def test_a_missing_value_that_propagates_leaves_no_value_and_a_note(here, text):
    both = text("m.csv", ["pred,label", "1,2", ",2"])
    (found,) = json.loads(here("eval", both, "-l", "mae", "--nan", "propagate", "--json").out)["results"]
    assert found["value"] is None
    assert "row 2" in found["note"]
    assert here("eval", both, "--max", "mae=9", "--nan", "propagate").code == 1
    assert here("eval", both, "-l", "mae", "--nan", "skip").block().code == 2


def test_blocks_whose_dictionaries_differ_have_the_slices_of_their_values(here, parquet):
    """What is remembered of a dictionary from block to block must not meet another one."""
    import numpy as np
    import pyarrow as pa

    rng = np.random.default_rng(11)
    names = ["a", "b", "c", "", "d"]
    groups = [rng.permutation(names)[: rng.integers(1, 6)].tolist() for _ in range(12)]
    column = [str(name) for group in groups for name in rng.choice(group, 50)]
    pred = rng.normal(size=600)
    preds = parquet("p.parquet", pa.table({"pred": pred, "g": column}), row_group_size=50)
    labels = parquet("l.parquet", pa.table({"label": np.zeros(600)}))
    ran = here("eval", preds, labels, "--by", "g", "-l", "mse", "--chunk-rows", "50", "--json")
    held = {r["slice"]["g"]: r for r in json.loads(ran.out)["results"] if r["slice"]}
    for name in names:
        mine = np.array([x for x, g in zip(pred, column, strict=True) if g == name])
        found = held[name or None] if (name or None) in held else held[name]
        assert found["rows"] == len(mine)
        assert found["value"] == pytest.approx(float(np.mean(mine**2)), rel=1e-12)
