"""Patterns that name slices: ``*`` for all of them, ``country=de``, ``country=*+device=phone``.

A star matches any text, and ``country=`` a missing value.  The order of the columns does not matter; a pattern matches
slices of exactly its columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import overload

EVERY_SLICE = "*"


def matches(pattern: str, slice: Mapping[str, str | None]) -> bool:
    """Whether a pattern matches a slice."""
    if pattern == EVERY_SLICE:
        return True
    return any(_matches_in_order(pattern, order) for order in permutations(slice.items()))


def _matches_in_order(pattern: str, items: Sequence[tuple[str, str | None]]) -> bool:
    """Whether the pattern names the columns in this order, each with a pattern that its value matches."""
    (name, value), *others = items
    if not pattern.startswith(f"{name}="):
        return False
    rest = pattern[len(name) + 1 :]
    if not others:
        return _fits(rest, value or "")
    cut = rest.find(f"+{others[0][0]}=")
    while cut >= 0:
        if _fits(rest[:cut], value or "") and _matches_in_order(rest[cut + 1 :], others):
            return True
        cut = rest.find(f"+{others[0][0]}=", cut + 1)
    return False


def _fits(pattern: str, value: str) -> bool:
    if pattern == value:
        return True
    first, *rest = pattern.split("*")
    if not rest or not value.startswith(first) or not value.endswith(rest[-1]):
        return False
    at = len(first)
    for piece in rest[:-1]:
        at = value.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return at <= len(value) - len(rest[-1])


def slice_text(slice: Mapping[str, str | None]) -> str:
    """The pattern that matches this slice."""
    return "+".join([f"{name}={'' if value is None else value}" for name, value in slice.items()])


class SliceNames(Sequence[dict[str, str | None]]):
    """The values of many slices by column, each slice as a result has it."""

    __slots__ = ("_columns", "_names")

    def __init__(self, names: Sequence[str], columns: Sequence[Sequence[str | None]]) -> None:
        self._names, self._columns = names, columns

    def __len__(self) -> int:
        return len(self._columns[0])

    @overload
    def __getitem__(self, at: int) -> dict[str, str | None]: ...
    @overload
    def __getitem__(self, at: slice) -> SliceNames: ...
    def __getitem__(self, at: int | slice) -> dict[str, str | None] | SliceNames:
        if isinstance(at, slice):
            return SliceNames(self._names, [values[at] for values in self._columns])
        return dict(zip(self._names, (values[at] for values in self._columns), strict=True))

    @property
    def texts(self) -> list[str]:
        """The pattern of each slice."""
        if len(self._names) > 1:
            return list(map(slice_text, self))
        (name,), (values,) = self._names, self._columns
        return [f"{name}={'' if value is None else value}" for value in values]


def slice_texts(slices: Sequence[Mapping[str, str | None]]) -> list[str]:
    """The pattern that matches each slice."""
    return slices.texts if isinstance(slices, SliceNames) else list(map(slice_text, slices))


def split_pattern(pattern: str) -> dict[str, str | None]:
    """The columns and values that a pattern without a star names; empty for others."""
    pairs = [part.partition("=") for part in pattern.split("+")]
    if any(not equals or "*" in value for _, equals, value in pairs):
        return {}
    return {name: value or None for name, _, value in pairs}
