"""`--resume`: the state file of a run is kept up to date, and a run that was cut short goes on from it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from losscli._version import __version__
from losscli.errors import DataError, UsageError
from losscli.measure.call import Measured
from losscli.measure.engines.pool import Outcome
from losscli.measure.tally import Tally
from losscli.numbers.arithmetic import arithmetic
from losscli.report.saved_plan import differing
from losscli.report.saved_state import SavedState, numbers_of
from losscli.report.state_document import ReachedRecord, ShardRecord

if TYPE_CHECKING:
    from losscli.measure.plan import Plan
    from losscli.reading.source import Source
    from losscli.report.options import EvalOptions
    from losscli.report.save_state import StateFile
    from losscli.report.state_document import InputRecord

SECONDS = 10.0
"""From one writing of the state to the next, at least."""

PARTS = 4
"""By key, rows are measured in so many parts, since they have no order to go on in."""

SHARE = 20
"""The writing takes at most one part in so many of the time."""

ANEW = "remove the file to begin anew"


def refuse_resume(options: EvalOptions) -> None:
    """UsageError where a run could not go on from its state."""
    if options.state_out is None:
        raise UsageError("`--resume` goes on from a file of states", hint="add `--state-out FILE`")
    if options.watches:
        raise UsageError(
            "single rows are not part of a state, and `--resume` goes on from one",
            hint="leave `--worst`, `--rows-out` or `--resume` out",
        )


class StateJournal:
    """The state file of a run: what it held at the start, and what is written to it."""

    def __init__(self, state: StateFile, plan: Plan, sources: Sequence[Source], options: EvalOptions) -> None:
        """UsageError or DataError where the run cannot go on from the file."""
        for record in (held.record for held in state.inputs):
            if any(file.ends is None for file in record.files):
                raise UsageError(
                    f"{record.path} cannot be known again: `--resume` compares the size and the ends of files",
                    hint="save it to a file first",
                )
        self._state, self._sources = state, sources
        self._dialect = None if options.dialect is None else options.dialect.text
        self._due = time.monotonic() + SECONDS
        self.plan, self.before, self.complete, self.parts = plan, Outcome(Tally()), False, PARTS
        if os.path.exists(state.path):
            self._go_on(SavedState.read(state.path))

    def _go_on(self, saved: SavedState) -> None:
        """Take over the rows of a state."""
        self._refuse_other(saved)
        reached = saved.document.reached
        if reached is None:
            self.complete = True
        elif reached.part is not None:
            self.parts = reached.part.count
            self.plan = self.plan._replace(reached=reached.part.index)
        else:
            self.plan = self.plan._replace(reached=reached.row or 0)
        found = saved.tally(self.plan, (0, 0), saved.held().plan)
        with numbers_of(saved.path):
            self.before.tally.merge(found)
        if self.plan.keys is not None:
            # Imported here: few runs go on by key.
            from losscli.pairing.bad_keys import KeyFaults, KeyTally

            read = saved.read_rows
            self.before.keys = KeyTally(read, KeyFaults.none(len(read)), saved.document.rows.paired)

    def _refuse_other(self, saved: SavedState) -> None:
        """DataError where a state is of another call, of other inputs, or was made by other means."""
        document, state = saved.document, self._state
        if document.plan != state.held.hash:
            apart = differing(saved.held(), state.held)
            self._refuse(f"its {apart.what} are not those of this call", apart.one, apart.other)
        if document.shard != state.shard:
            self._refuse(
                "it is of another part", *(str(one or "all rows") for one in (document.shard, state.shard))
            )
        for then, now in zip(document.inputs, (held.record for held in state.inputs), strict=True):
            self._refuse_changed(then, now)
        if document.reached is not None and document.reached.dialect != self._dialect:
            dialects = (document.reached.dialect, self._dialect)
            self._refuse("its inputs were read in another dialect", *(one or "none" for one in dialects))
        if document.losscli != __version__:
            self._refuse("another version of losscli wrote it", document.losscli, __version__)
        if document.arithmetic != arithmetic():
            self._refuse("it was made with other arithmetic", document.arithmetic, arithmetic())

    def _refuse_changed(self, then: InputRecord, now: InputRecord) -> None:
        """DataError where an input is not what it was."""
        if (then.format, len(then.files)) != (now.format, len(now.files)):
            kinds = (f"{one.format}, {len(one.files)} files" for one in (then, now))
            self._refuse(f"{now.path} is another input", *kinds)
        for was, file in zip(then.files, now.files, strict=True):
            if was.bytes != file.bytes:
                self._refuse(f"{file.path} has another size", f"{was.bytes} bytes", f"{file.bytes}")
            if was.ends != file.ends:
                self._refuse(
                    f"{file.path} has the same size, and other bytes", was.ends or "", file.ends or ""
                )

    def _refuse(self, what: str, then: str, now: str) -> None:
        raise DataError(
            f"`--resume` cannot go on from it: {what}",
            f"it has {then}, and this call {now}",
            ANEW,
            self._state.path,
        )

    def keep(self, outcome: Outcome, reached: int) -> None:
        """Write the state of all rows before one, or of some parts of them, once in a while."""
        began = time.monotonic()
        if began < self._due or outcome.tally.faults.found:
            return
        if self.plan.keys is None:
            record = ReachedRecord(reached, None, self._dialect)
        else:
            record = ReachedRecord(None, ShardRecord(reached, self.parts, "key"), self._dialect)
        self._state.write(Measured(self.plan, outcome), self._sources, record)
        ended = time.monotonic()
        self._due = ended + max(SECONDS, SHARE * (ended - began))
