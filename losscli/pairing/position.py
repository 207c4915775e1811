"""Rows of two files, or of one, paired by position.

Nothing here drops, repeats or reorders a row to make two files fit: unequal lengths are a DataError
with both counts.  A segment is a run of rows that both files begin and end together, so segments can
be read side by side; a file whose rows are known only by reading it is one segment.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from losscli.block import Batch, Block, Want
from losscli.errors import DataError
from losscli.sources import Part, Source

SEGMENT_ROWS = 1 << 18  # about as many rows as make a segment worth a thread's while


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows that all sides begin and end together: the parts of each side, in order."""

    first_row: int
    sides: tuple[Iterable[Part], ...]


def segments(sources: Sequence[Source], wants: Sequence[Sequence[Want]]) -> list[Segment]:
    """The files cut where all of them can be cut, each piece of a side one part.

    Where there are too few cuts in common, the files are one segment of many parts.
    """
    refuse_unequal(sources)
    whole = [Segment(0, tuple(s.parts(want) for s, want in zip(sources, wants, strict=True)))]
    if not all(hasattr(source, "row_groups") for source in sources):
        return whole
    ends = [list(accumulate(source.row_groups)) for source in sources]  # type: ignore[attr-defined]
    cuts = _cuts(ends)
    if len(cuts) < 2:
        return whole
    found = []
    for start, end in zip([0, *cuts], cuts, strict=False):
        sides = []
        for source, rows, want in zip(sources, ends, wants, strict=True):
            first, last = bisect_right(rows, start), bisect_right(rows, end) - 1
            sides.append([source.part_of(first, last, want)])  # type: ignore[attr-defined]
        found.append(Segment(start, tuple(sides)))
    return found


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
    if (
        len(sources) == 2
        and None not in (sources[0].rows, sources[1].rows)
        and sources[0].rows != sources[1].rows
    ):
        raise unequal(sources, [source.rows or 0 for source in sources])


def unequal(sources: Sequence[Source], rows: Sequence[int]) -> DataError:
    preds, labels = sources
    return DataError(
        f"{labels.path} has {_rows(rows[1])} and {preds.path} has {rows[0]}",
        "by position, rows can only be paired when both files have the same number",
        "to pair rows by a column that both files have, add `--on COLUMN`",
    )


def align(
    sources: Sequence[Source], sides: Sequence[Iterator[Batch]], first_row: int, chunk_rows: int
) -> Iterator[Block]:
    """Blocks of at most ``chunk_rows`` rows, in order.

    A batch's ``stop`` is raised, its row filled in, behind the rows before it.
    """
    current: list[Batch | None] = [None] * len(sides)
    offsets = [0] * len(sides)
    row = first_row
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
        if rows == 0:
            break
        aligned = tuple(
            tuple(column.slice(offset, offset + rows) for column in batch.columns)
            for batch, offset in zip(current, offsets, strict=True)
            if batch is not None
        )
        yield Block(row, rows, aligned)
        row += rows
        offsets = [offset + rows for offset in offsets]
    for batch, remaining in zip(current, left, strict=True):
        if batch is not None and batch.stop is not None and remaining == 0:
            raise batch.stop if batch.stop.row is not None else batch.stop.with_row(row + 1)
    if any(left):
        counts = [
            row + remaining + sum(b.rows for b in side) for remaining, side in zip(left, sides, strict=True)
        ]
        raise unequal(sources, counts)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
