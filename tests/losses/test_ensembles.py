"""Losses of ensembles: values by hand, and those of other libraries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from recorded import recorded

from losscli.errors import UsageError
from losscli.losses.ensembles import (
    crps_ensemble,
    dss_of_members,
    energy_score,
    error_spread,
    threshold_brier,
    tw_crps,
    variogram_score,
)
from losscli.losses.log_scores import logs_mixture
from losscli.losses.smoothed_ensembles import kernel_score, logs_ensemble
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


@pytest.mark.parametrize("estimator", ["qd", "fair"])
@pytest.mark.parametrize("tail, end", [("above", "a"), ("below", "b")])
def test_the_crps_beyond_a_threshold_is_that_of_scoringrules(estimator: Any, tail: Any, end: str) -> None:
    found = tw_crps(LABEL, MEMBERS, threshold=1.5, tail=tail, estimator=estimator)
    wanted = theirs("twcrps_ensemble", estimator=estimator, **{end: 1.5})
    assert found.tolist() == pytest.approx(wanted, rel=1e-14)


def test_beyond_the_ends_of_all_numbers_it_is_the_crps_of_the_ensemble() -> None:
    found = tw_crps(LABEL, MEMBERS, threshold=-5.0)
    assert found.tolist() == crps_ensemble(LABEL, MEMBERS).tolist()


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


@pytest.mark.parametrize("bandwidth", [0.25, 3.0])
def test_a_smoothed_ensemble_is_scored_as_by_scoringrules(bandwidth: float) -> None:
    found = logs_ensemble(LABEL, MEMBERS, bandwidth=bandwidth)
    wanted = theirs("logs_ensemble", bw=np.full(4, bandwidth))
    assert found.tolist() == pytest.approx(wanted, rel=1e-13)


def test_a_smoothed_ensemble_is_a_mixture_about_its_members_with_the_bandwidth_of_scott() -> None:
    # R's bw.nrd: 1.06 times the lesser of the standard deviation and the interquartile range over 1.34, times
    # the number of members to the power -1/5.
    low, high = np.quantile(MEMBERS, [0.25, 0.75], axis=1)
    width = 1.06 * np.minimum(MEMBERS.std(axis=1, ddof=1), (high - low) / 1.34) * 4.0**-0.2
    mixture = logs_mixture(LABEL, MEMBERS, np.tile(width[:, None], 4), np.full((4, 4), 0.25))
    assert logs_ensemble(LABEL, MEMBERS).tolist() == pytest.approx(mixture.tolist(), rel=1e-14)


def test_quartiles_that_are_equal_leave_the_standard_deviation_to_set_the_bandwidth() -> None:
    members = np.array([[1.0, 1.0, 1.0, 1.0, 2.0]])
    width = 1.06 * members.std(ddof=1) * 5.0**-0.2
    wanted = logs_ensemble(np.array([0.5]), members, bandwidth=width)
    assert logs_ensemble(np.array([0.5]), members).tolist() == pytest.approx(wanted.tolist(), rel=1e-14)


def test_members_that_are_all_equal_have_no_bandwidth() -> None:
    assert logs_ensemble(np.array([1.0, 0.1]), np.full((2, 3), 0.1)).tolist() == [np.inf, -np.inf]


def test_the_kernel_score_is_that_of_scoringrules() -> None:
    assert kernel_score(LABEL, MEMBERS).tolist() == pytest.approx(theirs("gksuv_ensemble"), rel=1e-13)


def test_the_kernel_score_keeps_its_digits_between_opposite_members() -> None:
    # By hand: 3/4 + exp(-2 h²)/4 - exp(-h²/2) = 3 h⁴ / 8 + … of members at -h and h.
    found = kernel_score(np.zeros(2), np.array([[-1e-5, 1e-5], [-1e-60, 1e-60]]))
    assert found.tolist() == pytest.approx([0.375e-20, 0.375e-240], rel=1e-9, abs=0.0)


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


PLACES = np.array([[0.5, 1.0], [2.0, -1.0], [-3.0, 0.25], [11.0, 4.0]])
# Three members of the label's two columns.
VECTORS = np.array(
    [
        [0.0, 1.0, 2.0, 4.0, -1.0, 0.5],
        [2.0, 2.5, 1.0, 2.0, 0.5, -1.5],
        [-1.0, 0.5, -4.0, 2.0, -2.0, 0.0],
        [9.0, 8.0, 10.0, 9.5, 12.0, 3.5],
    ]
)


@pytest.mark.parametrize("estimator", ["nrg", "fair"])
def test_the_energy_score_is_that_of_scoringrules(estimator: Any) -> None:
    by_other = recorded(
        "scoringrules",
        f"es_ensemble, estimator={estimator}: four rows",
        lambda sr: sr.es_ensemble(PLACES, VECTORS.reshape(4, 3, 2), estimator=estimator),
    )
    assert energy_score(PLACES, VECTORS, estimator=estimator).tolist() == pytest.approx(by_other, rel=1e-13)


@pytest.mark.parametrize("p", [0.5, 1.0, 1.75])
def test_the_variogram_score_is_that_of_scoringrules(p: float) -> None:
    by_other = recorded(
        "scoringrules",
        f"vs_ensemble, p={p}: four rows",
        lambda sr: sr.vs_ensemble(PLACES, VECTORS.reshape(4, 3, 2), p=p),
    )
    assert variogram_score(PLACES, VECTORS, p=p).tolist() == pytest.approx(by_other, rel=1e-13)


def test_members_that_are_shifted_have_the_same_variogram() -> None:
    assert variogram_score(PLACES, np.tile(PLACES + 2.0, 3)).tolist() == [0.0] * 4


@pytest.mark.parametrize(("estimator", "of_numbers"), [("nrg", "qd"), ("fair", "fair")])
def test_the_energy_score_of_numbers_is_the_crps(estimator: Any, of_numbers: Any) -> None:
    found = energy_score(LABEL[:, None], MEMBERS, estimator=estimator)
    expected = crps_ensemble(LABEL, MEMBERS, estimator=of_numbers)
    assert found.tolist() == pytest.approx(expected.tolist(), rel=1e-14)


@pytest.mark.parametrize("estimator", ["nrg", "fair"])
def test_the_energy_score_of_one_member_is_its_distance(estimator: Any) -> None:
    found = energy_score(np.zeros((1, 2)), np.array([[3.0, 4.0]]), estimator=estimator)
    assert found.tolist() == [5.0]


def test_a_fair_energy_score_keeps_its_digits_between_opposite_members() -> None:
    # By hand: sqrt(1 + h²) - 1 = h²/2 for a small h, and 0 on the straight line.
    members = np.array([[-1.0, 0.0, 1.0, 0.0], [-1.0, 0.0, 1.0, 0.0]])
    found = energy_score(np.array([[0.0, 1e-30], [0.5, 0.0]]), members, estimator="fair")
    assert found.tolist() == [pytest.approx(5e-61, rel=1e-15, abs=0.0), 0.0]


def vectors(folder: Any, names: str) -> str:
    """A file of labels `u` and `v` and of the members' columns, with these names in the order of `VECTORS`."""
    path = str(folder / "vectors.parquet")
    columns = {"u": PLACES[:, 0], "v": PLACES[:, 1], **dict(zip(names.split(), VECTORS.T, strict=True))}
    pq.write_table(pa.table(dict(sorted(columns.items()))), path)
    return path


@pytest.mark.parametrize(
    ("names", "noted"),
    [("u_1 v_1 u_2 v_2 u_3 v_3", False), ("a.u a.v b.u b.v c.u c.v", False), ("a b c d e f", True)],
)
def test_members_of_vectors_are_found_by_name_else_in_order(tmp_path: Any, names: str, noted: bool) -> None:
    pred = ",".join(sorted(names.split()))
    report = evaluate(vectors(tmp_path, names), loss=["energy_score"], label="u,v", pred=pred)
    assert report.results[0].value == pytest.approx(np.mean(energy_score(PLACES, VECTORS)), rel=1e-15)
    said = "reads members in the order of the columns: the first has `a`, `b` for `u`, `v`"
    assert (said in (report.results[0].note or "")) == noted


def test_a_member_without_a_column_for_each_label_is_refused(tmp_path: Any) -> None:
    path = vectors(tmp_path, "a b c d e f")
    with pytest.raises(UsageError, match="`energy_score` cannot compare 3 prediction columns") as refused:
        evaluate(path, loss=["energy_score"], label="u,v", pred="a,b,c")
    assert refused.value.hint == "every member needs 2 columns, one for each label"
