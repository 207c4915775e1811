"""Gates on saved results: the function behind `losscli check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from losscli.errors import UsageError
from losscli.measure.arguments import record
from losscli.report.gates import Gate
from losscli.report.options import GateOptions, arguments_of
from losscli.report.records import Report
from losscli.report.saved import read_result

if TYPE_CHECKING:
    from losscli.measure.arguments import Files


@record()
class CheckOptions(GateOptions):
    """The options of `check`.

    results: paths of saved results, or one.
    """

    results: Files


@arguments_of(CheckOptions)
def check(options: CheckOptions) -> list[Report]:
    """Judge saved results by the same limits, for which no data are needed.

    Raises UsageError where there is no limit, and DataError where a file is no saved result.
    """
    return [report.in_python() for report in checked(options)]


def checked(options: CheckOptions) -> list[Report]:
    """The saved results with their verdicts."""
    if not options.judged:
        raise UsageError(
            "there is no limit to check",
            hint="add `--max LOSS=X`, or gates to `losscli.toml` (`losscli init`)",
        )
    gate = Gate.of(options)
    return [gate.judge(read_result(path)) for path in options.results]
