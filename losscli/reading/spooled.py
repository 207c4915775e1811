"""A remote input, or one that can be read only once, as a private copy on disk.

The copy has no name, so that it is gone when nobody reads it any more, however the run ends.  Messages
name the input, not the copy.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import IO, TYPE_CHECKING, BinaryIO

from losscli.errors import DataError, OutputError
from losscli.reading.source import Part, Source

if TYPE_CHECKING:
    from losscli.table.block import Batch, ColumnRequest
    from losscli.table.keys import KeyType

PIECE_BYTES = 1 << 20


def _remove(file: IO[bytes], name: str | None) -> None:
    file.close()
    if name is not None:
        with contextlib.suppress(OSError):  # an open file keeps its name on some systems
            os.unlink(name)


class SpoolFile:
    """A temporary file that exists as long as this object does."""

    def __init__(self) -> None:
        try:
            # Where a file can be opened by its number, it needs no name that could be left over.
            if sys.platform == "linux":
                self._file: IO[bytes] = tempfile.TemporaryFile(prefix="losscli-")  # noqa: SIM115
                self.path, name = f"/proc/self/fd/{self._file.fileno()}", None
            else:
                number, self.path = tempfile.mkstemp(prefix="losscli-")
                self._file, name = os.fdopen(number, "w+b"), self.path
        except OSError as error:
            raise cannot_copy(error) from None
        weakref.finalize(self, _remove, self._file, name)

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return os.fstat(self._file.fileno()).st_size

    def take(self, stream: BinaryIO | io.RawIOBase) -> None:
        """Append the rest of a stream."""
        while piece := stream.read(PIECE_BYTES):
            try:
                self._file.write(piece)
            except OSError as error:
                raise cannot_copy(error) from None
        self._file.flush()


def cannot_copy(error: OSError) -> OutputError:
    """The error for an input for which there is no room in the temporary folder."""
    reason = (error.strerror or str(error)).lower()
    return OutputError(f"an input cannot be copied there: {reason}", file=tempfile.gettempdir())


class SpooledSource(Source):
    """The source of a copy, shown under the name of the original."""

    def __init__(self, shown: str, copy: SpoolFile, opened: Callable[[str], Source]) -> None:
        self.path = shown
        self.copy = copy
        try:
            self._inner = opened(copy.path)
        except DataError as error:
            raise self.renamed(error) from None
        self.format = self._inner.format
        self.columns = self._inner.columns
        self.named = self._inner.named
        self.rows = self._inner.rows
        self.size = self._inner.size

    def may_begin(self, name: str) -> bool:
        return self._inner.may_begin(name)

    def look_for(self, name: str) -> None:
        self._inner.look_for(name)
        self.columns, self.later = self._inner.columns, self._inner.later

    def key_type(self, index: int) -> KeyType | None:
        return self._inner.key_type(index)

    def rounding(self, index: int) -> float:
        return self._inner.rounding(index)

    def holds_lists(self, index: int) -> bool | None:
        return self._inner.holds_lists(index)

    def parts(self, wants: Sequence[ColumnRequest]) -> Iterator[Part]:
        try:
            for part in self._inner.parts(wants):
                yield part._replace(batches=partial(self._batches, part))
        except DataError as error:
            raise self.renamed(error) from None

    def _batches(self, part: Part, chunk_rows: int) -> Iterator[Batch]:
        # Bound to the source, a part keeps the copy until it has been decoded.
        try:
            for batch in part.batches(chunk_rows):
                yield batch if batch.stop is None else batch.stopped(self.renamed(batch.stop))
        except DataError as error:
            raise self.renamed(error) from None

    def renamed(self, error: DataError) -> DataError:
        """The error with the name of the input in place of that of its copy."""
        return replace(error, file=self.path) if error.file == self.copy.path else error

    def close(self) -> None:
        self._inner.close()
