"""What a loss is: a declaration around one plain function.

`loss` marks a function and returns it unchanged, so it pickles and its doctest runs; nothing
registers itself on import.  From the function's signature and docstring come its roles, parameters,
summary, definition and example; from the decorator what they do not say.  A loss is one of

* a row function: arrays in, one double a row out; its value is the weighted mean of the rows;
* a function of such a mean (``of=``): `rmse` is the root of the mean of the rows of `mse`;
* a function of another state (``state=``): `r2` is a function of exact moments.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

import numpy as np

from losscli.block import Floats, Ints
from losscli.domain import REAL, Domain, Interval, number
from losscli.errors import UsageError
from losscli.spec import Spec

Column: TypeAlias = Floats
"""A role that is one column of numbers: (n,)."""
Columns: TypeAlias = Floats
"""A role that is several columns of numbers: (n, C)."""
Codes: TypeAlias = Ints
"""A role that is a class: (n,), each row's class as a whole number, the same coding in every role."""

Shape: TypeAlias = Literal["Column", "Columns", "Codes"]
Task: TypeAlias = Literal[
    "regression", "robust", "relative", "quantile", "binary", "multiclass", "multilabel"
]
Better: TypeAlias = Literal["lower", "higher", "zero"]
ParamValue: TypeAlias = float | int | bool | str
F = TypeVar("F", bound=Callable[..., Any])

MARK = "__loss__"


@dataclass(frozen=True, slots=True)
class Undefined:
    """A value that the definition does not give for these rows, and why."""

    why: str


Finished: TypeAlias = float | Fraction | Undefined


@dataclass(frozen=True, slots=True)
class Role:
    """A column, or columns, that a loss is given."""

    name: str
    shape: Shape
    domain: Domain


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter: its type, its range or choices, its default (None: it must be given)."""

    name: str
    type: type
    default: ParamValue | None
    interval: Interval | None = None
    choices: tuple[str, ...] = ()

    @property
    def range(self) -> str:
        """The values allowed, for people."""
        if self.choices:
            return " | ".join(self.choices)
        if self.type is bool:
            return "true | false"
        return str(self.interval or REAL)

    def read(self, text: str, spec: Spec) -> ParamValue:
        """The value that ``text`` stands for; UsageError names the parameter and its range."""
        value: ParamValue | None
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


@dataclass(frozen=True, eq=False)
class Loss:
    """The declaration of one loss, in one form.

    Several forms may share a name, when the shape of the columns, or logits in place of
    probabilities, asks for another function; they are the same quantity.
    """

    function: Callable[..., Any]
    name: str
    task: Task
    reference: str
    elicits: str
    aliases: tuple[str, ...]
    better: Better
    best: float | None  # the value of a perfect prediction, where it is reached exactly
    label: Domain
    pred: Domain
    logits: bool
    of: Callable[..., Any] | None
    state: str
    touches: Mapping[str, Callable[..., int]]
    keeps: Callable[..., Any] | None
    skips: str
    narrows: Callable[..., Mapping[str, Domain]] | None
    homogeneous: int | None
    ulps: float
    exceptions: Mapping[str, str]

    @cached_property
    def rows(self) -> Callable[..., Any]:
        """The row function, of this loss or of the one it is a function of."""
        return self.of or self.function

    @property
    def row_params(self) -> tuple[str, ...]:
        """The parameters that the row function takes."""
        if self.state != "mean":
            return ()
        return tuple(
            p.name for p in inspect.signature(self.rows).parameters.values() if p.kind is p.KEYWORD_ONLY
        )

    @cached_property
    def roles(self) -> tuple[Role, ...]:
        if self.state != "mean":
            return (Role("label", "Column", self.label), Role("pred", "Column", self.pred))
        domains = {"label": self.label, "pred": self.pred}
        found = []
        for param in inspect.signature(self.rows).parameters.values():
            if param.kind is not param.KEYWORD_ONLY:
                found.append(Role(param.name, param.annotation, domains.get(param.name, REAL)))
        return tuple(found)

    @cached_property
    def params(self) -> tuple[Param, ...]:
        return tuple(_params(self.function))

    @cached_property
    def doc(self) -> Doc:
        return read_doc(self.function.__doc__ or "")

    def role(self, name: str) -> Role:
        return next(role for role in self.roles if role.name == name)

    def domain(self, role: Role, params: Mapping[str, ParamValue]) -> Domain:
        """The domain of a role, which may depend on the parameters (``mape:zero=skip``)."""
        if self.narrows is None:
            return role.domain
        return self.narrows(**params).get(role.name, role.domain)

    def read_params(self, spec: Spec) -> dict[str, ParamValue]:
        """Every parameter's value, defaults too."""
        known = {param.name: param for param in self.params}
        given = dict(spec.params)
        for key in given:
            if key not in known:
                takes = ", ".join(f"`{name}`" for name in known) or "no parameters"
                raise UsageError(f"`{self.name}` has no parameter `{key}`", hint=f"it takes {takes}")
        values: dict[str, ParamValue] = {}
        for param in self.params:
            if param.name in given:
                values[param.name] = param.read(given[param.name], spec)
            elif param.default is None:
                raise UsageError(
                    f"`{self.name}` needs `{param.name}`, in {param.range}",
                    hint=f"write `{self.name}:{param.name}=…`",
                )
            else:
                values[param.name] = param.default
        return values

    def canonical(self, params: Mapping[str, ParamValue], *, defaults: bool = False) -> str:
        """The name, then the parameters that differ from their defaults, or all of them."""
        shown = [
            f"{param.name}={show_param(params[param.name])}"
            for param in self.params
            if defaults or params[param.name] != param.default
        ]
        return f"{self.name}:{','.join(shown)}" if shown else self.name

    def measure_rows(self, roles: Mapping[str, Any], params: Mapping[str, ParamValue]) -> Any:
        """One double a row, by the row function.

        Where the result is infinite although every input is finite, a step on the way may have
        overflowed.  A row function that is declared homogeneous of degree k is then evaluated again
        on a quarter of the inputs, and the result is 4**k times that.
        """
        with np.errstate(all="ignore"):
            column = self.rows(**roles, **params)
            if self.homogeneous is None or np.isfinite(column.max(initial=0.0)):
                return column
            far = ~np.isfinite(column)
            quarter = {name: values[far] * 0.25 for name, values in roles.items()}
            lengths = {p.name for p in self.params if p.type is float and p.name in LENGTHS}
            scaled = {k: v * 0.25 if k in lengths else v for k, v in params.items()}  # type: ignore[operator]
            column[far] = self.rows(**quarter, **scaled) * 4.0**self.homogeneous
        return column


LENGTHS = frozenset({"delta", "beta", "eps", "scale", "margin"})
"""Parameters in the unit of the label: they shrink with it."""


def loss(
    task: Task,
    *,
    reference: str,
    elicits: str = "",
    name: str | None = None,
    aliases: tuple[str, ...] = (),
    better: Better = "lower",
    best: float | None = 0.0,
    label: Domain = REAL,
    pred: Domain = REAL,
    logits: bool = False,
    of: Callable[..., Any] | None = None,
    state: str = "mean",
    touches: Mapping[str, Callable[..., int]] | None = None,
    keeps: Callable[..., Any] | None = None,
    skips: str = "",
    narrows: Callable[..., Mapping[str, Domain]] | None = None,
    homogeneous: int | None = None,
    ulps: float = 4.0,
    exceptions: Mapping[str, str] | None = None,
) -> Callable[[F], F]:
    """Mark a function as a loss and return it.

    ``elicits``: what the best prediction under this loss is (mean, median …).  ``touches``: counters
    of rows that a convention of the loss touched.  ``keeps`` and ``skips``: which rows count, and the
    name under which the others are counted.  ``narrows``: domains that depend on parameters.
    ``homogeneous``: k where the row function of c·(label, pred, lengths) is c**k times its value.
    ``ulps``: how far rows may lie from the definition.  ``exceptions``: laws not kept, with reasons.
    """

    def mark(function: F) -> F:
        setattr(function, MARK, Loss(
            function, name or function.__name__, task, reference, elicits, aliases, better, best,
            label, pred, logits, of, state, touches or {}, keeps, skips, narrows, homogeneous, ulps,
            exceptions or {},
        ))  # fmt: skip
        return function

    return mark


@dataclass(frozen=True, slots=True)
class Doc:
    """A docstring, taken apart: the summary, the definition, the text and the example."""

    summary: str
    definition: str
    text: str
    example: str


def read_doc(docstring: str) -> Doc:
    """The parts of a loss's docstring.

    The indented block is the definition; lines from the first ``>>>`` on are the example.
    """
    lines = inspect.cleandoc(docstring).splitlines() or [""]
    body, example = lines[1:], [""]
    for at, line in enumerate(body):
        if line.startswith(">>>"):
            body, example = body[:at], body[at:]
            break
    definition = [line[4:] for line in body if line.startswith("    ")]
    text = "\n".join(line for line in body if not line.startswith("    "))
    return Doc(lines[0], "\n".join(definition), re.sub(r"\n{3,}", "\n\n", text).strip(), "\n".join(example))


def read_number(text: str) -> float | None:
    """A parameter's number; None where ``text`` is not a plain decimal."""
    return float(text) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text) else None


def show_param(value: ParamValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else number(value)


def _params(function: Callable[..., Any]) -> list[Param]:
    hints = get_type_hints(function, include_extras=True)
    found = []
    for param in inspect.signature(function).parameters.values():
        if param.kind is not param.KEYWORD_ONLY:
            continue
        hint, default = hints[param.name], param.default
        default = None if default is param.empty else default
        if get_origin(hint) is Literal:
            found.append(Param(param.name, str, default, choices=get_args(hint)))
        elif hint is bool:
            found.append(Param(param.name, bool, default))
        else:
            kind, interval = get_args(hint)
            found.append(Param(param.name, kind, kind(default) if default is not None else None, interval))
    return found
