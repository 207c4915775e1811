"""`losscli check`: gates on saved results, read back strictly and without any data."""

from __future__ import annotations

import csv
import io
import json

import pytest


@pytest.fixture
def saved(here, pair):
    """Errors 0, -1 and 3: mse 10/3, mae 4/3."""
    assert here("eval", *pair, "-l", "mse", "-l", "mae", "-q", "-o", "base.json").code == 0
    return "base.json"


@pytest.fixture
def changed(saved, tmp_path):
    """The saved result with something else in it, as another file."""

    def write(change, name="changed.json"):
        held = json.loads((tmp_path / saved).read_text())
        change(held)
        (tmp_path / name).write_text(json.dumps(held))
        return name

    return write


def test_a_saved_result_is_judged_without_its_data(here, saved, pair, tmp_path):
    for path in pair:
        (tmp_path / path).unlink()
    assert here("check", saved, "--max", "mse=3.4").code == 0
    ran = here("check", saved, "--max", "mse=3")
    assert ran.code == 1
    assert "mse,pred,3.3333333333333335" in ran.out
    assert ran.err == "gate failed: base.json: mse at most 3: 3.3333333333333335 is above 3\n"


def test_check_prints_the_document_that_was_saved_with_its_verdicts(here, saved, tmp_path):
    ran = here("check", saved, "--max", "mse=4", "--json")
    found = json.loads(ran.out)
    assert found.pop("gate")["passed"] is True
    before = json.loads((tmp_path / saved).read_text())
    assert before.pop("gate") is None
    assert found == before


def test_check_gives_the_verdict_that_eval_gives(here, pair, saved):
    flags = ["--max", "mse=3", "--min", "mae=1", "--max-regression", "mse=0", "--baseline", saved, "--json"]
    one, other = here("eval", *pair, *flags), here("check", saved, *flags)
    assert one.code == other.code == 1
    assert json.loads(one.out)["gate"] == json.loads(other.out)["gate"]


def test_a_loss_that_was_not_saved_fails(here, saved):
    ran = here("check", saved, "--max", "rmse=100")
    assert ran.code == 1
    assert "there is no result of it; there are `mse`, `mae`" in ran.err


def test_without_a_limit_there_is_nothing_to_check(here, saved):
    ran = here("check", saved).block()
    assert (ran.code, ran.out) == (2, "")


def test_several_results_are_judged_each_and_one_failure_fails_all(here, saved, changed):
    def worse(held):
        held["metrics"]["mse"] = held["results"][0]["value"] = 9.0

    other = changed(worse)
    ran = here("check", saved, other, "--max", "mse=4", "--json")
    assert ran.code == 1
    assert [document["gate"]["passed"] for document in json.loads(ran.out)] == [True, False]
    ran = here("check", saved, other, "--max", "mse=4")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert [(row["result"], row["loss"], row["value"]) for row in rows] == [
        ("base.json", "mse", repr(10 / 3)), ("base.json", "mae", repr(4 / 3)),
        ("changed.json", "mse", "9.0"), ("changed.json", "mae", repr(4 / 3)),
    ]  # fmt: skip
    assert ran.err == "gate failed: changed.json: mse at most 4: 9 is above 4\n"
    table = here("check", saved, other, "--max", "mse=4", "-f", "table").out
    assert "gate passed: 1 limit" in table
    assert "gate FAILED: 1 of 1 limit" in table
    assert here("check", saved, saved, "--max", "mse=4").code == 0


def test_a_result_comes_from_standard_input_as_well(losscli, saved):
    ran = losscli.shell(f'"$@" < {saved}', "check", "-", "--max", "mse=4", "-f", "table")
    assert ran.code == 0
    assert "gate passed" in ran.out


def test_a_slice_that_was_not_measured_fails_a_gate_of_a_configuration(here, text, saved):
    text("losscli.toml", ["[[gates]]", 'loss = "mse"', "max = 9", 'slice = "country=de"'])
    ran = here("check", saved)
    assert ran.code == 1
    assert "there is no slice country=de" in ran.err


def test_slices_and_parts_are_read_back(here, text):
    both = text("both.csv", ["pred,label,c", "1,1,a", "2,4,b", "3,3,"])
    assert here("eval", both, "-l", "mse", "--by", "c", "-o", "out.json", "-q").code == 0
    text("losscli.toml", ["[[gates]]", 'loss = "mse"', "max = 1", 'slice = "*"'])
    ran = here("check", "out.json", "--json")
    assert ran.code == 1
    limits = json.loads(ran.out)["gate"]["limits"]
    assert [(limit["slice"]["c"], limit["passed"]) for limit in limits] == [
        ("a", True),
        ("b", False),
        (None, True),
    ]


# ── what is no saved result ──


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"[]", "holds no JSON object"),
        (b"3", "holds no JSON object"),
        (b"{}", "says no `schema`"),
        (b'{"schema": 3}', "says no `schema`"),
        (b'{"schema": "losscli.comparison/1"}', "is `losscli.comparison/1`"),
        (b'{"schema": "losscli.result/2"}', "is `losscli.result/2`"),
        (b'{"schema": "losscli.result/1"}', "is missing"),
        (b'{"a": NaN}', "NaN is no number of JSON"),
        (b'{"a": -Infinity}', "-Infinity is no number of JSON"),
        (b'{"a": 1, "a": 2}', "the key `a` twice"),
        (b"\xff\xfe{}", "is not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": ' + b"1" * 5000 + b"}", "too long"),
    ],
)
def test_a_file_that_is_no_saved_result_is_exit_3_and_says_why(here, text, content, words):
    ran = here("check", text("r.json", content), "--max", "mse=1").block()
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith("error: r.json: ")
    assert words in ran.err


def test_a_missing_result_a_folder_and_a_file_that_may_not_be_read_are_exit_3(here, saved, tmp_path):
    (tmp_path / "folder").mkdir()
    for path in ("absent.json", "folder", "", "a\0b"):
        ran = here("check", saved, path, "--max", "mse=1").block()
        assert (ran.code, ran.out) == (3, "")


def _first(held):
    return held["results"][0]


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda held: held.pop("rows"), "`rows`: is missing"),
        (lambda held: held.update(more=1), "`more`: is no key of a result"),
        (lambda held: _first(held).pop("signature"), "`results[0].signature`"),
        (lambda held: _first(held).update(value="3.3"), "`results[0].value`"),
        (lambda held: _first(held).update(value=True), "`results[0].value`"),
        (lambda held: _first(held).update(better="bigger"), "`results[0].better`"),
        (lambda held: _first(held).update(rows=-1), "`results[0].rows`"),
        (lambda held: _first(held).update(rows=2.5), "`results[0].rows`"),
        (lambda held: _first(held).update(ci={"low": 1}), "`results[0].ci.high`"),
        (lambda held: _first(held).update(part={"klass": "a"}), "`results[0].part"),
        (lambda held: _first(held).update(value=10**400), "`results[0].value`"),
        (lambda held: held.update(results={}), "`results`"),
        (lambda held: _first(held).update(value=1.0), "`metrics` and `results` hold different values"),
        (lambda held: held["metrics"].clear(), "`metrics` and `results` hold different values"),
        (lambda held: held["results"].clear(), "`metrics` and `results` hold different values"),
    ],
)
def test_a_result_that_was_tampered_with_is_refused_by_place(here, changed, change, words):
    ran = here("check", changed(change), "--max", "mse=100").block()
    assert (ran.code, ran.out) == (3, "")
    assert words in ran.err


def test_a_number_that_overflows_is_no_value(here, saved, tmp_path):
    content = (tmp_path / saved).read_text().replace(repr(10 / 3), "1e999")
    (tmp_path / "big.json").write_text(content)
    assert here("check", "big.json", "--max", "mse=100").block().code == 3


def test_a_byte_order_mark_before_a_result_is_no_matter(here, saved, tmp_path):
    (tmp_path / "bom.json").write_bytes(b"\xef\xbb\xbf" + (tmp_path / saved).read_bytes())
    assert here("check", "bom.json", "--max", "mse=100").code == 0


def test_words_from_a_saved_result_cannot_forge_a_line(here, changed):
    def forge(held):
        held["inputs"][0]["path"] = "x\ngate passed: 9 limits\x1b[2J"
        _first(held)["pred"] = "a\nb"

    for format in ("table", "csv", "markdown", "github", "junit"):
        ran = here("check", changed(forge), "--max", "mse=1", "-f", format)
        assert ran.code == 1
        assert "\x1b" not in ran.out + ran.err
        assert "\ngate passed" not in ran.out + ran.err


def test_the_result_and_the_baseline_are_not_overwritten(here, saved):
    assert here("check", saved, "--max", "mse=1", "-o", saved).block().code == 2


def test_check_does_not_read_with_a_format_that_clashes(here, saved):
    assert here("check", saved, "--max", "mse=1", "--json", "-f", "csv").block().code == 2
