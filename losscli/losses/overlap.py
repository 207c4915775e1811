"""Losses of overlap: predicted areas against true ones, from sums over the whole file."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import Literal

from losscli.loss.declare import Codes, Column, Columns, Finished, Undefined, loss
from losscli.loss.domains import BINARY, CLASSES, INDICATOR, UNIT, NonNegative, Positive
from losscli.losses.class_columns import by_class
from losscli.losses.stable import power_fraction, sqrt_fraction

Empty = Literal["zero", "one", "skip"]


def areas(label: Column, pred: Column) -> tuple[Column, Column, Column]:
    """Overlap, predicted area and true area of each row."""
    return label * pred, pred, label


of_areas = partial(loss, of=areas, per_class=True, label=BINARY, pred=UNIT)
of_all_areas = partial(
    loss,
    averages=("none",),
    pred=UNIT,
    reference="Sudre, Li, Vercauteren, Ourselin & Cardoso (2017), doi:10.1007/978-3-319-67558-9_28",
    sample="sample_data/iris.csv --pred 'p_*'",
)


def overlap_loss(part: Fraction, whole: Fraction, both: Fraction, smooth: float, empty: str) -> Finished:
    """1 - (part + smooth) / (whole + smooth); ``both`` is the sum of predicted and true area.

    Where that is 0, a mean over classes leaves the class out, and alone it is perfect by convention.
    """
    if both == 0:
        alone = Fraction(0) if empty == "zero" else None
        return (
            Fraction(1) if empty == "one" else Undefined("nothing is true and nothing predicted", True, alone)
        )
    over = whole + Fraction(smooth)
    if over == 0:
        return Undefined("no area counts under these weights")
    return 1 - (part + Fraction(smooth)) / over


@of_areas(
    aliases=("dice_loss", "soft_dice", "f1_loss"),
    elicits="the area where the class is more probable than half the best Dice coefficient",
    reference="Milletari, Navab & Ahmadi (2016), doi:10.1109/3DV.2016.79",
)
def dice(
    overlap: Fraction,
    predicted: Fraction,
    true: Fraction,
    *,
    smooth: NonNegative = 0.0,
    empty: Empty = "zero",
) -> Finished:
    """One minus the Dice coefficient of predicted and true area.

        overlap = sum(w * y * f for y, f, w in rows) / sum(weight)
        both = sum(w * (y + f) for y, f, w in rows) / sum(weight)
        over = both + smooth if both > 0 else 0
        convention = both == 0 and empty != "skip"
        (1 if empty == "one" else 0) if convention else 1 - (2 * overlap + smooth) / over

    Over the whole file.  Predictions are probabilities or 0 and 1; the rows where both are 0 do not count, so it suits rare
    classes.  Of several classes the mean over those that are there.  Nothing predicted where nothing
    is true is perfect alone, and no class in a mean: ``empty`` can make it 1, as keras does, or leave
    it out everywhere.  ``smooth`` pulls towards 0; it is in units of the mean area of a row.

    >>> dice(Fraction(1, 2), Fraction(1, 2), Fraction(1))
    Fraction(1, 3)
    """
    return overlap_loss(2 * overlap, predicted + true, predicted + true, smooth, empty)


@of_areas(
    aliases=("soft_jaccard", "jaccard_distance", "iou_loss"),
    elicits="the area where the class is more probable than the best Jaccard index over one plus it",
    reference="Rahman & Wang (2016), doi:10.1007/978-3-319-50835-1_22",
)
def jaccard_loss(
    overlap: Fraction,
    predicted: Fraction,
    true: Fraction,
    *,
    smooth: NonNegative = 0.0,
    empty: Empty = "zero",
) -> Finished:
    """One minus the Jaccard index of predicted and true area.

        overlap = sum(w * y * f for y, f, w in rows) / sum(weight)
        both = sum(w * (y + f) for y, f, w in rows) / sum(weight)
        over = both - overlap + smooth if both > 0 else 0
        convention = both == 0 and empty != "skip"
        (1 if empty == "one" else 0) if convention else 1 - (overlap + smooth) / over

    Overlap over union, for probabilities as for 0 and 1: of predicted classes it is one minus
    `jaccard`.  It ranks as `dice` does for one class, and is harder on poor overlap.  Conventions for
    classes without any area, ``empty``, and ``smooth`` as for `dice`.

    >>> jaccard_loss(Fraction(1, 2), Fraction(1, 2), Fraction(1))
    Fraction(1, 2)
    """
    return overlap_loss(overlap, predicted + true - overlap, predicted + true, smooth, empty)


@of_areas(
    aliases=("tversky_loss",),
    elicits="the area where the class is probable enough, more of it the smaller alpha is to beta",
    reference="Salehi, Erdogmus & Gholipour (2017), doi:10.1007/978-3-319-67389-9_44",
)
def tversky(
    overlap: Fraction,
    predicted: Fraction,
    true: Fraction,
    *,
    alpha: NonNegative = 0.5,
    beta: NonNegative = 0.5,
    smooth: NonNegative = 0.0,
    empty: Empty = "zero",
) -> Finished:
    """One minus the Tversky index, which weighs false alarms and misses.

        overlap = sum(w * y * f for y, f, w in rows) / sum(weight)
        alarms = sum(w * (1 - y) * f for y, f, w in rows) / sum(weight)
        misses = sum(w * y * (1 - f) for y, f, w in rows) / sum(weight)
        area = overlap + alarms + misses
        over = overlap + alpha * alarms + beta * misses + smooth if area > 0 else 0
        convention = area == 0 and empty != "skip"
        (1 if empty == "one" else 0) if convention else 1 - (overlap + smooth) / over

    False alarms weigh ``alpha``, misses ``beta``: both 1/2 give `dice`, both 1 `jaccard_loss`.  A greater ``beta`` finds more of a rare class, at the
    price of false alarms.  ``smooth`` and ``empty`` as for `dice`.

    >>> tversky(Fraction(1, 2), Fraction(1, 2), Fraction(1), alpha=0.25, beta=1.0)
    Fraction(1, 2)
    """
    whole = overlap + Fraction(alpha) * (predicted - overlap) + Fraction(beta) * (true - overlap)
    return overlap_loss(overlap, whole, predicted + true, smooth, empty)


@of_areas(
    aliases=("focal_tversky_loss",),
    elicits="the area where the class is probable enough, the same as `tversky` for one class",
    reference="Abraham & Khan (2019), doi:10.1109/ISBI.2019.8759329",
)
def focal_tversky(
    overlap: Fraction,
    predicted: Fraction,
    true: Fraction,
    *,
    alpha: NonNegative = 0.5,
    beta: NonNegative = 0.5,
    gamma: Positive = 0.75,
    smooth: NonNegative = 0.0,
    empty: Empty = "zero",
) -> Finished:
    """One minus the Tversky index, to the power ``gamma``.

        overlap = sum(w * y * f for y, f, w in rows) / sum(weight)
        alarms = sum(w * (1 - y) * f for y, f, w in rows) / sum(weight)
        misses = sum(w * y * (1 - f) for y, f, w in rows) / sum(weight)
        area = overlap + alarms + misses
        over = overlap + alpha * alarms + beta * misses + smooth if area > 0 else 0
        convention = area == 0 and empty != "skip"
        (1 if empty == "one" else 0) if convention else (1 - (overlap + smooth) / over)**gamma

    In a mean over classes a power below 1 gives more to classes that already overlap well, one above
    1 to those that do not.  The paper's gamma of 4/3 is the power 3/4 here, the default; the power 1
    gives `tversky`.

    >>> focal_tversky(Fraction(1, 2), Fraction(1), Fraction(1), gamma=2.0)
    0.25
    """
    value = tversky(overlap, predicted, true, alpha=alpha, beta=beta, smooth=smooth, empty=empty)
    return value if isinstance(value, Undefined) else power_fraction(Fraction(value), gamma)


def areas_of_classes(label: Codes, pred: Columns) -> tuple[Column, ...]:
    """Overlap, predicted and true area of each row, class after class."""
    return tuple(area for columns in by_class(label, pred) for area in areas(*columns))


def areas_of_labels(label: Columns, pred: Columns) -> tuple[Column, ...]:
    """Overlap, predicted and true area of each row, label after label."""
    return tuple(area for columns in by_class(label, pred) for area in areas(*columns))


@of_all_areas(
    of=areas_of_classes,
    label=CLASSES,
    aliases=("generalized_dice", "generalised_dice_loss", "generalized_dice_loss", "gdl"),
    elicits="areas whose overlap is great in every class, however rare",
)
def generalised_dice(*sums: Fraction, smooth: NonNegative = 0.0) -> Finished:
    """One minus a Dice coefficient of all classes, each weighed by its rarity.

        classes = range(len(pred[0]))
        true = [sum(w for y, f, w in rows if y == c) / sum(weight) for c in classes]
        factor = [1 / t**2 if t > 0 else 0 for t in true]
        overlap = [sum(w * f[c] for y, f, w in rows if y == c) / sum(weight) for c in classes]
        both = [t + sum(w * f[c] for y, f, w in rows) / sum(weight) for t, c in zip(true, classes)]
        part = 2 * sum(v * o for v, o in zip(factor, overlap)) + smooth
        1 - part / (sum(v * b for v, b in zip(factor, both)) + smooth)

    A class weighs the inverse square of its true area, so that a small one counts as much as a large
    one: one ratio for all classes, where `dice` is a mean of ratios.  A class that no label is of has
    no weight, and what is predicted of it costs nothing.

    >>> generalised_dice(Fraction(1, 4), Fraction(1, 2), Fraction(1, 2))
    Fraction(1, 2)
    """
    overlap = both = Fraction(0)
    for part, predicted, true in zip(sums[0::3], sums[1::3], sums[2::3], strict=True):
        if true:
            overlap += part / true**2
            both += (predicted + true) / true**2
    if both == 0:
        return Undefined("no class has a true area")
    return 1 - (2 * overlap + Fraction(smooth)) / (both + Fraction(smooth))


@of_all_areas(
    name="generalised_dice",
    of=areas_of_labels,
    label=INDICATOR,
    elicits="areas whose overlap is great for every label, however rare",
)
def generalised_dice_of_labels(*sums: Fraction, smooth: NonNegative = 0.0) -> Finished:
    """One minus a Dice coefficient of all labels, each weighed by its rarity.

        places = range(len(pred[0]))
        true = [sum(w * y[c] for y, f, w in rows) / sum(weight) for c in places]
        factor = [1 / t**2 if t > 0 else 0 for t in true]
        overlap = [sum(w * y[c] * f[c] for y, f, w in rows) / sum(weight) for c in places]
        both = [t + sum(w * f[c] for y, f, w in rows) / sum(weight) for t, c in zip(true, places)]
        part = 2 * sum(v * o for v, o in zip(factor, overlap)) + smooth
        1 - part / (sum(v * b for v, b in zip(factor, both)) + smooth)

    >>> generalised_dice_of_labels(Fraction(1, 4), Fraction(1, 2), Fraction(1, 2))
    Fraction(1, 2)
    """
    return generalised_dice(*sums, smooth=smooth)


@of_areas(
    aliases=("mcc_loss", "soft_matthews"),
    averages=("macro", "none"),
    elicits="the areas that share most with the label, at any scale",
    reference="Abhishek & Hamarneh (2021), doi:10.1109/ISBI48211.2021.9433782",
)
def soft_mcc(overlap: Fraction, predicted: Fraction, true: Fraction) -> Finished:
    """One minus the correlation of probabilities with the class, as mcc.

        n = sum(weight)
        overlap, predicted = sum(w * y * f for y, f, w in rows) / n, sum(w * f for y, f, w in rows) / n
        true = sum(w * y for y, f, w in rows) / n
        1 - (overlap - predicted * true) / sqrt(predicted * (1 - predicted) * true * (1 - true))

    `mcc` of counts in which a probability counts in part: from 0 to 2, and 1 for predictions that say
    nothing.  Unlike `dice` it minds true negatives.  Where all rows are of one class, or all predictions
    are 0 or all 1, it is not defined.

    >>> float(soft_mcc(Fraction(1, 2), Fraction(1, 2), Fraction(1, 2)))
    0.0
    """
    square = predicted * (1 - predicted) * true * (1 - true)
    if square == 0:
        return Undefined("all labels, or all predictions, are of one class", absent=not (predicted or true))
    shared = overlap - predicted * true
    correlation = sqrt_fraction(shared**2 / square)  # of a square, so that a perfect one is exactly 1
    return 1 - (correlation if shared > 0 else -correlation)
