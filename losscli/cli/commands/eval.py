"""`losscli eval`: losses of one pair of inputs, or of one input that holds both columns."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from losscli.cli import outputs
from losscli.cli.call_options import Options
from losscli.errors import UsageError
from losscli.measure.options import Pictures
from losscli.text import plural

if TYPE_CHECKING:
    from losscli.report.options import EvalOptions

EXAMPLES = """\b
Examples:
  losscli eval sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv -l rmse -l mae
  losscli eval sample_data/breast_cancer.csv --pred prob -l log_loss -l brier --json
  losscli eval sample_data/iris.csv --pred 'p_*' -l cross_entropy -f value
  losscli eval sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv -l mae --max rmse=60"""


def run(call: Options) -> int:
    """Measure losses of predictions against labels.

    PREDS and LABELS are files (CSV, TSV, Parquet, Arrow, JSON lines, NumPy); folders, with every data file in
    them except those whose names begin with `_` or `.`; quoted globs; `-` for standard input; or URIs.
    Without LABELS, PREDS holds both columns.  Rows are paired by position, or
    with `--on` by key.
    """
    refuse_keyed(call)
    began = time.perf_counter()
    inputs = [path for path in (call.preds, call.labels, call.baseline) if path is not None]
    out = outputs.Outputs.of(call, inputs)
    # A picture is for eyes: none in a pipe, nor under another format than the table.
    plot = call.plot if out.format == "table" and sys.stdout.isatty() else None
    outputs.check_rows_out(call, out, inputs)
    outputs.check_columns(call)
    outputs.check_state_out(call, out, inputs)

    from losscli.cli.progress import Laps, Progress
    from losscli.report.evaluate import evaluated, with_losses
    from losscli.report.options import EvalOptions

    options = call.record(
        "eval",
        EvalOptions,
        pictures=_pictures(call, out, plot),
    )
    options, said = with_losses(options)
    if said is not None and not call.quiet:
        outputs.say(said)
    laps, going_on = Laps(began), None if call.quiet else partial(_going_on, options)
    with Progress(wanted=not (call.quiet or call.no_progress)) as progress:
        report = evaluated(options, progress.start, going_on, laps.done)
    if options.shard is not None:
        outputs.tell_part(call, report.rows.used)
        return 0
    report = replace(report, command=outputs.command_line(), top=call.top)
    if not call.quiet:
        outputs.tell(out, report.warnings, report.rows.left_out)
    out.write(report)
    if plot is not None:
        outputs.show_plot(report, plot)
    laps.done("show")
    if call.verbose:
        seconds = time.perf_counter() - began
        rate = report.rows.used / seconds / 1e6
        outputs.say(
            f"{plural(report.rows.used, 'row')} in {seconds:.3f} s, {rate:.1f} million a second: {laps}"
        )
    return outputs.tell_verdict(report, out.format)


def _pictures(call: Options, out: outputs.Outputs, plot: str | None) -> Pictures:
    """What is counted for pictures; under `--resume` nothing, as a run before may have measured some of the rows."""
    if call.resume:
        if call.plot is not None:
            raise UsageError("`--plot` needs every row", hint="leave `--plot` or `--resume` out")
        return "none"
    return "all" if out.draws or plot is not None else "losses" if out.shows_losses else "none"


def _going_on(options: EvalOptions, rows: int) -> None:
    outputs.say(f"{options.state_out} holds {plural(rows, 'row')} already: going on from there")


def refuse_keyed(call: Options) -> None:
    """UsageError where an option on the command line is of keys, and there are none."""
    if call.on is None and call.given & {"key_type", "unmatched"}:
        raise UsageError("`--key-type` and `--unmatched` need keys", hint="name the keys: `--on KEY`")
