"""The values of options: completion, checks, and conversion from text.

NumPy is imported only when a value is read, since help and completion import this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from losscli.errors import UsageError

if TYPE_CHECKING:
    from losscli.reading.source import Dialect

EXPLANATIONS = (
    "losses", "columns", "keys", "groups", "missing", "intervals", "formats", "config", "exact", "exit-codes"
)  # fmt: skip
RECIPES = (
    "competition", "ci", "nightly", "forecasts", "quantiles", "multilabel", "ranking", "two-models", "scale", "notebook"
)  # fmt: skip
TOPICS = (*EXPLANATIONS, *RECIPES)
"""The topics of `losscli help`, in the order in which to read them."""

PLOTS = ("loss", "residuals", "calibration", "confusion", "roc", "pr", "by")


def complete_losses(incomplete: str) -> list[str]:
    """Completions for the last of several losses separated by commas."""
    from losscli.losses import names_from_source

    before, comma, begun = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in names_from_source() if name.startswith(begun)]


def complete_formats(incomplete: str) -> list[str]:
    """The output formats that begin with this text."""
    from losscli.show import FORMATS

    return [name for name in FORMATS if name.startswith(incomplete)]


def complete_topics(incomplete: str) -> list[str]:
    """The topics of `losscli help` that begin with this text."""
    return [topic for topic in TOPICS if topic.startswith(incomplete)]


def known_plot(name: str) -> None:
    """UsageError if there is no such picture."""
    if name not in PLOTS:
        raise UsageError(f"no picture is called `{name}`", hint=f"they are {', '.join(PLOTS)}")


def read_classes(text: str | None) -> list[str]:
    """The value of ``--classes``."""
    return text.split(",") if text is not None else []


def read_words(text: str) -> list[str]:
    """The value of an option of words with commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


def read_memory(text: str | None) -> int | None:
    """The bytes of ``--memory``."""
    if text is None:
        return None
    from losscli.measure.memory import parse_size

    return parse_size(text)


DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "space": " "}
DECIMALS = {"point": ".", "comma": ",", ".": ".", ",": ","}


def read_dialect(text: str | None) -> Dialect | None:
    """The value of ``--dialect``."""
    if text is None:
        return None
    from losscli.loss.spec import parse_pairs
    from losscli.reading.source import Dialect

    found = Dialect()
    given = dict(parse_pairs(text, of=text))
    delimiter = given.pop("delimiter", None)
    decimal = given.pop("decimal", "point")
    header = given.pop("header", "yes")
    encoding = given.pop("encoding", found.encoding)
    null = given.pop("null", None)
    parted = given.pop("list", None)
    if given:
        raise UsageError(
            f"`--dialect` has no key `{next(iter(given))}`",
            hint="its keys are `delimiter`, `decimal`, `header`, `encoding`, `null`, `list`",
        )
    if delimiter is not None:
        delimiter = DELIMITERS.get(delimiter, delimiter)
        if len(delimiter) != 1 or delimiter in '"\r\n' or not delimiter.isascii():
            raise UsageError(
                f"`delimiter={delimiter}` is not one character",
                hint="write a character, or `comma`, `semicolon`, `tab`, `pipe`, `space`",
            )
    if decimal not in DECIMALS:
        raise UsageError(f"`decimal={decimal}` is neither `point` nor `comma`")
    if header not in ("yes", "no"):
        raise UsageError(f"`header={header}` is neither `yes` nor `no`")
    try:
        "".encode(encoding)
    except (LookupError, ValueError):
        raise UsageError(
            f"no encoding is called `{encoding}`", hint="for example `latin-1` or `utf-16`"
        ) from None
    if parted is not None and any(sign in parted for sign in '"\r\n'):
        raise UsageError(f"`list={parted}` cannot part labels")
    nulls = () if null is None else (null,)
    mark = DELIMITERS.get(parted or "", parted)
    return Dialect(delimiter, DECIMALS[decimal], header == "yes", encoding, nulls, mark)


def read_class_weight(text: str | None) -> dict[str, float]:
    """The value of ``--class-weight``; the class is the text before the last equals sign."""
    from losscli.loss.domains import NONNEGATIVE
    from losscli.text import read_number

    found: dict[str, float] = {}
    for part in text.split(",") if text is not None else ():
        name, equals, size = part.rpartition("=")
        weight = read_number(size.strip())
        if not equals or not name.strip() or weight is None or weight not in NONNEGATIVE:
            raise UsageError(
                f"`{part}` in `--class-weight {text}` is no class and weight",
                hint="write `--class-weight a=1,b=3`; a weight is a number that is not negative",
            )
        if name.strip() in found:
            raise UsageError(f"`{name.strip()}` stands twice in `--class-weight {text}`")
        found[name.strip()] = weight
    return found
