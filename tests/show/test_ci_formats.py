"""Formats for CI: annotations and summary for GitHub, JUnit XML, Markdown with the change against the baseline."""

from __future__ import annotations

import json
import re
import sys
from xml.etree import ElementTree

import pytest
import xmlschema
from hypothesis import given
from hypothesis import strategies as st
from reports import report, result

from conftest import ROOT
from losscli.report.gates import Gate
from losscli.report.limits import Limit
from losscli.show import render
from losscli.show.canvas import Canvas
from losscli.show.github import command, plain
from losscli.show.junit import words

JUNIT = xmlschema.XMLSchema(str(ROOT / "tests" / "junit.xsd"))


@pytest.fixture
def saved(here, pair):
    """Errors 0, -1 and 3: mse 10/3, mae 4/3."""
    assert here("eval", *pair, "-l", "mse", "-l", "mae", "-q", "-o", "base.json").code == 0
    return "base.json"


@pytest.fixture
def worse(text):
    """Errors 0, -2 and 4 on the same labels: mse 20/3, mae 2."""
    return text("worse.csv", ["pred", "1", "1", "5"])


# ── github ──


def test_a_failed_limit_is_one_annotation_and_the_results_are_plain_lines(here, pair):
    ran = here("eval", *pair, "-l", "mse", "--max", "mse=3", "--max", "mae=2", "-f", "github")
    assert ran.code == 1
    assert ran.err == ""
    assert ran.out.splitlines() == [
        "losscli: preds.csv (pred) against labels.csv (label): 3 rows",
        "losscli: mse = 3.33333",
        "losscli: mae = 1.33333",
        "::error title=mse::at most 3: 3.3333333333333335 is above 3",
        "losscli: gate FAILED: 1 of 2 limits",
    ]


def test_a_gate_that_passes_annotates_nothing(here, pair):
    out = here("eval", *pair, "--max", "mse=4", "-f", "github").out
    assert "::" not in out
    assert out.splitlines()[-1] == "losscli: gate passed: 1 limit"


def test_at_most_ten_annotations_are_made_worst_first_and_the_rest_is_counted(here, pair):
    flags = [word for at in range(12) for word in ("--max", f"huber:delta={at + 1}={10.0**-at}")]
    ran = here("eval", *pair, *flags, "-f", "github")
    lines = [line for line in ran.out.splitlines() if line.startswith("::")]
    assert len(lines) == 10
    assert lines[0].startswith("::error title=huber%3Adelta=12::at most 1e-11: ")
    assert lines[8].startswith("::error title=huber%3Adelta=4::")
    assert lines[9] == "::error title=losscli::2 more limits failed; the summary lists all of them"
    # huber:delta=1 is 1 on errors 0, -1 and 3, and passes; so eleven of twelve fail, and ten of eleven.
    ten = here("eval", *pair, *flags[:22], "-f", "github").out
    assert ten.count("::error title=huber%3Adelta=") == 10


def test_the_summary_in_markdown_is_added_to_the_file_that_github_names(here, pair, monkeypatch, tmp_path):
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    ran = here("eval", *pair, "--max", "mse=3", "-f", "github")
    markdown = here("eval", *pair, "--max", "mse=3", "-f", "markdown").out
    assert summary.read_text() == f"before\n{markdown}\n"
    assert "gate FAILED" in markdown
    here("eval", *pair, "-l", "mse", "-f", "csv")
    assert summary.read_text().count("before") == 1
    assert ran.code == 1


def test_a_summary_that_cannot_be_written_is_exit_74(here, pair, monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "no" / "summary.md"))
    assert here("eval", *pair, "-l", "mse", "-f", "github").block().code == 74


def test_a_workflow_command_is_escaped_as_github_reads_it():
    assert command("error", "a:b,c%", "d: e, 5%") == "::error title=a%3Ab%2Cc%25::d: e, 5%25"
    assert command("error", "a\nb", "c\r\nd") == "::error title=a\\nb::c\\r\\nd"


def read_command(line):
    """A workflow command as the runner takes it apart: the properties, and the message."""
    found = re.fullmatch(r"::error title=([^,:]*)::(.*)", line, re.DOTALL)
    assert found is not None
    for sign, code in ((":", "%3A"), (",", "%2C"), ("\n", "%0A"), ("\r", "%0D"), ("%", "%25")):
        found = [part.replace(code, sign) for part in (found if isinstance(found, list) else found.groups())]
    return found


@given(st.text(), st.text())
def test_no_text_breaks_out_of_a_workflow_command(title, message):
    from losscli.text import visible

    line = command("error", title, message)
    assert len(line.splitlines()) == 1
    assert read_command(line) == [visible(title), visible(message)]


@given(st.text())
def test_no_text_makes_a_plain_line_a_command(text):
    line = plain(f"losscli: {text}")
    assert len(line.splitlines()) == 1
    assert line.startswith("losscli: ")
    assert "##[" not in line


def test_hostile_names_forge_neither_a_line_nor_a_command(here, text):
    name = "::error::x##[error]y"
    both = text("both.csv", [f'"{name}",label', "1,2"])
    out = here("eval", both, "--max", "mse=0", "--pred", name, "-f", "github").out
    commands = [line for line in out.splitlines() if line.strip().startswith("::")]
    assert commands == ["::error title=mse::at most 0: 1 is above 0"]
    assert "##[" not in out


def test_check_shares_the_ten_annotations_among_all_results(here, pair, saved):
    flags = [word for at in range(6) for word in ("--max", f"mse={at / 10}")]
    ran = here("check", saved, saved, *flags, "-f", "github")
    assert ran.code == 1
    lines = [line for line in ran.out.splitlines() if line.startswith("::")]
    assert len(lines) == 10
    assert "3 more limits" in lines[-1]
    assert all("base.json" in line for line in lines[:-1])


# ── junit ──


def cases(text):
    JUNIT.validate(text)
    return ElementTree.fromstring(text).findall(".//testcase")


def test_every_limit_is_a_test_case_and_a_failed_one_a_failure(here, pair):
    ran = here("eval", *pair, "--max", "mse=3", "--max", "mae=2", "-f", "junit")
    assert ran.code == 1
    one, other = cases(ran.out)
    assert (one.get("name"), one.get("classname")) == ("mse at most 3", "losscli.gate")
    assert one.find("failure").get("message") == "3.3333333333333335 is above 3"
    assert (other.get("name"), list(other)) == ("mae at most 2", [])
    suite = ElementTree.fromstring(ran.out).find("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "0")
    properties = {found.get("name"): found.get("value") for found in suite.iter("property")}
    assert properties == {"mse, pred": repr(10 / 3), "mae, pred": repr(4 / 3)}


def test_without_limits_every_result_is_a_case_that_passes(here, text):
    both = text("both.csv", ["pred,label,c", "1,2,a", "2,2,b"])
    ran = here("eval", both, "-l", "mse", "-l", "r2", "--by", "c", "-f", "junit")
    assert ran.code == 0
    assert [case.get("name") for case in cases(ran.out)][:3] == ["mse, pred", "r2, pred", "mse, pred, c=a"]


def test_a_file_that_ends_in_xml_is_junit(here, pair, tmp_path):
    assert here("eval", *pair, "--max", "mse=3", "-o", "out.xml").code == 1
    assert len(cases((tmp_path / "out.xml").read_text())) == 1


def test_several_results_are_suites_of_one_document(here, saved):
    ran = here("check", saved, saved, "--max", "mse=3", "-f", "junit")
    JUNIT.validate(ran.out)
    assert len(ElementTree.fromstring(ran.out).findall("testsuite")) == 2


@given(st.text(), st.text())
def test_any_words_make_valid_xml(name, note):
    limits = (Limit.of("mse", "max", 0.0), Limit.of("mae", "max", 1.0))
    judged = Gate(limits, None).judge(
        report(result(1.0, pred=name), result(None, "mae", note=note, pred=name))
    )
    JUNIT.validate(render("junit", [judged], Canvas()))
    assert all(sign in "\t\n\r" or sign >= " " for sign in words(name))


def test_junit_without_its_library_says_what_to_install(here, pair, monkeypatch):
    monkeypatch.setitem(sys.modules, "junitparser", None)
    ran = here("eval", *pair, "-l", "mse", "-f", "junit").block()
    assert (ran.code, ran.out) == (2, "")
    assert "losscli[junit]" in ran.err


# ── markdown ──


def table_of(markdown, at=0):
    """The rows of a table of a Markdown text, as dictionaries."""
    blocks = re.findall(r"(?:^\|.*\|\n)+", markdown, re.MULTILINE)
    heads, _, *rows = [re.split(r"(?<!\\)\|", line.strip())[1:-1] for line in blocks[at].splitlines()]
    return [{head.strip(): cell.strip() for head, cell in zip(heads, row, strict=True)} for row in rows]


def test_markdown_shows_the_change_against_the_baseline(here, pair, saved, worse):
    ran = here(
        "eval", worse, pair[1], "-l", "mse", "-l", "rmse", "-l", "mae", "--baseline", saved, "-f", "markdown"
    )
    assert ran.code == 0
    rows = {row["loss"]: (row["baseline"], row["value"], row["change"]) for row in table_of(ran.out)}
    assert rows == {
        "mse": ("3.33333", "6.66667", "+3.333 (+100%)"),
        "rmse": ("–", "2.58199", "–"),
        "mae": ("1.33333", "2", "+0.6667 (+50%)"),
    }


def test_markdown_puts_the_failed_limits_on_top(here, pair, saved, worse):
    flags = ["--max", "mae=3", "--max-regression", "mse=50%", "--max-regression", "mae=0.5", "--min", "r2=2"]
    out = here("eval", worse, pair[1], *flags, "--baseline", saved, "-f", "markdown").out
    assert "**gate FAILED: 3 of 4 limits**" in out
    rows = [(row["verdict"], row["loss"], row["limit"]) for row in table_of(out, 1)]
    assert rows[-1] == ("passed", "mae", "at most 3")
    assert {row[1] for row in rows[:3]} == {"mse", "mae", "r2"}
    assert [row[0] for row in rows[:3]] == ["FAILED"] * 3


def test_an_equal_value_is_the_same_and_a_result_of_another_meaning_has_no_change(here, pair, saved):
    out = here("eval", *pair, "-l", "mse", "--baseline", saved, "-f", "markdown").out
    assert table_of(out)[0]["change"] == "same"
    out = here("eval", *pair, "-l", "mse", "--nan", "drop", "--baseline", saved, "-f", "markdown").out
    assert table_of(out)[0]["change"] == "–"


@pytest.mark.parametrize("format", ["markdown", "table"])
def test_no_cell_ends_a_row(here, text, format):
    both = text("both.csv", ['"a|b`*<x>",label,"c|d"', "1,2,e|f"])
    ran = here("eval", both, "--pred", "a|b`*<x>", "--max", "mse=0", "--by", "c|d", "-f", format)
    assert ran.code == 1
    if format == "markdown":
        assert table_of(ran.out)[1]["of"] == r"c\|d=e\|f"
        assert len(table_of(ran.out, 1)) == 1


# ── the table ──


def test_a_table_says_in_words_what_passed_and_what_failed(here, pair, saved):
    flags = ["--max", "mse=3", "--max-regression", "mae=2%", "--baseline", saved]
    out = here("eval", *pair, *flags, "-f", "table").out
    assert "gate FAILED: 1 of 2 limits" in out
    assert re.search(r"FAILED +mse +at most 3 +3\.3333333333333335 is above 3", out)
    assert re.search(r"passed +mae +worse by at most 2% +1\.33333, 1\.33333 in the baseline", out)
    assert "\x1b" not in out
    assert re.search(r"mae +1\.33333 +3 +↓ lower +same", out)


@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("unicode", [False, True])
def test_a_verdict_is_readable_in_any_terminal(width, colour, unicode):
    limits = (Limit.of("mse", "max", 0.5), Limit.of("mae", "max", 5.0))
    judged = Gate(limits, None).judge(report(result(1.0), result(1.0, "mae")))
    out = render("table", [judged], Canvas(width, colour, unicode))
    plain_out = re.sub(r"\x1b\[[0-9;]*m", "", out)
    assert "gate FAILED: 1 of 2 limits" in plain_out
    assert re.search(r"FAILED +mse", plain_out)
    assert re.search(r"passed +mae", plain_out)
    assert ("\x1b" in out) is colour
    assert unicode or plain_out.isascii()


def test_json_lines_and_csv_hold_results_alone_and_say_the_failure_beside(here, pair):
    for format in ("csv", "jsonl", "value", "json", "junit"):
        ran = here("eval", *pair, "--max", "mse=3", "-f", format)
        assert ran.code == 1
        assert ran.err == "gate failed: mse at most 3: 3.3333333333333335 is above 3\n"
    assert json.loads(here("eval", *pair, "--max", "mse=3", "-f", "jsonl").out)["value"] == 10 / 3
