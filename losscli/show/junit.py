"""JUnit XML, for the test tab of a CI system: a test case for each limit, or for each result without limits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from losscli.errors import UsageError
from losscli.show.lines import caption, limit_name, limit_text, notes, place_text, several_preds
from losscli.text import visible

if TYPE_CHECKING:
    from losscli.report.records import Report, Result
    from losscli.show import Canvas

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report, look: Canvas) -> str:
    return render_all([report], look)


def render_all(reports: Sequence[Report], look: Canvas) -> str:
    """A suite for each report."""
    junit = _library()
    document = junit.JUnitXml("losscli")
    for report in reports:
        suite = junit.TestSuite(words(f"losscli: {caption(report)}"))
        for r in report.results:
            suite.add_property(words(_name(r)), "null" if r.value is None else repr(r.value))
        if report.gate is not None:
            several = several_preds(report.gate)
            suite.add_testcases([_limit(junit, limit, several) for limit in report.gate["limits"]])
        else:
            suite.add_testcases([_result(junit, r) for r in report.results])
        # Not `add_testsuite`, which makes one of two suites that are equal.
        document.append(suite)
    text: bytes | str = document.tostring()
    text = text.decode("utf-8") if isinstance(text, bytes) else text
    body = re.sub(r"^<\?xml[^>]*\?>\s*", "", text)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _limit(junit: Any, limit: dict[str, Any], several: bool) -> Any:
    name = f"{limit_name(limit, several=several)} {limit_text(limit)}"
    case = junit.TestCase(words(name), classname="losscli.gate", time=0.0)
    if not limit["passed"]:
        failure = junit.Failure(words(limit["reason"] or ""), limit["kind"])
        failure.text = words(f"{name}: {limit['reason']}")
        case.result = [failure]
    elif limit["reason"]:
        case.system_out = words(limit["reason"])
    return case


def _result(junit: Any, r: Result) -> Any:
    """A result without a limit is a test that passes: it is there to be seen."""
    case = junit.TestCase(words(_name(r)), classname="losscli.result", time=0.0)
    said = ["null" if r.value is None else repr(r.value), *notes(r)]
    case.system_out = words("; ".join(said))
    return case


def _name(r: Result) -> str:
    place = place_text(r.part, r.slice)
    return ", ".join([r.loss, r.pred, *([place] if place else [])])


def words(text: str) -> str:
    """Text as XML can hold it."""
    return NOT_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", visible(text))


def _library() -> Any:
    try:
        import junitparser
    except ImportError:
        raise UsageError(
            "`junit` needs the package junitparser", hint="install it: `pip install 'losscli[junit]'`"
        ) from None
    return junitparser
