"""The arguments of the public functions: what one call of `evaluate` or of `compare` was given, as a frozen record."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, fields, replace
from functools import cache, wraps
from inspect import cleandoc, getmro, signature
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, ParamSpec, TypeAlias, TypeVar, get_args

from losscli.errors import UsageError
from losscli.measure.arguments import DEFAULT, DEFAULT_LIST, Arguments, is_text, record
from losscli.measure.options import AVERAGES, MeasureOptions, NanPolicy, Pictures
from losscli.pairing import Unmatched
from losscli.text import either

if TYPE_CHECKING:
    from losscli.measure.arguments import Bounds, Column, File, Gates, Verdicts, Words
    from losscli.reading.memory import Data

P = ParamSpec("P")
OptionsRecord = TypeVar("OptionsRecord")
Answer = TypeVar("Answer")

RowsCommand: TypeAlias = Literal["eval", "compare"]
"""The commands whose states are saved."""

VerdictWord: TypeAlias = Literal["better", "same", "worse", "inconclusive"]
VERDICTS: tuple[VerdictWord, ...] = get_args(VerdictWord)
WORSE: Any = ("worse",)
"""The verdicts that fail where a call says nothing of it."""


class Limits(NamedTuple):
    """The values that an option takes: some words, or finite numbers in a range."""

    choices: tuple[str, ...] = ()
    least: int = 0
    most: int | None = None
    whole: bool = True
    """Whether its numbers are whole."""
    within: Callable[[Any], Iterable[Any]] = lambda value: (value,)
    """What of a value must be one of these."""

    def check(self, name: str, value: Any) -> None:
        """UsageError for a value that the argument ``name`` does not take."""
        for one in self.within(value):
            if not (isinstance(one, str) and one in self.choices if self.choices else self._bounds(one)):
                raise UsageError(f"`{name}` is {self}, not `{one}`")

    def _bounds(self, number: Any) -> bool:
        kind: Any = Integral if self.whole else Real
        try:
            if not isinstance(number, kind) or not math.isfinite(number):
                return False
        except OverflowError:  # it is beyond every double
            return False
        return bool(number >= self.least and (self.most is None or number <= self.most))

    def __str__(self) -> str:
        if self.choices:
            return either(self.choices)
        upper = "" if self.most is None else f" to {self.most}"
        return f"a {'whole ' if self.whole else ''}number from {self.least}{upper}"


LIMITS = {
    "average": Limits(AVERAGES),
    "nan": Limits(get_args(NanPolicy)),
    "unmatched": Limits(get_args(Unmatched)),
    "pictures": Limits(get_args(Pictures)),
    "ci": Limits(
        ("none", "normal", "bootstrap"), within=lambda spec: (str(spec).partition(":")[0].strip().casefold(),)
    ),
    "fail_on": Limits(VERDICTS, within=tuple),
    "class_weight": Limits(whole=False, within=lambda weights: weights.values()),
    "margin": Limits(whole=False),
    "min_slice": Limits(),
    "worst": Limits(most=10_000),  # more are no list to look at: `--rows-out` writes all
    "jobs": Limits(least=1),
    "chunk_rows": Limits(least=1),
}
"""What the options that do not take every value take: the public functions refuse others, as the command line does."""


def arguments_of(
    record: Callable[P, OptionsRecord],
) -> Callable[[Callable[[OptionsRecord], Answer]], Callable[P, Answer]]:
    """Turn a function of a record into a function of the record's fields, which its signature and its help list.

    It raises UsageError for an argument beyond its `LIMITS`, or of another type than it takes.
    """

    def decorated(function: Callable[[OptionsRecord], Answer]) -> Callable[P, Answer]:
        @wraps(function)
        def called(*args: P.args, **options: P.kwargs) -> Answer:
            return function(checked(record(*args, **options)))

        called.__signature__ = signature(record)  # type: ignore[attr-defined]
        records = [one for one in getmro(record) if one not in (Arguments, object)]  # type: ignore[arg-type]
        called.__doc__ = "\n\n".join(cleandoc(one.__doc__ or "") for one in (function, *records))
        return called

    return decorated


@cache
def _limited(kind: Any) -> list[tuple[str, Any, Limits]]:
    """The fields of a record that have limits, each with its default."""
    return [
        (field.name, field.default, LIMITS[field.name])
        for field in fields(kind)
        if field.init and field.name in LIMITS
    ]


def checked(made: OptionsRecord) -> OptionsRecord:
    """The record of a call, each argument of which is within its `LIMITS`; values of columns become columns of an input."""
    for name, default, limits in _limited(type(made)):  # type: ignore[arg-type]
        if (value := getattr(made, name)) is not default:
            limits.check(name, value)
    return _with_columns(made) if isinstance(made, MeasureOptions) else made


COLUMNS = ("weight", "time", "group", "group_weight")
"""The options that name a column, or hold the values of one."""


def _with_columns(options: Any) -> Any:
    """The options, with the values of columns as columns of the first input."""
    given = {name: value for name in COLUMNS if not is_text(value := getattr(options, name))}
    if not given and all(isinstance(one, str) for one in options.by):
        return options
    # Imported here: the command has files.
    from losscli.reading.memory import open_memory

    name, data = next(iter(options.inputs.items()))
    if isinstance(data, (str, os.PathLike)):
        raise UsageError(
            f"`{next(iter(given), 'by')}` holds values, and `{name}` is not in memory",
            "values stand beside other values",
            "name a column",
        )
    source = open_memory(data, name)
    for column, values in given.items():
        source = source.beside(column, values)
    slicings: list[str] = []
    for one in options.by:
        if not isinstance(one, str):
            unnamed = "by" if len(options.by) == 1 else f"by_{len(slicings) + 1}"
            source = source.beside("by", one, unnamed=unnamed)
            one = source.columns[-1]
        slicings.append(one)
    return replace(options, **{name: source, "by": slicings, **{column: column for column in given}})


@record(kw_only=True)
class GateOptions(Arguments):
    """Limits on losses.

    max: the greatest value of a loss that passes: ``{"mse": 0.3}`` or ``["mse=0.3"]``.
    min: the least value of a loss that passes.
    max_regression: by how much a loss may be worse than in ``baseline``: ``{"mse": 0.01, "mae": "2%"}``.
    baseline: path of a saved result to compare with.
    gates: gates as a configuration holds them, which may also bound slices: ``{"loss": "mse", "slice": "*", "max": 1}``.
    """

    max: Bounds = DEFAULT_LIST
    min: Bounds = DEFAULT_LIST
    max_regression: Bounds = DEFAULT_LIST
    baseline: File = DEFAULT
    gates: Gates = DEFAULT_LIST

    @property
    def judged(self) -> bool:
        """Whether there is a limit, or a baseline to show beside the results."""
        return bool(self.max or self.min or self.max_regression or self.baseline or self.gates)


@record(kw_only=True)
class VerdictOptions(Arguments):
    """What fails of a comparison.

    margin: differences up to this do not matter, in the unit of the loss.
    fail_on: verdicts that fail: ``"better"``, ``"same"``, ``"worse"``, ``"inconclusive"``.
    """

    margin: float = 0.0
    fail_on: Verdicts = WORSE

    @property
    def rules(self) -> bool:
        """Whether verdicts are other than without a word of them."""
        return self.margin != 0.0 or self.fail_on != WORSE


@record()
class EvalOptions(GateOptions, MeasureOptions):
    """The options of `evaluate`.

    preds: the predictions: a path (a file, a folder, a glob, ``"-"`` or a URI), an array (n,) or (n, C), a dict of
        arrays, a data frame of pandas or polars, or anything that exports Arrow's PyCapsules.
    labels: the labels, as ``preds`` are given; None: ``preds`` holds both.
    rows_out: file to which every measured row is written with its losses: CSV, Parquet or JSON lines.
    gradient: in ``rows_out``, the slope of each loss by the prediction as well.
    for_spreadsheets: in a CSV of ``rows_out``, put ``'`` before text that a spreadsheet would run.
    worst: how many of the rows with the worst loss the results hold.
    columns: columns of either file beside these rows.
    constant: also the best constant prediction and the skill against it; the inputs are read twice.
    group: query, series or image of each row, a column or values (n,): losses are means over these groups.
    group_weight: weights of the groups, a column or values (n,), with one value a group.
    pictures: what counts are kept for pictures: ``"none"``, ``"losses"`` or ``"all"``.
    resume: keep ``state_out`` up to date, and go on from it where it is there.
    """

    preds: Data
    labels: Data | None = None
    _: KW_ONLY
    rows_out: File = DEFAULT
    gradient: bool = False
    for_spreadsheets: bool = False
    worst: int = 0
    columns: Words = DEFAULT_LIST
    constant: bool = False
    group: Column = DEFAULT
    group_weight: Column = DEFAULT
    pictures: Pictures = "none"
    resume: bool = False
    command: ClassVar[RowsCommand] = "eval"

    @property
    def inputs(self) -> Mapping[str, Data]:
        """The inputs by the names of their arguments, in the order of their sides."""
        given: dict[str, Data] = {"preds": self.preds}
        return given if self.labels is None else given | {"labels": self.labels}
