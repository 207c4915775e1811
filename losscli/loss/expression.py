"""The one safe language of `--where` and of `expr:` losses: comparison, arithmetic, a few functions.

A text is parsed by Python's own grammar and then walked: what is not in the tables below is refused, and
nothing is ever run.  Columns are arrays; a missing number is NaN, a missing text is empty.  A comparison
with a missing value is neither true nor false, and so is its ``not``; at the end, only what is true counts.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.errors import UsageError
from losscli.text import plural

if TYPE_CHECKING:
    from losscli.table.block import Floats

MOST_CHARACTERS = 2000
MOST_DEPTH = 50

ValueKind: TypeAlias = Literal["number", "text"]
Operand: TypeAlias = Any  # a column of numbers or of text, or a single one

NUMBERS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
    ast.Pow: np.power,
}
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
}
FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {
    "abs": (1, np.abs),
    "sqrt": (1, np.sqrt),
    "exp": (1, np.exp),
    "expm1": (1, np.expm1),
    "log": (1, np.log),
    "log1p": (1, np.log1p),
    "log2": (1, np.log2),
    "log10": (1, np.log10),
    "floor": (1, np.floor),
    "ceil": (1, np.ceil),
    "round": (1, np.rint),
    "sign": (1, np.sign),
    "min": (2, np.minimum),
    "max": (2, np.maximum),
}
SIDES = ("preds", "labels")


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed text, and the columns that it needs: their names, and whether they are read as numbers or text."""

    text: str
    tree: ast.expr
    columns: Mapping[str, ValueKind]

    def __hash__(self) -> int:
        return hash(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and other.text == self.text

    def __reduce__(self) -> tuple[Any, ...]:
        return parse, (self.text,)

    def numbers(self, columns: Mapping[str, Operand], rows: int) -> Floats:
        """The value of every row; NaN where it is missing or not defined."""
        with np.errstate(all="ignore"):
            value = _Evaluation(columns).value(self.tree)
        return np.broadcast_to(np.asarray(value, dtype=np.float64), (rows,)).copy()

    def holds(self, columns: Mapping[str, Operand], rows: int) -> NDArray[np.bool_]:
        """Where the expression is true: not where it is unknown."""
        true: NDArray[np.bool_] = self.numbers(columns, rows) == 1.0
        return true


def parse(text: str, by: str = "") -> Expression:
    """Parse an expression; UsageError says what is not part of the language, and where.

    ``by`` is what precedes the text in the call and in the error: an option, or the name of the loss.
    """
    if len(text) > MOST_CHARACTERS:
        raise UsageError(f"an expression has at most {MOST_CHARACTERS} characters, this one {len(text)}")
    quoted: dict[str, str] = {}

    def stand_in(match: re.Match[str]) -> str:
        name = f"__column_{len(quoted)}"
        quoted[name] = match[1]
        return name

    plain = re.sub(r"`([^`]+)`", stand_in, text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's warnings of style do not concern the user
            tree = ast.parse(plain.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _refused(f"{by}{text}", "it cannot be read") from None
    checker = _Checker(f"{by}{text}", quoted)
    kind = checker.kind(tree, 0)
    if kind == "text":
        raise _refused(f"{by}{text}", "its value is text")
    for name in checker.only_missing:
        checker.columns.setdefault(name, "text")
    return Expression(text, tree, dict(checker.columns))


def _refused(text: str, why: str) -> UsageError:
    functions = ", ".join([*FUNCTIONS, "missing"])
    return UsageError(
        f"`{text}` is no expression: {why}",
        f"the language has columns, numbers, 'text', + - * / // % **, == != < <= > >= in, and or not, "
        f"`a if b else c`, and the functions {functions}",
        "for example \"country == 'de' and age >= 30\"; a column name with other signs stands in backticks",
    )


class _Checker:
    """Walks a tree once: refuses what is not in the language, and decides what each column is read as."""

    def __init__(self, text: str, quoted: Mapping[str, str]) -> None:
        self.text = text
        self.quoted = quoted
        self.columns: dict[str, ValueKind] = {}
        self.only_missing: set[str] = set()  # columns that only `missing` looks at

    def kind(
        self, node: ast.expr, depth: int, wanted: ValueKind | None = None, beside: str = ""
    ) -> ValueKind:
        """The kind of a node's value; ``wanted`` is the kind that its place needs, ``beside`` why."""
        if depth > MOST_DEPTH:
            raise _refused(self.text, f"it is nested more than {MOST_DEPTH} deep")
        found = self._kind(node, depth + 1, wanted)
        if wanted is not None and found != wanted:
            what = {"number": "a number", "text": "text"}
            said = f"`{ast.unparse(node)}` is {what[found]}, and {what[wanted]} is needed there"
            raise _refused(self.text, f"{said}{f', beside {beside}' if beside else ''}")
        return found

    def _kind(self, node: ast.expr, depth: int, wanted: ValueKind | None) -> ValueKind:
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                return "text"
            if isinstance(node.value, (bool, int, float)):
                self._refuse_rounded(node.value)
                return "number"
        elif (name := self._column(node)) is not None:
            return self._read_as(name, wanted or self.columns.get(name, "number"))
        elif isinstance(node, ast.BoolOp):
            for value in node.values:
                self.kind(value, depth, "number")
            return "number"
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub, ast.UAdd)):
            return self.kind(node.operand, depth, "number")
        elif isinstance(node, ast.BinOp) and type(node.op) in NUMBERS:
            self.kind(node.left, depth, "number")
            return self.kind(node.right, depth, "number")
        elif isinstance(node, ast.IfExp):
            self.kind(node.test, depth, "number")
            first = self.kind(node.body, depth, wanted)
            return self.kind(node.orelse, depth, first)
        elif isinstance(node, ast.Compare):
            return self._compare(node, depth)
        elif isinstance(node, ast.Call):
            return self._call(node, depth)
        raise _refused(self.text, f"`{ast.unparse(node)}` is not part of the language")

    def _refuse_rounded(self, number: float) -> None:
        """Refuse a number beyond the doubles, and a whole one that no double is: no cell could equal it."""
        try:
            exact = float(number) == number and math.isfinite(number)
        except OverflowError:
            exact = False
        if not exact and isinstance(number, int):
            digits = str(number)
            shown = f"`{digits}`" if len(digits) <= 40 else f"a number of {len(digits)} digits"
            raise _refused(self.text, f"{shown} is a whole number that no double is")
        if not exact:
            raise _refused(self.text, "it holds a number beyond the largest double")

    def _column(self, node: ast.expr) -> str | None:
        name: str | None = None
        if isinstance(node, ast.Name):
            name = self.quoted.get(node.id, node.id)
            node.id = name
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in SIDES:
            node.attr = self.quoted.get(node.attr, node.attr)
            name = f"{node.value.id}.{node.attr}"
        return name

    def _read_as(self, name: str, kind: ValueKind) -> ValueKind:
        known = self.columns.setdefault(name, kind)
        if known != kind:
            raise _refused(self.text, f"column `{name}` is used as a number and as text")
        return kind

    def _compare(self, node: ast.Compare, depth: int) -> ValueKind:
        sides = [node.left, *node.comparators]
        listed: list[ast.expr] = []
        for op, side in zip(node.ops, node.comparators, strict=True):
            if isinstance(op, (ast.In, ast.NotIn)):
                if not isinstance(side, (ast.Tuple, ast.List, ast.Set)) or not side.elts:
                    raise _refused(self.text, "`in` needs a list: `x in ('a', 'b')`")
                listed.append(side)
            elif type(op) not in COMPARISONS:
                raise _refused(self.text, "`is` is not part of the language: write `==`")
        plain = [side for side in sides if side not in listed]
        plain += [value for side in listed for value in side.elts]  # type: ignore[attr-defined]
        # What is known to be text, or is a column that is text elsewhere, makes the others text.
        text = next((side for side in plain if self._is_text(side)), None)
        wanted: ValueKind = "number" if text is None else "text"
        name = None if text is None else self._column(text)
        beside = "" if text is None else f"column `{name}`" if name else f"`{ast.unparse(text)}`"
        for side in plain:
            self.kind(side, depth, wanted, "" if side is text else beside)
        return "number"

    def _is_text(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Constant):
            return isinstance(node.value, str)
        name = self._column(node)
        return name is not None and self.columns.get(name) == "text"

    def _call(self, node: ast.Call, depth: int) -> ValueKind:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if node.keywords or not node.args or any(isinstance(a, ast.Starred) for a in node.args):
            raise _refused(self.text, f"`{ast.unparse(node)}` is no call of one of the functions")
        if name == "missing":
            column = self._column(node.args[0]) if len(node.args) == 1 else None
            if column is None:
                raise _refused(self.text, "`missing` takes one column")
            self.only_missing.add(column)
            return "number"
        if name not in FUNCTIONS:
            raise _refused(self.text, f"there is no function `{name or ast.unparse(node.func)}`")
        count = FUNCTIONS[name][0]
        if len(node.args) != count and not (count == 2 and len(node.args) > 2):
            raise _refused(self.text, f"`{name}` takes {plural(count, 'value')}")
        for value in node.args:
            self.kind(value, depth, "number")
        return "number"


class _Evaluation:
    """Walks a checked tree over columns.  True, false and unknown are 1.0, 0.0 and NaN."""

    def __init__(self, columns: Mapping[str, Operand]) -> None:
        self.columns = columns

    def value(self, node: ast.expr) -> Operand:
        """The value of a part of the expression: a number, a text, or an array with one a row."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else float(node.value)  # type: ignore[arg-type]
        if isinstance(node, ast.Name):
            return self.columns[node.id]
        if isinstance(node, ast.Attribute):
            assert isinstance(node.value, ast.Name)
            return self.columns[f"{node.value.id}.{node.attr}"]
        if isinstance(node, ast.BoolOp):
            values = [_truth(self.value(value)) for value in node.values]
            return _all(values) if isinstance(node.op, ast.And) else 1.0 - _all([1.0 - v for v in values])
        if isinstance(node, ast.UnaryOp):
            operand = self.value(node.operand)
            if isinstance(node.op, ast.Not):
                return 1.0 - _truth(operand)
            return -operand if isinstance(node.op, ast.USub) else operand
        if isinstance(node, ast.BinOp):
            return NUMBERS[type(node.op)](self.value(node.left), self.value(node.right))
        if isinstance(node, ast.IfExp):
            test = _truth(self.value(node.test))
            chosen = np.where(test == 1.0, self.value(node.body), self.value(node.orelse))
            return np.where(np.isnan(test), np.nan, chosen)
        if isinstance(node, ast.Compare):
            return self._compare(node)
        assert isinstance(node, ast.Call)
        assert isinstance(node.func, ast.Name)
        values = [self.value(value) for value in node.args]
        if node.func.id == "missing":
            return np.asarray(_is_missing(values[0]), dtype=np.float64)
        function = FUNCTIONS[node.func.id][1]
        result = function(*values[:2])
        for more in values[2:]:
            result = function(result, more)
        return result

    def _compare(self, node: ast.Compare) -> Operand:
        left, found = self.value(node.left), []
        for op, side in zip(node.ops, node.comparators, strict=True):
            if isinstance(op, (ast.In, ast.NotIn)):
                assert isinstance(side, (ast.Tuple, ast.List, ast.Set))
                equal = [_compared(np.equal, left, self.value(value)) for value in side.elts]
                within = 1.0 - _all([1.0 - each for each in equal])
                found.append(within if isinstance(op, ast.In) else 1.0 - within)
            else:
                right = self.value(side)
                found.append(_compared(COMPARISONS[type(op)], left, right))
                left = right
        return _all(found)


def _compared(compare: Callable[[Any, Any], Any], one: Operand, other: Operand) -> Operand:
    known = ~(_is_missing(one) | _is_missing(other))
    return np.where(known, np.asarray(compare(one, other), dtype=np.float64), np.nan)


def _is_missing(value: Operand) -> Any:
    array = np.asarray(value)
    return array == "" if array.dtype.kind in "OU" else np.isnan(array)


def _truth(value: Operand) -> Operand:
    """A number as true (not zero), false or unknown."""
    return np.where(np.isnan(value), np.nan, np.not_equal(value, 0.0).astype(np.float64))


def _all(values: list[Operand]) -> Operand:
    """Kleene's conjunction: false where any is false, else unknown where any is unknown."""
    least = values[0]
    for value in values[1:]:
        false = (least == 0.0) | (value == 0.0)
        least = np.where(false, 0.0, np.minimum(least, value))
    return least
