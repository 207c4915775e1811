"""One JSON document with every digit."""

from __future__ import annotations

import json

from losscli.formats import Look
from losscli.report import Report


def render(report: Report, look: Look) -> str:
    return json.dumps(report.to_json(), indent=2, allow_nan=False) + "\n"
