"""Options from the environment and from a file.

A flag comes first, `LOSSCLI_JOBS=2` second, the nearest `losscli.toml` or `[tool.losscli]` last; `config` reads the
file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from losscli.cli.option import Option
from losscli.errors import UsageError

if TYPE_CHECKING:
    from losscli.cli.config import Settings
    from losscli.report.config import GateTable

PREFIX = "LOSSCLI_"


def are_set() -> bool:
    """Whether the environment or a file may set an option."""
    return any(name.startswith(PREFIX) for name in os.environ) or next(_found(), None) is not None


def read(path: str | None, declared: Mapping[str, Option]) -> tuple[dict[str, Any], tuple[GateTable, ...]]:
    """The options that the environment and a file set, by name, and the gates of the file.

    ``path``: the value of `--config`; None: the file that the environment names, or else the nearest one.
    """
    settings = _settings(path if path is not None else os.environ.get(f"{PREFIX}CONFIG") or None)
    values: dict[str, Any] = {}
    for name, entry in declared.items():
        if not entry.flags or not entry.outside:
            continue
        if settings is not None and name in settings.options:
            values[name] = _shaped(settings.options[name], entry, settings)
        if text := os.environ.get(f"{PREFIX}{name.upper()}"):
            values[name] = re.sub(r",\s+", ",", text).split() if entry.repeatable else text
    return values, settings.gates if settings is not None else ()


def _shaped(value: Any, entry: Option, settings: Settings) -> Any:
    """A list for a repeatable option, the only value for another."""
    values = value if isinstance(value, list) else [value]
    if entry.repeatable:
        return values
    if len(values) != 1:
        raise UsageError(f"`{entry.name}` takes one value here", file=settings.path)
    return values[0]


def _settings(named: str | None) -> Settings | None:
    """The settings of the file that was named, or else of the nearest that has any."""
    for path in _found() if named is None else (named,):
        # Imported here: pydantic takes longer than measuring a small file.
        from losscli.cli.config import load

        if (settings := load(path, named=named is not None)) is not None:
            return settings
    return None


def _found() -> Iterator[str]:
    """The files in this folder and above that may hold settings, nearest first."""
    try:
        here = os.getcwd()
    except OSError:
        return  # the folder is gone
    while True:
        path = os.path.join(here, "losscli.toml")
        if os.path.isfile(path):
            yield path
        path = os.path.join(here, "pyproject.toml")
        if _speaks_of_losscli(path):
            yield path
        above = os.path.dirname(here)
        if above == here:
            return
        here = above


def _speaks_of_losscli(path: str) -> bool:
    """Whether a project's file may hold settings; a broken file without them is passed over."""
    try:
        with open(path, "rb") as file:
            held = file.read()
    except OSError:
        return False
    if b"losscli" not in held:
        return False
    import tomllib

    try:
        tool = tomllib.loads(held.decode()).get("tool", {})
    except (ValueError, RecursionError):
        return True  # to be refused
    return isinstance(tool, dict) and "losscli" in tool
