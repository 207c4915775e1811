"""The options of one call that decide what is read and measured, and the losses that it asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from losscli.errors import UsageError
from losscli.loss.spec import Spec, parse, split
from losscli.losses import find
from losscli.table.labels import class_label, classes_named

if TYPE_CHECKING:
    from losscli.loss.declare import Loss
    from losscli.measure.observers.pictures import Pictures
    from losscli.measure.plan import NanPolicy
    from losscli.pairing.keyplan import Unmatched
    from losscli.reading.source import Source


class LossRequest(NamedTuple):
    """A loss as asked for: its spec, and the forms among which the columns choose."""

    spec: Spec
    forms: tuple[Loss, ...]

    @classmethod
    def of(cls, text: str) -> LossRequest:
        """UsageError for an unknown loss, or for parameters that no form of it takes."""
        spec = parse(text)
        if spec.name == "expr":
            from losscli.losses.expr import expression_loss

            return cls(spec, (expression_loss(spec.params[0][1] if spec.params else ""),))
        asked = cls(spec, find(spec.name))
        refusals = []
        for form in asked.forms:
            try:
                form.read_params(spec)
            except UsageError as error:
                refusals.append(error)
        if len(refusals) == len(asked.forms):
            raise refusals[0]
        return asked


def asked_for(losses: Sequence[str]) -> list[LossRequest]:
    """The losses of some words, each of which may name several."""
    return [LossRequest.of(spec) for text in losses for spec in split(text)]


@dataclass(frozen=True, slots=True)
class Call:
    """The options of one call that decide what is read and measured."""

    preds: tuple[str, ...] = ()  # one for each model; none: the columns found by their names
    label: str | None = None
    weight: str | None = None
    from_logits: bool = False
    classes: tuple[str, ...] = ()
    pos_label: str | None = None
    class_weight: Mapping[str, float] = field(default_factory=dict)
    average: str | None = None
    nan: NanPolicy = "error"
    chunk_rows: int = 1 << 16
    by: tuple[str, ...] = ()
    where: str | None = None
    on: str | None = None
    key_type: str | None = None
    unmatched: Unmatched = "error"
    rows_out: bool = False
    worst: int = 0
    columns: tuple[str, ...] = ()  # that stand beside the losses of rows
    gradient: bool = False
    pictures: Pictures = "none"
    sides: tuple[int, ...] = ()  # of each model, where each has a file of its own
    label_side: int | None = None  # where that is not the last
    bootstrap: bool = False  # rows are dealt into groups, by the key or the number of each
    cluster: str | None = None  # or by the values of a column
    time: str | None = None  # the column of the order of rows
    decimal: str = "."  # of numbers in CSV
    jobs: int = 1  # threads that may compare files before they are read

    @property
    def positive(self) -> int | str | None:
        return None if self.pos_label is None else class_label(self.pos_label)

    @property
    def class_order(self) -> tuple[int | str, ...]:
        """The classes of `--classes`; UsageError where it names one twice."""
        return classes_named("--classes", self.classes)


def names_cut(sources: Sequence[Source], by: Sequence[str], more: Sequence[str] = ()) -> frozenset[str]:
    """The names of columns that cut or group the rows: none is taken for a prediction or a label unasked."""
    if not (by or more):
        return frozenset()
    from losscli.measure.slices import parse_slicing

    columns = [column for source in sources for column in source.columns]
    names = [*more, *(key.name for text in by for key in parse_slicing(text, columns).keys)]
    return frozenset((*names, *(name.partition(".")[2] for name in names if name not in columns)))
