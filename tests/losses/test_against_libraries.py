"""The losses against scikit-learn, SciPy and torch, against values worked out by hand, and on real data.

Where libraries agree on a quantity the value is theirs.  Where they do not, the value is that of the
convention which losscli states, as are those of its options.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pytest
from definition import MP, fraction, quotient
from draws import write
from recorded import recorded
from scipy import special
from sklearn import metrics

from losscli.errors import DataError
from losscli.losses.families import catalogue
from losscli.report.evaluate import evaluate
from losscli.report.records import Result

SAMPLES = os.path.join(os.path.dirname(__file__), os.pardir, os.pardir, "sample_data")

# The libraries sum n = 30 000 doubles pairwise: log2(n) roundings of 2^-53 each, below 2e-15.  A row's
# own log or square adds a few ulp.
SUMMED = 1e-13


def measure(folder: Any, spec: str, label: Any, pred: Any, weight: Any = None, /, **more: Any) -> Result:
    """The result for arrays, through a file."""
    columns: dict[str, Any] = {}
    for name, values in (("y", np.asarray(label)), ("p", np.asarray(pred))):
        columns |= {name: values} if values.ndim == 1 else {f"{name}_{c}": v for c, v in enumerate(values.T)}
    options = {
        role: ",".join(c for c in columns if c[0] == letter)
        for role, letter in (("pred", "p"), ("label", "y"))
    }
    if "pred" in more:  # names of their own
        columns = dict(
            zip([*options["label"].split(","), *more["pred"].split(",")], columns.values(), strict=True)
        )
    if weight is not None:
        columns["weight"] = np.asarray(weight, dtype=np.float64)
        options["weight"] = "weight"
    path = str(folder / "rows.parquet")
    write(path, columns, row_group=9000)
    return evaluate(path, loss=[spec], **options | more).results[0]


def value(*arguments: Any, **more: Any) -> float:
    found = measure(*arguments, **more).value
    assert found is not None
    return found


# ------------------------------------------------------------------------------------------------
# Many rows
# ------------------------------------------------------------------------------------------------

N = 30_000
RNG = np.random.default_rng(20240229)
WEIGHT = RNG.exponential(1.0, N) * (RNG.random(N) < 0.9)
Y = RNG.normal(3.0, 2.0, N)
F = Y + RNG.standard_t(2.0, N)
BINARY = (RNG.random(N) < 0.3).astype(np.int64)
P = RNG.beta(0.4, 0.6, N)
P[:40] = np.repeat([0.0, 1.0, 0.5, 5e-324, 1e-300, 1e-17, 1.0 - 2.0**-53, 0.25], 5)
CLASS = RNG.integers(0, 4, N)
SHARES = RNG.dirichlet([0.5, 0.5, 1.0, 2.0], N)
SHARES[:8] = np.eye(4)[[0, 1, 2, 3, 3, 2, 1, 0]]
INDICATORS = (RNG.random((N, 5)) < 0.4).astype(np.int64)
CALLS = (RNG.random((N, 5)) < 0.5).astype(np.int64)
SCORES = RNG.normal(0.0, 6.0, (N, 4))
MARGIN = RNG.normal(0.0, 20.0, N)

Reference = Callable[..., float]


def r2_of_columns(label: Any, pred: Any, sample_weight: Any) -> float:
    return float(metrics.r2_score(label, pred, sample_weight=sample_weight))


def surprise_of_scores(label: Any, pred: Any, sample_weight: Any) -> float:
    rows = special.logsumexp(pred, axis=1) - pred[np.arange(len(label)), label]
    return float(np.average(rows, weights=sample_weight))


def surprise_of_soft_scores(label: Any, pred: Any, sample_weight: Any) -> float:
    rows = -(label * special.log_softmax(pred, axis=1)).sum(axis=1)
    return float(np.average(rows, weights=sample_weight))


def soft_surprise(label: Any, pred: Any, sample_weight: Any) -> float:
    rows = special.xlogy(label, np.maximum(pred, 2.220446049250313e-16))
    return float(-np.average(rows.sum(axis=1), weights=sample_weight))


def surprise_of_margins(label: Any, pred: Any, sample_weight: Any) -> float:
    return float(np.average(-special.log_expit((2 * label - 1) * pred), weights=sample_weight))


def huber(label: Any, pred: Any, sample_weight: Any, delta: float) -> float:
    return float(np.average(special.huber(delta, pred - label), weights=sample_weight))


def wape(label: Any, pred: Any, sample_weight: Any) -> float:
    sizes = [np.average(np.abs(column), weights=sample_weight) for column in (pred - label, label)]
    return float(sizes[0] / sizes[1])


def mean_pinball(label: Any, pred: Any, sample_weight: Any) -> float:
    parts = zip(LEVELS, pred.T, strict=True)
    rows = [metrics.mean_pinball_loss(label, f, alpha=q, sample_weight=sample_weight) for q, f in parts]
    return float(np.mean(rows))


def greatest_error(label: Any, pred: Any, sample_weight: Any) -> float:
    counted = np.ones(len(label), bool) if sample_weight is None else sample_weight > 0.0
    return float(metrics.max_error(label[counted], pred[counted]))


def one_minus_f1(label: Any, pred: Any, sample_weight: Any) -> float:
    return 1.0 - float(metrics.f1_score(label, pred, sample_weight=sample_weight))


LEVELS = (0.1, 0.5, 0.9)
QUANTILES = Y[:, None] + RNG.normal([-2.0, 0.0, 2.0], 1.0, (N, 3))
CALLED = np.where(RNG.random(N) < 0.8, BINARY, 1 - BINARY)

SKLEARN_AND_SCIPY: dict[str, tuple[str, Reference, Any, Any, dict[str, Any], float]] = {
    "mse": ("mse", metrics.mean_squared_error, Y, F, {}, SUMMED),
    "rmse": ("rmse", metrics.root_mean_squared_error, Y, F, {}, SUMMED),
    "mae": ("mae", metrics.mean_absolute_error, Y, F, {}, SUMMED),
    "r2": ("r2", r2_of_columns, Y, F, {}, SUMMED),
    "mape": ("mape", metrics.mean_absolute_percentage_error, Y, F, {}, SUMMED),
    "mape eps": ("mape:zero=eps", metrics.mean_absolute_percentage_error, np.round(Y), F, {}, SUMMED),
    "pinball": ("pinball", metrics.mean_pinball_loss, Y, F, {}, SUMMED),
    "pinball 0.9": ("pinball:quantile=0.9", partial(metrics.mean_pinball_loss, alpha=0.9), Y, F, {}, SUMMED),
    "wape": ("wape", wape, Y, F, {}, SUMMED),
    "max_error": ("max_error", greatest_error, Y, F, {}, 0.0),
    "mean_pinball": ("mean_pinball", mean_pinball, Y, QUANTILES, {"pred": "q_0.1,q_0.5,q_0.9"}, SUMMED),
    "precision": ("precision", metrics.precision_score, BINARY, CALLED, {}, SUMMED),
    "dice": ("dice", one_minus_f1, BINARY, CALLED * 1.0, {}, SUMMED),
    "huber": ("huber", partial(huber, delta=1.0), Y, F, {}, SUMMED),
    "huber 2.5": ("huber:delta=2.5", partial(huber, delta=2.5), Y, F, {}, SUMMED),
    # scikit-learn clips from above too: a certain and right prediction costs 2.2e-16 there, and 0 here.
    "log_loss": ("log_loss", metrics.log_loss, BINARY, P, {}, SUMMED),
    "log_loss logits": ("log_loss", surprise_of_margins, BINARY, MARGIN, {"from_logits": True}, SUMMED),
    "brier": ("brier", metrics.brier_score_loss, BINARY, P, {}, SUMMED),
    "brier never": ("brier:half=never", partial(metrics.brier_score_loss, scale_by_half=False), BINARY, P, {}, SUMMED),
    "brier classes": ("brier", metrics.brier_score_loss, CLASS, SHARES, {}, SUMMED),
    "brier classes halved": (
        "brier:half=always", partial(metrics.brier_score_loss, scale_by_half=True), CLASS, SHARES, {}, SUMMED,
    ),
    "brier one-hot": ("brier", metrics.brier_score_loss, np.eye(4)[CLASS], SHARES, {}, SUMMED),
    "cross_entropy": ("cross_entropy", metrics.log_loss, CLASS, SHARES, {}, SUMMED),
    "cross_entropy soft": ("cross_entropy", soft_surprise, SHARES[::-1], SHARES, {}, SUMMED),
    "cross_entropy logits": ("cross_entropy", surprise_of_scores, CLASS, SCORES, {"from_logits": True}, SUMMED),
    "cross_entropy soft logits": (
        "cross_entropy", surprise_of_soft_scores, SHARES, SCORES, {"from_logits": True}, SUMMED,
    ),
    "zero_one": ("zero_one", metrics.zero_one_loss, CLASS, RNG.permutation(CLASS), {}, SUMMED),
    "hamming": ("hamming", metrics.hamming_loss, INDICATORS, CALLS, {}, SUMMED),
    "hamming classes": ("hamming", metrics.hamming_loss, CLASS, RNG.permutation(CLASS), {}, SUMMED),
    "hamming_count": (
        "hamming_count", lambda *a, **k: 5 * metrics.hamming_loss(*a, **k), INDICATORS, CALLS, {}, SUMMED,
    ),
}  # fmt: skip


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("case", SKLEARN_AND_SCIPY)
def test_the_value_is_that_of_scikit_learn_or_scipy(case: str, weighted: bool, tmp_path: Any) -> None:
    spec, reference, label, pred, options, tolerance = SKLEARN_AND_SCIPY[case]
    weight = WEIGHT if weighted else None
    wanted = reference(label, pred, sample_weight=weight)
    assert value(tmp_path, spec, label, pred, weight, **options) == pytest.approx(wanted, rel=tolerance)


def test_every_loss_is_compared_here_or_in_the_file_of_its_family() -> None:
    here = {spec.partition(":")[0] for spec, *_ in SKLEARN_AND_SCIPY.values()}
    folder = os.path.dirname(__file__)
    texts = []
    for name in sorted(os.listdir(folder)):
        if name.startswith("test_") and name.endswith(".py"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                texts.append(file.read())
    words = set(re.findall(r"\w+", "\n".join(texts)))
    assert [name for name in catalogue() if name not in here and name not in words] == []


@pytest.mark.parametrize("n", [1, 2, 3, 65_537])
def test_few_rows_and_many_agree_with_scikit_learn(n: int, tmp_path: Any) -> None:
    label, pred = np.resize(Y, n) + np.arange(n), np.resize(F, n)
    for spec, reference in (("mse", metrics.mean_squared_error), ("mae", metrics.mean_absolute_error)):
        assert value(tmp_path, spec, label, pred) == pytest.approx(reference(label, pred), rel=SUMMED)


TORCH: dict[str, tuple[str, str, Any, Any, dict[str, Any], dict[str, Any]]] = {
    "mse": ("mse", "mse_loss", Y, F, {}, {}),
    "mae": ("mae", "l1_loss", Y, F, {}, {}),
    "huber": ("huber:delta=0.7", "huber_loss", Y, F, {}, {"delta": 0.7}),
    # Its logs end at -100, those here at the floor: no probability is that small in these rows.
    "log_loss": ("log_loss", "binary_cross_entropy", BINARY[40:] * 1.0, P[40:].clip(1e-12, 1 - 1e-12), {}, {}),
    "log_loss soft": ("log_loss", "binary_cross_entropy", P[40:], P[:39:-1].clip(1e-12, 1 - 1e-12), {}, {}),
    "log_loss logits": (
        "log_loss", "binary_cross_entropy_with_logits", BINARY * 1.0, MARGIN, {"from_logits": True}, {},
    ),
    "log_loss soft logits": ("log_loss", "binary_cross_entropy_with_logits", P, MARGIN, {"from_logits": True}, {}),
    "cross_entropy logits": ("cross_entropy", "cross_entropy", CLASS, SCORES, {"from_logits": True}, {}),
    "cross_entropy soft logits": ("cross_entropy", "cross_entropy", SHARES, SCORES, {"from_logits": True}, {}),
}  # fmt: skip


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("case", TORCH)
def test_the_value_is_that_of_torch(case: str, weighted: bool, tmp_path: Any) -> None:
    spec, name, label, pred, options, params = TORCH[case]
    weight = WEIGHT[: len(label)] if weighted else None

    def theirs(torch: Any) -> Any:
        both = (torch.from_numpy(np.ascontiguousarray(column)) for column in (pred, label))
        return np.average(
            getattr(torch.nn.functional, name)(*both, reduction="none", **params), weights=weight
        )

    wanted = recorded("torch", f"many rows: {case}{', weighted' * weighted}", theirs)
    # Rows of torch's own exp and log are good to some ulp of their larger terms.
    assert value(tmp_path, spec, label, pred, weight, **options) == pytest.approx(wanted, rel=1e-12)


# ------------------------------------------------------------------------------------------------
# The same rows by rational arithmetic
# ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [1e9, 1e12, -1e15])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_r2_loses_no_digit_far_from_zero(offset: float, weighted: bool, tmp_path: Any) -> None:
    rng = np.random.default_rng(8)
    label = offset + rng.normal(0.0, max(1e-3, abs(offset) * 1e-13), 500)
    pred = label + rng.normal(0.0, max(3e-4, abs(offset) * 1e-14), 500)
    weight = rng.exponential(1.0, 500) if weighted else np.ones(500)
    with MP.workdps(50):
        y, f, w = ([MP.mpf(v) for v in column.tolist()] for column in (label, pred, weight))
        mean = sum(a * b for a, b in zip(w, y, strict=True)) / sum(w)
        error = sum(c * (a - b) ** 2 for a, b, c in zip(y, f, w, strict=True))
        spread = sum(c * (a - mean) ** 2 for a, c in zip(y, w, strict=True))
        wanted = quotient(fraction(1 - error / spread))
    assert value(tmp_path, "r2", label, pred, weight if weighted else None) == wanted


def test_r2_of_small_labels_is_not_taken_for_a_constant(tmp_path: Any) -> None:
    label, pred = np.array([1e-4, 2e-4, 3e-4]), np.array([3e-4, 1e-4, 2e-4])
    # In units of 1e-4: errors 2, 1, 1, squared 6; spread 1 + 0 + 1.
    assert value(tmp_path, "r2", label, pred) == pytest.approx(-2.0, rel=1e-12)
    assert value(tmp_path, "r2", label * 1e-200, pred * 1e-200) == pytest.approx(-2.0, rel=1e-12)


def test_the_mean_is_rounded_once(tmp_path: Any) -> None:
    # Summed as doubles, 1 + 2^-53 + 2^-53 is 1.
    errors = [1.0, 2.0**-53, 2.0**-53]
    total = sum(map(Fraction, errors)) / 3
    assert value(tmp_path, "mae", [0.0] * 3, errors) == quotient(total) != (1.0 + 2.0**-53 + 2.0**-53) / 3
    # And far apart: the tiny rows decide the last bit.
    many = [1e16] + [1.0] * 999
    assert value(tmp_path, "mae", [0.0] * 1000, many) == quotient(sum(map(Fraction, many)) / 1000)


# ------------------------------------------------------------------------------------------------
# By hand
# ------------------------------------------------------------------------------------------------


def test_weights_divide_by_their_sum(tmp_path: Any) -> None:
    # Squared errors 1 and 9 with weights 1 and 3: (1 + 27) / 4; divided by n it would be 14.
    assert value(tmp_path, "mse", [0.0, 0.0], [1.0, 3.0], [1.0, 3.0]) == 7.0
    assert value(tmp_path, "rmse", [0.0, 0.0], [1.0, 3.0], [1.0, 3.0]) == math.sqrt(7.0)


def test_huber_is_a_line_beyond_delta(tmp_path: Any) -> None:
    # |e| = 3, δ = 2:  2·(3 − 1) on the line; the parabola would give ½·9
    assert value(tmp_path, "huber:delta=2", [0.0], [3.0]) == 4.0
    assert value(tmp_path, "huber:delta=3", [0.0], [3.0]) == 4.5


def test_pinball_has_no_factor_of_two(tmp_path: Any) -> None:
    # Label 10, quantile 0.9: predicted 8 costs 0.9·2, predicted 12 costs 0.1·2.
    assert value(tmp_path, "pinball:quantile=0.9", [10.0], [8.0]) == 1.8
    assert value(tmp_path, "pinball:quantile=0.9", [10.0], [12.0]) == pytest.approx(0.2, rel=1e-15)


def test_a_scaled_error_is_divided_by_its_row_s_scale(tmp_path: Any) -> None:
    path = str(tmp_path / "rows.parquet")
    write(path, {"label": [1.0, 2.0], "pred": [2.0, 4.0], "naive": [0.5, 4.0]})
    # 1 / 0.5 and 2 / 4
    assert evaluate(path, loss=["mase:scale=naive"]).results[0].value == 1.25


def test_an_interval_costs_its_width_and_a_fine_for_a_miss(tmp_path: Any) -> None:
    path = str(tmp_path / "rows.parquet")
    write(path, {"label": [5.0, 12.0, 3.0, 8.0], "lower": [4.0] * 4, "upper": [8.0] * 4})
    # Width 4; at level 0.5 a miss by 4 costs 2/0.5 · 4, one by 1 costs 4; an end belongs to the interval.
    assert (
        evaluate(path, loss=["interval_score:level=0.5"], label="label").results[0].value
        == (4 + 20 + 8 + 4) / 4
    )


FLOORS = {
    "log_loss": 36.04365338911715, "log_loss:eps=1e-15": 34.538776394910684, "log_loss:eps=1e-12": 27.631021115928547,
    "log_loss:eps=1e-7": 16.11809565095832, "log_loss:eps=1e-16": 36.841361487904734,
}  # fmt: skip


@pytest.mark.parametrize("spec", FLOORS)
@pytest.mark.parametrize("label, pred", [(1, 0.0), (0, 1.0)])
def test_a_certain_and_wrong_probability_costs_what_the_floor_says(
    spec: str, label: int, pred: float, tmp_path: Any
) -> None:
    # −log(eps), from both sides alike, to an ulp of the log.
    found = measure(tmp_path, spec, [label], [pred])
    assert found.value == pytest.approx(FLOORS[spec], rel=3e-16)
    assert found.touched == {"clipped": 1}
    two = measure(tmp_path, spec.replace("log_loss", "cross_entropy"), [label], [[1.0 - pred, pred]])
    assert two.value == pytest.approx(FLOORS[spec], rel=3e-16)
    assert two.touched == {"clipped": 1}


def test_a_certain_and_right_probability_costs_nothing_at_all(tmp_path: Any) -> None:
    for spec in ("log_loss", "log_loss:eps=0", "log_loss:eps=0.1"):
        assert measure(tmp_path, spec, [1, 0], [1.0, 0.0]).value == 0.0
        assert measure(tmp_path, spec, [1, 0], [1.0, 0.0]).touched == {}
    assert value(tmp_path, "cross_entropy", [1, 0], [[0.0, 1.0], [1.0, 0.0]]) == 0.0


def test_without_a_floor_a_certain_and_wrong_probability_is_infinite_and_said_so(tmp_path: Any) -> None:
    for spec, pred in (("log_loss:eps=0", [0.5, 0.0]), ("cross_entropy:eps=0", [[0.5, 0.5], [1.0, 0.0]])):
        found = measure(tmp_path, spec, [1, 1], pred)
        assert (found.value, found.sum) == (None, None)
        assert found.note is not None
        assert "infinite" in found.note
        assert "row 2" in found.note


def test_raw_scores_are_never_clipped(tmp_path: Any) -> None:
    assert value(tmp_path, "log_loss", [1], [-200.0], from_logits=True) == 200.0
    assert value(tmp_path, "log_loss", [0], [1e300], from_logits=True) == 1e300
    assert value(tmp_path, "cross_entropy", [1], [[200.0, 0.0]], from_logits=True) == 200.0


def test_brier_is_halved_for_two_classes_only(tmp_path: Any) -> None:
    # One row, class 0 with 0.8: two classes 0.04 (the sum is 0.08); three classes 0.04 + 0.01 + 0.01.
    near = pytest.approx
    assert value(tmp_path, "brier", [0], [0.2]) == near(0.04, rel=1e-15)
    assert value(tmp_path, "brier:half=never", [0], [0.2]) == near(0.08, rel=1e-15)
    assert value(tmp_path, "brier", [0], [[0.8, 0.2]]) == near(0.04, rel=1e-15)
    assert value(tmp_path, "brier:half=never", [0], [[0.8, 0.2]]) == near(0.08, rel=1e-15)
    assert value(tmp_path, "brier", [0], [[0.8, 0.1, 0.1]]) == near(0.06, rel=1e-15)
    assert value(tmp_path, "brier:half=always", [0], [[0.8, 0.1, 0.1]]) == near(0.03, rel=1e-15)
    # Weights are weights: (0.01 + 3·0.25) / 4; a softmax of them would give 0.2214.
    assert value(tmp_path, "brier", [1, 0], [0.9, 0.5], [1.0, 3.0]) == near(0.19, rel=1e-15)


def test_hamming_divides_by_labels_and_its_count_does_not(tmp_path: Any) -> None:
    label, pred = [[1, 0, 1], [0, 1, 0]], [[1, 1, 1], [0, 0, 0]]
    assert value(tmp_path, "hamming", label, pred) == quotient(Fraction(1, 3).limit_denominator()) == 1 / 3
    assert value(tmp_path, "hamming_count", label, pred) == 1.0
    classes = [0, 1, 2, 0, 1, 2], [0, 1, 2, 0, 1, 1]
    assert value(tmp_path, "hamming", *classes) == 1 / 6
    assert value(tmp_path, "zero_one", *classes) == 1 / 6
    assert value(tmp_path, "hamming_count", *classes) == 2 / 6


def test_a_probability_at_the_threshold_predicts_no(tmp_path: Any) -> None:
    assert value(tmp_path, "zero_one", [1, 0, 1], [0.5, 0.5, 0.7]) == 1 / 3
    assert value(tmp_path, "zero_one:threshold=0.7", [1, 0, 1], [0.5, 0.5, 0.7]) == 2 / 3
    assert value(tmp_path, "hamming", [[1, 0]], [[0.5, 0.5]]) == 0.5
    assert value(tmp_path, "hamming:threshold=0.4", [[1, 0]], [[0.5, 0.5]]) == 0.5
    assert value(tmp_path, "hamming:threshold=0.4", [[1, 1]], [[0.5, 0.5]]) == 0.0


def test_of_class_columns_the_first_greatest_counts_and_ties_are_counted(tmp_path: Any) -> None:
    found = measure(tmp_path, "zero_one", [0, 1, 1], [[0.4, 0.4, 0.2], [0.4, 0.4, 0.2], [0.1, 0.8, 0.1]])
    assert found.value == 1 / 3
    assert found.touched == {"tied": 2}


def test_mape_of_zero_labels_follows_the_rule_that_is_named(tmp_path: Any) -> None:
    label, pred = [0.0, 100.0], [1.0, 90.0]
    with pytest.raises(DataError, match="row 1: 0 is not in"):
        measure(tmp_path, "mape", label, pred)
    skipped = measure(tmp_path, "mape:zero=skip", label, pred)
    assert (skipped.value, skipped.rows, skipped.skipped) == (0.1, 1, {"zero_label": 1})
    assert value(tmp_path, "mape:zero=one", label, pred) == 0.55
    wanted = metrics.mean_absolute_percentage_error(label, pred)
    assert value(tmp_path, "mape:zero=eps", label, pred) == pytest.approx(wanted, rel=1e-15)
    assert value(tmp_path, "mape:zero=eps,eps=1e-7", label, pred) == pytest.approx(5e6 + 0.05, rel=1e-15)
    infinite = measure(tmp_path, "mape:zero=inf", label, pred)
    assert infinite.value is None
    assert infinite.note is not None
    assert "row 1" in infinite.note
    assert value(tmp_path, "mape:percent=true", [100.0], [90.0]) == 10.0


def test_mape_with_all_labels_zero_and_skipped_has_no_value(tmp_path: Any) -> None:
    found = measure(tmp_path, "mape:zero=skip", [0.0, 0.0], [1.0, 2.0])
    assert found.value is None
    assert found.note
    assert found.skipped == {"zero_label": 2}


@pytest.mark.parametrize("pred", [[1.0, 2.0, 3.0], [5.0, 5.0, 5.0]], ids=["imperfect", "perfect"])
def test_r2_of_a_constant_label_has_no_value_and_says_why(pred: list[float], tmp_path: Any) -> None:
    found = measure(tmp_path, "r2", [5.0, 5.0, 5.0], pred)
    assert found.value is None
    assert found.note is not None
    assert "no spread" in found.note
    one = measure(tmp_path, "r2", [5.0], [5.0])
    assert one.value is None
    assert one.note is not None
    assert "one row" in one.note


def test_r2_counts_only_rows_that_weigh_something(tmp_path: Any) -> None:
    found = measure(tmp_path, "r2", [1.0, 2.0], [1.0, 3.0], [1.0, 0.0])
    assert found.value is None, "the only row that counts has no spread"


def test_labels_of_minus_one_and_one_are_those_of_zero_and_one(tmp_path: Any) -> None:
    signs = 2 * BINARY[:200] - 1
    for spec in ("log_loss", "brier", "zero_one"):
        assert value(tmp_path, spec, signs, P[40:240]) == value(tmp_path, spec, BINARY[:200], P[40:240])


# ------------------------------------------------------------------------------------------------
# On real data
# ------------------------------------------------------------------------------------------------

# Values of scikit-learn 1.9.1 on the files; it sums n < 3000 doubles: 1e-13 leaves room for their order.
ON_SAMPLES: list[tuple[str, str | None, str | None, str | None, str, float]] = [
    ("diabetes_preds", "diabetes_labels", "pred", "label", "mse", 3416.621132786633),
    ("diabetes_preds", "diabetes_labels", "pred", "label", "rmse", 58.45187022488359),
    ("diabetes_preds", "diabetes_labels", "pred", "label", "mae", 48.6879094446924),
    ("diabetes_preds", "diabetes_labels", "pred", "label", "r2", 0.49311591529636656),
    ("diabetes_preds", "diabetes_labels", "pred", "label", "mape", 0.41540414753335597),
    ("breast_cancer", None, "prob", "label", "log_loss", 0.10073762570859897),
    ("breast_cancer", None, "prob", "label", "brier", 0.024561996633262837),
    ("breast_cancer", None, "prob", "label", "zero_one", 6 / 228),
    ("breast_cancer", None, "pred", "label", "zero_one", 6 / 228),
    ("digits_preds", "digits_labels", "p_*", "label", "cross_entropy", 0.33628374204027356),
    ("digits_preds", "digits_labels", "p_*", "label", "zero_one", 10 / 270),
    ("digits_preds", "digits_labels", "pred", "label", "zero_one", 10 / 270),
    ("digits_preds", "digits_labels", "p_*", "label", "brier", 0.12635673035189576),
    ("iris", None, "p_*", "label", "cross_entropy", 0.18435785009187994),
    ("digits_facts", None, "c_*", "y_*", "hamming", 82 / 1080),
    ("digits_facts", None, "p_*", "y_*", "hamming", 82 / 1080),
    ("diabetes_quantiles", None, "q_0.1", "label", "pinball:quantile=0.1", 10.149169435582673),
    ("diabetes_quantiles", None, "q_0.5", "label", "pinball", 24.746295245301773),
    ("diabetes_quantiles", None, "q_0.9", "label", "pinball:quantile=0.9", 10.982833894022932),
    ("training", None, "pred", "label", "mse", 0.5493621164841401),
]


@pytest.mark.parametrize("preds, labels, pred, label, spec, wanted", ON_SAMPLES)
def test_the_sample_data_give_the_values_of_scikit_learn(
    preds: str, labels: str | None, pred: str | None, label: str | None, spec: str, wanted: float
) -> None:
    found = []
    for suffix in ("csv", "parquet"):
        paths = [os.path.join(SAMPLES, f"{name}.{suffix}") for name in (preds, labels) if name is not None]
        found.append(evaluate(*paths, loss=[spec], pred=pred, label=label).results[0].value)
    assert found[0] == found[1] == pytest.approx(wanted, rel=1e-13)
