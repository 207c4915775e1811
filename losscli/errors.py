"""The errors that a user sees: what was found and where, what was wanted, and a hint.

Each is raised where the fact is known, as one of the three classes below, and caught at the entry point of the
command line, which prints it and chooses the exit code.  Rows are counted from 1, without the header.
"""

from __future__ import annotations

import errno
from dataclasses import astuple, dataclass, replace
from typing import Any, ClassVar, Literal, Self, TypeAlias

from losscli.text import PATH_SHOWN, as_arguments, bare_uri, cut, shortened, without_secrets

Kind: TypeAlias = Literal["usage", "data", "output", "error"]
ExitCode: TypeAlias = Literal[2, 3, 70, 74]


# Not frozen: Python itself writes to a raised exception (its traceback, its context).
@dataclass(eq=False)
class LosscliError(Exception):
    """An error to show to the user.

    ``message`` says what was found, in lower case, with literals in backticks; ``detail`` what was wanted, or how
    many more there are; ``hint`` what to do.  They name options as the command does; ``str`` names the arguments of
    Python's functions.  ``file``, ``column`` and ``row`` are printed in front of the message.
    """

    message: str
    detail: str | None = None
    hint: str | None = None
    file: str | None = None
    column: str | None = None
    row: int | None = None

    kind: ClassVar[Kind] = "error"
    exit_code: ClassVar[ExitCode] = 70

    @property
    def where(self) -> str:
        """File, column and row, as far as they are known: ``preds.csv, column `p`, row 7``."""
        parts = [self.shown_file] if self.shown_file is not None else []
        if self.column is not None:
            parts.append(f"column `{cut(self.column)}`")
        if self.row is not None:
            parts.append(f"row {self.row}")
        return ", ".join(parts)

    @property
    def shown_file(self) -> str | None:
        """The file as a message shows it: cut in the middle if long, a URI without what may be a secret."""
        return None if self.file is None else cut(bare_uri(self.file), PATH_SHOWN)

    def __str__(self) -> str:
        """What Python shows: `texts`, with the arguments of its functions in place of options of the command."""
        message, detail, hint = (None if text is None else as_arguments(text) for text in self.texts)
        lines = [f"{self.where}: {message}" if self.where else str(message)]
        if detail:
            lines.append(detail)
        if hint:
            lines.append(f"hint: {hint}")
        return "\n".join(lines)

    @property
    def texts(self) -> tuple[str, str | None, str | None]:
        """Message, detail and hint as they are shown: what is too long is cut in the middle, and URIs hold no secrets."""
        detail, hint = (
            None if text is None else shortened(without_secrets(text)) for text in (self.detail, self.hint)
        )
        return shortened(without_secrets(self.message)), detail, hint

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), astuple(self)

    def with_row(self, row: int) -> Self:
        """The same error at a row."""
        return replace(self, row=row)


@dataclass(eq=False)
class UsageError(LosscliError):
    """The call or the configuration is wrong."""

    kind: ClassVar[Kind] = "usage"
    exit_code: ClassVar[ExitCode] = 2


@dataclass(eq=False)
class DataError(LosscliError):
    """The data are wrong: a file, a column, a row or a value."""

    kind: ClassVar[Kind] = "data"
    exit_code: ClassVar[ExitCode] = 3


@dataclass(eq=False)
class OutputError(LosscliError):
    """The result could not be written."""

    kind: ClassVar[Kind] = "output"
    exit_code: ClassVar[ExitCode] = 74


NO_ROOM = (
    "failed to map segment",
    "cannot allocate memory",
    "can't start new thread",
    "cannot map zero-fill",
)
"""Parts of the messages of a loader or the system when there is no memory for a library or a thread."""


def out_of_memory(error: BaseException | None) -> bool:
    """Whether an error is caused by too little memory, which imports and threads report in their own words."""
    while error is not None:
        if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
            return True
        if isinstance(error, (ImportError, OSError, RuntimeError)):
            said = str(error).lower()
            if any(words in said for words in NO_ROOM):
                return True
        error = error.__cause__ or error.__context__
    return False
