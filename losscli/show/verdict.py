"""The verdict of a gate in words: which limits passed, which failed, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from losscli.show.lines import name_text, place_text, value_text
from losscli.text import plural

WORDS = {"max": "at most", "min": "at least", "max_regression": "worse by at most"}
"""A kind of limit, before its size."""
F = TypeVar("F")

MOST_FAILURES = 10
"""GitHub shows so many annotations of one step."""


@dataclass(frozen=True, slots=True)
class LimitLine:
    """One limit, and whether it passed."""

    passed: bool
    name: str  # the loss, the prediction if there are several, the part, the slice
    bound: str  # in words: ``at most 0.5``
    value: str
    baseline: str
    reason: str
    kind: str
    excess: float  # how far the value is beyond a limit that failed

    @property
    def word(self) -> str:
        """The verdict on the limit."""
        return "passed" if self.passed else "FAILED"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict in one line, and the limits behind it."""

    passed: bool
    line: str
    limits: Sequence[LimitLine] = ()
    failed: Sequence[LimitLine] = ()  # worst first


def first_failures(failed: Sequence[F]) -> tuple[Sequence[F], int]:
    """The failed limits that are named one by one, and the number of the others."""
    shown = failed if len(failed) <= MOST_FAILURES else failed[: MOST_FAILURES - 1]
    return shown, len(failed) - len(shown)


def judged(gate: Mapping[str, Any]) -> Verdict:
    """The verdict of a judged report."""
    # Imported here: few reports are judged.
    from losscli.report.gates import failures

    several = len({limit["pred"] for limit in gate["limits"]} - {None}) > 1
    limits = [_line(limit, several=several) for limit in gate["limits"]]
    failed, count = [_line(limit, several=several) for limit in failures(gate)], plural(len(limits), "limit")
    line = f"gate FAILED: {len(failed)} of {count}" if failed else f"gate passed: {count}"
    return Verdict(gate["passed"], line, limits, failed)


def _line(limit: Mapping[str, Any], *, several: bool) -> LimitLine:
    from losscli.report.gates import excess

    size, pred = limit["limit"], limit["pred"] if several else None
    return LimitLine(
        passed=limit["passed"],
        name=name_text(limit["loss"], pred, place_text(limit["part"], limit["slice"])),
        bound=f"{WORDS[limit['kind']]} {size if isinstance(size, str) else f'{size:.6g}'}",
        value=value_text(limit["value"]),
        baseline="" if limit["baseline"] is None else value_text(limit["baseline"]),
        reason=limit["reason"] or "",
        kind=limit["kind"],
        excess=0.0 if limit["passed"] else excess(limit),
    )


def failure_lines(gate: Mapping[str, Any], saved: str | None) -> Iterator[str]:
    """Why the gate failed, with a line for each limit, worst first."""
    verdict = judged(gate)
    where = f"{saved}: " if saved is not None else ""
    shown, more = first_failures(verdict.failed)
    for limit in shown:
        yield f"gate failed: {where}{limit.name} {limit.bound}: {limit.reason}"
    if more:
        yield f"gate failed: {where}{more} more of {plural(len(verdict.limits), 'limit')}"
