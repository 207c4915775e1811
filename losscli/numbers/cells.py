"""Cells of many groups: the bins, or the pairs of classes, that occur in each group, as ascending keys.

The key of a cell is its group, from bit `GROUP` on, and below it a number that says which cell of the group it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from losscli.table.block import Floats, Ints

GROUP = 40
BELOW = (1 << GROUP) - 1


def distinct(numbers: Ints, most: int) -> tuple[Ints, Ints]:
    """The numbers that occur, ascending, and the place of each entry's among them; all are below ``most``."""
    if most > 4 * len(numbers) + 1024:
        low = int(numbers.min(initial=most))
        width = int(numbers.max(initial=low)) - low + 1
        if width < most and width <= 4 * len(numbers) + 1024:
            found, places = distinct(numbers - low, width)
            return found + low, places
        found, places = np.unique(numbers, return_inverse=True)
        return found, places
    found = np.flatnonzero(np.bincount(numbers, minlength=most))
    if len(found) and found[-1] == len(found) - 1:
        return found, numbers  # none of the numbers below is missing
    table = np.zeros(most, dtype=np.int64)
    table[found] = np.arange(len(found))
    return found, table[numbers]


def keys_of(numbers: Ints, most: int, codes: Ints, groups: int) -> tuple[Ints, Ints]:
    """The keys of the cells that occur, and the place of each row's among them; ``numbers`` are below ``most``."""
    found, at = distinct(codes * most + numbers, groups * most)
    return (found // most << GROUP) + found % most, at


def cells_at(keys: Ints, group: int) -> Ints:
    """The places of the cells of one group."""
    first, last = keys.searchsorted((group << GROUP, group + 1 << GROUP)).tolist()
    return np.arange(first, last)


def moved(keys: Ints, codes: Ints, places: Ints) -> tuple[Ints, Ints, Ints]:
    """The cells of the groups ``codes`` where these groups are at other places.

    Given are the places of these cells among ``keys``, the new keys that occur, and each cell's place among them.
    """
    order = np.argsort(codes, kind="stable")
    codes, places = codes[order], places[order]
    at = np.minimum(codes.searchsorted(keys >> GROUP), len(codes) - 1)
    chosen = np.flatnonzero(codes[at] == keys >> GROUP)
    found, found_at = np.unique((places[at[chosen]] << GROUP) + (keys[chosen] & BELOW), return_inverse=True)
    return chosen, found, found_at


def keys_of_all(groups: int, numbers: Ints) -> Ints:
    """The keys where each group has all cells."""
    found: Ints = ((np.arange(groups)[:, np.newaxis] << GROUP) + numbers).ravel()
    return found


def drawn(counts: Floats, amounts: Floats, keys: Ints, at: Ints, width: int) -> Floats:
    """The amounts of all cells in each resample, one resample behind the other, by column of ``amounts``.

    ``at`` says which of ``width`` cells of a resample each of the ``keys`` is, and row r of ``counts`` how often
    resample r draws each group.
    """
    of = keys >> GROUP
    found = np.empty((len(counts), width, amounts.shape[1]))
    for resample, one in zip(found, counts, strict=True):
        times = one[of]
        for place, column in enumerate(amounts.T):
            resample[:, place] = np.bincount(at, times * column, minlength=width)
    return found.reshape(-1, amounts.shape[1])


def union(one: Ints, other: Ints) -> tuple[Ints, Ints, Ints]:
    """All numbers of two arrays, ascending, and the places of each array's own among them.

    No array holds a number twice, and the first ascends.  It is quick where the second is small.
    """
    order = np.argsort(other, kind="stable")
    ordered = other[order]
    at = one.searchsorted(ordered)
    fresh = np.ones(len(ordered), np.bool_)
    known = np.flatnonzero(at < len(one))
    fresh[known] = one[at[known]] != ordered[known]
    both = np.insert(one, at[fresh], ordered[fresh])
    old = np.ones(len(both), np.bool_)
    old[at[fresh] + np.arange(np.count_nonzero(fresh))] = False
    return both, np.flatnonzero(old), both.searchsorted(other)


def keys_from_json(held: Any, groups: int | None) -> Ints:
    """The keys of the cells of one group (None) or of so many; a ValueError for others."""
    keys = ascending(held)
    if int(keys.max(initial=0)) >> GROUP >= (groups or 1):
        raise ValueError("these are not keys of groups")
    return keys


def ascending(held: Any) -> Ints:
    """Whole numbers from 0 on that were written to JSON in their order; a ValueError for others."""
    found: Ints = np.array(held, dtype=np.int64)
    whole = isinstance(held, list) and all(type(one) is int for one in held)
    if not whole or (found < 0).any() or (np.diff(found) <= 0).any():
        raise ValueError("these are not keys of cells")
    return found
