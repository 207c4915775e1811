"""JUnit XML, for the test tab of a CI system: a test case for each limit, or for each result without limits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from losscli.errors import UsageError
from losscli.text import visible

if TYPE_CHECKING:
    from losscli.show.canvas import Canvas
    from losscli.show.verdict import LimitLine
    from losscli.show.view import View

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(views: Sequence[View], look: Canvas) -> str:
    """A suite for each view."""
    junit = _library()
    document = junit.JUnitXml("losscli")
    for view in views:
        suite = junit.TestSuite(words(f"losscli: {view.caption}"))
        results = list(_results(view))
        for name, value, _ in results:
            suite.add_property(words(name), value)
        if view.gate is not None:
            suite.add_testcases([_limit(junit, limit) for limit in view.gate.limits])
        else:
            suite.add_testcases([_case(junit, name, value, note) for name, value, note in results])
        # Not `add_testsuite`, which makes one of two suites that are equal.
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


def _case(junit: Any, name: str, value: str, note: str) -> Any:
    """A result without a limit is a test that passes: it is there to be seen."""
    case = junit.TestCase(words(name), classname="losscli.result", time=0.0)
    case.system_out = words(f"{value}; {note}" if note else value)
    return case


def _results(view: View) -> Iterator[tuple[str, str, str]]:
    """Name, value with every digit, and note of each result."""
    columns = view.exact()
    for cells in zip(*(cells for _, cells in columns), strict=True):
        row = dict(zip((head for head, _ in columns), cells, strict=True))
        name = ", ".join(row[part] for part in ("loss", "pred", "part", "slice") if row.get(part))
        yield name, "null" if row["value"] is None else repr(row["value"]), row["note"]


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
