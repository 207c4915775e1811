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
    difference = Rounded.of(one) - Rounded.of(other)
    assert difference.squares == 1.0
    again = difference - Rounded.of(np.array([0.0, 2.0**-41]))
    assert again.squares.tolist() == [2.0, 5.0]


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
