"""What is shown of a report or a comparison: tables, pictures, counts and a verdict.

Every output format renders any `ViewModel` with the same code.  Texts for eyes are rounded; the exact columns hold every
digit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from losscli.report.alike import Results
from losscli.report.records import Report
from losscli.report.slice_pattern import slice_texts
from losscli.show.columns import Table, TextColumn
from losscli.show.lines import (
    NOTED,
    caption,
    change_text,
    groups_text,
    name_text,
    notes,
    notes_of,
    place_text,
    remarks,
    row_text,
    several_preds,
    value_text,
)
from losscli.text import grouped

if TYPE_CHECKING:
    from losscli.report.comparison import Comparison
    from losscli.report.records import Result
    from losscli.report.why import Explanation
    from losscli.show.canvas import Canvas
    from losscli.show.matrix import ClassPair
    from losscli.show.pictures import ConfusionTable, Picture
    from losscli.show.spans import Spans
    from losscli.show.verdict import Verdict


class ResultLine(NamedTuple):
    """One result, for formats with a line for each; texts are empty where there is nothing to say."""

    loss: str
    pred: str
    place: str
    value: float | None
    change: str
    remarks: str
    notes: str

    def name(self, *, pred: bool) -> str:
        """The loss, the prediction if ``pred`` is true, the part and the slice."""
        return ", ".join(text for text in (self.loss, self.pred if pred else "", self.place) if text)


class ViewModel:
    """What a format may ask for; a subject without pictures, say, leaves the method as it is here."""

    caption: str
    """What was measured, and on how many rows."""
    title: str
    signatures: list[str]
    saved: str | None = None
    """The file of a saved result."""
    gate: Verdict | None = None
    verdict: Verdict | None = None
    """Whether the subject passed, if it was judged."""
    several = False
    """Whether there are several predictions, so that they must be named."""
    folds = True
    """Whether texts may be folded or cut in a narrow terminal; else lines run over."""
    whole_rows: int | None = None
    """The number of rows of the table that are of the whole, which come first; None: slices are never folded away."""
    weighted = False

    def __init__(self, subject: Report | Comparison | Explanation) -> None:
        self.subject = subject

    def document(self) -> dict[str, Any]:
        """The JSON document."""
        return self.subject.to_json()

    def results(self, *, ends: bool = False, baseline: bool = False) -> Table:
        """The table for eyes, with a row for each result and without empty columns.

        ``ends`` puts the ends of intervals into a column instead of the remarks; ``baseline`` adds the values of
        the baseline.
        """
        raise NotImplementedError

    def exact(self) -> list[tuple[str, list[Any]]]:
        """The columns for programs: texts, numbers with every digit, None where there is no value."""
        raise NotImplementedError

    def lines(self) -> Iterator[ResultLine]:
        """The results, one by one."""
        yield from ()

    def notes(self) -> list[str]:
        """Lines below the table."""
        return []

    def beside(self, look: Canvas) -> list[TextColumn]:
        """Small pictures beside the numbers; the last is the first to be left out in a narrow terminal."""
        return []

    def matrices(self) -> Iterator[Table]:
        """How often each class was taken for each, by each loss that lists it."""
        yield from ()

    def worst(self) -> Iterator[Table]:
        """The worst rows by each loss that keeps them."""
        yield from ()

    def pictures(self) -> list[Picture]:
        """The pictures of a page, in their order; many views have none."""
        return []

    def shares(self) -> Iterator[Table]:
        """The slices by their share of the loss; the bars are in hundredths of the width."""
        yield from ()

    def confusions(self) -> Iterator[ConfusionTable]:
        """The tables of labels and predicted classes, where there are any."""
        yield from ()

    spans_head, spans_value = "Slices", "value"
    spans_caption = "A dot is the value, a bar its interval."

    def spans(self, most: int) -> Iterator[Spans]:
        """Values with their intervals, on one scale for each loss, the first ``most`` of each."""
        yield from ()

    def models(self) -> Iterator[Table]:
        """The predictions side by side, a column each, and which is best."""
        yield from ()

    def groups(self) -> Iterator[Table]:
        """The worst groups by each loss; the bars are in hundredths of the width."""
        yield from ()

    def counts(self) -> list[tuple[str, str]]:
        """How many rows there were, and what became of those that were not measured."""
        rows = self.subject.rows
        found = [
            ("read from PREDS", rows.read_preds),
            ("read from LABELS", rows.read_labels),
            ("only in PREDS", rows.only_preds),
            *([("only in HEAD", rows.only_head)] if rows.only_head else []),
            ("only in LABELS", rows.only_labels),
            ("paired", rows.paired),
            *((f"dropped: {reason}", count) for reason, count in rows.dropped.items()),
            ("used", rows.used),
            *([("used, of weight 0", rows.zero_weight)] if rows.zero_weight else []),
        ]
        return [(name, grouped(count)) for name, count in found]


def title_of(losses: Sequence[str]) -> str:
    """The first three losses."""
    names = list(dict.fromkeys(losses))
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")


class ReportView(ViewModel):
    """The view of a report."""

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        self.report = report
        self.caption = caption(report)
        self.found = Results.of(report.results)
        kinds = self.found.kinds()
        self.title = title_of([r.loss for r in kinds])
        self.signatures = sorted({r.signature for r in kinds})
        self.saved = report.saved
        self.several = several_preds(kinds)
        self.placed = any(r.part or r.slice for r in kinds)
        self.whole_rows = sum(not r.slice for r in kinds)
        self.weighted = self.found.column("weight") != self.found.column("rows")
        if report.gate is not None:
            # Imported here: few reports are judged.
            from losscli.show.verdict import judged

            self.gate = self.verdict = judged(report.gate)

    def results(self, *, ends: bool = False, baseline: bool = False) -> Table:
        found, before = self.report.results, self.report.before
        columns = [TextColumn("loss", [r.loss for r in found])]
        if self.several:
            columns.append(TextColumn("pred", [r.pred for r in found], title="prediction"))
        if self.placed:
            columns.append(TextColumn("of", [place_text(r.part, r.slice) for r in found]))
        columns.append(TextColumn("value", [value_text(r.value) for r in found], "value"))
        if ends and any(r.ci for r in found):
            columns.append(TextColumn(self._interval_head(), [_ends(r.ci) for r in found], "number"))
        if any(r.constant for r in found):
            for head, name in (("constant", "value"), ("skill", "skill")):
                cells = [value_text(r.constant[name] if r.constant else None) for r in found]
                columns.append(TextColumn(head, cells, "number"))
        if before is not None:
            if baseline:
                columns.append(TextColumn("baseline", [value_text(was) for was in before], "number"))
            columns.append(TextColumn("change", self._changes(), "change"))
        if any(r.groups is not None for r in found):
            counts = ["" if r.groups is None else str(r.groups) for r in found]
            columns.append(TextColumn("groups", counts, "count"))
        columns.append(TextColumn("rows", [str(r.rows) for r in found], "count"))
        columns.append(TextColumn("better", [r.better for r in found], "word"))
        said = ["; ".join(notes(r)) if ends else remarks(r) for r in found]
        if any(said):
            columns.append(TextColumn("remarks", said, "remarks"))
        return Table(columns)

    def _changes(self) -> list[str]:
        """How far each value is from the baseline; empty texts without one."""
        found, before = self.report.results, self.report.before
        if before is None:
            return [""] * len(found)
        return [change_text(r.value, was) for r, was in zip(found, before, strict=True)]

    def _interval_head(self) -> str:
        """The level and the method, if all intervals share them."""
        said = {f"{100 * r.ci['level']:.4g}% interval, {r.ci['method']}" for r in self.report.results if r.ci}
        return said.pop() if len(said) == 1 else "interval"

    def exact(self) -> list[tuple[str, list[Any]]]:
        found, kinds = self.found, self.found.kinds()

        columns = [("loss", found.column("loss")), ("pred", found.column("pred"))]
        if self.placed:
            columns.append(("part", found.each(lambda part: place_text(part, {}), "part")))
            columns.append(("slice", found.told(slice_texts, "slice")))
        columns.append(("value", found.column("value")))
        if any(r.ci is not None for r in kinds):
            columns.append(("stderr", found.column("stderr")))
            columns += [(end, found.each(_member(end), "ci")) for end in ("low", "high")]
        if any(r.constant for r in kinds):
            for head, name in (("constant", "value"), ("skill", "skill")):
                columns.append((head, found.each(_member(name), "constant")))
        if any(r.groups is not None for r in kinds):
            columns.append(("groups", [r.groups for r in found]))
        columns += [
            ("rows", found.column("rows")),
            ("weight", found.column("weight")),
            ("better", found.column("better")),
            ("note", found.each(lambda *held: "; ".join(notes_of(*held)), *NOTED)),
        ]
        if not any(map(lists_pairs, kinds)):
            return columns
        # Imported here and below: few losses list pairs of classes.
        from losscli.show.matrix import class_pairs

        return _with_pairs(columns, [class_pairs(r) for r in found])

    def lines(self) -> Iterator[ResultLine]:
        for r, change in zip(self.report.results, self._changes(), strict=True):
            place = place_text(r.part, r.slice)
            over = groups_text(r)
            said, told = (
                "; ".join([*over, *more, *_pairs_said(r)])
                for more in ([remarks(r)] if remarks(r) else [], notes(r))
            )
            yield ResultLine(r.loss, r.pred, place, r.value, change, said, told)

    def beside(self, look: Canvas) -> list[TextColumn]:
        if not look.pictures:
            return []
        from losscli.show.sparklines import sizes, spreads

        found = [
            TextColumn("by slice", sizes(self.report, look), "picture"),
            TextColumn("loss of each row", spreads(self.report, look), "picture"),
        ]
        return [column for column in found if any(column.cells)]

    def matrices(self) -> Iterator[Table]:
        for r in filter(lists_pairs, self.report.results):
            from losscli.show.matrix import class_pairs, matrix_table

            name = name_text(r.loss, r.pred if self.several else None, place_text(r.part, r.slice))
            yield matrix_table(class_pairs(r), name)

    def worst(self) -> Iterator[Table]:
        for r in self.report.results:
            worst = (r.detail or {}).get("worst")
            if not worst or not worst.get("rows"):
                continue
            name = name_text(r.loss, r.pred if self.several else None, place_text(r.part, r.slice))
            share = "" if worst["share"] is None else f", {100 * worst['share']:.3g}% of the total"
            count = len(worst["rows"])
            said = "worst row" if count == 1 else f"worst {grouped(count)} rows"
            columns = []
            for head in worst["rows"][0]:
                cells = [row_text(row[head]) for row in worst["rows"]]
                columns.append(TextColumn(head, cells, "number" if all(map(_is_number, cells)) else "text"))
            yield Table(columns, f"{said} by {name}{share}")

    def pictures(self) -> list[Picture]:
        from losscli.show.pictures import pictures

        return pictures(self.report)

    def shares(self) -> Iterator[Table]:
        from losscli.show.pictures import shares_by_slice

        return shares_by_slice(self.report)

    def spans(self, most: int) -> Iterator[Spans]:
        from losscli.show.side_by_side import slices_with_intervals

        return slices_with_intervals(self.report, most)

    def models(self) -> Iterator[Table]:
        from losscli.show.side_by_side import models_side_by_side

        return models_side_by_side(self.report)

    def groups(self) -> Iterator[Table]:
        from losscli.show.side_by_side import worst_groups

        return worst_groups(self.report)

    def confusions(self) -> Iterator[ConfusionTable]:
        from losscli.show.pictures import confusions

        return confusions(self.report)

    def counts(self) -> list[tuple[str, str]]:
        touched = [
            (f"{r.loss}: {words}{why}", grouped(count))
            for r in self.report.results if not r.slice
            for words, rows in (("skipped, ", r.skipped), ("", r.touched))
            for why, count in rows.items()
        ]  # fmt: skip
        return [*super().counts(), *dict.fromkeys(touched)]


def _member(name: str) -> Callable[[Mapping[str, Any] | None], Any]:
    """The member of a field that may be null."""
    return lambda held: held[name] if held else None


def lists_pairs(result: Result) -> bool:
    """Whether every format shows the table of classes that the detail of a result holds."""
    return bool((result.detail or {}).get("listed"))


def _pairs_said(result: Result) -> list[str]:
    if not lists_pairs(result):
        return []
    from losscli.show.matrix import pairs_text

    return pairs_text(result)


def _with_pairs(
    columns: list[tuple[str, list[Any]]], pairs: Sequence[Sequence[ClassPair]]
) -> list[tuple[str, list[Any]]]:
    """The columns with a row more for each pair of classes, below its result."""
    said = {"loss", "pred", "part", "slice"}
    made: list[tuple[str, list[Any]]] = []
    for name, cells in columns:
        filled: list[Any] = []
        for cell, own in zip(cells, pairs, strict=True):
            filled.append(cell)
            filled += [pair.weight if name == "weight" else cell if name in said else None for pair in own]
        made.append((name, filled))
    at = next(place for place, (name, _) in enumerate(made) if name == "value")
    classes = [("label_class", 0), ("pred_class", 1)]
    made[at:at] = [
        (name, [text for own in pairs for text in ("", *(pair[end] for pair in own))])
        for name, end in classes
    ]
    return made


def _ends(ci: Mapping[str, Any] | None) -> str:
    return f"{value_text(ci['low'])} to {value_text(ci['high'])}" if ci else "–"


def _is_number(cell: str) -> bool:
    """Whether a cell is a number, or the dash where there is none."""
    try:
        float(cell)
    except ValueError:
        return cell == "–"
    return True
