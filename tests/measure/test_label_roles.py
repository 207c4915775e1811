"""Labels of several columns, each of a role: `--label lower=LO,upper=HI`."""

from __future__ import annotations

import json

import pytest

ROWS = ["id,lo,top,pred,g", "1,1,2,1.5,a", "2,1,2,3,a", "3,4,inf,9,b", "4,0,5,-1,b"]
ROLES = ("--label", "lower=lo,upper=top", "-l", "interval_accuracy")


@pytest.fixture
def result(here):
    """The result of a call with one loss, which must end well."""

    def run(*args):
        ran = here("eval", *args, "--json")
        assert ran.code == 0, ran.err
        (found,) = json.loads(ran.out)["results"]
        return found

    return run


def test_each_role_of_a_label_is_read_from_the_column_that_label_names(result, text):
    text("both.csv", ROWS)
    found = result("both.csv", "--pred", "pred", *ROLES)
    assert (found["value"], found["rows"], found["pred"]) == (0.5, 4, "pred")


def test_roles_of_a_label_are_looked_for_in_the_file_of_labels_and_paired_by_key(result, text):
    text("p.csv", ["id,pred,lo", "4,-1,7", "3,9,7", "2,3,7", "1,1.5,7"])
    text("l.csv", [line.rpartition(",")[0].rpartition(",")[0] for line in ROWS])
    assert result("p.csv", "l.csv", "--pred", "pred", *ROLES, "--on", "id")["value"] == 0.5


def test_roles_of_a_label_are_found_by_the_names_of_columns(result, text):
    text("both.csv", [ROWS[0].replace("lo", "label_lower").replace("top", "label_upper"), *ROWS[1:]])
    assert result("both.csv", "--pred", "pred", "-l", "interval_accuracy")["value"] == 0.5


def test_a_column_that_plays_a_role_of_the_label_is_no_prediction(result, text):
    text("both.csv", ["lo,top,forecast", "1,2,1.5", "1,2,3"])
    found = result("both.csv", *ROLES)
    assert (found["value"], found["pred"]) == (0.5, "forecast")


def test_a_missing_bound_is_a_missing_label(here, result, text):
    text("both.csv", [*ROWS, "5,,3,1,a"])
    ran = here("eval", "both.csv", "--pred", "pred", *ROLES).block()
    assert (ran.code, "row 5" in ran.err, "every row needs a label" in ran.err) == (3, True, True)
    ran = here("eval", "both.csv", "--pred", "pred", *ROLES, "--nan", "drop", "--json")
    assert json.loads(ran.out)["rows"]["dropped"] == {"missing_label": 1}
    assert json.loads(ran.out)["results"][0]["value"] == 0.5


def test_losses_of_one_label_and_of_several_are_measured_in_one_call(here, text):
    text("both.csv", ROWS)
    ran = here("eval", "both.csv", "--pred", "pred", "--label", "label=id,lower=lo,upper=top",
               "-l", "interval_accuracy,mae", "--json")  # fmt: skip
    assert json.loads(ran.out)["metrics"] == {"interval_accuracy": 0.5, "mae": (0.5 + 1 + 6 + 5) / 4}


def test_bounds_of_a_label_are_not_those_of_a_prediction(here, text):
    text("both.csv", ["y,lo,top,a,b", "1,0,2,5,6"])
    ran = here("eval", "both.csv", "--pred", "lower=a,upper=b", "--label", "label=y,lower=lo,upper=top",
               "-l", "coverage", "-f", "value")  # fmt: skip
    assert (ran.code, float(ran.out)) == (0, 0.0)


def test_slices_weights_filters_and_rows_know_labels_of_several_columns(here, text, tmp_path):
    text("both.csv", ROWS)
    ran = here("eval", "both.csv", "--pred", "pred", *ROLES, "--by", "g", "--weight", "id", "--where", "pred > 0",
               "--rows-out", "rows.csv", "--json")  # fmt: skip
    whole, *slices = json.loads(ran.out)["results"]
    assert whole["value"] == 4 / 6
    assert {one["slice"]["g"]: one["value"] for one in slices} == {"a": 1 / 3, "b": 1.0}
    header, *rows = (line.split(",") for line in (tmp_path / "rows.csv").read_text().splitlines())
    assert {"label.lo", "label.top", "pred"} <= set(header)
    assert [row[header.index("interval_accuracy")] for row in rows] == ["1", "0", "1"]


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("--label", "lower=top,upper=lo"), 3, ["lower <= upper", "`--label lower=COLUMN,upper=COLUMN`"]),
        (("--label", "lower=lo"), 2, ["needs a column for `upper`", "`--label lower=COLUMN,upper=COLUMN`"]),
        (("--label", "lower=lo,upper=absent"), 3, ["`absent`"]),
        (("--label", "lower=pred,upper=top"), 2, ["`pred` would be label and prediction at once"]),
        (
            ("--label", "lower=lo,upper=top", "-l", "mse"),
            2,
            ["names no column for `label`", "`label=COLUMN`"],
        ),
    ],
)
def test_a_role_of_the_label_that_cannot_be_filled_is_named(here, text, args, code, words):
    text("both.csv", ROWS)
    ran = here("eval", "both.csv", "--pred", "pred", "-l", "interval_accuracy", *args).block()
    assert ran.code == code, ran.err
    assert [word for word in words if word not in ran.err] == []


def test_files_of_two_models_must_hold_the_same_bounds(here, text):
    text("a.csv", ROWS)
    text("b.csv", [ROWS[0], "1,1,2,1.5,a", "2,1,8,3,a", *ROWS[3:]])
    ran = here("compare", "a.csv", "b.csv", "--pred", "pred", *ROLES).block()
    assert (ran.code, "`top`" in ran.err, "row 2" in ran.err) == (3, True, True)
    text("b.csv", [*ROWS[:2], "2,1,2,2,a", *ROWS[3:]])
    ran = here("compare", "a.csv", "b.csv", "--pred", "pred", *ROLES, "--json")
    assert json.loads(ran.out)["comparisons"][0]["head"]["value"] == 0.75
