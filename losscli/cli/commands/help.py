"""`losscli help`: recipes and explanations, from the Markdown texts in `losscli/cli/guide`.

A test runs every console block in them.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from losscli.cli import app
from losscli.cli.call_options import Options
from losscli.cli.commands import COMMANDS
from losscli.cli.option_values import EXPLANATIONS, RECIPES, TOPICS
from losscli.errors import UsageError

EXAMPLES = "\b\nExamples:\n  losscli help\n  losscli help losses\n  losscli help eval"
GUIDE = Path(__file__).parent.parent / "guide"


def run(call: Options) -> None:
    """Show recipes and explanations; without TOPIC, list them."""
    from losscli.report.writing import write_stdout

    if call.topic is None:
        write_stdout(_contents())
        return
    name = call.topic.casefold().replace("_", "-")
    if name in TOPICS:
        write_stdout(plainly(_text(name)))
        return
    if name in COMMANDS:
        app.run([name, "--help"])
        return
    near = get_close_matches(name, [*TOPICS, *COMMANDS], n=1)
    hint = f"did you mean `{near[0]}`?  " if near else ""
    raise UsageError(
        f"there is no topic `{call.topic}`",
        hint=f"{hint}`losscli help` lists them; a loss: `losscli losses NAME`",
    )


def _contents() -> str:
    lines: list[str] = []
    for heading, topics in (("Explanations", EXPLANATIONS), ("Recipes", RECIPES)):
        lines += [f"{heading}:", *(f"  {topic:<12} {_title(topic)}" for topic in topics), ""]
    lines.append("`losscli help TOPIC` shows one; `losscli help COMMAND` the options of a command.")
    return "\n".join(lines) + "\n"


def _title(topic: str) -> str:
    return _text(topic).splitlines()[0].removeprefix("# ")


def _text(topic: str) -> str:
    return (GUIDE / f"{topic}.md").read_text(encoding="utf-8")


def plainly(markdown: str) -> str:
    """Markdown as plain text: titles are underlined, code is indented.

    >>> print(plainly("# Title\\n\\n```console\\n$ true\\n```\\n"), end="")
    Title
    =====
    <BLANKLINE>
        $ true
    """
    lines: list[str] = []
    code = False
    for line in markdown.splitlines():
        if line.startswith("```"):
            code = not code
        elif code:
            lines.append(f"    {line}".rstrip())
        elif line.startswith("#"):
            level, _, title = line.partition(" ")
            lines += [title, ("=" if level == "#" else "-") * len(title)]
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"
