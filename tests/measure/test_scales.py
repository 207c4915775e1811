"""Losses of squares where a square leaves the range of a double: their value does not."""

from __future__ import annotations

import json
import math

import pytest

TINY = [(0.0, 3e-170), (4e-170, 0.0), (1.0, 1.0)]  # errors 3, 4 and 0, squares of about 1e-340
HUGE = [(0.0, 3e170), (4e170, 0.0), (1.0, 1.0)]
MIXED = [(0.0, 3e170), (4e-170, 0.0), (2.0, 1.0)]
ROOT = 5 / math.sqrt(3)  # of the mean of 9, 16 and 0


def lines(rows):
    return [
        "pred,label,w,g",
        *(f"{p!r},{y!r},{w},{'ab'[w - 1]}" for (p, y), w in zip(rows, (1, 2, 1), strict=False)),
    ]


def measured(here, text, rows, *args):
    ran = here("eval", text("rows.csv", lines(rows)), "-p", "pred", "-y", "label", *args, "--json")
    assert ran.code == 0, ran.err
    return json.loads(ran.out)["results"]


@pytest.mark.parametrize("chunk", ["1", "65536"])
@pytest.mark.parametrize(
    ("rows", "loss", "value"),
    [
        (TINY, "rmse", ROOT * 1e-170),
        (HUGE, "rmse", ROOT * 1e170),
        (MIXED, "rmse", 3e170 / math.sqrt(3)),
        (TINY[:2], "rmsle", math.sqrt(12.5) * 1e-170),  # log1p(x) is x there
        (HUGE, "psnr:range=1", -20 * (170 + math.log10(ROOT))),
        (TINY, "psnr:range=1", 20 * (170 - math.log10(ROOT))),
        (TINY[:2], "error_std", 3.5e-170),  # errors -3 and 4
        (HUGE[:2], "error_std", 3.5e170),
        (HUGE[:2], "nrmse:norm=range", math.sqrt(12.5) / 3),
        (TINY[:2], "nrmse:norm=range", math.sqrt(12.5) / 3),
        (TINY[:2], "pearson", -1.0),
        (HUGE[:2], "pearson", -1.0),
        (TINY[:2], "r2", 1 - 25 / 4.5),
        (HUGE[:2], "r2", 1 - 25 / 4.5),
        (HUGE[:2], "explained_variance", 1 - 24.5 / 4.5),
        (TINY[:2], "explained_variance", 1 - 24.5 / 4.5),
        (HUGE[:2], "theil_u1", 5 / 7),
        (TINY[:2], "theil_u1", 5 / 7),
        (HUGE[:2], "ccc", 2 * -3 / (2.25 + 4 + 0.25)),
        (TINY[:2], "ccc", 2 * -3 / (2.25 + 4 + 0.25)),
    ],
)
def test_a_loss_of_squares_has_its_value_at_any_scale(here, text, rows, loss, value, chunk):
    (result,) = measured(here, text, rows, "-l", loss, "--chunk-rows", chunk)
    assert result["value"] == pytest.approx(value, rel=1e-14, abs=0.0)


def test_a_mean_of_squares_beyond_the_doubles_is_null_with_a_note(here, text):
    (result,) = measured(here, text, HUGE, "-l", "mse")
    said = "the losses of 2 rows are infinite, first in row 1"
    assert (result["value"], result["note"]) == (None, said)


def test_a_mean_of_squares_is_a_number_where_only_one_square_is_none(here, text):
    # (1e154)² · 3 is beyond 1.8e308 in one row, and its mean over four rows is not.
    rows = [(0.0, math.sqrt(3) * 1e154), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0)]
    source = text("rows.csv", ["pred,label", *(f"{p!r},{y!r}" for p, y in rows)])
    (result,) = json.loads(here("eval", source, "-l", "mse", "--json").out)["results"]
    assert result["value"] == pytest.approx(0.75e308, rel=1e-14)


@pytest.mark.parametrize("scale", [1e-170, 1e170])
@pytest.mark.parametrize(
    ("args", "slice_a", "slice_b"), [([], math.sqrt(4.5), 4.0), (["-w", "w"], math.sqrt(4.5), 4.0)]
)
def test_a_slice_has_its_root_of_squares_as_the_whole_has(here, text, scale, args, slice_a, slice_b):
    rows = [(p * scale, y * scale) for p, y in [(0.0, 3.0), (4.0, 0.0), (1.0, 1.0)]]
    found = measured(here, text, rows, "-l", "rmse", "--by", "g", *args)
    values = {one["slice"].get("g"): one["value"] for one in found}
    whole = math.sqrt(41 / 4 if args else 25 / 3)
    wanted = {None: whole * scale, "a": slice_a * scale, "b": slice_b * scale}
    assert values == pytest.approx(wanted, rel=1e-14, abs=0.0)


@pytest.mark.parametrize("rows", [TINY, HUGE])
def test_an_interval_is_not_made_up_of_squares_that_no_double_holds(here, text, rows):
    (result,) = measured(here, text, rows, "-l", "rmse", "--ci", "normal")
    assert result["ci"] is None
    assert "no interval" in result["note"]


@pytest.mark.parametrize(("rows", "size"), [(TINY, 1e-170), (HUGE, 1e170)])
def test_the_bootstrap_resamples_such_squares(here, text, rows, size):
    (result,) = measured(here, text, rows, "-l", "rmse", "--ci", "bootstrap")
    assert result["ci"]["high"] == pytest.approx(4 * size)  # a resample of the second row alone


@pytest.mark.parametrize(("rows", "value"), [(TINY, 0.0), (HUGE, None)])
def test_the_worst_rows_of_such_squares_are_no_defect(here, text, rows, value):
    (result,) = measured(here, text, rows, "-l", "mse", "--worst", "2")
    assert result["value"] == value
    assert len(result["detail"]["worst"]["rows"]) == 2
