"""One JSON document with every digit; an array of documents where there are several."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from losscli.show.canvas import Canvas
    from losscli.show.view import ViewModel


def render(views: Sequence[ViewModel], look: Canvas) -> str:
    """The documents as JSON with every digit: one alone, several in a list."""
    documents: Any = [view.document() for view in views]
    return json.dumps(documents if len(views) > 1 else documents[0], indent=2, allow_nan=False) + "\n"
