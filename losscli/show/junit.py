"""JUnit XML, for the test tab of a CI system: a test case for each limit or, without limits, for each result."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from losscli.show import package
from losscli.show.lines import exact_text
from losscli.text import visible

if TYPE_CHECKING:
    from losscli.show.canvas import Canvas
    from losscli.show.verdict import LimitLine
    from losscli.show.view import ResultLine, ViewModel

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(views: Sequence[ViewModel], look: Canvas) -> str:
    """A suite for each view."""
    junit = package("junitparser", format="junit", extra="junit")
    document = junit.JUnitXml("losscli")
    for view in views:
        suite = junit.TestSuite(words(f"losscli: {view.caption}"))
        for line in view.lines():
            suite.add_property(words(line.name(pred=True)), exact_text(line.value))
        if view.gate is not None:
            suite.add_testcases([_limit(junit, limit) for limit in view.gate.limits])
        else:
            suite.add_testcases([_case(junit, line) for line in view.lines()])
        # Not `add_testsuite`, which merges two suites that are equal.
        document.append(suite)
    text: bytes | str = document.tostring()
    text = text.decode("utf-8") if isinstance(text, bytes) else text
    body = re.sub(r"^<\?xml[^>]*\?>\s*", "", text)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _limit(junit: Any, limit: LimitLine) -> Any:
    name = f"{limit.name} {limit.bound}"
    case = junit.TestCase(words(name), classname="losscli.gate", time=0.0)
    if not limit.passed:
        failure = junit.Failure(words(limit.reason), limit.kind)
        failure.text = words(f"{name}: {limit.reason}")
        case.result = [failure]
    elif limit.reason:
        case.system_out = words(limit.reason)
    return case


def _case(junit: Any, line: ResultLine) -> Any:
    """A result without a limit, as a test case that passes."""
    case = junit.TestCase(words(line.name(pred=True)), classname="losscli.result", time=0.0)
    case.system_out = words("; ".join(text for text in (exact_text(line.value), line.notes) if text))
    return case


def words(text: str) -> str:
    """The text with an escape for each character that XML cannot hold."""
    return NOT_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", visible(text))
