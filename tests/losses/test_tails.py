"""Losses of the rows of another loss: values by hand, and from the rows that are written to a file."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from losscli.errors import UsageError
from losscli.report.evaluate import evaluate
from losscli.report.records import Result

near = pytest.approx

RNG = np.random.default_rng(9)
LABEL = (RNG.random(1000) < 0.3).astype(float)
PRED = np.clip(RNG.beta(2, 5, 1000) + 0.3 * LABEL, 0.001, 0.999)
WEIGHT = RNG.integers(1, 9, 1000) / 4.0


def measured(folder: Any, spec: str, columns: dict[str, Any], **options: Any) -> Result:
    path = str(folder / "rows.parquet")
    pq.write_table(pa.table(columns), path)
    return evaluate(path, loss=[spec], **({"label": "label", "pred": "pred"} | options)).results[0]


def value(folder: Any, spec: str, rows: list[float], weight: list[float] | None = None) -> Any:
    """The value for rows of these absolute errors."""
    columns: dict[str, Any] = {"label": [0.0] * len(rows), "pred": rows}
    if weight is None:
        return measured(folder, spec, columns).value
    return measured(folder, spec, columns | {"w": weight}, weight="w").value


def test_tails_by_hand(tmp_path: Any) -> None:
    rows = [1.0, 2.0, 3.0, 4.0, 90.0]
    assert value(tmp_path, "quantile_of:share=0.8", rows) == 47.0
    assert value(tmp_path, "quantile_of:of=mse,share=0.5", rows) == 9.0
    assert value(tmp_path, "worst_share:share=0.2", rows) == 0.9
    assert value(tmp_path, "worst_share:share=0.1", rows) == 0.45
    assert value(tmp_path, "worst_share:share=0.4", rows) == 0.94
    assert value(tmp_path, "trimmed:share=0.2", rows) == 2.5
    assert value(tmp_path, "trimmed:share=0.1", rows) == near((10.0 + 45.0) / 4.5, rel=1e-15)
    assert value(tmp_path, "winsorised:share=0.2", rows) == (10.0 + 47.0) / 5.0
    assert value(tmp_path, "winsorised:share=0.3", rows) == (10.0 + 4.0) / 5.0


def test_a_row_at_the_border_counts_in_part(tmp_path: Any) -> None:
    assert value(tmp_path, "trimmed:share=0.5", [1.0, 5.0], [1.0, 3.0]) == (1.0 + 5.0) / 2.0
    assert value(tmp_path, "worst_share:share=0.5", [1.0, 5.0], [1.0, 3.0]) == 10.0 / 16.0


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("base", ["log_loss", "brier", "focal:gamma=1", "log_loss:eps=0.1"])
def test_tails_are_those_of_the_rows_of_the_loss(base: str, weighted: bool, tmp_path: Any) -> None:
    columns = {"label": LABEL, "pred": PRED, "w": WEIGHT}
    options: dict[str, Any] = {"weight": "w"} if weighted else {}
    path = str(tmp_path / "losses.parquet")
    measured(tmp_path, base, columns, rows_out=path)
    rows = pq.read_table(path).to_pandas()
    name, _, params = base.partition(":")
    rest = f",{params}" if params else ""
    ranked = rows[rows.columns[-1]].to_numpy().argsort()
    losses = rows[rows.columns[-1]].to_numpy()[ranked]
    weight = WEIGHT[ranked] if weighted else np.ones(1000)
    ends = weight.cumsum()
    left = 0.99 * ends[-1]
    counted = np.clip(left - (ends - weight), 0.0, weight)
    found = measured(tmp_path, f"worst_share:of={name},share=0.01{rest}", columns, **options).value
    assert found == near(1.0 - (counted @ losses) / (weight @ losses), rel=1e-9)
    found = measured(tmp_path, f"trimmed:of={name},share=0.01{rest}", columns, **options).value
    assert found == near(counted @ losses / left, rel=1e-12)
    found = measured(tmp_path, f"quantile_of:of={name},share=0.7315{rest}", columns, **options).value
    assert found == losses[ends.searchsorted(0.7315 * ends[-1])]


def test_losses_of_classes_and_of_several_columns_have_tails(tmp_path: Any) -> None:
    rng = np.random.default_rng(2)
    chances = rng.dirichlet([1.0, 1.0, 1.0], 500)
    label = rng.integers(0, 3, 500)
    columns = {"label": label} | {f"p_{k}": chances[:, k] for k in range(3)}
    found = measured(tmp_path, "quantile_of:of=cross_entropy,share=0.999", columns, pred="p_*").value
    assert found == near(-np.log(chances[np.arange(500), label].min()), rel=1e-14)
    logits = {"label": LABEL, "pred": np.log(PRED / (1.0 - PRED))}
    found = measured(tmp_path, "quantile_of:of=log_loss", logits, from_logits=True).value
    assert found == near(measured(tmp_path, "quantile_of:of=log_loss", {"label": LABEL, "pred": PRED}).value)


def test_a_loss_is_named_by_an_alias_or_refused(tmp_path: Any) -> None:
    columns = {"label": [0.0, 1.0], "pred": [1.0, 3.0]}
    assert (
        measured(tmp_path, "trimmed:of=mean_squared_error,share=0.5", columns).loss
        == "trimmed:of=mse,share=0.5"
    )
    for other in ("r2", "rmse", "auc", "coverage", "trimmed", "medae"):
        with pytest.raises(UsageError, match="no loss that has a value for every row"):
            measured(tmp_path, f"worst_share:of={other}", columns)
    with pytest.raises(UsageError, match="no loss is called"):
        measured(tmp_path, "worst_share:of=nonsense", columns)


def test_squares_beyond_the_doubles_are_left_to_the_tail(tmp_path: Any) -> None:
    columns = {"label": [0.0, 0.0, 0.0, 0.0], "pred": [1.0, 2.0, 3.0, 1e200]}
    assert measured(tmp_path, "trimmed:of=mse,share=0.25", columns).value == near(14.0 / 3.0)
    assert measured(tmp_path, "quantile_of:of=mse,share=0.6", columns).value == 9.0
    assert "infinite" in str(measured(tmp_path, "winsorised:of=mse,share=0.1", columns).note)


def test_a_tail_of_rates_has_no_interval_of_a_rate(tmp_path: Any) -> None:
    columns = {"label": [0, 1, 1, 0], "pred": [0, 1, 0, 0]}
    found = measured(tmp_path, "trimmed:of=zero_one,share=0.5", columns, ci="normal")
    assert (found.value, found.ci) == (0.0, None)
    assert found.note is not None


def test_what_has_no_tail_says_why(tmp_path: Any) -> None:
    def note(spec: str, **columns: Any) -> str:
        found = measured(tmp_path, spec, columns, pred=None if "var" in columns else "pred")
        assert found.value is None
        return str(found.note)

    assert "0: no row has a share" in note("worst_share", label=[1.0, 2.0], pred=[1.0, 2.0])
    assert "below 0" in note(
        "worst_share:of=gaussian_nll", label=[0.0, 9.0], mean=[0.0, 0.0], var=[0.01, 0.01]
    )
    sure = {"label": [1, 0, 1], "pred": [0.0, 0.2, 0.9]}
    assert "infinite" in note("worst_share:of=log_loss,eps=0", **sure)
    assert "infinite" in note("trimmed:of=log_loss,eps=0,share=0.01", **sure)
    assert measured(tmp_path, "trimmed:of=log_loss,eps=0,share=0.5", sure).value is not None
