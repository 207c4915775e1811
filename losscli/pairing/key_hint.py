"""The option ``--on KEY`` that a hint offers: columns that are a key of all files."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from losscli.errors import LosscliError
from losscli.pairing.keyplan import KeyPlan, choose_keys
from losscli.pairing.match import KeyWords, match
from losscli.pairing.shared_ids import shared_id_names
from losscli.reading.select import looked_for
from losscli.table.keys import joined

if TYPE_CHECKING:
    from losscli.reading.source import Source


def key_option(sources: Sequence[Source], names: Sequence[str], *, partly: bool = False) -> str | None:
    """``--on`` with columns whose values are unique in each file, and the same set in all.

    Each of the names is tried, then all columns together that identify rows.  ``partly``: some common
    values are enough.  None where there is no such key, or a file can be read only once.
    """
    if any(source.size is None for source in sources):
        return None
    together = [name for name in shared_id_names(sources) if name and "," not in name]
    for on in dict.fromkeys([*names, ",".join(together)] if len(together) > 1 else names):
        try:
            plan = looked_for(partial(choose_keys, sources, on))
            sides = [_keys(source, plan, side) for side, source in enumerate(sources)]
        except LosscliError:
            continue
        first, *rest = [keys or () for keys in sides]
        if all(first and other and _pair(first, other, partly=partly) for other in rest):
            return f"--on {shlex.quote(on)}"
    return None


def _keys(source: Source, plan: KeyPlan, side: int) -> KeyWords | None:
    """The keys of a file; None where a row has none."""
    pieces: list[KeyWords] = []
    for part in source.parts([slot.want for slot in plan.sides[side]]):
        for batch in part.batches(1 << 16):
            keys = plan.complete_keys(batch, side)
            if keys is None:
                return None
            pieces.append(keys)
    return [joined(column) for column in zip(*pieces, strict=True)]


def _pair(one: KeyWords, other: KeyWords, *, partly: bool) -> bool:
    """Whether the keys of each side are unique, and pair all rows or, ``partly``, some."""
    found = match(one, other)
    some, all_rows = (found.partners[0] >= 0).any(), not any(map(len, found.alone))
    return not any(map(len, found.repeats)) and bool(some if partly else all_rows)
