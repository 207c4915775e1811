"""Calibration errors, against recorded values, a plain loop over bins and numbers worked by hand."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measuring import measured
from scipy import stats
from sklearn.calibration import calibration_curve

from losscli import evaluate
from losscli.losses.calibration import bin_of
from losscli.numbers.bins import Bins

RNG = np.random.default_rng(22)
PROB = RNG.random(500)
LABEL = (RNG.random(500) < PROB**1.5).astype(int)
WEIGHT = RNG.integers(1, 9, 500) / 4.0


def plain_gaps(label: Any, pred: Any, weight: Any, bins: int) -> list[tuple[float, float]]:
    """The share and the gap of each bin, by one comparison with its two edges at a time."""
    found = []
    for k in range(bins):
        here = (pred > k / bins if k else pred >= 0.0) & (pred <= (k + 1) / bins)
        if here.any():
            w = weight[here]
            gap = (w * (label[here] - pred[here])).sum() / w.sum()
            found.append((w.sum() / weight.sum(), abs(gap)))
    return found


@pytest.mark.parametrize("bins", [1, 5, 10, 15, 100])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_three_norms_are_the_mean_the_root_mean_square_and_the_greatest_of_the_gaps(
    bins: int, weighted: bool, tmp_path: Any
) -> None:
    weight = WEIGHT if weighted else np.ones(500)
    gaps = plain_gaps(LABEL, PROB, weight, bins)
    wanted = {
        "ece": sum(share * gap for share, gap in gaps),
        "rmsce": math.sqrt(sum(share * gap**2 for share, gap in gaps)),
        "mce": max(gap for _, gap in gaps),
    }
    columns = {"label": LABEL, "pred": PROB, "w": weight}
    for name, value in wanted.items():
        found = measured(tmp_path, f"{name}:bins={bins}", columns, weight="w" if weighted else None)
        assert found.value == pytest.approx(value, rel=1e-12), name


def test_the_bins_of_the_detail_are_those_of_scikit_learn(tmp_path: Any) -> None:
    # calibration_curve closes its bins on the right too, and leaves out empty ones.
    label, pred = calibration_curve(LABEL, PROB, n_bins=5)
    detail = measured(tmp_path, "ece:bins=5", {"label": LABEL, "pred": PROB}).detail
    assert detail is not None
    assert [b["mean_pred"] for b in detail["bins"]] == pytest.approx(pred.tolist(), rel=1e-13)
    assert [b["mean_label"] for b in detail["bins"]] == pytest.approx(label.tolist(), rel=1e-13)
    assert [(b["low"], b["high"]) for b in detail["bins"]] == [(k / 5, (k + 1) / 5) for k in range(5)]
    assert sum(b["rows"] for b in detail["bins"]) == 500


def test_bins_are_closed_on_the_right_and_one_lies_in_the_last() -> None:
    edges = np.array([0.0, 5e-324, 0.2, np.nextafter(0.2, 1.0), 0.4, 0.8, np.nextafter(0.8, 1.0), 1.0])
    assert bin_of(edges, 5).tolist() == [0, 0, 0, 1, 1, 3, 4, 4]


@given(st.integers(1, 10_000), st.integers(0, 10_000), st.sampled_from([-1, 0, 1]))
def test_no_rounding_moves_a_probability_over_an_edge(bins: int, at: int, side: int) -> None:
    edge = min(at, bins) / bins
    pred = min(max(math.nextafter(edge, side * math.inf) if side else edge, 0.0), 1.0)
    found = int(bin_of(np.array([pred]), bins)[0])
    assert pred <= (found + 1) / bins
    assert pred > found / bins or found == 0


def test_a_calibration_error_worked_by_hand(tmp_path: Any) -> None:
    # Two bins: 0.25 and 0.5 with mean label 1/2, mean prediction 3/8; 0.75 and 1 with 1/2, 7/8.
    columns = {"label": [0, 1, 1, 0], "pred": [0.25, 0.5, 0.75, 1.0]}
    assert measured(tmp_path, "ece:bins=2", columns).value == 0.25  # (1/8 + 3/8) / 2
    assert measured(tmp_path, "mce:bins=2", columns).value == 0.375
    assert measured(tmp_path, "rmsce:bins=2", columns).value == math.sqrt((1 / 64 + 9 / 64) / 2)
    found = measured(tmp_path, "brier_decomp:bins=2", columns)
    assert found.detail == {
        "bins": [
            {"low": 0.0, "high": 0.5, "rows": 2, "weight": 2.0, "mean_pred": 0.375, "mean_label": 0.5},
            {"low": 0.5, "high": 1.0, "rows": 2, "weight": 2.0, "mean_pred": 0.875, "mean_label": 0.5},
        ],
        "reliability": 5 / 64, "resolution": 0.0, "uncertainty": 0.25,
    }  # fmt: skip
    assert found.value == 0.25 + 5 / 64


def test_the_parts_of_the_brier_score_sum_to_it_where_a_bin_has_one_prediction(tmp_path: Any) -> None:
    pred = RNG.integers(0, 16, 500) / 16.0
    columns = {"label": LABEL, "pred": pred, "w": WEIGHT}
    found = measured(tmp_path, "brier_decomp:bins=64", columns, weight="w")
    detail = found.detail
    assert detail is not None
    assert detail["reliability"] - detail["resolution"] + detail["uncertainty"] == pytest.approx(
        found.value, rel=1e-13
    )
    assert found.value == measured(tmp_path, "brier", columns, weight="w").value


def test_ten_equal_bins_of_two_thousand_rows_give_what_torchmetrics_gives(tmp_path: Any) -> None:
    # Written anew as TorchMetrics 1.9.0 defines it (norm l1, bins open on the right): no row lies on an
    # edge here, so that the side on which bins are closed cannot show.
    rng = np.random.default_rng(7)
    pred = rng.random(2000)
    label = (rng.random(2000) < pred).astype(int)
    for bins in (5, 10, 15, 100):
        code = np.digitize(pred, np.linspace(0.0, 1.0, bins + 1)[1:-1])
        wanted = sum(
            abs(label[code == k].mean() - pred[code == k].mean()) * (code == k).mean()
            for k in np.unique(code)
        )
        found = measured(tmp_path, f"ece:bins={bins}", {"label": label, "pred": pred})
        assert found.value == pytest.approx(wanted, rel=1e-12)


# ------------------------------------------------------------------------------------------------
# Several classes
# ------------------------------------------------------------------------------------------------

CLASS = {
    "label": ["a", "b", "c", "a"],
    "p_a": [0.5, 0.5, 0.25, 0.125], "p_b": [0.25, 0.25, 0.25, 0.75], "p_c": [0.25, 0.25, 0.5, 0.125],
}  # fmt: skip
COLUMNS = {"pred": "p_a,p_b,p_c"}


def test_of_several_classes_the_greatest_probability_is_held_against_whether_it_is_right(
    tmp_path: Any,
) -> None:
    # 0.5 right, wrong, right: gap 1/6 of 3 rows; 0.75 wrong: gap 3/4 of 1 row.
    wanted = {"ece": 0.3125, "top_label_ece": 0.3125, "mce": 0.75, "rmsce": math.sqrt((3 / 36 + 9 / 16) / 4)}
    for name, value in wanted.items():
        found = measured(tmp_path, f"{name}:bins=4", CLASS, **COLUMNS)
        assert found.value == pytest.approx(value, rel=1e-15), name
        assert found.detail is not None
        assert [b["rows"] for b in found.detail["bins"]] == [3, 1]


def test_classwise_ece_is_the_mean_of_each_columns_error(tmp_path: Any) -> None:
    each = [
        measured(
            tmp_path,
            "ece:bins=4",
            {"label": [int(c == name) for c in CLASS["label"]], "pred": CLASS[f"p_{name}"]},
        ).value
        for name in "abc"
    ]
    found = measured(tmp_path, "classwise_ece:bins=4", CLASS, **COLUMNS)
    assert found.value == pytest.approx(np.mean(each), rel=1e-15)  # type: ignore[arg-type]
    assert found.detail is None
    alone = measured(tmp_path, "classwise_ece:bins=4", CLASS, average="none", **COLUMNS)
    assert (alone.value, alone.part) == (each[0], {"class": "a"})
    assert alone.detail is not None


def test_several_outputs_have_an_error_each(tmp_path: Any) -> None:
    columns = {"y_0": [1, 0], "y_1": [1, 1], "p_0": [0.75, 0.75], "p_1": [0.5, 0.5]}
    found = measured(tmp_path, "ece", columns, label="y_0,y_1", pred="p_0,p_1")
    assert found.value == 0.375  # (0.25 + 0.5) / 2


# ------------------------------------------------------------------------------------------------
# Exactness
# ------------------------------------------------------------------------------------------------


def test_a_perfect_calibration_is_zero_to_the_bit(tmp_path: Any) -> None:
    # 0.1 is a little more than one tenth: ten of them against one in ten keep that difference.
    columns = {"label": [1] + [0] * 9, "pred": [0.1] * 10}
    assert measured(tmp_path, "ece", columns).value == float(Fraction(0.1) - Fraction(1, 10))
    assert measured(tmp_path, "ece", {"label": [1, 0, 0, 0], "pred": [0.25] * 4}).value == 0.0


def test_bins_hold_exact_sums_however_the_rows_are_cut() -> None:
    codes = RNG.integers(0, 700, 4000)
    columns = [codes, RNG.random(4000), (RNG.random(4000) < 0.5).astype(float)]
    weight = RNG.exponential(1.0, 4000) * 10.0 ** RNG.integers(-300, 300, 4000)
    for w in (None, weight):
        whole = Bins.of(columns, w)
        cut = Bins.empty(weighted=w is not None)
        for start in range(0, 4000, 999):
            rows = slice(start, start + 999)
            cut = cut.merge(Bins.of([c[rows] for c in columns], None if w is None else w[rows]))
        assert cut == whole
        at = codes == 5
        parts = columns[1][at] if w is None else columns[1][at].tolist()
        wanted = sum(
            (
                Fraction(x) * (1 if w is None else Fraction(v))
                for x, v in zip(parts, weight[at].tolist(), strict=True)
            ),
            Fraction(0),
        )
        assert whole.bins[5].totals[0].fraction == wanted


def test_pit_is_pearsons_statistic_over_the_rows_and_the_greatest_gap_of_the_shares(tmp_path: Any) -> None:
    values = np.random.default_rng(4).beta(2.0, 1.0, 400)
    path = str(tmp_path / "pit.parquet")
    pq.write_table(pa.table({"u": values}), path)
    counts = np.histogram(values, bins=8, range=(0.0, 1.0))[0]
    chi2, ks = evaluate(path, loss=["pit:bins=8", "pit:bins=8,distance=ks"], pred="u").results
    assert chi2.value == pytest.approx(stats.chisquare(counts).statistic / 400, rel=1e-14)
    reached = np.cumsum(counts) / 400 - np.arange(1, 9) / 8
    assert ks.value == pytest.approx(np.abs(reached).max(), rel=1e-14)
    detail = chi2.detail
    assert detail is not None
    assert [held["rows"] for held in detail["bins"]] == counts.tolist()
    assert detail["mean"] == pytest.approx(values.mean(), rel=1e-14)
    assert detail["variance"] == pytest.approx(values.var(), rel=1e-12)
