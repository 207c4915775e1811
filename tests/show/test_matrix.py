"""`confusion_matrix`: every format shows how often each class was taken for each, and its value is the error rate."""

from __future__ import annotations

import csv
import io
import json

import pytest

ROWS = ["label,pred,w,g", "a,a,1,x", "a,b,2,x", "b,b,0.5,y", "c,b,1,y"]
CALL = ("both.csv", "--pred", "pred", "-l", "confusion_matrix")


@pytest.fixture
def shown(here, text):
    text("both.csv", ROWS)

    def run(*args):
        ran = here("eval", *CALL, *args)
        assert ran.code == 0, ran.err
        return ran.out

    return run


def test_the_value_is_the_share_of_rows_off_the_diagonal_which_a_gate_bounds(here, shown):
    assert float(shown("-f", "value")) == 0.5
    assert float(shown("-f", "value", "--weight", "w")) == 3 / 4.5
    assert here("eval", *CALL, "--max", "confusion_matrix=0.4").code == 1


def test_the_detail_holds_classes_and_weights(shown):
    (found,) = json.loads(shown("--json", "--weight", "w"))["results"]
    assert found["detail"] == {
        "classes": ["a", "b", "c"], "confusion": [[1, 2, 0], [0, 0.5, 0], [0, 1, 0]], "listed": True,
    }  # fmt: skip


def test_csv_has_a_row_for_each_pair_of_classes(shown):
    rows = list(csv.DictReader(io.StringIO(shown("-f", "csv", "--weight", "w"))))
    assert [rows[0][name] for name in ("loss", "label_class", "pred_class", "rows", "weight")] == [
        "confusion_matrix", "", "", "4", "4.5",
    ]  # fmt: skip
    pairs = {(row["label_class"], row["pred_class"]): row["weight"] for row in rows[1:]}
    assert len(pairs) == 9
    assert (pairs["a", "b"], pairs["b", "b"], pairs["c", "c"]) == ("2.0", "0.5", "0.0")
    assert {row["value"] for row in rows[1:]} == {""}


def test_csv_has_the_pairs_of_each_slice_below_it_and_no_such_column_without_the_loss(here, shown):
    rows = list(csv.DictReader(io.StringIO(shown("-f", "csv", "--by", "g", "-l", "mcc"))))
    assert {row["slice"] for row in rows if row["label_class"]} == {"", "g=x", "g=y"}
    assert {row["loss"] for row in rows if row["label_class"]} == {"confusion_matrix"}
    assert "label_class" not in here("eval", "both.csv", "--pred", "pred", "-l", "accuracy", "-f", "csv").out


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("markdown", "| a | 1 | 1 | 0 |"), ("table", "a 1 1 0"), ("github", "1 `a` as `b`, 1 `b` as `b`, 1 `c` as `b`"),
        ("junit", "1 `a` as `b`"), ("html", "<th scope=\"row\">c</th>"), ("jsonl", '"confusion":[[1.0,1.0,0.0]'),
    ],
)  # fmt: skip
def test_every_format_shows_the_matrix(shown, name, line):
    out = " ".join(shown("-f", name).split())
    assert line.replace(" ", "") in out.replace(" ", "")


def test_of_many_classes_the_pairs_that_occur_are_listed(here, text):
    text("both.csv", ["label,pred", *(f"k{at},k{at + at % 2}" for at in range(40))])
    out = " ".join(here("eval", *CALL, "-f", "markdown").out.split())
    assert "| k1 | k2 | 1 |" in out
    assert "predicted" in out
