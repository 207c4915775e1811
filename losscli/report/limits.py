"""Limits on losses, as a call states them: numbers for flags, mappings and the tables of a configuration."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from losscli.errors import UsageError
from losscli.loss.domains import number
from losscli.measure.loss_request import LossRequest, names_of
from losscli.numbers.exact import decimal
from losscli.report.records import LimitKind
from losscli.text import read_number

if TYPE_CHECKING:
    from losscli.report.config import GateTable
    from losscli.report.options import GateOptions

FLAGS: dict[LimitKind, str] = {"max": "--max", "min": "--min", "max_regression": "--max-regression"}


@dataclass(frozen=True, slots=True)
class Limit:
    """One bound on one loss, for the whole or for the slices that a pattern names.

    ``size`` is the exact number that ``text`` writes; with ``percent`` it is a share of the baseline's absolute
    value.  ``inconclusive`` says what becomes of a limit that lies within
    the interval; without it, the interval is not looked at.
    """

    loss: str
    kind: LimitKind
    size: Fraction
    text: float | str
    percent: bool = False
    slice: str | None = None
    min_rows: int = 0
    inconclusive: Literal["pass", "fail"] | None = None
    correction: Literal["holm"] | None = None

    @classmethod
    def of(cls, loss: str, kind: LimitKind, size: float | str, **rest: Any) -> Limit:
        """A limit of a number, or of text such as ``2%``; UsageError where it is neither."""
        LossRequest.of(loss)
        text = size.strip() if isinstance(size, str) else number(size)
        percent = text.endswith("%")
        value = read_number(text.removesuffix("%").strip())
        if value is None or not math.isfinite(value):
            raise UsageError(
                f"`{text}` is no limit for `{loss}`",
                "a limit is a finite number" + ("" if kind != "max_regression" else ", or a percentage"),
                f"write `{loss}=0.5`",
            )
        if not percent:
            return cls(loss, kind, decimal(value), value, **rest)
        if kind != "max_regression":
            raise UsageError(
                f"`{kind}` bounds the value itself, and `{text}` is a share",
                hint="a share of the baseline is bounded by `--max-regression`",
            )
        # A share too small for a double is none: its fraction could have any number of digits.
        share = Fraction(text.removesuffix("%").strip()) / 100 if value else Fraction(0)
        return cls(loss, kind, share, text, percent=True, **rest)

    @classmethod
    def parse(cls, kind: LimitKind, text: str) -> Limit:
        """The value of a flag: ``huber:delta=2=0.05`` is split at the last equals sign."""
        loss, equals, size = text.rpartition("=")
        if not equals or not loss.strip() or not size.strip():
            example = "rmse=2%" if kind == "max_regression" else "rmse=0.5"
            raise UsageError(
                f"`{FLAGS[kind]} {text}` names no loss and limit", hint=f"write `{FLAGS[kind]} {example}`"
            )
        return cls.of(loss.strip(), kind, size.strip())


def limits_of(options: GateOptions) -> tuple[Limit, ...]:
    """The limits of a call and of its configuration.

    A limit of the call replaces the configuration's limit on the whole of the same loss.
    """
    given: dict[LimitKind, Mapping[str, float | str] | Sequence[str]] = {
        "max": options.max, "min": options.min, "max_regression": options.max_regression
    }  # fmt: skip
    limits: list[Limit] = []
    for kind, stated in given.items():
        if isinstance(stated, Mapping):
            limits += [Limit.of(loss, kind, size) for loss, size in stated.items()]
        else:
            limits += [Limit.parse(kind, text) for text in stated]
    if options.baseline is None and any(limit.kind == "max_regression" for limit in limits):
        raise UsageError("`--max-regression` has nothing to compare with", hint="add `--baseline FILE`")
    replaced = {(limit.kind, name) for limit in limits for name in names_of(limit.loss)}
    for limit in (limit for table in options.gates for limit in _limits_of(_gate(table))):
        if limit.slice is not None or not replaced & {(limit.kind, n) for n in names_of(limit.loss)}:
            limits.append(limit)
    return tuple(limits)


def _gate(given: GateTable | Mapping[str, Any]) -> GateTable:
    """A gate of a configuration, or one with the same keys in Python."""
    # Imported here, as pydantic is: few calls have gates.
    from pydantic import ValidationError

    from losscli.report.config import GateTable

    try:
        return GateTable.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise UsageError(
            f"`gates`: {f'`{key}`: ' if key else ''}{first['msg'].removeprefix('Value error, ')}",
            hint='a gate is `{"loss": "mse", "slice": "country=*", "max": 0.5}`; `losscli schema config` has every key',
        ) from None


def _limits_of(table: GateTable) -> Iterable[Limit]:
    """The limits that one table of a configuration sets."""
    for kind in FLAGS:
        if (size := getattr(table, kind)) is not None:
            yield Limit.of(
                table.loss, kind, size, slice=table.slice, min_rows=table.min_rows,
                inconclusive=table.inconclusive, correction=table.correction,
            )  # fmt: skip
