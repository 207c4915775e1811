"""States as values that can be compared: rows that are kept have no order."""

from __future__ import annotations

from typing import Any

import numpy as np

from losscli.numbers.values import Values


def as_value(state: Any) -> Any:
    """A state, or of one that keeps its rows all of them in one order."""
    if not isinstance(state, Values):
        return state
    rows: list[tuple[float, ...]] = []
    for piece in state.pieces:
        kinds = np.repeat(piece.kinds, np.diff(piece.starts))
        weight = np.ones(len(kinds)) if piece.weight is None else piece.weight[:]
        rows += zip(
            kinds.tolist(), *(column[:].tolist() for column in piece.columns), weight.tolist(), strict=True
        )
    return type(state), state.weight, state.rows, sorted(rows)
