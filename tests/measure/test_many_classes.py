"""Losses of tables cost what the rows and classes cost, and hold only the cells that occur."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest

from conftest import HANG
from losscli.losses.agreement import accuracy, balanced_accuracy, g_mean, kappa, mcc, ordinal_mae
from losscli.losses.clustering import adjusted_rand, purity
from losscli.losses.confusion import tabled
from losscli.losses.stable import sum_fractions
from losscli.numbers.confusion import MOST_CELLS, MOST_CLASSES, Confusion

MANY = 60_000


def many(parquet, classes=MANY, rows=MANY, **more):
    """Labels 0, 1, 2, …; every fourth prediction is the next class."""
    label = np.arange(rows) % classes
    pred = np.where(np.arange(rows) % 4 == 0, (label + 1) % classes, label)
    return parquet("many.parquet", {"pred": pred, "label": label, **more})


def results(ran):
    assert ran.code == 0, ran.err
    return json.loads(ran.out)["results"]


# Of 60,000 rows, one of each class: 15,000 are called by the next class.  A class is one of four kinds by its
# number: missed (0: no tp, fn 1, fp 0), called too often (1: tp 1, fp 1), right (2 and 3).
@pytest.mark.parametrize(
    "wanted",
    [
        {
            "accuracy": 0.75,
            "zero_one": 0.25,
            "balanced_accuracy": 0.75,
            "g_mean": 0.0,
            # Σ t·p = 60,000: chance agrees in 1/60,000.
            "kappa": (0.75 - 1 / MANY) / (1 - 1 / MANY),
            "ordinal_mae": 0.25,
            "purity": 0.75,
            "completeness": 1.0,
        },
        {"recall": 0.75, "f1": (0 + 2 / 3 + 1 + 1) / 4},
    ],
    ids=["whole", "macro"],
)
def test_a_loss_of_sixty_thousand_classes_takes_moments(here, parquet, wanted):
    average = ["--average", "macro"] if "f1" in wanted else []
    found = results(here("eval", many(parquet), "-l", ",".join(wanted), *average, "--json"))
    assert {one["loss"]: one["value"] for one in found} == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("args", [[], ["--by", "part", "-w", "w"], ["--constant"]])
def test_sixty_thousand_classes_take_little_memory(losscli, parquet, args):
    part = np.where(np.arange(MANY) < MANY // 2, "a", "b")
    name = many(parquet, part=part, w=np.full(MANY, 0.5))
    # An address space of 1.5 GB, most of which libraries take for themselves: a full table takes 29 GB.
    ran = losscli.shell('ulimit -v 1500000; exec "$@"', "eval", name, "-l", "accuracy", "-l", "mcc", *args, "--json",
                        timeout=HANG)  # fmt: skip
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["results"][0]["value"] == 0.75


def test_a_table_that_exceeds_the_memory_is_refused(here, parquet):
    rows = 400_000
    ran = here("eval", many(parquet, rows, rows), "-l", "accuracy", "--memory", "16MiB").block()
    assert ran.code == 3
    assert "--memory" in ran.err


@pytest.mark.parametrize(
    ("classes", "rows", "keys"),
    [
        (MOST_CLASSES, 1000, {"classes", "confusion"}),
        (MOST_CLASSES + 1, 1000, {"cells"}),
        (2 * MOST_CELLS, 2 * MOST_CELLS, {"cells_left_out"}),
    ],
)
def test_a_table_is_given_whole_by_its_cells_or_not_at_all(here, parquet, classes, rows, keys):
    (result,) = results(here("eval", many(parquet, classes, rows), "-l", "accuracy", "--json"))
    assert result["detail"].keys() == keys


def test_the_cells_of_a_large_table_are_those_that_occur(here, parquet):
    name = parquet("few.parquet", {"pred": [*range(101), 5], "label": [*range(101), 4]})
    (result,) = results(here("eval", name, "-l", "accuracy", "--json"))
    assert result["detail"]["cells"] == [
        *([c, c, 1.0] for c in range(5)), [4, 5, 1.0], *([c, c, 1.0] for c in range(5, 101))
    ]  # fmt: skip


def test_a_large_table_is_not_repeated_for_each_class(here, parquet):
    found = results(here("eval", many(parquet, 200, 800), "-l", "f1", "--average", "none", "--json"))
    assert len(found) == 200
    assert {str(result["detail"]) for result in found} == {"None"}


def test_a_table_of_too_many_cells_is_not_resampled_and_says_so(here, parquet):
    (result,) = results(here("eval", many(parquet), "-l", "accuracy", "--ci", "bootstrap", "--json"))
    assert (result["value"], result["ci"]) == (0.75, None)
    assert "not resampled" in result["note"]


def test_a_page_of_many_classes_is_no_larger_for_them(here, parquet, tmp_path):
    ran = here("report", many(parquet), "-l", "accuracy", "-l", "zero_one", "-o", "page.html")
    assert ran.code == 0, ran.err
    assert (tmp_path / "page.html").stat().st_size < 1_000_000


@pytest.mark.parametrize("power", ["none", "linear", "quadratic"])
def test_kappa_of_chance_in_one_pass_is_that_of_all_pairs(power):
    drawn = np.random.default_rng(5)
    label, pred = drawn.integers(0, 9, (2, 60))
    table = tabled(label.tolist(), pred.tolist())
    classes = sorted({*label.tolist(), *pred.tolist()})
    k = {"none": 0, "linear": 1, "quadratic": 2}[power]
    far = [[abs(i - j) ** k if i != j else 0 for j in range(len(classes))] for i in range(len(classes))]
    at = {name: place for place, name in enumerate(classes)}
    seen = sum(far[at[y]][at[f]] for y, f in zip(label.tolist(), pred.tolist(), strict=True))
    chance = sum(far[at[y]][at[f]] for y in label.tolist() for f in pred.tolist())
    assert kappa(table, weights=power) == 1 - Fraction(seen * 60, chance)


def test_the_table_of_blocks_is_the_table_of_the_rows_however_they_are_cut():
    drawn = np.random.default_rng(6)
    label, pred = drawn.integers(-40, 40, (2, 500))
    weight = drawn.random(500) * 2.0 ** drawn.integers(-60, 60, 500)
    for w in (None, weight):
        whole = Confusion.of([label, pred], w)
        for size in (1, 7, 200):
            cut = Confusion.empty(weighted=w is not None)
            for start in range(0, 500, size):
                rows = slice(start, start + size)
                cut = cut.merge(Confusion.of([label[rows], pred[rows]], None if w is None else w[rows]))
            assert cut == whole
            assert cut.classes == whole.classes
            for name in (accuracy, mcc, kappa, ordinal_mae, balanced_accuracy, g_mean, purity):
                assert name(cut) == name(whole)
        assert Confusion.from_json(whole.to_json()) == whole
    assert adjusted_rand(Confusion.of([label, label + 100], None)) == 1


def test_a_sum_of_many_unlike_fractions_is_right_to_the_last_bit():
    # Σ 1/(k(k+1)) from 1 to n is n/(n+1), whose terms have a common denominator of many thousand bits.
    terms = [Fraction(1, k * (k + 1)) for k in range(1, 20_000)]
    assert float(sum_fractions(terms)) == 19_999 / 20_000
    assert sum_fractions(terms) == sum_fractions(terms[::-1])
    assert sum_fractions([Fraction(1, 3)] * 3) == 1
