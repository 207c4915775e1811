"""`--compat`: the conventions of a library, as plain parameters of the losses that a call asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from losscli.advise.libraries import LIBRARIES
from losscli.advise.reported import conventions_of, default_params, fixed_params
from losscli.errors import UsageError
from losscli.loss.spec import parse_loss, split
from losscli.losses.families import find

if TYPE_CHECKING:
    from losscli.advise.conventions import Convention
    from losscli.measure.options import MeasureOptions


@dataclass(frozen=True, slots=True)
class Bundle:
    """The conventions of one library, for losses of raw scores or of probabilities."""

    library: str
    logits: bool
    weighted: bool

    @classmethod
    def of(cls, library: str, options: MeasureOptions) -> Bundle:
        """The bundle that a call names; UsageError where there is no such library."""
        if library not in LIBRARIES:
            raise UsageError(
                f"`--compat {library}` names no library", hint=f"there are {', '.join(LIBRARIES)}"
            )
        weighted = options.weight is not None or bool(options.class_weight)
        return cls(library, options.from_logits, weighted)

    def specs(self, losses: Sequence[str]) -> list[str]:
        """The losses of some texts, each with the parameters of the library that it does not name itself."""
        return [self.spec(text) for texts in losses for text in split(texts)]

    def spec(self, text: str) -> str:
        """One loss with the parameters of the library; UsageError where its convention is refused."""
        asked = parse_loss(text)
        if asked.name == "expr":
            return text
        loss = find(asked.name, asked.at)[0].name
        convention = self._convention(loss, text)
        if convention is None or (fixed := fixed_params(convention, loss)) is None:
            return text
        given = dict(asked.params)
        default = {} if asked.at is not None else default_params(convention)
        further = [(name, value) for name, value in (default | fixed).items() if name not in given]
        return str(asked._replace(params=(*asked.params, *further)))

    def _convention(self, loss: str, text: str) -> Convention | None:
        """The convention for a loss, the first that parameters give; None where the library has no rule of its own.

        UsageError where it is refused, or where the library has several losses under the name.
        """
        own = [one for one in conventions_of(loss, logits=self.logits) if one.library == self.library]
        for one in own:
            if one.refused is not None:
                raise UsageError(
                    f"`--compat {self.library}` does not take `{text}`: {one.name} {one.refused}",
                    hint="leave `--compat` out, or this loss",
                )
        if len({one.task for one in own}) > 1:
            names = " and ".join(f"{one.name} ({one.rule})" for one in own)
            raise UsageError(
                f"`{text}` is several losses of {self.library}: {names}",
                hint="leave `--compat` out, and write the parameters of the one that is meant",
            )
        by_params = (one for one in own if fixed_params(one, loss) is not None)
        return next(by_params, own[0] if own else None)

    def said(self, losses: Sequence[str]) -> list[str]:
        """What the bundle makes of some losses, and which conventions are no parameters."""
        changed, notes = [], []
        for text in (text for texts in losses for text in split(texts)):
            if (spec := self.spec(text)) != text:
                changed.append(f"`{spec}`")
            if (rule := self._rule_left(text)) is not None:
                notes.append(f"`{text}`: no parameter gives the rule of {self.library}: {rule}")
        what = f"measures {', '.join(changed)}" if changed else "changes no parameter of these losses"
        return [f"`--compat {self.library}` {what}", *notes]

    def _rule_left(self, text: str) -> str | None:
        """The rule of the library for a loss, where it is no matter of parameters."""
        asked = parse_loss(text)
        if asked.name == "expr":
            return None
        loss = find(asked.name, asked.at)[0].name
        convention = self._convention(loss, text)
        if convention is None:
            return None
        left = fixed_params(convention, loss) is None or (convention.per_row and self.weighted)
        return f"{convention.name}: {convention.rule}" if left else None
