"""Rows of two files, or of one, paired by position.

No row is dropped, repeated or moved to make two files fit: unequal lengths are a DataError with both counts.
A segment is a run of rows that begins and ends together in all files, so segments can be read side by side;
files whose number of rows is known only by reading them are one segment.  Where the files of two folders are
paired one to one, each must have as many rows as its partner.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from losscli.errors import DataError
from losscli.table.block import Batch, Block, ColumnRequest
from losscli.text import noun

if TYPE_CHECKING:
    from losscli.reading.source import Part, Source

SEGMENT_ROWS = 1 << 18  # at least so many rows, or a thread would not pay
TEXT_ROWS = 1 << 17  # rows of text: as many are decoded as one block on every side, and measured as one


class Segment(NamedTuple):
    """Rows that begin and end together on all sides: the parts of each side, in order."""

    first_row: int
    sides: tuple[Iterable[Part], ...]


def segments(sources: Sequence[Source], wants: Sequence[Sequence[ColumnRequest]]) -> list[Segment]:
    """The files cut at the row groups that all of them end, with one part for each side of a segment.

    Files with less than two segments in common are one segment of many parts.
    """
    refuse_unequal(sources)
    whole = [Segment(0, tuple(s.parts(want) for s, want in zip(sources, wants, strict=True)))]
    cuts = common_cuts(sources)
    if len(cuts) < 2:
        return whole
    ends = [list(accumulate(source.row_groups or ())) for source in sources]
    found = []
    for start, end in zip([0, *cuts], cuts, strict=False):
        sides = []
        for source, rows, want in zip(sources, ends, wants, strict=True):
            first, last = bisect_right(rows, start), bisect_right(rows, end) - 1
            sides.append([source.part_of(first, last, want)])
        found.append(Segment(start, tuple(sides)))
    return found


def row_segments(
    sources: Sequence[Source], wants: Sequence[Sequence[ColumnRequest]], rows: range
) -> list[Segment]:
    """Some rows of files of text, whose rows were found, cut at the same rows on all sides."""
    return [
        Segment(
            first,
            tuple(
                [source.rows_between(first, min(first + TEXT_ROWS, rows.stop), want)]
                for source, want in zip(sources, wants, strict=True)
            ),
        )
        for first in range(rows.start, rows.stop, TEXT_ROWS)
    ]


def within(blocks: Iterable[Block], rows: range | None) -> Iterator[Block]:
    """The blocks, or of them some rows, by their numbers from 0 on; what lies behind these is not read."""
    for block in blocks:
        found = block if rows is None else block.within(rows)
        if found is not None:
            yield found
        if rows is not None and block.first_row + block.rows >= rows.stop:
            return


def common_cuts(sources: Sequence[Source]) -> list[int]:
    """Rows at which all files end a row group, far enough apart; none where they have none in common."""
    ends = [list(accumulate(source.row_groups)) for source in sources if source.row_groups is not None]
    return _cuts(ends) if len(ends) == len(sources) else []


def _cuts(ends: Sequence[Sequence[int]]) -> list[int]:
    """Row numbers at which every side ends a row group, at least SEGMENT_ROWS apart."""
    common = sorted(set(ends[0]).intersection(*ends[1:]))
    kept: list[int] = []
    for row in common:
        if row - (kept[-1] if kept else 0) >= SEGMENT_ROWS:
            kept.append(row)
    if common and common[-1] > 0 and (not kept or kept[-1] != common[-1]):
        kept.append(common[-1])
    return kept


def refuse_unequal(sources: Sequence[Source]) -> None:
    """Refuse files whose row counts are known before reading and differ."""
    if len(sources) < 2 or any(source.rows is None for source in sources):
        return
    file_ends(sources)
    if len({source.rows for source in sources}) > 1:
        raise unequal(sources, [source.rows or 0 for source in sources])


def file_ends(sources: Sequence[Source]) -> list[int]:
    """The rows up to the end of each file, of folders whose files are paired and counted; DataError for unequal files."""
    if not _by_file(sources):
        return []
    counts = list(zip(*(source.rows_by_file() for source in sources), strict=True))
    for file, rows in enumerate(counts):
        if len(set(rows)) > 1:
            raise unequal(sources, rows, file)
    return list(accumulate(rows[0] for rows in counts))


def _by_file(sources: Sequence[Source]) -> bool:
    """Whether each file of one side is paired with the one at the same place on the other."""
    return len(sources) > 1 and all(source.by_file for source in sources)


def unequal(sources: Sequence[Source], rows: Sequence[int], file: int | None = None) -> DataError:
    """The error for files of different lengths; ``file`` is the place of those that differ, in folders."""
    paths = [source.path if file is None else source.files[file].path for source in sources]
    # Imported here: only an error needs them.
    from losscli.pairing.key_hint import key_option
    from losscli.pairing.shared_ids import shared_id_names

    other = next(at for at, count in enumerate(rows) if count != rows[0])
    on = key_option(sources, shared_id_names(sources), partly=True)
    return DataError(
        f"{paths[other]} has {_rows(rows[other])} and {paths[0]} has {rows[0]}",
        "by position, rows can only be paired when both files have the same number",
        f"`{on} --unmatched drop` pairs rows by a key, and leaves out those that one file lacks"
        if on
        else None,
    )


def align(
    sources: Sequence[Source], sides: Sequence[Iterator[Batch]], first_row: int, chunk_rows: int
) -> Iterator[Block]:
    """Blocks of at most ``chunk_rows`` rows, in order.

    The ``stop`` of a batch is raised, with its row, after the blocks of the rows before it.
    """
    current: list[Batch | None] = [None] * len(sides)
    offsets = [0] * len(sides)
    row, file, by_file = first_row, 0, _by_file(sources)
    while True:
        for at, side in enumerate(sides):
            while (batch := current[at]) is None or offsets[at] >= batch.rows:
                if batch is not None and batch.stop is not None:
                    break
                current[at], offsets[at] = next(side, None), 0
                if current[at] is None:
                    break
        left = [0 if b is None else b.rows - offset for b, offset in zip(current, offsets, strict=True)]
        rows = min([*left, chunk_rows])
        if by_file and any(left):
            begun = [
                batch.file for batch, rest in zip(current, left, strict=True) if batch is not None and rest
            ]
            file = min(begun)
            if max(begun) != file:
                rows = 0  # one side has rows left of a file that has ended on the other side
        if rows == 0:
            break
        aligned = tuple(
            # Batches that begin and end together are taken as they are.
            batch.columns
            if rows == batch.rows
            else tuple(column.slice(offset, offset + rows) for column in batch.columns)
            for batch, offset in zip(current, offsets, strict=True)
            if batch is not None
        )
        yield Block(row, rows, aligned)
        row += rows
        offsets = [offset + rows for offset in offsets]
    for batch, remaining in zip(current, left, strict=True):
        if batch is not None and batch.stop is not None and remaining == 0:
            raise batch.stop if batch.stop.row is not None else batch.stop.with_row(row + 1)
    if any(left) and by_file:
        of_file = row - sum(sources[0].rows_by_file()[:file])
        raise unequal(sources, _rows_of_file(file, of_file, current, left, sides), file)
    if any(left):
        counts = [
            row + remaining + sum(b.rows for b in side) for remaining, side in zip(left, sides, strict=True)
        ]
        raise unequal(sources, counts)


def _rows(count: int) -> str:
    return f"{count} {noun(count, 'row')}"


def _rows_of_file(
    file: int,
    aligned: int,
    current: Sequence[Batch | None],
    left: Sequence[int],
    sides: Sequence[Iterator[Batch]],
) -> list[int]:
    """The number of rows that each side has in a file: those that were aligned and the rest, which is read now."""
    counts = []
    for batch, rest, side in zip(current, left, sides, strict=True):
        count = aligned
        while batch is not None and batch.file <= file:
            count += rest if batch.file == file else 0
            batch = next(side, None)
            rest = 0 if batch is None else batch.rows
        counts.append(count)
    return counts
