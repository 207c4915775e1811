"""Plain calls are read here: a command, files, and options written out as `--loss mse`, `--loss=mse` or `-l mse`.

Typer reads every call in the same way, but makes a pydantic model of each option first, which takes longer
than measuring a small file.  It is left whatever is not plain or is to be refused: help, several flags in one
word, an option that there is not or that stands twice, settings in a file or in the environment.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from typer import Context
from typer.models import ArgumentInfo, OptionInfo

from losscli.cli import settings
from losscli.errors import UsageError

TEXT = (str, str | None)
SEVERAL = (list[str] | None,)
NUMBER = (int, int | None)
MAX_DIGITS = 18


class ValueSource(NamedTuple):
    """Where a value comes from, named as Typer names it."""

    name: str


class PlainCall(NamedTuple):
    """What a command is told of its call, in the place of Typer's context."""

    given: frozenset[str]
    obj: None = None

    def get_parameter_source(self, name: str) -> ValueSource:
        """Where the value of a parameter comes from."""
        return ValueSource("COMMANDLINE" if name in self.given else "DEFAULT")


class Option(NamedTuple):
    """One option of a command: its parameter, its type and what was declared of it."""

    param: str
    kind: Any
    info: OptionInfo


class Declared(NamedTuple):
    """What a command takes: files, of which the first are required, and options by each of their names."""

    arguments: list[str]
    required: int
    options: dict[str, Option]
    defaults: dict[str, Any]
    context: str | None


def read(command: Callable[..., None], words: Sequence[str]) -> dict[str, Any] | None:
    """The arguments of ``command`` for the words after its name; None where Typer is to read them."""
    if settings.are_set() or (declared := _declared(command)) is None:
        return None
    given = _given(declared, words)
    if given is None or any(name not in given for name in declared.arguments[: declared.required]):
        return None
    values = declared.defaults | given
    if declared.context is not None:
        values[declared.context] = PlainCall(frozenset(given))
    return values


def _declared(command: Callable[..., None]) -> Declared | None:
    """What a command takes; None where one of its arguments is of another kind."""
    arguments: list[str] = []
    options: dict[str, Option] = {}
    defaults: dict[str, Any] = {}
    context = None
    required = 0
    for param in inspect.signature(command, eval_str=True).parameters.values():
        kind = getattr(param.annotation, "__origin__", None)
        info = next(iter(getattr(param.annotation, "__metadata__", ())), None)
        if param.annotation is Context:
            context = param.name
        elif isinstance(info, OptionInfo):
            # In an annotation, the first name stands in the place of the default.
            for name in (info.default, *(info.param_decls or ())):
                options[str(name)] = Option(param.name, kind, info)
            defaults[param.name] = param.default
        elif isinstance(info, ArgumentInfo) and kind in TEXT:
            arguments.append(param.name)
            required += param.default is param.empty
            defaults[param.name] = param.default
        else:
            return None
    return Declared(arguments, required, options, defaults, context)


def _given(declared: Declared, words: Sequence[str]) -> dict[str, Any] | None:
    """What stands in the words, by parameter; None where one of them is not plain."""
    given: dict[str, Any] = {}
    rest = iter(words)
    places = iter(declared.arguments)
    for word in rest:
        if not word.startswith("-") or word == "-":
            place = next(places, None)
            if place is None:
                return None
            given[place] = word
            continue
        name, equals, text = word.partition("=")
        option = declared.options.get(name)
        if option is None or (equals and not name.startswith("--")):
            return None
        if option.kind is bool:
            if equals or option.param in given:
                return None
            given[option.param] = True
            continue
        if not equals:
            following = next(rest, None)
            if following is None or (following.startswith("-") and following != "-"):
                return None
            text = following
        if option.kind in SEVERAL:
            given.setdefault(option.param, []).append(text)
            continue
        value = _value(option, text)
        if value is None or option.param in given:
            return None
        given[option.param] = value
    return given


def _value(option: Option, text: str) -> str | int | None:
    """The value of an option that takes one; None where Typer is to read or to refuse it."""
    info = option.info
    if option.kind in NUMBER:
        if not (text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS):
            return None
        number = int(text)
        small = info.min is not None and number < info.min
        large = info.max is not None and number > info.max
        return None if small or large else number
    if option.kind not in TEXT or info.is_eager:
        return None
    if info.callback is not None:
        try:
            checked: str = info.callback(text)
        except UsageError:
            return None
        return checked
    return text
