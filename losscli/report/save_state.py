"""What `--state-out` writes: the state of a run, from which `losscli merge` finishes results."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from losscli._version import __version__
from losscli.errors import UsageError
from losscli.loss.params import APPROX
from losscli.measure.needs import Unknown
from losscli.numbers.arithmetic import arithmetic
from losscli.report.provenance import inputs_of, rows_of
from losscli.report.records import Input
from losscli.report.saved_plan import (
    HeldPlan,
    HeldSource,
    SavedOptions,
    call_record,
    edges_records,
    held_plan,
    input_record,
    of_rows,
)
from losscli.report.saved_state import read_rows
from losscli.report.saved_tally import saved_tally
from losscli.report.state_document import (
    CallRecord,
    EdgesRecord,
    ReachedRecord,
    ShardedBy,
    ShardRecord,
    StateDocument,
)
from losscli.report.writing import write_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from losscli.measure.call import Measured
    from losscli.measure.needs import Need
    from losscli.measure.plan import Plan
    from losscli.reading.source import Source

UNSAVED = {
    "first lists": "columns of lists are",
    "labels": "labels in lists are",
    "costs": "a matrix of costs is",
    "scales": "a training file is",
}
"""What else may have to be read before the rows, by the subject of the need."""


class StateFile(NamedTuple):
    """A state to be written, and what is known of it before the rows are read."""

    path: str
    call: CallRecord
    edges: list[EdgesRecord]
    held: HeldPlan
    inputs: Sequence[HeldSource]
    shard: ShardRecord | None

    @classmethod
    def of(
        cls,
        options: SavedOptions,
        losses: Sequence[str],
        plan: Plan,
        sources: Sequence[Source],
        answers: Mapping[Need, Any],
    ) -> StateFile:
        """UsageError where the states of the call are not saved."""
        assert options.state_out is not None
        _refuse(options, plan)
        call, edges = call_record(options, losses), edges_records(answers)
        inputs = [
            HeldSource(input_record(role, source), source.path)
            for role, source in zip(options.roles, sources, strict=False)
        ]
        try:
            held = held_plan(call, edges, inputs)
        except Unknown as unknown:
            what = " and ".join(dict.fromkeys(UNSAVED[need.subject] for need in unknown.needs))
            raise UsageError(
                f"{what} not part of a saved state", hint="leave `--state-out` or these losses out"
            ) from None
        return cls(options.state_out, call, edges, held, inputs, _shard(options, plan, sources))

    def write(
        self, measured: Measured, sources: Sequence[Source], reached: ReachedRecord | None = None
    ) -> None:
        """Write the state of what was measured, before anything is finished: of all rows, or of those up to one."""
        tally, rows = measured.outcome.tally, rows_of(measured.outcome)
        used = [one.columns for one in inputs_of(Input, measured.plan, sources, self.held.options.roles)]
        counts: Sequence[int | None] = read_rows(rows, len(sources))
        if self.shard is not None or reached is not None:
            counts = [source.rows for source in sources]
        document = StateDocument(
            losscli=__version__,
            arithmetic=arithmetic(),
            plan=self.held.hash,
            shard=self.shard,
            reached=reached,
            call=self.call,
            edges=self.edges,
            # Files are known by what they were before they were read.
            inputs=[
                of_rows(held.record, source, columns, count)
                for held, source, columns, count in zip(self.inputs, sources, used, counts, strict=True)
            ],
            rows=rows,
            tally=saved_tally(tally, measured.plan, self.held.plan),
        )
        write_file(self.path, document.text().encode())


def refuse_shard(options: SavedOptions) -> None:
    """UsageError where a part of the rows is asked for, and nothing could be made of it."""
    if options.shard is None:
        return
    part_of(options.shard)
    if options.state_out is None:
        raise UsageError("`--shard` needs a file for the state of its rows", hint="add `--state-out FILE`")
    if options.judged:
        raise UsageError("a part of the rows is not judged", hint="give these options to `losscli merge`")


def part_of(text: str) -> tuple[int, int]:
    """The part that `--shard` names, and of how many."""
    found = re.fullmatch(r"([1-9]\d{0,8})/([1-9]\d{0,8})", text, re.ASCII)
    if found is None or int(found[1]) > int(found[2]):
        raise UsageError(f"`--shard {text}` is no part", hint="write `I/N` with 1 ≤ I ≤ N, such as `2/4`")
    return int(found[1]), int(found[2])


def _shard(options: SavedOptions, plan: Plan, sources: Sequence[Source]) -> ShardRecord | None:
    """The part that is measured, and how rows are dealt into parts."""
    if options.shard is None:
        return None
    by_file = len(sources) > 1 and all(source.by_file for source in sources)
    by: ShardedBy = "file" if by_file else "position"
    if plan.keys is not None or plan.grouping is not None:
        by = "group" if plan.keys is None else "key"
    return ShardRecord(*part_of(options.shard), by)


def _refuse(options: SavedOptions, plan: Plan) -> None:
    """UsageError where more is asked for than a state holds."""
    if options.constant:
        raise UsageError(
            "the best constant is found among all rows at once, and is not saved",
            hint="leave `--constant` or `--state-out` out",
        )
    if options.compared_over is not None:
        raise UsageError(
            "differences in the order of time need every row at once, and are not saved",
            hint="leave `--time` or `--state-out` out",
        )
    for measure in plan.measures:
        if not measure.loss.keeps_rows:
            continue
        name = measure.loss.name
        raise UsageError(
            f"`{name}` needs every row at once, and order statistics are not saved",
            hint=f"`{name}:{APPROX.name}=12` can be merged, and says how far it may be from the exact value"
            if measure.loss.approximate is not None
            else f"leave `{name}` out of `--state-out`",
        )
