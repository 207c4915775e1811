"""The losses as plain functions of arrays: ``losscli.losses.mse(label, pred)``.

This is a door of the package, and no room: nothing in the package imports what it gives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from losscli.report.functions import LossFunction


def __getattr__(name: str) -> LossFunction:
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Loaded on use: the rooms below are imported through this package, and need none above.
    from losscli.report.functions import function_of

    return function_of(name)
