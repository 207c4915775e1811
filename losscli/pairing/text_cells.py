"""Two columns of text, held against each other where they lie."""

from __future__ import annotations

from typing import Any

import numpy as np

from losscli.reading.plain_csv import every_second
from losscli.table.block import Cells

WORTH_ARROW = 4096
"""Rows for which importing Arrow pays: few of them are compared by their words as fast."""


def same_cells(one: Cells, other: Cells) -> bool:
    """Whether all texts are the same, byte for byte; False says nothing of short columns."""
    if len(one.starts) < WORTH_ARROW or max(len(one.data), len(other.data)) >= 1 << 31:
        return False
    return bool(_in_arrow(one).equals(_in_arrow(other)))


def _in_arrow(cells: Cells) -> Any:
    offsets = np.empty(2 * len(cells.starts) + 1, np.int32)
    offsets[:-1:2] = cells.starts
    offsets[1::2] = cells.ends
    offsets[-1] = len(cells.data)
    return every_second(cells.data, offsets)
