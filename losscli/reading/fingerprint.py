"""What a binary file was when it was opened, and the words for one that is damaged.

A file that changes while it is read has no value: neither its old rows nor its new ones were
measured.  Size, time and identity are compared before and after; the file itself is never mapped,
since a mapped file that shrinks ends the process.
"""

from __future__ import annotations

import os
import stat
from abc import ABC, abstractmethod
from dataclasses import dataclass

from losscli.errors import DataError
from losscli.reading.text import changed, unreadable

REASON_LENGTH = 160

ENDS = 1 << 16
"""Bytes at each end of a file by which it is known again."""


class Stamp(ABC):
    """A file as it was when it was opened."""

    path: str
    size: int

    @property
    @abstractmethod
    def changed(self) -> bool:
        """Whether the path now names another file, or a file of another size or time, or none."""

    def check(self) -> None:
        """DataError where the file was changed since."""
        if self.changed:
            raise changed(self.path)

    def damaged(self, error: object, what: str = "it cannot be decoded") -> DataError:
        """Why decoding failed: the file changed under the reader, or what the decoder says."""
        if self.changed:
            return changed(self.path)
        if isinstance(error, MemoryError):  # too little of it, or a length that is none
            return DataError(
                "it cannot be decoded in the memory there is",
                detail=first_line(error),
                hint="if the file is sound, lower `--chunk-rows` or `--jobs`",
                file=self.path,
            )
        return damaged(self.path, error, what)


@dataclass(frozen=True)
class Fingerprint(Stamp):
    """Size, modification time and identity of a regular file."""

    path: str
    size: int
    modified: int  # nanoseconds
    identity: tuple[int, int]  # device, inode

    @classmethod
    def of(cls, path: str) -> Fingerprint:
        """The file as it is now; DataError when it is not there, or is no file."""
        try:
            found = os.stat(path)
        except (OSError, ValueError) as error:  # ValueError: a null byte in the path
            raise unreadable(path, error) from None
        if stat.S_ISDIR(found.st_mode):
            raise unreadable(path, IsADirectoryError())
        if not stat.S_ISREG(found.st_mode):
            raise DataError(
                "it is no regular file",
                detail="this format is read from several places at once, which a pipe or a device cannot do",
                hint="write it to a file first",
                file=path,
            )
        return cls(path, found.st_size, found.st_mtime_ns, (found.st_dev, found.st_ino))

    @property
    def changed(self) -> bool:
        try:
            return Fingerprint.of(self.path) != self
        except DataError:
            return True


def damaged(path: str, error: object, what: str = "it cannot be decoded") -> DataError:
    """The error for a file that a library cannot read, with the first line of what the library says."""
    return DataError(what, detail=first_line(error), file=path)


def first_line(error: object) -> str:
    """A library's reason, which may run over many lines, cut to one."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = lines[0] if lines else type(error).__name__
    return reason if len(reason) <= REASON_LENGTH else reason[: REASON_LENGTH - 1] + "…"


def ends_of(path: str) -> tuple[int | None, str | None]:
    """The size of a file, and the hash of its ends; None of what is no file here."""
    from hashlib import sha256  # imported here: few calls compare files of several machines

    if not os.path.isfile(path):
        return None, None
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            held = file.read(ENDS)
            file.seek(max(size - ENDS, len(held)))
            return size, sha256(held + file.read(ENDS)).hexdigest()
    except OSError as error:
        raise DataError(f"cannot be read: {(error.strerror or str(error)).lower()}", file=path) from None
