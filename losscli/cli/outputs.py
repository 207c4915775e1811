"""Where results and messages go: formats, files, the terminal, and the exit code of a verdict."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from losscli.cli.call_options import Options
from losscli.errors import UsageError
from losscli.text import plural, shortened, visible, without_secrets

if TYPE_CHECKING:
    from losscli.report.comparison import Comparison
    from losscli.report.records import Report
    from losscli.report.why import Explanation
    from losscli.show.canvas import Canvas

called: list[str] = []
"""The words of this call, for the page, which says how it was made."""


def command_line() -> str:
    """The call as one could type it again, without the secrets of URIs."""
    return shlex.join(["losscli", *map(without_secrets, called)])


def tell_verdict(report: Report, format: str) -> int:
    """The exit code of a judged report; say what failed unless standard output shows it."""
    if report.gate is None or report.passed:
        return 0
    from losscli.show import output_format
    from losscli.show.verdict import failure_lines

    if format == NOTHING or not output_format(format).shows_gate:
        for line in failure_lines(report.gate, report.saved):
            say(line)
    return 1


def tell(out: Outputs, warnings: Sequence[str], left_out: str, where: str | None = None) -> None:
    """Say the warnings, and how many rows were left out, unless a format that is written does."""
    from losscli.show import output_format

    place = f"{where}: " if where is not None else ""
    for warning in warnings:
        say(f"warning: {place}{warning}")
    formats = [name for name, _ in out.files] if out.format == NOTHING else [out.format]
    if left_out and not any(output_format(name).shows_left_out for name in formats):
        say(f"{place}left out: {left_out}")


NOTHING = "nothing"
"""In place of a format: nothing goes to standard output."""


class Outputs(NamedTuple):
    """Where a report goes: a format for standard output, and files."""

    format: str
    files: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, call: Options, inputs: Sequence[str]) -> Outputs:
        """Check, before anything is read, that the formats are known and the files can be written."""
        from losscli.report.writing import refuse_unwritable
        from losscli.show import known, parse_output

        format = call.format
        if call.json and format not in (None, "json") and "format" in call.given:
            raise UsageError(f"`--json` and `--format {format}` ask for two formats")
        if call.json:
            format = "json"
        files = tuple(parse_output(text) for text in call.output)
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
        """Whether a format has pictures, for which more of the rows is kept."""
        from losscli.show import output_format

        formats = (self.format, *(name for name, _ in self.files))
        return any(output_format(name).draws for name in formats if name != NOTHING)

    @property
    def shows_losses(self) -> bool:
        """Whether a table goes to a terminal: in a pipe it has no pictures."""
        return self.format == "table" and sys.stdout.isatty()

    def write(self, *subjects: Report | Comparison | Explanation) -> None:
        """Write the files first: a closed pipe must not lose them."""
        from losscli.report.writing import add_to_file, write_file, write_stdout
        from losscli.show import render
        from losscli.show.canvas import Canvas

        look = terminal_look() if self.format == "table" else Canvas()
        text = render(self.format, subjects, look) if self.format != NOTHING else ""
        # Rendered before any is written: a run that fails leaves no file.
        texts = [(path, render(format, subjects, Canvas(width=120))) for format, path in self.files]
        summary = os.environ.get("GITHUB_STEP_SUMMARY") if self.format == "github" else None
        told = render("markdown", subjects) if summary else ""
        for path, content in texts:
            write_file(path, content.encode("utf-8", "backslashreplace"))
        if summary:
            add_to_file(summary, f"{told}\n".encode("utf-8", "backslashreplace"))
        write_stdout(text)


def show_plot(report: Report, name: str) -> None:
    """Draw a picture on standard output, which is a terminal."""
    from losscli.report.writing import write_stdout
    from losscli.show.plot import plots

    text = plots(report, name, terminal_look())
    if text:
        write_stdout(f"\n{text}")
    else:
        say(f"no picture `{name}`: these losses and columns have none")


def check_rows_out(call: Options, out: Outputs, inputs: Sequence[str]) -> None:
    """Check ``--rows-out`` before anything is read."""
    path = call.rows_out
    if path is None:
        if call.gradient or call.for_spreadsheets:
            name = "--gradient" if call.gradient else "--for-spreadsheets"
            raise UsageError(f"`{name}` needs `--rows-out`", hint="add `--rows-out FILE`")
        return
    from losscli.report.rowfile import format_of
    from losscli.report.writing import refuse_unwritable

    if format_of(path) != "csv" and call.for_spreadsheets:
        raise UsageError(f"`--for-spreadsheets` needs a CSV, and {path} is none")
    if os.path.normpath(path) in (os.path.normpath(file) for _, file in out.files):
        raise UsageError(f"{path} would be written twice", hint="give `--rows-out` a file of its own")
    refuse_unwritable(path, inputs)


def check_state_out(call: Options, out: Outputs, inputs: Sequence[str]) -> None:
    """Check ``--state-out`` before anything is read."""
    path = call.state_out
    if path is None:
        return
    from losscli.report.writing import refuse_unwritable

    others = [file for _, file in out.files] + ([call.rows_out] if call.rows_out else [])
    if os.path.normpath(path) in map(os.path.normpath, others):
        raise UsageError(f"{path} would be written twice", hint="give `--state-out` a file of its own")
    refuse_unwritable(path, inputs)


def tell_part(call: Options, rows: int) -> None:
    """Say that a part of the rows was measured."""
    if not call.quiet:
        say(
            f"part {call.shard}: {plural(rows, 'row')} in {call.state_out}; `losscli merge` finishes all parts"
        )


def check_columns(call: Options) -> None:
    """Refuse ``--columns`` where no rows are shown."""
    if call.columns and not call.worst and call.rows_out is None:
        raise UsageError("`--columns` needs rows to show", hint="add `--worst N` or `--rows-out FILE`")


def terminal_look() -> Canvas:
    """The width, colours and characters of the terminal on standard output."""
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
    """Write a message for people to standard error."""
    try:
        sys.stderr.buffer.write(visible(shortened(text)).encode("utf-8", "backslashreplace") + b"\n")
        sys.stderr.buffer.flush()
    except (OSError, ValueError):
        pass  # nobody listens
