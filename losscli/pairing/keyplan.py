"""Which columns are the keys, and what their values are read as on each side, decided before the data.

A file of typed columns says what its keys are; text of CSV takes the type of the other side, and is
compared as text where no side says anything.  Types that cannot be compared are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from losscli.errors import DataError, UsageError
from losscli.reading.select import find
from losscli.reading.values import BadRow
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
    from losscli.reading.source import Source

Unmatched: TypeAlias = Literal["error", "drop"]

POSITION = "position"
"""What ``--on`` takes in place of keys."""

KEY_TYPES = ("int", "text")
"""What ``--key-type`` can ask for."""

NAMES = {
    "int": "integers", "wide int": "integers", "text": "text", "float": "floating-point numbers",
    "bool": "booleans", "decimal": "decimals", "moment": "dates or times",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class KeySlot:
    """One key column of one file: where it is and how it is read."""

    index: int
    name: str
    file: str
    kind: ColumnKind

    @property
    def want(self) -> ColumnRequest:
        return ColumnRequest(self.index, self.kind)


class KeyPlan(NamedTuple):
    """The keys by which rows are paired, one slot for each key on each side."""

    names: tuple[str, ...]
    types: tuple[KeyType, ...]
    sides: tuple[tuple[KeySlot, ...], ...]
    unmatched: Unmatched = "error"

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
    """The key columns that ``--on`` names, in every file."""
    if len(sources) < 2:
        raise UsageError("`--on` pairs the rows of two files, and there is one")
    whole = on == "" or all(on in source.columns for source in sources)
    names = (on,) if whole else tuple(name.strip() for name in on.split(","))
    if len(set(names)) != len(names) or ("" in names and not whole):
        raise UsageError(
            f"`--on {on}` does not name each key once", hint="write `--on KEY` or `--on KEY,KEY`"
        )
    asked = _asked(key_type, names)
    places = [[find(source, name) for name in names] for source in sources]
    types: list[KeyType] = []
    slots: list[list[KeySlot]] = [[] for _ in sources]
    for at, (name, forced) in enumerate(zip(names, asked, strict=True)):
        found = [source.key_type(side[at]) for source, side in zip(sources, places, strict=True)]
        kind, read_as = _settled(found, forced, name, sources, [side[at] for side in places])
        types.append(kind)
        for side, source in enumerate(sources):
            slots[side].append(KeySlot(places[side][at], name, source.path, read_as))
    return KeyPlan(names, tuple(types), tuple(map(tuple, slots)), unmatched)


def _asked(key_type: str | None, names: Sequence[str]) -> Sequence[str | None]:
    if key_type is None:
        return [None] * len(names)
    asked = [word.strip() for word in key_type.split(",")]
    if wrong := next((word for word in asked if word not in KEY_TYPES), None):
        raise UsageError(f"`--key-type` is int or text, not `{wrong}`")
    if len(asked) not in (1, len(names)):
        raise UsageError(f"`--key-type` names {plural(len(asked), 'type')} for {plural(len(names), 'key')}")
    return asked * len(names) if len(asked) == 1 else asked


def _settled(
    found: Sequence[KeyType | None],
    forced: str | None,
    name: str,
    sources: Sequence[Source],
    places: Sequence[int],
) -> tuple[KeyType, ColumnKind]:
    """What keys are compared as, and what their columns are read as."""
    if forced is not None:
        return ("int", "whole_key") if forced == "int" else ("text", "text_key")
    known: set[KeyType] = {"int" if kind == "wide int" else kind for kind in found if kind is not None}
    if len(known) > 1:
        said = "; ".join(
            f"{source.path} has {NAMES[kind]}"
            for source, kind in zip(sources, found, strict=True)
            if kind is not None
        )
        raise DataError(f"key `{name}` is not of one type", said, _read_alike(sources, places))
    kind: KeyType = next(iter(known), "text")
    readings: dict[str, ColumnKind] = {"int": "int_key", "text": "text_key"}
    if None not in found:
        readings["float"] = "number"  # else text may say an integer that is no double
    return kind, readings.get(kind, "text")


def _read_alike(sources: Sequence[Source], places: Sequence[int]) -> str | None:
    """The hint at the ways to read keys of different types that do read the first rows of each side."""
    ways: dict[str, ColumnKind] = {"int": "whole_key", "text": "text_key"}
    fitting = []
    for name, kind in ways.items():
        if all(_reads(source, ColumnRequest(at, kind)) for source, at in zip(sources, places, strict=True)):
            fitting.append(f"`--key-type {name}`")
    return f"{' or '.join(fitting)} reads all of them in one way" if fitting else None


def _reads(source: Source, want: ColumnRequest) -> bool:
    try:
        batch = next((batch for part in source.parts([want]) for batch in part.batches(1 << 16)), None)
    except DataError:
        return False
    return batch is None or batch.stop is None


def _as_key(column: AnyColumn, kind: KeyType) -> tuple[KeyColumn, BadRow | None]:
    """A column as it was read becomes keys; and its first row that cannot."""
    keys, wrong = keys_of(column, kind)
    if wrong is None:
        return keys, None
    assert isinstance(column, ClassColumn)
    row = int(wrong.argmax())
    cell = shown(str((column.values or ())[int(column.codes[row])]))
    wanted = (
        f"wanted {NAMES[kind]} in their plain form, as the other file has; `--key-type text` compares text"
    )
    return keys, BadRow(row, f"the key `{cell}` is none of the {NAMES[kind]}", wanted)


def by_position(sources: Sequence[Source], on: str | None) -> bool:
    """Whether ``--on`` says that rows are paired by position, whatever columns say of them."""
    return on == POSITION and not any(POSITION in source.columns for source in sources)
