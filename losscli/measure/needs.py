"""What must be known of values before rows are measured: needs that bind states, and answers that the prepass reads."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from losscli.loss.matrix import ClassTable
    from losscli.measure.first_lists import FirstLists
    from losscli.measure.slices import SliceKey
    from losscli.measure.training import Scales, TrainingFile
    from losscli.reading.select import Chosen

Subject: TypeAlias = Literal["first lists", "labels", "same bytes", "edges", "costs", "scales"]


class Need(NamedTuple):
    """One thing to read: about columns, each by its side and its index, for a key of a slicing, or from a file of its own."""

    subject: Subject
    columns: tuple[tuple[int, int], ...] = ()
    key: SliceKey | TrainingFile | None = None
    path: str = ""

    @classmethod
    def of(cls, subject: Subject, *columns: Chosen, key: SliceKey | None = None) -> Need:
        """The need for something of some columns."""
        return cls(subject, tuple((column.side, column.index) for column in columns), key)


class Unknown(Exception):
    """There is no plan before some needs are met."""

    def __init__(self, needs: Collection[Need]) -> None:
        super().__init__()
        self.needs = needs


class Knowledge:
    """The answers so far.  Asking for one that is not there raises Unknown, at once or when the plan is whole."""

    def __init__(self) -> None:
        self.answers: dict[Need, Any] = {}
        self._open: dict[Need, None] = {}

    def first_lists(self, columns: Sequence[Chosen]) -> list[FirstLists | None]:
        """What the first lists of some columns hold; None for a column without a list in its first rows."""
        return self._known([Need.of("first lists", column) for column in columns])

    def widths(self) -> list[int]:
        """The lengths of the first lists that are known."""
        return [
            found.width for need, found in self.answers.items() if need.subject == "first lists" and found
        ]

    def labels(self, columns: Sequence[Chosen]) -> list[set[int | str]]:
        """The labels that the lists of some columns hold."""
        return self._known([Need.of("labels", column) for column in columns])

    def same_bytes(self, one: Chosen, other: Chosen) -> bool:
        """Whether two columns are stored in the same bytes."""
        (found,) = self._known([Need.of("same bytes", one, other)])
        return bool(found)

    def edges(self, column: Chosen, key: SliceKey) -> tuple[float, ...]:
        """The edges of the bins of a column; none until they are known, which `settled` asks for."""
        need = Need.of("edges", column, key=key)
        if need not in self.answers:
            self._open[need] = None
        found: tuple[float, ...] = self.answers.get(need, ())
        return found

    def costs(self, path: str) -> ClassTable:
        """The table of costs in a file."""
        (found,) = self._known([Need("costs", path=path)])
        table: ClassTable = found
        return table

    def scales(self, file: TrainingFile) -> Scales:
        """The scales of the series of a training file."""
        (found,) = self._known([Need("scales", key=file)])
        scales: Scales = found
        return scales

    def settled(self) -> None:
        """Raise Unknown where an answer is still open."""
        needs, self._open = self._open, {}
        if needs:
            raise Unknown(needs)

    def _known(self, needs: Sequence[Need]) -> list[Any]:
        if missing := [need for need in needs if need not in self.answers]:
            raise Unknown(missing)
        return [self.answers[need] for need in needs]
