"""`--worst N`: the rows with the worst loss, and what share of the total they carry."""

from __future__ import annotations

import json
import random
from fractions import Fraction

import pytest


def worst(ran, loss=0):
    assert ran.code == 0, ran.err
    return json.loads(ran.out)["results"][loss]["detail"]["worst"]


def test_the_worst_rows_come_first_with_their_share_of_the_total(pair, here):
    found = worst(here("eval", *pair, "-l", "mse", "--worst", "2", "--json"))
    # The squared errors are 0, 1 and 9.
    assert found["rows"] == [
        {"row": 3, "label": 1.0, "pred": 4.0, "loss": 9.0},
        {"row": 2, "label": 3.0, "pred": 2.0, "loss": 1.0},
    ]
    assert found["share"] == 1.0
    assert worst(here("eval", *pair, "-l", "mse", "--worst", "1", "--json"))["share"] == 0.9


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("chunk", [1, 7, 65536])
def test_neither_chunks_nor_jobs_change_the_worst_rows_and_of_equal_ones_the_first_counts(
    text, here, jobs, chunk
):
    draw = random.Random(3)
    rows = [(draw.randrange(9), draw.randrange(9)) for _ in range(400)]
    text("d.csv", ["pred,label", *(f"{p},{y}" for p, y in rows)])
    ran = here("eval", "d.csv", "-l", "mae", "--worst", "20", "--json", "-j", jobs, "--chunk-rows", chunk)
    order = sorted(range(400), key=lambda at: (-abs(rows[at][0] - rows[at][1]), at))[:20]
    found = worst(ran)
    assert [row["row"] for row in found["rows"]] == [at + 1 for at in order]
    total = sum(abs(p - y) for p, y in rows)
    assert found["share"] == float(Fraction(sum(abs(rows[at][0] - rows[at][1]) for at in order), total))


def test_the_share_counts_weights_and_the_order_does_not(text, here):
    text("d.csv", ["pred,label,w", "0,1,8", "0,4,0.5", "0,9,0"])
    found = worst(here("eval", "d.csv", "-l", "mae", "-w", "w", "--worst", "1", "--json"))
    # A row of weight 0 is in no sum; 4·0.5 of 8 + 2.
    assert (found["rows"][0]["row"], found["share"]) == (2, 0.2)


def test_keys_slices_and_filters_stand_beside_the_worst_rows(text, here):
    text("p.csv", ["id,pred", "b,1", "a,5"])
    text("l.csv", ["id,label,side,age", "a,1,x,30", "b,1,y,40"])
    found = worst(
        here("eval", "p.csv", "l.csv", "--on", "id", "--by", "side", "--where", "age > 3", "-l", "mae", "--worst",
             "1", "--json")
    )  # fmt: skip
    assert found["rows"] == [
        {"row": 2, "id": "a", "label": 1.0, "pred": 5.0, "side": "x", "age": 30.0, "loss": 4.0}
    ]


def test_where_higher_is_better_the_worst_are_the_lowest_and_where_zero_is_the_farthest(text, here):
    text("d.csv", ["lo,hi,pred,label", "0,2,1,1", "0,2,9,5", "0,2,0,2"])
    covered = here("eval", "d.csv", "-p", "lower=lo,upper=hi", "-l", "coverage", "--worst", "1", "--json")
    assert worst(covered)["rows"][0]["row"] == 2
    bias = here("eval", "d.csv", "-p", "pred", "-l", "bias", "--worst", "2", "--json")
    assert [row["row"] for row in worst(bias)["rows"]] == [2, 3]


def test_fewer_rows_than_asked_for_are_all_of_them(pair, here):
    assert len(worst(here("eval", *pair, "-l", "mae", "--worst", "50", "--json"))["rows"]) == 3


def test_a_total_of_zero_or_infinity_has_no_share(text, here):
    text("d.csv", ["pred,label", "1,1", "2,2"])
    assert worst(here("eval", "d.csv", "-l", "mae", "--worst", "1", "--json"))["share"] is None
    text("e.csv", ["pred,label", "1e200,-1e200", "2,2"])
    found = worst(here("eval", "e.csv", "-l", "mse", "--worst", "1", "--json"))
    assert (found["share"], found["rows"][0]["loss"], found["rows"][0]["row"]) == (None, None, 1)


def test_a_loss_of_all_rows_together_is_refused_alone(pair, here):
    assert here("eval", *pair, "-l", "r2", "--worst", "1").block().code == 2


@pytest.mark.parametrize("format", ["table", "markdown"])
def test_the_worst_rows_are_shown_with_names_that_cannot_forge_a_line(text, here, format):
    text("d.csv", ["pred,label,who", "1,3,\x1b[31m[bold]|x|", "1,1,b"])
    ran = here("eval", "d.csv", "-l", "mae", "--by", "who", "--worst", "1", "-f", format)
    assert ran.code == 0
    heading = ran.out.replace("\\", "")
    assert "worst row by mae, 100% of the total" in heading
    assert "\x1b" not in ran.out


# ── the columns that are asked for ──


def shown(ran):
    """The worst rows without what is there in any case."""
    return [
        {name: cell for name, cell in row.items() if name not in ("row", "label", "pred", "loss")}
        for row in worst(ran)["rows"]
    ]


@pytest.fixture
def files(text):
    """Two files; the worst row by the absolute error is the second, then the first, then the third."""
    text("p.csv", ["pred,name,zip,f_b,f_a", "3,ann,01234,1.50,7", "9,bob,98765,-2e3,8", "1,,5,,9"])
    text("l.csv", ["label,when,size", "1,2024-01-05,12", "1,2024-02-30,NA", "1,1,-3"])
    return "p.csv", "l.csv"


def test_named_columns_of_either_file_stand_beside_the_worst_rows_in_the_order_asked_for(files, here):
    ran = here(
        "eval", *files, "-l", "mae", "--worst", "3", "--columns", "when,name", "--columns", "size", "--json"
    )
    assert worst(ran)["rows"] == [
        {"row": 2, "label": 1.0, "pred": 9.0, "when": "2024-02-30", "name": "bob", "size": None, "loss": 8.0},
        {"row": 1, "label": 1.0, "pred": 3.0, "when": "2024-01-05", "name": "ann", "size": 12, "loss": 2.0},
        {"row": 3, "label": 1.0, "pred": 1.0, "when": "1", "name": None, "size": -3, "loss": 0.0},
    ]  # fmt: skip
    assert [type(row["size"]) for row in worst(ran)["rows"]] == [type(None), int, int]


def test_a_glob_names_columns_in_the_order_of_the_file_and_text_keeps_its_zeros(files, here):
    ran = here("eval", *files, "-l", "mae", "--worst", "3", "--columns", "f_*,zi?", "--json")
    assert [list(row.items()) for row in shown(ran)] == [
        [("f_b", -2000.0), ("f_a", 8), ("zip", "98765")],
        [("f_b", 1.5), ("f_a", 7), ("zip", "01234")],
        [("f_b", None), ("f_a", 9), ("zip", "5")],
    ]


def test_a_glob_leaves_out_what_stands_in_the_row_and_each_column_stands_once(files, here):
    ran = here(
        "eval", *files, "-l", "mae", "--worst", "1", "--columns", "size,*", "--columns", "zip", "--json"
    )
    assert list(shown(ran)[0]) == ["size", "name", "zip", "f_b", "f_a", "when"]


def test_an_exact_name_wins_over_a_comma_and_over_a_glob(text, here):
    text("d.csv", ['pred,label,"a,b",a,b,f*,f1', "1,3,x,y,z,s,t"])
    ran = here(
        "eval",
        "d.csv",
        "-p",
        "pred",
        "-l",
        "mae",
        "--worst",
        "1",
        "--columns",
        "a,b",
        "--columns",
        "f*",
        "--json",
    )
    assert shown(ran) == [{"a,b": "x", "f*": "s"}]
    ran = here("eval", "d.csv", "-p", "pred", "-l", "mae", "--worst", "1", "--columns", "f*,a", "--json")
    assert shown(ran) == [{"f*": "s", "a": "y"}]


def test_a_label_stands_by_its_own_name_as_well_where_it_is_asked_for(text, here):
    text("d.csv", ["forecast,price,pred", "1,3,5"])
    options = ("-p", "forecast", "-y", "price", "-l", "mae", "--worst", "1", "--json")
    ran = here("eval", "d.csv", *options, "--columns", "price,pred")
    assert worst(ran)["rows"] == [
        {"row": 1, "label": 3.0, "pred": 1.0, "price": 3, "preds.pred": 5, "loss": 2.0}
    ]
    assert list(worst(here("eval", "d.csv", *options, "--columns", "*"))["rows"][0]) == [
        "row", "label", "pred", "preds.pred", "loss",
    ]  # fmt: skip


def test_a_column_of_both_files_is_that_of_labels_and_must_agree_unless_a_side_is_chosen(text, here, parquet):
    text("p.csv", ["pred,same,other,size", "3,x,1,1.50", "1,y,2,2"])
    text("l.csv", ["label,same,other,size", "1,x,1,1.50", "1,y,3,2"])
    options = ("-l", "mae", "--worst", "1", "--json", "--columns")
    assert shown(here("eval", "p.csv", "l.csv", *options, "same,size")) == [{"same": "x", "size": 1.5}]
    ran = here("eval", "p.csv", "l.csv", *options, "other").block()
    assert (ran.code, "l.csv, column `other`, row 2" in ran.err) == (3, True)
    assert "write `labels.other` or `preds.other`" in ran.err
    ran = here("eval", "p.csv", "l.csv", *options, "preds.other,labels.other")
    assert shown(ran) == [{"preds.other": 1, "labels.other": 1}]
    ran = here("eval", "p.csv", "l.csv", *options, "labels.*")
    assert list(shown(ran)[0]) == ["labels.same", "labels.other", "labels.size"]
    # `1.50` in one file and 1.5 in the other are one number.
    parquet("l.parquet", {"label": [1.0, 1.0], "size": [1.5, 2.0]})
    assert shown(here("eval", "p.csv", "l.parquet", *options, "size")) == [{"size": 1.5}]
    parquet("p.parquet", {"pred": [3.0, 1.0], "size": [1.5, 2.0]})
    assert shown(here("eval", "p.parquet", "l.csv", *options, "size")) == [{"size": 1.5}]
    parquet("m.parquet", {"label": [1.0, 1.0], "size": [1.5, 7.0]})
    assert here("eval", "p.csv", "m.parquet", *options, "size").block().code == 3


def test_keys_stand_once_and_columns_come_with_their_row_whatever_the_order(text, here):
    text("p.csv", ["id,pred,note", "b,1,p-b", "a,5,p-a", "c,2,p-c"])
    text("l.csv", ["id,label,side", "c,2,l-c", "a,1,l-a", "b,3,l-b"])
    ran = here(
        "eval", "p.csv", "l.csv", "--on", "id", "-l", "mae", "--worst", "2", "--columns", "side,id,note", "--json",
        "--by", "side",
    )  # fmt: skip
    assert worst(ran)["rows"] == [
        {"row": 2, "id": "a", "label": 1.0, "pred": 5.0, "side": "l-a", "note": "p-a", "loss": 4.0},
        {"row": 1, "id": "b", "label": 3.0, "pred": 1.0, "side": "l-b", "note": "p-b", "loss": 2.0},
    ]


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("chunk", [1, 7, 65536])
def test_what_a_column_holds_is_told_by_the_measured_rows_alone_however_they_are_cut(text, here, jobs, chunk):
    rows = [f"{n},0,{n if n % 50 else 'none'},{n if n % 50 else 'many'}" for n in range(1, 301)]
    text("d.csv", ["pred,label,a,b", *rows])
    options = ("-l", "mae", "--worst", "2", "--columns", "a,b", "--json", "-j", jobs, "--chunk-rows", chunk)
    assert shown(here("eval", "d.csv", *options)) == [{"a": None, "b": "many"}, {"a": 299, "b": "299"}]
    # Without the rows in which `b` is text, it is a column of numbers.
    assert shown(here("eval", "d.csv", *options, "--where", "pred % 50 != 0")) == [
        {"a": 299, "b": 299}, {"a": 298, "b": 298},
    ]  # fmt: skip


@pytest.mark.parametrize(
    "cells, found",
    [
        (["1", "-2"], [1, -2]),
        (["1", "2.50"], [1.0, 2.5]),
        ([" 7", "8 "], [7, 8]),
        (["+1", "2"], ["+1", "2"]),
        (["007", "8"], ["007", "8"]),
        (["1_000", "2"], ["1_000", "2"]),
        (["0x10", "2"], ["0x10", "2"]),
        (["1.5.2", "2"], ["1.5.2", "2"]),
        (["NA", "None"], ["NA", "None"]),
        (["NaN", "3"], [None, 3]),
        (["-inf", "3"], ["-inf", 3.0]),
        (["1e400", "3"], ["1e400", "3"]),
        (["9223372036854775807", "1"], [9223372036854775807, 1]),  # the greatest integer of 64 bits
        (["9223372036854775808", "1"], [2.0**63, 1.0]),  # one more, which is a double
        (["9223372036854775809", "1"], ["9223372036854775809", "1"]),  # and one more, which is none
        (["9007199254740993", "1.5"], ["9007199254740993", "1.5"]),  # 2⁵³ + 1 is no double
        (["1\n2", "3"], ["1\n2", "3"]),
        (["true", "false"], ["true", "false"]),
    ],
)  # fmt: skip
def test_a_cell_of_csv_is_a_number_where_that_loses_nothing(text, here, cells, found):
    text("d.csv", "pred,label,c\n" + f'2,0,"{cells[0]}"\n1,0,"{cells[1]}"\n')
    ran = here("eval", "d.csv", "-l", "mae", "--worst", "2", "--columns", "c", "--json")
    assert [row["c"] for row in shown(ran)] == found
    assert [type(row["c"]) for row in shown(ran)] == [type(cell) for cell in found]


def test_numbers_are_read_as_the_dialect_says(text, here):
    text("d.csv", ["pred;label;c", "2,5;0;1,25", "1;0;NIL"])
    ran = here(
        "eval",
        "d.csv",
        "-l",
        "mae",
        "--worst",
        "2",
        "--columns",
        "c",
        "--json",
        "--dialect",
        "decimal=comma,null=NIL",
    )
    assert [row["c"] for row in shown(ran)] == [1.25, None]


def test_json_lines_and_parquet_keep_text_and_numbers_apart(text, here, parquet):
    lines = [
        {"pred": 2, "label": 0, "digits": "12", "whole": 12, "half": 0.5, "flag": True, "gone": None},
        {"pred": 1, "label": 0, "digits": "13", "whole": 2**60 + 1, "half": 3, "flag": None, "gone": None},
    ]
    text("d.jsonl", [json.dumps(line) for line in lines])
    parquet("d.parquet", {name: [line[name] for line in lines] for name in lines[0]})
    for name in ("d.jsonl", "d.parquet"):
        ran = here("eval", name, "-p", "pred", "-l", "mae", "--worst", "2", "--columns", "*", "--json")
        assert shown(ran) == [
            {"digits": "12", "whole": 12, "half": 0.5, "flag": "true", "gone": None},
            {"digits": "13", "whole": 2**60 + 1, "half": 3.0, "flag": None, "gone": None},
        ]


def test_unsigned_integers_and_files_of_a_folder_that_differ_in_type_are_shown(here, parquet, tmp_path):
    import numpy as np

    parquet("d.parquet", {"pred": [1.0, 2.0], "label": [0.0, 0.0], "n": np.array([7, 8], np.uint64)})
    ran = here("eval", "d.parquet", "-p", "pred", "-l", "mae", "--worst", "1", "--columns", "n", "--json")
    assert shown(ran) == [{"n": 8}]
    (tmp_path / "part=1").mkdir()
    (tmp_path / "part=2").mkdir()
    parquet("part=1/a.parquet", {"pred": [1.0], "label": [0.0], "n": [7]})
    parquet("part=2/a.parquet", {"pred": [2.0], "label": [0.0], "n": [8.5]})
    (tmp_path / "d.parquet").unlink()
    ran = here("eval", ".", "-p", "pred", "-l", "mae", "--worst", "2", "--columns", "n,part", "--json")
    assert shown(ran) == [{"n": 8.5, "part": 2}, {"n": 7.0, "part": 1}]


def test_each_of_several_models_has_its_worst_rows_with_the_columns(text, here):
    text("d.csv", ["a,b,label,who", "1,9,1,x", "5,1,1,y"])
    ran = here(
        "eval", "d.csv", "-p", "a", "-p", "b", "-l", "mae", "--worst", "1", "--columns", "who,a", "--json"
    )
    assert [worst(ran, model)["rows"] for model in (0, 1)] == [
        [{"row": 2, "label": 1.0, "pred.a": 5.0, "pred.b": 1.0, "who": "y", "a": 5, "loss": 4.0}],
        [{"row": 1, "label": 1.0, "pred.a": 1.0, "pred.b": 9.0, "who": "x", "a": 1, "loss": 8.0}],
    ]


def test_a_column_that_is_called_as_one_of_losscli_gives_way(text, here):
    text("d.csv", ["pred,label,row,loss,mae", "1,3,a,b,c"])
    ran = here(
        "eval", "d.csv", "-p", "pred", "-l", "mae", "--worst", "1", "--columns", "row,loss,mae", "--json"
    )
    assert worst(ran)["rows"] == [
        {
            "row": 1,
            "label": 3.0,
            "pred": 1.0,
            "preds.row": "a",
            "preds.loss": "b",
            "preds.mae": "c",
            "loss": 2.0,
        }
    ]


def test_columns_need_rows_to_stand_beside(pair, here):
    for options in ((), ("--worst", "0"), ("-o", "r.json")):
        ran = here("eval", *pair, "-l", "mae", "--columns", "pred", *options).block()
        assert (ran.code, "hint:  add `--worst N` or `--rows-out FILE`" in ran.err) == (2, True)


@pytest.mark.parametrize("asked", ["nmae", "name,nmae", "preds.nmae"])
def test_a_column_that_neither_file_has_is_refused_with_what_was_meant(files, here, asked):
    ran = here("eval", *files, "-l", "mae", "--worst", "1", "--columns", asked).block()
    assert (ran.code, "hint:  did you mean `name`?" in ran.err) == (3, True)


def test_a_glob_that_no_column_matches_is_refused_with_the_columns(files, here):
    ran = here("eval", *files, "-l", "mae", "--worst", "1", "--columns", "g_*").block()
    assert (ran.code, "no column matches `g_*`" in ran.err, "`f_b`" in ran.err) == (3, True, True)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_table_of_many_columns_runs_on_below_and_cuts_no_number(text, here, monkeypatch, width):
    names = [f"column_{n}" for n in range(12)]
    cells = [f"-{n}234567.1" for n in range(1, 13)]
    text("d.csv", [f"pred,label,{','.join(names)}", f"1,3,{','.join(cells)}", *["1,1" + ",0" * 12] * 200])
    monkeypatch.setenv("COLUMNS", str(width))
    ran = here("eval", "d.csv", "-p", "pred", "-l", "mae", "--worst", "3", "--columns", "*", "-f", "table")
    lines = ran.out.split("worst 3 rows")[1].splitlines()
    assert max(map(len, lines)) <= width
    heads = [line.split() for line in lines if "row" in line.split()]
    assert [name for head in heads for name in head if name != "row"] == ["label", "pred", *names, "loss"]
    firsts = [line.split() for line in lines if line.split()[:1] == ["1"]]
    assert len(firsts) == len(heads)
    assert [cell for line in firsts for cell in line[1:]] == ["3", "1", *cells, "2"]


def test_the_page_and_markdown_show_the_columns_and_cut_long_texts(text, here, tmp_path):
    pytest.importorskip("jinja2")
    text("d.csv", ["pred,label,who,said", f"1,3,<b>|x|,{'y' * 201}", f"1,1,b,{'z' * 200}"])
    ran = here(
        "report", "d.csv", "-p", "pred", "-l", "mae", "--columns", "who,said", "-o", "r.html", "-o", "r.md"
    )
    assert ran.code == 0, ran.err
    page, lines = (tmp_path / "r.html").read_text(), (tmp_path / "r.md").read_text().splitlines()
    assert "<td>&lt;b&gt;|x|</td>" in page
    for cell in (f"{'y' * 199}…", "z" * 200):
        assert f">{cell}<" in page
        assert any(f"| {cell} |" in line for line in lines)
    assert "| row | label | pred | who | said | loss |" in lines
