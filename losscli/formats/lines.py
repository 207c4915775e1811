"""What a table for eyes says about a report, whatever draws it: rounded values and remarks."""

from __future__ import annotations

from losscli.report import Report, Result
from losscli.text import grouped, plural

TOUCHED = {
    "clipped": "{} with a probability raised to `eps`",
    "tied": "{} where the greatest score is tied",
    "sum_not_one": "{} whose probabilities do not quite sum to 1",
}
SKIPPED = {"zero_label": "{} skipped: the label is zero"}


def value_text(value: float | None) -> str:
    """A value for eyes, at six digits; a dash where there is none."""
    return "–" if value is None else f"{value:.6g}"


def remarks(result: Result) -> str:
    """The note, and the rows that were skipped or touched."""
    said = [result.note] if result.note else []
    for words, counts in ((SKIPPED, result.skipped), (TOUCHED, result.touched)):
        said += [words.get(name, "{} " + name).format(plural(n, "row")) for name, n in counts.items()]
    return "; ".join(said)


def caption(report: Report) -> str:
    """Which columns of which files were compared, and over how many rows."""
    sides = [f"{found.path} ({', '.join(found.columns)})" for found in report.inputs]
    said = f"{' against '.join(sides)}: {plural(report.rows.used, 'row')}"
    dropped = [f"{grouped(count)} dropped ({reason})" for reason, count in report.rows.dropped.items()]
    return ", ".join([said, *dropped])
