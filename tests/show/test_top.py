"""`--top N`: the slices that carry most of the loss, first and alone in what people read."""

from __future__ import annotations

import json

import pytest

ROWS = ["label,pred,s", "0,1,a", "0,1,a", "0,3,b", "0,0,c", "0,2,d", "0,0,c", "0,0,c"]


@pytest.fixture
def sliced(here, text):
    """The slices of a call, in the order in which they stand: d, b and so on."""
    text("rows.csv", ROWS)

    def run(*words):
        ran = here("eval", "rows.csv", "--by", "s", *words, "-f", "csv")
        assert ran.code == 0, ran.err
        return [line.split(",")[3].removeprefix("s=") for line in ran.out.splitlines()[1:]]

    return run


def test_the_slices_with_the_greatest_share_of_the_total_come_first(sliced):
    """The sums of squares are 9 in b, 4 in d, 2 in a, 0 in c."""
    assert sliced("-l", "mse", "--top", "3") == ["", "b", "d", "a"]


def test_all_losses_show_the_slices_of_the_first(sliced):
    """Of the absolute errors, b holds 3 and both others 2."""
    assert sliced("-l", "mae", "-l", "mse", "--top", "2") == ["", "", "b", "b", "a", "a"]


def test_slices_of_a_loss_that_is_no_mean_are_ranked_by_their_rows(sliced):
    assert sliced("-l", "rmse", "--top", "1") == ["", "c"]


def test_more_than_there_are_shows_all_by_share(sliced):
    assert sliced("-l", "mse", "--top", "9") == ["", "b", "d", "a", "c"]


def test_the_table_says_how_many_are_not_shown(here, text):
    text("rows.csv", ROWS)
    table = here("eval", "rows.csv", "--by", "s", "-l", "mse", "--top", "1", "-f", "table").out
    assert "3 slices not shown" in " ".join(table.split())


def test_json_holds_all_slices_and_gates_see_them(here, text):
    text("rows.csv", ROWS)
    text("losscli.toml", ["[[gates]]", 'loss = "mse"', "max = 1.5", 'slice = "s=*"'])
    words = ["eval", "rows.csv", "--by", "s", "-l", "mse", "--top", "1"]
    found = json.loads(here(*words, "--json").out)
    assert len(found["results"]) == 5
    assert [limit["passed"] for limit in found["gate"]["limits"]] == [True, False, True, False]
    assert here(*words).code == 1


def test_top_is_at_least_one(here, text):
    text("rows.csv", ROWS)
    assert here("eval", "rows.csv", "--by", "s", "-l", "mse", "--top", "0").block().code == 2
