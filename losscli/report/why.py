"""What each library would report for some files, and which rule makes the difference: behind `losscli why`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, NamedTuple

import numpy as np

from losscli._version import __version__
from losscli.advise.libraries import HAVING, LIBRARIES
from losscli.advise.reported import Reported, agreeing, reported
from losscli.errors import DataError, LosscliError, UsageError
from losscli.loss.spec import Better, split
from losscli.measure.arguments import record
from losscli.measure.call import Call
from losscli.measure.loss_request import LossRequest, names_of, requests_of
from losscli.measure.needs import Knowledge
from losscli.numbers.arithmetic import arithmetic
from losscli.report.document import Document, Record, Says
from losscli.report.evaluate import report_of
from losscli.report.options import EvalOptions
from losscli.report.provenance import inputs_of
from losscli.report.records import Input, Report, RowCounts

if TYPE_CHECKING:
    from losscli.loss.expression import Expression
    from losscli.measure.call import Start
    from losscli.measure.plan import Plan

EQUAL = 1e-12
"""Two values are the same up to this part of them: libraries sum in another order."""


@record()
class WhyOptions(EvalOptions):
    """The options of `losscli why`."""

    @property
    def reread(self) -> bool:
        """Whether the inputs are read more than once: they are where a library's rule takes rows that losscli refuses."""
        return True


@dataclass(frozen=True)
class LibraryRecord(Record):
    """What one library would report."""

    library: Annotated[str, Says("the word that `--compat` takes")]
    version: Annotated[str, Says("whose source was read")]
    name: Annotated[str, Says("what the library calls the loss")]
    value: Annotated[float | None, Says("null where it is not defined, or cannot be had: `note` says why")]
    same: Annotated[bool | None, Says("whether it is losscli's value; null where it is not known")]
    rule: Annotated[str, Says("what the library does")]
    loss: Annotated[str | None, Says("the spec that gives this value; null where no spec does")]
    formula: Annotated[str | None, Says("how the value follows from specs; null where it does not")]
    note: str | None


@dataclass(frozen=True)
class ExplainedRecord(Record):
    """One loss, by losscli and by the libraries."""

    loss: Annotated[str, Says("as in results")]
    pred: str
    better: Better
    value: Annotated[float | None, Says("losscli's; null where it is not defined: `note` says why")]
    note: str | None
    libraries: Annotated[list[LibraryRecord], Says("those that have a rule of their own")]
    agree: Annotated[list[str], Says("those that have the loss and no other rule, as far as is known")]


@dataclass(frozen=True)
class Explanation(Document):
    """What `losscli why --json` writes."""

    title = "losscli.why/1"
    keys = ("losscli", "arithmetic", "losses", "rows", "inputs")

    losses: list[ExplainedRecord]
    rows: RowCounts
    inputs: list[Input]
    warnings: list[str] = field(default_factory=list)
    losscli: str = __version__
    arithmetic: str = field(default_factory=arithmetic)


class Outcome(NamedTuple):
    """What became of one spec: a value, or why there is none."""

    value: float | None
    note: str | None = None
    weight: float | None = None
    refused: LosscliError | None = None
    """The error where losscli refuses these rows."""


class _Asked(NamedTuple):
    """One loss of the call, and what the libraries compute for it."""

    text: str
    loss: str
    pred: str
    better: Better
    columns: int
    libraries: list[Reported]
    agree: list[str]


def explained(options: WhyOptions, start: Start | None = None) -> Explanation:
    """Measure the losses of a call by the rules of losscli and of each library; all at once, where every row allows it.

    Raises UsageError or DataError.
    """
    requests_of(options.losses)
    call, known = Call.opened(options), Knowledge()
    asked = [
        _asked(text, options, call.plan([_request(text, options)], known))
        for texts in options.losses
        for text in dict.fromkeys(split(texts))
    ]
    specs = dict.fromkeys(spec for one in asked for spec in (one.text, *_specs(one)))
    measuring = _Measuring(call, options, known, start)
    outcomes, report = measuring.all_of(list(specs))
    return Explanation(
        [_explained(one, outcomes, report.rows) for one in asked],
        report.rows,
        report.inputs,
        warnings=report.warnings,
    )


def _request(text: str, options: WhyOptions) -> LossRequest:
    return LossRequest.of(text, grouped=options.group is not None)


def _specs(asked: _Asked) -> Iterable[str]:
    return (spec for one in asked.libraries for spec in one.specs)


def _asked(text: str, options: WhyOptions, plan: Plan) -> _Asked:
    """A loss of the call, in the form that the columns chose."""
    measure = plan.measures[0]
    columns = sum(slot.purpose == "pred" for _, slot in plan.places())
    form = measure.loss
    return _Asked(
        text, form.canonical(measure.values), measure.pred, form.better, columns,
        reported(_request(text, options).spec, form, weighted=plan.weighted),
        agreeing(form, HAVING.get(form.name, "").split()),
    )  # fmt: skip


class _Measuring(NamedTuple):
    """One call, and what is known of its inputs."""

    call: Call
    options: WhyOptions
    known: Knowledge
    start: Start | None

    def all_of(self, specs: list[str]) -> tuple[dict[str, Outcome], Report]:
        """The outcome of each spec, and a report of the rows.

        The losses differ in the rows that they refuse: where one refuses any, each is measured alone.
        """
        try:
            report = self.report(specs)
        except LosscliError as error:
            if len(specs) == 1:
                raise
            refused = error
        else:
            return {spec: _outcome(spec, report) for spec in specs}, report
        outcomes: dict[str, Outcome] = {}
        last = None
        for spec in specs:
            try:
                last = self.report([spec])
            except (DataError, UsageError) as error:
                outcomes[spec] = Outcome(None, _refusal(error), refused=error)
            else:
                outcomes[spec] = _outcome(spec, last)
        if last is None:
            raise refused
        return outcomes, last

    def report(self, specs: list[str]) -> Report:
        plan = self.call.plan([_request(spec, self.options) for spec in specs], self.known)
        measured = self.call.measured(plan, self.start)
        inputs = inputs_of(Input, plan, self.call.sources, ("preds", "labels"))
        return report_of(self.options, measured, self.call.sources, inputs)


def _refusal(error: LosscliError) -> str:
    """Why losscli does not measure a spec on these rows."""
    return ": ".join(text for text in ("refused", error.where, error.texts[0]) if text)


def _outcome(spec: str, report: Report) -> Outcome:
    names = names_of(spec)
    found = next((r for r in report.results if r.loss in names and not r.part), None)
    if found is None:
        return Outcome(None, "it has no value of the whole")
    return Outcome(found.value, found.note, found.weight)


def _explained(asked: _Asked, outcomes: Mapping[str, Outcome], rows: RowCounts) -> ExplainedRecord:
    """One loss of the call; its error where neither losscli nor any library has a value for these rows."""
    own = outcomes[asked.text]
    measured = (one for one in asked.libraries if not any(outcomes[spec].refused for spec in one.specs))
    if own.refused is not None and not any(one.specs for one in measured):
        raise own.refused
    return ExplainedRecord(
        asked.loss, asked.pred, asked.better, own.value, own.note,
        [_library(one, own, outcomes, asked.columns, rows) for one in asked.libraries],
        asked.agree,
    )  # fmt: skip


def _library(
    reported: Reported, own: Outcome, outcomes: Mapping[str, Outcome], columns: int, rows: RowCounts
) -> LibraryRecord:
    """What one library would report, of the outcomes of its specs."""
    convention, expression = reported.convention, reported.expression
    value: float | None = None
    note: str | None = "nothing that losscli measures gives it"
    same: bool | None = None
    if expression is not None:
        used = [outcomes[spec] for spec in reported.specs]
        value = (
            None
            if any(one.refused for one in used)
            else _value(expression, reported, outcomes, columns, rows)
        )
        notes = dict.fromkeys(one.note for one in used if one.note)
        note = "; ".join(notes) or None if value is None else None
        alone = reported.spec is not None and not convention.where_defined
        same = _same(value, own, used[0] if alone else None)
    return LibraryRecord(
        convention.library,
        str(LIBRARIES[convention.library]),
        convention.name,
        value,
        same,
        convention.rule,
        reported.spec,
        None if reported.value is None else reported.value.replace("`", ""),
        note,
    )


def _value(
    expression: Expression, reported: Reported, outcomes: Mapping[str, Outcome], columns: int, rows: RowCounts
) -> float | None:
    """The value of an expression of specs; None where it is not defined."""
    weight = next((outcomes[spec].weight for spec in reported.specs), None)
    words = {"rows": rows.used, "weight": weight, "columns": columns}
    words |= {spec: outcomes[spec].value for spec in reported.specs}
    numbers = {
        word: np.array([math.nan if number is None else number], float) for word, number in words.items()
    }
    value = float(expression.numbers(numbers, 1)[0])
    return value if math.isfinite(value) else None


def _same(value: float | None, own: Outcome, measured: Outcome | None) -> bool | None:
    """Whether a library reports losscli's value; ``measured``: the outcome of the spec that gives it everywhere."""
    if value is not None and own.value is not None:
        return math.isclose(value, own.value, rel_tol=EQUAL)
    if value is not None or own.value is not None:
        return False
    return None if measured is None else measured.note == own.note
