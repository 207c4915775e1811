"""Losses of rankings: a value for each query from the order in which the scores put its rows.

The label of a row says how relevant it is.  `--group` names the query of each row; without it all rows are one query.
Rows of equal scores have no order: a value is the mean over all orders of theirs, as McSherry & Najork (2008) work it
out, or with ``ties=worst`` that of the worst order.
"""

from __future__ import annotations

from functools import partial
from typing import Literal

import numpy as np

from losscli.loss.declare import Column, loss
from losscli.loss.domains import NONNEGATIVE, Count, Domain, Interval, Real
from losscli.numbers.error_free import two_difference
from losscli.numbers.queries import (
    Rankings,
    Ties,
    chance_of_first,
    mean_of_ties,
    pairs_that_rise,
)
from losscli.table.block import Floats, Ints, Mask

Gain = Literal["linear", "exp"]
TieRule = Literal["average", "worst"]
PairTies = Literal["half", "wrong"]
Empty = Literal["skip", "0", "1"]

JARVELIN = "Järvelin & Kekäläinen (2002), doi:10.1145/582415.582418; ties: McSherry & Najork (2008), doi:10.1007/978-3-540-78646-7_38"
MANNING = (
    "Manning, Raghavan & Schütze (2008), Introduction to Information Retrieval, ch. 8, "
    "doi:10.1017/CBO9780511809071"
)
MOST = {"linear": 1e300, "exp": 1000.0}
"""The greatest label by its gain: the gains of many rows are doubles, and so is their sum."""
FAR = 1e150
"""A product of a label and a score up to this is a double, and so is the sum of many."""
KEEPS_ROWS = {"pickle": "rankings keep every row, and are not saved"}


def label_and_score(label: Column, pred: Column) -> tuple[Column, Column]:
    """The relevance of a row, and its score."""
    return label, pred


def gains_in_range(*, gain: Gain, **others: object) -> dict[str, Domain]:
    """Gains are not below 0, and their sums are doubles."""
    return {"label": Interval(0.0, MOST[gain])}


of_queries = partial(
    loss,
    of=label_and_score,
    state="queries",
    scores=True,
    main="k",
    better="higher",
    averages=("macro", "none"),
    counts_only=True,
    skips="empty",
    elicits="any score that puts the rows of a query in the order of their relevance",
    exceptions=KEEPS_ROWS,
)
of_gains = partial(of_queries, label=NONNEGATIVE, narrows=gains_in_range, reference=JARVELIN)


def gains(rankings: Rankings, gain: Gain) -> Floats:
    """What each row is worth."""
    label = rankings.label
    if gain == "linear":
        return label
    return np.where(label < 1.0, np.expm1(label * np.log(2.0)), np.exp2(label) - 1.0)


def discounts(rankings: Rankings, k: int | None) -> Floats:
    """What a row at each place counts: 1 / log2(place + 1), the first place being 1; 0 beyond ``k``."""
    found = 1.0 / np.log2(rankings.place + 2.0)
    return found if k is None else np.where(rankings.place < k, found, 0.0)


def tied(rankings: Rankings, counting: Floats, ties: TieRule) -> Ties:
    """The runs of equal scores among rows that count; under the rule ``worst`` each row is a run of its own."""
    return rankings.alone() if ties == "worst" else rankings.ties(counting)


def unless_empty(values: Floats, empty: Mask, rule: Empty) -> Floats:
    """The values, and for queries with nothing to rank what the rule says; NaN leaves them out."""
    return np.where(empty, {"skip": np.nan, "0": 0.0, "1": 1.0}[rule], values)


@of_gains(aliases=("dcg_score", "discounted_cumulative_gain"), best=None)
def dcg(
    rankings: Rankings, *, k: Count | None = None, gain: Gain = "linear", ties: TieRule = "average"
) -> Floats:
    """Gain of the rows of a query, discounted by the logarithm of place.

        docs = [(f, 2**y - 1 if gain == "exp" else y) for y, f, w in rows for n in range(w)]
        worst = ties == "worst"
        above = [sum(s > f or (worst and s == f and h < g) for s, h in docs) for f, g in docs]
        same = [sum(s == f and (h == g or not worst) for s, h in docs) for f, g in docs]
        seen = [[1 / log2(i + 2) for i in range(a, a + m) if k == None or i < k] for a, m in zip(above, same)]
        sum(g * sum(d) / m for (f, g), d, m in zip(docs, seen, same))

    How much relevance a reader meets who reads from the top and may stop at any place.  It grows with
    the relevance that a query has; `ndcg` puts it in proportion.  ``gain=exp`` counts 2^label - 1.
    With ``k`` only the first k places count.

    >>> dcg(Rankings.of([3, 2, 0, 1], [0.1, 0.4, 0.35, 0.8]), gain="exp").round(4)
    array([5.9075])
    """
    worth = gains(rankings, gain)
    weight = mean_of_ties(discounts(rankings, k), tied(rankings, worth, ties))
    return rankings.total_of((worth, weight)).rounded()


@of_gains(
    best=1.0,
    ulps=8.0,
    aliases=(
        "normalized_dcg",
        "normalised_dcg",
        "ndcg_score",
        "retrieval_normalized_dcg",
        "normalized_discounted_cumulative_gain",
    ),
    exceptions=KEEPS_ROWS
    | {"ulps": "gains, logarithms, two sums and their quotient are rounded one after another"},
)
def ndcg(
    rankings: Rankings,
    *,
    k: Count | None = None,
    gain: Gain = "linear",
    ties: TieRule = "average",
    empty: Empty = "skip",
) -> Floats:
    """Discounted gain of a query, as a share of that of the perfect order.

        docs = [(f, 2**y - 1 if gain == "exp" else y) for y, f, w in rows for n in range(w)]
        worst = ties == "worst"
        above = [sum(s > f or (worst and s == f and h < g) for s, h in docs) for f, g in docs]
        same = [sum(s == f and (h == g or not worst) for s, h in docs) for f, g in docs]
        seen = [[1 / log2(i + 2) for i in range(a, a + m) if k == None or i < k] for a, m in zip(above, same)]
        dcg = sum(g * sum(d) / m for (f, g), d, m in zip(docs, seen, same))
        best = sorted([g for f, g in docs], reverse=True)
        ideal = sum(g / log2(i + 2) for i, g in enumerate(best) if k == None or i < k)
        dcg / ideal if ideal else (empty == "1") / (empty != "skip")

    The usual measure of search and recommendation with graded labels: 1 is the perfect order.  A query
    without a relevant row has none and is left out; ``empty=0`` and ``empty=1`` count it as that, as
    scikit-learn and XGBoost do.

    >>> ndcg(Rankings.of([3, 2, 0, 1], [0.1, 0.4, 0.35, 0.8])).round(4)
    array([0.7463])
    """
    worth, perfect = gains(rankings, gain), rankings.perfect
    weight = mean_of_ties(discounts(rankings, k), tied(rankings, worth, ties))
    ideal = perfect.total_of((gains(perfect, gain), discounts(perfect, k)))
    found = np.minimum(rankings.total_of((worth, weight)).over(ideal), 1.0)
    return unless_empty(found, np.isnan(found), empty)


of_relevance = partial(of_queries, reference=MANNING)


class _Top:
    """The rows of each query whose label is above a threshold, and how many are among the first k places."""

    def __init__(self, rankings: Rankings, threshold: float, ties: TieRule) -> None:
        self.rankings = rankings
        self.relevant: Mask = rankings.label > threshold
        self.number = rankings.number(self.relevant)
        self.ties = tied(rankings, self.relevant.astype(np.float64), ties)

    def met(self, k: Ints | int) -> tuple[Ints, Ints]:
        """How many are expected among the first k places, as numerator and denominator."""
        sizes, starts = self.rankings.sizes, self.rankings.starts[:-1]
        cut = np.minimum(k, sizes)
        before = np.concatenate((np.zeros(1, np.int64), self.relevant.cumsum()))
        last = np.minimum(starts + np.maximum(cut - 1, 0), max(len(self.relevant) - 1, 0))
        tie = self.ties.of[last] if len(self.relevant) else last
        if not len(tie) or not len(self.relevant):
            return np.zeros_like(sizes), np.ones_like(sizes)
        first, size = self.ties.first[tie], self.ties.size[tie]
        inside = before[first + size] - before[first]
        found = (before[first] - before[starts]) * size + inside * (starts + cut - first)
        return np.where(cut > 0, found, 0), np.where(cut > 0, size, 1)


def _share(above: Ints, below: Ints) -> Floats:
    """The quotients of whole numbers; 0 where there is nothing below."""
    found: Floats = above / np.maximum(below, 1)
    return found


@of_relevance(
    aliases=("precision@k", "patk", "precision_at", "retrieval_precision", "p@k", "pre", "pre@k"),
    best=None,
    name="precision_at_k",
)
def precision_at_k(
    rankings: Rankings, *, k: Count, threshold: Real = 0.5, ties: TieRule = "average", empty: Empty = "skip"
) -> Floats:
    """Share of the first k places of a query that relevant rows hold.

        docs = [(f, y > threshold) for y, f, w in rows for n in range(w)]
        worst = ties == "worst"
        above = [sum(s > f or (worst and s == f and h < y) for s, h in docs) for f, y in docs]
        same = [sum(s == f and (h == y or not worst) for s, h in docs) for f, y in docs]
        top = [min(1, max(0, k - a) / m) for a, m in zip(above, same)]
        met = sum(y * t for (f, y), t in zip(docs, top)) / k
        met if any(y for f, y in docs) else (empty == "1") / (empty != "skip")

    What a reader of one page of results sees.  A row is relevant where its label is above ``threshold``.
    A query of fewer than k rows leaves places without one, as with TorchMetrics and trec_eval.

    >>> precision_at_k(Rankings.of([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1]), k=2)
    array([0.5])
    """
    top = _Top(rankings, threshold, ties)
    met, of = top.met(k)
    return unless_empty(_share(met, of * k), top.number == 0, empty)


@of_relevance(aliases=("recall@k", "recall_at", "retrieval_recall", "r@k"), best=None)
def recall_at_k(
    rankings: Rankings, *, k: Count, threshold: Real = 0.5, ties: TieRule = "average", empty: Empty = "skip"
) -> Floats:
    """Share of the relevant rows of a query that the first k places hold.

        docs = [(f, y > threshold) for y, f, w in rows for n in range(w)]
        worst = ties == "worst"
        above = [sum(s > f or (worst and s == f and h < y) for s, h in docs) for f, y in docs]
        same = [sum(s == f and (h == y or not worst) for s, h in docs) for f, y in docs]
        top = [min(1, max(0, k - a) / m) for a, m in zip(above, same)]
        count = sum(y for f, y in docs)
        sum(y * t for (f, y), t in zip(docs, top)) / count if count else (empty == "1") / (empty != "skip")

    For candidates that a second model ranks anew: what is not among them is lost.  A row is relevant
    where its label is above ``threshold``.

    >>> recall_at_k(Rankings.of([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1]), k=2)
    array([0.5])
    """
    top = _Top(rankings, threshold, ties)
    met, of = top.met(k)
    return unless_empty(_share(met, of * top.number), top.number == 0, empty)


@of_relevance(
    aliases=("fall_out@k", "retrieval_fall_out"), best=None, better="lower",
)  # fmt: skip
def fall_out_at_k(
    rankings: Rankings, *, k: Count, threshold: Real = 0.5, ties: TieRule = "average", empty: Empty = "skip"
) -> Floats:
    """Share of the irrelevant rows of a query that the first k places hold.

        docs = [(f, y > threshold) for y, f, w in rows for n in range(w)]
        worst = ties == "worst"
        above = [sum(s > f or (worst and s == f and h < y) for s, h in docs) for f, y in docs]
        same = [sum(s == f and (h == y or not worst) for s, h in docs) for f, y in docs]
        top = [min(1, max(0, k - a) / m) for a, m in zip(above, same)]
        count = sum(not y for f, y in docs)
        sum((not y) * t for (f, y), t in zip(docs, top)) / count if count else (empty == "1") / (empty != "skip")

    The reader's wasted effort, as a share of all that could waste it.  A query without an irrelevant row
    has none and is left out, unless ``empty`` says what it counts.

    >>> fall_out_at_k(Rankings.of([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1]), k=2)
    array([0.5])
    """
    top = _Top(rankings, threshold, ties)
    met, of = top.met(k)
    others = rankings.sizes - top.number
    return unless_empty(_share(np.minimum(k, rankings.sizes) * of - met, of * others), others == 0, empty)


@of_queries(
    aliases=("retrieval_r_precision", "rprec"), best=1.0, main="", reference=MANNING,
)  # fmt: skip
def r_precision(
    rankings: Rankings, *, threshold: Real = 0.5, ties: TieRule = "average", empty: Empty = "skip"
) -> Floats:
    """Precision at as many places as the query has relevant rows.

        docs = [(f, y > threshold) for y, f, w in rows for n in range(w)]
        worst = ties == "worst"
        above = [sum(s > f or (worst and s == f and h < y) for s, h in docs) for f, y in docs]
        same = [sum(s == f and (h == y or not worst) for s, h in docs) for f, y in docs]
        count = sum(y for f, y in docs)
        top = [min(1, max(0, count - a) / m) for a, m in zip(above, same)]
        sum(y * t for (f, y), t in zip(docs, top)) / count if count else (empty == "1") / (empty != "skip")

    Where queries have very different numbers of relevant rows, no k suits all; here 1 is always reached
    by the perfect order.

    >>> r_precision(Rankings.of([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1]))
    array([0.5])
    """
    top = _Top(rankings, threshold, ties)
    met, of = top.met(top.number)
    return unless_empty(_share(met, of * top.number), top.number == 0, empty)


@of_queries(
    aliases=("hit_rate", "hit_ratio", "retrieval_hit_rate", "success@k"), best=1.0,
    reference="Deshpande & Karypis (2004), doi:10.1145/963770.963776",
)  # fmt: skip
def hit(
    rankings: Rankings, *, k: Count, threshold: Real = 0.5, ties: TieRule = "average", empty: Empty = "skip"
) -> Floats:
    """Whether the first k places of a query hold a relevant row.

        docs = [(f, y > threshold) for y, f, w in rows for n in range(w)]
        places = min(k, len(docs))
        cut = sorted([f for f, y in docs], reverse=True)[places - 1]
        bad = sum(f == cut and not y for f, y in docs)
        good = sum(f == cut and y for f, y in docs)
        left = places - sum(f > cut for f, y in docs)
        missed = comb(bad, left) / comb(bad + good, left) if ties == "average" else left <= bad
        found = 1 if any(y and f > cut for f, y in docs) else 1 - missed
        found if any(y for f, y in docs) else (empty == "1") / (empty != "skip")

    For recommendations of which one is enough.  A row is relevant where its label is above
    ``threshold``.  Over rows of equal scores it is the chance of a hit.

    >>> hit(Rankings.of([0, 0, 1, 0], [0.9, 0.8, 0.7, 0.1]), k=2)
    array([0.])
    """
    top = _Top(rankings, threshold, ties)
    chance = np.where(_first_tie(top) & (rankings.place < k), chance_of_first(top.relevant, top.ties), 0.0)
    return unless_empty(rankings.total(chance).rounded(), top.number == 0, empty)


def _first_tie(top: _Top) -> Mask:
    """The rows of the first tie of each query that has a relevant row."""
    seen = top.relevant.cumsum() - top.relevant
    starts = top.rankings.starts[:-1][top.rankings.query]
    found: Mask = seen[top.ties.first][top.ties.of] == seen[starts]
    return found


@of_queries(
    aliases=("reciprocal_rank", "mean_reciprocal_rank", "retrieval_reciprocal_rank"), best=1.0,
    reference="Voorhees (1999), The TREC-8 question answering track report, p. 78",
)  # fmt: skip
def mrr(
    rankings: Rankings,
    *,
    k: Count | None = None,
    threshold: Real = 0.5,
    ties: TieRule = "average",
    empty: Empty = "skip",
) -> Floats:
    """One over the place of the first relevant row of a query.

        docs = [(f, y > threshold) for y, f, w in rows for n in range(w)]
        top = max([f for f, y in docs if y] or [-inf])
        above = sum(f > top for f, y in docs)
        bad = sum(f == top and not y for f, y in docs)
        good = sum(f == top and y for f, y in docs)
        firsts = [comb(bad + good - 1 - t, good - 1) / comb(bad + good, good) for t in range(bad + 1) if good]
        chances = firsts if ties == "average" else [t == bad for t in range(bad + 1)]
        found = sum(c / (above + t + 1) for t, c in enumerate(chances) if k == None or above + t < k)
        found if good else (empty == "1") / (empty != "skip")

    For questions that one answer settles: how far down a reader has to look.  With ``k`` it is 0 where
    the first k places hold none.  A row is relevant where its label is above ``threshold``.

    >>> mrr(Rankings.of([0, 0, 1, 0], [0.9, 0.8, 0.7, 0.1])).round(4)
    array([0.3333])
    """
    top = _Top(rankings, threshold, ties)
    counts = _first_tie(top) & (rankings.place < (len(rankings.label) if k is None else k))
    chance = np.where(counts, chance_of_first(top.relevant, top.ties) / (rankings.place + 1.0), 0.0)
    return unless_empty(rankings.total(chance).rounded(), top.number == 0, empty)


@of_queries(
    name="map", aliases=("mean_average_precision", "retrieval_map"), best=1.0, reference=MANNING,
)  # fmt: skip
def mean_average_precision(
    rankings: Rankings,
    *,
    k: Count | None = None,
    threshold: Real = 0.5,
    ties: TieRule = "average",
    empty: Empty = "skip",
) -> Floats:
    """Mean of the precision at the place of each relevant row of a query.

        docs = [(f, y > threshold) for y, f, w in rows for n in range(w)]
        worst = ties == "worst"
        ends = sorted([(-f, worst and y, y) for f, y in docs])
        above = [sum(e[:2] < d[:2] for e in ends) for d in ends]
        same = [[e[2] for e in ends if e[:2] == d[:2]] for d in ends]
        good = [sum(s) for s in same]
        seen = [sum(e[2] for e in ends if e[:2] < d[:2]) for d in ends]
        near = [s + 1 + (i - a) * (g - 1) / max(1, len(m) - 1)
                for i, (a, s, g, m) in enumerate(zip(above, seen, good, same))]
        terms = [g * n / (len(m) * (i + 1)) for i, (g, n, m) in enumerate(zip(good, near, same)) if k == None or i < k]
        count = sum(y for f, y in docs)
        sum(terms) / min(count, count if k == None else k) if count else (empty == "1") / (empty != "skip")

    For searches that want all relevant rows, the first ones most.  With ``k`` the sum is over the first k
    places and divided by k where more rows are relevant, as in LightGBM: XGBoost divides by their number,
    TorchMetrics by that of those found.

    >>> mean_average_precision(Rankings.of([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1])).round(4)
    array([0.8333])
    """
    top = _Top(rankings, threshold, ties)
    relevant, of, place = top.relevant.astype(np.int64), top.ties, rankings.place
    before = relevant.cumsum() - relevant
    seen = before[of.first][of.of] - before[rankings.starts[:-1][rankings.query]]
    good = (np.add.reduceat(relevant, of.first) if len(relevant) else relevant)[of.of]
    size, at = of.size[of.of], place - place[of.first][of.of]
    steps = np.maximum(size - 1, 1)
    above = good * ((seen + 1) * steps + at * (good - 1)).astype(np.float64)
    terms = above / (size * steps).astype(np.float64) / (place + 1.0)
    count = top.number
    if k is not None:
        terms, count = np.where(place < k, terms, 0.0), np.minimum(count, k)
    found = rankings.total(terms).rounded() / np.maximum(count, 1)
    return unless_empty(np.minimum(found, 1.0), count == 0, empty)


@of_queries(
    aliases=("query_auc", "grouped_auc", "gauc", "retrieval_auroc", "concordant_pairs"), best=1.0, main="",
    reference="Joachims (2002), doi:10.1145/775047.775067",
)  # fmt: skip
def pair_accuracy(rankings: Rankings, *, ties: PairTies = "half", empty: Empty = "skip") -> Floats:
    """Share of the pairs of rows of a query that scores order rightly.

        docs = [(y, f) for y, f, w in rows for n in range(w)]
        pairs = [(f, g) for y, f in docs for z, g in docs if y > z]
        right = sum(1 if f > g else 1 / 2 if f == g and ties == "half" else 0 for f, g in pairs)
        right / len(pairs) if pairs else (empty == "1") / (empty != "skip")

    Pairs of rows with different labels; of labels 0 and 1 it is the area under the ROC curve within the
    query.  Equal scores count half, or with ``ties=wrong`` not at all, as in CatBoost's PairAccuracy.

    >>> pair_accuracy(Rankings.of([2, 1, 0], [0.9, 0.1, 0.4])).round(4)
    array([0.6667])
    """
    label, query, count = rankings.label, rankings.query, rankings.count
    fresh = np.ones(len(label), np.bool_)
    fresh[1:] = (rankings.pred[1:] != rankings.pred[:-1]) | (query[1:] != query[:-1])
    scores = fresh.cumsum()  # from the greatest on
    scores = scores[rankings.starts[1:][query] - 1] - scores
    rising = np.lexsort((-scores, label, query))
    right = pairs_that_rise(scores[rising], query, count)
    ordered = rankings.perfect
    same = np.ones(len(label), np.bool_)
    same[1:] = (ordered.label[1:] != ordered.label[:-1]) | (query[1:] != query[:-1])
    sizes = np.diff(np.flatnonzero(same), append=len(label))
    alike = np.bincount(query[same], sizes * (sizes - 1) // 2, minlength=count).astype(np.int64)
    pairs = rankings.sizes * (rankings.sizes - 1) // 2 - alike
    if ties == "wrong":
        return unless_empty(_share(right, pairs), pairs == 0, empty)
    falling = np.lexsort((scores, label, query))
    wrong = pairs_that_rise(scores.max(initial=0) - scores[falling], query, count)
    return unless_empty(_share(pairs + right - wrong, 2 * pairs), pairs == 0, empty)


@of_queries(
    aliases=("ranking_softmax", "ranking_softmax_loss", "softmax_rank", "query_softmax"), best=None, main="",
    better="lower", label=Interval(0.0, FAR),
    pred=Interval(-FAR, FAR), elicits="the logarithm of the labels of a query, up to a constant",
    reference="Cao et al. (2007), doi:10.1145/1273496.1273513",
)  # fmt: skip
def listnet(rankings: Rankings) -> Floats:
    """Cross-entropy of the labels of a query and the softmax of its scores.

        docs = [(y, f) for y, f, w in rows for n in range(w)]
        top = max(f for y, f in docs)
        near = log1p(sum(exp(f - top) for y, f in docs) - 1)
        sum(y * (top - f + near) for y, f in docs)

    Labels weigh the rows as they stand: with labels that sum to 1 in each query it is the loss of ListNet.
    What a ranking network that was fitted with it minimises, to be compared on other queries.

    >>> listnet(Rankings.of([1, 0], [0.0, 0.0])).round(4)
    array([0.6931])
    """
    label, pred, query = rankings.label, rankings.pred, rankings.query
    top = pred[rankings.starts[:-1][query]]
    with np.errstate(all="ignore"):
        apart, lost = two_difference(top, pred)
        # The greatest score of a query is left out here, and is the 1 of log1p.
        shares = np.where(
            rankings.place == 0, 0.0, np.exp(-apart) * (1.0 - np.where(apart < 800.0, lost, 0.0))
        )
    near = np.log1p(rankings.total(shares).rounded())[query]
    return rankings.total_of((label, top), (label, -pred), (label, near)).rounded()
