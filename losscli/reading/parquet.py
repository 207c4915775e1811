"""Parquet files: runs of row groups, decoded apart from each other.

Opening reads only the footer. `arrow` turns Arrow's arrays into columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from losscli.errors import DataError
from losscli.reading.arrow import DECODING_ERRORS, read_column
from losscli.reading.arrow_buffers import Undecodable
from losscli.reading.arrow_types import TypedSource, holds_lists
from losscli.reading.fingerprint import Fingerprint, Stamp, damaged, first_line
from losscli.reading.handles import Handles
from losscli.reading.read import batch_of
from losscli.reading.source import Part, Source, rows_at_once
from losscli.table.block import Batch, ColumnRequest
from losscli.text import noun

if TYPE_CHECKING:
    from losscli.reading.known_texts import TextsOfColumns

PART_ROWS = 256 * 1024  # small row groups are joined until a part has so many
MOST_ROWS = 1 << 17  # decoded at a time: what is decoded takes its place in the cache as well
READ_BYTES = 1 << 14
"""Read ahead of a page: its header, and little of its bytes, since those are copied once more."""
COMPARED_BYTES = 1 << 18
CODE_BYTES = 2.5  # a row, in a column chunk of few different texts
SHORT_BYTES = 32  # a row of texts that are decoded in as large pieces as may be


class ParquetSource(TypedSource):
    """One Parquet file, its footer read."""

    format = "parquet"
    row_groups: tuple[int, ...]

    def __init__(self, stamp: Stamp) -> None:
        self.path = stamp.path
        self.stamp = stamp
        self.size = stamp.size
        if stamp.size == 0:
            raise DataError("it is empty", detail="wanted a Parquet file", file=self.path)
        self._metadata: Any = None
        self._handles: Handles[frozenset[str]] = Handles(lambda coded: self._opened(coded, self._stored_at()))
        try:
            handle = self._opened(frozenset(), self._stored_at())
            self._metadata = handle.metadata
            self._schema = handle.schema_arrow
            self.columns = tuple(self._schema.names)
            groups = range(handle.metadata.num_row_groups)
            self.row_groups = tuple(handle.metadata.row_group(g).num_rows for g in groups)
            declared = handle.metadata.num_rows
            schema = handle.metadata.schema
            self._paths = [schema.column(leaf).path for leaf in range(len(schema))]
        except DECODING_ERRORS as error:
            raise _damaged(self.stamp, error, "it is no Parquet file, or a damaged one") from None
        self._handles.keep(frozenset(), handle)
        self._texts: TextsOfColumns = {}
        self._starts = [0, *accumulate(self.row_groups)]  # rows of the file before each row group
        self._places_of = _plain_places(self._schema)
        self.rows = sum(self.row_groups)
        if min(self.row_groups, default=0) < 0 or declared != self.rows:
            raise damaged(
                self.path, f"the footer says {declared} {noun(declared, 'row')}, its row groups {self.rows}"
            )

    # ------------------------------------------------------------------ parts

    def part_rows(self) -> list[int]:
        return [self._starts[last + 1] - self._starts[first] for first, last in self._runs()]

    def parts(self, wants: Sequence[ColumnRequest]) -> Iterator[Part]:
        """Runs of row groups in order."""
        self._check(wants)
        return self._parts(list(wants))

    def part_of(self, first_group: int, last_group: int, wants: Sequence[ColumnRequest]) -> Part:
        self._check(wants)
        return self._part(first_group, last_group, list(wants))

    def bytes_of(self, wants: Sequence[ColumnRequest]) -> int | None:
        leaves = self._leaves(self._names(wants))
        groups = [self._metadata.row_group(group) for group in range(len(self.row_groups))]
        return sum(int(group.column(leaf).total_compressed_size) for group in groups for leaf in leaves)

    def holds_the_same(self, index: int, other: Source, place: int, jobs: int) -> bool:
        if (
            not isinstance(other, ParquetSource)
            or self.row_groups != other.row_groups
            or self._schema.types[index] != other._schema.types[place]
        ):
            return False
        leaf, other_leaf = self._leaf(index), other._leaf(place)
        if leaf is None or other_leaf is None:
            return False
        stored = [
            (self._stored(group, leaf), other._stored(group, other_leaf))
            for group in range(len(self.row_groups))
        ]
        if any(mine[1:] != theirs[1:] for mine, theirs in stored):
            return False

        def same(places: tuple[tuple[Any, ...], tuple[Any, ...]]) -> bool:
            (start, size, *_), (begin, *_) = places
            with open(self.path, "rb", buffering=0) as mine, open(other.path, "rb", buffering=0) as theirs:
                return _same_bytes(mine, start, theirs, begin, size)

        try:
            if jobs == 1 or len(stored) == 1:
                return all(map(same, stored))
            from concurrent.futures import ThreadPoolExecutor

            pool = ThreadPoolExecutor(jobs)
            try:
                return all(pool.map(same, stored))
            finally:
                pool.shutdown(cancel_futures=True)
        except OSError:
            return False

    def _leaf(self, index: int) -> int | None:
        """Where a plain column is among the leaves."""
        name = self.columns[index]
        return self._paths.index(name) if self._paths.count(name) == 1 else None

    def _stored(self, group: int, leaf: int) -> tuple[Any, ...]:
        """Where the pages of a column begin, how long they are, and all that decoding depends on."""
        chunk = self._metadata.row_group(group).column(leaf)
        first = chunk.data_page_offset
        if chunk.has_dictionary_page and chunk.dictionary_page_offset is not None:
            first = min(first, chunk.dictionary_page_offset)
        column = self._metadata.schema.column(leaf)
        levels = column.max_definition_level, column.max_repetition_level
        return (
            first, chunk.total_compressed_size, chunk.num_values, chunk.physical_type, chunk.compression,
            chunk.encodings, levels, str(column.logical_type),
        )  # fmt: skip

    def close(self) -> None:
        self._handles.close()

    def _parts(self, wants: Sequence[ColumnRequest]) -> Iterator[Part]:
        for first, last in self._runs():
            yield self._part(first, last, wants)
        self.stamp.check()

    def _part(self, first: int, last: int, wants: Sequence[ColumnRequest]) -> Part:
        before = self._starts[first]
        rows = self._starts[last + 1] - before
        share = rows / self.rows if self.rows else 1.0
        batches = partial(self._batches, list(range(first, last + 1)), wants, before, rows)
        return Part(round(self.stamp.size * share), batches, rows)

    def _runs(self) -> list[tuple[int, int]]:
        """First and last row group of each part."""
        runs: list[tuple[int, int]] = []
        first = rows = 0
        for group, held in enumerate(self.row_groups):
            rows += held
            if rows >= PART_ROWS:
                runs.append((first, group))
                first, rows = group + 1, 0
        if rows:
            runs.append((first, len(self.row_groups) - 1))
        return runs

    # ------------------------------------------------------------------ decoding

    def _stored_at(self) -> Any:
        """The file as Arrow opens it."""
        return self.path

    def _reader(
        self, coded: frozenset[str], groups: Sequence[int], names: tuple[str, ...]
    ) -> AbstractContextManager[Any]:
        """A reader of columns of some row groups, for one thread alone."""
        return self._handles.borrowed(coded)

    def _opened(self, coded: frozenset[str], stored: Any) -> Any:
        # Read, not mapped, and in pieces: a mapped file that shrinks ends the process, and one that is
        # mapped or read ahead takes as much memory as its row groups.
        return pq.ParquetFile(
            stored,
            metadata=self._metadata,
            read_dictionary=sorted(coded),
            buffer_size=READ_BYTES,
            memory_map=False,
            pre_buffer=False,
            page_checksum_verification=True,  # where the writer left any
        )

    def _texts_in(self, group: int, wants: Sequence[ColumnRequest]) -> tuple[frozenset[str], bool]:
        """The text columns to be decoded as codes, as few texts repeat; and whether others hold short texts.

        Codes are many times faster. Where texts do not repeat they are slower, as Arrow collects them over the whole
        row group; then each piece is looked up among all texts before it, so pieces should be few.
        """
        leaves = {path: leaf for leaf, path in enumerate(self._paths)}
        coded, short = set(), False
        for want in wants:
            name = self.columns[want.index]
            if (
                want.kind != "number"
                and pa.types.is_string(self._schema.field(want.index).type)
                and name in leaves
            ):
                chunk = self._metadata.row_group(group).column(leaves[name])
                size = chunk.total_uncompressed_size / max(1, chunk.num_values)
                if chunk.has_dictionary_page and size <= CODE_BYTES:
                    coded.add(name)
                elif want.kind == "text" and size <= SHORT_BYTES:
                    short = True
        return frozenset(coded), short

    def _batches(
        self,
        groups: Sequence[int],
        wants: Sequence[ColumnRequest],
        first_row: int,
        rows: int,
        chunk_rows: int,
    ) -> Iterator[Batch]:
        """The rows of the row groups, over their borders; ``first_row`` rows of the file come before them."""
        if wants:
            yield from self._decode(groups, wants, first_row, rows, chunk_rows)
        else:  # rows alone are counted, not decoded
            yield from Batch(rows, ()).pieces(rows_at_once(min(chunk_rows, MOST_ROWS), 0))
        self.stamp.check()

    def _decode(
        self,
        groups: Sequence[int],
        wants: Sequence[ColumnRequest],
        first_row: int,
        rows: int,
        chunk_rows: int,
    ) -> Iterator[Batch]:
        coded, short = self._texts_in(groups[0], wants)
        size = chunk_rows if short else rows_at_once(min(chunk_rows, MOST_ROWS), len(wants))
        places: list[int] | None = None
        done = 0
        for decoded in self._decoded(size, coded, groups, wants):
            try:
                if places is None:
                    places = self._places(decoded.schema, wants)
                reads = [
                    read_column(decoded.column(place), want, self._texts)
                    for want, place in zip(wants, places, strict=True)
                ]
            except (Undecodable, pa.ArrowException) as error:
                raise self.stamp.damaged(error) from None
            batch = batch_of(len(decoded), wants, reads, self.columns, self.path, first_row + done)
            done += len(decoded)
            yield batch
            if batch.stop is not None:
                return
        if done != rows:
            raise self.stamp.damaged(
                f"its row groups hold {done} {noun(done, 'row')} where the footer says {rows}"
            )

    def _decoded(
        self, size: int, coded: frozenset[str], groups: Sequence[int], wants: Sequence[ColumnRequest]
    ) -> Iterator[Any]:
        """Record batches.  Only Arrow works here, so that only its errors are taken for damage."""
        # The columns are selected by name and then taken by place, since a name brings along all
        # columns of that name, and `a` those below a group `a`.
        names = self._names(wants)
        try:
            with self._reader(coded, groups, names) as reader:
                yield from reader.iter_batches(
                    size, row_groups=groups, columns=list(names), use_threads=False
                )
        except DECODING_ERRORS as error:
            raise _damaged(self.stamp, error, "it cannot be decoded") from None

    def _names(self, wants: Sequence[ColumnRequest]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.columns[want.index] for want in wants))

    def _leaves(self, names: tuple[str, ...]) -> list[int]:
        """The stored columns of these names, and those below a group of such a name."""
        return [
            leaf
            for leaf, path in enumerate(self._paths)
            if any(path == name or path.startswith(f"{name}.") for name in names)
        ]

    def _places(self, schema: Any, wants: Sequence[ColumnRequest]) -> list[int]:
        """The places of the wanted columns among the decoded ones."""
        decoded = _plain_places(schema)
        places = []
        for want in wants:
            name = self.columns[want.index]
            # Every plain column of that name is there, in the order of the file; groups can be anywhere.
            declared, found = self._places_of[name], decoded.get(name, [])
            if len(declared) != len(found):
                raise Undecodable(f"column `{name}` is not there as often as the footer says")
            at = found[declared.index(want.index)]
            if not self._is(want.index, schema.field(at)):
                raise Undecodable(f"column `{name}` is not of the type that the footer says")
            places.append(at)
        return places

    def _is(self, place: int, decoded: Any) -> bool:
        """Whether a column came out as its type in the footer, be it as codes."""
        declared = self._schema.field(place).type
        return bool(
            decoded.type == declared
            or (pa.types.is_dictionary(decoded.type) and decoded.type.value_type == declared)
        )


def _same_bytes(one: Any, start: int, other: Any, begin: int, size: int) -> bool:
    one.seek(start)
    other.seek(begin)
    mine, theirs = bytearray(min(size, COMPARED_BYTES)), bytearray(min(size, COMPARED_BYTES))
    while size > 0:
        count = min(size, COMPARED_BYTES)
        read = one.readinto(memoryview(mine)[:count]), other.readinto(memoryview(theirs)[:count])
        if read != (count, count) or mine != theirs:
            return False
        size -= count
    return True


def _plain_places(schema: Any) -> dict[str, list[int]]:
    """The places of the columns of each name, without groups."""
    places: dict[str, list[int]] = {}
    for place, field in enumerate(schema):
        if not pa.types.is_nested(field.type) or holds_lists(field.type):
            places.setdefault(field.name, []).append(place)
    return places


def _damaged(stamp: Stamp, error: BaseException, what: str) -> DataError:
    reason = first_line(error)
    if "encrypt" in reason or "decrypt" in reason:
        what, reason = "it is encrypted", "wanted a Parquet file that can be read without a key"
        return DataError(what, detail=reason, file=stamp.path)
    return stamp.damaged(error, what)


def open_parquet(path: str) -> ParquetSource:
    """The file's columns and rows, from its footer."""
    return ParquetSource(Fingerprint.of(path))
