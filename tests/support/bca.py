"""The interval of resamples, written down as the book has it."""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import norm


def bca(values, whole, without, level=0.95):
    """The ends of the interval as Efron & Tibshirani (1993), §14.3, have them; of the values some may be None."""
    side = (1 - level) / 2
    lost = sum(value is None for value in values)
    held = sorted(value for value in values if value is not None)
    below = (sum(v < whole for v in held) + (sum(v == whole for v in held) + lost) / 2) / len(values)
    z0 = norm.ppf(below)
    apart = np.mean(without) - np.array(without, dtype=float)
    a = (apart**3).sum() / (6 * (apart**2).sum() ** 1.5) if (apart != 0).any() else 0.0
    low, high = (norm.cdf(z0 + (z0 + z) / (1 - a * (z0 + z))) for z in norm.ppf([side, 1 - side]))
    # Of a rounding of the normal distribution the place must not hang.
    places = [math.floor((len(values) + 1) * share + 1e-9) - lost for share in (low, 1 - high)]
    return held[max(places[0], 1) - 1], held[-max(places[1], 1)]
