"""Parquet files: runs of row groups, decoded apart from each other.

Opening reads the footer alone.  How Arrow's arrays become columns is the business of `arrow`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from losscli.block import Batch, Want
from losscli.errors import DataError
from losscli.sources.arrow import DECODING_ERRORS, Undecodable, check_type, column_of
from losscli.sources.handles import Handles
from losscli.sources.stamp import Stamp, damaged, first_line
from losscli.sources.values import batch_of

PART_ROWS = 256 * 1024  # small row groups are joined until a part has so many
BATCH_ROWS = 65536  # what Arrow decodes fastest, and a cache holds
CODE_BYTES = 2.5  # a row, in a column chunk of few different texts


class ParquetSource:
    """One Parquet file, its footer read."""

    format = "parquet"
    named = True

    def __init__(self, path: str) -> None:
        self.path = path
        self.stamp = Stamp.of(path)
        self.size: int | None = self.stamp.size
        if self.stamp.size == 0:
            raise DataError("it is empty", detail="wanted a Parquet file", file=path)
        self._metadata: Any = None
        self._handles: Handles[frozenset[str]] = Handles(self._opened)
        try:
            handle = self._opened(frozenset())
            self._metadata = handle.metadata
            self._schema = handle.schema_arrow
            self.columns: tuple[str, ...] = tuple(self._schema.names)
            groups = range(handle.metadata.num_row_groups)
            self.row_groups: tuple[int, ...] = tuple(handle.metadata.row_group(g).num_rows for g in groups)
            declared = handle.metadata.num_rows
            self._paths = [handle.schema.column(leaf).path for leaf in range(len(handle.schema))]
        except DECODING_ERRORS as error:
            raise _unopened(self.stamp, error) from None
        self._handles.keep(frozenset(), handle)
        self.rows: int | None = sum(self.row_groups)
        if min(self.row_groups, default=0) < 0 or declared != self.rows:
            raise damaged(path, f"the footer says {declared} rows, its row groups {self.rows}")

    # ------------------------------------------------------------------ parts

    def part_rows(self) -> list[int]:
        """Rows of each part that `parts` makes by itself."""
        return [sum(self.row_groups[first : last + 1]) for first, last in self._runs()]

    def parts(self, wants: Sequence[Want], boundaries: Sequence[int] | None = None) -> Iterator[ParquetPart]:
        """Runs of row groups in order; with ``boundaries``, cut at these rows and nowhere else.

        A boundary is a number of rows before it, where one row group ends and the next begins.
        """
        self._check(wants)
        return self._parts(list(wants), self._runs() if boundaries is None else self._cut(boundaries))

    def part_of(self, first_group: int, last_group: int, wants: Sequence[Want]) -> ParquetPart:
        """The row groups from the first to the last, both included, as one part."""
        self._check(wants)
        return self._part(first_group, last_group, list(wants))

    def close(self) -> None:
        """Close what no part is reading from."""
        self._handles.close()

    def _check(self, wants: Sequence[Want]) -> None:
        for want in wants:
            check_type(self._schema.field(want.index).type, want.kind, self.path, self.columns[want.index])

    def _parts(self, wants: Sequence[Want], runs: list[tuple[int, int]]) -> Iterator[ParquetPart]:
        for first, last in runs:
            yield self._part(first, last, wants)
        self.stamp.check()

    def _part(self, first: int, last: int, wants: Sequence[Want]) -> ParquetPart:
        rows = sum(self.row_groups[first : last + 1])
        share = rows / self.rows if self.rows else 1.0
        before = sum(self.row_groups[:first])
        return ParquetPart(self, range(first, last + 1), before, rows, round(self.stamp.size * share), wants)

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

    def _cut(self, boundaries: Sequence[int]) -> list[tuple[int, int]]:
        runs: list[tuple[int, int]] = []
        left = sorted(set(boundaries) - {0, self.rows})
        first = rows = 0
        for group, held in enumerate(self.row_groups):
            rows += held
            if left and rows == left[0]:
                runs.append((first, group))
                first = group + 1
                del left[0]
        if left:
            raise ValueError(f"no row group of {self.path} ends at row {left[0]}")
        if first < len(self.row_groups):
            runs.append((first, len(self.row_groups) - 1))
        return runs

    # ------------------------------------------------------------------ decoding

    def _opened(self, coded: frozenset[str]) -> Any:
        # Read, not mapped, and in pieces: a mapped file that shrinks ends the process, and one that is
        # mapped or read ahead takes as much memory as its row groups.
        return pq.ParquetFile(
            self.path,
            metadata=self._metadata,
            read_dictionary=sorted(coded),
            buffer_size=1 << 20,
            memory_map=False,
            pre_buffer=False,
            page_checksum_verification=True,  # where the writer left any
        )

    def _coded(self, group: int, wants: Sequence[Want]) -> frozenset[str]:
        """The text columns to be decoded as codes, as few texts repeat: it is many times faster.

        Where texts do not repeat it is slower, as Arrow collects them over the whole row group.
        """
        leaves = {path: leaf for leaf, path in enumerate(self._paths)}
        coded = set()
        for want in wants:
            name = self.columns[want.index]
            if (
                want.kind != "number"
                and pa.types.is_string(self._schema.field(want.index).type)
                and name in leaves
            ):
                chunk = self._metadata.row_group(group).column(leaves[name])
                if (
                    chunk.has_dictionary_page
                    and chunk.total_uncompressed_size <= CODE_BYTES * chunk.num_values
                ):
                    coded.add(name)
        return frozenset(coded)

    def decode(
        self, groups: Sequence[int], wants: Sequence[Want], first_row: int, rows: int, size: int
    ) -> Iterator[Batch]:
        """The rows of the row groups; ``size`` rows at a time, over the borders of row groups."""
        names = [self.columns[want.index] for want in wants]
        # The columns are selected by name and then taken by place, since a name brings along all
        # columns of that name, and `a` those below a group `a`.
        chosen = sorted(set(names), key=self.columns.index)
        places: list[int] | None = None
        done = 0
        for decoded in self._decoded(size, groups, chosen, self._coded(groups[0], wants)):
            try:
                if places is None:
                    places = self._places(decoded.schema, wants)
                read = [
                    column_of(decoded.column(place), want.kind)
                    for place, want in zip(places, wants, strict=True)
                ]
            except (Undecodable, pa.ArrowException) as error:
                raise self.stamp.damaged(error) from None
            batch = batch_of(read, names, self.path, first_row + done)
            done += len(decoded)
            yield batch
            if batch.stop is not None:
                return
        if done != rows:
            raise self.stamp.damaged(f"its row groups hold {done} rows where the footer says {rows}")

    def _decoded(
        self, size: int, groups: Sequence[int], chosen: Sequence[str], coded: frozenset[str]
    ) -> Iterator[Any]:
        """Record batches.  Only Arrow's own work stands here, so that its errors are taken for no others."""
        try:
            with self._handles.borrowed(coded) as handle:
                yield from handle.iter_batches(size, row_groups=groups, columns=chosen, use_threads=False)
        except DECODING_ERRORS as error:
            raise self.stamp.damaged(error) from None

    def _places(self, schema: Any, wants: Sequence[Want]) -> list[int]:
        """Where the wanted columns stand among those that were decoded."""
        places = []
        for want in wants:
            name = self.columns[want.index]
            # Every column of that name is there, in the order of the file.
            same = [place for place, found in enumerate(schema.names) if found == name]
            nth = self.columns[: want.index].count(name)
            declared = self._schema.field(want.index).type
            if len(same) != self.columns.count(name) or not _is(declared, schema.field(same[nth]).type):
                raise Undecodable(f"column `{name}` is not what the footer says")
            places.append(same[nth])
        return places


class ParquetPart:
    """A run of row groups of one file."""

    def __init__(
        self,
        source: ParquetSource,
        groups: range,
        first_row: int,
        rows: int,
        size: int,
        wants: Sequence[Want],
    ) -> None:
        self._source = source
        self._groups = groups
        self._wants = wants
        self.first_row = first_row  # rows of the file before it
        self.rows: int | None = rows
        self.size = size

    def batches(self, chunk_rows: int) -> Iterator[Batch]:
        source, rows = self._source, self.rows or 0
        size = max(1, min(chunk_rows, BATCH_ROWS))
        if self._wants:
            yield from source.decode(list(self._groups), self._wants, self.first_row, rows, size)
        else:  # rows alone are counted, not decoded
            for start in range(0, rows, size):
                yield Batch(min(size, rows - start), ())
        source.stamp.check()


def _is(declared: Any, decoded: Any) -> bool:
    """Whether a column came out as its type in the footer, be it as codes."""
    return bool(decoded == declared or (pa.types.is_dictionary(decoded) and decoded.value_type == declared))


def _unopened(stamp: Stamp, error: BaseException) -> DataError:
    if stamp.changed:
        return stamp.damaged(error)
    reason = first_line(error)
    if "encrypt" in reason or "decrypt" in reason:
        return DataError(
            "it is encrypted", detail="wanted a Parquet file that can be read without a key", file=stamp.path
        )
    return damaged(stamp.path, reason, "it is no Parquet file, or a damaged one")


def open_parquet(path: str) -> ParquetSource:
    """The file's columns and rows, from its footer."""
    return ParquetSource(path)
