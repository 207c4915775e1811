"""`losscli report`: what `eval` measures, as a page for a browser."""

from __future__ import annotations

import inspect
import sys
from typing import Any

from losscli.cli import options
from losscli.cli.commands.eval import eval_command
from losscli.errors import UsageError

LEFT_OUT = ("format", "json", "plot")
"""Options of `eval` that say what goes to standard output: here it is the page, or nothing."""

DEFAULT_WORST = 10


def report_command(**given: Any) -> None:
    """Write what `eval` measures as one self-contained HTML page with pictures (`pip install 'losscli[report]'`).

    `-o report.html` names the file; without it the page goes to a pipe.  The options are those of `eval`.
    """
    if not given.get("output") and sys.stdout.isatty():
        raise UsageError("a page is not for a terminal", hint="name a file: `-o report.html`")
    eval_command(**given, format=options.NOTHING if given.get("output") else "html")


def _signature() -> inspect.Signature:
    """The options of `eval`, save those that the page replaces."""
    whole = inspect.signature(eval_command, eval_str=True)
    kept = []
    for name, param in whole.parameters.items():
        if name not in LEFT_OUT:
            kept.append(param.replace(default=DEFAULT_WORST) if name == "worst" else param)
    return whole.replace(parameters=kept)


PARAMETERS = _signature()
EXAMPLES = """\b
Examples:
  losscli report sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv -l mse --by sex -o report.html
  losscli report sample_data/breast_cancer.csv --pred prob -l log_loss > report.html"""

report_command.__signature__ = PARAMETERS  # type: ignore[attr-defined]
report_command.__annotations__ = {name: param.annotation for name, param in PARAMETERS.parameters.items()}
report_command.epilog = EXAMPLES  # type: ignore[attr-defined]
