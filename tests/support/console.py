"""Console sessions shown in a text: their commands, and the output shown below each."""

from __future__ import annotations

import re


def commands(text: str) -> list[tuple[str, str]]:
    """The commands of a text's console blocks, each with its output."""
    found: list[tuple[str, str]] = []
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for piece in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = piece.partition("\n")
            while command.endswith("\\"):
                more, _, output = output.partition("\n")
                command = command[:-1] + more.removeprefix(">")
            found.append((command, output))
    return found


def sessions(text: str) -> list[str]:
    """The sessions in Python of a text, which `doctest` runs."""
    return re.findall(r"^```pycon\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


QUOTED = re.compile(r"""'[^']*'|"[^"$`\\]*\"""")
SHELL = re.compile(r"[|&;<>()$*?~`#\\\[{]")


def is_plain(command: str) -> bool:
    """Whether a command calls losscli and means the same without a shell."""
    return command.startswith("losscli ") and not SHELL.search(QUOTED.sub("", command))
