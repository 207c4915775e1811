"""Losses of one partition against another: cluster labels, whatever they are called.

All are computed from the table of class against cluster.  Shares and counts of pairs stay exact fractions;
logarithms have as many digits as their differences need, so that information near zero is right.
"""

from __future__ import annotations

import decimal
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Literal

from losscli.loss.declare import Codes, Finished, Undefined
from losscli.loss.domains import Positive
from losscli.losses.confusion import ZeroDivision, of_table, ratio, tabled  # noqa: F401 (the examples use it)
from losscli.losses.stable import entropy, sqrt_fraction, sum_of_logs
from losscli.numbers.confusion import Confusion

RAND = "Rand (1971), doi:10.1080/01621459.1971.10482356"
HUBERT = "Hubert & Arabie (1985), doi:10.1007/BF01908075"
VINH = "Vinh, Epps & Bailey (2010), Journal of Machine Learning Research 11, 2837-2854"
ROSENBERG = "Rosenberg & Hirschberg (2007), V-measure, EMNLP-CoNLL 2007, 410-420"
MEILA = "Meilă (2007), doi:10.1016/j.jmva.2006.11.013"
FOWLKES = "Fowlkes & Mallows (1983), doi:10.1080/01621459.1983.10478008"
MANNING = "Manning, Raghavan & Schütze (2008), Introduction to Information Retrieval, §16.3"

Average = Literal["arithmetic", "geometric", "min", "max"]
MOST_ROWS = 10**12
"""An expected mutual information is summed for no more rows."""


def clusters(label: Codes, pred: Codes) -> tuple[Codes, Codes]:
    """Class and cluster of each row, to be counted in a table."""
    return label, pred


partition_score = partial(
    of_table,
    of=clusters,
    averages=("macro", "none"),
    better="higher",
    best=1.0,
    elicits="the groups of the label, under any names",
    sample="sample_data/iris.csv --pred pred",
)
count_score = partial(
    partition_score,
    counts_only=True,
    exceptions={"weights": "a row pairs with its own copies, so a weight says how often it is there"},
)


@dataclass(frozen=True, slots=True)
class Partitions:
    """The weights of a table's cells, classes and clusters, as multiples of their greatest common unit."""

    cells: tuple[int, ...]
    true: tuple[int, ...]
    found: tuple[int, ...]

    @classmethod
    def of(cls, table: Confusion) -> Partitions:
        """The two partitions of a table of weights, in units that make all weights whole numbers."""
        cells = [(pair, held) for pair, held in zip(table.pairs, table.amounts[0], strict=True) if held]
        unit = math.gcd(*(held for _, held in cells))
        true: Counter[int] = Counter()
        found: Counter[int] = Counter()
        for (a, b), weight in cells:
            true[a] += weight // unit
            found[b] += weight // unit
        weights = tuple(weight // unit for _, weight in cells)
        return cls(weights, tuple(true.values()), tuple(found.values()))

    @classmethod
    def of_rows(cls, table: Confusion) -> Partitions:
        """The same in rows, where every weight is a whole number."""
        parts = cls.of(table)
        scale = int(table.weight.fraction) // parts.whole
        cells, true, found = (
            tuple(count * scale for count in counts) for counts in (parts.cells, parts.true, parts.found)
        )
        return cls(cells, true, found)

    @property
    def whole(self) -> int:
        """The weight of all rows, in the unit of the partitions."""
        return sum(self.true)

    @property
    def pairs(self) -> tuple[int, int, int, int]:
        """Pairs of rows: together in both partitions, in the label's, in the prediction's, and all."""
        together, true, found = (
            sum(count * (count - 1) for count in counts) // 2
            for counts in (self.cells, self.true, self.found)
        )
        return together, true, found, self.whole * (self.whole - 1) // 2

    @property
    def same(self) -> bool:
        """Whether the two are one partition under other names."""
        return len(self.cells) == len(self.true) == len(self.found)


def independent(table: Confusion) -> bool:
    """Whether class and cluster are independent: every cell is the product of its margins, over the whole."""
    true, found = table.label_weights, table.pred_weights
    whole = table.weight.fraction
    return all(
        table.cell(a, b) * whole == true[a] * found[b] for a in true for b in found if true[a] and found[b]
    )


def information(table: Confusion) -> Fraction:
    """The mutual information of class and cluster, in nats."""
    parts = Partitions.of(table)
    if len(parts.cells) < len(parts.true) * len(parts.found) or not independent(table):
        terms = Counter((*parts.cells, parts.whole))
        terms.subtract(parts.true + parts.found)
        return sum_of_logs(terms) / parts.whole
    return Fraction(0)


def averaged(one: Fraction, other: Fraction, average: str) -> Fraction:
    """The average of two entropies."""
    match average:
        case "geometric":
            return sqrt_fraction(one * other)
        case "min":
            return min(one, other)
        case "max":
            return max(one, other)
        case _:
            return (one + other) / 2


@count_score(aliases=("rand_index", "rand_score"), reference=RAND)
def rand(table: Confusion, *, zero_division: ZeroDivision = "null") -> Finished:
    """Share of the pairs of rows that both partitions treat alike.

        cell = [sum(w for a, b, w in rows if a == y and b == f) for y, f in zip(label, pred)]
        true = [sum(w for a, b, w in rows if a == y) for y in label]
        found = [sum(w for a, b, w in rows if b == f) for f in pred]
        both, ones, others = [sum(w * (m - 1) for w, m in zip(weight, ms)) for ms in (cell, true, found)]
        1 - (ones + others - 2 * both) / (sum(weight) * (sum(weight) - 1))

    Together in both or apart in both.  Most pairs are apart in any two partitions of many groups, so
    it is near 1 for bad ones: `adjusted_rand` takes off what chance gives.

    >>> rand(tabled([0, 0, 1, 1], [0, 0, 1, 2]))
    Fraction(5, 6)
    """
    both, true, found, pairs = Partitions.of_rows(table).pairs
    alike = pairs - true - found + 2 * both
    return ratio(Fraction(alike), Fraction(pairs), zero_division, "one row makes no pair")


@count_score(aliases=("adjusted_rand_index", "adjusted_rand_score", "ari"), reference=HUBERT)
def adjusted_rand(table: Confusion, *, zero_division: ZeroDivision = "null") -> Finished:
    """Rand index adjusted for chance, which then gives 0.

        cell = [sum(w for a, b, w in rows if a == y and b == f) for y, f in zip(label, pred)]
        true = [sum(w for a, b, w in rows if a == y) for y in label]
        found = [sum(w for a, b, w in rows if b == f) for f in pred]
        both, ones, others = [sum(w * (m - 1) for w, m in zip(weight, ms)) for ms in (cell, true, found)]
        chance = ones * others / (sum(weight) * (sum(weight) - 1))
        (both - chance) / ((ones + others) / 2 - chance)

    The usual measure of a clustering where the classes are known.  It can be below 0.  Where both are
    one group, or both have every row apart, chance alone gives the same partition and it is not
    defined; scikit-learn says 1 there, as ``zero_division=one`` does.

    >>> adjusted_rand(tabled([0, 0, 1, 1], [0, 0, 1, 2]))
    Fraction(4, 7)
    """
    both, true, found, pairs = Partitions.of_rows(table).pairs
    if not pairs:
        return ratio(Fraction(0), Fraction(0), zero_division, "one row makes no pair")
    chance = Fraction(true * found, pairs)
    most = Fraction(true + found, 2)
    return ratio(both - chance, most - chance, zero_division, "chance alone gives this partition")


@count_score(aliases=("fowlkes_mallows_index", "fowlkes_mallows_score", "fmi"), reference=FOWLKES)
def fowlkes_mallows(table: Confusion, *, zero_division: ZeroDivision = "null") -> Finished:
    """Geometric mean of precision and recall over pairs of rows.

        cell = [sum(w for a, b, w in rows if a == y and b == f) for y, f in zip(label, pred)]
        true = [sum(w for a, b, w in rows if a == y) for y in label]
        found = [sum(w for a, b, w in rows if b == f) for f in pred]
        both, ones, others = [sum(w * (m - 1) for w, m in zip(weight, ms)) for ms in (cell, true, found)]
        both / sqrt(ones * others)

    Pairs that are apart in both do not count, so many groups do not flatter it as they do `rand`; it
    is not adjusted for chance.  Where a partition has no two rows together it is not defined.

    >>> fowlkes_mallows(tabled([0, 0, 1, 1], [0, 0, 1, 1]))
    Fraction(1, 1)
    """
    both, true, found, _ = Partitions.of_rows(table).pairs
    square = ratio(Fraction(both**2), Fraction(true * found), zero_division, "no two rows are together")
    return square if isinstance(square, Undefined) else sqrt_fraction(Fraction(square))


@partition_score(best=None, aliases=("mutual_information", "mutual_info_score"), reference=VINH)
def mutual_info(table: Confusion) -> Finished:
    """Mutual information of class and cluster, in nats.

        cell = [sum(w for a, b, w in rows if a == y and b == f) for y, f in zip(label, pred)]
        true = [sum(w for a, b, w in rows if a == y) for y in label]
        found = [sum(w for a, b, w in rows if b == f) for f in pred]
        logs = [w * log(m * sum(weight) / (t * k)) for w, m, t, k in zip(weight, cell, true, found) if w > 0]
        sum(logs) / sum(weight)

    What the one partition tells of the other.  It is at most the entropy of either, and grows with
    the number of groups for no other reason: `adjusted_mutual_info` takes that off.

    >>> float(mutual_info(tabled([0, 0, 1, 1], [5, 5, 6, 6])))
    0.6931471805599453
    """
    return information(table)


@partition_score(aliases=("nmi", "normalized_mutual_info_score"), reference=VINH)
def normalized_mutual_info(
    table: Confusion, *, average: Average = "arithmetic", zero_division: ZeroDivision = "null"
) -> Finished:
    """Mutual information over the average entropy of the two partitions.

        cell = [sum(w for a, b, w in rows if a == y and b == f) for y, f in zip(label, pred)]
        true = [sum(w for a, b, w in rows if a == y) for y in label]
        found = [sum(w for a, b, w in rows if b == f) for f in pred]
        logs = [w * log(m * sum(weight) / (t * k)) for w, m, t, k in zip(weight, cell, true, found) if w > 0]
        one, other = [-sum(w * log(m / sum(weight)) for w, m in zip(weight, ms) if w > 0) for ms in (true, found)]
        mean = sqrt(one * other) if average == "geometric" else (one + other) / 2
        sum(logs) / (min(one, other) if average == "min" else max(one, other) if average == "max" else mean)

    From 0 to 1.  ``average`` says of which average of the two entropies; libraries differ, and older
    papers mean the geometric one.  It is not adjusted for chance: more clusters raise it.  Where an
    average is 0, one group holding all rows, it is not defined, or ``zero_division``.

    >>> normalized_mutual_info(tabled([0, 0, 1, 1], [5, 5, 6, 6]))
    Fraction(1, 1)
    """
    parts = Partitions.of(table)
    if parts.same and len(parts.cells) > 1:
        return Fraction(1)
    whole = averaged(entropy(parts.true), entropy(parts.found), average)
    return ratio(information(table), whole, zero_division, "all rows are in one group")


@count_score(aliases=("ami", "adjusted_mutual_info_score"), reference=VINH)
def adjusted_mutual_info(
    table: Confusion, *, average: Average = "arithmetic", zero_division: ZeroDivision = "null"
) -> Finished:
    """Mutual information adjusted for chance, which then gives 0.

        n = sum(weight)
        ys, fs = sorted(label), sorted(pred)
        true = [sum(w for a, b, w in rows if a == y) for i, y in enumerate(ys) if i == 0 or y != ys[i - 1]]
        found = [sum(w for a, b, w in rows if b == f) for i, f in enumerate(fs) if i == 0 or f != fs[i - 1]]
        joint = [sum(w for a, b, w in rows if a == y and b == f) for y, f in zip(label, pred)]
        sizes = [(sum(w for a, b, w in rows if a == y), sum(w for a, b, w in rows if b == f)) for y, f in zip(label, pred)]
        shared = sum(w / n * log(n * m / (t * k)) for w, m, (t, k) in zip(weight, joint, sizes) if w > 0)
        cases = [(a, b, k) for a in true for b in found for k in range(1, n + 1) if k <= a and k <= b and a + b - k <= n]
        chance = sum(k / n * log(n * k / (a * b)) * comb(a, k) * comb(n - a, b - k) / comb(n, b) for a, b, k in cases)
        one, other = [-sum(m / n * log(m / n) for m in ms if m > 0) for ms in (true, found)]
        mean = sqrt(one * other) if average == "geometric" else (one + other) / 2
        most = min(one, other) if average == "min" else max(one, other) if average == "max" else mean
        (shared - chance) / (most - chance)

    What is left of `mutual_info` when that of random labels with groups of these sizes is taken off,
    over the most that could be left.  Use it where groups are many or of unequal size.  Where both
    are one group, or both have every row apart, it is not defined; scikit-learn says 1 there.

    >>> adjusted_mutual_info(tabled([0, 0, 1, 1], [5, 5, 6, 6]))
    Fraction(1, 1)
    """
    parts = Partitions.of_rows(table)
    rows, true, found = parts.whole, parts.true, parts.found
    # With one group, or as many as rows, every labelling has the same information.
    certain = {1, rows}
    if len(true) in certain and len(true) == len(found):
        return ratio(Fraction(0), Fraction(0), zero_division, "chance alone gives this partition")
    if parts.same:
        return Fraction(1)
    one, other = entropy(true), entropy(found)
    if len(true) in certain or len(found) in certain:
        most = averaged(one, other, average)
        left = most - (Fraction(0) if 1 in (len(true), len(found)) else min(one, other))
        return ratio(Fraction(0), left, zero_division, "chance alone gives this information")
    if rows > MOST_ROWS:
        return Undefined(f"{rows} rows are more than chance is summed for")
    chance = expected_information(true, found)
    shared = sum_of_logs(Counter(parts.cells))
    # The terms of the margins are the same in both and cancel.
    gained = (shared - chance) / rows
    left = averaged(one, other, average) - information(table) + gained
    return ratio(gained, left, zero_division, "chance alone gives this information")


DIGITS = 60
SCALE: int = 10**DIGITS


def expected_information(true: Sequence[int], found: Sequence[int]) -> Fraction:
    """The sum over all cells of the expected n·log(n), for random labels with groups of these sizes."""
    rows, total = sum(true), 0
    logs: dict[int, int] = {}
    for a, times in Counter(true).items():
        for b, again in Counter(found).items():
            total += times * again * _expected_term(a, b, rows, logs)
    return Fraction(total, SCALE)


def _expected_term(a: int, b: int, rows: int, logs: dict[int, int]) -> int:
    """The mean of n·log(n) over a hypergeometric n, in units of 10**-60.

    Chances are computed from the most likely n outwards, each from its neighbour, until they vanish,
    and are divided by their sum.
    """
    low, high = max(0, a + b - rows), min(a, b)
    top = min(max((a + 1) * (b + 1) // (rows + 2), low), high)
    whole, mean = SCALE, SCALE * _n_log_n(top, logs)
    chance = SCALE
    for n in range(top, high):
        chance = chance * ((a - n) * (b - n)) // ((n + 1) * (rows - a - b + n + 1))
        if not chance:
            break
        whole, mean = whole + chance, mean + chance * _n_log_n(n + 1, logs)
    chance = SCALE
    for n in range(top, low, -1):
        chance = chance * (n * (rows - a - b + n)) // ((a - n + 1) * (b - n + 1))
        if not chance:
            break
        whole, mean = whole + chance, mean + chance * _n_log_n(n - 1, logs)
    return mean // whole


def _n_log_n(n: int, logs: dict[int, int]) -> int:
    if n not in logs:
        context = decimal.Context(prec=DIGITS + 20)
        logs[n] = 0 if n < 2 else int((n * context.ln(decimal.Decimal(n))).scaleb(DIGITS, context))
    return logs[n]


@partition_score(aliases=("homogeneity_score",), elicits="groups of one class each", reference=ROSENBERG)
def homogeneity(table: Confusion) -> Finished:
    """Share of the classes' entropy that the clusters explain.

        cell = [sum(w for a, b, w in rows if a == y and b == f) for y, f in zip(label, pred)]
        true = [sum(w for a, b, w in rows if a == y) for y in label]
        found = [sum(w for a, b, w in rows if b == f) for f in pred]
        left = -sum(w * log(m / k) for w, m, k in zip(weight, cell, found) if w > 0)
        whole = -sum(w * log(t / sum(weight)) for w, t in zip(weight, true) if w > 0)
        1 - left / whole if whole > 0 else 1

    Is each cluster of one class?  Splitting clusters never lowers it, and a cluster for every row reaches 1: read it beside
    `completeness`.  Rows of a single class are homogeneous by definition.

    >>> homogeneity(tabled([0, 0, 1, 1], [0, 0, 1, 2]))
    Fraction(1, 1)
    """
    parts = Partitions.of(table)
    if len(parts.cells) == len(parts.found):
        return Fraction(1)
    return information(table) / entropy(parts.true)


@partition_score(
    aliases=("completeness_score",), elicits="groups that hold all of a class", reference=ROSENBERG
)
def completeness(table: Confusion) -> Finished:
    """Share of the clusters' entropy that the classes explain.

        cell = [sum(w for a, b, w in rows if a == y and b == f) for y, f in zip(label, pred)]
        true = [sum(w for a, b, w in rows if a == y) for y in label]
        found = [sum(w for a, b, w in rows if b == f) for f in pred]
        left = -sum(w * log(m / t) for w, m, t in zip(weight, cell, true) if w > 0)
        whole = -sum(w * log(k / sum(weight)) for w, k in zip(weight, found) if w > 0)
        1 - left / whole if whole > 0 else 1

    Is each class in one cluster?  `homogeneity` with the columns changed over: a single cluster of all rows reaches 1.

    >>> completeness(tabled([0, 0, 1, 1], [0, 0, 0, 0]))
    Fraction(1, 1)
    """
    parts = Partitions.of(table)
    if len(parts.cells) == len(parts.true):
        return Fraction(1)
    return information(table) / entropy(parts.found)


@partition_score(aliases=("v_measure_score",), reference=ROSENBERG)
def v_measure(table: Confusion, *, beta: Positive = 1.0) -> Finished:
    """Harmonic mean of homogeneity and completeness.

        cell = [sum(w for a, b, w in rows if a == y and b == f) for y, f in zip(label, pred)]
        true = [sum(w for a, b, w in rows if a == y) for y in label]
        found = [sum(w for a, b, w in rows if b == f) for f in pred]
        logs = [w * log(m * sum(weight) / (t * k)) for w, m, t, k in zip(weight, cell, true, found) if w > 0]
        one, other = [-sum(w * log(m / sum(weight)) for w, m in zip(weight, ms) if w > 0) for ms in (true, found)]
        (1 + beta) * sum(logs) / (one + beta * other) if one + other > 0 else 1

    Above 1 ``beta`` lets completeness count more.  At 1 it is `normalized_mutual_info` with the
    arithmetic average.  It is not adjusted for chance: with few rows and many clusters prefer
    `adjusted_mutual_info`.

    >>> v_measure(tabled([0, 0, 1, 1], [5, 5, 6, 6]))
    Fraction(1, 1)
    """
    parts = Partitions.of(table)
    if parts.same:
        return Fraction(1)
    whole = entropy(parts.true) + Fraction(beta) * entropy(parts.found)
    return (1 + Fraction(beta)) * information(table) / whole


@partition_score(aliases=("cluster_purity",), elicits="groups of one class each", reference=MANNING)
def purity(table: Confusion) -> Finished:
    """Share of the rows that are of the commonest class of their cluster.

        fs = sorted(pred)
        groups = [f for i, f in enumerate(fs) if i == 0 or f != fs[i - 1]]
        sum(max(sum(w for a, b, w in rows if a == y and b == f) for y in label) for f in groups) / sum(weight)

    The accuracy if every cluster were named for its commonest class.  More clusters never lower it,
    and a cluster for every row reaches 1.

    >>> purity(tabled([0, 0, 1, 1], [5, 5, 5, 6]))
    Fraction(3, 4)
    """
    units, unit = table.amounts
    greatest: dict[int, int] = {}
    for (_, cluster), held in zip(table.pairs, units, strict=True):
        greatest[cluster] = max(greatest.get(cluster, 0), held)
    return sum(greatest.values()) * unit / table.weight.fraction


@partition_score(better="lower", best=0.0, aliases=("vi", "shared_information_distance"), reference=MEILA)
def variation_of_information(table: Confusion) -> Finished:
    """What class and cluster do not tell of each other, in nats.

        cell = [sum(w for a, b, w in rows if a == y and b == f) for y, f in zip(label, pred)]
        true = [sum(w for a, b, w in rows if a == y) for y in label]
        found = [sum(w for a, b, w in rows if b == f) for f in pred]
        -sum(w * log(m * m / (t * k)) for w, m, t, k in zip(weight, cell, true, found) if w > 0) / sum(weight)

    The entropies of both less twice `mutual_info`: a true distance between partitions, 0 where they
    are the same and at most the log of the number of rows.

    >>> float(variation_of_information(tabled([0, 0, 1, 1], [0, 0, 0, 0])))
    0.6931471805599453
    """
    parts = Partitions.of(table)
    if parts.same:
        return Fraction(0)
    terms = Counter(parts.true + parts.found)
    terms.subtract(parts.cells + parts.cells)
    return sum_of_logs(terms) / parts.whole
