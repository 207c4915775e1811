"""`losscli suggest`: which losses fit the columns, and why."""

from __future__ import annotations

from losscli.cli import outputs
from losscli.cli.call_options import Options
from losscli.text import visible

EXAMPLES = (
    "\b\nExamples:\n  losscli suggest sample_data/iris.csv\n"
    "  losscli suggest sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv --json"
)


def run(call: Options) -> None:
    """Look at the columns and say which losses fit, and why.

    The first 20000 rows are looked at; nothing is measured.
    """
    from losscli.advise.suggest import render, suggest
    from losscli.report.options import EvalOptions
    from losscli.report.writing import write_stdout

    found = suggest(call.record("suggest", EvalOptions))
    if call.json:
        from losscli.report.suggestion import document

        write_stdout(document(found).text())
    else:
        write_stdout(_lines(render(found, min(outputs.terminal_look().width, 100))))


def _lines(text: str) -> str:
    """The text, with an escape for each character in a name that would act on the terminal."""
    return "".join(f"{visible(line)}\n" for line in text.splitlines())
