"""Losses of rankings: by hand, over all orders of equal scores, and as other libraries have them."""

from __future__ import annotations

import itertools
import json
import math
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pytest
from recorded import recorded
from sklearn.metrics import dcg_score, ndcg_score

from losscli import evaluate
from losscli.losses.families import catalogue, find
from losscli.numbers.queries import Rankings, pairs_that_rise

# Relevance and scores of the example on which libraries disagree.
RELEVANCE, SCORES = [3, 2, 0, 1], [0.1, 0.4, 0.35, 0.8]


def value(name: str, label: Any, pred: Any, **params: Any) -> float:
    """The value of one query."""
    (found,) = find(name)[0].function(Rankings.of(label, pred), **params).tolist()
    return float(found)


# ---------------------------------------------------------------------- by hand


@pytest.mark.parametrize(("more", "wanted"), [
    ({}, 0.7463), ({"gain": "exp"}, 0.6289), ({"k": 1}, 0.3333), ({"k": 2}, (1 + 2 / math.log2(3)) / (3 + 2 / math.log2(3))),
])  # fmt: skip
def test_ndcg_is_the_share_of_the_gain_of_the_perfect_order(more: dict[str, Any], wanted: float) -> None:
    assert value("ndcg", RELEVANCE, SCORES, **more) == pytest.approx(wanted, abs=5e-5)


def test_equal_scores_are_averaged_or_in_their_worst_order() -> None:
    assert value("ndcg", RELEVANCE, [0.5] * 4) == pytest.approx(0.8069, abs=5e-5)
    assert value("ndcg", RELEVANCE, [0.5] * 4, ties="worst") == pytest.approx(0.6138, abs=5e-5)


def test_a_query_without_a_relevant_row_has_no_value_unless_it_is_given_one() -> None:
    for name, more in (("ndcg", {}), ("map", {}), ("mrr", {}), ("hit", {"k": 2}), ("recall_at_k", {"k": 2})):
        assert math.isnan(value(name, [0, 0], [1, 2], **more))
        assert value(name, [0, 0], [1, 2], empty="0", **more) == 0.0
        assert value(name, [0, 0], [1, 2], empty="1", **more) == 1.0


LABEL, PRED = [1, 0, 1, 1, 0, 0], [0.3, 0.9, 0.8, 0.1, 0.7, 0.2]
# In the order of the scores: 0 1 0 1 0 1.


@pytest.mark.parametrize(("name", "more", "wanted"), [
    ("precision_at_k", {"k": 2}, Fraction(1, 2)),
    ("precision_at_k", {"k": 12}, Fraction(3, 12)),
    ("recall_at_k", {"k": 2}, Fraction(1, 3)),
    ("recall_at_k", {"k": 12}, Fraction(1)),
    ("fall_out_at_k", {"k": 3}, Fraction(2, 3)),
    ("r_precision", {}, Fraction(1, 3)),
    ("hit", {"k": 1}, Fraction(0)),
    ("hit", {"k": 2}, Fraction(1)),
    ("mrr", {}, Fraction(1, 2)),
    ("mrr", {"k": 1}, Fraction(0)),
    ("map", {}, Fraction(1, 2)),
    ("map", {"k": 4}, (Fraction(1, 2) + Fraction(2, 4)) / 3),
    ("map", {"k": 2}, Fraction(1, 2) / 2),
    ("pair_accuracy", {}, Fraction(3, 9)),
])  # fmt: skip
def test_values_of_one_query_are_those_by_hand(name: str, more: dict[str, Any], wanted: Fraction) -> None:
    assert value(name, LABEL, PRED, **more) == float(wanted)


def test_a_pair_is_of_different_labels_and_a_tie_is_half() -> None:
    label, pred = [2, 1, 1, 0], [0.5, 0.9, 0.5, 0.1]
    # Pairs: 2>1 wrong, 2>1 tied, 2>0 right, 1>0 right twice.
    assert value("pair_accuracy", label, pred) == 3.5 / 5
    assert value("pair_accuracy", label, pred, ties="wrong") == 3 / 5


def test_listnet_is_the_cross_entropy_of_the_softmax() -> None:
    pred = np.array([1.0, 2.0, -1.0])
    shares = np.exp(pred) / np.exp(pred).sum()
    assert value("listnet", [1, 0, 2], pred) == pytest.approx(-math.log(shares[0]) - 2 * math.log(shares[2]))


# ---------------------------------------------------------------------- over all orders


def plain(name: str, relevant: list[int], k: int) -> float:
    """The value of a query whose rows stand in this order."""
    places = [at for at, one in enumerate(relevant) if one]
    inside = [at for at in places if at < k]
    if name == "map":
        return sum((i + 1) / (at + 1) for i, at in enumerate(inside)) / min(k, len(places))
    if name == "mrr":
        return 1 / (inside[0] + 1) if inside else 0.0
    if name == "hit":
        return float(bool(inside))
    if name == "dcg":
        return sum(1 / math.log2(at + 2) for at in inside)
    if name == "precision_at_k":
        return len(inside) / k
    return len(inside) / len(places)


@pytest.mark.parametrize("name", ["map", "mrr", "hit", "dcg", "precision_at_k", "recall_at_k"])
@pytest.mark.parametrize("seed", range(8))
def test_a_value_is_the_mean_over_all_orders_of_equal_scores(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    label, pred = rng.integers(0, 2, 7), rng.integers(0, 3, 7)
    label[0] = 1
    k = int(rng.integers(1, 8))
    orders = [
        order for order in itertools.permutations(range(7))
        if all(pred[a] >= pred[b] for a, b in itertools.pairwise(order))
    ]  # fmt: skip
    values = [plain(name, [int(label[at]) for at in order], k) for order in orders]
    assert value(name, label, pred, k=k) == pytest.approx(sum(values) / len(values), rel=1e-13)
    assert value(name, label, pred, k=k, ties="worst") == pytest.approx(min(values), rel=1e-13)


def test_one_tie_of_many_rows_keeps_its_digits() -> None:
    rows = 5000
    label = np.arange(rows) < 2
    # The mean of 1/(first place), when 2 relevant rows stand anywhere among n.
    wanted = sum(Fraction(rows - place, place) for place in range(1, rows)) / math.comb(rows, 2)
    assert value("mrr", label, np.zeros(rows)) == pytest.approx(float(wanted), rel=1e-15)
    assert value("hit", label, np.zeros(rows), k=1) == 2 / rows


@pytest.mark.parametrize("seed", range(5))
def test_pairs_that_rise_are_counted_as_one_by_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    query = np.sort(rng.integers(0, 5, 60))
    keys = rng.integers(0, 9, 60)
    wanted = [
        sum(a < b for a, b in itertools.combinations(keys[query == one].tolist(), 2)) for one in range(6)
    ]
    assert pairs_that_rise(keys, query, 6).tolist() == wanted


# ---------------------------------------------------------------------- by query


def test_many_queries_at_once_are_each_query_alone() -> None:
    rng = np.random.default_rng(5)
    sizes = [0, 1, 7, 0, 40, 3, 0]
    rows = sum(sizes)
    label, pred = rng.integers(0, 3, rows).astype(float), rng.integers(0, 6, rows).astype(float)
    rankings = Rankings.of(label, pred, sizes)
    ends = np.cumsum([0, *sizes])
    for name, (form, *_) in catalogue().items():
        if form.state != "queries":
            continue
        params = {"k": 3} if any(param.name == "k" and param.required for param in form.params) else {}
        together = form.function(rankings, **params)
        for at, size in enumerate(sizes):
            if size:
                here = slice(ends[at], ends[at + 1])
                alone = form.function(Rankings.of(label[here], pred[here]), **params)
                np.testing.assert_array_equal(alone[0], together[at], err_msg=f"{name} {at}")


def test_queries_with_nothing_to_rank_are_left_out_and_counted(here: Any, text: Any) -> None:
    text("t.csv", ["q,pred,label", "a,2,1", "a,1,0", "b,2,0", "b,1,0", "c,1,0", "c,2,2"])
    ran = here("eval", "t.csv", "-l", "ndcg@1,ndcg@1:empty=0,mrr", "--group", "q", "--json")
    assert ran.code == 0, ran.err
    skipped, counted, mrr = json.loads(ran.out)["results"]
    assert (skipped["value"], skipped["skipped"], skipped["detail"]["groups"]) == (1.0, {"empty": 1}, 2)
    assert (counted["value"], counted["skipped"], counted["detail"]["groups"]) == (2 / 3, {}, 3)
    assert (mrr["value"], mrr["rows"]) == (1.0, 6)


def test_without_groups_all_rows_are_one_query_which_a_note_says(here: Any, text: Any) -> None:
    text("t.csv", ["q,pred,label", "a,2,1", "a,1,0", "b,4,0"])
    ran = here("eval", "t.csv", "-l", "mrr", "--json")
    (found,) = json.loads(ran.out)["results"]
    assert found["value"] == 0.5
    assert found["note"] == "all rows are one query: `--group COLUMN` names the query of each row"


def test_no_query_with_anything_to_rank_leaves_no_value(here: Any, text: Any) -> None:
    text("t.csv", ["q,pred,label", "a,2,0", "b,1,0"])
    (found,) = json.loads(here("eval", "t.csv", "-l", "mrr", "--group", "q", "--json").out)["results"]
    assert (found["value"], found["note"], found["skipped"]) == (None, "no group has a value", {"empty": 2})
    (found,) = json.loads(here("eval", "t.csv", "-l", "mrr", "--json").out)["results"]
    assert found["value"] is None
    assert found["note"].startswith("the query has nothing to rank")


@pytest.mark.parametrize(("spec", "wanted"), [
    ("ndcg@10", "ndcg:k=10"), ("recall@5", "recall_at_k:k=5"), ("precision@5:ties=worst", "precision_at_k:k=5,ties=worst"),
    ("map@3", "map:k=3"), ("MRR@3", "mrr:k=3"), ("hit@2", "hit:k=2"),
])  # fmt: skip
def test_k_stands_behind_the_name(here: Any, text: Any, spec: str, wanted: str) -> None:
    text("t.csv", ["q,pred,label", "a,2,1", "a,1,0", "b,4,1"])
    ran = here("eval", "t.csv", "-l", spec, "--group", "q", "--json")
    assert [one["loss"] for one in json.loads(ran.out)["results"]] == [wanted]


# ---------------------------------------------------------------------- as other libraries have them


@pytest.mark.parametrize("k", [None, 1, 3, 20])
def test_gains_are_those_of_scikit_learn(k: int | None) -> None:
    rng = np.random.default_rng(11)
    label, pred = rng.integers(0, 5, (30, 12)), rng.integers(0, 6, (30, 12)) / 4
    label[:, 0] = 1
    rankings = Rankings.of(label.ravel(), pred.ravel(), [12] * 30)
    for name, theirs in (("dcg", dcg_score), ("ndcg", ndcg_score)):
        own = find(name)[0].function(rankings, k=k)
        wanted = [theirs(label[at : at + 1], pred[at : at + 1], k=k) for at in range(30)]
        np.testing.assert_allclose(own, wanted, rtol=1e-13)


def as_torchmetrics(torchmetrics: Any, name: str, label: Any, pred: Any, **more: Any) -> float:
    import torch
    from torchmetrics.functional import retrieval

    del torchmetrics
    relevant = torch.tensor(label) if name == "normalized_dcg" else torch.tensor(label) > 0
    return float(getattr(retrieval, f"retrieval_{name}")(torch.tensor(pred), relevant, **more))


@pytest.mark.parametrize(("name", "theirs", "k"), [
    ("map", "average_precision", None), ("mrr", "reciprocal_rank", None), ("mrr", "reciprocal_rank", 2),
    ("precision_at_k", "precision", 4), ("precision_at_k", "precision", 15), ("recall_at_k", "recall", 4),
    ("fall_out_at_k", "fall_out", 4), ("hit", "hit_rate", 2), ("r_precision", "r_precision", None),
    ("ndcg", "normalized_dcg", None), ("ndcg", "normalized_dcg", 4), ("pair_accuracy", "auroc", None),
])  # fmt: skip
def test_values_are_those_of_torchmetrics(name: str, theirs: str, k: int | None) -> None:
    rng = np.random.default_rng(3)
    more = {} if k is None else {"top_k": k}
    own_more = {} if k is None else {"k": k}
    for at in range(3):
        label, pred = rng.integers(0, 3, 12), (rng.permutation(12) + 1) / 16
        label[:2] = 0, 2
        graded = label if name == "ndcg" else (label > 0).astype(int)
        wanted = recorded(
            "torchmetrics",
            f"{theirs} {k} {at}",
            partial(as_torchmetrics, name=theirs, label=label, pred=pred, **more),
        )
        # TorchMetrics works in single precision here and there.  It takes no row of score 0.
        assert value(name, graded, pred, **own_more) == pytest.approx(wanted, rel=1e-6)


def as_xgboost(xgboost: Any, metric: str, label: Any, pred: Any, sizes: list[int]) -> float:
    rows = xgboost.DMatrix(np.zeros((len(label), 1)), label=label, base_margin=pred)
    rows.set_group(sizes)
    params = {"objective": "rank:ndcg", "eval_metric": metric, "base_score": 0.0}
    said = xgboost.train(params, rows, num_boost_round=0).eval(rows)
    return float(said.rpartition(":")[2])


@pytest.mark.parametrize(("spec", "theirs"), [
    ("ndcg:gain=exp", "ndcg"), ("ndcg@4:gain=exp", "ndcg@4"), ("map", "map"), ("precision@4", "pre@4"),
])  # fmt: skip
def test_means_over_queries_are_those_of_xgboost(tmp_path: Any, spec: str, theirs: str) -> None:
    rng = np.random.default_rng(8)
    sizes = [5, 9, 4, 12]
    graded = "ndcg" in spec
    label = rng.integers(0, 4 if graded else 2, sum(sizes))
    label[np.cumsum([0, *sizes[:-1]])] = 1
    pred = rng.permutation(sum(sizes)) / 8 - 1
    wanted = recorded(
        "xgboost", theirs, partial(as_xgboost, metric=theirs, label=label, pred=pred, sizes=sizes)
    )
    path = tmp_path / "t.csv"
    rows = zip(np.repeat(range(4), sizes), pred, label, strict=True)
    path.write_text("q,pred,label\n" + "\n".join(f"{q},{p},{y}" for q, p, y in rows))
    assert evaluate(str(path), loss=spec, group="q").results[0].value == pytest.approx(wanted, rel=1e-5)


def test_a_mean_over_queries_reads_files(tmp_path: Any) -> None:
    path = tmp_path / "t.csv"
    path.write_text("q,pred,label\n" + "\n".join(f"{q},{p},{y}" for q, p, y in [
        (1, 0.1, 3), (1, 0.4, 2), (1, 0.35, 0), (1, 0.8, 1), (2, 0.5, 1), (2, 0.5, 0),
    ]))  # fmt: skip
    found = evaluate(str(path), loss="ndcg", group="q").results[0].value
    one, two = value("ndcg", RELEVANCE, SCORES), value("ndcg", [1, 0], [0.5, 0.5])
    assert found == float((Fraction(one) + Fraction(two)) / 2)
