"""The scale of a series: the mean error of its seasonal naive forecast on the part that a model was trained on.

The naive forecast of a value is the value one season before it (Hyndman & Koehler, 2006,
doi:10.1016/j.ijforecast.2006.03.001).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from losscli.errors import UsageError
from losscli.loss.domains import Interval
from losscli.loss.spec import ParamValue
from losscli.numbers.grouped_sums import exact_sum, grouped
from losscli.table.block import Floats, Ints
from losscli.text import read_number, without_secrets

Errors: TypeAlias = Literal["absolute", "squared"]
PARAMS = ("train", "season")
"""The parameters of a loss whose scale may come from a training file: the file, and how many rows a season has."""
SEASON = Interval(low=1.0, whole=True)


def read_training(given: Mapping[str, str], name: str) -> dict[str, ParamValue]:
    """The values of these parameters of the loss ``name``, where they are given; UsageError where they do not fit."""
    if "train" not in given:
        if "season" in given:
            raise UsageError(
                f"`season` of `{name}` is that of a training file",
                hint=f"name it: `{name}:train=FILE,season=…`",
            )
        return {}
    if "scale" in given:
        raise UsageError(f"`{name}` has a scale from a column or from a training file, not from both")
    if (train := without_secrets(given["train"])) != given["train"]:
        raise UsageError(
            f"`{name}:train={train}` was given with a user, a password or a query",
            "a loss is shown with all its parameters, and those may be secret",
            "save the training file here first",
        )
    season = read_number(given.get("season", "1"))
    if season is None or season not in SEASON:
        raise UsageError(f"`season={given['season']}` of `{name}` is not in {SEASON}")
    return {"train": given["train"], "season": int(season)}


class Training(NamedTuple):
    """A training file, and how the scales of its series are made of it."""

    path: str
    season: int
    errors: Errors


def scales(values: Floats, series: Ints, count: int, training: Training) -> list[float | None]:
    """The scale of each of ``count`` series, whose values are in the order of time; None where it is too short.

    The errors are rounded, each to a double; their sum is exact, and the mean is rounded once.
    """
    order = np.argsort(series, kind="stable")
    values, series = values[order], series[order]
    season = training.season
    same = series[season:] == series[:-season]
    with np.errstate(over="ignore"):
        errors = np.abs(values[season:] - values[:-season])[same]
        errors = errors * errors if training.errors == "squared" else errors
    of = series[season:][same]
    pairs = np.bincount(of, minlength=count)
    sums = grouped(exact_sum(of, count, errors))
    return [
        sums.at(at).rounded() / pairs_of if pairs_of else None for at, pairs_of in enumerate(pairs.tolist())
    ]
