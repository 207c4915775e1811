"""The values of a configuration: specs of losses, texts of options, and gates; `cli.config` reads the file."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from losscli.errors import UsageError
from losscli.loss.spec import split
from losscli.measure.loss_request import LossRequest
from losscli.text import read_number


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _split(value: Any) -> Any:
    """The single losses in a text or in several."""
    try:
        return [spec for text in _listed(value) for spec in split(text)]
    except (TypeError, AttributeError):
        return _listed(value)  # no text: refused as such
    except UsageError as error:
        raise ValueError(error.message) from None


def _known_loss(text: str) -> str:
    try:
        LossRequest.of(text)
    except UsageError as error:
        # A ValueError, to which pydantic adds the key.
        raise ValueError(f"{error.message}{f' ({error.hint})' if error.hint else ''}") from None
    return text


def _size(value: Any) -> Any:
    text = value.strip() if isinstance(value, str) else None
    if text is not None and text.endswith("%") and read_number(text[:-1].strip()) is not None:
        return text
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    raise ValueError('must be a number, or a share of the baseline such as "2%"')


ONE_OR_SEVERAL = WithJsonSchema(
    {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
)
TextList: TypeAlias = Annotated[
    list[str],
    BeforeValidator(_listed),
    ONE_OR_SEVERAL,
]
LossSpec: TypeAlias = Annotated[str, AfterValidator(_known_loss)]
LossSpecList: TypeAlias = Annotated[
    list[LossSpec],
    BeforeValidator(_split),
    ONE_OR_SEVERAL,
]
Size: TypeAlias = Annotated[
    float | str,
    BeforeValidator(_size),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"%\s*$"}]}),
]
Finite: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]


class StrictTable(BaseModel):
    """A table that refuses unknown keys, and values of other types than are declared."""

    model_config = ConfigDict(extra="forbid", strict=True)


class GateTable(StrictTable):
    """One gate: bounds on one loss, for the whole or for slices."""

    loss: LossSpec = Field(description="the loss it bounds; measured even if not asked for")
    max: Finite | None = Field(None, description="the greatest value that passes")
    min: Finite | None = Field(None, description="the least value that passes")
    max_regression: Size | None = Field(
        None, description="by how much it may be worse than the baseline: a number, or a share such as `2%`"
    )
    slice: str | None = Field(
        None, min_length=1, description="the slices it bounds, e.g. `country=de`; `*` is every one"
    )
    min_rows: Annotated[int, Field(ge=0)] = Field(0, description="with fewer rows it fails")
    inconclusive: Literal["pass", "fail"] | None = Field(
        None, description="look at the interval, and do this where the limit lies within it"
    )
    correction: Literal["holm"] | None = Field(None, description="of the intervals of many slices")

    @model_validator(mode="after")
    def _bounds_something(self) -> GateTable:
        if self.max is None and self.min is None and self.max_regression is None:
            raise ValueError("needs `max`, `min` or `max_regression`")
        if self.correction is not None and (self.inconclusive is None or self.slice is None):
            raise ValueError("`correction` is of intervals over slices: it needs `inconclusive` and `slice`")
        return self
