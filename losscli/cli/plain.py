"""The reader of plain calls: a command, files, and options written as `--loss mse`, `--loss=mse` or `-l mse`.

Typer reads every call in the same way, but importing it and building its models of the options takes longer than
measuring a small file.  It reads what is not plain or will be refused: help, several flags in one word, an unknown or
repeated option, settings from a file or the environment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from losscli.cli import settings
from losscli.cli.call_options import Options
from losscli.cli.option import Option
from losscli.cli.options import of_command
from losscli.errors import UsageError

MAX_DIGITS = 18


def read(command: str, words: Sequence[str]) -> Options | None:
    """The options in the words after a command; None if Typer must read them."""
    if settings.are_set():
        return None
    declared = of_command(command)
    given = _given(declared, words)
    if given is None or any(entry.required and name not in given for name, entry in declared.items()):
        return None
    defaults = {name: entry.default for name, entry in declared.items()}
    return Options(defaults | given, frozenset(given))


def _given(declared: Mapping[str, Option], words: Sequence[str]) -> dict[str, Any] | None:
    """The values in the words, by the name of the option; None if a word is not plain."""
    flags = {flag: entry for entry in declared.values() for flag in entry.flags}
    places = iter([entry for entry in declared.values() if not entry.flags])
    given: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        if not word.startswith("-") or word == "-":
            place = next(places, None)
            if place is None or place.repeatable:
                return None
            given[place.name] = word
            continue
        flag, equals, text = word.partition("=")
        entry = flags.get(flag)
        if entry is None or (equals and not flag.startswith("--")):
            return None
        if entry.type is bool:
            if equals or entry.name in given:
                return None
            given[entry.name] = True
            continue
        if not equals:
            following = next(rest, None)
            if following is None or (following.startswith("-") and following != "-"):
                return None
            text = following
        if entry.repeatable:
            given.setdefault(entry.name, []).append(text)
            continue
        value = _value(entry, text)
        if value is None or entry.name in given:
            return None
        given[entry.name] = value
    return given


def _value(entry: Option, text: str) -> str | int | None:
    """The value of an option that takes one; None if Typer must read or refuse it."""
    if entry.type is int:
        if not (text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS):
            return None
        number = int(text)
        small = entry.least is not None and number < entry.least
        large = entry.most is not None and number > entry.most
        return None if small or large else number
    if entry.type is not str or entry.eager:
        return None
    try:
        entry.refuse_unknown(text)
    except UsageError:
        return None
    return text
