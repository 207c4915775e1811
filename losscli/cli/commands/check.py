"""`losscli check`: gates on saved results, for which no data are needed."""

from __future__ import annotations

from losscli.cli import outputs
from losscli.cli.call_options import Options

EXAMPLES = (
    "\b\nExamples:\n"
    "  losscli check result.json --max rmse=60\n"
    "  losscli check result.json --baseline main.json --max-regression rmse=2% -f markdown"
)


def run(call: Options) -> int:
    """Apply gates to saved results: no data needed.

    Every RESULT is judged by the same limits.  `--json` writes several results as an array of documents.
    """
    out = outputs.Outputs.of(call, [*call.results, *([call.baseline] if call.baseline else [])])

    from losscli.report.check import CheckOptions, checked

    reports = checked(call.record("check", CheckOptions))
    if not call.quiet:
        for report in reports:
            outputs.tell(out, report.warnings, report.rows.left_out, report.saved)
    out.write(*reports)
    # Of every report, since each says why it failed.
    return max([outputs.tell_verdict(report, out.format) for report in reports])
