"""Gates on saved results: the function behind `losscli check`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from losscli.errors import UsageError
from losscli.report.gates import Gate
from losscli.report.options import GateOptions, arguments_of
from losscli.report.records import Report
from losscli.report.saved import read_result


@dataclass(frozen=True, eq=False, repr=False)
class CheckOptions(GateOptions):
    """The options of `check`.

    results: paths of saved results.
    """

    results: Sequence[str]


@arguments_of(CheckOptions)
def check(options: CheckOptions) -> list[Report]:
    """Judge saved results by the same limits, for which no data are needed.

    Raises UsageError where there is no limit, and DataError where a file is no saved result.
    """
    return checked(options)


def checked(options: CheckOptions) -> list[Report]:
    """The saved results with their verdicts."""
    if not options.judged:
        raise UsageError(
            "there is no limit to check",
            hint="add `--max LOSS=X`, or gates to `losscli.toml` (`losscli init`)",
        )
    gate = Gate.of(options)
    return [gate.judge(read_result(path)) for path in options.results]
