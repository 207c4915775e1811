"""The plan of a saved state: the options and columns of its call, from which bind makes the same plan again."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from losscli.errors import LosscliError
from losscli.measure import bind
from losscli.measure.loss_request import requests_of
from losscli.measure.needs import Knowledge, Need, Unknown
from losscli.reading.fingerprint import ends_of
from losscli.reading.select import Chosen
from losscli.reading.source import Part, Source
from losscli.report.models import CompareOptions, comparing
from losscli.report.options import EvalOptions
from losscli.report.provenance import context_of
from losscli.report.state_document import CallRecord, EdgesRecord, FileRecord, InputRecord

if TYPE_CHECKING:
    from losscli.measure.options import Role
    from losscli.measure.plan import Measure, Plan
    from losscli.table.block import ColumnRequest
    from losscli.table.keys import KeyType


class HeldSource(Source):
    """An input whose rows were measured before: what its columns are, and where its rows stood.

    ``starts``: the files by the rows that come before each, where they are several.
    """

    def __init__(self, record: InputRecord, path: str, starts: Sequence[tuple[int, str]] = ()) -> None:
        self.starts = starts
        width = len(record.columns)
        if any(len(held) != width for held in (record.types, record.roundings, record.lists)):
            raise ValueError("columns without a type")
        self.record, self.path, self.format = record, path, record.format
        self.columns, self.named = tuple(record.columns), record.named
        self.later = self.columns[width - record.later :]
        self.partitions = frozenset(record.partitions)

    def key_type(self, index: int) -> KeyType | None:
        return self.record.types[index]

    def rounding(self, index: int) -> float:
        return self.record.roundings[index]

    def holds_lists(self, index: int) -> bool | None:
        return self.record.lists[index]

    def locate(self, row: int) -> tuple[str, int]:
        if not self.starts:
            return self.path, row
        before, path = self.starts[max(bisect_left(self.starts, (row, "")) - 1, 0)]
        return path, row - before

    def parts(self, wants: Sequence[ColumnRequest]) -> Iterator[Part]:
        raise NotImplementedError("the rows of a saved state are not kept")


SavedOptions: TypeAlias = "EvalOptions | CompareOptions"
"""The options of a call whose state is saved."""


class HeldPlan(NamedTuple):
    """A plan made of what a state holds, with the options and the inputs that it was made of."""

    options: SavedOptions
    plan: Plan
    sources: Sequence[Source]

    @property
    def identity(self) -> dict[str, list[str]]:
        """All that must be the same in states that are merged, by what it is of."""
        plan, options = self.plan, self.options
        return {
            "commands": [options.command],
            "losses": [_said(measure) for measure in plan.measures],
            "columns": [
                " ".join((role, slot.purpose, slot.name))
                for role, slots in zip(options.roles, plan.sides, strict=False)
                for slot in slots
            ],
            "slices": [_edged(view.slicing.keys) for view in plan.slicings],
            "rows": context_of(plan, options).split("|"),
            "options": [
                f"{name}={value}"
                for name, value in (
                    ("average", options.average), ("min_slice", options.min_slice), ("ci", options.interval),
                    ("time", options.time),
                )
            ],
        }  # fmt: skip

    @property
    def hash(self) -> str:
        """Of the identity."""
        return hashlib.sha256(json.dumps(self.identity).encode()).hexdigest()


class Differing(NamedTuple):
    """In what two plans differ, and what each has of it that the other lacks."""

    what: str
    one: str
    other: str


def differing(one: HeldPlan, other: HeldPlan) -> Differing:
    """In what two plans of different hashes differ first."""
    mine, theirs = one.identity, other.identity
    what = next(name for name in mine if mine[name] != theirs[name])
    lacking = (
        ", ".join(text for text in held[what] if text not in known[what]) or "none"
        for held, known in ((mine, theirs), (theirs, mine))
    )
    return Differing(what, *lacking)


def _said(measure: Measure) -> str:
    """A loss with all its parameters, its form and its parts."""
    loss = measure.loss
    shapes = ",".join(f"{role.name} {role.shape}" for role in loss.roles)
    parts = "".join(f", {part.kind} {part.shown}" for part in measure.parts if part.kind)
    return f"{loss.canonical(measure.values, defaults=True)} of {measure.pred} ({shapes}{parts})"


def _edged(keys: Sequence[Any]) -> str:
    """A slicing with all its edges."""
    return "+".join(
        f"{key} at {'/'.join(map(repr, key.edges))}" if key.how != "value" else str(key) for key in keys
    )


def call_record(options: SavedOptions, losses: Sequence[str]) -> CallRecord:
    """The options of a call that measures some losses."""
    lists = {
        "loss": list(losses),
        "pred": list(options.models),
        "classes": list(options.classes),
        "by": list(options.by),
    }
    values: dict[str, Any] = {field.name: getattr(options, field.name) for field in fields(CallRecord)}
    weights = None if options.class_weight is None else dict(options.class_weight)
    return CallRecord(**values | lists | {"class_weight": weights})


def edges_records(answers: Mapping[Need, Any]) -> list[EdgesRecord]:
    """The edges among the answers of the prepass."""
    found = []
    for need, edges in answers.items():
        if need.subject == "edges":
            ((side, column),), key = need.columns, need.key
            found.append(EdgesRecord(side, column, key.name, key.how, key.count, list(edges)))  # type: ignore[union-attr, arg-type]
    return found


def of_rows(record: InputRecord, source: Source, used: Sequence[str], rows: int | None) -> InputRecord:
    """The record of a side of which some columns are ``used``; ``rows`` is how many it has."""
    several = len(record.files) > 1
    counts = source.file_rows or ([None] * len(record.files) if several else [rows])
    files = [replace(file, rows=count) for file, count in zip(record.files, counts, strict=True)]
    return replace(record, files=files, used=list(used))


def input_record(role: Role, source: Source) -> InputRecord:
    """One side of the rows, which are not counted yet."""
    paths = [file.path for file in source.files] or [source.path]
    places = range(len(source.columns))
    return InputRecord(
        role=role,
        path=source.path,
        format=source.format,
        files=[
            FileRecord(path, None, *((None, None) if source.in_memory else ends_of(path))) for path in paths
        ],
        used=[],
        columns=list(source.columns),
        named=source.named,
        later=len(source.later),
        partitions=sorted(source.partitions),
        types=[source.key_type(at) for at in places],
        roundings=[source.rounding(at) for at in places],
        lists=[source.holds_lists(at) for at in places],
    )


def held_plan(call: CallRecord, edges: Sequence[EdgesRecord], sources: Sequence[HeldSource]) -> HeldPlan:
    """The plan of a call.

    `Unknown` where something else than edges had to be read of the rows before; ValueError for what no call is.
    """
    from losscli.measure.slices import SliceKey

    known = Knowledge()
    for one in edges:
        key = SliceKey(one.name, one.how, (), one.count)
        known.answers[Need.of("edges", Chosen(one.side, one.column, one.name), key=key)] = tuple(one.edges)
    try:
        options = _options(call, [source.path for source in sources])
        requests = requests_of(call.loss, grouped=call.group is not None)
        while True:
            try:
                plan = bind.plan(sources, requests, options, known)
                break
            except Unknown as unknown:
                # Whether columns are stored in the same bytes only spares comparing them.
                if any(need.subject != "same bytes" for need in unknown.needs):
                    raise
                known.answers |= dict.fromkeys(unknown.needs, False)
        if isinstance(options, CompareOptions):
            plan = comparing(plan)
    except LosscliError as error:
        raise ValueError(str(error.message)) from None
    return HeldPlan(options, plan, sources)


def _options(call: CallRecord, paths: Sequence[str]) -> SavedOptions:
    """The options of a call over some inputs."""
    kind = EvalOptions if call.command == "eval" else CompareOptions
    taken = {field.name for field in fields(kind) if field.init}
    values = {field.name: getattr(call, field.name) for field in fields(call) if field.name in taken}
    return kind(*paths, **values | {"pred": call.pred or None})
