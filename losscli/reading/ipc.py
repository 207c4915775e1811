"""Arrow IPC files, as `.arrow`, `.feather` or `.ipc`: record batches, checked in full before use.

Arrow reads a damaged file without complaint, and the first look at a value then ends the process: so
no array is looked at before `validate(full=True)` has passed it.  A file in the streaming form is
read from front to back as one part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.ipc

from losscli.errors import DataError
from losscli.reading.arrow import DECODING_ERRORS, read_column
from losscli.reading.arrow_types import TypedSource
from losscli.reading.fingerprint import Fingerprint
from losscli.reading.handles import Handles
from losscli.reading.read import batch_of
from losscli.reading.source import Part, rows_at_once
from losscli.table.block import Batch, ColumnRequest

if TYPE_CHECKING:
    from losscli.reading.known_texts import TextsOfColumns

PART_BYTES = 8 << 20  # small record batches are joined until a part is about so large

FILE_MARK = b"ARROW1"
FEATHER_1_MARK = b"FEA1"
NOT_ARROW = "it is no Arrow IPC file, or a damaged one"


class IpcSource(TypedSource):
    """One Arrow IPC file, its schema read."""

    format = "arrow"

    def __init__(self, path: str) -> None:
        self.path = path
        self.stamp = Fingerprint.of(path)
        self._texts: TextsOfColumns = {}
        self.size = self.stamp.size
        if self.stamp.size == 0:
            raise DataError("it is empty", detail="wanted an Arrow IPC file", file=path)
        self._streamed = False
        self._handles: Handles[tuple[int, ...]] = Handles(self._opened)
        with self._decoding(NOT_ARROW):
            with pa.OSFile(path) as file:
                mark = file.read(len(FILE_MARK))
            if mark.startswith(FEATHER_1_MARK):
                raise DataError(
                    "it is a Feather file of version 1",
                    detail="wanted version 2, which is Arrow's own format",
                    hint="write it again with a Feather writer of today",
                    file=path,
                )
            self._streamed = mark != FILE_MARK
            with self._handles.borrowed(()) as handle:
                self._schema = handle.reader.schema
                self.columns = tuple(self._schema.names)
                self._batches: int = 1 if self._streamed else handle.reader.num_record_batches

    def parts(self, wants: Sequence[ColumnRequest]) -> Iterator[Part]:
        """Runs of record batches in order; all of them at once in the streaming form."""
        self._check(wants)
        return self._parts(list(wants))

    def _parts(self, wants: Sequence[ColumnRequest]) -> Iterator[Part]:
        if self._batches:
            size = self.stamp.size // self._batches
            step = max(1, PART_BYTES // max(1, size))
            for first in range(0, self._batches, step):
                count = min(step, self._batches - first)
                yield Part(size * count, partial(self._decode, range(first, first + count), wants))
        self.stamp.check()

    def close(self) -> None:
        self._handles.close()

    # ------------------------------------------------------------------ decoding

    @contextmanager
    def _decoding(self, what: str) -> Iterator[None]:
        try:
            yield
        except DECODING_ERRORS as error:
            raise self.stamp.damaged(error, what) from None

    def _opened(self, fields: tuple[int, ...]) -> _Handle:
        return _Handle(self.path, fields, streamed=self._streamed)

    def _decode(self, batches: range, wants: Sequence[ColumnRequest], chunk_rows: int) -> Iterator[Batch]:
        """The rows of some record batches, at most ``chunk_rows`` at a time."""
        size = rows_at_once(chunk_rows, len(wants))
        # For rows alone the first column will do: to ask for none is to ask for all.
        fields = tuple(sorted({want.index for want in wants})) or (0,)[: len(self.columns)]
        for record_batch in self._validated(batches, fields):
            for start in range(0, len(record_batch), size):
                cut = record_batch.slice(start, size)
                reads = [
                    read_column(cut.column(fields.index(want.index)), want, self._texts) for want in wants
                ]
                batch = batch_of(len(cut), wants, reads, self.columns, self.path)
                yield batch
                if batch.stop is not None:
                    return
        self.stamp.check()

    def _validated(self, batches: range, fields: tuple[int, ...]) -> Iterator[Any]:
        """Record batches that hold these fields, every value of them in its bounds."""
        with self._decoding("it cannot be decoded"):
            if self._streamed:
                # A stream is read once: its handle is of no further use.
                handle = self._opened(fields)
                try:
                    for record_batch in handle.reader:
                        record_batch.validate(full=True)
                        yield record_batch
                finally:
                    handle.close()
            else:
                with self._handles.borrowed(fields) as handle:
                    for number in batches:
                        record_batch = handle.reader.get_batch(number)
                        record_batch.validate(full=True)
                        yield record_batch


class _Handle:
    """The open file and its reader, for some fields; for all where there are none."""

    def __init__(self, path: str, fields: tuple[int, ...], *, streamed: bool) -> None:
        options = pa.ipc.IpcReadOptions(included_fields=list(fields), use_threads=False)
        self._file = pa.OSFile(path)  # read, not mapped: a mapped file that shrinks ends the process
        try:
            opened = pa.ipc.open_stream if streamed else pa.ipc.open_file
            self.reader = opened(self._file, options=options)
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        self._file.close()


def open_ipc(path: str) -> IpcSource:
    """The file's columns, from its schema."""
    return IpcSource(path)
