"""Wrong turns of a new user: each is met by one block that says where, what was found, and what to do."""

from __future__ import annotations

import pytest

from conftest import ROOT

P, L = "preds.csv", "labels.csv"
PAIR = (P, L)

TURNS = {
    # Files
    "a file that is not there": (("pred.csv", L, "-l", "mse"), 3, "there is no such file", "did you mean `preds.csv`?"),
    "a folder that is not there": (("to/p.csv", L, "-l", "mse"), 3, "there is no such file", "there is no folder `to`"),
    "a folder without data": (("empty", "-l", "mse"), 3, "the folder has no data files", "name a file"),
    "a folder of other files": (("other", "-l", "mse"), 3, "there is `notes.doc`", "`--input-format`"),
    "a pattern that matches nothing": (("p/*.csv", "-l", "mse"), 3, "nothing matches `p/*.csv`", "the folder `p` is"),
    "a file of an unknown kind": (("other/notes.doc", "-l", "mse"), 2, "cannot be told from its name", "`--input-format`"),
    "files of other lengths": ((P, "short.csv", "-l", "mse", "-p", "pred"), 3, "has 4 rows", "`--on id --unmatched drop`"),
    "files in the wrong order": ((L, P, "-l", "mse"), 3, "which column holds the predictions?", "preds.csv has `pred`"),
    "files in the wrong order, with a column": ((L, P, "-l", "mse", "-p", "pred"), 3, "no column `pred`",
                                                "the file with the predictions comes first"),
    "files in the wrong order, with a glob": ((L, P, "-l", "mse", "-p", "pr*"), 3, "no column matches `pr*`",
                                              "preds.csv has `pr*`"),
    # Columns
    "a typo in a prediction": ((*PAIR, "-p", "perd", "-l", "mse"), 3, "no column `perd`", "did you mean `pred`?"),
    "a typo in a label": ((*PAIR, "-y", "labl", "-l", "mse"), 3, "no column `labl`", "did you mean `label`?"),
    "a typo in a slice": ((*PAIR, "-l", "mse", "--by", "sied"), 3, "has a column `sied`", "did you mean `side`?"),
    "a typo in a filter": ((*PAIR, "-l", "mse", "--where", "sied == 'a'"), 3, "`--where` names it", "mean `side`?"),
    "a typo in a key": ((*PAIR, "-l", "mse", "--on", "ids"), 3, "no column `ids`", "did you mean `id`?"),
    "a column of the other file": ((*PAIR, "-p", "side", "-l", "mse"), 3, "no column `side`", "labels.csv has `side`"),
    "no labels": (("two.csv", "-l", "mse"), 3, "which column holds the labels?", "`--label COLUMN`"),
    # Values
    "percent for probabilities": (("percent.csv", "-l", "log_loss"), 3, "98 is not in [0, 1]", "divide by 100"),
    "percent for classes": (("percent.csv", "-l", "f1"), 3, "neither a class nor a probability", "divide by 100"),
    "raw scores for probabilities": (("scores.csv", "-l", "log_loss"), 3, "is not in [0, 1]", "`--from-logits`"),
    "raw scores for classes": (("scores.csv", "-l", "f1"), 3, "neither a class nor a probability", "`--from-logits`"),
    "names for labels of a probability": (("names.csv", "-l", "log_loss"), 3, "`spam` is not a number", "`--pos-label CLASS`"),
    "names for labels, 0 and 1 predicted": (("both.csv", "-l", "f1"), 3, "numbers and the labels names", "`--pos-label CLASS`"),
    "names for labels without a loss": (("names.csv",), 2, "which class do the probabilities refer to", "`losscli suggest`"),
    "percent without a loss": (("percent.csv",), 2, "these look like percent", "`losscli suggest`"),
    # Losses
    "a loss of numbers for names": (("names.csv", "-l", "mse"), 3, "`spam` is not a number", "`losscli suggest`"),
    "a loss of two classes for numbers": ((*PAIR, "-l", "auc"), 3, "is not in 0 and 1", "`losscli suggest`"),
    "a loss of classes for numbers": ((*PAIR, "-l", "f1"), 3, "neither a class", "`losscli suggest`"),
    "a loss of one column for several": ((*PAIR, "-p", "pred,other", "-l", "mse"), 2, "cannot compare 2", "each model has a `--pred` of its own; `losscli suggest`"),
    "a loss of several columns for one": ((*PAIR, "-l", "cross_entropy"), 2, "cannot compare 1", "`losscli suggest`"),
    "a typo in a loss": ((*PAIR, "-l", "rmes"), 2, "no loss is called `rmes`", "did you mean `rmse`?"),
    "a typo in a parameter": ((*PAIR, "-l", "huber:dleta=2"), 2, "no parameter `dleta`", "it takes `delta`"),
    # Options
    "a typo in an option": ((*PAIR, "--weigth", "w", "-l", "mse"), 2, "--weight", "`losscli eval --help`"),
    "a typo in a format": ((*PAIR, "-l", "mse", "-f", "tabel"), 2, "called `tabel`", "`table`"),
    "a word for a number": ((*PAIR, "-l", "mse", "-j", "many"), 2, "it must be a valid integer", "`losscli eval --help`"),
    "no file at all": ((), 2, "missing argument 'PREDS'", "`losscli eval --help`"),
    # Gates
    "a gate of a misspelled loss": ((*PAIR, "-l", "mse", "--max", "rmsee=3"), 2, "called `rmsee`", "did you mean `rmse`?"),
    "a gate without a limit": ((*PAIR, "-l", "mse", "--max", "mse"), 2, "names no loss and limit", "write `--max rmse=0.5`"),
    "a gate whose limit is a word": ((*PAIR, "-l", "mse", "--max", "mse=low"), 2, "`low` is no limit", "write `mse=0.5`"),
}  # fmt: skip


@pytest.fixture
def files(text, tmp_path):
    text(P, ["id,pred,other", "1,12.5,13", "2,150.5,160", "3,99.5,95"])
    text(L, ["id,label,side", "1,12,a", "2,160,b", "3,90,a"])
    text("short.csv", ["id,label", "1,12", "2,3", "3,4", "5,1"])
    text("two.csv", ["id,pred,pred_old", "1,2,3", "2,3,4"])
    text("percent.csv", ["prob,label", "98,1", "3.5,0"])
    text("scores.csv", ["score,label", "-4.2,0", "3.1,1"])
    text("names.csv", ["prob,label", "0.9,spam", "0.1,ham"])
    text("both.csv", ["pred,label", "1,spam", "0,ham"])
    for folder in ("empty", "other"):
        (tmp_path / folder).mkdir()
    text("other/notes.doc", ["nothing"])


@pytest.mark.parametrize("turn", TURNS)
def test_a_wrong_turn_is_met_by_what_was_found_and_what_to_do(files, here, turn):
    words, code, found, hint = TURNS[turn]
    ran = here("eval", *words).block()
    assert ran.code == code, ran.err
    said, _, told = ran.err.partition("hint:  ")
    assert found in said
    assert hint in told


@pytest.mark.parametrize(
    ("words", "found", "hint"),
    [
        (("compare", P, L, "-l", "mae"), "which column holds the predictions?", "`--pred BASE --pred HEAD`"),
        (("losses", "rmes"), "no loss is called `rmes`", "did you mean `rmse`?"),
        (("help", "gruops"), "no topic `gruops`", "did you mean `groups`?"),
        (("schema", "resutl"), "no schema of `resutl`", "result"),
        (("evl", P, L), "Did you mean 'eval'?", "`losscli --help`"),
    ],
)
def test_a_wrong_turn_in_another_command_is_met_too(files, here, words, found, hint):
    ran = here(*words).block()
    assert ran.code in (2, 3)
    said, _, told = ran.err.partition("hint:  ")
    assert found in said
    assert hint in told


def test_what_the_guide_promises_needs_no_option_on_the_sample_data(here):
    ran = here("eval", ROOT / "sample_data/diabetes_preds.csv", ROOT / "sample_data/diabetes_labels.csv")
    assert ran.code == 0
    assert "which `losscli suggest` names first" in ran.err
