"""The input formats, and which of them a file's name says."""

from __future__ import annotations

import os
from typing import NamedTuple

from losscli.errors import UsageError
from losscli.loss import plugins

COMPRESSIONS = {".gz": "gz", ".bz2": "bz2", ".zst": "zst", ".xz": "xz", ".lz4": "lz4"}


class InputFormat(NamedTuple):
    """An input format, of this package or of another one.

    A package adds one under the name of its suffix: files that end in ``.NAME`` are read by it.
    """

    suffixes: tuple[str, ...]
    module: str  # the full name
    opener: str  # its function that opens a file
    streamed: bool = False  # read from front to back, so that it may be compressed, or standard input
    dialect: bool = False  # text whose cells are read as `--dialect` says
    counted: bool = False  # a file says how many rows it has
    ranged: str = (
        ""  # the function of module `ranged_…` that opens a remote file, of which it reads only ranges
    )


SOURCES = {
    "csv": InputFormat((".csv",), "losscli.reading.csv", "open_csv", streamed=True, dialect=True),
    "tsv": InputFormat((".tsv",), "losscli.reading.csv", "open_csv", streamed=True, dialect=True),
    "txt": InputFormat((".txt",), "losscli.reading.csv", "open_csv", streamed=True, dialect=True),
    "parquet": InputFormat(
        (".parquet", ".pq"),
        "losscli.reading.parquet",
        "open_parquet",
        counted=True,
        ranged="open_ranged_parquet",
    ),
    "arrow": InputFormat((".arrow", ".feather", ".ipc"), "losscli.reading.ipc", "open_ipc"),
    "jsonl": InputFormat((".jsonl", ".ndjson"), "losscli.reading.jsonl", "open_jsonl", streamed=True),
    "npy": InputFormat((".npy",), "losscli.reading.numpy", "open_npy", counted=True),
    "npz": InputFormat((".npz",), "losscli.reading.numpy", "open_npy"),
}
"""The formats by their names."""

SUFFIXES = {suffix: name for name, found in SOURCES.items() for suffix in found.suffixes}
"""The format of a file by its suffix, which a suffix of COMPRESSIONS may follow."""


def input_format(name: str) -> InputFormat | None:
    """The format of a name, which a package may add; None if there is none.  UsageError where it cannot be loaded."""
    if name in SOURCES or (plugin := plugins.find("sources", name)) is None:
        return SOURCES.get(name)
    found = plugin.load()
    if not isinstance(found, InputFormat):
        raise plugin.refused("an `InputFormat`")
    return found


def has_dialect(format: str) -> bool:
    """Whether files of a format are text whose cells are read as `--dialect` says."""
    return (found := input_format(format)) is not None and found.dialect


def is_streamed(format: str) -> bool:
    """Whether files of a format are read from front to back."""
    return (found := input_format(format)) is not None and found.streamed


def is_counted(format: str) -> bool:
    """Whether a file of a format says how many rows it has."""
    return (found := input_format(format)) is not None and found.counted


def format_of(path: str) -> str | None:
    """The format that a name says, whatever it is compressed by; None where it says none."""
    stem, suffix = os.path.splitext(path.lower())
    if suffix in COMPRESSIONS:
        suffix = os.path.splitext(stem)[1]
    if suffix in SUFFIXES or not suffix:
        return SUFFIXES.get(suffix)
    return suffix[1:] if plugins.find("sources", suffix[1:]) is not None else None


def known_format(path: str, format: str | None) -> str:
    """The format given, else that of the name; UsageError for one that is not known."""
    found = format if format is not None else "csv" if path == "-" else format_of(path)
    if found is None or input_format(found) is None:
        raise _unknown_format(path, format)
    return found


def _unknown_format(path: str, format: str | None) -> UsageError:
    names = ", ".join(f"`{name}`" for name in (*SOURCES, *(p.name for p in plugins.installed("sources"))))
    if format is not None:
        return UsageError(f"no input format is called `{format}`", hint=f"the formats are {names}")
    suffixes = " ".join(SUFFIXES)
    return UsageError(
        f"the format of {path} cannot be told from its name",
        f"known suffixes are {suffixes}, also with {' '.join(COMPRESSIONS)} behind them",
        f"name it with `--input-format`: {names}",
    )
