"""The table of label against prediction, of a loss that lists it, pair by pair of classes and for eyes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from losscli.show.columns import Table, TextColumn
from losscli.text import grouped

if TYPE_CHECKING:
    from losscli.report.records import Result

MOST_COLUMNS = 12
"""Of more classes the pairs are listed, each in a row."""
MOST_PAIRS = 20
"""In a line."""


class ClassPair(NamedTuple):
    """A class of the label, a class of the prediction, and the weight of the rows that have both."""

    label: str
    pred: str
    weight: float | None


def class_pairs(result: Result) -> list[ClassPair]:
    """The pairs of classes that the detail of a result lists; those without a row too where classes are few."""
    detail = result.detail or {}
    if not detail.get("listed"):
        return []
    if "cells" in detail:
        return [ClassPair(str(label), str(pred), weight) for label, pred, weight in detail["cells"]]
    names = [str(name) for name in detail.get("classes", ())]
    return [
        ClassPair(label, pred, weight)
        for label, row in zip(names, detail.get("confusion", ()), strict=True)
        for pred, weight in zip(names, row, strict=True)
    ]


def matrix_table(pairs: Sequence[ClassPair], name: str) -> Table:
    """A row for each class of the label and a column for each of the prediction, or a row for each pair."""
    preds = list(dict.fromkeys(pair.pred for pair in pairs))
    labels = list(dict.fromkeys(pair.label for pair in pairs))
    heading = f"{name}: a row for each class of the label, a column for each predicted one"
    if len(labels) * len(preds) != len(pairs) or len(preds) > MOST_COLUMNS:
        columns = [
            TextColumn("label", [pair.label for pair in pairs]),
            TextColumn("predicted", [pair.pred for pair in pairs]),
            TextColumn("weight", [_count(pair.weight) for pair in pairs], "number"),
        ]
        return Table(columns, f"{name}: rows of each pair of classes")
    counts = {(pair.label, pair.pred): _count(pair.weight) for pair in pairs}
    cells = [TextColumn(pred, [counts[label, pred] for label in labels], "number") for pred in preds]
    return Table([TextColumn("label", labels), *cells], heading)


def pairs_text(result: Result) -> list[str]:
    """The pairs that have rows, in a line."""
    found = [pair for pair in class_pairs(result) if pair.weight != 0]
    said = ", ".join(f"{_count(pair.weight)} `{pair.label}` as `{pair.pred}`" for pair in found[:MOST_PAIRS])
    more = f" and {grouped(len(found) - MOST_PAIRS)} pairs more" if len(found) > MOST_PAIRS else ""
    return [said + more] if found else []


def _count(weight: float | None) -> str:
    return "–" if weight is None else f"{weight:.6g}"
