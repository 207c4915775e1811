"""`losscli losses`: the catalogue, and one loss with all that is declared of it."""

from __future__ import annotations

from typing import Annotated

import typer

from losscli.cli import options


def losses_command(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="One loss, or an alias of it", show_default=False)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON")] = False,
    errors: options.Errors = "text",
) -> None:
    """List the losses; with NAME, say what one of them is."""
    from losscli.losses import describe
    from losscli.report.writing import write_stdout

    look = options.terminal_look()
    if json:
        write_stdout(describe.as_json(name))
    elif name is None:
        write_stdout(describe.listing(look.width))
    else:
        write_stdout(describe.page(name, look.width))


losses_command.epilog = "\b\nExamples:\n  losscli losses\n  losscli losses cross_entropy"  # type: ignore[attr-defined]
