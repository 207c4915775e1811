"""Losses as a call asks for them: specs, and the forms among which the columns choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from losscli.errors import UsageError
from losscli.loss.spec import Spec, parse, split
from losscli.losses import find

if TYPE_CHECKING:
    from losscli.loss.declare import Loss


class LossRequest(NamedTuple):
    """A loss that the call names: its spec, and the forms among which the columns choose."""

    spec: Spec
    forms: tuple[Loss, ...]

    @classmethod
    def of(cls, text: str) -> LossRequest:
        """UsageError for an unknown loss, or for parameters that no form of it takes."""
        spec = parse(text)
        if spec.name == "expr":
            from losscli.losses.expr import expression_loss

            return cls(spec, (expression_loss(spec.params[0][1] if spec.params else ""),))
        asked = cls(spec, find(spec.name))
        if asked.forms[0].base is not None:
            asked = _over_rows(asked, asked.forms[0])
        refusals = []
        for form in asked.forms:
            try:
                form.read_params(spec)
            except UsageError as error:
                refusals.append(error)
        if len(refusals) == len(asked.forms):
            raise refusals[0]
        return asked


def _over_rows(asked: LossRequest, outer: Loss) -> LossRequest:
    """A loss of the rows of another one, in the forms that the other has; its parameters go to the other as well."""
    given = dict(asked.spec.params)
    forms = find(given.get("of", str(outer.base)))
    name = forms[0].name
    rows = [form for form in forms if form.is_mean and form.state == "sums" and form.better == outer.better]
    if not rows:
        raise UsageError(
            f"`of={name}` in `{asked.spec}` is no loss that has a value for every row, the lower the better",
            hint="for example `of=mae` or `of=log_loss`",
        )
    spec = asked.spec._replace(params=tuple((given | {"of": name}).items()))
    return LossRequest(spec, tuple(outer.over(form) for form in rows))


def requests_of(losses: Sequence[str]) -> list[LossRequest]:
    """The losses that some texts name, each of which may name several; UsageError where there are none."""
    if not losses:
        raise UsageError(
            "no loss is asked for", hint="name one with `--loss`; `losscli losses` lists all of them"
        )
    return [LossRequest.of(spec) for text in losses for spec in split(text)]
