"""`losscli check`: gates on saved results, for which no data are needed."""

from __future__ import annotations

from typing import Annotated

import typer

from losscli.cli import options
from losscli.cli.settings import from_command_line
from losscli.errors import UsageError


def check_command(
    context: typer.Context,
    results: Annotated[
        list[str], typer.Argument(metavar="RESULT...", help="Saved results (`eval … -o FILE.json`)")
    ],
    max: options.MaxLimits = None,
    min: options.MinLimits = None,
    baseline: options.BaselineFile = None,
    max_regression: options.RegressionLimits = None,
    format: options.Format = None,
    json: Annotated[bool, typer.Option("--json", help="The same as `--format json`")] = False,
    output: options.Output = None,
    quiet: options.Quiet = False,
    config: options.ConfigFile = None,
    errors: options.Errors = "text",
) -> None:
    """Apply gates to saved results: no data needed.

    Every RESULT is judged by the same limits.  With `--json`, several results are an array of documents.
    """
    if json and format not in (None, "json") and from_command_line(context, "format"):
        raise UsageError(f"`--json` and `--format {format}` ask for two formats")
    inputs = [*results, *([baseline] if baseline else [])]
    out = options.Outputs.of("json" if json else format, output or [], inputs)

    from losscli.report.saved import read_result

    gate = options.read_gate(context, max, min, baseline, max_regression)
    if gate is None or (not gate.limits and gate.baseline is None):
        raise UsageError(
            "there is no limit to check",
            hint="add `--max LOSS=X`, or gates to `losscli.toml` (`losscli init`)",
        )
    reports = [gate.judge(read_result(path)) for path in results]
    if not quiet:
        for report in reports:
            for warning in report.warnings:
                options.say(f"warning: {report.saved}: {warning}")
            options.tell_left_out(out, report.rows.left_out, report.saved)
    out.write(*reports)
    codes = [options.tell_verdict(report, out.format) for report in reports]  # each says why it failed
    if any(codes):
        raise typer.Exit(1)


check_command.epilog = (  # type: ignore[attr-defined]
    "\b\nExamples:\n"
    "  losscli check result.json --max rmse=60\n"
    "  losscli check result.json --baseline main.json --max-regression rmse=2% -f markdown"
)
