"""Gradients, evaluated for all rows at once.

The text is a loss's gradient, from its docstring: assignments, then one expression, in plain Python on one
row.  Here a name is an array with one number a row or, where a role has several columns, a list of such
arrays; a condition chooses row by row.  The text is evaluated in doubles as it is written, each with an estimate of
its rounding; where that is too much, in twice the digits.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Mapping
from typing import Any

import numpy as np

from losscli.loss.paired import Paired
from losscli.loss.rounded import FUNCTIONS, Rounded

MOST_ROUNDING = 13.0
"""Rows with greater squares of roundings are evaluated in twice the digits."""

OPERATORS: dict[type, Any] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}  # fmt: skip
COMPARE: dict[type, Any] = {
    ast.Eq: np.equal, ast.NotEq: np.not_equal, ast.Lt: np.less, ast.LtE: np.less_equal,
    ast.Gt: np.greater, ast.GtE: np.greater_equal,
}  # fmt: skip


def evaluate_rows(
    text: str, roles: Mapping[str, Any], params: Mapping[str, Any], *, by: tuple[str, str] | None
) -> Any:
    """The value of the text for every row: (n,).

    ``by`` is a role of several columns and a name: the text is evaluated once for each column, with the name
    as its place, and the result is (n, columns).
    """
    body = ast.parse(text).body
    with np.errstate(all="ignore"):
        found = _Namespace(roles, params, Rounded).run(body, by)
        value = np.stack([one.near for one in found], axis=1) if by else found[0].near
        rounded = np.zeros(len(value), dtype=bool)
        for one in found:
            rounded |= np.logical_not(one.squares <= MOST_ROUNDING)
        if rounded.any():
            some = {name: values[rounded] for name, values in roles.items()}
            better = [near + lost for near, lost in _Namespace(some, params, Paired).run(body, by)]
            value[rounded] = np.stack(better, axis=1) if by else better[0]
    return value


class _Namespace:
    """Evaluates nodes of the text; holds the arrays and numbers that its names stand for."""

    def __init__(
        self, roles: Mapping[str, Any], params: Mapping[str, Any], number: type[Rounded] | type[Paired]
    ) -> None:
        arrays = {name: list(values.T) if values.ndim == 2 else values for name, values in roles.items()}
        self.names: dict[str, Any] = {**params, **arrays, "pi": np.pi, "inf": np.inf}
        self.roles = roles
        self.number: Any = number
        self.known: dict[int, Any] = {}  # sums that do not depend on the column are formed once

    def run(self, body: list[ast.stmt], by: tuple[str, str] | None) -> list[Any]:
        """The value, or the values for each column of the role ``by``."""
        *steps, value = body
        assert isinstance(value, ast.Expr)
        for step in steps:
            assert isinstance(step, ast.Assign)
            target = step.targets[0]
            assert isinstance(target, ast.Name)
            self.names[target.id] = self.value(step.value)
        if by is None:
            return [self._column(self.value(value.value))]
        role, place = by
        return [self._column(self.value(value.value, {place: at})) for at in range(self.roles[role].shape[1])]

    def _column(self, value: Any) -> Any:
        """The value as a number for every row."""
        near, rounding = self.number.of(value)
        rows = len(next(iter(self.roles.values())))
        return self.number(np.array(np.broadcast_to(near, rows)), rounding)

    def value(self, node: ast.expr, local: Mapping[str, Any] | None = None) -> Any:
        local = local or {}
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return local[name] if name in local else self.names[name]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                value = self.value(operand, local)
                return -value if isinstance(value, int) else -self.number.of(value)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return np.logical_not(self.value(operand, local))
            case ast.BinOp(left=left, op=op, right=right):
                return self._binary(op, self.value(left, local), self.value(right, local))
            case ast.Compare():
                return self._compare(node, local)
            case ast.BoolOp(op=op, values=values):
                return self._bool(isinstance(op, ast.And), values, local)
            case ast.IfExp():
                test = self.value(node.test, local)
                # The side that no row takes is not evaluated: it may have no value.
                if not isinstance(test, np.ndarray):
                    return self.value(node.body if test else node.orelse, local)
                if test.all() or not test.any():
                    return self.value(node.body if test.all() else node.orelse, local)
                one, other = (self.value(side, local) for side in (node.body, node.orelse))
                if isinstance(one, list | tuple) and not isinstance(one, self.number):
                    return [
                        self.number.where(test, self.number.of(a), self.number.of(b))
                        for a, b in zip(one, other, strict=True)
                    ]
                return self.number.where(test, self.number.of(one), self.number.of(other))
            case ast.Subscript(value=inside, slice=at):
                return self._item(self.value(inside, local), at, local)
            case ast.ListComp():
                return [value for _, value in self._runs(node, local)]
            case ast.Call(func=ast.Name(id=function), args=args):
                if function == "abs":
                    return abs(self.number.of(self.value(args[0], local)))
                if function in FUNCTIONS:
                    return self.number.call(function, self.number.of(self.value(args[0], local)))
                if function == "softmax":
                    return self.number.softmax([self.number.of(one) for one in self.value(args[0], local)])
                # The name of a loop is bound inside; only a name from outside matters.
                free = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} & set(local)
                if not free and id(node) in self.known:
                    return self.known[id(node)]
                result = self._gather(function, args, local)
                if not free:
                    self.known[id(node)] = result
                return result
        raise ValueError(f"`{ast.unparse(node)}` is not evaluated by arrays")

    def _binary(self, op: ast.operator, one: Any, other: Any) -> Any:
        if not (isinstance(one, int) and isinstance(other, int) and isinstance(op, ast.Add | ast.Sub)):
            one, other = self.number.of(one), self.number.of(other)
        return OPERATORS[type(op)](one, other)

    def _compare(self, node: ast.Compare, local: Mapping[str, Any]) -> Any:
        result: Any = True
        left = self._compared(self.value(node.left, local))
        for op, following in zip(node.ops, node.comparators, strict=True):
            right = self._compared(self.value(following, local))
            if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
                outcome = COMPARE[type(op)](left, right)
            elif isinstance(op, ast.Eq | ast.NotEq):
                outcome = (left == right) is isinstance(op, ast.Eq)
            else:
                outcome = bool(COMPARE[type(op)](left, right))
            result = outcome if result is True else np.logical_and(result, outcome)
            left = right
        return result

    def _compared(self, value: Any) -> Any:
        return value.near if isinstance(value, self.number) else value

    def _bool(self, both: bool, values: list[ast.expr], local: Mapping[str, Any]) -> Any:
        result: Any = both
        for value in values:
            outcome = self.value(value, local)
            if not isinstance(outcome, np.ndarray):
                if bool(outcome) is not both:
                    return not both
                continue
            result = (
                outcome if result is both else (np.logical_and if both else np.logical_or)(result, outcome)
            )
        return result

    def _item(self, items: Any, at: ast.expr, local: Mapping[str, Any]) -> Any:
        if isinstance(at, ast.Slice):
            ends = [None if end is None else int(self.value(end, local)) for end in (at.lower, at.upper)]
            return items[slice(*ends)]
        place = self.value(at, local)
        if isinstance(place, np.ndarray):
            if isinstance(items, list) and isinstance(items[0], self.number):
                found = items[0]
                for column, item in enumerate(items[1:], 1):
                    found = self.number.where(place == column, item, found)
                return found
            if isinstance(items, list):  # each row has its own column
                return (
                    np.choose(place, items)
                    if len(items) < 32
                    else np.stack(items)[place, np.arange(len(place))]
                )
            return np.asarray(items)[place].T if np.ndim(items) == 2 else np.asarray(items)[place]
        return items[int(place)]

    def _runs(self, node: Any, local: Mapping[str, Any]) -> list[tuple[Any, Any]]:
        """The terms of a comprehension, each with the rows in which it counts."""
        turns: list[tuple[dict[str, Any], Any]] = [(dict(local), True)]
        for part in node.generators:
            following = []
            for names, counts in turns:
                for item in self._items(part.iter, names):
                    inner = names | _bound(part.target, item)
                    counted = counts
                    for test in part.ifs:
                        outcome = self.value(test, inner)
                        counted = outcome if counted is True else np.logical_and(counted, outcome)
                    following.append((inner, counted))
            turns = following
        return [(counts, self.value(node.elt, names)) for names, counts in turns if counts is not False]

    def _items(self, node: ast.expr, local: Mapping[str, Any]) -> Any:
        match node:
            case ast.Call(func=ast.Name(id="zip"), args=args):
                return list(zip(*(self._items(one, local) for one in args), strict=False))
            case ast.Call(func=ast.Name(id="enumerate"), args=[inside]):
                return list(enumerate(self._items(inside, local)))
            case ast.Call(func=ast.Name(id="range"), args=args):
                return range(*(int(self.value(one, local)) for one in args))
        return self.value(node, local)

    def _gather(self, function: str, args: list[ast.expr], local: Mapping[str, Any]) -> Any:
        if function == "range":
            return range(*(int(self.value(one, local)) for one in args))
        if function == "zip":
            return self._items(ast.Call(ast.Name("zip", ast.Load()), args, []), local)
        if function == "len":
            return len(self.value(args[0], local))
        if len(args) > 1:
            terms = [(True, self.value(one, local)) for one in args]
        elif isinstance(args[0], ast.GeneratorExp | ast.ListComp):
            terms = self._runs(args[0], local)
        else:
            terms = [(True, value) for value in self.value(args[0], local)]
        nothing = {"sum": 0.0, "max": -np.inf, "min": np.inf}[function]
        values = [self.number.of(value) for _, value in terms] or [self.number.of(nothing)]
        for at, (counts, _) in enumerate(terms):
            if counts is not True:
                values[at] = self.number.where(counts, values[at], self.number.of(nothing))
        if function == "sum":
            return self.number.sum(values)
        total = values[0]
        for value in values[1:]:
            more = value.near > total.near if function == "max" else value.near < total.near
            total = self.number.where(more, value, total)
        return total


def _bound(target: ast.expr, item: Any) -> dict[str, Any]:
    if isinstance(target, ast.Name):
        return {target.id: item}
    assert isinstance(target, ast.Tuple)
    return {
        name: value
        for one, part in zip(target.elts, item, strict=True)
        for name, value in _bound(one, part).items()
    }
