"""Rows of one file and of another become blocks of aligned rows."""

from __future__ import annotations

from typing import NamedTuple


class Paired(NamedTuple):
    """How many rows were read and how many have no partner, on each side; and how many pairs there are."""

    read: tuple[int, int]
    only: tuple[int, int]
    pairs: int
    only_head: int = 0  # of three files, rows of the one between them without a partner
