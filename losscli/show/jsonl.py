"""One JSON object a line, one line a result."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from losscli.show.canvas import Canvas
    from losscli.show.view import ViewModel


def render(view: ViewModel, look: Canvas) -> str:
    """A line of JSON for each result."""
    return "".join(json.dumps(result, allow_nan=False) + "\n" for result in view.document()["results"])
