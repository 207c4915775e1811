"""What is shown of a report or a comparison: rows and columns, and what stands beside and below them.

A `View` says what its subject has, and each output format renders every view with the same code.  Texts for eyes are
rounded and taken from `lines`; the exact columns hold every digit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from losscli.report.records import Report
from losscli.show.lines import (
    caption,
    change_text,
    notes,
    place_text,
    remarks,
    row_text,
    several_preds,
    value_text,
)
from losscli.show.verdict import Verdict, judged
from losscli.text import grouped

if TYPE_CHECKING:
    from losscli.report.comparison import Comparison
    from losscli.show.canvas import Canvas
    from losscli.show.pictures import ConfusionTable, Picture, ShareTable


@dataclass(frozen=True)
class Column:
    """One column for eyes: its head, and a text for each row, made when a format first asks for it."""

    name: str
    texts: Sequence[str] | Callable[[], Sequence[str]]
    kind: Literal["text", "word", "number", "count", "picture"] = "text"
    label: str = ""  # the head, where it is not the name
    main: bool = False  # the values for whose sake the table is there

    @cached_property
    def cells(self) -> Sequence[str]:
        return self.texts() if callable(self.texts) else self.texts

    @property
    def head(self) -> str:
        return self.label or self.name

    @property
    def number(self) -> bool:
        """Whether it stands to the right and no cell of it may be broken."""
        return self.kind in ("number", "count")


@dataclass(frozen=True, slots=True)
class RowsOfFile:
    """Rows of the input, such as the worst: a heading and columns."""

    heading: str
    columns: list[Column]


class View:
    """What a format may ask for; a subject that has nothing of a kind leaves it as it is here."""

    caption: str
    """What was measured, and over how many rows."""
    title: str
    signatures: list[str]
    saved: str | None = None
    """The file of a saved result."""
    gate: Verdict | None = None
    verdict: Verdict | None = None
    """Whether the subject passed, with or without limits."""
    folds = True
    """Whether a narrow terminal may fold or cut texts; else its lines run over."""
    whole_rows: int | None = None
    """How many rows of the table are of the whole, which come first; None: those of slices are never folded away."""
    weighted = False

    def __init__(self, subject: Report | Comparison) -> None:
        self.subject = subject

    def document(self) -> dict[str, Any]:
        """The JSON document."""
        return self.subject.to_json()

    def columns(self) -> list[Column]:
        """The table for eyes: a row a result.  Columns in which nothing is said are not there."""
        raise NotImplementedError

    def exact(self) -> list[tuple[str, list[Any]]]:
        """The columns for programs: texts, numbers with every digit, None where there is no value."""
        raise NotImplementedError

    def notes(self) -> list[str]:
        """Lines below the table."""
        return []

    def beside(self, look: Canvas) -> list[Column]:
        """Small pictures beside the numbers; the last gives way first."""
        return []

    def worst(self) -> Iterator[RowsOfFile]:
        """The worst rows by each loss that keeps them."""
        yield from ()

    def pictures(self) -> list[Picture]:
        return []

    def shares(self) -> Iterator[ShareTable]:
        """The slices by their share of the loss."""
        yield from ()

    def confusions(self) -> Iterator[ConfusionTable]:
        yield from ()

    def differences(self, most: int) -> Iterator[dict[str, Any]]:
        """The differences of each loss on one scale, of the first ``most`` in all."""
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


class ReportView(View):
    """The view of a report."""

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        self.report = report
        self.results = report.results
        self.caption = caption(report)
        self.title = title_of([r.loss for r in self.results])
        self.signatures = sorted({r.signature for r in self.results})
        self.saved = report.saved
        self.several = several_preds(report.results)
        self.placed = any(r.part or r.slice for r in self.results)
        self.whole_rows = sum(not r.slice for r in self.results)
        self.weighted = any(r.weight != r.rows for r in self.results)
        if report.gate is not None:
            self.gate = self.verdict = judged(report.gate)

    def columns(self) -> list[Column]:
        found = self.results
        constants = [r.constant or {"value": None, "skill": None} for r in found]
        before = self.report.before or [None] * len(found)
        said = [remarks(r) for r in found]
        noted = any(notes(r) for r in found)
        spread, beaten = any(r.ci for r in found), any(r.constant for r in found)
        compared = self.report.before is not None
        held = [
            (True, Column("loss", lambda: [r.loss for r in found])),
            (self.several, Column("pred", lambda: [r.pred for r in found])),
            (self.placed, Column("of", lambda: [place_text(r.part, r.slice) for r in found])),
            (True, Column("value", lambda: [value_text(r.value) for r in found], "number", main=True)),
            (spread, Column("ends", lambda: [_ends(r.ci) for r in found], "number", self._interval_head())),
            (beaten, Column("constant", lambda: [value_text(held["value"]) for held in constants], "number")),
            (beaten, Column("skill", lambda: [value_text(held["skill"]) for held in constants], "number")),
            (compared, Column("baseline", lambda: [value_text(was) for was in before], "number")),
            (
                compared,
                Column(
                    "change",
                    lambda: [change_text(r.value, was) for r, was in zip(found, before, strict=True)],
                    "number",
                ),
            ),
            (True, Column("rows", lambda: [str(r.rows) for r in found], "count")),
            (True, Column("better", lambda: [r.better for r in found], "word")),
            (any(said), Column("remarks", said)),
            (noted, Column("notes", lambda: ["; ".join(notes(r)) for r in found], label="remarks")),
        ]
        return [column for wanted, column in held if wanted]

    def _interval_head(self) -> str:
        """The level and the method are those of the call: they stand once, above the column, where all share them."""
        said = {f"{100 * r.ci['level']:.4g}% interval, {r.ci['method']}" for r in self.results if r.ci}
        return said.pop() if len(said) == 1 else "interval"

    def exact(self) -> list[tuple[str, list[Any]]]:
        found = self.results
        columns: list[tuple[str, list[Any]]] = [
            ("loss", [r.loss for r in found]),
            ("pred", [r.pred for r in found]),
        ]
        if self.placed:
            columns.append(("part", [place_text(r.part, {}) for r in found]))
            columns.append(("slice", [place_text({}, r.slice) for r in found]))
        columns.append(("value", [r.value for r in found]))
        if any(r.ci is not None for r in found):
            columns.append(("stderr", [r.stderr for r in found]))
            columns += [(end, [r.ci[end] if r.ci else None for r in found]) for end in ("low", "high")]
        if any(r.constant for r in found):
            for head, name in (("constant", "value"), ("skill", "skill")):
                columns.append((head, [r.constant[name] if r.constant else None for r in found]))
        return [
            *columns,
            ("rows", [r.rows for r in found]),
            ("weight", [r.weight for r in found]),
            ("better", [r.better for r in found]),
            ("note", ["; ".join(notes(r)) for r in found]),
        ]

    def beside(self, look: Canvas) -> list[Column]:
        if not look.pictures:
            return []
        from losscli.show.sparklines import sizes, spreads

        found = [
            Column("by slice", sizes(self.report, look), "picture"),
            Column("loss of each row", spreads(self.report, look), "picture"),
        ]
        return [column for column in found if any(column.cells)]

    def worst(self) -> Iterator[RowsOfFile]:
        for r in self.results:
            worst = (r.detail or {}).get("worst")
            if not worst or not worst["rows"]:
                continue
            place = place_text(r.part, r.slice)
            name = f"{r.loss}{f' of {r.pred}' if self.several else ''}{f', {place}' if place else ''}"
            share = "" if worst["share"] is None else f", {100 * worst['share']:.3g}% of the total"
            count = len(worst["rows"])
            said = "worst row" if count == 1 else f"worst {grouped(count)} rows"
            columns = []
            for head in worst["rows"][0]:
                cells = [row_text(row[head]) for row in worst["rows"]]
                columns.append(Column(head, cells, "number" if all(map(_is_number, cells)) else "text"))
            yield RowsOfFile(f"{said} by {name}{share}", columns)

    def pictures(self) -> list[Picture]:
        from losscli.show.pictures import pictures

        return pictures(self.report)

    def shares(self) -> Iterator[ShareTable]:
        from losscli.show.pictures import shares_by_slice

        return shares_by_slice(self.report)

    def confusions(self) -> Iterator[ConfusionTable]:
        from losscli.show.pictures import confusions

        return confusions(self.report)

    def counts(self) -> list[tuple[str, str]]:
        touched = [
            (f"{r.loss}: {words}{why}", grouped(count))
            for r in self.results if not r.slice
            for words, rows in (("skipped, ", r.skipped), ("", r.touched))
            for why, count in rows.items()
        ]  # fmt: skip
        return [*super().counts(), *dict.fromkeys(touched)]


def _ends(ci: Mapping[str, Any] | None) -> str:
    return f"{value_text(ci['low'])} to {value_text(ci['high'])}" if ci else "–"


def _is_number(cell: str) -> bool:
    """Whether a cell is a number, or the dash where there is none."""
    try:
        float(cell)
    except ValueError:
        return cell == "–"
    return True
