"""Results of a report set side by side: slices on one scale, predictions in columns, and the worst groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from losscli.report.slice_pattern import slice_text
from losscli.show.columns import Table, TextColumn
from losscli.show.lines import name_text, place_text, several_preds, value_text
from losscli.show.spans import Span, Spans, spans_of

if TYPE_CHECKING:
    from losscli.report.records import Report, Result


def slices_with_intervals(report: Report, most: int) -> Iterator[Spans]:
    """The values of each loss by slice, of all predictions together; the line is the value of all rows."""
    several = several_preds(report.results)
    groups: dict[tuple[str, tuple[str, ...]], list[Result]] = {}
    whole = {(r.loss, r.pred): r.value for r in report.results if not r.slice and not r.part}
    for r in report.results:
        if r.slice and not r.part:
            groups.setdefault((r.loss, tuple(r.slice)), []).append(r)
    for (loss, columns), results in groups.items():
        spans = [
            Span(f"{slice_text(r.slice)}, {r.pred}" if several else slice_text(r.slice), r.value, r.ci)
            for r in results
        ]
        level = None if several else whole.get((loss, results[0].pred))
        found = spans_of(f"{loss} by {' + '.join(columns)}", spans, level, "the value of all rows", most=most)
        if found is not None:
            yield found


MOST_MODELS, MOST_PLACES = 8, 100


def models_side_by_side(report: Report) -> Iterator[Table]:
    """A row for each loss, part and slice, a column for each prediction, and which of them is best."""
    places: dict[tuple[str, str], dict[str, Result]] = {}
    for r in report.results:
        places.setdefault((r.loss, place_text(r.part, r.slice)), {})[r.pred] = r
    shared = {key: found for key, found in places.items() if len(found) > 1}
    preds = list(dict.fromkeys(pred for found in shared.values() for pred in found))
    if not preds or len(preds) > MOST_MODELS:
        return
    shown = dict(list(shared.items())[:MOST_PLACES])
    columns = [TextColumn("loss", [loss for loss, _ in shown])]
    if any(place for _, place in shown):
        columns.append(TextColumn("of", [place for _, place in shown]))
    for pred in preds:
        cells = [_with_interval(found.get(pred)) for found in shown.values()]
        columns.append(TextColumn(pred, cells, "number"))
    columns.append(TextColumn("best", [_best(list(found.values())) for found in shown.values()]))
    yield Table(columns, "", len(shared) - len(shown))


def _with_interval(result: Result | None) -> str:
    if result is None or result.ci is None:
        return value_text(None if result is None else result.value)
    return f"{value_text(result.value)} [{result.ci['low']:.4g}, {result.ci['high']:.4g}]"


def _best(results: list[Result]) -> str:
    """The prediction with the best value; where several have it, all of them are."""
    valued = [(r.pred, r.value) for r in results if r.value is not None]
    if not valued:
        return "–"
    badness = {"lower": 1.0, "higher": -1.0}.get(results[0].better)
    sizes = {pred: abs(value) if badness is None else badness * value for pred, value in valued}
    best = [pred for pred, size in sizes.items() if size == min(sizes.values())]
    return "same" if len(best) == len(results) else ", ".join(best)


def worst_groups(report: Report) -> Iterator[Table]:
    """The worst groups of each loss over all rows, with bars as long as their values."""
    several = several_preds(report.results)
    for r in report.results:
        groups = ((r.detail or {}).get("worst") or {}).get("groups")
        if r.slice or not groups:
            continue
        name = name_text(r.loss, r.pred if several else None, place_text(r.part, {}))
        values = [group["value"] for group in groups]
        far = max(map(abs, values), default=0.0)
        bars = [f"{100 * (abs(value) / far):.2f}" if far else "0.00" for value in values]
        detail = r.detail or {}
        said = f"; best {value_text(detail.get('best'))}, median {value_text(detail.get('median'))}"
        yield Table(
            [
                TextColumn("group", ["–" if one["group"] is None else str(one["group"]) for one in groups]),
                TextColumn("value", [value_text(value) for value in values], "value"),
                TextColumn("rows", [str(one["rows"]) for one in groups], "count"),
                TextColumn(f"{r.loss}", bars, "bar"),
            ],
            f"{name}: mean {value_text(r.value)} over {r.groups} groups{said}",
        )  # fmt: skip
