"""PREDS and LABELS as the user wrote them, opened: files, folders, globs, standard input, URIs.

`listing` and `remote` find the files of a path; `folder` makes one source of several.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from typing import NamedTuple

from losscli.errors import DataError, UsageError
from losscli.reading import open_source
from losscli.reading.listing import DataFile, Listing, listed, matched
from losscli.reading.source import Dialect, Source
from losscli.reading.suffixes import is_streamed, known_format

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


class Inputs(NamedTuple):
    """The inputs of a call as it names them, from which any process that sees the files opens them."""

    paths: tuple[str, ...]
    format: str | None
    dialect: Dialect | None
    by_key: bool

    def opened(self, *, again: bool = False) -> list[Source]:
        """The sources; ``again``: they are read more than once."""
        return open_inputs(
            self.paths, format=self.format, dialect=self.dialect, by_key=self.by_key, again=again
        )


def open_inputs(
    paths: Sequence[str], *, format: str | None, dialect: Dialect | None, by_key: bool,
    again: bool = False,
) -> list[Source]:  # fmt: skip
    """The sources of one call.

    Several files on all sides are paired one to one by their names, unless rows are paired by key.
    ``again``: they are read more than once, and standard input is copied for it.
    """
    if list(paths).count("-") > 1:
        raise UsageError("only one of PREDS and LABELS can be standard input")
    if format is not None:
        known_format("", format)  # says which there are, before anything is looked at
    found = [_listed(path, any_suffix=format is not None) for path in paths]
    by_file = len(found) > 1 and all(listing.several for listing in found) and not by_key
    if by_file:
        found[1:] = [matched(found[0], listing) for listing in found[1:]]
    return [_opened(listing, format, dialect, by_file=by_file, again=again) for listing in found]


def is_uri(path: str) -> bool:
    """Whether a path is a URI, and no file of that very name."""
    return _URI.match(path) is not None and not os.path.lexists(path)


def _listed(path: str, *, any_suffix: bool) -> Listing:
    if is_uri(path):
        # Imported here: nothing of the network is loaded unless a URI asks for it.
        from losscli.reading.remote import listed_remote

        return listed_remote(path, any_suffix=any_suffix)
    return listed(path, any_suffix=any_suffix)


def _opened(
    listing: Listing, format: str | None, dialect: Dialect | None, *, by_file: bool, again: bool
) -> Source:
    if listing.path == "-" and (again or not (format is None or is_streamed(format))):
        from losscli.reading.spooled import SpooledSource, SpoolFile

        copy = SpoolFile()
        copy.take(sys.stdin.buffer)
        return SpooledSource(
            "standard input", copy, lambda path: open_source(path, format=format or "csv", dialect=dialect)
        )
    if listing.plain:
        return open_source(listing.path, format=format, dialect=dialect)

    def opened(file: DataFile) -> Source:
        if not listing.remote:
            return open_source(file.path, format=format, dialect=dialect)
        from losscli.reading.remote import fetch, shown
        from losscli.reading.spooled import SpooledSource

        known_format(shown(file.path), format)
        copy = fetch(file.path)
        return SpooledSource(
            shown(file.path),
            copy,
            lambda path: open_source(path, format=format, dialect=dialect, name=file.name),
        )

    if listing.remote and not listing.several and "=" not in listing.files[0].name:
        return opened(listing.files[0])
    from losscli.reading.folder import open_folder

    return open_folder(listing, opened, format=format, by_file=by_file)


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
