"""Losses of ensembles: values by hand, and those of other libraries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from recorded import recorded

from losscli.errors import UsageError
from losscli.losses.ensembles import crps_ensemble, dss_of_members, error_spread, threshold_brier
from losscli.report.evaluate import evaluate

LABEL = np.array([0.5, 2.0, -3.0, 11.0])
MEMBERS = np.array(
    [[0.0, 1.0, 2.0, 4.0], [2.0, 2.5, 1.0, 2.0], [-1.0, 0.5, -4.0, 2.0], [9.0, 8.0, 10.0, 9.5]]
)


def theirs(name: str, **more: Any) -> Any:
    """The values of scoringrules for these rows."""
    said = "".join(f", {key}={value}" for key, value in more.items())
    return recorded(
        "scoringrules",
        f"{name}{said}: four rows",
        lambda scoringrules: getattr(scoringrules, name)(LABEL, MEMBERS, **more),
    )


@pytest.mark.parametrize("estimator", ["qd", "fair", "nrg"])
def test_the_crps_of_members_is_that_of_scoringrules(estimator: Any) -> None:
    ours: Any = {"nrg": "qd"}.get(estimator, estimator)
    found = crps_ensemble(LABEL, MEMBERS, estimator=ours)
    assert found.tolist() == pytest.approx(theirs("crps_ensemble", estimator=estimator), rel=1e-14)


def test_the_crps_of_members_is_that_of_properscoring() -> None:
    by_other = recorded(
        "properscoring", "crps_ensemble: four rows", lambda ps: ps.crps_ensemble(LABEL, MEMBERS)
    )
    assert crps_ensemble(LABEL, MEMBERS).tolist() == pytest.approx(by_other, rel=1e-14)


@pytest.mark.parametrize("threshold", [1.0, 2.0])
def test_a_threshold_is_scored_as_by_properscoring(threshold: float) -> None:
    by_other = recorded(
        "properscoring",
        f"threshold_brier_score, threshold={threshold}: four rows",
        lambda ps: ps.threshold_brier_score(LABEL, MEMBERS, threshold),
    )
    assert threshold_brier(LABEL, MEMBERS, threshold=threshold).tolist() == by_other


def test_moments_of_members_are_scored_as_by_scoringrules() -> None:
    assert dss_of_members(LABEL, MEMBERS).tolist() == pytest.approx(theirs("dssuv_ensemble"), rel=1e-13)
    assert error_spread(LABEL, MEMBERS).tolist() == pytest.approx(theirs("error_spread_score"), rel=1e-12)


@pytest.mark.parametrize("estimator", ["qd", "fair"])
def test_one_member_gives_the_absolute_error(estimator: Any) -> None:
    assert crps_ensemble(LABEL, MEMBERS[:, :1], estimator=estimator).tolist() == [0.5, 0.0, 2.0, 2.0]


def test_members_that_are_all_equal_have_an_infinite_score_by_moments() -> None:
    found = dss_of_members(np.array([1.0, 0.1]), np.full((2, 3), 0.1))
    assert found.tolist() == [np.inf, -np.inf]


def test_the_order_of_members_changes_no_bit() -> None:
    turned = MEMBERS[:, ::-1]
    assert crps_ensemble(LABEL, MEMBERS).tolist() == crps_ensemble(LABEL, turned).tolist()


def rows(folder: Any) -> str:
    path = str(folder / "rows.parquet")
    members = {f"m_{at}": column for at, column in enumerate(MEMBERS.T)}
    pq.write_table(pa.table({"label": LABEL, **members}), path)
    return path


def test_members_are_columns_chosen_by_a_glob(tmp_path: Any) -> None:
    report = evaluate(
        rows(tmp_path), loss=["crps_ensemble", "dss", "threshold_brier:threshold=2"], pred="m_*"
    )
    assert report.metrics["crps_ensemble"] == pytest.approx(np.mean(crps_ensemble(LABEL, MEMBERS)))
    assert list(report.metrics) == ["crps_ensemble", "dss", "threshold_brier:threshold=2"]


def test_a_list_in_a_cell_holds_the_members(tmp_path: Any) -> None:
    path = str(tmp_path / "lists.parquet")
    pq.write_table(pa.table({"label": LABEL, "members": MEMBERS.tolist()}), path)
    found = evaluate(path, loss=["crps_ensemble"], pred="members").results[0]
    assert found.value == evaluate(rows(tmp_path), loss=["crps_ensemble"], pred="m_*").results[0].value


def test_crps_alone_is_refused_with_its_forms(tmp_path: Any) -> None:
    with pytest.raises(UsageError, match="means several things: `crps_normal` or `crps_ensemble`"):
        evaluate(rows(tmp_path), loss=["crps"], pred="m_*")
