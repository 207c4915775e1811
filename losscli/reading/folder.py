"""Several files as one source: the rows of each follow those of the file before it.

The columns are those of the first file, and those in the names of folders (`hive`); every file must have
the columns that are used, and may have others.  A file is opened when its turn comes, and closed after
its last row, so that few are open at a time; only where all files say how many rows they have, as Parquet
does, all are looked at before.  `listing` finds the files.

Rows are counted over all files, and `locate` tells file and row for such a count.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING

from losscli.errors import DataError
from losscli.reading.hive import Partition, partitions
from losscli.reading.listing import DataFile, Listing, size_of
from losscli.reading.source import Part, Source
from losscli.reading.suffixes import format_of, is_counted
from losscli.table.block import AnyColumn, Batch, ColumnRequest

if TYPE_CHECKING:
    from losscli.table.keys import KeyType

Opened = Callable[[DataFile], Source]
Fill = tuple[Partition, ColumnRequest] | None
"""A column in the names of a file's folders; None: a column of the file itself."""


class FolderSource(Source):
    """Several files, the first of them opened."""

    def __init__(
        self, listing: Listing, opened: Opened, *, format: str | None, by_file: bool, ahead: int
    ) -> None:
        """``ahead``: so many remote files are being opened while the one before them is read."""
        self.path = listing.path
        self.files = listing.files
        self.by_file = by_file
        self._remote = listing.remote
        self._opened = opened
        self._ahead = ahead
        self._coming: dict[int, Callable[[], Source]] = {}
        self._sources: dict[int, Source] = {}
        self._delivered: dict[int, dict[int, int]] = {}  # rows of each part of each file
        formats = (format or format_of(file.name) or "" for file in self.files)
        self.format = "+".join(dict.fromkeys(formats))
        self.size = None if listing.remote else sum(size_of(file.path) for file in self.files)
        first = self.source(0)
        self._partitions = partitions([file.name for file in self.files])
        self.named = first.named
        self.columns = (*first.columns, *(held.name for held in self._partitions))
        self.partitions = frozenset(range(len(first.columns), len(self.columns)))
        self._first_partition = len(first.columns)

    # ------------------------------------------------------------------ answered by the first file

    @property
    def can_be_read_again(self) -> bool:
        return True  # files that come from afar are fetched again

    def may_begin(self, name: str) -> bool:
        return self.source(0).may_begin(name)

    def look_for(self, name: str) -> None:
        first = self.source(0)
        first.look_for(name)
        if name in first.columns:
            self.columns, self.later = (*self.columns, name), (*self.later, name)

    def key_type(self, index: int) -> KeyType | None:
        if index in self.partitions:
            return self._partition(index).key_type
        return self.source(0).key_type(self._place(0, index))

    def rounding(self, index: int) -> float:
        return 0.0 if index in self.partitions else self.source(0).rounding(self._place(0, index))

    def holds_lists(self, index: int) -> bool | None:
        return index not in self.partitions and self.source(0).holds_lists(self._place(0, index))

    def locate(self, row: int) -> tuple[str, int]:
        before = at = start = 0
        for number in range(len(self.files)):
            count = self._count(number)
            if count:
                at, start = number, before
            before += count
            if row <= before:
                break
        return self.files[at].path, row - start

    def rows_by_file(self) -> Sequence[int]:
        return [self._count(number) for number in range(len(self.files))]

    def take_file_rows(self, rows: Sequence[int]) -> None:
        self._delivered = {number: {0: count} for number, count in enumerate(rows)}

    def _count(self, number: int) -> int:
        """The rows of a file, as far as they have been read."""
        return sum(self._delivered.get(number, {}).values())

    # ------------------------------------------------------------------ files and their columns

    def source(self, number: int) -> Source:
        """The file of a number, opened when it is first asked for."""
        if number not in self._sources:
            coming = self._coming.pop(number, partial(self._opened, self.files[number]))
            self._sources[number] = coming()
            self.release(number)
        return self._sources[number]

    def _begin(self, first: int) -> None:
        """Have the next remote files opened."""
        from losscli.reading.remote import Pending

        for number in range(first, min(first + self._ahead, len(self.files))):
            if number not in self._sources and number not in self._coming:
                file = self.files[number]
                # Each request that it makes is given up in its own time.
                opening = Pending(file.path, partial(self._opened, file), lambda: -1)
                self._coming[number] = opening.result

    def release(self, number: int) -> None:
        """Close what no part of a file is reading from."""
        if number in self._sources:
            self._sources[number].close()

    def _partition(self, index: int) -> Partition:
        return self._partitions[index - self._first_partition]

    def _arranged(
        self, number: int, wants: Sequence[ColumnRequest]
    ) -> tuple[list[ColumnRequest], list[Fill]]:
        """Which columns a file has itself, and which its folders' names give."""
        inner, fills = [], list[Fill]()
        for want in wants:
            if want.index in self.partitions:
                partition = self._partition(want.index)
                partition.column(number, self.files[number].path, want, 0)  # refused now, if at all
                fills.append((partition, want))
            else:
                fills.append(None)
                inner.append(want._replace(index=self._place(number, want.index)))
        return inner, fills

    def _place(self, number: int, index: int) -> int:
        """The place of one of the columns in a file."""
        name, source = self.columns[index], self.source(number)
        if source.columns[index : index + 1] == (name,) and source.columns.count(name) == 1:
            return index
        path = self.files[number].path
        if name not in source.columns and source.may_begin(name):
            source.look_for(name)
        places = [at for at, column in enumerate(source.columns) if column == name]
        if len(places) > 1:
            raise DataError(f"{len(places)} columns are called `{name}`", file=path)
        if not places:
            names = ", ".join(f"`{column}`" for column in source.columns[:40])
            raise DataError(
                f"there is no column `{name}`",
                f"{self.files[0].path} has it, and every file must have the columns that are used; "
                f"this one has {names}",
                file=path,
            )
        return places[0]

    # ------------------------------------------------------------------ rows

    def parts(self, wants: Sequence[ColumnRequest]) -> Iterator[Part]:
        for number in range(len(self.files)):
            self.source(number)
            if self._remote:
                self._begin(number + 1)
            inner, fills = self._arranged(number, wants)
            for at, part in enumerate(self.source(number).parts(inner)):
                yield self._filled(number, at, part, fills)
            if self._remote and number:  # the first tells about the columns
                self._sources.pop(number, None)  # the copy goes when its last part has been decoded

    def _filled(self, number: int, at: int, part: Part, fills: Sequence[Fill]) -> Part:
        return part._replace(
            batches=partial(self._batches, number, at, part, fills),
            rows=partial(self._counted, number, at, part),
        )

    def _counted(self, number: int, at: int, part: Part) -> int | None:
        rows = part.row_count()
        if rows is not None:
            self._note(number, at, rows)
        return rows

    def _batches(
        self, number: int, at: int, part: Part, fills: Sequence[Fill], chunk_rows: int
    ) -> Iterator[Batch]:
        """The rows of part ``at`` of a file, with the columns of its folders."""
        done = 0
        for batch in part.batches(chunk_rows):
            done += batch.rows
            stop = batch.stop
            if stop is not None and stop.row is None:
                # The row counts from the first file on: whoever counts the rows fills it in.
                stop = replace(stop, file=self.path)
                self._note(number, at, done + 1)
            else:
                self._note(number, at, done)
            yield Batch(batch.rows, tuple(self._columns(batch, fills, number)), stop, number)
        self.release(number)

    def _columns(self, batch: Batch, fills: Sequence[Fill], number: int) -> Iterator[AnyColumn]:
        own = iter(batch.columns)
        for fill in fills:
            if fill is None:
                yield next(own)
            else:
                partition, want = fill
                yield partition.column(number, self.files[number].path, want, batch.rows)

    def _note(self, number: int, part: int, rows: int) -> None:
        """How many rows a part of a file has delivered."""
        counts = self._delivered.setdefault(number, {})
        counts[part] = max(rows, counts.get(part, 0))  # a column may have been read before all others


# ---------------------------------------------------------------------- files that know their rows


class CountedFolder(FolderSource):
    """Files that all declare how many rows they have; where all have row groups, parts are cut at these."""

    def __init__(
        self, listing: Listing, opened: Opened, *, format: str | None, by_file: bool, ahead: int
    ) -> None:
        super().__init__(listing, opened, format=format, by_file=by_file, ahead=ahead)
        sources = [self.source(number) for number in range(len(self.files))]
        self.file_rows = tuple(source.rows or 0 for source in sources)
        self.rows = sum(self.file_rows)
        groups = [source.row_groups for source in sources if source.row_groups is not None]
        if len(groups) == len(sources):
            self.row_groups = tuple(rows for held in groups for rows in held)
            self._group_starts = [0, *accumulate(len(held) for held in groups)]

    def _count(self, number: int) -> int:
        return self.file_rows[number]

    def parts(self, wants: Sequence[ColumnRequest]) -> Iterator[Part]:
        for number in range(len(self.files)):
            self._arranged(number, wants)  # what is missing is said before anything is read
        return super().parts(wants)

    def bytes_of(self, wants: Sequence[ColumnRequest]) -> int | None:
        held = [
            self.source(number).bytes_of(self._arranged(number, wants)[0])
            for number in range(len(self.files))
        ]
        return None if None in held else sum(size or 0 for size in held)

    def part_rows(self) -> list[int]:
        return [rows for number in range(len(self.files)) for rows in self.source(number).part_rows()]

    def part_of(self, first_group: int, last_group: int, wants: Sequence[ColumnRequest]) -> Part:
        """The row groups from the first to the last, both included and counted over all files, as one part."""
        starts, parts = self._group_starts, list[Part]()
        number = bisect_right(starts, first_group) - 1
        while number < len(self.files) and starts[number] <= last_group:
            first = max(first_group, starts[number]) - starts[number]
            last = min(last_group + 1, starts[number + 1]) - starts[number] - 1
            if first <= last:
                inner, fills = self._arranged(number, wants)
                part = self.source(number).part_of(first, last, inner)
                parts.append(self._filled(number, first, part, fills))
            number += 1
        return parts[0] if len(parts) == 1 else _joined(parts)


def _joined(parts: Sequence[Part]) -> Part:
    """Parts of several files as one."""

    def batches(chunk_rows: int) -> Iterator[Batch]:
        for part in parts:
            for batch in part.batches(chunk_rows):
                yield batch
                if batch.stop is not None:
                    return

    return Part(sum(part.size for part in parts), batches, sum(part.row_count() or 0 for part in parts))


def open_folder(
    listing: Listing, opened: Opened, *, format: str | None, by_file: bool, ahead: int
) -> FolderSource:
    """The source of these files; ``opened`` opens one of them."""
    formats = {format or format_of(file.name) for file in listing.files}
    counted = all(name is not None and is_counted(name) for name in formats)
    # To count the rows of remote files, all of them would be fetched.
    kind = CountedFolder if counted and not listing.remote else FolderSource
    return kind(listing, opened, format=format, by_file=by_file, ahead=ahead)
