"""`losscli suggest` names the task, the losses that fit and those that do not; what it prints runs."""

from __future__ import annotations

import json
import os
import shlex

import numpy as np
import pytest

from conftest import ROOT
from losscli.report.suggestion import SuggestionDocument

SAMPLES = {
    "diabetes_preds.{0} sample_data/diabetes_labels.{0}": ("regression", "pred", "rmse"),
    "breast_cancer.{0}": ("binary", "prob", "log_loss"),
    "breast_cancer.{0} --pred score": ("binary", "score", "log_loss"),
    "breast_cancer.{0} --pred pred": ("classes", "pred", "zero_one"),
    "iris.{0}": ("multiclass", "p_*", "cross_entropy"),
    "iris.{0} --pred 'logp_*'": ("multiclass", "logp_*", "nll"),
    "iris.{0} --pred pred": ("classes", "pred", "zero_one"),
    "digits_preds.{0} sample_data/digits_labels.{0}": ("multiclass", "p_*", "cross_entropy"),
    "digits_facts.{0}": ("multilabel", "p_*", "multilabel_log_loss"),
    "digits_facts.{0} --pred 'c_*' --label 'y_*'": ("multilabel", "c_*", "hamming"),
    "diabetes_quantiles.{0}": ("quantiles", "q_*", "mean_pinball"),
    "diabetes_quantiles.{0} --pred q_0.5": ("regression", "q_0.5", "rmse"),
    "survival.{0}": ("survival", "pred", "concordance"),
    "digits_search.{0}": ("ranking", "score", "ndcg"),
    "dictation.{0}": ("texts", "pred", "wer"),
}


def suggestion(run, *args) -> dict:
    ran = run("suggest", *args, "--json")
    assert (ran.code, ran.err) == (0, "")
    return json.loads(ran.out)


def losses(found: dict) -> list[str]:
    return [one["loss"] for one in found["losses"]]


def unfit(found: dict) -> dict[str, str]:
    return {one["loss"]: one["why"] for one in found["unfit"]}


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("args", SAMPLES)
def test_the_sample_data_are_understood(here, monkeypatch, args, suffix):
    monkeypatch.chdir(ROOT)
    found = suggestion(here, *shlex.split(f"sample_data/{args.format(suffix)}"))
    assert (found["task"], found["pred"], losses(found)[0]) == SAMPLES[args]
    assert found["all_rows"]


@pytest.mark.parametrize("args", SAMPLES)
def test_the_commands_that_it_prints_run(here, monkeypatch, args):
    monkeypatch.chdir(ROOT)
    found = suggestion(here, *shlex.split(f"sample_data/{args.format('csv')}"))
    for reading in (found, *found["others"]):
        name, *words = shlex.split(reading["command"])
        ran = here(*words, "--json")
        assert name == "losscli"
        assert (ran.code, ran.err) == (0, ""), reading["command"]
        measured = {result["loss"] for result in json.loads(ran.out)["results"]}
        assert measured == set(losses(reading))


def test_the_json_is_the_document_that_the_schema_describes(here, monkeypatch):
    monkeypatch.chdir(ROOT)
    for args in ("sample_data/iris.csv", "sample_data/breast_cancer.csv"):
        ran = here("suggest", args, "--json")
        SuggestionDocument.read(json.loads(ran.out))
    assert json.loads(here("schema", "suggestion").out)["title"] == "losscli.suggestion/1"


def test_the_text_says_what_it_looks_like_and_the_command(here, monkeypatch):
    monkeypatch.chdir(ROOT)
    out = here("suggest", "sample_data/iris.csv").out
    assert out.startswith("This is a classification into several classes: ")
    assert "\nMeasure\n  cross_entropy " in out
    assert "\nRather not\n" in out
    assert "\n$ losscli eval sample_data/iris.csv --pred 'p_*' -l cross_entropy " in out


@pytest.mark.parametrize("columns", ["60", "100"])
def test_the_text_keeps_to_the_width_save_for_commands(here, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.chdir(ROOT)
    lines = here("suggest", "sample_data/breast_cancer.csv").out.splitlines()
    assert max(len(line) for line in lines if not line.startswith("$ ")) <= int(columns)


# ------------------------------------------------------------------------------------------------
# What does not fit, and why
# ------------------------------------------------------------------------------------------------


def test_labels_of_zero_are_named_for_mape(here, text):
    text("both.csv", ["pred,label", "1.5,0", "2,2.5", "3.5,0", "4,4"])
    assert unfit(suggestion(here, "both.csv"))["mape"].startswith("2 of 4 labels are 0")


def test_numbers_below_minus_one_are_named_for_msle(here, text):
    text("both.csv", ["pred,label", "1.5,-3", "-2,2.5", "3.5,0.5", "4,4"])
    why = unfit(suggestion(here, "both.csv"))["msle"]
    assert why.startswith("1 of 4 labels and 1 of 4 predictions are -1 or below")


def test_heavy_tails_ask_for_robust_losses(here, text):
    rng = np.random.default_rng(1)
    label = rng.normal(10.0, 1.0, 400)
    pred = label + rng.normal(0.0, 0.1, 400)
    pred[7] += 1000.0
    text("both.csv", ["pred,label", *(f"{p},{y}" for p, y in zip(pred, label, strict=True))])
    found = suggestion(here, "both.csv")
    assert losses(found)[0] == "mae"
    assert losses(found)[1].startswith("huber:delta=")
    assert "1 % of the rows hold 100% of the squared error" in unfit(found)["rmse"]


def test_a_constant_label_has_no_r2(here, text):
    text("both.csv", ["pred,label", "1.5,3.5", "2,3.5", "3.5,3.5"])
    found = suggestion(here, "both.csv")
    assert "r2" not in losses(found)
    assert "constant" in unfit(found)["r2"]


def test_labels_of_many_sizes_are_measured_by_their_ratio(here, text):
    label = np.geomspace(0.1, 1e5, 50)
    text("both.csv", ["pred,label", *(f"{1.1 * y},{y}" for y in label)])
    assert "rmsle" in losses(suggestion(here, "both.csv"))


def test_counts_are_measured_by_a_deviance(here, text):
    text("both.csv", ["pred,label", *(f"{k % 7 + 0.5},{k % 5}" for k in range(60))])
    found = suggestion(here, "both.csv")
    assert "poisson_deviance" in losses(found)
    assert found["sure"] == "likely"


def test_rows_of_probabilities_that_do_not_sum_to_one_are_named(here, text):
    text("both.csv", ["p_a,p_b,p_c,label", "0.2,0.3,0.5,a", "0.5,0.5,0.5,b", "0.1,0.1,0.8,c"])
    found = suggestion(here, "both.csv")
    assert losses(found) == ["ova_log_loss"]
    assert unfit(found)["cross_entropy"] == "in 1 of 3 rows they do not sum to 1, first in row 2: 1.5"
    assert found["sure"] == "no"


def test_a_rare_class_speaks_against_the_share_of_mistakes(here, text):
    rows = [f"0.{k % 90 + 10},{int(k % 25 == 0)}" for k in range(100)]
    text("both.csv", ["prob,label", *rows])
    assert unfit(suggestion(here, "both.csv"))["zero_one"].startswith("96.0% of the labels are one class")


def test_predictions_of_exactly_0_or_1_speak_against_the_unclipped_log_loss(here, text):
    text("both.csv", ["prob,label", "0,0", "1,1", "0.25,0", "0.75,1"])
    assert unfit(suggestion(here, "both.csv"))["log_loss:eps=0"].startswith(
        "2 predictions are exactly 0 or 1"
    )


# ------------------------------------------------------------------------------------------------
# When it is not sure
# ------------------------------------------------------------------------------------------------


def test_percent_are_taken_for_percent(here, text):
    text("both.csv", ["prob,label", "90,1", "20,0", "55.5,1", "3,0"])
    found = suggestion(here, "both.csv")
    assert found["sure"] == "no"
    assert "percent" in found["doubts"][0]
    assert here("suggest", "both.csv").out.startswith("Not sure; this may be ")


def test_a_positive_class_without_a_telling_name_is_asked_for(here, text):
    text("both.csv", ["prob,label", "0.9,cat", "0.2,dog", "0.6,cat"])
    found = suggestion(here, "both.csv")
    assert found["sure"] == "no"
    assert found["options"] == ["--pos-label=dog"]
    assert "`dog`, or `cat`?" in found["doubts"][0]
    told = suggestion(here, "both.csv", "--pos-label", "cat")
    assert told["sure"] == "yes"
    assert "--pos-label=cat" in told["command"]


def test_a_class_that_is_called_yes_is_the_positive_one(here, text):
    text("both.csv", ["prob,label", "0.9,yes", "0.2,no", "0.6,yes"])
    found = suggestion(here, "both.csv")
    assert (found["sure"], found["options"]) == ("likely", ["--pos-label=yes"])
    assert here(*shlex.split(found["command"])[1:]).code == 0


def test_whole_numbers_as_classes_may_be_grades(here, text):
    text("both.csv", ["pred,label", "1,1", "2,3", "3,3", "4,2"])
    found = suggestion(here, "both.csv")
    assert (found["task"], found["sure"]) == ("classes", "likely")
    assert "ordinal_mae" in found["doubts"][0]


def test_several_columns_that_no_class_is_named_for_may_be_models(here, text):
    text("both.csv", ["a_1,a_2,label", "1.5,2,2.5", "3,4,3.5"])
    found = suggestion(here, "both.csv", "--pred", "a_*")
    assert found["sure"] == "no"
    assert "repeat `--pred`" in found["doubts"][0]


def test_scores_of_two_classes_are_likely_log_odds(here, text):
    text("both.csv", ["score,label", "-3.5,0", "2,1", "0.5,1"])
    found = suggestion(here, "both.csv")
    assert (found["sure"], found["options"]) == ("likely", ["--from-logits"])
    assert "hinge" in found["doubts"][0]


def test_missing_values_are_told(here, text):
    text("both.csv", ["pred,label", "1.5,", "2,2.5", "3.5,3"])
    assert "`label` has 1 missing value" in suggestion(here, "both.csv")["doubts"][-1]


def test_an_interval_is_found_by_its_names(here, text):
    text("both.csv", ["lower,upper,label", "1,3,2", "2,3,4"])
    found = suggestion(here, "both.csv")
    assert (found["task"], losses(found)) == ("intervals", ["coverage", "interval_width"])
    assert here(*shlex.split(found["command"])[1:]).code == 0


def test_a_mean_and_a_spread_are_found_by_their_names(here, text):
    text("both.csv", ["mu,sigma,label", "1.5,3,2", "2,3.5,4"])
    found = suggestion(here, "both.csv")
    assert (found["task"], losses(found)) == ("distribution", ["dss"])
    assert here(*shlex.split(found["command"])[1:]).code == 0


def test_a_spread_may_be_named_before_the_mean(here, text):
    text("both.csv", ["mu,sigma,label", "-1.5,3,2", "2,3.5,4"])
    found = suggestion(here, "both.csv", "-p", "sd=sigma,mean=mu")
    assert (found["task"], losses(found), found["doubts"]) == ("distribution", ["dss"], [])


@pytest.mark.parametrize("roles", ["mean=mu", "alpha=mu,beta=sigma"])
def test_roles_that_no_loss_is_suggested_for_are_exit_2(here, text, roles):
    text("both.csv", ["mu,sigma,label", "1.5,3,2", "2,3.5,4"])
    ran = here("suggest", "both.csv", "-p", roles).block()
    assert ran.code == 2
    assert "`mean` and `sd`" in ran.err


def test_lists_that_are_empty_are_lists_of_labels(here, text):
    rows = text("rows.jsonl", ['{"pred": [], "label": []}'])
    assert suggestion(here, rows)["task"] == "multilabel"


def test_times_and_events_are_found_by_their_names(here, text):
    text("d.csv", ["duration,status,pred", "5,1,4", "8,0,9", "2,1,-3"])
    found = suggestion(here, "d.csv")
    assert (found["task"], found["label"]) == ("survival", "time=duration,event=status")
    assert losses(found) == ["concordance"]  # a time below 0 has no likelihood
    assert "not known" in unfit(found)["mae"]
    ran = here("eval", "d.csv", "--json")
    assert list(json.loads(ran.out)["metrics"]) == ["concordance"]
    text("d.csv", ["duration,status,pred", "5,1,4", "8,2,9"])
    assert suggestion(here, "d.csv")["doubts"] == ["`status` holds more than 0 and 1"]


def test_a_column_of_a_label_is_taken_before_a_time(here, text):
    text("d.csv", ["time,event,label,pred", "1,0,2.5,2", "2,1,3.5,3"])
    assert suggestion(here, "d.csv")["task"] == "regression"


def test_rows_of_queries_are_ranked_within_each(here, text):
    text("d.csv", ["qid,label,score", "1,0,0.5", "1,1,2.5", "2,1,1.5", "2,0,0.3"])
    found = suggestion(here, "d.csv")
    assert (found["task"], losses(found), found["options"]) == (
        "ranking",
        ["ndcg", "map", "mrr"],
        ["--group=qid"],
    )
    ran = here("eval", "d.csv").block()
    assert ran.code == 2
    assert "--group=qid is needed" in ran.err
    found = json.loads(here("eval", "d.csv", "--group", "qid", "--json").out)
    assert list(found["metrics"]) == ["ndcg", "map", "mrr"]


def test_classes_of_one_word_are_no_texts(here, text):
    text("d.csv", ["pred,label", "ant,ant", "bee,cow", "dog,dog"])
    assert suggestion(here, "d.csv")["task"] == "classes"


def test_the_classes_of_both_columns_are_counted_and_named(here, text):
    text("d.csv", ["pred,label", "ant,ant", "bee,cow", "dog,dog"])
    said = " ".join(here("suggest", "d.csv").out.split())
    assert "`label` and `pred` hold 4 classes, `ant`, `cow`, `dog`, `bee`" in said


def test_the_first_rows_only_are_looked_at(here, text):
    text("long.csv", ["pred,label", *("1.5,2.5" for _ in range(30_000))])
    found = suggestion(here, "long.csv")
    assert (found["rows"], found["all_rows"]) == (20_000, False)
    assert "(the first 20" in here("suggest", "long.csv").out


def test_booleans_are_a_label_of_two_classes(here, parquet):
    parquet("both.parquet", {"prob": [0.1, 0.9, 0.8], "label": [False, True, True]})
    found = suggestion(here, "both.parquet")
    assert (found["task"], losses(found)[0]) == ("binary", "log_loss")
    assert here(*shlex.split(found["command"])[1:]).code == 0


def test_names_from_a_file_cannot_act_on_the_terminal(here, text):
    text("both.csv", ["pred,lab\x1b[31mel", "1.5,2.5", "2,3.5"])
    out = here("suggest", "both.csv", "--label", "lab\x1b[31mel").out
    assert "\x1b" not in out
    assert "lab\\x1b[31mel" in out


def test_columns_that_cannot_be_told_apart_are_exit_3_with_their_names(here, text):
    text("both.csv", ["left,right,other", "1,2,3"])
    ran = here("suggest", "both.csv").block()
    assert ran.code == 3
    assert "`left`" in ran.err


# ------------------------------------------------------------------------------------------------
# `eval` without a loss
# ------------------------------------------------------------------------------------------------


def test_eval_without_a_loss_measures_what_suggest_names_first_and_says_so(here, monkeypatch):
    monkeypatch.chdir(ROOT)
    pair = ("sample_data/diabetes_preds.csv", "sample_data/diabetes_labels.csv")
    ran = here("eval", *pair, "--json")
    assert ran.code == 0
    assert ran.err == (
        "no `--loss`: measuring rmse, mae, r2, which `losscli suggest` names first: "
        "`label` and `pred` hold real numbers\n"
    )
    wanted = here("eval", *pair, "-l", "rmse", "-l", "mae", "-l", "r2", "--json")
    assert ran.out == wanted.out
    assert here("eval", *pair, "--json", "-q").err == ""


def test_eval_without_a_loss_keeps_to_the_columns_that_are_named(here, monkeypatch):
    monkeypatch.chdir(ROOT)
    ran = here("eval", "sample_data/breast_cancer.csv", "--pred", "prob", "--json")
    assert list(json.loads(ran.out)["metrics"]) == ["log_loss", "brier", "ece"]
    ran = here("eval", "sample_data/iris.csv", "--pred", "p_*", "--json")
    assert list(json.loads(ran.out)["metrics"]) == ["cross_entropy", "brier", "top_label_ece"]


def test_eval_without_a_loss_takes_its_own_columns_where_none_are_named(here, monkeypatch):
    monkeypatch.chdir(ROOT)
    found = json.loads(here("eval", "sample_data/iris.csv", "--json").out)
    assert found["results"][0]["pred"] == "pred"
    assert next(iter(found["metrics"])) == "zero_one"


def test_eval_without_a_loss_asks_for_an_option_that_it_needs(here, monkeypatch):
    monkeypatch.chdir(ROOT)
    ran = here("eval", "sample_data/breast_cancer.csv", "--pred", "score").block()
    assert ran.code == 2
    assert "--from-logits" in ran.err
    ran = here("eval", "sample_data/breast_cancer.csv", "--pred", "score", "--from-logits", "--json")
    assert list(json.loads(ran.out)["metrics"]) == ["log_loss", "brier"]


def test_eval_without_a_loss_does_not_guess_where_it_is_not_sure(here, text):
    text("both.csv", ["prob,label", "90,1", "20,0", "55.5,1", "3,0"])
    ran = here("eval", "both.csv").block()
    assert ran.code == 2
    assert "percent" in ran.err


def test_eval_with_a_gate_alone_measures_that_alone(here, text):
    text("both.csv", ["pred,label", "1.5,2.5", "2,3.5"])
    ran = here("eval", "both.csv", "--max", "mae=5", "--json")
    assert (ran.code, ran.err) == (0, "")
    assert list(json.loads(ran.out)["metrics"]) == ["mae"]


def test_standard_input_cannot_be_looked_at_before(losscli):
    ran = losscli("eval", "-", input=b"pred,label\n1,2\n").block()
    assert ran.code == 2
    assert "read only once" in ran.err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_cannot_be_looked_at_before(here, tmp_path):
    path = tmp_path / "rows.csv"
    os.mkfifo(path)
    assert here("suggest", "rows.csv").block().code == 2


def test_a_missing_file_is_exit_3(here):
    assert here("suggest", "absent.csv").block().code == 3
    assert here("eval", "absent.csv").block().code == 3


ZEROS = {
    # the rows, the call, what is said of `mape`
    "real numbers": (["label,pred", "0,1.5", "3.5,2.5", "12,9.5"], [], "1 of 3 labels is 0"),
    "counts": (["label,pred", "0,1.5", "0,2.5", "12,9.5"], [], "2 of 3 labels are 0"),
    "whole numbers on both sides": (["label,pred", "0,1", "3,2", "5,5"], [], "1 of 3 labels is 0"),
    "shares": (["label,pred", "0,0.5", "0.25,0.5", "0.5,0.75"], [], "1 of 3 labels is 0"),
    "one row": (["label,pred,x", "0,1.5,1"], ["-y", "label", "-p", "pred"], None),
    "several outputs": (
        ["a,b,p,q", "2.5,0,1,2", "3.5,3,4,2", "12,10,13,3"], ["-p", "p,q", "-y", "a,b"],
        "in `b` 1 of 3 labels is 0",
    ),
    "no zero": (["label,pred", "1.5,1.5", "3.5,2.5", "12,9.5"], [], None),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "call", "why"), ZEROS.values(), ids=ZEROS)
def test_why_not_mape_is_said_where_labels_hold_0(here, text, rows, call, why):
    found = unfit(suggestion(here, text("t.csv", rows), *call))
    assert found.get("mape") == (why and f"{why}, and nothing can be divided by 0")


def test_bounds_without_an_end_are_no_reason_against_coverage(here, text):
    table = text("t.csv", ["label,lo,hi", "1.5,-inf,2", "5,4,inf", "3,1,6"])
    found = suggestion(here, table, "-p", "lower=lo,upper=hi")
    assert "coverage" in losses(found)
    assert not any("no loss takes" in doubt for doubt in found["doubts"])


def test_a_column_of_series_is_offered_as_groups(here, text):
    text("t.csv", ["series_id,label,pred", "a,1,0.5", "a,0,0.25", "b,2,0.75"])
    said = "if the rows of one `series_id` belong together, `--group series_id` measures each on its own"
    assert said in suggestion(here, "t.csv")["doubts"]
    text("u.csv", ["series_id,label,pred", "a,1,0.5", "b,0,0.25", "c,2,0.75"])
    assert said not in suggestion(here, "u.csv")["doubts"]
