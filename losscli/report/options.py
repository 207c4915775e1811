"""The arguments of the public functions: what one call of `evaluate` or of `compare` was given, as a frozen record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import wraps
from inspect import cleandoc, getmro, signature
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from losscli.errors import UsageError
from losscli.measure.options import MeasureOptions

if TYPE_CHECKING:
    from losscli.measure.observers.pictures import Pictures
    from losscli.report.config import GateTable
    from losscli.statistics.intervals import IntervalSpec

P = ParamSpec("P")
Record = TypeVar("Record")
Answer = TypeVar("Answer")


def arguments_of(
    record: Callable[P, Record],
) -> Callable[[Callable[[Record], Answer]], Callable[P, Answer]]:
    """Turn a function of a record into a function of the record's fields, which its signature and its help list."""

    def decorated(function: Callable[[Record], Answer]) -> Callable[P, Answer]:
        @wraps(function)
        def called(*args: P.args, **options: P.kwargs) -> Answer:
            return function(record(*args, **options))

        called.__signature__ = signature(record)  # type: ignore[attr-defined]
        records = getmro(record)[:-1]  # type: ignore[arg-type]
        called.__doc__ = "\n\n".join(cleandoc(one.__doc__ or "") for one in (function, *records))
        return called

    return decorated


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class GateOptions:
    """Limits on losses.

    max: the greatest value of a loss that passes: ``{"mse": 0.3}`` or ``["mse=0.3"]``.
    min: the least value of a loss that passes.
    max_regression: by how much a loss may be worse than in ``baseline``: ``{"mse": 0.01, "mae": "2%"}``.
    baseline: path of a saved result to compare with.
    gates: gates as a configuration holds them, which may also bound slices and look at intervals.
    """

    max: Mapping[str, float | str] | Sequence[str] = ()
    min: Mapping[str, float | str] | Sequence[str] = ()
    max_regression: Mapping[str, float | str] | Sequence[str] = ()
    baseline: str | None = None
    gates: Sequence[GateTable] = ()

    @property
    def judged(self) -> bool:
        """Whether there is a limit, or a baseline to show beside the results."""
        return bool(self.max or self.min or self.max_regression or self.baseline or self.gates)


@dataclass(frozen=True, eq=False, repr=False)
class CheckOptions(GateOptions):
    """The options of `check`.

    results: paths of saved results.
    """

    results: Sequence[str]


@dataclass(frozen=True, eq=False, repr=False)
class EvalOptions(GateOptions, MeasureOptions):
    """The options of `evaluate`.

    preds: path of the predictions: a file, a folder, a glob, ``"-"`` or a URI.
    labels: path of the labels; None: ``preds`` holds both.
    rows_out: file to which every measured row is written with its losses: CSV, Parquet or JSON lines.
    gradient: in ``rows_out``, the slope of each loss by the prediction as well.
    for_spreadsheets: in a CSV of ``rows_out``, put ``'`` before text that a spreadsheet would run.
    worst: how many of the rows with the worst loss the results hold.
    columns: columns of either file beside these rows.
    constant: also the best constant prediction and the skill against it; the inputs are read twice.
    pictures: what counts are kept for pictures: ``"none"``, ``"losses"`` or ``"all"``.
    """

    preds: str
    labels: str | None = None
    _: KW_ONLY
    rows_out: str | None = None
    gradient: bool = False
    for_spreadsheets: bool = False
    worst: int = 0
    columns: Sequence[str] = ()
    constant: bool = False
    pictures: Pictures = "none"

    @property
    def paths(self) -> tuple[str, ...]:
        """The inputs, in the order of their sides."""
        return (self.preds,) if self.labels is None else (self.preds, self.labels)


@dataclass(frozen=True, eq=False, repr=False)
class CompareOptions(MeasureOptions):
    """The options of `compare`.

    base: path of the predictions of the base; with two or more of ``pred``, of the predictions of all models.
    head: path of the predictions of the other model; with two or more of ``pred``, of the labels.
    labels: path of the labels; None: ``base`` holds them.
    time: column of the time of each row, for Diebold and Mariano's test.
    margin: differences up to this do not matter, in the unit of the loss.
    fail_on: verdicts that fail: ``"better"``, ``"same"``, ``"worse"``, ``"inconclusive"``.
    """

    base: str
    head: str | None = None
    labels: str | None = None
    _: KW_ONLY
    time: str | None = None
    margin: float = 0.0
    fail_on: Sequence[str] = ("worse",)

    @property
    def paths(self) -> tuple[str, ...]:
        """The inputs, in the order of their sides.  UsageError where they are not those of two models."""
        if len(set(self.models)) > 1:
            if self.labels is not None:
                raise UsageError(
                    "with several `--pred` the inputs are PREDS and LABELS, and there are three",
                    hint="to compare two files, name one column that both have",
                )
            return (self.base,) if self.head is None else (self.base, self.head)
        if self.head is None:
            raise UsageError(
                "there is one model, and nothing to compare it with",
                hint="give BASE and HEAD, or one file and two of its columns: `--pred A --pred B`",
            )
        return (self.base, self.head) if self.labels is None else (self.base, self.head, self.labels)

    @property
    def model_sides(self) -> tuple[int, ...]:
        """The side of each model, where each has a file of its own."""
        return () if len(set(self.models)) > 1 else (0, 1)

    @property
    def label_side(self) -> int:
        """The side that holds the label."""
        return 0 if self.model_sides and self.labels is None else len(self.paths) - 1

    @property
    def interval(self) -> IntervalSpec:
        """The interval of the differences, which a comparison cannot do without."""
        from losscli.statistics.intervals import IntervalSpec

        return IntervalSpec.parse(self.ci or "normal") or IntervalSpec("normal")

    @property
    def spreads(self) -> bool:
        """Second moments are kept for each pair of losses instead."""
        return False
