"""The two arithmetics of gradients: doubles with their roundings, and numbers in twice the digits."""

from __future__ import annotations

import numpy as np
import pytest
from definition import MP, WORDS, ulps_off

from losscli.loss.arrays import evaluate_rows
from losscli.loss.paired import FUNCTIONS as PAIRED
from losscli.loss.paired import Paired
from losscli.loss.rounded import FUNCTIONS as ROUNDED
from losscli.loss.rounded import Rounded

RNG = np.random.default_rng(8)
AROUND_ZERO = np.concatenate((RNG.uniform(-8, 8, 60), 10.0 ** RNG.uniform(-12, 0, 60)))
POSITIVE = np.abs(AROUND_ZERO)
MEANINGS = {
    "sqrt": (MP.sqrt, POSITIVE),
    "exp": (MP.exp, 40.0 * AROUND_ZERO),
    "expm1": (MP.expm1, AROUND_ZERO),
    "log": (MP.log, 1.0 + 0.1 * AROUND_ZERO),
    "log1p": (MP.log1p, 0.1 * AROUND_ZERO),
    "tanh": (MP.tanh, AROUND_ZERO),
    "sigmoid": (lambda x: 1 / (1 + MP.exp(-x)), 10.0 * AROUND_ZERO),
    "softplus": (lambda x: MP.log1p(MP.exp(x)), 4.0 * AROUND_ZERO),
    "erf": (MP.erf, AROUND_ZERO),
    "erfc": (WORDS["erfc"], AROUND_ZERO),
}
MEANT = pytest.mark.parametrize("name", MEANINGS)


def exactly(near, lost):
    return MP.mpf(float(near)) + MP.mpf(float(lost))


def test_both_arithmetics_have_the_same_functions():
    assert set(PAIRED) == set(ROUNDED) == {*MEANINGS, "sign"}


@MEANT
def test_a_function_in_twice_the_digits_passes_on_what_its_argument_lost(name):
    meaning, column = MEANINGS[name]
    lost = 2.0**-54 * column * RNG.uniform(-1, 1, len(column))
    found = Paired.call(name, Paired(column, lost))
    # Error functions are rounded as doubles are.
    most = 2.0**-50 if name in ("erf", "erfc") else 2.0**-62
    for at in range(len(column)):
        wanted = meaning(exactly(column[at], lost[at]))
        assert abs(exactly(found.near[at], found.lost[at]) - wanted) <= most * abs(wanted), column[at]


@MEANT
def test_the_squares_of_roundings_tell_how_far_a_function_of_a_rounded_number_may_lie(name):
    meaning, column = MEANINGS[name]
    third = Rounded.of(column) / Rounded.of(3.0)
    found = Rounded.call(name, third if name != "log" else third * Rounded.of(3.0))
    squares = np.broadcast_to(found.squares, len(column))
    for near, square, x in zip(found.near, squares, column, strict=True):
        wanted = meaning(MP.mpf(float(x)) / (1 if name == "log" else 3))
        assert abs(MP.mpf(float(near)) - wanted) <= 2 * MP.sqrt(MP.mpf(float(square))) * 2.0**-53 * abs(
            wanted
        )


def test_a_difference_of_inputs_is_rounded_once_and_one_of_what_was_rounded_by_what_is_left():
    one, other = np.array([3.0, 1.0]), np.array([1.0, 1.0 - 2.0**-40])
    assert (Rounded.of(one) - Rounded.of(other)).squares == 1.0
    power = Rounded.call("exp", Rounded.of(np.array([0.0, 0.0])))
    left = power - Rounded.of(np.array([0.5, 0.75]))
    assert left.squares.tolist() == [4.0 * power.squares + 1.0, 16.0 * power.squares + 1.0]


def test_a_sum_whose_terms_may_cancel_adds_what_they_lost_if_it_is_known():
    x, y = (Rounded.of(RNG.uniform(1, 2, 50)) for _ in range(2))
    found = x / y - x * y
    assert found.squares == 1.0
    for near, one, other in zip(found.near, x.near, y.near, strict=True):
        one, other = MP.mpf(float(one)), MP.mpf(float(other))
        assert ulps_off(float(near), one / other - one * other) <= 1.0


def test_a_sum_of_terms_of_one_sign_has_the_roundings_of_one_of_them():
    x, y = (Rounded.of(RNG.uniform(-1, 1, 50)) for _ in range(2))
    assert (x**2 + abs(y)).squares == (x**2).squares + 1.0


def test_numbers_that_are_the_same_in_all_rows_are_worked_out_in_twice_the_digits():
    third = Rounded.of(1.0) / Rounded.of(3.0)
    assert abs(exactly(third.near, third.rest()) - MP.mpf(1) / 3) <= 2.0**-106
    assert (3 * Rounded.of(0.25)).squares == 0.0


def test_a_function_adds_what_the_rounding_of_its_argument_lost():
    one, other = RNG.uniform(20, 30, 50), RNG.uniform(0, 1, 50)
    found = Rounded.call("exp", (Rounded.of(one) - Rounded.of(other)) / Rounded.of(3.0))
    assert found.squares == ROUNDED["exp"][1] ** 2
    for near, x, y in zip(found.near, one, other, strict=True):
        assert ulps_off(float(near), MP.exp((MP.mpf(float(x)) - MP.mpf(float(y))) / 3)) <= 1.5


def test_what_many_operations_lost_is_added_at_the_end():
    x, y = RNG.normal(0, 9, 500), RNG.normal(0, 9, 500)
    found = evaluate_rows("(x - y) / (1 + (x - y)**2)**3", {"x": x, "y": y}, {}, by=None)
    for near, one, other in zip(found, x, y, strict=True):
        apart = MP.mpf(float(one)) - MP.mpf(float(other))
        assert ulps_off(float(near), apart / (1 + apart**2) ** 3) <= 4.0


def test_rows_whose_terms_cancel_are_evaluated_in_twice_the_digits():
    x = np.array([1e-6, 0.5, 3.0])
    found = evaluate_rows("exp(x) - 1 - x", {"x": x}, {}, by=None)
    for near, cell in zip(found, x, strict=True):
        assert ulps_off(float(near), MP.expm1(MP.mpf(float(cell))) - MP.mpf(float(cell))) <= 4.0


@pytest.mark.parametrize("number", [Rounded, Paired])
def test_shares_of_scores_are_those_of_the_exact_differences(number):
    scores = [np.array([700.1]), np.array([690.2]), np.array([-3.3])]
    shares = number.softmax([number.of(score) for score in scores])
    exact = [MP.exp(MP.mpf(float(score[0]))) for score in scores]
    for share, power in zip(shares, exact, strict=True):
        assert ulps_off(float(share.near[0]), power / sum(exact)) <= 4.0
