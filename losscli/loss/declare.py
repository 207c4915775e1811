"""What a loss is: a declaration around one plain function.

`loss` marks a function and returns it unchanged, so it pickles and its doctest runs; nothing
registers itself on import.  From the function's signature and docstring come its roles, parameters,
summary, definition and example; from the decorator what they do not say.  A loss is one of

* a row function: arrays in, one double a row out; its value is the weighted mean of the rows;
* a function of such means (``of=``): `rmse` is the root of the mean of the rows of `mse`;
* a function of another state (``state=``): `r2` is a function of exact moments.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    NamedTuple,
    TypeAlias,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

import numpy as np

from losscli.errors import UsageError
from losscli.loss.domains import REAL, Domain, Interval, number, surely_finite
from losscli.loss.elicits import Functional
from losscli.loss.matrix import Matrix
from losscli.table.block import Floats, Ints, Mask

if TYPE_CHECKING:
    from losscli.loss.spec import Spec

Column: TypeAlias = Floats
"""A role that is one column of numbers: (n,)."""
Columns: TypeAlias = Floats
"""A role that is several columns of numbers: (n, C)."""
Codes: TypeAlias = Ints
"""A role that is a class: (n,), each row's class as a whole number, the same coding in every role."""

Levels: TypeAlias = tuple[float, ...]
"""Quantile levels, as the prediction columns are named for them: the type of a keyword `levels`."""
Order: TypeAlias = tuple[int | str, ...]
"""The classes in their order, empty where text has none: the type of a finishing function's `order`."""

Shape: TypeAlias = Literal["Column", "Columns", "Codes", "Texts"]
Task: TypeAlias = Literal[
    "regression",
    "robust",
    "relative",
    "quantile",
    "distribution",
    "binary",
    "multiclass",
    "multilabel",
    "margin",
    "similarity",
    "overlap",
    "clustering",
]
Better: TypeAlias = Literal["lower", "higher", "zero"]
ParamValue: TypeAlias = bool | int | float | str | None
F = TypeVar("F", bound=Callable[..., Any])

MARK = "__loss__"


class Undefined(NamedTuple):
    """A value that the definition does not give for these rows, and why.

    ``absent``: there is nothing of this class or output, and a macro average leaves it out.
    ``alone``: the value by convention all the same, where it is the whole.
    """

    why: str
    absent: bool = False
    alone: Fraction | None = None


Finished: TypeAlias = float | Fraction | Undefined


class Role(NamedTuple):
    """A column, or columns, that a loss is given."""

    name: str
    shape: Shape
    domain: Domain


class Param(NamedTuple):
    """A parameter: its type, its range or choices, its default.

    Without a default it must be given, save where it is ``optional``: then None means that it is off.
    """

    name: str
    type: type
    default: ParamValue
    interval: Interval | None = None
    choices: tuple[str, ...] = ()
    optional: bool = False

    @property
    def required(self) -> bool:
        return self.default is None and not self.optional

    @property
    def range(self) -> str:
        """The values allowed, for people."""
        if self.choices:
            return " | ".join(self.choices)
        if self.type is bool:
            return "true | false"
        if self.type is str:
            return "a CSV file: the header names predicted classes, the first column true ones"
        return f"{self.interval or REAL}{' or none' if self.optional else ''}"

    def read(self, text: str, spec: Spec) -> ParamValue:
        """The value that ``text`` stands for; UsageError names the parameter and its range."""
        value: ParamValue
        if self.optional and text.casefold() == "none":
            return None
        if self.type is str and not self.choices:
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
    elicits: Functional | str
    aliases: tuple[str, ...]
    better: Better
    best: float | None  # the value of a perfect prediction, where it is reached exactly
    domains: Mapping[str, Domain]
    columns: Mapping[str, tuple[str, ...]]
    logits: bool
    scores: bool
    of: Callable[..., Any] | None
    state: str
    per_class: bool
    averages: tuple[str, ...]
    touches: Mapping[str, Callable[..., Mask | None]]
    keeps: Callable[..., Any] | None
    skips: str
    narrows: Callable[..., Mapping[str, Domain]] | None
    relations: tuple[tuple[str, str], ...]
    refuses_levels: Callable[[Levels], str | None] | None
    homogeneous: int | None
    counts_only: bool | str
    rate: bool
    of_rows: str | None
    ulps: float
    exceptions: Mapping[str, str]
    sample: str | None
    root: Callable[..., Any] | None

    @property
    def is_mean(self) -> bool:
        """Whether the value is the mean of one number a row."""
        return self.of is None

    @property
    def rows(self) -> Callable[..., Any]:
        """The row function: of this loss, or that of which it is a function."""
        return self.of or self.function

    @cached_property
    def row_params(self) -> tuple[str, ...]:
        """The parameters that the row function takes, those that the columns give included."""
        return _keywords(self.rows)

    @cached_property
    def own_params(self) -> tuple[str, ...]:
        """The parameters that the function itself takes."""
        return _keywords(self.function)

    @cached_property
    def roles(self) -> tuple[Role, ...]:
        return tuple(
            Role(param.name, param.annotation, self.domains.get(param.name, REAL))
            for param in inspect.signature(self.rows).parameters.values()
            if param.kind is not param.KEYWORD_ONLY
        )

    @property
    def pred_roles(self) -> tuple[Role, ...]:
        """The roles that predictions play: `pred`, or `mean` and `sd`, or `lower` and `upper` …"""
        return tuple(role for role in self.roles if role.name != "label" and role.name not in self.columns)

    @property
    def takes_levels(self) -> bool:
        """Whether the row function is told the quantile levels that the columns are named for."""
        return "levels" in self.row_params

    @property
    def takes_matrix(self) -> bool:
        """Whether the row function is given the numbers of a file that the parameter `matrix` names."""
        return "matrix" in self.row_params

    @cached_property
    def params(self) -> tuple[Param, ...]:
        found = {param.name: param for param in _params(self.rows)}
        return tuple((found | {param.name: param for param in _params(self.function)}).values())

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
            if key not in known and key not in self.columns:
                takes = ", ".join(f"`{name}`" for name in (*known, *self.columns)) or "no parameters"
                raise UsageError(f"`{self.name}` has no parameter `{key}`", hint=f"it takes {takes}")
        values: dict[str, ParamValue] = {}
        for param in self.params:
            if param.name in given:
                values[param.name] = param.read(given[param.name], spec)
            elif param.required:
                raise UsageError(
                    f"`{self.name}` needs `{param.name}`, in {param.range}",
                    hint=f"write `{self.name}:{param.name}=…`",
                )
            else:
                values[param.name] = param.default
        # A parameter that is a column holds its name.
        return values | {name: given[name] for name in self.columns if name in given}

    @property
    def words_are_columns(self) -> bool:
        """Whether the call wrote the loss itself, so that every word in it is a column."""
        return False

    def takes_counts(self, params: Mapping[str, ParamValue]) -> bool:
        """Whether a weight says how often a row stands there, and must be whole."""
        if isinstance(self.counts_only, str):
            return bool(params[self.counts_only])
        return self.counts_only

    def canonical(self, params: Mapping[str, ParamValue], *, defaults: bool = False) -> str:
        """The name, then the parameters that differ from their defaults, or all of them."""
        shown = [
            f"{param.name}={show_param(params[param.name])}"
            for param in self.params
            if defaults or params[param.name] != param.default
        ]
        shown += [f"{name}={params[name]}" for name in self.columns if name in params]
        return f"{self.name}:{','.join(shown)}" if shown else self.name

    def measure_rows(self, roles: Mapping[str, Any], params: Mapping[str, ParamValue]) -> Any:
        """One double a row, by the row function.

        Where the result is infinite although every input is finite, a step on the way may have
        overflowed.  A row function that is declared homogeneous of degree k is then evaluated again
        on a quarter of the inputs, and the result is 4**k times that.
        """
        with np.errstate(all="ignore"):
            column = self.rows(**roles, **params)
            if self.homogeneous is None or surely_finite(column):
                return column
            # Only a loss whose best value is zero from both sides can be minus infinity.
            least = column.min(initial=0.0) if self.better == "zero" else 0.0
            if np.isfinite(column.max(initial=-least)):
                return column
            far = ~np.isfinite(column)
            quarter = {name: values[far] * 0.25 for name, values in roles.items()}
            scaled = {k: v * 0.25 if k in LENGTHS else v for k, v in params.items()}  # type: ignore[operator]
            column[far] = self.rows(**quarter, **scaled) * 4.0**self.homogeneous
        return column

    def rows_and_roots(
        self, roles: Mapping[str, Any], params: Mapping[str, ParamValue]
    ) -> tuple[Any, Floats | None]:
        """The rows, and the roots of those whose square a double does not hold, 0 elsewhere; None where it holds all.

        The processor notes a square that leaves the range, so that the usual block costs nothing.
        """
        root = self.root or getattr(getattr(self.of, MARK, None), "root", None)
        if root is None:
            return self.measure_rows(roles, params), None
        try:
            with np.errstate(all="ignore", over="raise", under="raise"):
                return self.rows(**roles, **params), None
        except FloatingPointError:
            column = self.measure_rows(roles, params)
        with np.errstate(all="ignore"):
            roots = root(**roles, **params)
        held = (column >= LEAST_SQUARE) & np.isfinite(column)
        far = ~held & np.isfinite(roots) & (roots != 0.0)
        return column, np.where(far, roots, 0.0) if far.any() else None


LEAST_SQUARE = 2.0**-1022
"""A lesser square has lost digits, or all of them."""

LENGTHS = frozenset({"delta", "beta", "eps", "scale", "margin"})
"""Parameters in the unit of the label: they shrink with it."""


def loss(
    task: Task | None = None,
    *,
    reference: str,
    elicits: Functional | str = "",
    name: str | None = None,
    aliases: tuple[str, ...] = (),
    better: Better = "lower",
    best: float | None = 0.0,
    label: Domain = REAL,
    pred: Domain = REAL,
    domains: Mapping[str, Domain] | None = None,
    columns: Mapping[str, tuple[str, ...]] | None = None,
    logits: bool = False,
    scores: bool = False,
    of: Callable[..., Any] | None = None,
    state: str = "sums",
    per_class: bool = False,
    averages: tuple[str, ...] = ("macro", "micro", "none"),
    touches: Mapping[str, Callable[..., Mask | None]] | None = None,
    keeps: Callable[..., Any] | None = None,
    skips: str = "",
    narrows: Callable[..., Mapping[str, Domain]] | None = None,
    relations: tuple[tuple[str, str], ...] = (),
    refuses_levels: Callable[[Levels], str | None] | None = None,
    homogeneous: int | None = None,
    counts_only: bool | str = False,
    rate: bool = False,
    of_rows: str | None = None,
    ulps: float = 4.0,
    exceptions: Mapping[str, str] | None = None,
    sample: str | None = None,
    root: Callable[..., Any] | None = None,
) -> Callable[[F], F]:
    """Mark a function as a loss and return it.

    ``task``: where it is not that of the family, which is the name of its module.  ``elicits``: the best
    constant prediction under this loss, as a functional (`MEAN`, `MEDIAN` …) where it is worked out, else in words.

    ``label``, ``pred``, ``domains``: the domain of each role.  ``columns``: roles that are filled by a
    parameter which names a column (`mase:scale=s`), with the names looked for where it is not given.

    ``logits``: it takes raw scores in place of probabilities, and is chosen by `--from-logits`.
    ``scores``: its predictions are raw scores as they are, so that `--from-logits` says nothing new.

    ``of``: the row function whose means this is a function of: another loss, or a plain function that
    gives one column or several.  The means are given as fractions, not rounded.  ``state``: what the
    columns are kept in, where it is not sums; the function is given that.

    ``per_class``: defined for one class against the rest, and averaged over the classes.  With
    ``state="confusion"`` the function is then given the `Counts` of a class.  ``averages``: the forms
    of ``--average`` that it has where there are several outputs or classes.

    ``touches``: where a convention of the loss touched rows (None: nowhere).  ``keeps`` and ``skips``: which
    rows count, and the name under which the others are counted.  ``narrows``: domains that depend on
    parameters.  ``homogeneous``: k where the row function of c·(label, pred, lengths) is c**k times its
    value.  ``counts_only``: rows pair with their own copies, or the number of rows stands in the
    definition, so that a weight says how often a row stands there and must be whole; the name of a
    parameter, where that is so unless the parameter is 0.  ``rate``: every row is 0 or 1.  ``of_rows``: what another library of the same
    name makes of several labels, where it looks at whole rows.  ``ulps``: how far rows may lie from the
    definition.  ``exceptions``: laws not kept, with reasons.  ``sample``: files and columns of the sample
    data for the example, where those of the task do not fit; "" where it holds none that do.  ``root``: what the
    rows are the squares of; where a square is no double, its root is summed, so that a function of the mean of
    squares has its value all the same.
    """

    def mark(function: F) -> F:
        declared = Loss(
            function=function,
            name=name or function.__name__,
            task=task or cast(Task, function.__module__.rpartition(".")[2]),
            reference=reference,
            elicits=elicits,
            aliases=aliases,
            better=better,
            best=best,
            domains={"label": label, "pred": pred, **(domains or {})},
            columns=columns or {},
            logits=logits,
            scores=scores,
            of=of,
            state=state,
            per_class=per_class,
            averages=averages,
            touches=touches or {},
            keeps=keeps,
            skips=skips,
            narrows=narrows,
            relations=relations,
            refuses_levels=refuses_levels,
            homogeneous=homogeneous,
            counts_only=counts_only,
            rate=rate,
            of_rows=of_rows,
            ulps=ulps,
            exceptions=exceptions or {},
            sample=sample,
            root=root,
        )
        setattr(function, MARK, declared)
        return function

    return mark


J = "j"
"""The column by which a slope is taken, where the prediction is several columns."""


class Gradient(NamedTuple):
    """The slope of a row's loss by one role: lines of Python, the last of which is the value."""

    role: str
    text: str
    by_column: bool

    @property
    def by(self) -> str:
        return f"{self.role}[{J}]" if self.by_column else self.role


class Doc(NamedTuple):
    """A docstring, taken apart: the summary, the definition, its slopes or why it has none, the text, the example."""

    summary: str
    definition: str
    gradients: tuple[Gradient, ...]
    no_gradient: str
    text: str
    example: str


def read_doc(docstring: str) -> Doc:
    """The parts of a loss's docstring.

    The first indented block is the definition, in plain Python on one row.  A line "Gradient by `pred`:"
    introduces the block that gives the slope by that role; "Gradient by `pred[j]`:" by its column ``j``.
    In such a block a line indented further continues the one above.  "No gradient: …" says why there is
    none.  Lines from the first ``>>>`` on are the example.
    """
    lines = inspect.cleandoc(docstring).splitlines() or [""]
    body, example = lines[1:], [""]
    for at, line in enumerate(body):
        if line.startswith(">>>"):
            body, example = body[:at], body[at:]
            break
    blocks: dict[str, list[str]] = {"": []}
    text, why, by = [], "", ""
    for line in body:
        if line.startswith("    "):
            blocks[by].append(line[4:])
        elif (introduced := re.fullmatch(r"Gradient by `(.+)`:", line)) is not None:
            by = introduced[1]
            blocks[by] = []
        elif line.startswith("No gradient: "):
            why = line.removeprefix("No gradient: ").removesuffix(".")
        else:
            text.append(line)
    definition = "\n".join(blocks.pop(""))
    gradients = tuple(
        Gradient(by.removesuffix(f"[{J}]"), re.sub(r"\n +", " ", "\n".join(block)), by.endswith(f"[{J}]"))
        for by, block in blocks.items()
    )
    shown = re.sub(r"\n{3,}", "\n\n", "\n".join(text)).strip()
    return Doc(lines[0], definition, gradients, why, shown, "\n".join(example))


def read_number(text: str) -> float | None:
    """A parameter's number; None where ``text`` is not a plain decimal."""
    return float(text) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text, re.ASCII) else None


def show_param(value: ParamValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "none"
    return value if isinstance(value, str) else number(value)


def _params(function: Callable[..., Any]) -> list[Param]:
    hints = get_type_hints(function, include_extras=True)
    found = []
    for param in inspect.signature(function).parameters.values():
        if param.kind is not param.KEYWORD_ONLY or param.name in ("levels", "order"):
            continue
        hint, default = hints[param.name], param.default
        default = None if default is param.empty else default
        optional = get_origin(hint) in (Union, types.UnionType)
        if optional:
            hint = get_args(hint)[0]
        if get_origin(hint) is Literal:
            found.append(Param(param.name, str, default, choices=get_args(hint)))
        elif hint is bool:
            found.append(Param(param.name, bool, default))
        elif hint == Matrix:
            found.append(Param(param.name, str, default))
        else:
            kind, interval = get_args(hint)
            found.append(
                Param(
                    param.name,
                    kind,
                    kind(default) if default is not None else None,
                    interval,
                    optional=optional,
                )
            )
    return found


def _keywords(function: Callable[..., Any]) -> tuple[str, ...]:
    params = inspect.signature(function).parameters.values()
    return tuple(param.name for param in params if param.kind is param.KEYWORD_ONLY)
