"""The arguments of the public functions: what each takes, and how others are refused, by the name of the argument."""

from __future__ import annotations

import ast
import datetime
import json
import re
import subprocess
import sys
from dataclasses import fields
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from conftest import ROOT
from losscli import LosscliError, Meter, UsageError, check, compare, evaluate, losses, merge, suggest
from losscli.cli.options import TABLE, of_command
from losscli.report.check import CheckOptions
from losscli.report.merge import MergeOptions
from losscli.report.models import CompareOptions
from losscli.report.options import LIMITS, EvalOptions
from losscli.statistics.intervals import PARAMS
from losscli.text import SWITCHES, as_arguments

FUNCTIONS = {"eval": (evaluate, EvalOptions), "compare": (compare, CompareOptions)}
LIMITED = [
    (command, field.name)
    for command, (_, record) in FUNCTIONS.items()
    for field in fields(record)
    if field.init and field.name in LIMITS
]


def refused(command, **argument):
    with pytest.raises(UsageError) as caught:
        FUNCTIONS[command][0]("no such file", **argument)
    return str(caught.value)


def wrong(name):
    """Values that an option does not take, each with the text by which the message calls it."""
    if name == "fail_on":
        return {"wors": ["better", "wors"]}
    if name == "class_weight":
        return {text: {"a": 1.0, "b": float(text)} for text in ("-1.0", "nan", "inf")}
    limits = LIMITS[name]
    if limits.choices:
        none = {} if name in ("average", "ci") else {"None": None}
        return {text: text for text in ("dropp", "", "5")} | none
    beyond = [limits.least - 1, *([] if limits.most is None else [limits.most + 1])]
    return {str(value): value for value in (*beyond, "4", float("nan"), *([0.5] if limits.whole else []))}


@pytest.mark.parametrize("command, name", LIMITED)
def test_a_value_that_an_option_does_not_take_is_refused_before_a_file_is_opened(command, name):
    for text, value in wrong(name).items():
        said = refused(command, **{name: value})
        assert said.startswith(f"`{name}` is ")
        assert f"not `{text}`" in said
        assert all(choice in said for choice in LIMITS[name].choices)


@pytest.mark.parametrize("name", LIMITS)
def test_every_value_that_an_option_takes_is_taken(name):
    limits = LIMITS[name]
    for choice in limits.choices:
        limits.check(name, [choice] if name == "fail_on" else choice)
    if not limits.choices:
        numbers = [
            limits.least,
            limits.most or 7,
            np.int64(3),
            *([] if limits.whole else [Fraction(1, 3), 0.5]),
        ]
        for number in numbers:
            limits.check(name, {"a": number} if name == "class_weight" else number)


def test_a_spec_of_an_interval_is_taken_by_its_name():
    assert LIMITS["ci"].choices == tuple(PARAMS)
    LIMITS["ci"].check("ci", "Bootstrap:seed=1")


@pytest.mark.parametrize("command", FUNCTIONS)
def test_what_the_command_line_restricts_the_function_restricts_alike(command):
    taken = {field.name for field in fields(FUNCTIONS[command][1]) if field.init}
    for name, entry in of_command(command).items():
        if name in taken and (entry.choices or entry.least is not None):
            limits = LIMITS[name]
            assert set(entry.choices) <= set(limits.choices)
            assert entry.choices or (entry.least, entry.most) == (limits.least, limits.most)


# ---------------------------------------------------------------------- what is taken

LABEL = np.array([0.5, 1.0, -2.0, 4.0, 0.25, 3.0])
PRED = np.array([1.0, 1.5, -1.0, 3.0, 0.5, 1.0])
WEIGHT = np.array([1.0, 2.0, 3.0, 1.0, 2.0, 1.0])
COUNTRY = np.array(["de", "fr", "de", "it", "fr", "de"])
CLASSES = np.array([0, 1, 1, 0, 2, 2])
SCORES = np.full((6, 3), 1 / 3) + np.array([0.1, 0.0, -0.1])


@pytest.mark.parametrize(
    "made", [np.asarray, list, tuple, pd.Series, pa.array], ids=lambda made: made.__name__
)
def test_weights_are_an_array_or_a_column(made):
    column = evaluate({"pred": PRED, "label": LABEL, "w": WEIGHT}, loss="mse", weight="w")
    for preds in (PRED, {"pred": PRED}):
        report = evaluate(preds, LABEL, loss="mse", weight=made(WEIGHT))
        assert report.metrics == column.metrics
        assert "|w:weight|" in report.results[0].signature


def test_slices_groups_and_times_are_arrays_too():
    named = {"pred": PRED, "label": LABEL, "country": COUNTRY, "day": np.arange(6)[::-1]}
    column = evaluate(named, loss="mse", by="country")
    series = evaluate(PRED, LABEL, loss="mse", by=pd.Series(COUNTRY, name="country"))
    assert [(one.slice, one.value) for one in series.results] == [
        (one.slice, one.value) for one in column.results
    ]
    array = evaluate(PRED, LABEL, loss="mse", by=COUNTRY)
    assert [one.value for one in array.results] == [one.value for one in column.results]
    assert array.results[1].slice == {"by": "de"}
    both = evaluate(PRED, LABEL, loss="mse", by=[COUNTRY, WEIGHT])
    assert {key for one in both.results for key in one.slice} == {"by_1", "by_2"}
    assert (
        evaluate(PRED, LABEL, loss="mse", group=COUNTRY).metrics
        == evaluate(named, loss="mse", group="country").metrics
    )
    days = compare(PRED, PRED + 1, LABEL, loss="mse", time=named["day"]).comparisons[0]
    assert (
        days.stderr
        == compare({**named, "p": PRED + 1}, loss="mse", pred=["pred", "p"], time="day").comparisons[0].stderr
    )
    compared = compare(PRED, PRED + 1, LABEL, loss="mse", weight=WEIGHT)
    assert compared.comparisons[0].base.value == evaluate(PRED, LABEL, loss="mse", weight=WEIGHT)["mse"]


def test_an_argument_is_what_python_has_or_the_text_of_the_option(tmp_path):
    path = tmp_path / "both.csv"
    pd.DataFrame({"id": range(6), "day": 1, "pred": PRED, "label": LABEL}).to_csv(path, index=False, sep=";")
    value = evaluate(PRED, LABEL, loss="mse").metrics
    for data in (path, str(path), str(path).encode()):
        assert evaluate(data, loss=["mse"], dialect="delimiter=semicolon").metrics == value
    keyed = {"pred": "pred", "label": "label", "loss": "mse", "dialect": "delimiter=semicolon"}
    assert (
        evaluate(path, path, on=["id", "day"], **keyed).metrics
        == evaluate(path, path, on="id,day", **keyed).metrics
    )
    for memory in ("8GB", 8e9, np.int64(1 << 30)):
        assert evaluate(PRED, LABEL, loss="mse", memory=memory, jobs=np.int64(1)).metrics == value
    entropy = evaluate(SCORES, CLASSES, loss="cross_entropy").metrics
    for classes in ([0, 1, 2], np.arange(3.0), "0,1,2", ["0", "1", "2"]):
        report = evaluate(SCORES, CLASSES, loss="cross_entropy", classes=classes)
        assert report.metrics == entropy
        assert "|classes:0,1,2" in report.results[0].signature
    weighted = evaluate(
        SCORES, CLASSES, loss="cross_entropy", class_weight={0: 2.0, np.int64(1): np.float32(3)}
    )
    assert weighted.metrics == evaluate(SCORES, CLASSES, loss="cross_entropy", class_weight="0=2,1=3").metrics
    binary = [
        evaluate(SCORES[:, 0], CLASSES == 1, loss="log_loss", pos_label=one).metrics for one in (1, True, "1")
    ]
    assert binary[0] == binary[1] == binary[2]
    for limit in ({"mse": 1.5}, {"mse": np.float32(1.5)}, {"mse": "1.5"}, ["mse=1.5"], "mse=1.5"):
        assert evaluate(PRED, LABEL, max=limit).passed is (value["mse"] <= 1.5)
    assert not evaluate(PRED, LABEL, gates={"loss": "mse", "max": 0}).passed
    assert compare(PRED, PRED + 1, LABEL, loss="mse", fail_on="worse, inconclusive").failed


def test_one_path_needs_no_list(tmp_path):
    saved, state = tmp_path / "result.json", tmp_path / "state.json"
    report = evaluate(PRED, LABEL, loss="mse", state_out=state)
    saved.write_text(json.dumps(report.to_json()))
    assert merge(state).metrics == report.metrics
    assert [one.passed for one in check(saved, max={"mse": 100})] == [True]
    assert evaluate(PRED, LABEL, max_regression={"mse": 0}, baseline=saved).passed


def test_without_a_loss_those_are_measured_that_suggest_names_first(tmp_path):
    data = {"pred": PRED, "label": LABEL}
    report = evaluate(data)
    first = [one.loss for one in suggest(data).losses]
    assert list(report.metrics) == [name for name in first if name in report.metrics]
    assert report.warnings[0].startswith(
        "no `loss`: measuring rmse, mae, r2, which `losscli.suggest` names first: "
    )
    stream = pa.RecordBatchReader.from_batches(pa.table(data).schema, pa.table(data).to_batches())
    assert evaluate(stream).metrics == report.metrics
    path = tmp_path / "both.csv"
    pd.DataFrame(data).to_csv(path, index=False)
    ran = subprocess.run(
        [sys.executable, "-m", "losscli", "eval", path, "-f", "csv"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert [line.split(",")[0] for line in ran.stdout.splitlines()[1:]] == list(report.metrics)


# ---------------------------------------------------------------------- what is refused

ODD = [
    object(), -1, 2.5, float("nan"), 10**400, True, None, "", ";", "\0", "\ud800", b"x", [], [None], [1, 2], {}, {"a": None},
    {1: 2}, np.zeros(3), np.zeros((6, 2)), np.array(3), np.float32(1), np.str_("x"), Path("x"), Fraction(1, 3),
    datetime.date(2024, 5, 31), losses.mse, range(3), float,
]  # fmt: skip


@pytest.mark.parametrize(
    "function, record", [(evaluate, EvalOptions), (compare, CompareOptions), (check, CheckOptions), (merge, MergeOptions)]
)  # fmt: skip
def test_whatever_is_given_is_taken_or_refused_by_an_error_of_losscli(
    function, record, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    data = {EvalOptions: (PRED, LABEL), CompareOptions: (PRED, PRED + 1, LABEL)}.get(record, ("none.json",))
    inputs = ["base", "head", "labels"] if record is CompareOptions else ["preds", "labels"]
    for field in fields(record):
        for value in ODD if field.init else ():
            given = dict(
                zip(
                    inputs if len(data) > 1 else ["results" if record is CheckOptions else "states"],
                    data,
                    strict=False,
                )
            )
            given |= {"loss": "mse"} if len(data) > 1 else {"max": {"mse": 1}}
            try:
                function(**given | {field.name: value})
            except LosscliError as error:
                assert not OPTION.search(str(error)), (field.name, value)  # noqa: PT017


@pytest.mark.parametrize(
    "options, said",
    [
        ({"weight": WEIGHT[:3]}, "preds: `pred` has 6 rows, and `weight` has 3\nwanted columns of equal length"),
        ({"weight": 2.0}, "`weight` is a single value, `2.0`\nwanted an array (n,), with one value a row"),
        ({"weight": SCORES}, "`weight` has 3 columns\nwanted one value a row"),
        ({"loss": losses.mse}, "`loss` is text, or a list of texts, not a `LossFunction`\nhint: a loss is given by its name"),
        ({"max": 0.5}, '`max` is a limit for each loss, not 0.5\nhint: write `max={"LOSS": 0.5}`'),
        ({"ci": 0.95}, "`ci` is none, normal or bootstrap, not `0.95`"),
        ({"where": PRED > 0}, "`where` is text, not a `ndarray`"),
        ({"memory": "lots"}, '`memory="lots"` is no size'),
        ({"from_logits": "no"}, "`from_logits` is True or False, not 'no'"),
        ({"gates": {"loss": "mse"}}, "`gates`: needs `max`, `min` or `max_regression`"),
        ({"shard": "1/2"}, '`shard` needs a file for the state of its rows\nhint: add `state_out="FILE"`'),
    ],
)  # fmt: skip
def test_what_an_argument_does_not_take_is_refused_by_its_name(options, said):
    with pytest.raises(LosscliError) as caught:
        evaluate(PRED, LABEL, **{"loss": "mse"} | options)
    assert str(caught.value).startswith(said)


def test_values_stand_beside_what_is_in_memory_only(tmp_path):
    with pytest.raises(UsageError, match="`weight` holds values, and `preds` is not in memory"):
        evaluate(tmp_path / "p.csv", loss="mse", weight=WEIGHT)
    with pytest.raises(UsageError, match="`by` holds values"):
        Meter("mse", by=COUNTRY)
    with pytest.raises(UsageError, match="`preds` has a column `weight`, and `weight` holds values"):
        evaluate({"pred": PRED, "label": LABEL, "weight": WEIGHT}, loss="mse", weight=WEIGHT)


def test_an_argument_that_there_is_not_is_named_with_the_function():
    with pytest.raises(
        TypeError, match=r"^evaluate\(\) got an unexpected keyword argument 'sample_weight'; `help\(losscli"
    ):
        evaluate(PRED, LABEL, loss="mse", sample_weight=WEIGHT)
    with pytest.raises(TypeError, match=r"^compare\(\) missing 1 required positional argument: 'base'"):
        compare()


def test_predictions_alone_have_no_labels():
    with pytest.raises(UsageError, match="there are no labels\nevery column of preds is a prediction"):
        evaluate(PRED, loss="mse")


# ---------------------------------------------------------------------- how messages name an argument

OPTION = re.compile(r"(?<![\w-])--[a-z]")
CODE = re.compile(r"`(?!--)[^`]*`")


def texts():
    """Every text of the package but those of the command line, with X for what is worked out."""
    for path in sorted((ROOT / "losscli").rglob("*.py")):
        if "cli" in path.relative_to(ROOT / "losscli").parts:
            continue
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                yield "".join(str(one.value) if isinstance(one, ast.Constant) else "X" for one in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_what_names_an_option_names_the_argument_in_python():
    found = [text for text in texts() if "\n" not in text and OPTION.search(text)]
    assert len(found) > 200
    assert not [text for text in found if OPTION.search(CODE.sub("", as_arguments(text)))]


def test_options_without_a_value_are_the_arguments_that_are_true_or_false():
    arguments = {
        field.name for record in (EvalOptions, CompareOptions, MergeOptions) for field in fields(record)
    }
    assert {name for name, entry in TABLE.items() if entry.type is bool} & arguments == SWITCHES


def test_errors_and_tables_of_python_name_arguments():
    pred = np.array([1.0, np.nan])
    with pytest.raises(LosscliError) as caught:
        evaluate(pred, np.zeros(2), loss="mse")
    assert str(caught.value).endswith(
        'hint: `nan="drop"` leaves such rows out, on both sides, and counts them'
    )
    assert caught.value.hint.startswith("`--nan drop` leaves")  # as the command says it
    shown = evaluate(np.ones(3), np.array([0, 1, 1]), loss="mrr")
    assert 'all rows are one query: `group="COLUMN"` names the query of each row' in " ".join(
        str(shown).split()
    )
    assert "group=&quot;COLUMN&quot;" in shown._repr_html_()
    judged = evaluate(pred[:1], np.zeros(1), loss="mse", gates=[{"loss": "mse", "slice": "a=*", "max": 1}])
    assert (
        judged.gate["limits"][0]["reason"]
        == "there is no slice a=*: the rows were not cut into slices (`by`)"
    )
    doubts = suggest({"pred": PRED, "label": LABEL, "query": np.repeat(["a", "b"], 3)}).doubts
    assert 'if the rows of one `query` belong together, `group="query"` measures each on its own' in doubts
