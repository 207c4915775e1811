"""The bare number of the only result, or `null`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from losscli.errors import UsageError
from losscli.show.lines import exact_text

if TYPE_CHECKING:
    from losscli.show.canvas import Canvas
    from losscli.show.view import ViewModel


def render(view: ViewModel, look: Canvas) -> str:
    """The bare number of the one result.  UsageError where there are several."""
    values = [line.value for line in view.lines()]
    if len(values) != 1:
        raise UsageError(
            f"`--format value` needs exactly one result, and there are {len(values)}",
            hint="ask for one loss, or use `--format csv`",
        )
    return f"{exact_text(values[0])}\n"
