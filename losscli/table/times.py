"""Text as a time: a number, or a date and time in the form of ISO 8601, as a number that is greater later."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Literal, NamedTuple, TypeAlias

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
