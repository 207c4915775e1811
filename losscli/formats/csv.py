"""One row a result, every digit, an empty cell where there is no value."""

from __future__ import annotations

import csv
import io

from losscli.formats import Look
from losscli.report import Report


def render(report: Report, look: Look) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["loss", "pred", "value", "rows", "weight", "better", "note"])
    for r in report.results:
        value = "" if r.value is None else repr(r.value)
        table.writerow([r.loss, r.pred, value, r.rows, repr(r.weight), r.better, r.note or ""])
    return text.getvalue()
