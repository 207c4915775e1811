"""`losscli report`: what `eval` measures, as a page for a browser."""

from __future__ import annotations

import sys

from losscli.cli.call_options import Options
from losscli.cli.commands import eval as eval_command
from losscli.cli.outputs import NOTHING
from losscli.errors import UsageError

EXAMPLES = """\b
Examples:
  losscli report sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv -l mse --by sex -o report.html
  losscli report sample_data/breast_cancer.csv --pred prob -l log_loss > report.html"""


def run(call: Options) -> int:
    """Write what `eval` measures as one self-contained HTML page with pictures (`pip install 'losscli[report]'`).

    `-o report.html` names the file; without it the page goes to a pipe.  The options are those of `eval`.
    """
    if not call.output and sys.stdout.isatty():
        raise UsageError("a page is not for a terminal", hint="name a file: `-o report.html`")
    return eval_command.run(call.replace(format=NOTHING if call.output else "html"))
