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
    monkeypatch.setattr("losscli.report.rowfile.GROUP_ROWS", 64)
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


@pytest.mark.parametrize("loss", ["zero_one", "expr:abs(pred - label)"])
def test_a_loss_without_a_slope_is_refused_where_no_other_has_one(text, here, tmp_path, loss):
    text("d.csv", ["pred,label", "1,0"])
    ran = here("eval", "d.csv", "-l", loss, "--rows-out", "r.csv", "--gradient").block()
    assert (ran.code, (tmp_path / "r.csv").exists()) == (2, False)
    assert here("eval", "d.csv", "-l", loss, "-l", "mse", "--rows-out", "r.csv", "--gradient").code == 0
    assert [name for name in read_csv(tmp_path / "r.csv")[0] if name.startswith("gradient")] == [
        "gradient.mse"
    ]


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
        ("--columns", "label"),
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


# ── the columns that are asked for ──


@pytest.fixture
def told(text):
    """300 rows: whole numbers, numbers with two that are missing, text that is nearly all numbers, and words."""
    rows = [
        (n, n / 8 if n % 100 != 7 else "NA", f"{n}" if n != 290 else "many", f"w{n % 5}")
        for n in range(1, 301)
    ]
    draw = random.Random(2)
    draw.shuffle(order := list(range(300)))
    text("p.csv", ["id,pred,half", *(f"{rows[at][0]},{at % 7},{rows[at][1]}" for at in order)])
    draw.shuffle(mixed := list(order))
    lines = {at: f"{rows[at][0]},{at % 5},{rows[at][0]},{rows[at][2]},{rows[at][3]}" for at in order}
    text("l.csv", ["id,label,whole,nearly,word", *(lines[at] for at in mixed)])
    text("s.csv", ["id,label,whole,nearly,word", *(lines[at] for at in order)])
    found = []
    for number, at in enumerate(order, 1):
        whole, half, nearly, word = rows[at]
        half = None if half == "NA" else half
        found.append({"row": number, "word": word, "whole": whole, "half": half, "nearly": nearly})
    return found


@pytest.mark.parametrize("keyed", [False, True])
@pytest.mark.parametrize("name", ["r.csv", "r.parquet", "r.jsonl"])
def test_named_columns_stand_behind_label_and_pred_with_their_types(
    told, here, tmp_path, monkeypatch, keyed, name
):
    monkeypatch.setattr("losscli.report.rowfile.GROUP_ROWS", 64)
    labels, key = ("l.csv", ("--on", "id")) if keyed else ("s.csv", ())
    options = (
        "-l",
        "mae",
        "--by",
        "word",
        "--columns",
        "word,wh*",
        "--columns",
        "half,nearly",
        "--rows-out",
        name,
    )
    files = []
    for jobs, chunk, memory in ((1, 65536, "1GB"), (2, 7, "16MiB"), (2, 100, "1GB")):
        cut = ("-j", jobs, "--chunk-rows", chunk, "--memory", memory)
        ran = here("eval", "p.csv", labels, *key, *options, *cut)
        assert ran.code == 0, ran.err
        files.append((tmp_path / name).read_bytes())
    assert len(set(files)) == 1
    wanted = [
        "row",
        *(["id"] if keyed else []),
        "label",
        "pred",
        "word",
        "whole",
        "half",
        "nearly",
        "residual",
        "mae",
    ]
    if name == "r.csv":
        found = read_csv(tmp_path / name)
        told = [
            {k: "" if v is None else f"{v:g}" if isinstance(v, float) else str(v) for k, v in row.items()}
            for row in told
        ]
        for row in told:
            row["half"] = row["half"] or "NA"  # text is written as it stands
        for row in found:
            row["half"] = row["half"] if row["half"] == "NA" else f"{float(row['half']):g}"
    elif name == "r.parquet":
        table = pq.read_table(tmp_path / name)
        types = dict(zip(table.schema.names, map(str, table.schema.types), strict=True))
        assert [types[column] for column in ("word", "whole", "half", "nearly")] == [
            "string", "int64", "double", "string",
        ]  # fmt: skip
        found = table.to_pylist()
    else:
        found = [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]
        assert type(found[0]["whole"]) is int
    assert list(found[0]) == wanted
    assert [{column: row[column] for column in told[0]} for row in found] == told


def test_typed_columns_keep_their_type_and_are_written_as_they_come(here, parquet, text, tmp_path):
    columns = {
        "pred": [1.0, 2.0], "label": [1.0, 4.0], "n": [2**60 + 1, None], "x": [0.1, None], "t": ["7", None],
        "b": [True, None],
    }  # fmt: skip
    parquet("d.parquet", columns)
    text("d.jsonl", [json.dumps({name: column[at] for name, column in columns.items()}) for at in range(2)])
    for name in ("d.parquet", "d.jsonl"):
        for out in ("r.parquet", "r.jsonl"):
            ran = here("eval", name, "-p", "pred", "-l", "mae", "--columns", "*", "--rows-out", out)
            assert ran.code == 0, ran.err
        found = pq.read_table(tmp_path / "r.parquet")
        assert found.select(["n", "x", "t", "b"]).to_pydict() == {
            "n": [2**60 + 1, None], "x": [0.1, None], "t": ["7", None], "b": ["true", None],
        }  # fmt: skip
        assert [str(found.schema.field(c).type) for c in ("n", "x", "t")] == ["int64", "double", "string"]
        assert json.loads((tmp_path / "r.jsonl").read_text().splitlines()[0]) == {
            "row": 1, "label": 1.0, "pred": 1.0, "n": 2**60 + 1, "x": 0.1, "t": "7", "b": "true", "residual": 0.0,
            "mae": 0.0,
        }  # fmt: skip


def test_a_column_that_is_called_as_one_of_losscli_gives_way(text, here, tmp_path):
    text("d.csv", ["pred,label,mae,residual,row", "1,3,a,b,c"])
    options = ("-l", "mae", "--rows-out", "r.csv")
    assert here("eval", "d.csv", "-p", "pred", *options, "--columns", "mae,residual,row").code == 0
    assert read_csv(tmp_path / "r.csv") == [
        {"row": "1", "label": "3", "pred": "1", "preds.mae": "a", "preds.residual": "b", "preds.row": "c",
         "residual": "2", "mae": "2"}
    ]  # fmt: skip


def test_named_columns_are_safe_for_spreadsheets_and_their_numbers_stay_numbers(here, tmp_path):
    cells = [*HOSTILE, "-5", "-1.5e3", "-1+1", "-5 x"]
    with open(tmp_path / "d.csv", "w", newline="") as file:
        csv.writer(file).writerows([["pred", "label", "=c"], *([1, 2, cell] for cell in cells)])
    options = ("-l", "mae", "--columns", "=c", "--rows-out")
    assert here("eval", "d.csv", *options, "plain.csv").code == 0
    assert here("eval", "d.csv", *options, "safe.csv", "--for-spreadsheets").code == 0
    assert [row["=c"] for row in read_csv(tmp_path / "plain.csv")] == cells
    runs = {"=1+1", "+a", "-a", "@a", "\tb", "-1+1", "-5 x"}
    assert [row["'=c"] for row in read_csv(tmp_path / "safe.csv")] == [
        f"'{c}" if c in runs else c for c in cells
    ]


def test_a_run_that_fails_with_columns_leaves_the_old_file(text, here, tmp_path):
    text("r.parquet", ["kept"])
    text("d.csv", ["pred,label,c", *["1,2,3"] * 300, "x,1,3"])
    options = ("--columns", "c", "--rows-out", "r.parquet", "--chunk-rows", "10")
    assert here("eval", "d.csv", "-l", "mae", *options).block().code == 3
    assert (tmp_path / "r.parquet").read_text() == "kept\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["d.csv", "r.parquet"]


def test_a_part_of_the_keys_may_be_left_without_rows_by_a_filter(tmp_path):
    from losscli import evaluate

    (tmp_path / "p.csv").write_text("id,pred\na,1\nb,2\nc,3\n")
    (tmp_path / "l.csv").write_text("id,label\nc,3\na,2\nb,1\n")
    for chunk_rows in (1, 2, 100):
        evaluate(
            str(tmp_path / "p.csv"), str(tmp_path / "l.csv"), loss=["mae"], on="id", where="label == 1",
            rows_out=str(tmp_path / "rows.csv"), chunk_rows=chunk_rows,
        )  # fmt: skip
        assert (tmp_path / "rows.csv").read_text() == 'row,id,label,pred,residual,mae\n2,"b",1,2,-1,1\n'


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_an_error_in_the_middle_is_one_block_and_leaves_no_file(text, here, tmp_path, suffix):
    preds, labels = text("p.csv", ["n,pred", "1,1", "2,2", "3,"]), text("l.csv", ["label", "1", "2", "3"])
    ran = here("eval", preds, labels, "-l", "mse", "--rows-out", f"rows.{suffix}", "--chunk-rows", "1")
    assert ran.code == 3
    assert ran.err.splitlines()[0] == "error: p.csv, column `pred`, row 3: the value is missing"
    assert len(ran.err.splitlines()) == 3
    assert not (tmp_path / f"rows.{suffix}").exists()
