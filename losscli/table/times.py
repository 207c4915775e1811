"""Text as a time: a number, or a date and time in the form of ISO 8601, as a number that is greater later."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple, TypeAlias

from losscli.errors import DataError
from losscli.text import read_number

TimeKind: TypeAlias = Literal["number", "date", "date with offset"]
"""What a time is; those of one column are of one kind."""
EPOCH = datetime(1970, 1, 1)


class Time(NamedTuple):
    """A time: a number as it is, of a date the microseconds since 1970, which a double holds exactly until 2255."""

    kind: TimeKind
    value: float


def read_time(text: str) -> Time | None:
    """The time that a text means; None where it is none.

    >>> read_time("2024-05-31T12:00"), read_time("7"), read_time("May")
    (Time(kind='date', value=1717156800000000.0), Time(kind='number', value=7.0), None)
    """
    if (number := read_number(text)) is not None:
        return Time("number", number) if math.isfinite(number) else None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    kind: TimeKind = "date" if moment.tzinfo is None else "date with offset"
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    since = moment - EPOCH
    return Time(kind, float((since.days * 86400 + since.seconds) * 10**6 + since.microseconds))


def read_times(texts: Sequence[str], file: str, column: str) -> list[float]:
    """The times of a column as numbers.  DataError where one is none, or of another kind than the others."""
    times = [read_time(text) for text in texts]
    dates = [time.kind for time in times if time is not None and time.kind != "number"]
    kind = dates[0] if dates else "number"
    for text, time in zip(texts, times, strict=True):
        if time is None or time.kind != kind:
            raise DataError(
                f"the time `{text}` is neither a number nor a date that can be put in order",
                "times of one column are all numbers, or all dates of one kind such as `2024-05-31T12:00`",
                file=file,
                column=column,
            )
    return [time.value for time in times if time is not None]
