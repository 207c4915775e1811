"""Read a result that was saved as JSON, or raise a DataError that says what is wrong with it.

A baseline that is half understood would let a regression pass.  So an unknown key, a text in place of a number,
and values that contradict each other are refused.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from losscli.errors import DataError
from losscli.report.records import Report
from losscli.text import plural

if TYPE_CHECKING:
    from losscli.report.document import Document

MOST_BYTES = 1 << 30


def read_result(path: str) -> Report:
    """The report in a file that `eval --json` or `--output FILE.json` wrote."""
    return as_report(read_json(path), path)


def read_json(path: str, hint: str | None = None) -> dict[str, Any]:
    """The object in a file of strict JSON."""
    text = _text(path)
    try:
        found = json.loads(text, parse_constant=_no_number, object_pairs_hook=_object)
    except _NotJson as error:
        raise DataError(str(error), file=path) from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise DataError(f"is not JSON: {error.msg[:1].lower()}{error.msg[1:]} ({where})", file=path) from None
    except RecursionError:
        raise DataError("is nested too deeply", file=path) from None
    except ValueError:
        raise DataError("holds a number that is too long", file=path) from None  # Python limits the digits
    if not isinstance(found, dict):
        raise DataError("holds no JSON object", hint=hint or HINT, file=path)
    return found


HINT = "`losscli eval … --output FILE.json` writes a result"


def as_report(document: dict[str, Any], path: str) -> Report:
    """The report of a parsed document."""
    read = values_of(document, Report, "result", HINT, path)
    metrics = read.pop("metrics")
    report = Report(**read, saved=path)
    if report.metrics != metrics:
        raise DataError(
            "`metrics` and `results` hold different values",
            "the file was changed after it was written",
            file=path,
        )
    return report


def values_of(
    document: dict[str, Any], kind: type[Document], what: str, hint: str, path: str
) -> dict[str, Any]:
    """The values of a document of a kind, which a message calls a saved ``what``."""
    title = document.get("schema")
    if title != kind.title:
        found = f"is `{title}`" if isinstance(title, str) else "says no `schema`"
        raise DataError(f"{found}, and a saved {what} is `{kind.title}`", hint=hint, file=path)
    # Imported here, since it takes longer than the measuring of a small file.
    from pydantic import ValidationError

    try:
        return kind.read(document)
    except ValidationError as error:
        raise _refusal(error, what, hint, path) from None


def _refusal(error: Any, what: str, hint: str, path: str) -> DataError:
    """The first thing that is wrong with a document."""
    errors = error.errors(include_url=False, include_context=False)
    first = errors[0]
    place = "".join(f"[{at}]" if isinstance(at, int) else f".{at}" for at in first["loc"]).lstrip(".")
    more = f"; {plural(len(errors) - 1, 'more is', 'more are')} wrong" if len(errors) > 1 else ""
    words = {"missing": "is missing", "extra_forbidden": f"is no key of a {what}"}
    said = words.get(first["type"], f"{first['msg'][:1].lower()}{first['msg'][1:]}")
    return DataError(f"is no saved {what}: `{place}`: {said}{more}", hint=hint, file=path)


def _text(path: str) -> str:
    try:
        if path == "-":
            return _decoded(sys.stdin.buffer.read(MOST_BYTES + 1), "standard input")
        if os.path.isdir(path):
            raise DataError("is a folder, and a saved result is a file", file=path)
        with open(path, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"cannot be read: {reason[:1].lower()}{reason[1:]}", file=path) from None
    except ValueError:
        raise DataError("is no name of a file", file=path) from None
    return _decoded(content, path)


def _decoded(content: bytes, path: str) -> str:
    if len(content) > MOST_BYTES:
        raise DataError(f"is larger than {MOST_BYTES} bytes, and no saved result", file=path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"is not UTF-8: byte {error.start + 1}", file=path) from None


class _NotJson(Exception):
    """Text that is not JSON although Python reads it."""


def _no_number(word: str) -> NoReturn:
    raise _NotJson(f"is not JSON: {word} is no number of JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _NotJson(f"holds the key `{twice}` twice in one object")
    return found
