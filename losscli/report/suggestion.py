"""What `losscli suggest` says, for programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from losscli.report.document import Document, Record, Says
from losscli.report.records import NumberOfRows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from losscli.advise.interpretation import Interpretation
    from losscli.advise.suggest import Suggestion
    from losscli.measure.arguments import Label
    from losscli.reading.memory import Data
    from losscli.reading.source import Dialect


# The records without a docstring have no description in the schema either.
@dataclass(frozen=True)
class Fit(Record):
    loss: str
    why: str
    summary: str
    rewards: str


@dataclass(frozen=True)
class Unfit(Record):
    loss: str
    why: str


@dataclass(frozen=True)
class Reading(Record):
    """One way to understand the columns."""

    task: str
    sure: Literal["yes", "likely", "no"]
    why: str
    doubts: list[str]
    pred: Annotated[str, Says("as `--pred` names the columns")]
    label: Annotated[str, Says("as `--label` names the columns")]
    options: Annotated[list[str], Says("what `eval` must be told besides the columns")]
    losses: Annotated[list[Fit], Says("those that fit, the first first")]
    unfit: list[Unfit]
    command: str

    @classmethod
    def of(cls, found: Interpretation) -> Reading:
        """One interpretation of the columns as a document."""
        return cls(
            task=found.task,
            sure=found.sure,
            why=found.why,
            doubts=found.doubts,
            pred=found.pred,
            label=found.label,
            options=found.options,
            losses=[
                Fit(loss, why, form.doc.summary, str(form.elicits))
                for loss, why in found.fits.items()
                if (form := found.form(loss))
            ],
            unfit=[Unfit(loss, why) for loss, why in found.unfit.items()],
            command=found.command,
        )


@dataclass(frozen=True)
class SuggestionDocument(Reading, Document):
    """What `losscli suggest --json` writes: the first reading, and others that the columns allow."""

    title = "losscli.suggestion/1"
    keys = ("rows", "all_rows", *Reading.keys, "others")

    rows: Annotated[NumberOfRows, Says("how many were looked at")]
    all_rows: bool
    others: list[Reading]


def suggest(
    preds: Data,
    labels: Data | None = None,
    *,
    pred: str | Iterable[str] | None = None,
    label: str | Iterable[str] | None = None,
    weight: Data | None = None,
    by: Data | None = None,
    on: str | Iterable[str] | None = None,
    from_logits: bool = False,
    pos_label: Label | None = None,
    input_format: str | None = None,
    dialect: Dialect | str | None = None,
) -> SuggestionDocument:
    """Look at the first rows and say which losses fit the columns, and why; nothing is measured.

    preds, labels: as `evaluate` takes them, in memory or as paths; and so are the other options.

    Its ``losses`` are those that fit, ``unfit`` those to avoid, ``command`` the call that measures, and ``others``
    what else the columns may mean.  Raises UsageError or DataError.

    >>> import numpy as np
    >>> found = suggest(np.array([0.1, 0.9, 0.7]), np.array([0, 1, 1]))
    >>> found.task, found.losses[0].loss
    ('binary', 'log_loss')
    """
    from losscli.advise.suggest import suggest as suggested
    from losscli.report.options import EvalOptions, checked

    return document(
        suggested(
            checked(
                EvalOptions(
                    preds, labels, pred=pred, label=label, weight=weight, by=by, on=on, from_logits=from_logits,
                    pos_label=pos_label, input_format=input_format, dialect=dialect,
                )
            )
        )
    )  # fmt: skip


def document(found: Suggestion) -> SuggestionDocument:
    """The suggestion as a document."""
    return SuggestionDocument(
        **vars(Reading.of(found.first)),
        rows=found.rows,
        all_rows=found.whole,
        others=[Reading.of(other) for other in found.others],
    )
