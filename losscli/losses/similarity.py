"""Losses of vectors, a row each: angles and distances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from losscli.loss.declare import Column, Columns, loss
from losscli.loss.domains import BINARY, NONZERO_VECTOR, REAL, Domain, SignedUnit
from losscli.loss.elicits import COLUMN_MEANS, COLUMN_MEDIANS
from losscli.numbers.double_double import DoubleDouble, quotient, total
from losscli.numbers.error_free import two_difference, two_product, two_sum
from losscli.table.block import Ints, Mask

VECTORS = "sample_data/digits_facts.csv --pred 'p_*' --label 'y_*'"
Zero = Literal["error", "one", "zero", "skip"]
SALTON = "Salton & McGill (1983), Introduction to Modern Information Retrieval, §6.3"
COLUMN_BY_COLUMN = {"ulps": "the sums over the columns round once a column"}


def to_size_one(vectors: Columns) -> tuple[Columns, Ints]:
    """Each row by the power of two that brings its greatest entry between 1/2 and 1, and that power."""
    _, exponent = np.frexp(np.abs(vectors).max(axis=1, initial=0.0))
    return np.ldexp(vectors, -exponent[:, None]), exponent


def dot(one: Columns, other: Columns) -> tuple[Column, Column]:
    """The scalar product of each row in twice the digits: it may come out near zero."""
    near, low = np.zeros(len(one)), np.zeros(len(one))
    # Column by column: what NumPy's own sums round depends on the shape of the block.
    for x, y in zip(one.T, other.T, strict=True):
        part, lost = two_product(x, y)
        near, rounding = two_sum(near, part)
        low += lost + rounding
    return near, low


def cosine_gap(one: Columns, other: Columns) -> Column:
    """1 - cos of the angle between two vectors that are not zero, right for the smallest angles too."""
    one, other = to_size_one(one)[0], to_size_one(other)[0]
    first, second, both = (sum(dot(*pair)) for pair in ((one, one), (other, other), (one, other)))
    cosine = both / (np.sqrt(first) * np.sqrt(second))
    # The second vector less the multiple of the first that cancels it where the first is greatest: each
    # entry is a determinant, right to its last digits, and 0 throughout for vectors of one direction.
    rows, greatest = np.arange(len(one)), np.abs(one).argmax(axis=1)
    pivot, against = one[rows, greatest], other[rows, greatest]
    left = np.empty((one.shape[1], len(one)))
    along = np.zeros(len(one))
    for place, (x, y) in enumerate(zip(one.T, other.T, strict=True)):
        (part, part_lost), (rest, rest_lost) = two_product(y, pivot), two_product(against, x)
        near, lost = two_difference(part, rest)
        left[place] = (near + (lost + (part_lost - rest_lost))) / pivot
        along += left[place] * x
    # What of that is across the first is to the second as the sine is to 1.
    share = along / first
    across = np.zeros(len(one))
    for place, x in enumerate(one.T):
        here = left[place] - share * x
        across += here * here
    gap = across / second / (1.0 + cosine)
    found: Column = np.where(cosine > 0.5, gap, 1.0 - cosine)
    return found


def directed(one: Columns, other: Columns) -> Mask:
    """Where neither vector is zero."""
    nonzero: Mask = np.logical_or.reduce(one.T != 0.0) & np.logical_or.reduce(other.T != 0.0)
    return nonzero


def nonzero_vectors(*, zero: str, **_: object) -> Mapping[str, Domain]:
    """Zero vectors are refused unless ``zero`` says what to do with them."""
    domain = NONZERO_VECTOR if zero == "error" else REAL
    return {"label": domain, "pred": domain}


def nonzero_pairs(*, zero: str, **_: object) -> Mapping[str, Domain]:
    """The same for pairs of vectors."""
    domain = NONZERO_VECTOR if zero == "error" else REAL
    return {"first": domain, "second": domain}


def with_direction(label: Columns, pred: Columns, *, zero: str, **_: object) -> Mask | None:
    """The rows that count: all but those with a zero vector under ``zero=skip``."""
    return directed(label, pred) if zero == "skip" else None


def zero_vectors(label: Columns, pred: Columns, *, zero: str, **_: object) -> Mask | None:
    """The rows with a zero vector, whose distance is a convention."""
    if zero not in ("one", "zero"):
        return None
    return ~directed(label, pred)


def zero_pairs(label: Column, first: Columns, second: Columns, *, zero: str, **_: object) -> Mask | None:
    """The same for pairs of vectors."""
    return zero_vectors(first, second, zero=zero)


def distance_or(one: Columns, other: Columns, zero: str) -> Column:
    """1 - cos, and what ``zero`` says where a vector is zero."""
    known = directed(one, other)
    if known.all():
        return cosine_gap(one, other)
    found = np.full(len(one), 0.0 if zero == "zero" else 1.0)
    found[known] = cosine_gap(one[known], other[known])
    return found


@loss(
    aliases=("cosine_loss",),
    label=NONZERO_VECTOR,
    pred=NONZERO_VECTOR,
    narrows=nonzero_vectors,
    keeps=with_direction,
    skips="zero_vector",
    touches={"zero_vector": zero_vectors},
    ulps=16.0,
    elicits="the direction of the mean of the labels' directions",
    reference=SALTON,
    exceptions=COLUMN_BY_COLUMN | {"best": "negated it is a similarity, and best at -1"},
    sample=f"{VECTORS} --loss cosine_distance:zero=skip",
)
def cosine_distance(label: Columns, pred: Columns, *, zero: Zero = "error", negate: bool = False) -> Column:
    """One minus the cosine of the angle between two vectors.

        dot = sum(y * f for y, f in zip(label, pred))
        sizes = sqrt(sum(y * y for y in label)) * sqrt(sum(f * f for f in pred))
        distance = 1 - dot / sizes if sizes > 0 else 0 if zero == "zero" else 1
        distance - 1 if negate else distance

    From 0, the same direction, over 1, a right angle, to 2: the length of neither vector counts.  A
    zero vector has no direction and is refused; ``zero`` can leave such rows out (``skip``) or give
    them the distance 1 (``one``, as torch) or 0.  ``negate`` gives minus the cosine, the loss of keras.

    Gradient by `pred[j]`:

        dot = sum(y * f for y, f in zip(label, pred))
        square = sum(f * f for f in pred)
        sizes = sqrt(sum(y * y for y in label)) * sqrt(square)
        share = dot / square if sizes > 0 else 0
        (share * pred[j] - label[j]) / sizes if sizes > 0 else 0

    >>> cosine_distance(np.array([[1.0, 0.0], [2.0, 0.0]]), np.array([[3.0, 0.0], [0.0, 1.0]]))
    array([0., 1.])
    """
    if not negate:
        return distance_or(label, pred, zero)
    known = directed(label, pred)
    found = np.full(len(label), -1.0 if zero == "zero" else 0.0)
    found[known] = 0.0 - cosine(label[known], pred[known])[0]
    return found


def cosine(one: Columns, other: Columns) -> DoubleDouble:
    """The cosine of the angle between two vectors that are not zero, in twice the digits."""
    one, other = to_size_one(one)[0], to_size_one(other)[0]
    (first, first_low), (second, second_low), (both, both_low) = (
        dot(one, one),
        dot(other, other),
        dot(one, other),
    )
    sizes, sizes_low = two_product(first, second)
    sizes_low += first * second_low + first_low * second
    root = np.sqrt(sizes)
    square, square_low = two_product(root, root)
    root_low = ((sizes - square) + (sizes_low - square_low)) / (2.0 * root)
    near, lost = quotient(both, root)
    lost += both_low / root - near * (root_low / root)
    whole = near + lost
    return np.clip(whole, -1.0, 1.0), np.where(np.abs(whole) < 1.0, (near - whole) + lost, 0.0)


@loss(
    aliases=("cosine_embedding_loss",),
    label=BINARY,
    domains={"first": NONZERO_VECTOR, "second": NONZERO_VECTOR},
    narrows=nonzero_pairs,
    touches={"zero_vector": zero_pairs},
    ulps=64.0,
    elicits="vectors of one direction for pairs that belong together, apart for the others",
    reference="Hadsell, Chopra & LeCun (2006), doi:10.1109/CVPR.2006.100",
    exceptions={
        "ulps": "sums of columns, and of a cosine that all but is the margin half the digits are left",
        "best": "what is perfect depends on the label of the pair",
    },
    sample="sample_data/digits_facts.csv --pred 'first=p_*,second=c_*' --label y_even --loss cosine_embedding:zero=one",
)
def cosine_embedding(
    label: Column,
    first: Columns,
    second: Columns,
    *,
    margin: SignedUnit = 0.0,
    zero: Literal["error", "one", "zero"] = "error",
) -> Column:
    """Cosine distance of pairs that belong together, else their cosine.

        dot = sum(a * b for a, b in zip(first, second))
        sizes = sqrt(sum(a * a for a in first)) * sqrt(sum(b * b for b in second))
        distance = 1 - dot / sizes if sizes > 0 else 0 if zero == "zero" else 1
        distance if label == 1 else max(0, 1 - distance - margin)

    The label is 1 where two vectors should be alike, and 0 or -1 where not: those cost nothing once
    their cosine is at most ``margin``.  The vectors are named by their columns, the same number of
    each: ``--pred 'first=a_*,second=b_*'``.  A zero vector is refused, or has the distance of ``zero``.

    Gradient by `first[j]`:

        dot = sum(a * b for a, b in zip(first, second))
        square = sum(a * a for a in first)
        sizes = sqrt(square) * sqrt(sum(b * b for b in second))
        distance = 1 - dot / sizes if sizes > 0 else 0 if zero == "zero" else 1
        side = 1 if label == 1 else -1 if 1 - distance - margin > 0 else 0
        share = dot / square if sizes > 0 else 0
        side * (share * first[j] - second[j]) / sizes if sizes > 0 else 0

    Gradient by `second[j]`:

        dot = sum(a * b for a, b in zip(first, second))
        square = sum(b * b for b in second)
        sizes = sqrt(sum(a * a for a in first)) * sqrt(square)
        distance = 1 - dot / sizes if sizes > 0 else 0 if zero == "zero" else 1
        side = 1 if label == 1 else -1 if 1 - distance - margin > 0 else 0
        share = dot / square if sizes > 0 else 0
        side * (share * second[j] - first[j]) / sizes if sizes > 0 else 0

    >>> cosine_embedding(np.array([1.0, 0.0]), np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 2.0], [5.0, 0.0]]))
    array([1., 1.])
    """
    known = directed(first, second)
    excess = np.full(len(label), (1.0 if zero == "zero" else 0.0) - margin)
    if margin == -1.0:
        # What is left of 1 + cos is the distance from the opposite direction.
        excess[known] = cosine_gap(first[known], -second[known])
    else:
        near, low = cosine(first[known], second[known])
        excess[known] = total(near, -margin, low)[0]
    return np.where(label == 1.0, distance_or(first, second, zero), np.maximum(excess, 0.0) + 0.0)


@loss(
    aliases=("euclidean_distance", "row_distance"),
    homogeneous=1,
    ulps=8.0,
    elicits="the point with the least mean distance from the labels, their geometric median",
    reference="Weiszfeld (1937), Tôhoku Mathematical Journal 43, 355-386",
    exceptions=COLUMN_BY_COLUMN,
)
def euclidean(label: Columns, pred: Columns) -> Column:
    """Straight distance between label and prediction, in their unit.

        sqrt(sum((f - y)**2 for y, f in zip(label, pred)))

    For places and other points: a row counts by how far off it is, not by the square of that, so
    wild rows have a bounded say.  Over one column it is `mae`, over several it is not the mean of
    theirs; `manhattan` goes along the axes.

    Gradient by `pred[j]`:

        (pred[j] - label[j]) / sqrt(sum((f - y)**2 for y, f in zip(label, pred)))

    >>> euclidean(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]))
    array([5.])
    """
    # By a power of two: the square of a distance may overflow or vanish where the distance does not.
    apart, exponent = to_size_one(pred - label)
    squares = np.zeros(len(label))
    for part in apart.T:
        squares += part * part
    distance: Column = np.ldexp(np.sqrt(squares), exponent)
    return np.where(np.isfinite(squares), distance, np.inf)


@loss(
    aliases=("squared_euclidean", "kmeans_objective"),
    homogeneous=2,
    ulps=8.0,
    elicits=COLUMN_MEANS,
    reference="Lloyd (1982), doi:10.1109/TIT.1982.1056489",
    exceptions=COLUMN_BY_COLUMN,
)
def distortion(label: Columns, pred: Columns) -> Column:
    """Squared distance between a point and its centre, in the squared unit.

        sum((f - y)**2 for y, f in zip(label, pred))

    Of points and the centres of their clusters, a column for each coordinate of both, it is what k-means
    makes small: scikit-learn's ``inertia_`` is its sum, over all rows.  It is the number of columns times
    the mean of their `mse`; `euclidean` is the distance itself, over which far points have less say.

    Gradient by `pred[j]`:

        2 * (pred[j] - label[j])

    >>> distortion(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]))
    array([25.])
    """
    squares = np.zeros(len(label))
    for truth, guess in zip(label.T, pred.T, strict=True):
        error = guess - truth
        squares += error * error
    return squares


@loss(
    aliases=("manhattan_distance", "cityblock", "taxicab"),
    ulps=8.0,
    elicits=COLUMN_MEDIANS,
    reference="Minkowski (1910), Geometrie der Zahlen, §1",
    exceptions=COLUMN_BY_COLUMN,
)
def manhattan(label: Columns, pred: Columns) -> Column:
    """Distance between label and prediction along the axes, in their unit.

        sum(abs(f - y) for y, f in zip(label, pred))

    The number of columns times the mean of their absolute errors; see `euclidean` for the straight
    distance.  Columns should have one unit.

    Gradient by `pred[j]`:

        sign(pred[j] - label[j])

    >>> manhattan(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]))
    array([7.])
    """
    distance = np.zeros(len(label))
    for truth, guess in zip(label.T, pred.T, strict=True):
        distance += np.abs(guess - truth)
    return distance
