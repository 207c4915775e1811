"""A remote file read by ranges: only bytes that are needed, and several requests at a time.

Each answer says of which version of the file it is, so that a file that changes while it is read is refused.
A connection that breaks is taken up again where it broke.  Ranges are fetched in threads, ahead of those who
read them; how many at a time, and how many bytes, is bounded by `Ahead`.
"""

from __future__ import annotations

import io
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

from losscli.errors import DataError
from losscli.reading.fingerprint import Stamp
from losscli.reading.remote import (
    ATTEMPTS,
    PAUSE_SECONDS,
    STALL_SECONDS,
    NoRanges,
    Pending,
    filesystem,
    is_transient,
    status_of,
)
from losscli.reading.text import changed
from losscli.text import bare_uri

EDGE_BYTES = 1 << 16  # the first request: a header, or the footer of a Parquet file
PIECE_BYTES = 4 << 20  # the most in one request
GAP_BYTES = 1 << 16  # as much between two ranges is fetched with them, which is cheaper than a request

Span = tuple[int, int]
"""The first byte, and the one behind the last."""
Coming = Callable[[], bytes]
"""Bytes that are on their way: the call waits for them."""


class Ahead(NamedTuple):
    """What may be fetched before it is wanted, for one input."""

    requests: int = 8  # at a time
    bytes: int = 64 << 20  # on their way, or waiting to be read

    @classmethod
    def of(cls, jobs: int | None, memory: int | None) -> Ahead:
        """What `--jobs` and `--memory` allow: a request waits most of the time, so that a job has four."""
        most = cls()
        return cls(
            most.requests if jobs is None else 4 * jobs,
            most.bytes if memory is None else min(most.bytes, memory // 4),
        )


class _Range:
    """A range as far as it has come, over all attempts."""

    def __init__(self, start: int, stop: int | None) -> None:
        self.start, self.stop = start, stop  # a negative start counts from the end, and then there is no stop
        self.data = bytearray()
        self.size = -1  # of the whole file
        self.version = ""
        self.begun = False

    @property
    def header(self) -> str:
        """The bytes still wanted."""
        if self.stop is None:
            return f"bytes={self.start}"
        return f"bytes={self.start + len(self.data)}-{self.stop - 1}"

    @property
    def complete(self) -> bool:
        return self.stop is not None and len(self.data) == self.stop - self.start

    def progress(self) -> int:
        return len(self.data) if self.begun else -1

    def answered(self, range: str | None, version: str) -> None:
        """Take the head of an answer, such as ``bytes 0-99/1234``."""
        if not range:
            raise NoRanges
        span, _, size = range.removeprefix("bytes ").partition("/")
        first, _, last = span.partition("-")
        if self.stop is None:
            self.start, self.stop = int(first), int(last) + 1
        elif int(first) == self.start + len(self.data):
            self.stop = min(self.stop, int(last) + 1)
        else:
            raise NoRanges
        self.size, self.version = int(size), version


class RemoteFile(Stamp):
    """A remote file that can be read by ranges, its first or last bytes read."""

    def __init__(self, uri: str, ahead: Ahead, *, tail: bool) -> None:
        """``tail``: the last bytes are read at first.  `NoRanges` where the host cannot cut files."""
        self.path = bare_uri(uri)
        self.ahead = ahead
        self._uri = uri
        self._system = filesystem(uri)
        self._read = READERS.get(uri.partition("://")[0].lower(), _read_any)
        self._gate = threading.Semaphore(ahead.requests)
        self._version: str | None = None
        first = _Range(-EDGE_BYTES, None) if tail else _Range(0, EDGE_BYTES)
        self._edge = self._pending(first).result()
        self._edge_start = first.start
        self.size, self._version = first.size, first.version

    @property
    def changed(self) -> bool:
        """Whether the file is another one now."""
        try:
            self._pending(_Range(0, 1)).result()
        except DataError:
            return True
        return False

    def check(self) -> None:
        """Nothing: each answer was compared with the first one when it came."""

    def stream(self) -> RemoteStream:
        """The file from its first byte."""
        return RemoteStream(self)

    def begin(self, start: int, stop: int) -> Coming:
        """Have a range fetched."""
        first = start - self._edge_start
        if first >= 0 and stop - self._edge_start <= len(self._edge):
            data = self._edge[first : stop - self._edge_start]
            return lambda: data
        return self._pending(_Range(start, stop), STALL_SECONDS).result

    def _pending(self, wanted: _Range, patience: float | None = None) -> Pending[bytes]:
        return Pending(self._uri, lambda: self._fetched(wanted), wanted.progress, patience)

    def _fetched(self, wanted: _Range) -> bytes:
        with self._gate:
            wanted.begun = True
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    self._read(self._system, self._uri, wanted)
                    if self._version not in (None, wanted.version):
                        raise changed(self.path)
                    if wanted.complete:
                        return bytes(wanted.data)
                except Exception as error:
                    if not is_transient(error) or (attempt == ATTEMPTS and status_of(error)):
                        raise
                if attempt < ATTEMPTS:
                    time.sleep(PAUSE_SECONDS * 2**attempt)
        raise DataError(
            "the connection broke again and again",
            f"{len(wanted.data)} of {(wanted.stop or 0) - wanted.start} bytes came from byte {wanted.start} on, "
            f"in {ATTEMPTS} attempts",
            "run it again when the network is sound",
            self.path,
        )


# ---------------------------------------------------------------------- one request


def _read_http(system: Any, uri: str, wanted: _Range) -> None:
    from fsspec.asyn import sync

    async def get() -> None:
        session = await system.set_session()
        async with session.get(system.encode_url(uri), headers={"Range": wanted.header}) as answer:
            if answer.status in (200, 416):  # 416: an empty file has no range
                raise NoRanges
            answer.raise_for_status()
            version = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
            wanted.answered(answer.headers.get("Content-Range"), version)
            async for piece in answer.content.iter_any():
                wanted.data += piece

    sync(system.loop, get)


def _read_s3(system: Any, uri: str, wanted: _Range) -> None:
    from fsspec.asyn import sync

    bucket, key, _ = system.split_path(uri)

    async def get() -> None:
        try:
            answer = await system._call_s3("get_object", Bucket=bucket, Key=key, Range=wanted.header)
        except OSError as error:
            if "InvalidRange" in str(error.__cause__):  # an empty object has none
                raise NoRanges from None
            raise
        wanted.answered(answer.get("ContentRange"), answer["ETag"])
        async with answer["Body"] as body:
            while piece := await body.read(1 << 18):
                wanted.data += piece

    sync(system.loop, get)


def _read_any(system: Any, uri: str, wanted: _Range) -> None:
    """Through what all file systems of fsspec have."""
    size = system.info(uri)["size"]
    start = max(0, size + wanted.start) if wanted.start < 0 else wanted.start + len(wanted.data)
    stop = size if wanted.stop is None else min(wanted.stop, size)
    if start >= stop:
        raise NoRanges
    data = system.cat_file(uri, start, stop)
    wanted.answered(f"bytes {start}-{start + len(data) - 1}/{size}", system.ukey(uri))
    wanted.data += data


READERS = {"http": _read_http, "https": _read_http, "s3": _read_s3}


# ---------------------------------------------------------------------- front to back


class RemoteStream(io.RawIOBase):
    """The bytes of a remote file from the first to the last; more requests run ahead the longer it is read."""

    def __init__(self, file: RemoteFile) -> None:
        self._file = file
        self._coming: deque[Coming] = deque()
        self._begun = 0  # bytes of the file that have been asked for
        self._piece = b""
        self._depth = 0  # none before the head, which may be all that is wanted
        self._deepest = max(1, min(file.ahead.requests, file.ahead.bytes // PIECE_BYTES))

    def read(self, count: int = -1) -> bytes:
        """At least one of the next bytes and at most ``count``; none at the end."""
        if not self._piece:
            self._piece = self._next()
        taken, self._piece = self._piece[:count], self._piece[count:]
        return taken

    def _next(self) -> bytes:
        size = EDGE_BYTES if self._depth == 0 else PIECE_BYTES
        while self._begun < self._file.size and len(self._coming) < max(1, self._depth):
            stop = min(self._begun + size, self._file.size)
            self._coming.append(self._file.begin(self._begun, stop))
            self._begun = stop
        self._depth = min(2 * self._depth or 1, self._deepest)
        return self._coming.popleft()() if self._coming else b""


# ---------------------------------------------------------------------- here and there


class Spans(io.RawIOBase):
    """Some ranges of a remote file as a file: what lies outside them is fetched when it is read."""

    def __init__(self, file: RemoteFile, held: Sequence[tuple[Span, Coming]] = ()) -> None:
        self._file, self._held = file, held
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = offset + (0, self._place, self._file.size)[whence]
        return self._place

    def read(self, count: int = -1) -> bytes:
        """The next ``count`` bytes, or all that are left."""
        stop = self._file.size if count < 0 else min(self._place + count, self._file.size)
        parts = []
        while self._place < stop:
            part = self._part(self._place, stop)
            parts.append(part)
            self._place += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _part(self, start: int, stop: int) -> bytes:
        for (first, last), coming in self._held:
            if first <= start < last:
                return coming()[start - first : stop - first]
        behind = min((first for (first, _), _ in self._held if first > start), default=stop)
        return self._file.begin(start, min(stop, behind))()


class ReadAhead:
    """The ranges of the parts of a file, fetched before their turn in the order in which they were announced."""

    def __init__(self, file: RemoteFile) -> None:
        self._file = file
        self._expected: dict[Hashable, list[Span]] = {}
        self._begun: dict[Hashable, list[tuple[Span, Coming]]] = {}
        self._lock = threading.Lock()

    def expect(self, part: Hashable, spans: list[Span]) -> None:
        """Note which spans of the file a part will read."""
        with self._lock:
            self._expected.pop(part, None)
            self._expected[part] = spans

    def take(self, part: Hashable, spans: list[Span]) -> Spans:
        """The ranges of a part, whose turn it is."""
        with self._lock:
            held = self._begun.pop(part, None)
            if held is None:
                held = self._begin(spans)
                while part in self._expected:  # those announced before it were passed over
                    self._expected.pop(next(iter(self._expected)))
                if not self._room([]):
                    self._begun.clear()  # left over from a pass that ended early
            while self._expected and self._room(next(iter(self._expected.values()))):
                following = next(iter(self._expected))
                self._begun[following] = self._begin(self._expected.pop(following))
        return Spans(self._file, held)

    def _begin(self, spans: list[Span]) -> list[tuple[Span, Coming]]:
        return [(span, self._file.begin(*span)) for span in spans]

    def _room(self, spans: list[Span]) -> bool:
        waiting = [span for held in self._begun.values() for span, _ in held]
        size = sum(stop - start for start, stop in [*waiting, *spans])
        return len(self._begun) < self._file.ahead.requests and size <= self._file.ahead.bytes


def joined(spans: Sequence[Span]) -> list[Span]:
    """The ranges in order, with small gaps closed and long ones cut.

    >>> joined([(500_000, 600_000), (100, 200), (0, 50)])
    [(0, 200), (500000, 600000)]
    """
    whole: list[Span] = []
    for start, stop in sorted(spans):
        if whole and start - whole[-1][1] <= GAP_BYTES:
            whole[-1] = whole[-1][0], max(stop, whole[-1][1])
        else:
            whole.append((start, stop))
    return [
        (at, min(at + PIECE_BYTES, stop)) for start, stop in whole for at in range(start, stop, PIECE_BYTES)
    ]
