"""Rows that are left out are told in every format; a slice that loses its last row is null and fails its gate."""

from __future__ import annotations

import json
from typing import Any

import pytest
from draws import draw, forms, generator, of_each_kind, options_of, sides, spec, title, usual_params, write

from losscli.loss.declare import Loss
from losscli.report.evaluate import evaluate

# ---------------------------------------------------------------------- slices without a row that counts

SLICES = [
    # how item `a` loses its only row: the call, what `a` is said to lack
    ("1,", "", ["--nan", "propagate"], "1 row without a value, first in row 1"),
    ("1,", "", ["--nan", "drop"], "no row is left: 1 row was dropped for a missing value"),
    (",1", "", ["--nan", "propagate"], "1 row without a value, first in row 1"),
    (",1", "", ["--nan", "drop"], "no row is left: 1 row was dropped for a missing value"),
    ("1,2", "0", ["-w", "w"], "no row counts: 1 row has weight 0"),
    ("1,2", "", ["-w", "w", "--nan", "propagate"], "1 row without a value, first in row 1"),
    ("1,2", "", ["-w", "w", "--nan", "drop"], "no row is left: 1 row was dropped for a missing value"),
]
LOSSES = [
    "mse",
    "rmse",
    "r2",
    "accuracy",
    "f1",
    "mcc",
    "max_error",
    "pinball:quantile=0.9",
    "expr:pred - label",
]


def sliced(text, row="1,", weight="", name="t.csv"):
    return text(name, ["item,label,pred,w", f"a,{row},{weight}", "b,2,1,1", "b,3,3,1"])


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("row", "weight", "call", "why"), SLICES)
def test_a_slice_without_a_row_that_counts_is_null_and_says_why(here, text, loss, row, weight, call, why):
    table = sliced(text, row, weight)
    ran = here("eval", table, "-l", loss, "--by", "item", *call, "--json")
    assert ran.code == 0, ran.err
    a, b = (one for one in json.loads(ran.out)["results"] if one["slice"])
    assert (a["slice"], a["value"], a["note"], a["weight"]) == ({"item": "a"}, None, why, 0.0)
    assert b["slice"] == {"item": "b"}
    assert b["value"] is not None


@pytest.mark.parametrize(("row", "weight", "call", "why"), SLICES)
def test_a_gate_on_every_slice_fails_for_one_without_a_row_that_counts(here, text, row, weight, call, why):
    table = sliced(text, row, weight)
    text("losscli.toml", ["[[gates]]", 'loss = "mse"', "max = 5.0", 'slice = "item=*"'])
    ran = here("eval", table, "--by", "item", *call, "-f", "json")
    assert ran.code == 1
    limits = json.loads(ran.out)["gate"]["limits"]
    assert [(limit["slice"]["item"], limit["passed"]) for limit in limits] == [("a", False), ("b", True)]
    assert why in limits[0]["reason"]


@pytest.mark.parametrize(
    "more", [["--constant"], ["--ci", "normal"], ["--ci", "bootstrap"], ["--worst", "2"]]
)
@pytest.mark.parametrize("nan", ["drop", "propagate"])
def test_what_is_asked_beside_a_value_is_null_with_it(here, text, nan, more):
    ran = here("eval", sliced(text), "-l", "mse", "--by", "item", "--nan", nan, *more, "--json")
    a, b = (one for one in json.loads(ran.out)["results"] if one["slice"])
    assert (a["value"], a["ci"], (a["constant"] or {}).get("value")) == (None, None, None)
    assert b["value"] == 0.5


def test_a_slice_whose_rows_are_all_skipped_is_null(here, text):
    table = text("t.csv", ["item,label,pred", "a,0,2", "b,2,1"])
    ran = here("eval", table, "-l", "mape:zero=skip", "--by", "item", "--json")
    a, b = (one for one in json.loads(ran.out)["results"] if one["slice"])
    assert (a["value"], a["note"], a["skipped"]) == (None, "no row counts", {"zero_label": 1})
    assert b["value"] == 0.5


@pytest.mark.parametrize("nan", ["drop", "propagate"])
def test_every_class_of_a_slice_without_a_row_that_counts_is_there(here, text, nan):
    ran = here(
        "eval", sliced(text), "-l", "recall", "--average", "none", "--by", "item", "--nan", nan, "--json"
    )
    found = json.loads(ran.out)["results"]
    whole, a = ([one["part"] for one in found if one["slice"] == place] for place in ({}, {"item": "a"}))
    assert a == whole == [{"class": "1"}, {"class": "2"}, {"class": "3"}]


def test_small_slices_without_a_row_that_counts_are_folded_too(here, text):
    table = sliced(text)
    ran = here("eval", table, "-l", "mse", "--by", "item", "--nan", "drop", "--min-slice", "1", "--json")
    found = [(one["slice"]["item"], one["value"]) for one in json.loads(ran.out)["results"] if one["slice"]]
    assert found == [("b", 0.5), ("other", None)]


def test_compare_keeps_a_slice_that_lost_its_last_row(here, text):
    table = text("t.csv", ["item,label,p,q", "a,1,,1", "b,2,1,2", "b,3,3,5"])
    call = ["compare", table, "-p", "p", "-p", "q", "-l", "mse", "--by", "item", "--nan", "drop", "--json"]
    found = [one for one in json.loads(here(*call).out)["comparisons"] if one["slice"]]
    assert [(one["slice"]["item"], one["worse_by"], one["verdict"]) for one in found] == [
        ("a", None, "inconclusive"), ("b", 1.5, "inconclusive"),
    ]  # fmt: skip
    assert "1 row was dropped for a missing value" in found[0]["note"]


def test_compare_of_saved_results_keeps_a_slice_that_one_of_them_has(here, text):
    base = text("b.csv", ["item,label,pred", "a,1,2", "b,2,1", "b,3,3"])
    head = text("h.csv", ["item,label,pred", "b,2,1", "b,3,3"])
    for path, name in ((base, "b.json"), (head, "h.json")):
        here("eval", path, "-l", "mse", "--by", "item", "--ci", "normal", "-o", name)
    ran = here("compare", "b.json", "h.json", "--json")
    found = {one["slice"].get("item"): one for one in json.loads(ran.out)["comparisons"]}
    assert (found["a"]["base"]["value"], found["a"]["head"]["value"]) == (1.0, None)
    assert (found["a"]["verdict"], found["a"]["note"]) == ("inconclusive", "only b.json has it")


def test_a_baseline_with_a_prediction_more_is_said(here, text):
    table = text("t.csv", ["label,p,q", "1,2,1", "2,1,2"])
    here("eval", table, "-l", "mse", "-p", "p", "-p", "q", "-o", "base.json")
    ran = here("eval", table, "-p", "q", "--baseline", "base.json", "--max-regression", "mse=0", "-f", "csv")
    assert "the baseline holds `p` too, not measured here" in ran.err


# ---------------------------------------------------------------------- what was left out, in every format

REASONS = {
    "only_preds": 1, "only_labels": 2, "where": 1, "missing_label": 1, "missing_pred": 1, "zero_weight": 1,
}  # fmt: skip
CALL = ["--on", "id", "--unmatched", "drop", "--nan", "drop", "-w", "w", "--where", "kind == 'x'"]
SAID = (
    "1 unmatched (only_preds), 2 unmatched (only_labels), 1 dropped (where), 1 dropped (missing_label), "
    "1 dropped (missing_pred), 1 not counted (zero_weight)"
)
LOUD, TERSE = ["table", "markdown", "github", "junit", "html"], ["csv", "jsonl", "value"]


@pytest.fixture
def files(text):
    text("p.csv", ["id,pred,other", "1,1,1", "2,,2", "3,3,3", "4,4,4", "5,5,5", "9,1,1", "10,2,1"])
    text("l.csv", [
        "id,label,w,kind", "1,1,1,x", "2,2,1,x", "3,,1,x", "4,5,0,x", "5,5,1,y", "6,7,1,x", "7,7,1,x", "10,1,1,x",
    ])  # fmt: skip
    return ["p.csv", "l.csv"]


def one_line(out):
    return " ".join(out.replace("\n", " ").split())


@pytest.fixture
def calls(files, here):
    """The call of each command that tells of these rows."""
    here("eval", *files, "-p", "pred", "-l", "mse", *CALL, "-o", "saved.json")
    return {
        "eval": ["eval", *files, "-p", "pred", "-l", "mse", *CALL],
        "check": ["check", "saved.json", "--max", "mse=9"],
        "compare": ["compare", *files, "-p", "pred", "-p", "other", "-l", "mse", *CALL],
    }


@pytest.mark.parametrize("name", LOUD)
@pytest.mark.parametrize("command", ["eval", "check", "compare"])
def test_formats_for_eyes_say_what_was_left_out(here, calls, command, name):
    if command == "compare" and name in ("github", "junit"):
        pytest.skip("a comparison has no such form")
    ran = here(*calls[command], "-f", name)
    assert ran.code == 0, ran.err
    assert SAID in one_line(ran.out)
    assert "left out" not in ran.err


@pytest.mark.parametrize("name", TERSE)
@pytest.mark.parametrize("command", ["eval", "check", "compare"])
def test_formats_of_bare_results_have_it_said_in_one_line_beside_them(here, calls, command, name):
    if command == "compare" and name != "csv":
        pytest.skip("a comparison has no such form")
    ran = here(*calls[command], "-f", name)
    where = "saved.json: " if command == "check" else ""
    assert (ran.code, ran.err) == (0, f"{where}left out: {SAID}\n")
    assert "zero_weight" not in ran.out
    assert here(*calls[command], "-f", name, "-q").err == ""


def test_a_page_in_a_file_says_it_and_a_csv_in_a_file_has_it_said(here, files):
    call = ["report", *files, "-p", "pred", "-l", "mse", *CALL]
    assert here(*call, "-o", "page.html").err == ""
    assert here(*call, "-o", "page.csv").err == f"left out: {SAID}\n"


def test_json_counts_every_row_once(here, calls):
    rows = json.loads(here(*calls["eval"], "--json").out)["rows"]
    dropped = {reason: REASONS[reason] for reason in ("where", "missing_label", "missing_pred")}
    assert rows == {
        "read_preds": 7, "read_labels": 8, "only_preds": 1, "only_labels": 2, "paired": 6, "dropped": dropped,
        "used": 3, "zero_weight": 1,
    }  # fmt: skip
    assert rows["paired"] == rows["used"] + sum(dropped.values())


def test_where_nothing_is_left_out_nothing_is_said(here, text):
    table = text("t.csv", ["label,pred", "1,2"])
    for name in (*LOUD, *TERSE):
        ran = here("eval", table, "-l", "mse", "-f", name)
        assert ran.err == ""
        assert not any(word in ran.out for word in ("dropped", "unmatched", "not counted"))
    assert "zero_weight" not in json.loads(here("eval", table, "-l", "mse", "--json").out)["rows"]


def test_two_saved_results_say_what_each_left_out(here, text):
    for name, row in (("b", "2,"), ("h", "2,4")):
        table = text(f"{name}.csv", ["label,pred", "1,2", row, "3,3"])
        here("eval", table, "-l", "mse", "--nan", "drop", "--ci", "normal", "-o", f"{name}.json")
    ran = here("compare", "b.json", "h.json", "-f", "table")
    assert "base: 1 dropped (missing_pred)" in one_line(ran.out)
    assert "left out: base: 1 dropped (missing_pred)" in here("compare", "b.json", "h.json", "-f", "csv").err


@pytest.mark.parametrize("nan", ["error", "drop", "propagate"])
def test_rows_of_weight_0_are_counted_once_whatever_is_done_with_missing_values(here, text, nan):
    preds = ["2", "", "3"] if nan != "error" else ["2", "2", "3"]
    table = text(
        "t.csv", ["label,pred,w", *(f"1,{p},{w}" for p, w in zip(preds, ("0", "1", "2"), strict=True))]
    )
    call = ["eval", table, "-l", "mse", "-l", "mae", "-l", "accuracy", "-w", "w", "--nan", nan, "--json"]
    assert json.loads(here(*call).out)["rows"]["zero_weight"] == 1


def test_classes_that_weigh_0_are_told_as_rows_of_weight_0(here, text):
    table = text("t.csv", ["label,pred", "0,0", "1,0", "1,1"])
    ran = here("eval", table, "-l", "accuracy", "--class-weight", "0=0,1=1", "-f", "csv")
    assert "left out: 1 not counted (zero_weight)" in ran.err


def test_skipped_rows_stand_in_the_note_of_a_csv_and_in_junit(here, text):
    table = text("t.csv", ["label,pred", "0,2", "2,1"])
    for name in ("csv", "junit"):
        assert (
            "1 row skipped: the label is zero" in here("eval", table, "-l", "mape:zero=skip", "-f", name).out
        )


# ---------------------------------------------------------------------- every loss

EVERY = forms()
KINDS = of_each_kind(EVERY)


@pytest.mark.parametrize("form", EVERY, ids=title)
def test_no_loss_loses_a_slice_or_takes_none_for_a_value(form: Loss, tmp_path: Any, run_all: bool) -> None:
    params = usual_params(form)
    roles = draw(form, params, generator(form, "slices"), 24)
    preds, labels = sides(form, roles)
    item = ["a"] * 4 + ["b"] * 20
    holes = {name: [None] * 4 + column.tolist()[4:] for name, column in preds.items()}
    weights = [0.0] * 4 + [1.0] * 20
    paths = [str(tmp_path / f"{side}.parquet") for side in ("preds", "labels")]
    ways: list[tuple[bool, dict[str, Any]]] = [
        (True, {"nan": "propagate"}),
        (True, {"nan": "drop"}),
        (False, {"weight": "weight"}),
    ]
    # In a usual run all ways are those of one loss of each kind; the others take turns.
    for missing, more in ways if run_all or form in KINDS else [ways[EVERY.index(form) % 3]]:
        write(paths[0], holes if missing else preds)
        write(paths[1], labels | {"item": item, "weight": weights})
        call = options_of(form, roles) | more
        found = evaluate(*paths, loss=[spec(form, params)], by=["item"], **call)
        empty = [one for one in found.results if one.slice == {"item": "a"}]
        assert empty, more
        assert all(one.value is None and one.note for one in empty)


def test_rows_that_only_the_file_of_the_head_has_are_told(here, text):
    text("base.csv", ["id,pred", "1,1", "2,2", "5,3"])
    text("head.csv", ["id,pred", "1,1", "2,3", "6,3", "7,3"])
    text("labels.csv", ["id,label", "1,1", "2,2", "3,3"])
    call = ["compare", "base.csv", "head.csv", "labels.csv", "--on", "id", "--unmatched", "drop", "-l", "mse"]
    rows = json.loads(here(*call, "--json").out)["rows"]
    assert (rows["only_preds"], rows["only_head"], rows["only_labels"], rows["used"]) == (1, 2, 1, 2)
    said = "1 unmatched (only_preds), 2 unmatched (only_head), 1 unmatched (only_labels)"
    assert here(*call, "-f", "csv").err == f"left out: {said}\n"
    assert said in one_line(here(*call, "-f", "table").out)
