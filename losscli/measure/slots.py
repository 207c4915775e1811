"""The columns that a plan reads, and those of the roles that each model's predictions play."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from losscli.reading.select import Chosen
    from losscli.table.block import ColumnKind

Purpose: TypeAlias = Literal["label", "pred", "weight", "other", "key"]


class Slot(NamedTuple):
    """A column that the plan reads: which of its file, what it is read as, and what it is for.

    With ``labels`` it is not read, but made of a column of lists: 1 in the rows whose list has the label
    that goes by any of these names, else 0.  With ``item`` it is made too: the number at that place of each
    list.  ``width`` is how many numbers each list of a column of vectors has, else 0.
    """

    index: int  # type: ignore[assignment]  # a tuple has a method of that name, which nobody calls here
    name: str
    file: str
    kind: ColumnKind
    purpose: Purpose
    width: int
    labels: tuple[int | str, ...] = ()
    item: int | None = None

    @property
    def made(self) -> bool:
        """Whether it is made of a column of lists."""
        return bool(self.labels) or self.item is not None


class Model(NamedTuple):
    """One model of a call: the columns of each role, that of the label among them.

    ``pred`` is how the call names them (None: they are found by their names), ``side`` the file that holds them.
    ``labels`` has the columns of other roles of labels than `label`, of the same names as those of predictions or not.
    """

    pred: str | None
    side: int
    roles: dict[str, list[Chosen]]
    labels: Mapping[str, list[Chosen]]
    listed: bool = False  # whether labels and predictions are lists, or columns for what lists hold
