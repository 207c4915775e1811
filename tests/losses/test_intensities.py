"""Losses of intensities are those of the probabilities that follow from them."""

from __future__ import annotations

import numpy as np
import pytest

from losscli.losses.binary import log_loss
from losscli.losses.intensities import cross_entropy_lambda


def test_it_is_the_log_loss_of_the_probability_of_any_event() -> None:
    label = np.array([0.0, 1.0, 0.25, 1.0, 0.0])
    pred = np.array([0.1, 0.7, 2.0, 0.01, 3.0])
    by_chance = log_loss(label, -np.expm1(-pred))
    assert cross_entropy_lambda(label, pred).tolist() == pytest.approx(by_chance.tolist(), rel=1e-13)


def test_a_certain_event_that_is_rare_or_sure_keeps_its_digits() -> None:
    found = cross_entropy_lambda(np.array([1.0, 1.0]), np.array([1e-300, 50.0]))
    assert found.tolist() == [690.7755278982137, 1.9287498479639178e-22]
