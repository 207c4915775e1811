"""One call, from its options to what was measured: open, bind, prepass, read and fold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from losscli.errors import DataError
from losscli.measure.engines import threads
from losscli.measure.needs import Knowledge
from losscli.measure.prepass import settled_plan, with_constants
from losscli.measure.refusals import explained, no_rows, refuse
from losscli.pairing.keyplan import POSITION
from losscli.pairing.position import refuse_unequal, unequal
from losscli.reading.inputs import open_inputs, placed

if TYPE_CHECKING:
    from losscli.measure.engines.pool import Advance, Outcome, Sink
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
    sources: Sequence[Source]
    jobs: int

    @classmethod
    def opened(cls, options: MeasureOptions) -> Call:
        """Open the inputs.  UsageError or DataError where they cannot be opened."""
        dialect = options.dialect
        sources = open_inputs(
            options.inputs,
            format=options.input_format,
            dialect=dialect,
            by_key=options.on not in (None, POSITION),
            again=options.reread or (dialect is not None and dialect.list is not None),
            jobs=options.jobs,
            memory=options.memory,
        )
        return cls(options, sources, options.jobs or threads.default_jobs(sources))

    def plan(self, requests: Sequence[LossRequest], known: Knowledge | None = None) -> Plan:
        """What to read and measure.  UsageError or DataError where the options do not fit the inputs.

        What must be read before is added to what is ``known``.
        """
        return settled_plan(self.sources, requests, self.options, self.jobs, known or Knowledge())

    def part(self, plan: Plan, index: int, count: int) -> Plan:
        """The plan for the part ``index`` of ``count``, as many rows in each but for one; DataError for unequal files."""
        refuse_unequal(self.sources)
        try:
            rows = [
                threads.count_rows(source, plan.wants(side)[0], jobs=self.jobs)
                for side, source in enumerate(self.sources)
            ]
        except DataError as error:
            raise placed(explained(error, plan), self.sources) from None
        if len(set(rows)) > 1:
            raise unequal(self.sources, rows)
        return plan._replace(rows=range((index - 1) * rows[0] // count, index * rows[0] // count))

    def measured(
        self, plan: Plan, start: Start | None, sink: AbstractContextManager[Sink] | None = None
    ) -> Measured:
        """Measure all rows; single rows go to ``sink``.  DataError where a row cannot be measured."""
        for source in self.sources:
            if source.rows == 0:
                raise no_rows(source)
        readings = 2 if self.options.constant else 1
        advance = start([*self.sources] * readings) if start is not None else lambda rows, size: None
        taking: AbstractContextManager[Sink | None] = sink if sink is not None else nullcontext()
        try:
            with taking as rows:
                if self.options.constant:
                    plan = with_constants(plan, self.sources, self.options, self.jobs, advance)
                outcome = threads.run(
                    plan, self.sources, jobs=self.jobs, advance=advance, memory=self.options.memory, sink=rows
                )
                refuse(plan, outcome, self.sources)
                return Measured(plan, outcome)
        except DataError as error:
            raise placed(explained(error, plan), self.sources) from None
