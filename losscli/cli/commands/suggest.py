"""`losscli suggest`: which losses fit the columns, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from losscli.cli import options
from losscli.text import visible


def suggest_command(
    preds: options.Preds,
    labels: options.Labels = None,
    pred: Annotated[
        str | None,
        typer.Option(
            "--pred",
            "-p",
            metavar="COLUMNS",
            show_default=False,
            help="Prediction columns (default: looked for)",
        ),
    ] = None,
    label: options.Label = None,
    pos_label: options.PosLabel = None,
    from_logits: options.FromLogits = False,
    input_format: options.InputFormat = None,
    dialect: options.DialectText = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON")] = False,
    errors: options.Errors = "text",
) -> None:
    """Look at the columns and say which losses fit, and why.

    The first 20000 rows are looked at; nothing is measured.
    """
    from losscli.advise.suggest import as_json, render, suggest
    from losscli.report.writing import write_stdout

    found = suggest(
        preds,
        labels,
        pred=pred,
        label=label,
        from_logits=from_logits,
        pos_label=pos_label,
        input_format=input_format,
        dialect=options.read_dialect(dialect),
    )
    write_stdout(as_json(found) if json else _lines(render(found, min(options.terminal_look().width, 100))))


def _lines(text: str) -> str:
    """Names of files and columns may hold anything."""
    return "".join(f"{visible(line)}\n" for line in text.splitlines())


suggest_command.epilog = (  # type: ignore[attr-defined]
    "\b\nExamples:\n  losscli suggest sample_data/iris.csv\n"
    "  losscli suggest sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv --json"
)
