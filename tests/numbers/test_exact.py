"""Exact sums: whatever the values, the cut and the path, the sum is the one of rational arithmetic."""

from __future__ import annotations

import itertools
import json
import math
import pickle
import random
import threading
from collections.abc import Callable
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from doubles import GREATEST, KINDS, SMALLEST, Floats, array, ends, finite, near, samples, true_sum
from hypothesis import assume, example, given
from hypothesis import strategies as st
from nist import UNIVARIATE

from losscli.numbers import tiles
from losscli.numbers.error_free import error_of_product, two_product
from losscli.numbers.exact import ExactSum, exact_quotient, round_fraction

LENGTHS = [0, 1, 2, 8191, 8192, 8193, 16385, 65535, 65536, 65537, 200_000]

SUMS: list[tuple[int, Callable[..., ExactSum]]] = [
    (1, ExactSum.of),
    (2, ExactSum.of_products),
    (3, ExactSum.of_triples),
]

columns = st.lists(st.one_of(near, near, near, finite, ends), max_size=30)
safe_columns = st.lists(near, min_size=1, max_size=30)


@pytest.fixture
def by_integers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every tile is refused by the fast paths."""
    monkeypatch.setattr(tiles, "FAST", [lambda *columns: None] * 3)


@pytest.fixture
def declined(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each tile measured, whether the fast path left it to the integers."""
    seen: list[bool] = []

    def watched(fast: Callable[..., int | None]) -> Callable[..., int | None]:
        def run(*tiles: Floats) -> int | None:
            found = fast(*tiles)
            seen.append(found is None)
            return found

        return run

    monkeypatch.setattr(tiles, "FAST", [watched(fast) for fast in tiles.FAST])
    return seen


# --- the sum is the true one ---------------------------------------------------------------------


@given(columns)
@example([SMALLEST, -SMALLEST])
@example([GREATEST, SMALLEST, -GREATEST])
@example([1e160, 1e-160, -1e160])
@example([GREATEST] * 3)
@example([-0.0, -0.0])
def test_a_sum_is_the_one_of_rational_arithmetic(values: list[float]) -> None:
    assert ExactSum.of(array(values)).fraction == sum(map(Fraction, values))


@given(st.data(), columns)
def test_a_sum_of_products_is_the_one_of_rational_arithmetic(data: st.DataObject, left: list[float]) -> None:
    right = data.draw(st.lists(st.one_of(near, finite, ends), min_size=len(left), max_size=len(left)))
    expected = sum(Fraction(x) * Fraction(y) for x, y in zip(left, right, strict=True))
    assert ExactSum.of_products(array(left), array(right)).fraction == expected


@given(st.lists(st.tuples(*[st.one_of(near, near, finite, ends)] * 3), max_size=20))
def test_a_sum_of_triples_is_the_one_of_rational_arithmetic(rows: list[tuple[float, float, float]]) -> None:
    expected = sum(Fraction(w) * Fraction(x) * Fraction(y) for w, x, y in rows)
    w, x, y = (array([row[i] for row in rows]) for i in range(3))
    assert ExactSum.of_triples(w, x, y).fraction == expected


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("factors", "total"), SUMS)
def test_long_columns_of_every_kind_sum_to_the_true_value(
    factors: int, total: Callable[..., ExactSum], kind: str
) -> None:
    chosen = [samples(9000, kind, seed) for seed in range(factors)]
    assert total(*chosen).fraction == true_sum(*chosen)


@pytest.mark.parametrize("rows", LENGTHS)
@pytest.mark.parametrize(("factors", "total"), SUMS)
def test_columns_of_every_length_sum_to_the_true_value(
    factors: int, total: Callable[..., ExactSum], rows: int
) -> None:
    chosen = [samples(rows, "errors", seed) for seed in range(factors)]
    found = total(*chosen)
    assert found.factors == factors
    assert found.fraction == true_sum(*chosen)


@pytest.mark.parametrize("rows", [8192, 65536])
@pytest.mark.parametrize("value", [1.0, -1.0, math.nextafter(1, 0), -math.nextafter(2, 0), 2.0**-30])
def test_a_row_of_equal_values_does_not_overflow_a_digit(rows: int, value: float) -> None:
    # All digits at their greatest: 8,192 of them must still fit an int64.
    column = np.full(rows, value)
    column[-1] = math.copysign(2.0**-40, value)
    assert ExactSum.of(column).fraction == (rows - 1) * Fraction(value) + Fraction(column[-1])


# --- both paths ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("factors", "total"), SUMS)
@pytest.mark.usefixtures("by_integers")
def test_the_path_by_integers_alone_gives_the_true_value(
    factors: int, total: Callable[..., ExactSum], kind: str
) -> None:
    chosen = [samples(17_000, kind, seed) for seed in range(factors)]
    assert total(*chosen).fraction == true_sum(*chosen)


@given(safe_columns)
def test_both_paths_give_the_same_bits(values: list[float]) -> None:
    column = array(values)
    digits = [fast(*[column] * factors) for factors, fast in enumerate(tiles.FAST, start=1)]
    for factors, units in enumerate(digits, start=1):
        assert units is not None  # the data are such that no path declines
        assert tiles.TileSum(units) == tiles._sum_by_integers(*[column] * factors)


@pytest.mark.parametrize("kind", ["squared errors", "errors", "with zeros", "zero or one", "float32"])
@pytest.mark.parametrize(("factors", "total"), SUMS)
def test_usual_data_take_the_fast_path(
    factors: int, total: Callable[..., ExactSum], kind: str, declined: list[bool]
) -> None:
    total(*(samples(65_536, kind, seed) for seed in range(factors)))
    assert declined == [False]


@pytest.mark.parametrize(
    "values",
    [
        [1.0, math.inf],
        [1.0, math.nan],
        [1.0, GREATEST],
        [1.0, SMALLEST],
        [1e-310] * 2,
        [2.0**1019, 1.0],
        [1e-99, 1e99],
    ],
)
@pytest.mark.parametrize(("factors", "total"), SUMS)
def test_data_beyond_the_safe_range_are_left_to_the_integers(
    factors: int, total: Callable[..., ExactSum], values: list[float], declined: list[bool]
) -> None:
    total(*[array(values)] * factors)
    assert declined == [True]


@pytest.mark.parametrize(("factors", "total"), SUMS)
def test_values_at_every_power_of_two_sum_to_the_true_value(
    factors: int, total: Callable[..., ExactSum], declined: list[bool]
) -> None:
    # Full mantissas next to one power of two, so both limits of the safe range are passed on the way.
    others = [samples(20, "errors", seed) for seed in range(1, factors)]
    for power in range(-1074, 1021):
        chosen = [np.ldexp(samples(20, "errors") + 3.0, power), *others]
        assert total(*chosen).fraction == true_sum(*chosen), power
    assert [left for left, _ in itertools.groupby(declined)] == [True, False, True]
    # Only the ends are left to the integers: below, 52 subnormal powers and 53 for the bits of each
    # factor; and a few, here and above, for the sizes of the other factors.
    assert declined.count(True) < 52 + (53 + 20) * factors


@pytest.mark.parametrize("power", range(-1074, 1024, 41))
def test_products_that_cancel_in_size_sum_to_the_true_value(power: int) -> None:
    # One factor is at the end of the range, the product is not, or is just beyond it.
    for shift, third in itertools.product([-1, 0, 60], [1.0 + 2**-52, 2.0**-60]):
        x = np.ldexp(1.0 + samples(30, "squared errors", 1), power - 5)
        y = np.ldexp(1.0 + samples(30, "squared errors", 2), max(min(shift - power, 1010), -1074))
        z = np.full(30, third)
        assert ExactSum.of_products(x, y).fraction == true_sum(x, y)
        for order in itertools.permutations((x, y, z)):
            assert ExactSum.of_triples(*order).fraction == true_sum(x, y, z)


def test_products_that_vanish_as_doubles_are_not_lost() -> None:
    x, y = array([1e-200, 1.0, 0.0]), array([1e-200, 1.0, 5.0])
    assert ExactSum.of_products(x, y).fraction == 1 + Fraction(1e-200) ** 2
    assert ExactSum.of_triples(x, y, array([1e300] * 3)).fraction == Fraction(1e300) * (
        1 + Fraction(1e-200) ** 2
    )
    # All of them, so that nothing but zeros is seen.
    assert ExactSum.of_products(x[:1], y[:1]).fraction == Fraction(1e-200) ** 2


def test_a_factor_next_to_the_greatest_double_keeps_its_error_term() -> None:
    x, y = array([GREATEST, -GREATEST]), array([1e-300 / 3, 1e-290 / 7])
    assert ExactSum.of_products(x, y).fraction == true_sum(x, y)
    assert ExactSum.of_products(y, x).fraction == true_sum(x, y)


@given(st.lists(st.tuples(near, near), min_size=1, max_size=20))
def test_a_column_times_itself_is_its_squares(rows: list[tuple[float, float]]) -> None:
    column = array([row[0] for row in rows])
    assert ExactSum.of_products(column, column) == ExactSum.of_products(column, column.copy())
    assert ExactSum.of_products(column, column).fraction == sum(Fraction(x) ** 2 for x in column.tolist())


def test_a_product_that_no_double_holds_has_lost_nothing() -> None:
    great = np.array([np.inf, np.nan, 1.7976931348623157e308, 1e200, 0.1])
    product, lost = two_product(great, 0.1)
    assert np.isfinite(product).tolist() == [False, False, True, True, True]
    assert lost[:3].tolist() == [0.0, 0.0, 0.0]
    for row in (3, 4):
        assert Fraction(product[row]) + Fraction(lost[row]) == Fraction(great[row]) * Fraction(0.1)
    assert [part.tolist() for part in two_product(1e200, great[:4])][1][3] == 0.0


def test_columns_of_few_bits_need_no_error_terms() -> None:
    spare = list(np.empty((4, 100)))
    short, full = samples(100, "float32"), samples(100, "errors")
    assert not error_of_product(short, short, short * short, np.empty(100), spare)
    assert error_of_product(short, full, short * full, np.empty(100), spare)


# --- infinities and NaN --------------------------------------------------------------------------


def test_infinities_and_nan_are_counted_and_the_rest_is_summed() -> None:
    found = ExactSum.of(array([1.0, math.inf, 2.0, -math.inf, math.inf, math.nan]))
    assert (found.positive, found.negative, found.nan) == (2, 1, 1)
    assert Fraction(found.units, 2**1074) == 3
    assert not found.finite


odd = st.sampled_from(
    [0.0, -0.0, 1.5, -2.0, 1e-200, -1e-200, 1e200, SMALLEST, GREATEST, math.inf, -math.inf, math.nan]
)


@pytest.mark.parametrize(("factors", "total"), SUMS)
@given(data=st.data())
def test_an_infinite_or_nan_factor_counts_as_the_product_of_ieee(
    factors: int, total: Callable[..., ExactSum], data: st.DataObject
) -> None:
    row = data.draw(st.lists(odd, min_size=factors, max_size=factors))
    assume(not all(map(math.isfinite, row)))
    # Of finite factors only the sign matters, or whether they are zero: no order over- or underflows.
    product = math.prod(value if not math.isfinite(value) else (value > 0) - (value < 0) for value in row)
    expected = ExactSum(0, factors, product == math.inf, product == -math.inf, math.isnan(product))
    assert total(*(array([value]) for value in row)) == expected


def test_zero_products_of_two_factors_meet_an_infinite_third() -> None:
    found = ExactSum.of_triples(array([0.0, 0.0]), array([1.0, 0.0]), array([math.inf, 1.0]))
    assert found == ExactSum(0, 3, nan=1)


def test_finite_terms_that_overflow_as_doubles_are_not_infinite() -> None:
    assert ExactSum.of_products(array([1e300]), array([1e300])).fraction == Fraction(1e300) ** 2
    assert ExactSum.of(array([GREATEST, GREATEST, -GREATEST])).rounded() == GREATEST


def test_a_sum_that_is_not_finite_is_no_fraction() -> None:
    with pytest.raises(ValueError, match="infinite or NaN"):
        _ = ExactSum(1, nan=1).fraction


# --- any cut, any order --------------------------------------------------------------------------


@given(columns, st.lists(st.integers(0, 30), max_size=5), st.randoms())
def test_any_cut_and_any_order_of_merging_give_the_same_sum(
    values: list[float], cuts: list[int], chance: random.Random
) -> None:
    column = array([*values, math.inf])
    bounds = [0, *sorted(min(cut, len(column)) for cut in cuts), len(column)]
    parts = [ExactSum.of(column[start:stop]) for start, stop in itertools.pairwise(bounds)]
    chance.shuffle(parts)
    while len(parts) > 1:
        parts.append(parts.pop(0).merge(parts.pop(chance.randrange(len(parts)))))
    assert parts[0] == ExactSum.of(column)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("factors", "total"), SUMS)
def test_shuffled_and_cut_long_columns_give_the_same_sum(
    factors: int, total: Callable[..., ExactSum], kind: str
) -> None:
    chosen = [samples(70_000, kind, seed) for seed in range(factors)]
    order = np.random.default_rng(5).permutation(70_000)
    merged = ExactSum.empty(factors)
    for rows in np.array_split(order, [1, 10_000, 10_000, 60_001]):
        merged = merged.merge(total(*(column[rows] for column in chosen)))
    assert merged == total(*chosen)


@given(columns, columns, columns)
def test_merging_is_associative_and_commutative_and_empty_is_its_identity(
    first: list[float], second: list[float], third: list[float]
) -> None:
    a, b, c = (ExactSum.of(array(values)) for values in (first, second, third))
    assert a.merge(b).merge(c) == a.merge(b.merge(c))
    assert a.merge(b) == b.merge(a)
    assert a.merge(ExactSum.empty()) == a == ExactSum.empty().merge(a)


def test_sums_of_different_numbers_of_factors_merge_to_their_sum_in_the_finer_units() -> None:
    one, two = ExactSum.of(array([0.75])), ExactSum.of_products(array([1e-200]), array([1e-200]))
    assert one.merge(two) == two.merge(one)
    assert one.merge(two).factors == 2
    assert one.merge(two).fraction == Fraction(3, 4) + Fraction(1e-200) ** 2


@pytest.mark.parametrize(("factors", "total"), SUMS)
def test_no_rows_sum_to_empty(factors: int, total: Callable[..., ExactSum]) -> None:
    assert total(*[array([])] * factors) == ExactSum.empty(factors)


def test_threads_do_not_disturb_each_other() -> None:
    chosen = [samples(65_536, "errors", seed) for seed in range(4)]
    expected = [ExactSum.of_products(column, column) for column in chosen]
    found: dict[int, list[ExactSum]] = {}

    def work(index: int) -> None:
        column = chosen[index]
        found[index] = [ExactSum.of_products(column, column) for _ in range(20)]

    threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found[index] == [expected[index]] * 20 for index in range(4))


# --- what comes in -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["with zeros", "float32", "any bits"])
@pytest.mark.parametrize(("factors", "total"), SUMS)
def test_columns_are_not_written_to(factors: int, total: Callable[..., ExactSum], kind: str) -> None:
    chosen = [samples(10_000, kind, seed) for seed in range(factors)]
    before = [column.tobytes() for column in chosen]
    for column in chosen:
        column.flags.writeable = False
    total(*chosen)
    assert [column.tobytes() for column in chosen] == before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("factors", "total"), SUMS)
def test_columns_need_not_lie_side_by_side_in_memory(
    factors: int, total: Callable[..., ExactSum], kind: str
) -> None:
    tables = [samples(30_000, kind, seed).reshape(10_000, 3) for seed in range(factors)]
    for take in (np.s_[:, 1], np.s_[::-2, 0]):
        assert total(*(table[take] for table in tables)) == total(*(table[take].copy() for table in tables))


@pytest.mark.parametrize("columns", [(np.zeros(2), np.zeros(3)), (np.zeros(2), np.zeros((2, 1)))])
def test_columns_of_different_lengths_are_refused(columns: tuple[Floats, Floats]) -> None:
    with pytest.raises(ValueError, match="one length"):
        ExactSum.of_products(*columns)


@pytest.mark.parametrize("dtype", ["f4", "i8", ">f8", "?"])
def test_columns_that_are_not_float64_are_refused(dtype: str) -> None:
    with pytest.raises(ValueError, match="float64"):
        ExactSum.of(np.zeros(2, dtype))


# --- rounding ------------------------------------------------------------------------------------


def nearest_double(value: Fraction) -> float:
    """By definition: the nearest multiple of the step between doubles there, half to even."""
    size = abs(value)
    power = size.numerator.bit_length() - size.denominator.bit_length()  # 2^(power-1) < size < 2^(power+1)
    if size < Fraction(2) ** power:
        power -= 1
    step = max(power - 52, -1074)
    steps = round(size / Fraction(2) ** step)  # Python rounds a fraction half to even
    sign = -1.0 if value < 0 else 1.0
    if steps * Fraction(2) ** step >= Fraction(2) ** 1024:
        return sign * math.inf
    return sign * math.ldexp(steps, step)


fractions = st.builds(
    lambda n, d, e: Fraction(n, d) * Fraction(2) ** e,
    st.integers(-(2**120), 2**120),
    st.integers(1, 2**120),
    st.integers(-1200, 1000),
)
ties = st.builds(
    lambda m, e: Fraction(2 * m + 1) * Fraction(2) ** e,  # half way between m and m + 1 steps
    st.one_of(st.integers(-(2**53), 2**53 - 1), st.integers(-9, 9)),
    st.one_of(st.integers(-1075, 970), st.just(-1075)),
)


@given(st.one_of(fractions, ties))
@example(Fraction(1, 2**1075))
@example(Fraction(3, 2**1075))
@example(Fraction(2**1024 - 2**970))
@example(Fraction(2**1024 - 2**970 - 1))
@example(Fraction(2**54 + 2))
@example(Fraction(2**54 + 6))
def test_a_fraction_is_rounded_once_half_to_even(value: Fraction) -> None:
    assert round_fraction(value) == nearest_double(value)


@given(columns)
def test_a_sum_is_rounded_once_half_to_even(values: list[float]) -> None:
    total = ExactSum.of(array(values))
    assert total.rounded() == nearest_double(sum(map(Fraction, values), Fraction(0)))


@given(columns)
def test_a_sum_rounds_as_the_one_of_the_standard_library(values: list[float]) -> None:
    try:
        expected = math.fsum(values)
    except OverflowError:  # raised for intermediate sums too
        assume(False)
    assert ExactSum.of(array(values)).rounded() == expected


def test_ties_go_to_the_even_double() -> None:
    assert ExactSum.of(array([2.0**53, 1.0])).rounded() == 2.0**53
    assert ExactSum.of(array([2.0**53, 2.0, 1.0])).rounded() == 2.0**53 + 4
    assert ExactSum.of(array([2.0**53, 1.0, SMALLEST])).rounded() == 2.0**53 + 2


def test_a_sum_beyond_the_range_is_infinite_and_may_come_back() -> None:
    assert ExactSum.of(array([GREATEST, GREATEST])).rounded() == math.inf
    assert ExactSum.of(array([-GREATEST, -GREATEST])).rounded() == -math.inf
    # Half a step beyond the greatest double rounds up, anything less stays.
    assert ExactSum.of(array([GREATEST, 2.0**970])).rounded() == math.inf
    assert ExactSum.of(array([GREATEST, 2.0**970, -SMALLEST])).rounded() == GREATEST


@pytest.mark.parametrize(
    ("counts", "expected"),
    [((2, 0, 0), math.inf), ((0, 1, 0), -math.inf), ((1, 1, 0), math.nan), ((0, 0, 1), math.nan)],
)
def test_infinite_terms_round_to_what_their_sum_is(counts: tuple[int, int, int], expected: float) -> None:
    assert ExactSum(7 << 1074, 1, *counts).rounded() == pytest.approx(expected, nan_ok=True)


@given(columns, columns, st.integers(1, 3), st.integers(1, 3))
def test_a_quotient_is_rounded_once(above: list[float], below: list[float], up: int, down: int) -> None:
    # A column of ones as the further factors leaves the value and changes the unit.
    totals = dict(SUMS)
    numerator = totals[up](array(above), *[np.ones(len(above))] * (up - 1))
    denominator = totals[down](array(below), *[np.ones(len(below))] * (down - 1))
    assume(denominator.units)
    expected = sum(map(Fraction, above), Fraction(0)) / sum(map(Fraction, below), Fraction(0))
    assert exact_quotient(numerator, denominator) == nearest_double(expected)


@given(columns, st.integers(1, 2**40))
def test_a_mean_is_rounded_once(values: list[float], count: int) -> None:
    expected = nearest_double(sum(map(Fraction, values), Fraction(0)) / count)
    assert exact_quotient(ExactSum.of(array(values)), count) == expected
    assert exact_quotient(ExactSum.of(array(values)), ExactSum.of_int(count)) == expected


def test_a_subnormal_quotient_is_rounded_once() -> None:
    # 3 * 2^-1074 / 2 is half way between one step and two: to the even one.  Twice rounded 5/2 would be 3.
    assert exact_quotient(ExactSum(3), 2) == 2 * SMALLEST
    assert exact_quotient(ExactSum(5), 2) == 2 * SMALLEST
    assert exact_quotient(ExactSum(1), 2) == 0.0
    assert exact_quotient(ExactSum(-(2**70) - 1), 2**71) == -SMALLEST


def test_a_quotient_beyond_the_range_is_infinite() -> None:
    one = ExactSum.of_int(1)
    assert exact_quotient(one, ExactSum(1)) == math.inf
    assert exact_quotient(ExactSum.of_int(-1), ExactSum(1)) == -math.inf
    assert exact_quotient(ExactSum.of_int(-1), ExactSum(-1)) == math.inf


def test_quotients_of_infinite_sums_are_those_of_ieee() -> None:
    infinite, two = ExactSum(0, positive=1), ExactSum.of_int(2)
    assert exact_quotient(infinite, -2) == -math.inf
    assert exact_quotient(infinite, two) == math.inf
    assert exact_quotient(two, infinite) == 0.0
    assert math.isnan(exact_quotient(infinite, infinite))
    assert math.isnan(exact_quotient(ExactSum(0, nan=1), two))


def test_a_denominator_of_zero_is_an_error() -> None:
    for numerator in (ExactSum.of_int(1), ExactSum.empty(2), ExactSum(0, positive=1)):
        with pytest.raises(ZeroDivisionError):
            exact_quotient(numerator, ExactSum.empty())
        with pytest.raises(ZeroDivisionError):
            exact_quotient(numerator, 0)


# --- JSON ----------------------------------------------------------------------------------------


@given(columns, st.integers(1, 3), st.tuples(*[st.integers(0, 2**40)] * 3))
def test_json_and_back_is_the_same_sum(
    values: list[float], factors: int, counts: tuple[int, int, int]
) -> None:
    plain = ExactSum.of(array(values))
    total = ExactSum(plain.units, factors, *counts)
    assert ExactSum.from_json(json.loads(json.dumps(total.to_json()))) == total
    assert pickle.loads(pickle.dumps(total)) == total


def test_json_says_the_value_as_a_number_times_a_power_of_two() -> None:
    assert ExactSum.of(array([0.75, -10.0])).to_json() == {"units": "-25", "exponent": -2, "factors": 1}
    assert ExactSum.empty(2).to_json() == {"units": "0", "exponent": -2148, "factors": 2}
    assert ExactSum(0, 1, 1, 0, 2).to_json() == {
        "units": "0",
        "exponent": -1074,
        "factors": 1,
        "positive": 1,
        "nan": 2,
    }


def test_json_is_short_for_usual_sums() -> None:
    column = samples(65_536, "squared errors")
    assert len(json.dumps(ExactSum.of(column).to_json())) < 100


@pytest.mark.parametrize(
    "change",
    [
        {"units": 5},
        {"units": "0x5"},
        {"units": "1_0"},
        {"units": ""},
        {"units": "5\n"},
        {"units": None},
        {"exponent": "0"},
        {"exponent": 0.0},
        {"exponent": -1075},
        {"exponent": 10**12},
        {"factors": 0},
        {"factors": 4},
        {"factors": True},
        {"nan": -1},
        {"positive": 1.0},
        {"negative": None},
        {"sum": 3},
    ],
)
def test_json_that_was_not_written_from_a_sum_is_refused(change: dict[str, object]) -> None:
    good = {"units": "5", "exponent": 0, "factors": 1}
    assert ExactSum.from_json(good) == ExactSum.of_int(5)
    with pytest.raises(ValueError, match="not an exact sum"):
        ExactSum.from_json(good | change)


def test_the_greatest_sums_survive_json() -> None:
    for factors, total in SUMS:
        greatest = total(*[np.full(3, GREATEST)] * factors)
        assert ExactSum.from_json(greatest.to_json()) == greatest


# --- the reference data of NIST ------------------------------------------------------------------


def correct_digits(found: mpmath.mpf, certified: str) -> float:
    """The log relative error, at most 15: certified values are printed with that many digits."""
    wanted = mpmath.mpf(certified)
    return 15.0 if found == wanted else min(15.0, float(-mpmath.log10(abs(found / wanted - 1))))


def in_many_digits(fraction: Fraction | int) -> mpmath.mpf:
    return mpmath.mpf(fraction.numerator) / fraction.denominator


def mean_and_deviation(column: Floats) -> tuple[mpmath.mpf, mpmath.mpf]:
    rows = len(column)
    first, second = ExactSum.of(column).fraction, ExactSum.of_products(column, column).fraction
    variance = (second - first**2 / rows) / (rows - 1)
    return in_many_digits(first / rows), mpmath.sqrt(in_many_digits(variance))


@pytest.mark.parametrize("name", UNIVARIATE)
def test_the_data_of_nist_are_as_published(name: str) -> None:
    given_set = UNIVARIATE[name]
    values = [Fraction(text) for text in given_set.observations]
    mean = sum(values, Fraction(0)) / len(values)
    lagged = sum((a - mean) * (b - mean) for a, b in itertools.pairwise(values))
    spread = sum(((value - mean) ** 2 for value in values), Fraction(0))
    with mpmath.workdps(50):
        assert correct_digits(in_many_digits(lagged / spread), given_set.autocorrelation) >= 14


@pytest.mark.parametrize("name", UNIVARIATE)
def test_mean_and_standard_deviation_agree_with_the_certified_values(name: str) -> None:
    given_set = UNIVARIATE[name]
    # In units of the last decimal place all observations are integers, which doubles hold exactly:
    # as printed, 10000000.1 is no double, and its rounding alone leaves eight digits of NumAcc4.
    places = max(len(text.partition(".")[2]) for text in given_set.observations)
    column = array([float(Fraction(text) * 10**places) for text in given_set.observations])
    with mpmath.workdps(50):
        mean, deviation = mean_and_deviation(column)
        scale = mpmath.mpf(10) ** places
        assert correct_digits(mean / scale, given_set.mean) >= 14
        assert correct_digits(deviation / scale, given_set.standard_deviation) >= 14


@pytest.mark.parametrize("name", UNIVARIATE)
def test_mean_and_standard_deviation_of_the_printed_numbers_are_those_of_their_doubles(name: str) -> None:
    doubles = [float(text) for text in UNIVARIATE[name].observations]
    with mpmath.workdps(400):  # ample for all bits of squares: nothing is rounded before the root
        mean = mpmath.fsum(doubles) / len(doubles)
        variance = mpmath.fsum((mpmath.mpf(x) - mean) ** 2 for x in doubles) / (len(doubles) - 1)
        found_mean, found_deviation = mean_and_deviation(array(doubles))
        assert mpmath.almosteq(found_mean, mean, rel_eps=1e-50)
        assert mpmath.almosteq(found_deviation, mpmath.sqrt(variance), rel_eps=1e-50)
        assert correct_digits(mean, UNIVARIATE[name].mean) >= 14
