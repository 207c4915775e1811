"""Numbers, classes and keys that are spelled alike, or in several ways: which of them are one and which are not."""

from __future__ import annotations

import datetime
import json
import math

import numpy as np
import pyarrow as pa
import pytest

from losscli.reading import csv

LIMIT = 2**53

WAYS = ("reference", "fast")
"""The readers of CSV."""


@pytest.fixture
def way(request, monkeypatch):
    """Read CSV by one of the readers, whatever the size of the file."""
    if request.param == "fast":
        monkeypatch.setattr(csv, "SMALL_BYTES", 0)
    return request.param


def value(ran):
    assert ran.code == 0, ran.err
    return float(ran.out)


# ── numeric cells ──


@pytest.mark.parametrize("way", WAYS, indirect=True)
@pytest.mark.parametrize(
    "cell, held",
    [
        (str(LIMIT), LIMIT), (str(2**60), 2**60), (str(-(2**60)), -(2**60)), ("1" + "0" * 22, 10**22),
        (f"{LIMIT + 1}.0", LIMIT), (f"{LIMIT + 1}e0", LIMIT), (str(LIMIT + 1), None), (str(-LIMIT - 1), None),
        (str(2**60 + 1), None), (f"+{LIMIT + 1}", None), (f"000{LIMIT + 1}", None), ("1" + "0" * 23, None),
    ],
)  # fmt: skip
def test_a_plain_integer_in_a_numeric_cell_is_exactly_a_double_or_an_error(here, text, way, cell, held):
    file = text("f.csv", ["pred,label", "1.5,1.5", f"{cell},{held or 0}.0"])
    for chunk in (1, 65536):
        ran = here("eval", file, "-l", "mae", "-f", "value", "--chunk-rows", chunk)
        if held is None:
            assert (ran.code, ran.block().err.split("\n")[0]) == (
                3, f"error: f.csv, column `pred`, row 2: `{cell}` is no double",
            )  # fmt: skip
        else:
            assert value(ran) == 0.0


@pytest.mark.parametrize(
    "options",
    [
        ("-l", "mae"), ("-l", "mae", "-p", "x", "-w", "pred"), ("-l", "mae", "-p", "x", "--by", "pred:bins=2"),
        ("-l", "mae", "-p", "x", "--where", "pred > 1"), ("-l", "expr:abs(pred - label)"),
    ],
)  # fmt: skip
def test_such_an_integer_is_an_error_in_every_numeric_role(here, text, options):
    file = text("f.csv", ["pred,label,x", "1,1,1", f"{LIMIT + 1},{LIMIT},1"])
    ran = here("eval", file, "-y", "label", *options)
    assert (ran.code, f"`{LIMIT + 1}` is no double" in ran.err) == (3, True), ran.err


def test_such_an_integer_is_an_error_in_every_format(here, text, parquet):
    files = [
        text("f.csv", ["pred,label", f"{LIMIT + 1},1"]),
        text("f.jsonl", [json.dumps({"pred": LIMIT + 1, "label": 1})]),
        text("g.jsonl", [json.dumps({"pred": str(LIMIT + 1), "label": 1})]),
        parquet("f.parquet", {"pred": [LIMIT + 1], "label": [1]}),
        parquet("g.parquet", {"pred": [str(LIMIT + 1)], "label": [1]}),
    ]
    for file in files:
        ran = here("eval", file, "-l", "mse").block()
        assert (ran.code, f"`{LIMIT + 1}` is no double" in ran.err) == (3, True), file
        assert f"the nearest is {LIMIT}" in ran.err


def test_such_an_integer_is_an_error_in_an_expression(here, text):
    file = text("f.csv", ["pred,label", f"{LIMIT},{LIMIT}"])
    call = ("eval", file, "-f", "value")
    assert value(here(*call, "-l", "mae", "--where", f"pred == {LIMIT}")) == 0.0
    for more in (("-l", "mae", "--where", f"pred == {LIMIT + 1}"), ("-l", f"expr:abs(pred - {LIMIT + 1})")):
        assert here(*call, *more).block().code == 2


@pytest.mark.parametrize(
    "dialect, cell, hint",
    [
        ((), '"1,5"', "decimal=comma"),
        (("--dialect", "decimal=comma"), "1.5", "decimal=point"),
        ((), "1;5", None),
    ],
)
def test_a_number_with_the_other_decimal_sign_leads_to_the_dialect(here, text, dialect, cell, hint):
    ran = here("eval", text("f.csv", ["pred", cell]), text("l.csv", ["label", "1"]), "-l", "mse", *dialect)
    assert ran.code == 3
    assert (f"--dialect {hint}" in ran.err) if hint else "decimal" not in ran.err


# ── classes ──


@pytest.mark.parametrize("way", WAYS, indirect=True)
@pytest.mark.parametrize(
    "loss, pairs, wanted",
    [
        ("accuracy", ["1,01", "01,01", "11,11", "011,11"], 0.5),
        ("accuracy", ["1,1.0", "1.00,1", "true,1", "-0,0"], 1.0),
        ("accuracy", ["1,+1", "+1,1", "100,1E2", "1E2,1E2", "a,a"], 0.4),
        ("accuracy", [f"{LIMIT + 1},{LIMIT}", f"{LIMIT},{LIMIT}"], 0.5),
        ("accuracy", [f"{LIMIT + 1},{LIMIT + 1}.0", f"{LIMIT},{LIMIT}"], 1.0),
        ("accuracy", [f"{10**30},{10**30 + 1}", f"{10**30},{10**30}"], 0.5),
        ("adjusted_rand", [f"{1234567890123456780 + n % 4},{n % 4}" for n in range(8)], 1.0),
        ("adjusted_rand", [f"{n % 4},{10**18 + n % 4}" for n in range(8)], 1.0),
    ],
)
def test_only_plain_whole_numbers_of_one_value_are_one_class(here, text, way, loss, pairs, wanted):
    file = text("f.csv", ["pred,label", *pairs])
    for chunk in (1, 3, 65536):
        assert value(here("eval", file, "-l", loss, "-f", "value", "--chunk-rows", chunk)) == wanted


def test_classes_in_text_are_the_same_in_every_format(here, text, parquet):
    pred, label = ["1", "01", "11", "011", str(LIMIT + 1)], ["01", "01", "11", "11", str(LIMIT)]
    rows = [json.dumps({"pred": p, "label": y}) for p, y in zip(pred, label, strict=True)]
    coded = {name: pa.array(held).dictionary_encode() for name, held in (("pred", pred), ("label", label))}
    files = [
        text("f.csv", ["pred,label", *(f"{p},{y}" for p, y in zip(pred, label, strict=True))]),
        text("f.jsonl", rows),
        parquet("f.parquet", {"pred": pred, "label": label}),
        parquet("g.parquet", coded),
    ]
    for file in files:
        assert value(here("eval", file, "-l", "accuracy", "-f", "value")) == 0.4


def test_whole_numbers_in_other_spellings_do_not_stand_among_probabilities(here, text):
    file = text("f.csv", ["pred,label", "0.5,0", "1E0,1"])
    for chunk in (1, 65536):
        ran = here("eval", file, "-l", "accuracy", "--chunk-rows", chunk).block()
        assert (ran.code, "text and probabilities" in ran.err) == (3, True)
    good = text("g.csv", ["pred,label", "0.5,0", "1.0,1", "1,1", "0,0", "5e-05,0"])
    assert value(here("eval", good, "-l", "accuracy", "-f", "value")) == 1.0


def test_columns_are_named_for_classes_by_the_same_rule(here, text):
    file = text("f.csv", ["p_1,p_01,label", "0.1,0.9,01"])
    assert value(here("eval", file, "-l", "cross_entropy", "-p", "p_*", "-f", "value")) == -math.log(0.9)


@pytest.mark.parametrize(
    "header, options, code",
    [
        ("p_1,p_1.0,label", (), 3), ("1.0_p,1_p,label", (), 3), ("p_true,p_1,label", (), 3), ("p_1,p_1,label", (), 3),
        ("p_0,p_1,label", ("--classes", "1,1"), 2), ("p_0,p_1,label", ("--classes", "1,1.0"), 2),
        ("p_0,p_1,label", ("--class-weight", "1=2,1.0=3"), 2), ("p_0,p_1,label", (), 0),
        ("p_0,p_1,label", ("--class-weight", "1=2,01=3"), 0), ("p_01,p_1,label", (), 0),
    ],
)  # fmt: skip
def test_two_columns_or_words_for_one_class_are_refused(here, text, header, options, code):
    file = text("f.csv", [header, "0.5,0.5,1"])
    ran = here("eval", file, "-l", "cross_entropy", "-p", "*p*" if "p," in header else "p_*", *options)
    assert ran.code == code, ran.err


def test_a_class_twice_is_refused_where_there_are_no_class_columns_too(here, text):
    file = text("f.csv", ["pred,label", "1,1"])
    assert here("eval", file, "-l", "accuracy", "--classes", "1,1.0").block().code == 2
    matrix = text("m.csv", ["true,1,1.0", "1,0,1", "1.0,1,0"])
    assert here("eval", file, "-l", f"expected_cost:matrix={matrix}").code != 0


@pytest.mark.parametrize(
    "rows, told",
    [
        (["1,1", "0,NA", "1,0"], True), (["1,1", "null,0"], True), (["1,1", "0,nan", "a,0"], True),
        (["a,a", "b,NA"], False), (["1,1", "0,x"], False), (["1,a", "0,NA"], False),
    ],
)  # fmt: skip
def test_a_missing_value_beside_numeric_classes_is_told(here, text, rows, told):
    file = text("f.csv", ["pred,label", *rows])
    for chunk in (1, 65536):
        ran = here("eval", file, "-l", "accuracy", "--json", "--chunk-rows", chunk)
        if ran.code == 0:
            note = json.loads(ran.out)["results"][0]["note"]
            assert ("beside numeric classes" in (note or "")) is told
        else:
            assert not told


# ── keys ──


DOUBLES = pa.array([1.0, float(LIMIT), 2.0**60, 0.5])


def only(ran):
    rows = json.loads(ran.out)["rows"]
    return rows["paired"], rows["only_preds"], rows["only_labels"]


@pytest.mark.parametrize(
    "cells, wanted",
    [
        (["1", str(LIMIT), str(2**60), "0.5"], (4, 0, 0)), (["1.0", str(LIMIT + 1), "2", "0.50"], (2, 2, 2)),
        (["01", "1152921504606846977", "5e-1", "7"], (2, 2, 2)), (["1", str(10**400), "2", "3"], (1, 3, 3)),
    ],
)  # fmt: skip
def test_integers_in_text_meet_only_the_double_that_they_are(here, text, parquet, cells, wanted):
    preds = text("p.csv", ["k,pred", *(f"{cell},1" for cell in cells)])
    labels = parquet("l.parquet", {"k": DOUBLES, "label": [1.0] * 4})
    call = ("eval", preds, labels, "-l", "mae", "--on", "k", "--json")
    assert only(here(*call, "--unmatched", "drop")) == wanted
    assert here(*call).code == (0 if wanted[1] == 0 else 3)


INTEGERS = {
    "csv plain": lambda text, parquet: text("l.csv", ["k,label", "7,1", "1,2", f"{10**20},3"]),
    "csv zeros": lambda text, parquet: text("l.csv", ["k,label", "007,1", "1.0,2", f"0{10**20},3"]),
    "jsonl": lambda text, parquet: text(
        "l.jsonl", ['{"k":7,"label":1}', '{"k":1.0,"label":2}', f'{{"k":{10**20},"label":3}}']
    ),
    "doubles": lambda text, parquet: parquet("l.parquet", {"k": [7.0, 1.0, 1e20], "label": [1.0, 2.0, 3.0]}),
    "strings": lambda text, parquet: parquet(
        "l.parquet", {"k": ["7.0", "01", f"{10**20}"], "label": [1.0, 2.0, 3.0]}
    ),
    "decimals": lambda text, parquet: parquet(
        "l.parquet",
        {"k": pa.array([7, 1, 10**20], pa.decimal128(30, 2)), "label": [1.0, 2.0, 3.0]},
    ),
}


@pytest.mark.parametrize("labels", INTEGERS)
@pytest.mark.parametrize("preds", INTEGERS)
def test_key_type_int_reads_whole_numbers_of_any_size_from_any_format(
    here, tmp_path, text, parquet, preds, labels
):
    one = INTEGERS[preds](text, parquet)
    name = f"p{(tmp_path / one).suffix}"
    (tmp_path / one).rename(tmp_path / name)
    other = INTEGERS[labels](text, parquet)
    ran = here(
        "eval", name, other, "-p", "label", "-l", "mae", "--on", "k", "--key-type", "int", "-f", "value"
    )
    assert value(ran) == 0.0


def test_unsigned_and_wide_integers_are_keys_as_any_other(here, text, parquet):
    keys = [2**64 - 1, 5, 2**63]
    labels = parquet("l.parquet", {"k": pa.array(keys, pa.uint64()), "label": [1.0, 2.0, 3.0]})
    preds = text("p.csv", ["k,pred", *(f"{key},{at}" for at, key in enumerate(keys, start=1))])
    for more in ((), ("--key-type", "int"), ("--key-type", "text")):
        assert value(here("eval", preds, labels, "-l", "mae", "--on", "k", "-f", "value", *more)) == 0.0
    ran = here("eval", preds, labels, "-l", "mae", "--on", "k", "--ci", "bootstrap:seed=1", "--json")
    assert ran.code == 0, ran.err


def test_a_number_in_the_name_of_a_folder_meets_the_integer_under_key_type_int(here, tmp_path, text):
    for day in ("06", "07"):
        (tmp_path / "l" / f"day={day}").mkdir(parents=True)
        (tmp_path / "l" / f"day={day}" / "a.csv").write_text(f"label\n{int(day)}\n")
    preds = text("p.csv", ["day,pred", "7,7", "6,6"])
    call = ("eval", preds, "l", "-l", "mae", "-p", "pred", "-y", "label", "--on", "day", "-f", "value")
    assert value(here(*call, "--key-type", "int")) == 0.0
    assert here(*call).code == 3


@pytest.mark.parametrize(
    "cell, meets",
    [
        ("2024-01-31", True), ("2024-01-31T00:00:00", True), ("2024-01-31 00:00", True), ("2024-01-31 00:00:00.000", True),
        ("2024-01-31T00:00:01", False), ("2024-01-31T00:00:00Z", False), ("2024-02-01", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("stored", ["date", "timestamp"])
def test_a_date_meets_a_timestamp_at_its_midnight(here, text, parquet, cell, meets, stored):
    keys = {
        "date": pa.array([datetime.date(2024, 1, 31)]),
        "timestamp": pa.array([datetime.datetime(2024, 1, 31)], pa.timestamp("ns")),
    }
    labels = parquet("l.parquet", {"k": keys[stored], "label": [1.0]})
    ran = here(
        "eval", text("p.csv", ["k,pred", f"{cell},1"]), labels, "-l", "mae", "--on", "k", "-f", "value"
    )
    assert ran.code == (0 if meets else 3)
    both = parquet("b.parquet", {"k": keys["date"], "pred": [1.0]})
    assert value(here("eval", both, labels, "-l", "mae", "--on", "k", "-f", "value")) == 0.0


@pytest.mark.parametrize(
    "cell, meets",
    [
        ("2024-01-31T05:00:00Z", True), ("2024-01-31T00:00:00-05:00", True), ("2024-01-31 00:00:00-0500", True),
        ("2024-01-31T00:00-05", True), ("2024-01-31 10:30:00+05:30", True), ("2024-01-30T23:00:00-06:00", True),
        ("2024-01-31T05:00:00+00:00", True), ("2024-01-31T05:00:00+05:00", False), ("2024-01-31T05:00:00", False),
    ],
)  # fmt: skip
def test_offsets_of_times_are_read(here, text, parquet, cell, meets):
    moment = datetime.datetime(2024, 1, 31, 5, tzinfo=datetime.UTC)
    labels = parquet("l.parquet", {"k": pa.array([moment], pa.timestamp("us", "UTC")), "label": [1.0]})
    ran = here(
        "eval", text("p.csv", ["k,pred", f"{cell},1"]), labels, "-l", "mae", "--on", "k", "-f", "value"
    )
    assert ran.code == (0 if meets else 3), ran.err


@pytest.mark.parametrize("keys", [("1", "2", "3"), ("a", "b", "c")])
@pytest.mark.parametrize("chunk_rows", [1, 65536])
def test_a_row_without_a_key_is_dropped_and_counted_with_its_side(here, text, keys, chunk_rows):
    one, two, three = keys
    preds = text("p.csv", ["k,pred", f"{one},1", ",2", f"{two},3", ",4"])
    labels = text("l.csv", ["k,label", f"{two},3", ",2", f"{three},1"])
    call = ("eval", preds, labels, "-l", "mae", "--on", "k", "--json", "--chunk-rows", chunk_rows)
    for more in ((), ("--key-type", "int")) if one == "1" else ((),):
        assert only(here(*call, "--unmatched", "drop", *more)) == (1, 3, 2)
    ran = here(*call).block()
    assert (ran.code, "the key is missing" in ran.err, "--unmatched drop" in ran.err) == (3, True, True)


def test_a_hint_at_key_types_names_those_that_read_both_files(here, text, parquet):
    whole = parquet("p.parquet", {"k": [1, 2], "pred": [1.0, 2.0]})
    for held, fits in ((["1", "2"], True), (["a", "b"], False), ([1.0, 2.0], True), ([1.5, 2.0], False)):
        ran = here(
            "eval", whole, parquet("l.parquet", {"k": held, "label": [1.0, 2.0]}), "-l", "mae", "--on", "k"
        )
        assert ran.block().code == 3
        assert ("--key-type int" in ran.err) is fits
        if fits:
            again = ("eval", whole, "l.parquet", "-l", "mae", "--on", "k", "--key-type", "int", "-f", "value")
            assert value(here(*again)) == 0.0


# ── probabilities in short floats ──


def test_probabilities_in_short_floats_are_held_to_their_own_rounding(here, tmp_path, parquet):
    scores = np.exp(np.random.default_rng(3).normal(size=(500, 5)).astype(np.float32))
    short = scores / scores.sum(axis=1, keepdims=True) * np.float32(1 + 3e-6)
    labels = [int(n) for n in np.arange(500) % 5]
    for dtype, told in ((np.float32, False), (np.float64, True)):
        columns = {f"p_{at}": short[:, at].astype(dtype) for at in range(5)}
        files = [parquet("f.parquet", {**columns, "label": labels})]
        np.save(tmp_path / "p.npy", short.astype(dtype))
        np.save(tmp_path / "l.npy", np.array(labels))
        for call in ((files[0], "-p", "p_*"), ("p.npy", "l.npy", "-p", "*")):
            ran = here("eval", *call, "-l", "cross_entropy", "--json")
            assert ran.code == 0, ran.err
            assert ("sum_not_one" in json.loads(ran.out)["results"][0]["touched"]) is told


def test_a_probability_in_float32_may_miss_its_bounds_by_its_rounding(here, parquet):
    held = np.array([1.0000001, 0.5, -1e-7], np.float32)
    file = parquet("f.parquet", {"pred": held, "label": [1, 0, 0]})
    ran = here("eval", file, "-l", "brier", "--json")
    (result,) = json.loads(ran.out)["results"]
    assert (result["value"], result["touched"]) == (0.25 / 3, {"rounded": 2})
    for wrong in (held.astype(np.float64), np.array([1.001, 0.5, 0.0], np.float32)):
        assert (
            here("eval", parquet("g.parquet", {"pred": wrong, "label": [1, 0, 0]}), "-l", "brier").code == 3
        )


def test_a_key_of_text_beside_doubles_is_shown_as_it_is(here, text, parquet):
    text("preds.csv", ["key,pred", "12,1"])
    parquet("labels.parquet", {"key": [2.0**53], "label": [1.0]})
    found = here("eval", "preds.csv", "labels.parquet", "--on", "key", "-l", "mse")
    assert found.code == 3
    assert "the key `12` is not in labels.parquet" in found.err
    assert "(`9007199254740992` in row 1)" in found.err


def test_labels_of_text_lead_to_the_option_that_names_the_positive_class(here, text):
    text("rows.csv", ["label,pred", "yes,0.9", "no,0.2", "yes,0.4"])
    for loss in ("auc", "log_loss"):
        found = here("eval", "rows.csv", "-l", loss).block()
        assert found.code == 3
        assert "`yes` is not a number" in found.err
        assert "--pos-label CLASS" in found.err
    assert here("eval", "rows.csv", "-l", "auc", "--pos-label", "yes", "-f", "value").out == "1.0\n"
