"""The result of a measurement: values, rows and inputs, with every digit and all that it takes to repeat it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, Self, TypeAlias, TypeVar

from losscli._version import __version__
from losscli.loss.spec import Better, ParamValue
from losscli.numbers.arithmetic import arithmetic
from losscli.report.alike import Results
from losscli.report.displayed import Displayed
from losscli.report.document import Record, Says
from losscli.text import as_arguments, grouped

NumberOfRows: TypeAlias = Annotated[int, Says(ge=0)]
CountsByReason: TypeAlias = dict[str, Annotated[int, Says(ge=1)]]
PartName: TypeAlias = Annotated[
    dict[str, str], Says(type=dict[Literal["class", "output"], str], max_length=1)
]


# The records without a docstring have no description in the schema either.
class IntervalRecord(Record):
    low: float
    high: float
    level: Annotated[float, Says(gt=0, lt=1)]
    method: str


class ConstantRecord(Record):
    """The best constant prediction of a loss for the same rows."""

    prediction: Annotated[
        Any, Says("a number or a class; an object where there are several, by column, role or part")
    ]
    value: Annotated[float | None, Says("of the loss with the constant; null where it is not defined")]
    skill: Annotated[
        float | None,
        Says(
            "1 - (value - best) / (value of the constant - best), best being that of a perfect prediction: "
            "1 - value / value of the constant where that is 0"
        ),
    ]


@dataclass(frozen=True, slots=True)
class Result(Record):
    """One loss of one prediction over the whole, a part or a slice."""

    loss: Annotated[str, Says("canonical spec: the name, and the parameters that differ from their default")]
    params: Annotated[dict[str, ParamValue], Says("every parameter, defaults too")]
    pred: str
    part: PartName
    slice: Annotated[dict[str, str | None], Says("the value of each `--by` column; a missing one is null")]
    better: Better
    value: Annotated[float | None, Says("null where it is not defined; `note` says why")]
    sum: Annotated[
        float | None, Says("null where the loss is no mean, or the sum exceeds the largest double")
    ]
    rows: NumberOfRows
    weight: Annotated[float | None, Says("null where the sum exceeds the largest double")]
    skipped: CountsByReason
    touched: CountsByReason
    stderr: float | None
    ci: Annotated[dict[str, Any], IntervalRecord] | None
    constant: Annotated[dict[str, Any], ConstantRecord] | None
    note: str | None
    detail: Annotated[
        dict[str, Any] | None,
        Says(
            "what is more than a number: a matrix (of more than 100 classes its cells that occur, "
            "`[label, pred, weight]`, or `cells_left_out` where those are more than 10000), bins, points of a curve, "
            "worst rows; how far an approximate value may be from the exact one; of how many groups the value is "
            "the mean, and the worst of them"
        ),
    ]
    signature: Annotated[str, Says("all that changes what the number means", min_length=1)]

    @property
    def groups(self) -> int | None:
        """How many groups the value is the mean of; None where it is of all rows together."""
        count = (self.detail or {}).get("groups")
        return count if isinstance(count, int) else None

    @property
    def observations(self) -> int:
        """How many independent things the value is of: groups, or rows."""
        return self.rows if self.groups is None else self.groups


R = TypeVar("R")


def noted(record: R, said: Iterable[str | None]) -> R:
    """A record with further notes behind its own."""
    new = [note for note in said if note]
    if not new:
        return record
    return replace(record, note="; ".join([*([note] if (note := record.note) else []), *new]))  # type: ignore[type-var, attr-defined]


def in_doubles(record: R, names: Mapping[str, str]) -> R:
    """The record with None for every infinite number, and a note that names them.

    JSON has no infinity.  ``names``: the fields that may overflow, and their names in the note.
    """
    lost = {}
    for name in names:
        held = getattr(record, name)
        if held is None or (isinstance(held, float) and math.isfinite(held)):
            continue
        if (found := _in_doubles(held)) is not held:
            lost[name] = found
    if not lost:
        return record
    said = [f"{names[name]} exceeds the largest double" for name in lost]
    return noted(replace(record, **lost), said)  # type: ignore[type-var]


def _in_doubles(held: Any) -> Any:
    """The value with None for infinite numbers; the same object where there are none."""
    if isinstance(held, float):
        return held if math.isfinite(held) else None
    if isinstance(held, dict):
        inner = {key: _in_doubles(value) for key, value in held.items()}
        return inner if any(inner[key] is not value for key, value in held.items()) else held
    if isinstance(held, (list, tuple)):
        values = [_in_doubles(value) for value in held]
        return values if any(a is not b for a, b in zip(values, held, strict=True)) else held
    return held


@dataclass(frozen=True, slots=True)
class Input(Record):
    role: Annotated[str, Says(type=Literal["preds", "labels"])]
    path: str
    format: str
    columns: list[str]


@dataclass(frozen=True, slots=True)
class RowCounts(Record):
    """How many rows were read, paired, left out and used."""

    title = "RowsRecord"
    seldom = ("zero_weight", "only_head")

    read_preds: NumberOfRows
    read_labels: NumberOfRows
    only_preds: NumberOfRows
    only_labels: NumberOfRows
    paired: NumberOfRows
    dropped: CountsByReason
    used: NumberOfRows
    zero_weight: Annotated[int, Says("of those used; not there where there are none", ge=0)]
    only_head: Annotated[
        int, Says("where two models and the labels are three files; not there where 0", ge=0)
    ]

    @property
    def left_out(self) -> str:
        """How many rows enter no sum, by reason, in the words of every format; empty where all rows do."""
        alone = {"only_preds": self.only_preds, "only_head": self.only_head, "only_labels": self.only_labels}
        told = (
            ("unmatched", alone),
            ("dropped", self.dropped),
            ("not counted", {"zero_weight": self.zero_weight}),
        )
        return ", ".join(
            f"{grouped(count)} {word} ({reason})"
            for word, counts in told
            for reason, count in counts.items()
            if count
        )


LimitKind: TypeAlias = Literal["max", "min", "max_regression"]


# Nothing compares or shows it: without those methods the class is made in less time.
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LimitVerdict(Record):
    """What became of one limit for one result."""

    title = "LimitRecord"

    loss: str
    pred: Annotated[str | None, Says("null where there is no result to compare")]
    part: dict[str, str]
    slice: dict[str, str | None]
    kind: LimitKind
    limit: Annotated[float | str, Says("a number, or a share of the baseline such as `2%`")]
    value: float | None
    baseline: float | None
    passed: bool
    reason: Annotated[str | None, Says("why it failed, or could not be evaluated")]


class GateRecord(Record):
    passed: bool
    limits: list[Annotated[dict[str, Any], LimitVerdict]]


@dataclass(frozen=True, slots=True)
class Report(Displayed):
    """What `losscli eval --json` writes."""

    title = "losscli.result/1"
    records = ("results",)
    keys = ("losscli", "arithmetic", "metrics", "results", "rows", "inputs", "gate")

    results: Sequence[Result]
    rows: RowCounts
    inputs: list[Input]
    gate: Annotated[Annotated[dict[str, Any], GateRecord] | None, Says("null without limits")] = None
    warnings: list[str] = field(default_factory=list)
    before: list[float | None] | None = None  # the value of each result in the baseline, if there is one
    saved: str | None = None  # the file it was read from
    binned: Mapping[tuple[str, str], Any] | None = None  # counts for pictures
    command: str | None = None  # the call that made it, for the page
    top: int | None = None  # how many slices of a slicing are shown, if not all
    hidden: int = 0  # how many slices are not shown
    losscli: Annotated[str, Says("the version that measured")] = __version__
    arithmetic: Annotated[str, Says("NumPy and its widest instructions: what exp and log depend on")] = field(
        default_factory=arithmetic
    )

    @property
    def passed(self) -> bool:
        """Whether every limit is kept: there may be none."""
        return self.gate is None or bool(self.gate["passed"])

    @property
    def metrics(
        self,
    ) -> Annotated[dict[str, float | None], Says("the whole only, by spec (`SPEC#PRED` where several)")]:
        """The value of each loss over all rows, by canonical spec (and prediction, if there are several)."""
        whole = [r for r in Results.of(self.results).kinds() if not r.part and not r.slice]
        # With one model, losses may still name other columns: `mse` a mean, `winkler` an interval.
        several = len({r.loss for r in whole}) < len(whole)
        return {f"{r.loss}#{r.pred}" if several else r.loss: r.value for r in whole}

    def __getitem__(self, loss: str) -> float | None:
        """The value of a loss over all rows, by its name or spec; KeyError where it was not measured."""
        metrics = self.metrics
        if loss not in metrics:
            # Imported here: a schema needs no losses.
            from losscli.measure.loss_request import names_of

            loss = next(iter(names_of(loss) & metrics.keys()), loss)
        if loss not in metrics:
            raise KeyError(f"{loss} is not among {', '.join(metrics)}")
        return metrics[loss]

    @property
    def rows_shown(self) -> Sequence[Result]:
        """What the table has a row for."""
        return self.results

    def in_python(self) -> Self:
        """The same with warnings, notes and verdicts that name the arguments of Python's functions."""
        if self.gate is None:
            return Displayed.in_python(self)  # of a dataclass with slots `super()` knows nothing
        limits = [
            limit if limit["reason"] is None else limit | {"reason": as_arguments(limit["reason"])}
            for limit in self.gate["limits"]
        ]
        return Displayed.in_python(replace(self, gate=self.gate | {"limits": limits}))

    def shown(self) -> Report:
        """The report with the ``top`` slices of every slicing, ordered by their share of the loss.

        The share is that of the total of the first loss that is a mean, or else of the rows.
        """
        if self.top is None:
            return self
        results = list(self.results)
        slicings: dict[tuple[str, ...], list[int]] = {}
        for at, r in enumerate(results):
            if r.slice:
                slicings.setdefault(tuple(r.slice), []).append(at)
        kept = [at for at, r in enumerate(results) if not r.slice]
        hidden = 0
        for places in slicings.values():
            names = self._by_share([results[at] for at in places])
            hidden += max(0, len(names) - self.top)
            ranks = {name: rank for rank, name in enumerate(names)}
            of = {at: ranks[tuple(results[at].slice.values())] for at in places}
            kept += sorted((at for at in places if of[at] < self.top), key=lambda at: (of[at], at))
        before = None if self.before is None else [self.before[at] for at in kept]
        return replace(self, results=[results[at] for at in kept], before=before, top=None, hidden=hidden)

    @staticmethod
    def _by_share(sliced: list[Result]) -> list[tuple[str | None, ...]]:
        """The slices of one slicing, ordered by their share."""
        first = next((r for r in sliced if r.sum is not None), sliced[0])
        sizes: dict[tuple[str | None, ...], float] = {tuple(r.slice.values()): 0.0 for r in sliced}
        for r in sliced:
            if (r.loss, r.pred, r.part) == (first.loss, first.pred, first.part):
                sizes[tuple(r.slice.values())] = r.rows if first.sum is None else abs(r.sum or 0.0)
        return sorted(sizes, key=lambda name: -sizes[name])
