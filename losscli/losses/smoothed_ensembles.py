"""Losses of ensembles whose members are smoothed by a Gaussian kernel."""

from __future__ import annotations

from decimal import Context, Decimal

import numpy as np

from losscli.loss.declare import Column, Columns
from losscli.loss.domains import Positive
from losscli.losses.ensembles import exponent_of, of_members, spread_of
from losscli.losses.log_scores import LN2, LN2_LOST, apart, constant, in_scales, scaled
from losscli.numbers.double_double import (
    HALF_LOG_2PI,
    HALF_LOG_2PI_LOST,
    DoubleDouble,
    exp_pair,
    log_of,
    log_of_exps,
    log_pair,
    over,
    sum_of,
    times,
    total,
)
from losscli.numbers.error_free import two_product
from losscli.table.block import Ints


@of_members(
    aliases=("gksuv_ensemble", "gaussian_kernel_score"),
    ulps=8.0,
    reference="Gneiting & Raftery (2007), doi:10.1198/016214506000001437",
    exceptions={"ulps": "the sums over the members round once a member"},
)
def kernel_score(label: Column, pred: Columns, *, bandwidth: Positive = 1.0) -> Column:
    """Score of an ensemble by a Gaussian kernel: only what is near counts.

        size = len(pred)
        apart = [(f - label) / bandwidth for f in pred]
        near = sum(exp(-e**2 / 2) for e in apart) / size
        pairs = sum(exp(-(f - g)**2 / (2 * bandwidth**2)) for f in pred for g in pred) / size**2
        (1 + pairs) / 2 - near

    As `crps_ensemble`, with 1 - exp(-e**2 / 2) in place of the distance: beyond a few bandwidths an error
    grows no more, so that wild rows do not decide.  It lies between 0 and 1, and is half the squared
    maximum mean discrepancy between the members and the label.

    Gradient by `pred[j]`:

        size = len(pred)
        away = [(f - label) / bandwidth * exp(-((f - label) / bandwidth)**2 / 2) for f in pred]
        (away[j] - sum((pred[j] - f) / bandwidth * exp(-((pred[j] - f) / bandwidth)**2 / 2) for f in pred)
            / size) / (size * bandwidth)

    >>> kernel_score(np.array([0.0, 0.0]), np.array([[0.0, 0.0], [1.0, 1.0]])).round(4)
    array([0.    , 0.3935])
    """
    unit = np.full_like(label, bandwidth)
    away = [in_scales(label, member, unit) for member in pred.T]
    near = np.maximum.reduce([size for size, _ in away]) <= 1.0
    signs = [np.where(member < label, -1.0, 1.0) for member in pred.T]
    found = np.empty_like(label)
    found[near] = _near_the_label([(sign[near] * e[near], sign[near] * low[near])
                                   for sign, (e, low) in zip(signs, away, strict=True)])  # fmt: skip
    far = ~near
    members, unit = [member[far] for member in pred.T], unit[far]
    gap = np.zeros_like(unit), np.zeros_like(unit)
    for at, member in enumerate(members):
        gap = sum_of(gap, *[_less_than_1(away[at][0][far], away[at][1][far])] * len(members))
        for other in members[:at]:
            lower = _less_than_1(*in_scales(member, other, unit))
            gap = sum_of(gap, (-lower[0], -lower[1]))
    found[far] = gap[0] / len(members) ** 2
    return found


def _near_the_label(away: list[DoubleDouble]) -> Column:
    """The score of members within a bandwidth of the label, by the kernel's Taylor series: no term is negative."""
    size = len(away)
    lower = [np.expm1(-0.5 * e * e) for e, _ in away]
    mean = sum(lower) / size
    # The first power in twice the digits, since members on both sides of the label cancel.
    first = total(
        *(e for e, _ in away),
        *(low for _, low in away),
        *(e * g for (e, _), g in zip(away, lower, strict=True)),
    )
    found, factor = mean * mean + (first[0] / size) ** 2, 1.0
    powers = [(1.0 + g) * e for (e, _), g in zip(away, lower, strict=True)]
    for k in range(2, 20):
        factor /= k
        powers = [power * e for power, (e, _) in zip(powers, away, strict=True)]
        mean = sum(powers) / size
        found = found + factor * mean * mean
    return 0.5 * found


def _less_than_1(near: Column, lost: Column) -> DoubleDouble:
    """``1 - exp(-e**2 / 2)`` of a distance."""
    close = near < 40.0
    e = np.where(close, near, 40.0), np.where(close, lost, 0.0)
    square = times(e, e)
    power = exp_pair(-0.5 * square[0], -0.5 * square[1])
    return total(1.0, -power[0], -power[1])


@of_members(
    best=None,
    elicits="members drawn from the law of the label",
    reference="Jordan, Krüger & Lerch (2019), doi:10.18637/jss.v090.i12; Scott (1992), doi:10.1002/9780470316849",
)
def logs_ensemble(label: Column, pred: Columns, *, bandwidth: Positive | None = None) -> Column:
    """Surprise at the label under a smoothed ensemble, in nats.

        size = len(pred)
        mean = sum(pred) / size
        sd = sqrt(sum((f - mean)**2 for f in pred) / max(size - 1, 1))
        order = sorted(pred)
        after = [order[min(k // 4 + 1, size - 1)] - order[k // 4] for k in (size - 1, 3 * size - 3)]
        middle = order[(3 * size - 3) // 4] - order[(size - 1) // 4]
        middle = middle + ((3 * size - 3) % 4 * after[1] - (size - 1) % 4 * after[0]) / 4
        spread = min(sd, middle / 1.34) if middle > 0 else sd
        width = bandwidth if bandwidth else 1.06 * spread / size**(1 / 5)
        terms = [((label - f) / width)**2 / 2 for f in pred] if width > 0 else [0]
        logs = log(sum(exp(min(terms) - t) for t in terms) / size) if width > 0 else 0
        none = inf if width == 0 and min([abs(label - f) for f in pred]) > 0 else -inf
        min(terms) - logs + log(width) + log(2 * pi) / 2 if width > 0 else none

    Minus the log of the mean of normal densities about the members, each with the standard deviation
    ``bandwidth``: `logs_mixture` of members.  Without one it is Scott's rule, from the lesser of the
    members' standard deviation and their interquartile range over 1.34.  Few members tell little of a density:
    `crps_ensemble` needs none.  Members that are all equal are infinitely wrong or right.

    No gradient: the slope by a member changes with their order where the rule sets the bandwidth.

    >>> logs_ensemble(np.array([0.0]), np.array([[0.0, 0.0]]), bandwidth=1.0)
    array([0.91893853])
    """
    if bandwidth is None:
        square, exponent = _square_of_rule(label, pred)
    else:
        share, exponent = np.frexp(np.full_like(label, bandwidth))
        square = two_product(share, share)
    varied = square[0] > 0.0
    square = np.where(varied, square[0], 1.0), np.where(varied, square[1], 0.0)
    terms = []
    for member in pred.T:
        distance, unit = apart(label, member)
        # Half the distance, whose square fits where the term does.
        shift = np.frexp(unit)[1] - 2 - exponent
        e = np.ldexp(distance[0], shift), np.ldexp(distance[1], shift)
        terms.append(over(times(e, e), (0.5 * square[0], 0.5 * square[1])))
    logs = log_of(square)
    found = sum_of(
        log_of_exps(terms),
        (0.5 * logs[0], 0.5 * logs[1]),
        scaled(exponent.astype(np.float64), constant(label, LN2, LN2_LOST)),
        log_pair(np.full_like(label, pred.shape[1])),
        constant(label, HALF_LOG_2PI, HALF_LOG_2PI_LOST),
    )[0]
    hit = (pred == label[:, None]).any(axis=1)
    return np.where(varied, found, np.where(hit, -np.inf, np.inf))


def _square_of_rule(label: Column, pred: Columns) -> tuple[DoubleDouble, Ints]:
    """The square of the bandwidth by Scott's rule, over a power of two of which the second is the root's."""
    size = pred.shape[1]
    order = np.sort(pred.T, axis=0)
    places = [divmod(k, 4) for k in (size - 1, 3 * size - 3)]
    ends = [(order[at], order[at + (rest > 0)], rest) for at, rest in places]
    few, every = exponent_of(*(end for pair in ends for end in pair[:2])), exponent_of(*pred.T)
    # Four times the interquartile range, whose unit may be smaller by far than that of the members at the ends.
    parts: list[Column] = []
    for sign, (one, other, rest) in zip((-1.0, 1.0), ends, strict=True):
        parts += two_product(sign * (4.0 - rest), np.ldexp(one, -few))
        parts += two_product(sign * rest, np.ldexp(other, -few))
    middle = total(*parts)
    wide = over(times(middle, middle), constant(label, *_pair_of("28.7296")))  # (4 * 1.34)**2
    variance = spread_of(label, pred, every).variance
    lesser = np.ldexp(wide[0], 2 * (few - every)) < variance[0]
    lesser &= middle[0] > 0.0
    spread = np.where(lesser, wide[0], variance[0]), np.where(lesser, wide[1], variance[1])
    rule = _pair_of(Context(prec=50).power(size, Decimal("-0.4")) * Decimal("1.1236"))  # 1.06**2
    return times(spread, constant(label, *rule)), np.where(lesser, few, every)


def _pair_of(number: str | Decimal) -> tuple[float, float]:
    """A decimal number as a pair."""
    near = float(number)
    return near, float(Decimal(number) - Decimal(near))
