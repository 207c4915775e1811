"""The slope of a row's loss by its prediction, derived from the definition in the loss's docstring.

The definition is differentiated as text: what comes out is Python of the same kind, the definition's own
lines first where the slope speaks of them.  Where a prediction is several columns, ``j`` is the column by
which the slope is taken.  At a kink the slope is that of one side, as the printed condition says.

`gradients` gives the text, `gradient_rows` the numbers.  The algebra that makes the text short is in
`algebra`, the numbers from arrays in `arrays`.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from losscli.loss.algebra import NOTHING, ONE, Expr, call, condition, constant, group_sum, over, power, symbol

if TYPE_CHECKING:
    from losscli.loss.declare import Loss, Role

J = "j"
"""The column by which a slope is taken, where the prediction is several columns."""


class NoGradientError(Exception):
    """Why a loss has no slope that could be shown."""


@dataclass(frozen=True, slots=True)
class Gradient:
    """The slope of a loss by one role: lines of Python, the last of which is the value."""

    role: str
    text: str
    by_column: bool

    @property
    def by(self) -> str:
        return f"{self.role}[{J}]" if self.by_column else self.role


@cache
def gradients(loss: Loss) -> tuple[Gradient, ...]:
    """The slope by each role that a prediction plays.  NoGradientError says why there is none."""
    if not loss.is_mean or loss.state != "sums":
        raise NoGradientError("it is no mean of rows: its slope at one row depends on all the others")
    if all(role.shape == "Codes" for role in loss.pred_roles):
        raise NoGradientError("a predicted class has no neighbours to move to")
    if not loss.doc.definition:
        raise NoGradientError("slopes are derived from the formulas of the catalogue, not from an expression")
    found = []
    for role in loss.pred_roles:
        lines = _Derivation(loss.doc.definition, role).lines()
        found.append(Gradient(role.name, lines, role.shape == "Columns"))
    if all(gradient.text == "0" for gradient in found):
        raise NoGradientError("it goes in steps: its slope is 0 wherever it has one")
    return tuple(found)


def gradient_rows(loss: Loss, roles: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """The slope of every row by each role of the prediction, an array of the role's own shape.

    ``params`` are those of the row function, levels and matrix included.
    """
    from losscli.loss.arrays import evaluate_rows

    return {
        gradient.role: evaluate_rows(
            gradient.text, roles, params, by=(gradient.role, J) if gradient.by_column else None
        )
        for gradient in gradients(loss)
    }


# ------------------------------------------------------------------------------------------------
# Rules of the text
# ------------------------------------------------------------------------------------------------


class _Derivation:
    """One definition, differentiated by one role."""

    def __init__(self, definition: str, role: Role) -> None:
        self.role, self.by_column = role.name, role.shape == "Columns"
        body = ast.parse(definition).body
        self.steps: dict[str, ast.expr] = {}
        for step in body[:-1]:
            assert isinstance(step, ast.Assign)
            target, value = step.targets[0], step.value
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                self.steps |= {_name(one): held for one, held in zip(target.elts, value.elts, strict=True)}
            else:
                self.steps[_name(target)] = value
        assert isinstance(body[-1], ast.Expr)
        self.value = body[-1].value
        self.slopes: dict[str, Expr] = {}  # of names that hold a number
        self.fresh = 0

    def lines(self) -> str:
        """The slope, and before it the steps that it speaks of."""
        slope = self.slope(self.value)
        shown = slope.text()
        needed: list[str] = []
        waiting = _names(ast.parse(shown, mode="eval").body)
        for name in reversed(self.steps):
            if name in waiting:
                needed.append(f"{name} = {_text(self.steps[name])}")
                waiting |= _names(self.steps[name])
        return "\n".join([*reversed(needed), shown])

    def depends(self, node: ast.AST) -> bool:
        """Whether the value of ``node`` depends on the role."""
        return any(
            name == self.role or (name in self.steps and self.depends(self.steps[name]))
            for name in _names(_without_lengths(node))
        )

    def seen(self, node: ast.expr) -> ast.expr:
        """The step that a name stands for, or the node itself."""
        while isinstance(node, ast.Name) and node.id in self.steps:
            node = self.steps[node.id]
        return node

    # -- the slope of a number --------------------------------------------------------------------

    def slope(self, node: ast.expr, inner: frozenset[str] = frozenset()) -> Expr:
        """The derivative; by the names ``inner`` alone where they are given (those of a comprehension)."""
        if not inner and not self.depends(node):
            return NOTHING
        if inner and not (_names(node) & inner):
            return NOTHING
        match node:
            case ast.Name(id=name):
                if name in inner:
                    return ONE
                if name == self.role:
                    if self.by_column:
                        raise NoGradientError("its definition takes all columns at once")
                    return ONE
                if name not in self.slopes:
                    self.slopes[name] = self.slope(self.steps[name])
                return self.slopes[name]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.slope(operand, inner)
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                return self._sum(node, inner)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return self.slope(left, inner) * self.of(right) + self.of(left) * self.slope(right, inner)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                below, rise = self.of(right), self.slope(right, inner)
                first = over(self.slope(left, inner), below)
                return first if rise is NOTHING else first - over(self.of(left) * rise, power(below, 2))
            case ast.BinOp(left=left, op=ast.Pow(), right=exponent):
                if (split := _split_max(left)) is not None:
                    return self._either(split, lambda one: ast.BinOp(one, ast.Pow(), exponent), inner)
                if self.depends(exponent):
                    raise NoGradientError("the prediction stands in an exponent")
                held = self.of(exponent)
                choice = held.choice()
                less = held - ONE if choice is None else choice.less(ONE)
                return held * power(self.of(left), less) * self.slope(left, inner)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return condition(_text(test), self.slope(body, inner), self.slope(orelse, inner))
            case ast.Call(func=ast.Name(id=function)):
                return self._call(node, function, inner)
            case ast.Subscript(value=ast.Name(id=name), slice=at) if name == self.role and not isinstance(
                at, ast.Slice
            ):
                if isinstance(at, ast.UnaryOp | ast.BinOp):
                    raise NoGradientError("its definition takes predictions by their places")
                # By the names of a comprehension alone: the place is none of them.
                return NOTHING if inner else condition(f"{J} == {_text(at)}", ONE, NOTHING)
        raise NoGradientError(f"`{_text(node)}` is not differentiated")

    def _sum(self, node: ast.BinOp, inner: frozenset[str]) -> Expr:
        terms = _terms(node)
        total = NOTHING
        while terms:
            factor, term = terms.pop(0)
            # log1p(exp(-abs(u))) + max(u, 0) is the smooth log(1 + exp(u)): no kink at 0 comes of it.
            small = _softplus_argument(self.seen(term))
            for at, (other_factor, other) in enumerate(terms):
                line = _line_argument(other)
                if line is None:
                    found = _softplus_argument(self.seen(other))
                    line, u = (_line_argument(term), found) if found is not None else (None, None)
                else:
                    u = small
                if u is not None and line is not None and factor == other_factor and self._same_size(u, line):
                    terms.pop(at)
                    bent = over(ONE, ONE + call("exp", -self.of(line)))
                    total = total + constant(factor) * bent * self.slope(line, inner)
                    break
            else:
                total = total + constant(factor) * self.slope(term, inner)
        return total

    def _same_size(self, one: ast.expr, other: ast.expr) -> bool:
        """Whether the two are the same but for a sign, which may depend on the label."""
        quotient = over(self.of(other), self.of(one))
        if quotient in (ONE, -ONE):
            return True
        return quotient.text().lstrip("-") in self.steps and _is_sign(self.steps[quotient.text().lstrip("-")])

    def _call(self, node: ast.Call, function: str, inner: frozenset[str]) -> Expr:
        if function in ("max", "min") and len(node.args) == 2:
            split = _split_max(node)
            assert split is not None
            return self._either(split, lambda one: one, inner)
        if function == "sum":
            return self._sum_over(node.args[0], inner)
        if function in ("max", "min"):
            return self._greatest(node, inner)
        (inside,) = node.args
        if (split := _split_max(inside)) is not None:
            return self._either(split, lambda one: ast.Call(node.func, [one], []), inner)
        u, rise = self.of(inside), self.slope(inside, inner)
        match function:
            case "abs":
                return call("sign", u) * rise
            case "log":
                return over(rise, u)
            case "log1p":
                return over(rise, ONE + u)
            case "exp":
                return rise * call("exp", u)
            case "expm1":
                return rise * call("exp", u)
            case "sqrt":
                return over(rise, constant(2) * self.of(node))
            case "atan":
                return over(rise, ONE + power(u, 2))
            case "tanh":
                return rise * (ONE - power(self.of(node), 2))
        raise NoGradientError(f"`{function}` is not differentiated")

    def _either(self, split: tuple[str, ast.expr, ast.expr], made: Any, inner: frozenset[str]) -> Expr:
        test, one, other = split
        return condition(test, self.slope(made(one), inner), self.slope(made(other), inner))

    # -- several columns ----------------------------------------------------------------------------

    def _sum_over(self, node: ast.expr, inner: frozenset[str]) -> Expr:
        node = self.seen(node)
        match node:
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Slice() as part) if name == self.role:
                if part.lower is not None or part.upper is None or inner:
                    raise NoGradientError("its definition takes predictions by their places")
                return condition(f"{J} < {_text(part.upper)}", ONE, NOTHING)
        if not isinstance(node, ast.GeneratorExp | ast.ListComp):
            raise NoGradientError(f"a sum over `{_text(node)}` is not differentiated")
        if isinstance(node.elt, ast.Constant):
            return NOTHING  # a count: it goes in steps
        if inner:
            raise NoGradientError("a sum within a sum over predictions is not differentiated")
        if (halves := self._by_case(node)) is not None:
            test, one, other = halves
            return condition(test, self._sum_over(one, inner), self._sum_over(other, inner))
        return self._comprehension(self._inlined(node))

    def _by_case(self, node: Any) -> tuple[str, ast.expr, ast.expr] | None:
        """A comprehension over one thing or another, as two comprehensions."""
        over_what = self.seen(node.generators[0].iter)
        if not isinstance(over_what, ast.IfExp):
            return None
        one, other = copy.deepcopy(node), copy.deepcopy(node)
        one.generators[0].iter, other.generators[0].iter = over_what.body, over_what.orelse
        return _text(over_what.test), one, other

    def _inlined(self, node: Any) -> Any:
        """The comprehension over what its lists are made of, in their place: `sum(m for m in missed)`."""
        node = copy.deepcopy(node)
        done: list[ast.comprehension] = []
        waiting = list(node.generators)
        while waiting:
            part = waiting.pop(0)
            held = self.seen(part.iter)
            rest = [*done, *waiting]
            if isinstance(held, ast.Tuple):  # for x in (y, p)
                # One element after the other: a sum of the bodies, each under the condition.
                bodies = []
                for element in held.elts:
                    swap = {_name(part.target): element}
                    body = _replaced(node.elt, swap)
                    for test in part.ifs:
                        body = ast.IfExp(_replaced(test, swap), body, ast.Constant(0))
                    bodies.append(body)
                node.elt = bodies[0]
                for body in bodies[1:]:
                    node.elt = ast.BinOp(node.elt, ast.Add(), body)
            elif isinstance(held, ast.ListComp) and self.depends(held):
                held = copy.deepcopy(held)
                used = {name for other in rest for name in _names(other.target)}
                used |= _names(node.elt) - _names(part.target)
                for name in {n for g in held.generators for n in _names(g.target)} & used:
                    self.fresh += 1
                    held = _replaced(held, {name: ast.Name(f"{name}{self.fresh + 1}", ast.Load())})
                swap = {_name(part.target): held.elt}
                held.generators[-1].ifs += [_replaced(test, swap) for test in part.ifs]
                if isinstance(held.elt, ast.IfExp):
                    choice = held.elt
                    name = _name(part.target)
                    node.elt = ast.IfExp(
                        choice.test,
                        _replaced(node.elt, {name: choice.body}),
                        _replaced(node.elt, {name: choice.orelse}),
                    )
                else:
                    node.elt = _replaced(node.elt, swap)
                waiting = [*held.generators, *waiting]
            else:
                done.append(part)
        node.generators = done
        return node

    def _comprehension(self, node: Any) -> Expr:
        total = NOTHING
        loops = [frozenset(_names(part.target)) for part in node.generators]
        for at, part in enumerate(node.generators):
            # The term of column j: what the loop calls the prediction is that of column j.
            places, own = self._places(part)
            if own is None:
                continue
            slope = self.slope(node.elt, frozenset({own}))
            swap = {name: ast.parse(text, mode="eval").body for name, text in places.items()}
            rest = [copy.deepcopy(other) for k, other in enumerate(node.generators) if k != at]
            for other in rest:
                other.ifs = [_replaced(test, swap) for test in other.ifs]
            slope = slope.replaced(places)
            if rest:
                slope = self._summed(slope, rest)
            for test in reversed(part.ifs):
                slope = condition(_text(_replaced(test, swap)), slope, NOTHING)
            total = total + slope
        # What all terms share, such as the greatest score, moves with column j as well.
        hidden = frozenset().union(*loops)
        if any(self.depends(ast.Name(name, ast.Load())) for name in _names(node.elt) - hidden):
            total = total + self._summed(self.slope(node.elt), node.generators)
        return total

    def _summed(self, slope: Expr, generators: list[ast.comprehension]) -> Expr:
        hidden = frozenset(name for part in generators for name in _names(part.target))
        return group_sum(slope, hidden, [_loop(part) for part in generators])

    def _places(self, part: ast.comprehension) -> tuple[dict[str, str], str | None]:
        """What the names of a loop are in column j, and which of them is the prediction."""
        places: dict[str, str] = {}
        match part.iter:
            case ast.Call(func=ast.Name(id="zip"), args=args):
                assert isinstance(part.target, ast.Tuple)
                pairs = list(zip(part.target.elts, args, strict=True))
            case ast.Call(func=ast.Name(id="enumerate"), args=[inside]):
                assert isinstance(part.target, ast.Tuple)
                count, cell = part.target.elts
                places[_name(count)] = J
                pairs = [(cell, inside)]
            case ast.Call(func=ast.Name(id="range")):
                return {}, None
            case _:
                if self._is_range(part.iter):
                    return {}, None
                pairs = [(part.target, part.iter)]
        own = None
        for target, held in pairs:
            if isinstance(held, ast.Name) and held.id == self.role:
                own = _name(target)
            elif self.depends(held):
                raise NoGradientError(f"a loop over `{_text(held)}` is not differentiated")
            places[_name(target)] = f"{_text(held)}[{J}]"
        return (places, own) if own is not None else ({}, None)

    def _is_range(self, node: ast.expr) -> bool:
        held = self.seen(node)
        return isinstance(held, ast.Call) and _text(held.func) == "range"

    def _greatest(self, node: ast.Call, inner: frozenset[str]) -> Expr:
        """The slope of the greatest of the columns: 1 for that one."""
        if inner:
            return NOTHING
        (held,) = node.args
        shown = next(
            (name for name, step in self.steps.items() if ast.dump(step) == ast.dump(node)), _text(node)
        )
        if isinstance(held, ast.Name) and held.id == self.role:
            return condition(f"{self.role}[{J}] == {shown}", ONE, NOTHING)
        if isinstance(held, ast.GeneratorExp) and isinstance(held.elt, ast.Name):
            (part,) = held.generators
            places, own = self._places(part)
            if held.elt.id == own:
                swap = {name: ast.parse(text, mode="eval").body for name, text in places.items()}
                tests = [_text(_replaced(test, swap)) for test in part.ifs]
                return condition(" and ".join([*tests, f"{places[own]} == {shown}"]), ONE, NOTHING)
        raise NoGradientError(f"`{_text(node)}` is not differentiated")

    # -- the value of a number, for the algebra ------------------------------------------------------

    def of(self, node: ast.expr) -> Expr:
        match node:
            case ast.Constant(value=bool() | None | str()):
                return symbol(_text(node))
            case ast.Constant(value=int() | float() as value):
                return constant(value)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.of(operand)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self.of(left) + self.of(right)
            case ast.BinOp(left=left, op=ast.Sub(), right=right):
                return self.of(left) - self.of(right)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return self.of(left) * self.of(right)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return over(self.of(left), self.of(right))
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return power(self.of(left), self.of(right))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return condition(_text(test), self.of(body), self.of(orelse))
            case ast.Call(func=ast.Name(id="abs" | "log" | "log1p" | "exp" | "expm1" | "sqrt" as name)):
                return call(name, self.of(node.args[0]))
            case ast.Name(id=name):
                held = self.steps.get(name)
                # A name for a size: times the sign of what is inside it is that itself.
                inside = held.args[0] if isinstance(held, ast.Call) and _text(held.func) == "abs" else None
                return symbol(name, size_of=None if inside is None else self.of(inside))
        return symbol(_text(node))


# ------------------------------------------------------------------------------------------------
# Python as text
# ------------------------------------------------------------------------------------------------


def _text(node: ast.AST) -> str:
    text = ast.unparse(node).replace(" ** ", "**").replace("'", '"')
    # `sum((x for x in xs))`: the inner parentheses say nothing.
    at = 0
    while (at := text.find("((", at)) >= 0:
        depth, end = 0, at + 1
        while True:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            if depth == 0:
                break
            end += 1
        called = at > 0 and text[at - 1].isalnum()
        if called and text[end + 1 : end + 2] == ")" and " for " in text[at:end]:
            text = text[: at + 1] + text[at + 2 : end] + text[end + 1 :]
        at += 1
    return text


def _loop(part: ast.comprehension) -> tuple[str, str, tuple[str, ...]]:
    target = _text(part.target)
    target = target[1:-1] if target.startswith("(") else target
    return target, _text(part.iter), tuple(_text(test) for test in part.ifs)


def _name(node: ast.expr) -> str:
    if not isinstance(node, ast.Name):
        raise NoGradientError(f"`{_text(node)}` is not one name")
    return node.id


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


class _Replace(ast.NodeTransformer):
    def __init__(self, swap: Mapping[str, ast.expr]) -> None:
        self.swap = swap

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self.swap:
            return node
        held = copy.deepcopy(self.swap[node.id])
        return ast.Name(held.id, node.ctx) if isinstance(held, ast.Name) else held


class _WithoutLengths(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        return ast.Constant(0) if _text(node.func) == "len" else self.generic_visit(node)


def _without_lengths(node: ast.AST) -> ast.AST:
    """Without `len(pred)`: how many columns there are does not depend on what stands in them."""
    return _WithoutLengths().visit(copy.deepcopy(node))  # type: ignore[no-any-return]


def _replaced(node: Any, swap: Mapping[str, ast.expr]) -> Any:
    return _Replace(swap).visit(copy.deepcopy(node))


def _terms(node: ast.expr, factor: int = 1) -> list[tuple[int, ast.expr]]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        second = factor if isinstance(node.op, ast.Add) else -factor
        return _terms(node.left, factor) + _terms(node.right, second)
    return [(factor, node)]


def _split_max(node: ast.expr) -> tuple[str, ast.expr, ast.expr] | None:
    """`max(a, b)` as a condition, and what it is then and else; a constant stands on the right."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 2):
        return None
    if node.func.id not in ("max", "min"):
        return None
    one, other = node.args
    if isinstance(one, ast.Constant):
        one, other = other, one
    sign = ast.Gt() if node.func.id == "max" else ast.Lt()
    return _text(ast.Compare(one, [sign], [other])), one, other


def _softplus_argument(node: ast.expr) -> ast.expr | None:
    """u of `log1p(exp(-abs(u)))`."""
    match node:
        case ast.Call(
            func=ast.Name(id="log1p"),
            args=[
                ast.Call(
                    func=ast.Name(id="exp"),
                    args=[ast.UnaryOp(op=ast.USub(), operand=ast.Call(func=ast.Name(id="abs"), args=[u]))],
                )
            ],
        ):
            return u
    return None


def _line_argument(node: ast.expr) -> ast.expr | None:
    """u of `max(u, 0)`."""
    match node:
        case ast.Call(func=ast.Name(id="max"), args=[u, ast.Constant(value=0)]):
            return u
    return None


def _is_sign(node: ast.expr) -> bool:
    return isinstance(node, ast.IfExp) and {_text(node.body), _text(node.orelse)} == {"1", "-1"}
