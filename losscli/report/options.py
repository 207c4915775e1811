"""The arguments of the public functions: what one call of `evaluate` or of `compare` was given, as a frozen record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import wraps
from inspect import cleandoc, getmro, signature
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from losscli.measure.options import MeasureOptions

if TYPE_CHECKING:
    from losscli.measure.observers.pictures import Pictures
    from losscli.report.config import GateTable

P = ParamSpec("P")
OptionsRecord = TypeVar("OptionsRecord")
Answer = TypeVar("Answer")


def arguments_of(
    record: Callable[P, OptionsRecord],
) -> Callable[[Callable[[OptionsRecord], Answer]], Callable[P, Answer]]:
    """Turn a function of a record into a function of the record's fields, which its signature and its help list."""

    def decorated(function: Callable[[OptionsRecord], Answer]) -> Callable[P, Answer]:
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
    group: column of the query, series or image of each row: losses are means over these groups.
    group_weight: column of the weights of the groups, one value a group.
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
    group: str | None = None
    group_weight: str | None = None
    pictures: Pictures = "none"

    @property
    def paths(self) -> tuple[str, ...]:
        """The inputs, in the order of their sides."""
        return (self.preds,) if self.labels is None else (self.preds, self.labels)
