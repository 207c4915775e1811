"""A file for bytes that do not fit into memory, in a private folder.

The folder is removed when nothing refers to the file any more, and after an interrupt (`discard`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
import threading
import weakref
from io import FileIO
from types import TracebackType
from typing import Self

from losscli.errors import DataError, OutputError

_folders: set[str] = set()


def discard() -> None:
    """Remove all folders; called when a signal ends the process."""
    for folder in list(_folders):
        shutil.rmtree(folder, ignore_errors=True)


def _remove(file: FileIO, folder: str) -> None:
    with contextlib.suppress(OSError):
        file.close()
    shutil.rmtree(folder, ignore_errors=True)
    _folders.discard(folder)


class Spill:
    """One growing file; a piece is read again by its place and size."""

    def __init__(self) -> None:
        self.size = 0
        self._lock = threading.Lock()
        self._folder: str | None = None
        self._file: FileIO

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def write(self, piece: bytes | memoryview) -> int:
        """Append a piece, and return its place."""
        with self._lock:
            try:
                if self._folder is None:
                    self._open()
                place, done = self.size, 0
                view = memoryview(piece)
                self._file.seek(place)
                while done < len(piece):
                    done += self._file.write(view[done:])
            except OSError as error:
                raise self._cannot(error) from None
            self.size = place + len(piece)
            return place

    def read(self, place: int, size: int) -> bytes:
        """The bytes at a place; several threads may ask at a time."""
        found = b""
        try:
            with self._lock:  # a file has one place, which not every system lets a reader name
                self._file.seek(place)
                while len(found) < size:
                    more = self._file.read(size - len(found))
                    if not more:
                        raise OSError(errno.EIO, "it was cut")
                    found += more
        except OSError as error:
            raise DataError(
                f"cannot be read back: {(error.strerror or '').lower()}", file=self._folder
            ) from None
        return found

    def _open(self) -> None:
        # The folder is made with mode 0700: only the owner may look into it.
        folder = tempfile.mkdtemp(prefix="losscli-")
        self._folder = folder
        _folders.add(folder)
        path = os.path.join(folder, "rows")
        self._file = FileIO(path, "x+")
        with contextlib.suppress(OSError):
            # Without a name, where a system allows that, the file takes no more room when the process is killed.
            os.unlink(path)
        self._remove = weakref.finalize(self, _remove, self._file, folder)

    def close(self) -> None:
        """Remove the files and their folder."""
        if self._folder is not None:
            self._remove()
            self._folder = None

    def _cannot(self, error: OSError) -> OutputError:
        reason = error.strerror or str(error)
        where = self._folder or tempfile.gettempdir()
        return OutputError(
            f"rows cannot be put aside: {reason[:1].lower()}{reason[1:]}",
            f"the rows exceed `--memory`, and {self.size >> 20} MiB of them lie in this folder",
            "`TMPDIR` names a folder with more room; a larger `--memory` puts aside less",
            file=where,
        )
