"""`--compat` gives losses the parameters of a library, where the call names none, and changes nothing else."""

from __future__ import annotations

import json

import pytest

import losscli
from losscli.advise.compat import Bundle
from losscli.errors import UsageError
from losscli.measure.options import MeasureOptions

ROWS = "pred,label\n1,0\n90,100\n"


def spec(library, loss, **options):
    return Bundle.of(library, MeasureOptions(**options)).spec(loss)


@pytest.mark.parametrize(("library", "loss", "expected"), [
    ("keras", "mape", "mape:zero=eps,eps=1e-7,percent=true"), ("sklearn", "mape", "mape:zero=eps"),
    ("lightgbm", "MAPE", "MAPE:zero=one"), ("lightgbm", "huber", "huber:delta=0.9"), ("lightgbm", "pinball@0.3", "pinball@0.3"),
    ("keras", "log_loss", "log_loss:eps=1e-7"), ("torch", "log_loss", "log_loss:eps=3.720075976020836e-44"),
    ("torch", "cross_entropy", "cross_entropy:eps=0"), ("m4", "smape", "smape:percent=true"), ("yardstick", "brier", "brier:half=always"),
    ("xgboost", "ndcg@10", "ndcg@10:gain=exp,empty=1"), ("keras", "mae", "mae"), ("keras", "expr:pred - label", "expr:pred - label"),
    ("keras", "mape:eps=0.5", "mape:eps=0.5,zero=eps,percent=true"),
])  # fmt: skip
def test_a_loss_takes_the_parameters_that_it_does_not_name(library, loss, expected):
    assert spec(library, loss) == expected


def test_raw_scores_have_no_clip():
    assert spec("keras", "log_loss", from_logits=True) == "log_loss"


@pytest.mark.parametrize("loss", ["hinge", "multiclass_hinge", "r2"])
def test_what_torchmetrics_guesses_is_refused_with_the_reason(loss):
    with pytest.raises(UsageError, match=r"sigmoid or softmax|1 for any predictions"):
        spec("torchmetrics", loss)


@pytest.mark.parametrize("from_logits", [False, True])
def test_a_name_of_several_losses_is_refused(from_logits):
    with pytest.raises(
        UsageError, match=r"several losses of keras: .*FocalCrossentropy.* and .*FocalCrossentropy"
    ):
        spec("keras", "focal", from_logits=from_logits)


def test_a_library_that_is_not_known_is_refused():
    with pytest.raises(UsageError, match="names no library"):
        Bundle.of("kers", MeasureOptions())


def test_results_are_those_of_the_parameters_written_out(here, text):
    rows = text("rows.csv", ROWS.splitlines())
    short = here("eval", rows, "-l", "mape,mae", "--compat", "keras", "--json")
    written = here("eval", rows, "-l", "mape:zero=eps,eps=1e-7,percent=true,mae", "--json")
    assert json.loads(short.out) == json.loads(written.out)
    assert short.err == "warning: `--compat keras` measures `mape:zero=eps,eps=1e-7,percent=true`\n"
    assert "|" in json.loads(short.out)["results"][0]["signature"]


def test_limits_are_of_the_same_loss(here, text):
    rows = text("rows.csv", ROWS.splitlines())
    report = losscli.evaluate(rows, loss="mape", max={"mape": 0.6}, compat="lightgbm")
    assert report.passed
    assert [result.loss for result in report.results] == ["mape:zero=one"]


def test_models_are_compared_by_the_loss_of_the_library(here, text):
    rows = text("rows.csv", ["a,b,label", "1,2,0", "90,95,100"])
    ran = here(
        "compare", rows, "-p", "a", "-p", "b", "-l", "mape", "--compat", "lightgbm", "--json", "--fail-on", ""
    )
    assert [one["loss"] for one in json.loads(ran.out)["comparisons"]] == ["mape:zero=one"]


def test_a_rule_that_is_no_parameter_is_said(here, text):
    rows = text("rows.csv", ["a,b,c,d", "1,10,0,0", "-1,-10,0,0"])
    report = losscli.evaluate(rows, loss="rmse", pred="a,b", label="c,d", compat="keras")
    assert report.results[0].value == 5.5
    assert any("no parameter gives the rule of keras" in said for said in report.warnings)
