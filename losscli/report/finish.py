"""The value of one state, and of several averaged; or why there is none."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from losscli.loss.declare import Finished, Loss, Undefined
from losscli.loss.params import keywords_of
from losscli.losses.stable import sum_fractions
from losscli.numbers.exact import exact_quotient, round_fraction
from losscli.numbers.row_count import RowCount
from losscli.numbers.sums import Sums
from losscli.report.within import Within, approximated
from losscli.text import plural, visible

if TYPE_CHECKING:
    from losscli.numbers.queries import Queries

NO_ROW = "no row counts"
NOTHING_TO_RANK = "the query has nothing to rank"


def finish(
    loss: Loss, params: dict[str, Any], state: Any, row_name: Callable[[int], str]
) -> Finished | Within:
    """The value of a state: the mean of its rows, or what the loss's function makes of it."""
    if isinstance(state, Sums) and loss.state == "sums":
        if state.weight.units == 0:
            return Undefined(NO_ROW)
        if not all(total.finite for total in state.totals):
            return _infinite(state, row_name)
        if loss.is_mean:
            mean = exact_quotient(state.totals[0], state.weight)
            # Of squares beyond the doubles the sum is exact, and their mean may be within them.
            beyond = state.infinite and state.infinite.rows and rounded(mean)[0] is None
            return _infinite(state, row_name) if beyond else mean
        return loss.function(*state.means, **_own(loss, params))  # type: ignore[no-any-return]
    if loss.state == "queries" and state.weight.units:
        (value,) = values_by_query(loss, params, state)
        return Undefined(NOTHING_TO_RANK) if math.isnan(value) else value
    counted = loss.per_class and loss.state == "confusion"
    if not counted and state.weight.units == 0:
        return Undefined(NO_ROW)
    if loss.digits is not None and loss.approximate is not None:
        return approximated(loss, loss.approximate, state, _own(loss, params))
    return loss.function(state, **_own(loss, params))  # type: ignore[no-any-return]


def values_by_query(loss: Loss, params: dict[str, Any], state: Queries) -> list[float]:
    """The value of each query; NaN where the loss leaves it out."""
    found: list[float] = loss.function(state.rankings, **_own(loss, params)).tolist()
    return found


def _infinite(state: Sums, row_name: Callable[[int], str]) -> Undefined:
    """Why a state whose rows are infinite has no value."""
    infinite = state.infinite or RowCount()
    rows = plural(infinite.rows, "row is", "rows are")
    of = "the loss of" if infinite.rows == 1 else "the losses of"
    return Undefined(f"{of} {rows} infinite, first in {row_name(infinite.first)}")


def _own(loss: Loss, params: dict[str, Any]) -> dict[str, Any]:
    """The parameters that the finishing function takes."""
    return {name: value for name, value in params.items() if name in loss.own_params}


def rounded(finished: Finished | Within) -> tuple[float | None, str | None]:
    """The value as a double, or None and why there is none."""
    if isinstance(finished, Undefined):
        if finished.alone is None:
            return None, finished.why
        finished = finished.alone
    if isinstance(finished, Within):
        finished = finished.value
    value = round_fraction(finished) if isinstance(finished, Fraction) else float(finished)
    if not math.isfinite(value):
        return None, "the value exceeds the largest double"
    return value, None


def mean_of_parts(
    finished: Sequence[Finished | Within], weights: Sequence[Fraction], names: Sequence[dict[str, str]]
) -> tuple[Finished | Within, list[str]]:
    """The weighted mean of the parts' values; not defined where that of a part is not.

    A part that is not there, or weighs nothing, is left out; a note says so where it has no value.
    """
    terms: list[Fraction] = []
    held: list[Fraction] = []
    within: list[Within] = []
    left_out: dict[str, list[str]] = {}
    for value, factor, name in zip(finished, weights, names, strict=True):
        if isinstance(value, Undefined):
            kind, which = next(iter(name.items()))
            if not value.absent and factor:
                return Undefined(f"not defined for {kind} {which}: {value.why}"), []
            left_out.setdefault(kind, []).append(which)
            continue
        if isinstance(value, float) and not math.isfinite(value):
            return value, []
        if isinstance(value, Within):
            within.append(value)
            value = value.value
        terms.append(factor * Fraction(value))
        held.append(factor)
    notes = []
    for kind, absent in left_out.items():
        more = f" and {len(absent) - 3} more" if len(absent) > 3 else ""
        said = ", ".join(f"`{visible(one)}`" for one in absent[:3]) + more
        notes.append(f"the average leaves out {kind} {said}, where there is nothing to measure")
    weight = sum_fractions(held)
    if not weight:
        return Undefined("no part has anything to measure"), notes
    mean = sum_fractions(terms) / weight
    return Within.mean(mean, within, held) if within else mean, notes


def detail_of(loss: Loss, state: Any, params: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a picture of the result needs: the table of classes, the bins, or a curve."""
    if loss.detail is None:
        return None
    if loss.digits is not None:
        state = state.middle(loss.digits)
    return loss.detail(state, **{name: params[name] for name in keywords_of(loss.detail)})
