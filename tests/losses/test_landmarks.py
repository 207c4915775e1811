"""The wing loss: what its paper says of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from losscli.losses.landmarks import wing


def test_it_is_a_logarithm_up_to_the_width_and_a_line_beyond() -> None:
    # Feng et al. (2018), equation 5, with w = 10 and ε = 2.
    error = np.array([0.0, 1.0, 9.0, 10.0, 12.5])
    rest = 10.0 - 10.0 * math.log(1.0 + 10.0 / 2.0)
    by_paper = [10.0 * math.log(1.0 + e / 2.0) if e < 10.0 else e - rest for e in error.tolist()]
    for sign in (1.0, -1.0):
        found = wing(np.zeros(5), sign * error, width=10.0, curvature=2.0)
        assert found.tolist() == pytest.approx(by_paper, rel=1e-15)


def test_just_beyond_the_width_an_error_is_not_rounded_away() -> None:
    # With a great curvature the logarithm is all but 0, and what counts is by how much the error is wider.
    found = wing(np.array([-1e-20]), np.array([1.0]), width=1.0, curvature=1e30)
    assert found.tolist() == [1.0000000001e-20]
