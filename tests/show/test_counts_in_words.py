"""A count agrees with its noun and its verb: 1 row is, 2 rows are, 1 of 1 row has."""

from __future__ import annotations

import re

import pytest

from losscli.text import noun, plural, share

AGREEING = [
    (1, 1, "are outside", "1 of 1 row is outside"),
    (1, 3, "are outside", "1 of 3 rows is outside"),
    (2, 3, "are outside", "2 of 3 rows are outside"),
    (1, 2, "have none here", "1 of 2 rows has none here"),
    (2, 2, "have none here", "2 of 2 rows have none here"),
    (1, 9, "do not", "1 of 9 rows does not"),
    (1, 9, "differ", "1 of 9 rows differs"),
    (3, 9, "differ", "3 of 9 rows differ"),
]


@pytest.mark.parametrize(("count", "total", "predicate", "said"), AGREEING)
def test_what_is_true_of_some_rows_is_said_in_number(count, total, predicate, said):
    assert share(count, total, "row", predicate) == said


def test_nouns_go_with_their_count():
    assert [plural(1, "row is", "rows are"), plural(2, "row is", "rows are")] == ["1 row is", "2 rows are"]
    assert [noun(1, "class", "classes"), noun(0, "class", "classes")] == ["class", "classes"]


# The rows of the file, the call, and what is said, on standard error or as a note.
SAID = [
    (["label,pred", "1,"], ["-l", "mse"], "1 of 1 row has none here"),
    (["label,pred", "1,", "2,", "3,1"], ["-l", "mse"], "2 of 3 rows have none here"),
    (["label,pred", "1,1.5"], ["-l", "brier"], "1 of 1 row is outside"),
    (["label,pred", "0,1.5", "1,7"], ["-l", "brier"], "2 of 2 rows are outside"),
    (["label,p_0,p_1", "1,.5,.6"], ["-p", "p_*", "-l", "cross_entropy"], "1 of 1 row does not"),
    (["label,pred", "1,"], ["-l", "mse", "--nan", "drop"], "the only row was left out: 1 missing_pred"),
    (["label,pred", "1,", "2,"], ["-l", "mse", "--nan", "drop"], "all 2 rows were left out: 2 missing_pred"),
    (["label,pred", "0,1"], ["-l", "expr:1 / label"], "the loss of 1 row is infinite, first in row 1"),
    (["label,pred", "0,1", "0,2"], ["-l", "expr:1 / label"], "the losses of 2 rows are infinite, first in row 1"),
    (["label,pred", "1,2", "2,3"], ["-l", "adj_r2:k=1"], "2 rows are too few for 1 predictor"),
    (["label,pred", "1,2", "2,3"], ["-l", "adj_r2:k=2"], "2 rows are too few for 2 predictors"),
    (["label,pred", "1,2"], ["-l", "mse", "--where", "sqrt(pred, 1) > 1"], "`sqrt` takes 1 value"),
    (["label,pred", "1,2"], ["-l", "mse", "--nan", "propagate", "-v"], "1 row in "),
    (["label,pred", "0,1", "1,2"], ["-l", "mape"], "1 of 2 rows is outside"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "call", "said"), SAID)
def test_messages_and_notes_agree_in_number(here, text, rows, call, said):
    ran = here("eval", text("t.csv", rows), *call, "-f", "csv")
    assert said in ran.err + ran.out
    assert not re.search(r"\b1 (rows|columns|values|labels|classes)\b|\bof 1 rows\b", ran.err + ran.out)


def test_keys_and_types_are_counted_in_number(here, text):
    call = [
        "eval",
        text("a.csv", ["id,pred", "5,1"]),
        text("b.csv", ["id,label", "5,1"]),
        "-l",
        "mse",
        "--on",
        "id",
    ]
    assert "names 2 types for 1 key" in here(*call, "--key-type", "int,int").err
    call = call[:-2]
    text("b.csv", ["id,label", "7,1"])
    assert "1 of 1 row differs" in here(*call).err
