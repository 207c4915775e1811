"""The definition in a loss's docstring, run in 400 digits.

The indented block is Python: assignments, then one expression, the value.  It is parsed, looked over
and evaluated here with every number exact or in 400 digits, so that what is printed for people is also
what the kernels are held to.  A block speaks of one row (``label`` and ``pred``: a number, a class or a
list of numbers), or, where a loss is no mean of rows, of ``rows`` and of the lists ``label``, ``pred``
and ``weight``; and of the parameters by their names.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import Any

import mpmath
import numpy as np

from losscli.loss.declare import Loss

DIGITS, MANY_DIGITS = 400, 2000
MP = mpmath.MPContext()  # a context of its own: nobody else's precision is changed
MP.dps = DIGITS

FARTHEST = MP.mpf(10) ** 1000
"""The exponential of a greater number is infinity, or nothing, in any number of digits."""
GREATEST = math.ldexp(1.0 - 2.0**-53, 1024)
GREATEST_ULP = math.ulp(GREATEST)


def exp(x: Any) -> mpmath.mpf:
    """e^x; beyond the range of doubles by far, only its size, unless many digits are asked for.

    The digits of exp(-1e600) would cost more than all others together, and next to 1 it is nothing.  Farther off,
    as exp(-exp(1e6)) is, even its exponent has too many digits.
    """
    if abs(x) > FARTHEST:
        return MP.inf if x > 0 else MP.mpf(0)
    if abs(x) < 1e5 or MP.dps > DIGITS or not MP.isfinite(x):
        return MP.exp(x)
    return MP.ldexp(1, int(x / MP.ln2))


def expm1(x: Any) -> mpmath.mpf:
    return MP.expm1(x) if abs(x) < 1e5 else exp(x) - 1


def erfc(x: Any) -> mpmath.mpf:
    """1 - erf(x), beyond 300 by its asymptotic series (DLMF 7.12.1), and as `exp` by its size where that is."""
    if x < 0:
        return 2 - erfc(-x)  # mpmath sums the series of erf, of some x**2 terms
    if x < 300 or not MP.isfinite(x):
        return MP.erfc(x)
    term = total = exp(-(x**2)) / (x * MP.sqrt(MP.pi))
    step, least = -1 / (2 * x**2), abs(total) * MP.mpf(10) ** -MP.dps
    for k in range(1, MP.dps):
        if abs(term) <= least:
            break
        term *= step * (2 * k - 1)
        total += term
    return total


def ive(order: int, x: Any) -> mpmath.mpf:
    """The modified Bessel function times exp(-x)."""
    with MP.workdps(60 if x > 1000 else MP.dps):
        return MP.besseli(order, x) * MP.exp(-MP.mpf(x))


def gammainc(a: Any, x: Any) -> mpmath.mpf:
    """The regularised lower incomplete gamma function, by its series or the continued fraction of the rest.

    Where many terms are needed there are fewer digits.
    """
    a, x = MP.mpf(a), MP.mpf(x)
    if x == 0:
        return MP.mpf(0)
    with MP.workdps(60 if a > 1000 else MP.dps + 10):
        front = exp(a * MP.log(x) - x - MP.loggamma(a + 1))
        least = MP.mpf(10) ** -MP.dps
        if x < max(a + 1, 1000):
            term = total = MP.mpf(1)
            above = a
            while term > least * total:
                above += 1
                term *= x / above
                total += term
            return front * total
        # Lentz's evaluation of DLMF 8.9.2.
        below = x + 1 - a
        upper, lower = MP.inf, 1 / below
        total, step, change = lower, 0, MP.mpf(0)
        while abs(change - 1) > least:
            step += 1
            share = -step * (step - a)
            below += 2
            lower = 1 / (share * lower + below)
            upper = below + share / upper
            change = upper * lower
            total *= change
        return 1 - front * a * total


def alignment(one: Any, other: Any) -> tuple[int, int]:
    """The fewest edits that make one sequence of another, and the most parts that stay in so many edits."""
    table = {(0, 0): (0, 0)}
    for i in range(len(one) + 1):
        for j in range(len(other) + 1):
            ways = [(table[i - 1, j][0] + 1, table[i - 1, j][1])] if i else []
            ways += [(table[i, j - 1][0] + 1, table[i, j - 1][1])] if j else []
            if i and j:
                edits, hits = table[i - 1, j - 1]
                same = one[i - 1] == other[j - 1]
                ways.append((edits + (not same), hits + same))
            if ways:
                table[i, j] = min(ways, key=lambda way: (way[0], -way[1]))
    return table[len(one), len(other)]


def betainc(a: Any, b: Any, x: Any) -> mpmath.mpf:
    """The regularised incomplete beta function, by the series of the lesser part."""
    a, b, x = MP.mpf(a), MP.mpf(b), MP.mpf(x)
    if x in (0, 1):
        return x
    if 2 * x > 1:
        return 1 - betainc(b, a, 1 - x)
    mean = a / (a + b)
    if x > mean and a * MP.log(mean / x) + b * MP.log((1 - mean) / (1 - x)) > 3 * MP.dps:
        return MP.mpf(1)  # and less is left of it than digits are kept
    front = a * MP.log(x) + b * MP.log1p(-x) + MP.loggamma(a + b) - MP.loggamma(a + 1) - MP.loggamma(b)
    term = total = MP.mpf(1)
    k = 0
    while term > MP.mpf(10) ** -MP.dps * total:
        k += 1
        term *= x * (a + b + k - 1) / (a + k)
        total += term
    return exp(front) * total


def hyp2f1(a: Any, b: Any, c: Any, z: Any) -> mpmath.mpf:
    """Gauss's hypergeometric function; with many terms that cancel, by its integral (DLMF 15.6.1) and fewer digits."""
    if abs(b * z) < 20:
        return MP.hyp2f1(a, b, c, z)
    assert (a, c) == (MP.mpf(1) / 2, 2), "the integral is that over cos(t)**2"
    with MP.workdps(60):
        # 4 / pi times the integral over cos(t)**2 * (1 - z * sin(t)**2)**-b, with tan(t) = sinh(s).
        root, step = MP.sqrt(1 - z), MP.mpf(1) / 8 / MP.sqrt(abs(b * z))
        total, k, term = MP.mpf(1) / 2, 0, MP.mpf(1)
        while term > MP.mpf(10) ** -MP.dps:
            k += 1
            sine = MP.sinh(step * k) ** 2
            term = ((1 + (root * root) * sine) / (1 + sine)) ** -b / (1 + sine) ** (MP.mpf(3) / 2)
            total += term
        return 4 / MP.pi * step * total


WORDS: dict[str, Any] = {
    "abs": abs, "max": max, "min": min, "sum": sum, "len": len, "zip": zip, "enumerate": enumerate,
    "range": range, "sorted": sorted, "comb": math.comb, "all": all, "any": any,
    "log": MP.log, "log1p": MP.log1p, "log2": lambda x: MP.log(x, 2), "exp": exp, "expm1": expm1,
    "sqrt": MP.sqrt, "sinh": MP.sinh, "cosh": MP.cosh, "tanh": MP.tanh, "atan": MP.atan, "erf": MP.erf,
    "erfc": erfc, "gammainc": gammainc, "ive": ive, "betainc": betainc, "hyp2f1": hyp2f1,
    "lgamma": MP.loggamma, "floor": MP.floor,
    "float": lambda x: MP.mpf(nearest(MP.mpf(x))), "pi": MP.pi, "inf": MP.inf,
    "words": str.split, "edits": lambda one, other: alignment(one, other)[0],
    "hits": lambda one, other: alignment(one, other)[1],
}  # fmt: skip
"""What a definition may speak of besides its roles, parameters and own names."""

PLAIN = (
    ast.Module, ast.Assign, ast.Expr, ast.Name, ast.Load, ast.Store, ast.Constant, ast.Tuple, ast.List,
    ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.Mod, ast.FloorDiv, ast.UnaryOp, ast.USub,
    ast.UAdd, ast.Not, ast.BoolOp, ast.And, ast.Or, ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt,
    ast.GtE, ast.In, ast.NotIn, ast.IfExp, ast.Call, ast.keyword, ast.Subscript, ast.Slice, ast.GeneratorExp,
    ast.ListComp, ast.comprehension,
)  # fmt: skip


SHARES = ("quantile", "share")
"""The parameters that are a share of all rows."""


class Share(Fraction):
    """A share as it is written: 0.9 is nine tenths, not the double next to it; its products round once."""

    def __mul__(self, other: Any) -> Any:
        return other * self.numerator / self.denominator

    __rmul__ = __mul__

    def __rsub__(self, other: Any) -> Any:
        return Share(other - Fraction(self)) if isinstance(other, int) else other - Fraction(self)


class Definition:
    """A definition, ready to be called with the names that it speaks of."""

    def __init__(self, text: str) -> None:
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if not isinstance(node, PLAIN):
                raise ValueError(f"a definition is plain arithmetic, without {type(node).__name__}: {text}")
            if isinstance(node, ast.Name) and node.id.startswith("_"):
                raise ValueError(f"a definition does not speak of `{node.id}`")
        *steps, value = tree.body or [None]
        if not isinstance(value, ast.Expr) or not all(isinstance(step, ast.Assign) for step in steps):
            raise ValueError(f"a definition is assignments, then one expression:\n{text}")
        tree = ast.fix_missing_locations(_Exactly().visit(tree))
        last = tree.body.pop()
        self.text = text
        self._steps = compile(tree, "<definition>", "exec")
        self._value = compile(ast.Expression(last.value), "<definition>", "eval")

    def __call__(self, **names: Any) -> mpmath.mpf:
        return MP.mpf(self.run(names))

    def run(self, names: Mapping[str, Any]) -> Any:
        """The value with these names, which stand before the words of the language."""
        # One dictionary for all names: a comprehension sees globals only.
        space = {"__builtins__": {}, "_number": MP.mpf, "_over": _over, "_power": _power, **WORDS, **names}
        exec(self._steps, space)
        return eval(self._value, space)


class _Exactly(ast.NodeTransformer):
    """Decimal literals become numbers of 400 digits; whole ones stay exact, until they are divided."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if isinstance(node.value, float):
            return ast.Call(ast.Name("_number", ast.Load()), [ast.Constant(repr(node.value))], [])
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        called = {ast.Div: "_over", ast.Pow: "_power"}.get(type(node.op))
        if called is None:
            return node
        return ast.Call(ast.Name(called, ast.Load()), [node.left, node.right], [])


@cache
def definition_of(text: str) -> Definition:
    """The definition that a text states, compiled once."""
    return Definition(text)


def _over(one: Any, other: Any) -> mpmath.mpf:
    return MP.mpf(one) / other


def _power(base: Any, exponent: Any) -> mpmath.mpf:
    return MP.mpf(base) ** exponent


# ------------------------------------------------------------------------------------------------
# What a definition is called with
# ------------------------------------------------------------------------------------------------


def exact(value: Any) -> Any:
    """A cell, a row of cells or a parameter as a definition takes it: numbers exact, classes as int."""
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, tuple):
        return [exact(part) for part in value]
    if isinstance(value, np.ndarray):
        return [exact(cell) for cell in value.tolist()]
    if isinstance(value, np.integer):
        return int(value)
    return MP.mpf(float(value))


def of_rows(loss: Loss, roles: Mapping[str, Any], params: Mapping[str, Any]) -> list[mpmath.mpf]:
    """The definition's value for each row."""
    definition = definition_of(loss.doc.definition)
    given = {name: exact(value) for name, value in params.items()}
    return [
        definition(**given, **{name: exact(cell) for name, cell in zip(roles, cells, strict=True)})
        for cells in zip(*roles.values(), strict=True)
    ]


def checked(loss: Loss, roles: Mapping[str, Any], params: Mapping[str, Any], found: Any) -> list[mpmath.mpf]:
    """As `of_rows`; where the doubles found lie off, once more in as many digits as any doubles can need.

    In 400 digits the difference between 1 + 1e-500 and 1 is lost, and with it what a definition says.
    """
    values = of_rows(loss, roles, params)
    for at, (one, value) in enumerate(zip(found.tolist(), values, strict=True)):
        if ulps_off(one, value) > loss.ulps:
            row = {name: column[at : at + 1] for name, column in roles.items()}
            with MP.workdps(MANY_DIGITS):
                (values[at],) = of_rows(loss, row, params)
    return values


def of_whole(loss: Loss, roles: Mapping[str, Any], weight: Any, params: Mapping[str, Any]) -> mpmath.mpf:
    """The value of a definition that speaks of all rows."""
    lists = {name: [exact(cell) for cell in column] for name, column in roles.items()}
    counts = loss.takes_counts(params)
    lists["weight"] = [int(cell) if counts else exact(cell) for cell in weight]
    # A role that a parameter names is a list already.
    given = {name: exact(value) for name, value in params.items() if name not in roles}
    given |= {name: Share(repr(params[name])) for name in SHARES if name in params}
    return definition_of(loss.doc.definition)(**given, **lists, rows=list(zip(*lists.values(), strict=True)))


# ------------------------------------------------------------------------------------------------
# From 400 digits to a double
# ------------------------------------------------------------------------------------------------


def fraction(value: mpmath.mpf) -> Fraction:
    """A finite number of a size between 2^-1200 and 2^1100, or zero, as a fraction."""
    man, exp = value.man_exp
    size = Fraction(int(man)) * Fraction(2) ** int(exp)
    return -size if value < 0 else size


def quotient(value: Fraction) -> float:
    """The double nearest to a fraction: Python rounds the quotient of integers once, half to even."""
    try:
        return value.numerator / value.denominator
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def nearest(value: mpmath.mpf) -> float:
    """The double nearest to a number of 400 digits."""
    if MP.isnan(value):
        return math.nan
    if MP.isinf(value) or MP.mag(value) > 1024:
        return math.inf if value > 0 else -math.inf
    if value == 0 or MP.mag(value) < -1075:
        return 0.0
    return quotient(fraction(value))


def ulps_off(found: float, value: mpmath.mpf) -> float:
    """How far a double lies from a number, in units in the last place of the number's own double.

    Below the smallest normal double the unit is 5e-324; beyond the greatest double, infinity stands
    where the next double would.
    """
    wanted = nearest(value)
    if math.isnan(wanted) or math.isnan(found):
        return math.inf
    if math.isinf(wanted) and math.isinf(found):
        return 0.0 if wanted == found else math.inf
    if MP.isinf(value):
        return math.inf
    held = Fraction(found) if math.isfinite(found) else Fraction(2) ** 1024 * (1 if found > 0 else -1)
    unit = GREATEST_ULP if math.isinf(wanted) else math.ulp(wanted)
    if math.isinf(wanted) and MP.mag(value) > 1030:
        return math.inf
    here = Fraction(0) if wanted == 0.0 and MP.mag(value) < -1200 else fraction(value)
    return quotient(abs(held - here) / Fraction(unit))
