"""Options that commands share: their help, their reading, and where results go."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from losscli.errors import OutputError, UsageError
from losscli.text import visible

if TYPE_CHECKING:
    from losscli.formats import Look
    from losscli.report import Report
    from losscli.sources import Dialect

DEFAULT_CHUNK_ROWS = 1 << 16


def _complete_losses(incomplete: str) -> list[str]:
    from losscli.losses import names_from_source

    return [name for name in names_from_source() if name.startswith(incomplete)]


Preds: TypeAlias = Annotated[str, typer.Argument(help="File of predictions", show_default=False)]
Labels: TypeAlias = Annotated[
    str | None,
    typer.Argument(metavar="LABELS", help="File of labels (default: PREDS holds both)", show_default=False),
]
LossSpecs: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--loss", "-l", metavar="SPEC", autocompletion=_complete_losses, show_default=False,
        help="Loss to measure, e.g. `rmse` or `huber:delta=2` (repeatable)",
    ),
]  # fmt: skip
Pred: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--pred", "-p", metavar="COLUMNS", show_default=False,
        help="Prediction column; several with commas or a quoted glob, e.g. `'p_*'` "
        "(default: the only column, else `pred`, `prediction`, `prob`, `score` …)",
    ),
]  # fmt: skip
Label: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--label", "-y", metavar="COLUMNS", show_default=False,
        help="Label column, or columns (default: the only column, else `label`, `target`, `y` …)",
    ),
]  # fmt: skip
Weight: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--weight", "-w", metavar="COLUMN", help="Row weights, from either file", show_default=False
    ),
]
FromLogits: TypeAlias = Annotated[
    bool, typer.Option("--from-logits", help="Predictions are raw scores, not probabilities")
]
Nan: TypeAlias = Annotated[
    str,
    typer.Option(
        "--nan", metavar="error|drop", help="Missing values: refuse them, or drop the pair and count it"
    ),
]
InputFormat: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--input-format", metavar="NAME", help="Format of the inputs (default: by suffix)", show_default=False
    ),
]
DialectText: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--dialect", metavar="KEY=VALUE,…", show_default=False,
        help="How CSV is read: `delimiter`, `decimal`, `header`, `encoding`, `null`, "
        "e.g. `delimiter=semicolon,decimal=comma`",
    ),
]  # fmt: skip
Format: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--format", "-f", metavar="NAME", show_default=False,
        help="table, json, jsonl, csv, markdown or value (default: table on a terminal, csv in a pipe)",
    ),
]  # fmt: skip
Output: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--output", "-o", metavar="[FORMAT=]FILE", show_default=False,
        help="Write to a file as well, its format by suffix (repeatable)",
    ),
]  # fmt: skip
Jobs: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--jobs", "-j", metavar="N", min=1, show_default=False,
        help="Threads; does not change results (default: number of cores)",
    ),
]  # fmt: skip
ChunkRows: TypeAlias = Annotated[
    int,
    typer.Option("--chunk-rows", metavar="N", min=1, help="Rows measured at a time; does not change results"),
]
Quiet: TypeAlias = Annotated[
    bool, typer.Option("--quiet", "-q", help="No progress and no messages but errors")
]
Verbose: TypeAlias = Annotated[bool, typer.Option("--verbose", "-v", help="Timings too")]
NoProgress: TypeAlias = Annotated[bool, typer.Option("--no-progress", help="No progress bar")]
Errors: TypeAlias = Annotated[
    str, typer.Option("--errors", metavar="text|json", help="How errors are written to standard error")
]


DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "space": " "}
DECIMALS = {"point": ".", "comma": ",", ".": ".", ",": ","}


def read_dialect(text: str | None) -> Dialect | None:
    """The value of ``--dialect``."""
    if text is None:
        return None
    from losscli.sources import Dialect
    from losscli.spec import parse_pairs

    found = Dialect()
    given = dict(parse_pairs(text, of=text))
    delimiter = given.pop("delimiter", None)
    decimal = given.pop("decimal", "point")
    header = given.pop("header", "yes")
    encoding = given.pop("encoding", found.encoding)
    null = given.pop("null", None)
    if given:
        raise UsageError(
            f"`--dialect` has no key `{next(iter(given))}`",
            hint="its keys are `delimiter`, `decimal`, `header`, `encoding`, `null`",
        )
    if delimiter is not None:
        delimiter = DELIMITERS.get(delimiter, delimiter)
        if len(delimiter) != 1 or delimiter in '"\r\n' or not delimiter.isascii():
            raise UsageError(
                f"`delimiter={delimiter}` is not one character",
                hint="write a character, or `comma`, `semicolon`, `tab`, `pipe`, `space`",
            )
    if decimal not in DECIMALS:
        raise UsageError(f"`decimal={decimal}` is neither `point` nor `comma`")
    if header not in ("yes", "no"):
        raise UsageError(f"`header={header}` is neither `yes` nor `no`")
    try:
        "".encode(encoding)
    except (LookupError, ValueError):
        raise UsageError(
            f"no encoding is called `{encoding}`", hint="for example `latin-1` or `utf-16`"
        ) from None
    return Dialect(delimiter, DECIMALS[decimal], header == "yes", encoding, () if null is None else (null,))


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where a report goes: a format for standard output, and files."""

    format: str
    files: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, format: str | None, outputs: Sequence[str], inputs: Sequence[str]) -> Outputs:
        """Checked before anything is read: formats are known and files can be written."""
        from losscli.formats import known, parse_output
        from losscli.writing import refuse_unwritable

        if sys.stdout is None:
            raise OutputError("cannot be written: it is closed", file="standard output")
        files = tuple(parse_output(text) for text in outputs)
        for _, path in files:
            refuse_unwritable(path, inputs)
        return cls(known(format) if format else "table" if sys.stdout.isatty() else "csv", files)

    def write(self, report: Report) -> None:
        """Files first: a closed pipe must not lose them."""
        from losscli.formats import Look, render
        from losscli.writing import write_file, write_stdout

        text = render(self.format, report, terminal_look() if self.format == "table" else Look())
        for format, path in self.files:
            write_file(path, render(format, report, Look(width=120)).encode("utf-8", "backslashreplace"))
        write_stdout(text)


def terminal_look() -> Look:
    """Width, colour and characters of the terminal that standard output is."""
    import shutil

    from losscli.formats import Look

    on_terminal = sys.stdout.isatty()
    colour = on_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    try:
        "─↓–".encode(sys.stdout.encoding or "ascii")
        unicode = True
    except (UnicodeEncodeError, LookupError):
        unicode = False
    return Look(shutil.get_terminal_size().columns, colour, unicode)


def say(text: str) -> None:
    """A message for people, on standard error."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.buffer.write(visible(text).encode("utf-8", "backslashreplace") + b"\n")
        sys.stderr.buffer.flush()
    except (OSError, ValueError):
        pass  # nobody listens
