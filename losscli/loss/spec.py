"""The grammar of everything that takes parameters: ``name:key=value,key=value``; of a loss also ``name@value``."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from losscli.errors import UsageError

ParamValue: TypeAlias = bool | int | float | str | None
Better: TypeAlias = Literal["lower", "higher", "zero"]
"""Which values of a loss are better; `zero`: those nearest to it."""


class Spec(NamedTuple):
    """A name and its parameters; the values are text as the user wrote them."""

    name: str
    params: tuple[tuple[str, str], ...] = ()
    at: str | None = None
    """The value behind ``@``, which a loss reads as its main parameter (``ndcg@10``)."""

    def __str__(self) -> str:
        name = self.name if self.at is None else f"{self.name}@{self.at}"
        tail = ",".join(f"{key}={value}" for key, value in self.params)
        return f"{name}:{tail}" if tail else name


def parse(text: str) -> Spec:
    """Split a spec.

    >>> parse("tversky:alpha=0.3,beta=0.7")
    Spec(name='tversky', params=(('alpha', '0.3'), ('beta', '0.7')), at=None)
    """
    name, colon, tail = text.partition(":")
    if not name.strip():
        raise UsageError(f"`{text}` names nothing", hint="write `name` or `name:key=value,key=value`")
    if not colon:
        return Spec(name.strip())
    if name.strip() == "expr":
        return Spec("expr", (("", tail.strip()),))
    return Spec(name.strip(), tuple(parse_pairs(tail, of=text)))


def parse_loss(text: str) -> Spec:
    """Split the spec of a loss, whose name may be followed by ``@`` and a value.

    >>> parse_loss("ndcg@10:gain=exp")
    Spec(name='ndcg', params=(('gain', 'exp'),), at='10')
    """
    spec = parse(text)
    name, sign, at = (part.strip() for part in spec.name.partition("@"))
    if not sign:
        return spec
    if not name or not at:
        raise UsageError(f"`{spec.name}` is no loss", hint="write `name@value`, for example `ndcg@10`")
    return spec._replace(name=name, at=at)


def split(text: str) -> list[str]:
    """The specs of one word: a piece without ``=``, or with ``:`` before its first ``=``, begins one.

    ``expr:`` takes the rest of the word as it stands.

    >>> split("mse,mape:zero=skip,tversky:alpha=0.3,beta=0.7")
    ['mse', 'mape:zero=skip', 'tversky:alpha=0.3,beta=0.7']
    """
    found: list[str] = []
    pieces = text.split(",")
    for at, piece in enumerate(pieces):
        name, colon, _ = piece.partition(":")
        if colon and name.strip() == "expr":
            return [*found, ",".join(pieces[at:])]
        if not piece.strip():
            raise UsageError(f"`{text}` has nothing between two commas or at an end")
        if found and "=" in piece and ":" not in piece.partition("=")[0]:
            found[-1] += f",{piece}"
        else:
            found.append(piece)
    return found


def parse_pairs(text: str, *, of: str) -> list[tuple[str, str]]:
    """Split ``key=value,key=value``; ``of`` is what the user wrote, for the message."""
    pairs: dict[str, str] = {}
    for part in text.split(","):
        key, equals, value = part.partition("=")
        key, value = key.strip(), value.strip()
        if not equals or not key or not value:
            raise UsageError(
                f"`{part.strip()}` in `{of}` is not `key=value`",
                hint="write `name:key=value,key=value`, for example `huber:delta=2`",
            )
        if key in pairs:
            raise UsageError(f"`{key}` stands twice in `{of}`")
        pairs[key] = value
    return list(pairs.items())


def fold(name: str) -> str:
    """A name for comparing: case, ``-`` and ``_`` do not matter.

    >>> fold("Cross-Entropy") == fold("cross_entropy")
    True
    """
    return name.casefold().replace("-", "").replace("_", "").replace(" ", "")
