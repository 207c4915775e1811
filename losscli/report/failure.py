"""What `--errors json` writes, for programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from losscli.errors import ExitCode, Kind, LosscliError
from losscli.report.document import Document, Says
from losscli.text import cut


@dataclass(frozen=True)
class ErrorDocument(Document):
    """What `--errors json` writes to standard error."""

    title = "losscli.error/1"

    kind: Kind
    exit_code: ExitCode
    message: str
    detail: str | None
    hint: str | None
    file: str | None
    column: str | None
    row: Annotated[int | None, Says("counted from 1, without the header")]

    @classmethod
    def of(cls, error: LosscliError) -> ErrorDocument:
        """The document of an error."""
        message, detail, hint = error.texts
        return cls(
            kind=error.kind,
            exit_code=error.exit_code,
            message=message,
            detail=detail,
            hint=hint,
            file=error.shown_file,
            column=None if error.column is None else cut(error.column),
            row=error.row,
        )
