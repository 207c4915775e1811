"""Errors: one block that says where, what and what to do; and the exit codes that scripts depend on."""

from __future__ import annotations

import json
import re

import pytest


def test_a_computed_result_is_exit_0(here, pair):
    assert here("eval", *pair, "-l", "mse").code == 0


# ── 2: the call is wrong ──


def test_an_unknown_loss_is_exit_2_with_a_near_name(here, pair):
    ran = here("eval", *pair, "-l", "hubber")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "error: no loss is called `hubber`\n"
        "hint:  did you mean `huber`?  `losscli losses` lists all of them\n"
    )  # fmt: skip


def test_a_loss_that_is_like_no_other_has_no_near_name(here, pair):
    ran = here("eval", *pair, "-l", "zzzz").block()
    assert ran.code == 2
    assert "did you mean" not in ran.err


def test_an_option_that_may_be_repeated_and_a_switch_stand_as_often_as_one_likes(here, pair):
    assert here("eval", *pair, "-l", "mse", "-l", "mae", "-q", "-q").code == 0


def test_the_call_is_checked_before_a_file_is_opened(here):
    assert here("eval", "absent.csv", "-l", "hubber").code == 2
    assert here("eval", "absent.csv", "-l", "huber:delta=-1").code == 2


@pytest.mark.parametrize(
    "args, words",
    [
        (["-l", "huber:delta=-1"], ["huber", "delta", "-1", "(0, inf)"]),
        (["-l", "huber:delta=nan"], ["delta", "nan"]),
        (["-l", "huber:delta=x"], ["delta", "x"]),
        (["-l", "huber:detla=1"], ["huber", "detla", "delta"]),
        (["-l", "huber:delta"], ["delta", "key=value"]),
        (["-l", "huber:delta=1,delta=2"], ["delta", "twice"]),
        (["-l", "pinball:quantile=1"], ["quantile", "(0, 1)"]),
        (["-l", ""], []),
        (["-l", "mse", "--nan", "skip"], ["--nan", "skip"]),
        (["-l", "mse", "--errors", "xml"], ["--errors", "xml"]),
        (["-l", "mse", "--jobs", "0"], ["jobs"]),
        (["-l", "mse", "--chunk-rows", "0"], ["chunk-rows"]),
        (["-l", "mse", "--chunk-rows", "many"], ["chunk-rows"]),
        (["-l", "mse", "--lable", "y"], ["--lable", "--label"]),
        (["-l", "mse", "--nonsense"], ["--nonsense"]),
        (["-l", "mse", "--label", "a", "-y", "b"], ["--label", "twice"]),
        (["-l", "mse", "-w", "a", "--weight", "a"], ["--weight", "twice"]),
        (["-l", "mse", "--where", "a > 1", "--where", "b > 1"], ["--where", "twice"]),
        (["-l"], ["loss"]),
        (["-l", "mse", "third.csv"], ["third.csv"]),
        (["-l", "mse", "--dialect", "delimiter=ab"], ["delimiter=ab"]),
        (["-l", "mse", "--dialect", "colour=red"], ["colour", "delimiter"]),
        (["-l", "mse", "--dialect", "decimal=x"], ["decimal=x"]),
        (["-l", "mse", "--dialect", "encoding=klingon"], ["klingon"]),
        (["-l", "mse", "--input-format", "xls"], ["xls", "parquet"]),
        (["-l", "log_loss", "--from-logits", "-l", "mae"], ["mae", "--from-logits"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_a_wrong_call_is_exit_2_and_names_what_is_wrong(here, pair, args, words):
    ran = here("eval", *pair, *args).block()
    assert (ran.code, ran.out) == (2, "")
    for word in words:
        assert word in ran.err


def test_the_form_of_errors_is_checked_in_every_command(here):
    assert "`xml`" in here("losses", "--errors", "xml").block().err
    assert here("losses", "--errors", "xml").code == 2


def test_an_unknown_command_and_no_arguments_are_exit_2(here):
    assert here("evil").block().code == 2
    assert "PREDS" in here("eval").block().err
    assert here("eval").code == 2


def test_a_file_whose_format_its_name_does_not_tell_is_exit_2_with_a_hint(here, text):
    ran = here("eval", text("preds.dat", ["pred,label", "1,2"]), "-l", "mse").block()
    assert ran.code == 2
    assert "preds.dat" in ran.err
    assert ".parquet" in ran.err
    assert "--input-format" in ran.err


def test_standard_input_can_be_only_one_of_the_two(here):
    assert here("eval", "-", "-", "-l", "mse").block().code == 2


def test_a_column_cannot_be_label_and_prediction_at_once(here, text):
    ran = here("eval", text("both.csv", ["a,b", "1,2"]), "-p", "a", "-y", "a", "-l", "mse").block()
    assert ran.code in (2, 3)
    assert "`a`" in ran.err


# ── 3: the data are wrong ──


@pytest.mark.parametrize("name", ["absent.csv", "absent.parquet", "below/absent.csv", "preds.csv/x.csv"])
def test_a_missing_file_is_exit_3_and_named(here, pair, name):
    for args in ([name, pair[1]], [pair[0], name], [name]):
        ran = here("eval", *args, "-l", "mse").block()
        assert (ran.code, ran.out) == (3, "")
        assert ran.err.startswith(f"error: {name}: ")


def test_a_folder_and_an_empty_name_are_no_files(here, tmp_path):
    (tmp_path / "folder.csv").mkdir()
    ran = here("eval", "folder.csv", "-l", "mse").block()
    assert ran.code == 3
    assert "folder.csv" in ran.err
    assert here("eval", "", "-l", "mse").block().code in (2, 3)


def test_a_missing_column_lists_the_columns_and_a_near_name(here, text):
    both = text("both.csv", ["id,prediction,label", "1,1,3"])
    ran = here("eval", both, "--pred", "predicton", "-l", "mse")
    assert ran.code == 3
    assert ran.err == (
        "error: both.csv: there is no column `predicton`\n"
        "       the file has the columns `id`, `prediction`, `label`\n"
        "hint:  did you mean `prediction`?\n"
    )


def test_a_missing_weight_lists_the_columns_of_both_files(here, pair):
    ran = here("eval", *pair, "-w", "weight", "-l", "mse").block()
    assert ran.code == 3
    for word in ("`weight`", "preds.csv", "labels.csv", "`pred`", "`label`"):
        assert word in ran.err


def test_an_ambiguous_column_lists_the_columns_and_says_how_to_name_it(here, text):
    preds = text("preds.csv", ["one,other", "1,3"])
    ran = here("eval", preds, text("labels.csv", ["label", "1"]), "-l", "mse").block()
    assert ran.code == 3
    for word in ("preds.csv", "`one`", "`other`", "--pred"):
        assert word in ran.err


def test_a_glob_that_matches_nothing_lists_the_columns(here, text):
    ran = here("eval", text("both.csv", ["a,label", "1,3"]), "-p", "p_*", "-l", "mse").block()
    assert ran.code == 3
    assert "`p_*`" in ran.err
    assert "`a`" in ran.err


def test_a_column_of_a_name_that_stands_twice_is_refused_where_it_is_used(here, text):
    both = text("both.csv", ["pred,pred,label,x,x", "1,2,3,4,5"])
    ran = here("eval", both, "-l", "mse").block()
    assert ran.code == 3
    assert "`pred`" in ran.err
    assert (
        here("eval", text("b.csv", ["pred,label,x,x", "1,3,4,5"]), "-l", "mse", "-f", "value").out == "4.0\n"
    )


@pytest.mark.parametrize("content", ["", "\n", "\r\n\r\n", "pred,label\n", "pred,label", "\ufeff"])
def test_a_file_without_rows_is_exit_3(here, text, content):
    ran = here("eval", text("both.csv", content), "-l", "mse").block()
    assert (ran.code, ran.out) == (3, "")
    assert "both.csv" in ran.err


def test_a_file_of_no_rows_left_is_exit_3_and_says_why(here, text):
    both = text("both.csv", ["pred,label", ",1", "2,"])
    ran = here("eval", both, "-l", "mse", "--nan", "drop").block()
    assert ran.code == 3
    assert re.search(r"\b1 missing_label\b", ran.err)
    assert re.search(r"\b1 missing_pred\b", ran.err)


def test_a_value_outside_the_domain_is_said_with_row_value_domain_and_count(here, text):
    rows = ["prob,label", *["0.5,1"] * 6, "1.4,0", "0.1,1", "2,0"]
    ran = here("eval", text("both.csv", rows), "-l", "log_loss").block()
    assert ran.code == 3
    assert ran.err.startswith("error: both.csv, column `prob`, row 7: ")
    for word in ("1.4", "[0, 1]", "log_loss", "2 of 9 rows"):
        assert word in ran.err


@pytest.mark.parametrize("weight", ["-1", "inf", "x", ""])
def test_a_bad_weight_names_column_and_row(here, text, weight):
    both = text("both.csv", ["pred,label,w", "1,2,1", f"1,2,{weight}"])
    ran = here("eval", both, "-w", "w", "-l", "mse").block()
    assert ran.code == 3
    assert ran.err.startswith("error: both.csv, column `w`, row 2: ")


def test_weights_that_are_all_zero_leave_nothing_to_measure(here, text):
    ran = here("eval", text("both.csv", ["pred,label,w", "1,2,0", "1,2,0"]), "-w", "w", "-l", "mse").block()
    assert ran.code == 3
    assert "`w`" in ran.err


def test_a_missing_value_is_exit_3_with_its_place_and_how_many_there_are(here, text):
    both = text("both.csv", ["pred,label", "1,2", "NA,2", ",3", "4,4"])
    ran = here("eval", both, "-l", "mse").block()
    assert ran.code == 3
    assert ran.err.startswith("error: both.csv, column `pred`, row 2: ")
    assert "2 of 4 rows" in ran.err
    assert "--nan drop" in ran.err


# ── as JSON ──

ERROR = ["schema", "kind", "exit_code", "message", "detail", "hint", "file", "column", "row"]


@pytest.mark.parametrize("option", [["--errors", "json"], ["--errors=json"]])
def test_errors_as_json_are_one_object_with_the_facts_apart(here, text, option):
    both = text("both.csv", ["pred,label", "1,2", "1,x"])
    ran = here("eval", both, "-l", "mse", *option)
    assert (ran.code, ran.out) == (3, "")
    found = json.loads(ran.err)
    assert list(found) == ERROR
    assert found["schema"] == "losscli.error/1"
    assert (found["kind"], found["exit_code"]) == ("data", 3)
    assert (found["file"], found["column"], found["row"]) == ("both.csv", "label", 2)
    assert "x" in found["message"]


def test_a_wrong_call_is_json_too_where_it_is_asked_for(here, pair):
    for args in (["eval", *pair, "-l", "hubber"], ["eval", *pair, "--nonsense"], ["losses", "hubber"]):
        ran = here(*args, "--errors", "json")
        found = json.loads(ran.err)
        assert (found["kind"], found["exit_code"], ran.code) == ("usage", 2, 2)


def test_a_word_behind_a_double_dash_is_no_option(here, pair):
    ran = here("eval", *pair, "-l", "hubber", "--", "--errors=json")
    assert ran.code == 2
    assert ran.err.startswith("error: ")


# ── 70: a defect ──


def broken(*args, **options):
    raise ZeroDivisionError("a b\x1b[31m\nc")


@pytest.mark.parametrize("as_json", [False, True])
def test_a_defect_is_exit_70_in_one_block_and_no_traceback(here, pair, monkeypatch, as_json):
    monkeypatch.setattr("losscli.report.evaluate.evaluated", broken)
    ran = here("eval", *pair, "-l", "mse", *(["--errors", "json"] if as_json else []))
    assert (ran.code, ran.out) == (70, "")
    if as_json:
        assert json.loads(ran.err)["exit_code"] == 70
        return
    ran.block()
    assert "defect of losscli" in ran.err
    assert "ZeroDivisionError" in ran.err
    assert "test_exit_codes.py" in ran.err
    assert "\x1b" not in ran.err


@pytest.mark.parametrize("error", [RecursionError("deep"), AssertionError(), KeyError("x")])
def test_whatever_is_raised_ends_in_one_block(here, pair, monkeypatch, error):
    def fail(*args, **options):
        raise error

    monkeypatch.setattr("losscli.report.evaluate.evaluated", fail)
    assert here("eval", *pair, "-l", "mse").block().code == 70


def test_a_defect_met_while_rendering_is_exit_70_and_writes_nothing(here, pair, monkeypatch, tmp_path):
    monkeypatch.setattr("losscli.show.json.render", broken)
    ran = here("eval", *pair, "-l", "mse", "-o", "a.csv", "-o", "b.json").block()
    assert (ran.code, ran.out) == (70, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["labels.csv", "preds.csv"]


LONG = "x" * 20_000
SPACED = "a b " * 5_000


@pytest.mark.parametrize("errors", ["text", "json"])
@pytest.mark.parametrize(
    "args",
    [
        ["eval", "nul.csv", "-l", "mse"],
        ["eval", "header.csv", "-l", "mse"],
        ["eval", "header.csv", "-l", "mse", "-p", "no"],
        ["eval", "columns.csv", "-l", "mse", "-p", "no"],
        ["eval", "value.csv", "-l", "mse"],
        ["eval", "key_a.csv", "key_b.csv", "-l", "mse", "--on", "id"],
        ["eval", "lines.jsonl", "-l", "mse"],
        ["eval", LONG, "-l", "mse"],
        ["eval", f"{LONG}.csv", "-l", "mse"],
        *(
            ["eval", "pair.csv", "-l", "mse", option, value]
            for value in (LONG, SPACED)
            for option in (
                "-p", "-y", "-w", "--by", "--where", "--ci", "--max", "--min", "--memory", "-f", "--dialect",
                "--nan", "--average", "--on", "--jobs", "--config", "--columns", "-o", "--compat",
            )
        ),
        ["eval", "pair.csv", "-l", LONG],
        ["eval", "pair.csv", "-l", f"huber:delta={LONG}"],
        ["eval", "pair.csv", "-l", f"huber:{LONG}=1"],
        ["eval", "pair.csv", "-l", f"expr:{'y' * 1900}"],
        ["losses", LONG],
        ["help", LONG],
        [LONG],
        ["eval", f"--{LONG}"],
    ],
    ids=lambda args: " ".join(arg[:12] for arg in args),
)  # fmt: skip
def test_a_refusal_is_short_however_long_the_names_and_values_are(here, text, args, errors):
    million = 1_000_000
    text("nul.csv", b"\0" * 20_000)
    text("header.csv", ["x" * million + ",label", "1,2"])
    text("columns.csv", [",".join("c" * 500 + str(at) for at in range(1000)), ",".join("1" * 1000)])
    text("value.csv", ["pred,label", "q" * million + ",1"])
    text("key_a.csv", ["id,pred", "k" * million + ",1"])
    text("key_b.csv", ["id,label", "z" * million + ",1"])
    text("lines.jsonl", ['{"' + "q" * million + '": 1, "label": 1}'])
    text("pair.csv", ["pred,label", "1,2"])
    ran = here(*args, *(["--errors", "json"] if errors == "json" else []))
    assert ran.code in (2, 3, 74)
    assert len(ran.err) < 5000
    assert "…" in ran.err or "\\u2026" in ran.err or len(ran.err) < 600


def test_a_name_is_cut_in_the_middle(here, text):
    text("rows.csv", ["p" * 50 + "q" * 5000 + "r" * 50 + ",label", "1,2"])
    ran = here("eval", "rows.csv", "-l", "mse", "-p", "other").block()
    assert f"`{'p' * 40}…{'r' * 39}`" in ran.err


@pytest.mark.parametrize("kilobytes", [20, 30, 50, 70, 90, 110, 130, 150, 180, 220, 260, 320, 420, 600])
@pytest.mark.parametrize("name", ["preds.csv", "preds.parquet"])
def test_too_little_address_space_is_not_enough_memory_or_no_hindrance(
    losscli, pair, parquet, name, kilobytes
):
    parquet("preds.parquet", {"pred": [1.0, 2.0, 4.0]})
    script = f'ulimit -v {kilobytes}000; exec "$@"'
    ran = losscli.shell(script, "eval", name, "labels.csv", "-l", "mse", "-f", "value")
    assert "Traceback" not in ran.err
    assert (ran.code, ran.err) == (0, "") or (ran.code == 3 and "not enough memory" in ran.err)
