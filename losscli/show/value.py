"""The bare number of the only result, or ``null``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from losscli.errors import UsageError

if TYPE_CHECKING:
    from losscli.show.canvas import Canvas
    from losscli.show.view import View


def render(view: View, look: Canvas) -> str:
    values = dict(view.exact())["value"]
    if len(values) != 1:
        raise UsageError(
            f"`--format value` wants exactly one result, and there are {len(values)}",
            hint="ask for one loss, or use `--format csv`",
        )
    return "null\n" if values[0] is None else f"{values[0]!r}\n"
