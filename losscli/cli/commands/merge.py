"""`losscli merge`: saved states become the results of all their rows."""

from __future__ import annotations

from dataclasses import replace

from losscli.cli import outputs
from losscli.cli.options import Options

EXAMPLES = (
    "\b\nExamples:\n"
    "  losscli eval monday.csv -l rmse --state-out monday.state\n"
    "  losscli merge monday.state tuesday.state --max rmse=60 -f markdown"
)


def run(call: Options) -> int:
    """Combine saved states, exactly, and finish: the results are those of one call over all rows.

    A STATE is what `losscli eval … --state-out FILE` writes.  All must be of the same losses, columns and options.
    """
    inputs = [*call.states, *([call.baseline] if call.baseline else [])]
    out = outputs.Outputs.of(call, inputs)

    from losscli.report.merge import MergeOptions, merged_report

    report = merged_report(call.record("merge", MergeOptions))
    report = replace(report, command=outputs.command_line(), top=call.top)
    if not call.quiet:
        for warning in report.warnings:
            outputs.say(f"warning: {warning}")
        outputs.tell_left_out(out, report.rows.left_out)
    out.write(report)
    return outputs.tell_verdict(report, out.format)
