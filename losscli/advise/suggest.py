"""Look at the columns and say which losses fit, and why: the function behind `losscli suggest`.

What is said rests on the first rows only and on the names of columns: see `roles` and `readings`.
"""

from __future__ import annotations

import json
import os
import shlex
import stat
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from losscli.advise.guess_columns import ColumnGuesses
from losscli.errors import UsageError
from losscli.measure.slices import names_cut
from losscli.pairing.keyplan import POSITION
from losscli.reading.inputs import open_inputs
from losscli.text import plural

if TYPE_CHECKING:
    from losscli.advise.tasks import Interpretation
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
    found = columns.readings(pred, label, as_eval=as_eval)
    readings = []
    for names, held in found:
        reading = columns.read(held, names, from_logits=from_logits, pos_label=pos_label)
        reading.command = _command(paths, reading, columns.default(names), input_format, dialect)
        readings.append(reading)
    return Suggestion(readings[0], readings[1:], columns.rows, columns.whole, paths)


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
    for fit in reading.fits:
        words += ["-l", fit.loss]
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
    specs = [*(one.loss for one in reading.fits), *(one.loss for one in reading.unfit)]
    room = max(12, *map(len, specs)) + 4
    lines += ["", "Measure"]
    for fit in reading.fits:
        rewards = reading.form(fit).elicits
        said = "; ".join(part for part in (fit.why, f"rewards: {rewards}" if rewards else "") if part)
        lines.append(filled(said or reading.form(fit).doc.summary, " " * room, f"  {fit.loss:<{room - 2}}"))
    if reading.unfit:
        lines += ["", "Rather not"]
        lines += [filled(one.why, " " * room, f"  {one.loss:<{room - 2}}") for one in reading.unfit]
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


def as_json(found: Suggestion) -> str:
    """The suggestion, for programs."""
    held = {
        "schema": "losscli.suggestion/1",
        "rows": found.rows,
        "all_rows": found.whole,
        **_record(found.first),
        "others": [_record(other) for other in found.others],
    }
    return json.dumps(held, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _record(reading: Interpretation) -> dict[str, Any]:
    return {
        "task": reading.task,
        "sure": reading.sure,
        "why": reading.why,
        "doubts": reading.doubts,
        "pred": reading.pred,
        "label": reading.label,
        "options": reading.options,
        "losses": [
            {
                "loss": fit.loss,
                "why": fit.why,
                "summary": reading.form(fit).doc.summary,
                "rewards": reading.form(fit).elicits,
            }
            for fit in reading.fits
        ],
        "unfit": [{"loss": one.loss, "why": one.why} for one in reading.unfit],
        "command": reading.command,
    }


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
    return [fit.loss for fit in reading.fits]
