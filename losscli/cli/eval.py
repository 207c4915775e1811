"""`losscli eval`: losses of one pair of inputs, or of one input that holds both columns."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from losscli.cli import options
from losscli.errors import UsageError


def eval_command(
    preds: options.Preds,
    labels: options.Labels = None,
    loss: options.LossSpecs = None,
    pred: options.Pred = None,
    label: options.Label = None,
    weight: options.Weight = None,
    from_logits: options.FromLogits = False,
    nan: options.Nan = "error",
    input_format: options.InputFormat = None,
    dialect: options.DialectText = None,
    format: options.Format = None,
    json: Annotated[bool, typer.Option("--json", help="The same as `--format json`")] = False,
    output: options.Output = None,
    jobs: options.Jobs = None,
    chunk_rows: options.ChunkRows = options.DEFAULT_CHUNK_ROWS,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_progress: options.NoProgress = False,
    errors: options.Errors = "text",
) -> None:
    """Measure losses of predictions against labels.

    PREDS and LABELS are files (CSV, TSV, Parquet, Arrow, JSON lines, NumPy), or `-` for standard input.
    Without LABELS, PREDS holds both columns.  Rows are paired by position.
    """
    if errors not in ("text", "json"):
        raise UsageError(f"`--errors` is text or json, not `{errors}`")
    if nan not in ("error", "drop"):
        raise UsageError(f"`--nan` is error or drop, not `{nan}`")
    if json and format not in (None, "json"):
        raise UsageError(f"`--json` and `--format {format}` ask for two formats")
    began = time.perf_counter()
    out = options.Outputs.of("json" if json else format, output or [], [preds, *([labels] if labels else [])])

    from losscli.cli.progress import Progress
    from losscli.evaluate import evaluate

    with Progress(wanted=not (quiet or no_progress)) as progress:
        report = evaluate(
            preds,
            labels,
            loss=loss or [],
            pred=pred,
            label=label,
            weight=weight,
            from_logits=from_logits,
            nan="drop" if nan == "drop" else "error",
            input_format=input_format,
            dialect=options.read_dialect(dialect),
            jobs=jobs,
            chunk_rows=chunk_rows,
            start=progress.start,
        )
    if not quiet:
        for warning in report.warnings:
            options.say(f"warning: {warning}")
    out.write(report)
    if verbose:
        seconds = time.perf_counter() - began
        rate = report.rows.used / seconds / 1e6
        options.say(f"{report.rows.used} rows in {seconds:.3f} s, {rate:.1f} million a second")


EXAMPLES = """\b
Examples:
  losscli eval sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv -l rmse -l mae
  losscli eval sample_data/breast_cancer.csv --pred prob -l log_loss -l brier --json
  losscli eval sample_data/iris.csv --pred 'p_*' -l cross_entropy -f value"""

eval_command.epilog = EXAMPLES  # type: ignore[attr-defined]
