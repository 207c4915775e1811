"""Forms that are made of the forms that are declared: over the rows of another loss, and approximate ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from losscli.loss.declare import Loss


def over(outer: Loss, inner: Loss) -> Loss:
    """The function of one loss, of the rows of another."""
    return replace(
        inner,
        function=outer.function,
        name=outer.name,
        aliases=(),
        main=outer.main,
        reference=outer.reference,
        best=outer.best,
        elicits=outer.elicits,
        of=inner.function,
        state=outer.state,
        averages=outer.averages,
        root=None,
        rate=False,
        approximate=outer.approximate,
        detail=outer.detail,
        exceptions=outer.exceptions,
        sample=outer.sample,
    )


def approximated(forms: Sequence[Loss], digits: int) -> tuple[Loss, ...]:
    """The approximate forms, for values that are rounded to so many binary digits."""
    return tuple(
        replace(form, state=form.approximate.state, digits=digits)
        for form in forms
        if form.approximate is not None
    )
