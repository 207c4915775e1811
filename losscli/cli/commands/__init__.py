"""One small module for each command: ``run`` takes the options of a call and returns its exit code; EXAMPLES."""

from __future__ import annotations

import importlib
from typing import Any

COMMANDS = (
    "eval",
    "compare",
    "check",
    "merge",
    "report",
    "suggest",
    "why",
    "losses",
    "init",
    "schema",
    "help",
)
"""The commands, in the order of help."""

EVAL = ("eval", "report")
ROWS = ("eval", "report", "compare")
MEASURING = (*ROWS, "why")
COLUMNS = (*MEASURING, "suggest")
INPUTS = (*COLUMNS, "init")
COMPARED = ("compare", "merge")
GATES = ("eval", "report", "check", "merge")
SHOWN = ("eval", "compare", "check", "merge", "why")
WRITTEN = (*MEASURING, "check", "merge")
TALKING = (*WRITTEN, "init")
"""Which of them share options."""

EPILOG = (
    "\b\nExamples:\n"
    "  losscli eval sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv --loss mse\n"
    "  losscli eval sample_data/breast_cancer.parquet --pred prob --label label -l log_loss -l brier --json\n"
    "  losscli losses huber"
)


def module_of(command: str) -> Any:
    """The module of a command."""
    return importlib.import_module(f"losscli.cli.commands.{command}")
