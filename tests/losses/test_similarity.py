"""Losses of vectors: values by hand, and those of other libraries."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from recorded import recorded
from scipy.spatial import distance

from losscli.errors import DataError, UsageError
from losscli.losses.similarity import cosine_distance, cosine_embedding, euclidean
from losscli.report.evaluate import evaluate
from losscli.report.records import Result

RNG = np.random.default_rng(7)
LABELS, PREDS = RNG.normal(size=(30, 4)), RNG.normal(size=(30, 4))
ROUNDING = 2e-15  # four products and roots


def written(folder: Any, **vectors: Any) -> str:
    columns: dict[str, Any] = {}
    for name, values in vectors.items():
        if values.ndim == 1:
            columns[name] = values
        else:
            columns |= {f"{name}_{place}": column for place, column in enumerate(values.T)}
    path = str(folder / "rows.parquet")
    pq.write_table(pa.table(columns), path)
    return path


def measured(folder: Any, spec: str, label: Any = LABELS, pred: Any = PREDS, **more: Any) -> Result:
    path = written(folder, y=label, p=pred, **more)
    options = {"weight": "weight"} if "weight" in more else {}
    return evaluate(path, loss=[spec], pred="p_*", label="y_*", **options).results[0]


@pytest.mark.parametrize(
    "name, known",
    [
        ("cosine_distance", distance.cosine),
        ("euclidean", distance.euclidean),
        ("manhattan", distance.cityblock),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_distances_are_those_of_scipy(name: str, known: Any, weighted: bool, tmp_path: Any) -> None:
    weight = RNG.exponential(size=30) if weighted else np.ones(30)
    wanted = np.average([known(y, f) for y, f in zip(LABELS, PREDS, strict=True)], weights=weight)
    more = {"weight": weight} if weighted else {}
    assert measured(tmp_path, name, **more).value == pytest.approx(wanted, rel=ROUNDING)


def test_vectors_of_one_direction_are_at_no_distance_whatever_their_length() -> None:
    one = np.array([[3.0, -4.0, 0.1], [1e-300, 2e-300, 0.0], [5e-324, 0.0, 5e-324]])
    assert cosine_distance(one, one * 2.0**400).tolist() == [0.0, 0.0, 0.0]


def test_a_small_angle_is_not_lost_against_one() -> None:
    # 1 - cos(a) is a² / 2: as it stands 1 - cos would be 0 from a = 1e-8 on.
    for angle in (1e-3, 1e-8, 1e-100):
        found = cosine_distance(np.array([[1.0, 0.0]]), np.array([[1.0, math.tan(angle)]]))
        assert found == pytest.approx([2.0 * math.sin(angle / 2.0) ** 2], rel=ROUNDING)


def test_a_zero_vector_is_refused_with_its_row(tmp_path: Any) -> None:
    pred = np.array([[1.0, 1.0], [0.0, 0.0], [0.0, -0.0]])
    with pytest.raises(DataError, match="0 throughout") as error:
        measured(tmp_path, "cosine_distance", np.ones((3, 2)), pred)
    assert (error.value.row, error.value.column) == (2, "p_0")
    assert "2 of 3 rows" in str(error.value)
    assert "cosine_distance:zero=skip" in str(error.value)


def test_what_libraries_make_of_a_zero_vector(tmp_path: Any) -> None:
    # cos = 8/9 in the first row, and a zero vector in the second.
    label, pred = np.array([[1.0, 2.0, 2.0], [1.0, 0.0, 0.0]]), np.array([[2.0, 1.0, 2.0], [0.0, 0.0, 0.0]])

    def found(spec: str) -> Result:
        return measured(tmp_path, f"cosine_distance:{spec}", label, pred)

    # torch's similarity is 0.8889 and 0; its embedding loss gives the zero row the distance 1.
    assert found("zero=one").value == pytest.approx((1.0 / 9.0 + 1.0) / 2.0, rel=ROUNDING)
    assert found("zero=one").touched == {"zero_vector": 1}
    # keras: -0.8889 and 0.
    assert found("zero=one,negate=true").value == pytest.approx(-4.0 / 9.0, rel=ROUNDING)
    assert found("zero=zero").value == pytest.approx(1.0 / 18.0, rel=ROUNDING)
    skipped = found("zero=skip")
    assert skipped.value == pytest.approx(1.0 / 9.0, rel=ROUNDING)
    assert (skipped.rows, skipped.skipped) == (1, {"zero_vector": 1})


def test_negated_the_cosine_keeps_its_digits_near_the_right_angle() -> None:
    label, pred = np.array([[1.0, 1.0 + 2.0**-52]]), np.array([[1.0, -1.0]])
    # The scalar product is -2**-52 exactly, the sizes are both the root of 2 and a little.
    assert cosine_distance(label, pred, negate=True) == pytest.approx([2.0**-53], rel=ROUNDING)


@pytest.mark.parametrize("margin", [-0.5, 0.0, 0.25])
def test_cosine_embedding_is_that_of_torch(margin: float, tmp_path: Any) -> None:
    same = np.random.default_rng(8).choice([-1.0, 1.0], 30)

    def theirs(torch: Any) -> Any:
        vectors = map(torch.tensor, (LABELS, PREDS, same))
        return torch.nn.functional.cosine_embedding_loss(*vectors, margin=margin)

    wanted = recorded("torch", f"similarity: cosine_embedding:margin={margin}", theirs)
    path = written(tmp_path, a=LABELS, b=PREDS, same=same)
    found = evaluate(
        path, loss=[f"cosine_embedding:margin={margin}"], pred="first=a_*,second=b_*", label="same"
    ).results[0]
    # torch adds 1.2e-12 to each square of a size.
    assert found.value == pytest.approx(wanted, rel=1e-11)


def test_cosine_embedding_of_a_perfect_pair_is_zero() -> None:
    first, second = (
        np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]),
        np.array([[2.0, 4.0], [-2.0, 1.0], [-1.0, -1.0]]),
    )
    assert cosine_embedding(np.array([1.0, 0.0, 0.0]), first, second).tolist() == [0.0, 0.0, 0.0]


def test_cosine_embedding_refuses_vectors_of_two_lengths(tmp_path: Any) -> None:
    path = written(tmp_path, a=LABELS, b=PREDS[:, :3], same=np.ones(30))
    with pytest.raises(UsageError, match="vectors of one length, not columns: 4 for `first`, 3 for `second`"):
        evaluate(path, loss=["cosine_embedding"], pred="first=a_*,second=b_*", label="same")


def test_a_distance_neither_overflows_nor_vanishes_on_the_way() -> None:
    label = np.zeros((3, 2))
    pred = np.array([[3e200, 4e200], [3e-200, 4e-200], [5e-324, 0.0]])
    assert euclidean(label, pred) == pytest.approx([5e200, 5e-200, 5e-324], rel=ROUNDING, abs=0.0)


def test_columns_are_matched_by_name(tmp_path: Any) -> None:
    columns = {"y_a": [1.0, 2.0], "y_b": [3.0, 4.0], "p_b": [3.0, 4.0], "p_a": [1.0, 2.0]}
    path = str(tmp_path / "rows.parquet")
    pq.write_table(pa.table(columns), path)
    assert evaluate(path, loss=["manhattan"], pred="p_*", label="y_*").results[0].value == 0.0
