"""`losscli.toml`, or `[tool.losscli]` in `pyproject.toml`: options of `eval`, and gates, for a project.

A file that is named with `--config` may set everything.  One that is merely found, in this folder or above,
came with somebody's project and may not decide where things are written, how the work is done or which
hosts are spoken to.  What is wrong is a UsageError with the file, the line and the key.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from losscli.errors import UsageError
from losscli.loss.declare import read_number
from losscli.loss.spec import split
from losscli.measure.call import LossRequest

PROJECT = "pyproject.toml"
VALUES = frozenset({"where", "slice", "classes", "pos_label", "class_weight"})
"""Keys that speak of values in columns, where an address is only a text."""
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _split(value: Any) -> Any:
    """One loss a piece, of a text or of several."""
    try:
        return [spec for text in _listed(value) for spec in split(text)]
    except (TypeError, AttributeError):
        return _listed(value)  # no text: refused as such
    except UsageError as error:
        raise ValueError(error.message) from None


def _known_loss(text: str) -> str:
    try:
        LossRequest.of(text)
    except UsageError as error:
        # In pydantic's way, so that the line and the key are told as well.
        raise ValueError(f"{error.message}{f' ({error.hint})' if error.hint else ''}") from None
    return text


def _size(value: Any) -> Any:
    text = value.strip() if isinstance(value, str) else None
    if text is not None and text.endswith("%") and read_number(text[:-1].strip()) is not None:
        return text
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    raise ValueError('must be a number, or a share of the baseline such as "2%"')


TextList: TypeAlias = Annotated[
    list[str],
    BeforeValidator(_listed),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
LossSpec: TypeAlias = Annotated[str, AfterValidator(_known_loss)]
LossSpecList: TypeAlias = Annotated[
    list[LossSpec],
    BeforeValidator(_split),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
Size: TypeAlias = Annotated[
    float | str,
    BeforeValidator(_size),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"%\s*$"}]}),
]
Finite: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]


class StrictTable(BaseModel):
    """A table whose every key is known, and whose values are of the type that stands there."""

    model_config = ConfigDict(extra="forbid", strict=True)


class GateTable(StrictTable):
    """One gate: bounds on one loss, for the whole or for slices."""

    loss: LossSpec = Field(description="the loss it bounds; measured even if not asked for")
    max: Finite | None = Field(None, description="the greatest value that passes")
    min: Finite | None = Field(None, description="the least value that passes")
    max_regression: Size | None = Field(
        None, description="by how much it may be worse than the baseline: a number, or a share such as `2%`"
    )
    slice: str | None = Field(
        None, min_length=1, description="the slices it bounds, e.g. `country=de`; `*` is every one"
    )
    min_rows: Annotated[int, Field(ge=0)] = Field(0, description="with fewer rows it fails")
    inconclusive: Literal["pass", "fail"] | None = Field(
        None, description="look at the interval, and do this where the limit lies within it"
    )
    correction: Literal["holm"] | None = Field(None, description="of the intervals of many slices")

    @model_validator(mode="after")
    def _bounds_something(self) -> GateTable:
        if self.max is None and self.min is None and self.max_regression is None:
            raise ValueError("needs `max`, `min` or `max_regression`")
        if self.correction is not None and (self.inconclusive is None or self.slice is None):
            raise ValueError("`correction` is of intervals over slices: it needs `inconclusive` and `slice`")
        return self


class FoundConfig(StrictTable):
    """What a file that was found, and not named, may set: losses, columns, policies and gates."""

    loss: LossSpecList | None = Field(None, description="losses to measure")
    pred: TextList | None = Field(None, description="prediction columns; several models in a list")
    label: str | None = Field(None, description="label column, or columns")
    weight: str | None = Field(None, description="row weights")
    on: str | None = Field(None, description="key columns by which rows are paired, `id` or `id,day`")
    key_type: str | None = Field(None, description="type of the keys")
    unmatched: Literal["error", "drop"] | None = Field(None, description="keys on one side only")
    by: TextList | None = Field(None, description="slices, e.g. `country` or `age:bins=10`")
    min_slice: Annotated[int, Field(ge=0)] | None = Field(
        None, description="fold smaller slices into `other`"
    )
    top: Annotated[int, Field(ge=1)] | None = Field(
        None, description="how many slices of each `by` are shown"
    )
    classes: str | None = Field(None, description="the class of each prediction column, `a,b,c`")
    pos_label: str | None = Field(None, description="the positive class")
    class_weight: str | None = Field(None, description="weights of classes, `a=1,b=3`")
    average: Literal["macro", "micro", "weighted", "none"] | None = Field(
        None, description="over classes and outputs"
    )
    where: str | None = Field(None, description="rows to keep, e.g. `country == 'de'`")
    from_logits: bool | None = Field(None, description="predictions are raw scores")
    nan: Literal["error", "drop", "propagate"] | None = Field(None, description="missing values")
    ci: str | None = Field(None, description="interval: `none`, `normal`, `normal:level=0.9` or `bootstrap`")
    constant: bool | None = Field(None, description="the best constant prediction, and the skill against it")
    input_format: str | None = Field(None, description="format of the inputs")
    dialect: str | None = Field(None, description="how CSV is read, e.g. `delimiter=semicolon`")
    baseline: str | None = Field(None, description="saved result to compare with, beside this file")
    gates: list[GateTable] = Field(default_factory=list, description="limits on losses")


class Config(FoundConfig):
    """What a file that is named with `--config` may set."""

    model_config = ConfigDict(title="losscli.toml")

    format: str | None = Field(None, description="format of standard output")
    output: TextList | None = Field(None, description="files to write as well, `[FORMAT=]FILE`")
    jobs: Annotated[int, Field(ge=1)] | None = Field(None, description="threads")
    chunk_rows: Annotated[int, Field(ge=1)] | None = Field(None, description="rows measured at a time")
    memory: str | None = Field(None, description="what may be held, e.g. `2GiB`")
    quiet: bool | None = Field(None, description="no messages but errors")
    verbose: bool | None = Field(None, description="timings too")
    no_progress: bool | None = Field(None, description="no progress bar")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a file sets."""

    path: str
    options: dict[str, Any]
    gates: tuple[GateTable, ...] = ()


def load(path: str) -> Settings:
    """The settings of a file that the user named."""
    settings = _read(path, named=True)
    assert settings is not None
    return settings


def load_found(path: str) -> Settings | None:
    """The settings of a file that was found; None where it is a project's file that holds none."""
    return _read(path, named=False)


def _read(path: str, *, named: bool) -> Settings | None:
    shown = path if named else os.path.relpath(path)
    try:
        with open(path, "rb") as file:
            text = file.read().decode("utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"cannot be read: {reason[:1].lower()}{reason[1:]}", file=shown) from None
    except UnicodeDecodeError as error:
        raise UsageError(f"is not UTF-8: byte {error.start + 1}", file=shown) from None
    except ValueError:
        raise UsageError("is no name of a file", file=shown) from None
    project = os.path.basename(path) == PROJECT
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        said = str(error)
        raise UsageError(f"is not TOML: {said[:1].lower()}{said[1:]}", file=shown) from None
    prefix: tuple[str, ...] = ()
    if project:
        prefix = ("tool", "losscli")
        tool = document.get("tool", {})
        if not isinstance(tool, dict) or "losscli" not in tool:
            if named:
                raise UsageError("has no table `[tool.losscli]`", file=shown)
            return None
        document = tool["losscli"]
    return _settings(document, _Place(shown, text, prefix), path, named=named)


def _settings(document: Any, place: _Place, path: str, *, named: bool) -> Settings:
    try:
        config = Config.model_validate(document)
    except ValidationError as error:
        raise place.refusal(error, document) from None
    given = {name: getattr(config, name) for name in config.model_fields_set if name != "gates"}
    if not named:
        hint = f"it was found, not named: `--config {place.file}` lets it set all"
        for name in given:
            if name not in FoundConfig.model_fields:
                raise place.error(
                    (name,), f"`{name}` says how or where, and is no loss, column, policy or gate", hint
                )
        for keys, text in _texts(document):
            if not VALUES & set(keys) and URI.search(text):
                raise place.error(keys, f"`{text}` is on the network", hint)
    if isinstance(given.get("baseline"), str) and not URI.match(given["baseline"]):
        given["baseline"] = os.path.join(os.path.dirname(path), given["baseline"])
    return Settings(place.file, given, tuple(config.gates))


def _texts(held: Any, keys: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every text in a document, and where it stands."""
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
    """A file's text, for the lines of its keys."""

    file: str
    text: str
    prefix: tuple[str, ...]

    def error(self, keys: tuple[str | int, ...], message: str, hint: str | None = None) -> UsageError:
        line = line_of(self.text, (*self.prefix, *keys))
        return UsageError(f"line {line}: {message}" if line else message, hint=hint, file=self.file)

    def refusal(self, error: ValidationError, document: Any) -> UsageError:
        """The first thing that is wrong, by the lines of the file."""
        found = [self._one(one, document) for one in error.errors(include_url=False, include_context=False)]
        _, keys, message, hint = min(found, key=lambda one: one[0] or 0)
        return self.error(keys, message, hint)

    def _one(self, one: Any, document: Any) -> tuple[int | None, tuple[str | int, ...], str, str | None]:
        keys = _known_part(one["loc"], document)
        shown = show_keys(keys)
        hint = None
        if one["type"] == "extra_forbidden":
            table = GateTable if len(keys) > 1 else Config
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


def _known_part(keys: tuple[str | int, ...], document: Any) -> tuple[str | int, ...]:
    """As much of a place as is in the document: pydantic adds the branches that it tried."""
    held: list[str | int] = []
    for key in keys:
        try:
            document = document[key]
        except (KeyError, IndexError, TypeError):
            break
        held.append(key)
    return tuple(held)


def show_keys(keys: tuple[str | int, ...]) -> str:
    """A place as it is written, tables counted from 1.

    >>> show_keys(("gates", 1, "max"))
    'gates[2].max'
    """
    return "".join(f"[{key + 1}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")


HEADER = re.compile(r"\s*\[(\[)?\s*([^\]\[]+?)\s*\](\])?\s*(#.*)?$")
ASSIGNMENT = re.compile(
    r"\s*((?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'))*)\s*="
)


def line_of(text: str, keys: tuple[str | int, ...]) -> int | None:
    """The line, from 1, on which a key of a TOML document stands, or else the nearest table around it.

    >>> line_of('a = 1' + chr(10) + '[[gates]]' + chr(10) + 'max = 2', ("gates", 0, "max"))
    3
    """
    best, depth = None, 0
    arrays: dict[tuple[str | int, ...], int] = {}
    table: tuple[str | int, ...] = ()
    inside = ""  # the quotes of a text that runs over several lines
    for number, line in enumerate(text.splitlines(), 1):
        started, inside = inside, _open_text(line, inside)
        if started:
            continue
        path: tuple[str | int, ...] | None = None
        if header := HEADER.match(line):
            path = table = _table_path(_parts(header[2]), arrays, starts_one=bool(header[1]))
        elif assigned := ASSIGNMENT.match(line):
            path = (*table, *_parts(assigned[1]))
        if path is not None and len(path) > depth and keys[: len(path)] == path:
            best, depth = number, len(path)
    return best


def _parts(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.\s]+", dotted)]


def _table_path(
    names: list[str], arrays: dict[tuple[str | int, ...], int], *, starts_one: bool
) -> tuple[str | int, ...]:
    """The path of a table, with the place of each array of tables on the way; the places are kept in ``arrays``."""
    path: tuple[str | int, ...] = ()
    for at, name in enumerate(names, 1):
        path = (*path, name)
        if at == len(names) and starts_one:
            arrays[path] = arrays.get(path, -1) + 1
        if path in arrays:
            path = (*path, arrays[path])
    return path


def _open_text(line: str, inside: str) -> str:
    """The quotes of a text of several lines that is open at the end of this line."""
    for mark in re.findall(r'"""|\'\'\'', line):
        if not inside:
            inside = mark
        elif inside == mark:
            inside = ""
    return inside
