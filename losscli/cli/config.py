"""Read `losscli.toml`, or `[tool.losscli]` in `pyproject.toml`: options of `eval`, and gates, for a project.

Its keys come from the table of options.  A file that is named with `--config` may set everything.  A file that is
merely found, in this folder or above, came with a project and may not decide where things are written, how the work
is done or which hosts are contacted.  Errors are UsageErrors with the file, the line and the key.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from losscli.cli.option import Option, Setting
from losscli.cli.options import TABLE
from losscli.cli.toml_lines import KeyPath, line_of
from losscli.errors import UsageError
from losscli.report.config import GateTable, LossSpecList, StrictTable, TextList

PROJECT = "pyproject.toml"
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def _kind(entry: Option, setting: Setting) -> Any:
    """The type of the value of a key."""
    choices = setting.choices or entry.choices
    if setting.losses:
        return LossSpecList
    if entry.repeatable:
        return TextList
    if choices:
        return Literal[choices]
    return Annotated[entry.type, Field(ge=entry.least, le=entry.most)]


SETTINGS = {name: entry.setting for name, entry in TABLE.items() if entry.setting is not None}
FOUND = frozenset(name for name, setting in SETTINGS.items() if setting.found)
"""The options that a file may set even if it was found, not named: losses, columns and policies."""
VALUES = {"slice", *(name for name, setting in SETTINGS.items() if setting.values)}
"""Keys whose texts are values of columns, among which an address is nothing special."""


class _Document(StrictTable):
    model_config = ConfigDict(title="losscli.toml")


_keys: dict[str, Any] = {
    name: (_kind(TABLE[name], setting) | None, Field(None, description=setting.help))
    for name, setting in SETTINGS.items()
}
Config = create_model(
    "Config",
    __base__=_Document,
    __doc__="What a file that is named with `--config` may set.",
    __module__=__name__,
    **_keys,
    gates=(list[GateTable], Field(default_factory=list, description="limits on losses")),
)
"""The model of a file: each option of the table with a key, and gates."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a file sets."""

    path: str
    options: dict[str, Any]
    gates: tuple[GateTable, ...]


def load(path: str, *, named: bool) -> Settings | None:
    """The settings of a file; None for a project's file that was found, not named, and has none."""
    shown = path if named else os.path.relpath(path)
    text = _text(path, shown)
    try:
        document: Any = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        said = str(error)
        raise UsageError(f"is not TOML: {said[:1].lower()}{said[1:]}", file=shown) from None
    prefix: tuple[str, ...] = ()
    if os.path.basename(path) == PROJECT:
        prefix = ("tool", "losscli")
        tool = document.get("tool", {})
        if not isinstance(tool, dict) or "losscli" not in tool:
            if named:
                raise UsageError("has no table `[tool.losscli]`", file=shown)
            return None
        document = tool["losscli"]
    return _settings(document, _Place(shown, text, prefix), path, named=named)


def _text(path: str, shown: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"cannot be read: {reason[:1].lower()}{reason[1:]}", file=shown) from None
    except UnicodeDecodeError as error:
        raise UsageError(f"is not UTF-8: byte {error.start + 1}", file=shown) from None
    except ValueError:
        raise UsageError("is no name of a file", file=shown) from None


def _settings(document: Any, place: _Place, path: str, *, named: bool) -> Settings:
    try:
        config = Config.model_validate(document)
    except ValidationError as error:
        raise place.refusal(error, document) from None
    given = {name: getattr(config, name) for name in config.model_fields_set}
    gates = tuple(given.pop("gates", ()))
    if not named:
        hint = f"it was found, not named: `--config {place.file}` lets it set all"
        for name in given:
            if name not in FOUND:
                raise place.error(
                    (name,), f"`{name}` says how or where, and is no loss, column, policy or gate", hint
                )
        for keys, text in _texts(document):
            if not VALUES & set(keys) and URI.search(text):
                raise place.error(keys, f"`{text}` is on the network", hint)
    if isinstance(given.get("baseline"), str) and not URI.match(given["baseline"]):
        given["baseline"] = os.path.join(os.path.dirname(path), given["baseline"])
    return Settings(place.file, given, gates)


def _texts(held: Any, keys: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Every text in a document, with its keys."""
    if isinstance(held, str):
        yield keys, held
    elif isinstance(held, Mapping):
        for key, value in held.items():
            yield from _texts(value, (*keys, key))
    elif isinstance(held, list):
        for at, value in enumerate(held):
            yield from _texts(value, (*keys, at))


@dataclass(frozen=True, slots=True)
class _Place:
    """The text of a file, in which keys are found again."""

    file: str
    text: str
    prefix: tuple[str, ...]

    def error(self, keys: KeyPath, message: str, hint: str | None) -> UsageError:
        line = line_of(self.text, (*self.prefix, *keys))
        return UsageError(f"line {line}: {message}" if line else message, hint=hint, file=self.file)

    def refusal(self, error: ValidationError, document: Any) -> UsageError:
        """The first error in the order of the lines."""
        found = [self._one(one, document) for one in error.errors(include_url=False, include_context=False)]
        _, keys, message, hint = min(found, key=lambda one: one[0] or 0)
        return self.error(keys, message, hint)

    def _one(self, one: Any, document: Any) -> tuple[int | None, KeyPath, str, str | None]:
        keys = _known_part(one["loc"], document)
        shown = show_keys(keys)
        hint = None
        if one["type"] == "extra_forbidden":
            table: type[BaseModel] = GateTable if len(keys) > 1 else Config
            near = get_close_matches(str(keys[-1]).replace("-", "_"), table.model_fields, n=1)
            message = f"there is no key `{keys[-1]}`" + (
                f" in `{show_keys(keys[:-1])}`" if len(keys) > 1 else ""
            )
            hint = f"did you mean `{near[0]}`?" if near else f"the keys are {', '.join(table.model_fields)}"
        elif one["type"] == "missing":
            message = f"`{shown}` needs `{one['loc'][-1]}`"
        else:
            said = one["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
            message = f"`{shown}`: {said[:1].lower()}{said[1:]}" if shown else said
        return line_of(self.text, (*self.prefix, *keys)), keys, message, hint


def _known_part(keys: KeyPath, document: Any) -> KeyPath:
    """The part of a place that is in the document: pydantic adds the branches that it tried."""
    held: list[str | int] = []
    for key in keys:
        try:
            document = document[key]
        except (KeyError, IndexError, TypeError):
            break
        held.append(key)
    return tuple(held)


def show_keys(keys: KeyPath) -> str:
    """A place in words, tables counted from 1.

    >>> show_keys(("gates", 1, "max"))
    'gates[2].max'
    """
    return "".join(f"[{key + 1}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")
