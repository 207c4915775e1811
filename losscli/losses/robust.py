"""Losses that bound the influence of outliers, and asymmetric losses."""

from __future__ import annotations

from functools import partial
from typing import Literal

import numpy as np

from losscli.loss.declare import Column, loss
from losscli.loss.domains import NonNegative, NonZero, OpenUnit, Positive, Real, UpToTwo, surely_finite
from losscli.losses.stable import absolute_error, error_in, expm1_gap_share, halves, log1p_gap_share, product
from losscli.numbers.error_free import two_difference, two_product

bounded_loss = partial(loss, elicits="near the mode of the labels")
"""For losses that hardly rise, or do not rise, for wild rows."""
insensitive_loss = partial(
    loss, lengths=("eps",), reference="Vapnik (1995), The Nature of Statistical Learning Theory"
)
"""For losses of what an error exceeds a tolerance by."""


def lengths(label: Column, pred: Column, scale: float) -> Column:
    """The absolute error in units of ``scale``."""
    error = error_in(scale, label, pred)
    return np.abs(error, out=error)


@loss(
    main="delta",
    aliases=("huber_loss",),
    elicits="between the median (small delta) and the mean (large delta)",
    reference="Huber (1964), doi:10.1214/aoms/1177703732",
)
def huber(label: Column, pred: Column, *, delta: Positive = 1.0) -> Column:
    """Squared near zero, linear beyond ``delta``.

        e = abs(pred - label)
        e**2 / 2 if e <= delta else delta * (e - delta / 2)

    Use it where most errors are small and some rows are wild; ``delta``, in the unit of the label,
    is the error from which a row counts as wild.  `smooth_l1` is this divided by its threshold.

    Gradient by `pred`:

        e = abs(pred - label)
        pred - label if e <= delta else delta * sign(pred - label)

    >>> huber(np.array([0.0, 0.0]), np.array([0.5, 3.0]))
    array([0.125, 2.5  ])
    """
    error = pred - label
    np.abs(error, out=error)
    far = None if surely_finite(error) else np.isinf(error)
    inner = np.minimum(error, delta)
    error -= 0.5 * inner
    np.multiply(inner, error, out=error)
    if far is not None:
        error[far] = delta * (halves(label[far], pred[far]) - 0.25 * delta) * 2.0
    return error


@loss(
    aliases=("smooth_l1_loss",),
    homogeneous=1,
    lengths=("beta",),
    elicits="between the median (small beta) and the mean (large beta)",
    reference="Girshick (2015), doi:10.1109/ICCV.2015.169",
)
def smooth_l1(label: Column, pred: Column, *, beta: NonNegative = 1.0) -> Column:
    """Absolute error, rounded off near zero, in the unit of the label.

        e = abs(pred - label)
        e**2 / (2 * beta) if e < beta else e - beta / 2

    `huber` divided by its threshold: the slope far out is 1 whatever ``beta`` is, and with ``beta=0``
    it is `mae`.  An error of 3 with threshold 2 costs 2 here and 4 there.

    Gradient by `pred`:

        e = abs(pred - label)
        (pred - label) / beta if e < beta else sign(pred - label)

    >>> smooth_l1(np.array([0.0, 0.0]), np.array([0.5, 3.0]))
    array([0.125, 2.5  ])
    """
    error = pred - label
    np.abs(error, out=error)
    if beta == 0.0:
        return error
    inner = np.minimum(error, beta)
    error -= inner
    error += 0.5 * inner
    inner /= beta
    return np.multiply(inner, error, out=error)


@loss(
    aliases=("mphe", "huber_loss_pseudo", "pseudo_huber_loss"),
    elicits="between the median (small delta) and the mean (large delta)",
    reference="Charbonnier, Blanc-Féraud, Aubert & Barlaud (1997), doi:10.1109/83.551699",
)
def pseudo_huber(label: Column, pred: Column, *, delta: Positive = 1.0) -> Column:
    """Squared near zero, nearly linear beyond ``delta``, smooth throughout.

        e = pred - label
        e**2 / (sqrt(1 + (e / delta)**2) + 1)

    The same as delta² (sqrt(1 + (e/delta)²) - 1).  As `huber`, without the seam: half the squared error
    near zero, ``delta`` times the error far out, less a constant.  All derivatives exist.

    Gradient by `pred`:

        (pred - label) / sqrt(1 + ((pred - label) / delta)**2)

    >>> pseudo_huber(np.array([0.0, 0.0]), np.array([0.0, 0.75]))
    array([0.  , 0.25])
    """
    error = pred - label
    np.abs(error, out=error)
    inner, outer = np.minimum(error, delta), np.maximum(error, delta)
    # e²d / (sqrt(e² + d²) + d), with both divided by the greater one: no square overflows or vanishes.
    ratio = inner / outer
    far = np.isinf(error)
    half = halves(label[far], pred[far])
    ratio[far] = 0.5 * delta / half
    below = np.sqrt(1.0 + ratio * ratio)
    below += np.where(error > delta, ratio, 1.0)
    error /= below
    np.multiply(inner, error, out=error)
    error[far] = delta * (half / below[far]) * 2.0
    return error


@loss(
    best=None,
    homogeneous=1,
    lengths=("eps",),
    elicits="near the median",
    reference="Charbonnier, Blanc-Féraud, Aubert & Barlaud (1994), doi:10.1109/ICIP.1994.413553",
)
def charbonnier(label: Column, pred: Column, *, eps: NonNegative = 0.001) -> Column:
    """Absolute error made smooth at zero, in the unit of the label.

        sqrt((pred - label)**2 + eps**2)

    The absolute error for errors well above ``eps``; a perfect row costs ``eps``, not 0.
    `pseudo_huber` is the same curve scaled and moved to begin at 0.

    Gradient by `pred`:

        (pred - label) / sqrt((pred - label)**2 + eps**2)

    >>> charbonnier(np.array([0.0, 0.0]), np.array([0.0, 3.0]), eps=4.0)
    array([4., 5.])
    """
    return np.hypot(pred - label, eps)


@loss(
    aliases=("logcosh", "log_cosh_error"),
    elicits="between the median and the mean",
    reference="Green (1990), doi:10.1109/42.52985",
)
def log_cosh(label: Column, pred: Column) -> Column:
    """Log cosh of the error: squared near zero, linear beyond 1.

        e = abs(pred - label)
        e + log1p(exp(-2 * e)) - log(2)

    Half the squared error below about 1, the absolute error less 0.69 above: `pseudo_huber` with a
    threshold that is 1 in the unit of the label, whatever that is, so bring the labels to a sensible
    unit first.

    Gradient by `pred`:

        tanh(pred - label)

    >>> log_cosh(np.array([0.0, 0.0]), np.array([0.0, 1000.0]))
    array([  0.        , 999.30685282])
    """
    error = pred - label
    np.abs(error, out=error)
    # Near zero the terms of the definition cancel; far out sinh overflows.
    half = np.sinh(0.5 * np.minimum(error, 2.0))
    near = np.log1p(2.0 * half * half)
    far = error - np.log(2.0)
    far += np.log1p(np.exp(-2.0 * error))
    return np.where(error < 2.0, near, far)


@loss(
    aliases=("fair_loss",),
    elicits="between the median (small scale) and the mean (large scale)",
    reference="Fair (1974), On the robust estimation of econometric models, Annals of Economic and Social Measurement 3",
)
def fair(label: Column, pred: Column, *, scale: Positive = 1.0) -> Column:
    """Squared near zero, linear less a logarithm beyond ``scale``.

        u = abs(pred - label) / scale
        scale**2 * (u - log1p(u))

    It bends sooner and more slowly than `huber`: half the squared error only for errors far below
    ``scale``.  It has nothing to do with fairness: it is named for its author.

    Gradient by `pred`:

        (pred - label) / (1 + abs(pred - label) / scale)

    >>> fair(np.array([0.0, 0.0]), np.array([0.0, 1.0])).round(6)
    array([0.      , 0.306853])
    """
    error = pred - label
    np.abs(error, out=error)
    near = np.minimum(error, scale)
    part = error * near * log1p_gap_share(near / scale)
    # Beyond the scale the logarithm is a share of the line.
    u = np.clip(lengths(label, pred, scale), 1.0, 1.7976931348623157e308)
    line = np.where(u > 2.0, 1.0 - np.log1p(u) / u, u * log1p_gap_share(u))
    far = np.isinf(error)
    half = halves(label[far], pred[far])
    found = np.where(error > scale, error * line * scale, part)
    found[far] = half * line[far] * scale * 2.0
    return found


@bounded_loss(aliases=("lorentzian",), reference="Barron (2019), doi:10.1109/CVPR.2019.00446")
def cauchy(label: Column, pred: Column, *, scale: Positive = 1.0) -> Column:
    """Log of the squared error beyond ``scale``, without unit.

        u = (pred - label) / scale
        log1p(u**2 / 2)

    A row ten times as wild costs only 4.6 more: wild rows have hardly a say, but never none.  It is
    `barron:alpha=0`; others multiply it by ``scale**2 / 2`` and leave out the 2 inside.

    Gradient by `pred`:

        (pred - label) / (scale**2 + (pred - label)**2 / 2)

    >>> cauchy(np.array([0.0, 0.0]), np.array([0.0, 2.0])).round(6)
    array([0.      , 1.098612])
    """
    return _log1p_half_square(lengths(label, pred, scale), label, pred, scale)


def _log1p_half_square(u: Column, label: Column, pred: Column, scale: float) -> Column:
    square = u * u
    square *= 0.5
    logs = np.log1p(square, out=square)
    far = u > 1e150
    # The error is halved, since it may exceed the greatest double: log(u²/2) = 2 log(u/2) + log 2.
    half = np.log(halves(label[far], pred[far])) - np.log(scale)
    half = np.where(np.isfinite(u[far]), np.log(0.5 * u[far]), half)
    logs[far] = 2.0 * half + np.log(2.0)
    return logs


@bounded_loss(
    reference="Geman & McClure (1985), Bayesian image analysis; in the form of Barron (2019), doi:10.1109/CVPR.2019.00446"
)
def geman_mcclure(label: Column, pred: Column, *, scale: Positive = 1.0) -> Column:
    """Squared near zero, at most 2 for any row, without unit.

        z = ((pred - label) / scale)**2
        2 * z / (z + 4)

    An error of twice the ``scale`` costs 1, half of what the wildest can cost: wild rows are all but
    left out.  It is `barron:alpha=-2`.

    Gradient by `pred`:

        z = ((pred - label) / scale)**2
        (pred - label) / (scale * (1 + z / 4))**2

    >>> geman_mcclure(np.array([0.0, 0.0]), np.array([2.0, 1e300]))
    array([1., 2.])
    """
    u = lengths(label, pred, scale)
    near = np.minimum(u, 2.0)
    inverse = 2.0 / np.maximum(u, 2.0)
    return np.where(u > 2.0, 2.0 / (1.0 + inverse * inverse), 2.0 * near * near / (near * near + 4.0))


@bounded_loss(aliases=("leclerc",), reference="Dennis & Welsch (1978), doi:10.1080/03610917808812083")
def welsch(label: Column, pred: Column, *, scale: Positive = 1.0) -> Column:
    """Squared near zero, at most 1 for any row, without unit.

        z = ((pred - label) / scale)**2
        1 - exp(-z / 2)

    One less the height of a bell curve of width ``scale``: beyond three times the scale all errors
    cost the same.  It is the limit of `barron` as alpha falls without end.

    Gradient by `pred`:

        z = ((pred - label) / scale)**2
        exp(-z / 2) * (pred - label) / scale**2

    >>> welsch(np.array([0.0, 0.0]), np.array([0.0, 9.0]))
    array([0., 1.])
    """
    u = lengths(label, pred, scale)
    return 0.0 - np.expm1(-0.5 * u * u)


@bounded_loss(
    aliases=("biweight", "bisquare", "tukey_biweight"),
    reference="Beaton & Tukey (1974), doi:10.1080/00401706.1974.10489171",
)
def tukey(label: Column, pred: Column, *, scale: Positive = 4.685) -> Column:
    """Squared near zero, the same for all errors beyond ``scale``.

        e = pred - label
        z = (e / scale)**2
        e**2 / 2 * (1 - z + z**2 / 3) if z <= 1 else scale**2 / 6

    The same as scale²/6 (1 - (1 - z)³) up to ``scale``.  Rows beyond ``scale`` have no say in the best prediction at all.  With errors of a bell curve of
    width 1 the default loses 5% of the mean's efficiency.

    Gradient by `pred`:

        z = ((pred - label) / scale)**2
        (pred - label) * (1 - z)**2 if z <= 1 else 0

    >>> tukey(np.array([0.0, 0.0]), np.array([0.0, 100.0]), scale=6.0)
    array([0., 6.])
    """
    u = lengths(label, pred, scale)
    near = np.minimum(u, 0.7)
    square = near * near
    error = np.abs(pred - label)
    inner = 0.5 * error * (1.0 - square * (1.0 - square / 3.0)) * error
    # 1 - u² by factors: near 1 the square would be all rounding.
    outer = np.minimum(u, 1.0)
    left = (1.0 - outer) * (1.0 + outer)
    return np.where(u < 0.7, inner, scale * (1.0 - left * left * left) * (scale / 6.0))


@loss(
    aliases=("general_robust", "adaptive_robust", "general_adaptive_robust_loss"),
    ulps=8.0,
    elicits="mean (alpha=2), near the median (alpha=1), near the mode (below 0)",
    reference="Barron (2019), doi:10.1109/CVPR.2019.00446",
    exceptions={"ulps": "a square, a logarithm, an exponential and a power round one after another"},
)
def barron(label: Column, pred: Column, *, alpha: UpToTwo = 1.0, scale: Positive = 1.0) -> Column:
    """General robust loss: one family from squared to bounded, without unit.

        z = ((pred - label) / scale)**2
        b = abs(alpha - 2)
        safe = alpha if alpha != 0 else 1
        bent = b / safe * expm1(alpha / 2 * log1p(z / b)) if b > 0 else z / 2
        log1p(z / 2) if alpha == 0 else bent

    That is (b/alpha) ((z/b + 1)^(alpha/2) - 1) and its limits.  Half the squared error in units of
    ``scale`` near zero; ``alpha`` says how it goes on: 2 squared, 1
    as `pseudo_huber`, 0 `cauchy`, -2 `geman_mcclure`, and towards minus infinity `welsch`.  Above 2 it
    would not be robust, and is refused.

    Gradient by `pred`:

        z = ((pred - label) / scale)**2
        b = abs(alpha - 2)
        bent = (1 + z / b)**(alpha / 2 - 1) if b > 0 else 1
        bent * (pred - label) / scale**2

    >>> barron(np.array([0.0, 0.0]), np.array([0.0, 3.0]), alpha=2.0)
    array([0. , 4.5])
    """
    u = lengths(label, pred, scale)
    if abs(alpha) < 1e-20:
        return _log1p_half_square(u, label, pred, scale)
    square = u * u
    if alpha == 2.0:
        return 0.5 * square
    b = abs(alpha - 2.0)
    ratio = square / b
    half_alpha = 0.5 * alpha
    # The quotient alone may vanish where the product of the whole does not.
    exponent = np.where(ratio < 1e-17, (alpha / b) * (0.5 * square), half_alpha * np.log1p(ratio))
    far = u > 1e150
    logs = np.log(halves(label[far], pred[far])) - np.log(scale) + np.log(2.0)
    logs = np.where(np.isfinite(u[far]), np.log(u[far]), logs)
    exponent[far] = half_alpha * (2.0 * logs - np.log(b))
    bent = np.expm1(np.minimum(exponent, 1.0))
    # A large exponential would make much of the rounding of its exponent: there the power itself.
    steep = exponent > 1.0
    power = np.power(1.0 + ratio[steep], half_alpha)
    wide = far[steep]
    # By the root of the power, since that of the scale may exceed the greatest double.
    root = np.power(halves(label[steep][wide], pred[steep][wide]), half_alpha)
    units = u[steep][wide]
    root *= np.power(scale, -half_alpha) * np.power(2.0, half_alpha)
    root = np.where(np.isinf(units), root, np.power(units, half_alpha))
    power[wide] = root * np.power(b, -half_alpha) * root
    bent[steep] = power - 1.0
    return bent * (b / alpha)


@insensitive_loss(aliases=("epsilon_insensitive", "svr_loss"), homogeneous=1, elicits="near the median")
def eps_insensitive(label: Column, pred: Column, *, eps: NonNegative = 0.1) -> Column:
    """Absolute error beyond a tolerance, in the unit of the label.

        max(abs(pred - label) - eps, 0)

    The loss of support vector regression: errors up to ``eps`` cost nothing, so a whole band of
    predictions is perfect.

    Gradient by `pred`:

        sign(pred - label) if abs(pred - label) - eps > 0 else 0

    >>> eps_insensitive(np.array([0.0, 0.0]), np.array([0.25, 2.0]), eps=0.5)
    array([0. , 1.5])
    """
    return _beyond(label, pred, eps)


def _beyond(label: Column, pred: Column, eps: float) -> Column:
    """How far the error exceeds ``eps``, right to the last digits where it hardly does."""
    error, lost = absolute_error(label, pred)
    above, rest = two_difference(error, eps)
    above += rest + lost
    return np.maximum(above, 0.0) + 0.0  # no -0


@insensitive_loss(aliases=("squared_epsilon_insensitive",), homogeneous=2, elicits="near the mean")
def squared_eps_insensitive(label: Column, pred: Column, *, eps: NonNegative = 0.1) -> Column:
    """Squared error beyond a tolerance, in the squared unit of the label.

        max(abs(pred - label) - eps, 0)**2

    As `eps_insensitive`, with large errors as dear as in `mse`.

    Gradient by `pred`:

        2 * (abs(pred - label) - eps) * sign(pred - label) if abs(pred - label) - eps > 0 else 0

    >>> squared_eps_insensitive(np.array([0.0, 0.0]), np.array([0.25, 2.0]), eps=0.5)
    array([0.  , 2.25])
    """
    above = _beyond(label, pred, eps)
    return np.multiply(above, above, out=above)


E700 = 1.0142320547350045e304  # exp(700)


@loss(
    aliases=("mean_linex_error", "linear_exponential"),
    elicits="minus the log of the mean of exp(-shape * label), over shape",
    reference="Varian (1975); Zellner (1986), doi:10.1080/01621459.1986.10478289",
)
def linex(label: Column, pred: Column, *, shape: NonZero = 1.0, scale: Positive = 1.0) -> Column:
    """Linear on one side, exponential on the other.

        x = shape * (label - pred)
        scale * (exp(x) - x - 1)

    For errors that are dear on one side only.  With ``shape`` above 0 a prediction that is too low
    costs exponentially and one that is too high linearly; below 0 it is the other way.  Small errors
    cost half the square of ``shape`` times the error, on both sides.

    Gradient by `pred`:

        -scale * shape * expm1(shape * (label - pred))

    >>> linex(np.array([0.0, 0.0]), np.array([0.0, 1000.0]))
    array([  0., 999.])
    """
    short, lost = two_difference(label, pred)
    far = np.isinf(short)
    short[far] = 0.5 * label[far] - 0.5 * pred[far]
    twice = np.where(far, 2.0, 1.0)
    x = product(short, np.full_like(short, shape), twice)
    rest = _lost_by_product(short, shape, twice)
    rest += np.where(far, 0.0, lost * shape)
    # Beyond the range of exp nothing depends on it.
    rest = np.where((np.abs(x) < 2000.0) & np.isfinite(rest), rest, 0.0)
    near = np.clip(x, -1.0, 1.0)
    small = product(np.full_like(x, scale), near, near) * expm1_gap_share(near)
    # Below -1 the line has the say, and beyond the range of x it is the whole.
    down = np.minimum(x, -1.0)
    line = scale * ((-1.0 - down) + np.exp(down))
    steep = x < -1e20
    line[steep] = product(np.abs(short[steep]), np.full(int(steep.sum()), abs(shape)), scale * twice[steep])
    up = np.maximum(x, 1.0)
    rise = np.expm1(np.minimum(up, 40.0))
    rise = scale * ((rise - up) + rise * rest)
    high = up > 40.0
    rise[high] = _scaled_exp(up[high], scale) * (1.0 + rest[high])
    return np.where(near == x, small, np.where(x < 0.0, line, rise))


def _lost_by_product(short: Column, shape: float, twice: Column) -> Column:
    """What the rounding of ``short * shape * twice`` lost, where that is near the range of exp."""
    mantissa, exponent = np.frexp(short)
    factor, power = np.frexp(shape)
    scaled: Column = np.ldexp(two_product(mantissa, factor)[1], exponent + power) * twice
    return scaled


def _scaled_exp(x: Column, scale: float) -> Column:
    """``scale * exp(x)``, also where the exponential alone would overflow."""
    value = np.full(len(x), scale)
    for _ in range(2):
        over = x > 700.0
        value = np.where(over, value * E700, value)
        x = np.where(over, x - 700.0, x)
    return value * np.exp(x)


@loss(
    aliases=("mean_asymmetric_error",),
    elicits="depends on both sides: see their functions and penalties",
    reference="sktime, performance_metrics.forecasting.MeanAsymmetricError",
)
def asymmetric(
    label: Column,
    pred: Column,
    *,
    threshold: Real = 0.0,
    left: Literal["squared", "absolute"] = "squared",
    right: Literal["squared", "absolute"] = "absolute",
    left_penalty: Positive = 1.0,
    right_penalty: Positive = 1.0,
) -> Column:
    """A loss of its own for predictions that are too high, and for all others.

        d = label - pred
        over = left_penalty * (d**2 if left == "squared" else abs(d))
        under = right_penalty * (d**2 if right == "squared" else abs(d))
        over if d < threshold else under

    ``left`` counts where label - prediction lies below ``threshold``, ``right`` from there on.  With two
    different functions the unit is mixed: bring the labels to a unit in which 1 is a usual error.
    `expectile`, `pinball` and `linex` take sides with one unit.

    Gradient by `pred`:

        d = label - pred
        left_penalty * (-2 * d if left == "squared" else -sign(d)) if d < threshold
            else right_penalty * (-2 * d if right == "squared" else -sign(d))

    >>> asymmetric(np.array([0.0, 0.0]), np.array([3.0, -3.0]))
    array([9., 3.])
    """
    short, lost = two_difference(label, pred)
    over = (short < threshold) | ((short == threshold) & (lost < 0.0))
    np.abs(short, out=short)
    sides = []
    for form, penalty in ((left, left_penalty), (right, right_penalty)):
        factor = np.full_like(short, penalty)
        second = short if form == "squared" else np.ones_like(short)
        side = product(factor, short, second)
        far = np.isinf(short)
        # An error beyond the greatest double may still have a loss below it.
        half = halves(label[far], pred[far])
        second = half if form == "squared" else np.ones_like(half)
        side[far] = product(factor[far], half, second) * (4.0 if form == "squared" else 2.0)
        sides.append(side)
    return np.where(over, *sides)


@loss(
    main="level",
    aliases=("expectile_loss", "asymmetric_squared_error"),
    homogeneous=2,
    elicits="the expectile `level`",
    reference="Newey & Powell (1987), doi:10.2307/1911031",
)
def expectile(label: Column, pred: Column, *, level: OpenUnit = 0.5) -> Column:
    """Squared error with a weight for each side, in the label's unit squared.

        (level if label > pred else 1 - level) * (pred - label)**2

    The mean's `pinball`: above 0.5 predictions that are too low are dearer, and the best prediction
    lies above the mean.  At ``level=0.5`` it is half the squared error.

    Gradient by `pred`:

        2 * (level if label > pred else 1 - level) * (pred - label)

    >>> expectile(np.array([10.0, 10.0]), np.array([8.0, 12.0]), level=0.75)
    array([3., 1.])
    """
    error = pred - label
    return product(np.where(label > pred, level, 1.0 - level), error, error)
