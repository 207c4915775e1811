"""The parameters of a loss: its function's keywords, with their types, ranges and defaults."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    NamedTuple,
    TypeAlias,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from losscli.errors import UsageError
from losscli.loss.domains import REAL, Interval, number
from losscli.loss.matrix import Matrix
from losscli.loss.spec import ParamValue
from losscli.text import read_number

if TYPE_CHECKING:
    from losscli.loss.spec import Spec

Levels: TypeAlias = tuple[float, ...]
"""Quantile levels or times, ascending, as the prediction columns are named for them: the type of a keyword `levels`."""
Order: TypeAlias = tuple[int | str, ...]
"""The classes in their order, empty where text has none: the type of a finishing function's `order`."""


class LossName(str):
    """The name of another loss, whose rows a loss is a function of: the type of a parameter `of`."""

    __slots__ = ()


class Param(NamedTuple):
    """A parameter: its type, its range or choices, its default.

    Without a default it must be given, unless it is ``optional``: then None switches it off.
    """

    name: str
    type: type
    default: ParamValue
    interval: Interval | None = None
    choices: tuple[str, ...] = ()
    optional: bool = False

    @property
    def required(self) -> bool:
        """Whether a spec must give it."""
        return self.default is None and not self.optional

    @property
    def range(self) -> str:
        """The allowed values, in words."""
        if self.choices:
            return " | ".join(self.choices)
        if self.type is bool:
            return "true | false"
        if self.type is LossName:
            return "a loss that has a value for every row; its own parameters stand beside it"
        if self.type is str:
            return "a CSV file: the header names predicted classes, the first column true ones"
        return f"{self.interval or REAL}{' or none' if self.optional else ''}"

    def read(self, text: str, spec: Spec) -> ParamValue:
        """The value written as ``text``; UsageError names the parameter and its range."""
        value: ParamValue
        if self.optional and text.casefold() == "none":
            return None
        if self.type in (str, LossName) and not self.choices:
            return text
        if self.choices or self.type is bool:
            allowed = self.choices or ("true", "false")
            chosen = text.casefold() if text.casefold() in allowed else None
            value = chosen == "true" if chosen and self.type is bool else chosen
        else:
            value = read_number(text)
            if value is not None and value not in (self.interval or REAL):
                value = None
            elif value is not None and self.type is int:
                value = int(value)
        if value is None:
            raise UsageError(f"`{self.name}={text}` in `{spec}` is not in {self.range}")
        return value


UNDEFINED = Param("undefined", str, "null", choices=("null", "skip"))
"""Of every loss that is finished within groups: what a group without a value makes of the mean over the groups."""
APPROX = Param("approx", int, None, Interval(1.0, 24.0, whole=True), optional=True)
"""Of every loss that has an approximate form: the binary digits to which values are rounded; None: it is exact."""


def read_params(
    name: str, params: Sequence[Param], further: Sequence[str], given: Mapping[str, str], spec: Spec
) -> dict[str, ParamValue]:
    """The value of every parameter of the loss ``name``, defaults included; ``further`` may be given as well."""
    known = [*(param.name for param in params), *further]
    for key in given:
        if key not in known:
            takes = ", ".join(f"`{one}`" for one in known) or "no parameters"
            raise UsageError(f"`{name}` has no parameter `{key}`", hint=f"it takes {takes}")
    values: dict[str, ParamValue] = {}
    for param in params:
        if param.name in given:
            values[param.name] = param.read(given[param.name], spec)
        elif param.required:
            raise UsageError(
                f"`{name}` needs `{param.name}`, in {param.range}", hint=f"write `{name}:{param.name}=…`"
            )
        else:
            values[param.name] = param.default
    return values


def show_param(value: ParamValue) -> str:
    """A parameter's value as a spec has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "none"
    return value if isinstance(value, str) else number(value)


def params_of(function: Callable[..., Any]) -> list[Param]:
    """The parameters that a user may write: the keywords of a function, save those that the columns settle."""
    hints = get_type_hints(function, include_extras=True)
    return [
        _param(param.name, hints[param.name], None if param.default is param.empty else param.default)
        for param in _keyword_only(function)
        if hints[param.name] not in (Levels, Order)
    ]


def keywords_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of all keywords of a function."""
    return tuple(param.name for param in _keyword_only(function))


def _keyword_only(function: Callable[..., Any]) -> list[inspect.Parameter]:
    return [
        param for param in inspect.signature(function).parameters.values() if param.kind is param.KEYWORD_ONLY
    ]


def _param(name: str, hint: Any, default: Any) -> Param:
    optional = get_origin(hint) in (Union, types.UnionType)
    if optional:
        hint = get_args(hint)[0]
    if get_origin(hint) is Literal:
        return Param(name, str, default, choices=get_args(hint))
    if hint in (bool, LossName):
        return Param(name, hint, default)
    if hint == Matrix:
        return Param(name, str, default)
    kind, interval = get_args(hint)
    return Param(name, kind, None if default is None else kind(default), interval, optional=optional)
