"""Run one call.  Usual calls are read without Typer, whose import takes longer than measuring a small file."""

from __future__ import annotations

import os
from collections.abc import Sequence

from losscli.cli import plain
from losscli.cli.commands import COMMANDS, module_of


def run(words: Sequence[str]) -> object:
    """Run one call and return its exit code, or None for 0.  Raises what the command raises."""
    named: Sequence[str] = COMMANDS
    if words and words[0] in COMMANDS and not _completes():
        # Preparing the options of every command would take as long as measuring a small file.
        named = (words[0],)
        call = plain.read(words[0], words[1:])
        if call is not None:
            return module_of(words[0]).run(call)
    # Imported here, since plain calls do without it.
    from losscli.cli import typed

    return typed.run(named, words)


def _completes() -> bool:
    """Whether a shell asks for completions."""
    return "_LOSSCLI_COMPLETE" in os.environ
