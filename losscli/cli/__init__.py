"""The command line: one small module for each command, and one place that turns errors into exit codes."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence

from losscli import errors
from losscli.cli import app, outputs
from losscli.text import visible

BROKEN_PIPE = 141


def main(argv: Sequence[str]) -> int:
    """Run one command and return its exit code; no exception leaves this function."""
    as_json = _errors_as_json(argv)
    outputs.called[:] = argv
    try:
        if sys.stdout is None:
            raise errors.OutputError("cannot be written: it is closed", file="standard output")
        return _run(argv, as_json)
    except BrokenPipeError:
        return BROKEN_PIPE
    except errors.LosscliError as error:
        # Raised while results, or an error itself, were written.
        _tell(error, as_json)
        return error.exit_code


def _run(argv: Sequence[str], as_json: bool) -> int:
    try:
        code = app.run(argv)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except errors.LosscliError as error:
        _tell(error, as_json)
        return error.exit_code
    except BrokenPipeError:
        raise
    except SystemExit as end:
        # Typer exits after completion, and when nobody reads its output.
        if isinstance(end.__context__, BrokenPipeError):
            return BROKEN_PIPE
        return end.code if isinstance(end.code, int) else 0
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise errors.OutputError(
                "cannot be written: no space left on device", file="standard output"
            ) from None
        refused = _defect(error)
        _tell(refused, as_json)
        return refused.exit_code


def _defect(error: Exception) -> errors.LosscliError:
    """The error to show for an exception that was not raised on purpose, with the line that raised it."""
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    place = ""
    if where is not None:
        place = f" at {os.path.basename(where.tb_frame.f_code.co_filename)}:{where.tb_lineno}"
    if errors.out_of_memory(error):
        return errors.DataError(
            "there is not enough memory",
            f"{type(error).__name__}{place}",
            "use a smaller `--chunk-rows` or `--jobs 1`, or raise the limit (`ulimit -v`)",
        )
    return errors.LosscliError(
        "this is a defect of losscli, not of your files",
        f"{type(error).__name__}: {error}{place}",
        "please report it with this line and the command; `--jobs 1` may go around it",
    )


def _tell(error: errors.LosscliError, as_json: bool) -> None:
    if as_json:
        # Imported here: few calls end in an error.
        import json

        from losscli.report.failure import ErrorDocument

        text = json.dumps(ErrorDocument.of(error).to_json())
    else:
        message, detail, hint = error.texts
        where = f"{visible(error.where)}: " if error.where else ""
        lines = [f"error: {where}{visible(message)}"]
        if detail:
            lines.append(f"       {visible(detail)}")
        if hint:
            lines.append(f"hint:  {visible(hint)}")
        text = "\n".join(lines)
    try:
        sys.stderr.buffer.write(text.encode("utf-8", "backslashreplace") + b"\n")
        sys.stderr.buffer.flush()
    except (OSError, ValueError):
        pass  # nobody reads it; the exit code still says it


def _errors_as_json(argv: Sequence[str]) -> bool:
    """Whether errors are to be written as JSON, found without parsing, since parsing may itself fail."""
    chosen = ""
    for at, word in enumerate(argv):
        if word == "--":
            break
        if word == "--errors" and at + 1 < len(argv):
            chosen = argv[at + 1]
        elif word.startswith("--errors="):
            chosen = word.partition("=")[2]
    return chosen == "json"
