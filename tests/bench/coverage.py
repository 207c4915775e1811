"""How often an interval of 95 % holds the value of the law that the rows are drawn from.

    python tests/bench/coverage.py [ROWS [DRAWS [normal|bootstrap]]]

It goes by the same functions as the command, from columns in memory; the goal is 93 to 97 % from 1000 rows on.
"""

from __future__ import annotations

import math
import sys

import numpy as np

from losscli.losses.families import find
from losscli.numbers.sums import Sums
from losscli.report.finish import finish, rounded
from losscli.statistics.bootstrap import Resampled
from losscli.statistics.intervals import IntervalSpec, estimate
from losscli.statistics.spread import Spread
from losscli.table.hashes import mixed


def _loss(name):
    return next(form for form in find(name) if form.state == "sums")


CASES = {
    # |t| with five degrees of freedom has the mean 2·√5·Γ(3) / (√π·Γ(5/2)·4)
    "mae of t5": (
        "mae",
        lambda rng, n: np.abs(rng.standard_t(5, n)),
        2 * math.sqrt(5) * math.gamma(3) / (math.sqrt(math.pi) * math.gamma(2.5) * 4),
    ),
    "mse of normal": ("mse", lambda rng, n: rng.normal(size=n) ** 2, 1.0),
    "mse of laplace": ("mse", lambda rng, n: rng.laplace(size=n) ** 2, 2.0),
    "rmse of normal": ("rmse", lambda rng, n: rng.normal(size=n) ** 2, 1.0),
    "rate of 1%": ("zero_one", lambda rng, n: (rng.random(n) < 0.01).astype(float), 0.01),
    "rate of 30%": ("zero_one", lambda rng, n: (rng.random(n) < 0.3).astype(float), 0.3),
}
"""The loss, how its rows are drawn, and its value under that law."""


def interval(loss, columns, spec):
    """The interval of some rows, as `eval --ci` gives it."""
    state = Sums.of(columns, None)
    value, _ = rounded(finish(loss, {}, state, str))
    if spec.method == "normal":
        return estimate(loss, {}, value, state, Spread.of(columns, None), spec).ci
    groups = mixed(np.arange(1, len(columns[0]) + 1, dtype=np.uint64)) >> np.uint64(56)
    met, codes = np.unique(groups, return_inverse=True)
    states = Sums.of(columns, None, None, codes, len(met))
    held = Resampled.of(
        len(met), [states], spec, lambda merged: {frozenset(): rounded(finish(loss, {}, merged[0], str))[0]}
    )
    return held.estimate({}, state, None).ci


def coverage(rows: int, draws: int, seed: int = 0, method: str = "normal") -> dict[str, float]:
    """The share of intervals that hold the value, by case."""
    rng, spec, found = np.random.default_rng(seed), IntervalSpec(method), {}
    for name, (loss_name, draw, truth) in CASES.items():
        loss, held = _loss(loss_name), 0
        for _ in range(draws):
            ci = interval(loss, [draw(rng, rows)], spec)
            held += ci is not None and ci["low"] <= truth <= ci["high"]
        found[name] = held / draws
    return found


if __name__ == "__main__":
    rows, draws, method = [*sys.argv[1:], *("1000", "4000", "normal")[len(sys.argv) - 1 :]]
    for name, share in coverage(int(rows), int(draws), method=method).items():
        print(f"{name:20s} {100 * share:6.2f} %")
