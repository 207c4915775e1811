"""JSON documents, each declared once: a class with annotated keys is written, read back and described from them.

pydantic reads and describes.  It is imported only then: that takes longer than measuring a small file.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast, get_type_hints

if TYPE_CHECKING:
    from pydantic import BaseModel

DOCUMENTS = {
    "result": "losscli.report.records:Report",
    "losses": "losscli.report.catalogue:LossesDocument",
    "suggestion": "losscli.report.suggestion:SuggestionDocument",
    "why": "losscli.report.why:Explanation",
    "error": "losscli.report.failure:ErrorDocument",
    "comparison": "losscli.report.comparison:Comparison",
    "state": "losscli.report.state_document:StateDocument",
}
"""The class of each document; that of the configuration is made from the command line's options."""


class Says:
    """What a schema says of an annotated value: its meaning, its bounds, and its type where Python's is wider.

    Bounds have pydantic's names: ``ge=0``, ``max_length=1``.
    """

    __slots__ = ("bounds", "meaning", "type")

    def __init__(self, meaning: str = "", *, type: Any = None, **bounds: float) -> None:
        self.meaning, self.type, self.bounds = meaning, type, bounds

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        found = handler(source) if self.type is None else handler.generate_schema(self.type)
        return {**found, **self.bounds}

    def __get_pydantic_json_schema__(self, source: Any, handler: Any) -> dict[str, Any]:
        meaning = {"description": self.meaning} if self.meaning else {}
        return {**handler(source), **meaning}


class Record:
    """An object of a document, whose keys are annotated attributes or properties.

    It is strict: an unknown key, a number in quotes or a NaN is refused.  As the metadata of an annotated ``dict``
    it declares the keys of that dict.
    """

    __slots__ = ()
    title: ClassVar[str] = ""
    """Its name in the schema; else that of the class, with `Record` at its end."""
    seldom: ClassVar[tuple[str, ...]] = ()
    """Keys of counts that are not written where they are 0."""
    closed: ClassVar[bool] = True
    """Whether an unknown key is refused."""
    keys: ClassVar[tuple[str, ...]] = ()
    """Its keys in their order; else all that is annotated, that of the bases first."""

    def __init_subclass__(cls) -> None:
        if "keys" not in vars(cls):
            bases = [base for base in reversed(cls.__mro__) if base not in (object, Record)]
            cls.keys = tuple(dict.fromkeys(key for base in bases for key in base.__annotations__))

    def to_json(self) -> dict[str, Any]:
        """The record and those in it as dicts and lists."""
        found = {}
        for key in self.keys:
            value = getattr(self, key)
            if value or key not in self.seldom:
                found[key] = _plain(value)
        return found

    @classmethod
    def model(cls) -> type[BaseModel]:
        """The model by which pydantic reads and describes it; a field is a key with ``_`` behind it."""
        return _model(cast(Hashable, cls))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        make: Callable[..., Any] = cls if source is cls else dict
        return core_schema.no_info_after_validator_function(
            lambda read: make(**_values(read)), handler.generate_schema(cls.model())
        )


class Document(Record):
    """A whole document, whose title is the value of its key ``schema``."""

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        return {"schema": self.title, **super().to_json()}

    def text(self) -> str:
        """The document as it is written, names as they are."""
        return _text(self.to_json())

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> dict[str, Any]:
        """The values of parsed JSON by key, save ``schema``, with records.  Raises pydantic's ValidationError."""
        values = _values(cls.model().model_validate(document))
        del values["schema"]
        return values


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_json()
    listed = isinstance(value, Sequence) and not isinstance(value, str)
    return [_plain(one) for one in value] if listed else value


@cache
def _model(record: Any) -> type[BaseModel]:
    from pydantic import ConfigDict, Field, create_model

    extra: Literal["forbid", "allow"] = "forbid" if record.closed else "allow"
    keys: dict[str, Any] = {"schema": Literal[record.title]} if issubclass(record, Document) else {}
    hints = get_type_hints(record, include_extras=True)
    for key in record.keys:
        made = getattr(record, key, None)
        of_property = (
            get_type_hints(made.fget, include_extras=True)["return"] if isinstance(made, property) else None
        )
        keys[key] = of_property or hints[key]
    fields: dict[str, Any] = {
        f"{key}_": (hint, Field(0 if key in record.seldom else ..., alias=key)) for key, hint in keys.items()
    }
    # A dataclass without a docstring gets one that repeats its fields.
    told = record.__doc__ or ""
    return create_model(
        record.title or f"{record.__name__.removesuffix('Record')}Record",
        __config__=ConfigDict(extra=extra, strict=True, allow_inf_nan=False),
        __doc__=None if told.startswith(f"{record.__name__}(") else told or None,
        **fields,
    )


def _values(read: BaseModel) -> dict[str, Any]:
    return {name[:-1]: value for name, value in vars(read).items()}


def schema_text(place: str) -> str:
    """The JSON Schema, draft 2020-12, of the document whose class is at ``module:name``."""
    module, _, name = place.partition(":")
    found: type[Document] | type[BaseModel] = getattr(importlib.import_module(module), name)
    model = found.model() if issubclass(found, Document) else found
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **model.model_json_schema(by_alias=True),
    }
    return _text(schema)


def _text(document: Mapping[str, Any]) -> str:
    import json

    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
