"""`losscli schema`: the JSON Schema of a document that losscli writes or reads."""

from __future__ import annotations

from losscli.cli.call_options import Options
from losscli.errors import UsageError

EXAMPLES = "\b\nExample:\n  losscli schema result > result.schema.json"


def run(call: Options) -> None:
    """Print the JSON Schema of a document."""
    from losscli.report.document import DOCUMENTS, schema_text
    from losscli.report.writing import write_stdout

    places = {**DOCUMENTS, "config": "losscli.cli.config:Config"}
    if call.name not in places:
        raise UsageError(f"there is no schema of `{call.name}`", hint=f"there are {', '.join(places)}")
    write_stdout(schema_text(places[call.name]))
