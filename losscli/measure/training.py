"""The scales of series from a training file: `mase:train=train.csv,season=12`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from losscli.errors import DataError
from losscli.loss.training import Training, scales
from losscli.measure.adapt import DOMAIN, AdaptedBlock, View
from losscli.measure.class_columns import as_classes
from losscli.measure.engines import threads
from losscli.reading.inputs import open_inputs
from losscli.reading.select import choose, find, has, looked_for
from losscli.table.block import Block, ColumnRequest, Floats, Ints, NumberColumn, Place
from losscli.table.times import read_times
from losscli.table.violations import ViolationKind
from losscli.text import visible

if TYPE_CHECKING:
    from losscli.reading.source import Dialect, Source

Scales = Mapping[str | None, float]
"""The scale of each series by its name; None is a missing name, and the one series of a file without names."""


class TrainingFile(NamedTuple):
    """A training file and its columns: of the values, of the series that each is of, and of its time."""

    training: Training
    label: str | None
    group: str | None
    time: str | None
    dialect: Dialect | None


def read_scales(file: TrainingFile, jobs: int) -> Scales:
    """The scale of each series of a training file.  DataError where it has none."""
    (source,) = open_inputs({"train": file.training.path}, format=None, dialect=file.dialect, by_key=False)
    label = looked_for(partial(_label, source, file))
    values = np.concatenate([*_numbers(source, label, jobs), np.zeros(0)])
    series, names = np.zeros(len(values), np.int64), tuple[str | None, ...]([None])
    if file.group is not None:
        series, names = _texts(source, find(source, file.group), jobs)
    if file.time is not None:
        times, moments = _texts(source, find(source, file.time), jobs)
        if None in moments:
            row = int((times == moments.index(None)).argmax()) + 1
            raise DataError("the time is missing", file=source.path, column=file.time, row=row)
        moved = read_times([text for text in moments if text is not None], source.path, file.time)
        order = np.argsort(np.array(moved)[times], kind="stable")
        values, series = values[order], series[order]
    found = scales(values, series, len(names), file.training)
    return {name: _checked(scale, name, file) for name, scale in zip(names, found, strict=True)}


def _label(source: Source, file: TrainingFile) -> int:
    """The column of the values; those of the series and of the time are in the file too."""
    aside = [name for name in (file.group, file.time) if name is not None]
    taken = {find(source, name) for name in aside}
    asked = file.label if file.label is not None and has(source, file.label) else None
    (label, *more) = choose([source], 0, "label", asked, taken, aside)
    if more:
        raise DataError("several columns would be the values of the series", file=source.path)
    return label.index


def _checked(scale: float | None, name: str | None, file: TrainingFile) -> float:
    """The scale of a series; DataError where it is none to divide by."""
    training = file.training
    series = f"the series `{visible(name or '')}`" if file.group is not None else "the series"
    if scale is None:
        raise DataError(
            f"{series} is too short for a season of {training.season}", "it must have more rows than a season has",
            file=training.path,
        )  # fmt: skip
    if not 0.0 < scale < np.inf:
        why = "never wrong" if scale == 0.0 else "wrong by more than the largest double"
        raise DataError(
            f"the naive forecast of {series} is {why}, so that nothing can be measured in units of its error",
            "`--where` leaves a series out", file=training.path,
        )  # fmt: skip
    return scale


def _numbers(source: Source, index: int, jobs: int) -> list[Floats]:
    """A column of numbers; DataError where one is missing."""
    found: list[Floats] = []
    row = 0
    for column in threads.column(source, ColumnRequest(index, "number"), jobs=jobs):
        assert isinstance(column, NumberColumn)
        if column.missing is not None and column.missing.any():
            at = row + int(column.missing.argmax()) + 1
            raise DataError(
                "a value of a series is missing", file=source.path, column=source.columns[index], row=at
            )
        found.append(column.values)
        row += len(column)
    return found


def _texts(source: Source, index: int, jobs: int) -> tuple[Ints, tuple[str | None, ...]]:
    """A column of text as numbers of its different values, and these; a missing one is None."""
    names: dict[str | None, int] = {}
    codes: list[Ints] = []
    for column in threads.column(source, ColumnRequest(index, "text"), jobs=jobs):
        values = as_classes(column)
        lacking = (
            [names.setdefault(None, len(names))]
            if values.missing is not None and values.missing.any()
            else [-1]
        )
        table = [names.setdefault(str(value), len(names)) for value in values.values or ()]
        codes.append(np.array([*table, *lacking], np.int64)[values.codes])
    return np.concatenate([*codes, np.zeros(0, np.int64)]), tuple(names)


@dataclass(frozen=True, slots=True)
class ScaleView(View):
    """The scale of each row's series."""

    group: Place | None
    file: TrainingFile
    scales: Scales = field(compare=False)
    asked_by: str = field(compare=False)

    @property
    def places(self) -> tuple[Place, ...]:
        return () if self.group is None else (self.group,)

    def read(self, block: Block, adapted: AdaptedBlock) -> Floats:
        if self.group is None:
            return np.full(block.rows, self.scales[None])
        series = as_classes(block.column(self.group))
        names = [*(str(value) for value in series.values or ()), None]
        found: Floats = np.array([self.scales.get(name, np.nan) for name in names])[series.codes]
        adapted.faults.add_rows(
            ViolationKind(DOMAIN, self.group, "series"), block, np.isnan(found),
            lambda at: f"the series `{visible(names[series.codes[at]] or '')}` is not in {self.file.training.path}",
            f"`{self.asked_by}` needs the part of every series that its model was trained on",
            "are of series that are not there", "`--where` leaves a series out",
        )  # fmt: skip
        return found
