"""The parts of a loss's docstring: summary, definition, gradients, text and example."""

from __future__ import annotations

import inspect
import re
from typing import NamedTuple

J = "j"
"""The column of the partial derivative, where the prediction has several columns."""


class Gradient(NamedTuple):
    """The gradient of a row's loss by one role: lines of Python; the last one is the value."""

    role: str
    text: str
    by_column: bool

    @property
    def by(self) -> str:
        """The role that the slope is by, as the docstring writes it."""
        return f"{self.role}[{J}]" if self.by_column else self.role


class Doc(NamedTuple):
    """The parts of a docstring; ``no_gradient`` says why there are no gradients."""

    summary: str
    definition: str
    gradients: tuple[Gradient, ...]
    no_gradient: str
    text: str
    example: str


def read_doc(docstring: str) -> Doc:
    """The parts of a loss's docstring.

    The first indented block is the definition, in plain Python on one row.  A line "Gradient by `pred`:"
    introduces the block that gives the gradient by that role, "Gradient by `pred[j]`:" that by its column ``j``.
    In such a block a line that is indented further continues the one above.  "No gradient: …" says why there is
    none.  Lines from the first ``>>>`` on are the example.
    """
    lines = inspect.cleandoc(docstring).splitlines() or [""]
    body, example = lines[1:], [""]
    for at, line in enumerate(body):
        if line.startswith(">>>"):
            body, example = body[:at], body[at:]
            break
    blocks: dict[str, list[str]] = {"": []}
    text, why, by = [], "", ""
    for line in body:
        if line.startswith("    "):
            blocks[by].append(line[4:])
        elif (introduced := re.fullmatch(r"Gradient by `(.+)`:", line)) is not None:
            by = introduced[1]
            blocks[by] = []
        elif line.startswith("No gradient: "):
            why = line.removeprefix("No gradient: ").removesuffix(".")
        else:
            text.append(line)
    definition = "\n".join(blocks.pop(""))
    gradients = tuple(
        Gradient(by.removesuffix(f"[{J}]"), re.sub(r"\n +", " ", "\n".join(block)), by.endswith(f"[{J}]"))
        for by, block in blocks.items()
    )
    shown = re.sub(r"\n{3,}", "\n\n", "\n".join(text)).strip()
    return Doc(lines[0], definition, gradients, why, shown, "\n".join(example))
