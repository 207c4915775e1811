"""Losses of partitions, against scikit-learn and numbers worked by hand."""

from __future__ import annotations

import math
import warnings
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn import metrics

from losscli import evaluate
from losscli.errors import DataError, UsageError
from losscli.losses import clustering
from losscli.losses.confusion import tabled
from losscli.losses.stable import entropy, sqrt_fraction, sum_of_logs
from losscli.report.records import Result

RNG = np.random.default_rng(23)
TRUE = RNG.integers(0, 5, 400)
FOUND = np.where(RNG.random(400) < 0.5, TRUE * 7 - 3, RNG.integers(0, 8, 400))
RANDOM = RNG.integers(0, 6, 400)

AVERAGES = ("arithmetic", "geometric", "min", "max")
REFERENCES = {
    "rand": metrics.rand_score,
    "adjusted_rand": metrics.adjusted_rand_score,
    "mutual_info": metrics.mutual_info_score,
    "fowlkes_mallows": metrics.fowlkes_mallows_score,
    "homogeneity": metrics.homogeneity_score,
    "completeness": metrics.completeness_score,
    **{f"v_measure:beta={b}": lambda y, f, b=b: metrics.v_measure_score(y, f, beta=b) for b in (0.5, 1.0, 2.0)},
    **{
        f"normalized_mutual_info:average={a}":
        lambda y, f, a=a: metrics.normalized_mutual_info_score(y, f, average_method=a) for a in AVERAGES
    },
    **{
        f"adjusted_mutual_info:average={a}":
        lambda y, f, a=a: metrics.adjusted_mutual_info_score(y, f, average_method=a) for a in AVERAGES
    },
}  # fmt: skip
COUNTING = ["rand", "adjusted_rand", "fowlkes_mallows", "adjusted_mutual_info"]
SCALED = ["mutual_info", "normalized_mutual_info", "homogeneity", "completeness", "v_measure", "purity",
          "variation_of_information"]  # fmt: skip


def result(folder: Any, spec: str, label: Any, pred: Any, weight: Any = None, **options: Any) -> Result:
    path = str(folder / "rows.parquet")
    columns = {"label": label, "pred": pred} | ({} if weight is None else {"w": weight})
    pq.write_table(pa.table(columns), path)
    asked = {"label": "label", "pred": "pred", "weight": None if weight is None else "w"}
    return evaluate(path, loss=[spec], **(asked | options)).results[0]


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("found", [FOUND, RANDOM], ids=["related", "random"])
def test_values_are_those_of_scikit_learn(name: str, found: Any, tmp_path: Any) -> None:
    # scikit-learn adds logs of a few dozen cells in doubles; near chance their sum is a difference.
    wanted = REFERENCES[name](TRUE, found)
    assert result(tmp_path, name, TRUE, found).value == pytest.approx(wanted, rel=1e-11, abs=1e-14)


@pytest.mark.parametrize("name", [*COUNTING, *SCALED])
def test_the_names_of_the_groups_do_not_matter(name: str, tmp_path: Any) -> None:
    plain = result(tmp_path, name, TRUE, FOUND)
    text = result(tmp_path, name, [f"class {y}" for y in TRUE], [f"c{f}" for f in FOUND])
    assert text.value == plain.value


@pytest.mark.parametrize("name", COUNTING)
def test_a_weight_counts_a_row_that_often_and_must_be_whole(name: str, tmp_path: Any) -> None:
    weight = RNG.integers(0, 4, 400)
    repeated = result(tmp_path, name, np.repeat(TRUE, weight), np.repeat(FOUND, weight))
    assert result(tmp_path, name, TRUE, FOUND, weight.astype(float)).value == repeated.value
    with pytest.raises(DataError, match=r"0.5 is not in the whole numbers of \[0, inf\)") as error:
        result(tmp_path, name, TRUE, FOUND, np.where(np.arange(400) == 6, 0.5, 1.0))
    assert (error.value.row, error.value.column) == (7, "w")
    assert f"`{name}` needs" in (error.value.detail or "")
    with pytest.raises(UsageError, match="whole numbers"):
        result(tmp_path, name, TRUE, FOUND, class_weight={"1": 0.5})


@pytest.mark.parametrize("name", SCALED)
def test_weights_of_any_kind_are_taken_where_rows_make_no_pairs(name: str, tmp_path: Any) -> None:
    counts = RNG.integers(0, 4, 400)
    repeated = result(tmp_path, name, np.repeat(TRUE, counts), np.repeat(FOUND, counts)).value
    for scale in (1.0, 0.125, 2.0**-900):
        assert result(tmp_path, name, TRUE, FOUND, counts * scale).value == repeated


def test_a_small_table_counted_by_hand() -> None:
    # Classes aab b, clusters aabc: of 6 pairs, 1 is together in both, 1 in the classes only.
    table = tabled([0, 0, 1, 1], [0, 0, 1, 2])
    assert clustering.rand(table) == Fraction(5, 6)
    # chance = 2 * 1 / 6, most = 3 / 2
    assert clustering.adjusted_rand(table) == (1 - Fraction(1, 3)) / (Fraction(3, 2) - Fraction(1, 3))
    assert float(clustering.fowlkes_mallows(table)) == math.sqrt(0.5)  # type: ignore[arg-type]
    assert clustering.purity(table) == 1
    assert clustering.purity(tabled([0, 0, 1, 1], [4, 4, 4, 4])) == Fraction(1, 2)
    # I = log 2, H(class) = log 2, H(cluster) = 3/2 log 2
    assert float(clustering.mutual_info(table)) == math.log(2)  # type: ignore[arg-type]
    assert clustering.homogeneity(table) == 1
    assert float(clustering.completeness(table)) == pytest.approx(2 / 3, rel=1e-15)  # type: ignore[arg-type]
    assert float(clustering.variation_of_information(table)) == math.log(2) / 2  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [*COUNTING, *SCALED])
def test_the_same_partition_under_other_names_is_perfect_to_the_bit(name: str, tmp_path: Any) -> None:
    best = {"variation_of_information": 0.0, "mutual_info": None}.get(name, 1.0)
    found = result(tmp_path, name, TRUE, 100 - TRUE).value
    assert found == (
        best if best is not None else pytest.approx(metrics.mutual_info_score(TRUE, TRUE), rel=1e-14)
    )


def test_partitions_that_tell_nothing_of_each_other_have_no_information_to_the_bit(tmp_path: Any) -> None:
    label, pred = np.repeat([0, 0, 1], 9), np.tile([3, 4, 4], 9)
    for name in ("mutual_info", "normalized_mutual_info", "homogeneity", "completeness", "v_measure"):
        assert result(tmp_path, name, label, pred).value == 0.0


def test_information_next_to_none_keeps_its_digits(tmp_path: Any) -> None:
    # Four cells of n, one of them larger by 1: I = 1 / (32 n^2) and a term of the size n^-3.
    n = 2.0**40
    weight = [n + 1.0, n, n, n]
    found = result(tmp_path, "mutual_info", [0, 0, 1, 1], [0, 1, 0, 1], weight).value
    assert found == pytest.approx(1 / (32 * n * n), rel=4 / n)
    tiny = [1.0, 1.0, 1.0, 1.0 + 2.0**-52]
    found = result(tmp_path, "mutual_info", [0, 0, 1, 1], [0, 1, 0, 1], tiny).value
    assert found == pytest.approx(2.0**-104 / 32, rel=1e-14)


def test_adjusted_mutual_information_of_small_tables_is_the_mean_over_all_labellings(tmp_path: Any) -> None:
    # The expectation is over all orders of the clusters: 5! of them can be tried.
    from itertools import permutations

    label, pred = [0, 0, 1, 1, 2], [0, 1, 1, 1, 0]
    tried = [metrics.mutual_info_score(label, order) for order in permutations(pred)]
    chance = sum(tried) / len(tried)
    shared = metrics.mutual_info_score(label, pred)
    most = (metrics.mutual_info_score(label, label) + metrics.mutual_info_score(pred, pred)) / 2
    found = result(tmp_path, "adjusted_mutual_info", label, pred).value
    assert found == pytest.approx((shared - chance) / (most - chance), rel=1e-12)


def test_adjusted_mutual_information_is_summed_where_rows_are_many(tmp_path: Any) -> None:
    counts = RNG.integers(1, 2000, 400)
    wanted = metrics.adjusted_mutual_info_score(np.repeat(TRUE, counts), np.repeat(FOUND, counts))
    assert result(tmp_path, "adjusted_mutual_info", TRUE, FOUND, counts.astype(float)).value == pytest.approx(
        wanted, rel=1e-9
    )
    far = result(tmp_path, "adjusted_mutual_info", TRUE, FOUND, np.full(400, 1e18))
    assert (far.value, "more than chance is summed for" in (far.note or "")) == (None, True)


DEGENERATE = [([0, 0, 0], [5, 5, 5]), ([0, 1, 2], [7, 8, 9])]


@pytest.mark.parametrize("name", ["adjusted_rand", "adjusted_mutual_info"])
@pytest.mark.parametrize("label, pred", DEGENERATE)
def test_what_chance_alone_gives_is_not_defined_where_scikit_learn_says_one(
    name: str, label: list[int], pred: list[int], tmp_path: Any
) -> None:
    assert result(tmp_path, name, label, pred).value is None
    assert (
        result(tmp_path, f"{name}:zero_division=one", label, pred).value
        == 1.0
        == REFERENCES.get(name, metrics.adjusted_mutual_info_score)(label, pred)
    )


def test_one_group_holds_no_information_to_be_normalized(tmp_path: Any) -> None:
    assert result(tmp_path, "normalized_mutual_info", [0, 0], [1, 1]).value is None
    assert result(tmp_path, "normalized_mutual_info:average=min", [0, 0], [1, 2]).value is None
    assert result(tmp_path, "normalized_mutual_info", [0, 0], [1, 2]).value == 0.0
    # By the definition of the paper a single class is homogeneous.
    assert result(tmp_path, "homogeneity", [0, 0], [1, 2]).value == 1.0
    assert result(tmp_path, "completeness", [0, 0], [1, 2]).value == 0.0
    assert result(tmp_path, "v_measure", [0, 0], [1, 1]).value == 1.0


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize(
    "label, pred", [([0, 0, 1, 1], [0, 0, 0, 0]), ([0, 0, 0, 0], [1, 1, 2, 3]), ([0, 1, 2, 3], [0, 0, 1, 1])]
)
def test_a_trivial_partition_has_no_adjusted_information(
    average: str, label: list[int], pred: list[int], tmp_path: Any
) -> None:
    found = result(tmp_path, f"adjusted_mutual_info:average={average}", label, pred).value
    assert found in (0.0, None)
    # The geometric mean is 0 only beside a partition of one group.
    one_group = 1 in (len(set(label)), len(set(pred)))
    assert (found is None) == (average == "min" or (average == "geometric" and one_group))


def test_pairs_need_two_rows(tmp_path: Any) -> None:
    for name in ("rand", "adjusted_rand", "fowlkes_mallows"):
        assert result(tmp_path, name, [0], [1]).value is None
    assert result(tmp_path, "fowlkes_mallows", [0, 1], [0, 0]).value is None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert metrics.fowlkes_mallows_score([0, 1], [0, 0]) == 0.0
    assert result(tmp_path, "fowlkes_mallows:zero_division=zero", [0, 1], [0, 0]).value == 0.0


# ------------------------------------------------------------------------------------------------
# Numbers
# ------------------------------------------------------------------------------------------------


def test_the_root_of_a_fraction_is_that_of_its_double_within_an_ulp() -> None:
    for top in (1, 2, 3, 10**40, 5, 7 * 2**1074):
        for by in (1, 3, 9, 10**50, 2**2148):
            root, wanted = sqrt_fraction(Fraction(top, by)), Fraction(top, by)
            assert abs(root * root / wanted - 1) < Fraction(1, 2**62)
    assert sqrt_fraction(Fraction(0)) == 0
    assert sqrt_fraction(Fraction(9, 16)) == Fraction(3, 4)


def test_a_sum_of_logs_that_all_but_cancels_keeps_its_digits() -> None:
    # (n + 1) log(n + 1) + (n - 1) log(n - 1) - 2 n log n = 1/n + 1/(6 n^3) …
    for n in (10**3, 10**20, 10**60):
        found = sum_of_logs({n + 1: 1, n - 1: 1, n: -2})
        assert abs(found * n - 1 - Fraction(1, 6 * n * n)) < Fraction(1, 10**18) + Fraction(1, n**3)
    assert sum_of_logs({}) == sum_of_logs({1: 5}) == 0


def test_the_entropy_of_equal_shares_is_the_log_of_their_number() -> None:
    assert float(entropy([7] * 5)) == math.log(5)
    assert entropy([4]) == entropy([0, 4]) == 0


def test_an_entropy_keeps_its_digits_where_one_share_is_all_but_the_whole() -> None:
    # Of a share s next to nothing it is s (1 - log s).
    for bits in (40, 90, 1074):
        assert float(entropy([1, 2**bits - 1]) * 2**bits) == pytest.approx(1 + bits * math.log(2), rel=1e-11)
