"""What a loss is: a declaration around one plain function.

`loss` marks a function and returns it unchanged, so it pickles and its doctest runs; nothing
registers itself on import.  Roles, parameters, summary, definition and example come from the function's
signature and docstring; the decorator says the rest.  A loss is one of

* a row function: arrays in, one double a row out; its value is the weighted mean of the rows;
* a function of such means (``of=``): `rmse` is the root of the mean of the rows of `mse`;
* a function of another state (``state=``): `r2` is a function of exact moments.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, Concatenate, Literal, NamedTuple, ParamSpec, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from losscli.errors import UsageError
from losscli.loss.docstring import Doc, read_doc
from losscli.loss.domains import REAL, Domain, surely_finite
from losscli.loss.elicits import Functional
from losscli.loss.params import (
    APPROX,
    UNDEFINED,
    Levels,
    LossName,
    Param,
    keywords_of,
    params_of,
    read_params,
    show_param,
)
from losscli.loss.spec import Better, ParamValue
from losscli.loss.training import PARAMS, Errors, read_training
from losscli.numbers.states import KEEP_ROWS
from losscli.table.block import Floats, Ints, Mask

if TYPE_CHECKING:
    from losscli.loss.approximate import Approximate
    from losscli.loss.spec import Spec

Column: TypeAlias = Floats
"""A role that is one column of numbers: (n,)."""
Columns: TypeAlias = Floats
"""A role that is several columns of numbers: (n, C)."""
Codes: TypeAlias = Ints
"""A role that is a class: (n,), each row's class as a whole number, the same coding in every role."""
Texts: TypeAlias = NDArray[np.object_]
"""A role that is text: (n,), a Python string in each row."""
Times: TypeAlias = Floats
"""A role that is the time of each row, as `--time` names it: (n,), greater later."""
Shape: TypeAlias = Literal["Column", "Columns", "Codes", "Texts", "Times"]
F = TypeVar("F", bound=Callable[..., Any])
P = ParamSpec("P")

MARK = "__loss__"

LEAST_SQUARE = 2.0**-1022
"""A smaller square has lost digits, or all of them."""


class Undefined(NamedTuple):
    """A value that the definition does not give for these rows, and why.

    ``absent``: there is nothing of this class or output, and a macro average leaves it out.
    ``alone``: the value by convention where it is that of the whole.
    """

    why: str
    absent: bool = False
    alone: Fraction | None = None


Finished: TypeAlias = float | Fraction | Undefined


class Role(NamedTuple):
    """A column, or several, that a loss takes."""

    name: str
    shape: Shape
    domain: Domain


@dataclass(frozen=True, eq=False)
class Loss:
    """The declaration of one loss, in one form: a function, and what the decorator says of it.

    Several forms may share a name, when the shape of the columns, or logits in place of
    probabilities, asks for another function; they are the same quantity.
    """

    function: Callable[..., Any]
    task: str = ""
    """Where it is not that of the family, which is the name of its module."""
    _: KW_ONLY
    reference: str
    name: str = ""
    """Where it is not that of the function."""
    aliases: tuple[str, ...] = ()
    """Other names.  ``recall@k`` is one only where ``@`` and a value follow (`recall@5`)."""
    main: str = ""
    """The parameter that ``NAME@X`` fills."""
    better: Better = "lower"
    best: float | None = 0.0
    """The value of a perfect prediction, where it is reached exactly."""
    elicits: Functional | str = ""
    """The best constant prediction, as a functional (`MEAN`, `MEDIAN` …) where it is worked out, else in words."""

    label: Domain = REAL
    pred: Domain = REAL
    domains: Mapping[str, Domain] = field(default_factory=dict)
    """Of the other roles."""
    narrows: Callable[..., Mapping[str, Domain]] | None = None
    """Gives domains that depend on the parameters."""
    label_roles: tuple[str, ...] = ("label",)
    """The roles that labels play: `--label time=T,event=E`."""
    relations: tuple[tuple[str, str], ...] = ()
    """Pairs of roles, the first at most the second in every row."""
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Roles that a parameter fills, which names a column (`mase:scale=s`), with the names to look for without it."""
    trained: Errors | None = None
    """Which errors of the seasonal naive forecast on a training file its role `scale` may come from
    (`mase:train=train.csv,season=12`)."""
    logits: bool = False
    """It takes raw scores in place of probabilities, and is chosen by `--from-logits`."""
    scores: bool = False
    """Its predictions are raw scores anyway, so that `--from-logits` changes nothing."""
    members: bool = False
    """The prediction is several members, each with a column for every label, one member after the other."""
    times: bool = False
    """The prediction columns are named for times, which it takes as its `levels`, in place of quantile levels."""
    refuses_levels: Callable[[Levels], str | None] | None = None
    """Says why quantile levels do not fit, if they do not."""

    of: Callable[..., Any] | None = None
    """The row function whose means this is a function of: another loss, or a plain function that gives one column or
    several.  The means are given as fractions, not rounded."""
    state: str = "sums"
    """What the columns are kept in; where it is not sums, the function is given that state."""
    per_class: bool = False
    """Defined for one class against the rest, and averaged over the classes.  With ``state="confusion"`` the function
    is given the `Counts` of a class."""
    averages: tuple[str, ...] = ("macro", "micro", "none")
    """The forms of ``--average`` that it has where there are several outputs or classes."""

    touches: Mapping[str, Callable[..., Mask | None]] = field(default_factory=dict)
    """Where a convention of the loss touched rows, by its name (None: nowhere)."""
    keeps: Callable[..., Any] | None = None
    """Which rows count."""
    skips: str = ""
    """The name under which the other rows are counted."""
    homogeneous: int | None = None
    """k where the row function of c·(label, pred, lengths) is c**k times its value."""
    lengths: tuple[str, ...] = ()
    """The parameters in the unit of the label."""
    root: Callable[..., Any] | None = None
    """What the rows are the squares of: where a square is no double, its root is summed."""
    counts_only: bool | str = False
    """Rows pair with their own copies, or the number of rows stands in the definition, so that a weight repeats its row
    and must be whole.  A text names a parameter: it is so unless that is 0, or where it has a value (``variant=a``)."""
    rate: bool = False
    """Every row is 0 or 1."""
    of_rows: str | None = None
    """What another library of the same name makes of several labels, where it looks at whole rows."""

    approximate: Approximate | None = None
    """How it is had of counts that merge, where its own state keeps every row."""
    digits: int | None = None
    """Of the approximate form: the binary digits to which the first column of its rows is rounded."""
    detail: Callable[..., dict[str, Any] | None] | None = None
    """What a picture of the result needs, from the state and the parameters that it names: a table, bins, a curve."""
    ulps: float = 4.0
    """How far rows may lie from the definition."""
    gradient_ulps: float = 4.0
    """How far their gradient may lie from its slope."""
    exceptions: Mapping[str, str] = field(default_factory=dict)
    """Laws not kept, with reasons."""
    grouped: bool = False
    """Whether a call finishes it within each group of rows: it then takes `undefined` as well."""
    sample: str | None = None
    """Files and columns of the sample data for the example, where those of the task do not fit; "" where none do."""

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.function.__name__)
        if not self.task:
            object.__setattr__(self, "task", self.function.__module__.rpartition(".")[2])

    @property
    def keeps_rows(self) -> bool:
        """Whether its state keeps every row, since it needs all of them at once."""
        return self.state in KEEP_ROWS

    @property
    def is_mean(self) -> bool:
        """Whether the value is the mean of one number a row."""
        return self.of is None

    @property
    def rows(self) -> Callable[..., Any]:
        """The row function: this loss itself, or the function whose means it takes."""
        return self.of or self.function

    @cached_property
    def row_params(self) -> tuple[str, ...]:
        """The keywords of the row function, those that the columns settle included."""
        return keywords_of(self.rows)

    @cached_property
    def own_params(self) -> tuple[str, ...]:
        """The keywords of the function itself."""
        return keywords_of(self.function)

    @cached_property
    def roles(self) -> tuple[Role, ...]:
        """The columns that the row function takes, in its order, each with its shape and domain."""
        domains = {"label": self.label, "pred": self.pred, **self.domains}
        return tuple(
            Role(param.name, param.annotation, domains.get(param.name, REAL))
            for param in inspect.signature(self.rows).parameters.values()
            if param.kind is not param.KEYWORD_ONLY
        )

    @property
    def pred_roles(self) -> tuple[Role, ...]:
        """The roles that predictions play: `pred`, or `mean` and `sd`, or `lower` and `upper` …"""
        others = {*self.label_roles, *self.columns}
        return tuple(role for role in self.roles if role.name not in others and role.shape != "Times")

    @property
    def takes_levels(self) -> bool:
        """Whether the row function takes the quantile levels, or times, that the columns are named for."""
        return "levels" in self.row_params

    @property
    def takes_matrix(self) -> bool:
        """Whether the row function takes the numbers of the file that the parameter `matrix` names."""
        return "matrix" in self.row_params

    @cached_property
    def params(self) -> tuple[Param, ...]:
        """The parameters of the row function and of the finish, each once; those that name a loss come first."""
        both = [*params_of(self.rows), *params_of(self.function)]
        both += [APPROX] if self.digits is not None else []
        both += [UNDEFINED] if self.grouped else []
        both.sort(key=lambda param: param.type is not LossName)
        return tuple({param.name: param for param in both}.values())

    @property
    def offered_params(self) -> tuple[Param, ...]:
        """The parameters that a call may give, that of its approximate form among them."""
        return self.params if self.approximate is None else (*self.params, APPROX)

    @cached_property
    def doc(self) -> Doc:
        """What the docstring of the function says, by its parts."""
        return read_doc(self.function.__doc__ or "")

    @property
    def base(self) -> str | None:
        """The loss whose rows it is a function of where the call names no other; None: it takes none."""
        return next((str(param.default) for param in self.params if param.type is LossName), None)

    def role(self, name: str) -> Role:
        """The role of a name, which the loss must have."""
        return next(role for role in self.roles if role.name == name)

    def domain(self, role: Role, params: Mapping[str, ParamValue]) -> Domain:
        """The domain of a role, which may depend on the parameters (``mape:zero=skip``)."""
        if self.narrows is None:
            return role.domain
        own = {name: value for name, value in params.items() if name != UNDEFINED.name}
        return self.narrows(**own).get(role.name, role.domain)

    def read_params(self, spec: Spec) -> dict[str, ParamValue]:
        """Every parameter's value, defaults included; UsageError says what is wrong with the spec."""
        given = self._given(spec)
        values = read_params(self.name, self.params, self.further_params, given, spec)
        # A parameter that is a column holds its name.
        values |= {name: given[name] for name in self.columns if name in given}
        return values | read_training(given, self.name) if self.trained else values

    @property
    def further_params(self) -> tuple[str, ...]:
        """The parameters without a default: names of columns, a training file, the digits of an approximate form."""
        approximate = (APPROX.name,) if self.approximate is not None and self.digits is None else ()
        return (*self.columns, *(PARAMS if self.trained else ()), *approximate)

    def _given(self, spec: Spec) -> dict[str, str]:
        """The parameters that a spec gives, the one behind ``@`` among them."""
        given = dict(spec.params)
        if spec.at is None:
            return given
        if not self.main:
            raise UsageError(
                f"`{self.name}` has no parameter that `@{spec.at}` could fill",
                hint=f"`losscli losses {self.name}` shows its parameters",
            )
        if self.main in given:
            raise UsageError(f"`{spec}` gives `{self.main}` twice", hint=f"`@` stands for `{self.main}=`")
        return {self.main: spec.at, **given}

    @property
    def words_are_columns(self) -> bool:
        """Whether the loss is an expression of the call, so that every word in it is a column."""
        return False

    def takes_counts(self, params: Mapping[str, ParamValue]) -> bool:
        """Whether a weight repeats its row, and must be whole."""
        if isinstance(self.counts_only, str):
            name, _, wanted = self.counts_only.partition("=")
            return params[name] == wanted if wanted else bool(params[name])
        return self.counts_only

    def canonical(self, params: Mapping[str, ParamValue], *, defaults: bool = False) -> str:
        """The name, and the parameters that differ from their defaults, or all of them with ``defaults``."""
        shown = [
            f"{param.name}={show_param(params[param.name])}"
            for param in self.params
            if defaults or params[param.name] != param.default
        ]
        shown += [f"{name}={params[name]}" for name in self.further_params if name in params]
        return f"{self.name}:{','.join(shown)}" if shown else self.name

    def measure_rows(self, roles: Mapping[str, Any], params: Mapping[str, ParamValue]) -> Any:
        """The row function's value for every row: (n,), or several such columns.

        Where the result is infinite although no input is, a step may have overflowed.  A row function that is
        homogeneous of degree k is then evaluated again on a quarter of the inputs: 4**k times that.
        """
        with np.errstate(all="ignore"):
            column = self.rows(**roles, **params)
            if self.homogeneous is None or surely_finite(column):
                return column
            # Only a loss whose best value is zero from both sides can reach minus infinity.
            least = column.min(initial=0.0) if self.better == "zero" else 0.0
            if np.isfinite(column.max(initial=-least)):
                return column
            far = ~np.isfinite(column)
            quarter = {name: values[far] * 0.25 for name, values in roles.items()}
            scaled = {k: v * 0.25 if k in self.lengths else v for k, v in params.items()}  # type: ignore[operator]
            column[far] = self.rows(**quarter, **scaled) * 4.0**self.homogeneous
        return column

    def rows_and_roots(
        self, roles: Mapping[str, Any], params: Mapping[str, ParamValue]
    ) -> tuple[Any, Floats | None]:
        """The rows, and the roots of those that exceed the range of doubles, 0 elsewhere; None if none does.

        The processor flags a square that leaves the range, so the usual block costs nothing.
        """
        root = self.root
        if (
            root is None
            and self.of is not None
            and self.state == "sums"
            and (squares := declaration(self.of)) is not None
        ):
            root = squares.root
        if root is None:
            return self.measure_rows(roles, params), None
        try:
            with np.errstate(all="ignore", over="raise", under="raise"):
                return self.rows(**roles, **params), None
        except FloatingPointError:
            column = self.measure_rows(roles, params)
        with np.errstate(all="ignore"):
            roots = root(**roles, **params)
        in_range = (column >= LEAST_SQUARE) & np.isfinite(column)
        far = ~in_range & np.isfinite(roots) & (roots != 0.0)
        return column, np.where(far, roots, 0.0) if far.any() else None


def declaration(function: Callable[..., Any]) -> Loss | None:
    """The loss that a function is marked as, if it is."""
    return getattr(function, MARK, None)


def _decorator(declare: Callable[Concatenate[Callable[..., Any], P], Loss]) -> Callable[P, Callable[[F], F]]:
    def decorator(*task: P.args, **declared: P.kwargs) -> Callable[[F], F]:
        def mark(function: F) -> F:
            setattr(function, MARK, declare(function, *task, **declared))
            return function

        return mark

    return decorator


loss = _decorator(Loss)
"""Marks a function as a loss and returns it.  It takes the fields of `Loss` that follow the function; what several losses
of a family share is a `functools.partial` of it."""
