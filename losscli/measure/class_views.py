"""Views that read columns of classes: as 0 and 1, as places in a list of classes, or in a coding of two columns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from losscli.loss.domains import Binary, Interval
from losscli.measure.adapt import (
    AS_CLASS,
    AS_PROBABILITY,
    DOMAIN,
    AdaptedBlock,
    FirstSeen,
    View,
    note_first,
    read,
)
from losscli.measure.class_columns import (
    as_classes,
    class_at,
    is_class,
    may_have,
    numbers_of,
)
from losscli.measure.number_views import NumberView, groups_of, refuse_outside
from losscli.table.block import AnyColumn, Block, ClassColumn, Floats, Ints, Mask, NumberColumn, Place
from losscli.table.columns import coded_alike, with_values
from losscli.table.labels import label_number
from losscli.table.violations import Violation, ViolationKind

if TYPE_CHECKING:
    from losscli.measure.slices import SliceView


@dataclass(frozen=True, slots=True)
class BinaryView:
    """A label of two classes, as 0.0 and 1.0: the numbers 0 and 1, or -1 and 1.

    With ``positive``, the class that it names is 1 and every other class 0.
    """

    column: Place
    domain: Binary
    asked_by: str = field(compare=False)
    positive: int | str | None = None

    @property
    def places(self) -> tuple[Place, ...]:
        return (self.column,)

    @property
    def of_classes(self) -> bool:
        return self.positive is not None

    def read(self, block: Block, reading: AdaptedBlock) -> Floats:
        column = block.column(self.column)
        if self.positive is not None:
            reading.classes[self] = met = as_classes(column)
            return is_class(met, self.positive)
        assert isinstance(column, NumberColumn)
        values = column.values
        if not block.rows:
            return values
        minus = values == -1.0
        if minus.any():
            note_first(reading.seen, (self.column, "-1"), block, minus)
            values = np.where(minus, 0.0, values)
            below = (values < 1.0) & ~minus
        else:
            below = values < 1.0
        if below.any():
            note_first(reading.seen, (self.column, "below 1"), block, below)
        allowed = Interval(0.0, 1.0, whole=not self.domain.soft)
        outside = allowed.outside(values)
        if outside is not None:
            refuse_outside(self, DOMAIN, block, values, outside, reading)
        return values


@dataclass(frozen=True, slots=True)
class ClassesView:
    """A label as the place of its class in a list of classes.

    Each class may go by several names; those by which it is shown come first.  A label that is none of
    them is compared without regard to case.  Two labels for one class are bad together.
    """

    of_classes: ClassVar[bool] = True
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

    @property
    def places(self) -> tuple[Place, ...]:
        return (self.column,)

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

    of_classes: ClassVar[bool] = True
    label: Place
    pred: Place
    role: int
    threshold: float
    logits: bool
    asked_by: str = field(compare=False)
    positive: int | str | None = None
    by_row: bool = False

    @property
    def places(self) -> tuple[Place, ...]:
        return (self.label, self.pred)

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
            values = numbers_of(pred)
            text = np.isnan(values)
            broken = (values != np.floor(values)) & ~text
            if text.any():
                note_first(reading.seen, (self.pred, "text"), block, text)
            if broken.any():
                pred = self._thresholded(pred, values, broken, block, reading)
        met = as_classes(label), as_classes(pred)
        coded = met[0]
        if broken is not None and self.positive is None and broken.any():
            coded = self._binary_label(label, block, reading, broken)
        elif broken is not None and self.positive is not None and self.by_row:
            coded = self._answer(*met, broken, block, reading)
        if self.positive is None and not self.logits and may_have(met[0], -1):
            # Beside probabilities 0 would be the prediction of -1; a table is read again when that is known.
            apart = (is_class(met[0], -1) == 1.0) & (is_class(met[1], 0) == 1.0)
            apart = apart if broken is None else apart & ~broken
            if apart.any():
                note_first(reading.seen, (self.pred, AS_CLASS), block, apart)
        (one, other), names = coded_alike((coded, met[1]))
        return met, (one, other), names

    def _answer(
        self, label: ClassColumn, pred: ClassColumn, broken: Mask, block: Block, reading: AdaptedBlock
    ) -> ClassColumn:
        """The label as 1 or 0 where the prediction is a probability of the positive class.

        A prediction of 0 or 1 may be a probability or a class.  Beside text it is taken for a probability;
        rows that the other reading would judge otherwise are marked.
        """
        assert self.positive is not None
        positive, ((one, other), _) = self.positive, coded_alike((label, pred))
        chosen = is_class(label, positive) == 1.0
        predicts, rejects = is_class(pred, 1) == 1.0, is_class(pred, 0) == 1.0
        apart = (predicts | rejects) & ~broken & ((one == other) != (chosen == predicts))
        label = with_values(label)
        folded = broken
        if isinstance(positive, str):
            text = np.array([isinstance(value, str) for value in label.values or ()] or [False])[label.codes]
            folded = broken | (text & (predicts | rejects))
        for where, mark in ((apart & folded, AS_PROBABILITY), (apart & ~folded, AS_CLASS)):
            if where.any():
                note_first(reading.seen, (self.pred, mark), block, where)
        values = label.values or ()
        return ClassColumn(np.where(folded, len(values) + ~chosen, label.codes), (*values, 1, 0))

    def _thresholded(
        self, pred: AnyColumn, values: Floats, broken: Mask, block: Block, reading: AdaptedBlock
    ) -> AnyColumn:
        """The predictions, with 1 or 0 in place of each probability."""
        note_first(reading.seen, (self.pred, "probability"), block, broken)
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

    of_classes: ClassVar[bool] = True
    classes: ClassesView
    place: int

    @property
    def places(self) -> tuple[Place, ...]:
        return self.classes.places

    def read(self, block: Block, reading: AdaptedBlock) -> Floats:
        codes: Ints = read(self.classes, block, reading)
        if self.place == 0:  # one for all classes
            reading.classes[self] = ClassColumn(codes, self.classes.names)
        ones: Floats = (codes == self.place).astype(np.float64)
        return ones


@dataclass(frozen=True, eq=False, slots=True)
class ConstantClassView:
    """The same for a class, in the coding of the label; None where a group has none."""

    of_classes: ClassVar[bool] = False
    label: View
    classes: Sequence[int | str | None]
    groups: Ints
    slicing: SliceView | None
    instead: View

    @property
    def places(self) -> tuple[Place, ...]:
        return self.instead.places

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
        chosen: Ints = np.array(codes, dtype=np.int64)[groups_of(block, self.groups, self.slicing)]
        return chosen


def _predicted(value: int | str, threshold: float) -> int | str:
    """The class that a cell predicts, which may hold a probability."""
    number = label_number(value)
    return value if math.isnan(number) or isinstance(value, int) else int(number > threshold)


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
