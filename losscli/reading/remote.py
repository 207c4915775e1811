"""Inputs named by a URI: whole files, fetched through fsspec when they are needed.

The network is used for nothing else.  A host that does not answer is given up after `START_SECONDS`.  Over
HTTP no other scheme than the one asked for is followed to; plain `http` is for this machine only.  Nothing
that may hold a secret (a user, a password, a query) appears in a message, nor do the words of a library.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable
from itertools import takewhile
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

from losscli.errors import DataError, UsageError
from losscli.reading.listing import DataFile, Listing, chosen, is_glob, is_hidden
from losscli.reading.spooled import SpoolFile, cannot_copy
from losscli.reading.suffixes import format_of

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

START_SECONDS = 7.0  # without a byte from the host
STALL_SECONDS = 60.0  # without a further byte


def shown(uri: str) -> str:
    """The URI without what may be a secret.

    >>> shown("https://me:secret@host:8000/p.csv?sig=abc#x")
    'https://host:8000/p.csv'
    """
    scheme, _, rest = uri.partition("://")
    if scheme.lower() in ("http", "https"):
        rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    host, slash, path = rest.partition("/")
    if not scheme.lower().startswith("abfs"):  # there a container comes before `@`
        host = host.rpartition("@")[2]
    return f"{scheme}://{host}{slash}{path}"


def name_of(uri: str) -> str:
    """The last part of the path, which says the format."""
    return os.path.basename(urlsplit(uri).path if uri.lower().startswith("http") else uri)


def listed_remote(uri: str, *, any_suffix: bool) -> Listing:
    """The files of a URI: one, or those below a folder or matched by a glob."""
    scheme = checked(uri)
    one = Listing(shown(uri), (DataFile(uri, name_of(uri)),), remote=True)
    wild = is_glob(uri)
    if scheme.startswith("http") or (not wild and format_of(uri) is not None):
        return one
    system = _system(uri)
    if wild:
        paths = _within(uri, lambda: system.glob(uri))
        start = "/".join(takewhile(lambda part: not is_glob(part), uri.split("/")))
        what = "the pattern matches no data files"
    else:
        if not _within(uri, lambda: system.isdir(uri)):
            return one
        paths, start, what = _within(uri, lambda: system.find(uri)), uri, "the folder has no data files"
    start = system._strip_protocol(start).rstrip("/") + "/"
    files = [DataFile(system.unstrip_protocol(path), path.removeprefix(start)) for path in paths]
    files = [file for file in files if not is_hidden(file.name)]
    return Listing(shown(uri), chosen(shown(uri), files, what, any_suffix=any_suffix), remote=True)


def checked(uri: str) -> str:
    """The scheme; UsageError for one that is not read."""
    scheme = uri.partition("://")[0].lower()
    if scheme not in SCHEMES:
        raise UsageError(f"`{scheme}://` is not read", hint="URIs begin with s3:// gs:// abfs:// or https://")
    if scheme == "http" and urlsplit(uri).hostname not in LOOPBACK:
        raise UsageError(
            f"{shown(uri)}: plain http is not read, as anyone between can change it", hint="use https://"
        )
    return scheme


def fetch(uri: str) -> SpoolFile:
    """The whole file; DataError when it cannot be had."""
    checked(uri)
    system, copy = _system(uri), SpoolFile()
    _within(uri, lambda: system.get_file(uri, copy.path), lambda: copy.size)
    return copy


# ---------------------------------------------------------------------- the network


def _system(uri: str) -> Any:
    scheme = checked(uri)
    try:
        import fsspec

        options: dict[str, Any] = {}
        if scheme.startswith("http"):
            import aiohttp  # noqa: F401  # named below when it is missing

            options = {"get_client": _client, "skip_instance_cache": True}
        if scheme == "s3":
            options = {
                "config_kwargs": {"connect_timeout": 5, "read_timeout": 30, "retries": {"max_attempts": 2}}
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


class _SentElsewhere(Exception):
    """A redirect to another scheme."""


def _within(uri: str, work: Callable[[], T], size: Callable[[], int] = lambda: 0) -> T:
    """The result of work that the network may block for ever; it is given up when no byte arrives."""
    found: list[T] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:
            raised.append(error)

    # A daemon thread: some libraries' waiting cannot be ended in another way.
    thread = threading.Thread(target=run, daemon=True, name="losscli-fetch")
    thread.start()
    came, since = 0, time.monotonic()
    while thread.is_alive():
        thread.join(0.05)
        if (now := size()) != came:
            came, since = now, time.monotonic()
        limit = STALL_SECONDS if came else START_SECONDS
        if thread.is_alive() and time.monotonic() - since > limit:
            raise DataError(
                "the host does not answer", f"nothing came for {limit:.0f} seconds", file=shown(uri)
            )
    if raised:
        raise _reason(uri, raised[0]) from None
    return found[0]


def _reason(uri: str, error: BaseException) -> Exception:
    """Why a file could not be had, in words of our own: a library's may hold the whole URI."""
    file, kind, status = shown(uri), type(error).__name__, getattr(error, "status", None)
    if isinstance(error, MemoryError) or not isinstance(error, Exception):
        return DataError(f"it cannot be fetched: {kind}", file=file)
    if isinstance(error, _SentElsewhere):
        return DataError(
            f"the host sends on to `{error}:`",
            "a redirect may not leave the scheme that was asked for",
            file=file,
        )
    if isinstance(error, FileNotFoundError) or status == 404:
        return DataError("there is no such file", file=file)
    if isinstance(error, PermissionError) or "Credential" in kind or status in (401, 403):
        return DataError(
            "access was denied",
            hint="credentials are taken from where the service's own tools take them",
            file=file,
        )
    if isinstance(status, int):
        return DataError(f"the host answered with status {status}", file=file)
    if isinstance(error, OSError) and error.filename is not None and error.errno:
        return cannot_copy(error)  # of a file here
    if isinstance(error, ConnectionError) or "Connect" in kind:
        return DataError("the host cannot be reached", file=file)
    return DataError(f"it cannot be fetched: {kind}", file=file)
