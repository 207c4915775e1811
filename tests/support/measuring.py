"""Losses of columns, measured by way of a file."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

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
