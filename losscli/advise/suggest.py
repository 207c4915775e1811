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
from typing import TYPE_CHECKING

from losscli.advise.guess_columns import ColumnGuesses
from losscli.advise.interpret import interpret
from losscli.errors import UsageError
from losscli.measure.slices import names_cut
from losscli.pairing.keyplan import POSITION
from losscli.reading.inputs import open_inputs
from losscli.text import plural

if TYPE_CHECKING:
    from losscli.advise.interpretation import Interpretation
    from losscli.reading.source import Dialect


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The reading that comes first, and others that the columns allow."""

    first: Interpretation
    others: list[Interpretation]
    rows: int
    whole: bool  # whether all rows were looked at
    paths: list[str]


def suggest(
    preds: str,
    labels: str | None = None,
    *,
    pred: str | None = None,
    label: str | None = None,
    from_logits: bool = False,
    pos_label: str | None = None,
    on: str | None = None,
    weight: str | None = None,
    by: Sequence[str] = (),
    as_eval: bool = False,
    input_format: str | None = None,
    dialect: Dialect | None = None,
) -> Suggestion:
    """What the columns look like.  Raises UsageError or DataError.

    ``on``, ``weight`` and ``by`` are options of `eval`, whose columns are put aside.  ``as_eval``: only the
    columns that it takes where none is named.
    """
    paths = [preds] if labels is None else [preds, labels]
    for path in paths:
        if path == "-" or _is_pipe(path):
            raise UsageError(
                f"{'standard input' if path == '-' else path} is read once, so that it cannot be looked at before",
                hint="name the loss with `--loss`, or save the rows to a file",
            )
    by_key = on not in (None, POSITION)
    sources = open_inputs(paths, format=input_format, dialect=dialect, by_key=by_key)
    keys = [on or "", *(on or "").split(",")] if by_key else []
    taken = [name for name in (*keys, weight) if name is not None]
    columns = ColumnGuesses(sources, taken, names_cut(sources, by), paired=not by_key)
    found = []
    for candidate in columns.candidates(pred, label, as_eval=as_eval):
        seen = columns.describe(candidate, from_logits=from_logits, pos_label=pos_label)
        one = interpret(seen, sources[0].format)
        one.pred, one.label = candidate.pred, candidate.label
        one.command = _command(paths, one, columns.names_needed(candidate), input_format, dialect)
        found.append(one)
    return Suggestion(found[0], found[1:], columns.rows, columns.whole, paths)


def _is_pipe(path: str) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False  # opening it says what is wrong


# ------------------------------------------------------------------------------------------------
# Words
# ------------------------------------------------------------------------------------------------


def _command(
    paths: Sequence[str],
    reading: Interpretation,
    told: Mapping[str, str],
    input_format: str | None,
    dialect: Dialect | None,
) -> str:
    words = ["losscli", "eval", *paths]
    for role, name in told.items():
        words += [f"--{role}", name]
    words += reading.options
    words += ["--input-format", input_format] if input_format is not None else []
    if dialect is not None and (said := dialect.text):
        words += ["--dialect", said]
    for loss in reading.fits:
        words += ["-l", loss]
    return shlex.join(words)


def render(found: Suggestion, width: int) -> str:
    """The suggestion, for people."""

    def filled(text: str, indent: str = "", first: str | None = None) -> str:
        return textwrap.fill(
            text, max(width, 40), initial_indent=indent if first is None else first, subsequent_indent=indent,
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip

    reading = found.first
    looks = {"yes": "This is", "likely": "This looks like", "no": "Not sure; this may be"}[reading.sure]
    rows = "all " if found.whole else "the first "
    looked = f"{rows if found.rows != 1 else ''}{plural(found.rows, 'row')} looked at"
    lines = [filled(f"{looks} {_task(reading.task)}: {reading.why} ({looked}).")]
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
        lines += ["", filled(f"Or {_task(other.task)}: {other.why}."), f"$ {other.command}"]
    return "\n".join(lines) + "\n"


TASKS = {
    "regression": "a regression", "binary": "a classification into two", "classes": "a classification",
    "multiclass": "a classification into several", "multilabel": "several labels a row",
    "quantiles": "a prediction of quantiles", "intervals": "a prediction of intervals",
    "distribution": "a prediction of a distribution", "shares": "a regression of shares",
    "soft labels": "a prediction of shares of classes", "several outputs": "a regression of several outputs",
    "several predictions": "several predictions of one number", "vectors": "a prediction of vectors",
}  # fmt: skip


def _task(task: str) -> str:
    return TASKS[task]


def first_losses(found: Suggestion, given: Sequence[str] = ()) -> list[str]:
    """The losses that come first, for an `eval` that names none; UsageError where more must be said.

    ``given``: options that stand in the call.
    """
    reading = found.first
    if reading.sure == "no":
        raise UsageError(
            f"no loss is asked for, and it is not sure what the columns are: {reading.why}",
            reading.doubts[0],
            "name losses with `--loss`; `losscli suggest` says more",
        )
    lacking = [option for option in reading.options if option not in given]
    if lacking:
        raise UsageError(
            f"no loss is asked for, and {reading.why}: {' '.join(lacking)} is needed",
            hint=f"`{reading.command}`",
        )
    return list(reading.fits)
