"""The input format that a file's name says."""

from __future__ import annotations

import os

from losscli.errors import UsageError

COMPRESSIONS = {".gz": "gz", ".bz2": "bz2", ".zst": "zst", ".xz": "xz", ".lz4": "lz4"}

SOURCES = {
    ".csv": "csv", ".tsv": "tsv", ".txt": "txt",
    ".parquet": "parquet", ".pq": "parquet",
    ".arrow": "arrow", ".feather": "arrow", ".ipc": "arrow",
    ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".npy": "npy", ".npz": "npz",
}  # fmt: skip
"""The format of a file by its suffix, in front of a suffix of COMPRESSIONS."""

FORMATS = tuple(dict.fromkeys(SOURCES.values()))


def format_of(path: str) -> str | None:
    """The format that a name says, whatever it is compressed by; None where it says none."""
    stem, suffix = os.path.splitext(path.lower())
    if suffix in COMPRESSIONS:
        suffix = os.path.splitext(stem)[1]
    return SOURCES.get(suffix)


def known_format(path: str, format: str | None) -> str:
    """The format given, else that of the name; UsageError for one that is not known."""
    found = format if format is not None else "csv" if path == "-" else format_of(path)
    if found not in FORMATS:
        raise _unknown_format(path, format)
    return found


def _unknown_format(path: str, format: str | None) -> UsageError:
    names = ", ".join(f"`{name}`" for name in FORMATS)
    if format is not None:
        return UsageError(f"no input format is called `{format}`", hint=f"the formats are {names}")
    suffixes = " ".join(dict.fromkeys(SOURCES))
    return UsageError(
        f"the format of {path} cannot be told from its name",
        f"known suffixes are {suffixes}, also with {' '.join(COMPRESSIONS)} behind them",
        f"name it with `--input-format`: {names}",
    )
