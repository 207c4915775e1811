"""What columns look like together, and what is concluded from that: a task, losses for it, and losses to avoid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

import numpy as np

from losscli.losses.families import find
from losscli.text import visible

if TYPE_CHECKING:
    from losscli.advise.profile import ColumnProfile
    from losscli.loss.declare import Loss
    from losscli.table.block import Floats

Sure: TypeAlias = Literal["yes", "likely", "no"]


@dataclass(frozen=True)
class Described:
    """The columns of predictions and labels, and what the call says of them."""

    roles: tuple[str, ...]  # ("pred",), or those of several columns such as mean and sd
    preds: Sequence[ColumnProfile]
    labels: Sequence[ColumnProfile]
    lists: tuple[str, ...]  # the names of label and prediction, where both columns hold lists
    whole_lists: bool = False  # no number in these lists is written with a point
    named: bool = True  # the columns of predictions have names of their own
    paired: bool = True  # rows are paired by position
    whole: bool = True  # all rows were looked at
    from_logits: bool = False
    pos_label: str | None = None
    query: str | None = None  # the column that says which rows are ranked together
    label_roles: tuple[str, ...] = ("label",)  # or those of several columns such as time and event

    @property
    def pred(self) -> ColumnProfile:
        """The first prediction column."""
        return self.preds[0]

    @property
    def label(self) -> ColumnProfile:
        """The first label column."""
        return self.labels[0]

    @cached_property
    def errors(self) -> Floats | None:
        """Prediction minus label of each row; None where rows are not known to belong together."""
        pred, label = self.pred.numbers, self.label.numbers
        if not self.paired or pred is None or label is None or len(pred) != len(label):
            return None
        both = np.isfinite(pred) & np.isfinite(label)
        errors: Floats = pred[both] - label[both]
        return errors[np.isfinite(errors)]


@dataclass(slots=True)
class Interpretation:
    """One way to understand the columns."""

    task: str
    why: str
    fits: dict[str, str] = field(default_factory=dict)  # losses to use, and why, where that is to be said
    unfit: dict[str, str] = field(default_factory=dict)  # losses to avoid, and why
    sure: Sure = "yes"
    doubts: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)  # what `eval` needs besides the names of columns
    several: bool = False  # a prediction is several columns
    pred: str = ""  # how the call names the columns
    label: str = ""
    command: str = ""

    @property
    def scores(self) -> bool:
        """Whether predictions are raw scores."""
        return "--from-logits" in self.options

    def doubt(self, why: str, sure: Sure = "no") -> Self:
        """The same, with a reason why the columns may mean something else, and how sure they are in spite of it."""
        self.doubts.append(why)
        self.sure = sure if self.sure != "no" else "no"
        return self

    def form(self, spec: str) -> Loss:
        """The form of a loss that takes such predictions: one column or several, probabilities or raw scores."""
        forms = find(spec.partition(":")[0])
        shape = "Columns" if self.several else "Column"
        like = [form for form in forms if any(role.shape == shape for role in form.pred_roles)] or list(forms)
        return next((form for form in like if form.logits == self.scores), like[0])


Rules: TypeAlias = Sequence[Callable[[Described], Interpretation | None]]
"""Each answers with an interpretation, or with None where the columns look like something else."""


def matrix(columns: Sequence[ColumnProfile]) -> Floats:
    """The numbers of several columns side by side."""
    return np.stack([column.numbers for column in columns if column.numbers is not None], axis=1)


def sum_to_one(columns: Sequence[ColumnProfile]) -> bool:
    """Whether the columns hold shares of one whole in every row."""
    within = all(column.from_0_to(1.0) for column in columns)
    return within and bool(np.allclose(matrix(columns).sum(axis=1), 1.0, atol=1e-6))


def zeros_and_ones(columns: Sequence[ColumnProfile]) -> bool:
    """Whether the columns hold no other values than 0 and 1."""
    return all(set(column.classes) <= {0, 1} for column in columns)


def short(value: float) -> str:
    """A number as a reason shows it."""
    return f"{value:.6g}"


def name_of(column: ColumnProfile) -> str:
    """The name of a column as a reason shows it."""
    return f"`{visible(column.name)}`"


def listed(classes: Sequence[int | str]) -> str:
    """The first few classes."""
    shown = ", ".join(f"`{visible(str(one))}`" for one in classes[:5])
    return shown + (" …" if len(classes) > 5 else "")
