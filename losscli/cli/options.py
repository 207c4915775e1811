"""Options that commands share: their help, their reading, and where results go."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from losscli.cli.settings import Call, configure, gates
from losscli.errors import UsageError
from losscli.text import shortened, visible

if TYPE_CHECKING:
    from losscli.reading.source import Dialect
    from losscli.report.comparison import Comparison
    from losscli.report.gates import Gate, LimitKind
    from losscli.report.records import Report
    from losscli.show.canvas import Canvas

DEFAULT_CHUNK_ROWS = 1 << 17


def _complete_losses(incomplete: str) -> list[str]:
    from losscli.losses import names_from_source

    before, comma, begun = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in names_from_source() if name.startswith(begun)]


def _text_or_json(value: str) -> str:
    if value not in ("text", "json"):
        raise UsageError(f"`--errors` is text or json, not `{value}`")
    return value


Preds: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="PREDS",
        help="Predictions: a file, a folder, a quoted glob, `-` or a URI",
        show_default=False,
    ),
]
Labels: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="LABELS", help="Labels, in the same ways (default: PREDS holds both)", show_default=False
    ),
]
LossSpecs: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--loss", "-l", metavar="SPEC", autocompletion=_complete_losses, show_default=False,
        help="Loss to measure, e.g. `rmse` or `huber:delta=2`, or several: `mse,mae` (repeatable; default: what `suggest` names first)",
    ),
]  # fmt: skip
Pred: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--pred", "-p", metavar="COLUMNS", show_default=False,
        help="Prediction column; several with commas or a quoted glob, e.g. `'p_*'` "
        "(default: the only column, else `pred`, `prediction`, `prob`, `score` …); repeated: several models",
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
By: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--by", metavar="SLICING", show_default=False,
        help="Every loss by slice as well: `country`, `age:bins=10`, `age:quantiles=4`, `age:edges=0/18/65`, "
        "`country+device` (repeatable)",
    ),
]  # fmt: skip
MinSlice: TypeAlias = Annotated[
    int, typer.Option("--min-slice", metavar="N", min=0, help="Fold slices of fewer rows into `other`")
]
Top: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--top", metavar="N", min=1, show_default=False,
        help="Of every `--by` show the N slices that carry most of the first loss, in that order; JSON and the page "
        "hold all",
    ),
]  # fmt: skip
Where: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--where", metavar="EXPRESSION", show_default=False,
        help="Rows to keep, e.g. `\"country == 'de' and age >= 30\"`",
    ),
]  # fmt: skip
Classes: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--classes", metavar="A,B,C", show_default=False,
        help="The classes in their order; they name the prediction columns where their own names are others",
    ),
]  # fmt: skip
PosLabel: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--pos-label", metavar="CLASS", show_default=False,
        help="The positive class of losses of two classes, and what a probability is of (default: 1)",
    ),
]  # fmt: skip
ClassWeight: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--class-weight", metavar="CLASS=W,…", show_default=False,
        help="Weights of classes, e.g. `a=1,b=3`; others weigh 1",
    ),
]  # fmt: skip
Average: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--average", metavar="NAME", show_default=False,
        help="macro, micro, weighted or none, for losses per class or output (`losses NAME` tells the default, "
        "and the signature of a result what was used); none gives one result a part",
    ),
]  # fmt: skip
Nan: TypeAlias = Annotated[
    str,
    typer.Option(
        "--nan",
        metavar="error|drop|propagate",
        help="Missing values: refuse them, drop the pair and count it, or give no value where one enters",
    ),
]
Ci: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--ci", metavar="SPEC", show_default=False,
        help="Standard error and interval, from the same pass: `none`, `normal:level=0.9` (Student's t), or "
        "`bootstrap:seed=1,cluster=COLUMN` (default: none; normal where a gate looks at intervals)",
    ),
]  # fmt: skip
On: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--on", metavar="KEY[,KEY]", show_default=False,
        help="Pair rows by these columns, in any order of rows; `position`: by position, and compare no index",
    ),
]  # fmt: skip
KeyType: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--key-type", metavar="int|text", show_default=False,
        help="What keys are compared as, one for all or one for each; int reads `007` and `7.0` as 7 "
        "(default: as the files say; text of CSV takes the other side's type)",
    ),
]  # fmt: skip
Unmatched: TypeAlias = Annotated[
    str,
    typer.Option(
        "--unmatched",
        metavar="error|drop",
        help="Keys on one side only, and missing ones: refuse them, or drop and count them",
    ),
]
Memory: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--memory", metavar="SIZE", show_default=False,
        help="What losscli holds beyond start-up, e.g. `512MB` or `2GiB`; beyond it, rows to be paired by key "
        "are put aside in a temporary folder (default: half of what is free)",
    ),
]  # fmt: skip
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
        help="How CSV is read: `delimiter`, `decimal`, `header`, `encoding`, `null`, `list` (what parts the members "
        "of a list in one cell, or `json`), e.g. `delimiter=semicolon,decimal=comma`",
    ),
]  # fmt: skip
Format: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--format", "-f", metavar="NAME", show_default=False,
        help="table, json, jsonl, csv, markdown, github, junit, html or value "
        "(default: table on a terminal, csv in a pipe)",
    ),
]  # fmt: skip
Output: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--output", "-o", metavar="[FORMAT=]FILE", show_default=False,
        help="Write to a file as well, its format by suffix (repeatable)",
    ),
]  # fmt: skip
RowsOut: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--rows-out", metavar="FILE", show_default=False,
        help="Write every measured row with its losses, in the order of PREDS: `.csv`, `.parquet` or `.jsonl`",
    ),
]  # fmt: skip
Gradient: TypeAlias = Annotated[
    bool, typer.Option("--gradient", help="In `--rows-out`, the slope of each loss by the prediction as well")
]
ForSpreadsheets: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--for-spreadsheets",
        help="In a CSV of `--rows-out`, put `'` before text that a spreadsheet would run as a formula; "
        "without it text stays as it is",
    ),
]
Worst: TypeAlias = Annotated[
    int,
    typer.Option(
        "--worst", metavar="N", min=0, max=10_000,
        help="Show the N rows with the worst loss, and the share of the total that they carry",
    ),
]  # fmt: skip
Columns: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--columns", metavar="COL[,COL]", show_default=False,
        help="Columns of either file to show beside the rows of `--worst` and `--rows-out`; a quoted glob, e.g. `'f_*'`; "
        "`preds.COL` and `labels.COL` choose the file (repeatable)",
    ),
]  # fmt: skip
Constant: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--constant",
        help="Also the best constant prediction of each loss, and the skill against it; the inputs are read twice",
    ),
]
PLOTS = ("loss", "residuals", "calibration", "confusion", "roc", "pr", "by")


def _plot_name(value: str | None) -> str | None:
    if value is not None and value not in PLOTS:
        raise UsageError(f"no picture is called `{value}`", hint=f"they are {', '.join(PLOTS)}")
    return value


Plot: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--plot", metavar="NAME", callback=_plot_name, show_default=False,
        help="A picture below the table, on a terminal only: loss, residuals, calibration, confusion, roc, pr or by",
    ),
]  # fmt: skip
MaxLimits: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--max", metavar="LOSS=X", show_default=False,
        help="Fail with exit code 1 if the loss is greater than X (repeatable)",
    ),
]  # fmt: skip
MinLimits: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--min", metavar="LOSS=X", show_default=False,
        help="Fail with exit code 1 if the loss is less than X (repeatable)",
    ),
]  # fmt: skip
BaselineFile: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--baseline", metavar="FILE", show_default=False,
        help="Saved result (`-o FILE.json`) to compare with; the same measure of other columns or files",
    ),
]  # fmt: skip
RegressionLimits: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--max-regression", metavar="LOSS=X|X%", show_default=False,
        help="Fail with exit code 1 if the loss is worse than the baseline's by more than X, "
        "or than X% of it (repeatable)",
    ),
]  # fmt: skip
ConfigFile: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--config", metavar="FILE", show_default=False, is_eager=True, callback=configure,
        help="Options and gates from a file (default: the nearest `losscli.toml`, or `[tool.losscli]` in "
        "`pyproject.toml`, which may set losses, columns, policies and gates)",
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
    str,
    typer.Option(
        "--errors", metavar="text|json", callback=_text_or_json,
        help="How errors are written to standard error",
    ),
]  # fmt: skip


called: list[str] = []
"""The words of this call, for a page that says how it was made."""

SECRET = re.compile(r"(?<=://)[^/@\s]+@|\?\S*")
"""What of a URI may be a secret: a name and password, and the query."""


def command_line() -> str:
    """The call as it could be typed again, without the secrets of URIs."""
    words = [SECRET.sub("", word) if "://" in word else word for word in called]
    return shlex.join(["losscli", *words])


DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "space": " "}
DECIMALS = {"point": ".", "comma": ",", ".": ".", ",": ","}


def read_dialect(text: str | None) -> Dialect | None:
    """The value of ``--dialect``."""
    if text is None:
        return None
    from losscli.loss.spec import parse_pairs
    from losscli.reading.source import Dialect

    found = Dialect()
    given = dict(parse_pairs(text, of=text))
    delimiter = given.pop("delimiter", None)
    decimal = given.pop("decimal", "point")
    header = given.pop("header", "yes")
    encoding = given.pop("encoding", found.encoding)
    null = given.pop("null", None)
    parted = given.pop("list", None)
    if given:
        raise UsageError(
            f"`--dialect` has no key `{next(iter(given))}`",
            hint="its keys are `delimiter`, `decimal`, `header`, `encoding`, `null`, `list`",
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
    if parted is not None and any(sign in parted for sign in '"\r\n'):
        raise UsageError(f"`list={parted}` cannot part labels")
    nulls = () if null is None else (null,)
    mark = DELIMITERS.get(parted or "", parted)
    return Dialect(delimiter, DECIMALS[decimal], header == "yes", encoding, nulls, mark)


def read_class_weight(text: str | None) -> dict[str, float]:
    """The value of ``--class-weight``; whatever stands before the last equals sign is the class."""
    from losscli.loss.declare import read_number
    from losscli.loss.domains import NONNEGATIVE

    found: dict[str, float] = {}
    for part in text.split(",") if text is not None else ():
        name, equals, size = part.rpartition("=")
        weight = read_number(size.strip())
        if not equals or not name.strip() or weight is None or weight not in NONNEGATIVE:
            raise UsageError(
                f"`{part}` in `--class-weight {text}` is no class and weight",
                hint="write `--class-weight a=1,b=3`; a weight is a number that is not negative",
            )
        if name.strip() in found:
            raise UsageError(f"`{name.strip()}` stands twice in `--class-weight {text}`")
        found[name.strip()] = weight
    return found


def read_gate(
    context: Call,
    max: Sequence[str] | None,
    min: Sequence[str] | None,
    baseline: str | None,
    max_regression: Sequence[str] | None,
) -> Gate | None:
    """The limits of the command line and of the configuration; None where there are none."""
    if not (max or min or baseline or max_regression or gates(context)):
        return None
    from losscli.report.gates import Gate

    flags: dict[LimitKind, Sequence[str]] = {
        "max": max or (), "min": min or (), "max_regression": max_regression or (),
    }  # fmt: skip
    return Gate.of(flags, baseline, gates(context))


def tell_verdict(report: Report, format: str) -> int:
    """The exit code of a judged report; what failed is said where standard output does not show it."""
    if report.gate is None or report.gate["passed"]:
        return 0
    from losscli.show import FORMATS
    from losscli.show.verdict import failure_lines

    if format == NOTHING or not FORMATS[format].shows_gate:
        for line in failure_lines(report.gate, report.saved):
            say(line)
    return 1


def tell_left_out(out: Outputs, left_out: str, where: str | None = None) -> None:
    """The rows that were left out, where no format that is written says so."""
    from losscli.show import FORMATS

    formats = [name for name, _ in out.files] if out.format == NOTHING else [out.format]
    if left_out and not any(FORMATS[name].shows_left_out for name in formats):
        say(f"{f'{where}: ' if where is not None else ''}left out: {left_out}")


NOTHING = "nothing"
"""In place of a format: standard output gets none, since a file gets all."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where a report goes: a format for standard output, and files."""

    format: str
    files: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, format: str | None, outputs: Sequence[str], inputs: Sequence[str]) -> Outputs:
        """Checked before anything is read: formats are known and files can be written."""
        from losscli.report.writing import refuse_unwritable
        from losscli.show import known, parse_output

        files = tuple(parse_output(text) for text in outputs)
        places = [os.path.normpath(path) for _, path in files]
        for place, (_, path) in enumerate(files):
            if places[place] in places[:place]:
                raise UsageError(
                    f"{path} would be written twice", hint="give each `--output` a file of its own"
                )
            refuse_unwritable(path, inputs)
        if format != NOTHING:
            format = known(format) if format else "table" if sys.stdout.isatty() else "csv"
        return cls(format, files)

    @property
    def draws(self) -> bool:
        """Whether a format has pictures, for which more is kept of the rows."""
        from losscli.show import FORMATS

        formats = (self.format, *(name for name, _ in self.files))
        return any(FORMATS[name].draws for name in formats if name != NOTHING)

    @property
    def shows_losses(self) -> bool:
        """Whether a table is looked at: none in a pipe has pictures."""
        return self.format == "table" and sys.stdout.isatty()

    def write(self, *subjects: Report | Comparison) -> None:
        """Files first: a closed pipe must not lose them."""
        from losscli.report.writing import add_to_file, write_file, write_stdout
        from losscli.show import render
        from losscli.show.canvas import Canvas

        look = terminal_look() if self.format == "table" else Canvas()
        text = render(self.format, subjects, look) if self.format != NOTHING else ""
        # All are rendered before one is written: a run that fails leaves no file.
        texts = [(path, render(format, subjects, Canvas(width=120))) for format, path in self.files]
        summary = os.environ.get("GITHUB_STEP_SUMMARY") if self.format == "github" else None
        told = render("markdown", subjects) if summary else ""
        for path, content in texts:
            write_file(path, content.encode("utf-8", "backslashreplace"))
        if summary:
            add_to_file(summary, f"{told}\n".encode("utf-8", "backslashreplace"))
        write_stdout(text)


def show_plot(report: Report, name: str) -> None:
    """The picture of that name, on standard output, which is a terminal."""
    from losscli.report.writing import write_stdout
    from losscli.show.plot import plots

    text = plots(report, name, terminal_look())
    if text:
        write_stdout(f"\n{text}")
    else:
        say(f"no picture `{name}`: these losses and columns have none")


def check_rows_out(
    path: str | None, out: Outputs, inputs: Sequence[str], *, gradient: bool, for_spreadsheets: bool
) -> None:
    """What can be known of ``--rows-out`` before anything is read."""
    if path is None:
        if gradient or for_spreadsheets:
            option = "--gradient" if gradient else "--for-spreadsheets"
            raise UsageError(f"`{option}` is of the file of `--rows-out`", hint="add `--rows-out FILE`")
        return
    from losscli.report.rowfile import format_of
    from losscli.report.writing import refuse_unwritable

    if for_spreadsheets and format_of(path) != "csv":
        raise UsageError(f"`--for-spreadsheets` is of a CSV, and {path} is none")
    format_of(path)
    if os.path.normpath(path) in (os.path.normpath(file) for _, file in out.files):
        raise UsageError(f"{path} would be written twice", hint="give `--rows-out` a file of its own")
    refuse_unwritable(path, inputs)


def check_columns(columns: Sequence[str] | None, worst: int, rows_out: str | None) -> None:
    """Columns stand beside rows, so that some must be shown."""
    if columns and not worst and rows_out is None:
        raise UsageError(
            "`--columns` is of rows, and none are asked for", hint="add `--worst N` or `--rows-out FILE`"
        )


def terminal_look() -> Canvas:
    """Width, colour and characters of the terminal that standard output is."""
    import shutil

    from losscli.show.canvas import Canvas

    on_terminal = sys.stdout.isatty()
    colour = on_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    try:
        "─↓–".encode(sys.stdout.encoding or "ascii")
        unicode = True
    except (UnicodeEncodeError, LookupError):
        unicode = False
    return Canvas(shutil.get_terminal_size().columns, colour, unicode, pictures=on_terminal)


def say(text: str) -> None:
    """A message for people, on standard error."""
    try:
        sys.stderr.buffer.write(visible(shortened(text)).encode("utf-8", "backslashreplace") + b"\n")
        sys.stderr.buffer.flush()
    except (OSError, ValueError):
        pass  # nobody listens
