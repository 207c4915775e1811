"""`losscli compare`: the paired difference of two models on the same rows."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from losscli.cli import outputs
from losscli.cli.call_options import Options
from losscli.cli.commands.eval import refuse_keyed
from losscli.cli.option import Panel
from losscli.cli.options import of_command
from losscli.errors import UsageError

if TYPE_CHECKING:
    from losscli.report.comparison import Comparison

EXAMPLES = (
    "\b\nExamples:\n"
    "  losscli compare sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv -p pred_linear -p pred -l mae\n"
    "  losscli compare base.parquet head.parquet labels.parquet -l rmse -l mae --by country --margin 0.5\n"
    "  losscli compare base.csv head.csv -l log_loss --fail-on worse,inconclusive --json"
)


def run(call: Options) -> int:
    """Compare two models on the same rows: how much worse HEAD is than BASE, and how sure that is.

    The verdict is `worse` where the interval of the difference lies above the margin, `better` where it lies
    below minus the margin, `same` where it lies between, else `inconclusive`; slices are judged after Holm's
    correction.  With `--pred` given twice or more the inputs are PREDS and LABELS, and the first model is the base.

    Two saved results (`eval … -o FILE.json`) are compared without rows, unpaired, by their standard errors.
    """
    refuse_keyed(call)
    inputs = [path for path in (call.base, call.head, call.labels) if path is not None]
    out = outputs.Outputs.of(call, inputs)
    outputs.check_state_out(call, out, inputs)

    from losscli.cli.progress import Progress
    from losscli.report.compare import compared
    from losscli.report.models import CompareOptions

    refuse_formats(out)
    options = call.record("compare", CompareOptions)
    if call.head is not None and call.base.endswith(".json") and call.head.endswith(".json"):
        _refuse_rows(call)
        from losscli.report.compare_saved import compare_saved

        saved = compare_saved(
            call.base, call.head, loss=call.loss, ci=call.ci, margin=call.margin, fail_on=options.fail_on
        )
        return finish(saved, out, quiet=call.quiet)
    with Progress(wanted=not (call.quiet or call.no_progress)) as progress:
        comparison = compared(options, progress.start)
    if options.shard is not None:
        outputs.tell_part(call, comparison.rows.used)
        return 0
    return finish(comparison, out, quiet=call.quiet)


def refuse_formats(out: outputs.Outputs) -> None:
    """UsageError where a format that is written cannot show a comparison."""
    from losscli.show import refuse_comparison

    for name in (out.format, *(name for name, _ in out.files)):
        refuse_comparison(name)


def _refuse_rows(call: Options) -> None:
    """UsageError where two saved results come with an option that is of rows."""
    if call.labels is not None:
        raise UsageError("two saved results are compared without LABELS")
    of_rows = (Panel.INPUTS, Panel.ROWS, Panel.LOSSES)
    for given, entry in of_command("compare").items():
        alone = given not in ("loss", "ci") and entry.flags and entry.panel in of_rows
        if given not in call.given or not (alone or given == "state_out"):
            continue
        raise UsageError(
            f"`--{given.replace('_', '-')}` needs rows, and saved results hold none",
            hint="compare the predictions themselves: `losscli compare BASE HEAD LABELS`",
        )


def finish(comparison: Comparison, out: outputs.Outputs, *, quiet: bool) -> int:
    """Write it; exit code 1 where a verdict is one of those that fail."""
    from losscli.show.comparison import failure

    if not quiet:
        outputs.tell(out, comparison.warnings, comparison.left_out)
    out.write(replace(comparison, command=outputs.command_line()))
    if not comparison.passed:
        if out.format != "table" or not sys.stdout.isatty():
            for one in comparison.failed:
                outputs.say(failure(one))
        return 1
    return 0
