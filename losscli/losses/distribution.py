"""Losses of counts, positive amounts and whole distributions: deviances and negative log-likelihoods."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import partial
from typing import Literal

import numpy as np

from losscli.loss.declare import Column, Finished, Undefined, loss
from losscli.loss.domains import (
    NONNEGATIVE,
    POSITIVE,
    REAL,
    CompoundPower,
    Domain,
    NonNegative,
    SmallUnit,
    TweediePower,
)
from losscli.loss.elicits import MEAN, MEAN_AND_VARIANCE
from losscli.losses.moments import flat
from losscli.losses.stable import (
    entropy_gap,
    exp_fraction,
    expm1_gap,
    log_fraction,
    log_ratio,
    ratio_gap,
)
from losscli.numbers import double_double
from losscli.numbers.double_double import DoubleDouble
from losscli.numbers.error_free import two_difference, two_product
from losscli.numbers.joined import Deviances
from losscli.numbers.sums import Moments, Sums
from losscli.table.block import Mask

COUNT_SAMPLE = "sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv --pred pred"
MCCULLAGH = "McCullagh & Nelder (1989), Generalized Linear Models, §2.3"
JORGENSEN = "Jørgensen (1997), The Theory of Dispersion Models, ch. 4"
POWERS = {"ulps": "powers pass the rounding of logarithms on"}

of_amounts = partial(loss, label=POSITIVE, pred=POSITIVE, elicits=MEAN, sample=COUNT_SAMPLE)
of_counts = partial(of_amounts, label=NONNEGATIVE)


@of_counts(aliases=("mean_poisson_deviance",), reference=MCCULLAGH)
def poisson_deviance(label: Column, pred: Column) -> Column:
    """Deviance of counts under a Poisson law, in the unit of the label.

        surprise = label * log(label / pred) if label > 0 else 0
        2 * (surprise - label + pred)

    The loss for counts and rates: an error weighs by the size that was predicted, so 3 for 1 is as
    bad as 300 for 260 or so.  0 for a perfect prediction, which `poisson_nll` is not; the two rank
    models alike.  A label of 0 is fine, a prediction of 0 is not: it would rule every count out.

    Gradient by `pred`:

        2 * (pred - label) / pred

    >>> poisson_deviance(np.array([0.0, 1.0]), np.array([1.0, 1.0]))
    array([2., 0.])
    """
    return 2.0 * entropy_gap(label, pred)


def poisson_preds(*, log_input: bool, eps: float, **_: object) -> Mapping[str, Domain]:
    """Logs may be any number, rates are positive, or at least 0 where ``eps`` is added to them."""
    return {"pred": REAL if log_input else NONNEGATIVE if eps > 0.0 else POSITIVE}


@of_counts(
    aliases=("poisson_nll_loss", "poisson_nloglik", "poisson_log_loss"),
    best=None,
    narrows=poisson_preds,
    ulps=6.0,
    reference="Cameron & Trivedi (2013), Regression Analysis of Count Data, §3.2",
    exceptions={"ulps": "a likelihood with its constant is a sum of three"},
)
def poisson_nll(
    label: Column,
    pred: Column,
    *,
    full: Literal["none", "lgamma", "stirling"] = "none",
    log_input: bool = False,
    eps: SmallUnit = 0.0,
) -> Column:
    """Surprise at a count under a Poisson law, in nats, up to a constant.

        rate = exp(pred) if log_input else pred
        log_rate = pred if log_input else log(pred + eps) if label > 0 else 0
        constant = lgamma(label + 1) if full == "lgamma" else 0
        by_stirling = label * log(label) - label + log(2 * pi * label) / 2 if label > 1 else 0
        rate - label * log_rate + (by_stirling if full == "stirling" else constant)

    Ranks models as `poisson_deviance` does, which is easier to read, since 0 is perfect there.  The
    constant is added by ``full=lgamma``, or as torch has it by ``full=stirling``, for labels above 1.
    ``log_input`` takes the prediction as the log of the rate; ``eps`` is added inside the log, as
    torch (1e-8) and keras (1e-7) do, and lets rates be 0.

    Gradient by `pred`:

        exp(pred) - label if log_input else (pred + eps - label) / (pred + eps) if label > 0 else 1

    >>> poisson_nll(np.array([0.0, 5.0]), np.array([2.0, 1.0]))
    array([2., 1.])
    """
    # Of the greatest numbers the parts may overflow where the whole does not: a power of two changes no bit.
    root_of_scale = np.where((label > 2.0**1000) | (log_input & (pred > 700.0)), 2.0**-8, 1.0)
    scale = root_of_scale * root_of_scale
    count = label * scale
    if log_input:
        rate, rate_lost = double_double.scaled_exp(pred, root_of_scale)
        raised, raised_lost, logs = rate, rate_lost, (pred, np.zeros_like(pred))
    else:
        rate, rate_lost = pred * scale, np.zeros_like(pred)
        raised, raised_lost, logs = double_double.log_of_sum(pred, eps, label > 0.0)
        raised, raised_lost = raised * scale, raised_lost * scale
    part, part_lost = two_product(count, logs[0])
    plain = double_double.total(rate, -part, rate_lost - part_lost - count * logs[1])[0] / scale
    plain = np.where(np.isinf(rate), np.inf, plain)
    if full == "none":
        return plain
    # The constant cancels most of label * log(rate): what is left is a deviance, and a small rest.
    # Of a rate that all but vanishes the log is the better known, and nothing cancels.
    tiny = raised < 1e-290
    known = ~tiny & np.isfinite(raised)
    positive = np.where(known, raised, 1.0)
    slope = raised_lost - count * (raised_lost / positive)
    deviance = np.where(known, entropy_gap(count, positive) + slope, np.inf) / scale
    deviance -= 0.0 if log_input else eps
    own = label * (np.log(np.where(label > 0.0, label, 1.0)) - 1.0)
    deviance = np.where(tiny, plain + own, deviance)
    if full == "lgamma":
        below = plain + double_double.lgamma1p(np.minimum(label, 0.5))
        return np.where(label < 0.5, below, deviance + double_double.factorial_gap(label))
    above = label > 1.0
    rest = 0.5 * np.log(np.where(above, label, 1.0)) + double_double.HALF_LOG_2PI
    return np.where(above, deviance + rest, plain)


@of_amounts(aliases=("mean_gamma_deviance",), reference=MCCULLAGH)
def gamma_deviance(label: Column, pred: Column) -> Column:
    """Deviance of positive amounts under a gamma law, without a unit.

        2 * (log(pred / label) + label / pred - 1)

    The loss for amounts whose errors grow with their size, such as claims or durations: only the
    ratio of label and prediction counts, and too low a prediction is dearer than too high a one.
    It is a mean over the rows; LightGBM's metric of this name is their sum.

    Gradient by `pred`:

        2 * (pred - label) / pred**2

    >>> gamma_deviance(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([0.        , 0.61370564])
    """
    return 2.0 * ratio_gap(label, pred)


@of_amounts(aliases=("gamma_nll_loss", "gamma_nloglik"), best=None, reference=MCCULLAGH)
def gamma_nll(label: Column, pred: Column) -> Column:
    """Surprise at an amount under an exponential law of that mean, in nats.

        label / pred + log(pred)

    The gamma law's negative log-likelihood at dispersion 1, as XGBoost and LightGBM measure it.  It
    ranks models as `gamma_deviance` does, which is easier to read, since 0 is perfect there; this
    one moves with the unit of the label.

    Gradient by `pred`:

        (pred - label) / pred**2

    >>> gamma_nll(np.array([2.0, 3.0]), np.array([1.0, 1.0]))
    array([2., 3.])
    """
    logs = double_double.log_pair(pred)
    share, lost = double_double.quotient(label, pred)
    return double_double.total(share, logs[0], lost + logs[1])[0]


def tweedie_domains(*, power: float, **_: object) -> Mapping[str, Domain]:
    """What a power allows: a label of 0, or below, only where its law does."""
    if power == 0.0:
        return {"label": REAL, "pred": REAL}
    return {"label": REAL if power < 0.0 else NONNEGATIVE if power < 2.0 else POSITIVE, "pred": POSITIVE}


@loss(
    main="power",
    aliases=("mean_tweedie_deviance", "tweedie_deviance_score"),
    narrows=tweedie_domains,
    ulps=16.0,
    elicits=MEAN,
    reference=JORGENSEN,
    exceptions=POWERS | {"best": "below power 0 a label below 0 has no perfect prediction"},
    sample=COUNT_SAMPLE,
)
def tweedie_deviance(label: Column, pred: Column, *, power: TweediePower = 0.0) -> Column:
    """Deviance under a law whose variance is a power of its mean.

        a, b = 1 - power, 2 - power
        by_squares = (label - pred)**2 / 2
        by_counts = (label * log(label / pred) if label > 0 else 0) - label + pred if power == 1 else 0
        by_ratio = log(pred / label) + label / pred - 1 if power == 2 else 0
        others = power != 0 and power != 1 and power != 2
        x = label / pred if others else 1
        by_powers = pred**b * ((x**b if x > 0 else 0) - b * x + a) / (a * b) if others else 0
        2 * (by_squares if power == 0 else by_counts if power == 1 else by_ratio if power == 2 else by_powers)

    One loss for many laws: ``power`` 0 is `mse`, 1 `poisson_deviance`, 2 `gamma_deviance`, 3 the
    inverse Gaussian's; between 1 and 2 labels may be 0 and are otherwise positive, as the claims of
    many policies are.  The greater the power, the less an error counts where the prediction is high.

    Gradient by `pred`:

        2 * (pred - label) * pred**-power

    >>> tweedie_deviance(np.array([0.0, 4.0]), np.array([1.0, 1.0]), power=1.5)
    array([4., 4.])
    """
    if power == 0.0:
        error = pred - label
        return np.multiply(error, error, out=error)
    if power == 1.0:
        return 2.0 * entropy_gap(label, pred)
    if power == 2.0:
        return 2.0 * ratio_gap(label, pred)
    return 2.0 * _power_gap(label, pred, power)


def _power_gap(label: Column, pred: Column, power: float) -> Column:
    """The integral of (label - t) t**-power over t from pred to label."""
    one, two = two_difference(1.0, power), two_difference(2.0, power)
    a, b = one[0], two[0]
    below = label <= 0.0
    logs = log_ratio(np.where(below, pred, label), pred)
    nodes = np.stack((np.zeros_like(logs), logs, b * logs))
    wide = nodes.max(axis=0) - nodes.min(axis=0) > 1.0
    # Close by, its series, which begins with pred**b log(label / pred)**2 / 2.
    close = np.where(wide, 0.0, logs)
    root = _to_half(pred, two)
    gap = np.where(close == 0.0, 0.0, (root * (close * close * _divided(close, b * close))) * root)
    own, base, far = label[wide], pred[wide], logs[wide]
    # Farther off, the three powers; or two integrals, of t**-power and t**(1 - power), where one of the
    # factors 1 / a and 1 / b is so great that the powers cancel.
    first, second, third = _times(own, two, a, b), _times(base, one, -a, 1.0, own), _times(base, two, b, 1.0)
    gains = sum(np.maximum(term, 0.0) for term in (first, second, third))
    drops = sum(np.minimum(term, 0.0) for term in (first, second, third))
    whole = np.where(np.isinf(gains), np.inf, gains + drops)
    by_one = np.abs(a * far) <= 1.0
    by_two = np.abs(b * far) <= 1.0
    inner = np.where(by_one, _times(base, one, 1.0, 1.0, own) * np.expm1(a * far) / a, first * b + second)
    outer = np.where(by_two, _times(base, two, 1.0, 1.0) * np.expm1(b * far) / b, first * a - third)
    apart = np.where(np.isinf(inner), np.inf, inner - outer)
    gap[wide] = np.where(by_one | by_two, apart, whole)
    # A label of 0 or less has no power of its own, and its two terms have one sign.
    drop, rest = _times(pred[below], one, -a, 1.0, label[below]), _times(pred[below], two, b, 1.0)
    gap[below] = np.where(label[below] == 0.0, 0.0, drop) + rest
    return gap


def _to_half(base: Column, power: DoubleDouble) -> Column:
    """``base`` to half a power that is given in twice the digits."""
    root: Column = np.power(base, 0.5 * power[0])
    return root if power[1] == 0.0 else root * (1.0 + 0.5 * power[1] * np.log(base))


def _times(
    base: Column,
    power: DoubleDouble,
    first: Column | float,
    second: Column | float,
    factor: Column | float = 1.0,
) -> Column:
    """``factor * base**power / (first * second)``, by half powers: each step stays within the range."""
    root = _to_half(base, power)
    return (factor * root / first) * (root / second)


def _divided(x: Column, y: Column) -> Column:
    """The second divided difference of exp at 0, x and y, for numbers within 1 of one another."""
    # Sum over n of h(n) / (n + 2)!, with h the sum of the monomials of degree n in x and y.
    homogeneous, power = np.ones_like(x), np.ones_like(x)
    total, factor = np.full_like(x, 0.5), 0.5
    for n in range(1, 24):
        power = power * y
        homogeneous = homogeneous * x + power
        factor /= n + 2
        total += homogeneous * factor
    return total


@of_counts(
    main="power", aliases=("tweedie_nloglik",), best=None, ulps=8.0, reference=JORGENSEN, exceptions=POWERS
)
def tweedie_nll(label: Column, pred: Column, *, power: CompoundPower = 1.5) -> Column:
    """Surprise at an amount under a Tweedie law, up to the label's own part.

        label * pred**(1 - power) / (power - 1) + pred**(2 - power) / (2 - power)

    Ranks models as `tweedie_deviance` of that power does, which is 0 for a perfect prediction; this
    is what XGBoost, LightGBM and CatBoost call the Tweedie loss: half the deviance, without the part
    that no prediction changes.

    Gradient by `pred`:

        (pred - label) * pred**-power

    >>> tweedie_nll(np.array([0.0, 4.0]), np.array([1.0, 4.0]))
    array([2., 8.])
    """
    a, b = 1.0 - power, 2.0 - power
    powers = np.power(pred, a)
    first = label * powers
    # Of the least predictions the power alone would overflow.
    root = np.power(pred, 0.5 * a)
    first = np.where(np.isfinite(powers), first, (label * root) * root)
    return first / -a + np.power(pred, b) / b


def squares_over(label: Column, mean: Column, unit: Column, power: int, parts: float) -> DoubleDouble:
    """(label - mean)**2 / (unit**power * parts) as a pair; ``power`` is 1 for a variance, else 2."""
    # By a power of 2 near the unit, or near its root: no square overflows that the quotient does not.
    mantissa, exponent = np.frexp(unit)
    if power == 1:
        even = exponent + (exponent & 1) + 2
        share, exponent = np.ldexp(mantissa, exponent - even), even >> 1
    else:
        share = mantissa * 0.5
        share, exponent = share * share, exponent + 1
    # The greatest are made smaller before they are subtracted, the least greater after that.
    down = np.maximum(exponent, 0)
    apart, lost = two_difference(np.ldexp(label, -down), np.ldexp(mean, -down))
    up = down - exponent
    near = np.ldexp(apart, up)
    square, square_lost = two_product(near, near)
    if power == 2:
        share_near, share_lost = two_product(mantissa * 0.5, mantissa * 0.5)
    else:
        share_near, share_lost = share, np.zeros_like(share)
    found, found_lost = double_double.quotient(square, share_near * parts)
    small = (square_lost + 2.0 * near * np.ldexp(lost, up)) / (share_near * parts) - found * (
        share_lost / share_near
    )
    return found, found_lost + np.where(np.isfinite(found), small, 0.0)


def below_floor(label: Column, mean: Column, var: Column, *, eps: float, **_: object) -> Mask | None:
    """The rows with a variance below ``eps``."""
    below: Mask = var < eps
    return below


@loss(
    aliases=("gaussian_nll_loss", "normal_nll"),
    domains={"mean": REAL, "var": POSITIVE},
    best=None,
    touches={"floored": below_floor},
    elicits=MEAN_AND_VARIANCE,
    reference="Nix & Weigend (1994), doi:10.1109/ICNN.1994.374138",
    sample="sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv --pred mean=pred,var=pred_linear",
)
def gaussian_nll(
    label: Column, mean: Column, var: Column, *, full: bool = False, eps: NonNegative = 1e-6
) -> Column:
    """Surprise at the label under a normal law, in nats.

        v = max(var, eps)
        (log(v) + (label - mean)**2 / v) / 2 + (log(2 * pi) / 2 if full else 0)

    For models that say how sure they are: too small a variance is fined by the squares of the errors,
    too large a one by its log.  ``full`` adds what no prediction changes.  A variance below ``eps`` is
    raised to it, as torch does, and the row is counted as floored; ``eps=0`` leaves all as they are.
    `dss` is twice this without the constant, and takes the standard deviation.

    Gradient by `mean`:

        v = max(var, eps)
        (mean - label) / v

    Gradient by `var`:

        v = max(var, eps)
        (v - (label - mean)**2) / (2 * v**2) if var > eps else 0

    >>> gaussian_nll(np.array([0.0, 3.0]), np.array([0.0, 1.0]), np.array([1.0, 1.0]))
    array([0., 2.])
    """
    raised = np.maximum(var, eps)
    square, logs = squares_over(label, mean, raised, 1, 2.0), double_double.log_pair(raised)
    high, low = (double_double.HALF_LOG_2PI, double_double.HALF_LOG_2PI_LOST) if full else (0.0, 0.0)
    return double_double.total(square[0], 0.5 * logs[0], high, square[1] + 0.5 * logs[1] + low)[0]


@loss(
    aliases=("dawid_sebastiani", "dawid_sebastiani_score"),
    domains={"mean": REAL, "sd": POSITIVE},
    best=None,
    elicits="mean and standard deviation",
    reference="Dawid & Sebastiani (1999), doi:10.1214/aos/1018031101",
    sample="sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv --pred mean=pred,sd=pred_linear",
)
def dss(label: Column, mean: Column, sd: Column) -> Column:
    """Dawid-Sebastiani score of a predicted mean and standard deviation.

        ((label - mean) / sd)**2 + 2 * log(sd)

    Proper for every law that has these moments, normal or not, since it looks at no more of them.
    Twice `gaussian_nll` without a floor and a constant.

    Gradient by `mean`:

        -2 * (label - mean) / sd**2

    Gradient by `sd`:

        d = abs(label - mean)
        2 * (sd - d) * (sd + d) / sd**3

    >>> dss(np.array([0.0, 3.0]), np.array([0.0, 1.0]), np.array([1.0, 1.0]))
    array([0., 4.])
    """
    square, logs = squares_over(label, mean, sd, 2, 1.0), double_double.log_pair(sd)
    return double_double.total(square[0], 2.0 * logs[0], square[1] + 2.0 * logs[1])[0]


def bregman_domains(*, phi: str, **_: object) -> Mapping[str, Domain]:
    """Where the convex function is defined."""
    return {
        "xlogx": {"label": NONNEGATIVE, "pred": POSITIVE},
        "neglog": {"label": POSITIVE, "pred": POSITIVE},
    }.get(phi, {})


@loss(
    aliases=("bregman_divergence",),
    narrows=bregman_domains,
    ulps=8.0,
    elicits=MEAN,
    reference="Bregman (1967), doi:10.1016/0041-5553(67)90040-7",
    exceptions={"ulps": "an exponential of each side and their difference"},
)
def bregman(
    label: Column, pred: Column, *, phi: Literal["square", "xlogx", "neglog", "exp"] = "square"
) -> Column:
    """Gap at the label between a convex function and its tangent.

        entropy = (label * log(label / pred) if label > 0 else 0) - label + pred if phi == "xlogx" else 0
        ratio = label / pred - log(label / pred) - 1 if phi == "neglog" else 0
        growth = exp(label) - exp(pred) - exp(pred) * (label - pred) if phi == "exp" else 0
        square = (label - pred)**2
        square if phi == "square" else entropy if phi == "xlogx" else ratio if phi == "neglog" else growth

    These are the losses that the mean minimises, and no others are.  ``phi`` is the convex function:
    ``square`` gives `mse`, ``xlogx`` half of `poisson_deviance`, ``neglog`` (Itakura-Saito) half of
    `gamma_deviance`, ``exp`` a loss under which too low a prediction is far dearer than too high a one.

    Gradient by `pred`:

        bend = 2 if phi == "square" else 1 / pred if phi == "xlogx" else 1 / pred**2 if phi == "neglog" else
            exp(pred)
        bend * (pred - label)

    >>> bregman(np.array([3.0]), np.array([1.0]))
    array([4.])
    """
    if phi == "xlogx":
        return entropy_gap(label, pred)
    if phi == "neglog":
        return ratio_gap(label, pred)
    apart, lost = two_difference(label, pred)
    if phi == "square":
        return np.multiply(apart, apart, out=apart)
    return _exp_gap(label, pred, apart, lost)


def _exp_gap(label: Column, pred: Column, apart: Column, lost: Column) -> Column:
    """exp(label) less its tangent at pred."""
    # Half the exponent twice: the exponential may overflow where its product with a small gap does not.
    root = np.exp(0.5 * pred)
    close = apart < 2.0
    near = np.where(close, apart, 0.0)
    lost = np.where(close & np.isfinite(apart), lost, 0.0)
    gap = np.where(apart == 0.0, 0.0, (root * (expm1_gap(near) + np.expm1(near) * lost)) * root)
    tangent = (root * (1.0 + np.where(close, 0.0, apart))) * root
    return np.where(close, gap, np.exp(label) - np.where(np.isfinite(tangent), tangent, 0.0))


def deviances(
    label: Column, pred: Column, *, power: TweediePower = 0.0
) -> tuple[Column, Column, Column, Column, Column]:
    """Label and prediction, the deviance, and what that of the mean label is made of, in twice the digits."""
    return label, pred, tweedie_deviance(label, pred, power=power), *_own_part(label, power)


def _own_part(label: Column, power: float) -> DoubleDouble:
    """The part of the deviance that is the label's own: its square, y log y, log y, or a power."""
    if power == 0.0:
        return two_product(label, label)
    positive = label > 0.0
    logs = double_double.log_pair(np.where(positive, label, 1.0))
    if power == 2.0:
        return logs
    factor, rest = (label, 0.0) if power == 1.0 else two_difference(2.0, power)
    near, lost = two_product(factor, logs[0])
    lost += factor * logs[1] + rest * logs[0]
    if power == 1.0:
        return near, lost
    whole = double_double.exp_pair(near)
    return np.where(positive, whole[0], 0.0), np.where(positive, whole[1] + whole[0] * lost, 0.0)


@loss(
    task="regression",
    of=deviances,
    main="power",
    aliases=("d2_tweedie_score", "deviance_explained"),
    state="deviances",
    averages=("macro", "none"),
    narrows=tweedie_domains,
    better="higher",
    best=1.0,
    ulps=64.0,
    elicits=MEAN,
    reference="Hastie, Tibshirani & Wainwright (2015), Statistical Learning with Sparsity, §3.2",
    exceptions={
        "ulps": "near 0 it is what is left of 1, and of labels that hardly vary few digits are",
        "range": "infinite where the mean of the deviances is, as `tweedie_deviance` says",
        "best": "below power 0 a label below 0 has no perfect prediction",
    },
)
def d2_tweedie(deviances: Deviances, *, power: TweediePower = 0.0) -> Finished:
    """Share of the mean label's Tweedie deviance that is explained.

        n = sum(weight)
        mean = sum(w * y for y, f, w in rows) / n
        a, b = 1 - power, 2 - power
        middle = mean if power == 0 or mean > 0 else 1
        sums = [
            sum(
                w * (g - y)**2 / 2 if power == 0
                else w * ((y * log(y / g) if y > 0 else 0) - y + g) if power == 1
                else w * (log(g / y) + y / g - 1) if power == 2
                else w * ((y**b if y > 0 else 0) / (a * b) - y * g**a / a + g**b / b)
                for y, f, w in rows for g in [middle if flat else f]
            )
            for flat in (False, True)
        ]
        1 - sums[0] / sums[1] if sums[1] > 0 and (power == 0 or mean > 0) else -inf

    What `r2` is for squared errors, for counts (``power=1``), amounts (2) and what lies between: 1 is
    perfect, 0 is as good as always predicting the mean label.  With ``power=0`` it is `r2`.

    >>> d2_tweedie(Deviances.of(deviances(np.array([1.0, 3.0]), np.array([1.0, 2.0])), None))
    Fraction(1, 2)
    """
    moments: Moments = deviances.states[0]
    sums: Sums = deviances.states[1]
    if (undefined := flat(moments)) is not None:
        return undefined
    if power == 0.0:
        return 1 - moments.squared_error / moments.label_spread
    mean = moments.label_mean
    if mean <= 0:
        return Undefined("the mean label is not above 0: it has no deviance")
    if not all(total.finite for total in sums.totals):
        return Undefined("the deviance of a row exceeds the greatest double")
    deviance, high, low = sums.means
    log_mean = log_fraction(mean)
    b = 2 - Fraction(power)
    own, factor = high + low, Fraction(1)
    if power == 1.0:
        of_mean = mean * log_mean
    elif power == 2.0:
        own, of_mean = log_mean, own
    else:
        of_mean, factor = exp_fraction(Fraction(0), b * log_mean), (b - 1) * b
    # What is kept of the labels has some 22 digits: eight must be left.
    if abs(own - of_mean) < Fraction(1, 10**14) * (abs(own) + abs(of_mean)):
        return Undefined("the labels vary so little that the digits of their deviance are gone: see `r2`")
    return 1 - deviance * factor / (2 * (own - of_mean))
