"""What is declared of an option; `options` holds the table of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from losscli.errors import UsageError


class Panel(StrEnum):
    """The groups of options, by the heading that help gives them, in its order."""

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


@dataclass(frozen=True, slots=True)
class Setting:
    """The key of an option in a configuration file."""

    help: str
    found: bool = True
    """Whether a file that was merely found may set it."""
    choices: tuple[str, ...] = ()
    """The values it takes, where the command line tells them in other words than a file."""
    losses: bool = False
    """Whether its texts are specs of losses."""
    values: bool = False
    """Whether it speaks of values in columns, where an address is only a text."""
    section: Section | None = None
    """Where `init` writes it; None: not at all."""
    sample: str | None = None
    """The value in TOML that `init` gives as a comment; without it, only a known value is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option or argument."""

    flags: tuple[str, ...]
    """Its names on the command line; an argument has none."""
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
    """Raises UsageError for a text that is no value of it."""
    complete: Callable[[str], list[str]] | None = None
    eager: bool = False
    """Whether it is read before the others."""
    outside: bool = True
    """Whether the environment or a file may set it."""
    setting: Setting | None = None
    """Its key in a configuration; None where no file has one."""
    convert: Callable[[Any], Any] | None = None
    """Makes of its value what the function behind the command takes."""
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Fields that differ in a command."""
    name: str = ""
    type: type[bool] | type[int] | type[float] | type[str] = str
    repeatable: bool = False

    def refuse_unknown(self, text: str) -> None:
        """UsageError where a text is no value of this option."""
        if self.choices and text not in self.choices:
            raise UsageError(f"`{self.flags[0]}` is {either(self.choices)}, not `{text}`")
        if self.check is not None:
            self.check(text)


def either(words: Iterable[str]) -> str:
    """Words between which one chooses.

    >>> either(["table", "json", "csv"])
    'table, json or csv'
    """
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last
