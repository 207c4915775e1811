"""`losscli why`: what each library would report for the same files, and which rule makes the difference."""

from __future__ import annotations

from losscli.cli import outputs
from losscli.cli.call_options import Options
from losscli.cli.commands.eval import refuse_keyed

EXAMPLES = (
    "\b\nExamples:\n  losscli why sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv --loss mape\n"
    "  losscli why sample_data/breast_cancer.csv --pred prob --loss log_loss,average_precision --json"
)


def run(call: Options) -> None:
    """Show what each library would report for these files, and which rule makes the difference.

    The rules were read from the sources of the libraries; losscli measures what each of them computes.
    """
    refuse_keyed(call)
    inputs = [path for path in (call.preds, call.labels) if path is not None]
    out = outputs.Outputs.of(call, inputs)

    from losscli.cli.progress import Progress
    from losscli.report.why import WhyOptions, explained
    from losscli.show import refuse_explanation

    for name in (out.format, *(name for name, _ in out.files)):
        refuse_explanation(name)
    with Progress(wanted=not (call.quiet or call.no_progress)) as progress:
        explanation = explained(call.record("why", WhyOptions), progress.start)
    if not call.quiet:
        outputs.tell(out, explanation.warnings, explanation.rows.left_out)
    out.write(explanation)
