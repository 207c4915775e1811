"""`losscli losses`: the list of all losses, or the description of one."""

from __future__ import annotations

from losscli.cli import outputs
from losscli.cli.call_options import Options

EXAMPLES = "\b\nExamples:\n  losscli losses\n  losscli losses cross_entropy"


def run(call: Options) -> None:
    """List the losses; with NAME, describe one of them."""
    from losscli.losses import describe
    from losscli.report.writing import write_stdout

    look = outputs.terminal_look()
    if call.json:
        from losscli.report.catalogue import document

        write_stdout(document(call.name).text())
    elif call.name is None:
        write_stdout(describe.listing(look.width))
    else:
        write_stdout(describe.page(call.name, look.width))
