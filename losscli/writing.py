"""Files that appear whole or not at all, and standard output that does not lose a result in silence."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterable

from losscli.errors import OutputError, UsageError

_unfinished: set[str] = set()


def discard_unfinished() -> None:
    """Remove what is half-written; called when the process is told to end."""
    for path in list(_unfinished):
        with contextlib.suppress(OSError):
            os.unlink(path)


def refuse_unwritable(path: str, inputs: Iterable[str]) -> None:
    """Find out before reading what would fail after it: an input, a missing or a read-only folder."""
    for source in inputs:
        with contextlib.suppress(OSError):
            if os.path.samefile(path, source):
                raise UsageError(
                    f"{path} is an input, and would be overwritten", hint="write to another file"
                )
    folder = os.path.dirname(path) or "."
    if os.path.isdir(path):
        raise OutputError("is a folder, not a file", file=path)
    if not os.path.isdir(folder):
        raise OutputError("cannot be written: its folder does not exist", hint=f"make `{folder}`", file=path)
    if _is_special(path):
        return
    try:
        os.unlink(_temporary(path))
    except OSError as error:
        raise _cannot(path, error) from None


def write_file(path: str, content: bytes) -> None:
    """Write the content to a file beside ``path`` and put it in its place."""
    if _is_special(path):
        try:
            with open(path, "wb") as out:
                out.write(content)
        except OSError as error:
            raise _cannot(path, error) from None
        return
    temporary = None
    try:
        temporary = _temporary(path)
        _unfinished.add(temporary)
        with open(temporary, "wb") as out:
            out.write(content)
            out.flush()
            # Without it, a power cut may leave the new name with none of the content.
            os.fsync(out.fileno())
        os.replace(temporary, os.path.realpath(path))
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise _cannot(path, error) from None
    finally:
        _unfinished.discard(temporary or "")


def write_stdout(text: str) -> None:
    """Write a result to standard output; BrokenPipeError is left to the entry point."""
    out = sys.stdout
    if out is None:
        raise OutputError("cannot be written: it is closed", file="standard output")
    try:
        # Bytes, so that an ASCII terminal or locale cannot refuse a name from a file.
        out.flush()
        out.buffer.write(text.encode("utf-8", "backslashreplace"))
        out.buffer.flush()
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        raise _cannot("standard output", error) from None


def _temporary(path: str) -> str:
    """An empty file in the folder of ``path``, with the permissions that ``path`` has or would get."""
    target = os.path.realpath(path)
    handle, temporary = tempfile.mkstemp(prefix=".losscli-", suffix=".tmp", dir=os.path.dirname(target))
    os.close(handle)
    if os.path.exists(target):
        mode = stat.S_IMODE(os.stat(target).st_mode)
        if not os.access(target, os.W_OK):
            os.unlink(temporary)
            raise PermissionError(13, "Permission denied")
    else:
        mask = os.umask(0)
        os.umask(mask)
        mode = 0o666 & ~mask
    os.chmod(temporary, mode)
    return temporary


def _is_special(path: str) -> bool:
    """A device or a pipe, which is written into and not replaced."""
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False


def _cannot(path: str, error: OSError | ValueError) -> OutputError:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return OutputError(f"cannot be written: {reason[:1].lower()}{reason[1:]}", file=path)
