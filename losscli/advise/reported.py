"""What a library would report for a loss as a call names it: its convention, with the parameters of the call."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from losscli.advise.conventions import CONVENTIONS, Convention
from losscli.loss.expression import Expression, parse
from losscli.loss.spec import Spec, parse_loss, parse_pairs
from losscli.losses.families import find

if TYPE_CHECKING:
    from losscli.loss.declare import Loss

SPEC = re.compile(r"`([^`]+)`")
"""A spec in the value of a convention."""


class Reported(NamedTuple):
    """One convention, for one loss of a call."""

    convention: Convention
    value: str | None
    """As in the convention, its specs with the parameters of the call."""

    @property
    def expression(self) -> Expression | None:
        """What the library reports, as an expression of losses; None where no losses make it."""
        return None if self.value is None else parse(self.value)

    @property
    def specs(self) -> list[str]:
        """The specs to be measured for it."""
        return [] if self.value is None else SPEC.findall(self.value)

    @property
    def spec(self) -> str | None:
        """The spec that gives its value; None where it takes arithmetic, or nothing gives it."""
        found = None if self.value is None else SPEC.fullmatch(self.value)
        return None if found is None else found[1]


def conventions_of(loss: str, *, logits: bool) -> list[Convention]:
    """The conventions for a loss by its name, of raw scores or of probabilities."""
    return [one for one in CONVENTIONS.get(loss, ()) if one.logits in (None, logits)]


def fixed_params(convention: Convention, loss: str) -> dict[str, str] | None:
    """The parameters of the loss that give the value of a convention; None where other things do."""
    found = SPEC.fullmatch(convention.value or "")
    spec = None if found is None else parse_loss(found[1])
    return dict(spec.params) if spec is not None and spec.name == loss else None


def default_params(convention: Convention) -> dict[str, str]:
    """The parameters that the users of a library may change, too, with its defaults."""
    return dict(parse_pairs(convention.default, of=convention.default)) if convention.default else {}


def reported(asked: Spec, form: Loss, *, weighted: bool) -> list[Reported]:
    """What the libraries compute for a loss of a call in the form that the columns chose.

    A parameter of the call holds for a library, too, unless libraries disagree on it.
    """
    own = [one for one in conventions_of(form.name, logits=form.logits) if one.task in (None, form.task)]
    disputed = {name for one in own for name in fixed_params(one, form.name) or ()}
    given = {name: text for name, text in asked.params if name not in disputed}
    found = []
    for one in own:
        value = one.value
        if value is not None:
            value = SPEC.sub(lambda spec: f"`{_with_params(spec[1], asked, form.name, given, one)}`", value)  # noqa: B023
            if one.per_row and weighted:
                value = f"{value} * weight / rows"
        found.append(Reported(one, value))
    return found


def _with_params(text: str, asked: Spec, loss: str, given: dict[str, str], convention: Convention) -> str:
    """A spec of a convention with the parameters of the call, and then with the defaults of the library."""
    spec = parse_loss(text)
    if spec.name == "expr":
        return text
    known = {param.name for form in find(spec.name) for param in form.offered_params}
    default = {} if asked.at is not None else default_params(convention)
    params = {name: value for name, value in (default | given | dict(spec.params)).items() if name in known}
    name, at = (asked.name, asked.at) if spec.name == loss else (spec.name, None)
    return str(Spec(name, tuple(params.items()), at))


def agreeing(form: Loss, having: Sequence[str]) -> list[str]:
    """The libraries that have a loss in this form, and no rule of their own for it."""
    others = {
        one.library
        for one in CONVENTIONS.get(form.name, ())
        if one.logits in (None, form.logits) or one.task not in (None, form.task)
    }
    return [library for library in having if library not in others]
