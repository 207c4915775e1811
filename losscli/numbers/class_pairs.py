"""Pairs of classes, that of a row's label and that of its prediction, as numbers.

A pair is the place of the label's class in a list of classes, from bit `PLACE` on, and that of the prediction's below.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from losscli.numbers.cells import distinct

if TYPE_CHECKING:
    from losscli.numbers.sums import Names
    from losscli.table.block import Ints

PLACE = 32
"""The bits of a pair that say which class the prediction is; those above say which the label is."""


def pairs_of(label: Ints, pred: Ints, names: Names) -> tuple[tuple[int | str, ...], Ints, Ints]:
    """The classes of some rows, the cells of label and prediction that occur, ascending, and each row's cell."""
    low = min(int(label.min()), int(pred.min()))
    width = max(int(label.max()), int(pred.max())) - low + 1
    if width < 1 << 31:
        found, at = distinct((label - low) * width + (pred - low), width * width)
        firsts, seconds = found // width + low, found % width + low
    else:
        codes, places = np.unique(np.concatenate((label, pred)), return_inverse=True)
        width = len(codes)
        found, at = distinct(places[: len(label)] * width + places[len(label) :], width * width)
        firsts, seconds = codes[found // width], codes[found % width]
    used = np.unique(np.concatenate((firsts, seconds)))
    classes = tuple(used.tolist() if names is None else [names[code] for code in used.tolist()])
    return classes, used.searchsorted(firsts) << PLACE | used.searchsorted(seconds), at


def joined_classes(
    one: tuple[int | str, ...], other: tuple[int | str, ...], known: Mapping[int | str, int]
) -> tuple[tuple[int | str, ...], Ints]:
    """The classes of both, the first ones in front, and the place of each of the others among them.

    ``known``: the places of the first ones.
    """
    if one == other:
        return one, np.arange(len(one))
    more = dict.fromkeys(name for name in other if name not in known)
    places = dict(zip(more, range(len(one), len(one) + len(more)), strict=True))
    moved = np.array([known[name] if name in known else places[name] for name in other], dtype=np.int64)
    return (*one, *more), moved


def moved_pairs(cells: Ints, moved: Ints) -> Ints:
    """Cells of classes that have other places now."""
    found: Ints = moved[cells >> PLACE] << PLACE | moved[cells & ((1 << PLACE) - 1)]
    return found
