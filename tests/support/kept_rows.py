"""States that keep their rows: of several blocks, merged, and put aside."""

from __future__ import annotations

from functools import reduce
from typing import Any

from losscli.table.spill import Spill


def states_of(
    kind: Any, columns: Any, weight: Any, cut: int, codes: Any = None, groups: int = 1
) -> list[Any]:
    """The states of blocks of ``cut`` rows."""
    found = []
    for start in range(0, len(columns[0]), cut):
        here = slice(start, start + cut)
        of_block = [column[here] for column in columns]
        held = None if weight is None else weight[here]
        found.append(kind.of(of_block, held, None, None if codes is None else codes[here], groups))
    return found


def merged(states: list[Any]) -> Any:
    return reduce(lambda one, other: one.merge(other), states)


def put_aside(states: list[Any], spill: Spill) -> Any:
    """The states merged, their rows put aside after every third."""
    whole = states[0]
    for at, state in enumerate(states[1:]):
        whole = whole.merge(state)
        if at % 3 == 1:
            whole = whole.put_aside(spill)
    return whole
