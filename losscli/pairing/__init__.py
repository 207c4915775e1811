"""Rows of one file and of another become blocks of aligned rows."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Unmatched: TypeAlias = Literal["error", "drop"]
"""What becomes of keys that one side lacks."""


class Paired(NamedTuple):
    """How many rows each file has, how many of them have no partner, and how many pairs there are."""

    read: tuple[int, int]
    only: tuple[int, int]
    pairs: int
    only_head: int = 0  # of three files, rows of the second without a partner


class ShortcutFailed(Exception):
    """A fast way to pair rows does not suit these files.

    What was measured so far is thrown away; `key` pairs the rows by their hash and names what is wrong.
    """
