"""`losscli eval`: losses of one pair of inputs, or of one input that holds both columns."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from typing import Annotated

import typer

from losscli.cli import options
from losscli.cli.settings import from_command_line
from losscli.errors import UsageError
from losscli.measure.memory import parse_size
from losscli.text import plural


def eval_command(
    context: typer.Context,
    preds: options.Preds,
    labels: options.Labels = None,
    loss: options.LossSpecs = None,
    pred: options.Pred = None,
    label: options.Label = None,
    weight: options.Weight = None,
    by: options.By = None,
    min_slice: options.MinSlice = 0,
    top: options.Top = None,
    classes: options.Classes = None,
    pos_label: options.PosLabel = None,
    class_weight: options.ClassWeight = None,
    average: options.Average = None,
    from_logits: options.FromLogits = False,
    where: options.Where = None,
    on: options.On = None,
    key_type: options.KeyType = None,
    unmatched: options.Unmatched = "error",
    nan: options.Nan = "error",
    ci: options.Ci = None,
    input_format: options.InputFormat = None,
    dialect: options.DialectText = None,
    max: options.MaxLimits = None,
    min: options.MinLimits = None,
    baseline: options.BaselineFile = None,
    max_regression: options.RegressionLimits = None,
    format: options.Format = None,
    json: Annotated[bool, typer.Option("--json", help="The same as `--format json`")] = False,
    output: options.Output = None,
    rows_out: options.RowsOut = None,
    gradient: options.Gradient = False,
    for_spreadsheets: options.ForSpreadsheets = False,
    worst: options.Worst = 0,
    columns: options.Columns = None,
    constant: options.Constant = False,
    plot: options.Plot = None,
    jobs: options.Jobs = None,
    chunk_rows: options.ChunkRows = options.DEFAULT_CHUNK_ROWS,
    memory: options.Memory = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_progress: options.NoProgress = False,
    config: options.ConfigFile = None,
    errors: options.Errors = "text",
) -> None:
    """Measure losses of predictions against labels.

    PREDS and LABELS are files (CSV, TSV, Parquet, Arrow, JSON lines, NumPy); folders, of which every data
    file counts but those whose names begin with `_` or `.`; quoted globs; `-` for standard input; or URIs.
    Without LABELS, PREDS holds both columns.  Rows are paired by position, or
    with `--on` by key.
    """
    if nan not in ("error", "drop", "propagate"):
        raise UsageError(f"`--nan` is error, drop or propagate, not `{nan}`")
    if json and format not in (None, "json") and from_command_line(context, "format"):
        raise UsageError(f"`--json` and `--format {format}` ask for two formats")
    if unmatched not in ("error", "drop"):
        raise UsageError(f"`--unmatched` is error or drop, not `{unmatched}`")
    keyed = [name for name in ("key_type", "unmatched") if from_command_line(context, name)]
    if on is None and keyed:
        raise UsageError("`--key-type` and `--unmatched` are of keys", hint="name the keys: `--on KEY`")
    bytes_held = None if memory is None else parse_size(memory)
    began = time.perf_counter()
    inputs = [path for path in (preds, labels, baseline) if path is not None]
    out = options.Outputs.of("json" if json else format, output or [], inputs)
    # A picture is for eyes: none in a pipe, nor under another format than the table.
    plotted = plot if out.format == "table" and sys.stdout.isatty() else None
    options.check_rows_out(rows_out, out, inputs, gradient=gradient, for_spreadsheets=for_spreadsheets)
    options.check_columns(columns, worst, rows_out)

    from losscli.cli.progress import Progress
    from losscli.report.evaluate import evaluate

    gate = options.read_gate(context, max, min, baseline, max_regression)
    asked = [*(loss or []), *(gate.losses if gate is not None else ())]
    if not asked:
        from losscli.advise.suggest import first_losses, suggest

        found = suggest(
            preds, labels, pred=pred[0] if pred else None, label=label, from_logits=from_logits,
            pos_label=pos_label, on=on, weight=weight, by=by or (), as_eval=True, input_format=input_format, dialect=options.read_dialect(dialect),
        )  # fmt: skip
        given = ["--from-logits"] * from_logits + [f"--pos-label={pos_label}"]
        asked = first_losses(found, given)
        if not quiet:
            said = f"no `--loss`: measuring {', '.join(asked)}, which `losscli suggest` names first"
            options.say(f"{said}: {found.first.why}")
    with Progress(wanted=not (quiet or no_progress)) as progress:
        report = evaluate(
            preds,
            labels,
            loss=asked,
            pred=pred,
            label=label,
            weight=weight,
            by=by or (),
            min_slice=min_slice,
            classes=classes.split(",") if classes is not None else (),
            pos_label=pos_label,
            class_weight=options.read_class_weight(class_weight),
            average=average,
            from_logits=from_logits,
            where=where,
            ci="normal" if ci in (None, "none") and gate is not None and gate.needs_intervals else ci,
            nan=nan,  # type: ignore[arg-type]  # checked above
            on=on,
            key_type=key_type,
            unmatched="drop" if unmatched == "drop" else "error",
            memory=bytes_held,
            input_format=input_format,
            dialect=options.read_dialect(dialect),
            jobs=jobs,
            chunk_rows=chunk_rows,
            rows_out=rows_out,
            gradient=gradient,
            for_spreadsheets=for_spreadsheets,
            worst=worst,
            columns=columns or (),
            constant=constant,
            pictures="all" if out.draws or plotted is not None else "losses" if out.shows_losses else "none",
            start=progress.start,
        )
    report = replace(report, command=options.command_line(), top=top)
    if gate is not None:
        report = gate.judge(report)
    if not quiet:
        for warning in report.warnings:
            options.say(f"warning: {warning}")
        options.tell_left_out(out, report.rows.left_out)
    out.write(report)
    if plotted is not None:
        options.show_plot(report, plotted)
    if verbose:
        seconds = time.perf_counter() - began
        rate = report.rows.used / seconds / 1e6
        options.say(f"{plural(report.rows.used, 'row')} in {seconds:.3f} s, {rate:.1f} million a second")
    if code := options.tell_verdict(report, out.format):
        raise typer.Exit(code)


EXAMPLES = """\b
Examples:
  losscli eval sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv -l rmse -l mae
  losscli eval sample_data/breast_cancer.csv --pred prob -l log_loss -l brier --json
  losscli eval sample_data/iris.csv --pred 'p_*' -l cross_entropy -f value
  losscli eval sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv -l mae --max rmse=60"""

eval_command.epilog = EXAMPLES  # type: ignore[attr-defined]
