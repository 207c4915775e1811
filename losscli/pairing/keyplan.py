"""The key columns of each file and how they are read, chosen before any row is read.

A file with typed columns gives the type of a key.  Text of a CSV file takes the type of the other file, and is
compared as text where neither has a type.  Types that cannot be compared are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Self

from losscli.errors import DataError, UsageError
from losscli.reading.select import find
from losscli.table.block import (
    AnyColumn,
    Batch,
    ClassColumn,
    ColumnKind,
    ColumnRequest,
    KeyColumn,
    Mask,
    Words,
)
from losscli.table.cells import shown
from losscli.table.keys import KeyType, keys_of
from losscli.text import plural

if TYPE_CHECKING:
    from losscli.pairing import Unmatched
    from losscli.reading.source import Source

POSITION = "position"
"""The value of ``--on`` that names no key."""

KEY_TYPES: dict[str, tuple[KeyType, ColumnKind]] = {"int": ("int", "whole_key"), "text": ("text", "text_key")}
"""The values of ``--key-type``: what keys are compared as, and what their columns are read as."""

TYPE_NAMES = {
    "int": "integers", "wide int": "integers", "text": "text", "float": "floating-point numbers",
    "bool": "booleans", "decimal": "decimals", "moment": "dates or times",
}  # fmt: skip


class KeySlot(NamedTuple):
    """One key column of one file: its place and how it is read."""

    index: int  # type: ignore[assignment]  # a tuple has a method of that name, which nobody calls here
    name: str
    file: str
    kind: ColumnKind

    @property
    def want(self) -> ColumnRequest:
        """What is asked of the source."""
        return ColumnRequest(self.index, self.kind)


class KeyPlan(NamedTuple):
    """The keys by which rows are paired, with a slot for each key of each file."""

    names: tuple[str, ...]
    types: tuple[KeyType, ...]
    sides: tuple[tuple[KeySlot, ...], ...]
    unmatched: Unmatched

    def __str__(self) -> str:
        return f"key({','.join(self.names)})"

    def keys(self, batch: Batch, side: int) -> BatchKeys:
        """The keys of a batch of one side, whose last columns are the key columns."""
        slots = self.sides[side]
        words: list[Words] = []
        missing: Mask | None = None
        stop = batch.rows, batch.stop
        for slot, kind, column in zip(slots, self.types, batch.columns[-len(slots) :], strict=True):
            key, bad = _as_key(column, kind)
            words.append(key.words)
            if key.missing is not None:
                missing = key.missing if missing is None else missing | key.missing
            if bad is not None and bad.row < stop[0]:
                stop = bad.row, DataError(bad.message, bad.detail, None, slot.file, slot.name)
        return BatchKeys(words, missing, *stop)

    def complete_keys(self, batch: Batch, side: int) -> list[Words] | None:
        """The keys of a batch of one side; None where a row has no key, or cannot be read."""
        words, missing, _, stop = self.keys(batch, side)
        return None if stop is not None or (missing is not None and missing.any()) else words


class BatchKeys(NamedTuple):
    """The keys of a batch: their words, column by column, and the rows that lack their key.

    ``stop``, when set, is what is wrong with the row behind the first ``rows``.
    """

    words: list[Words]
    missing: Mask | None
    rows: int
    stop: DataError | None


def choose_keys(
    sources: Sequence[Source], on: str, key_type: str | None = None, unmatched: Unmatched = "error"
) -> KeyPlan:
    """The keys that ``--on`` names; every file must have their columns.  ``key_type`` is the value of ``--key-type``."""
    if len(sources) < 2:
        raise UsageError("`--on` pairs the rows of two files, and there is one")
    whole = on == "" or all(on in source.columns for source in sources)
    names = (on,) if whole else tuple(name.strip() for name in on.split(","))
    if len(set(names)) != len(names) or ("" in names and not whole):
        raise UsageError(
            f"`--on {on}` does not name each key once", hint="write `--on KEY` or `--on KEY,KEY`"
        )
    forced_types = _forced_types(key_type, names)
    places = [[find(source, name) for name in names] for source in sources]
    types: list[KeyType] = []
    slots: list[list[KeySlot]] = [[] for _ in sources]
    for at, (name, forced) in enumerate(zip(names, forced_types, strict=True)):
        found = [source.key_type(side[at]) for source, side in zip(sources, places, strict=True)]
        if forced is not None:
            kind, read_as = forced
        else:
            kind, read_as = _common_type(found, name, sources, [side[at] for side in places])
        types.append(kind)
        for side, source in enumerate(sources):
            slots[side].append(KeySlot(places[side][at], name, source.path, read_as))
    return KeyPlan(names, tuple(types), tuple(map(tuple, slots)), unmatched)


def _forced_types(key_type: str | None, names: Sequence[str]) -> Sequence[tuple[KeyType, ColumnKind] | None]:
    """The type that ``--key-type`` names for each key, and what its column is read as; None without the option."""
    if key_type is None:
        return [None] * len(names)
    words = [word.strip() for word in key_type.split(",")]
    if wrong := next((word for word in words if word not in KEY_TYPES), None):
        raise UsageError(f"`--key-type` is int or text, not `{wrong}`")
    if len(words) not in (1, len(names)):
        raise UsageError(f"`--key-type` names {plural(len(words), 'type')} for {plural(len(names), 'key')}")
    types = [KEY_TYPES[word] for word in words]
    return types * len(names) if len(types) == 1 else types


def _common_type(
    found: Sequence[KeyType | None], name: str, sources: Sequence[Source], places: Sequence[int]
) -> tuple[KeyType, ColumnKind]:
    """What a key is compared as, and what its columns are read as, by the types that the files give."""
    known: set[KeyType] = {"int" if kind == "wide int" else kind for kind in found if kind is not None}
    if len(known) > 1:
        said = "; ".join(
            f"{source.path} has {TYPE_NAMES[kind]}"
            for source, kind in zip(sources, found, strict=True)
            if kind is not None
        )
        raise KeyTypesDiffer(f"key `{name}` is not of one type", said, places=places)
    kind: KeyType = next(iter(known), "text")
    readings: dict[str, ColumnKind] = {"int": "int_key", "text": "text_key"}
    if None not in found:
        readings["float"] = "number"  # text of another file may be an integer that is no double
    return kind, readings.get(kind, "text")


@dataclass(eq=False)
class KeyTypesDiffer(DataError):
    """The files give a key types that cannot be compared; ``places`` are its columns."""

    places: Sequence[int] = ()

    def with_hint(self, sources: Sequence[Source]) -> Self:
        """The error with a hint at each ``--key-type`` that reads the first rows of all files."""
        fitting = [
            f"`--key-type {name}`"
            for name, (_, kind) in KEY_TYPES.items()
            if all(
                _reads(source, ColumnRequest(at, kind))
                for source, at in zip(sources, self.places, strict=True)
            )
        ]
        hint = f"{' or '.join(fitting)} reads all of them in one way" if fitting else None
        return replace(self, hint=hint)


def _reads(source: Source, want: ColumnRequest) -> bool:
    try:
        batch = next((batch for part in source.parts([want]) for batch in part.batches(1 << 16)), None)
    except DataError:
        return False
    return batch is None or batch.stop is None


class BadKey(NamedTuple):
    """The first row of a column whose text is no key of its type."""

    row: int
    message: str
    detail: str


def _as_key(column: AnyColumn, kind: KeyType) -> tuple[KeyColumn, BadKey | None]:
    """A column as keys, and its first row that is no value of the type."""
    keys, wrong = keys_of(column, kind)
    if wrong is None:
        return keys, None
    assert isinstance(column, ClassColumn)
    row = int(wrong.argmax())
    cell = shown(str((column.values or ())[int(column.codes[row])]))
    wanted = f"wanted {TYPE_NAMES[kind]} in their plain form, as the other file has; `--key-type text` compares text"
    return keys, BadKey(row, f"the key `{cell}` is none of the {TYPE_NAMES[kind]}", wanted)


def by_position(sources: Sequence[Source], on: str | None) -> bool:
    """Whether ``--on`` names no key, so that rows are paired by position and no columns are compared."""
    return on == POSITION and not any(POSITION in source.columns for source in sources)
