"""The JSON documents that losscli writes, as models: what `losscli schema NAME` prints, and what is read back.

Names and shapes are those of the command line's description; a document is strict, so that an unknown key,
a number in quotes or a NaN is no document of ours.  SCHEMAS is the explicit table of all of them.
"""

from __future__ import annotations

import importlib
import json
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

RowCount: TypeAlias = Annotated[int, Field(ge=0)]
CountsByReason: TypeAlias = dict[str, Annotated[int, Field(ge=1)]]
ParamValue: TypeAlias = bool | int | float | str | None

SCHEMAS = {
    "result": "losscli.report.schemas:ResultDocument",
    "losses": "losscli.report.schemas:LossesDocument",
    "suggestion": "losscli.report.schemas:SuggestionDocument",
    "error": "losscli.report.schemas:ErrorDocument",
    "comparison": "losscli.report.schemas:ComparisonDocument",
}
"""Where the model of each document stands, save the configuration, which the command line reads."""


class Record(BaseModel):
    """An object whose every key is known."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, protected_namespaces=())


class IntervalRecord(Record):
    low: float
    high: float
    level: float = Field(gt=0, lt=1)
    method: str


class ConstantRecord(Record):
    """The best constant prediction of a loss for the same rows."""

    prediction: Any = Field(
        description="a number or a class; an object where there are several, by column, role or part"
    )
    value: float | None = Field(description="of the loss with the constant; null where it is not defined")
    skill: float | None = Field(
        description="1 - (value - best) / (value of the constant - best), best being that of a perfect prediction: "
        "1 - value / value of the constant where that is 0"
    )


class ResultRecord(Record):
    """One loss of one prediction over the whole, a part or a slice."""

    loss: str = Field(
        description="canonical spec: the name, and the parameters that differ from their default"
    )
    params: dict[str, ParamValue] = Field(description="every parameter, defaults too")
    pred: str
    part: dict[Literal["class", "output"], str] = Field(max_length=1)
    slice: dict[str, str | None] = Field(description="the value of each `--by` column; a missing one is null")
    better: Literal["lower", "higher", "zero"]
    value: float | None = Field(description="null where it is not defined; `note` says why")
    sum: float | None = Field(
        description="null where the loss is no mean, or the sum exceeds the largest double"
    )
    rows: RowCount
    weight: float | None = Field(description="null where the sum exceeds the largest double")
    skipped: CountsByReason
    touched: CountsByReason
    stderr: float | None
    ci: IntervalRecord | None
    constant: ConstantRecord | None
    note: str | None
    detail: dict[str, Any] | None = Field(
        description="what is more than a number: a matrix (of more than 100 classes its cells that occur, "
        "`[label, pred, weight]`, or `cells_left_out` where those are more than 10000), bins, worst rows"
    )
    signature: str = Field(min_length=1, description="all that changes what the number means")


class RowsRecord(Record):
    """How many rows were read, paired, left out and used."""

    read_preds: RowCount
    read_labels: RowCount
    only_preds: RowCount
    only_labels: RowCount
    paired: RowCount
    dropped: CountsByReason
    used: RowCount
    zero_weight: RowCount = Field(0, description="of those used; not there where there are none")
    only_head: RowCount = Field(
        0, description="where two models and the labels are three files; not there where 0"
    )


class InputRecord(Record):
    role: Literal["preds", "labels"]
    path: str
    format: str
    columns: list[str]


class LimitRecord(Record):
    """What became of one limit for one result."""

    loss: str
    pred: str | None = Field(description="null where there is no result to compare")
    part: dict[str, str]
    slice: dict[str, str | None]
    kind: Literal["max", "min", "max_regression"]
    limit: float | str = Field(description="a number, or a share of the baseline such as `2%`")
    value: float | None
    baseline: float | None
    passed: bool
    reason: str | None = Field(description="why it failed, or could not be evaluated")


class GateRecord(Record):
    passed: bool
    limits: list[LimitRecord]


class ResultDocument(Record):
    """What `losscli eval --json` writes."""

    model_config = ConfigDict(title="losscli.result/1")

    schema_: Literal["losscli.result/1"] = Field(alias="schema")
    losscli: str = Field(description="the version that measured")
    arithmetic: str = Field(description="NumPy and its widest instructions: what exp and log depend on")
    metrics: dict[str, float | None] = Field(
        description="the whole only, by spec (`SPEC#PRED` where several)"
    )
    results: list[ResultRecord]
    rows: RowsRecord
    inputs: list[InputRecord]
    gate: GateRecord | None = Field(description="null without limits")


class SideRecord(Record):
    pred: str
    value: float | None


class ComparedRecord(Record):
    """One loss of a model against that of the base, over the whole or a slice."""

    loss: str
    params: dict[str, ParamValue]
    better: Literal["lower", "higher", "zero"]
    base: SideRecord
    head: SideRecord
    slice: dict[str, str | None]
    rows: RowCount
    weight: float | None = Field(description="null where the sum exceeds the largest double")
    worse_by: float | None = Field(
        description="HEAD - BASE in the bad direction: positive where HEAD is worse; of a loss that is best at zero "
        "or one, how much farther from there HEAD is"
    )
    stderr: float | None
    ci: IntervalRecord | None = Field(description="of `worse_by`")
    p_value: float | None = Field(description="of no difference, two-sided, by `test`")
    p_adjusted: float | None = Field(description="of slices: by Holm, over the slices of one loss and model")
    test: Literal["paired t", "mcnemar mid-p", "sign flip", "diebold-mariano", "welch t"] | None
    wins: RowCount | None = Field(description="rows in which HEAD is better, whatever they weigh")
    ties: RowCount | None
    losses: RowCount | None
    detectable: float | None = Field(
        description="least difference that so many rows find four times out of five"
    )
    verdict: Literal["better", "same", "worse", "inconclusive"] = Field(
        description="by the interval of `worse_by` and the margin; of slices after Holm's correction"
    )
    note: str | None
    signature: str = Field(min_length=1)
    part: dict[Literal["class", "output"], str] = Field(
        max_length=1, description="of saved results, where they are of parts; empty for the whole"
    )


class ComparedInputRecord(Record):
    role: Literal["base", "head", "preds", "labels"]
    path: str
    format: str
    columns: list[str]


class ComparisonDocument(Record):
    """What `losscli compare --json` writes."""

    model_config = ConfigDict(title="losscli.comparison/1")

    schema_: Literal["losscli.comparison/1"] = Field(alias="schema")
    losscli: str
    arithmetic: str
    margin: float = Field(ge=0)
    level: float = Field(gt=0, lt=1)
    paired: bool = Field(description="whether rows were compared; false of two saved results")
    passed: bool = Field(description="whether no verdict is one of `--fail-on`")
    comparisons: list[ComparedRecord]
    rows: RowsRecord
    inputs: list[ComparedInputRecord]


class ParamRecord(Record):
    name: str
    range: str
    default: ParamValue
    required: bool


class RoleRecord(Record):
    shape: str
    domain: str


class LossRecord(Record):
    """All that is declared of one loss in one form."""

    # The catalogue grows: a line more in it is no other document.
    model_config = ConfigDict(extra="allow")

    name: str
    task: str
    aliases: list[str]
    summary: str
    definition: str
    gradient: dict[str, str] | None = Field(
        description="the slope of a row by each role of the prediction; by column `j` where it is several"
    )
    no_gradient: str | None = Field(description="why there is none")
    description: str
    roles: dict[str, RoleRecord]
    from_logits: bool
    params: list[ParamRecord]
    better: Literal["lower", "higher", "zero"]
    best: float | None
    rewards: str
    reference: str
    example: str | None


class LossesDocument(Record):
    """What `losscli losses --json` writes."""

    model_config = ConfigDict(title="losscli.losses/1")

    schema_: Literal["losscli.losses/1"] = Field(alias="schema")
    losses: list[LossRecord]


class FitRecord(Record):
    loss: str
    why: str
    summary: str
    rewards: str


class UnfitRecord(Record):
    loss: str
    why: str


class ReadingRecord(Record):
    """One way to understand the columns."""

    task: str
    sure: Literal["yes", "likely", "no"]
    why: str
    doubts: list[str]
    pred: str = Field(description="as `--pred` names the columns")
    label: str = Field(description="as `--label` names the columns")
    options: list[str] = Field(description="what `eval` must be told besides the columns")
    losses: list[FitRecord] = Field(description="those that fit, the first first")
    unfit: list[UnfitRecord]
    command: str


class SuggestionDocument(ReadingRecord):
    """What `losscli suggest --json` writes: the first reading, and others that the columns allow."""

    model_config = ConfigDict(title="losscli.suggestion/1")

    schema_: Literal["losscli.suggestion/1"] = Field(alias="schema")
    rows: RowCount = Field(description="how many were looked at")
    all_rows: bool
    others: list[ReadingRecord]


class ErrorDocument(Record):
    """What `--errors json` writes to standard error."""

    model_config = ConfigDict(title="losscli.error/1")

    schema_: Literal["losscli.error/1"] = Field(alias="schema")
    kind: Literal["usage", "data", "output", "error"]
    exit_code: Literal[2, 3, 70, 74]
    message: str
    detail: str | None
    hint: str | None
    file: str | None
    column: str | None
    row: int | None = Field(description="counted from 1, without the header")


def model(place: str) -> type[BaseModel]:
    """The model that stands at ``module:name``."""
    module, _, attribute = place.partition(":")
    found: type[BaseModel] = getattr(importlib.import_module(module), attribute)
    return found


def as_json(place: str) -> str:
    """The JSON Schema of the model at ``module:name``, draft 2020-12."""
    found = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **model(place).model_json_schema(by_alias=True),
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"
