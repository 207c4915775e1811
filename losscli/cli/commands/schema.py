"""`losscli schema`: the JSON Schema of a document that losscli writes or reads."""

from __future__ import annotations

from losscli.cli.options import Options
from losscli.errors import UsageError

EXAMPLES = "\b\nExample:\n  losscli schema result > result.schema.json"


def run(call: Options) -> None:
    """Print the JSON Schema of a document."""
    from losscli.report.schemas import SCHEMAS, as_json
    from losscli.report.writing import write_stdout

    if call.name not in SCHEMAS:
        raise UsageError(f"there is no schema of `{call.name}`", hint=f"there are {', '.join(SCHEMAS)}")
    write_stdout(as_json(call.name))
