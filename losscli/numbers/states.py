"""The kinds of states by name, what states that join several share, and the states of a block, each summed once."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from losscli.numbers.exact import ExactSum
from losscli.numbers.fields import STATE, PerGroup, Several, State

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
        """The states of no rows."""
        return cls(tuple(kind.empty(weighted=weighted, columns=len(at)) for kind, at in cls.LAYOUT))

    @classmethod
    def of(
        cls, columns: Sequence[Floats], weight: Floats | None, names: Names = None,
        codes: Ints | None = None, groups: int = 1,
    ) -> Self:  # fmt: skip
        """The states of the same rows, each of its own columns."""
        return cls(
            tuple(kind.of([columns[i] for i in at], weight, None, codes, groups) for kind, at in cls.LAYOUT)
        )

    @property
    def weight(self) -> ExactSum:
        """The weight of the rows, which all states share."""
        weight: ExactSum = self.states[0].weight
        return weight

    @property
    def rows(self) -> PerGroup:
        """How many rows there are, in all states alike."""
        return self.states[0].rows

    @classmethod
    def from_json(cls, held: Mapping[str, Any], groups: int | None = None) -> Self:
        """What `to_json` wrote."""
        states = zip(cls.LAYOUT, held["states"], strict=True)
        return cls(tuple(kind.from_json(state, groups) for (kind, _), state in states))


STATES = {
    "sums": "losscli.numbers.sums:Sums",
    "moments": "losscli.numbers.sums:Moments",
    "extremes": "losscli.numbers.extremes:Extremes",
    "confusion": "losscli.numbers.confusion:Confusion",
    "bins": "losscli.numbers.bins:Bins",
    "counted_scores": "losscli.numbers.counted:CountedScores",
    "counted_values": "losscli.numbers.counted:CountedValues",
    "values": "losscli.numbers.values:Values",
    "order": "losscli.numbers.order:Order",
    "class_order": "losscli.numbers.class_order:ClassOrder",
    "queries": "losscli.numbers.queries:Queries",
    "ranked": "losscli.numbers.ranks:Ranked",
    "sized": "losscli.numbers.joined:Sized",
    "rivals": "losscli.numbers.joined:Rivals",
    "deviances": "losscli.numbers.joined:Deviances",
}
"""Where the kinds of states are, by the names that losses give them."""
KEEP_ROWS = frozenset({"values", "order", "class_order", "queries", "ranked"})
"""The kinds that keep every row, for what needs all of them at once."""
GROWING = KEEP_ROWS | {"confusion", "counted_scores", "counted_values"}
"""The kinds whose states grow with the rows, or with the classes or the rounded values that the rows hold."""


@cache
def state_kind(name: str) -> Any:
    """The class of a kind of state, whose module is loaded on use."""
    module, _, kind = STATES[name].partition(":")
    return getattr(importlib.import_module(module), kind)


class BlockStates:
    """The states of a block by what they are of: columns that several losses need are summed once."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], tuple[Any, ...]] = {}

    def state(
        self, kind: Any, columns: Sequence[Any], weight: Floats | None, names: Names, codes: Ints | None,
        groups: int,
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


def changed(codes: Ints) -> Ints | None:
    """New codes of groups, by their old ones; None where all stay the same."""
    return None if np.array_equal(codes, np.arange(len(codes))) else codes


def recoded(state: Any, codes: Ints | None) -> Any:
    """A state whose groups have new codes; groups with the same code are merged."""
    if codes is None:
        return state
    return state.regrouped(np.arange(len(codes)), codes, int(codes.max(initial=-1)) + 1)
