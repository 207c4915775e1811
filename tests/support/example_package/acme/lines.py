"""An output format: a line for each result."""

from __future__ import annotations

from losscli.show import Format

LINES = Format((".lines",), module="acme.lines")


def render(view, look):
    return "".join(f"{result.loss} is {result.value!r}\n" for result in view.report.results)
