"""Losses as a call asks for them: specs, and the forms among which the columns choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from losscli.errors import UsageError
from losscli.loss.derive import approximated, over
from losscli.loss.params import APPROX, UNDEFINED
from losscli.loss.spec import Spec, parse_loss, split
from losscli.losses.families import find

if TYPE_CHECKING:
    from losscli.loss.declare import Loss


class LossRequest(NamedTuple):
    """A loss that the call names: its spec, and the forms among which the columns choose."""

    spec: Spec
    forms: tuple[Loss, ...]

    @classmethod
    def of(cls, text: str, *, grouped: bool = False) -> LossRequest:
        """UsageError for an unknown loss, or for parameters that no form of it takes.

        ``grouped``: it is finished within groups; so it is, too, where it says what a group without a value does.
        """
        spec = parse_loss(text)
        if spec.name == "expr":
            from losscli.losses.expr import expression_loss

            return cls(spec, (expression_loss(spec.params[0][1] if spec.params else ""),))
        forms = find(spec.name, spec.at)
        if forms[0].base is not None:
            spec, forms = _over_rows(spec, forms[0], forms[0].base)
        if APPROX.name in dict(spec.params):
            spec, forms = _approximate(spec, forms)
        if grouped or UNDEFINED.name in dict(spec.params):
            forms = tuple(replace(form, grouped=True) for form in forms)
        asked = cls(spec, forms)
        refusals = []
        for form in asked.forms:
            try:
                form.read_params(spec)
            except UsageError as error:
                refusals.append(error)
        if len(refusals) == len(asked.forms):
            _refuse_choice(spec, asked.forms)
            raise refusals[0]
        return asked


def names_of(loss: str) -> set[str]:
    """The names that a requested loss may have among results."""
    asked, names = LossRequest.of(loss), set()
    for form in asked.forms:
        try:
            names.add(form.canonical(form.read_params(asked.spec)))
        except UsageError:
            continue  # another form takes these parameters
    return names


def _refuse_choice(spec: Spec, forms: Sequence[Loss]) -> None:
    """UsageError for a choice that no form of a loss has; it names those of all forms."""
    for name, text in spec.params:
        own = [param for form in forms for param in form.params if param.name == name and param.choices]
        if own:
            choices = dict.fromkeys(choice for param in own for choice in param.choices)
            own[0]._replace(choices=tuple(choices)).read(text, spec)


def _over_rows(spec: Spec, outer: Loss, base: str) -> tuple[Spec, tuple[Loss, ...]]:
    """A loss of the rows of another one, in the forms that the other has; its parameters go to the other as well."""
    given = dict(spec.params)
    forms = find(given.get("of", base))
    name = forms[0].name
    rows = [form for form in forms if form.is_mean and form.state == "sums" and form.better == outer.better]
    if not rows:
        raise UsageError(
            f"`of={name}` in `{spec}` is no loss that has a value for every row, the lower the better",
            hint="for example `of=mae` or `of=log_loss`",
        )
    named = spec._replace(params=tuple((given | {"of": name}).items()))
    return named, tuple(over(outer, form) for form in rows)


def _approximate(spec: Spec, forms: tuple[Loss, ...]) -> tuple[Spec, tuple[Loss, ...]]:
    """The approximate forms of a loss, where it has any; ``approx=none`` asks for the exact ones."""
    if all(form.approximate is None for form in forms):
        return spec, forms
    digits = APPROX.read(dict(spec.params)[APPROX.name], spec)
    if isinstance(digits, int):
        return spec, approximated(forms, digits)
    return spec._replace(params=tuple(pair for pair in spec.params if pair[0] != APPROX.name)), forms


def requests_of(losses: Sequence[str], *, grouped: bool = False) -> list[LossRequest]:
    """The losses that some texts name, each of which may name several; UsageError where there are none.

    ``grouped``: they are finished within groups of rows.
    """
    if not losses:
        raise UsageError(
            "no loss is asked for", hint="name one with `--loss`; `losscli losses` lists all of them"
        )
    return [LossRequest.of(spec, grouped=grouped) for text in losses for spec in split(text)]
