"""`--rows-out`: every measured row in a file, in the order of PREDS, with the bits that were summed."""

from __future__ import annotations

import csv
import json
import math
import random
from fractions import Fraction

import pyarrow.parquet as pq
import pytest


def read_csv(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def drawn(text):
    """Two files of 500 rows paired by `id`, LABELS in another order; their values by id."""
    draw = random.Random(7)
    rows = {i: (draw.gauss(0, 3), draw.gauss(0, 3), draw.choice("ab")) for i in range(1, 501)}
    order = list(rows)
    draw.shuffle(order)
    text("p.csv", ["id,pred", *(f"{i},{rows[i][0]!r}" for i in order)])
    draw.shuffle(mixed := list(rows))
    text("l.csv", ["id,label,side", *(f"{i},{rows[i][1]!r},{rows[i][2]}" for i in mixed)])
    text("lp.csv", ["label,side", *(f"{rows[i][1]!r},{rows[i][2]}" for i in order)])
    return rows, order


def test_a_row_has_its_number_label_prediction_residual_and_each_loss(pair, here, tmp_path):
    assert here("eval", *pair, "-l", "mse", "-l", "mae", "--rows-out", "r.csv").code == 0
    assert (tmp_path / "r.csv").read_text().splitlines() == [
        "row,label,pred,residual,mse,mae",
        "1,1,1,0,0,0",
        "2,3,2,1,1,1",
        "3,1,4,-3,9,3",
    ]


@pytest.mark.parametrize("name", ["r.csv", "r.parquet", "r.jsonl"])
def test_every_format_holds_the_same_rows_to_the_bit(drawn, here, tmp_path, name):
    rows, order = drawn
    ran = here("eval", "p.csv", "lp.csv", "-l", "mse", "--rows-out", name, "--json")
    assert ran.code == 0
    path = tmp_path / name
    if name.endswith("csv"):
        found = [{k: float(v) for k, v in row.items()} for row in read_csv(path)]
    elif name.endswith("parquet"):
        found = pq.read_table(path).to_pylist()
    else:
        found = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["row"] for row in found] == list(range(1, 501))
    assert [row["pred"] for row in found] == [rows[i][0] for i in order]
    assert [row["residual"] for row in found] == [rows[i][1] - rows[i][0] for i in order]
    exact = sum(Fraction(row["mse"]) for row in found)
    assert float(exact / 500) == json.loads(ran.out)["metrics"]["mse"]


def test_rows_paired_by_key_come_in_the_order_of_preds_with_their_key(drawn, here, tmp_path, monkeypatch):
    monkeypatch.setattr("losscli.rowfile.GROUP_ROWS", 64)
    rows, order = drawn
    files = []
    for jobs, memory, chunk in ((1, "1GB", 65536), (2, "1GB", 7), (2, "16MiB", 100)):
        name = f"{len(files)}.csv"
        ran = here(
            "eval", "p.csv", "l.csv", "--on", "id", "-l", "mse", "--by", "side", "--rows-out", name,
            "-j", jobs, "--memory", memory, "--chunk-rows", chunk,
        )  # fmt: skip
        assert ran.code == 0, ran.err
        files.append((tmp_path / name).read_bytes())
    assert len(set(files)) == 1
    found = read_csv(tmp_path / "0.csv")
    assert [(int(row["row"]), int(row["id"])) for row in found] == list(enumerate(order, 1))
    assert [(float(r["label"]), r["side"]) for r in found] == [rows[i][1:] for i in order]


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("chunk", [1, 7, 65536])
def test_the_file_does_not_depend_on_jobs_and_chunks(drawn, here, tmp_path, jobs, chunk):
    loss = ("-l", "log_cosh", "-l", "mae")
    here("eval", "p.csv", "lp.csv", *loss, "--rows-out", "whole.csv")
    here("eval", "p.csv", "lp.csv", *loss, "--rows-out", "cut.csv", "-j", jobs, "--chunk-rows", chunk)
    assert (tmp_path / "cut.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_row_groups_measured_side_by_side_are_written_in_order(here, parquet, tmp_path):
    values = [float(i % 97) for i in range(5000)]
    parquet("d.parquet", {"pred": values, "label": values[::-1]}, row_group_size=300)
    assert here("eval", "d.parquet", "-l", "mae", "--rows-out", "r.parquet", "-j", "2").code == 0
    found = pq.read_table(tmp_path / "r.parquet")
    assert found["row"].to_pylist() == list(range(1, 5001))
    assert found["pred"].to_pylist() == values


def test_rows_that_are_left_out_are_not_written_and_rows_without_a_sum_have_no_loss(text, here, tmp_path):
    text("d.csv", ["pred,label,w", "1,2,1", ",2,1", "3,3,0", "4,0,1", "9,9,2"])
    ran = here(
        "eval", "d.csv", "-l", "mape:zero=skip", "-w", "w", "--nan", "drop", "--where", "pred < 9",
        "--rows-out", "r.csv",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    found = read_csv(tmp_path / "r.csv")
    # Row 3 weighs nothing, and row 4 is skipped.
    assert [(row["row"], row["mape:zero=skip"]) for row in found] == [("1", "0.5"), ("3", ""), ("4", "")]


def test_missing_values_that_propagate_are_empty(text, here, tmp_path):
    text("d.csv", ["pred,label", "1,2", ",2", "4,1"])
    assert here("eval", "d.csv", "-l", "mae", "--nan", "propagate", "--rows-out", "r.csv").code == 0
    found = read_csv(tmp_path / "r.csv")
    assert [(row["pred"], row["residual"], row["mae"]) for row in found] == [
        ("1", "1", "1"), ("", "", ""), ("4", "-3", "3"),
    ]  # fmt: skip


def test_two_models_and_several_outputs_have_columns_of_their_own(text, here, tmp_path):
    text("d.csv", ["a,b,label", "1,2,3"])
    here("eval", "d.csv", "-p", "a", "-p", "b", "-l", "mae", "--rows-out", "r.jsonl")
    assert json.loads((tmp_path / "r.jsonl").read_text()) == {
        "row": 1, "label": 3.0, "pred.a": 1.0, "pred.b": 2.0, "residual.a": 2.0, "residual.b": 1.0,
        "mae#a": 2.0, "mae#b": 1.0,
    }  # fmt: skip
    text("o.csv", ["y_u,y_v,p_u,p_v", "1,2,3,5"])
    here("eval", "o.csv", "-p", "p_*", "-y", "y_*", "-l", "mae", "--rows-out", "o.jsonl")
    row = json.loads((tmp_path / "o.jsonl").read_text())
    assert (row["mae[y_u]"], row["mae[y_v]"]) == (2.0, 3.0)


def test_the_gradient_is_the_slope_by_the_prediction(text, here, tmp_path):
    text("d.csv", ["prob,label", "0.25,1", "0.5,0"])
    assert here("eval", "d.csv", "-l", "log_loss", "-l", "mse", "--rows-out", "r.csv", "--gradient").code == 0
    found = read_csv(tmp_path / "r.csv")
    # -1/p of a positive, 1/(1-p) of a negative; 2(p - y).
    assert [float(row["gradient.log_loss"]) for row in found] == [-4.0, 2.0]
    assert [float(row["gradient.mse"]) for row in found] == [-1.5, 1.0]


def test_a_loss_without_a_slope_is_refused_where_no_other_has_one(text, here, tmp_path):
    text("d.csv", ["pred,label", "a,b"])
    ran = here("eval", "d.csv", "-l", "zero_one", "--rows-out", "r.csv", "--gradient").block()
    assert (ran.code, (tmp_path / "r.csv").exists()) == (2, False)


def test_infinity_is_text_in_json_lines_and_inf_in_csv(text, here, tmp_path):
    text("d.csv", ["pred,label", "1e200,-1e200"])
    for name in ("r.csv", "r.jsonl"):
        assert here("eval", "d.csv", "-l", "mse", "--rows-out", name).code == 0
    assert float(read_csv(tmp_path / "r.csv")[0]["mse"]) == math.inf
    assert json.loads((tmp_path / "r.jsonl").read_text())["mse"] == "inf"


HOSTILE = ["=1+1", "+a", "-a", "@a", "\tb", "a=b", 'q"uote', "com,ma", "line\nfeed"]


def test_cells_stay_as_they_are_unless_they_are_meant_for_spreadsheets(here, tmp_path):
    with open(tmp_path / "d.csv", "w", newline="") as file:
        csv.writer(file).writerows([["pred", "label", "=name"], *([-1, -2, cell] for cell in HOSTILE)])
    by = ("--by", "=name", "-l", "mae")
    assert here("eval", "d.csv", *by, "--rows-out", "plain.csv").code == 0
    assert here("eval", "d.csv", *by, "--rows-out", "safe.csv", "--for-spreadsheets").code == 0
    assert [row["=name"] for row in read_csv(tmp_path / "plain.csv")] == HOSTILE
    safe = read_csv(tmp_path / "safe.csv")
    assert [row["'=name"] for row in safe] == [f"'{c}" if c[0] in "=+-@\t" else c for c in HOSTILE]
    assert {row["pred"] for row in safe} == {"-1"}  # a number is no formula


def test_a_run_that_fails_leaves_the_old_file_and_nothing_else(text, here, tmp_path):
    text("r.csv", ["kept"])
    text("d.csv", ["pred,label", *["1,2"] * 300, "x,1"])
    ran = here("eval", "d.csv", "-l", "mae", "--rows-out", "r.csv", "--chunk-rows", "10").block()
    assert ran.code == 3
    assert (tmp_path / "r.csv").read_text() == "kept\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["d.csv", "r.csv"]


@pytest.mark.parametrize(
    "options",
    [
        ("--rows-out", "r.xlsx"),
        ("--rows-out", "labels.csv"),
        ("--rows-out", "r.csv", "-o", "r.csv"),
        ("--rows-out", "r.parquet", "--for-spreadsheets"),
        ("--gradient",),
        ("--for-spreadsheets",),
    ],
)
def test_a_call_that_cannot_be_meant_is_refused_before_reading(pair, here, options):
    assert here("eval", *pair, "-l", "mae", *options).block().code == 2


def test_a_loss_of_all_rows_together_has_no_value_for_each(pair, here, tmp_path):
    ran = here("eval", *pair, "-l", "rmse", "--rows-out", "r.csv").block()
    assert ran.code == 2
    assert "`rmse`" in ran.err
    assert here("eval", *pair, "-l", "rmse", "-l", "mae", "--rows-out", "r.csv").code == 0
    assert list(read_csv(tmp_path / "r.csv")[0]) == ["row", "label", "pred", "residual", "mae"]


def test_a_folder_that_is_not_there_is_found_out_before_reading(here):
    assert here("eval", "absent.csv", "-l", "mae", "--rows-out", "no/r.csv").block().code == 74
