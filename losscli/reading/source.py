"""The interface of every input format: a source of columns, cut into parts that are decoded independently.

A refusal that concerns the whole file is raised; one that concerns a row is the ``Batch.stop`` after the
good rows before it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from losscli.errors import UsageError
from losscli.reading.listing import DataFile
from losscli.table.block import Batch, ColumnRequest

if TYPE_CHECKING:
    from losscli.table.keys import KeyType
    from losscli.table.workers import Spread

COUNTED_ROWS = 1 << 16
"""How many rows are decoded at a time to count them."""

CELLS_AT_ONCE, ROWS_AT_LEAST = 1 << 18, 1 << 16


def rows_at_once(chunk_rows: int, columns: int) -> int:
    """How many rows of so many columns are decoded at a time: not too many for a cache, nor too few for a call."""
    return max(1, min(chunk_rows, max(ROWS_AT_LEAST, CELLS_AT_ONCE // max(1, columns))))


class Dialect(NamedTuple):
    """How CSV text is read; a delimiter of None is found from the header."""

    delimiter: str | None = None  # one character
    decimal: str = "."
    header: bool = True
    encoding: str = "utf-8"
    null: tuple[str, ...] = ()  # further spellings of a missing value, in every role
    list: str | None = None  # the separator of lists in cells, or `json`; None: cells are no lists

    @classmethod
    def parse(cls, text: str) -> Dialect:
        """The value of ``--dialect``: ``delimiter=semicolon,decimal=comma``."""
        from losscli.loss.spec import parse_pairs

        given = dict(parse_pairs(text, of=text))
        delimiter = given.pop("delimiter", None)
        decimal = given.pop("decimal", "point")
        header = given.pop("header", "yes")
        encoding = given.pop("encoding", "utf-8")
        null = given.pop("null", None)
        parted = given.pop("list", None)
        if given:
            raise UsageError(
                f"`--dialect` has no key `{next(iter(given))}`",
                hint="its keys are `delimiter`, `decimal`, `header`, `encoding`, `null`, `list`",
            )
        if delimiter is not None:
            delimiter = DELIMITERS.get(delimiter, delimiter)
            if len(delimiter) != 1 or delimiter in '"\r\n' or not delimiter.isascii():
                raise UsageError(
                    f"`delimiter={delimiter}` is not one character",
                    hint="write a character, or `comma`, `semicolon`, `tab`, `pipe`, `space`",
                )
        if decimal not in DECIMALS:
            raise UsageError(f"`decimal={decimal}` is neither `point` nor `comma`")
        if header not in ("yes", "no"):
            raise UsageError(f"`header={header}` is neither `yes` nor `no`")
        try:
            "".encode(encoding)
        except (LookupError, ValueError):
            raise UsageError(
                f"no encoding is called `{encoding}`", hint="for example `latin-1` or `utf-16`"
            ) from None
        if parted is not None and any(sign in parted for sign in '"\r\n'):
            raise UsageError(f"`list={parted}` cannot part labels")
        nulls = () if null is None else (null,)
        mark = DELIMITERS.get(parted or "", parted)
        return cls(delimiter, DECIMALS[decimal], header == "yes", encoding, nulls, mark)

    @property
    def text(self) -> str:
        """The dialect as `--dialect` takes it."""
        marks = {mark: word for word, mark in DELIMITERS.items()}
        said = {
            "delimiter": self.delimiter and marks.get(self.delimiter, self.delimiter),
            "decimal": "comma" if self.decimal == "," else None,
            "header": None if self.header else "no",
            "encoding": None if self.encoding == "utf-8" else self.encoding,
            "null": self.null[0] if self.null else None,
            "list": self.list and marks.get(self.list, self.list),
        }
        return ",".join(f"{key}={value}" for key, value in said.items() if value is not None)


DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "space": " "}
DECIMALS = {"point": ".", "comma": ",", ".": ".", ",": ","}


class Part(NamedTuple):
    """A run of rows of one file, decoded independently of the others; to make one reads at most its bytes."""

    size: int  # bytes of the file in this part, for progress
    batches: Callable[[int], Iterator[Batch]]  # the rows in order, at most so many at a time
    rows: int | Callable[[], int | None] | None = None  # how many, or what counts them sooner than decoding

    def row_count(self) -> int | None:
        """How many rows there are; None where a bad one ends them."""
        if callable(self.rows):
            return self.rows()
        if self.rows is not None:
            return self.rows
        rows = 0
        for batch in self.batches(COUNTED_ROWS):
            if batch.stop is not None:
                return None
            rows += batch.rows
        return rows

    def from_row(self, first: int, before: int) -> Part:
        """The rows from ``first`` on, where ``before`` rows of the source come before the part."""
        return self._replace(batches=partial(self._from_row, first, before))

    def _from_row(self, first: int, before: int, chunk_rows: int) -> Iterator[Batch]:
        for batch in self.batches(chunk_rows):
            skipped = min(batch.rows, max(first - before, 0))
            before += batch.rows
            if skipped and batch.stop is not None and batch.stop.row is None:
                batch = batch.stopped(batch.stop.with_row(before + 1))
            if skipped < batch.rows or batch.stop is not None:
                yield batch.slice(skipped, batch.rows)


def parts_from(parts: Iterable[Part], first: int, before: int = 0) -> Iterator[Part]:
    """The rows from ``first`` on, where ``before`` rows of the source come before the parts.

    Parts that lie before it are counted, and not decoded.
    """
    for part in parts:
        if before < first:
            rows = part.row_count()
            if rows is not None and before + rows <= first:
                before += rows
                continue
            part, before = part.from_row(first, before), first
        yield part


class Source(ABC):
    """One input, opened: its header or schema is read, its rows are not.

    What only some formats know or can do is declared here, with a default for all others.
    """

    path: str  # as the user wrote it
    format: str  # csv, tsv, parquet …
    columns: tuple[str, ...]  # in file order; repeated names are kept
    later: tuple[
        str, ...
    ] = ()  # the last of the columns, which begin after the head, or hold an argument: they play no role unasked
    named: bool = True  # False: the file has no names, and columns are called 1, 2, …
    together: bool = False  # all columns play one role, unless some are named: those of an array
    noun: str = "the file"  # what a message calls it behind its name
    in_memory: bool = False  # it is an argument of a function, and the path is the name of that
    rows: int | None = None  # None: not known before the end
    size: int | None = None  # bytes on disk; None: not known before the end

    # For several files as one source:
    files: tuple[DataFile, ...] = ()
    file_rows: tuple[int, ...] = ()  # rows of each file, where ``rows`` is known
    by_file: bool = False  # each file is paired with the one at the same place on the other side
    partitions: frozenset[int] = frozenset()  # columns in the names of folders

    lines: Any = None  # where rows begin, once `find_rows` has found it; another source of the same file can be given it
    row_groups: tuple[int, ...] | None = None  # rows of each; None: ``part_of`` cannot cut the source

    @abstractmethod
    def parts(self, wants: Sequence[ColumnRequest]) -> Iterator[Part]:
        """The rows from the first to the last, in order.

        Raises DataError for what concerns the whole file, as soon as it is known: a column of a
        type that cannot be read as the kind wanted, a damaged or a truncated file, a file that
        changed while it was read (checked when the last part has been taken).
        """

    def part_rows(self) -> list[int]:
        """The number of rows of each part of `parts`, if it is known in advance, else of all parts together."""
        return [] if self.rows is None else [self.rows]

    def part_of(self, first_group: int, last_group: int, wants: Sequence[ColumnRequest]) -> Part:
        """The row groups from the first to the last, both included, as one part."""
        raise NotImplementedError(f"{self.format} has no row groups")

    def rows_by_file(self) -> Sequence[int]:
        """The rows of each of several files, as far as they have been read."""
        return self.file_rows

    def take_file_rows(self, rows: Sequence[int]) -> None:
        """Know the rows of each of several files, as far as another source of these files has read them."""
        return

    def bytes_of(self, wants: Sequence[ColumnRequest]) -> int | None:
        """How many bytes of the file are read for some of its columns; None: not known before the end."""
        return self.size

    def find_rows(self, spread: Spread = map) -> int | None:
        """Find where rows begin in text, for `rows_between`, and count them; None where that takes decoding.

        ``spread`` works on several stretches of the text at a time.
        """
        return None

    def rows_between(self, first: int, last: int, wants: Sequence[ColumnRequest]) -> Part:
        """The rows from ``first`` on and before ``last``, counted from 0, as one part."""
        raise NotImplementedError(f"rows of {self.format} are not found before they are decoded")

    @property
    def can_be_read_again(self) -> bool:
        """Whether `parts` may be called more than once: not of a stream."""
        return self.size is not None

    def may_begin(self, name: str) -> bool:
        """Whether a column that is not among `columns` may begin after the head, where `look_for` was not asked for it."""
        return False

    def look_for(self, name: str) -> None:
        """Read the rows for a column that may begin after the head, and add it to the columns if it does."""
        raise NotImplementedError(f"{self.format} has all columns in its head")

    def key_type(self, index: int) -> KeyType | None:
        """The type of a column used as a key; None where the file does not say."""
        return None

    def rounding(self, index: int) -> float:
        """The relative rounding of a column of floats shorter than doubles, else 0."""
        return 0.0

    def holds_lists(self, index: int) -> bool | None:
        """Whether a column holds a list a row; None where its cells may be lists."""
        return False

    def first_list(self, index: int) -> list[Any] | None:
        """The first list of a column of lists, where opening the file has shown it."""
        return None

    def holds_the_same(self, index: int, other: Source, place: int, jobs: int) -> bool:
        """Whether a column is stored in the same bytes as a column of another file, so that it need not be decoded.

        False says nothing: the same values can be written in many ways.  ``jobs`` threads compare.
        """
        return False

    def locate(self, row: int) -> tuple[str, int]:
        """The file and the row in it of a row that was read, counted from 1."""
        return self.path, row

    def close(self) -> None:
        """Close what no part is reading from."""
        return
