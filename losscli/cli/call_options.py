"""The options of one call, with the names and types that the table of options gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Self, TypeVar

from losscli.cli.options import TABLE, Declared, of_command

if TYPE_CHECKING:
    from losscli.report.config import GateTable

T = TypeVar("T")


class Options(Declared):
    """The options of one call: the value of each, or its default."""

    def __init__(
        self, values: Mapping[str, Any], given: frozenset[str], gates: Sequence[GateTable] = ()
    ) -> None:
        self.given = given
        """The names of the options on the command line, without those that the environment or a file sets."""
        self.gates = tuple(gates)
        """The gates of the configuration."""
        for name, entry in TABLE.items():
            value = values.get(name, entry.default)
            if entry.repeatable:
                value = [value] if isinstance(value, str) else list(value or ())
            setattr(self, name, value)

    def replace(self, **values: Any) -> Self:
        """A copy with other values."""
        return type(self)({name: getattr(self, name) for name in TABLE} | values, self.given, self.gates)

    def record(self, command: str, kind: Callable[..., T], **more: Any) -> T:
        """The options as the record that a command's function takes; ``more`` are fields that are no options."""
        taken = {field.name for field in fields(kind)}  # type: ignore[arg-type]
        found = {"gates": self.gates, **more} if "gates" in taken else more
        for name in of_command(command):
            if name in taken:
                found[name] = getattr(self, name)
        return kind(**found)
