"""How the best constant prediction is computed: from a state of the labels, by the functional that a loss elicits."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from losscli.loss import elicits
from losscli.loss.domains import as_written
from losscli.loss.elicits import Functional
from losscli.measure.class_views import ClassesView
from losscli.measure.number_views import ColumnsView
from losscli.measure.plan import Measure, RowUnit
from losscli.numbers.confusion import Confusion
from losscli.numbers.exact import round_fraction
from losscli.numbers.extremes import Extremes
from losscli.numbers.sums import Moments, Sums
from losscli.numbers.values import Values
from losscli.table.cells import in_order

if TYPE_CHECKING:
    from losscli.table.block import Floats

Best: TypeAlias = dict[str, Any]
"""The best constant by role: a number, several of them, or a class."""


class NoConstant(Exception):
    """Why there is no best constant."""


def the_label(label: Any, **_: Any) -> Any:
    """The columns of the label, each by itself."""
    return tuple(label.T) if label.ndim == 2 else label


def its_log(label: Floats, **_: Any) -> Floats:
    """The log of 1 + label."""
    return np.log1p(label)


def twice(label: Any, **_: Any) -> tuple[Any, Any]:
    """The label as label and as prediction."""
    return label, label


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a best constant is computed: from a state of a function of the labels."""

    state: str
    rows: Callable[..., Any]
    best: Callable[[Any, RowUnit], Best]


def _mean(state: Sums, unit: RowUnit) -> Best:
    means = [round_fraction(mean) for mean in state.means]
    if dict(unit.params).get("log_input"):
        means = [_log(Fraction(mean)) for mean in means]
    return {"pred": _alone(means, unit)}


def _log_mean(state: Sums, unit: RowUnit) -> Best:
    return {"pred": math.expm1(round_fraction(state.means[0]))}


def _middle(state: Extremes, unit: RowUnit) -> Best:
    return {"pred": round_fraction((Fraction(state.lows[0]) + Fraction(state.highs[0])) / 2)}


def _mean_and_variance(state: Moments, unit: RowUnit) -> Best:
    return {
        "mean": round_fraction(state.label_mean),
        "var": round_fraction(state.label_spread / state.weight.fraction),
    }


def _median(state: Values, unit: RowUnit) -> Best:
    half = Fraction(1, 2)
    return {"pred": _alone([state.quantile(half, at) for at in range(state.columns)], unit)}


def _quantile(state: Values, unit: RowUnit) -> Best:
    return {"pred": state.quantile(as_written(dict(unit.params)["quantile"]))}


def _quantiles(state: Values, unit: RowUnit) -> Best:
    return {"pred": [state.quantile(as_written(level)) for level in dict(unit.params)["levels"]]}


def _ends(state: Values, unit: RowUnit) -> Best:
    outside = (1 - as_written(dict(unit.params)["level"])) / 2
    return {"lower": state.quantile(outside), "upper": state.quantile(1 - outside)}


def _alone(values: Sequence[float], unit: RowUnit) -> Any:
    pred = dict(unit.views)["pred"]
    return list(values) if isinstance(pred, ColumnsView) else values[0]


def _shares(state: Any, unit: RowUnit) -> list[Fraction]:
    """The share of label 1, of each label or of each class; drawn together where labels are smoothed."""
    if isinstance(state, Confusion):
        view = dict(unit.views)["label"]
        assert isinstance(view, ClassesView)
        weights, total = state.label_weights, state.weight.fraction
        shares = [weights.get(name, Fraction(0)) / total for name in view.names]
    else:
        shares = list(state.means)
    smoothing = dict(unit.params).get("label_smoothing")
    if smoothing:
        drawn = as_written(smoothing)
        shares = [share * (1 - drawn) + drawn / max(2, len(shares)) for share in shares]
    return shares


def _probabilities(state: Any, unit: RowUnit) -> Best:
    return {"pred": _alone([round_fraction(share) for share in _shares(state, unit)], unit)}


def _log_odds(state: Any, unit: RowUnit) -> Best:
    return {"pred": _alone([_log(share) - _log(1 - share) for share in _shares(state, unit)], unit)}


def _half_log_odds(state: Any, unit: RowUnit) -> Best:
    return {"pred": 0.5 * _log_odds(state, unit)["pred"]}


def _logs(state: Any, unit: RowUnit) -> Best:
    return {"pred": _alone([_log(share) for share in _shares(state, unit)], unit)}


def _log(share: Fraction) -> float:
    if share <= 0:
        raise NoConstant("the best constant is infinite, as some label is in no row or in all")
    return math.log(share.numerator) - math.log(share.denominator)


def _whether(state: Any, unit: RowUnit) -> Best:
    return {"pred": _alone([float(share > Fraction(1, 2)) for share in _shares(state, unit)], unit)}


def _sign(state: Sums, unit: RowUnit) -> Best:
    margin = dict(unit.params).get("margin", 0.0)
    if not margin:
        raise NoConstant("the best constant is 0, which says nothing")
    return {"pred": margin if state.means[0] > Fraction(1, 2) else -margin}


def _mode(state: Confusion, unit: RowUnit) -> Best:
    weights = state.label_weights
    most = max(weights.values())
    return {"pred": next(name for name in in_order(weights) if weights[name] == most)}


RECIPES: dict[Functional | str, Recipe] = {
    elicits.MEAN: Recipe("sums", the_label, _mean),
    elicits.SHIFTED_GEOMETRIC_MEAN: Recipe("sums", its_log, _log_mean),
    elicits.MIDRANGE: Recipe("extremes", the_label, _middle),
    elicits.MEAN_AND_VARIANCE: Recipe("moments", twice, _mean_and_variance),
    elicits.MEDIAN: Recipe("values", the_label, _median),
    elicits.COLUMN_MEANS: Recipe("sums", the_label, _mean),
    elicits.COLUMN_MEDIANS: Recipe("values", the_label, _median),
    elicits.QUANTILE: Recipe("values", the_label, _quantile),
    elicits.QUANTILES: Recipe("values", the_label, _quantiles),
    elicits.CENTRAL_INTERVAL: Recipe("values", the_label, _ends),
    elicits.PROBABILITY: Recipe("sums", the_label, _probabilities),
    elicits.LABEL_PROBABILITIES: Recipe("sums", the_label, _probabilities),
    elicits.LOG_ODDS: Recipe("sums", the_label, _log_odds),
    elicits.HALF_LOG_ODDS: Recipe("sums", the_label, _half_log_odds),
    elicits.LABEL_LOG_ODDS: Recipe("sums", the_label, _log_odds),
    elicits.LIKELY_LABELS: Recipe("sums", the_label, _whether),
    elicits.LIKELIER_SIGN: Recipe("sums", the_label, _sign),
    elicits.CLASS_PROBABILITIES: Recipe("confusion", twice, _probabilities),
    elicits.CLASS_LOG_PROBABILITIES: Recipe("confusion", twice, _logs),
    elicits.CLASS_LOGITS: Recipe("confusion", twice, _logs),
    elicits.CLASS_LOG_ODDS: Recipe("confusion", twice, _log_odds),
    elicits.MODE: Recipe("confusion", twice, _mode),
}
"""How the best constant is computed, by the functional that a loss elicits."""


def recipe(measure: Measure, unit: RowUnit) -> Recipe:
    """How the best constant of a unit is computed; NoConstant where none is worked out."""
    loss = measure.loss
    found = RECIPES.get(loss.elicits)
    if found is None or loss.keeps is not None:
        raise NoConstant("no best constant is worked out for it")
    if "scale" in loss.columns:
        raise NoConstant("no best constant is worked out for it")  # rows count by their scale as well
    if found.state == "confusion" and isinstance(dict(unit.views)["label"], ColumnsView):
        return replace(found, state="sums", rows=the_label)  # the label is shares of classes itself
    return found
