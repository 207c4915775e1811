"""A bar of characters, for a picture or beside a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from losscli.show import Canvas

EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(length: float, look: Canvas) -> str:
    """A bar of so many characters; what is not nothing is seen."""
    if not look.unicode:
        return "#" * max(round(length), 1 if length > 0.0 else 0)
    whole, part = divmod(max(round(8 * length), 1 if length > 0.0 else 0), 8)
    return "█" * whole + EIGHTHS[part].strip()
