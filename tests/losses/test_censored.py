"""Losses of times to an event that was not seen in every row, against scikit-survival, statsmodels, XGBoost and by hand."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kept_rows import merged, put_aside, states_of
from recorded import recorded

from losscli.errors import DataError, UsageError
from losscli.losses.censored import brier_survival, cox_nll, from_the_last, squares_by
from losscli.numbers.ranks import Ranked
from losscli.report.evaluate import evaluate
from losscli.report.records import Result
from losscli.table.spill import Spill

near = pytest.approx

RNG = np.random.default_rng(5)
TIME = RNG.permutation(np.cumsum(RNG.exponential(0.2, 300)))
TIED = np.ceil(RNG.exponential(10.0, 300))
EVENT = (RNG.random(300) < 0.6) * 1.0
ALIVE = RNG.random(300)
RISK = RNG.normal(0.0, 2.0, 300)


def of_times(folder: Any, spec: str, **columns: Any) -> Result:
    path = str(folder / "rows.parquet")
    pq.write_table(pa.table(columns), path)
    return evaluate(path, loss=[spec], label="time=time,event=event", pred="pred").results[0]


# ------------------------------------------------------------------------------------------------
# Brier score
# ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("horizon", [2.0, 10.0, 50.0])
def test_the_brier_score_is_that_of_scikit_survival_where_no_event_is_tied_with_another_end(
    tmp_path: Any, horizon: float
) -> None:
    def of_sksurv(library: Any) -> Any:
        from sksurv.metrics import brier_score
        from sksurv.util import Surv

        watched = Surv.from_arrays(EVENT == 1.0, TIME)
        return brier_score(watched, watched, ALIVE[:, None], [horizon])[1][0]

    assert len(np.unique(TIME)) == len(TIME)
    theirs = recorded("sksurv", f"brier_score of 300 rows at {horizon:.0f}", of_sksurv)
    found = of_times(tmp_path, f"brier_survival@{horizon}", time=TIME, event=EVENT, pred=ALIVE)
    assert found.value == near(theirs, rel=1e-13)


def test_an_event_counts_by_the_chance_to_be_watched_until_it_and_not_beyond(tmp_path: Any) -> None:
    # At 2 one row has its event while another's watch ends: 3 of 4 are left, and 1 of 2 once the event is gone.
    rows = {"time": [1.0, 2.0, 2.0, 5.0], "event": [0, 1, 0, 0], "pred": [0.9, 0.5, 0.1, 0.75]}
    expected = (0.25 / 0.75 + 0.0625 / (0.75 * 0.5)) / 4.0
    assert of_times(tmp_path, "brier_survival:horizon=3", **rows).value == near(expected, rel=1e-15)


def test_without_censoring_it_is_the_brier_score(tmp_path: Any) -> None:
    found = of_times(tmp_path, "brier_survival:horizon=8", time=TIED, event=np.ones(300), pred=ALIVE)
    plain = np.mean(((TIED > 8.0) - ALIVE) ** 2)
    assert found.value == near(plain, rel=1e-14)


def test_a_horizon_beyond_a_longest_watch_without_an_event_has_no_score(tmp_path: Any) -> None:
    rows = {"time": [1.0, 2.0], "pred": [0.5, 0.5]}
    found = of_times(tmp_path, "brier_survival:horizon=3", event=[1, 0], **rows)
    assert found.value is None
    assert found.note == "no row was watched beyond 3, and the longest watch ended without an event"
    assert of_times(tmp_path, "brier_survival:horizon=3", event=[0, 1], **rows).value == near(0.25, rel=1e-15)


TIMES = {"alive_2": 2.0, "alive_5.5": 5.5, "alive_10": 10.0, "alive_30": 30.0}
CURVES = np.sort(RNG.random((300, len(TIMES))))[:, ::-1]


def integrated(folder: Any, pred: str) -> Result:
    columns = dict(zip(TIMES, CURVES.T, strict=True)) | {"time": TIME, "event": EVENT}
    path = str(folder / "curves.parquet")
    pq.write_table(pa.table(columns), path)
    return evaluate(path, loss=["integrated_brier"], label="time=time,event=event", pred=pred).results[0]


def test_the_integrated_brier_score_is_that_of_scikit_survival(tmp_path: Any) -> None:
    def of_sksurv(library: Any) -> Any:
        from sksurv.metrics import integrated_brier_score
        from sksurv.util import Surv

        watched = Surv.from_arrays(EVENT == 1.0, TIME)
        return integrated_brier_score(watched, watched, CURVES, list(TIMES.values()))

    theirs = recorded("sksurv", "integrated_brier_score of 300 rows", of_sksurv)
    assert integrated(tmp_path, "alive_*").value == near(theirs, rel=1e-13)
    # The times come from the names, in whatever order the columns stand.
    assert integrated(tmp_path, ",".join(reversed(TIMES))).value == integrated(tmp_path, "alive_*").value


def test_columns_that_name_no_time_or_one_time_twice_are_refused(tmp_path: Any) -> None:
    columns = {"time": [1.0], "event": [1], "alive_10": [0.5], "late": [0.5], "beyond_10.0": [0.5]}
    path = str(tmp_path / "rows.parquet")
    pq.write_table(pa.table(columns), path)
    for pred, error in (("alive_10,late", UsageError), ("alive_10,beyond_10.0", DataError)):
        with pytest.raises(error, match=r"does not name a time|both for the time 10\.0"):
            evaluate(path, loss=["integrated_brier"], label="time=time,event=event", pred=pred)


# ------------------------------------------------------------------------------------------------
# Partial likelihood
# ------------------------------------------------------------------------------------------------


def of_statsmodels(ties: str) -> Any:
    def compute(library: Any) -> Any:
        from statsmodels.duration.hazard_regression import PHReg

        model = PHReg(TIED, RISK[:, None], status=EVENT, ties=ties)
        return -model.loglike(np.ones(1)) / EVENT.sum()

    return compute


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_the_partial_likelihood_is_that_of_statsmodels(tmp_path: Any, ties: str) -> None:
    theirs = recorded("statsmodels", f"PHReg.loglike of 300 tied rows, {ties}", of_statsmodels(ties))
    found = of_times(tmp_path, f"cox_nll:ties={ties}", time=TIED, event=EVENT, pred=RISK)
    assert found.value == near(theirs, rel=1e-12)


def test_the_partial_likelihood_is_cox_nloglik_of_xgboost(tmp_path: Any) -> None:
    def of_xgboost(library: Any) -> Any:
        rows = library.DMatrix(
            np.zeros((300, 1)), label=np.where(EVENT == 1.0, TIED, -TIED), base_margin=RISK
        )
        one = {"objective": "survival:cox", "eval_metric": "cox-nloglik"}
        said = library.train(one, rows, num_boost_round=0).eval(rows)
        return float(said.rpartition(":")[2])

    theirs = recorded("xgboost", "cox-nloglik of 300 tied rows", of_xgboost)
    found = of_times(tmp_path, "cox_nll", time=TIED, event=EVENT, pred=RISK)
    assert found.value == near(theirs, rel=2e-6)  # its margins have single precision


def test_only_the_order_of_times_and_the_differences_of_scores_count(tmp_path: Any) -> None:
    plain = of_times(tmp_path, "cox_nll:ties=efron", time=TIED, event=EVENT, pred=RISK).value
    moved = of_times(
        tmp_path, "cox_nll:ties=efron", time=TIED**3, event=EVENT, pred=np.round(RISK, 6) + 1024.0
    )
    assert moved.value == near(plain, rel=1e-5)
    alone = of_times(tmp_path, "cox_nll", time=[1.0, 2.0], event=[1, 1], pred=[100.0, 0.0])
    assert alone.value == near(math.log1p(math.exp(-100.0)) / 2.0, rel=1e-15)


def test_no_event_has_no_partial_likelihood(tmp_path: Any) -> None:
    found = of_times(tmp_path, "cox_nll", time=[1.0, 2.0], event=[0, 0], pred=[1.0, 0.0])
    assert (found.value, found.note) == (None, "no event was seen")


# ------------------------------------------------------------------------------------------------
# More rows than are taken at a time
# ------------------------------------------------------------------------------------------------

MANY = 300_000


@pytest.mark.parametrize("tied", [False, True])
def test_many_rows_give_the_same_bits_however_they_are_cut_and_kept(tied: bool) -> None:
    rng = np.random.default_rng(6)
    time = rng.exponential(10.0, MANY)
    time = np.ceil(time) if tied else time
    event, risk = (rng.random(MANY) < 0.5) * 1.0, rng.normal(0.0, 30.0, MANY) + 40.0 * time
    weight = rng.integers(1, 4, MANY).astype(np.float64)
    alive = 1.0 / (1.0 + np.exp(-rng.normal(0.0, 1.0, MANY)))
    scored, squares = from_the_last(time, risk, event), squares_by(time, alive, event, horizon=9.0)

    def found(columns: Any, finish: Any, how: Any) -> Fraction:
        return finish(how(states_of(Ranked, columns, weight, 70_001)))

    for columns, finish in (
        (scored, cox_nll),
        (scored, lambda state: cox_nll(state, ties="efron")),
        (squares, lambda state: brier_survival(state, horizon=9.0)),
    ):
        whole = finish(Ranked.of(columns, weight))
        with Spill() as spill:
            for how in (merged, lambda states, spill=spill: put_aside(states, spill)):
                assert found(columns, finish, how) == whole
        if finish is cox_nll:
            assert float(whole) == near(plain_cox(time, risk, event, weight), rel=1e-11)


def plain_cox(time: Any, risk: Any, event: Any, weight: Any) -> float:
    """Minus the log of the partial likelihood per event, in as many steps as there are rows."""
    order = np.lexsort((risk, -time))
    time, risk, event, weight = time[order], risk[order], event[order], weight[order]
    upto = np.logaddexp.accumulate(risk + np.log(weight))
    last = (-time).searchsorted(-time, "right") - 1
    return float((weight * event * (upto[last] - risk)).sum() / (weight * event).sum())
