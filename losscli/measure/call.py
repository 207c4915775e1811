"""One call, from its options to what was measured: open, bind, prepass, read and fold."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from losscli.errors import DataError
from losscli.measure.engines import threads
from losscli.measure.engines.work import Work, measured_by
from losscli.measure.needs import Knowledge
from losscli.measure.prepass import settled_plan, with_constants
from losscli.measure.refusals import explained, no_rows, refuse
from losscli.pairing.keyplan import POSITION
from losscli.pairing.position import file_ends, refuse_unequal, unequal
from losscli.reading.inputs import Inputs, placed

if TYPE_CHECKING:
    from losscli.measure.engines.pool import Advance, Journal, Outcome, Sink
    from losscli.measure.loss_request import LossRequest
    from losscli.measure.options import MeasureOptions
    from losscli.measure.plan import Plan
    from losscli.reading.source import Source

Start: TypeAlias = "Callable[[Sequence[Source]], Advance]"
"""Called with the inputs before they are read; what it returns is called with each piece of progress."""


class Measured(NamedTuple):
    """What was measured, and by which plan."""

    plan: Plan
    outcome: Outcome


class Call(NamedTuple):
    """The options of one call, and its opened inputs."""

    options: MeasureOptions
    inputs: Inputs
    sources: Sequence[Source]
    jobs: int

    @classmethod
    def opened(cls, options: MeasureOptions) -> Call:
        """Open the inputs.  UsageError or DataError where they cannot be opened."""
        dialect = options.dialect
        inputs = Inputs(options.inputs, options.input_format, dialect, options.on not in (None, POSITION))
        again = options.reread or (dialect is not None and dialect.list is not None)
        sources = inputs.opened(again=again, jobs=options.jobs, memory=options.memory)
        return cls(options, inputs, sources, options.jobs or threads.default_jobs(sources))

    def plan(self, requests: Sequence[LossRequest], known: Knowledge | None = None) -> Plan:
        """What to read and measure.  UsageError or DataError where the options do not fit the inputs.

        What must be read before is added to what is ``known``.
        """
        return settled_plan(self.sources, requests, self.options, self.jobs, known or Knowledge())

    def part(self, plan: Plan, index: int, count: int) -> Plan:
        """The plan for the part ``index`` of ``count``: by the hash of keys or groups, or a run of rows.

        Where the files of two folders are paired, each file is in one part as a whole.  DataError for unequal files.
        """
        if plan.keys is not None or plan.grouping is not None:
            # Imported here: few calls measure a part.
            from losscli.table.hashes import HashShare

            return plan._replace(share=HashShare(index - 1, count))
        refuse_unequal(self.sources)
        rows = []
        for side, source in enumerate(self.sources):
            found, error = threads.count_rows(source, plan.wants(side)[0], jobs=self.jobs)
            if error is not None:
                raise placed(explained(error, plan), self.sources) from None
            rows.append(found)
        ends = file_ends(self.sources)
        if len(set(rows)) > 1:
            raise unequal(self.sources, rows)
        start, stop = ((at * rows[0] // count) for at in (index - 1, index))
        if ends:
            start, stop = (ends[bisect_left(ends, row)] if row else 0 for row in (start, stop))
        return plan._replace(rows=range(start, stop))

    def measured(
        self,
        plan: Plan,
        start: Start | None,
        sink: AbstractContextManager[Sink] | None = None,
        journal: Journal | None = None,
    ) -> Measured:
        """Measure all rows; single rows go to ``sink``, tallies to ``journal``.

        DataError where a row cannot be measured.
        """
        for source in self.sources:
            if source.rows == 0:
                raise no_rows(source)
        readings = 2 if self.options.constant else 1
        if journal is not None and plan.keys is not None:
            readings = journal.parts - plan.reached
        advance = start([*self.sources] * readings) if start is not None else lambda rows, size: None
        taking: AbstractContextManager[Sink | None] = sink if sink is not None else nullcontext()
        try:
            with taking as rows:
                if self.options.constant:
                    plan = with_constants(plan, self.options.min_slice, lambda made: self._run(made, advance))
                outcome = self._run(plan, advance, rows, journal)
                refuse(plan, outcome, self.sources)
                return Measured(plan, outcome)
        except DataError as error:
            raise placed(explained(error, plan), self.sources) from None

    def _run(
        self, plan: Plan, advance: Advance, sink: Sink | None = None, journal: Journal | None = None
    ) -> Outcome:
        memory = self.options.memory
        jobs = self.options.jobs or threads.default_jobs(self.sources, plan)
        work = Work(plan, self.inputs, self.sources, jobs, memory, advance, sink, journal)
        return measured_by(self.options.engine, work)
