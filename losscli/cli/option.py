"""The declaration of an option; `options` holds the table of all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from losscli.errors import UsageError
from losscli.text import either


class Panel(StrEnum):
    """The groups of options, by their headings in help, in that order."""

    INPUTS = "Inputs and columns"
    ROWS = "Which rows"
    LOSSES = "Losses"
    GATES = "Gates"
    OUTPUT = "Output"
    WORK = "How the work is done"


class Section(StrEnum):
    """The parts of the configuration that `init` writes, by the comment above each, in their order."""

    LOSSES = "The losses: `losscli losses` lists all of them."
    COLUMNS = "The columns{of_file}."
    CSV = "How CSV is read."
    MISSING = "Missing values: error, or drop the pair and count it."


class Setting(NamedTuple):
    """The key of an option in a configuration file."""

    help: str
    found: bool = True
    """Whether a file that was found by search may set it."""
    choices: tuple[str, ...] = ()
    """The values that a file may hold, where the option itself declares no choices."""
    losses: bool = False
    """Whether its values are specs of losses."""
    values: bool = False
    """Whether it names values of columns, in which a URI is plain text."""
    section: Section | None = None
    """The part of the file that `init` writes in which it stands; None if `init` leaves it out."""
    sample: str | None = None
    """A value in TOML, which `init` writes as a comment; without one it writes known values only."""


class Option(NamedTuple):
    """One option or argument."""

    flags: tuple[str, ...]
    """Its names on the command line; a positional argument has none."""
    help: str
    commands: tuple[str, ...]
    panel: Panel = Panel.INPUTS
    default: Any = None
    required: bool = False
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    check: Callable[[str], object] | None = None
    """Raises UsageError for a value that is not allowed."""
    complete: Callable[[str], list[str]] | None = None
    eager: bool = False
    """Whether it is read before the other options."""
    outside: bool = True
    """Whether the environment or a file may set it."""
    setting: Setting | None = None
    """Its key in a configuration; None if a file cannot set it."""
    variants: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
    """By command, the fields that differ there."""
    name: str = ""
    type: type[bool] | type[int] | type[float] | type[str] = str
    repeatable: bool = False

    def refuse_unknown(self, text: str) -> None:
        """UsageError if the option does not take this value."""
        if self.choices and text not in self.choices:
            raise UsageError(f"`{self.flags[0]}` is {either(self.choices)}, not `{text}`")
        if self.check is not None:
            self.check(text)


def option(*flags: str, **fields: Any) -> Any:
    """An entry of the table; the attribute gives its name and its type."""
    return Option(flags=flags, **fields)


TYPES: dict[str, tuple[Any, bool]] = {
    "bool": (bool, False), "int": (int, False), "float": (float, False), "str": (str, False), "list[str]": (str, True),
}  # fmt: skip
"""The type of a value, and whether the option is repeatable, by the annotation in the table."""
