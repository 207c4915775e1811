"""Patterns that name slices: ``*`` for all of them, ``country=de``, ``country=*+device=phone``.

A star matches any text, and ``country=`` a missing value.  The order of the columns does not matter; a pattern matches
slices of exactly its columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations

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
    if len(slice) == 1:  # there may be many
        ((name, value),) = slice.items()
        return f"{name}={'' if value is None else value}"
    return "+".join([f"{name}={'' if value is None else value}" for name, value in slice.items()])


def split_pattern(pattern: str) -> dict[str, str | None]:
    """The columns and values that a pattern without a star names; empty for others."""
    pairs = [part.partition("=") for part in pattern.split("+")]
    if any(not equals or "*" in value for _, equals, value in pairs):
        return {}
    return {name: value or None for name, _, value in pairs}
