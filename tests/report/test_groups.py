"""`--group`: losses are finished within each query, series or image, and the result is the mean over these."""

from __future__ import annotations

import csv
import io
import json
import math
import random
from fractions import Fraction

import pytest

from losscli import evaluate
from losscli.errors import DataError, UsageError
from losscli.report.records import Report
from losscli.statistics.distributions import t_quantile

# Squared errors by group: a 1, 9; b 4; a missing group 0, 16, 8 (4 by w).
ROWS = [
    "q,pred,label,w,gw,half",
    "a,2,1,1,1,x", "b,5,3,2,2,x", ",0,0,3,4,x", "a,4,1,1,1,y", ",4,0,1,4,y",
]  # fmt: skip


@pytest.fixture
def rows(text):
    return text("t.csv", ROWS)


def results(ran):
    assert ran.code == 0, ran.err
    return json.loads(ran.out)["results"]


def result(ran):
    (found,) = results(ran)
    return found


def test_a_loss_is_finished_in_each_group_and_a_missing_group_is_one(here, rows):
    found = result(here("eval", rows, "-l", "mse", "--group", "q", "--json"))
    assert found["value"] == (5 + 4 + 8) / 3
    assert (found["sum"], found["rows"], found["weight"]) == (None, 5, 5.0)
    assert found["detail"] == {
        "groups": 3,
        "worst": {"groups": [
            {"group": None, "value": 8.0, "rows": 2}, {"group": "a", "value": 5.0, "rows": 2},
            {"group": "b", "value": 4.0, "rows": 1},
        ]},
        "best": 4.0,
        "median": 5.0,
    }  # fmt: skip


def test_a_function_of_means_is_averaged_after_it_is_taken(here, rows):
    found = result(here("eval", rows, "-l", "rmse", "--group", "q", "--json"))
    exact = sum(Fraction(math.sqrt(mean)) for mean in (5, 4, 8)) / 3
    assert found["value"] == float(exact)


def test_rows_are_weighed_within_a_group_and_groups_by_their_own_weights(here, rows):
    inside = result(here("eval", rows, "-l", "mse", "--group", "q", "-w", "w", "--json"))
    assert inside["value"] == (5 + 4 + 4) / 3
    assert inside["weight"] == 8.0
    between = result(here("eval", rows, "-l", "mse", "--group", "q", "--group-weight", "gw", "--json"))
    assert between["value"] == (1 * 5 + 2 * 4 + 4 * 8) / 7


def test_a_group_counts_in_each_slice_with_its_rows_there(here, rows):
    found = results(here("eval", rows, "-l", "mse", "--group", "q", "--by", "half", "--json"))
    assert [(one["slice"], one["value"], one["detail"]["groups"]) for one in found] == [
        ({}, 17 / 3, 3), ({"half": "x"}, (1 + 4 + 0) / 3, 3), ({"half": "y"}, (9 + 16) / 2, 2),
    ]  # fmt: skip


def test_slices_that_are_folded_have_each_group_once(here, text):
    text("t.csv", ["q,pred,label,c", "a,1,0,x", "a,3,0,y", "b,2,0,y", "a,0,0,z", "b,0,0,z", "c,0,0,z"])
    found = results(
        here("eval", "t.csv", "-l", "mse", "--group", "q", "--by", "c", "--min-slice", "3", "--json")
    )
    other = next(one for one in found if one["slice"] == {"c": "other"})
    assert (other["value"], other["detail"]["groups"]) == ((5 + 4) / 2, 2)


def test_weights_of_groups_hold_in_every_slice(here, rows):
    found = results(
        here("eval", rows, "-l", "mse", "--group", "q", "--group-weight", "gw", "--by", "half", "--json")
    )
    assert [one["value"] for one in found] == [45 / 7, (1 + 8 + 0) / 7, (9 + 4 * 16) / 5]


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("chunk", [1, 2, 65536])
def test_a_group_with_two_weights_is_refused_at_its_first_row_with_another(text, here, jobs, chunk):
    text("t.csv", ["q,pred,label,v", "a,1,0,1", "b,1,0,2", "b,1,0,2", "a,1,0,3", "b,1,0,9", "a,1,0,1"])
    ran = here(
        "eval", "t.csv", "-l", "mse", "--group", "q", "--group-weight", "v", "-j", jobs, "--chunk-rows", chunk
    )
    assert ran.code == 3
    assert "t.csv, column `v`, row 4: the weight is `3.0`, and `1.0` in the first row of the group" in ran.err
    assert "2 of 6 rows are the first of their group with another weight" in ran.err


def test_a_group_of_weight_0_and_a_group_of_rows_of_weight_0_are_none(here, text):
    text("t.csv", ["q,pred,label,w,v", "a,1,0,1,1", "b,9,0,0,1", "c,7,0,1,0", "d,3,0,1,1"])
    found = result(
        here("eval", "t.csv", "-l", "mse", "--group", "q", "-w", "w", "--group-weight", "v", "--json")
    )
    assert (found["value"], found["detail"]["groups"]) == ((1 + 9) / 2, 2)


def test_a_negative_weight_of_a_group_is_refused(here, text):
    text("t.csv", ["q,pred,label,v", "a,1,0,1", "b,1,0,-2"])
    ran = here("eval", "t.csv", "-l", "mse", "--group", "q", "--group-weight", "v")
    assert ran.code == 3
    assert "column `v`, row 2" in ran.err


def test_a_group_without_a_value_makes_the_whole_null_unless_such_are_left_out(here, text):
    lines = ["q,pred,label", "10,1,0", "10,1,1", "10,2,3", "9,1,5", "9,2,5", "8,1,0", "2,0,0", "2,1,1"]
    text("t.csv", lines)
    whole = result(here("eval", "t.csv", "-l", "r2", "--group", "q", "--json"))
    assert whole["value"] is None
    assert whole["note"] == "2 of 4 groups have no value, first q=8: one row has no spread to explain"
    kept = result(here("eval", "t.csv", "-l", "r2:undefined=skip", "--group", "q", "--json"))
    # In group 10 the mean label is 4/3: squared errors 1, 0, 1 against 16/9 + 1/9 + 25/9.
    assert kept["value"] == float((Fraction(1 - Fraction(2 * 9, 42)) + 1) / 2)
    assert (kept["skipped"], kept["detail"]["groups"], kept["rows"]) == ({"undefined": 2}, 2, 8)
    assert kept["loss"] == "r2:undefined=skip"
    gate = here("eval", "t.csv", "--group", "q", "--min", "r2=0.5")
    assert gate.code == 1


def test_a_group_whose_value_overflows_has_none(here, text):
    text("t.csv", ["q,pred,label", "a,1e200,0", "b,1,0"])
    found = result(here("eval", "t.csv", "-l", "mse", "--group", "q", "--json"))
    assert found["value"] is None
    assert found["note"].startswith("1 of 2 groups has no value, first q=a: ")


def test_rows_that_a_loss_skips_leave_a_group_without_a_value(here, text):
    text("t.csv", ["q,pred,label", "a,1,0", "b,2,1"])
    found = result(here("eval", "t.csv", "-l", "mape:zero=skip", "--group", "q", "--json"))
    assert (found["value"], found["note"]) == (None, "1 of 2 groups has no value, first q=a: no row counts")
    kept = result(here("eval", "t.csv", "-l", "mape:zero=skip,undefined=skip", "--group", "q", "--json"))
    assert (kept["value"], kept["skipped"]) == (1.0, {"zero_label": 1, "undefined": 1})


def test_a_row_without_a_value_is_a_group_without_one(here, text):
    text("t.csv", ["q,pred,label", "a,,0", "b,2,1"])
    found = result(here("eval", "t.csv", "-l", "mae", "--group", "q", "--nan", "propagate", "--json"))
    assert found["note"] == "1 of 2 groups has no value, first q=a: 1 row without a value"
    kept = result(
        here("eval", "t.csv", "-l", "mae:undefined=skip", "--group", "q", "--nan", "propagate", "--json")
    )
    assert kept["value"] == 1.0
    dropped = result(here("eval", "t.csv", "-l", "mae", "--group", "q", "--nan", "drop", "--json"))
    assert (dropped["value"], dropped["detail"]["groups"]) == (1.0, 1)


def test_each_part_has_its_mean_over_the_groups_that_hold_it(here, text):
    text("t.csv", ["q,pred,label", "1,a,a", "1,b,a", "1,b,b", "2,a,a", "2,a,a", "2,c,a"])
    found = results(here("eval", "t.csv", "-l", "recall", "--average", "none", "--group", "q", "--json"))
    by_class = {one["part"]["class"]: (one["value"], one["detail"]["groups"]) for one in found}
    assert by_class["a"] == (float((Fraction(1, 2) + Fraction(2 / 3)) / 2), 2)
    assert by_class["b"] == (1.0, 1)


def test_the_average_over_classes_is_taken_within_each_group(here, text):
    text("t.csv", ["q,pred,label", "1,a,a", "1,b,a", "1,b,b", "2,a,a", "2,a,b", "2,c,c"])
    found = result(here("eval", "t.csv", "-l", "recall", "--group", "q", "--json"))
    assert found["value"] == float((Fraction(3, 4) + Fraction(2 / 3)) / 2)


def test_the_interval_is_of_the_values_of_the_groups(here, rows):
    found = result(here("eval", rows, "-l", "mse", "--group", "q", "--ci", "normal:level=0.9", "--json"))
    mean = Fraction(17, 3)
    error = math.sqrt(sum((value - mean) ** 2 for value in (5, 4, 8)) / 2 / 3)
    assert found["stderr"] == pytest.approx(error, rel=1e-15)
    half = t_quantile(0.95, 2) * error
    assert found["ci"]["low"] == pytest.approx(float(mean) - half, rel=1e-12)


def test_the_interval_weighs_groups_as_observations(here, rows):
    found = result(
        here("eval", rows, "-l", "mse", "--group", "q", "--group-weight", "gw", "--ci", "normal", "--json")
    )
    mean = Fraction(45, 7)
    squares = sum((w * (v - mean)) ** 2 for w, v in ((1, 5), (2, 4), (4, 8)))
    assert found["stderr"] == pytest.approx(math.sqrt(Fraction(3, 2) * squares / 49), rel=1e-15)


def test_values_and_weights_near_the_ends_of_the_doubles_have_a_mean(here, text):
    text("t.csv", ["q,pred,label,v", "a,1.7e308,0,1e300", "b,1.6e308,0,1e300"])
    arguments = ["eval", "t.csv", "-l", "mae", "--group", "q", "--group-weight", "v", "--ci"]
    normal, drawn = (result(here(*arguments, ci, "--json")) for ci in ("normal", "bootstrap"))
    middle = float((Fraction(1.7e308) + Fraction(1.6e308)) / 2)
    assert normal["value"] == drawn["value"] == normal["detail"]["median"] == middle
    assert normal["note"] == "no interval: a weighted group exceeds the largest double"


def test_the_worst_groups_are_in_the_order_of_their_labels_where_equal(here, text):
    text("t.csv", ["q,pred,label", *(f"{q},1,0" for q in range(30, 0, -1)), ",1,0", "0,2,0"])
    found = result(here("eval", "t.csv", "-l", "mae", "--group", "q", "--json"))["detail"]["worst"]["groups"]
    assert [one["group"] for one in found] == list("0123456789")
    text("t.csv", ["q,pred,label", *(f"{q},1,0" for q in (10, 9, "nan")), ",1,0"])
    found = result(here("eval", "t.csv", "-l", "mae", "--group", "q", "--json"))["detail"]["worst"]["groups"]
    assert [one["group"] for one in found] == ["10", "9", "nan", None]


def test_one_group_has_no_interval(here, text):
    text("t.csv", ["q,pred,label", "a,1,0", "a,2,1"])
    found = result(here("eval", "t.csv", "-l", "mse", "--group", "q", "--ci", "normal", "--json"))
    assert (found["stderr"], found["note"]) == (
        None, "no interval: one group of rows tells nothing of the spread",
    )  # fmt: skip


def test_the_bootstrap_draws_groups_as_it_draws_clusters(here, text):
    draw = random.Random(2)
    lines = [f"{q},{draw.gauss(0, 1)},{draw.gauss(0, 1)}" for q in range(40) for _ in range(3)]
    text("t.csv", ["q,pred,label", *lines])
    over = result(here("eval", "t.csv", "-l", "mse", "--group", "q", "--ci", "bootstrap", "--json"))
    # With as many rows in each group, the mean over groups is that over rows.
    clusters = result(here("eval", "t.csv", "-l", "mse", "--ci", "bootstrap:cluster=q", "--json"))
    for end in ("low", "high"):
        assert over["ci"][end] == pytest.approx(clusters["ci"][end], rel=1e-14)
    other = here("eval", "t.csv", "-l", "mse", "--group", "q", "--ci", "bootstrap:cluster=label")
    assert other.code == 2


def test_gates_bound_the_mean_over_groups(here, rows):
    assert here("eval", rows, "--group", "q", "--max", "mse=5.7").code == 0
    assert here("eval", rows, "--group", "q", "--max", "mse=5.6").code == 1


def test_the_signature_names_groups_and_their_weights(here, rows):
    found = result(here("eval", rows, "-l", "mse", "--group", "q", "--group-weight", "gw", "--json"))
    assert found["signature"] == ("mse:undefined=null|w:none|pair:position|nan:error|group:q|group_weight:gw")


def test_a_saved_result_reads_back_and_is_no_baseline_for_rows(here, rows):
    assert here("eval", rows, "-l", "mse", "--group", "q", "-o", "r.json").code == 0
    again = here(
        "eval", rows, "-l", "mse", "--group", "q", "--baseline", "r.json", "--max-regression", "mse=0"
    )
    assert again.code == 0
    rows_alone = here("eval", rows, "-l", "mse", "--baseline", "r.json", "--max-regression", "mse=0")
    assert rows_alone.code == 1


def test_saved_results_are_compared_by_the_spread_of_their_groups(here, text):
    for name, shift in (("a", 0), ("b", 3)):
        text(
            f"{name}.csv",
            ["q,pred,label", *(f"{q},{q % 3 + shift},{q % 2}" for q in range(8) for _ in range(4))],
        )
        ran = here("eval", f"{name}.csv", "-l", "mse", "--group", "q", "--ci", "normal", "-o", f"{name}.json")
        assert ran.code == 0, ran.err
    ran = here("compare", "a.json", "b.json", "--fail-on", "", "--json")
    (found,) = json.loads(ran.out)["comparisons"]
    assert found["test"] == "welch t"
    errors = [
        json.loads(here("eval", f"{name}.csv", "-l", "mse", "--group", "q", "--ci", "normal", "--json").out)[
            "results"
        ][0]["stderr"]
        for name in "ab"
    ]
    # With 8 groups a side, not 32 rows.
    freedom = sum(e**2 for e in errors) ** 2 / sum(e**4 / 7 for e in errors)
    half = t_quantile(0.975, freedom) * math.hypot(*errors)
    assert found["ci"]["high"] - found["ci"]["low"] == pytest.approx(2 * half, rel=1e-9)


@pytest.mark.parametrize("name", ["table", "csv", "markdown", "github", "junit", "html"])
def test_every_format_says_over_how_many_groups_a_value_is(here, rows, name):
    ran = here("eval", rows, "-l", "mse", "--group", "q", "-f", name)
    assert ran.code == 0, ran.err
    assert "groups" in ran.out
    if name == "csv":
        (row,) = csv.DictReader(io.StringIO(ran.out))
        assert (row["groups"], row["rows"]) == ("3", "5")


def test_groups_left_out_are_told(here, text):
    text("t.csv", ["q,pred,label", "a,1,0", "a,2,1", "b,1,0"])
    ran = here("eval", "t.csv", "-l", "r2:undefined=skip", "--group", "q", "-f", "table")
    assert "1 group left out: no value" in " ".join(ran.out.split())


@pytest.mark.parametrize("arguments, said", [
    (["--group-weight", "gw"], "`--group-weight` needs groups"),
    (["-l", "mse:undefined=skip"], "there are no groups"),
    (["--group", "q", "--constant"], "no best constant is worked out over groups"),
])  # fmt: skip
def test_what_does_not_go_together_is_refused(here, rows, arguments, said):
    ran = here("eval", rows, "-l", "mse", *arguments)
    assert ran.code == 2
    assert said in ran.err


def test_a_group_that_is_not_there_is_named(here, rows):
    ran = here("eval", rows, "-l", "mse", "--group", "nope")
    assert ran.code == 3
    assert "`--group` names it" in ran.err


def test_a_configuration_may_name_groups(here, rows, text):
    text("losscli.toml", ['group = "q"', 'group_weight = "gw"', 'loss = "mse:undefined=skip"'])
    assert result(here("eval", rows, "--json"))["value"] == 45 / 7


def test_the_python_function_takes_groups(rows, here):
    report = evaluate(rows, loss="mse", group="q", group_weight="gw")
    assert isinstance(report, Report)
    assert report.results[0].value == 45 / 7
    assert report.results[0].groups == 3
    with pytest.raises(UsageError):
        evaluate(rows, loss="mse", group_weight="gw")
    with pytest.raises(DataError):
        evaluate(rows, loss="mse", group="q", group_weight="pred")


def test_many_groups_are_the_mean_of_their_means(text, here):
    draw = random.Random(7)
    held: dict[int, list[float]] = {}
    lines = []
    for _ in range(5000):
        group, pred = draw.randrange(1500), draw.randrange(100) / 8
        held.setdefault(group, []).append(pred * pred)
        lines.append(f"g{group},{pred},0")
    text("t.csv", ["q,pred,label", *lines])
    means = [Fraction(float(sum(map(Fraction, rows)) / len(rows))) for rows in held.values()]
    wanted = float(sum(means) / len(means))
    draw.shuffle(lines)
    text("u.csv", ["q,pred,label", *lines])
    for name in ("t.csv", "u.csv"):
        for more in (["--chunk-rows", "7", "-j", "2"], ["--chunk-rows", "1000", "-j", "1"]):
            assert result(here("eval", name, "-l", "mse", "--group", "q", "--json", *more))["value"] == wanted
