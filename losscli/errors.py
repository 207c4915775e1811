"""What can go wrong, told once: what and where, what was found, what was wanted, a hint.

Every refusal is raised where the fact is known, as one of the three classes below, and caught at
one place, the entry point of the command line, which turns it into one block and an exit code.
Rows are counted from 1, without the header.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self


# Not frozen: Python itself writes to a raised exception (its traceback, its context).
@dataclass(eq=False)
class LosscliError(Exception):
    """An error to show to the user.

    ``message`` says what was found, in lower case, with literals in backticks; ``detail`` says what
    was wanted, or how many more there are; ``hint`` what to do.  ``file``, ``column`` and ``row``
    say where, and are printed in front of the message.
    """

    message: str
    detail: str | None = None
    hint: str | None = None
    file: str | None = None
    column: str | None = None
    row: int | None = None

    kind: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 70

    @property
    def where(self) -> str:
        """File, column and row, as far as they are known: ``preds.csv, column `p`, row 7``."""
        parts = [self.file] if self.file is not None else []
        if self.column is not None:
            parts.append(f"column `{self.column}`")
        if self.row is not None:
            parts.append(f"row {self.row}")
        return ", ".join(parts)

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.message}" if self.where else self.message]
        if self.detail:
            lines.append(self.detail)
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)

    def with_row(self, row: int) -> Self:
        """The same error, its row known."""
        return replace(self, row=row)


@dataclass(eq=False)
class UsageError(LosscliError):
    """The call or the configuration is wrong."""

    kind: ClassVar[str] = "usage"
    exit_code: ClassVar[int] = 2


@dataclass(eq=False)
class DataError(LosscliError):
    """The data are wrong: a file, a column, a row or a value."""

    kind: ClassVar[str] = "data"
    exit_code: ClassVar[int] = 3


@dataclass(eq=False)
class OutputError(LosscliError):
    """The result could not be written."""

    kind: ClassVar[str] = "output"
    exit_code: ClassVar[int] = 74
