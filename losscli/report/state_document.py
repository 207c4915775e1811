"""The document of a saved state: what was measured and how, and what is kept of the rows, before anything is finished."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from losscli.measure.options import Role
from losscli.report.document import Document, Record, Says
from losscli.report.options import RowsCommand
from losscli.report.records import NumberOfRows, RowCounts

RowNumber: TypeAlias = Annotated[int, Says(ge=0)]
ShardedBy: TypeAlias = Literal["position", "file", "key", "group"]
Classes: TypeAlias = Annotated[list[int | str], Says("in no order")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord(Record):
    """The options of the call that decide what a number means."""

    command: RowsCommand
    loss: list[str]
    pred: Annotated[list[str], Says("empty where it was found by its name")]
    label: str | None
    weight: str | None
    from_logits: bool
    classes: list[str]
    pos_label: str | None
    class_weight: dict[str, float] | None
    average: Literal["macro", "micro", "weighted", "none"] | None
    by: list[str]
    min_slice: NumberOfRows
    where: str | None
    nan: Literal["error", "drop", "propagate"]
    on: str | None
    key_type: str | None
    unmatched: Literal["error", "drop"]
    time: str | None
    ci: str | None
    group: str | None
    group_weight: str | None


@dataclass(frozen=True, slots=True)
class FileRecord(Record):
    """One file of an input."""

    path: str
    rows: Annotated[NumberOfRows | None, Says("null where they were not counted")]
    bytes: Annotated[NumberOfRows | None, Says("null for a stream")]
    ends: Annotated[str | None, Says("SHA-256 of its first and last 64 KiB; null for a stream")]


@dataclass(frozen=True, slots=True)
class InputRecord(Record):
    """One side of the rows, with the columns of the files."""

    role: Role
    path: str
    format: str
    files: Annotated[list[FileRecord], Says(min_length=1)]
    used: Annotated[list[str], Says("the columns that were read")]
    columns: list[str]
    named: Annotated[bool, Says("false: columns are called 1, 2, …")]
    later: Annotated[NumberOfRows, Says("how many of the columns begin after the head")]
    partitions: Annotated[list[NumberOfRows], Says("columns in the names of folders, by their place")]
    types: list[Literal["int", "wide int", "text", "float", "bool", "decimal", "moment"] | None]
    roundings: list[float]
    lists: Annotated[list[bool | None], Says("whether each column holds lists")]

    @property
    def rows(self) -> int | None:
        """How many rows its files have together; None where they were not counted."""
        counts = [file.rows for file in self.files]
        return sum(count for count in counts if count is not None) if None not in counts else None


@dataclass(frozen=True, slots=True)
class EdgesRecord(Record):
    """The edges of `bins` or `quantiles` of one column, read before the rows were measured."""

    side: NumberOfRows
    column: NumberOfRows
    name: str
    how: Literal["bins", "quantiles"]
    count: Annotated[int, Says(ge=1)]
    edges: list[float]


@dataclass(frozen=True, slots=True)
class ShardRecord(Record):
    """Which part of the rows it is of."""

    index: Annotated[int, Says(ge=1)]
    count: Annotated[int, Says(ge=1)]
    by: Annotated[
        ShardedBy, Says("runs of rows, whole files, or the hash of the key or of the group modulo `count`")
    ]

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


@dataclass(frozen=True, slots=True)
class ReachedRecord(Record):
    """Where a run goes on that has not reached its last row."""

    row: Annotated[RowNumber | None, Says("so many rows of each input were read; null by key")]
    part: Annotated[ShardRecord | None, Says("by key: the last of the parts that were measured")]
    dialect: Annotated[str | None, Says("how CSV is read, as `--dialect` takes it")]


@dataclass(frozen=True, slots=True)
class MarkRecord(Record):
    """The first row in which something was seen that means something together with another."""

    side: NumberOfRows
    slot: NumberOfRows
    mark: str
    row: RowNumber


@dataclass(frozen=True, slots=True)
class ClassesRecord(Record):
    """The classes that a role of a unit has, where its state does not hold them."""

    unit: NumberOfRows
    role: str
    classes: Classes


@dataclass(frozen=True, slots=True)
class NumberingRecord(Record):
    """Whether a column that identifies rows counts them, and the range of its integers."""

    starts: list[int]
    low: int
    high: int
    others: bool


@dataclass(frozen=True, slots=True)
class AgreementRecord(Record):
    """In how many rows a column that identifies rows differs between the inputs, and the first of them."""

    column: str
    differ: NumberOfRows
    row: RowNumber | None
    cells: list[str]
    sides: Annotated[list[NumberingRecord], Says(min_length=2, max_length=2)]


@dataclass(frozen=True, slots=True)
class DealtRecord(Record):
    """The groups of the bootstrap: their hashes, and the pairs of a slice and a group by slicing."""

    own: bool
    names: list[NumberOfRows]
    pairs: list[list[NumberOfRows]]


@dataclass(frozen=True, slots=True)
class StateRecord(Record):
    """What one observer keeps of the rows: of all of them, of each slice, or of each group of the bootstrap."""

    kind: Literal["rows", "state", "spread", "lacking", "skipped", "touched", "group weights", "difference"]
    unit: Annotated[
        NumberOfRows | None,
        Says("the place of what is summed, or of the models that are compared; null: it is of the rows"),
    ]
    cut: Literal["whole", "slices", "dealt"]
    slicing: Annotated[NumberOfRows | None, Says("the place of the slicing; null: of all rows")]
    held: Annotated[dict[str, Any], Says("by group in the order of the labels, where there are groups")]


@dataclass(frozen=True, slots=True)
class TallyRecord(Record):
    """What is kept of the rows."""

    labels: Annotated[
        list[list[list[str | None]]], Says("of the slices of each slicing, the values by column")
    ]
    dealt: DealtRecord | None
    marks: list[MarkRecord]
    classes: list[ClassesRecord]
    weighed: Classes
    agreements: list[AgreementRecord]
    states: list[StateRecord]


@dataclass(frozen=True, slots=True)
class StateDocument(Document):
    """What `--state-out` of `eval` and `compare` writes and `losscli merge` reads."""

    title = "losscli.state/1"

    losscli: Annotated[str, Says("the version that measured")]
    arithmetic: Annotated[str, Says("NumPy and its widest instructions: what exp and log depend on")]
    plan: Annotated[str, Says("SHA-256 of all that must be the same in states that are merged")]
    shard: Annotated[ShardRecord | None, Says("null: all rows of the inputs")]
    reached: Annotated[ReachedRecord | None, Says("null: all rows that it is of were read")]
    call: CallRecord
    edges: list[EdgesRecord]
    inputs: Annotated[list[InputRecord], Says(min_length=1, max_length=3)]
    rows: RowCounts
    tally: TallyRecord
    digest: Annotated[str, Says("SHA-256 of the document without this key")] = ""

    def text(self) -> str:
        """The document in one line: the numbers of many groups would be one line each."""
        held = self.to_json()
        held["digest"] = digest_of(held)
        return _line(held) + "\n"


def digest_of(document: dict[str, Any]) -> str:
    """What the key `digest` of a document must be."""
    held = {key: value for key, value in document.items() if key != "digest"}
    return hashlib.sha256(_line(held).encode("utf-8", "surrogatepass")).hexdigest()


def _line(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
