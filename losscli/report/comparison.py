"""The result of a comparison: verdicts, differences, rows and inputs, with every digit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeAlias

from losscli._version import __version__
from losscli.loss.spec import Better, ParamValue
from losscli.measure.options import Role
from losscli.numbers.arithmetic import arithmetic
from losscli.report.displayed import Displayed
from losscli.report.document import Record, Says
from losscli.report.options import VerdictWord
from losscli.report.records import Input, IntervalRecord, NumberOfRows, PartName, RowCounts

Test: TypeAlias = Literal["paired t", "mcnemar mid-p", "sign flip", "diebold-mariano", "welch t"]


@dataclass(frozen=True, slots=True)
class ComparedInput(Input):
    role: Annotated[str, Says(type=Role)]


# Without a docstring it has no description in the schema either: one of the two models.
@dataclass(frozen=True, slots=True)
class Side(Record):
    pred: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Compared(Record):
    """One loss of a model against that of the base, over the whole or a slice."""

    loss: str
    params: dict[str, ParamValue]
    better: Better
    base: Side
    head: Side
    slice: dict[str, str | None]
    rows: NumberOfRows
    weight: Annotated[float | None, Says("null where the sum exceeds the largest double")]
    worse_by: Annotated[
        float | None,
        Says(
            "HEAD - BASE in the bad direction: positive where HEAD is worse; of a loss that is best at zero "
            "or one, how much farther from there HEAD is"
        ),
    ] = None
    stderr: float | None = None
    ci: Annotated[Annotated[dict[str, Any], IntervalRecord] | None, Says("of `worse_by`")] = None
    p_value: Annotated[float | None, Says("of no difference, two-sided, by `test`")] = None
    p_adjusted: Annotated[float | None, Says("of slices: by Holm, over the slices of one loss and model")] = (
        None
    )
    test: Test | None = None
    wins: Annotated[
        NumberOfRows | None, Says("rows, or groups, in which HEAD is better, whatever they weigh")
    ] = None
    ties: NumberOfRows | None = None
    losses: NumberOfRows | None = None
    detectable: Annotated[
        float | None, Says("least difference that so many rows find four times out of five")
    ] = None
    verdict: Annotated[
        VerdictWord, Says("by the interval of `worse_by` and the margin; of slices after Holm's correction")
    ] = "inconclusive"
    note: str | None = None
    signature: Annotated[str, Says(min_length=1)] = field(kw_only=True)
    part: Annotated[PartName, Says("of saved results, where they are of parts; empty for the whole")] = field(
        default_factory=dict
    )


@dataclass(frozen=True, slots=True)
class Comparison(Displayed):
    """What `losscli compare --json` writes."""

    title = "losscli.comparison/1"
    records = ("comparisons", "failed")
    keys = (
        "losscli", "arithmetic", "margin", "level", "paired", "passed", "comparisons", "rows", "inputs",
    )  # fmt: skip

    comparisons: Sequence[Compared]
    margin: Annotated[float, Says(ge=0)]
    level: Annotated[float, Says(gt=0, lt=1)]
    failed: Sequence[Compared]
    rows: RowCounts
    inputs: list[ComparedInput]
    paired: Annotated[bool, Says("whether rows were compared; false of two saved results")] = True
    warnings: list[str] = field(kw_only=True)
    base_rows: RowCounts | None = None  # of two saved results, those of the base: `rows` are the head's
    losscli: str = __version__
    arithmetic: str = field(default_factory=arithmetic)
    command: str | None = None  # for people: the call that made it

    @property
    def passed(self) -> Annotated[bool, Says("whether no verdict is one of `--fail-on`")]:
        """Whether no verdict is one of those that fail."""
        return not self.failed

    def __getitem__(self, loss: str) -> Compared:
        """The comparison by a loss over all rows; of several models as `LOSS#PRED`.  KeyError where there is none."""
        # Imported here: a schema needs no losses.
        from losscli.measure.loss_request import names_of

        name, _, pred = loss.partition("#")
        names = names_of(name)
        for one in self.comparisons:
            if one.loss in names and not one.slice and not one.part and pred in ("", one.head.pred):
                return one
        raise KeyError(
            f"{loss} is not among {', '.join(dict.fromkeys(one.loss for one in self.comparisons))}"
        )

    @property
    def rows_shown(self) -> Sequence[Compared]:
        """What the table has a row for."""
        return self.comparisons

    @property
    def left_out(self) -> str:
        """How many rows enter no sum, by reason; for two saved results, those of each."""
        if self.base_rows is None:
            return self.rows.left_out
        sides = (("base", self.base_rows), ("head", self.rows))
        return "; ".join(f"{name}: {rows.left_out}" for name, rows in sides if rows.left_out)
