"""The columns of a block as the arrays that a kernel takes, checked against their domains.

One view is read once per block, however many losses share it.  A bad value becomes a fault; a kernel
sees only what passed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.loss.domains import Binary, Interval, Simplex, Vector, number
from losscli.table.block import AnyColumn, Block, ClassColumn, Floats, Ints, Mask, NumberColumn, Place
from losscli.table.labels import label_number
from losscli.table.violations import Violation, ViolationKind, Violations

if TYPE_CHECKING:
    from losscli.measure.slices import SliceView

PAIRING, MISSING, WEIGHT, DOMAIN, SUM = range(5)  # the order of work

# How far the probabilities of a row may sum from one: rounding, and what is worth an error.
SUM_ROUNDING, SUM_ERROR = 1.5e-8, 1e-3
BOUND_ROUNDINGS = 8
"""By how many roundings a probability of a short float may lie beside 0 or 1, and is taken for it."""

TextArray: TypeAlias = NDArray[np.str_]
FirstSeen: TypeAlias = dict[tuple[Place, str], int]
"""First rows of things that are bad only together, by column and name."""

MISSING_SPELLINGS = frozenset(
    spelled for word in ("na", "n/a", "nan", "null", "none")
    for spelled in (word, word.upper(), word.capitalize(), "NaN")
)  # fmt: skip
"""Classes that would be missing in a column of numbers."""

TOGETHER = {
    ("-1", "below 1"): "labels of -1 and labels of 0, or between 0 and 1",
    ("text", "probability"): "text and probabilities",
}
"""What may not stand in one column, and its name for people."""

AS_PROBABILITY, AS_CLASS = "read as a probability", "read as a class"
"""How a prediction of 0 or 1 was read in a row where the other reading would say something else."""


@dataclass(slots=True)
class AdaptedBlock:
    """What views leave behind besides their arrays.

    ``touched``: rows that a view's convention touched.  ``classes``: the classes that a view met, as the file
    has them.  ``names``: the classes that its codes stand
    for, where they are no classes themselves.  ``shared``: what was read once, for all who want it.
    """

    faults: Violations
    seen: FirstSeen
    touched: dict[View, dict[str, Mask]] = field(default_factory=dict)
    classes: dict[View, ClassColumn] = field(default_factory=dict)
    names: dict[View, tuple[int | str, ...]] = field(default_factory=dict)
    shared: dict[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NumberView:
    """One column of numbers inside an interval.

    ``rounding``: that of the file's type, relative, where it holds probabilities in short floats.
    """

    column: Place
    domain: Interval
    asked_by: str = field(compare=False)
    stage: int = DOMAIN
    rounding: float = 0.0

    def __hash__(self) -> int:
        # Views are looked up for every block; a hash of all that they hold would cost as much as a pass.
        return hash(self.column)

    def read(self, block: Block, reading: AdaptedBlock) -> Floats:
        column = block.column(self.column)
        assert isinstance(column, NumberColumn)
        values = column.values
        outside = self.domain.outside(values, finite=column.finite)
        if outside is not None and self.rounding:
            slack = BOUND_ROUNDINGS * self.rounding
            near = outside & (values >= self.domain.low - slack) & (values <= self.domain.high + slack)
            if near.any():
                reading.touched[self] = {"rounded": near}
                values = np.where(near, np.clip(values, self.domain.low, self.domain.high), values)
                outside = self.domain.outside(values)
        if outside is not None:
            _outside(self, block, values, outside, reading)
        return values


@dataclass(frozen=True, slots=True)
class NotBelowView:
    """One column of numbers that is nowhere below another, such as the upper end of an interval."""

    view: NumberView
    least: NumberView
    roles: tuple[str, str]  # of the other, and of this one

    def read(self, block: Block, reading: AdaptedBlock) -> Floats:
        values, least = read(self.view, block, reading), read(self.least, block, reading)
        below = (values < least) & np.isfinite(values) & np.isfinite(least)
        if below.any():
            (at, row), (low, high) = block.first(below, self.view.column[0]), self.roles
            reading.faults.add(ViolationKind(DOMAIN, self.view.column, f"{low} <= {high}"), Violation(
                row, f"{number(values[at])} is below the {low} of the row, {number(least[at])}",
                f"`{self.view.asked_by}` needs {low} <= {high} in every row", "are the wrong way round",
                f"`--pred {low}=COLUMN,{high}=COLUMN` says which is which", int(np.count_nonzero(below)),
            ))  # fmt: skip
        found: Floats = values
        return found


@dataclass(frozen=True, slots=True)
class TextView:
    """One column as text; a missing value is empty."""

    column: Place

    def read(self, block: Block, reading: AdaptedBlock) -> TextArray:
        return texts_of(block.column(self.column))


@dataclass(frozen=True, slots=True)
class BinaryView:
    """A label of two classes, as 0.0 and 1.0: the numbers 0 and 1, or -1 and 1.

    With ``positive``, the class that it names is 1 and every other class 0.
    """

    column: Place
    domain: Binary
    asked_by: str = field(compare=False)
    positive: int | str | None = None

    def read(self, block: Block, reading: AdaptedBlock) -> Floats:
        column = block.column(self.column)
        if self.positive is not None:
            reading.classes[self] = met = as_classes(column)
            return _is_class(met, self.positive)
        assert isinstance(column, NumberColumn)
        values = column.values
        if not block.rows:
            return values
        minus = values == -1.0
        if minus.any():
            _first(reading.seen, (self.column, "-1"), block, minus)
            values = np.where(minus, 0.0, values)
            below = (values < 1.0) & ~minus
        else:
            below = values < 1.0
        if below.any():
            _first(reading.seen, (self.column, "below 1"), block, below)
        allowed = Interval(0.0, 1.0, whole=not self.domain.soft)
        outside = allowed.outside(values)
        if outside is not None:
            _outside(self, block, values, outside, reading)
        return values


@dataclass(frozen=True, slots=True)
class ColumnsView:
    """Several columns of numbers as one array, (n, C); the columns lie one after another."""

    columns: tuple[Place, ...]
    domain: Interval | Simplex
    asked_by: str = field(compare=False)
    rounding: float = 0.0

    def read(self, block: Block, reading: AdaptedBlock) -> Floats:
        laid = np.empty((len(self.columns), block.rows))
        for place, column in enumerate(self.columns):
            part = NumberView(column, self._cell, self.asked_by, rounding=self.rounding)
            laid[place] = part.read(block, reading)
            for name, mask in reading.touched.pop(part, {}).items():
                held = reading.touched.setdefault(self, {})
                held[name] = mask | held.get(name, False)
        if isinstance(self.domain, Simplex) and block.rows:
            self._sums(block, laid, reading)
        if isinstance(self.domain, Vector) and (laid == 0.0).all(axis=0).any():
            nowhere: Mask = np.logical_and.reduce(laid == 0.0)
            reading.faults.add(ViolationKind(DOMAIN, self.columns[0], "zeros"), Violation(
                block.first(nowhere, self.columns[0][0])[1], "the vector of the row is 0 throughout",
                f"`{self.asked_by}` needs {self.domain}", "are 0 throughout",
                f"`{self.asked_by}:zero=skip` leaves such rows out and counts them",
                int(np.count_nonzero(nowhere)),
            ))  # fmt: skip
        return laid.T

    @property
    def _cell(self) -> Interval:
        return Interval(0.0, 1.0) if isinstance(self.domain, Simplex) else self.domain

    def _sums(self, block: Block, laid: Floats, reading: AdaptedBlock) -> None:
        total = laid.sum(axis=0)
        off = np.abs(total - 1.0)
        rounding = max(SUM_ROUNDING, math.sqrt(self.rounding))
        if off.max() <= rounding:
            return
        reading.touched.setdefault(self, {})["sum_not_one"] = off > rounding
        wrong = off > max(SUM_ERROR, rounding)
        if wrong.any():
            at, row = block.first(wrong, self.columns[0][0])
            hint = "for raw scores add `--from-logits`; else name all class columns with `--pred`"
            reading.faults.add(ViolationKind(SUM, self.columns[0], "sum"), Violation(
                row, f"the probabilities of the row sum to {float(total[at])!r}, not to 1",
                f"`{self.asked_by}` needs {self.domain}", "do not", hint, int(np.count_nonzero(wrong)),
            ))  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClassesView:
    """A label as the place of its class in a list of classes.

    Each class may go by several names; those by which it is shown come first.  A label that is none of
    them is compared without regard to case.  Two labels for one class are bad together.
    """

    column: Place
    classes: tuple[tuple[int | str, int], ...]
    asked_by: str = field(compare=False)
    holder: str = "prediction column"

    def __hash__(self) -> int:
        return hash(self.column)  # as that of `NumberView`: there may be many names

    @property
    def names(self) -> tuple[int | str, ...]:
        """The classes in order; of several names for one place the one to show."""
        by_place: dict[int, int | str] = {}
        for name, place in self.classes:
            by_place.setdefault(place, name)
        return tuple(by_place[place] for place in sorted(by_place))

    def read(self, block: Block, reading: AdaptedBlock) -> Ints:
        column = as_classes(block.column(self.column))
        places = dict(self.classes)
        reading.names[self] = names = self.names
        if column.values is None:
            codes = _places_of_integers(column.codes, places)
        else:
            found = [places.get(value, -1) for value in column.values]
            if -1 in found:
                found = self._without_case(column.values, found)
            codes = np.array(found or [-1], dtype=np.int64)[column.codes]
            met = np.bincount(column.codes[(codes >= 0) & (column.codes >= 0)])
            for at in np.flatnonzero(met).tolist():
                reading.seen[self.column, f"{CLASS}{names[found[at]]}\0{column.values[at]}"] = 0
        unknown = codes < 0
        if unknown.any():
            at, row = block.first(unknown, self.column[0])
            label = class_at(column, at)
            named = ", ".join(f"`{value}`" for value in names[:8])
            reading.faults.add(ViolationKind(DOMAIN, self.column, "class"), Violation(
                row, f"no {self.holder} stands for the class `{label}`",
                f"`{self.asked_by}` has the classes {named}", "are of unknown classes",
                "class columns are matched to labels by name; `--pred` chooses them, and `--classes a,b,c` names "
                "them in their order" if self.holder == "prediction column" else None,
                int(np.count_nonzero(unknown)),
            ))  # fmt: skip
        return codes

    def _without_case(self, values: Sequence[int | str], found: list[int]) -> list[int]:
        folded: dict[str, set[int]] = {}
        for name, place in self.classes:
            folded.setdefault(str(name).casefold(), set()).add(place)
        alone = {name: places.pop() for name, places in folded.items() if len(places) == 1}
        return [
            place if place >= 0 else alone.get(str(value).casefold(), -1)
            for value, place in zip(values, found, strict=True)
        ]

    def met(self, seen: FirstSeen) -> dict[str, set[str]]:
        """The labels that were met for each class, by its name in `names`."""
        found: dict[str, set[str]] = {}
        for place, mark in seen:
            if place == self.column and mark.startswith(CLASS):
                name, _, label = mark.removeprefix(CLASS).partition("\0")
                found.setdefault(name, set()).add(label)
        return found

    def shown(self, seen: FirstSeen) -> dict[int | str, int | str]:
        """By the name of each class in `names` the one to show: as labels have it, where there are any."""
        names = self.names
        width, met = len(names), self.met(seen)
        labels = {label for held in met.values() for label in held}
        cuts = [self.classes[at : at + width] for at in range(0, len(self.classes), width)]
        # The spelling that most of the labels have, the first of several.
        spelled = max(cuts, key=lambda cut: sum(str(name) in labels for name, _ in cut))
        by_place = {place: name for name, place in spelled}
        found: dict[int | str, int | str] = {}
        for place, name in enumerate(names):
            like = by_place.get(place, name)
            held = met.get(str(name), set())
            found[name] = like if not held or str(like) in held else min(held)
        return found


CLASS = "class "
"""What marks of the labels that were met for a class begin with."""


@dataclass(frozen=True, slots=True)
class CodedView:
    """A class column in a coding that it shares with another: equal codes are equal classes.

    ``role`` chooses the side: 0 is the label, 1 the prediction.  A predicted number that is not whole
    is a probability of the positive class, and predicts it where it is greater than ``threshold``.

    Without ``positive`` that is class 1.  With it the label keeps its classes, and when all rows are known
    0 and 1 are taken for the classes that they predict; for a loss of single rows (``by_row``) this cannot
    wait, and rows where it would matter are marked.
    """

    label: Place
    pred: Place
    role: int
    threshold: float
    logits: bool
    asked_by: str = field(compare=False)
    positive: int | str | None = None
    by_row: bool = False

    def read(self, block: Block, reading: AdaptedBlock) -> Ints:
        key = ("coded", self.label, self.pred, self.threshold, self.logits, self.positive, self.by_row)
        if key not in reading.shared:
            reading.shared[key] = self._code(block, reading)
        met, codes, names = reading.shared[key]
        reading.classes[self] = met[self.role]
        if names is not None:
            reading.names[self] = names
        chosen: Ints = codes[self.role]
        return chosen

    def _code(
        self, block: Block, reading: AdaptedBlock
    ) -> tuple[tuple[ClassColumn, ClassColumn], tuple[Ints, Ints], tuple[int | str, ...] | None]:
        label, pred = block.column(self.label), block.column(self.pred)
        broken: Mask | None = None
        if self.logits:
            scores = NumberView(self.pred, Interval(), self.asked_by).read(block, reading)
            pred = ClassColumn((scores > 0.0).astype(np.int64))
            broken = np.ones(block.rows, dtype=bool)
        elif len(pred):
            values = _numbers_of(pred)
            text = np.isnan(values)
            broken = (values != np.floor(values)) & ~text
            if text.any():
                _first(reading.seen, (self.pred, "text"), block, text)
            if broken.any():
                pred = self._thresholded(pred, values, broken, block, reading)
        met = as_classes(label), as_classes(pred)
        coded = met[0]
        if broken is not None and self.positive is None and broken.any():
            coded = self._binary_label(label, block, reading, broken)
        elif broken is not None and self.positive is not None and self.by_row:
            coded = self._answer(*met, broken, block, reading)
        if self.positive is None and not self.logits and _may_have(met[0], -1):
            # Beside probabilities 0 would be the prediction of -1; a table is read again when that is known.
            apart = (_is_class(met[0], -1) == 1.0) & (_is_class(met[1], 0) == 1.0)
            apart = apart if broken is None else apart & ~broken
            if apart.any():
                _first(reading.seen, (self.pred, AS_CLASS), block, apart)
        one, other, names = common_codes(coded, met[1])
        return met, (one, other), names

    def _answer(
        self, label: ClassColumn, pred: ClassColumn, broken: Mask, block: Block, reading: AdaptedBlock
    ) -> ClassColumn:
        """The label as 1 or 0 where the prediction is a probability of the positive class.

        A prediction of 0 or 1 may be a probability or a class.  Beside text it is taken for a probability;
        rows that the other reading would judge otherwise are marked.
        """
        assert self.positive is not None
        positive, (one, other, _) = self.positive, common_codes(label, pred)
        chosen = _is_class(label, positive) == 1.0
        predicts, rejects = _is_class(pred, 1) == 1.0, _is_class(pred, 0) == 1.0
        apart = (predicts | rejects) & ~broken & ((one == other) != (chosen == predicts))
        label = _with_values(label)
        folded = broken
        if isinstance(positive, str):
            text = np.array([isinstance(value, str) for value in label.values or ()] or [False])[label.codes]
            folded = broken | (text & (predicts | rejects))
        for where, mark in ((apart & folded, AS_PROBABILITY), (apart & ~folded, AS_CLASS)):
            if where.any():
                _first(reading.seen, (self.pred, mark), block, where)
        values = label.values or ()
        return ClassColumn(np.where(folded, len(values) + ~chosen, label.codes), (*values, 1, 0))

    def _thresholded(
        self, pred: AnyColumn, values: Floats, broken: Mask, block: Block, reading: AdaptedBlock
    ) -> AnyColumn:
        """The predictions, with 1 or 0 in place of each probability."""
        _first(reading.seen, (self.pred, "probability"), block, broken)
        outside = broken & ~((values > 0.0) & (values < 1.0))
        if outside.any():
            at, row = block.first(outside, self.pred[0])
            reading.faults.add(ViolationKind(DOMAIN, self.pred, "class"), Violation(
                row, f"`{class_at(as_classes(pred), at)}` is neither a class nor a probability",
                f"`{self.asked_by}` needs a predicted class, or the probability of class 1", "are neither",
                "if the column holds raw scores, add `--from-logits`", int(np.count_nonzero(outside)),
            ))  # fmt: skip
        if isinstance(pred, NumberColumn):
            return NumberColumn(np.where(broken, values > self.threshold, values))
        # Class by class, since an integer of any size stays what it is.
        classes = as_classes(pred)
        table = [_predicted(value, self.threshold) for value in classes.values or ()]
        return ClassColumn(classes.codes, tuple(table))

    def _binary_label(
        self, label: AnyColumn, block: Block, reading: AdaptedBlock, where: Mask
    ) -> ClassColumn:
        """The label where a probability or a score predicts it: -1 is the other name of 0."""
        column = as_classes(label)
        if column.values is None:
            codes = column.codes
        else:
            # Text is no binary label: it is given a code that is none of 0, 1 and -1.
            codes = np.array([v if isinstance(v, int) else 2 for v in column.values] or [0])[column.codes]
        wrong = (codes != 0) & (codes != 1) & (codes != -1) & where
        minus = (codes == -1) & where
        if wrong.any():
            at, row = block.first(wrong, self.label[0])
            reading.faults.add(ViolationKind(DOMAIN, self.label, "binary"), Violation(
                row, f"the label `{class_at(column, at)}` stands beside a probability or a score",
                f"`{self.asked_by}` then needs labels of 0 and 1, or -1 and 1", "have another label",
                "name the class whose probability it is: `--pos-label CLASS`", int(np.count_nonzero(wrong)),
            ))  # fmt: skip
        if not minus.any():
            return column
        return ClassColumn(np.where(minus, 0, codes))


@dataclass(frozen=True, slots=True)
class OneClassView:
    """1.0 where a row's class is the one at ``place`` of a list of classes, else 0.0."""

    classes: ClassesView
    place: int

    def read(self, block: Block, reading: AdaptedBlock) -> Floats:
        codes: Ints = read(self.classes, block, reading)
        if self.place == 0:  # one for all classes
            reading.classes[self] = ClassColumn(codes, self.classes.names)
        ones: Floats = (codes == self.place).astype(np.float64)
        return ones


@dataclass(frozen=True, slots=True)
class GreatestView:
    """The place of the greatest of several class columns, the first one where several are."""

    columns: ColumnsView

    def read(self, block: Block, reading: AdaptedBlock) -> Ints:
        laid = read(self.columns, block, reading).T
        codes: Ints = laid.argmax(axis=0)
        tied = np.count_nonzero(laid == laid.max(axis=0, initial=-np.inf), axis=0) > 1
        if tied.any():
            reading.touched[self] = {"tied": tied}
        return codes


@dataclass(frozen=True, eq=False, slots=True)
class ConstantView:
    """One prediction for all rows, or for all rows of a group of slices, in place of those of another view."""

    values: Floats  # a row for each group
    several: bool  # the role is several columns
    groups: Ints  # the group of each slice, by its code
    slicing: SliceView | None
    instead: View

    def read(self, block: Block, reading: AdaptedBlock) -> Floats:
        laid: Floats = self.values.T[:, _groups_of(block, self.groups, self.slicing)]
        return laid.T if self.several else laid[0]


@dataclass(frozen=True, eq=False, slots=True)
class ConstantClassView:
    """The same for a class, in the coding of the label; None where a group has none."""

    label: View
    classes: Sequence[int | str | None]
    groups: Ints
    slicing: SliceView | None
    instead: View

    def read(self, block: Block, reading: AdaptedBlock) -> Ints:
        labels: Ints = read(self.label, block, reading)
        names = reading.names.get(self.label)
        if names is None:
            # A code is its own class; one that is none, is of no label.
            other = int(labels.max(initial=0)) + 1
            codes = [name if isinstance(name, int) else other for name in self.classes]
        else:
            found = {name: code for code, name in enumerate(dict.fromkeys((*names, *self.classes)))}
            codes = [found[name] for name in self.classes]
            reading.names[self] = tuple("" if name is None else name for name in found)
        chosen: Ints = np.array(codes, dtype=np.int64)[_groups_of(block, self.groups, self.slicing)]
        return chosen


def _groups_of(block: Block, groups: Ints, slicing: SliceView | None) -> Ints:
    if slicing is None:
        return np.zeros(block.rows, dtype=np.int64)
    found: Ints = groups[slicing.read(block)]
    return found


View: TypeAlias = (
    NumberView
    | NotBelowView
    | TextView
    | BinaryView
    | ColumnsView
    | ClassesView
    | CodedView
    | OneClassView
    | GreatestView
    | ConstantView
    | ConstantClassView
)


def places_of(view: View) -> tuple[Place, ...]:
    """The columns that a view reads."""
    if isinstance(view, (ConstantView, ConstantClassView)):
        return places_of(view.instead)
    if isinstance(view, NotBelowView):
        return (view.view.column, view.least.column)
    if isinstance(view, ColumnsView):
        return view.columns
    if isinstance(view, GreatestView):
        return view.columns.columns
    if isinstance(view, OneClassView):
        return (view.classes.column,)
    if isinstance(view, CodedView):
        return (view.label, view.pred)
    return (view.column,)


def read(view: View, block: Block, reading: AdaptedBlock) -> Any:
    """The view's array for this block, read once."""
    found = reading.shared.get(view)
    if found is None:
        reading.shared[view] = found = view.read(block, reading)
    return found


def is_of_classes(view: View) -> bool:
    """Whether what stands in its columns are classes."""
    if isinstance(view, OneClassView):
        return is_of_classes(view.classes)
    return isinstance(view, CodedView | ClassesView) or (
        isinstance(view, BinaryView) and view.positive is not None
    )


def mark_classes(block: Block, place: Place, seen: FirstSeen) -> None:
    """Note the first numeric class of a column, and the first that spells a missing number."""
    column = block.column(place)
    if not block.rows or (column.missing is not None and column.missing.all()):
        return
    if not isinstance(column, ClassColumn) or column.values is None:
        seen.setdefault((place, "number"), 0)
        return
    marks = [("number", [isinstance(value, int) for value in column.values])]
    if not MISSING_SPELLINGS.isdisjoint(column.values):
        marks.append(("NA", [value in MISSING_SPELLINGS for value in column.values]))
    for mark, table in marks:
        if any(table) and (where := np.array([*table, False])[column.codes]).any():
            _first(seen, (place, mark), block, where)


def missing_among_numbers(places: Iterable[Place], seen: FirstSeen) -> int | None:
    """The first row where a class that spells a missing number stands in a column beside numeric ones."""
    rows = [seen[place, "NA"] for place in places if (place, "NA") in seen and (place, "number") in seen]
    return min(rows, default=None)


def as_classes(column: AnyColumn) -> ClassColumn:
    """A column as classes: whole numbers are integers, other numbers text."""
    if isinstance(column, ClassColumn):
        return column
    assert isinstance(column, NumberColumn)
    values = column.values
    whole = (values == np.floor(values)) & (np.abs(values) < 2.0**63)
    if whole.all():
        return ClassColumn(values.astype(np.int64))
    found, codes = np.unique(values, return_inverse=True)
    named = tuple(int(v) if float(v).is_integer() else number(v) for v in found)
    return ClassColumn(codes.astype(np.int64), named)


def _numbers_of(column: AnyColumn) -> Floats:
    """A column as numbers; NaN where a class is text that is no number."""
    if isinstance(column, NumberColumn):
        return column.values
    assert isinstance(column, ClassColumn)
    if column.values is None:
        return column.codes.astype(np.float64)
    table: Floats = np.array([label_number(value) for value in column.values] or [np.nan])
    return table[column.codes]


def _predicted(value: int | str, threshold: float) -> int | str:
    """The class that a cell predicts, which may hold a probability."""
    number = label_number(value)
    return value if math.isnan(number) or isinstance(value, int) else int(number > threshold)


def common_codes(one: ClassColumn, other: ClassColumn) -> tuple[Ints, Ints, tuple[int | str, ...] | None]:
    """Two class columns in one coding, and its classes (None: a code is its own class)."""
    if one.values is None and other.values is None:
        return one.codes, other.codes, None
    one, other = _with_values(one), _with_values(other)
    places: dict[int | str, int] = {}
    coded = []
    for column in (one, other):
        table = [places.setdefault(value, len(places)) for value in column.values or ()]
        coded.append(np.array(table or [-1], dtype=np.int64)[column.codes])
    return coded[0], coded[1], tuple(places)


def class_at(column: ClassColumn, index: int) -> int | str:
    code = int(column.codes[index])
    return code if column.values is None else column.values[code]


def classes_in(column: ClassColumn, counted: Mask | None = None) -> set[int | str]:
    """The classes that the rows of a column are of, or those rows of it that count."""
    codes = column.codes if counted is None else column.codes[counted]
    if not len(codes):
        return set()
    low = int(codes.min())
    if int(codes.max()) - low < 4 * len(codes) + 1024:
        found = np.flatnonzero(np.bincount(codes - low)) + low
    else:
        found = np.unique(codes)
    names = column.values
    return set(found.tolist()) if names is None else {names[code] for code in found.tolist()}


def texts_of(column: AnyColumn) -> TextArray:
    """A column of text as an array; a missing value is empty."""
    assert isinstance(column, ClassColumn)
    named = np.array([*(str(value) for value in column.values or ()), ""])
    return named[column.codes if column.missing is None else np.where(column.missing, -1, column.codes)]


def _is_class(column: ClassColumn, wanted: int | str) -> Floats:
    """1.0 where a row is of the wanted class, else 0.0."""
    if column.values is None:
        found = column.codes == wanted if isinstance(wanted, int) else np.zeros(len(column), dtype=bool)
    else:
        found = np.array([value == wanted for value in column.values] or [False])[column.codes]
    ones: Floats = found.astype(np.float64)
    return ones


def _may_have(column: ClassColumn, name: int) -> bool:
    if column.values is not None:
        return name in column.values
    return len(column) > 0 and bool(column.codes.min() <= name)


def _with_values(column: ClassColumn) -> ClassColumn:
    if column.values is not None:
        return column
    found, codes = np.unique(column.codes, return_inverse=True)
    return ClassColumn(codes.astype(np.int64), tuple(int(v) for v in found))


def _places_of_integers(codes: Ints, places: Mapping[int | str, int]) -> Ints:
    known = sorted(value for value in places if isinstance(value, int))
    if not known:
        return np.full(len(codes), -1, dtype=np.int64)
    if known == list(range(len(known))) and all(places[value] == value for value in known):
        return np.where((codes >= 0) & (codes < len(known)), codes, -1)
    values = np.array(known, dtype=np.int64)
    at = np.minimum(np.searchsorted(values, codes), len(values) - 1)
    target = np.array([places[value] for value in known], dtype=np.int64)
    return np.where(values[at] == codes, target[at], -1)


def _first(seen: FirstSeen, key: tuple[Place, str], block: Block, where: Mask) -> None:
    _, row = block.first(where, key[0][0])
    seen[key] = min(seen.get(key, row), row)


def _outside(
    view: NumberView | BinaryView, block: Block, values: Floats, outside: Mask, reading: AdaptedBlock
) -> None:
    at, row = block.first(outside, view.column[0])
    reading.faults.add(ViolationKind(getattr(view, "stage", DOMAIN), view.column, f"{view.domain}"), Violation(
        row, f"{number(values[at])} is not in {view.domain}",
        f"`{view.asked_by}` needs {view.domain}", "are outside", _advice(view, float(values[at])),
        int(np.count_nonzero(outside)),
    ))  # fmt: skip


def _advice(view: NumberView | BinaryView, value: float) -> str | None:
    """What a user with such a value most likely meant."""
    if view.domain == Interval(0.0, 1.0):
        if 1.0 < value <= 100.0:
            return "if this is percent, divide by 100; if the column holds raw scores, add `--from-logits`"
        return "if the column holds raw scores (logits), add `--from-logits`"
    if isinstance(view.domain, Interval) and view.domain.without == 0.0 == value:
        return f"`{view.asked_by}:zero=skip` leaves such rows out and counts them; `mae` needs no division"
    return None
