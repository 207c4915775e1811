"""The log of a step of GitHub Actions: results as plain lines, and an annotation for each failed limit, worst first.

The summary in Markdown, for the file that ``GITHUB_STEP_SUMMARY`` names, is written with the other outputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from losscli.show.lines import value_text
from losscli.show.verdict import first_failures
from losscli.text import plural, visible

if TYPE_CHECKING:
    from losscli.show.canvas import Canvas
    from losscli.show.view import ViewModel


def render(views: Sequence[ViewModel], look: Canvas) -> str:
    """The results of all views, then all annotations together; GitHub shows ten of them."""
    lines = [plain(f"losscli: {line}") for view in views for line in _results(view)]
    annotations = [one for view in views for one in _annotations(view)]
    shown, more = first_failures(sorted(annotations, key=lambda one: -one[0]))
    lines += [text for _, text in shown]
    if more:
        rest = plural(more, "more limit")
        lines.append(command("error", "losscli", f"{rest} failed; the summary lists all of them"))
    for view in views:
        if view.gate is not None:
            where = f"{view.saved}: " if len(views) > 1 else ""
            lines.append(plain(f"losscli: {where}{view.gate.line}"))
    return "\n".join(lines) + "\n"


def _results(view: ViewModel) -> Iterator[str]:
    yield view.caption
    for line in view.lines():
        change = f", change {line.change}" if line.change else ""
        remarks = f" ({line.remarks})" if line.remarks else ""
        yield f"{line.name(pred=view.several)} = {value_text(line.value)}{change}{remarks}"


def _annotations(view: ViewModel) -> Iterator[tuple[float, str]]:
    """A workflow command for each failed limit, after how far it is exceeded."""
    for limit in view.gate.failed if view.gate is not None else ():
        title = f"{view.saved}: {limit.name}" if view.saved is not None else limit.name
        yield limit.excess, command("error", title, f"{limit.bound}: {limit.reason}")


def command(kind: str, title: str, message: str) -> str:
    """One workflow command; characters that would end or split it are escaped."""
    return f"::{kind} title={_escape(visible(title), ':,')}::{_escape(visible(message))}"


def plain(text: str) -> str:
    """A line of the log that is no command; GitHub looks for the older form, `##[`, anywhere in a line."""
    return visible(text).replace("##[", "##\\[")


def _escape(text: str, more: str = "") -> str:
    for sign in f"%\r\n{more}":
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text
