"""JSON text, of a line or of a cell that holds a list, as Python values."""

from __future__ import annotations

import json
from typing import Any

from losscli.reading.json_values import Infinite
from losscli.table.cells import Unreadable, shown


class Twice(ValueError):
    """One object has a key twice."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise Twice(key)
            seen.add(key)
    return found


# NaN is no JSON, but is written by Python, and means a missing value as it does elsewhere.
_CONSTANTS = {"NaN": None, "Infinity": Infinite("inf"), "-Infinity": Infinite("-inf")}
DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_CONSTANTS.__getitem__)


def json_in_cell(text: str) -> Any:
    """What a cell of another format holds as JSON, or a list as Python writes it; None where it is missing."""
    try:
        return DECODER.decode(text)
    except (ValueError, RecursionError):
        pass
    import ast  # here, since few files hold such lists

    try:
        found = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise Unreadable(
            f"`{shown(text)}` is no JSON list", 'wanted one such as `[1, 2]` or `["a", "b"]`'
        ) from None
    return list(found) if isinstance(found, tuple) else found
