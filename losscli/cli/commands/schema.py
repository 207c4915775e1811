"""`losscli schema`: the JSON Schema of a document that losscli writes or reads."""

from __future__ import annotations

from typing import Annotated

import typer

from losscli.cli import options
from losscli.errors import UsageError


def schema_command(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="result, config, losses or error", show_default=False)
    ],
    errors: options.Errors = "text",
) -> None:
    """Print the JSON Schema of a document."""
    from losscli.report.schemas import SCHEMAS, as_json
    from losscli.report.writing import write_stdout

    if name not in SCHEMAS:
        raise UsageError(f"there is no schema of `{name}`", hint=f"there are {', '.join(SCHEMAS)}")
    write_stdout(as_json(name))


schema_command.epilog = "\b\nExample:\n  losscli schema result > result.schema.json"  # type: ignore[attr-defined]
