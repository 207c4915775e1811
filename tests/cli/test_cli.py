"""`losscli eval` as scripts see it: the JSON document, the columns chosen, messages, help and start."""

from __future__ import annotations

import re
import subprocess
import sys

import jsonschema
import pytest
from reports import strict

from conftest import ROOT, command, environment

NUMBER = {"type": "number"}
OR_NULL = {"type": ["number", "null"]}
COUNT = {"type": "integer", "minimum": 0}
COUNTS = {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1}}
TEXT = {"type": "string"}


def record(**properties):
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


RESULT = record(
    loss=TEXT,
    params={"type": "object", "additionalProperties": {"type": ["number", "string", "boolean"]}},
    pred=TEXT,
    part={"type": "object", "maxProperties": 1, "propertyNames": {"enum": ["class", "output"]}},
    slice={"type": "object", "additionalProperties": {"type": ["string", "null"]}},
    better={"enum": ["lower", "higher", "zero"]},
    value=OR_NULL,
    sum=OR_NULL,
    rows=COUNT,
    weight=NUMBER,
    skipped=COUNTS,
    touched=COUNTS,
    stderr=OR_NULL,
    ci={"anyOf": [{"type": "null"}, record(low=NUMBER, high=NUMBER, level=NUMBER, method=TEXT)]},
    constant={"anyOf": [{"type": "null"}, record(prediction={}, value=OR_NULL, skill=OR_NULL)]},
    note={"type": ["string", "null"]},
    detail={"type": ["object", "null"]},
    signature={"type": "string", "minLength": 1},
)
DOCUMENT = record(
    schema={"const": "losscli.result/1"},
    losscli={"type": "string", "pattern": r"^\d+\.\d+\.\d+"},
    arithmetic={"type": "string", "pattern": r"^numpy \S+( \S+)?$"},
    metrics={"type": "object", "additionalProperties": OR_NULL},
    results={"type": "array", "items": RESULT, "minItems": 1},
    rows=record(
        read_preds=COUNT, read_labels=COUNT, only_preds=COUNT, only_labels=COUNT, paired=COUNT,
        dropped={
            "type": "object",
            "propertyNames": {"enum": ["where", "missing_label", "missing_pred", "missing_weight"]},
            "additionalProperties": {"type": "integer", "minimum": 1},
        },
        used=COUNT,
    ),
    inputs={
        "type": "array",
        "items": record(
            role={"enum": ["preds", "labels"]}, path=TEXT, format=TEXT, columns={"type": "array", "items": TEXT}
        ),
    },
    gate={"type": ["object", "null"]},
)  # fmt: skip


@pytest.fixture
def document(here):
    """Measure and read the JSON document, checked against the schema."""

    def run(*args):
        ran = here("eval", *args, "--json")
        assert ran.code == 0, ran.err
        found = strict(ran.out)
        jsonschema.validate(found, DOCUMENT)
        return found

    return run


# ── the document ──


def test_the_document_has_the_keys_of_the_schema_in_their_order(document, pair):
    found = document(*pair, "-l", "huber:delta=2")
    assert list(found) == [
        "schema", "losscli", "arithmetic", "metrics", "results", "rows", "inputs", "gate",
    ]  # fmt: skip
    assert list(found["results"][0]) == list(RESULT["properties"])
    assert list(found["rows"]) == list(DOCUMENT["properties"]["rows"]["properties"])


def test_the_document_of_three_rows_is_what_one_works_out_by_hand(document, pair):
    # The errors are 0, -1 and 3; huber with delta 2 costs 0, 1/2 and 2·(3 - 1) = 4.
    found = document(*pair, "--loss", "huber:delta=2")
    assert found["metrics"] == {"huber:delta=2": 1.5}
    assert found["results"] == [
        {
            "loss": "huber:delta=2", "params": {"delta": 2.0}, "pred": "pred", "part": {}, "slice": {},
            "better": "lower", "value": 1.5, "sum": 4.5, "rows": 3, "weight": 3.0, "skipped": {},
            "touched": {}, "stderr": None, "ci": None, "constant": None, "note": None, "detail": None,
            "signature": "huber:delta=2|w:none|pair:position|nan:error",
        }
    ]  # fmt: skip
    assert found["rows"] == {
        "read_preds": 3, "read_labels": 3, "only_preds": 0, "only_labels": 0, "paired": 3, "dropped": {}, "used": 3,
    }  # fmt: skip
    assert found["inputs"] == [
        {"role": "preds", "path": "preds.csv", "format": "csv", "columns": ["pred"]},
        {"role": "labels", "path": "labels.csv", "format": "csv", "columns": ["label"]},
    ]
    assert found["gate"] is None


def test_the_canonical_spec_leaves_defaults_out_and_params_and_signature_hold_them(document, pair):
    found = document(*pair, "-l", "Huber-Loss:delta=1.0")
    (result,) = found["results"]
    assert result["loss"] == "huber"
    assert result["params"] == {"delta": 1.0}
    assert result["signature"] == "huber:delta=1|w:none|pair:position|nan:error"
    assert found["metrics"] == {"huber": 1.0}  # 0, 1/2, 3 - 1/2


def test_a_parameter_is_written_as_its_shortest_decimal(document, pair):
    assert list(document(*pair, "-l", "huber:delta=0.50")["metrics"]) == ["huber:delta=0.5"]
    assert list(document(*pair, "-l", "huber:delta=3e0")["metrics"]) == ["huber:delta=3"]


def test_losses_stand_in_the_order_asked_and_one_asked_for_twice_is_measured_once(document, pair):
    found = document(*pair, "-l", "mse", "-l", "mae", "-l", "MSE", "-l", "huber", "-l", "huber:delta=1")
    assert list(found["metrics"]) == ["mse", "mae", "huber"]
    assert [result["loss"] for result in found["results"]] == ["mse", "mae", "huber"]
    assert found["metrics"]["mse"] == 10 / 3
    assert found["metrics"]["mae"] == 4 / 3


def test_sum_is_null_where_the_loss_is_no_mean(document, pair):
    found = document(*pair, "-l", "rmse", "-l", "r2", "-l", "mse")
    assert [result["sum"] for result in found["results"]] == [None, None, 10.0]
    assert [result["better"] for result in found["results"]] == ["lower", "higher", "lower"]


def test_a_weight_stands_in_weight_sum_and_signature(document, text):
    both = text("both.csv", ["pred,label,w", "1,1,1", "2,3,2", "4,1,0.5"])
    found = document(both, "-l", "mse", "-w", "w")
    (result,) = found["results"]
    assert result["value"] == 6.5 / 3.5  # 0·1 + 1·2 + 9·½ over 3½
    assert (result["sum"], result["weight"], result["rows"]) == (6.5, 3.5, 3)
    assert result["signature"] == "mse|w:w|pair:position|nan:error"
    assert sorted(found["inputs"][0]["columns"]) == ["label", "pred", "w"]


def test_every_row_left_out_is_counted_once_by_its_first_reason(document, text):
    both = text("both.csv", ["pred,label,w", "1,1,1", ",,1", "NA,1,", "1,3,nan", "2,5,1"])
    found = document(both, "-l", "mse", "-w", "w", "--nan", "drop")
    assert found["rows"]["dropped"] == {"missing_label": 1, "missing_pred": 1, "missing_weight": 1}
    assert (found["rows"]["paired"], found["rows"]["used"]) == (5, 2)
    assert found["metrics"] == {"mse": 4.5}
    assert found["results"][0]["signature"] == "mse|w:w|pair:position|nan:drop"


def test_a_loss_that_overflows_is_null_and_the_note_says_how_many_rows_and_the_first(document, here, text):
    both = text("both.csv", ["pred,label", "1,1", "1e200,-1e200", "2,2", "-1e300,1e300"])
    (result,) = document(both, "-l", "mse")["results"]
    assert result["value"] is None
    assert result["sum"] is None
    assert re.search(r"\b2 rows\b.*\brow 2\b", result["note"])
    ran = here("eval", both, "-l", "mse")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[1].startswith("mse,pred,,4,")


def test_a_sum_beyond_the_largest_double_is_null_where_the_mean_is_none(document, text):
    # Each square is 1.69e308: their sum is beyond the largest double, their mean is not.
    both = text("both.csv", ["pred,label", "1.3e154,0", "1.3e154,0"])
    (result,) = document(both, "-l", "mse")["results"]
    assert result["value"] == 1.3e154 * 1.3e154
    assert result["sum"] is None


def test_a_value_that_is_not_defined_is_null_with_a_note(document, text):
    both = text("both.csv", ["pred,label", "1,3.5", "2,3.5"])
    found = document(both, "-l", "r2")
    assert found["metrics"] == {"r2": None}
    assert "3.5" in found["results"][0]["note"]


def test_what_a_convention_touches_is_counted(document, text):
    both = text("both.csv", ["prob,label", "0,1", "1,1", "0.5,0"])
    (result,) = document(both, "-l", "log_loss")["results"]
    assert result["touched"] == {"clipped": 1}
    ties = text("ties.csv", ["p_a,p_b,label", "0.5,0.5,a", "0.2,0.8,b"])
    (result,) = document(ties, "--pred", "p_*", "-l", "zero_one")["results"]
    assert result["touched"] == {"tied": 1}


def test_rows_that_a_parameter_skips_are_counted_and_enter_nothing(document, text):
    both = text("both.csv", ["pred,label", "1,0", "3,2", "1,4"])
    (result,) = document(both, "-l", "mape:zero=skip")["results"]
    assert sum(result["skipped"].values()) == 1
    assert result["rows"] == 2
    assert result["value"] == (0.5 + 0.75) / 2


def test_one_line_of_jsonl_is_one_result(here, pair):
    ran = here("eval", *pair, "-l", "mse", "-l", "mae", "-f", "jsonl")
    lines = [strict(line) for line in ran.out.splitlines()]
    assert [line["loss"] for line in lines] == ["mse", "mae"]
    for line in lines:
        jsonschema.validate(line, RESULT)


# ── columns ──


def test_the_only_column_of_a_file_is_used_whatever_its_name(document, text):
    preds, labels = text("a.csv", ["x", "1"]), text("b.csv", ["z", "3"])
    assert document(preds, labels, "-l", "mse")["metrics"] == {"mse": 4.0}


@pytest.mark.parametrize(
    "names",
    [("pred", "label"), ("prediction", "target"), ("y_pred", "y_true"), ("yhat", "y"), ("score", "class")],
)
def test_common_names_are_found_among_others(document, text, names):
    one, other = names
    both = text("both.csv", [f"id,{one},{other},more", "7,1,3,9"])
    assert document(both, "-l", "mse")["metrics"] == {"mse": 4.0}


def test_the_name_that_stands_first_in_the_list_is_taken(document, text):
    both = text("both.csv", ["score,prob,pred,y,label", "9,8,1,9,3"])
    found = document(both, "-l", "mse")
    assert found["metrics"] == {"mse": 4.0}
    assert found["results"][0]["pred"] == "pred"


def test_an_exact_column_name_wins_over_a_comma_and_a_glob(document, text):
    both = text("both.csv", ['"p,q",p,q,p*,label', "1,8,8,2,3"])
    assert document(both, "--pred", "p,q", "-l", "mse")["metrics"] == {"mse": 4.0}
    assert document(both, "--pred", "p*", "-l", "mse")["metrics"] == {"mse": 1.0}


def test_a_glob_takes_columns_in_file_order_and_the_order_does_not_change_the_value(document, text):
    one = text("one.csv", ["p_b,p_a,label", "0.25,0.75,a"])
    found = document(one, "--pred", "p_*", "-l", "zero_one", "-l", "brier:half=never")
    assert found["metrics"] == {"zero_one": 0.0, "brier:half=never": 0.125}
    assert sorted(found["inputs"][0]["columns"]) == ["label", "p_a", "p_b"]
    named = document(one, "--pred", "p_a,p_b", "-l", "zero_one", "-l", "brier:half=never")
    assert named["metrics"] == found["metrics"]


def test_a_file_on_standard_input_is_csv(losscli):
    ran = losscli("eval", "-", "-l", "mse", "-f", "value", input=b"pred,label\n1,3\n")
    assert (ran.code, ran.out, ran.err) == (0, "4.0\n", "")


def test_labels_may_stand_on_standard_input(losscli, pair):
    ran = losscli("eval", pair[0], "-", "-l", "mse", "-f", "value", input=b"label\n1\n3\n1\n")
    assert (ran.code, float(ran.out)) == (0, 10 / 3)


def test_a_dialect_says_how_csv_is_read(document, text):
    both = text("both.txt", ["1,5;2", "x;2", "2,5;4"])
    found = document(
        both, "--dialect", "delimiter=semicolon,decimal=comma,header=no,null=x", "-p", "1", "-y", "2",
        "-l", "mse", "--nan", "drop",
    )  # fmt: skip
    assert found["metrics"] == {"mse": (0.25 + 2.25) / 2}
    assert found["rows"]["dropped"] == {"missing_pred": 1}


def test_input_format_overrides_the_suffix(document, text):
    assert document(text("both.dat", ["pred,label", "1,3"]), "--input-format", "csv", "-l", "mse")


# ── messages ──


def test_a_warning_goes_to_standard_error_and_quiet_silences_it(here, text):
    # 0.33333 + 0.66666 is not quite 1, and near enough to be meant.
    both = text("both.csv", ["p_a,p_b,label", "0.333333,0.666666,a"])
    loud = here("eval", both, "--pred", "p_*", "-l", "cross_entropy")
    quiet = here("eval", both, "--pred", "p_*", "-l", "cross_entropy", "-q")
    assert (loud.code, quiet.code) == (0, 0)
    assert loud.err.startswith("warning: ")
    assert quiet.err == ""
    assert loud.out == quiet.out != ""


def test_a_run_in_a_pipe_says_nothing_but_its_result(losscli, pair):
    ran = losscli("eval", *pair, "-l", "mse")
    assert (ran.code, ran.err) == (0, "")


def test_verbose_tells_where_the_time_went(here, pair):
    ran = here("eval", *pair, "--loss", "mse", "-v")
    stops = re.findall(r"([a-z ]+) \d+\.\d{3} s", ran.err.partition(" a second: ")[2])
    assert [stop.strip() for stop in stops] == ["start", "open", "prepass", "read and fold", "finish", "show"]


def test_verbose_tells_timings_on_standard_error_only(here, pair):
    ran = here("eval", *pair, "-l", "mse", "-f", "value", "-v")
    assert ran.code == 0
    assert float(ran.out) == 10 / 3
    assert re.search(r"\b3 rows\b.* s\b", ran.err)


# ── from Python ──

OFFERED = """
import losscli.report.evaluate, losscli.report.records, losscli.errors
import losscli
for name in losscli.__all__ * 2:
    assert name == "losses" or type(getattr(losscli, name)).__name__ != "module", name
from losscli import evaluate
print(evaluate("preds.csv", "labels.csv", loss=["mse"]).metrics)
"""


def test_the_package_offers_its_functions_whatever_was_imported_before(pair, tmp_path):
    for script in (OFFERED, OFFERED.partition("\n")[2].partition("\n")[2]):
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.stderr, done.stdout) == ("", f"{{'mse': {10 / 3!r}}}\n")


# ── start and help ──


def test_the_version_is_one_line(losscli):
    from losscli import __version__

    for option in ("--version", "-V"):
        ran = losscli(option)
        assert (ran.code, ran.out, ran.err) == (0, f"losscli {__version__}\n", "")


def test_the_module_is_the_command(losscli, pair, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "losscli", "eval", *pair, "-l", "mse", "-f", "value"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert float(done.stdout) == 10 / 3


def test_a_call_without_a_command_shows_the_help(here):
    assert here() == here("--help")


@pytest.mark.parametrize("command_name", [(), ("eval",), ("losses",)])
def test_help_lists_its_options_with_their_defaults_and_an_example(here, command_name):
    ran = here(*command_name, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert "Usage: losscli" in ran.out
    assert "Examples:\n" in ran.out
    assert here(*command_name, "-h").out == ran.out


def test_help_shows_the_words_of_the_reference(here):
    out = here("eval", "--help").out
    assert re.search(r"Usage: losscli eval \[OPTIONS\] \{?PREDS\}? \[LABELS\]", out)
    for option in ("--loss", "--pred", "--label", "--weight", "--nan", "--dialect", "--output", "--jobs"):
        assert f"{option} " in out


HEAVY = {"numpy", "pyarrow", "pandas", "dask", "rich"}


def imported(args, **env):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *(command() if len(command()) == 1 else command()[1:]), *args],
        env=environment({"COLUMNS": "80", **env}), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    modules = {line.split("|")[-1].strip().split(".")[0] for line in done.stderr.splitlines() if "|" in line}
    assert "losscli" in modules
    return done, modules


@pytest.mark.parametrize(
    "args", [["--help"], ["eval", "--help"], ["losses", "--help"], ["--version"], []], ids=" ".join
)
def test_help_imports_nothing_heavy(args):
    _, modules = imported(args)
    assert not modules & HEAVY


def test_the_names_read_from_the_source_are_those_of_the_catalogue():
    from losscli.losses.families import catalogue, names_from_source

    assert names_from_source() == list(catalogue())


def examples(help_text):
    return re.findall(r"^ *(?:\$ )?losscli ((?:eval|losses).*)$", help_text, re.MULTILINE)


@pytest.mark.parametrize("command_name", [(), ("eval",), ("losses",)])
def test_every_example_in_the_help_runs_from_the_repository(losscli, here, command_name):
    found = examples(here(*command_name, "--help").out.split("Examples:")[1])
    assert found
    for example in found:
        ran = losscli.shell(f'"$@" {example}', cwd=ROOT)
        assert (ran.code, ran.err) == (0, ""), example
        assert ran.out
