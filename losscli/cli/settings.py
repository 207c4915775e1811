"""Where options come from that are not on the command line: the environment, then a file.

A flag comes first, `LOSSCLI_JOBS=2` second, the nearest `losscli.toml` or `[tool.losscli]` last.  What a file
may hold is the business of `config`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import typer

from losscli.errors import UsageError

if TYPE_CHECKING:
    from losscli.report.config import GateTable, Settings

PREFIX = "LOSSCLI_"
OWN = frozenset({"config", "errors", "json", "help"})
"""What neither the environment nor a file sets."""


def are_set() -> bool:
    """Whether the environment or a file may set an option."""
    return any(name.startswith(PREFIX) for name in os.environ) or next(_found(), None) is not None


def configure(context: typer.Context, path: str | None) -> str | None:
    """The callback of ``--config``: give the other options what the environment and a file say."""
    if context.resilient_parsing:
        return path
    settings = _settings(path if path is not None else os.environ.get(f"{PREFIX}CONFIG") or None)
    context.obj = settings
    known: dict[str, Any] = {}
    for param in context.command.params:
        name = param.name or ""
        if param.param_type_name != "option" or name in OWN:
            continue
        several = bool(getattr(param, "multiple", False))
        if settings is not None and name in settings.options:
            known[name] = _shaped(settings.options[name], several, name, settings)
        if text := os.environ.get(f"{PREFIX}{name.upper()}"):
            known[name] = re.sub(r",\s+", ",", text).split() if several else text
    context.default_map = known
    return path


class Call(Protocol):
    """What is asked of a call: Typer's context, or what stands for it in a plain one."""

    @property
    def obj(self) -> Any: ...

    def get_parameter_source(self, name: str, /) -> Any: ...


def gates(context: Call) -> tuple[GateTable, ...]:
    """The gates of the file that was read."""
    return context.obj.gates if context.obj is not None else ()


def from_command_line(context: Call, name: str) -> bool:
    """Whether an option stands on the command line, and not in the environment or a file."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _shaped(value: Any, several: bool, name: str, settings: Settings) -> Any:
    """A list for an option that may stand several times, else its only value."""
    if several or not isinstance(value, list):
        return value if not several or isinstance(value, list) else [value]
    if len(value) != 1:
        raise UsageError(f"`{name}` takes one value here", file=settings.path)
    return value[0]


def _settings(named: str | None) -> Settings | None:
    # Imported here: reading a configuration takes longer than measuring a small file without one.
    if named is not None:
        from losscli.report.config import load

        return load(named)
    for path in _found():
        from losscli.report.config import load_found

        if (settings := load_found(path)) is not None:
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
    """Whether a project's file may hold settings; whatever else is wrong with it is none of our business."""
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
