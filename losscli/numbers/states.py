"""The kinds of states by name, states that join several, and the states of a block, each summed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from losscli.numbers.bins import Bins
from losscli.numbers.confusion import Confusion
from losscli.numbers.exact import ExactSum
from losscli.numbers.extremes import Extremes
from losscli.numbers.fields import STATE, PerGroup, Several, State
from losscli.numbers.sums import Moments, Sums
from losscli.numbers.values import Values

if TYPE_CHECKING:
    from losscli.numbers.sums import Names
    from losscli.table.block import Floats, Ints


@dataclass(frozen=True, slots=True)
class Joined(State):
    """Several states of the same rows; `LAYOUT` gives the kind and the columns of each."""

    states: tuple[Any, ...]
    FIELDS: ClassVar = {"states": Several(STATE)}
    LAYOUT: ClassVar[tuple[tuple[Any, tuple[int, ...]], ...]] = ()

    @classmethod
    def empty(cls, *, weighted: bool, columns: int = 0) -> Self:
        return cls(tuple(kind.empty(weighted=weighted, columns=len(at)) for kind, at in cls.LAYOUT))

    @classmethod
    def of(
        cls, columns: Sequence[Floats], weight: Floats | None, names: Names = None,
        codes: Ints | None = None, groups: int = 1,
    ) -> Self:  # fmt: skip
        return cls(
            tuple(kind.of([columns[i] for i in at], weight, None, codes, groups) for kind, at in cls.LAYOUT)
        )

    @property
    def weight(self) -> ExactSum:
        weight: ExactSum = self.states[0].weight
        return weight

    @property
    def rows(self) -> PerGroup:
        return self.states[0].rows

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> Self:
        states = zip(cls.LAYOUT, held["states"], strict=True)
        return cls(tuple(kind.from_json(state) for (kind, _), state in states))


class Sized(Joined):
    """Moments of label and prediction; the sum of the sizes of the label, its least and greatest value."""

    LAYOUT = ((Moments, (0, 1)), (Sums, (2,)), (Extremes, (0,)))
    __slots__ = ()


class Rivals(Joined):
    """Moments of the label with each of two predictions, and sums of further columns."""

    LAYOUT = ((Moments, (0, 1)), (Moments, (0, 2)), (Sums, (3, 4, 5, 6)))
    __slots__ = ()


class Deviances(Joined):
    """Moments of label and prediction, and sums of three further columns."""

    LAYOUT = ((Moments, (0, 1)), (Sums, (2, 3, 4)))
    __slots__ = ()


STATES: dict[str, Any] = {
    "sums": Sums,
    "moments": Moments,
    "extremes": Extremes,
    "confusion": Confusion,
    "bins": Bins,
    "values": Values,
    "sized": Sized,
    "rivals": Rivals,
    "deviances": Deviances,
}
"""The kinds of states, by the names that losses give them."""


class BlockStates:
    """The states of a block by what they are of: columns that several losses need are summed once."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], tuple[Any, ...]] = {}

    def state(
        self, kind: Any, columns: Sequence[Any], weight: Floats | None, names: Names = None,
        codes: Ints | None = None, groups: int = 1,
    ) -> Any:  # fmt: skip
        """``kind.of(columns, weight, names, codes, groups)``."""
        if issubclass(kind, Joined):
            parts = ((part, [columns[i] for i in at]) for part, at in kind.LAYOUT)
            return kind(tuple(self.state(part, own, weight, None, codes, groups) for part, own in parts))
        key = (kind, *map(id, columns), id(weight), id(names), id(codes))
        if key not in self._known:
            state = kind.of(columns, weight, names, codes, groups)
            # The arrays are too: the id of one that is freed may go to another.
            self._known[key] = state, columns, weight, names, codes
        return self._known[key][0]


def merged_groups(state: Any, groups: int) -> Any:
    """The state of all groups together, as one group."""
    return state.regrouped(np.arange(groups), np.zeros(groups, dtype=np.int64), 1).at(0)
