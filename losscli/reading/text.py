"""The bytes of one input as UTF-8 text, seen through a window that moves forward.

It opens the input, decodes other encodings, and checks that a file did not change while it was read. The format
says what the bytes mean. Files are read, never mapped: a mapped file that shrinks kills the process.
"""

from __future__ import annotations

import codecs
import io
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from losscli.errors import DataError, UsageError
from losscli.reading.decompress import decompressed

UTF8_BOM = b"\xef\xbb\xbf"
# The longer first: UTF-32's little-endian mark begins with that of UTF-16.
_WIDE_BOMS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_FOREIGN_STARTS = {
    b"\x1f\x8b": "gzip-compressed",
    b"BZh": "bzip2-compressed",
    b"\xfd7zXZ\x00": "xz-compressed",
    b"\x04\x22\x4d\x18": "lz4-compressed",
    b"\x28\xb5\x2f\xfd": "zstd-compressed",
    b"PK\x03\x04": "a zip archive",
    b"PAR1": "Parquet",
    b"ARROW1": "Arrow IPC",
}


class Streamed(Protocol):
    """A file elsewhere, which is read from its first byte as often as wanted."""

    size: int

    def stream(self) -> io.RawIOBase:
        """The bytes from the first on."""


class TextInput:
    """A file or a stream that can be opened as text: a file as often as wanted, a stream or pipe once."""

    def __init__(
        self, path: str, *, encoding: str, compression: str | None, stream: BinaryIO | None,
        remote: Streamed | None = None,
    ) -> None:  # fmt: skip
        self.path = "standard input" if stream is not None else path
        self.encoding = _checked_encoding(encoding)
        self.compression = compression
        self.size = None if remote is None else remote.size
        self._path = path
        self._stream = stream
        self._remote = remote
        self._identity: tuple[int, ...] | None = None
        self._only_window: Window | None = None
        self._spent = False

    @property
    def plain(self) -> bool:
        """Whether it is a file on disk whose bytes are its text: known once it was opened."""
        on_disk = self._remote is None and self.size is not None
        return on_disk and self.compression is None and self.encoding == "utf-8"

    def open_for_header(self) -> Window:
        """A window on the first byte. Where the input can be read only once, `open` gives the same again."""
        window, lasting = self._opened()
        if not lasting:
            self._only_window = window
        return window

    def close_header(self, window: Window) -> None:
        """Close the file, so that many may be open; a pipe stays open."""
        if window is not self._only_window:
            window.abandon()

    def open(self) -> Window:
        """A window on the first byte."""
        if self._only_window is not None:
            window, self._only_window, self._spent = self._only_window, None, True
            return window
        if self._spent:
            raise DataError("can be read only once", file=self.path, hint="save it to a file first")
        window, lasting = self._opened()
        self._spent = not lasting
        return window

    def _opened(self) -> tuple[Window, bool]:
        """A window, and whether the input can be opened again."""
        if self._stream is not None:
            raw = _RawFile(self._stream, self.path, _stat_of_regular(self._stream), owned=False)
            return self._window(raw), False
        if self._remote is not None:
            return self._window(_RawFile(self._remote.stream(), self.path, None, owned=True)), True
        try:
            file = open(self._path, "rb", buffering=0)  # noqa: SIM115
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            raise unreadable(self.path, error) from None
        found = _stat_of_regular(file)
        raw = _RawFile(file, self.path, found, owned=True)
        if found is None:
            return self._window(raw), False
        identity = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
        if self._identity not in (None, identity):
            raw.abandon()
            raise changed(self.path)
        self._identity = identity
        self.size = found.st_size
        if self.plain:
            return _FileWindow(raw), True
        return self._window(raw), True

    def _window(self, raw: _RawFile) -> Window:
        pieces = decompressed(raw.read, self.compression, self.path)
        return _StreamWindow(raw, _encoded(pieces, self.encoding, self.path))


def _stat_of_regular(file: BinaryIO | io.RawIOBase) -> os.stat_result | None:
    """The state of a file on disk; None for a pipe, a device, or bytes in memory."""
    try:
        found = os.fstat(file.fileno())
    except (OSError, ValueError, AttributeError):
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def _beside(path: str) -> str | None:
    """A hint that names the file most likely meant, or the folder that is missing."""
    # Imported here: few files are missing.
    from difflib import get_close_matches

    folder, name = os.path.split(path)
    if folder and not os.path.isdir(folder):
        return f"there is no folder `{folder}`"
    try:
        found = get_close_matches(name, os.listdir(folder or "."), n=1)
    except OSError:
        return None
    return f"did you mean `{os.path.join(folder, found[0])}`?" if found else None


def unreadable(path: str, error: Exception) -> DataError:
    """A file that cannot be opened or read, with the system's reason."""
    if isinstance(error, FileNotFoundError):
        return DataError("there is no such file", hint=_beside(path), file=path)
    if isinstance(error, IsADirectoryError):
        return DataError("it is a directory, a file was expected", file=path)
    if isinstance(error, PermissionError):
        return DataError("permission to read it was denied", file=path)
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return DataError(f"it cannot be read: {reason.lower()}", file=path)


def changed(path: str) -> DataError:
    """The error for a file that was changed between two readings."""
    return DataError("changed while it was read", file=path, hint="run again when nothing writes to it")


def check_start(start: bytes, path: str, encoding: str) -> None:
    """Refuse text that is none, by its first bytes, before a wrong hint is given for it."""
    if encoding != "utf-8":
        return
    for mark, name in _WIDE_BOMS.items():
        if start.startswith(mark):
            hint = f"add `--dialect encoding={name}`"
            raise DataError(f"begins with the mark of {name.upper()} text", file=path, hint=hint)
    for magic, what in _FOREIGN_STARTS.items():
        # A text may begin with "BZh" or "PAR1"; what follows in such a file is no text.
        if start.startswith(magic) and (b"\x00" in start or not _is_utf8(start)):
            raise DataError(
                f"its bytes look like {what} data, not like text",
                file=path,
                hint="the suffix of the file must name its format and its compression",
            )


def not_utf8(path: str) -> DataError:
    """The error for bytes that are not in the encoding."""
    return DataError(
        "bytes are not valid UTF-8",
        file=path,
        hint="if the file is in another encoding, name it: `--dialect encoding=latin-1`",
    )


def _is_utf8(start: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False
    return True


def _checked_encoding(encoding: str) -> str:
    try:
        found = codecs.lookup(encoding)
    except (LookupError, ValueError):
        raise UsageError(f"no encoding is called `{encoding}`") from None
    # Python's codecs include some that are no text encodings, such as base64.
    if not getattr(found, "_is_text_encoding", True) or found.incrementaldecoder is None:
        raise UsageError(f"`{encoding}` is no encoding of text")
    # A byte-order mark of UTF-8 is dropped in any case.
    return "utf-8" if found.name in ("utf-8", "utf-8-sig") else found.name


class _RawFile:
    """An open file or pipe that counts what was read of it and knows what it was when opened."""

    def __init__(
        self, file: BinaryIO | io.RawIOBase, path: str, at_start: os.stat_result | None, *, owned: bool
    ) -> None:
        self.path = path
        self.passed = 0
        self._file = file
        self._at_start = at_start
        self._owned = owned  # standard input is not ours to close, and may be read from its middle on

    def read(self, count: int) -> bytes:
        try:
            piece = self._file.read(count) or b""
        except (OSError, ValueError) as error:
            raise unreadable(self.path, error) from None
        self.passed += len(piece)
        return piece

    def read_at(self, position: int, count: int) -> bytes:
        try:
            self._file.seek(position)
            data = self._file.read(count) or b""
            while len(data) < count and (more := self._file.read(count - len(data))):
                data += more
        except (OSError, ValueError) as error:
            raise unreadable(self.path, error) from None
        return data

    def check(self) -> None:
        """Refuse the file if its size or time has changed since it was opened."""
        was = self._at_start
        if was is None:
            return
        now = _stat_of_regular(self._file)
        if now is None or (now.st_size, now.st_mtime_ns) != (was.st_size, was.st_mtime_ns):
            raise changed(self.path)

    def close(self) -> None:
        """Close the file at its end, and check it."""
        self.check()
        self.abandon()
        if self._at_start is not None and self._owned and self.passed != self._at_start.st_size:
            raise changed(self.path)

    def abandon(self) -> None:
        if self._owned:
            self._file.close()


class Window(ABC):
    """A view of text from a place that only moves forward."""

    def __init__(self, raw: _RawFile) -> None:
        self.fault: DataError | None = (
            None  # why the text ends before the file does; the text before it is good
        )
        self._raw = raw

    @abstractmethod
    def peek(self, count: int) -> bytes:
        """The next ``count`` bytes; fewer only where the text ends."""

    @abstractmethod
    def skip(self, count: int) -> None:
        """Move over bytes that have been peeked at."""

    def bytes_passed(self) -> int:
        """Bytes of the file on disk before this place; approximate under compression."""
        return self._raw.passed

    def check(self) -> None:
        """Refuse the file if it is no longer what was opened."""
        self._raw.check()

    def close(self) -> None:
        """Close the file at its end, and check it."""
        self._raw.close()

    def abandon(self) -> None:
        """Close the file before its end."""
        self._raw.abandon()


class _FileWindow(Window):
    """Plain UTF-8 on disk: nothing is kept, and what is peeked at is read at its place."""

    def peek(self, count: int) -> bytes:
        return self._raw.read_at(self._raw.passed, count)

    def skip(self, count: int) -> None:
        self._raw.passed += count


class _StreamWindow(Window):
    """Text that comes piece by piece; what was peeked at and not skipped is kept."""

    def __init__(self, raw: _RawFile, pieces: Iterator[bytes]) -> None:
        super().__init__(raw)
        self._pieces = pieces
        self._held = b""
        self._ended = False

    def peek(self, count: int) -> bytes:
        if len(self._held) < count and not self._ended:
            parts, length = [self._held], len(self._held)
            while length < count and not self._ended:
                piece = self._next()
                parts.append(piece)
                length += len(piece)
            self._held = b"".join(parts)
        return self._held[:count]

    def skip(self, count: int) -> None:
        self._held = self._held[count:]

    def _next(self) -> bytes:
        try:
            return next(self._pieces)
        except StopIteration:
            self._ended = True
        except _Undecodable as error:
            self._ended = True
            self.fault = error.fault
        return b""


class _Undecodable(Exception):
    """Bytes that the encoding does not know; the text before them has been delivered."""

    def __init__(self, fault: DataError) -> None:
        super().__init__()
        self.fault = fault


def _encoded(pieces: Iterator[bytes], encoding: str, path: str) -> Iterator[bytes]:
    """Text in any encoding as UTF-8, as far as it can be decoded."""
    if encoding == "utf-8":
        yield from pieces
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    at_end = False
    while not at_end:
        piece = next(pieces, b"")
        at_end = not piece
        before = decoder.getstate()
        try:
            text = decoder.decode(piece, final=at_end).encode()
        except UnicodeError as error:
            yield _decoded_before(error, piece, before, encoding)
            hint = "name the encoding of the file: `--dialect encoding=…`"
            fault = DataError(f"bytes are not valid {encoding}", file=path, hint=hint)
            raise _Undecodable(fault) from None
        if text:
            yield text


def _decoded_before(error: UnicodeError, piece: bytes, state: tuple[bytes, int], encoding: str) -> bytes:
    """The good text of ``piece`` before the bytes that cannot be decoded."""
    good = 0
    if isinstance(error, UnicodeDecodeError):
        # The decoder counts from the bytes that it had kept of the piece before.
        good = max(error.start - len(state[0]), 0)
    decoder = codecs.getincrementaldecoder(encoding)()
    decoder.setstate(state)
    try:
        return decoder.decode(piece[:good]).encode()
    except UnicodeError:
        return b""
