"""The five sums of two columns: the ones of rational arithmetic, by digits and by products alike."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from doubles import GREATEST, KINDS, SMALLEST, Floats, array, ends, finite, near, samples, true_sum
from hypothesis import example, given
from hypothesis import strategies as st

from losscli import evaluate
from losscli.numbers import cross_products
from losscli.numbers.cross_products import DIGIT, DIGITS, ROW, ROWS, CrossProducts
from losscli.numbers.exact import ExactSum
from losscli.numbers.sums import Moments

LENGTHS = [0, 1, 2, ROW - 1, ROW, ROW + 1, 3 * ROW, ROWS - 1, ROWS, ROWS + 1, 2 * ROWS + ROW + 5]
values = st.one_of(near, near, near, finite, ends)


@pytest.fixture
def declined(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each tile, whether it was left to exact products."""
    seen: list[bool] = []
    by_digits: Callable[..., CrossProducts | None] = cross_products._by_digits

    def watched(x: Floats, y: Floats) -> CrossProducts | None:
        found = by_digits(x, y)
        seen.append(found is None)
        return found

    monkeypatch.setattr(cross_products, "_by_digits", watched)
    return seen


def check(x: Floats, y: Floats) -> None:
    found = CrossProducts.of(x, y)
    wanted = [true_sum(x), true_sum(y), true_sum(x, x), true_sum(y, y), true_sum(x, y)]
    assert [total.fraction for total in found] == wanted
    assert [total.factors for total in found] == [1, 1, 2, 2, 2]


@given(st.lists(st.tuples(values, values), max_size=30))
@example([(GREATEST, SMALLEST), (-GREATEST, SMALLEST)])
@example([(-0.0, 0.0)])
@example([(0.0, 1.0), (0.0, -1.0)])
def test_the_sums_are_those_of_rational_arithmetic(rows: list[tuple[float, float]]) -> None:
    check(array([row[0] for row in rows]), array([row[1] for row in rows]))


@pytest.mark.parametrize("one", KINDS)
@pytest.mark.parametrize("other", ["errors", "wide", "zero or one"])
def test_long_columns_of_every_kind_have_the_true_sums(one: str, other: str) -> None:
    check(samples(9000, one), samples(9000, other, 1))


@pytest.mark.parametrize("rows", LENGTHS)
def test_columns_of_every_length_have_the_true_sums(rows: int, declined: list[bool]) -> None:
    check(samples(rows, "errors"), samples(rows, "squared errors", 1) + 50.0)
    assert not any(declined)


@pytest.mark.parametrize("kind", ["squared errors", "errors", "with zeros", "zero or one", "float32"])
def test_usual_columns_go_by_digits(kind: str, declined: list[bool]) -> None:
    check(samples(9000, kind), samples(9000, kind, 1))
    assert declined == [False, False]


@given(st.lists(st.tuples(near, near), min_size=1, max_size=30))
def test_digits_and_products_give_the_same_integers(rows: list[tuple[float, float]]) -> None:
    x, y = array([row[0] for row in rows]), array([row[1] for row in rows])
    held = cross_products._by_digits(x, y)
    if held is not None:
        assert held == cross_products._by_products(x, y)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_digits_at_their_greatest_still_add_up_exactly(sign: float, declined: list[bool]) -> None:
    # First digits next to 2^22, in as many rows as BLAS adds; in the second columns all are 2^22.
    near_one = 1.0 - np.random.default_rng(0).random(ROW) * 2.0**-8
    check(near_one, near_one[::-1].copy() * sign)
    check(np.full(ROW, sign * (1.0 - 2.0**-DIGIT + 2.0 ** (-2 * DIGIT))), near_one)
    assert declined == [False, False]


def test_a_column_of_one_bit_more_than_the_digits_hold_goes_by_products(declined: list[bool]) -> None:
    # From 1 down to the last bit of the smallest value, and a bit for the sign.
    most = DIGITS * DIGIT - 1
    for power in (most - 52, most - 51):
        check(array([math.nextafter(1.0, 0.0), 2.0**-power]), array([1.0, 1.0]))
    assert declined == [False, True]


@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
def test_infinities_and_nan_are_counted_as_in_exact_products(bad: float) -> None:
    x, y = array([1.0, bad, 2.0]), array([0.5, 3.0, -1.0])
    product = ExactSum.of_products
    assert [*CrossProducts.of(x, y)] == [
        ExactSum.of(x),
        ExactSum.of(y),
        product(x, x),
        product(y, y),
        product(x, y),
    ]
    assert CrossProducts.of(y, x).xx == CrossProducts.of(x, y).yy


def test_the_columns_are_not_touched() -> None:
    x, y = samples(100, "errors"), samples(100, "errors", 1)
    copies = x.copy(), y.copy()
    CrossProducts.of(x, y)
    assert (x == copies[0]).all()
    assert (y == copies[1]).all()


SHARING = ["mse", "rmse", "bias", "error_std", "r2", "nrmse:norm=range", "pearson"]


@pytest.mark.parametrize("weight", [None, "w"])
def test_losses_that_share_sums_have_the_bits_of_each_alone_and_sum_once(
    weight: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, rows = tmp_path / "t.parquet", 300
    label = samples(rows, "errors")
    columns = {"label": label, "pred": label + samples(rows, "errors", 1), "w": np.arange(rows) % 3.0}
    pq.write_table(pa.table(columns), path)
    call = {"pred": "pred", "label": "label", "weight": weight}
    alone = [evaluate(str(path), loss=[loss], **call).results[0].value for loss in SHARING]
    summed = []
    made = Moments.of.__func__
    monkeypatch.setattr(Moments, "of", classmethod(lambda cls, *given: summed.append(1) or made(cls, *given)))
    together = [result.value for result in evaluate(str(path), loss=SHARING, **call).results]
    assert (together, len(summed)) == (alone, 1)
