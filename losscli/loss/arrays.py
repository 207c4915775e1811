"""Gradients, evaluated for all rows at once.

The text is a loss's gradient, from its docstring: assignments, then one expression, in plain Python on one
row.  Here a name stands for numbers of all rows or, where a role has several columns, for a list of such;
a condition chooses row by row.  The text is evaluated in doubles as it is written, each with an estimate of
its rounding; where that is too much, in twice the digits.
"""

from __future__ import annotations

import ast
import functools
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from losscli.loss.paired import Paired
from losscli.loss.rounded import FUNCTIONS, Rounded

MOST_ROUNDING = 22.0
"""Rows with greater squares of roundings, in half an ulp, are evaluated in twice the digits."""

AT_ONCE = 32768
"""Rows that are evaluated at once: what is worked out on the way stays in the cache."""

OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip
NOTHING = {"sum": 0.0, "max": -np.inf, "min": np.inf}
"""What a term is that does not count."""

# glibc keeps the pages of freed arrays up to the size of the greatest that was freed: without them, half the time
# would go into page faults.
np.empty(1 << 20)


def evaluate_rows(
    text: str, roles: Mapping[str, Any], params: Mapping[str, Any], *, by: tuple[str, str] | None
) -> Any:
    """The value of the text for every row: (n,).

    ``by`` is a role of several columns and a name: the text is evaluated once for each column, with the name
    as its place, and the result is (n, columns).
    """
    rows = len(next(iter(roles.values())))
    value = np.empty((rows, roles[by[0]].shape[1] if by else 1))
    rounded = np.zeros(rows, dtype=bool)
    body = _parsed(text)
    with np.errstate(all="ignore"):
        for start in range(0, rows, AT_ONCE):
            here = slice(start, start + AT_ONCE)
            part = {name: cells[here] for name, cells in roles.items()}
            for column, found in zip(value.T, _Text(Rounded, part, params).run(body, by), strict=True):
                column[here], doubtful = found.mended(MOST_ROUNDING)
                rounded[here] |= doubtful
        again = np.flatnonzero(rounded)
        for start in range(0, len(again), AT_ONCE):
            places = again[start : start + AT_ONCE]
            part = {name: cells[places] for name, cells in roles.items()}
            for column, found in zip(value.T, _Text(Paired, part, params).run(body, by), strict=True):
                column[places] = found.near + found.lost
    return value if by else value[:, 0]


@functools.cache
def _parsed(text: str) -> list[ast.stmt]:
    return ast.parse(text).body


class _Text:
    """Evaluates nodes of the text in one of the arithmetics; holds what its names stand for."""

    def __init__(
        self, number: type[Rounded] | type[Paired], roles: Mapping[str, Any], params: Mapping[str, Any]
    ) -> None:
        self.number: Any = number
        self.names: dict[str, Any] = {"pi": number.of(np.pi), "inf": number.of(np.inf)}
        self.names |= {name: self._given(what) for name, what in (*params.items(), *roles.items())}

    def _given(self, what: Any) -> Any:
        """Doubles become numbers, and several of them a list."""
        if isinstance(what, np.ndarray):
            if what.ndim == 2:
                return Columns(self.number.of(column) for column in what.T)
            return self.number.of(what) if what.dtype.kind == "f" else what
        if isinstance(what, tuple):
            return Columns(self._given(one) for one in what)
        return self.number.of(what) if isinstance(what, float) else what

    def run(self, body: list[ast.stmt], by: tuple[str, str] | None) -> Iterator[Any]:
        """The value, or the values for each column of the role ``by``."""
        *steps, value = body
        assert isinstance(value, ast.Expr)
        for step in steps:
            assert isinstance(step, ast.Assign)
            self._bind(step.targets[0], self.value(step.value))
        if by is None:
            yield self.number.of(self.value(value.value))
            return
        role, place = by
        for column in range(len(self.names[role])):
            self.names[place] = column
            yield self.number.of(self.value(value.value))

    def _bind(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = value
            return
        assert isinstance(target, ast.Tuple)
        for one, part in zip(target.elts, value, strict=True):
            self._bind(one, part)

    def value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self.names[name]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.value(operand)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return np.logical_not(self.value(operand))
            case ast.BinOp(left=left, op=op, right=right):
                first = self.value(left)
                if isinstance(op, ast.Div):
                    first = self.number.of(first)  # whole numbers, too
                return OPERATORS[type(op)](first, self.value(right))
            case ast.Compare(left=left, ops=ops, comparators=others):
                terms = [self.value(one) for one in (left, *others)]
                pairs = zip(terms, ops, terms[1:], strict=False)
                return functools.reduce(np.logical_and, (OPERATORS[type(op)](a, b) for a, op, b in pairs))
            case ast.BoolOp(op=op, values=values):
                return self._bool(isinstance(op, ast.And), values)
            case ast.IfExp(test=test, body=one, orelse=other):
                return self._choose(self.value(test), lambda: self.value(one), lambda: self.value(other))
            case ast.Subscript(value=inside, slice=ast.Slice(lower=lower, upper=upper)):
                ends = (None if end is None else self.value(end) for end in (lower, upper))
                return self.value(inside)[slice(*ends)]
            case ast.Subscript(value=inside, slice=at):
                return self.value(inside)[self.value(at)]
            case ast.ListComp(elt=term, generators=[part]):
                return self._terms(term, part)
            case ast.Call(func=ast.Name(id=function), args=[ast.GeneratorExp(elt=term, generators=[part])]):
                return self._call(function, [self._terms(term, part, NOTHING[function])])
            case ast.Call(func=ast.Name(id=function), args=args):
                return self._call(function, [self.value(one) for one in args])
        raise ValueError(f"`{ast.unparse(node)}` is not evaluated by arrays")

    def _bool(self, both: bool, values: list[ast.expr]) -> Any:
        result: Any = both
        for value in values:
            outcome = self.value(value)
            if isinstance(outcome, np.ndarray) or isinstance(result, np.ndarray):
                result = (np.logical_and if both else np.logical_or)(result, outcome)
            elif bool(outcome) is not both:
                return not both
        return result

    def _choose(self, test: Any, one: Callable[[], Any], other: Callable[[], Any]) -> Any:
        if not isinstance(test, np.ndarray):
            return one() if test else other()
        # The side that no row takes is not evaluated: it may have no value.
        if test.all():
            return one()
        if not test.any():
            return other()
        return self._where(test, one(), other())

    def _where(self, test: Any, one: Any, other: Any) -> Any:
        if isinstance(one, Columns):
            return Columns(self._where(test, a, b) for a, b in zip(one, other, strict=True))
        return self.number.where(test, self.number.of(one), self.number.of(other))

    def _terms(self, term: ast.expr, part: ast.comprehension, nothing: float | None = None) -> Columns:
        """The terms of a comprehension; in rows in which one does not count, nothing."""
        found = Columns()
        for item in self.value(part.iter):
            self._bind(part.target, item)
            counts = self._bool(True, part.ifs)
            if isinstance(counts, np.ndarray):
                found.append(self._where(counts, self.value(term), nothing))
            elif counts:
                found.append(self.value(term))
        return found

    def _call(self, function: str, args: list[Any]) -> Any:
        if function in FUNCTIONS:
            return self.number.call(function, self.number.of(args[0]))
        match function:
            case "softmax":
                return Columns(self.number.softmax(args[0]))
            case "sum":
                return self.number.sum([self.number.of(term) for term in args[0]] or [self.number.of(0.0)])
            case "max" | "min":
                better = operator.gt if function == "max" else operator.lt
                return functools.reduce(
                    lambda found, term: self._choose(better(term, found), lambda: term, lambda: found),
                    args if len(args) > 1 else args[0],
                )
        return WORDS[function](*args)


WORDS: dict[str, Callable[..., Any]] = {
    "abs": abs, "len": len, "range": range, "zip": functools.partial(zip, strict=False), "enumerate": enumerate,
}  # fmt: skip


class Columns(list[Any]):
    """The columns of a role, or what was worked out of each; a column of places chooses in each row."""

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return Columns(list.__getitem__(self, place))
        if not isinstance(place, np.ndarray):
            return list.__getitem__(self, place)
        if isinstance(self[0], Columns):
            return Columns(Columns(column)[place] for column in zip(*self, strict=True))
        return self[0].chosen(place, self)
