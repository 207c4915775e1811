"""What a table for eyes says about a report, whatever draws it: rounded values and remarks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from losscli.numbers.exact import decimal, round_fraction
from losscli.report.slice_pattern import slice_text
from losscli.text import grouped, plural

if TYPE_CHECKING:
    from losscli.report.records import Report, Result

TOUCHED = {
    "clipped": "{} with a probability raised to `eps`",
    "tied": "{} where the greatest score is tied",
    "sum_not_one": "{} whose probabilities do not quite sum to 1",
    "rounded": "{} with a probability rounded to 0 or 1",
}
SKIPPED = {"zero_label": "{} skipped: the label is zero"}


def value_text(value: float | None) -> str:
    """A value for eyes, at six digits; a dash where there is none."""
    return "–" if value is None else f"{value:.6g}"


def constant_texts(result: Result) -> list[str]:
    """The loss of the best constant and the skill against it, for eyes."""
    held = result.constant or {"value": None, "skill": None}
    return [value_text(held["value"]), value_text(held["skill"])]


def remarks(result: Result) -> str:
    """The interval, the note, and the rows that were skipped or touched."""
    return "; ".join([*([interval_text(result.ci)] if result.ci is not None else []), *notes(result)])


def notes(result: Result) -> list[str]:
    """The note, and the rows that were skipped or touched."""
    said = [result.note] if result.note else []
    for words, counts in ((SKIPPED, result.skipped), (TOUCHED, result.touched)):
        said += [words.get(name, "{} " + name).format(plural(n, "row")) for name, n in counts.items()]
    return said


def interval_text(ci: Mapping[str, Any]) -> str:
    """The ends of an interval, its level and how it was made."""
    return f"{100 * ci['level']:.4g}% in [{ci['low']:.6g}, {ci['high']:.6g}] ({ci['method']})"


def caption(report: Report) -> str:
    """Which columns of which files were compared, and over how many rows."""
    sides = [f"{found.path} ({', '.join(found.columns)})" for found in report.inputs]
    said = f"{' against '.join(sides)}: {plural(report.rows.used, 'row')}"
    if report.saved is not None:
        said = f"{report.saved}: {said}"
    hidden = f"{plural(report.hidden, 'slice')} not shown" if report.hidden else ""
    return ", ".join(words for words in (said, report.rows.left_out, hidden) if words)


MOST_FAILURES = 10
"""So many failed limits are told one by one; it is also what GitHub shows of one step."""


def place_text(part: Mapping[str, str], slice: Mapping[str, str | None]) -> str:
    """The part and the slice that a result is of; nothing for the whole."""
    said = [f"{kind} {name}" for kind, name in part.items()]
    return ", ".join([*said, slice_text(slice)] if slice else said)


def limit_name(limit: Mapping[str, Any], *, several: bool = False) -> str:
    """What a limit bounds: the loss, the prediction where there are several, the part, the slice."""
    said = limit["loss"]
    if several and limit["pred"] is not None:
        said += f" of {limit['pred']}"
    place = place_text(limit["part"], limit["slice"])
    return f"{said}, {place}" if place else said


def limit_text(limit: Mapping[str, Any]) -> str:
    """The bound in words: ``at most 0.5``."""
    from losscli.report.gates import WORDS

    size = limit["limit"]
    return f"{WORDS[limit['kind']]} {size if isinstance(size, str) else f'{size:.6g}'}"


def verdict_word(limit: Mapping[str, Any]) -> str:
    return "passed" if limit["passed"] else "FAILED"


def several_preds(gate: Mapping[str, Any]) -> bool:
    return len({limit["pred"] for limit in gate["limits"]} - {None}) > 1


def gate_line(gate: Mapping[str, Any]) -> str:
    """The verdict on all limits, in one line."""
    limits: Sequence[Mapping[str, Any]] = gate["limits"]
    failed = sum(not limit["passed"] for limit in limits)
    if not failed:
        return f"gate passed: {plural(len(limits), 'limit')}"
    return f"gate FAILED: {failed} of {plural(len(limits), 'limit')}"


def failure_lines(gate: Mapping[str, Any], saved: str | None = None) -> Iterator[str]:
    """Why the gate failed, a line a limit, worst first."""
    from losscli.report.gates import failures

    failed = failures(gate)
    several = several_preds(gate)
    where = f"{saved}: " if saved is not None else ""
    shown = failed if len(failed) <= MOST_FAILURES else failed[: MOST_FAILURES - 1]
    for limit in shown:
        yield f"gate failed: {where}{limit_name(limit, several=several)} {limit_text(limit)}: {limit['reason']}"
    if len(shown) < len(failed):
        yield f"gate failed: {where}{len(failed) - len(shown)} more of {plural(len(gate['limits']), 'limit')}"


PLAIN = 12
"""Characters up to which a number of a row is not rounded."""

MOST_TEXT = 200
"""Characters that are shown of the text of a cell."""


def worst_tables(report: Report) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """The worst rows of each result that holds them: a heading, the names of the columns, the cells."""
    several = len({r.pred for r in report.results}) > 1
    for r in report.results:
        worst = (r.detail or {}).get("worst")
        if not worst or not worst["rows"]:
            continue
        place = place_text(r.part, r.slice)
        name = f"{r.loss}{f' of {r.pred}' if several else ''}{f', {place}' if place else ''}"
        share = "" if worst["share"] is None else f", {100 * worst['share']:.3g}% of the total"
        count = len(worst["rows"])
        said = (
            f"worst row by {name}{share}" if count == 1 else f"worst {grouped(count)} rows by {name}{share}"
        )
        yield said, list(worst["rows"][0]), [[_cell_text(v) for v in row.values()] for row in worst["rows"]]


def is_number(cell: str) -> bool:
    """Whether a cell is a number, or the dash where there is none."""
    try:
        float(cell)
    except ValueError:
        return cell == "–"
    return True


def _cell_text(value: Any) -> str:
    """A cell of a row: a number of few digits as it stands, since one may look for it in the file."""
    if isinstance(value, float):
        plain = repr(value).removesuffix(".0")
        return plain if len(plain) <= PLAIN and "e" not in plain else value_text(value)
    text = "–" if value is None else str(value)
    return text if len(text) <= MOST_TEXT else f"{text[: MOST_TEXT - 1]}…"


def change_text(value: float | None, before: float | None) -> str:
    """How far a value is from the baseline's, and what share of it that is."""
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
