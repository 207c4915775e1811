"""Inputs named by a URI: how they are listed, asked for through fsspec, and what may go wrong.

`ranged` reads ranges of a file; a file is copied whole where its host or its format allows nothing else.

The network is used for nothing else.  A host that does not answer is given up after `START_SECONDS`.  Over
HTTP no other scheme than the one asked for is followed to; plain `http` is for this machine only.  Nothing
that may hold a secret (a user, a password, a query) appears in a message, nor do the words of a library.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from itertools import takewhile
from typing import Any, Generic, TypeVar
from urllib.parse import urljoin, urlsplit

from losscli.errors import DataError, LosscliError, UsageError
from losscli.reading.listing import DataFile, Listing, chosen, is_glob, is_hidden
from losscli.reading.spooled import SpoolFile, cannot_copy
from losscli.reading.suffixes import format_of
from losscli.text import bare_uri

T = TypeVar("T")

SCHEMES = ("s3", "gs", "abfs", "abfss", "https", "http")
DRIVERS = {
    "s3": "s3fs",
    "gs": "gcsfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
    "https": "aiohttp",
    "http": "aiohttp",
}
LOOPBACK = ("127.0.0.1", "::1", "localhost")

CREDENTIALS = "credentials are taken from where the service's own tools take them"

ATTEMPTS, PAUSE_SECONDS = 5, 0.1  # the pause doubles from attempt to attempt
BROKEN = frozenset({
    "ClientPayloadError", "ClientOSError", "ServerDisconnectedError", "IncompleteRead", "ConnectionClosedError",
    "IncompleteReadError", "ReadTimeoutError", "ResponseStreamingError", "SocketTimeoutError",
})  # fmt: skip
"""What libraries call a connection that breaks."""

START_SECONDS = 7.0  # without a byte from the host
STALL_SECONDS = 60.0  # without a further byte


def name_of(uri: str) -> str:
    """The last part of the path, which says the format."""
    return os.path.basename(urlsplit(uri).path if uri.lower().startswith("http") else uri)


def listed_remote(uri: str, *, any_suffix: bool) -> Listing:
    """The files of a URI: one, or those below a folder or matched by a glob."""
    scheme = checked(uri)
    one = Listing(bare_uri(uri), (DataFile(uri, name_of(uri)),), remote=True)
    wild = is_glob(uri)
    if scheme.startswith("http") or (not wild and format_of(uri) is not None):
        return one
    system = filesystem(uri)
    if wild:
        paths = within(uri, lambda: system.glob(uri))
        start = "/".join(takewhile(lambda part: not is_glob(part), uri.split("/")))
        what = "the pattern matches no data files"
    else:
        if not within(uri, lambda: system.isdir(uri)):
            return one
        paths, start, what = within(uri, lambda: system.find(uri)), uri, "the folder has no data files"
    start = system._strip_protocol(start).rstrip("/") + "/"
    files = [DataFile(system.unstrip_protocol(path), path.removeprefix(start)) for path in paths]
    files = [file for file in files if not is_hidden(file.name)]
    return Listing(bare_uri(uri), chosen(bare_uri(uri), files, what, any_suffix=any_suffix), remote=True)


def checked(uri: str) -> str:
    """The scheme; UsageError for one that is not read."""
    scheme = uri.partition("://")[0].lower()
    if scheme not in SCHEMES:
        raise UsageError(f"`{scheme}://` is not read", hint="URIs begin with s3:// gs:// abfs:// or https://")
    if scheme in ("s3", "gs") and "@" in uri.partition("://")[2].partition("/")[0]:
        raise UsageError(f"{bare_uri(uri)}: credentials do not belong in a URI", hint=CREDENTIALS)
    if scheme == "http" and urlsplit(uri).hostname not in LOOPBACK:
        raise UsageError(
            f"{bare_uri(uri)}: plain http is not read, as anyone between can change it", hint="use https://"
        )
    return scheme


def fetch(uri: str) -> SpoolFile:
    """The whole file, of a host that cannot cut it; DataError when it cannot be had."""
    system, copy = filesystem(uri), SpoolFile()

    def whole() -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                system.get_file(uri, copy.path)
                return
            except Exception as error:
                if attempt == ATTEMPTS or not is_transient(error):
                    raise
                time.sleep(PAUSE_SECONDS * 2**attempt)

    Pending(uri, whole, lambda: copy.size).result()
    return copy


# ---------------------------------------------------------------------- the network


def filesystem(uri: str) -> Any:
    """The file system of a URI, by fsspec.  UsageError where the scheme or its package is not there."""
    scheme = checked(uri)
    try:
        import fsspec

        options: dict[str, Any] = {}
        if scheme.startswith("http"):
            import aiohttp  # noqa: F401  # named below when it is missing

            options = {"get_client": _client, "skip_instance_cache": True}
        if scheme == "s3":
            options = {
                "config_kwargs": {"connect_timeout": 5, "read_timeout": 30, "retries": {"max_attempts": 2}},
                "use_listings_cache": False,  # a file that changed is seen
            }
        return fsspec.filesystem(scheme, **options)
    except ImportError as error:
        missing = "fsspec" if error.name == "fsspec" else DRIVERS[scheme]
        raise UsageError(
            f"{scheme}:// needs {missing}, which is not installed", hint="pip install 'losscli[remote]'"
        ) from None
    except Exception as error:
        raise _reason(uri, error) from None


async def _client(loop: Any = None, **options: Any) -> Any:
    """A session that follows no redirect to another scheme."""
    import aiohttp

    async def check(session: Any, context: Any, redirect: Any) -> None:
        place = redirect.response.headers.get("Location") or redirect.response.headers.get("URI") or ""
        before, after = urlsplit(str(redirect.url)), urlsplit(urljoin(str(redirect.url), place))
        if after.scheme != before.scheme or (after.scheme == "http" and after.hostname not in LOOPBACK):
            raise _SentElsewhere(after.scheme)

    tracing = aiohttp.TraceConfig()
    tracing.on_request_redirect.append(check)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=START_SECONDS, sock_read=STALL_SECONDS)
    # As stored, since the name says how a file is compressed.
    headers = {"Accept-Encoding": "identity"}
    return aiohttp.ClientSession(
        loop=loop, trace_configs=[tracing], timeout=timeout, headers=headers, **options
    )


class NoRanges(Exception):
    """The host sends files whole only."""


class _SentElsewhere(Exception):
    """A redirect to another scheme."""


class Pending(Generic[T]):
    """Work that the network may block for ever, in a thread of its own; given up when no byte arrives."""

    def __init__(
        self, uri: str, work: Callable[[], T], size: Callable[[], int] = lambda: 0,
        patience: float | None = None,
    ) -> None:  # fmt: skip
        """``size``: bytes so far, -1 before it is its turn; ``patience``: seconds for the first one."""
        self._uri, self._work, self._size = uri, work, size
        self._patience = START_SECONDS if patience is None else patience
        self._found: list[T] = []
        self._raised: list[BaseException] = []
        # A daemon thread: some libraries' waiting cannot be ended in another way.
        self._thread = threading.Thread(target=self._run, daemon=True, name="losscli-fetch")
        self._thread.start()

    def _run(self) -> None:
        try:
            self._found.append(self._work())
        except BaseException as error:
            self._raised.append(error)

    def result(self) -> T:
        """What the thread has made; DataError where nothing comes for a while."""
        came, since = self._size(), time.monotonic()
        while self._thread.is_alive():
            self._thread.join(0.05)
            if (now := self._size()) != came or now < 0:
                came, since = now, time.monotonic()
            limit = STALL_SECONDS if came > 0 else self._patience
            if self._thread.is_alive() and time.monotonic() - since > limit:
                raise DataError(
                    "the host does not answer",
                    f"nothing came for {limit:.0f} seconds",
                    file=bare_uri(self._uri),
                )
        if self._raised:
            raise _reason(self._uri, self._raised[0]) from None
        return self._found[0]


def within(uri: str, work: Callable[[], T]) -> T:
    """The result of work that the network may block for ever."""
    return Pending(uri, work).result()


def is_transient(error: Exception) -> bool:
    """Whether a request may succeed when it is made again: the connection broke, or the host is busy."""
    status = status_of(error)
    return (
        isinstance(error, (ConnectionResetError, BrokenPipeError, TimeoutError))
        or type(error).__name__ in BROKEN
        or (status is not None and (status >= 500 or status in (408, 429)))
    )


def status_of(error: BaseException) -> int | None:
    """The status of HTTP behind an error: aiohttp's own, or that of botocore's answer, which s3fs wraps."""
    if isinstance(status := vars(error).get("status"), int):
        return status
    cause = error if error.__cause__ is None else error.__cause__
    answer = vars(cause).get("response")
    found = answer.get("ResponseMetadata", {}).get("HTTPStatusCode") if isinstance(answer, dict) else None
    return found if isinstance(found, int) else None


def _reason(uri: str, error: BaseException) -> Exception:
    """Why a file could not be had, in words of our own: a library's may hold the whole URI."""
    file, kind, status = bare_uri(uri), type(error).__name__, status_of(error)
    if isinstance(error, (LosscliError, NoRanges)):
        return error
    if isinstance(error, MemoryError) or not isinstance(error, Exception):
        return DataError(f"it cannot be fetched: {kind}", file=file)
    if isinstance(error, _SentElsewhere):
        return DataError(
            f"the host sends on to `{error}:`",
            "a redirect may not leave the scheme that was asked for",
            file=file,
        )
    if "NoSuchBucket" in str(error.__cause__):
        return DataError("there is no such bucket", file=file)
    if isinstance(error, FileNotFoundError) or status == 404:
        return DataError("there is no such file", file=file)
    if isinstance(error, PermissionError) or "Credential" in kind or status in (401, 403):
        return DataError(
            "access was denied",
            hint=CREDENTIALS,
            file=file,
        )
    if isinstance(status, int):
        return DataError(f"the host answered with status {status}", file=file)
    if isinstance(error, OSError) and error.filename is not None and error.errno:
        return cannot_copy(error)  # of a file here
    if isinstance(error, ConnectionError) or "Connect" in kind:
        return DataError("the host cannot be reached", file=file)
    return DataError(f"it cannot be fetched: {kind}", file=file)
