"""Sums of products, kept short: the algebra behind the text of a gradient.

An expression is a sum of terms; a term is a number times powers of factors; a factor is a piece of text,
a sum in parentheses, or a choice between two expressions.  Equal terms are added, equal factors
multiplied; products of sums are multiplied out only where something cancels then.  What is printed is
Python.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import TypeAlias

CHOICE, ANY, ALL, NEGATION, COMPARISON, SUM, PRODUCT, SIGN, POWER, UNIT = range(10)
"""How strongly text holds together: a piece that holds less than its surroundings stands in parentheses."""


@dataclass(frozen=True, slots=True)
class Factor:
    """A piece of text that is not looked into; of a size or a sign it is known what of."""

    word: str
    strength: int = UNIT
    size_of: Expr | None = field(default=None, compare=False)
    sign_of: Expr | None = field(default=None, compare=False)

    def shown(self) -> tuple[str, int]:
        return self.word, self.strength

    def replaced(self, swap: Mapping[str, str]) -> Expr:
        return symbol(_swapped(self.word, swap), self.strength)


@dataclass(frozen=True, slots=True)
class Choice:
    """``then`` where the test holds, ``other`` where it does not."""

    test: str
    then: Expr
    other: Expr

    def shown(self) -> tuple[str, int]:
        tests, then = [_bound(self.test)], self.then
        # a if x else 0, if y else 0: a if y and x else 0.
        while (inner := then.choice()) is not None and inner.other == self.other:
            tests.append(_bound(inner.test))
            then = inner.then
        test = self.test if len(tests) == 1 else " and ".join(dict.fromkeys(tests))
        return f"{then.text(ANY)} if {test} else {self.other.text(CHOICE)}", CHOICE

    def less(self, by: Expr) -> Expr:
        return condition(self.test, self.then - by, self.other - by)

    def negative(self) -> bool:
        """Whether both sides are numbers, none of them above 0."""
        sides = (self.then, self.other)
        return all(side.is_number() and side.number() <= 0 for side in sides)

    def replaced(self, swap: Mapping[str, str]) -> Expr:
        return condition(_swapped(self.test, swap), self.then.replaced(swap), self.other.replaced(swap))


@dataclass(frozen=True, slots=True)
class Group:
    """A sum that is a factor."""

    inside: Expr

    def shown(self) -> tuple[str, int]:
        return self.inside.text(), SUM

    def replaced(self, swap: Mapping[str, str]) -> Expr:
        return self.inside.replaced(swap)


Base: TypeAlias = Factor | Choice | Group
Powers: TypeAlias = "tuple[tuple[Base, Expr], ...]"


@dataclass(frozen=True, slots=True)
class Expr:
    """A sum: terms, each a number and powers of factors."""

    terms: tuple[tuple[Powers, Fraction], ...] = ()

    def __add__(self, other: Expr) -> Expr:
        # The order of factors is that of their first writing, and tells nothing.
        held: dict[frozenset[tuple[Base, Expr]], tuple[Powers, Fraction]] = {}
        for powers, number in (*self.terms, *other.terms):
            first, count = held.get(frozenset(powers), (powers, Fraction(0)))
            held[frozenset(powers)] = first, count + number
        return _with_choices_joined([term for term in held.values() if term[1]])

    def __neg__(self) -> Expr:
        return self * constant(-1)

    def __sub__(self, other: Expr) -> Expr:
        return self + -other

    def __mul__(self, other: Expr) -> Expr:
        if not self.terms or not other.terms:
            return NOTHING
        one, two = (self, other) if len(self.terms) == 1 else (other, self)
        if len(one.terms) == 1 and len(two.terms) > 1 and (one.is_number() or _cancels(one, two)):
            if one.is_number() and not _whole_sum(two, one.terms[0][1]):
                return _product(one, two)
            total = NOTHING
            for term in two.terms:
                total = total + _product(one, Expr((term,)))
            return total
        return _product(self, other)

    def is_number(self) -> bool:
        return not self.terms or (len(self.terms) == 1 and not self.terms[0][0])

    def number(self) -> Fraction:
        return self.terms[0][1] if self.terms else Fraction(0)

    def choice(self) -> Choice | None:
        """The choice that this is, where it is nothing else."""
        match self.terms:
            case ((((Choice() as only, exponent),), number),) if number == 1 and exponent == ONE:
                return only
        return None

    def replaced(self, swap: Mapping[str, str]) -> Expr:
        """With other text for some names."""
        total = NOTHING
        for powers, number in self.terms:
            product = constant(number)
            for base, exponent in powers:
                product = product * power(base.replaced(swap), exponent.replaced(swap))
            total = total + product
        return total

    def text(self, within: int = CHOICE) -> str:
        """As Python, in parentheses where its surroundings hold more strongly."""
        shown, strength = self._shown()
        return f"({shown})" if strength < within else shown

    def _shown(self) -> tuple[str, int]:
        if not self.terms:
            return "0", UNIT
        if len(self.terms) == 1:
            return _term(*self.terms[0])
        # A positive term first: b - a, not -a + b.
        terms = sorted((_sign_in_front(term) for term in self.terms), key=lambda term: term[1] < 0)
        first, *rest = terms
        shown = _in(_term(*first), SUM)
        for powers, number in rest:
            sign, size = (" - ", -number) if number < 0 else (" + ", number)
            shown += sign + _in(_term(powers, size), PRODUCT)
        return shown, SUM


NOTHING = Expr()
ONE = Expr((((), Fraction(1)),))


def constant(value: float | Fraction) -> Expr:
    number = Fraction(str(value)) if isinstance(value, float) else Fraction(value)
    return Expr((((), number),)) if number else NOTHING


def symbol(
    word: str, strength: int = UNIT, *, size_of: Expr | None = None, sign_of: Expr | None = None
) -> Expr:
    return Expr(((((Factor(word, strength, size_of, sign_of), ONE),), Fraction(1)),))


def call(function: str, inside: Expr) -> Expr:
    """A function of one number."""
    if function == "exp" and not inside.terms:
        return ONE
    if function == "sign" and inside.is_number():
        return constant((inside.number() > 0) - (inside.number() < 0))
    word = f"{function}({inside.text()})"
    return symbol(
        word, size_of=inside if function == "abs" else None, sign_of=inside if function == "sign" else None
    )


def condition(test: str, then: Expr, other: Expr) -> Expr:
    then, other = _assuming(then, test, True), _assuming(other, test, False)
    if then == other:
        return then
    return Expr(((((Choice(test, then, other), ONE),), Fraction(1)),))


def _assuming(expr: Expr, test: str, holds: bool) -> Expr:
    """The expression where it is known whether the test holds."""
    if not any(isinstance(base, Choice) for powers, _ in expr.terms for base, _ in powers):
        return expr
    total = NOTHING
    for powers, number in expr.terms:
        product = constant(number)
        for base, exponent in powers:
            held = Expr((((((base, ONE),)), Fraction(1)),))
            if isinstance(base, Choice):
                if base.test == test:
                    held = base.then if holds else base.other
                else:
                    sides = (_assuming(side, test, holds) for side in (base.then, base.other))
                    held = condition(base.test, *sides)
            product = product * power(held, exponent)
        total = total + product
    return total


def power(base: Expr, exponent: Expr | int) -> Expr:
    exponent = constant(exponent) if isinstance(exponent, int) else exponent
    if not exponent.terms:
        return ONE
    if exponent == ONE or base == ONE:
        return base
    if len(base.terms) == 1:
        powers, number = base.terms[0]
        whole = exponent.is_number() and exponent.number().denominator == 1
        if whole or number == 1:
            number = number ** int(exponent.number()) if whole else number
            held = _joined([(one, old * exponent) for one, old in powers])
            return Expr(((held, number),))
    return Expr(((((_as_factor(base), exponent),), Fraction(1)),))


def over(one: Expr, other: Expr) -> Expr:
    return one * power(other, -1)


Loop: TypeAlias = "tuple[str, str, tuple[str, ...]]"


def group_sum(body: Expr, hidden: frozenset[str], loops: Sequence[Loop]) -> Expr:
    """The sum of a term over loops, what does not depend on the loop in front of it."""
    if not body.terms:
        return NOTHING
    choice = body.choice()
    if choice is not None and choice.other == NOTHING and hidden.isdisjoint(names_in(choice.test)):
        return condition(choice.test, group_sum(choice.then, hidden, loops), NOTHING)
    plain = " ".join(f"for {target} in {source}" + _filter(tests) for target, source, tests in loops)
    if len(body.terms) > 1:
        inside = [term for term in body.terms if _speaks(Expr((term,)), hidden)]
        outside = [term for term in body.terms if not _speaks(Expr((term,)), hidden)]
        if not outside:
            return symbol(f"sum({body.text(ANY)} {plain})")
        return group_sum(Expr(tuple(inside)), hidden, loops) + group_sum(Expr(tuple(outside)), hidden, loops)
    powers, number = body.terms[0]
    back = tuple(factor for factor in powers if _speaks(Expr((((factor,), Fraction(1)),)), hidden))
    outer = Expr(((tuple(factor for factor in powers if factor not in back), number),))
    inner = Expr(((back, Fraction(1)),))
    if len(loops) == 1:
        target, source, tests = loops[0]
        if not back and not tests and source.isidentifier():
            return outer * symbol(f"len({source})")
        if (choice := inner.choice()) is not None and choice.other == NOTHING:
            return outer * group_sum(choice.then, hidden, [(target, source, (*tests, choice.test))])
        names = [name.strip() for name in target.split(",")]
        if source.startswith("zip(") and not tests and inner.text() in names:
            return outer * symbol(f"sum({source[4:-1].split(', ')[names.index(inner.text())]})")
    shown = inner.text(ANY)
    return outer * symbol(f"sum({shown} {plain})")


# ------------------------------------------------------------------------------------------------
# Products
# ------------------------------------------------------------------------------------------------


def _product(one: Expr, two: Expr) -> Expr:
    powers: list[tuple[Base, Expr]] = []
    number = Fraction(1)
    for factor in (one, two):
        if len(factor.terms) == 1:
            number *= factor.terms[0][1]
            powers += factor.terms[0][0]
        else:
            powers.append((_as_factor(factor), ONE))
    # b - a is -(a - b), where that stands there already.
    turned: list[tuple[Group, Expr]] = []
    for at, (base, exponent) in enumerate(powers):
        if isinstance(base, Group) and exponent.is_number() and exponent.number().denominator == 1:
            known = next((group for group, opposite in turned if opposite == base.inside), None)
            if known is not None:
                powers[at] = known, exponent
                number *= (-1) ** int(exponent.number())
            else:
                turned.append((base, -base.inside))
    joined = _joined(powers)
    # Into a choice that is 0 on one side goes all that stands around it.
    for at, (base, exponent) in enumerate(joined):
        if isinstance(base, Choice) and exponent == ONE:
            rest = Expr(((joined[:at] + joined[at + 1 :], number),))
            if rest == ONE:
                continue
            if (
                base.other == NOTHING
                or base.then == NOTHING
                or (rest.is_number() and (number == -1 or (base.then.is_number() and base.other.is_number())))
            ):
                return condition(base.test, base.then * rest, base.other * rest)
    # -(a - b) is b - a.
    if number == -1:
        for at, (base, exponent) in enumerate(joined):
            if isinstance(base, Group) and exponent == ONE:
                rest = Expr(((joined[:at] + joined[at + 1 :], Fraction(1)),))
                return _product(rest, -base.inside) if rest != ONE else -base.inside
    # The size of a number times its sign is the number.
    for at, (base, exponent) in enumerate(joined):
        if isinstance(base, Factor) and base.sign_of is not None and exponent == ONE:
            for k, (size, high) in enumerate(joined):
                if isinstance(size, Factor) and size.size_of == base.sign_of and high == ONE:
                    rest_powers = tuple(held for i, held in enumerate(joined) if i not in (at, k))
                    return _product(Expr(((rest_powers, number),)), base.sign_of)
    if not joined:
        return constant(number)
    if len(joined) == 1 and number == 1 and isinstance(joined[0][0], Group) and joined[0][1] == ONE:
        return joined[0][0].inside
    return Expr(((joined, number),))


def _joined(powers: Sequence[tuple[Base, Expr]]) -> Powers:
    held: dict[Base, Expr] = {}
    for base, exponent in powers:
        held[base] = held.get(base, NOTHING) + exponent
    return tuple((base, exponent) for base, exponent in held.items() if exponent.terms)


def _as_factor(expr: Expr) -> Base:
    if len(expr.terms) == 1:
        powers, number = expr.terms[0]
        if number == 1 and len(powers) == 1 and powers[0][1] == ONE:
            return powers[0][0]
    return Group(expr)


def _cancels(one: Expr, total: Expr) -> bool:
    """Whether a factor of ``one`` meets itself in a term of ``total``, on the other side of the line."""
    own = dict(one.terms[0][0])
    for powers, _ in total.terms:
        for base, exponent in powers:
            facing = own.get(base, NOTHING)
            if exponent.is_number() and facing.is_number() and exponent.number() * facing.number() < 0:
                return True
            then = base.then if isinstance(base, Choice) and base.other == NOTHING else NOTHING
            if exponent == ONE and _cancels(one, then):
                return True
    return False


def _whole_sum(total: Expr, number: Fraction) -> bool:
    """Whether a number is better multiplied into a sum: a sign, or where it makes whole numbers of halves."""
    return number == -1 or all(
        (held * number).denominator == 1 and held.denominator > 1 for _, held in total.terms
    )


def _with_choices_joined(terms: list[tuple[Powers, Fraction]]) -> Expr:
    """Two choices by the same test become one."""
    for at, (powers, number) in enumerate(terms):
        if len(powers) != 1 or not isinstance(powers[0][0], Choice) or powers[0][1] != ONE:
            continue
        one = powers[0][0]
        for k in range(at + 1, len(terms)):
            other_powers, other_number = terms[k]
            if len(other_powers) != 1 or other_powers[0][1] != ONE:
                continue
            two = other_powers[0][0]
            if isinstance(two, Choice) and two.test == one.test:
                rest = Expr(tuple(term for i, term in enumerate(terms) if i not in (at, k)))
                first, second = constant(number), constant(other_number)
                return rest + condition(
                    one.test, first * one.then + second * two.then, first * one.other + second * two.other
                )
    return Expr(tuple(terms))


# ------------------------------------------------------------------------------------------------
# Text
# ------------------------------------------------------------------------------------------------


def _term(powers: Powers, number: Fraction) -> tuple[str, int]:
    above = [] if abs(number.numerator) == 1 else [(str(abs(number.numerator)), UNIT)]
    below = [] if number.denominator == 1 else [(str(number.denominator), UNIT)]
    for base, exponent in powers:
        if exponent.is_number() and exponent.number() < 0:
            below.append(_powered(base, -exponent))
        else:
            above.append(_powered(base, exponent))
    sign = "-" if number < 0 else ""
    if not below and len(above) == 1:
        return (sign + _in(above[0], SIGN), SIGN) if sign else above[0]
    top = " * ".join(_in(factor, PRODUCT) for factor in above) or "1"
    if below:
        bottom = " * ".join(_in(factor, PRODUCT if len(below) > 1 else SIGN) for factor in below)
        top += f" / ({bottom})" if len(below) > 1 else f" / {bottom}"
    return sign + top, PRODUCT


def _sign_in_front(term: tuple[Powers, Fraction]) -> tuple[Powers, Fraction]:
    """A choice of -1 or 0 as minus a choice of 1 or 0, to stand in a sum."""
    choice = Expr((term,)).choice()
    if choice is None or not choice.negative():
        return term
    return ((Choice(choice.test, -choice.then, -choice.other), ONE),), Fraction(-1)


def _powered(base: Base, exponent: Expr) -> tuple[str, int]:
    if exponent == ONE:
        return base.shown()
    return f"{_in(base.shown(), UNIT)}**{exponent.text(SIGN)}", POWER


def _in(shown: tuple[str, int], within: int) -> str:
    return f"({shown[0]})" if shown[1] < within else shown[0]


def _bound(test: str) -> str:
    return f"({test})" if re.search(r"\bor\b|\bif\b", test) else test


def _filter(tests: Sequence[str]) -> str:
    return " if " + " and ".join(_bound(test) if len(tests) > 1 else test for test in tests) if tests else ""


def _swapped(text: str, swap: Mapping[str, str]) -> str:
    return re.sub(r"\b[A-Za-z_]\w*\b", lambda found: swap.get(found[0], found[0]), text)


def _speaks(expr: Expr, names: frozenset[str]) -> bool:
    return not names.isdisjoint(names_in(expr.text()))


@cache
def names_in(text: str) -> frozenset[str]:
    """The names that the text speaks of; those that a loop within it binds mean something else."""

    def free(node: ast.AST) -> set[str]:
        found = {node.id} if isinstance(node, ast.Name) else set()
        for part in ast.iter_child_nodes(node):
            found |= free(part)
        if isinstance(node, ast.GeneratorExp | ast.ListComp):
            bound = {name for loop in node.generators for name in free(loop.target)}
            sources = {name for loop in node.generators for name in free(loop.iter)}
            found = (found - bound) | sources
        return found

    return frozenset(free(ast.parse(text, mode="eval").body))
