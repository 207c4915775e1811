"""Output formats, one file each, and FORMATS, the table of them.

The module of a format has a function ``render``, which turns the view of a report, a comparison or an explanation into text.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from losscli.errors import UsageError
from losscli.loss import plugins
from losscli.show.canvas import Canvas

if TYPE_CHECKING:
    from losscli.report.comparison import Comparison
    from losscli.report.records import Report
    from losscli.report.why import Explanation
    from losscli.show.view import ViewModel


class Format(NamedTuple):
    """What is known of an output format before its module is imported.

    A package adds one under the name of its suffix: files that end in ``.NAME`` are written by it.
    """

    suffixes: tuple[str, ...] = ()  # of its files
    between: str | None = ""  # text between several reports; None: ``render`` takes them all at once
    all_slices: bool = False  # it shows every slice, whatever `--top` says
    compares: bool = False  # it can show a comparison
    explains: bool = False  # it can show what libraries would report
    shows_gate: bool = False  # a reader sees which limits failed, and why
    shows_left_out: bool = True  # a reader sees how many rows were left out
    draws: bool = False  # it has pictures, for which more is kept of the rows
    module: str | None = (
        None  # which has ``render``; None: the one of this package that has the format's name
    )


FORMATS = {
    "table": Format(between="\n", compares=True, explains=True, shows_gate=True),
    "json": Format((".json",), between=None, all_slices=True, compares=True, explains=True),
    "jsonl": Format((".jsonl", ".ndjson"), all_slices=True, shows_left_out=False),
    "csv": Format((".csv",), between=None, compares=True, explains=True, shows_left_out=False),
    "markdown": Format((".md",), between="\n", compares=True, explains=True, shows_gate=True),
    "github": Format(between=None, all_slices=True, shows_gate=True),
    "junit": Format((".xml",), between=None, all_slices=True),
    "html": Format((".html", ".htm"), all_slices=True, compares=True, shows_gate=True, draws=True),
    "value": Format((".txt",), shows_left_out=False),
}

COMPARING = tuple(name for name, format in FORMATS.items() if format.compares)
"""The formats that can show a comparison."""
EXPLAINING = tuple(name for name, format in FORMATS.items() if format.explains)
"""The formats that can show what libraries would report."""


def render(
    name: str, subjects: Sequence[Report | Comparison | Explanation], look: Canvas | None = None
) -> str:
    """Reports, or a comparison, as text in the named format."""
    format = output_format(name)
    module = importlib.import_module(format.module or f"losscli.show.{name}")
    look = look or Canvas()
    views = [_view(subject, format) for subject in subjects]
    if format.between is None:
        together: str = module.render(views, look)
        return together
    return format.between.join(module.render(view, look) for view in views)


def _view(subject: Report | Comparison | Explanation, format: Format) -> ViewModel:
    """The view of a report, with the slices that the format shows, of a comparison, or of what libraries report."""
    # Imported here: help and completion read the table of formats without importing NumPy.
    from losscli.report.records import Report

    if isinstance(subject, Report):
        from losscli.show.view import ReportView

        return ReportView(subject if format.all_slices else subject.shown())
    from losscli.report.comparison import Comparison

    if isinstance(subject, Comparison):
        from losscli.show.comparison import ComparisonView

        return ComparisonView(subject)
    from losscli.show.why import WhyView

    return WhyView(subject)


def view_of(subject: Report | Comparison) -> ViewModel:
    """The view with all slices."""
    return _view(subject, FORMATS["json"])


def output_format(name: str) -> Format:
    """The format of a name, which a package may add; UsageError if there is none, or if it cannot be loaded."""
    if name in FORMATS:
        return FORMATS[name]
    if (plugin := plugins.find("formats", name)) is None:
        names = ", ".join(f"`{one}`" for one in (*FORMATS, *(p.name for p in plugins.installed("formats"))))
        raise UsageError(f"no output format is called `{name}`", hint=f"the formats are {names}")
    found = plugin.load()
    if not isinstance(found, Format) or found.module is None:
        raise plugin.refused("a `Format` with a module")
    return found


def known(name: str) -> str:
    """The name itself; UsageError if there is no such format."""
    output_format(name)
    return name


def refuse_comparison(name: str) -> None:
    """UsageError if the format cannot show a comparison."""
    if not output_format(name).compares:
        raise _unfit(name, "a comparison", COMPARING)


def refuse_explanation(name: str) -> None:
    """UsageError if the format cannot show what libraries would report."""
    if not output_format(name).explains:
        raise _unfit(name, "what libraries report", EXPLAINING)


def _unfit(name: str, what: str, formats: Sequence[str]) -> UsageError:
    names = ", ".join(f"`{known}`" for known in formats)
    return UsageError(f"{what} cannot be shown as `{name}`", hint=f"its formats are {names}")


def package(name: str, *, format: str, extra: str) -> Any:
    """A package that a format needs and that not every installation has; UsageError if it is missing."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise UsageError(
            f"`{format}` needs the package `{name}`", hint=f"install it: `pip install 'losscli[{extra}]'`"
        ) from None


def parse_output(text: str) -> tuple[str, str]:
    """The format and the path in a value of ``--output``, ``[FORMAT=]FILE``; by default the suffix names the format."""
    name, equals, path = text.partition("=")
    if equals and (name in FORMATS or plugins.find("formats", name) is not None):
        if not path:
            raise UsageError(f"`{text}` names no file", hint=f"write `{name}=FILE`")
        return name, path
    for name, format in FORMATS.items():
        if format.suffixes and text.lower().endswith(format.suffixes):
            return name, text
    added = os.path.splitext(text.lower())[1][1:]
    if added and plugins.find("formats", added) is not None:
        return added, text
    known_suffixes = " ".join(suffix for format in FORMATS.values() for suffix in format.suffixes)
    raise UsageError(
        f"the format of `{text}` is not clear from its name",
        f"known suffixes are {known_suffixes}",
        "name it: `--output json=FILE`",
    )
