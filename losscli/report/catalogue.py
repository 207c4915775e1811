"""What `losscli losses` says, for programs: every value comes from a loss's own declaration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from losscli.loss.spec import Better, ParamValue
from losscli.report.document import Document, Record, Says

if TYPE_CHECKING:
    from losscli.loss.declare import Loss


# The records without a docstring have no description in the schema either.
@dataclass(frozen=True)
class ParamRecord(Record):
    name: str
    range: str
    default: ParamValue
    required: bool


class RoleRecord(Record):
    shape: str
    domain: str


@dataclass(frozen=True)
class Form(Record):
    """All that is declared of one loss in one form."""

    title = "LossRecord"
    closed = False  # the catalogue grows: one more key does not make another document

    name: str
    task: str
    aliases: list[str]
    summary: str
    definition: str
    gradient: Annotated[
        dict[str, str] | None,
        Says("the slope of a row by each role of the prediction; by column `j` where it is several"),
    ]
    no_gradient: Annotated[str | None, Says("why there is none")]
    description: str
    roles: dict[str, Annotated[dict[str, str], RoleRecord]]
    from_logits: bool
    params: list[ParamRecord]
    better: Better
    best: float | None
    rewards: str
    reference: str
    example: str | None
    package: Annotated[str | None, Says("the package that adds it; null for a loss of losscli itself")]

    @classmethod
    def of(cls, form: Loss) -> Form:
        """What there is to know of one form of a loss."""
        # Imported here and below: the schema needs no loss.
        from losscli.loss.gradient import NoGradientError, gradients
        from losscli.losses.describe import example
        from losscli.losses.families import package_of

        gradient, reason = None, None
        try:
            gradient = {one.by: one.text for one in gradients(form)}
        except NoGradientError as error:
            reason = str(error)
        return cls(
            name=form.name,
            task=form.task,
            aliases=list(form.aliases),
            summary=form.doc.summary,
            definition=form.doc.definition,
            gradient=gradient,
            no_gradient=reason,
            description=form.doc.text,
            roles={role.name: {"shape": role.shape, "domain": str(role.domain)} for role in form.roles},
            from_logits=form.logits,
            params=[ParamRecord(p.name, p.range, p.default, p.required) for p in form.offered_params],
            better=form.better,
            best=form.best,
            rewards=str(form.elicits),
            reference=form.reference,
            example=example(form),
            package=package_of(form),
        )


@dataclass(frozen=True)
class LossesDocument(Document):
    """What `losscli losses --json` writes."""

    title = "losscli.losses/1"

    losses: list[Form]


def document(name: str | None) -> LossesDocument:
    """The catalogue, or one loss."""
    from losscli.loss.spec import parse_loss
    from losscli.losses.families import added, catalogue, find

    spec = None if name is None else parse_loss(name)
    chosen = [*catalogue().values(), *added()] if spec is None else [find(spec.name, spec.at)]
    return LossesDocument([Form.of(form) for forms in chosen for form in forms])
