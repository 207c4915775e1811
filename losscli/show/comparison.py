"""The view of a comparison of models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from losscli.report.comparison import Compared, Comparison
from losscli.show.columns import Table, TextColumn
from losscli.show.lines import name_text, place_text, value_text
from losscli.show.spans import Span, Spans, spans_of
from losscli.show.verdict import Verdict
from losscli.show.view import ViewModel, title_of
from losscli.text import plural


class ComparisonView(ViewModel):
    """How much worse each model is than the base, with a row for each loss and slice."""

    folds = False  # numbers and verdicts are never cut

    def __init__(self, comparison: Comparison) -> None:
        super().__init__(comparison)
        self.compared = comparison.comparisons
        self.caption = caption_of(comparison)
        self.title = f"{title_of([c.loss for c in self.compared])} compared"
        self.signatures = sorted({c.signature for c in self.compared})
        failed = comparison.failed
        said = failure(failed[0]) if failed else "no model is worse than is allowed"
        self.verdict = Verdict(not failed, said + (f", and {len(failed) - 1} more" if failed[1:] else ""))

    def results(self, *, ends: bool = False, baseline: bool = False) -> Table:
        found = self.compared
        chances = [c.p_value if c.p_adjusted is None else c.p_adjusted for c in found]
        intervals = ["–" if c.ci is None else f"[{c.ci['low']:.3g}, {c.ci['high']:.3g}]" for c in found]
        wins = [_wins(c) for c in found]
        columns = [TextColumn("loss", [c.loss for c in found])]
        if len({(c.base.pred, c.head.pred) for c in found}) > 1:
            columns.append(TextColumn("models", [f"{c.base.pred} to {c.head.pred}" for c in found]))
        if any(c.slice or c.part for c in found):
            columns.append(TextColumn("of", [place_text(c.part, c.slice) for c in found]))
        return Table([
            *columns,
            TextColumn("base", [value_text(c.base.value) for c in found], "number"),
            TextColumn("head", [value_text(c.head.value) for c in found], "number"),
            TextColumn("worse by", [value_text(c.worse_by) for c in found], "number"),
            TextColumn("interval", intervals, "number"),
            TextColumn("p", ["–" if chance is None else f"{chance:.3g}" for chance in chances], "number"),
            TextColumn("wins", wins, "number"),
            TextColumn("verdict", [c.verdict for c in found]),
        ])  # fmt: skip

    def exact(self) -> list[tuple[str, list[Any]]]:
        heads = (
            "loss", "base_pred", "head_pred", "slice", "base", "head", "worse_by", "low", "high", "stderr", "p_value",
            "p_adjusted", "test", "wins", "ties", "losses", "detectable", "verdict", "rows", "note",
        )  # fmt: skip
        rows = []
        for c in self.compared:
            ends = [c.ci["low"], c.ci["high"]] if c.ci is not None else [None, None]
            rows.append([
                c.loss, c.base.pred, c.head.pred, place_text(c.part, c.slice), c.base.value, c.head.value, c.worse_by,
                *ends, c.stderr, c.p_value, c.p_adjusted, c.test, c.wins, c.ties, c.losses, c.detectable, c.verdict,
                c.rows, c.note,
            ])  # fmt: skip
        return [(head, [row[at] for row in rows]) for at, head in enumerate(heads)]

    def notes(self) -> list[str]:
        return [f"{_name(c)}: {c.note}" for c in self.compared if c.note]

    spans_head, spans_value = "Differences", "worse by"
    spans_caption = (
        "How much worse each model is than the base, with its interval: to the left of the line it is better, to "
        "the right worse."
    )

    def spans(self, most: int) -> Iterator[Spans]:
        groups: dict[str, list[Compared]] = {}
        for one in self.compared:
            groups.setdefault(one.loss, []).append(one)
        several = len({one.head.pred for one in self.compared}) > 1
        for loss, group in groups.items():
            spans = []
            for one in group:
                name = place_text(one.part, one.slice) or "all rows"
                said = f"{one.verdict}; {one.note}" if one.note else one.verdict
                spans.append(
                    Span(f"{one.head.pred}, {name}" if several else name, one.worse_by, one.ci, said)
                )
            found = spans_of(loss, spans, 0.0, "no difference", most=most)
            if found is not None:
                yield found


def caption_of(comparison: Comparison) -> str:
    """Which models are compared, on how many rows, and by what rule."""
    names = list(dict.fromkeys(f"{c.head.pred} against {c.base.pred}" for c in comparison.comparisons))
    paths = " and ".join(found.path for found in comparison.inputs)
    margin = f", margin {comparison.margin:g}" if comparison.margin else ""
    said = (
        f"{', '.join(names)} ({paths}): {plural(comparison.rows.used, 'row')}, "
        f"{100 * comparison.level:.4g}% intervals{margin}{'' if comparison.paired else '; unpaired'}"
    )
    return ", ".join(words for words in (said, comparison.left_out) if words)


def _wins(one: Compared) -> str:
    """The share of the rows, or of the groups, in which HEAD is better."""
    if one.wins is None or one.ties is None or one.losses is None:
        return "–"
    return f"{100 * one.wins / max(one.wins + one.ties + one.losses, 1):.3g}%"


def _name(one: Compared) -> str:
    return name_text(one.loss, one.head.pred, place_text(one.part, one.slice))


def failure(one: Compared) -> str:
    """The message for a model that is worse than is allowed."""
    return f"comparison failed: {_name(one)}: {one.verdict}"
