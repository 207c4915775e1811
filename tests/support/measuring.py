"""Losses of columns, measured by way of a file."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from draws import write

from losscli.report.evaluate import evaluate
from losscli.report.records import Result


def results(folder: Any, spec: str, columns: dict[str, Any], **options: Any) -> list[Result]:
    """The results of a loss; unless the options say otherwise, of the columns `label` and `pred`."""
    path = str(folder / "rows.parquet")
    pq.write_table(pa.table(columns), path)
    return evaluate(path, loss=[spec], **({"label": "label", "pred": "pred"} | options)).results


def measured(folder: Any, spec: str, columns: dict[str, Any], **options: Any) -> Result:
    """The first of the results."""
    return results(folder, spec, columns, **options)[0]


def value_of(folder: Any, spec: str, label: Any, pred: Any, weight: Any = None, **more: Any) -> Any:
    """The value for a label, a prediction and weights; ``more`` are other columns."""
    columns = {"label": label, "pred": pred} | ({} if weight is None else {"weight": weight}) | more
    return measured(folder, spec, columns, weight=None if weight is None else "weight").value


def of_columns(
    folder: Any, label: Any, pred: Any, *losses: str, weight: Any = None, **options: Any
) -> list[Result]:
    """The results for predictions of several columns; labels are a column, or as many as their array has."""
    label, pred = np.asarray(label), np.asarray(pred)
    columns = {"label": label} if label.ndim == 1 else {f"y_{c}": column for c, column in enumerate(label.T)}
    columns |= {f"p_{c}": column for c, column in enumerate(pred.T)}
    asked = {"pred": "p_*", "label": "label" if label.ndim == 1 else "y_*"}
    if weight is not None:
        columns["weight"] = weight
        asked["weight"] = "weight"
    path = str(folder / "rows.parquet")
    write(path, columns, row_group=400)
    return evaluate(path, loss=list(losses), **asked | options).results
