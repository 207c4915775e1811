"""The options that decide which rows are read and what is measured: one frozen record, from the call to the plan.

Nothing here imports numbers before a value is read: the table of options takes its defaults from this record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from losscli.measure.arguments import DEFAULT, DEFAULT_LIST, Arguments, record

if TYPE_CHECKING:
    from losscli.measure.arguments import (
        Class,
        Classes,
        ClassWeights,
        Column,
        ColumnNames,
        Csv,
        File,
        Interval,
        Models,
        Size,
        Slicings,
        Words,
    )
    from losscli.pairing import Unmatched
    from losscli.reading.memory import Data
    from losscli.statistics.intervals import IntervalSpec

Average: TypeAlias = Literal["macro", "micro", "weighted", "none"]
AVERAGES: tuple[Average, ...] = get_args(Average)
NanPolicy: TypeAlias = Literal["error", "drop", "propagate"]
Role: TypeAlias = Literal["base", "head", "preds", "labels"]
Pictures: TypeAlias = Literal["none", "losses", "all"]
"""What is counted for pictures: nothing, the losses of rows, or labels and predictions as well."""


@record(kw_only=True)
class MeasureOptions(Arguments):
    """The options that `evaluate` and `compare` share.

    loss: losses to measure, such as ``"mse"`` or ``"huber:delta=2"``.
    pred: prediction columns, such as ``"p"``, ``"a,b"``, ``"p_*"`` or ``"mean=mu,sd=s"``; a sequence names several models.
    label: label column, or columns.
    weight: weights of rows: a column of either input, or, where the first input is in memory, an array (n,).
    from_logits: predictions are raw scores, not probabilities.
    classes: the classes in their order, such as ``["a", "b"]`` or ``[0, 1, 2]``.
    pos_label: the positive class, such as ``1`` or ``"yes"``.
    class_weight: weights of classes, such as ``{"a": 1, "b": 3}``; others weigh 1.
    average: ``"macro"``, ``"micro"``, ``"weighted"`` or ``"none"``, for losses per class or output.
    by: slicings, such as ``"country"`` or ``["country", "age:bins=10"]``; or, as ``weight``, the values (n,) themselves.
    min_slice: slices of fewer rows are folded into ``other``.
    where: an expression; rows for which it is false are left out.
    compat: a library, such as ``"keras"``, whose conventions hold for parameters that ``loss`` and limits do not name.
    nan: what becomes of missing values: ``"error"``, ``"drop"`` or ``"propagate"``.
    on: key columns by which rows are paired, such as ``"id"`` or ``["id", "day"]``; None: by position.
    key_type: what keys are compared as, ``"int"`` or ``"text"``, one for all or one for each.
    unmatched: what becomes of keys that one side lacks: ``"error"`` or ``"drop"``.
    time: time of each row, a column or values (n,), for losses that need their order, and for Diebold and Mariano's test.
    ci: standard errors and intervals: ``"none"``, ``"normal:level=0.9"``, ``"bootstrap:seed=1"``.
    input_format: format of the inputs; None: by suffix.
    dialect: how CSV is read, such as ``"delimiter=semicolon,decimal=comma"``.
    jobs: threads; None: as many as there are cores.  Does not change results.
    chunk_rows: rows measured at a time.  Does not change results.
    memory: what may be used beyond start-up, in bytes or as ``"8GB"``; None: half of what is free.
    engine: what distributes the work, such as ``"dask:scheduler=tcp://host:8786"``; None: threads of this process.
        Does not change results.
    state_out: file to which the state of the rows is written, for `merge`.
    shard: the part of the rows that is measured, such as ``"2/4"``: the second quarter by position, or by a hash of
        their key or group; its state is not finished.
    """

    loss: Words = DEFAULT_LIST
    pred: Models = DEFAULT
    label: ColumnNames = DEFAULT
    weight: Column = DEFAULT
    from_logits: bool = False
    classes: Classes = DEFAULT_LIST
    pos_label: Class = DEFAULT
    class_weight: ClassWeights = DEFAULT
    average: Average | None = None
    by: Slicings = DEFAULT_LIST
    min_slice: int = 0
    where: str | None = None
    compat: str | None = None
    nan: NanPolicy = "error"
    on: ColumnNames = DEFAULT
    key_type: str | None = None
    unmatched: Unmatched = "error"
    time: Column = DEFAULT
    ci: Interval = None
    input_format: str | None = None
    dialect: Csv = DEFAULT
    jobs: int | None = None
    chunk_rows: int = 1 << 18
    memory: Size = DEFAULT
    engine: str | None = None
    state_out: File = DEFAULT
    shard: str | None = None

    # Of `evaluate` alone, whose record declares them as arguments.
    rows_out: str | None = field(default=None, init=False)
    gradient: bool = field(default=False, init=False)
    worst: int = field(default=0, init=False)
    columns: Sequence[str] = field(default=(), init=False)
    constant: bool = field(default=False, init=False)
    group: str | None = field(default=None, init=False)
    group_weight: str | None = field(default=None, init=False)
    pictures: Pictures = field(default="none", init=False)

    @property
    def losses(self) -> Sequence[str]:
        """The texts that name losses; each may name several."""
        return self.loss

    @property
    def models(self) -> tuple[str, ...]:
        """The predictions of each model; none where they are found by their names."""
        return tuple(self.pred or ())

    @property
    def inputs(self) -> Mapping[str, Data]:
        """The inputs by the names of their arguments, in the order of their sides."""
        raise NotImplementedError

    @property
    def saves(self) -> bool:
        """Whether states are kept for rows to come, which what is read now cannot know."""
        return self.state_out is not None

    @property
    def roles(self) -> tuple[Role, ...]:
        """What the inputs are, in the order of their sides."""
        return ("base", "head", "labels") if self.model_sides else ("preds", "labels")

    @property
    def model_sides(self) -> tuple[int, ...]:
        """The side of each model, where each has a file of its own."""
        return ()

    @property
    def label_side(self) -> int:
        """The side that holds the label."""
        return len(self.inputs) - 1

    @property
    def positive(self) -> int | str | None:
        """The positive class."""
        if self.pos_label is None:
            return None
        from losscli.table.labels import class_label

        return class_label(self.pos_label)

    @property
    def class_order(self) -> tuple[int | str, ...]:
        """The classes of `--classes`; UsageError where it names one twice."""
        from losscli.table.labels import classes_named

        return classes_named("--classes", self.classes)

    @property
    def interval(self) -> IntervalSpec | None:
        """The interval that ``ci`` asks for.  UsageError where it is none."""
        if self.ci is None:
            return None
        # Imported here: few calls have intervals.
        from losscli.statistics.intervals import IntervalSpec

        return IntervalSpec.parse(self.ci)

    @property
    def resampled(self) -> bool:
        """Whether rows are dealt into groups, which the bootstrap draws."""
        return self.group is None and self.interval is not None and self.interval.method == "bootstrap"

    @property
    def cluster(self) -> str | None:
        """The column whose equal values the bootstrap draws together."""
        return None if self.interval is None else self.interval.cluster

    @property
    def spreads(self) -> bool:
        """Whether second moments are kept for each loss."""
        return self.group is None and self.interval is not None

    @property
    def compared_over(self) -> str | None:
        """The column of the times over which models are compared."""
        return None

    @property
    def reread(self) -> bool:
        """Whether the inputs are read more than once."""
        return self.constant or self.shard is not None or self.engine is not None

    @property
    def watches(self) -> bool:
        """Whether something is kept of single rows."""
        return self.rows_out is not None or self.worst > 0 or self.pictures != "none"
