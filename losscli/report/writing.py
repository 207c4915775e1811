"""Output files that appear whole or not at all, and standard output that loses no result in silence."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from losscli.errors import DataError, OutputError, UsageError

_unfinished: set[str] = set()


def discard_unfinished() -> None:
    """Remove half-written files; called when a signal ends the process."""
    for path in list(_unfinished):
        with contextlib.suppress(OSError):
            os.unlink(path)


def refuse_unwritable(path: str, inputs: Iterable[str]) -> None:
    """Refuse an output that is an input, or whose folder is missing or read-only, before anything is read."""
    if os.path.isdir(path):
        raise OutputError("is a folder, not a file", file=path)
    if _is_special(path):
        return
    for source in _files_of(inputs) if os.path.exists(path) else ():
        with contextlib.suppress(OSError):
            # 0 is the number of standard input, which may be a file as well.
            if os.path.samefile(path, 0 if source == "-" else source):
                raise UsageError(
                    f"{path} is an input, and would be overwritten", hint="write to another file"
                )
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise OutputError("cannot be written: its folder does not exist", hint=f"make `{folder}`", file=path)
    with _beside(path):
        pass


def _files_of(inputs: Iterable[str]) -> Iterator[str]:
    """The inputs, and the files of those that are folders or globs."""
    for source in inputs:
        if source == "-" or os.path.isfile(source):
            yield source
            continue
        # Imported here: only a folder or a glob needs it.
        from losscli.reading.listing import listed

        with contextlib.suppress(DataError):  # raised again when the input is opened
            yield from (file.path for file in listed(source).files)


def write_file(path: str, content: bytes) -> None:
    """Write the content to a temporary file beside ``path`` and put it in its place."""
    try:
        with file_in_place(path) as out:
            out.write(content)
    except OSError as error:
        raise cannot(path, error) from None


@contextlib.contextmanager
def file_in_place(path: str) -> Iterator[BinaryIO]:
    """A file to write to piece by piece, which takes its place at the end, unless an error comes first."""
    if _is_special(path):
        try:
            special = open(path, "wb")  # noqa: SIM115  # an error of the block is not one of opening
        except OSError as error:
            raise cannot(path, error) from None
        with special:
            yield special
        return
    with _beside(path) as temporary:
        with _on_disk(temporary) as out:
            yield out
        os.replace(temporary, os.path.realpath(path))


def write_new_file(path: str, content: bytes) -> None:
    """Write a file that must not be there yet."""
    with _beside(path) as temporary:
        with _on_disk(temporary) as out:
            out.write(content)
        try:
            # A link, since a rename would take the place of a file that has just appeared.
            os.link(temporary, path)
        except OSError:
            if os.path.lexists(path):
                raise UsageError("is there already, and is not overwritten", file=path) from None
            os.replace(temporary, path)


@contextlib.contextmanager
def _on_disk(path: str) -> Iterator[BinaryIO]:
    """A file whose content is on the disk at the end."""
    with open(path, "wb") as out:
        yield out
        out.flush()
        # Without it, a power cut may leave the new name with none of the content.
        os.fsync(out.fileno())


def add_to_file(path: str, content: bytes) -> None:
    """Append to a file that others write to as well."""
    try:
        with open(path, "ab") as out:
            out.write(content)
    except (OSError, ValueError) as error:
        raise cannot(path, error) from None


def write_stdout(text: str) -> None:
    """Write a result to standard output; BrokenPipeError is left to the entry point."""
    try:
        # Bytes, so that an ASCII terminal or locale cannot refuse a name from a file.
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        raise cannot("standard output", error) from None


@contextlib.contextmanager
def _beside(path: str) -> Iterator[str]:
    """An empty file in the folder of ``path``, with the permissions that ``path`` has or would get.

    It is removed at the end, unless it was moved.
    """
    temporary = None
    try:
        target = os.path.realpath(path)
        temporary = os.path.join(os.path.dirname(target), f".losscli-{os.urandom(8).hex()}.tmp")
        # Noted before it exists, since a signal may come at any moment.
        _unfinished.add(temporary)
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        if os.path.exists(target):
            if not os.access(target, os.W_OK):
                raise PermissionError(errno.EACCES, "Permission denied")
            os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
        yield temporary
    except OSError as error:
        raise cannot(path, error) from None
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            _unfinished.discard(temporary)


def _is_special(path: str) -> bool:
    """Whether it is a device or a pipe, which is written to and not replaced."""
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False


def cannot(path: str, error: OSError | ValueError) -> OutputError:
    """The error for a file that cannot be written."""
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return OutputError(f"cannot be written: {reason[:1].lower()}{reason[1:]}", file=path)
