"""Rounded values and remarks, in the same words in every format."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from losscli.numbers.exact import decimal, round_fraction
from losscli.report.slice_pattern import slice_text
from losscli.text import plural

if TYPE_CHECKING:
    from losscli.report.records import Report, Result

TOUCHED = {
    "clipped": "{} with a probability raised to `eps`",
    "tied": "{} where the greatest score is tied",
    "sum_not_one": "{} whose probabilities do not quite sum to 1",
    "rounded": "{} with a probability rounded to 0 or 1",
}
SKIPPED = {"zero_label": "{} skipped: the label is zero"}
SKIPPED_GROUPS = {"undefined": "{} left out: no value", "empty": "{} left out: nothing to rank"}


def value_text(value: float | None) -> str:
    """A value with six digits, or a dash."""
    return "–" if value is None else f"{value:.6g}"


def exact_text(value: float | None) -> str:
    """A value with every digit, or null."""
    return "null" if value is None else repr(value)


def remarks(result: Result) -> str:
    """The interval, the note, and how many rows or groups were skipped or touched."""
    return "; ".join([*([interval_text(result.ci)] if result.ci is not None else []), *notes(result)])


NOTED = ("note", "skipped", "touched")
"""What of a result the notes are of."""


def notes(result: Result) -> list[str]:
    """The note, and how many rows or groups were skipped or touched."""
    return notes_of(result.note, result.skipped, result.touched)


def notes_of(note: str | None, skipped: Mapping[str, int], touched: Mapping[str, int]) -> list[str]:
    """The remarks on a result: its note, and how many rows were skipped and touched."""
    said = [note] if note else []
    for words, counts in ((SKIPPED, skipped), (TOUCHED, touched)):
        for name, n in counts.items():
            what = "group" if name in SKIPPED_GROUPS else "row"
            said.append((SKIPPED_GROUPS | words).get(name, "{} " + name).format(plural(n, what)))
    return said


def groups_text(result: Result) -> list[str]:
    """Over how many groups it is a mean, for formats without a column for that."""
    return [] if result.groups is None else [f"mean over {plural(result.groups, 'group')}"]


def interval_text(ci: Mapping[str, Any]) -> str:
    """The level, the ends and the method of an interval."""
    return f"{100 * ci['level']:.4g}% in [{ci['low']:.6g}, {ci['high']:.6g}] ({ci['method']})"


def caption(report: Report) -> str:
    """The columns that were compared, their files, and the number of rows."""
    sides = [f"{found.path} ({', '.join(found.columns)})" for found in report.inputs]
    said = f"{' against '.join(sides)}: {plural(report.rows.used, 'row')}"
    if report.saved is not None:
        said = f"{report.saved}: {said}"
    hidden = f"{plural(report.hidden, 'slice')} not shown" if report.hidden else ""
    return ", ".join(words for words in (said, report.rows.left_out, hidden) if words)


def place_text(part: Mapping[str, str], slice: Mapping[str, str | None]) -> str:
    """The part and the slice of a result; empty for the whole."""
    said = [f"{kind} {name}" for kind, name in part.items()]
    return ", ".join([*said, slice_text(slice)] if slice else said)


def name_text(loss: str, pred: str | None, place: str = "") -> str:
    """The name of a result: its loss, its prediction if there are several, its part and slice."""
    return f"{loss}{f' of {pred}' if pred is not None else ''}{f', {place}' if place else ''}"


def several_preds(results: Sequence[Result]) -> bool:
    """Whether there is more than one prediction."""
    return len({r.pred for r in results}) > 1


PLAIN = 12
"""A number of a row is not rounded if it has at most this many characters."""

MOST_TEXT = 200
"""Characters of a cell that are shown."""


def row_text(value: Any) -> str:
    """A cell of a row; a number of few digits is not rounded, so that it can be found in the file."""
    if isinstance(value, float):
        plain = repr(value).removesuffix(".0")
        return plain if len(plain) <= PLAIN and "e" not in plain else value_text(value)
    text = "–" if value is None else str(value)
    return text if len(text) <= MOST_TEXT else f"{text[: MOST_TEXT - 1]}…"


def change_text(value: float | None, before: float | None) -> str:
    """The difference from the baseline, and its share of the baseline."""
    if value is None or before is None:
        return "–"
    if value == before:
        return "same"
    change = decimal(value) - decimal(before)
    apart = round_fraction(change)
    if not math.isfinite(apart):
        return "–"
    share = round_fraction(100 * change / abs(decimal(before))) if before else math.inf
    return f"{apart:+.4g}{f' ({share:+.3g}%)' if math.isfinite(share) else ''}"
