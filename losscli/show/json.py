"""One JSON document with every digit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from losscli.report.records import Report
    from losscli.show import Canvas


def render(report: Report, look: Canvas) -> str:
    return json.dumps(report.to_json(), indent=2, allow_nan=False) + "\n"


def render_all(reports: Sequence[Report], look: Canvas) -> str:
    """An array of documents."""
    return json.dumps([report.to_json() for report in reports], indent=2, allow_nan=False) + "\n"
