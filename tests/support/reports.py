"""Reports that were never measured, for what reads them, and a strict reading of documents."""

from __future__ import annotations

import json
from functools import partial

from losscli.report import compare_saved as saved
from losscli.report.records import Input, Report, Result, RowCounts

compare_saved = partial(saved.compare_saved, loss=(), ci=None, margin=0.0, fail_on=("worse",))


def result(value=1.0, loss="mse", **changes):
    held = {
        "loss": loss, "params": {}, "pred": "pred", "part": {}, "slice": {}, "better": "lower", "value": value,
        "sum": None, "rows": 100, "weight": 100.0, "skipped": {}, "touched": {}, "stderr": None, "ci": None,
        "constant": None, "note": None, "detail": None, "signature": f"{loss}|w:none|pair:position|nan:error",
    }  # fmt: skip
    return Result(**(held | changes))


def report(*results):
    rows = RowCounts(100, 100, 0, 0, 100, {}, 100, 0, 0)
    return Report(list(results), rows, [Input("preds", "p.csv", "csv", ["pred"])])


def strict(text):
    """A JSON document without NaN and Infinity, which Python would read."""

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def known(report):
    """All of the results, save which rows they name."""
    return [
        (r.loss, r.pred, r.part, r.slice, r.value, r.sum, r.rows, r.weight, r.skipped, r.touched, r.stderr, r.ci,
         r.detail, r.note, r.signature)
        for r in report.results
    ]  # fmt: skip
