"""The files of an input: one, those below a folder, or those that a glob matches.

Files come in byte order of their paths.  Names that begin with `_` or `.` are left out, as writers of
partitioned data keep their own notes there.  Nothing here opens a file.
"""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

from losscli.errors import DataError
from losscli.reading.suffixes import COMPRESSIONS, SUFFIXES, format_of
from losscli.reading.text import unreadable
from losscli.text import plural


class DataFile(NamedTuple):
    """One of the files of an input."""

    path: str  # to open it, and to name it in a message
    name: str  # below the folder, or below that part of a glob that has no wildcards; with `/`


class Listing(NamedTuple):
    """An input and its files; a plain file is its own only one."""

    path: str  # as the user wrote it
    files: tuple[DataFile, ...]
    plain: bool = False  # a file named as such, standard input among them
    remote: bool = False  # its files are fetched

    @property
    def several(self) -> bool:
        """Whether there are several files."""
        return len(self.files) > 1


def listed(path: str, *, any_suffix: bool = False) -> Listing:
    """The files of an input; DataError where a folder or a glob has none.

    A file of that very name wins over the glob.  ``any_suffix``: a file is data whatever its name is, as
    the format is given.
    """
    if path == "-" or (not os.path.isdir(path) and (os.path.lexists(path) or not is_glob(path))):
        return Listing(path, (DataFile(path, os.path.basename(path)),), plain=True)
    if os.path.isdir(path):
        found, others = list(_below(path, "")), "the folder has no data files"
    else:
        found, others = list(_matching(path)), f"`{path}` matches no data files"
        if not found:
            raise DataError(
                f"nothing matches `{path}`",
                "names that begin with `_` or `.` match only where the pattern says so",
                f"the folder `{_folder_of(path)}` is looked in; `*` stands for any characters of one name",
            )
    return Listing(path, chosen(path, found, others, any_suffix=any_suffix))


def chosen(path: str, found: Iterable[DataFile], what: str, *, any_suffix: bool) -> tuple[DataFile, ...]:
    """The data files among those found, in order; DataError, which says ``what``, where there are none."""
    files = list(found)
    kept = [file for file in files if any_suffix or format_of(file.name) is not None]
    if not kept:
        raise _nothing(path, what, files)
    return tuple(sorted(set(kept), key=_in_order))


def _nothing(path: str, what: str, others: Sequence[DataFile]) -> DataError:
    suffixes = " ".join(SUFFIXES)
    detail = f"known suffixes are {suffixes}, also with {' '.join(COMPRESSIONS)} behind them"
    if others:
        first = min(others, key=_in_order).name
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        return DataError(
            what, f"{detail}; there is `{first}`{more}", "name the format with `--input-format`", path
        )
    left_out = f"{detail}; names that begin with `_` or `.` are left out"
    return DataError(what, left_out, "name a file, or the folder that holds the data", path)


def _folder_of(pattern: str) -> str:
    """The folder in front of the first part of a pattern that is not a plain name."""
    plain = list(takewhile(lambda part: not is_glob(part), pattern.split(os.sep)))
    return os.sep.join(plain) or "."


def _in_order(file: DataFile) -> tuple[bytes, bytes]:
    return os.fsencode(file.name), os.fsencode(file.path)


# ---------------------------------------------------------------------- folders and globs


def _below(folder: str, name: str) -> Iterator[DataFile]:
    """The files below a folder whose own name is ``name``, at any depth; a link to a folder is followed once."""
    waiting: list[tuple[str, str, frozenset[tuple[int, int]]]] = [(folder, name, frozenset())]
    while waiting:
        path, prefix, above = waiting.pop()
        try:
            here = os.stat(path)
            if (here.st_dev, here.st_ino) in above:
                continue  # a link to a folder in which it lies
            with os.scandir(path) as entries:
                held = [entry for entry in entries if not is_hidden(entry.name)]
            for entry in held:
                named = f"{prefix}/{entry.name}" if prefix else entry.name
                if entry.is_dir():
                    waiting.append((entry.path, named, above | {(here.st_dev, here.st_ino)}))
                else:
                    yield DataFile(entry.path, named)
        except OSError as error:
            raise unreadable(path, error) from None


def is_glob(name: str) -> bool:
    """Whether a name is a glob, which may match several files or columns."""
    return any(sign in name for sign in "*?[")


def is_hidden(name: str) -> bool:
    """Whether a file, or a folder in which it lies, is left out.

    >>> is_hidden("day=1/_SUCCESS"), is_hidden(".git/x.csv"), is_hidden("../day=1/a.csv")
    (True, True, False)
    """
    return any(part.startswith((".", "_")) for part in name.split("/") if part not in (".", ".."))


def _in_circle(folder: str, known: dict[str, bool]) -> bool:
    """Whether a folder was reached through a link to a folder in which it lies."""
    if folder not in known:
        above = os.path.dirname(folder)
        found = above != folder and _in_circle(above, known)
        if not found and os.path.islink(folder):
            real = os.path.realpath(folder)
            while above and above != os.path.dirname(above) and not found:
                found, above = os.path.realpath(above) == real, os.path.dirname(above)
        known[folder] = found
    return known[folder]


def _matching(pattern: str) -> Iterator[DataFile]:
    """The files that a pattern matches, and those below the folders that it matches."""
    parts = re.split(r"[/\\]" if os.sep == "\\" else "/", pattern)
    wild = next(at for at, part in enumerate(parts) if is_glob(part))
    start = "/".join(parts[:wild])
    asked = is_hidden("/".join(parts[wild:]))
    circles: dict[str, bool] = {}
    for path in glob.iglob(pattern, recursive=True, include_hidden=asked):
        name = os.path.relpath(path, start or ("/" if wild == 1 and not parts[0] else "."))
        name = name.replace(os.sep, "/")
        if not asked and is_hidden(name):
            continue
        is_folder = os.path.isdir(path)
        if _in_circle(path if is_folder else os.path.dirname(path), circles):
            continue
        if is_folder:
            yield from _below(path, "" if name == "." else name)
        else:
            yield DataFile(path, name)


def size_of(path: str) -> int:
    """Bytes of a regular file; DataError for a pipe, since opening it could wait for ever."""
    try:
        found = os.stat(path)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    if not stat.S_ISREG(found.st_mode):
        raise DataError("it is no regular file", "the files of a folder are read from disk", file=path)
    return found.st_size


# ---------------------------------------------------------------------- names


def stem(name: str) -> str:
    """A name without the suffixes of its format and its compression.

    >>> stem("day=1/part-0.csv.gz"), stem("part-0.parquet"), stem("part.0")
    ('day=1/part-0', 'part-0', 'part.0')
    """
    base, suffix = os.path.splitext(name)
    if suffix.lower() in COMPRESSIONS:
        name, (base, suffix) = base, os.path.splitext(base)
    return base if suffix.lower() in SUFFIXES else name


def matched(preds: Listing, labels: Listing) -> Listing:
    """The files of LABELS in the order of those of PREDS that they belong to, by their names.

    DataError where the names do not agree, as rows of files that do not belong together would be paired.
    """
    sides = [_by_stem(listing) for listing in (preds, labels)]
    alone = [
        [stem for stem in side if stem not in other] for side, other in zip(sides, sides[::-1], strict=True)
    ]
    if any(alone):
        side = 0 if alone[0] else 1
        first = sides[side][alone[side][0]]
        other = (labels, preds)[side]
        counts = " and ".join(
            f"{len(without)} of {plural(len(listing.files), 'file')} of {listing.path} "
            f"{'has' if len(without) == 1 else 'have'} no partner"
            for without, listing in zip(alone, (preds, labels), strict=True)
            if without
        )
        raise DataError(
            f"there is no file of this name in {other.path}",
            f"files of two folders are paired when their names agree up to the suffix; {counts}",
            "rows of such files are only paired by a key (`--on`)",
            first.path,
        )
    return labels._replace(files=tuple(sides[1][stem] for stem in sides[0]))


def _by_stem(listing: Listing) -> dict[str, DataFile]:
    found: dict[str, DataFile] = {}
    for file in listing.files:
        if (known := found.setdefault(stem(file.name), file)) is not file:
            raise DataError(
                f"its name is that of {known.path} up to the suffix",
                "files of two folders are paired by their names, which must be different",
                "rows of such files are only paired by a key (`--on`)",
                file.path,
            )
    return found
