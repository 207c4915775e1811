"""Numbers beyond the doubles, in data, weights and expressions: null with a note or an error, never a defect."""

from __future__ import annotations

import math

import numpy as np
import pytest
from reports import result, strict
from tables import COMPARED

from losscli.errors import UsageError
from losscli.loss.expression import parse
from losscli.report.records import in_doubles

GREATEST = "1.7976931348623157e308"


def only(ran):
    assert ran.code == 0, ran.err
    (found,) = strict(ran.out)["results"]
    return found


@pytest.mark.parametrize("loss, value", [("mse", 5.0), ("mae", 2.0), ("rmse", math.sqrt(5.0)), ("bias", 2.0)])
def test_weights_whose_sum_is_no_double_have_a_value_and_no_weight(here, text, loss, value):
    name = text("t.csv", ["label,pred,w", "0,1,1e308", "0,3,1e308"])
    found = only(here("eval", name, "-l", loss, "-w", "w", "--json"))
    assert (found["value"], found["weight"], found["sum"]) == (value, None, None)
    assert "the sum of the weights exceeds the largest double" in found["note"]


@pytest.mark.parametrize(
    "loss, lost",
    [
        ("accuracy", "a number of the detail exceeds the largest double"),
        ("f1", "a number of the detail exceeds the largest double"),
    ],
)
@pytest.mark.parametrize("format", ["json", "csv", "jsonl", "markdown", "table", "html", "github", "junit"])
def test_a_table_whose_cells_are_no_doubles_is_shown_with_gaps(here, text, loss, lost, format):
    name = text("t.csv", ["label,pred,w", *["1,1,1.7e308"] * 3, "0,1,1"])
    ran = here("eval", name, "-l", loss, "-w", "w", "-f", format)
    assert ran.code == 0, ran.err
    if format == "json":
        found = only(ran)
        assert lost in found["note"]
        assert None in [cell for row in found["detail"]["confusion"] for cell in row]


def test_a_csv_leaves_the_weight_empty(here, text):
    name = text("t.csv", ["label,pred,w", "0,1,1e308", "0,3,1e308"])
    heads, row = here("eval", name, "-l", "mse", "-w", "w", "-f", "csv").out.splitlines()
    assert dict(zip(heads.split(","), row.split(","), strict=False))["weight"] == ""


def test_a_sum_beyond_the_doubles_is_null_beside_a_mean_that_is_not(here, text):
    found = only(here("eval", text("t.csv", ["label,pred", *["0,1e308"] * 3]), "-l", "mae", "--json"))
    assert (found["value"], found["sum"], found["note"]) == (
        1e308,
        None,
        "the sum exceeds the largest double",
    )


def test_a_saved_result_without_a_weight_is_read_back(here, text, tmp_path):
    name = text("t.csv", ["label,pred,w", "0,1,1e308", "0,3,1e308"])
    (tmp_path / "r.json").write_text(here("eval", name, "-l", "mse", "-w", "w", "--json").out)
    assert here("check", "r.json", "--max", "mse=5").code == 0
    assert here("check", "r.json", "--baseline", "r.json", "--max-regression", "mse=0%").code == 0
    (found,) = strict(here("compare", "r.json", "r.json", "--json").out)["comparisons"]
    assert (found["worse_by"], found["weight"]) == (0.0, None)


@pytest.mark.usefixtures("few_resamples")
@pytest.mark.parametrize(
    "rows, extra, field",
    [
        (["0,1,2,1e308"] * 2 + ["0,3,1,1e308"], [], "weight"),
        (["0,1e307,5e307,1", "0,5e307,1e308,1", "0,0,1.7e308,1"], [], "detectable"),
        ([f"0,-{GREATEST},{GREATEST},1"] * 3, ["-l", "bias"], None),
        ([f"{GREATEST},-{GREATEST},0,1", "0,0,1,1"] * 2, [], None),
        (["5e-324,0,5e-324,1e308"] * 3, ["-l", "wape"], "weight"),
    ],
)
@pytest.mark.parametrize("ci", ["normal", "bootstrap"])
def test_a_comparison_of_numbers_that_overflow_is_strict_json(here, text, rows, extra, field, ci):
    name = text("t.csv", ["label,a,b,w", *rows])
    ran = here("compare", name, *COMPARED, *extra, "-w", "w", "--ci", ci, "--json")
    assert ran.code in (0, 1), ran.err
    for found in strict(ran.out)["comparisons"]:
        if field == "weight":
            assert found["weight"] is None
            assert "the sum of the weights exceeds the largest double" in found["note"]
        if found["ci"] is None or field == "detectable":
            assert found["detectable"] is None or ci == "bootstrap"


POOLS = [[GREATEST, "1e308", "-1.7e308", "1e154", "0", "1"], ["5e-324", "0", "1e-320"], ["1", "0"]]
CALLS = [
    ("eval", "-p", "a", "--ci", "normal", "--constant", "--by", "g", "--worst", "2", "--json"),
    ("eval", "-p", "a", "--ci", "bootstrap", "--json"),
    ("eval", "-p", "a", "--max", "mse=1e308", "--rows-out", "rows.jsonl", "--gradient", "--json"),
    ("eval", "-p", "a", "-f", "markdown", "--by", "g"),
    ("eval", "-p", "a", "--plot", "loss", "-f", "table"),
    ("compare", "-p", "a", "-p", "b", "--by", "g", "--json"),
]
LOSSES = [
    "mse",
    "mae",
    "rmse",
    "wape",
    "bias",
    "r2",
    "msle",
    "accuracy",
    "f1",
    "max_error",
    "mape:zero=skip",
    "gmae",
    "d2_log_loss",
    "psnr:range=1",
]


@pytest.mark.usefixtures("few_resamples")
@pytest.mark.parametrize("call", CALLS, ids=lambda call: " ".join(call))
@pytest.mark.parametrize("weights", [["1e308", GREATEST], ["5e-324", "0", "1"]], ids=["large", "small"])
@pytest.mark.parametrize("pool", POOLS, ids=["large", "small", "plain"])
def test_no_number_of_the_range_of_doubles_makes_a_defect(here, text, call, weights, pool):
    draws = np.random.default_rng(12)
    lines = [
        ",".join([*draws.choice(pool, 3), draws.choice(weights), draws.choice(["x", "y"])]) for _ in range(7)
    ]
    name = text("t.csv", ["label,a,b,w,g", *lines])
    # Of each call one half of the losses with some of the numbers, and the other half with others.
    turn = CALLS.index(call) + POOLS.index(pool) + (weights[0] == "1e308")
    for loss in LOSSES[turn % 2 :: 2]:
        ran = here(call[0], name, "-y", "label", "-w", "w", "-l", loss, *call[1:])
        assert ran.code in (0, 1, 2, 3), f"{loss}: {ran.err}"
        if "--json" in call and ran.code in (0, 1):
            strict(ran.out)


@pytest.mark.parametrize("pool", POOLS[:2], ids=["large", "small"])
def test_a_page_says_which_pictures_no_axis_can_hold(here, text, pool):
    lines = [f"{pool[at % len(pool)]},{pool[(at + 1) % len(pool)]}" for at in range(9)]
    ran = here("report", text("t.csv", ["label,pred", *lines]), "-l", "mae", "-l", "bias")
    assert ran.code == 0, ran.err
    assert "not drawn: the numbers are too large or too small for an axis" in ran.out


# ── expressions ──

REFUSED = [
    ("9**9**9**9", "names no column"), ("1/0", "names no column"), ("log(0-1)", "names no column"),
    ("True", "names no column"), ("'a' == 'b'", "names no column"), ("max(1, 2)", "names no column"),
    ("1e400", "a number beyond the largest double"), ("pred - 1e309", "a number beyond the largest double"),
    ("9007199254740993 - pred", "whole number that no double is"), ("10**400 - " + "9" * 400, "no double is"),
    ("(" * 150 + "pred" + ")" * 150 + "*0**", "cannot be read"), ("-" * 900 + "pred", "deep"),
    ("+".join(["pred"] * 300), "deep"), ("1j", "not part of the language"), ("pred << 3", "not part"),
]  # fmt: skip


@pytest.mark.parametrize("expression, why", REFUSED, ids=[text[:20] for text, _ in REFUSED])
def test_an_expression_without_a_value_of_rows_is_a_usage_error(here, text, expression, why):
    ran = here("eval", text("t.csv", ["label,pred", "0,1"]), "-l", f"expr:{expression}", "--json")
    assert ran.code == 2, ran.err
    assert why in ran.err


@pytest.mark.parametrize(
    "literal", ["1e308", GREATEST, "9007199254740992", "0x10", "1_000", "5e-324", "True"]
)
def test_a_literal_that_is_a_double_stands(literal):
    assert parse(f"x + {literal}").columns == {"x": "number"}


@pytest.mark.parametrize("literal", ["9007199254740993", "1e309", "2e308", "1" + "0" * 400])
def test_a_literal_that_is_no_double_is_refused_in_a_filter_too(literal):
    with pytest.raises(UsageError):
        parse(f"x == {literal}")


@pytest.mark.parametrize(
    "expression, note",
    [
        ("9**9**9 * label + pred", "infinite"),
        ("(pred + 1) / (label * 0)", "infinite"),
        ("exp(label + 710)", "infinite"),
    ],
)
def test_an_expression_that_overflows_in_some_rows_is_null_with_a_note(here, text, expression, note):
    found = only(
        here(
            "eval", text("t.csv", ["label,pred", "1,1", "2,3"]), "-l", f"expr:{expression} + 0*pred", "--json"
        )
    )
    assert found["value"] is None
    assert note in found["note"]


def test_only_what_overflows_becomes_null():
    plain = result(detail={"bins": [{"low": 0.0}]})
    assert in_doubles(plain, {"weight": "the weight", "detail": "a number"}) is plain
    wild = result(weight=math.inf, detail={"bins": [{"low": math.inf}]}, note="n")
    found = in_doubles(wild, {"weight": "the weight", "detail": "the detail"})
    assert (found.weight, found.detail) == (None, {"bins": [{"low": None}]})
    assert found.note == "n; the weight exceeds the largest double; the detail exceeds the largest double"
