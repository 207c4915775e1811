"""How a report is shown: by default on a terminal and in a pipe, and format by format."""

from __future__ import annotations

import csv
import io
import json
import os
import re

import pytest


def test_in_a_pipe_a_result_is_csv_with_every_digit(losscli, pair):
    ran = losscli("eval", *pair, "-l", "mse", "-l", "mae")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert [row["loss"] for row in rows] == ["mse", "mae"]
    assert [row["value"] for row in rows] == [repr(10 / 3), repr(4 / 3)]
    assert [row["rows"] for row in rows] == ["3", "3"]


@pytest.mark.parametrize("name", ["a,b", 'say "hi"', '"', ',",', " a ", "1", "é"])
def test_csv_reads_back_what_the_slices_are_called(losscli, text, name):
    cell = '"' + name.replace('"', '""') + '"'
    both = text("both.csv", ["pred,label,c", f"1,3.5,{cell}", "2,3.5,plain"])
    rows = list(csv.DictReader(io.StringIO(losscli("eval", both, "-l", "mse", "--by", "c", "-f", "csv").out)))
    assert {row["slice"] for row in rows} == {"", f"c={name}", "c=plain"}


def test_an_undefined_value_is_an_empty_cell_in_csv_and_a_dash_in_a_table(here, text):
    both = text("both.csv", ["pred,label", "1,3.5", "2,3.5"])
    (row,) = csv.DictReader(io.StringIO(here("eval", both, "-l", "r2").out))
    assert row["value"] == ""
    assert "3.5" in row["note"]
    table = here("eval", both, "-l", "r2", "-f", "table").out
    assert re.search(r"r2 +– .*3\.5", table)
    assert re.search(r"r2 \| +– .*3\\?\.5", here("eval", both, "-l", "r2", "-f", "markdown").out)


def test_value_is_one_bare_number_with_every_digit(here, pair):
    ran = here("eval", *pair, "-l", "mse", "-f", "value")
    assert (ran.code, ran.out, ran.err) == (0, f"{10 / 3!r}\n", "")


def test_value_that_is_not_defined_is_null(here, text):
    ran = here("eval", text("both.csv", ["pred,label", "1,2", "2,2"]), "-l", "r2", "-f", "value")
    assert (ran.code, ran.out) == (0, "null\n")


def test_value_wants_exactly_one_result(here, pair):
    ran = here("eval", *pair, "-l", "mse", "-l", "mae", "-f", "value").block()
    assert (ran.code, ran.out) == (2, "")


def test_json_is_the_same_as_format_json_and_clashes_with_another(here, pair):
    one, other = here("eval", *pair, "-l", "mse", "--json"), here("eval", *pair, "-l", "mse", "-f", "json")
    assert one.out == other.out
    assert here("eval", *pair, "-l", "mse", "--json", "-f", "json").out == one.out
    assert here("eval", *pair, "-l", "mse", "--json", "-f", "csv").block().code == 2


def test_an_unknown_format_is_refused_before_reading_with_those_there_are(here):
    ran = here("eval", "absent.csv", "-l", "mse", "-f", "yaml").block()
    assert ran.code == 2
    assert "yaml" in ran.err
    assert "markdown" in ran.err


def test_a_table_names_files_columns_and_rows_and_rounds(here, pair):
    out = here("eval", *pair, "-l", "mse", "-l", "huber:delta=2", "-f", "table").out
    assert "preds.csv (pred)" in out
    assert "labels.csv (label)" in out
    assert "3 rows" in out
    assert re.search(r"^mse +3\.33333 +3 +↓ lower$", out, re.MULTILINE)
    assert re.search(r"^huber:delta=2 +1\.5 +3 +↓ lower$", out, re.MULTILINE)


def test_a_table_tells_what_was_dropped_and_touched(here, text):
    both = text("both.csv", ["prob,label", "0,1", ",1", "0.5,0"])
    out = here("eval", both, "-l", "log_loss", "--nan", "drop", "-f", "table").out
    assert "1 dropped (missing_pred)" in out
    assert "1 row with a probability raised to `eps`" in out


@pytest.mark.parametrize("columns", ["1", "20", "40", "200"])
def test_no_width_of_the_terminal_cuts_a_number(here, monkeypatch, columns, text):
    monkeypatch.setenv("COLUMNS", columns)
    both = text("a_file_with_a_long_name.csv", ["pred,label", "-1.234567e-200,1.234567e+100"])
    out = here("eval", both, "-l", "mae", "-f", "table").out
    assert "1.23457e+100" in out
    assert "…" not in out


def test_markdown_is_a_table_in_which_nothing_from_a_file_is_markup(here, text):
    name = text("a|b_*c*[d](e)<b>.csv", ["pred", "1"])
    labels = text("labels.csv", ['"`y`|#"', "3"])
    out = here("eval", name, labels, "-l", "mse", "-f", "markdown").out
    head, empty, *table = out.splitlines()
    assert empty == ""
    assert r"a\|b\_\*c\*\[d\](e)\<b\>.csv" in head
    assert r"\`y\`\|\#" in head
    assert table == [
        "| loss | value | rows | better |",
        "| --- | ---: | ---: | --- |",
        "| mse | 4 | 1 | lower |",
    ]


def test_the_note_of_a_markdown_table_stays_in_its_cell(here, text):
    both = text("both.csv", ["pred,label", "1,2", "2,2"])
    out = here("eval", both, "-l", "r2", "-l", "mse", "-f", "markdown").out
    assert {line.replace(r"\|", "").count("|") for line in out.splitlines()[2:]} == {6}


# ── nothing from a file acts on a terminal ──

ESCAPES = {
    "an escape sequence": "\x1b[31mred\x1b[0m",
    "a line end": "a\nmse,pred,0.0,3",
    "a carriage return": "a\rPASSED",
    "rich's markup": "[red]a[/red]",
    "rich's closing tag": "[/bold]",
    "a link": "\x1b]8;;http://evil.example/\x1b\\click\x1b]8;;\x1b\\",
    "a clipboard order": "\x1b]52;c;ZWNobw==\x07",
    "text turned around": "a\u202ecsv.exe",
    "an isolate": "a\u2066b\u2069",
    "a C1 control": "a\x9b31mb",
    "a line separator": "a\u2028b",
    "a backspace": "pass\b\b\b\bfail",
}
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


@pytest.mark.parametrize("kind", ESCAPES)
@pytest.mark.parametrize("format", ["table", "csv", "markdown", "json", "jsonl"])
def test_names_of_files_and_columns_are_shown_escaped(here, text, kind, format):
    nasty = ESCAPES[kind]
    preds = text(f"{nasty.replace('/', '_')}.csv", ['"' + nasty + '"', "1"])
    labels = text("labels.csv", ["label", "3"])
    plain = here("eval", text("preds.csv", ["pred", "1"]), labels, "-l", "mse", "-f", format)
    ran = here("eval", preds, labels, "-l", "mse", "-f", format)
    assert (ran.code, ran.err) == (0, "")
    assert not RAW.search(ran.out)
    if format != "table":  # a table folds long names
        assert ran.out.count("\n") == plain.out.count("\n")
    if "[" not in nasty or "\x1b" in nasty:
        return
    if format in ("table", "csv"):
        assert nasty.replace("/", "_") in ran.out.replace("\n", "") or nasty in ran.out


@pytest.mark.parametrize("kind", ESCAPES)
def test_json_keeps_names_whole(here, text, kind):
    nasty = ESCAPES[kind]
    path = text(f"{nasty.replace('/', '_')}.csv", ['"' + nasty + '",label', "1,3"])
    (found,) = json.loads(here("eval", path, "-p", nasty, "-l", "mse", "--json").out)["inputs"]
    assert found["path"] == path
    assert nasty in found["columns"]


@pytest.mark.parametrize("kind", ESCAPES)
@pytest.mark.parametrize("place", ["file", "column", "cell", "argument", "loss"])
def test_an_error_shows_them_escaped_and_stays_one_block(here, text, kind, place):
    nasty = ESCAPES[kind]
    quoted = '"' + nasty + '"'
    labels = text("labels.csv", ["label", "3"])
    calls = {
        "file": lambda: [text(f"{nasty.replace('/', '_')}.csv", ["pred", "x"]), labels, "-l", "mse"],
        "column": lambda: [text("p.csv", [quoted, "x"]), labels, "-l", "mse"],
        "cell": lambda: [text("p.csv", ["pred", quoted]), labels, "-l", "mse"],
        "argument": lambda: [text("p.csv", ["pred", "1"]), labels, "-l", "mse", "-p", nasty],
        "loss": lambda: [text("p.csv", ["pred", "1"]), labels, "-l", nasty],
    }
    ran = here("eval", *calls[place]()).block()
    assert ran.code in (2, 3)
    assert ran.out == ""
    assert not RAW.search(ran.err)
    as_json = here("eval", *calls[place](), "--errors", "json")
    assert as_json.err.count("\n") == 1
    found = json.loads(as_json.err)
    assert found["exit_code"] == as_json.code == ran.code
    if place == "file":
        assert nasty.replace("/", "_") in found["file"]
    if place == "column":
        assert found["column"] == nasty


def test_a_name_that_is_no_utf8_is_shown_escaped(here, tmp_path):
    name = os.fsdecode(b"\xff\xfe.csv")
    (tmp_path / name).write_bytes(b"pred,label\n1,3\n")
    for format in ("table", "csv", "json", "markdown"):
        ran = here("eval", name, "-l", "mse", "-f", format)
        assert (ran.code, ran.err) == (0, "")
    assert "udcff" in here("eval", name, "-l", "mse", "-f", "table").out
    assert "udcff" in here("eval", name, "-l", "mse", "-p", "x").block().err
