"""`losscli merge`: saved states become the results of all their rows."""

from __future__ import annotations

from dataclasses import replace

from losscli.cli import outputs
from losscli.cli.call_options import Options
from losscli.errors import UsageError

EXAMPLES = (
    "\b\nExamples:\n"
    "  losscli eval monday.csv -l rmse --state-out monday.state\n"
    "  losscli merge monday.state tuesday.state --max rmse=60 -f markdown"
)


def run(call: Options) -> int:
    """Combine saved states, exactly, and finish: the results are those of one call over all rows.

    A STATE is what `losscli eval … --state-out FILE` writes, or `losscli compare`, whose verdicts `--margin` and
    `--fail-on` judge.  All must be of the same losses, columns and options.
    """
    inputs = [*call.states, *([call.baseline] if call.baseline else [])]
    out = outputs.Outputs.of(call, inputs)

    from losscli.report.comparison import Comparison
    from losscli.report.merge import MergeOptions, merged_report

    report = merged_report(call.record("merge", MergeOptions))
    if isinstance(report, Comparison):
        # Imported here: most states are of `eval`.
        from losscli.cli.commands import compare

        compare.refuse_formats(out)
        if "top" in call.given:
            raise UsageError("`--top` shows slices of results, and the states are of `losscli compare`")
        return compare.finish(report, out, quiet=call.quiet)
    report = replace(report, command=outputs.command_line(), top=call.top)
    if not call.quiet:
        outputs.tell(out, report.warnings, report.rows.left_out)
    out.write(report)
    return outputs.tell_verdict(report, out.format)
