"""Labels of groups: by them the groups of two blocks, or of two processes, come together when states merge."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from losscli.table.block import Ints


class GroupLabels:
    """The label of each group, in the order of their codes."""

    __slots__ = ("_labels",)

    def __init__(self, labels: Collection[Hashable] = ()) -> None:
        self._labels = labels  # a dict from label to code, once labels are looked up

    def __len__(self) -> int:
        return len(self._labels)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._labels)

    def empty(self) -> Self:
        """The labels of no groups."""
        return type(self)()

    @property
    def codes(self) -> dict[Any, int]:
        """The code of each label."""
        if not isinstance(self._labels, dict):
            self._labels = {label: code for code, label in enumerate(self._labels)}
        return self._labels

    def take_in(self, other: GroupLabels) -> Ints:
        """Add the labels of the other, and return the code that each of them has here."""
        codes = self.codes
        found = list(map(codes.get, other))
        if None in found:
            found = [codes.setdefault(label, len(codes)) for label in other]
        return np.fromiter(found, np.int64, len(found))


def changed(codes: Ints) -> Ints | None:
    """New codes of groups, by their old ones; None where all stay the same."""
    return None if np.array_equal(codes, np.arange(len(codes))) else codes


def recoded(state: Any, codes: Ints | None) -> Any:
    """A state whose groups have new codes; groups with the same code are merged."""
    if codes is None:
        return state
    return state.regrouped(np.arange(len(codes)), codes, int(codes.max(initial=-1)) + 1)
