"""`--worst N`: the rows with the worst loss, and what share of the total they carry."""

from __future__ import annotations

import json
import random
from fractions import Fraction

import pytest


def worst(ran, loss=0):
    assert ran.code == 0, ran.err
    return json.loads(ran.out)["results"][loss]["detail"]["worst"]


def test_the_worst_rows_come_first_with_their_share_of_the_total(pair, here):
    found = worst(here("eval", *pair, "-l", "mse", "--worst", "2", "--json"))
    # The squared errors are 0, 1 and 9.
    assert found["rows"] == [
        {"row": 3, "label": 1.0, "pred": 4.0, "loss": 9.0},
        {"row": 2, "label": 3.0, "pred": 2.0, "loss": 1.0},
    ]
    assert found["share"] == 1.0
    assert worst(here("eval", *pair, "-l", "mse", "--worst", "1", "--json"))["share"] == 0.9


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("chunk", [1, 7, 65536])
def test_neither_chunks_nor_jobs_change_the_worst_rows_and_of_equal_ones_the_first_counts(
    text, here, jobs, chunk
):
    draw = random.Random(3)
    rows = [(draw.randrange(9), draw.randrange(9)) for _ in range(400)]
    text("d.csv", ["pred,label", *(f"{p},{y}" for p, y in rows)])
    ran = here("eval", "d.csv", "-l", "mae", "--worst", "20", "--json", "-j", jobs, "--chunk-rows", chunk)
    order = sorted(range(400), key=lambda at: (-abs(rows[at][0] - rows[at][1]), at))[:20]
    found = worst(ran)
    assert [row["row"] for row in found["rows"]] == [at + 1 for at in order]
    total = sum(abs(p - y) for p, y in rows)
    assert found["share"] == float(Fraction(sum(abs(rows[at][0] - rows[at][1]) for at in order), total))


def test_the_share_counts_weights_and_the_order_does_not(text, here):
    text("d.csv", ["pred,label,w", "0,1,8", "0,4,0.5", "0,9,0"])
    found = worst(here("eval", "d.csv", "-l", "mae", "-w", "w", "--worst", "1", "--json"))
    # A row of weight 0 is in no sum; 4·0.5 of 8 + 2.
    assert (found["rows"][0]["row"], found["share"]) == (2, 0.2)


def test_keys_slices_and_filters_stand_beside_the_worst_rows(text, here):
    text("p.csv", ["id,pred", "b,1", "a,5"])
    text("l.csv", ["id,label,side,age", "a,1,x,30", "b,1,y,40"])
    found = worst(
        here("eval", "p.csv", "l.csv", "--on", "id", "--by", "side", "--where", "age > 3", "-l", "mae", "--worst",
             "1", "--json")
    )  # fmt: skip
    assert found["rows"] == [
        {"row": 2, "id": "a", "label": 1.0, "pred": 5.0, "side": "x", "age": 30.0, "loss": 4.0}
    ]


def test_where_higher_is_better_the_worst_are_the_lowest_and_where_zero_is_the_farthest(text, here):
    text("d.csv", ["lo,hi,pred,label", "0,2,1,1", "0,2,9,5", "0,2,0,2"])
    covered = here("eval", "d.csv", "-p", "lower=lo,upper=hi", "-l", "coverage", "--worst", "1", "--json")
    assert worst(covered)["rows"][0]["row"] == 2
    bias = here("eval", "d.csv", "-p", "pred", "-l", "bias", "--worst", "2", "--json")
    assert [row["row"] for row in worst(bias)["rows"]] == [2, 3]


def test_fewer_rows_than_asked_for_are_all_of_them(pair, here):
    assert len(worst(here("eval", *pair, "-l", "mae", "--worst", "50", "--json"))["rows"]) == 3


def test_a_total_of_zero_or_infinity_has_no_share(text, here):
    text("d.csv", ["pred,label", "1,1", "2,2"])
    assert worst(here("eval", "d.csv", "-l", "mae", "--worst", "1", "--json"))["share"] is None
    text("e.csv", ["pred,label", "1e200,-1e200", "2,2"])
    found = worst(here("eval", "e.csv", "-l", "mse", "--worst", "1", "--json"))
    assert (found["share"], found["rows"][0]["loss"], found["rows"][0]["row"]) == (None, None, 1)


def test_a_loss_of_all_rows_together_is_refused_alone(pair, here):
    assert here("eval", *pair, "-l", "r2", "--worst", "1").block().code == 2


@pytest.mark.parametrize("format", ["table", "markdown"])
def test_the_worst_rows_are_shown_with_names_that_cannot_forge_a_line(text, here, format):
    text("d.csv", ["pred,label,who", "1,3,\x1b[31m[bold]|x|", "1,1,b"])
    ran = here("eval", "d.csv", "-l", "mae", "--by", "who", "--worst", "1", "-f", format)
    assert ran.code == 0
    heading = ran.out.replace("\\", "")
    assert "worst row by mae, 100% of the total" in heading
    assert "\x1b" not in ran.out
