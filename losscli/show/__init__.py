"""Output formats, one a file; FORMATS is the explicit table: a name and the suffixes that mean it.

Each module has ``render(report, look) -> str`` and shows the same report.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import NamedTuple

from losscli.errors import UsageError
from losscli.report.records import Report

FORMATS: dict[str, tuple[str, ...]] = {
    "table": (),
    "json": (".json",),
    "jsonl": (".jsonl", ".ndjson"),
    "csv": (".csv",),
    "markdown": (".md",),
    "github": (),
    "junit": (".xml",),
    "html": (".html", ".htm"),
    "value": (".txt",),
}

APART = {"table": "\n", "markdown": "\n"}
"""What stands between several reports."""

SHOW_GATES = ("table", "markdown", "github", "html")
"""The formats in which a reader sees which limits failed, and why."""

TERSE = ("jsonl", "csv", "value")
"""The formats that hold nothing beside the results: what was left out is told on standard error."""

WHOLE = ("json", "jsonl", "junit", "html", "github")
"""The formats that hold all slices, whatever `--top` shows: they are for programs, or rank slices themselves."""


class Canvas(NamedTuple):
    """What the place where a report is shown can show."""

    width: int = 80
    colour: bool = False
    unicode: bool = True
    pictures: bool = False


def render(name: str, reports: Report | Sequence[Report], look: Canvas | None = None) -> str:
    """The report in the format of that name; or several, by ``render_all`` where they share a frame."""
    module = importlib.import_module(f"losscli.show.{known(name)}")
    reports = [reports] if isinstance(reports, Report) else reports
    if name not in WHOLE:
        reports = [report.shown() if isinstance(report, Report) else report for report in reports]
    look = look or Canvas()
    if len(reports) > 1 and hasattr(module, "render_all"):
        together: str = module.render_all(reports, look)
        return together
    return APART.get(name, "").join(module.render(report, look) for report in reports)


def known(name: str) -> str:
    if name not in FORMATS:
        names = ", ".join(f"`{format}`" for format in FORMATS)
        raise UsageError(f"no output format is called `{name}`", hint=f"the formats are {names}")
    return name


def parse_output(text: str) -> tuple[str, str]:
    """Format and path of an ``--output`` value: ``[FORMAT=]FILE``, the format else by the suffix."""
    name, equals, path = text.partition("=")
    if equals and name in FORMATS:
        if not path:
            raise UsageError(f"`{text}` names no file", hint=f"write `{name}=FILE`")
        return name, path
    for format, suffixes in FORMATS.items():
        if suffixes and text.lower().endswith(suffixes):
            return format, text
    known_suffixes = " ".join(suffix for suffixes in FORMATS.values() for suffix in suffixes)
    raise UsageError(
        f"the format of `{text}` cannot be told from its name",
        f"known suffixes are {known_suffixes}",
        "name it: `--output json=FILE`",
    )
