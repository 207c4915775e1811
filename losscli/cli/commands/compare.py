"""`losscli compare`: the paired difference of two models on the same rows."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from losscli.cli import options
from losscli.cli.settings import Call, from_command_line
from losscli.errors import UsageError
from losscli.measure.memory import parse_size

if TYPE_CHECKING:
    from losscli.report.comparison import Comparison


def compare_command(
    context: typer.Context,
    base: Annotated[
        str, typer.Argument(metavar="BASE", help="Predictions of the base; PREDS with several `--pred`")
    ],
    head: Annotated[
        str | None,
        typer.Argument(metavar="HEAD", help="Predictions of the other model; LABELS with several `--pred`",
                       show_default=False),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Argument(metavar="LABELS", help="Labels (default: BASE holds them)", show_default=False),
    ] = None,
    loss: options.LossSpecs = None,
    pred: options.Pred = None,
    label: options.Label = None,
    weight: options.Weight = None,
    by: options.By = None,
    min_slice: options.MinSlice = 0,
    margin: Annotated[
        float, typer.Option("--margin", metavar="M", help="Differences up to M do not matter, in the loss's unit")
    ] = 0.0,
    fail_on: Annotated[
        str,
        typer.Option("--fail-on", metavar="VERDICT,…",
                     help="Verdicts that are exit code 1: better, same, worse, inconclusive; empty: none"),
    ] = "worse",
    classes: options.Classes = None,
    pos_label: options.PosLabel = None,
    class_weight: options.ClassWeight = None,
    average: options.Average = None,
    from_logits: options.FromLogits = False,
    where: options.Where = None,
    on: options.On = None,
    key_type: options.KeyType = None,
    unmatched: options.Unmatched = "error",
    nan: Annotated[
        str, typer.Option("--nan", metavar="error|drop", help="Missing values: refuse them, or drop the row for all")
    ] = "error",
    ci: Annotated[
        str | None,
        typer.Option("--ci", metavar="SPEC", show_default=False,
                     help="The interval, e.g. `normal:level=0.9` or `bootstrap` (default: normal, of 0.95)"),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option("--time", metavar="COLUMN", show_default=False,
                     help="The time of each row: compare by Diebold and Mariano's test; predictions made several "
                     "steps ahead: `--ci normal:horizon=H`"),
    ] = None,
    input_format: options.InputFormat = None,
    dialect: options.DialectText = None,
    format: Annotated[
        str | None,
        typer.Option("--format", "-f", metavar="NAME", show_default=False,
                     help="table, json, csv or markdown (default: table on a terminal, csv in a pipe)"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The same as `--format json`")] = False,
    output: options.Output = None,
    jobs: options.Jobs = None,
    chunk_rows: options.ChunkRows = options.DEFAULT_CHUNK_ROWS,
    memory: options.Memory = None,
    quiet: options.Quiet = False,
    no_progress: options.NoProgress = False,
    config: options.ConfigFile = None,
    errors: options.Errors = "text",
) -> None:  # fmt: skip
    """Compare two models on the same rows: how much worse HEAD is than BASE, and how sure that is.

    The verdict is `worse` where the interval of the difference lies above the margin, `better` where it lies
    below minus the margin, `same` where it lies between, else `inconclusive`; slices are judged after Holm's
    correction.  With `--pred` given twice or more the inputs are PREDS and LABELS, and the first model is the base.

    Two saved results (`eval … -o FILE.json`) are compared without rows, unpaired, by their standard errors.
    """
    if nan not in ("error", "drop"):
        raise UsageError(f"`--nan` is error or drop, not `{nan}`")
    if json and format not in (None, "json") and from_command_line(context, "format"):
        raise UsageError(f"`--json` and `--format {format}` ask for two formats")
    if unmatched not in ("error", "drop"):
        raise UsageError(f"`--unmatched` is error or drop, not `{unmatched}`")
    if on is None and any(from_command_line(context, name) for name in ("key_type", "unmatched")):
        raise UsageError("`--key-type` and `--unmatched` are of keys", hint="name the keys: `--on KEY`")
    bytes_held = None if memory is None else parse_size(memory)
    inputs = [path for path in (base, head, labels) if path is not None]
    out = options.Outputs.of("json" if json else format, output or [], inputs)

    from losscli.cli.progress import Progress
    from losscli.report.compare import compare
    from losscli.show import refuse_comparison

    for name in (out.format, *(name for name, _ in out.files)):
        refuse_comparison(name)
    failing = [word.strip() for word in fail_on.split(",") if word.strip()]
    if head is not None and base.endswith(".json") and head.endswith(".json"):
        _refuse_rows(context, labels)
        from losscli.report.compare_saved import compare_saved

        saved = compare_saved(base, head, loss=loss or [], ci=ci, margin=margin, fail_on=failing)
        _finish(saved, out, quiet=quiet)
        return
    with Progress(wanted=not (quiet or no_progress)) as progress:
        comparison = compare(
            base,
            head,
            labels,
            loss=loss or [],
            pred=pred or (),
            label=label,
            weight=weight,
            from_logits=from_logits,
            classes=classes.split(",") if classes is not None else (),
            pos_label=pos_label,
            class_weight=options.read_class_weight(class_weight),
            average=average,
            by=by or (),
            min_slice=min_slice,
            where=where,
            nan="drop" if nan == "drop" else "error",
            on=on,
            key_type=key_type,
            unmatched="drop" if unmatched == "drop" else "error",
            ci=ci,
            time=time,
            margin=margin,
            fail_on=failing,
            memory=bytes_held,
            input_format=input_format,
            dialect=options.read_dialect(dialect),
            jobs=jobs,
            chunk_rows=chunk_rows,
            start=progress.start,
        )
    _finish(comparison, out, quiet=quiet)


def _refuse_rows(context: Call, labels: str | None) -> None:
    """UsageError where two saved results come with an option that is of rows."""
    if labels is not None:
        raise UsageError("two saved results are compared without LABELS")
    if given := next((name for name in OF_ROWS if from_command_line(context, name)), None):
        raise UsageError(
            f"`--{given.replace('_', '-')}` is of rows, and saved results hold none",
            hint="compare the predictions themselves: `losscli compare BASE HEAD LABELS`",
        )


OF_ROWS = (
    "pred", "label", "weight", "by", "min_slice", "classes", "pos_label", "class_weight", "average", "from_logits",
    "where", "on", "key_type", "unmatched", "nan", "time", "input_format", "dialect",
)  # fmt: skip


def _finish(comparison: Comparison, out: options.Outputs, *, quiet: bool) -> None:
    """Write it; exit code 1 where a verdict is one of those that fail."""
    from losscli.show.comparison import failure

    if not quiet:
        for warning in comparison.warnings:
            options.say(f"warning: {warning}")
        options.tell_left_out(out, comparison.left_out)
    out.write(replace(comparison, command=options.command_line()))
    if comparison.failed:
        if out.format != "table" or not sys.stdout.isatty():
            for one in comparison.failed:
                options.say(failure(one))
        raise typer.Exit(1)


compare_command.epilog = (  # type: ignore[attr-defined]
    "\b\nExamples:\n"
    "  losscli compare sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv -p pred_linear -p pred -l mae\n"
    "  losscli compare base.parquet head.parquet labels.parquet -l rmse -l mae --by country --margin 0.5\n"
    "  losscli compare base.csv head.csv -l log_loss --fail-on worse,inconclusive --json"
)
