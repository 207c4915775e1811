"""A saved result to compare with, and which of its results was measured in the same way as a new one.

The signature says how a result was measured; names of columns and files do not matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from losscli.errors import DataError
from losscli.report.saved import read_result
from losscli.report.slice_pattern import slice_text
from losscli.text import grouped, plural

if TYPE_CHECKING:
    from losscli.report.records import Report, Result


@dataclass(frozen=True, slots=True)
class Baseline:
    """A saved result to compare with; ``why`` says why it cannot be read."""

    report: Report | None = None
    why: str | None = None

    @classmethod
    def read(cls, path: str) -> Baseline:
        """The saved result in a file, or why it cannot be read."""
        try:
            return cls(read_result(path))
        except DataError as error:
            said = f"{error.message}; {error.detail}" if error.detail else error.message
            return cls(why=f"the baseline {path}: {said}")

    def of(self, result: Result) -> Result | str:
        """The result in the baseline that was measured in the same way, or why there is none."""
        if self.report is None:
            return self.why or ""
        found = [r for r in self.report.results if r.loss == result.loss]
        if not found:
            return f"the baseline has no `{result.loss}`"
        found = [r for r in found if r.part == result.part]
        if not found:
            return f"the baseline has no {_named(result.part)} of `{result.loss}`"
        found = [r for r in found if r.slice == result.slice]
        if not found:
            return (
                f"the baseline has no slice {slice_text(result.slice)}"
                if result.slice
                else (f"the baseline has `{result.loss}` of slices only")
            )
        # With one prediction, its column may have another name than in the baseline.
        if len({r.pred for r in found}) > 1:
            found = [r for r in found if r.pred == result.pred]
        if not found:
            return f"the baseline has several predictions, and none is called `{result.pred}`"
        if found[0].signature != result.signature:
            return f"the baseline measured something else: {difference(found[0].signature, result.signature)}"
        return found[0]


def difference(before: str, now: str) -> str:
    """How two signatures differ."""
    was, is_now = before.split("|"), now.split("|")
    said = [f"then {part}" for part in was if part not in is_now]
    said += [f"now {part}" for part in is_now if part not in was]
    return ", ".join(said) or "the order of what it holds"


def unlike(before: Report, now: Report) -> list[str]:
    """Differences between two results that do not prevent a comparison."""
    said = []
    if before.rows.used != now.rows.used:
        said.append(
            f"the baseline was measured on {plural(before.rows.used, 'row')}, this on {grouped(now.rows.used)}"
        )
    preds, old = ({r.pred for r in report.results} for report in (now, before))
    if len(old) > 1 and (gone := sorted(old - preds)):
        said.append(f"the baseline holds {', '.join(f'`{pred}`' for pred in gone)} too, not measured here")
    for what, was, is_now in (
        ("losscli", before.losscli, now.losscli), ("", before.arithmetic, now.arithmetic)
    ):  # fmt: skip
        if was != is_now:
            said.append(f"the baseline was measured with {what} {was}, this with {is_now}".replace("  ", " "))
    return said


def _named(part: Mapping[str, str]) -> str:
    return " ".join(f"{kind} {name}" for kind, name in part.items()) or "whole"
