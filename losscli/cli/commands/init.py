"""`losscli init`: a commented configuration, with the columns of a file filled in."""

from __future__ import annotations

from collections.abc import Sequence

from losscli.cli import outputs
from losscli.cli.call_options import Options
from losscli.cli.option import Section
from losscli.cli.options import TABLE
from losscli.text import visible

EXAMPLES = "\b\nExamples:\n  losscli init\n  losscli init sample_data/breast_cancer.csv"
FILE = "losscli.toml"
WEIGHTS = ("weight", "weights", "w", "sample_weight")


def run(call: Options) -> None:
    """Write a commented losscli.toml, from a file's columns.

    It is written into this folder; an existing file is never overwritten.
    """
    import os

    from losscli.errors import UsageError
    from losscli.report.writing import write_new_file

    if os.path.lexists(FILE):
        raise UsageError("is there already, and is not overwritten", file=FILE)
    columns: Sequence[str] = ()
    if call.file is not None:
        from losscli.reading import open_source
        from losscli.reading.source import Dialect

        dialect = None if call.dialect is None else Dialect.parse(call.dialect)
        columns = open_source(call.file, format=call.input_format, dialect=dialect).columns
    write_new_file(FILE, template(columns, call.file, call.dialect).encode("utf-8"))
    if not call.quiet:
        outputs.say(f"wrote {FILE}: `losscli eval` reads it in this folder and below")


HEAD = """\
# What `losscli eval` measures in this folder and below.  A flag comes before it, and so does the
# environment (`LOSSCLI_LOSS=rmse`); `losscli schema config` describes every key.
"""

GATES = """
# A gate: with a loss beyond its limit, losscli ends with exit code 1.
# [[gates]]
# loss = "rmse"
# max = 12.5

# Against a saved result, `losscli eval … --output main.json`.
# baseline = "main.json"   (above the first [[gates]])
# [[gates]]
# loss = "rmse"
# max_regression = "2%"    # or a number, in the unit of the loss

# By slice, as `--by country` cuts them.
# [[gates]]
# loss = "rmse"
# max = 20
# slice = "*"              # every one; or "country=de"
# min_rows = 100           # with fewer it fails
# inconclusive = "pass"    # look at the interval: fail only what is surely beyond
# correction = "holm"      # of many slices looked at together
"""


def template(columns: Sequence[str], file: str | None, dialect: str | None) -> str:
    """The text of the configuration; a key whose value is not known is a comment."""
    from losscli.reading.select import DEFAULT_NAMES

    def first(names: Sequence[str]) -> str | None:
        return next((name for name in names if columns.count(name) == 1), None)

    known = {"pred": first(DEFAULT_NAMES["pred"]), "label": first(DEFAULT_NAMES["label"]), "dialect": dialect}
    guessed = {"weight": first(WEIGHTS)}
    there = ", ".join(f"`{visible(name)}`" for name in columns[:40]) + (" …" if len(columns) > 40 else "")
    of_file = f", of {visible(file)}: {there}" if file is not None else ""
    text = HEAD
    for section in Section:
        lines = []
        for key, entry in TABLE.items():
            if entry.setting is None or entry.setting.section is not section:
                continue
            if (value := known.get(key)) is not None:
                lines.append(f"{key} = {toml_text(value)}")
            elif (value := guessed.get(key)) is not None:
                lines.append(f"# {key} = {toml_text(value)}")
            elif entry.setting.sample is not None:
                lines.append(f"# {key} = {entry.setting.sample}")
        if lines:
            text += "\n".join(["", f"# {section.format(of_file=of_file)}", *lines, ""])
    return text + GATES


def toml_text(text: str) -> str:
    """A text as TOML writes it."""
    signs = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(signs.get(c, c if c.isprintable() else f"\\U{ord(c):08x}") for c in text) + '"'
