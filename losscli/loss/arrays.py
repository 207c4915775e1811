"""Gradients, evaluated for all rows at once.

The text is a loss's gradient, from its docstring: assignments, then one expression, in plain Python on one
row.  Here a name is an array with one number a row or, where a role has several columns, a list of such
arrays; a condition chooses row by row.  The text is evaluated in doubles as it is written.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

import numpy as np

from losscli.numbers.special import erf, erfc

FUNCTIONS: dict[str, Any] = {
    "abs": np.abs, "log": np.log, "log1p": np.log1p, "exp": np.exp, "expm1": np.expm1, "sqrt": np.sqrt,
    "atan": np.arctan, "tanh": np.tanh, "sign": np.sign, "cosh": np.cosh, "sinh": np.sinh, "erf": erf,
    "erfc": erfc,
}  # fmt: skip
OPERATORS: dict[type, Any] = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.true_divide, ast.Pow: np.power,
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
    *steps, value = ast.parse(text).body
    rows = len(next(iter(roles.values())))
    arrays = {name: list(values.T) if values.ndim == 2 else values for name, values in roles.items()}
    space = _Namespace({**params, **arrays, "pi": np.pi, "inf": np.inf}, rows)
    assert isinstance(value, ast.Expr)
    with np.errstate(all="ignore"):
        for step in steps:
            assert isinstance(step, ast.Assign)
            target = step.targets[0]
            assert isinstance(target, ast.Name)
            space.names[target.id] = space.value(step.value)
        if by is None:
            return space.column(space.value(value.value))
        role, place = by
        columns = [space.column(space.value(value.value, {place: at})) for at in range(roles[role].shape[1])]
        return np.stack(columns, axis=1)


class _Namespace:
    """Evaluates nodes of the text; holds the arrays and numbers that its names stand for."""

    def __init__(self, names: dict[str, Any], rows: int) -> None:
        self.names, self.rows = names, rows
        self.known: dict[int, Any] = {}  # sums that do not depend on the column are formed once

    def column(self, value: Any) -> Any:
        return np.array(np.broadcast_to(np.asarray(value, dtype=np.float64), self.rows))

    def value(self, node: ast.expr, local: Mapping[str, Any] | None = None) -> Any:
        local = local or {}
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return local[name] if name in local else self.names[name]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.value(operand, local)
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
                if not isinstance(
                    test, np.ndarray
                ):  # it depends on parameters alone: the other side may have no value
                    return self.value(node.body if test else node.orelse, local)
                one, other = self.value(node.body, local), self.value(node.orelse, local)
                if isinstance(one, list | tuple):
                    return [np.where(test, a, b) for a, b in zip(one, other, strict=True)]
                return np.where(test, one, other)
            case ast.Subscript(value=inside, slice=at):
                return self._item(self.value(inside, local), at, local)
            case ast.ListComp():
                return [value for _, value in self._runs(node, local)]
            case ast.Call(func=ast.Name(id=function), args=args):
                if function in FUNCTIONS:
                    return FUNCTIONS[function](self.value(args[0], local))
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
        if isinstance(one, int | float):  # a parameter: NumPy divides by zero, Python does not
            one = np.float64(one)
        return OPERATORS[type(op)](one, other)

    def _compare(self, node: ast.Compare, local: Mapping[str, Any]) -> Any:
        result: Any = True
        left = self.value(node.left, local)
        for op, following in zip(node.ops, node.comparators, strict=True):
            right = self.value(following, local)
            if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
                outcome = COMPARE[type(op)](left, right)
            elif isinstance(op, ast.Eq | ast.NotEq):
                outcome = (left == right) is isinstance(op, ast.Eq)
            else:
                outcome = bool(COMPARE[type(op)](left, right))
            result = outcome if result is True else np.logical_and(result, outcome)
            left = right
        return result

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
            result = self.value(args[0], local)
            for one in args[1:]:
                result = (np.maximum if function == "max" else np.minimum)(result, self.value(one, local))
            return result
        (items,) = args
        if isinstance(items, ast.GeneratorExp | ast.ListComp):
            terms = self._runs(items, local)
        else:
            terms = [(True, value) for value in self.value(items, local)]
        nothing = {"sum": 0.0, "max": -np.inf, "min": np.inf}[function]
        total: Any = nothing
        for counts, value in terms:
            value = value if counts is True else np.where(counts, value, nothing)
            total = {"sum": np.add, "max": np.maximum, "min": np.minimum}[function](total, value)
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
