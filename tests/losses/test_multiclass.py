"""Losses of several classes against scikit-learn, SciPy, PyTorch and values worked out by hand."""

from __future__ import annotations

import math
import warnings
from typing import Any

import mpmath
import numpy as np
import pytest
from draws import write
from measuring import of_columns
from recorded import recorded
from scipy import special, stats
from scipy.spatial import distance
from sklearn import metrics

from losscli.errors import DataError, UsageError
from losscli.losses.class_distances import rps
from losscli.losses.class_scores import (
    multi_margin,
    multiclass_hinge,
    perceptron_of_classes,
    sparsemax_loss,
    top_k_error,
)
from losscli.losses.multiclass import cross_entropy, cross_entropy_from_logits, focal, gce, poly1
from losscli.losses.stable import entropy_gap, mixing
from losscli.report.evaluate import evaluate
from losscli.report.records import Result

# Both sides sum n = 1500 doubles pairwise or exactly: log2(n) roundings of 2^-53, and C of a row.
SUMMED = 1e-13

ROWS, CLASSES = 1500, 4
RNG = np.random.default_rng(16)
LABEL = RNG.integers(0, CLASSES, ROWS)
ONE_HOT = np.eye(CLASSES)[LABEL]
CHANCE = RNG.dirichlet(np.full(CLASSES, 0.7), ROWS)
SHARE = RNG.dirichlet(np.full(CLASSES, 0.7), ROWS)
SCORE = RNG.normal(0.0, 2.0, (ROWS, CLASSES))
WEIGHT = RNG.exponential(1.0, ROWS)


def measure(
    folder: Any, label: Any, pred: Any, *losses: str, weighted: bool = False, **options: Any
) -> list[Result]:
    weight = WEIGHT if weighted else None
    return of_columns(folder, label, pred, *losses, weight=weight, **options)


def value(folder: Any, label: Any, pred: Any, spec: str, **options: Any) -> float:
    found = measure(folder, label, pred, spec, **options)[0].value
    assert found is not None
    return found


def mean(rows: Any, weighted: bool = False) -> float:
    return float(np.average(np.asarray(rows), weights=WEIGHT if weighted else None))


# ------------------------------------------------------------------------------------------------
# Against libraries
# ------------------------------------------------------------------------------------------------

BY_SCIPY: dict[str, tuple[Any, Any, Any]] = {
    "cross_entropy": (LABEL, CHANCE, lambda: -np.log(CHANCE[range(ROWS), LABEL])),
    "kl": (SHARE, CHANCE, lambda: special.rel_entr(SHARE, CHANCE).sum(axis=1)),
    "kl:reverse=true": (SHARE, CHANCE, lambda: special.rel_entr(CHANCE, SHARE).sum(axis=1)),
    "js": (SHARE, CHANCE, lambda: distance.jensenshannon(SHARE, CHANCE, axis=1) ** 2),
    "emd": (
        SHARE, CHANCE,
        lambda: [stats.wasserstein_distance(range(CLASSES), range(CLASSES), y, p)
                 for y, p in zip(SHARE, CHANCE, strict=True)],
    ),
    "tv": (SHARE, CHANCE, lambda: [distance.cityblock(y, p) / 2 for y, p in zip(SHARE, CHANCE, strict=True)]),
    "hellinger": (
        SHARE, CHANCE,
        lambda: [distance.euclidean(np.sqrt(y), np.sqrt(p)) / math.sqrt(2)
                 for y, p in zip(SHARE, CHANCE, strict=True)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("spec", BY_SCIPY)
def test_a_mean_of_rows_is_that_of_scipy(spec: str, weighted: bool, tmp_path: Any) -> None:
    label, pred, theirs = BY_SCIPY[spec]
    found = value(tmp_path, label, pred, spec, weighted=weighted)
    assert found == pytest.approx(mean(theirs(), weighted), rel=SUMMED)


LOG_CHANCE = special.log_softmax(SCORE, axis=1)
BY_TORCH: dict[str, tuple[Any, str, dict[str, Any], dict[str, Any]]] = {
    "nll": (LOG_CHANCE, "nll_loss", {}, {}),
    "multi_margin": (SCORE, "multi_margin_loss", {}, {}),
    "multi_margin:power=2,margin=0.5": (SCORE, "multi_margin_loss", {"p": 2, "margin": 0.5}, {}),
    "cross_entropy:label_smoothing=0.0": (SCORE, "cross_entropy", {}, {"from_logits": True}),
    "cross_entropy:label_smoothing=0.1": (
        SCORE, "cross_entropy", {"label_smoothing": 0.1}, {"from_logits": True},
    ),
}  # fmt: skip


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("spec", BY_TORCH)
def test_a_mean_of_rows_is_that_of_torch(spec: str, weighted: bool, tmp_path: Any) -> None:
    pred, name, params, options = BY_TORCH[spec]

    def theirs(torch: Any) -> float:
        rows = getattr(torch.nn.functional, name)(
            torch.tensor(pred), torch.tensor(LABEL), reduction="none", **params
        )
        return mean(rows, weighted)

    wanted = recorded("torch", f"multiclass: {spec}{', weighted' * weighted}", theirs)
    found = value(tmp_path, LABEL, pred, spec, weighted=weighted, **options)
    assert found == pytest.approx(wanted, rel=SUMMED)


def test_the_sparsemax_loss_is_that_of_optax() -> None:
    scores = np.array([[1.0, 0.0, 0.2], [1.0, 0.0, -0.5], [4.0, -2.0, 0.5], [3.0, 3.0, 3.0]])
    found = sparsemax_loss(np.array([0, 1, 2, 1]), scores)
    by_optax = [0.010000000000000002, 1.0, 3.5, 0.3333333333333333]  # optax 0.2.8 in 64 bits
    assert found.tolist() == pytest.approx(by_optax, rel=1e-14)


def test_the_sparsemax_loss_is_0_where_the_class_lies_1_ahead_and_infinite_beyond_the_doubles() -> None:
    scores = np.array([[2.0, 1.0, 0.5], [-1.7e308, 1.7e308, 0.0], [-1e16, 1e16, 1e16]])
    with np.errstate(all="ignore"):
        assert sparsemax_loss(np.array([0, 0, 0]), scores).tolist() == [0.0, np.inf, 2e16]


BY_SKLEARN: dict[str, tuple[Any, Any]] = {
    "cross_entropy": (CHANCE, metrics.log_loss),
    "brier": (CHANCE, lambda y, p, **w: metrics.brier_score_loss(y, p, **w)),
    "multiclass_hinge": (SCORE, metrics.hinge_loss),
    "zero_one": (CHANCE, lambda y, p, **w: metrics.zero_one_loss(y, p.argmax(axis=1), **w)),
    "top_k_error:k=1": (CHANCE, lambda y, p, **w: 1 - metrics.top_k_accuracy_score(y, p, k=1, **w)),
    "top_k_error:k=2": (CHANCE, lambda y, p, **w: 1 - metrics.top_k_accuracy_score(y, p, k=2, **w)),
    "top_k_error:k=3": (SCORE, lambda y, p, **w: 1 - metrics.top_k_accuracy_score(y, p, k=3, **w)),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("spec", BY_SKLEARN)
def test_losses_of_classes_are_those_of_scikit_learn(spec: str, weighted: bool, tmp_path: Any) -> None:
    pred, theirs = BY_SKLEARN[spec]
    wanted = theirs(LABEL, pred, sample_weight=WEIGHT if weighted else None)
    assert value(tmp_path, LABEL, pred, spec, weighted=weighted) == pytest.approx(float(wanted), rel=SUMMED)


def test_torchs_batchmean_of_the_kl_divergence_is_ours_and_its_mean_is_divided_by_the_classes(
    tmp_path: Any,
) -> None:
    def theirs(torch: Any) -> list[float]:
        log, share = torch.tensor(np.log(CHANCE)), torch.tensor(SHARE)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "reduction: 'mean'", UserWarning)  # it advises batchmean
            return [
                float(torch.nn.functional.kl_div(log, share, reduction=by)) for by in ("batchmean", "mean")
            ]

    batchmean, by_element = recorded("torch", "multiclass: kl, by batchmean and by mean", theirs)
    found = value(tmp_path, SHARE, CHANCE, "kl")
    assert found == pytest.approx(batchmean, rel=SUMMED)
    assert found == pytest.approx(CLASSES * by_element, rel=SUMMED)


def test_one_hot_labels_give_what_classes_give(tmp_path: Any) -> None:
    for name in ("cross_entropy", "cross_entropy:label_smoothing=0.2", "brier", "rps", "emd"):
        wanted = value(tmp_path, LABEL, CHANCE, name)
        assert value(tmp_path, ONE_HOT, CHANCE, name) == pytest.approx(wanted, rel=SUMMED)
    for name in ("cross_entropy", "cross_entropy:label_smoothing=0.2"):
        wanted = value(tmp_path, LABEL, SCORE, name, from_logits=True)
        assert value(tmp_path, ONE_HOT, SCORE, name, from_logits=True) == pytest.approx(wanted, rel=SUMMED)


@pytest.mark.parametrize("name", ["cross_entropy", "cross_entropy:label_smoothing=0.3", "focal", "gce"])
def test_raw_scores_give_what_their_softmax_gives(name: str, tmp_path: Any) -> None:
    wanted = value(tmp_path, LABEL, special.softmax(SCORE, axis=1), name)
    # The softmax rounds each probability, and focal takes it to a power of 2.
    assert value(tmp_path, LABEL, SCORE, name, from_logits=True) == pytest.approx(wanted, rel=1e-13)


def test_one_against_the_rest_is_the_mean_of_the_log_losses_of_the_classes(tmp_path: Any) -> None:
    # Not a simplex: the columns need not sum to 1.
    free = RNG.random((ROWS, CLASSES))
    each = [metrics.log_loss(c == LABEL, free[:, c]) for c in range(CLASSES)]
    assert value(tmp_path, LABEL, free, "ova_log_loss") == pytest.approx(np.mean(each), rel=SUMMED)
    wanted = recorded(
        "torch",
        "multiclass: ova_log_loss",
        lambda torch: torch.nn.functional.binary_cross_entropy_with_logits(
            *map(torch.tensor, (SCORE, ONE_HOT))
        ),
    )
    found = value(tmp_path, LABEL, SCORE, "ova_log_loss", from_logits=True)
    assert found == pytest.approx(wanted, rel=SUMMED)


# ------------------------------------------------------------------------------------------------
# Where libraries disagree
# ------------------------------------------------------------------------------------------------

SMALL = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3]])


def test_label_smoothing_spreads_its_share_over_all_classes(tmp_path: Any) -> None:
    # torch, keras and optax alike: 0.5076 on the scores (2, 1, 0), a tenth spread over three classes.
    above = math.log(math.exp(2) + math.exp(1) + 1)
    by_hand = 0.9 * (above - 2) + 0.1 * (above - 1)
    found = value(tmp_path, [0], [[2.0, 1.0, 0.0]], "cross_entropy:label_smoothing=0.1", from_logits=True)
    assert found == pytest.approx(by_hand, rel=1e-15)
    assert round(found, 4) == 0.5076


def test_focal_without_alpha_is_four_times_what_keras_says(tmp_path: Any) -> None:
    # (0.3² · -log 0.7 + 0.4² · -log 0.6) / 2; keras multiplies by its alpha of 0.25.
    by_hand = (0.3**2 * -math.log(0.7) + 0.4**2 * -math.log(0.6)) / 2
    assert value(tmp_path, [0, 1], SMALL, "focal") == pytest.approx(by_hand, rel=1e-15)
    assert value(tmp_path, [0, 1], SMALL, "focal:alpha=0.25") == pytest.approx(by_hand / 4, rel=1e-15)
    assert value(tmp_path, [0, 1], SMALL, "focal:gamma=0") == value(tmp_path, [0, 1], SMALL, "cross_entropy")


def test_the_hinge_of_classes_takes_raw_scores_and_the_strongest_rival_only(tmp_path: Any) -> None:
    # All scores negative: keras lets the 0 of its masked true class win, scikit-learn and optax do not.
    label, pred = [0, 1], np.array([[-3.0, -2.5, -4.0], [-1.0, -3.0, -2.0]])
    assert value(tmp_path, label, pred, "multiclass_hinge") == (1.5 + 3.0) / 2
    assert value(tmp_path, label, pred, "multiclass_hinge:squared=true") == (1.5**2 + 3.0**2) / 2
    # Both rivals, over three classes: (1.5 + 0) / 3 and (3 + 2) / 3
    assert value(tmp_path, label, pred, "multi_margin") == pytest.approx((1.5 + 5.0) / 6, rel=1e-15)
    assert value(tmp_path, label, pred, "perceptron") == (0.5 + 2.0) / 2


def test_scores_may_be_said_to_be_raw_and_stand_beside_cross_entropy(tmp_path: Any) -> None:
    names = ("multiclass_hinge", "multi_margin", "perceptron", "top_k_error:k=2", "zero_one")
    plain = measure(tmp_path, LABEL, SCORE, *names)
    both = measure(tmp_path, LABEL, SCORE, *names, "cross_entropy", from_logits=True)
    assert [result.value for result in both[:-1]] == [result.value for result in plain]
    with pytest.raises(UsageError, match="no form for raw scores"):
        measure(tmp_path, LABEL, SCORE, "rps", from_logits=True)


def test_of_equal_scores_the_first_column_is_in_front_and_the_row_is_counted_as_tied(tmp_path: Any) -> None:
    label, pred = [0, 1, 2, 2], [[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.4, 0.3, 0.3], [0.4, 0.4, 0.2]]
    (first,) = measure(tmp_path, label, pred, "top_k_error:k=1")
    assert (first.value, first.touched) == (0.75, {"tied": 2})
    (second,) = measure(tmp_path, label, pred, "top_k_error:k=2")
    # The third row's second place is shared by its own class and a column before it.
    assert (second.value, second.touched) == (0.5, {"tied": 1})
    assert value(tmp_path, label, pred, "zero_one") == first.value


def test_a_k_beyond_the_number_of_classes_is_never_missed(tmp_path: Any) -> None:
    assert value(tmp_path, LABEL, CHANCE, "top_k_error:k=9") == 0.0
    with pytest.raises(UsageError, match="needs `k`"):
        measure(tmp_path, LABEL, CHANCE, "top_k_error")


def test_the_ranked_probability_score_divides_by_the_classes_less_one_unless_told_not_to(
    tmp_path: Any,
) -> None:
    # Running sums 0.7, 0.9 against 1, 1 and 0.1, 0.7 against 0, 1.
    # scoringrules 0.10.0, rps_score([1, 2], SMALL): [0.1, 0.1], classes coded from 1 and not divided.
    by_hand = ((0.3**2 + 0.1**2) + (0.1**2 + 0.3**2)) / 2
    assert value(tmp_path, [0, 1], SMALL, "rps:normalize=false") == pytest.approx(by_hand, rel=1e-15)
    assert value(tmp_path, [0, 1], SMALL, "rps") == pytest.approx(by_hand / 2, rel=1e-15)


def test_of_two_classes_the_ranked_probability_score_is_the_halved_brier_score(tmp_path: Any) -> None:
    pred = np.stack((1 - CHANCE[:, 0], CHANCE[:, 0]), axis=1)
    label = LABEL % 2
    wanted = value(tmp_path, label, pred, "brier")
    assert value(tmp_path, label, pred, "rps") == pytest.approx(wanted, rel=SUMMED)


def test_brier_is_halved_for_two_classes_only_unless_told_otherwise(tmp_path: Any) -> None:
    # By hand: 0.09 + 0.04 + 0.01 and 0.01 + 0.16 + 0.09
    found = [
        value(tmp_path, [0, 1], SMALL, spec) for spec in ("brier", "brier:half=always", "brier:half=never")
    ]
    assert found == pytest.approx([0.2, 0.1, 0.2], rel=1e-15)


def test_the_order_of_classes_is_that_of_the_columns(tmp_path: Any) -> None:
    columns = {"label": ["low", "high"], "low": [0.0, 0.5], "high": [1.0, 0.0], "mid": [0.0, 0.5]}
    path = str(tmp_path / "named.parquet")
    write(path, columns)
    found = [
        evaluate(path, loss=["emd"], label="label", pred=pred).results[0].value
        for pred in ("low,mid,high", "low,high,mid")
    ]
    # low to high: two steps, or one; high from half low and half mid: (2 + 1) / 2, or one step each.
    assert found == [(2 + 1.5) / 2, (1 + 1) / 2]


# ------------------------------------------------------------------------------------------------
# By hand, and where digits are lost
# ------------------------------------------------------------------------------------------------


def test_a_certain_class_that_did_not_happen_is_infinite_where_nothing_clips(tmp_path: Any) -> None:
    for spec in ("poly1", "cross_entropy:eps=0", "focal:eps=0"):
        (found,) = measure(tmp_path, [0, 1], [[0.5, 0.5], [1.0, 0.0]], spec)
        assert found.value is None
        assert "first in row 2" in (found.note or "")
    (found,) = measure(tmp_path, [[0.5, 0.5], [0.5, 0.5]], [[1.0, 0.0], [0.5, 0.5]], "kl")
    assert found.value is None
    (found,) = measure(tmp_path, [[1.0, 0.0]], [[1.0, 0.0]], "kl")
    assert found.value == 0.0


def test_smoothing_looks_at_every_class_and_counts_a_row_that_clips_any(tmp_path: Any) -> None:
    pred = [[1.0, 0.0], [0.5, 0.5]]
    (plain,) = measure(tmp_path, [0, 1], pred, "cross_entropy")
    assert (plain.value, plain.touched) == (pytest.approx(math.log(2) / 2, rel=1e-15), {})
    (found,) = measure(tmp_path, [0, 1], pred, "cross_entropy:label_smoothing=0.5")
    # A quarter of the label on a class of probability 0, floored at 2^-52: 13 log 2.
    assert found.value == pytest.approx((52 * math.log(2) / 4 + math.log(2)) / 2, rel=1e-15)
    assert found.touched == {"clipped": 1}


def test_probabilities_in_place_of_log_probabilities_are_refused(tmp_path: Any) -> None:
    with pytest.raises(DataError, match="is not in"):
        measure(tmp_path, LABEL, CHANCE, "nll")


def test_generalised_cross_entropy_lies_between_surprise_and_the_chance_of_a_miss() -> None:
    label, pred = np.array([0]), np.array([[0.25, 0.75]])
    assert gce(label, pred, power=1.0).tolist() == [0.75]
    assert gce(label, pred, power=0.5).tolist() == [1.0]
    assert gce(label, pred, power=1e-300) == pytest.approx(cross_entropy(label, pred, eps=0.0), rel=1e-15)


def test_poly1_keeps_its_digits_where_eps_takes_the_first_term_away() -> None:
    # -log(1 - u) - u = u²/2 + u³/3 + …, with u = 2^-30
    found = poly1(np.array([0]), np.array([[1 - 2.0**-30, 2.0**-30]]), eps=-1.0)
    assert found == pytest.approx([2.0**-61 + 2.0**-90 / 3], rel=1e-15)


def test_sums_of_probabilities_that_all_but_reach_one_keep_their_digits() -> None:
    # 1 - (1 - 2^-53) is all that is left of the first running sum.
    sure = 1 - 2.0**-53
    found = rps(np.array([0]), np.array([[sure, 2.0**-53, 0.0]]), normalize=False)
    assert found.tolist() == [2.0**-106]


def test_scores_beyond_the_greatest_difference_are_infinite_or_their_share_of_it() -> None:
    label, pred = np.array([0]), np.array([[-1.7e308, 1.7e308, 0.0]])
    with np.errstate(all="ignore"):
        assert cross_entropy_from_logits(label, pred).tolist() == [math.inf]
        assert perceptron_of_classes(label, pred).tolist() == [math.inf]
        # (3.4e308 + 1.7e308) / 3 fits
        assert multi_margin(label, pred) == pytest.approx([1.7e308], rel=1e-15)
    assert multiclass_hinge(np.array([0]), np.array([[1e16, 1e16 - 2]])).tolist() == [0.0]


def test_equal_scores_that_differ_in_the_sign_of_zero_cost_nothing() -> None:
    for scores in ([0.0, -0.0], [-0.0, 0.0]):
        for label in (0, 1):
            found = perceptron_of_classes(np.array([label]), np.array([scores]))
            assert math.copysign(1.0, found[0]) == 1.0
            assert found[0] == 0.0
    assert top_k_error(np.array([1]), np.array([[0.0, -0.0]]), k=1).tolist() == [1.0]
    assert focal(np.array([0]), np.array([[1.0, 0.0]])).tolist() == [0.0]


def test_the_entropy_gap_of_a_ratio_is_right_near_and_far_from_one() -> None:
    with mpmath.workdps(60):
        pairs = [(x, y) for x in AROUND for y in AROUND]
        one, other = (np.array(side) for side in zip(*pairs, strict=True))
        found, both = entropy_gap(one, other), mixing(one, other)
        for (x, y), near, half in zip(pairs, found, both, strict=True):
            a, b = mpmath.mpf(x), mpmath.mpf(y)
            wanted = a * mpmath.log(a / b) - a + b
            assert abs(near - wanted) <= 8 * math.ulp(float(wanted))
            middle = (a + b) / 2
            wanted = a * mpmath.log(a / middle) + b * mpmath.log(b / middle)
            assert abs(half - wanted) <= 8 * math.ulp(float(wanted))


AROUND = [
    5e-324, 1e-300, 1e-9, 0.1, 0.25, 0.3, 1 / 3, 0.5, 0.5 + 2.0**-53, 0.7, 0.9, 1 - 2.0**-53, 1.0, 1.1, 1.5, 3.0,
]  # fmt: skip


def test_the_entropy_gap_of_nothing_is_the_other_and_over_nothing_is_infinite() -> None:
    zero, one = np.zeros(1), np.ones(1)
    assert entropy_gap(zero, one).tolist() == [1.0]
    assert entropy_gap(zero, zero).tolist() == [0.0]
    assert entropy_gap(one, zero).tolist() == [math.inf]
    # log 2: all of a distribution on one side
    assert mixing(zero, one) == pytest.approx([math.log(2)], rel=1e-15)
    assert mixing(zero, zero).tolist() == [0.0]
