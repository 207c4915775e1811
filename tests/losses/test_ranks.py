"""Rank correlations: values by hand, and those of SciPy."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from measuring import measured, value_of
from recorded import recorded
from scipy import stats

from losscli.errors import DataError, UsageError
from losscli.report.evaluate import evaluate
from losscli.report.records import Result

near = pytest.approx

RNG = np.random.default_rng(31)
LABEL = np.round(RNG.normal(size=500), 1)
PRED = np.round(0.5 * LABEL + RNG.normal(size=500), 1)
COUNTS = RNG.integers(1, 5, 500)


def gamma(label: Any, pred: Any) -> float:
    signs = np.sign(label[:, None] - label) * np.sign(pred[:, None] - pred)
    return float(signs.sum() / np.abs(signs).sum())


THEIRS = {
    "spearman": lambda y, f: stats.spearmanr(y, f).statistic,
    "kendall": lambda y, f: stats.kendalltau(y, f).statistic,
    "kendall:variant=c": lambda y, f: stats.kendalltau(y, f, variant="c").statistic,
    "somers_d": lambda y, f: stats.somersd(y, f).statistic,
    "somers_d:given=pred": lambda y, f: stats.somersd(f, y).statistic,
    "goodman_kruskal_gamma": gamma,
}


@pytest.mark.parametrize("spec", THEIRS)
@pytest.mark.parametrize("rows", [3, 20, 500])
def test_rank_correlations_are_those_of_scipy(spec: str, rows: int, tmp_path: Any) -> None:
    label, pred, counts = LABEL[:rows], PRED[:rows], COUNTS[:rows]
    assert value_of(tmp_path, spec, label, pred) == near(THEIRS[spec](label, pred), rel=1e-12)
    # SciPy takes no weights: an integer weight is the row as many times.
    repeated = np.repeat(label, counts), np.repeat(pred, counts)
    assert value_of(tmp_path, spec, label, pred, counts * 1.0) == near(THEIRS[spec](*repeated), rel=1e-12)


def test_correlations_by_hand(tmp_path: Any) -> None:
    label, pred = [1.0, 2.0, 3.0, 4.0], [1.0, 3.0, 2.0, 4.0]
    assert value_of(tmp_path, "spearman", label, pred) == 1.0 - 6.0 * 2.0 / (4.0 * 15.0)
    assert value_of(tmp_path, "kendall", label, pred) == near(4.0 / 6.0, rel=1e-15)
    assert value_of(tmp_path, "kendall:variant=a", [1.0, 1.0, 2.0], [1.0, 2.0, 3.0]) == near(2.0 / 3.0)
    assert value_of(tmp_path, "kendall:variant=a", [1.0, 2.0], [1.0, 2.0], [2.0, 1.0]) == near(2.0 / 3.0)
    assert value_of(tmp_path, "somers_d", [0.0, 0.0, 1.0], [1.0, 2.0, 2.0]) == 0.5
    assert value_of(tmp_path, "spearman", label, [-x for x in pred]) == -0.8
    # A weight of a half and a half is a pair that weighs a quarter.
    halves = value_of(tmp_path, "somers_d", [0.0, 1.0, 2.0], [0.0, 2.0, 1.0], [1.0, 0.5, 0.5])
    assert halves == float(Fraction(3, 5))


def test_for_labels_of_two_classes_somers_d_is_twice_auc_less_one(tmp_path: Any) -> None:
    label = (LABEL > 0.3) * 1.0
    weight = RNG.random(500)
    auc = value_of(tmp_path, "auc", label, PRED, weight)
    assert value_of(tmp_path, "somers_d", label, PRED, weight) == near(2.0 * auc - 1.0, rel=1e-14)


def test_what_has_one_value_has_no_order(tmp_path: Any) -> None:
    for spec in ("spearman", "kendall", "kendall:variant=c", "somers_d"):
        for columns, what in (({"label": [1.0, 1.0], "pred": [1.0, 2.0]}, "labels"),
                              ({"label": [1.0, 2.0], "pred": [1.0, 1.0]}, "predictions")):  # fmt: skip
            found = measured(tmp_path, spec, columns)
            assert (found.value, found.note) == (
                None,
                f"all {what} are one number: there is no order to compare",
            )
    found = measured(tmp_path, "goodman_kruskal_gamma", {"label": [1.0, 1.0], "pred": [1.0, 2.0]})
    assert found.note == "every pair of rows is tied in the label or in the prediction"


def test_tau_a_takes_weights_as_counts(tmp_path: Any) -> None:
    columns = {"label": [1.0, 2.0], "pred": [1.0, 2.0], "w": [0.5, 1.0]}
    with pytest.raises(DataError, match="whole"):
        measured(tmp_path, "kendall:variant=a", columns, weight="w")
    assert measured(tmp_path, "kendall", columns, weight="w").value == 1.0
    # Weights of which all are even have a unit of 2.
    doubled = value_of(tmp_path, "kendall:variant=a", [1.0, 2.0, 3.0], [1.0, 3.0, 2.0], [2.0, 2.0, 2.0])
    assert doubled == 8.0 / 30.0


@pytest.mark.parametrize("spec", ["spearman", "kendall", "kendall:variant=c", "gini_reg", "concordance"])
def test_rows_beyond_memory_give_the_same_bits(spec: str, tmp_path: Any) -> None:
    rng = np.random.default_rng(8)
    label, pred, weight = np.round(rng.normal(size=(3, 300_000)), 3)
    columns = {"label": label, "pred": label + pred, "w": np.abs(np.round(weight * 8.0)), "event": pred > 0.0}
    options = {"weight": "w"} | ({"label": "time=label,event=event"} if spec == "concordance" else {})
    inside = measured(tmp_path, spec, columns, memory=4 << 30, jobs=1, **options).value
    assert (
        measured(tmp_path, spec, columns, memory=8 << 20, jobs=4, chunk_rows=9973, **options).value == inside
    )


def test_slices_and_outputs_have_correlations_of_their_own(tmp_path: Any) -> None:
    columns = {f"y_{k}": LABEL * (k + 1) for k in range(2)} | {"f_0": PRED, "f_1": -PRED}
    found = measured(tmp_path, "spearman", columns, label="y_*", pred="f_*").value
    assert found == near(0.0, abs=1e-15)
    path = str(tmp_path / "sliced.parquet")
    part = np.where(np.arange(500) % 3 == 0, "a", "b")
    pq.write_table(pa.table({"label": LABEL, "pred": PRED, "part": part}), path)
    report = evaluate(path, loss=["kendall"], label="label", pred="pred", by=["part"], chunk_rows=37)
    for result in report.results[1:]:
        own = part == result.slice["part"]
        assert result.value == near(stats.kendalltau(LABEL[own], PRED[own]).statistic, rel=1e-12)


def test_an_unknown_variant_is_refused(tmp_path: Any) -> None:
    with pytest.raises(UsageError, match="`variant=d`"):
        measured(tmp_path, "kendall:variant=d", {"label": [1.0], "pred": [1.0]})


# ------------------------------------------------------------------------------------------------
# Times to an event
# ------------------------------------------------------------------------------------------------

TIME = np.round(RNG.exponential(10.0, 200), 0)
EVENT = (RNG.random(200) < 0.6) * 1.0
FORECAST = np.round(TIME + RNG.normal(0.0, 8.0, 200), 0)
TIMES = {"label": "time=time,event=event", "pred": "pred"}


def concordance(folder: Any, spec: str = "concordance", weight: Any = None, **columns: Any) -> Result:
    given = columns or {"time": TIME, "event": EVENT, "pred": FORECAST}
    if weight is None:
        return measured(folder, spec, given, **TIMES)
    return measured(folder, spec, given | {"w": weight}, **TIMES, weight="w")


def of_lifelines(library: Any) -> Any:
    from lifelines.utils import concordance_index

    return concordance_index(TIME, FORECAST, EVENT)


def of_sksurv(library: Any) -> Any:
    from sksurv.metrics import concordance_index_censored

    return concordance_index_censored(EVENT == 1.0, TIME, FORECAST)[0]


def test_concordance_is_that_of_lifelines_and_scikit_survival(tmp_path: Any) -> None:
    by_time = recorded("lifelines", "concordance_index of 200 rows", of_lifelines)
    assert concordance(tmp_path).value == near(by_time, rel=1e-12)
    by_risk = recorded("sksurv", "concordance_index_censored of 200 rows", of_sksurv)
    assert concordance(tmp_path, "concordance:predicts=risk").value == near(by_risk, rel=1e-12)


def test_concordance_counts_the_pairs_whose_first_event_is_known(tmp_path: Any) -> None:
    # Of equal times one with the event is known to come first; of two events none is.
    known = {"time": [1.0, 1.0, 1.0, 2.0], "event": [1, 1, 0, 0], "pred": [1.0, 2.0, 2.0, 0.0]}
    assert concordance(tmp_path, **known).value == (1.0 + 0.0 + 0.5 + 0.0) / 4.0
    weighted = concordance(tmp_path, weight=[2.0, 1.0, 0.5, 1.0], **known).value
    assert weighted == near((1.0 + 0.25) / (1.0 + 2.0 + 0.5 + 1.0), rel=1e-15)
    nothing = concordance(tmp_path, time=[1.0, 2.0], event=[0, 1], pred=[1.0, 2.0])
    assert nothing.value is None
    assert nothing.note is not None
    assert nothing.note.startswith("no pair is comparable")


def test_concordance_without_lost_rows_and_ties_is_by_kendall(tmp_path: Any) -> None:
    time, pred = RNG.permutation(100) * 1.0, RNG.permutation(100) * 1.0
    found = concordance(tmp_path, time=time, event=np.ones(100), pred=pred).value
    assert found == near((1.0 + stats.kendalltau(time, pred).statistic) / 2.0, rel=1e-12)


def test_an_event_is_any_spelling_of_yes_and_no(tmp_path: Any) -> None:
    found = concordance(tmp_path, time=TIME, event=EVENT == 1.0, pred=FORECAST).value
    assert found == concordance(tmp_path).value


def kaggle(actual: Any, pred: Any) -> float:
    """The normalised Gini coefficient as competitions have it: the Lorenz curve of sorted labels, without ties."""

    def gini(by: Any) -> float:
        ordered = actual[np.argsort(-by)]
        return float(ordered.cumsum().sum() / ordered.sum() - (len(actual) + 1) / 2.0)

    return gini(pred) / gini(actual)


def test_the_gini_index_of_regression_is_that_of_the_lorenz_curve(tmp_path: Any) -> None:
    rng = np.random.default_rng(7)
    label = rng.exponential(1000.0, 400)
    pred = label * rng.exponential(1.0, 400)
    assert value_of(tmp_path, "gini_reg", label, pred) == near(kaggle(label, pred), rel=1e-12)
    counts = rng.integers(1, 5, 400)
    # Copies of a row have one label, so that their order does not count.
    wanted = kaggle(np.repeat(label, counts), np.repeat(pred, counts))
    assert value_of(tmp_path, "gini_reg", label, pred, counts * 1.0) == near(wanted, rel=1e-12)


def test_the_gini_index_of_two_classes_is_gini(tmp_path: Any) -> None:
    label = (LABEL > 0.3).astype(np.float64)
    weight = np.random.default_rng(2).random(500) + 0.1
    assert value_of(tmp_path, "gini_reg", label, PRED, weight) == value_of(
        tmp_path, "gini", label, PRED, weight
    )
    assert value_of(tmp_path, "gini_reg", label, np.ones(500)) == 0.0
