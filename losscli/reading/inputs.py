"""PREDS and LABELS as the user wrote them, opened: files, folders, globs, standard input, URIs, and what is in memory.

`listing` and `remote` find the files of a path; `folder` makes one source of several; `memory` reads arrays and tables.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from losscli.errors import DataError, UsageError
from losscli.reading import open_source
from losscli.reading.listing import DataFile, Listing, listed, matched
from losscli.reading.source import Dialect, Source
from losscli.reading.suffixes import input_format, is_streamed, known_format
from losscli.text import bare_uri

if TYPE_CHECKING:
    from losscli.reading.memory import Data, MemorySource

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


class Inputs(NamedTuple):
    """The inputs of a call as it names them, from which any process that sees the files opens them."""

    data: Mapping[str, Data]
    """Each by the name of its argument."""
    format: str | None
    dialect: Dialect | None
    by_key: bool

    def opened(
        self, *, again: bool = False, jobs: int | None = None, memory: int | None = None
    ) -> list[Source]:
        """The sources, as `open_inputs` gives them."""
        return open_inputs(
            self.data, format=self.format, dialect=self.dialect, by_key=self.by_key, again=again, jobs=jobs,
            memory=memory,
        )  # fmt: skip

    @property
    def paths(self) -> tuple[str, ...]:
        """Those that are paths."""
        return tuple(_paths_of(self.data).values())

    def at(self, paths: Sequence[str]) -> Inputs:
        """The same inputs at other paths."""
        return self._replace(data=dict(zip(self.data, paths, strict=False)))


def _paths_of(data: Mapping[str, Data]) -> dict[str, str]:
    return {name: os.fspath(one) for name, one in data.items() if isinstance(one, (str, os.PathLike))}


def open_inputs(
    inputs: Mapping[str, Data], *, format: str | None, dialect: Dialect | None, by_key: bool,
    again: bool = False, jobs: int | None = None, memory: int | None = None,
) -> list[Source]:  # fmt: skip
    """The sources of one call, from its inputs by the names of their arguments.

    Several files on all sides are paired one to one by their names, unless rows are paired by key.
    ``again``: they are read more than once, and what comes as a stream is copied for it.  ``jobs`` and
    ``memory`` bound what is fetched before it is wanted.
    """
    paths = _paths_of(inputs)
    if list(paths.values()).count("-") > 1:
        raise UsageError("only one of PREDS and LABELS can be standard input")
    if format is not None:
        known_format("", format)  # says which there are, before anything is looked at
    found = {name: _listed(path, any_suffix=format is not None) for name, path in paths.items()}
    by_file = len(inputs) == len(found) > 1 and all(one.several for one in found.values()) and not by_key
    if by_file:
        first, *others = found
        found |= {name: matched(found[first], found[name]) for name in others}
    how = _How(format, dialect, again, jobs, memory)
    return [
        _opened(found[name], how, by_file=by_file) if name in found else _held(data, name)
        for name, data in inputs.items()
    ]


def _held(data: Data, argument: str) -> MemorySource:
    """An input that is in memory."""
    # Imported here: the commands have files.
    from losscli.reading.memory import open_memory

    return open_memory(data, argument)


def kept(data: Data, argument: str) -> Data:
    """An input that can be read more than once, as a stream in memory cannot."""
    return data if isinstance(data, (str, os.PathLike)) else _held(data, argument)


class _How(NamedTuple):
    """How files are opened."""

    format: str | None
    dialect: Dialect | None
    again: bool
    jobs: int | None
    memory: int | None


def is_uri(path: str) -> bool:
    """Whether a path is a URI, and no file of that very name."""
    return _URI.match(path) is not None and not os.path.lexists(path)


def _listed(path: str, *, any_suffix: bool) -> Listing:
    if is_uri(path):
        # Imported here: nothing of the network is loaded unless a URI asks for it.
        from losscli.reading.remote import listed_remote

        return listed_remote(path, any_suffix=any_suffix)
    return listed(path, any_suffix=any_suffix)


def _opened(listing: Listing, how: _How, *, by_file: bool) -> Source:
    if listing.path == "-" and (how.again or not (how.format is None or is_streamed(how.format))):
        from losscli.reading.spooled import SpooledSource, SpoolFile

        copy = SpoolFile()
        copy.take(sys.stdin.buffer)
        return SpooledSource(
            "standard input",
            copy,
            lambda path: open_source(path, format=how.format or "csv", dialect=how.dialect),
        )
    if listing.plain:
        return open_source(listing.path, format=how.format, dialect=how.dialect)

    def opened(file: DataFile) -> Source:
        if listing.remote:
            return _fetched(file, how)
        return open_source(file.path, format=how.format, dialect=how.dialect)

    if listing.remote and not listing.several and "=" not in os.path.dirname(listing.files[0].name):
        return opened(listing.files[0])
    from losscli.reading.folder import open_folder

    ahead = 0
    if listing.remote:
        from losscli.reading.ranged import Ahead

        ahead = Ahead.of(how.jobs, how.memory).requests
    return open_folder(listing, opened, format=how.format, by_file=by_file, ahead=ahead)


def _fetched(file: DataFile, how: _How) -> Source:
    """A remote file: read by ranges or as a stream, or copied where its format or its host cannot do so."""
    from losscli.reading.ranged import Ahead, RemoteFile
    from losscli.reading.remote import NoRanges, fetch
    from losscli.reading.spooled import SpooledSource, SpoolFile

    path = bare_uri(file.path)
    format = input_format(known_format(path, how.format))
    assert format is not None
    open_it = partial(open_source, format=how.format, dialect=how.dialect, name=file.name)
    try:
        remote = RemoteFile(file.path, Ahead.of(how.jobs, how.memory), tail=bool(format.ranged))
    except NoRanges:
        copy = fetch(file.path)
    else:
        if format.ranged or (format.streamed and not how.again):
            return open_it(path, remote=remote)
        copy = SpoolFile()
        copy.take(remote.stream())
    return SpooledSource(path, copy, open_it)


def row_name(source: Source, row: int) -> str:
    """A row for a message: ``row 7``, and its file where there are several."""
    path, at = source.locate(row)
    return f"row {at}" if path == source.path else f"row {at} of {path}"


def placed(error: DataError, sources: Sequence[Source]) -> DataError:
    """The error with the file that holds its row, in place of the folder."""
    for source in sources:
        if error.row is not None and error.file == source.path:
            error.file, error.row = source.locate(error.row)
            break
    return error
