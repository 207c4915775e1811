"""The view of what libraries would report: a row for losscli and one for each library, by loss."""

from __future__ import annotations

from typing import Any

from losscli.advise.libraries import LIBRARIES
from losscli.report.why import ExplainedRecord, Explanation, LibraryRecord
from losscli.show.columns import Table, TextColumn
from losscli.show.lines import value_text
from losscli.show.view import ViewModel, title_of
from losscli.text import plural


class WhyView(ViewModel):
    """What losscli measures, and what each library would report instead."""

    def __init__(self, explanation: Explanation) -> None:
        super().__init__(explanation)
        self.explained = explanation.losses
        self.signatures = []
        self.title = f"{title_of([one.loss for one in self.explained])} by library"
        paths = " and ".join(found.path for found in explanation.inputs)
        self.caption = f"{self.title} ({paths}): {plural(explanation.rows.used, 'row')}"

    def results(self, *, ends: bool = False, baseline: bool = False) -> Table:
        rows: list[tuple[str, ...]] = []
        for one in self.explained:
            rows.append((one.loss, "losscli", value_text(one.value), "", one.note or ""))
            rows += [
                (one.loss, LIBRARIES[found.library].name, value_text(found.value), _here(found), _rule(found))
                for found in one.libraries
            ]  # fmt: skip
        heads = ("loss", "library", "value", "in losscli", "rule")
        cells = [[row[at] for row in rows] for at in range(len(heads))]
        columns = [
            TextColumn(head, column, "value" if head == "value" else "text")
            for head, column in zip(heads, cells, strict=True)
        ]
        return Table(columns if len(self.explained) > 1 else columns[1:])

    def exact(self) -> list[tuple[str, list[Any]]]:
        heads = ("loss", "pred", "library", "name", "value", "same", "formula", "rule", "note")
        rows = []
        for one in self.explained:
            rows.append((one.loss, one.pred, "losscli", "", one.value, "", one.loss, "", one.note or ""))
            for found in one.libraries:
                same = "" if found.same is None else "yes" if found.same else "no"
                rows.append((
                    one.loss, one.pred, found.library, found.name, found.value, same, found.formula or "", found.rule,
                    found.note or "",
                ))  # fmt: skip
            for library in one.agree:
                rows.append((one.loss, one.pred, library, "", one.value, "yes", one.loss, "", one.note or ""))
        return [(head, [row[at] for row in rows]) for at, head in enumerate(heads)]

    def notes(self) -> list[str]:
        return [said for one in self.explained if (said := _agreement(one))]


def _here(found: LibraryRecord) -> str:
    """How losscli is asked for the value of a library."""
    if found.loss is not None:
        return found.loss
    return "–" if found.formula is None or " if " in found.formula else found.formula


def _rule(found: LibraryRecord) -> str:
    said = f"{found.name}: {found.rule}"
    if found.same:
        said = f"no difference here; {said}"
    return f"{said} ({found.note})" if found.note else said


def _agreement(one: ExplainedRecord) -> str:
    """Which libraries have the loss and no rule of their own."""
    names = ", ".join(LIBRARIES[library].name for library in one.agree)
    if one.libraries:
        return f"{one.loss}: as here, as far as is known, in {names}" if names else ""
    if not names:
        return f"{one.loss}: none of the libraries that were read has it"
    return f"{one.loss}: all agree, as far as is known: {names}"
