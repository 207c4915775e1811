"""What GitHub Actions reads from a step's log: an annotation for each failed limit, worst first.

The results stand in the log as plain lines.  The summary in Markdown goes to the file that GitHub names in
``GITHUB_STEP_SUMMARY``; it is written by whoever writes the output, and not here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from losscli.report.gates import excess, failures
from losscli.show.lines import (
    MOST_FAILURES,
    caption,
    change_text,
    gate_line,
    limit_name,
    limit_text,
    place_text,
    remarks,
    several_preds,
    value_text,
)
from losscli.text import plural, visible

if TYPE_CHECKING:
    from losscli.report.records import Report
    from losscli.show import Canvas


def render(report: Report, look: Canvas) -> str:
    return render_all([report], look)


def render_all(reports: Sequence[Report], look: Canvas) -> str:
    """The results of all, then the annotations of all together, of which GitHub shows ten."""
    lines = [line for report in reports for line in _results(report)]
    told = [one for report in reports if report.gate is not None for one in _annotations(report)]
    told.sort(key=lambda one: -one[0])
    shown = told if len(told) <= MOST_FAILURES else told[: MOST_FAILURES - 1]
    lines += [text for _, text in shown]
    if len(shown) < len(told):
        rest = plural(len(told) - len(shown), "more limit")
        lines.append(command("error", "losscli", f"{rest} failed; the summary lists all of them"))
    for report in reports:
        if report.gate is not None:
            where = f"{report.saved}: " if len(reports) > 1 else ""
            lines.append(plain(f"losscli: {where}{gate_line(report.gate)}"))
    return "\n".join(lines) + "\n"


def _results(report: Report) -> list[str]:
    lines = [plain(f"losscli: {caption(report)}")]
    several = len({r.pred for r in report.results}) > 1
    for at, r in enumerate(report.results):
        place = place_text(r.part, r.slice)
        name = ", ".join([r.loss, *([r.pred] if several else []), *([place] if place else [])])
        change = ""
        if report.before is not None:
            change = f", change {change_text(r.value, report.before[at])}"
        note = f" ({remarks(r)})" if remarks(r) else ""
        lines.append(plain(f"losscli: {name} = {value_text(r.value)}{change}{note}"))
    return lines


def _annotations(report: Report) -> list[tuple[float, str]]:
    """A workflow command for each failed limit, with how far it is exceeded."""
    assert report.gate is not None
    several = several_preds(report.gate)
    found = []
    for limit in failures(report.gate):
        name = limit_name(limit, several=several)
        title = f"{report.saved}: {name}" if report.saved is not None else name
        found.append((excess(limit), command("error", title, f"{limit_text(limit)}: {limit['reason']}")))
    return found


def command(kind: str, title: str, message: str) -> str:
    """One workflow command, every character that ends or splits it written as an escape."""
    return f"::{kind} title={_escape(visible(title), ':,')}::{_escape(visible(message))}"


def plain(text: str) -> str:
    """A line of the log that is no command: GitHub looks for the older `##[` anywhere in it."""
    return visible(text).replace("##[", "##\\[")


def _escape(text: str, more: str = "") -> str:
    for sign in f"%\r\n{more}":
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text
