"""Options of `eval` that choose rows, slices, classes and averages, as a user writes them."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pyarrow.csv
import pyarrow.parquet
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


# ---------------------------------------------------------------------- quantiles

NUMBERS = {
    "1 to 100": [*range(1, 101)],
    "1 to 11": [*range(1, 12)],
    "few and uneven": [0.5, 1.25, 7.0, 7.0, 9.5, 100.0, -3.0],
}


@pytest.mark.parametrize("count", [2, 3, 4, 5, 10])
@pytest.mark.parametrize("values", NUMBERS.values(), ids=NUMBERS)
def test_quantiles_take_the_edges_of_numpy(here, text, values, count):
    # Its own places are rounded, so that an edge may lie beside the value that it should be.
    edges = np.round(np.quantile(values, np.linspace(0, 1, count + 1)), 12)
    table = text("q.csv", ["label,pred,x", *(f"1,2,{value}" for value in values)])
    ran = here("eval", table, "-l", "mae", "--by", f"x:quantiles={count}", "--json")
    found = [one for one in json.loads(ran.out)["results"] if one["slice"]]
    ends = [tuple(map(float, one["slice"]["x"].strip("[])").split(","))) for one in found]
    counts, _ = np.histogram(values, np.unique(edges))
    assert [one["rows"] for one in found] == [n for n in counts if n]
    for low, high in ends:
        assert min(abs(edges - low)) <= 1e-12 * max(1.0, abs(low))
        assert min(abs(edges - high)) <= 1e-12 * max(1.0, abs(high))


def test_edges_between_numbers_far_apart_do_not_overflow(here, text):
    table = text("q.csv", ["label,pred,x", "1,2,-1.5e308", "1,2,1.5e308"])
    ran = here("eval", table, "-l", "mae", "--by", "x:quantiles=2", "--json")
    found = [one["slice"]["x"] for one in json.loads(ran.out)["results"] if one["slice"]]
    assert found == ["[-1.5e+308, 0)", "[0, 1.5e+308]"]


def test_quarters_of_1_to_100_are_25_each(here, text):
    table = text("q.csv", ["label,pred,x", *(f"1,2,{value}" for value in range(1, 101))])
    ran = here("eval", table, "-l", "mae", "--by", "x:quantiles=4", "--json")
    found = [(one["slice"]["x"], one["rows"]) for one in json.loads(ran.out)["results"] if one["slice"]]
    assert found == [("[1, 25.75)", 25), ("[25.75, 50.5)", 25), ("[50.5, 75.25)", 25), ("[75.25, 100]", 25)]


# ---------------------------------------------------------------------- several losses in one word

WORDS = [
    ("mse,mae,huber:delta=2", ["mse", "mae", "huber:delta=2"]),
    ("mape:zero=skip,huber:delta=2", ["mape:zero=skip", "huber:delta=2"]),
    ("huber:delta=2,mse", ["huber:delta=2", "mse"]),
    ("mse, mae", ["mse", "mae"]),
    ("expr:max(pred, label)", ["expr:max(pred, label)"]),
    ("mse,expr:max(pred, label)", ["mse", "expr:max(pred, label)"]),
    ("mse,mse,mae", ["mse", "mae"]),
]


def losses_of(ran):
    assert ran.code == 0, ran.err
    return [one["loss"] for one in json.loads(ran.out)["results"]]


@pytest.mark.parametrize(("word", "losses"), WORDS)
def test_a_word_may_name_several_losses_wherever_losses_are_named(here, text, monkeypatch, word, losses):
    table = text("t.csv", ["label,pred", "1,2", "3,5"])
    assert losses_of(here("eval", table, "-l", word, "--json")) == losses
    assert losses_of(here("eval", table, "-l", word, "-l", "mse", "--json"))[: len(losses)] == losses
    text("losscli.toml", [f"loss = {json.dumps(word)}"])
    assert losses_of(here("eval", table, "-f", "json")) == losses
    text("losscli.toml", [f"loss = [{json.dumps(word)}]"])
    assert losses_of(here("eval", table, "-f", "json")) == losses
    monkeypatch.setenv("LOSSCLI_LOSS", word)
    named = [loss.replace(", ", ",") for loss in losses]  # in the environment a space ends a word
    assert losses_of(here("eval", table, "-f", "json")) == named


def test_compare_takes_several_losses_in_one_word(here, text):
    table = text("t.csv", ["label,p,q", "1,2,1", "3,5,2"])
    ran = here("compare", table, "-p", "p", "-p", "q", "-l", "mse,huber:delta=2", "--json")
    assert [one["loss"] for one in json.loads(ran.out)["comparisons"]] == ["mse", "huber:delta=2"]


@pytest.mark.parametrize("word", ["mse,", ",mse", "mse,,mae"])
def test_an_empty_place_between_losses_is_refused(here, table, word):
    ran = here("eval", table, "-l", word).block()
    assert (ran.code, "nothing between two commas" in ran.err) == (2, True)


# ---------------------------------------------------------------------- what an expression cannot read

FAULTS = [
    (["--where", "country > 3"], 3, "column `country`, row 1", "`--where country > 3` reads the column as numbers"),
    (["--where", "contry == 'de'"], 3, "no column `contry`", "`--where` names it"),
    (["--where", "foo(age) > 1"], 2, "`--where foo(age) > 1` is no expression", "no function `foo`"),
    (["--where", "age >"], 2, "`--where age >` is no expression", "it cannot be read"),
    (["--where", "country == 'de' and country > 3"], 2, "`3` is a number", "beside column `country`"),
    (["-l", "expr:country + 1"], 3, "column `country`, row 1", "`expr:country + 1` reads the column as numbers"),
    (["-l", "expr:abs(prd - label)"], 3, "no column `prd`", "did you mean `pred`?"),
    (["-l", "expr:pred - labl"], 3, "no column `labl`", "did you mean `label`?"),
    (["-l", "expr:log(-pred)"], 3, "column `pred`, row 1", "`expr:log(-pred)` has no value here"),
    (["-l", "expr:country == 'de'"], 3, "column `country`, row 4", "has no value here"),
    (["-l", "expr:age + gap"], 3, "column `gap`, row 2", "`expr:age + gap` needs a value in every row"),
    (["-l", "expr:sqrt(pred, 2)"], 2, "`expr:sqrt(pred, 2)` is no expression", "`sqrt` takes 1 value"),
    (["--by", "contry"], 3, "no column `contry`", "`--by` names it"),
    (["-w", "wait"], 3, "no column `wait`", "`--weight` names it"),
]  # fmt: skip


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
@pytest.mark.parametrize(("call", "code", "one", "other"), FAULTS)
def test_the_error_of_an_expression_names_the_option_and_the_column(
    here, text, suffix, call, code, one, other
):
    text("t.csv", ["label,pred,country,age,gap", "1,2,de,20,1", "2,2,fr,30,", "5,3,de,40,1", "5,4,,50,1"])
    held = pyarrow.csv.read_csv("t.csv", convert_options=pyarrow.csv.ConvertOptions(strings_can_be_null=True))
    if suffix == "parquet":
        pyarrow.parquet.write_table(held, "t.parquet")
    elif suffix == "jsonl":
        text("t.jsonl", [json.dumps(row) for row in held.to_pylist()])
    ran = here("eval", f"t.{suffix}", *([] if "-l" in call else ["-l", "mae"]), *call).block()
    assert ran.code == code, ran.err
    assert one in ran.err
    assert other in ran.err


def test_an_expression_without_the_label_needs_none(here, text):
    table = text("t.csv", ["label,pred,age", "1,2,5", "3,5,1"])
    ran = here("eval", table, "-l", "expr:abs(pred - age)", "-f", "value")
    assert (ran.code, ran.out) == (0, "3.5\n")
