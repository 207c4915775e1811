"""The bare number of the only result, or ``null``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from losscli.errors import UsageError

if TYPE_CHECKING:
    from losscli.report.records import Report
    from losscli.show import Canvas


def render(report: Report, look: Canvas) -> str:
    if len(report.results) != 1:
        raise UsageError(
            f"`--format value` wants exactly one result, and there are {len(report.results)}",
            hint="ask for one loss, or use `--format csv`",
        )
    value = report.results[0].value
    return "null\n" if value is None else f"{value!r}\n"
