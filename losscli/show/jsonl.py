"""One JSON object a line, one line a result."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from losscli.report.records import Report
    from losscli.show import Canvas


def render(report: Report, look: Canvas) -> str:
    return "".join(json.dumps(r.to_json(), allow_nan=False) + "\n" for r in report.results)
