"""A loss that is written in the call: ``expr:abs(pred - label) / (1 + abs(label))``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from losscli.errors import UsageError
from losscli.loss.declare import Loss, Role
from losscli.loss.domains import REAL
from losscli.loss.expression import Expression, parse
from losscli.loss.spec import ParamValue, Spec

NAMED_ROLES = ("label", "pred", "weight")


class ExpressionRows:
    """The row function of an expression: its value for every row."""

    def __init__(self, expression: Expression) -> None:
        self.expression = expression

    def __call__(self, **columns: Any) -> Any:
        rows = len(next(iter(columns.values())))
        return self.expression.numbers(columns, rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ExpressionRows) and other.expression == self.expression

    def __hash__(self) -> int:
        return hash(self.expression)


class ExpressionLoss(Loss):
    """The mean of an expression over the rows."""

    @property
    def expression(self) -> Expression:
        """The expression that the loss is made of."""
        found: Expression = self.function.expression  # type: ignore[attr-defined]
        return found

    @cached_property
    def roles(self) -> tuple[Role, ...]:
        """The columns that the expression names; a loss of one has no others."""
        shapes = {"number": "Column", "text": "Texts"}
        return tuple(Role(name, shapes[kind], REAL) for name, kind in self.expression.columns.items())  # type: ignore[arg-type]

    @property
    def words_are_columns(self) -> bool:
        return True

    @cached_property
    def params(self) -> tuple[Any, ...]:
        """None: an expression writes its numbers out."""
        return ()

    def read_params(self, spec: Spec) -> dict[str, ParamValue]:
        return {}

    def canonical(self, params: Mapping[str, ParamValue], *, defaults: bool = False) -> str:
        return f"expr:{self.expression.text}"


def expression_loss(text: str) -> ExpressionLoss:
    """The loss of an expression; UsageError says why it is none."""
    rows = ExpressionRows(parse(text, "expr:"))
    if not rows.expression.columns:
        raise UsageError(
            f"`expr:{text}` names no column: it has one value, whatever the rows hold",
            hint="for example `expr:abs(pred - label)`; a column is named as in the file",
        )
    others = {name: (name,) for name in rows.expression.columns if name not in NAMED_ROLES}
    return ExpressionLoss(rows, "regression", name="expr", reference="the call", best=None, columns=others)
