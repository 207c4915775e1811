"""A saved state as it is read: its document, checked, the plan that it is of, and the tally in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from losscli._version import __version__
from losscli.errors import DataError
from losscli.measure.needs import Unknown
from losscli.measure.plan import Plan
from losscli.measure.tally import Tally
from losscli.report.records import RowCounts
from losscli.report.saved import read_json, values_of
from losscli.report.saved_plan import HeldPlan, HeldSource, held_plan
from losscli.report.saved_tally import placed_marks, read_tally
from losscli.report.state_document import StateDocument, digest_of

HINT = "`losscli eval … --state-out FILE` writes a state"

NOT_WRITTEN = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError)
"""What is raised by reading, adding up or finishing numbers that no state holds."""


@contextmanager
def numbers_of(path: str | None) -> Iterator[None]:
    """Work with the numbers of a state, or of several; DataError where no rows have such numbers.

    A digest tells a damaged file, and not one that was made up.
    """
    try:
        yield
    except NOT_WRITTEN as error:
        said = f"{type(error).__name__}: {error}"
        raise DataError(
            "is no saved state: its numbers are not what losscli writes", said, HINT, path
        ) from error


class SavedState(NamedTuple):
    """One state, and the file that it is in."""

    path: str
    document: StateDocument

    @classmethod
    def read(cls, path: str) -> SavedState:
        """The state in a file.  DataError where it is none, or was changed."""
        held = read_json(path, HINT)
        document = StateDocument(**values_of(held, StateDocument, "state", HINT, path))
        if document.digest != digest_of(held):
            raise DataError("the file was changed after it was written", hint=HINT, file=path)
        state = cls(path, document)
        if state.held().hash != document.plan:
            raise DataError(
                f"losscli {document.losscli} wrote it for another plan than losscli {__version__} makes of it",
                hint="merge with the version that wrote it",
                file=path,
            )
        return state

    def held(self, sources: Sequence[HeldSource] | None = None) -> HeldPlan:
        """Its plan, for its own inputs or others; DataError where it has none."""
        document = self.document
        try:
            sources = sources or [HeldSource(record, record.path) for record in document.inputs]
            return held_plan(document.call, document.edges, sources)
        except (*NOT_WRITTEN, Unknown) as error:
            raise DataError(
                "is no saved state: no plan can be made of its call", str(error) or None, HINT, self.path
            ) from None

    def tally(self, plan: Plan, before: Sequence[int], own: Plan | None = None) -> Tally:
        """What is kept of its rows, for a plan of the same hash, where other rows come before them.

        ``own`` is the plan of the state, where the other one may have read fewer columns.
        """
        with numbers_of(self.path):
            record = self.document.tally if own is None else placed_marks(self.document.tally, own, plan)
            return read_tally(record, self.document.rows, plan, before)

    @property
    def read_rows(self) -> list[int]:
        """How many rows were read of each side."""
        return read_rows(self.document.rows, len(self.document.inputs))


def read_rows(rows: RowCounts, sides: int) -> list[int]:
    """How many rows were read of each side."""
    return [rows.read_preds, *[rows.paired + rows.only_head] * (sides - 2), rows.read_labels][:sides]
