"""Views that read columns of classes: as 0 and 1, as places in a list of classes, or in a coding of two columns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from losscli.loss.domains import Binary, Interval
from losscli.measure.adapt import (
    AS_CLASS,
    AS_PROBABILITY,
    DOMAIN,
    SUGGEST,
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
    where_value,
)
from losscli.measure.number_views import NumberView, OneColumnView, of_probability, refuse_outside
from losscli.table.block import AnyColumn, Block, ClassColumn, Floats, Ints, Mask, NumberColumn, Place
from losscli.table.columns import coded_alike, with_values
from losscli.table.labels import label_number
from losscli.table.violations import ViolationKind


@dataclass(frozen=True, slots=True)
class BinaryView(OneColumnView):
    """A label of two classes, as 0.0 and 1.0: the numbers 0 and 1, or -1 and 1."""

    domain: Binary
    asked_by: str = field(compare=False)

    def read(self, block: Block, adapted: AdaptedBlock) -> Floats:
        column = block.column(self.column)
        assert isinstance(column, NumberColumn)
        values, allowed = column.values, Interval(0.0, 1.0, whole=not self.domain.soft)
        below, outside = values < 1.0, allowed.outside(values)
        if outside is not None and (minus := values == -1.0).any():
            note_first(adapted.seen, (self.column, "-1"), block, minus)
            values = np.where(minus, 0.0, values)
            below &= ~minus
            outside = allowed.outside(values)
        note_first(adapted.seen, (self.column, "below 1"), block, below)
        if outside is not None:
            refuse_outside(self, DOMAIN, block, values, outside, adapted)
        return values


@dataclass(frozen=True, slots=True)
class PositiveView(OneColumnView):
    """A label as 1.0 where it is the positive class, and 0.0 where it is any other."""

    of_classes: ClassVar[bool] = True
    positive: int | str

    def read(self, block: Block, adapted: AdaptedBlock) -> Floats:
        adapted.classes[self] = classes = as_classes(block.column(self.column))
        return is_class(classes, self.positive).astype(np.float64)


@dataclass(frozen=True, slots=True)
class ClassesView(OneColumnView):
    """A label as the place of its class in a list of classes.

    ``classes``: the names of each class with its place, those that are shown first.  A label that is none of them
    is compared again without regard to case.  Two different labels of one class are bad together.
    """

    of_classes: ClassVar[bool] = True
    classes: tuple[tuple[int | str, int], ...]
    asked_by: str = field(compare=False)
    holder: str = "prediction column"  # what each class is matched to, as messages name it

    def __hash__(self) -> int:
        return hash(self.column)  # as that of `NumberView`: there may be many names

    @property
    def names(self) -> tuple[int | str, ...]:
        """The classes in order; of several names for one place the one to show."""
        by_place: dict[int, int | str] = {}
        for name, place in self.classes:
            by_place.setdefault(place, name)
        return tuple(by_place[place] for place in sorted(by_place))

    def read(self, block: Block, adapted: AdaptedBlock) -> Ints:
        column = as_classes(block.column(self.column))
        places = dict(self.classes)
        adapted.names[self] = names = self.names
        if column.values is None:
            codes = _places_of_integers(column.codes, places)
        else:
            found = [places.get(value, -1) for value in column.values]
            if -1 in found:
                found = self._without_case(column.values, found)
            codes = np.array(found or [-1], dtype=np.int64)[column.codes]
            met = np.bincount(column.codes[(codes >= 0) & (column.codes >= 0)])
            for at in np.flatnonzero(met).tolist():
                adapted.seen[self.column, f"{CLASS}{names[found[at]]}\0{column.values[at]}"] = 0
        named = ", ".join(f"`{value}`" for value in names[:8])
        adapted.faults.add_rows(
            ViolationKind(DOMAIN, self.column, "class"), block, codes < 0,
            lambda at: f"no {self.holder} stands for the class `{class_at(column, at)}`",
            f"`{self.asked_by}` has the classes {named}", "are of unknown classes",
            "class columns are matched to labels by name; `--pred` chooses them, and `--classes a,b,c` names "
            "them in their order" if self.holder == "prediction column" else None,
        )  # fmt: skip
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
        """The labels of each class that rows have, by its name in `names`."""
        found: dict[str, set[str]] = {}
        for place, mark in seen:
            if place == self.column and mark.startswith(CLASS):
                name, _, label = mark.removeprefix(CLASS).partition("\0")
                found.setdefault(name, set()).add(label)
        return found

    def shown(self, seen: FirstSeen) -> dict[int | str, int | str]:
        """How each class of `names` is shown: as labels spell it, where there are any."""
        names, met = self.names, self.met(seen)
        labels = set[str]().union(*met.values())
        spellings = [self.classes[at : at + len(names)] for at in range(0, len(self.classes), len(names))]
        # The spelling that most of the labels have, the first of several.
        usual = max(spellings, key=lambda cut: sum(str(name) in labels for name, _ in cut))
        by_place = {place: name for name, place in usual}
        found: dict[int | str, int | str] = {}
        for place, name in enumerate(names):
            spelled = by_place.get(place, name)
            own = met.get(str(name), set())
            found[name] = spelled if not own or str(spelled) in own else min(own)
        return found


@dataclass(frozen=True, slots=True)
class GroupsView(OneColumnView):
    """The group of each row in a coding in which the outcomes of two classes, 0 to 3, are their own codes."""

    of_classes: ClassVar[bool] = True

    def read(self, block: Block, adapted: AdaptedBlock) -> Ints:
        outcomes = ClassColumn(np.arange(4))
        (_, codes), names = coded_alike((outcomes, as_classes(block.column(self.column))))
        if names is not None:
            adapted.names[self] = names
        return codes


CLASS = "class "
"""How the marks of the labels of a class begin."""


@dataclass(frozen=True, slots=True)
class CodedView(View):
    """A label or its predicted class, in a coding of both: equal codes are equal classes.

    ``role``: 0 reads the label, 1 the prediction.  A predicted number that is not whole is a probability of
    the positive class, and predicts it where it is greater than ``threshold``; with ``logits`` every prediction is a
    score, and predicts it above 0.

    Without ``positive`` that is class 1.  With it the label keeps its classes, and predictions of 0 and 1 are
    taken for the classes that they predict when all rows are known.  A loss of single rows (``by_row``) cannot
    wait for that, so rows where it would matter are marked.
    """

    of_classes: ClassVar[bool] = True
    label: Place
    pred: Place
    role: int
    threshold: float
    logits: bool
    asked_by: str = field(compare=False)
    positive: int | str | None
    by_row: bool

    @property
    def places(self) -> tuple[Place, ...]:
        return (self.label, self.pred)

    def read(self, block: Block, adapted: AdaptedBlock) -> Ints:
        key = ("coded", self.label, self.pred, self.threshold, self.logits, self.positive, self.by_row)
        if key not in adapted.shared:
            adapted.shared[key] = self._code(block, adapted)
        classes, codes, names = adapted.shared[key]
        adapted.classes[self] = classes[self.role]
        if names is not None:
            adapted.names[self] = names
        chosen: Ints = codes[self.role]
        return chosen

    def _code(
        self, block: Block, adapted: AdaptedBlock
    ) -> tuple[tuple[ClassColumn, ClassColumn], list[Ints], tuple[int | str, ...] | None]:
        """Label and prediction as classes, their codes, and the classes of the codes."""
        column = block.column(self.pred)
        if self.logits:
            scores = NumberView(self.pred, Interval(), self.asked_by).read(block, adapted)
            pred = ClassColumn((scores > 0.0).astype(np.int64))
            scored = np.ones(block.rows, dtype=bool)  # rows that have a score or a probability
        else:
            values = numbers_of(column)
            text = np.isnan(values)
            scored = (values != np.floor(values)) & ~text
            note_first(adapted.seen, (self.pred, "text"), block, text)
            note_first(adapted.seen, (self.pred, "probability"), block, scored)
            pred = self._predicted(column, values, scored, block, adapted)
        label = coded = as_classes(block.column(self.label))
        if self.positive is None:
            coded = self._binary_label(label, scored, block, adapted)
            if not self.logits and may_have(label, -1):
                # Beside probabilities 0 would predict -1; a table is read again when that is known.
                apart = is_class(label, -1) & is_class(pred, 0) & ~scored
                note_first(adapted.seen, (self.pred, AS_CLASS), block, apart)
        elif self.by_row:
            coded = self._by_row(label, pred, scored, block, adapted)
        codes, names = coded_alike((coded, pred))
        return (label, pred), codes, names

    def _by_row(
        self, label: ClassColumn, pred: ClassColumn, scored: Mask, block: Block, adapted: AdaptedBlock
    ) -> ClassColumn:
        """The label as 1 or 0 where the prediction is a probability of the positive class.

        A prediction of 0 or 1 may be a probability or a class.  Beside labels of text it is read as a probability;
        rows are marked where the other reading would give another result.
        """
        assert self.positive is not None
        (one, other), _ = coded_alike((label, pred))
        chosen, predicts, rejects = is_class(label, self.positive), is_class(pred, 1), is_class(pred, 0)
        apart = (predicts | rejects) & ~scored & ((one == other) != (chosen == predicts))
        label = with_values(label)
        binary = scored
        if isinstance(self.positive, str):
            text = where_value(label, lambda value: isinstance(value, str))
            binary = scored | (text & (predicts | rejects))
        note_first(adapted.seen, (self.pred, AS_PROBABILITY), block, apart & binary)
        note_first(adapted.seen, (self.pred, AS_CLASS), block, apart & ~binary)
        values = label.values or ()
        return ClassColumn(np.where(binary, len(values) + ~chosen, label.codes), (*values, 1, 0))

    def _predicted(
        self, column: AnyColumn, values: Floats, scored: Mask, block: Block, adapted: AdaptedBlock
    ) -> ClassColumn:
        """The predicted classes: 1 or 0 in place of each probability."""
        if not scored.any():
            return as_classes(column)
        outside = scored & ~((values > 0.0) & (values < 1.0))
        first = float(values[block.first(outside, self.pred[0])[0]]) if outside.any() else 0.0
        adapted.faults.add_rows(
            ViolationKind(DOMAIN, self.pred, "class"), block, outside,
            lambda at: f"`{class_at(as_classes(column), at)}` is neither a class nor a probability",
            f"`{self.asked_by}` needs a predicted class, or the probability of class 1", "are neither",
            f"{of_probability(first)}; {SUGGEST}",
        )  # fmt: skip
        if isinstance(column, NumberColumn):
            return as_classes(NumberColumn(np.where(scored, values > self.threshold, values)))
        # Class by class, since an integer of any size must stay as it is.
        classes = as_classes(column)
        return ClassColumn(classes.codes, tuple(_predicted(v, self.threshold) for v in classes.values or ()))

    def _binary_label(
        self, label: ClassColumn, scored: Mask, block: Block, adapted: AdaptedBlock
    ) -> ClassColumn:
        """The label, with 0 in place of -1 where a probability or a score predicts it."""
        if not scored.any():
            return label
        codes = label.codes
        if label.values is not None:
            # Text is no binary label: its code is none of 0, 1 and -1.
            codes = np.array([v if isinstance(v, int) else 2 for v in label.values] or [0])[codes]
        adapted.faults.add_rows(
            ViolationKind(DOMAIN, self.label, "binary"), block,
            (codes != 0) & (codes != 1) & (codes != -1) & scored,
            lambda at: f"the label `{class_at(label, at)}` stands beside a probability or a score",
            f"`{self.asked_by}` then needs labels of 0 and 1, or -1 and 1", "have another label",
            "name the class whose probability it is: `--pos-label CLASS`",
        )  # fmt: skip
        minus = (codes == -1) & scored
        return ClassColumn(np.where(minus, 0, codes)) if minus.any() else label


@dataclass(frozen=True, slots=True)
class OneClassView(View):
    """1.0 where the class of a row is the one at ``place`` of a list of classes, else 0.0."""

    of_classes: ClassVar[bool] = True
    classes: ClassesView
    place: int

    @property
    def places(self) -> tuple[Place, ...]:
        return self.classes.places

    def read(self, block: Block, adapted: AdaptedBlock) -> Floats:
        codes: Ints = read(self.classes, block, adapted)
        if self.place == 0:  # one view records the classes for all
            adapted.classes[self] = ClassColumn(codes, self.classes.names)
        ones: Floats = (codes == self.place).astype(np.float64)
        return ones


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
