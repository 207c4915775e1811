"""Look at the columns and say which losses fit, and why: the function behind `losscli suggest`.

It rests on the names of columns and on their first rows only.
"""

from __future__ import annotations

import os
import shlex
import stat
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from losscli.advise.guess_columns import ColumnGuesses
from losscli.advise.interpret import interpret
from losscli.errors import UsageError
from losscli.reading.select import looked_for
from losscli.text import as_arguments, bare_uri, plural

if TYPE_CHECKING:
    from losscli.advise.interpretation import Interpretation
    from losscli.measure.options import MeasureOptions


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the columns most likely mean, and what else they may mean."""

    first: Interpretation
    others: list[Interpretation]
    rows: int
    whole: bool  # all rows were looked at


def suggest(options: MeasureOptions, *, as_eval: bool = False) -> Suggestion:
    """What the columns of a call look like, and the losses that fit.  Raises UsageError or DataError.

    ``as_eval`` looks at the columns that `eval` takes where none is named, and at no others.
    """
    for path in options.inputs.values():
        if isinstance(path, (str, os.PathLike)) and (path == "-" or _is_pipe(path)):
            raise UsageError(
                f"{'standard input' if path == '-' else path} can be read only once, so its columns cannot be looked at first",
                hint="name the loss with `--loss`, or save the rows to a file",
            )
    columns = ColumnGuesses(options)
    found = []
    for candidate in looked_for(partial(columns.candidates, as_eval=as_eval)):
        one = interpret(columns.describe(candidate), columns.sources[0].format)
        one.pred, one.label = candidate.pred, candidate.label
        one.command = _command(options, one, columns.names_needed(candidate))
        found.append(one)
    if (group := columns.group()) is not None and options.group is None:
        said = f"if the rows of one `{group}` belong together, `--group {shlex.quote(group)}` measures each on its own"
        for one in found:
            if one.task != "ranking":
                one.doubts.append(said)
    return Suggestion(found[0], found[1:], columns.rows, columns.whole)


def _is_pipe(path: str | os.PathLike[str]) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False  # opening it says what is wrong


# ------------------------------------------------------------------------------------------------
# Words
# ------------------------------------------------------------------------------------------------


def _command(options: MeasureOptions, found: Interpretation, needed: Mapping[str, str]) -> str:
    """The call of `eval` that measures the losses; ``needed`` are the columns that it does not find by itself."""
    if any(not isinstance(data, (str, os.PathLike)) for data in options.inputs.values()):
        return _python_call(options, found, needed)
    words = ["losscli", "eval", *(bare_uri(os.fspath(path)) for path in options.inputs.values())]  # type: ignore[arg-type]
    for role, name in needed.items():
        words += [f"--{role}", name]
    words += found.options
    if options.input_format is not None:
        words += ["--input-format", options.input_format]
    if options.dialect is not None and options.dialect.text:
        words += ["--dialect", options.dialect.text]
    for loss in found.fits:
        words += ["-l", loss]
    return shlex.join(words)


def _python_call(options: MeasureOptions, found: Interpretation, needed: Mapping[str, str]) -> str:
    """The call of `evaluate` that measures the losses of what is in memory."""
    words = [
        name if not isinstance(data, (str, os.PathLike)) else repr(bare_uri(os.fspath(data)))
        for name, data in options.inputs.items()
    ]
    words += [f"{role}={name!r}" for role, name in needed.items()]
    words += map(as_arguments, found.options)
    return f"losscli.evaluate({', '.join([*words, f'loss={list(found.fits)!r}'])})"


def render(found: Suggestion, width: int) -> str:
    """The suggestion as text, in lines of at most ``width`` characters, except for commands."""

    def filled(text: str, indent: str = "", first: str | None = None) -> str:
        return textwrap.fill(
            text, max(width, 40), initial_indent=indent if first is None else first, subsequent_indent=indent,
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip

    reading = found.first
    looks = {"yes": "This is", "likely": "This looks like", "no": "Not sure; this may be"}[reading.sure]
    rows = "all " if found.whole else "the first "
    looked = f"{rows if found.rows != 1 else ''}{plural(found.rows, 'row')} looked at"
    lines = [filled(f"{looks} {TASKS[reading.task]}: {reading.why} ({looked}).")]
    lines += [filled(doubt, "  ", "? ") for doubt in reading.doubts]
    room = max(12, *map(len, (*reading.fits, *reading.unfit))) + 4
    lines += ["", "Measure"]
    for loss, why in reading.fits.items():
        form = reading.form(loss)
        said = "; ".join(part for part in (why, f"rewards: {form.elicits}" if form.elicits else "") if part)
        lines.append(filled(said or form.doc.summary, " " * room, f"  {loss:<{room - 2}}"))
    if reading.unfit:
        lines += ["", "Rather not"]
        lines += [filled(why, " " * room, f"  {loss:<{room - 2}}") for loss, why in reading.unfit.items()]
    lines += ["", f"$ {reading.command}"]
    for other in found.others:
        lines += ["", filled(f"Or {TASKS[other.task]}: {other.why}."), f"$ {other.command}"]
    return "\n".join(lines) + "\n"


TASKS = {
    "regression": "a regression", "binary": "a classification into two classes", "classes": "a classification",
    "multiclass": "a classification into several classes", "multilabel": "several labels in each row",
    "quantiles": "a prediction of quantiles", "intervals": "a prediction of intervals",
    "distribution": "a prediction of a distribution", "shares": "a regression of shares",
    "soft labels": "a prediction of shares of classes", "several outputs": "a regression of several outputs",
    "several predictions": "several predictions of one number", "vectors": "a prediction of vectors",
    "survival": "a prediction of times to an event", "ranking": "a ranking", "texts": "a prediction of texts",
}  # fmt: skip


def first_losses(found: Suggestion, given: Sequence[str]) -> list[str]:
    """The losses that come first, for a call of `eval` that names none.

    ``given`` are options of the call.  UsageError if it is not sure what the columns mean, or an option is missing.
    """
    reading = found.first
    if reading.sure == "no":
        raise UsageError(
            f"no loss is named, and it is not clear what the columns mean: {reading.why}",
            reading.doubts[0],
            "name losses with `--loss`; `losscli suggest` says more",
        )
    lacking = [option for option in reading.options if option not in given]
    if lacking:
        raise UsageError(
            f"no loss is named, and {reading.why}: {' '.join(lacking)} is needed",
            hint=f"`{reading.command}`",
        )
    # What keeps every row takes memory that only a call that names it should take.
    return [loss for loss in reading.fits if not reading.form(loss).keeps_rows] or list(reading.fits)
