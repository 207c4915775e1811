"""Compressed bytes become plain ones, a bounded piece at a time.

A file may hold several members or frames, one after the other. One that is cut off or damaged is refused,
also where the usual tools end in silence.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol, TypeAlias

from losscli.errors import DataError
from losscli.reading.suffixes import COMPRESSIONS

PIECE_BYTES = 1 << 18  # read from disk, and decompressed, at a time
XZ_MEMORY_BYTES = 256 << 20  # a dictionary may ask for 4 GiB; `xz -9` needs 65 MiB

ReadBytes: TypeAlias = Callable[[int], bytes]  # the next bytes of the file, at most so many; none at its end


def compression_of(path: str) -> str | None:
    """What the last suffix says: ``p.csv.gz`` is ``gz``."""
    return COMPRESSIONS.get(os.path.splitext(path)[1].lower())


def damaged(path: str, compression: str, reason: str) -> DataError:
    """The error for compressed data that cannot be read."""
    return DataError(
        f"the {compression} data are damaged or cut off: {reason}", file=path, detail="nothing of it was used"
    )


class _Decompressor(Protocol):
    """What the standard library's decompressors share."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Inflate:
    """One member of a gzip file: zlib's decompressor with the interface of those for bz2 and xz."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)  # 31: a gzip header and trailer, with its checksum

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


def _bz2() -> _Decompressor:
    # Imported here, as is lzma: few files are compressed by them.
    from bz2 import BZ2Decompressor

    return BZ2Decompressor()


def _xz() -> _Decompressor:
    from lzma import LZMADecompressor

    return LZMADecompressor(memlimit=XZ_MEMORY_BYTES)


_DECOMPRESSORS: dict[str, Callable[[], _Decompressor]] = {"gz": _Inflate, "bz2": _bz2, "xz": _xz}


def decompressed(read: ReadBytes, compression: str | None, path: str) -> Iterator[bytes]:
    """Pieces of the file's bytes, none of them larger than a few `PIECE_BYTES`."""
    if compression is None:
        while piece := read(PIECE_BYTES):
            yield piece
    elif compression in _DECOMPRESSORS:
        from lzma import LZMAError

        try:
            yield from _members(read, compression, path)
        except (OSError, EOFError, ValueError, zlib.error, LZMAError) as error:
            raise damaged(path, compression, str(error)) from None
    else:
        yield from _arrow_decompressed(read, compression, path)


def _members(read: ReadBytes, compression: str, path: str) -> Iterator[bytes]:
    # The standard library's file classes end in silence at a bz2 or xz member whose start is damaged.
    make = _DECOMPRESSORS[compression]
    rest = read(PIECE_BYTES)
    if not rest:
        return
    while True:
        member = make()
        while not member.eof:
            if member.needs_input and not rest and not (rest := read(PIECE_BYTES)):
                raise damaged(path, compression, "they end too early")
            text = member.decompress(rest, PIECE_BYTES)
            rest = b""
            if text:
                yield text
        rest = member.unused_data
        # Zeros may fill the file up to a full block of a tape (gzip), or to four bytes (xz).
        while not rest.strip(b"\0") and compression != "bz2":
            if not (rest := read(PIECE_BYTES)):
                return
        if compression != "bz2":
            rest = rest.lstrip(b"\0")
        if not rest and not (rest := read(PIECE_BYTES)):
            return


def _arrow_decompressed(read: ReadBytes, compression: str, path: str) -> Iterator[bytes]:
    import pyarrow as pa

    codec = {"lz4": "lz4", "zst": "zstd"}[compression]
    start = read(PIECE_BYTES)
    if not start:
        return
    try:
        stream = pa.CompressedInputStream(pa.PythonFile(_Resumed(start, read), mode="r"), codec)
        while piece := stream.read(PIECE_BYTES):
            yield piece
    except DataError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise damaged(path, compression, str(error)) from None


class _Resumed:
    """A file whose first bytes were read already."""

    closed = False

    def __init__(self, start: bytes, read: ReadBytes) -> None:
        self._start = start
        self._read = read

    def read(self, count: int) -> bytes:
        piece, self._start = self._start[:count], self._start[count:]
        return piece or self._read(count)

    def close(self) -> None:
        pass
